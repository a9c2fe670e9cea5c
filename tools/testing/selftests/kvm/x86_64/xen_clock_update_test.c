// SPDX-License-Identifier: GPL-2.0
/*
 * What must not move the guest's clock.
 *
 * If this fails, a guest's system time jumps by what it has drifted against the host's,
 * as its VMM places shared_info or sets the width of the guest.
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"

#define OTHER_SHINFO_GPA	XEN_SPARE_GPA(0)
#define HYPERCALL_PAGE_GPA	XEN_SPARE_GPA(1)

FIXTURE(clock_update) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct xen_time_info *time;
	struct xen_time_info before;
};

static void do_nothing(void)
{
	for (;;)
		GUEST_SYNC(0);
}

/* Otherwise each update of a vCPU's clock reads the host's anew. */
static bool host_time_is_tsc(struct xen_vm *x)
{
	struct kvm_clock_data clock;

	vm_ioctl(x->vm, KVM_GET_CLOCK, &clock);
	return clock.flags & KVM_CLOCK_TSC_STABLE;
}

FIXTURE_SETUP(clock_update)
{
	self->x = xen_vm_create(1, true, do_nothing);
	self->vcpu = self->x->vcpu[0];
	self->time = (void *)((uint8_t *)xen_vcpu_info(self->x, 0) + 32);

	/* The first turn makes the clock, the second what the first asked for. */
	xen_step(self->vcpu);
	xen_step(self->vcpu);
	if (!host_time_is_tsc(self->x))
		SKIP(return, "the host does not keep time by the TSC");
	self->before = *self->time;
	ASSERT_NE(0, self->before.system_time);
}

FIXTURE_TEARDOWN(clock_update)
{
	xen_vm_free(self->x);
}

static void expect_the_same_clock(struct __test_metadata *_metadata,
				  FIXTURE_DATA(clock_update) *self)
{
	xen_step(self->vcpu);
	EXPECT_EQ(self->before.tsc_timestamp, self->time->tsc_timestamp);
	EXPECT_EQ(self->before.system_time, self->time->system_time);
}

/* That the others look at what would change. */
TEST_F(clock_update, setting_the_clock_moves_it)
{
	struct kvm_clock_data clock = { .clock = 1800 * NSEC_PER_SEC };

	vm_ioctl(self->x->vm, KVM_SET_CLOCK, &clock);
	xen_step(self->vcpu);
	EXPECT_NE(self->before.tsc_timestamp, self->time->tsc_timestamp);
	EXPECT_NE(self->before.system_time, self->time->system_time);
}

TEST_F(clock_update, setting_the_width_does_not)
{
	ASSERT_EQ(0, xen_set_long_mode(self->x, false));
	expect_the_same_clock(_metadata, self);
	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	expect_the_same_clock(_metadata, self);
}

TEST_F(clock_update, setting_the_same_width_does_nothing)
{
	struct xen_shared_info64 *shinfo = (void *)self->x->shinfo;
	struct xen_wall_clock wc = shinfo->wc;

	ASSERT_NE(0, wc.version);
	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	EXPECT_EQ(0, memcmp(&wc, &shinfo->wc, sizeof(wc)));
	expect_the_same_clock(_metadata, self);
}

TEST_F(clock_update, placing_shared_info_does_not)
{
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	expect_the_same_clock(_metadata, self);
	ASSERT_EQ(0, xen_set_shared_info(self->x, OTHER_SHINFO_GPA / PAGE_SIZE));
	expect_the_same_clock(_metadata, self);
	ASSERT_EQ(0, xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
	expect_the_same_clock(_metadata, self);
}

TEST_F(clock_update, placing_it_by_hva_does_not)
{
	if (!(xen_caps() & KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA))
		SKIP(return, "this KVM has no SHARED_INFO_HVA");
	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, self->x->shinfo));
	expect_the_same_clock(_metadata, self);
}

/* A narrow guest goes to long mode and fetches its hypercall page. */
TEST_F(clock_update, writing_the_hypercall_msr_does_not)
{
	ASSERT_EQ(0, xen_set_long_mode(self->x, false));
	xen_step(self->vcpu);
	self->before = *self->time;
	ASSERT_EQ(1, _vcpu_set_msr(self->vcpu, XEN_HYPERCALL_MSR, HYPERCALL_PAGE_GPA));
	expect_the_same_clock(_metadata, self);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO)
