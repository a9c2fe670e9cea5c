// SPDX-License-Identifier: GPL-2.0
/*
 * System time: in vcpu_info, in the area of VCPU_TIME_INFO, and the parameters
 * of the TSC in CPUID.
 *
 * If this fails, the guest's clock stops, runs at a wrong rate or jumps, or a
 * guest reads it while it changes.
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_cpuid.h"
#include "xen_harness.h"
#include "xen.h"

#define TSC_STABLE	1		/* of struct xen_time_info's flags */
#define TIME_GPA	XEN_SPARE_GPA(0)
#define SLACK_NS	(10 * 1000 * 1000ull)

FIXTURE(time_info) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct xen_time_info *in_vcpu_info;
	struct xen_time_info *area;
};

static void report_time(const volatile struct xen_time_info *time)
{
	for (;;)
		GUEST_SYNC(xen_guest_now(time));
}

FIXTURE_SETUP(time_info)
{
	self->x = xen_vm_create(1, true, report_time);
	self->vcpu = self->x->vcpu[0];
	self->in_vcpu_info = (void *)((uint8_t *)xen_vcpu_info(self->x, 0) + 32);
	self->area = xen_hva(self->x, TIME_GPA);
}

FIXTURE_TEARDOWN(time_info)
{
	xen_vm_free(self->x);
}

static int set_area(struct kvm_vcpu *vcpu, uint64_t gpa)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
		.u.gpa = gpa,
	};

	return xen_vcpu_set(vcpu, &attr);
}

/* Make KVM write the time again before the vCPU runs next. */
static void renew(struct xen_vm *x)
{
	struct kvm_clock_data clock;

	vm_ioctl(x->vm, KVM_GET_CLOCK, &clock);
	clock.flags = 0;
	vm_ioctl(x->vm, KVM_SET_CLOCK, &clock);
}

TEST_F(time_info, vcpu_info_has_the_time_once_the_vcpu_ran)
{
	EXPECT_EQ(0, self->in_vcpu_info->version);
	vcpu_args_set(self->vcpu, 1, XEN_VCPU_INFO_GPA(0) + 32);
	xen_step(self->vcpu);
	EXPECT_NE(0, self->in_vcpu_info->version);
	EXPECT_EQ(0, self->in_vcpu_info->version & 1);
	EXPECT_NE(0, self->in_vcpu_info->tsc_to_system_mul);
}

TEST_F(time_info, the_area_has_the_same_time)
{
	ASSERT_EQ(0, set_area(self->vcpu, TIME_GPA));
	vcpu_args_set(self->vcpu, 1, TIME_GPA);
	xen_step(self->vcpu);
	EXPECT_NE(0, self->area->version);
	EXPECT_EQ(0, self->area->version & 1);
	EXPECT_EQ(self->in_vcpu_info->tsc_timestamp, self->area->tsc_timestamp);
	EXPECT_EQ(self->in_vcpu_info->system_time, self->area->system_time);
	EXPECT_EQ(self->in_vcpu_info->tsc_to_system_mul, self->area->tsc_to_system_mul);
	EXPECT_EQ(self->in_vcpu_info->tsc_shift, self->area->tsc_shift);
	EXPECT_EQ(self->in_vcpu_info->flags, self->area->flags);
}

TEST_F(time_info, the_area_may_lie_at_any_address_in_a_page)
{
	uint64_t at[] = { 1, 3, 0x7f2, PAGE_SIZE - 32 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		struct xen_time_info time;
		uint8_t *hva = (uint8_t *)self->area + at[i];

		memset(self->area, 0x5a, PAGE_SIZE);
		ASSERT_EQ(0, set_area(self->vcpu, TIME_GPA + at[i]));
		vcpu_args_set(self->vcpu, 1, XEN_VCPU_INFO_GPA(0) + 32);
		xen_set_entry_point(self->vcpu, report_time);
		xen_step(self->vcpu);
		memcpy(&time, hva, sizeof(time));
		EXPECT_EQ(self->in_vcpu_info->system_time, time.system_time);
		EXPECT_EQ(self->in_vcpu_info->tsc_to_system_mul, time.tsc_to_system_mul);
		EXPECT_EQ(0x5a, hva[-1]);
		if (at[i] + 32 < PAGE_SIZE)
			EXPECT_EQ(0x5a, hva[32]);
	}
}

