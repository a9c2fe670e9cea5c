// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes of a vCPU, its timer among them: what may be set, what is read back, and
 * the error of everything else.
 *
 * If this fails, a VMM cannot set up, save or restore a vCPU of a Xen guest: each row is
 * part of Linux's ABI, an error code as much as a value.
 */
#include <errno.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"

#define NO_MEMORY_GPA	0xe0000000ull
#define FAR_FUTURE	(1ull << 45)
#define TIMER_PORT	5

FIXTURE(vcpu_attr) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	uint8_t *spare;			/* XEN_SPARE_GPA(0), as the host sees it */
};

static void count_to_two(void)
{
	GUEST_SYNC(1);
	GUEST_SYNC(2);
}

FIXTURE_SETUP(vcpu_attr)
{
	self->x = xen_vm_create_bare(1, false, count_to_two);
	self->vcpu = self->x->vcpu[0];
	self->spare = xen_hva(self->x, XEN_SPARE_GPA(0));
}

FIXTURE_TEARDOWN(vcpu_attr)
{
	xen_vm_free(self->x);
}

/* Values that are kept as they are. */
static const struct {
	const char *name;
	uint16_t type;
	uint64_t set, get;
} vcpu_values[] = {
	{ "VCPU_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO, XEN_SPARE_GPA(0), XEN_SPARE_GPA(0) },
	{ "VCPU_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(0) + 0x44, XEN_SPARE_GPA(0) + 0x44 },
	{ "VCPU_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(1) - 64, XEN_SPARE_GPA(1) - 64 },
	{ "VCPU_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  KVM_XEN_INVALID_GPA, KVM_XEN_INVALID_GPA },
	{ "VCPU_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  KVM_XEN_INVALID_GPA, KVM_XEN_INVALID_GPA },
	{ "VCPU_TIME_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  XEN_SPARE_GPA(0), XEN_SPARE_GPA(0) },
	{ "VCPU_TIME_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  XEN_SPARE_GPA(1) - 32, XEN_SPARE_GPA(1) - 32 },
	{ "VCPU_TIME_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  KVM_XEN_INVALID_GPA, KVM_XEN_INVALID_GPA },
	{ "RUNSTATE_ADDR", KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
	  XEN_SPARE_GPA(0) + 3, XEN_SPARE_GPA(0) + 3 },
	{ "RUNSTATE_ADDR", KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
	  XEN_SPARE_GPA(1) - 1, XEN_SPARE_GPA(1) - 1 },
	{ "VCPU_ID", KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID, 7, 7 },
	{ "VCPU_ID", KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID, 0, 0 },
	{ "UPCALL_VECTOR", KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR, 0x10, 0x10 },
	{ "UPCALL_VECTOR", KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR, 0xff, 0xff },
	{ "UPCALL_VECTOR", KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR, 0, 0 },
};

TEST_F(vcpu_attr, vcpu_values_are_read_back)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vcpu_values); i++) {
		EXPECT_EQ(0, xen_vcpu_set_value(self->vcpu, vcpu_values[i].type,
						vcpu_values[i].set)) {
			TH_LOG("%s := %#lx", vcpu_values[i].name, vcpu_values[i].set);
		}
		EXPECT_EQ(vcpu_values[i].get, xen_vcpu_value(self->vcpu, vcpu_values[i].type)) {
			TH_LOG("%s", vcpu_values[i].name);
		}
	}
}

TEST_F(vcpu_attr, vcpu_values_begin_as_documented)
{
	uint64_t value;

	EXPECT_EQ(KVM_XEN_INVALID_GPA,
		  xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO));
	EXPECT_EQ(0, xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA));
	EXPECT_EQ(KVM_XEN_INVALID_GPA,
		  xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO));
	EXPECT_EQ(-ENOENT, xen_vcpu_get_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
					      &value));
	EXPECT_EQ(0, xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
}

static const struct {
	const char *name;
	uint16_t type;
	uint64_t value;
	int error;
} vcpu_errors[] = {
	{ "VCPU_INFO without memory", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO, NO_MEMORY_GPA, -EFAULT },
	{ "VCPU_INFO at 1 mod 4", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(0) + 1, -ENXIO },
	{ "VCPU_INFO at 2 mod 4", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(0) + 2, -ENXIO },
	{ "VCPU_INFO on two pages", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(1) - 60, -EINVAL },
	{ "VCPU_INFO on two pages", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(1) - 4, -EINVAL },
	{ "VCPU_INFO_HVA at 1 mod 4", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA, 0x1001, -ENXIO },
	{ "VCPU_INFO_HVA at 2 mod 4", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA, 0x1002, -ENXIO },
	{ "VCPU_INFO_HVA on two pages", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA, 0x1fc4, -EINVAL },
	{ "VCPU_INFO_HVA unmapped", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA, 0x1000, -EFAULT },
	{ "VCPU_INFO_HVA of the kernel", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA,
	  0xffff888000000000ull, -EINVAL },
	{ "VCPU_TIME_INFO without memory", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  NO_MEMORY_GPA, -EFAULT },
	{ "VCPU_TIME_INFO on two pages", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  XEN_SPARE_GPA(1) - 31, -EINVAL },
	{ "VCPU_TIME_INFO on two pages", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  XEN_SPARE_GPA(1) - 1, -EINVAL },
	{ "VCPU_ID", KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID, UINT32_MAX, -EINVAL },
	{ "VCPU_ID", KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID, 0x80000000, -EINVAL },
	{ "RUNSTATE_ADDR without memory", KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
	  NO_MEMORY_GPA, -EFAULT },
};

TEST_F(vcpu_attr, vcpu_values_out_of_bounds_are_refused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vcpu_errors); i++) {
		EXPECT_EQ(vcpu_errors[i].error,
			  xen_vcpu_set_value(self->vcpu, vcpu_errors[i].type,
					     vcpu_errors[i].value)) {
			TH_LOG("%s := %#lx", vcpu_errors[i].name, vcpu_errors[i].value);
		}
	}
}

