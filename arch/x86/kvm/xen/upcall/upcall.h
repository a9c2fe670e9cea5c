/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Upcalls: notifying a vCPU of its events, by the method that applies.
 */
#ifndef _KVM_XEN_UPCALL_UPCALL_H
#define _KVM_XEN_UPCALL_UPCALL_H

#include "xen/base/evtchn_ops.h"
#include "xen/base/base.h"

/* Whether upcalls of @vcpu can be raised with interrupts off, without delay. */
static inline bool xen_upcall_is_atomic(struct kvm_vcpu *vcpu)
{
	enum xen_upcall_method method = kvm_xen_upcall_method(vcpu);

	return method != XEN_UPCALL_OWN_LINE && method != XEN_UPCALL_VM_LINE;
}

/* Tell @vcpu that its evtchn_upcall_pending went up.  Any context. */
void xen_upcall_raise(struct kvm_vcpu *vcpu);

/* Point @vcpu at @port, which was marked by @ops and @layout.  Any context. */
void xen_upcall_select(struct kvm_vcpu *vcpu, const struct xen_evtchn_ops *ops,
		       const struct xen_layout *layout, u32 port);

/* Replay what was deferred.  May sleep, in the vCPU's thread. */
void xen_upcall_replay(struct kvm_vcpu *vcpu);

/* See to XEN_DEFERRED_LINE.  Sleeps, in the vCPU's thread. */
void xen_upcall_sync_line(struct kvm_vcpu *vcpu);

/*
 * Choose the method anew, after something changed that it depends on, and
 * deliver what was raised while the vCPU could not hear it.  Takes xen_lock for
 * granted; may sleep, in the vCPU's thread.
 */
void xen_upcall_reevaluate(struct kvm_vcpu *vcpu);

/* The same for all vCPUs, after what the VM has for them changed. */
void xen_upcall_choose_all(struct kvm *kvm);
void xen_upcall_sync_all(struct kvm *kvm);

#endif /* _KVM_XEN_UPCALL_UPCALL_H */
