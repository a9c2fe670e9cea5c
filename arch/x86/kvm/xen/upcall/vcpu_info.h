/* SPDX-License-Identifier: GPL-2.0 */
/* The event fields of vcpu_info; see vcpu_info.c. */
#ifndef _KVM_XEN_UPCALL_VCPU_INFO_H
#define _KVM_XEN_UPCALL_VCPU_INFO_H

#include "xen/base/evtchn_ops.h"
#include "xen/base/base.h"

/*
 * Set the selector of @port, which was marked by @ops and @layout, for @vcpu, or defer
 * that.  Returns true if an upcall is due: evtchn_upcall_pending went from 0 to 1.  Any
 * context, in a read section of kvm->srcu.
 */
bool xen_vcpu_info_select(struct kvm_vcpu *vcpu,
			  const struct xen_evtchn_ops *ops,
			  const struct xen_layout *layout, u32 port);

/*
 * Replay deferred selections.  Returns true if an upcall is due.  May sleep; only in the
 * vCPU's thread.
 */
bool xen_vcpu_info_replay(struct kvm_vcpu *vcpu);

/*
 * Replay deferred selections after vcpu_info may have been registered.  Returns true if
 * an upcall is due.  May sleep; only in the vCPU's thread.
 */
bool xen_vcpu_info_placed(struct kvm_vcpu *vcpu);

/*
 * Read evtchn_upcall_pending.  Returns it, or -EAGAIN if vcpu_info has to be mapped
 * first.  Any context.
 */
int xen_vcpu_info_flag(struct kvm_vcpu *vcpu);

/*
 * Map vcpu_info, waiting for the page.  Sleeps; only in the vCPU's thread.  Returns 0 or
 * -errno.
 */
int xen_vcpu_info_seek(struct kvm_vcpu *vcpu);

/* Whether the last attempt to map vcpu_info failed. */
static inline bool xen_vcpu_info_failed(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.xen.state.stalled_generation);
}

/* Make the vCPU try to map vcpu_info again, even if the memslots have not changed. */
void xen_vcpu_info_retry(struct kvm_vcpu *vcpu);

/*
 * Whether deferred selections wait for a change of memslots.  In a read section of
 * kvm->srcu.
 */
bool xen_vcpu_info_is_stalled(struct kvm_vcpu *vcpu);

/* Whether deferred selections can be replayed now.  In a read section of kvm->srcu. */
static inline bool xen_vcpu_info_can_replay(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.xen.vcpu_info_cache.active &&
	       !xen_vcpu_info_is_stalled(vcpu);
}

#endif /* _KVM_XEN_UPCALL_VCPU_INFO_H */
