/* SPDX-License-Identifier: GPL-2.0 */
/* The method of upcalls of a VM or a vCPU: vectors and lines. */
#ifndef _KVM_XEN_UPCALL_CALLBACK_H
#define _KVM_XEN_UPCALL_CALLBACK_H

#include "xen/base/attr.h"

/* Whether the VM or a vCPU has a line.  The caller holds callback_lock. */
bool xen_callback_has_lines(struct kvm *kvm);

/* Vectors below 0x10 are reserved for exceptions; 0 means none. */
static inline bool xen_is_bad_vector(u32 vector)
{
	return vector && (vector < 0x10 || vector > U8_MAX);
}

extern const struct xen_vm_attr xen_vm_vector_attr;
extern const struct xen_vm_attr xen_callback_attr;
extern const struct xen_vcpu_attr xen_vcpu_callback_attr;

#endif /* _KVM_XEN_UPCALL_CALLBACK_H */
