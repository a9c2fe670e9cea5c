/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The singleshot timer of a vCPU.
 */
#ifndef _KVM_XEN_TIME_TIMER_H
#define _KVM_XEN_TIME_TIMER_H

#include "xen/base/attr.h"
#include "xen/abi/time_abi.h"

/* Bits of timer_pending: the vCPU's thread has to look at its timer, as it expired... */
#define XEN_TIMER_EXPIRED	BIT(0)
/* ...or as it was armed by a clock that was set since. */
#define XEN_TIMER_CLOCK_CHANGED	BIT(1)

enum hrtimer_restart xen_timer_fire(struct hrtimer *timer);

/*
 * Arm the timer, for @deadline as computed when CLOCK_MONOTONIC was @host_now.
 * What has passed is raised at once.
 */
void xen_timer_arm(struct kvm_vcpu *vcpu, struct xen_deadline deadline,
		   s64 host_now);

void xen_timer_stop(struct kvm_vcpu *vcpu);

extern const struct xen_vcpu_attr xen_timer_attr;

#endif /* _KVM_XEN_TIME_TIMER_H */
