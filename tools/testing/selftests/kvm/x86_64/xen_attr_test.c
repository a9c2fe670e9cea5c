// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes of a VM: what may be set, what is read back, and the error of
 * everything else.  Ports and the attributes of vCPUs have tests of their own.
 *
 * If this fails, a VMM cannot set up, save or restore a Xen guest: each row is
 * part of Linux's ABI, an error code as much as a value.
 */
#include <errno.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"

#define NO_MEMORY_GPA	0xe0000000ull

FIXTURE(attr) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	uint8_t *spare;			/* XEN_SPARE_GPA(0), as the host sees it */
};

FIXTURE_SETUP(attr)
{
	self->x = xen_vm_create_bare(1, false, NULL);
	self->vcpu = self->x->vcpu[0];
	self->spare = xen_hva(self->x, XEN_SPARE_GPA(0));
}

FIXTURE_TEARDOWN(attr)
{
	xen_vm_free(self->x);
}

/* Values that are kept as they are, or turned into a bool. */
static const struct {
	const char *name;
	uint16_t type;
	uint64_t set, get;
} vm_values[] = {
	{ "LONG_MODE", KVM_XEN_ATTR_TYPE_LONG_MODE, 1, 1 },
	{ "LONG_MODE", KVM_XEN_ATTR_TYPE_LONG_MODE, 0, 0 },
	{ "LONG_MODE", KVM_XEN_ATTR_TYPE_LONG_MODE, 0xff, 1 },
	{ "SHARED_INFO", KVM_XEN_ATTR_TYPE_SHARED_INFO,
	  XEN_SHINFO_GPA / PAGE_SIZE, XEN_SHINFO_GPA / PAGE_SIZE },
	{ "SHARED_INFO", KVM_XEN_ATTR_TYPE_SHARED_INFO,
	  XEN_SPARE_GPA(0) / PAGE_SIZE, XEN_SPARE_GPA(0) / PAGE_SIZE },
	{ "SHARED_INFO", KVM_XEN_ATTR_TYPE_SHARED_INFO,
	  KVM_XEN_INVALID_GFN, KVM_XEN_INVALID_GFN },
	{ "SHARED_INFO", KVM_XEN_ATTR_TYPE_SHARED_INFO,
	  KVM_XEN_INVALID_GFN, KVM_XEN_INVALID_GFN },
	{ "UPCALL_VECTOR", KVM_XEN_ATTR_TYPE_UPCALL_VECTOR, 0x10, 0x10 },
	{ "UPCALL_VECTOR", KVM_XEN_ATTR_TYPE_UPCALL_VECTOR, 0xff, 0xff },
	{ "UPCALL_VECTOR", KVM_XEN_ATTR_TYPE_UPCALL_VECTOR, 0, 0 },
	{ "XEN_VERSION", KVM_XEN_ATTR_TYPE_XEN_VERSION, 0x40011, 0x40011 },
	{ "XEN_VERSION", KVM_XEN_ATTR_TYPE_XEN_VERSION, UINT32_MAX, UINT32_MAX },
	{ "XEN_VERSION", KVM_XEN_ATTR_TYPE_XEN_VERSION, 0, 0 },
	{ "RUNSTATE_UPDATE_FLAG", KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG, 1, 1 },
	{ "RUNSTATE_UPDATE_FLAG", KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG, 0, 0 },
	{ "RUNSTATE_UPDATE_FLAG", KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG, 2, 1 },
};

TEST_F(attr, vm_values_are_read_back)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_values); i++) {
		EXPECT_EQ(0, xen_vm_set_value(self->x, vm_values[i].type, vm_values[i].set)) {
			TH_LOG("%s := %#lx", vm_values[i].name, vm_values[i].set);
		}
		EXPECT_EQ(vm_values[i].get, xen_vm_value(self->x, vm_values[i].type)) {
			TH_LOG("%s", vm_values[i].name);
		}
	}
}

