/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments of hypercalls in guest memory, read as the guest's kernel: in the exit loop,
 * where faults can be raised and memory waited for, or right behind the exit.
 */
#ifndef _KVM_XEN_HYPERCALL_ARGS_H
#define _KVM_XEN_HYPERCALL_ARGS_H

#include "xen/base/hcall.h"
#include "xen/hypercall/fast_memory.h"

/* Returns 0 or -EFAULT. */
s64 xen_hcall_read_in_loop(struct kvm_vcpu *vcpu, gva_t gva, void *arg, u32 size);

/* Returns the word, or -EFAULT. */
s64 xen_hcall_read_word_in_loop(struct kvm_vcpu *vcpu, gva_t gva);

/*
 * Read @size bytes at @gva.  Returns 0 or -EFAULT; if @hcall is atomic XEN_HCALL_SLOW for
 * all that is not plain.
 */
static inline s64 xen_hcall_read(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
				 gva_t gva, void *arg, u32 size)
{
	if (hcall->atomic)
		return xen_fast_read(vcpu, gva, arg, size) ? 0 : XEN_HCALL_SLOW;

	return xen_hcall_read_in_loop(vcpu, gva, arg, size);
}

/* Read what the second argument points to.  Returns the same. */
static inline s64 xen_hcall_read_arg(struct kvm_vcpu *vcpu,
				     const struct kvm_xen_hcall *hcall, void *arg, u32 size)
{
	return xen_hcall_read(vcpu, hcall, hcall->params[1], arg, size);
}

/*
 * The same where it is one word, as it is for what guests do most: returns that, or
 * what is less than 0 in place of an error.
 */
static inline s64 xen_hcall_read_word(struct kvm_vcpu *vcpu,
				      const struct kvm_xen_hcall *hcall)
{
	gva_t gva = hcall->params[1];

	return hcall->atomic ? xen_fast_read_word(vcpu, gva) :
			       xen_hcall_read_word_in_loop(vcpu, gva);
}

#endif /* _KVM_XEN_HYPERCALL_ARGS_H */
