/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runstates, for tests: the accounts of a vCPU's time as a VMM sets and reads them.
 *
 * Functions that return int return 0 or -errno.
 */
#ifndef SELFTEST_KVM_XEN_RUNSTATE_H
#define SELFTEST_KVM_XEN_RUNSTATE_H

#include "xen.h"

#define XEN_NR_RUNSTATES	4

/* In the order of the attributes. */
struct xen_accounts {
	uint64_t state;
	uint64_t entry_time;
	uint64_t time[XEN_NR_RUNSTATES];
};

int xen_set_accounts(struct kvm_vcpu *vcpu, const struct xen_accounts *accounts);
int xen_adjust_accounts(struct kvm_vcpu *vcpu, const struct xen_accounts *accounts);
int xen_enter_runstate(struct kvm_vcpu *vcpu, uint64_t state);
struct xen_accounts xen_get_accounts(struct kvm_vcpu *vcpu);

/* What an attribute of another type, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_*, takes or says. */
int xen_set_accounts_by(struct kvm_vcpu *vcpu, uint16_t type, const struct xen_accounts *accounts);
struct xen_accounts xen_get_accounts_by(struct kvm_vcpu *vcpu, uint16_t type);

static inline uint64_t xen_sum_accounts(const struct xen_accounts *accounts)
{
	return accounts->time[0] + accounts->time[1] + accounts->time[2] + accounts->time[3];
}

#endif /* SELFTEST_KVM_XEN_RUNSTATE_H */
