/* SPDX-License-Identifier: GPL-2.0 */
/* Hypercall arguments in guest memory, read in the exit fast path. */
#ifndef _KVM_XEN_HYPERCALL_FAST_MEMORY_H
#define _KVM_XEN_HYPERCALL_FAST_MEMORY_H

#include "xen/base/hcall.h"

#ifdef CONFIG_KVM_XEN_FASTPATH
/*
 * Read @size bytes at @gva with the privilege of the guest's kernel.  Returns false, with
 * nothing done, if that needs a fault or would have to sleep: see walk.h.  In a read
 * section of kvm->srcu.
 */
bool xen_fast_read(struct kvm_vcpu *vcpu, gva_t gva, void *arg, u32 size);

/* Read a 32-bit word at @gva likewise.  Returns it, or XEN_HCALL_SLOW. */
s64 xen_fast_read_word(struct kvm_vcpu *vcpu, gva_t gva);
#else
static inline bool xen_fast_read(struct kvm_vcpu *vcpu, gva_t gva, void *arg, u32 size)
{
	return false;
}

static inline s64 xen_fast_read_word(struct kvm_vcpu *vcpu, gva_t gva)
{
	return XEN_HCALL_SLOW;
}
#endif

#endif /* _KVM_XEN_HYPERCALL_FAST_MEMORY_H */
