// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's system time, and the CPUID leaf that describes it.
 *
 * Owns vcpu_time_info_cache, which changes under xen_lock; reading the time takes no
 * lock.
 */
#include "xen/base/base.h"
#include "xen/time/clock.h"

#include <asm/pvclock.h>

/* The VM's master clock: the guest's time @ns when the host's TSC was @tsc. */
struct master_clock {
	u64 tsc;
	u64 ns;
};

/* Returns false if the VM has no master clock. */
static bool read_master_clock(struct kvm *kvm, struct master_clock *clock)
{
	struct kvm_arch *ka = &kvm->arch;
	unsigned int seq;
	bool is_used;

	do {
		seq = read_seqcount_begin(&ka->pvclock_sc);
		is_used = ka->use_master_clock;
		clock->tsc = ka->master_cycle_now;
		clock->ns = ka->master_kernel_ns + ka->kvmclock_offset;
	} while (read_seqcount_retry(&ka->pvclock_sc, seq));

	return is_used;
}

/*
 * How long it is for the guest from one value of the host's TSC to another: by its TSC,
 * whose offset cancels out, and its pvclock parameters.
 */
static u64 guest_ns(struct kvm_vcpu *vcpu, u64 from, u64 to)
{
	u64 ratio = vcpu->arch.l1_tsc_scaling_ratio;

	if (unlikely(ratio != kvm_caps.default_tsc_scaling_ratio)) {
		from = kvm_scale_tsc(from, ratio);
		to = kvm_scale_tsc(to, ratio);
	}

	return pvclock_scale_delta(to - from, vcpu->arch.pvclock_tsc_mul,
				   vcpu->arch.pvclock_tsc_shift);
}

/*
 * Read the time like the vCPU does, from what KVM makes its pvclock of.  The guest
 * compares deadlines with that.  get_kvmclock_ns() computes the same, but does not return
 * the host's time at the same instant.
 */
static struct xen_now now_by_guest_tsc(struct kvm_vcpu *vcpu,
				       const struct master_clock *clock)
{
	struct xen_now now;
	u64 tsc;

	if (!IS_ENABLED(CONFIG_64BIT) ||
	    !kvm_get_monotonic_and_clockread(&now.host, &tsc)) {
		now.host = ktime_get();
		tsc = rdtsc();
	}

	now.guest = clock->ns + guest_ns(vcpu, clock->tsc, tsc);
	return now;
}

/* Whether KVM has computed the scale of the guest's TSC, and has not to do it again. */
static bool knows_scale(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.hw_tsc_khz && !kvm_test_request(KVM_REQ_CLOCK_UPDATE, vcpu) &&
	       cpu_feature_enabled(X86_FEATURE_CONSTANT_TSC);
}

struct xen_now xen_now(struct kvm_vcpu *vcpu)
{
	struct master_clock clock;

	if (knows_scale(vcpu) && read_master_clock(vcpu->kvm, &clock))
		return now_by_guest_tsc(vcpu, &clock);

	return (struct xen_now) {
		.guest = get_kvmclock_ns(vcpu->kvm),
		.host = ktime_get(),
	};
}

/*
 * Fill sub-leaf @index of Xen's time leaf, for which KVM found the VMM's @entry: the
 * scale of the TSC in sub-leaf 1, its frequency in kHz in 2.  An entry without a
 * significant index, which KVM finds for all sub-leaves, describes sub-leaf 0 only.
 */
void kvm_xen_fill_tsc_leaf(struct kvm_vcpu *vcpu,
			   const struct kvm_cpuid_entry2 *entry, u32 index,
			   u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	if (index && !(entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX))
		*eax = *ebx = *ecx = *edx = 0;

	if (index == 1) {
		*ecx = vcpu->arch.pvclock_tsc_mul;
		*edx = vcpu->arch.pvclock_tsc_shift;
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
