/* SPDX-License-Identifier: GPL-2.0 */
/* Upcalls: notifying a vCPU of its events; see upcall.c. */
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

/*
 * Raise an upcall, as evtchn_upcall_pending of @vcpu went from 0 to 1.  Any context, in a
 * read section of kvm->srcu.
 */
void xen_upcall_raise(struct kvm_vcpu *vcpu);

/*
 * Select @port, which was marked by @ops and @layout, for @vcpu, and raise an upcall if
 * one is due.  Any context, in a read section of kvm->srcu.
 */
void xen_upcall_select(struct kvm_vcpu *vcpu, const struct xen_evtchn_ops *ops,
		       const struct xen_layout *layout, u32 port);

/* Replay deferred selections.  May sleep; only in the vCPU's thread. */
void xen_upcall_replay(struct kvm_vcpu *vcpu);

/* Do the work of XEN_DEFERRED_LINE.  Sleeps; only in the vCPU's thread. */
void xen_upcall_sync_line(struct kvm_vcpu *vcpu);

/*
 * Choose the method again after something has changed on which it depends, and deliver
 * events that were raised while the vCPU could not receive them.  The caller holds
 * xen_lock.  May sleep; only in the vCPU's thread.
 */
void xen_upcall_reevaluate(struct kvm_vcpu *vcpu);

/*
 * Choose the method of all vCPUs after the VM's vector or line has changed, under
 * xen_lock; and raise upcalls for flags that are set, without locks, in which step it may
 * sleep.
 */
void xen_upcall_choose_all(struct kvm *kvm);
void xen_upcall_sync_all(struct kvm *kvm);

#endif /* _KVM_XEN_UPCALL_UPCALL_H */
