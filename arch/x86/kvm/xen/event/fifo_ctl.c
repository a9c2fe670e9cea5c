// SPDX-License-Identifier: GPL-2.0
/*
 * Control of FIFO event channels: control blocks, pages of the event array, priorities,
 * and the switch between the two ABIs.
 *
 * Owns the pointers in struct xen_fifo, state.fifo of VM and vCPUs, and state.evtchn_ops.
 * fifo_lock serializes changes, and is held while a switch waits for a grace period of
 * kvm->srcu.  After that nobody raises events by the old ABI, and its pending events are
 * converted or its state is freed.
 */
#include "xen/abi/evtchn_2l.h"
#include "xen/base/map.h"
#include "xen/event/events_2l.h"
#include "xen/event/events_fifo.h"
#include "xen/event/evtchn.h"
#include "xen/event/fifo_ctl.h"
#include "xen/event/fifo_port.h"
#include "xen/event/pollers.h"
#include "xen/event/port.h"

static const u32 control_size = sizeof(struct xen_abi_fifo_control);

static bool is_bad_place(u64 gfn, u32 offset)
{
	return gfn != gpa_to_gfn(gfn_to_gpa(gfn)) ||
	       !IS_ALIGNED(offset, XEN_ABI_FIFO_CONTROL_ALIGN) ||
	       offset > XEN_ABI_PAGE_SIZE - control_size;
}

/*
 * Lockdep class of control blocks, which are mapped while a page of the event array is
 * mapped.
 */
static struct lock_class_key control_key;

static int map_guest(struct kvm *kvm, struct gfn_to_pfn_cache *gpc, gpa_t gpa,
		     unsigned long len)
{
	guard(srcu)(&kvm->srcu);

	return kvm_gpc_activate(gpc, gpa, len) ? -EINVAL : 0;
}

static void free_vcpu(struct xen_fifo_vcpu *mine)
{
	if (!mine)
		return;

	kvm_gpc_deactivate(&mine->control);
	kfree(mine);
}

static struct xen_fifo_vcpu *make_vcpu(struct kvm_vcpu *vcpu, u64 gfn,
				       u32 offset)
{
	struct xen_fifo_vcpu *mine;
	unsigned int i;
	int r;

	mine = kzalloc_obj(*mine, GFP_KERNEL_ACCOUNT);
	if (!mine)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < XEN_ABI_FIFO_NR_QUEUES; i++)
		evtchn_fifo_queue_init(&mine->queues[i], vcpu->vcpu_idx, i);

	kvm_gpc_init(&mine->control, vcpu->kvm);
	lockdep_set_class(&mine->control.lock, &control_key);
	r = map_guest(vcpu->kvm, &mine->control, gfn_to_gpa(gfn) + offset,
		      control_size);
	if (r) {
		free_vcpu(mine);
		return ERR_PTR(r);
	}

	return mine;
}

static void drop_page(struct gfn_to_pfn_cache *gpc)
{
	kvm_gpc_deactivate(gpc);
	kfree(gpc);
}

static void free_fifo(struct xen_fifo *fifo)
{
	unsigned int i;

	if (!fifo)
		return;

	for (i = 0; i < fifo->nr_pages; i++)
		drop_page(fifo->pages[i]);
	for (i = 0; i < XEN_FIFO_NR_LEAVES; i++)
		kfree(fifo->leaves[i]);
	kfree(fifo);
}

/* Save a pending 2-level event until its page of the event array is added. */
static void save_pending(struct kvm_vcpu *first, struct xen_fifo *fifo, u32 nr)
{
	struct kvm_vcpu *vcpu = xen_port_receiver(first->kvm, nr, false) ?: first;
	union evtchn_fifo_dest unknown = { .priority = EVTCHN_FIFO_OWN_PRIORITY };
	union evtchn_fifo_dest dest = {
		.vcpu = vcpu->vcpu_idx,
		.priority = EVTCHN_FIFO_OWN_PRIORITY,
	};
	struct evtchn_fifo_port *port;

	port = xen_fifo_make_port(fifo, nr, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);

	/* If it was raised by FIFO meanwhile, keep that destination. */
	cmpxchg(&port->dest.raw, unknown.raw, dest.raw);
	WRITE_ONCE(port->saved, 1);
}

/*
 * Save events that 2-level left pending in shared_info.  If the
 * destination is unknown, they go to @first, the only vCPU that can receive events yet.
 */
