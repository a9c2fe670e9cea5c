/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of FIFO event channels of a VM and its vCPUs.
 *
 * fifo_ctl.c creates and frees it under kvm->arch.xen.state.fifo_lock.  Callers that
 * raise events are in a read section of kvm->srcu: to them pages, leaves and control
 * blocks only ever appear.  Each is published by a release or a full barrier, and stays
 * until the VM has gone back to 2-level and a grace period has passed.
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
	u32 nr_pages;			/* guarded by fifo_lock */
	void *pages[XEN_ABI_FIFO_NR_PAGES];	/* struct gfn_to_pfn_cache */
	struct evtchn_fifo_port *leaves[XEN_FIFO_NR_LEAVES];
	struct delayed_work held_work;	/* see hold() */
	/*
	 * Pages with writes that no vCPU's thread could log yet, or whose ring was full.
	 */
	DECLARE_BITMAP(unlogged, XEN_ABI_FIFO_NR_PAGES);
	u64 page_entries[XEN_ABI_FIFO_NR_PAGES];	/* union xen_ring_entry */
};

/* The control block of a vCPU, and its queues. */
struct xen_fifo_vcpu {
	struct evtchn_fifo_queue queues[XEN_ABI_FIFO_NR_QUEUES];
	struct gfn_to_pfn_cache control;
	u64 control_entry;		/* union xen_ring_entry */
	bool control_unlogged;		/* like unlogged above */
	u32 nr_held;			/* consecutive retries with held events */
	u8 holds;			/* has events held for another vCPU's queue */
	bool retries_held;		/* vCPU thread: it is retrying held events */
	struct xen_fifo_vcpu *next;	/* used while removing */
};

/* How a VM may get FIFO event channels. */
enum xen_fifo_offer {
	XEN_FIFO_NOT_OFFERED,
	XEN_FIFO_BY_VMM,	/* the VMM has set the flag */
	XEN_FIFO_ALWAYS,	/* by module parameter; unknown to the VMM */
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
 * Whether a VMM without support for FIFO, such as QEMU, raises events itself by the
 * 2-level ABI: it does if the guest asked it for upcalls by a line, unless the guest's
 * boot vCPU, Xen vCPU 0, has a vector of its own by now.
 */
static inline bool xen_fifo_is_bypassed(struct kvm_vcpu *boot)
{
	struct kvm_xen_vm_state *state = &boot->kvm->arch.xen.state;

	return state->fifo_offer == XEN_FIFO_ALWAYS && READ_ONCE(state->by_line) &&
	       !READ_ONCE(boot->arch.xen.upcall_vector);
}

/*
 * Whether to refuse a switch to FIFO that a control block for @vcpu would cause: the VMM
 * raises events by the 2-level ABI, or the guest boots on another vCPU than Xen vCPU 0,
 * as a crash kernel may, so that vCPU 0 is going to have no vector.
 */
static inline bool xen_fifo_is_refused(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.xen.state.fifo_offer == XEN_FIFO_ALWAYS &&
	       !xen_fifo_is_on(vcpu->kvm) &&
	       (xen_vcpu_id(vcpu) || xen_fifo_is_bypassed(vcpu));
}

/* Whether a VMM or a guest may specify @priority for an event. */
static inline bool xen_is_priority(struct kvm *kvm, u32 priority)
{
	if (priority == KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL)
		return true;

	return priority < XEN_ABI_FIFO_NR_QUEUES &&
	       kvm->arch.xen.state.fifo_offer == XEN_FIFO_BY_VMM;
}

#endif /* _KVM_XEN_EVENT_FIFO_H */
