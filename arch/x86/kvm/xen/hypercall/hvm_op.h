/* SPDX-License-Identifier: GPL-2.0 */
/* HVMOP_* and XENVER_*: see hvm_op.c. */
#ifndef _KVM_XEN_HYPERCALL_HVM_OP_H
#define _KVM_XEN_HYPERCALL_HVM_OP_H

#include <linux/types.h>
#include <xen/interface/xen.h>
#include <xen/interface/hvm/hvm_op.h>
#include <xen/interface/version.h>

#include "xen/base/attr.h"
#include "xen/base/hcall.h"

#define XEN_NR_VERSION_OPS	(XENVER_version + 1)
#define XEN_NR_HVM_OPS		(HVMOP_set_param + 1)

extern const struct xen_hcall_op xen_version_ops[XEN_NR_VERSION_OPS];
extern const struct xen_hcall_op xen_hvm_ops[XEN_NR_HVM_OPS];

extern const struct xen_vm_attr xen_version_attr;

#endif /* _KVM_XEN_HYPERCALL_HVM_OP_H */