TEST_F(attr, vm_values_begin_as_documented)
{
	EXPECT_EQ(0, xen_vm_value(self->x, KVM_XEN_ATTR_TYPE_LONG_MODE));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, xen_vm_value(self->x, KVM_XEN_ATTR_TYPE_SHARED_INFO));
	EXPECT_EQ(0, xen_vm_value(self->x, KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA));
	EXPECT_EQ(0, xen_vm_value(self->x, KVM_XEN_ATTR_TYPE_UPCALL_VECTOR));
	EXPECT_EQ(0, xen_vm_value(self->x, KVM_XEN_ATTR_TYPE_XEN_VERSION));
	EXPECT_EQ(0, xen_vm_value(self->x, KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG));
}

static const struct {
	const char *name;
	uint16_t type;
	uint64_t value;
	int error;
} vm_errors[] = {
	{ "SHARED_INFO without memory", KVM_XEN_ATTR_TYPE_SHARED_INFO,
	  NO_MEMORY_GPA / PAGE_SIZE, -EFAULT },
	{ "SHARED_INFO_HVA unaligned", KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA, 1, -EINVAL },
	{ "SHARED_INFO_HVA unaligned", KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA, 0x1004, -EINVAL },
	{ "SHARED_INFO_HVA unmapped", KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA, 0x1000, -EFAULT },
	{ "SHARED_INFO_HVA of the kernel", KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA,
	  0xffff888000000000ull, -EINVAL },
};

TEST_F(attr, vm_values_out_of_bounds_are_refused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_errors); i++) {
		EXPECT_EQ(vm_errors[i].error,
			  xen_vm_set_value(self->x, vm_errors[i].type, vm_errors[i].value)) {
			TH_LOG("%s", vm_errors[i].name);
		}
	}
}

TEST_F(attr, the_vectors_of_exceptions_are_no_upcall_vectors)
{
	unsigned int vector;

	ASSERT_EQ(0, xen_set_vm_vector(self->x, 0x20));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, 0x21));
	for (vector = 1; vector < 0x10; vector++) {
		EXPECT_EQ(-EINVAL, xen_set_vm_vector(self->x, vector));
		EXPECT_EQ(-EINVAL, xen_set_vcpu_vector(self->vcpu, vector));
	}
	EXPECT_EQ(0x20, xen_vm_value(self->x, KVM_XEN_ATTR_TYPE_UPCALL_VECTOR));
	EXPECT_EQ(0x21, xen_vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR));
}

TEST_F(attr, unknown_types_do_not_exist)
{
	const uint16_t vm_types[] = { 7, 8, 0x3f, 0x40, 0x41, 0x7fff, 0xffff };
	const uint16_t vcpu_types[] = { 0xa, 0xb, 0x3f, 0x40, 0x41, 0x7fff, 0xffff };
	uint64_t value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_types); i++) {
		EXPECT_EQ(-ENOENT, xen_vm_set_value(self->x, vm_types[i], 0));
		EXPECT_EQ(-ENOENT, xen_vm_get_value(self->x, vm_types[i], &value));
	}
	for (i = 0; i < ARRAY_SIZE(vcpu_types); i++) {
		EXPECT_EQ(-ENOENT, xen_vcpu_set_value(self->vcpu, vcpu_types[i], 0));
		EXPECT_EQ(-ENOENT, xen_vcpu_get_value(self->vcpu, vcpu_types[i], &value));
	}
}

TEST_F(attr, an_unreadable_argument_is_a_fault)
{
	const unsigned long vm_ioctls[] = { KVM_XEN_HVM_SET_ATTR, KVM_XEN_HVM_GET_ATTR,
					    KVM_XEN_HVM_EVTCHN_SEND };
	const unsigned long vcpu_ioctls[] = { KVM_XEN_VCPU_SET_ATTR, KVM_XEN_VCPU_GET_ATTR };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_ioctls); i++) {
		EXPECT_EQ(-1, ioctl(self->x->vm->fd, vm_ioctls[i], NULL));
		EXPECT_EQ(EFAULT, errno);
	}
	for (i = 0; i < ARRAY_SIZE(vcpu_ioctls); i++) {
		EXPECT_EQ(-1, ioctl(self->vcpu->fd, vcpu_ioctls[i], NULL));
		EXPECT_EQ(EFAULT, errno);
	}
}

/* shared_info is registered once, by GFN or by HVA. */
static uint64_t shinfo_gfn(struct xen_vm *x)
{
	return xen_vm_value(x, KVM_XEN_ATTR_TYPE_SHARED_INFO);
}

