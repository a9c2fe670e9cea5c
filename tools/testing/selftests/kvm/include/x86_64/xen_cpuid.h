/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUID of a vCPU with Xen's leaves: what a VMM sets, and what the guest reads.
 */
#ifndef SELFTEST_KVM_XEN_CPUID_H
#define SELFTEST_KVM_XEN_CPUID_H

#include "kvm_util.h"
#include "processor.h"

#define XEN_CPUID_SIGNATURE	"XenVMMXenVMM"

/* The offset of the leaf that has the parameters of the TSC, in three sub-leaves. */
#define XEN_CPUID_TIME		3

struct xen_cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

/*
 * Leaves 0 to 2 of a hypervisor with @signature behind the host's, the last one said
 * to be @limit, with room for more.  The caller frees it.
 */
struct kvm_cpuid2 *xen_cpuid_new(uint32_t base, uint32_t limit, const char *signature);

/* One entry for all sub-leaves, as QEMU sets it, or one for @index only. */
void xen_cpuid_add(struct kvm_cpuid2 *cpuid, uint32_t leaf, struct xen_cpuid_regs regs);
void xen_cpuid_add_index(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t index,
			 struct xen_cpuid_regs regs);

/* What the guest of @vcpu reads; it is run from a new entry point for that. */
struct xen_cpuid_regs xen_cpuid_read(struct kvm_vcpu *vcpu, uint32_t leaf, uint32_t index);

#endif /* SELFTEST_KVM_XEN_CPUID_H */
