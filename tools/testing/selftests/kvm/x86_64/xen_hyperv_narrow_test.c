// SPDX-License-Identifier: GPL-2.0
/*
 * Hyper-V's hypercall page for 32-bit guests, where Xen is beside it.
 *
 * The page sets bit 31 of EAX, to say that the call is not Xen's.  In 32-bit code
 * EAX is the low half of the call's input, and bit 31 is reserved there.
 *
 * If this fails, a 32-bit Windows with Hyper-V's enlightenments as a Xen guest
 * gets an error for each of Hyper-V's hypercalls.  So it is on stock 6.12.
 */
#include "kvm_util.h"
#include "processor.h"
#include "hyperv.h"
#include "xen_harness.h"
#include "xen_hyperv.h"

#define QUERY_CAPABILITIES	0x8001u		/* the VMM's to answer */

FIXTURE(page) {
	struct xen_vm *x;
	struct xen_stub stub;
};

FIXTURE_VARIANT(page) {
	enum xen_stub_mode mode;
};

FIXTURE_VARIANT_ADD(page, narrow) { .mode = XEN_STUB_32 };
FIXTURE_VARIANT_ADD(page, compat) { .mode = XEN_STUB_COMPAT };

FIXTURE_SETUP(page)
{
	struct kvm_xen_hvm_config config = {
		.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
		.msr = XEN_HYPERV_OTHER_MSR,
	};

	self->x = xen_vm_create_bare(1, false, NULL);
	vm_ioctl(self->x->vm, KVM_XEN_HVM_CONFIG, &config);
	vcpu_set_hv_cpuid(self->x->vcpu[0]);
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	xen_stub_set_mode(&self->stub, variant->mode, 0);
	ASSERT_TRUE(xen_hyperv_name_guest(&self->stub));
	ASSERT_TRUE(xen_hyperv_enable_page(&self->stub));
}

FIXTURE_TEARDOWN(page)
{
	xen_vm_free(self->x);
}

TEST_F(page, makes_calls_that_succeed)
{
	EXPECT_EQ(XEN_HYPERV_SUCCESS,
		  xen_hyperv_status(&self->stub, HVCALL_NOTIFY_LONG_SPIN_WAIT));
}

TEST_F(page, makes_calls_that_fail_for_their_code)
{
	EXPECT_EQ(XEN_HYPERV_NO_CODE,
		  xen_hyperv_status(&self->stub, XEN_HYPERV_UNKNOWN_CODE));
}

/* The bits that are reserved in a call: all of those but bit 31 are still so. */
TEST_F(page, makes_calls_that_fail_for_reserved_bits)
{
	const unsigned int reserved[] = { 27, 28, 29, 30, 44, 47, 60, 63 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		EXPECT_EQ(XEN_HYPERV_BAD_INPUT,
			  xen_hyperv_status(&self->stub, 1ull << reserved[i] |
							 HVCALL_NOTIFY_LONG_SPIN_WAIT));
	EXPECT_EQ(XEN_HYPERV_SUCCESS,
		  xen_hyperv_status(&self->stub, HVCALL_NOTIFY_LONG_SPIN_WAIT));
}

TEST_F(page, makes_calls_that_the_vmm_sees_as_they_are)
{
	const struct kvm_hyperv_exit *exit = &self->stub.vcpu->run->hyperv;

	ASSERT_EQ(KVM_EXIT_HYPERV, xen_hyperv_run_page(&self->stub, QUERY_CAPABILITIES));
	EXPECT_EQ(KVM_EXIT_HYPERV_HCALL, exit->type);
	EXPECT_EQ(QUERY_CAPABILITIES, exit->u.hcall.input);
	self->stub.vcpu->run->hyperv.u.hcall.result = 7;
	EXPECT_EQ(KVM_EXIT_IO, xen_stub_resume(&self->stub));
	EXPECT_TRUE(xen_stub_passed(&self->stub, 0));
	EXPECT_EQ(7, (uint16_t)self->stub.regs.rax);
}

int main(int argc, char **argv)
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_XEN_HVM) & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL);
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_HYPERV_CPUID));
	return test_harness_run(argc, argv);
}
