// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_CAP_XEN_HVM and KVM_XEN_HVM_CONFIG: what KVM offers and what a VMM may
 * ask for.
 *
 * If this fails, a VMM written for Linux's Xen support misses a capability,
 * or has a configuration refused or, worse, one accepted that KVM does not
 * know: a flag that is silently ignored can never be given a meaning.
 */
#include <errno.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"

#define STOCK_CAPS (KVM_XEN_HVM_CONFIG_HYPERCALL_MSR |			\
		    KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |		\
		    KVM_XEN_HVM_CONFIG_SHARED_INFO |			\
		    KVM_XEN_HVM_CONFIG_RUNSTATE |			\
		    KVM_XEN_HVM_CONFIG_EVTCHN_2LEVEL |			\
		    KVM_XEN_HVM_CONFIG_EVTCHN_SEND |			\
		    KVM_XEN_HVM_CONFIG_RUNSTATE_UPDATE_FLAG |		\
		    KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE |		\
		    KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA)

#define STOCK_FLAGS (KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |		\
		     KVM_XEN_HVM_CONFIG_EVTCHN_SEND |			\
		     KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE)

#define FIRST_ADDITION	16
#define OTHER_MSR	0x40000200u

FIXTURE(config) {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
};

static void write_msr(uint64_t msr)
{
	for (;;)
		GUEST_SYNC(wrmsr_safe(msr, XEN_SPARE_GPA(0)));
}

FIXTURE_SETUP(config)
{
	self->vm = vm_create_with_one_vcpu(&self->vcpu, write_msr);
	vm_userspace_mem_region_add(self->vm, VM_MEM_SRC_ANONYMOUS, XEN_PAGES_GPA,
				    XEN_PAGES_SLOT, XEN_NR_PAGES, 0);
}

FIXTURE_TEARDOWN(config)
{
	kvm_vm_free(self->vm);
}

static int set_config(struct kvm_vm *vm, struct kvm_xen_hvm_config config)
{
	return __vm_ioctl(vm, KVM_XEN_HVM_CONFIG, &config) ? -errno : 0;
}

static int set_flags(struct kvm_vm *vm, uint32_t flags)
{
	return set_config(vm, (struct kvm_xen_hvm_config) {
		.flags = flags,
		.msr = XEN_HYPERCALL_MSR,
	});
}

/* The flags of additions that this KVM has: none on Linux's. */
static uint32_t additions(void)
{
	return kvm_check_cap(KVM_CAP_XEN_HVM) & ~((1u << FIRST_ADDITION) - 1);
}

/* The vector of the exception that a write of @msr raises in the guest. */
static uint64_t guest_write(struct kvm_vcpu *vcpu, uint32_t msr)
{
	vcpu_args_set(vcpu, 1, msr);
	xen_set_entry_point(vcpu, write_msr);
	return xen_step(vcpu);
}

TEST_F(config, the_capability_reports_all_that_linux_has)
{
	uint32_t below = (1u << FIRST_ADDITION) - 1;

	EXPECT_EQ(STOCK_CAPS, kvm_check_cap(KVM_CAP_XEN_HVM) & below);
	EXPECT_EQ(STOCK_CAPS, vm_check_cap(self->vm, KVM_CAP_XEN_HVM) & below);
}

TEST_F(config, every_combination_of_permitted_flags_is_accepted)
{
	uint32_t flags;

	for (flags = 0; flags <= STOCK_FLAGS; flags++) {
		if (flags & ~STOCK_FLAGS)
			continue;
		EXPECT_EQ(0, set_flags(self->vm, flags)) {
			TH_LOG("flags %#x", flags);
		}
	}
}

TEST_F(config, every_other_flag_is_refused)
{
	uint32_t permitted = STOCK_FLAGS | additions();
	int bit;

	for (bit = 0; bit < 32; bit++) {
		uint32_t flag = 1u << bit;

		if (flag & permitted)
			continue;
		EXPECT_EQ(-EINVAL, set_flags(self->vm, flag)) {
			TH_LOG("flag %#x alone", flag);
		}
		EXPECT_EQ(-EINVAL, set_flags(self->vm, flag | STOCK_FLAGS)) {
			TH_LOG("flag %#x with the permitted ones", flag);
		}
	}
}

TEST_F(config, a_refused_configuration_leaves_the_old_one)
{
	ASSERT_EQ(0, set_flags(self->vm, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL));
	ASSERT_EQ(-EINVAL, set_config(self->vm, (struct kvm_xen_hvm_config) {
		.flags = KVM_XEN_HVM_CONFIG_SHARED_INFO,
		.msr = OTHER_MSR,
	}));
	EXPECT_EQ(GP_VECTOR, guest_write(self->vcpu, OTHER_MSR));
	EXPECT_EQ(0, guest_write(self->vcpu, XEN_HYPERCALL_MSR));
}

TEST_F(config, interception_refuses_blobs_of_the_vmm)
{
	const struct kvm_xen_hvm_config with_a_blob[] = {
		{ .blob_addr_32 = 0x1000 },
		{ .blob_addr_64 = 0x1000 },
		{ .blob_size_32 = 1 },
		{ .blob_size_64 = 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_a_blob); i++) {
		struct kvm_xen_hvm_config config = with_a_blob[i];

		config.msr = XEN_HYPERCALL_MSR;
		EXPECT_EQ(0, set_config(self->vm, config)) {
			TH_LOG("row %u without interception", i);
		}
		config.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL;
		EXPECT_EQ(-EINVAL, set_config(self->vm, config)) {
			TH_LOG("row %u with interception", i);
		}
	}
}

TEST_F(config, the_hypercall_msr_can_be_moved)
{
	struct kvm_xen_hvm_config config = {
		.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
		.msr = XEN_HYPERCALL_MSR,
	};

	ASSERT_EQ(0, set_config(self->vm, config));
	EXPECT_EQ(0, guest_write(self->vcpu, XEN_HYPERCALL_MSR));
	EXPECT_EQ(GP_VECTOR, guest_write(self->vcpu, OTHER_MSR));

	config.msr = OTHER_MSR;
	ASSERT_EQ(0, set_config(self->vm, config));
	EXPECT_EQ(GP_VECTOR, guest_write(self->vcpu, XEN_HYPERCALL_MSR));
	EXPECT_EQ(0, guest_write(self->vcpu, OTHER_MSR));
}

TEST_F(config, msr_0_takes_the_hypercall_msr_away)
{
	struct kvm_xen_hvm_config config = {
		.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
	};
	int turn;

	EXPECT_EQ(GP_VECTOR, guest_write(self->vcpu, XEN_HYPERCALL_MSR));
	for (turn = 0; turn < 3; turn++) {
		config.msr = XEN_HYPERCALL_MSR;
		ASSERT_EQ(0, set_config(self->vm, config));
		EXPECT_EQ(0, guest_write(self->vcpu, XEN_HYPERCALL_MSR));
		config.msr = 0;
		ASSERT_EQ(0, set_config(self->vm, config));
		EXPECT_EQ(GP_VECTOR, guest_write(self->vcpu, XEN_HYPERCALL_MSR));
	}
}

TEST_F(config, an_unreadable_argument_is_a_fault)
{
	EXPECT_EQ(-1, ioctl(self->vm->fd, KVM_XEN_HVM_CONFIG, NULL));
	EXPECT_EQ(EFAULT, errno);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_HYPERCALL_MSR)
