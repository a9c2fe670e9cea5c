// SPDX-License-Identifier: GPL-2.0
/*
 * Xen's CPUID leaf about time: what of it is the VMM's, and what KVM fills in.
 *
 * If this fails, guests read parameters of the TSC for the flags and the mode that the
 * VMM gave, or a VMM cannot set a vCPU's CPUID again to what it is, as it does when it
 * plugs one in that it had unplugged.
 */
#include <errno.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_cpuid.h"
#include "xen_harness.h"
#include "xen.h"

#define TIME_LEAF	(XEN_CPUID_BASE + XEN_CPUID_TIME)

/* Flags, mode, kHz and incarnation; and an offset of the guest's time. */
static const struct xen_cpuid_regs given = { 6, 2, 2400000, 7 };
static const struct xen_cpuid_regs offset = { 0x11223344, 0x55667788, 0, 0 };

FIXTURE(cpuid_time) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct xen_time_info *time;
	struct kvm_cpuid2 *cpuid;
	struct xen_cpuid_regs set[3];	/* sub-leaves; those after it are 0 */
};

FIXTURE_VARIANT(cpuid_time) {
	bool indexed;
};

FIXTURE_VARIANT_ADD(cpuid_time, one_entry) { .indexed = false };
FIXTURE_VARIANT_ADD(cpuid_time, entries_by_index) { .indexed = true };

static void do_nothing(void)
{
	for (;;)
		GUEST_SYNC(0);
}

FIXTURE_SETUP(cpuid_time)
{
	uint32_t index;

	self->x = xen_vm_create(1, true, do_nothing);
	self->vcpu = self->x->vcpu[0];
	self->time = (void *)((uint8_t *)xen_vcpu_info(self->x, 0) + 32);
	self->cpuid = xen_cpuid_new(XEN_CPUID_BASE, XEN_CPUID_BASE + 4, XEN_CPUID_SIGNATURE);

	self->set[0] = given;
	if (variant->indexed) {
		self->set[1] = offset;
		for (index = 0; index < ARRAY_SIZE(self->set); index++)
			xen_cpuid_add_index(self->cpuid, TIME_LEAF, index, self->set[index]);
	} else {
		xen_cpuid_add(self->cpuid, TIME_LEAF, given);
	}
	vcpu_init_cpuid(self->vcpu, self->cpuid);
	xen_step(self->vcpu);
}

FIXTURE_TEARDOWN(cpuid_time)
{
	free(self->cpuid);
	xen_vm_free(self->x);
}

static int set_cpuid(struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid)
{
	return __vcpu_ioctl(vcpu, KVM_SET_CPUID2, cpuid) ? -errno : 0;
}

/* What the VMM gave for a sub-leaf.  If KVM fills in others, one entry is sub-leaf 0's. */
static struct xen_cpuid_regs from_vmm(FIXTURE_DATA(cpuid_time) *self, bool indexed,
				      uint32_t index)
{
	if (!indexed && !XEN_KVM_FILLS_TIME_LEAF)
		index = 0;
	return index < ARRAY_SIZE(self->set) ? self->set[index] : (struct xen_cpuid_regs) {};
}

static void expect_regs(struct __test_metadata *_metadata, struct kvm_vcpu *vcpu,
			uint32_t index, struct xen_cpuid_regs want)
{
	struct xen_cpuid_regs seen = xen_cpuid_read(vcpu, TIME_LEAF, index);

	EXPECT_EQ(want.eax, seen.eax);
	EXPECT_EQ(want.ebx, seen.ebx);
	EXPECT_EQ(want.ecx, seen.ecx);
	EXPECT_EQ(want.edx, seen.edx);
}

TEST_F(cpuid_time, sub_leaf_0_is_the_vmms)
{
	expect_regs(_metadata, self->vcpu, 0, given);
}

TEST_F(cpuid_time, sub_leaf_1_has_the_scale_of_the_tsc)
{
	struct xen_cpuid_regs want = from_vmm(self, variant->indexed, 1);

	EXPECT_NE(0, self->time->tsc_to_system_mul);
	if (XEN_KVM_FILLS_TIME_LEAF) {
		want.ecx = self->time->tsc_to_system_mul;
		want.edx = self->time->tsc_shift;
	}
	expect_regs(_metadata, self->vcpu, 1, want);
}

TEST_F(cpuid_time, sub_leaf_2_has_its_frequency)
{
	struct xen_cpuid_regs want = from_vmm(self, variant->indexed, 2);

	if (XEN_KVM_FILLS_TIME_LEAF)
		want.eax = __vcpu_ioctl(self->vcpu, KVM_GET_TSC_KHZ, NULL);
	expect_regs(_metadata, self->vcpu, 2, want);
}

TEST_F(cpuid_time, kvm_adds_no_more_sub_leaves)
{
	expect_regs(_metadata, self->vcpu, 3, from_vmm(self, variant->indexed, 3));
}

TEST_F(cpuid_time, what_was_set_can_be_set_again)
{
	EXPECT_EQ(0, set_cpuid(self->vcpu, self->cpuid));
	xen_step(self->vcpu);
	EXPECT_EQ(0, set_cpuid(self->vcpu, self->cpuid));
}

TEST_F(cpuid_time, nothing_else_can_be_set)
{
	self->cpuid->entries[self->cpuid->nent - 1].edx++;
	EXPECT_EQ(-EINVAL, set_cpuid(self->vcpu, self->cpuid));
}

TEST_F(cpuid_time, the_vmm_reads_what_it_set)
{
	const struct kvm_cpuid_entry2 *entry;
	uint32_t index;

	vcpu_ioctl(self->vcpu, KVM_GET_CPUID2, self->vcpu->cpuid);
	ASSERT_EQ(self->cpuid->nent, self->vcpu->cpuid->nent);
	for (index = 0; index < (variant->indexed ? ARRAY_SIZE(self->set) : 1); index++) {
		entry = get_cpuid_entry(self->vcpu->cpuid, TIME_LEAF, index);
		EXPECT_EQ(0, memcmp(&entry->eax, &self->set[index], sizeof(self->set[index])));
	}
	EXPECT_EQ(0, set_cpuid(self->vcpu, self->vcpu->cpuid));
}

/* KVM fills in what the VMM offers, and adds no sub-leaf to it. */
TEST(a_sub_leaf_that_the_vmm_leaves_out_is_0)
{
	struct xen_vm *x = xen_vm_create(1, true, do_nothing);
	struct kvm_cpuid2 *cpuid = xen_cpuid_new(XEN_CPUID_BASE, XEN_CPUID_BASE + 4,
						 XEN_CPUID_SIGNATURE);
	struct xen_cpuid_regs seen;
	uint32_t index;

	xen_cpuid_add_index(cpuid, TIME_LEAF, 0, given);
	vcpu_init_cpuid(x->vcpu[0], cpuid);
	xen_step(x->vcpu[0]);
	for (index = 1; index < 4; index++) {
		seen = xen_cpuid_read(x->vcpu[0], TIME_LEAF, index);
		EXPECT_EQ(0, seen.eax | seen.ebx | seen.ecx | seen.edx) {
			TH_LOG("sub-leaf %u", index);
		}
	}
	free(cpuid);
	xen_vm_free(x);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO)
