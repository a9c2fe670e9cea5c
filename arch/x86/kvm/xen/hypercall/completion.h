/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls of which the kernel does its part once the VMM has answered them by 0.
 */
#ifndef _KVM_XEN_HYPERCALL_COMPLETION_H
#define _KVM_XEN_HYPERCALL_COMPLETION_H

#include "xen/base/hcall.h"

/* Leave the call to the VMM, and let @asked follow where it answers 0. */
static inline s64
xen_hcall_complete_after_vmm(struct kvm_vcpu *vcpu, struct kvm_xen_completion completion)
{
	vcpu->arch.xen.state.completion = completion;
	return XEN_HCALL_TO_VMM;
}

void __xen_hcall_run_completion(struct kvm_vcpu *vcpu, bool done);

/* The VMM has answered; @done: by 0, and the vCPU is where it made the call. */
static inline void xen_hcall_run_completion(struct kvm_vcpu *vcpu, bool done)
{
	if (unlikely(vcpu->arch.xen.state.completion.complete))
		__xen_hcall_run_completion(vcpu, done);
}

#endif /* _KVM_XEN_HYPERCALL_COMPLETION_H */
