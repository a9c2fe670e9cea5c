/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The singleshot timer of a vCPU.
 */
#ifndef _KVM_XEN_TIME_TIMER_H
#define _KVM_XEN_TIME_TIMER_H

#include "xen/base/attr.h"
#include "xen/abi/time_abi.h"

/* Bits of timer_pending, for the vCPU's thread: the timer has expired... */
#define XEN_TIMER_EXPIRED	BIT(0)
/* ...or the clock was set after the timer was armed. */
#define XEN_TIMER_CLOCK_CHANGED	BIT(1)

enum hrtimer_restart xen_timer_fire(struct hrtimer *timer);

/*
 * Arm the timer for @deadline, which was computed when CLOCK_MONOTONIC was @host_now.  If
 * it has passed, raise the event now, which may sleep.
 */
void xen_timer_arm(struct kvm_vcpu *vcpu, struct xen_deadline deadline,
		   s64 host_now);

void xen_timer_stop(struct kvm_vcpu *vcpu);

extern const struct xen_vcpu_attr xen_timer_attr;

#endif /* _KVM_XEN_TIME_TIMER_H */
