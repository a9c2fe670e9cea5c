// SPDX-License-Identifier: GPL-2.0
/* Helpers used by all units: see base.h. */
#include "xen/base/base.h"

/*
 * Counts VMs with a hypercall MSR or dynamic hypercalls.  While there are none, the hooks
 * in KVM are a patched-out branch.
 */
DEFINE_STATIC_KEY_DEFERRED_FALSE(kvm_xen_enabled, HZ);

struct kvm_vcpu *xen_find_vcpu(struct kvm *kvm, u32 id)
{
	struct kvm_vcpu *vcpu = xen_vcpu_by_index(kvm, id);
	unsigned long i;

	if (vcpu)
		return vcpu;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (xen_vcpu_id(vcpu) == id)
			return vcpu;
	}

	return NULL;
}
