/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vcpu_info, as far as it is about events.
 */
#ifndef _KVM_XEN_UPCALL_VCPU_INFO_H
#define _KVM_XEN_UPCALL_VCPU_INFO_H

#include "xen/base/evtchn_ops.h"
#include "xen/base/base.h"

/*
 * Point @vcpu at @port, which was marked by @ops and @layout, or park that.
 * Returns true where an upcall is due: evtchn_upcall_pending went from 0 to 1.
 * Any context.
 */
bool xen_vcpu_info_select(struct kvm_vcpu *vcpu,
			  const struct xen_evtchn_ops *ops,
			  const struct xen_layout *layout, u32 port);

/* Do what was deferred; returns the same.  May sleep, in the vCPU's thread. */
bool xen_vcpu_info_replay(struct kvm_vcpu *vcpu);

/*
 * Do what was deferred, as vcpu_info may be there from now on; returns the same.
 * May sleep, in the vCPU's thread.
 */
bool xen_vcpu_info_placed(struct kvm_vcpu *vcpu);

/*
 * Look at evtchn_upcall_pending.  Returns it, or -EAGAIN where vcpu_info has to
 * be sought first.  Any context.
 */
int xen_vcpu_info_flag(struct kvm_vcpu *vcpu);

/* Seek it.  Sleeps, in the vCPU's thread.  Returns 0 or why it is not there. */
int xen_vcpu_info_seek(struct kvm_vcpu *vcpu);

/* Whether it could not be mapped the last time. */
static inline bool xen_vcpu_info_failed(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.xen.state.stalled_generation);
}

/* Have the vCPU seek it again, even where the memslots are as they were. */
void xen_vcpu_info_retry(struct kvm_vcpu *vcpu);

/* Whether what is deferred waits for a change of memslots.  In kvm->srcu. */
bool xen_vcpu_info_is_stalled(struct kvm_vcpu *vcpu);

/* Whether to replay it now makes sense.  In kvm->srcu. */
static inline bool xen_vcpu_info_can_replay(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.xen.vcpu_info_cache.active &&
	       !xen_vcpu_info_is_stalled(vcpu);
}

#endif /* _KVM_XEN_UPCALL_VCPU_INFO_H */
