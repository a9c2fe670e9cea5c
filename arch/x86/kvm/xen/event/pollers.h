/* SPDX-License-Identifier: GPL-2.0 */
/* vCPUs that poll for ports, and waking them; see pollers.c. */
#ifndef _KVM_XEN_EVENT_POLLERS_H
#define _KVM_XEN_EVENT_POLLERS_H

#include "xen/base/base.h"

#define XEN_POLL_NONE	0u
#define XEN_POLL_ANY	(~0u)

/*
 * Begin to poll for @port, or XEN_POLL_ANY.  The caller reads the pending bits
 * afterwards.
 */
void xen_poll_announce(struct kvm_vcpu *vcpu, u32 port);

/* End polling.  May sleep. */
void xen_poll_withdraw(struct kvm_vcpu *vcpu);

/*
 * Called by a poller that was woken: wake the pollers that senders left to it.  May
 * sleep.
 */
void xen_poll_wake_rest(struct kvm *kvm);

void __xen_poll_wake(struct kvm *kvm, u32 port);

/*
 * Wake pollers of @port, which was made pending, or all pollers for XEN_POLL_ANY.  Pairs
 * with the barrier in xen_poll_announce(), after which a poller reads the pending bits.
 */
static inline void xen_poll_wake(struct kvm *kvm, u32 port)
{
	if (unlikely(atomic_read(&kvm->arch.xen.state.nr_pollers)))
		__xen_poll_wake(kvm, port);
}

#endif /* _KVM_XEN_EVENT_POLLERS_H */
