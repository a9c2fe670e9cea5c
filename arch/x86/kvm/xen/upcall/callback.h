/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The method of upcalls that a VM or a vCPU has: vectors and lines.
 */
#ifndef _KVM_XEN_UPCALL_CALLBACK_H
#define _KVM_XEN_UPCALL_CALLBACK_H

#include "xen/base/attr.h"

int xen_callback_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_callback_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_callback_set_vector(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_callback_set_vcpu(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data);
int xen_callback_get_vcpu(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data);

/* Whether the VM or a vCPU has a line.  Under callback_lock. */
bool xen_callback_has_lines(struct kvm *kvm);

/* Vectors below are exceptions of the CPU; 0: none. */
static inline bool xen_is_bad_vector(u32 vector)
{
	return vector && (vector < 0x10 || vector > U8_MAX);
}

#endif /* _KVM_XEN_UPCALL_CALLBACK_H */
