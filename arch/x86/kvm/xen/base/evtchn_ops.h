/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Event channel ABIs inside KVM: a table of operations for each ABI, which map guest
 * pages for the ABI's pure unit.
 *
 * A VM uses one ABI at a time, xen_ops().  A caller that raises an event is in a read
 * section of kvm->srcu and reads xen_ops() once: the table and all data of its ABI stay
 * valid until the read section ends, even if the VM changes to another ABI meanwhile.
 */
#ifndef _KVM_XEN_BASE_EVTCHN_OPS_H
#define _KVM_XEN_BASE_EVTCHN_OPS_H

#include <linux/kvm_host.h>

#include "xen/abi/evtchn_core.h"

/* An event that was saved because its page was missing. */
struct xen_saved_event {
	struct kvm_vcpu *vcpu;
	u32 port;
	u32 priority;
};

/* The state of a port besides its binding, as read at some point in time. */
struct xen_port_view {
	bool pending;
	bool masked;
	bool linked;		/* FIFO: on a queue */
	u8 priority;		/* of its events; 0 at 2-level */
};

struct xen_evtchn_ops {
	/* Number of ports; port 0 is never valid. */
	u32 (*nr_ports)(struct kvm *kvm, const struct xen_layout *layout);

	/*
	 * Make @port, below nr_ports(), pending for @vcpu, with @priority, or the port's
	 * own priority for KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL.  Any context in which
	 * xen_must_not_lock() is false.  Returns an enum xen_evtchn_verdict, or
	 * -EWOULDBLOCK if a page has to be waited for, with nothing done.
	 */
	int (*mark)(struct kvm_vcpu *vcpu, const struct xen_layout *layout,
		    u32 port, u32 priority);

	/*
	 * Unmask @port, whose events go to @vcpu, or NULL if KVM does not know the vCPU.
	 * Returns as mark() does, or, with nothing done, -ENODEV if an upcall is needed
	 * and the vCPU is unknown, or -EBUSY if the guest has to try again.
	 */
	int (*unmask)(struct kvm *kvm, struct kvm_vcpu *vcpu,
		      const struct xen_layout *layout, u32 port);

	/*
	 * Wait for the page for which mark() or unmask() returned -EWOULDBLOCK.  May
	 * sleep.  Returns 0 if the caller should try again, else why the page is
	 * unavailable.
	 */
	int (*wait)(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port);

	/*
	 * Save an event that could not be marked because wait() failed.  Returns false
	 * if this ABI cannot save it.
	 */
	bool (*save)(struct kvm_vcpu *vcpu, u32 port, u32 priority);

	/*
	 * Take a saved event of the ports from @first to below @end, destined for
	 * @only or, if that is NULL, for any vCPU.  Returns false if there is none.  NULL
	 * if the ABI saves no events.
	 */
	bool (*take_saved)(struct kvm *kvm, u32 first, u32 end,
			   struct kvm_vcpu *only,
			   struct xen_saved_event *saved);

	/*
	 * Whether @port is pending, masked or not.  Also true if that cannot be
	 * determined without waiting, since callers may always check again.
	 */
	bool (*is_pending)(struct kvm *kvm, const struct xen_layout *layout,
			   u32 port);

	/*
	 * Clear the pending state of @port, which was closed, and give it the default
	 * priority.  May sleep.
	 */
	void (*forget)(struct kvm *kvm, u32 port);

	/*
	 * What the guest and KVM have of @port.  May sleep.  A port whose page is missing
	 * is neither masked nor linked.
	 */
	struct xen_port_view (*view)(struct kvm *kvm, u32 port);

	/*
	 * @port was bound to @vcpu, which gets a pending event of the port; NULL: to a
	 * vCPU unknown to KVM.  May sleep.  NULL if the VMM alone does this.
	 */
	void (*bind)(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port);

	/* The vCPU that gets a pending event of @port, or NULL. */
	struct kvm_vcpu *(*owner)(struct kvm *kvm, u32 port);

	/*
	 * Whether vcpu_info has selectors, as in the 2-level ABI.  In the FIFO ABI the
	 * queues identify the port, and vcpu_info only has the flag
	 * evtchn_upcall_pending.
	 */
	bool has_selectors;
};

static inline const struct xen_evtchn_ops *xen_ops(struct kvm *kvm)
{
	/* Pairs with the release in fifo_ctl.c: the data of the ABI is initialized. */
	return smp_load_acquire(&kvm->arch.xen.state.evtchn_ops);
}

#endif /* _KVM_XEN_BASE_EVTCHN_OPS_H */
