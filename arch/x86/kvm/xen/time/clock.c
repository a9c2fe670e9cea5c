// SPDX-License-Identifier: GPL-2.0
/* The guest's system time as the kernel sees it, and what CPUID says of it. */
#include "xen/base/base.h"
#include "xen/time/clock.h"

#include <asm/pvclock.h>

/*
 * By what the vCPU itself reads: its TSC, scaled as its pvclock says.  A guest
 * compares deadlines with that.  get_kvmclock_ns() is the same, but does not say
 * what the host's time was at that moment.
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
	/*
	 * A vCPU that has not run yet has no pvclock parameters, and they are
	 * those of another clock where it was set and the vCPU has not run since.
	 */
	if (vcpu->arch.hv_clock.version && vcpu->kvm->arch.use_master_clock &&
	    !kvm_test_request(KVM_REQ_CLOCK_UPDATE, vcpu) &&
	    static_cpu_has(X86_FEATURE_CONSTANT_TSC))
		return now_by_guest_tsc(vcpu);

	return (struct xen_now) {
		.guest = get_kvmclock_ns(vcpu->kvm),
		.host = ktime_get(),
	};
}

/*
 * Complete what CPUID answers for sub-leaf @index of Xen's time leaf, taken from @entry
 * of the VMM: the scale of the TSC in 1, its frequency in kHz in 2.  An entry without
 * an index, which KVM finds for all of them, is meant for sub-leaf 0.
 */
void kvm_xen_fill_time_leaf(struct kvm_vcpu *vcpu,
			    const struct kvm_cpuid_entry2 *entry, u32 index,
			    u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	if (index && !(entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX))
		*eax = *ebx = *ecx = *edx = 0;

	if (index == 1) {
		*ecx = vcpu->arch.hv_clock.tsc_to_system_mul;
		*edx = vcpu->arch.hv_clock.tsc_shift;
	} else if (index == 2) {
		*eax = vcpu->arch.hw_tsc_khz;
	}
}

static int time_info_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &vcpu->arch.xen.vcpu_time_info_cache;
	int r;

	if (data->u.gpa == KVM_XEN_INVALID_GPA) {
		kvm_gpc_deactivate(gpc);
		return 0;
	}

	r = kvm_gpc_activate(gpc, data->u.gpa,
			     sizeof(struct xen_abi_time_info));
	if (!r)
		kvm_make_request(KVM_REQ_CLOCK_UPDATE, vcpu);
	return r;
}

static int time_info_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	data->u.gpa = xen_attr_gpa(&vcpu->arch.xen.vcpu_time_info_cache);
	return 0;
}

const struct xen_vcpu_attr xen_time_info_attr = {
	.set = time_info_set,
	.get = time_info_get,
};
