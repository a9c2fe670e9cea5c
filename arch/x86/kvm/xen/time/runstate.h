/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runstates: where the time of a vCPU went.
 */
#ifndef _KVM_XEN_TIME_RUNSTATE_H
#define _KVM_XEN_TIME_RUNSTATE_H

#include "xen/abi/runstate_abi.h"
#include "xen/base/base.h"

/* Account for the time until now, and be in @state from now on. */
void xen_runstate_change(struct kvm_vcpu *vcpu, u32 state);

/*
 * The accounts; set, or added to.  -EINVAL, with nothing done, for what cannot be:
 * a change in the future, times that overflow or do not reach up to the change.
 */
struct xen_runstate xen_runstate_get(struct kvm_vcpu *vcpu);
int xen_runstate_set(struct kvm_vcpu *vcpu, const struct xen_runstate *rs);
int xen_runstate_adjust(struct kvm_vcpu *vcpu, const struct xen_runstate *more);

/* Write the vCPU's runstate to the guest's area, if there is one.  Sleeps. */
void xen_runstate_publish(struct kvm_vcpu *vcpu);

/* Place the guest's area at @gpa; KVM_XEN_INVALID_GPA: nowhere. */
int xen_runstate_set_area(struct kvm_vcpu *vcpu, gpa_t gpa);

#endif /* _KVM_XEN_TIME_RUNSTATE_H */
