/* SPDX-License-Identifier: GPL-2.0 */
/* SCHEDOP_yield and SCHEDOP_poll: see sched_op.c. */
#ifndef _KVM_XEN_HYPERCALL_SCHED_OP_H
#define _KVM_XEN_HYPERCALL_SCHED_OP_H

#include <linux/types.h>
#include <xen/interface/xen.h>
#include <xen/interface/sched.h>

#include "xen/base/hcall.h"

#define XEN_NR_SCHED_OPS	(SCHEDOP_poll + 1)

extern const struct xen_hcall_op xen_sched_ops[XEN_NR_SCHED_OPS];

/*
 * The function of state.poll_timer.  Runs in hard interrupt context, also on PREEMPT_RT.
 */
enum hrtimer_restart xen_poll_timeout(struct hrtimer *timer);

#endif /* _KVM_XEN_HYPERCALL_SCHED_OP_H */