TEST_F(time_info, an_area_that_was_taken_away_is_written_no_more)
{
	ASSERT_EQ(0, set_area(self->vcpu, TIME_GPA));
	vcpu_args_set(self->vcpu, 1, XEN_VCPU_INFO_GPA(0) + 32);
	xen_step(self->vcpu);
	ASSERT_EQ(0, set_area(self->vcpu, KVM_XEN_INVALID_GPA));
	memset(self->area, 0, sizeof(*self->area));
	renew(self->x);
	xen_step(self->vcpu);
	EXPECT_EQ(0, self->area->version);
}

TEST_F(time_info, each_update_changes_the_version)
{
	uint32_t version = 0;
	int turn;

	vcpu_args_set(self->vcpu, 1, XEN_VCPU_INFO_GPA(0) + 32);
	for (turn = 0; turn < 5; turn++) {
		renew(self->x);
		xen_step(self->vcpu);
		EXPECT_EQ(0, self->in_vcpu_info->version & 1);
		EXPECT_NE(version, self->in_vcpu_info->version);
		version = self->in_vcpu_info->version;
	}
}

/* Otherwise KVM's clocks drift by themselves: nothing about Xen to see there. */
static bool host_time_is_tsc(struct xen_vm *x)
{
	struct kvm_clock_data clock;

	xen_step(x->vcpu[0]);
	vm_ioctl(x->vm, KVM_GET_CLOCK, &clock);
	return clock.flags & KVM_CLOCK_TSC_STABLE;
}

static void compare_to_the_vms_clock(struct __test_metadata *_metadata, struct xen_vm *x,
				     uint64_t time_gpa)
{
	uint64_t before, now, after, last = 0;
	int turn;

	vcpu_args_set(x->vcpu[0], 1, time_gpa);
	if (!host_time_is_tsc(x))
		SKIP(return, "the host does not keep time by the TSC");
	for (turn = 0; turn < 100; turn++) {
		if (turn % 10 == 9)
			renew(x);
		before = xen_vm_now(x);
		now = xen_step(x->vcpu[0]);
		after = xen_vm_now(x);
		EXPECT_LE(before, now + SLACK_NS);
		EXPECT_LE(now, after + SLACK_NS);
		if (turn % 10 != 9)
			EXPECT_LE(last, now);
		last = now;
	}
}

TEST_F(time_info, the_guest_sees_the_vms_clock_advance_in_vcpu_info)
{
	compare_to_the_vms_clock(_metadata, self->x, XEN_VCPU_INFO_GPA(0) + 32);
}

TEST_F(time_info, the_guest_sees_the_vms_clock_advance_in_the_area)
{
	ASSERT_EQ(0, set_area(self->vcpu, TIME_GPA));
	compare_to_the_vms_clock(_metadata, self->x, TIME_GPA);
}

TEST_F(time_info, the_tsc_is_called_stable_unless_the_vmm_objects)
{
	uint32_t flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL;

	ASSERT_EQ(0, set_area(self->vcpu, TIME_GPA));
	vcpu_args_set(self->vcpu, 1, TIME_GPA);
	xen_step(self->vcpu);
	if (!(self->area->flags & TSC_STABLE))
		SKIP(return, "the host does not keep time by the TSC");
	EXPECT_EQ(TSC_STABLE, self->in_vcpu_info->flags & TSC_STABLE);

	ASSERT_EQ(0, xen_config(self->x, flags | KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE));
	xen_step(self->vcpu);
	EXPECT_EQ(0, self->area->flags & TSC_STABLE);
	EXPECT_EQ(0, self->in_vcpu_info->flags & TSC_STABLE);

	ASSERT_EQ(0, xen_config(self->x, flags));
	xen_step(self->vcpu);
	EXPECT_EQ(TSC_STABLE, self->area->flags & TSC_STABLE);
	EXPECT_EQ(TSC_STABLE, self->in_vcpu_info->flags & TSC_STABLE);
}

