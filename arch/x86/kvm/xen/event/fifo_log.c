// SPDX-License-Identifier: GPL-2.0
/*
 * Logging writes to the event array and to control blocks, which a migration has to see.
 *
 * Owns unlogged and page_entries of struct xen_fifo, and control_unlogged and control_entry
 * of struct xen_fifo_vcpu: atomic bits, and words that are read and written as one.  A write
 * that cannot be logged, outside of a vCPU's thread or with its ring full, sets a bit and
 * is logged by the thread of the vCPU that the event is for.
 */
#include "xen/base/deferred.h"
#include "xen/base/dirty.h"
#include "xen/event/fifo_log.h"
#include "xen/event/fifo_port.h"

void xen_fifo_log_word(struct kvm_vcpu *vcpu, struct xen_fifo *fifo, u32 nr,
		       struct gfn_to_pfn_cache *gpc)
{
	u32 page = nr / XEN_ABI_FIFO_PAGE_PORTS;

	if (xen_log_write(gpc->kvm, gpc->memslot, gpa_to_gfn(gpc->gpa),
			  &fifo->page_entries[page]))
		return;

	/*
	 * If the bit was set, a vCPU's thread has yet to clear it, and then logs this
	 * write, too.
	 */
	if (!test_and_set_bit(page, fifo->unlogged))
		xen_defer_work(vcpu, XEN_DEFERRED_LOG);
}

void xen_fifo_log_control(struct kvm_vcpu *vcpu, struct xen_fifo_vcpu *mine)
{
	struct gfn_to_pfn_cache *gpc = &mine->control;

	if (xen_log_write(gpc->kvm, gpc->memslot, gpa_to_gfn(gpc->gpa),
			  &mine->control_entry))
		return;

	if (!xchg(&mine->control_unlogged, true))
		xen_defer_work(vcpu, XEN_DEFERRED_LOG);
}

/* Log by memslot: the mapping may be gone, and logging does not need it. */
static bool log_page(struct gfn_to_pfn_cache *gpc, u64 *entry)
{
	gfn_t gfn = gpa_to_gfn(gpc->gpa);

	return xen_log_write(gpc->kvm, gfn_to_memslot(gpc->kvm, gfn), gfn, entry);
}

static bool log_pages(struct xen_fifo *fifo)
{
	unsigned int i;

	for_each_set_bit(i, fifo->unlogged, XEN_ABI_FIFO_NR_PAGES) {
		if (!test_and_clear_bit(i, fifo->unlogged))
			continue;
		if (!log_page(fifo->pages[i], &fifo->page_entries[i])) {
			set_bit(i, fifo->unlogged);
			return false;
		}
	}

	return true;
}

static bool log_own_control(struct xen_fifo_vcpu *mine)
{
	if (!xchg(&mine->control_unlogged, false))
		return true;
	if (log_page(&mine->control, &mine->control_entry))
		return true;

	WRITE_ONCE(mine->control_unlogged, true);
	return false;
}

/* In the vCPU's thread, logging fails only because the ring is full. */
bool xen_fifo_log_dirty(struct kvm_vcpu *vcpu)
{
	struct xen_fifo *fifo = vcpu->kvm->arch.xen.state.fifo;
	struct xen_fifo_vcpu *mine = xen_fifo_vcpu_of(vcpu);

	if ((!mine || log_own_control(mine)) && (!fifo || log_pages(fifo)))
		return true;

	/* The full ring ends KVM_RUN; at the next KVM_RUN the request continues here. */
	xen_defer_work(vcpu, XEN_DEFERRED_LOG);
	return false;
}
