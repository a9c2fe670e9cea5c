/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hypercall arguments in guest memory, read with the privilege of the guest's kernel: in
 * the exit loop, where a read may fault and sleep, or in the exit fast path, where it may
 * not.
 */
#ifndef _KVM_XEN_HYPERCALL_ARGS_H
#define _KVM_XEN_HYPERCALL_ARGS_H

#include "xen/base/hcall.h"
#include "xen/hypercall/fast_memory.h"

/* Returns 0 or -EFAULT.  May sleep. */
s64 xen_hcall_read_in_loop(struct kvm_vcpu *vcpu, gva_t gva, void *arg, u32 size);

/* Returns the 32-bit word, or -EFAULT.  May sleep. */
s64 xen_hcall_read_word_in_loop(struct kvm_vcpu *vcpu, gva_t gva);

/*
 * Read @size bytes at @gva.  Returns 0 or -EFAULT.  If @hcall is atomic, does not sleep,
 * and returns XEN_HCALL_SLOW if the read needs more than a translation: see walk.h.
 */
static inline s64 xen_hcall_read(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
				 gva_t gva, void *arg, u32 size)
{
	if (hcall->atomic)
		return xen_fast_read(vcpu, gva, arg, size) ? 0 : XEN_HCALL_SLOW;

	return xen_hcall_read_in_loop(vcpu, gva, arg, size);
}

/* Read the memory that the second argument points to.  Returns as xen_hcall_read(). */
static inline s64 xen_hcall_read_arg(struct kvm_vcpu *vcpu,
				     const struct kvm_xen_hcall *hcall, void *arg, u32 size)
{
	return xen_hcall_read(vcpu, hcall, hcall->params[1], arg, size);
}

/*
 * Read the 32-bit word that the second argument points to, as the most frequent calls do.
 * Returns the word, or a negative value: as xen_hcall_read().
 */
static inline s64 xen_hcall_read_word(struct kvm_vcpu *vcpu,
				      const struct kvm_xen_hcall *hcall)
{
	gva_t gva = hcall->params[1];

	return hcall->atomic ? xen_fast_read_word(vcpu, gva) :
			       xen_hcall_read_word_in_loop(vcpu, gva);
}

#endif /* _KVM_XEN_HYPERCALL_ARGS_H */