static void take_over(struct kvm_vcpu *first)
{
	struct kvm *kvm = first->kvm;
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;
	const struct xen_layout *layout = xen_layout(kvm);
	u32 nr_ports = evtchn_2l_nr_ports(layout);
	struct xen_map map;
	bool pending;
	u32 nr;

	guard(srcu)(&kvm->srcu);

	for (nr = 1; nr < nr_ports; nr++) {
		if (xen_map(&map, gpc, PAGE_SIZE))
			return;

		pending = evtchn_2l_is_pending(map.khva, layout, nr);
		xen_unmap(&map);
		if (pending)
			save_pending(first, fifo, nr);
		cond_resched();
	}
}

/*
 * Switch to @ops and wait until nobody uses the old ones.  Wake all pollers: they have
 * read pending bits of the old ABI.
 */
static void set_ops(struct kvm *kvm, const struct xen_evtchn_ops *ops)
{
	/* Pairs with the acquire in xen_ops(). */
	smp_store_release(&kvm->arch.xen.state.evtchn_ops, ops);
	synchronize_srcu(&kvm->srcu);
	xen_poll_wake(kvm, XEN_POLL_ANY);
}

static struct xen_fifo *make_fifo(struct kvm *kvm)
{
	struct xen_fifo *fifo = kzalloc_obj(*fifo, GFP_KERNEL_ACCOUNT);

	if (!fifo)
		return NULL;

	fifo->kvm = kvm;
	INIT_DELAYED_WORK(&fifo->held_work, xen_fifo_retry_held);
	evtchn_fifo_queue_init(&fifo->nowhere, EVTCHN_FIFO_NOWHERE, 0);
	return fifo;
}

/* Publish @fifo.  Cannot fail: others use it from here on. */
static void start_fifo(struct kvm *kvm, struct xen_fifo *fifo)
{
	WRITE_ONCE(kvm->arch.xen.state.fifo, fifo);
	set_ops(kvm, &xen_fifo_ops);
}

int xen_fifo_switch_on(struct kvm *kvm)
{
	struct xen_fifo *fifo;

	lockdep_assert_held(&kvm->arch.xen.state.fifo_lock);

	if (xen_fifo_is_on(kvm))
		return 0;
	if (!xen_fifo_is_offered(kvm))
		return -ENOENT;

	fifo = make_fifo(kvm);
	if (!fifo)
		return -ENOMEM;

	start_fifo(kvm, fifo);
	return 0;
}

int xen_fifo_place_control(struct kvm_vcpu *vcpu, u64 gfn, u32 offset)
{
	bool is_on = xen_fifo_is_on(vcpu->kvm);
	struct xen_fifo_vcpu *mine;
	struct xen_fifo *fifo;

	lockdep_assert_held(&vcpu->kvm->arch.xen.state.fifo_lock);

	if (is_bad_place(gfn, offset))
		return -EINVAL;

	mine = make_vcpu(vcpu, gfn, offset);
	if (IS_ERR(mine))
		return PTR_ERR(mine);

	fifo = is_on ? NULL : make_fifo(vcpu->kvm);
	if (!is_on && !fifo) {
		free_vcpu(mine);
		return -ENOMEM;
	}

	/*
	 * Publish the control block before the switch, so that no event finds this vCPU
	 * without one, and after all that can fail, as it may be in use from here on.
	 * Pairs with the acquire in fifo_vcpu().
	 */
	smp_store_release(&vcpu->arch.xen.state.fifo, mine);
	if (fifo)
		start_fifo(vcpu->kvm, fifo);
	return 0;
}

int xen_fifo_init_control(struct kvm_vcpu *vcpu, u64 gfn, u32 offset)
{
	struct kvm *kvm = vcpu->kvm;
	bool was_on;
	int r;

	guard(mutex)(&kvm->arch.xen.state.fifo_lock);

	if (vcpu->arch.xen.state.fifo)
		return -EINVAL;

	was_on = xen_fifo_is_on(kvm);
	r = xen_fifo_place_control(vcpu, gfn, offset);
	if (!r && !was_on)
		take_over(vcpu);
	return r;
}

