// SPDX-License-Identifier: GPL-2.0
/* The guest's system time as the kernel sees it, and what CPUID says of it. */
#include "internal.h"
#include "../cpuid.h"

#include <asm/pvclock.h>
#include <asm/xen/cpuid.h>

/*
 * By what the vCPU itself reads: its TSC, scaled as its pvclock says.  A guest
 * compares deadlines with that, and get_kvmclock_ns() drifts against it.
 */
static struct xen_now now_by_guest_tsc(struct kvm_vcpu *vcpu)
{
	struct xen_now now;
	u64 tsc;

	if (!IS_ENABLED(CONFIG_64BIT) ||
	    !kvm_get_monotonic_and_clockread(&now.host, &tsc)) {
		now.host = ktime_get();
		tsc = rdtsc();
	}

	now.guest = __pvclock_read_cycles(&vcpu->arch.hv_clock,
					  kvm_read_l1_tsc(vcpu, tsc));
	return now;
}

struct xen_now xen_now(struct kvm_vcpu *vcpu)
{
	/* A vCPU that has not run yet has no pvclock parameters. */
	if (vcpu->arch.hv_clock.version && vcpu->kvm->arch.use_master_clock &&
	    static_cpu_has(X86_FEATURE_CONSTANT_TSC))
		return now_by_guest_tsc(vcpu);

	return (struct xen_now) {
		.guest = get_kvmclock_ns(vcpu->kvm),
		.host = ktime_get(),
	};
}

/* Fill in Xen's time leaf: the TSC's scale, and its frequency in kHz. */
void kvm_xen_update_tsc_info(struct kvm_vcpu *vcpu)
{
	struct kvm_hypervisor_cpuid *cpuid = &vcpu->arch.xen.cpuid;
	u32 leaf = cpuid->base | XEN_CPUID_LEAF(3);
	struct kvm_cpuid_entry2 *entry;

	if (!cpuid->base || leaf > cpuid->limit)
		return;

	entry = kvm_find_cpuid_entry_index(vcpu, leaf, 1);
	if (entry) {
		entry->ecx = vcpu->arch.hv_clock.tsc_to_system_mul;
		entry->edx = vcpu->arch.hv_clock.tsc_shift;
	}

	entry = kvm_find_cpuid_entry_index(vcpu, leaf, 2);
	if (entry)
		entry->eax = vcpu->arch.hw_tsc_khz;
}