/* Have the leaf about time, as the VMM does that offers an entry for each sub-leaf. */
static void run_with_cpuid(struct kvm_vcpu *vcpu, uint32_t base, uint32_t limit,
			   const char *signature)
{
	struct kvm_cpuid2 *cpuid = xen_cpuid_new(base, limit, signature);
	uint32_t index;

	for (index = 0; index < 3; index++)
		xen_cpuid_add_index(cpuid, base + XEN_CPUID_TIME, index,
				    (struct xen_cpuid_regs) {});
	vcpu_init_cpuid(vcpu, cpuid);
	vcpu_args_set(vcpu, 1, XEN_VCPU_INFO_GPA(0) + 32);
	xen_step(vcpu);
	free(cpuid);
}

static struct xen_cpuid_regs tsc_leaf(struct kvm_vcpu *vcpu, uint32_t base, uint32_t index)
{
	return xen_cpuid_read(vcpu, base + XEN_CPUID_TIME, index);
}

/* The VMM's entries say nothing, and are all there is where KVM does not fill them in. */
static void expect_tsc_leaves(struct __test_metadata *_metadata, struct kvm_vcpu *vcpu,
			      uint32_t base, const struct xen_time_info *time)
{
	uint32_t khz = __vcpu_ioctl(vcpu, KVM_GET_TSC_KHZ, NULL);
	struct xen_cpuid_regs scale = tsc_leaf(vcpu, base, 1);
	bool filled = XEN_KVM_FILLS_TIME_LEAF;

	EXPECT_EQ(filled ? time->tsc_to_system_mul : 0, scale.ecx);
	EXPECT_EQ(filled ? time->tsc_shift : 0, (int32_t)scale.edx);
	EXPECT_EQ(filled ? khz : 0, tsc_leaf(vcpu, base, 2).eax);
	EXPECT_EQ(0, tsc_leaf(vcpu, base, 0).eax);
}

TEST_F(time_info, cpuid_has_the_parameters_of_the_tsc)
{
	uint32_t base = XEN_CPUID_BASE;

	run_with_cpuid(self->vcpu, base, base + 4, XEN_CPUID_SIGNATURE);
	expect_tsc_leaves(_metadata, self->vcpu, base, self->in_vcpu_info);
}

TEST_F(time_info, cpuid_has_them_behind_another_hypervisors_leaves_too)
{
	uint32_t base = XEN_CPUID_BASE + 0x100;

	run_with_cpuid(self->vcpu, base, base + 4, XEN_CPUID_SIGNATURE);
	expect_tsc_leaves(_metadata, self->vcpu, base, self->in_vcpu_info);
}

static void expect_nothing_filled_in(struct __test_metadata *_metadata, struct kvm_vcpu *vcpu)
{
	EXPECT_NE(0, __vcpu_ioctl(vcpu, KVM_GET_TSC_KHZ, NULL));
	EXPECT_EQ(0, tsc_leaf(vcpu, XEN_CPUID_BASE, 1).ecx);
	EXPECT_EQ(0, tsc_leaf(vcpu, XEN_CPUID_BASE, 2).eax);
}

TEST_F(time_info, cpuid_stays_as_it_is_where_the_leaf_is_out_of_range)
{
	run_with_cpuid(self->vcpu, XEN_CPUID_BASE, XEN_CPUID_BASE + 2, XEN_CPUID_SIGNATURE);
	expect_nothing_filled_in(_metadata, self->vcpu);
}

TEST_F(time_info, cpuid_stays_as_it_is_for_other_hypervisors)
{
	run_with_cpuid(self->vcpu, XEN_CPUID_BASE, XEN_CPUID_BASE + 4, "VMMXenVMMXen");
	expect_nothing_filled_in(_metadata, self->vcpu);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO | KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE)
