/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a VM keeps for FIFO event channels, and whether it has them.
 *
 * Made and taken apart by fifo_ctl.c under kvm->arch.xen.state.fifo_lock.  For
 * those who raise events, in a read section of kvm->srcu, pages, leaves and
 * control blocks only ever appear: each is published by a release, and stays
 * until the VM was back at 2-level for a grace period.
 */
#ifndef _KVM_XEN_EVENT_FIFO_H
#define _KVM_XEN_EVENT_FIFO_H

#include "xen/abi/evtchn_fifo.h"
#include "xen/base/base.h"

#define XEN_FIFO_LEAF_PORTS	(PAGE_SIZE / sizeof(struct evtchn_fifo_port))
#define XEN_FIFO_NR_LEAVES	DIV_ROUND_UP(XEN_ABI_FIFO_NR_PORTS, \
					     XEN_FIFO_LEAF_PORTS)

struct xen_fifo {
	struct kvm *kvm;
	struct evtchn_fifo_queue nowhere;
	u32 nr_pages;			/* by fifo_lock */
	void *pages[XEN_ABI_FIFO_NR_PAGES];	/* struct gfn_to_pfn_cache */
	struct evtchn_fifo_port *leaves[XEN_FIFO_NR_LEAVES];
	struct delayed_work held_work;	/* see hold() */
	/* Pages written where no thread of a vCPU could log that, or its ring was full. */
	DECLARE_BITMAP(unlogged, XEN_ABI_FIFO_NR_PAGES);
	u64 page_entries[XEN_ABI_FIFO_NR_PAGES];	/* union xen_ring_entry */
};

/* A vCPU's control block, and its queues. */
struct xen_fifo_vcpu {
	struct evtchn_fifo_queue queues[XEN_ABI_FIFO_NR_QUEUES];
	struct gfn_to_pfn_cache control;
	u64 control_entry;		/* union xen_ring_entry */
	bool control_unlogged;		/* as unlogged above */
	u32 nr_held;			/* times in turn that events were held */
	u8 holds;			/* events that wait for another vCPU */
	bool retries_held;		/* in the vCPU's thread: some of those */
	struct xen_fifo_vcpu *next;	/* while a set of them is removed */
};

/* How a VM may come to FIFO event channels. */
enum xen_fifo_offer {
	XEN_FIFO_NOT_OFFERED,
	XEN_FIFO_BY_VMM,	/* the VMM set the flag, and knows of it */
	XEN_FIFO_ALWAYS,	/* the module parameter; the VMM does not know */
};

static inline bool xen_fifo_is_offered(struct kvm *kvm)
{
	return READ_ONCE(kvm->arch.xen.state.fifo_offer) != XEN_FIFO_NOT_OFFERED;
}

static inline bool xen_fifo_is_on(struct kvm *kvm)
{
	return READ_ONCE(kvm->arch.xen.state.fifo);
}

/*
 * Whether a VMM that knows nothing of FIFO, as QEMU, raises events itself, by 2-level:
 * it does where the guest asked for upcalls by a line, unless @boot, the vCPU that the
 * guest knows as 0, has a vector of its own by now.
 */
static inline bool xen_fifo_is_bypassed(struct kvm_vcpu *boot)
{
	struct kvm_xen_vm_state *state = &boot->kvm->arch.xen.state;

	return state->fifo_offer == XEN_FIFO_ALWAYS && READ_ONCE(state->by_line) &&
	       !READ_ONCE(boot->arch.xen.upcall_vector);
}

/*
 * Whether the VM must stay at 2-level, when it is about to go to FIFO by a control
 * block for @vcpu: where this is known already, or where the guest boots on another
 * vCPU, as a crash kernel may, and is going to leave vCPU 0 without a vector.
 */
static inline bool xen_fifo_is_refused(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.xen.state.fifo_offer == XEN_FIFO_ALWAYS &&
	       !xen_fifo_is_on(vcpu->kvm) &&
	       (xen_vcpu_id(vcpu) || xen_fifo_is_bypassed(vcpu));
}

/* Whether a VMM or a guest may name @priority for an event. */
static inline bool xen_is_priority(struct kvm *kvm, u32 priority)
{
	if (priority == KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL)
		return true;

	return priority < XEN_ABI_FIFO_NR_QUEUES &&
	       kvm->arch.xen.state.fifo_offer == XEN_FIFO_BY_VMM;
}

#endif /* _KVM_XEN_EVENT_FIFO_H */
