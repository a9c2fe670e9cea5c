// SPDX-License-Identifier: GPL-2.0
/* The accounts of a vCPU's time, as a VMM sets and reads them. */
#include <string.h>

#include "test_util.h"
#include "xen_runstate.h"

int xen_set_accounts_by(struct kvm_vcpu *vcpu, uint16_t type, const struct xen_accounts *accounts)
{
	struct kvm_xen_vcpu_attr attr = { .type = type };

	memcpy(attr.u.pad, accounts, sizeof(*accounts));
	return xen_vcpu_set(vcpu, &attr);
}

int xen_set_accounts(struct kvm_vcpu *vcpu, const struct xen_accounts *accounts)
{
	return xen_set_accounts_by(vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA, accounts);
}

int xen_adjust_accounts(struct kvm_vcpu *vcpu, const struct xen_accounts *accounts)
{
	return xen_set_accounts_by(vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST, accounts);
}

int xen_enter_runstate(struct kvm_vcpu *vcpu, uint64_t state)
{
	return xen_set_accounts_by(vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT,
				   &(struct xen_accounts) { .state = state });
}

struct xen_accounts xen_get_accounts_by(struct kvm_vcpu *vcpu, uint16_t type)
{
	struct kvm_xen_vcpu_attr attr = { .type = type };
	struct xen_accounts accounts;

	TEST_ASSERT_EQ(xen_vcpu_get(vcpu, &attr), 0);
	memcpy(&accounts, attr.u.pad, sizeof(accounts));
	return accounts;
}

struct xen_accounts xen_get_accounts(struct kvm_vcpu *vcpu)
{
	return xen_get_accounts_by(vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA);
}