static uint64_t shinfo_hva(struct xen_vm *x)
{
	return xen_vm_value(x, KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA);
}

TEST_F(attr, shared_info_is_read_back_only_as_it_was_set)
{
	uint64_t gfn = XEN_SHINFO_GPA / PAGE_SIZE;

	ASSERT_EQ(0, xen_set_shared_info(self->x, gfn));
	EXPECT_EQ(gfn, shinfo_gfn(self->x));
	EXPECT_EQ(0, shinfo_hva(self->x));
	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, self->spare));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, shinfo_gfn(self->x));
	EXPECT_EQ((uintptr_t)self->spare, shinfo_hva(self->x));
	ASSERT_EQ(0, xen_set_shared_info(self->x, gfn));
	EXPECT_EQ(gfn, shinfo_gfn(self->x));
	EXPECT_EQ(0, shinfo_hva(self->x));
}

/* Does an event reach the page that was registered? */
static bool events_arrive(struct xen_vm *x, void *shinfo)
{
	int r = xen_send(x, 1, 0);

	return r == 0 && xen_clear_pending(shinfo, 1);
}

TEST_F(attr, hva_0_takes_shared_info_away)
{
	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, self->spare));
	xen_mask(self->spare, false, 1);
	EXPECT_TRUE(events_arrive(self->x, self->spare));

	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, NULL));
	EXPECT_EQ(0, shinfo_hva(self->x));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, shinfo_gfn(self->x));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 1, 0));
	EXPECT_FALSE(xen_is_pending(self->spare, 1));

	memset(self->spare, 0, PAGE_SIZE);
	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	ASSERT_EQ(0, xen_set_long_mode(self->x, false));
	EXPECT_EQ(0, ((struct xen_shared_info32 *)self->spare)->wc.version);
	EXPECT_EQ(0, ((struct xen_shared_info64 *)self->spare)->wc.version);
}

TEST_F(attr, the_invalid_gfn_takes_shared_info_away)
{
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SPARE_GPA(0) / PAGE_SIZE));
	xen_mask(self->spare, false, 1);
	EXPECT_TRUE(events_arrive(self->x, self->spare));

	ASSERT_EQ(0, xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, shinfo_gfn(self->x));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 1, 0));
	EXPECT_FALSE(xen_is_pending(self->spare, 1));
}

/* Registered by GFN and removed by HVA, and the reverse. */
TEST_F(attr, shared_info_is_removed_by_the_other_attribute_too)
{
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SPARE_GPA(0) / PAGE_SIZE));
	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, NULL));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, shinfo_gfn(self->x));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 1, 0));

	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, self->spare));
	ASSERT_EQ(0, xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
	EXPECT_EQ(0, shinfo_hva(self->x));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 1, 0));
}

TEST_F(attr, shared_info_moves)
{
	uint8_t *other = xen_hva(self->x, XEN_SPARE_GPA(1));

	xen_mask(self->spare, false, 1);
	xen_mask(other, false, 1);
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SPARE_GPA(0) / PAGE_SIZE));
	EXPECT_TRUE(events_arrive(self->x, self->spare));
	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, other));
	EXPECT_TRUE(events_arrive(self->x, other));
	EXPECT_FALSE(xen_is_pending(self->spare, 1));
}

TEST_F(attr, attributes_work_before_the_vm_is_configured)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, NULL);
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_XEN_VERSION,
		.u.xen_version = 0x40012,
	};

	EXPECT_EQ(0, __vm_ioctl(vm, KVM_XEN_HVM_SET_ATTR, &attr));
	attr.u.xen_version = 0;
	EXPECT_EQ(0, __vm_ioctl(vm, KVM_XEN_HVM_GET_ATTR, &attr));
	EXPECT_EQ(0x40012, attr.u.xen_version);
	EXPECT_EQ(0, xen_set_vcpu_id(vcpu, 3));
	EXPECT_EQ(3, xen_vcpu_value(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID));
	kvm_vm_free(vm);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO | KVM_XEN_HVM_CONFIG_RUNSTATE |
	      KVM_XEN_HVM_CONFIG_EVTCHN_SEND | KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA)
