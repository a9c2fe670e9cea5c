/* SPDX-License-Identifier: GPL-2.0 */
/* EVTCHNOP_* on ports that KVM keeps: see port_op.c. */
#ifndef _KVM_XEN_HYPERCALL_PORT_OP_H
#define _KVM_XEN_HYPERCALL_PORT_OP_H

#include "xen/base/hcall.h"

/*
 * Handle an operation of KVM_XEN_EVTCHN_TABLE_OPS, or leave it to the VMM, which keeps the
 * ports or has taken the operation over.
 */
s64 xen_hcall_port_op(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall);

#endif /* _KVM_XEN_HYPERCALL_PORT_OP_H */