TEST_F(vcpu_attr, a_vcpu_id_is_below_the_number_of_vcpus_that_kvm_can_have)
{
	uint32_t max = kvm_check_cap(KVM_CAP_MAX_VCPUS);

	EXPECT_EQ(0, xen_set_vcpu_id(self->vcpu, max - 1));
	EXPECT_EQ(-EINVAL, xen_set_vcpu_id(self->vcpu, max));
	EXPECT_EQ(max - 1, xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID) & UINT32_MAX);
}

TEST_F(vcpu_attr, vcpu_info_is_read_back_only_as_it_was_set)
{
	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_SPARE_GPA(1)));
	EXPECT_EQ(XEN_SPARE_GPA(1), xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO));
	EXPECT_EQ(0, xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA));
	ASSERT_EQ(0, xen_set_vcpu_info_hva(self->vcpu, self->spare + 0x40));
	EXPECT_EQ(KVM_XEN_INVALID_GPA,
		  xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO));
	EXPECT_EQ((uintptr_t)self->spare + 0x40,
		  xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA));
}

/* KVM writes the time into a registered vcpu_info when the vCPU runs next. */
static int make_kvm_write_the_time(struct xen_vm *x)
{
	return xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
			     KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE);
}

TEST_F(vcpu_attr, a_registered_vcpu_info_gets_the_time)
{
	struct xen_vcpu_info64 *vi = (void *)self->spare;
	uint32_t version;

	ASSERT_EQ(0, xen_set_vcpu_info_hva(self->vcpu, vi));
	ASSERT_EQ(1, xen_step(self->vcpu));
	version = vi->time.version;
	EXPECT_NE(0, version);
	ASSERT_EQ(0, make_kvm_write_the_time(self->x));
	ASSERT_EQ(2, xen_step(self->vcpu));
	EXPECT_NE(version, vi->time.version);
}

