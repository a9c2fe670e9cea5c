/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a VM with FIFO event channels has for a port, a page of its event array and a vCPU:
 * looking it up in a read section of kvm->srcu.
 */
#ifndef _KVM_XEN_EVENT_FIFO_PORT_H
#define _KVM_XEN_EVENT_FIFO_PORT_H

#include "xen/event/fifo.h"

static inline struct xen_fifo_vcpu *xen_fifo_vcpu_of(struct kvm_vcpu *vcpu)
{
	/* Pairs with the release in xen_fifo_place_control(). */
	return smp_load_acquire(&vcpu->arch.xen.state.fifo);
}

static inline void *const *xen_fifo_page(struct xen_fifo *fifo, u32 nr)
{
	return &fifo->pages[nr / XEN_ABI_FIFO_PAGE_PORTS];
}

static inline struct gfn_to_pfn_cache *xen_fifo_word_gpc(struct xen_fifo *fifo, u32 nr)
{
	/* Pairs with the release in xen_fifo_add_page(). */
	return smp_load_acquire(xen_fifo_page(fifo, nr));
}

/* The word of port @nr in @page, its page of the event array. */
static inline u32 *xen_fifo_word(void *page, u32 nr)
{
	return (u32 *)page + nr % XEN_ABI_FIFO_PAGE_PORTS;
}

static inline struct evtchn_fifo_port *xen_fifo_leaf(struct xen_fifo *fifo, u32 nr)
{
	/* Pairs with the cmpxchg in xen_fifo_make_port(). */
	return smp_load_acquire(&fifo->leaves[nr / XEN_FIFO_LEAF_PORTS]);
}

/*
 * KVM's part of port @nr, or NULL if its leaf was never allocated.  @nr is below
 * XEN_ABI_FIFO_NR_PORTS.
 */
static inline struct evtchn_fifo_port *xen_fifo_find_port(struct xen_fifo *fifo, u32 nr)
{
	struct evtchn_fifo_port *leaf = xen_fifo_leaf(fifo, nr);

	return leaf ? &leaf[nr % XEN_FIFO_LEAF_PORTS] : NULL;
}

/*
 * KVM's part of port @nr, whose leaf is allocated if missing; NULL if @gfp allows no
 * allocation.
 */
struct evtchn_fifo_port *xen_fifo_make_port(struct xen_fifo *fifo, u32 nr,
					    gfp_t gfp);

#endif /* _KVM_XEN_EVENT_FIFO_PORT_H */
