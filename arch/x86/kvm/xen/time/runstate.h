/* SPDX-License-Identifier: GPL-2.0 */
/* Runstates: how long a vCPU was in which state. */
#ifndef _KVM_XEN_TIME_RUNSTATE_H
#define _KVM_XEN_TIME_RUNSTATE_H

#include "xen/abi/runstate_abi.h"
#include "xen/base/base.h"

/* Add the time until now to the current state, and enter @state.  May sleep. */
void xen_runstate_change(struct kvm_vcpu *vcpu, u32 state);

/*
 * Get the state and times, set them, or add to them.  -EINVAL, with nothing done, for
 * impossible values: a last change in the future, times that overflow or add up to less
 * than the time of the last change.
 */
struct xen_runstate xen_runstate_get(struct kvm_vcpu *vcpu);
int xen_runstate_set(struct kvm_vcpu *vcpu, const struct xen_runstate *rs);
int xen_runstate_adjust(struct kvm_vcpu *vcpu, const struct xen_runstate *more);

/* Write the vCPU's runstate to the guest's area, if there is one.  Sleeps. */
void xen_runstate_publish(struct kvm_vcpu *vcpu);

/*
 * Place the guest's area at @gpa, or remove it for KVM_XEN_INVALID_GPA.  May sleep.
 * Returns 0 or -errno.
 */
int xen_runstate_set_area(struct kvm_vcpu *vcpu, gpa_t gpa);

#endif /* _KVM_XEN_TIME_RUNSTATE_H */