TEST_F(vcpu_attr, hva_0_takes_vcpu_info_away)
{
	struct xen_vcpu_info64 *vi = (void *)self->spare;
	uint32_t version;

	ASSERT_EQ(0, xen_set_vcpu_info_hva(self->vcpu, vi));
	ASSERT_EQ(1, xen_step(self->vcpu));
	EXPECT_NE(0, vi->time.version);

	ASSERT_EQ(0, xen_set_vcpu_info_hva(self->vcpu, NULL));
	EXPECT_EQ(0, xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA));
	EXPECT_EQ(KVM_XEN_INVALID_GPA,
		  xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO));
	version = vi->time.version;
	ASSERT_EQ(0, make_kvm_write_the_time(self->x));
	ASSERT_EQ(2, xen_step(self->vcpu));
	EXPECT_EQ(version, vi->time.version);
}

TEST_F(vcpu_attr, the_invalid_gpa_takes_vcpu_info_away)
{
	struct xen_vcpu_info64 *vi = (void *)self->spare;
	uint32_t version;

	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_SPARE_GPA(0)));
	ASSERT_EQ(1, xen_step(self->vcpu));
	EXPECT_NE(0, vi->time.version);

	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, KVM_XEN_INVALID_GPA));
	version = vi->time.version;
	ASSERT_EQ(0, make_kvm_write_the_time(self->x));
	ASSERT_EQ(2, xen_step(self->vcpu));
	EXPECT_EQ(version, vi->time.version);
}

TEST_F(vcpu_attr, the_runstate_area_is_known_only_while_there_is_one)
{
	uint16_t type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR;
	uint64_t value;

	EXPECT_EQ(0, xen_vcpu_set_value(self->vcpu, type, KVM_XEN_INVALID_GPA));
	EXPECT_EQ(-ENOENT, xen_vcpu_get_value(self->vcpu, type, &value));
	ASSERT_EQ(0, xen_vcpu_set_value(self->vcpu, type, XEN_SPARE_GPA(0)));
	EXPECT_EQ(XEN_SPARE_GPA(0), xen_vcpu_value(self->vcpu, type));
	EXPECT_EQ(0, xen_vcpu_set_value(self->vcpu, type, KVM_XEN_INVALID_GPA));
	EXPECT_EQ(-ENOENT, xen_vcpu_get_value(self->vcpu, type, &value));

	/* A refused area takes the old one away: first page, second page. */
	ASSERT_EQ(0, xen_vcpu_set_value(self->vcpu, type, XEN_SPARE_GPA(0)));
	EXPECT_EQ(-EFAULT, xen_vcpu_set_value(self->vcpu, type, NO_MEMORY_GPA));
	EXPECT_EQ(-ENOENT, xen_vcpu_get_value(self->vcpu, type, &value));
	EXPECT_EQ(-EFAULT, xen_vcpu_set_value(self->vcpu, type, XEN_SPARE_GPA(XEN_NR_SPARE) - 4));
	EXPECT_EQ(-ENOENT, xen_vcpu_get_value(self->vcpu, type, &value));
}

TEST_F(vcpu_attr, runstates_are_written_by_running_and_adjusting_only)
{
	const uint16_t current = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT;
	const uint16_t adjust = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST;
	const uint16_t data = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA;
	uint64_t value;

	EXPECT_EQ(-EINVAL, xen_vcpu_get_value(self->vcpu, adjust, &value));
	EXPECT_EQ(-EINVAL, xen_vcpu_set_value(self->vcpu, current, RUNSTATE_offline + 1));
	EXPECT_EQ(-EINVAL, xen_vcpu_set_value(self->vcpu, current, -1));
	EXPECT_EQ(-EINVAL, xen_vcpu_set_value(self->vcpu, data, RUNSTATE_offline + 1));
	EXPECT_EQ(-EINVAL, xen_vcpu_set_value(self->vcpu, data, -1));
	EXPECT_EQ(-EINVAL, xen_vcpu_set_value(self->vcpu, adjust, RUNSTATE_offline + 1));
	EXPECT_EQ(0, xen_vcpu_set_value(self->vcpu, adjust, -1));
}

