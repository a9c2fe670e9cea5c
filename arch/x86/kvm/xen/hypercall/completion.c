// SPDX-License-Identifier: GPL-2.0
/* Completions of hypercalls that the VMM has answered: see completion.h. */
#include "xen/hypercall/completion.h"

void __xen_hcall_run_completion(struct kvm_vcpu *vcpu, bool done)
{
	struct kvm_xen_completion completion = vcpu->arch.xen.state.completion;
	typeof(completion.complete) fn = done ? completion.complete : completion.undo;

	vcpu->arch.xen.state.completion = (struct kvm_xen_completion) { };
	if (fn)
		fn(vcpu, &completion);
}