int xen_fifo_add_page(struct kvm *kvm, u64 gfn)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	u32 first = fifo->nr_pages * XEN_ABI_FIFO_PAGE_PORTS;
	struct gfn_to_pfn_cache *gpc;
	int r;

	lockdep_assert_held(&kvm->arch.xen.state.fifo_lock);

	if (first > kvm->arch.xen.state.max_port)
		return -ENOSPC;
	if (is_bad_place(gfn, 0))
		return -EINVAL;

	gpc = kzalloc_obj(*gpc, GFP_KERNEL_ACCOUNT);
	if (!gpc)
		return -ENOMEM;

	kvm_gpc_init(gpc, kvm);
	r = map_guest(kvm, gpc, gfn_to_gpa(gfn), PAGE_SIZE);
	if (r) {
		drop_page(gpc);
		return r;
	}

	/* Pairs with the acquire in word_gpc(). */
	smp_store_release(&fifo->pages[fifo->nr_pages], gpc);
	fifo->nr_pages++;

	/*
	 * Pairs with evtchn_fifo_save(): it sees the page, or the event it saves is
	 * seen here.
	 */
	smp_mb();

	guard(srcu)(&kvm->srcu);
	xen_evtchn_raise_saved(kvm, first, first + XEN_ABI_FIFO_PAGE_PORTS,
			       NULL);
	return 0;
}

int xen_fifo_expand_array(struct kvm *kvm, u64 gfn)
{
	guard(mutex)(&kvm->arch.xen.state.fifo_lock);

	return xen_fifo_is_on(kvm) ? xen_fifo_add_page(kvm, gfn) : -EOPNOTSUPP;
}

int xen_fifo_set_priority(struct kvm *kvm, u32 nr, u32 priority)
{
	u32 nr_ports = xen_nr_ports(kvm, xen_layout(kvm));
	struct evtchn_fifo_port *port;

	might_sleep();

	if (!nr || nr >= nr_ports || priority >= XEN_ABI_FIFO_NR_QUEUES)
		return -EINVAL;
	if (xen_ops(kvm) != &xen_fifo_ops)
		return -XEN_ABI_ENOSYS;

	port = xen_fifo_make_port(kvm->arch.xen.state.fifo,
				  array_index_nospec(nr, nr_ports),
				  GFP_KERNEL_ACCOUNT);
	if (!port)
		return -ENOMEM;

	WRITE_ONCE(port->priority, priority);
	return 0;
}

/*
 * Unpublish the vCPU's FIFO state and return it.  The caller frees it after a grace
 * period.
 */
static struct xen_fifo_vcpu *unhook_vcpu(struct kvm_vcpu *vcpu)
{
	return xchg(&vcpu->arch.xen.state.fifo, NULL);
}

/*
 * After the first grace period nobody raises events by FIFO; after the second nobody
 * reads its state, which is then freed.
 */
void xen_fifo_switch_off(struct kvm *kvm)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct xen_fifo_vcpu *mine, *list = NULL;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	lockdep_assert_held(&kvm->arch.xen.state.fifo_lock);

	if (!fifo)
		return;

	set_ops(kvm, &xen_2l_ops);
	cancel_delayed_work_sync(&fifo->held_work);
	WRITE_ONCE(kvm->arch.xen.state.fifo, NULL);
	kvm_for_each_vcpu(i, vcpu, kvm) {
		mine = unhook_vcpu(vcpu);
		if (mine) {
			mine->next = list;
			list = mine;
		}
	}
	synchronize_srcu(&kvm->srcu);

	while ((mine = list)) {
		list = mine->next;
		free_vcpu(mine);
	}
	free_fifo(fifo);
}

void xen_fifo_reset(struct kvm *kvm)
{
	guard(mutex)(&kvm->arch.xen.state.fifo_lock);

	xen_fifo_switch_off(kvm);
}

void xen_fifo_reset_unknown(struct kvm *kvm)
{
	guard(mutex)(&kvm->arch.xen.state.fifo_lock);

	if (kvm->arch.xen.state.fifo_offer != XEN_FIFO_ALWAYS)
		return;

	WRITE_ONCE(kvm->arch.xen.state.by_line, false);
	xen_fifo_switch_off(kvm);
}

void xen_fifo_destroy_vcpu(struct kvm_vcpu *vcpu)
{
	struct xen_fifo *fifo = vcpu->kvm->arch.xen.state.fifo;

	/* The work reads all vCPUs: cancel it before the first of them is freed. */
	if (fifo)
		cancel_delayed_work_sync(&fifo->held_work);
	free_vcpu(unhook_vcpu(vcpu));
}

void xen_fifo_destroy(struct kvm *kvm)
{
	free_fifo(kvm->arch.xen.state.fifo);
	kvm->arch.xen.state.fifo = NULL;
}
