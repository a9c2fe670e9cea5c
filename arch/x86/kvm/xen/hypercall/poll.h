/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SCHEDOP_poll.
 */
#ifndef _KVM_XEN_HYPERCALL_POLL_H
#define _KVM_XEN_HYPERCALL_POLL_H

#include "xen/base/hcall.h"

/*
 * Returns what the guest gets: 0 when woken or timed out, -EFAULT, -EINVAL;
 * XEN_HCALL_AGAIN for a signal.  Sleeps, and meanwhile lets go of kvm->srcu; where it
 * must not, XEN_HCALL_SLOW stands for that.
 */
s64 xen_hcall_poll(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall);

/* The function of state.poll_timer.  Hard interrupt context, on PREEMPT_RT too. */
enum hrtimer_restart xen_poll_timeout(struct hrtimer *timer);

#endif /* _KVM_XEN_HYPERCALL_POLL_H */
