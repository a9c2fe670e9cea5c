/* SPDX-License-Identifier: GPL-2.0 */
/* VCPUOP_*_singleshot_timer and set_timer_op: see timer_op.c. */
#ifndef _KVM_XEN_HYPERCALL_TIMER_OP_H
#define _KVM_XEN_HYPERCALL_TIMER_OP_H

#include <linux/types.h>
#include <xen/interface/xen.h>
#include <xen/interface/vcpu.h>

#include "xen/base/hcall.h"

#define XEN_NR_VCPU_OPS		(VCPUOP_stop_singleshot_timer + 1)
#define XEN_NR_TIMER_OPS	1	/* without sub-operations */

extern const struct xen_hcall_op xen_vcpu_ops[XEN_NR_VCPU_OPS];
extern const struct xen_hcall_op xen_timer_ops[XEN_NR_TIMER_OPS];

#endif /* _KVM_XEN_HYPERCALL_TIMER_OP_H */
