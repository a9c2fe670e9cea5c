// SPDX-License-Identifier: GPL-2.0
/* Calls that go on when the VMM has answered them: see answer.h. */
#include "xen/hypercall/answer.h"

void __xen_hcall_answered(struct kvm_vcpu *vcpu, bool done)
{
	struct kvm_xen_asked asked = vcpu->arch.xen.state.asked;

	vcpu->arch.xen.state.asked.follow = NULL;
	if (done)
		asked.follow(vcpu, &asked);
}
