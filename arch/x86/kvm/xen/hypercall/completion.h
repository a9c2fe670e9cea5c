/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hypercalls that the VMM answers and KVM then completes, or undoes unless the VMM's
 * result is 0.  Owns state.completion, used by the vCPU's thread only.
 */
#ifndef _KVM_XEN_HYPERCALL_COMPLETION_H
#define _KVM_XEN_HYPERCALL_COMPLETION_H

#include "xen/base/hcall.h"

/* Leave the call to the VMM, and run @completion when it has answered. */
static inline s64
xen_hcall_complete_after_vmm(struct kvm_vcpu *vcpu, struct kvm_xen_completion completion)
{
	vcpu->arch.xen.state.completion = completion;
	return XEN_HCALL_TO_VMM;
}

void __xen_hcall_run_completion(struct kvm_vcpu *vcpu, bool done);

/*
 * The VMM has answered the call.  @done: its result is 0, and it has not moved the vCPU's
 * RIP.
 */
static inline void xen_hcall_run_completion(struct kvm_vcpu *vcpu, bool done)
{
	const struct kvm_xen_completion *completion = &vcpu->arch.xen.state.completion;

	if (unlikely(completion->complete || completion->undo))
		__xen_hcall_run_completion(vcpu, done);
}

#endif /* _KVM_XEN_HYPERCALL_COMPLETION_H */
