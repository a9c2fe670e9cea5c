// SPDX-License-Identifier: GPL-2.0
/* Hypercall arguments in guest memory, read in the exit loop: see args.h. */
#include "xen/hypercall/args.h"

#include "x86.h"

s64 xen_hcall_read_in_loop(struct kvm_vcpu *vcpu, gva_t gva, void *arg, u32 size)
{
	struct x86_exception e;

	return kvm_read_guest_virt(vcpu, gva, arg, size, &e) ? -EFAULT : 0;
}

s64 xen_hcall_read_word_in_loop(struct kvm_vcpu *vcpu, gva_t gva)
{
	u32 word;
	s64 r = xen_hcall_read_in_loop(vcpu, gva, &word, sizeof(word));

	return r ?: word;
}
