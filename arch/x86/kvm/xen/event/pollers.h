/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vCPUs that poll for ports, and waking them.
 */
#ifndef _KVM_XEN_EVENT_POLLERS_H
#define _KVM_XEN_EVENT_POLLERS_H

#include "xen/base/base.h"

#define XEN_POLL_NONE	0u
#define XEN_POLL_ANY	(~0u)

/* Begin to poll for @port, or XEN_POLL_ANY, before the look at pending bits. */
void xen_poll_announce(struct kvm_vcpu *vcpu, u32 port);

/* The end of that.  May sleep. */
void xen_poll_withdraw(struct kvm_vcpu *vcpu);

/* In the thread of a poller that was woken: wake those that senders left to it. */
void xen_poll_wake_rest(struct kvm *kvm);

void __xen_poll_wake(struct kvm *kvm, u32 port);

/*
 * Wake who polls for @port, which was made pending, or everybody for
 * XEN_POLL_ANY: pairs with the barrier between a poller's announcement and its
 * look at the pending bits.
 */
static inline void xen_poll_wake(struct kvm *kvm, u32 port)
{
	if (unlikely(atomic_read(&kvm->arch.xen.state.nr_pollers)))
		__xen_poll_wake(kvm, port);
}

#endif /* _KVM_XEN_EVENT_POLLERS_H */
