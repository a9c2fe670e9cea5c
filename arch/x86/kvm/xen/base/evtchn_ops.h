/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Event channel ABIs inside KVM: a table of operations for each, which bring
 * together a pure unit and the guest's pages.
 *
 * A VM has one of them at a time, xen_ops().  Whoever raises an event reads
 * that once and uses it to the end, in a read section of kvm->srcu: it stays
 * valid for as long, and so does all that its ABI keeps, when the VM changes
 * to another.
 */
#ifndef _KVM_XEN_BASE_EVTCHN_OPS_H
#define _KVM_XEN_BASE_EVTCHN_OPS_H

#include <linux/kvm_host.h>

#include "xen/abi/evtchn_core.h"

/* An event that waited for a page. */
struct xen_saved_event {
	struct kvm_vcpu *vcpu;
	u32 port;
	u32 priority;
};

struct xen_evtchn_ops {
	/* Number of ports; port 0 is never valid. */
	u32 (*nr_ports)(struct kvm *kvm, const struct xen_layout *layout);

	/*
	 * Make @port, below nr_ports(), pending for @vcpu, with @priority or
	 * its own for KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL.  Any context that
	 * xen_must_not_lock() does not exclude.  Returns an enum
	 * xen_evtchn_verdict, or -EWOULDBLOCK, having done nothing, where a
	 * page has to be waited for.
	 */
	int (*mark)(struct kvm_vcpu *vcpu, const struct xen_layout *layout,
		    u32 port, u32 priority);

	/*
	 * Unmask @port, whose events go to @vcpu; NULL: nobody here knows.
	 * Returns as mark() does, or -ENODEV where there is somebody to tell
	 * and nobody knows whom, or -EBUSY for the guest to try again; having
	 * done nothing for all of these.
	 */
	int (*unmask)(struct kvm *kvm, struct kvm_vcpu *vcpu,
		      const struct xen_layout *layout, u32 port);

	/*
	 * Wait for what the other two asked for by -EWOULDBLOCK.  Sleeps.
	 * Returns 0 to try again, or why the page is out of reach.
	 */
	int (*wait)(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port);

	/*
	 * Keep the event that could not be marked as wait() failed.  Returns
	 * false where this ABI has no place for that.
	 */
	bool (*save)(struct kvm_vcpu *vcpu, u32 port, u32 priority);

	/*
	 * Take one that was kept, of the ports from @first to below @end, for
	 * @only or, where that is NULL, for anybody.  Returns false where there
	 * is none.  NULL where none is ever kept.
	 */
	bool (*take_saved)(struct kvm *kvm, u32 first, u32 end,
			   struct kvm_vcpu *only,
			   struct xen_saved_event *saved);

	/*
	 * True where @port is pending, masked or not; and where nobody can say
	 * just now, as to look again is always right.
	 */
	bool (*is_pending)(struct kvm *kvm, const struct xen_layout *layout,
			   u32 port);

	/*
	 * Forget what is pending on @port, which was closed.  May sleep.  NULL
	 * where closing a port is the VMM's all alone.
	 */
	void (*forget)(struct kvm *kvm, u32 port);

	/*
	 * @port was bound to @vcpu, which gets what is pending there; NULL: to
	 * nobody known.  May sleep.  NULL where that is the VMM's all alone.
	 */
	void (*bind)(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port);

	/* Who gets what is pending on @port, or NULL. */
	struct kvm_vcpu *(*owner)(struct kvm *kvm, u32 port);

	/*
	 * Whether vcpu_info has selectors of ports, as 2-level's has.  FIFO's queues say
	 * which port it is: there its flag is all.
	 */
	bool has_selectors;
};

static inline const struct xen_evtchn_ops *xen_ops(struct kvm *kvm)
{
	/* Pairs with the release in fifo_ctl.c: what an ABI keeps is there. */
	return smp_load_acquire(&kvm->arch.xen.state.evtchn_ops);
}

#endif /* _KVM_XEN_BASE_EVTCHN_OPS_H */
