/* SPDX-License-Identifier: GPL-2.0 */
/* Arguments in guest memory, read right behind the exit. */
#ifndef _KVM_XEN_HYPERCALL_FAST_MEMORY_H
#define _KVM_XEN_HYPERCALL_FAST_MEMORY_H

#include "xen/base/hcall.h"

/*
 * Read @size bytes at @gva as the guest's kernel.  Returns false, having done
 * nothing, where that is not plain: see walk.h.  In a read section of kvm->srcu.
 */
bool xen_fast_read(struct kvm_vcpu *vcpu, gva_t gva, void *arg, u32 size);

/* The same with 4 bytes: returns them, or XEN_HCALL_SLOW. */
s64 xen_fast_read_word(struct kvm_vcpu *vcpu, gva_t gva);

#endif /* _KVM_XEN_HYPERCALL_FAST_MEMORY_H */
