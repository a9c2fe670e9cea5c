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
#ifndef _KVM_XEN_EVENTS_H
#define _KVM_XEN_EVENTS_H

#include <linux/indirect_call_wrapper.h>
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
	 * Point the vCPU of @vcpu_info at @port.  Returns true where that made
	 * an upcall due: evtchn_upcall_pending went from 0 to 1.
	 */
	bool (*select)(void *vcpu_info, const struct xen_layout *layout,
		       u32 port);

	/* The bit by which select() would point at @port, to be parked. */
	u64 (*selector)(const struct xen_layout *layout, u32 port);

	/* Do the select() of all that was parked as @sel; returns the same. */
	bool (*replay)(void *vcpu_info, const struct xen_layout *layout,
		       u64 sel);
};

/* events_2l.c */
extern const struct xen_evtchn_ops xen_2l_ops;

u32 xen_2l_nr_ports(struct kvm *kvm, const struct xen_layout *layout);
bool xen_2l_select(void *vcpu_info, const struct xen_layout *layout, u32 port);

/* events_fifo.c */
extern const struct xen_evtchn_ops xen_fifo_ops;

int xen_fifo_mark(struct kvm_vcpu *vcpu, const struct xen_layout *layout,
		  u32 port, u32 priority);

static inline u32 xen_fifo_nr_ports(struct kvm *kvm,
				    const struct xen_layout *layout)
{
	return READ_ONCE(kvm->arch.xen.state.max_port) + 1;
}

/* The queues say which port it is: a vCPU is told that there is something. */
static inline bool xen_fifo_select(void *vcpu_info,
				   const struct xen_layout *layout, u32 port)
{
	return xen_evtchn_raise_upcall(vcpu_info);
}

static inline const struct xen_evtchn_ops *xen_ops(struct kvm *kvm)
{
	/* Pairs with the release in fifo_ctl.c: what an ABI keeps is there. */
	return smp_load_acquire(&kvm->arch.xen.state.evtchn_ops);
}

/* What is called for each event, without a retpoline. */
static __always_inline u32 xen_ops_nr_ports(const struct xen_evtchn_ops *ops,
					    struct kvm *kvm,
					    const struct xen_layout *layout)
{
	return ops == &xen_2l_ops ? layout->nr_ports :
				    xen_fifo_nr_ports(kvm, layout);
}

static __always_inline bool xen_ops_select(const struct xen_evtchn_ops *ops,
					   void *vcpu_info,
					   const struct xen_layout *layout,
					   u32 port)
{
	return INDIRECT_CALL_2(ops->select, xen_2l_select, xen_fifo_select,
			       vcpu_info, layout, port);
}

#endif /* _KVM_XEN_EVENTS_H */
