// SPDX-License-Identifier: GPL-2.0
/*
 * Which number the hypercall MSR may have.
 *
 * If this fails, a VMM can give it the number of an MSR that KVM itself writes, so that
 * KVM writes to guest memory where it must not, and takes the guest for one of another
 * width; or a number that VMMs use is refused.
 */
#include <errno.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"
#include "xen_stub.h"

#define FIRST_MSR	0x40000000u
#define LAST_MSR	0x4fffffffu
#define HYPERV_MSR	0x40000200u	/* used where Hyper-V has the first ones */

FIXTURE(msr) {
	struct kvm_vm *vm;
};

FIXTURE_SETUP(msr)
{
	self->vm = vm_create_barebones();
}

FIXTURE_TEARDOWN(msr)
{
	kvm_vm_free(self->vm);
}

static int set_msr(struct kvm_vm *vm, uint32_t msr, uint32_t flags)
{
	struct kvm_xen_hvm_config config = { .msr = msr, .flags = flags };

	return __vm_ioctl(vm, KVM_XEN_HVM_CONFIG, &config) ? -errno : 0;
}

static const uint32_t outside[] = {
	1, MSR_IA32_TSC, MSR_IA32_APICBASE, MSR_IA32_XSS, FIRST_MSR - 1,
	LAST_MSR + 1, MSR_EFER, MSR_VM_HSAVE_PA, UINT32_MAX,
};

TEST_F(msr, it_is_none_that_a_cpu_has)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		EXPECT_EQ(-EINVAL, set_msr(self->vm, outside[i], 0)) {
			TH_LOG("MSR %#x", outside[i]);
		}
		EXPECT_EQ(-EINVAL, set_msr(self->vm, outside[i],
					   KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL)) {
			TH_LOG("MSR %#x with interception", outside[i]);
		}
	}
}

TEST_F(msr, it_is_any_that_hypervisors_may_define)
{
	const uint32_t inside[] = { FIRST_MSR, FIRST_MSR + 1, HYPERV_MSR, LAST_MSR, 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(inside); i++) {
		EXPECT_EQ(0, set_msr(self->vm, inside[i], 0)) {
			TH_LOG("MSR %#x", inside[i]);
		}
	}
}

static bool is_wide(struct kvm_vm *vm)
{
	struct kvm_xen_hvm_attr attr = { .type = KVM_XEN_ATTR_TYPE_LONG_MODE };

	vm_ioctl(vm, KVM_XEN_HVM_GET_ATTR, &attr);
	return attr.u.long_mode;
}

/* KVM clears MSR_IA32_XSS when it makes a vCPU, which is in real mode then. */
TEST_F(msr, a_new_vcpu_writes_none)
{
	struct kvm_xen_hvm_attr wide = {
		.type = KVM_XEN_ATTR_TYPE_LONG_MODE,
		.u.long_mode = true,
	};
	uint8_t untouched[PAGE_SIZE];
	void *page;

	vm_userspace_mem_region_add(self->vm, VM_MEM_SRC_ANONYMOUS, 0, 0, 1, 0);
	page = addr_gpa2hva(self->vm, 0);
	memset(page, 0x5a, PAGE_SIZE);
	memset(untouched, 0x5a, PAGE_SIZE);
	set_msr(self->vm, MSR_IA32_XSS, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL);
	vm_ioctl(self->vm, KVM_XEN_HVM_SET_ATTR, &wide);
	__vm_vcpu_add(self->vm, 0);
	EXPECT_EQ(0, memcmp(page, untouched, PAGE_SIZE));
	EXPECT_TRUE(is_wide(self->vm));
}

TEST(one_that_is_refused_leaves_what_was)
{
	struct xen_vm *x = xen_vm_create(1, true, NULL);
	struct xen_stub stub;

	xen_stub_init(&stub, x->vcpu[0]);
	ASSERT_EQ(0, set_msr(x->vm, HYPERV_MSR, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL));
	ASSERT_EQ(-EINVAL, set_msr(x->vm, MSR_EFER, 0));
	EXPECT_TRUE(xen_stub_write_msr(&stub, HYPERV_MSR, XEN_SPARE_GPA(0)));
	EXPECT_EQ(0xb8, *(uint8_t *)xen_hva(x, XEN_SPARE_GPA(0)));
	xen_vm_free(x);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_HYPERCALL_MSR)
