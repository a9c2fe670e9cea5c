// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_KVMCLOCK_CTRL for a vCPU that has both KVM's clock and Xen's.
 *
 * If this fails, the flag by which KVM's clock has a guest forgive its watchdogs shows
 * up in Xen's, where nothing clears it.
 */
#include <errno.h>

#include <asm/kvm_para.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"

#define GUEST_STOPPED	2		/* of struct xen_time_info's flags */
#define TIME_GPA	XEN_SPARE_GPA(0)
#define KVMCLOCK_GPA	XEN_SPARE_GPA(1)
#define ENABLE		1

FIXTURE(guest_stopped) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct xen_time_info *kvmclock;
	struct xen_time_info *in_vcpu_info;
	struct xen_time_info *area;
};

static void do_nothing(void)
{
	for (;;)
		GUEST_SYNC(0);
}

FIXTURE_SETUP(guest_stopped)
{
	struct kvm_xen_vcpu_attr area = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
		.u.gpa = TIME_GPA,
	};

	self->x = xen_vm_create(1, true, do_nothing);
	self->vcpu = self->x->vcpu[0];
	self->kvmclock = xen_hva(self->x, KVMCLOCK_GPA);
	self->in_vcpu_info = (void *)((uint8_t *)xen_vcpu_info(self->x, 0) + 32);
	self->area = xen_hva(self->x, TIME_GPA);
	ASSERT_EQ(0, xen_vcpu_set(self->vcpu, &area));
}

FIXTURE_TEARDOWN(guest_stopped)
{
	xen_vm_free(self->x);
}

static void use_kvmclock(struct kvm_vcpu *vcpu)
{
	vcpu_set_msr(vcpu, MSR_KVM_SYSTEM_TIME_NEW, KVMCLOCK_GPA | ENABLE);
	xen_step(vcpu);
}

static int report_stop(struct kvm_vcpu *vcpu)
{
	return __vcpu_ioctl(vcpu, KVM_KVMCLOCK_CTRL, NULL) ? -errno : 0;
}

/* Have KVM write all three again. */
static void renew(FIXTURE_DATA(guest_stopped) *self)
{
	uint32_t version = self->area->version;
	struct kvm_clock_data clock;

	vm_ioctl(self->x->vm, KVM_GET_CLOCK, &clock);
	clock.flags = 0;
	vm_ioctl(self->x->vm, KVM_SET_CLOCK, &clock);
	xen_step(self->vcpu);
	TEST_ASSERT(version != self->area->version, "The clock was not written");
}

TEST_F(guest_stopped, it_is_kvms_clock_that_says_so)
{
	use_kvmclock(self->vcpu);
	EXPECT_EQ(0, self->kvmclock->flags & GUEST_STOPPED);
	ASSERT_EQ(0, report_stop(self->vcpu));
	xen_step(self->vcpu);
	EXPECT_EQ(GUEST_STOPPED, self->kvmclock->flags & GUEST_STOPPED);
	EXPECT_EQ(0, self->in_vcpu_info->flags & GUEST_STOPPED);
	EXPECT_EQ(0, self->area->flags & GUEST_STOPPED);
}

TEST_F(guest_stopped, it_says_so_until_the_guest_clears_it)
{
	use_kvmclock(self->vcpu);
	ASSERT_EQ(0, report_stop(self->vcpu));
	xen_step(self->vcpu);
	renew(self);
	EXPECT_EQ(GUEST_STOPPED, self->kvmclock->flags & GUEST_STOPPED);
	EXPECT_EQ(0, self->in_vcpu_info->flags & GUEST_STOPPED);
	EXPECT_EQ(0, self->area->flags & GUEST_STOPPED);

	self->kvmclock->flags &= ~GUEST_STOPPED;
	renew(self);
	EXPECT_EQ(0, self->kvmclock->flags & GUEST_STOPPED);
	EXPECT_EQ(0, self->in_vcpu_info->flags & GUEST_STOPPED);
	EXPECT_EQ(0, self->area->flags & GUEST_STOPPED);
}

/* What a VMM, or the guest, wrote into one of them is not carried to the next. */
TEST_F(guest_stopped, each_copy_keeps_its_own)
{
	use_kvmclock(self->vcpu);
	self->in_vcpu_info->flags |= GUEST_STOPPED;
	renew(self);
	EXPECT_EQ(0, self->kvmclock->flags & GUEST_STOPPED);
	EXPECT_EQ(GUEST_STOPPED, self->in_vcpu_info->flags & GUEST_STOPPED);
	EXPECT_EQ(0, self->area->flags & GUEST_STOPPED);

	self->in_vcpu_info->flags &= ~GUEST_STOPPED;
	renew(self);
	EXPECT_EQ(0, self->in_vcpu_info->flags & GUEST_STOPPED);
}

TEST_F(guest_stopped, without_kvms_clock_there_is_nothing_to_say)
{
	xen_step(self->vcpu);
	EXPECT_EQ(-EINVAL, report_stop(self->vcpu));
	renew(self);
	EXPECT_EQ(0, self->in_vcpu_info->flags & GUEST_STOPPED);
	EXPECT_EQ(0, self->area->flags & GUEST_STOPPED);
}

/* A KVM clock that is disabled before it was written leaves no flag to Xen's. */
TEST_F(guest_stopped, with_kvms_clock_taken_away_there_is_neither)
{
	use_kvmclock(self->vcpu);
	ASSERT_EQ(0, report_stop(self->vcpu));
	vcpu_set_msr(self->vcpu, MSR_KVM_SYSTEM_TIME_NEW, 0);
	renew(self);
	EXPECT_EQ(0, self->in_vcpu_info->flags & GUEST_STOPPED);
	EXPECT_EQ(0, self->area->flags & GUEST_STOPPED);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO)