static int set_timer(struct kvm_vcpu *vcpu, uint32_t port, uint32_t priority, uint64_t expires)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER,
		.u.timer = { .port = port, .priority = priority, .expires_ns = expires },
	};

	return xen_vcpu_set(vcpu, &attr);
}

TEST_F(vcpu_attr, the_timer_is_read_back)
{
	struct kvm_xen_vcpu_attr attr = { .type = KVM_XEN_VCPU_ATTR_TYPE_TIMER };

	ASSERT_EQ(0, set_timer(self->vcpu, 5, XEN_PRIO_2LEVEL, FAR_FUTURE));
	ASSERT_EQ(0, xen_vcpu_get(self->vcpu, &attr));
	EXPECT_EQ(5, attr.u.timer.port);
	EXPECT_EQ(XEN_PRIO_2LEVEL, attr.u.timer.priority);
	EXPECT_EQ(FAR_FUTURE, attr.u.timer.expires_ns);

	ASSERT_EQ(0, set_timer(self->vcpu, 6, XEN_PRIO_2LEVEL, 0));
	ASSERT_EQ(0, xen_vcpu_get(self->vcpu, &attr));
	EXPECT_EQ(6, attr.u.timer.port);
	EXPECT_EQ(0, attr.u.timer.expires_ns);

	/* What was read can be set. */
	ASSERT_EQ(0, xen_vcpu_set(self->vcpu, &attr));
	ASSERT_EQ(0, set_timer(self->vcpu, 0, XEN_PRIO_2LEVEL, 0));
	ASSERT_EQ(0, xen_vcpu_get(self->vcpu, &attr));
	EXPECT_EQ(0, attr.u.timer.port);
	EXPECT_EQ(0, attr.u.timer.expires_ns);
	ASSERT_EQ(0, xen_vcpu_set(self->vcpu, &attr));
}

TEST_F(vcpu_attr, the_timer_has_2_level_ports_only)
{
	EXPECT_EQ(-EINVAL, set_timer(self->vcpu, 5, 0, 0));
	EXPECT_EQ(-EINVAL, set_timer(self->vcpu, 5, 7, FAR_FUTURE));
	EXPECT_EQ(0, set_timer(self->vcpu, 0, 0, 0));
	EXPECT_EQ(0, set_timer(self->vcpu, 0, 7, FAR_FUTURE));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
}

static void count_for_ever(void)
{
	uint64_t turn;

	for (turn = 0; ; turn++)
		GUEST_SYNC(turn);
}

static bool raises_port(struct xen_vm *x)
{
	xen_step(x->vcpu[0]);
	return xen_clear_pending(x->shinfo, TIMER_PORT);
}

/* Run the vCPU until its timer has raised its port, however late the host's are. */
static bool timer_fires(struct xen_vm *x)
{
	TEST_ASSERT_EQ(xen_set_timer(x->vcpu[0], TIMER_PORT, xen_vm_now(x) + 1000 * 1000), 0);
	xen_set_entry_point(x->vcpu[0], count_for_ever);
	return xen_wait_for(raises_port(x));
}

TEST_F(vcpu_attr, the_timer_needs_no_interception_of_hypercalls)
{
	ASSERT_EQ(0, xen_config(self->x, KVM_XEN_HVM_CONFIG_EVTCHN_SEND));
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_VCPU_INFO_GPA(0)));
	EXPECT_TRUE(timer_fires(self->x));
}

TEST_F(vcpu_attr, the_timer_needs_no_hypercall_msr)
{
	struct kvm_xen_hvm_config none = {};

	vm_ioctl(self->x->vm, KVM_XEN_HVM_CONFIG, &none);
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_VCPU_INFO_GPA(0)));
	EXPECT_TRUE(timer_fires(self->x));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO | KVM_XEN_HVM_CONFIG_RUNSTATE |
	      KVM_XEN_HVM_CONFIG_EVTCHN_SEND | KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA)
