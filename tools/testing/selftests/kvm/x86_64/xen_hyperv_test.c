// SPDX-License-Identifier: GPL-2.0
/*
 * Xen beside Hyper-V: both use the same instruction, and bit 31 of EAX decides
 * whose hypercall it is.
 *
 * If this fails, Windows as a Xen guest with Hyper-V enlightenments loses one
 * of its two hypervisors.
 */
#include "kvm_util.h"
#include "processor.h"
#include "hyperv.h"
#include "xen_harness.h"
#include "xen_hyperv.h"

FIXTURE(hyperv) {
	struct xen_vm *x;
	struct xen_stub stub;
	uint8_t *page;
};

FIXTURE_VARIANT(hyperv) {
	enum xen_stub_mode mode;
};

FIXTURE_VARIANT_ADD(hyperv, wide) { .mode = XEN_STUB_64 };
FIXTURE_VARIANT_ADD(hyperv, narrow) { .mode = XEN_STUB_32 };

static int configure(struct xen_vm *x, uint32_t flags)
{
	struct kvm_xen_hvm_config config = { .flags = flags, .msr = XEN_HYPERV_OTHER_MSR };

	return __vm_ioctl(x->vm, KVM_XEN_HVM_CONFIG, &config) ? -errno : 0;
}

FIXTURE_SETUP(hyperv)
{
	self->x = xen_vm_create_bare(1, true, NULL);
	ASSERT_EQ(0, configure(self->x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL));
	vcpu_set_hv_cpuid(self->x->vcpu[0]);
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	xen_stub_set_mode(&self->stub, variant->mode, 0);
	self->page = xen_hva(self->x, XEN_HYPERV_PAGE_GPA);
}

FIXTURE_TEARDOWN(hyperv)
{
	xen_vm_free(self->x);
}

/* An input value of Hyper-V's ABI: in RCX, or in EDX:EAX. */
static struct xen_hcall hyperv_call(const struct xen_stub *stub, uint32_t code)
{
	if (stub->mode == XEN_STUB_64)
		return (struct xen_hcall) { .nr = XEN_HYPERV_BIT };
	return (struct xen_hcall) { .nr = XEN_HYPERV_BIT | code };
}

static uint32_t run_hyperv_call(struct xen_stub *stub, uint32_t code)
{
	struct xen_hcall call = hyperv_call(stub, code);

	if (stub->mode == XEN_STUB_64)
		stub->regs.rcx = code;
	return xen_stub_hypercall(stub, xen_stub_native(), &call);
}

/*
 * In 32-bit code EAX is part of the input value, where bit 31 is reserved: there
 * it may find the input invalid before it looks at the code.
 */
static bool hyperv_refused(struct xen_stub *stub)
{
	uint32_t status = stub->regs.rax;

	return status == XEN_HYPERV_NO_CODE ||
	       (stub->mode == XEN_STUB_32 && status == XEN_HYPERV_BAD_INPUT);
}

static bool is_left_to_the_vmm(struct xen_stub *stub, uint32_t nr)
{
	struct xen_hcall call = { .nr = nr };

	xen_stub_hypercall(stub, xen_stub_native(), &call);
	if (stub->exit_reason != KVM_EXIT_XEN ||
	    stub->vcpu->run->xen.u.hcall.input != nr ||
	    stub->vcpu->run->xen.u.hcall.cpl != stub->cpl)
		return false;
	stub->vcpu->run->xen.u.hcall.result = 0;
	xen_stub_resume(stub);
	return xen_stub_passed(stub, 3);
}

TEST_F(hyperv, a_call_with_bit_31_goes_to_hyperv)
{
	ASSERT_TRUE(xen_hyperv_name_guest(&self->stub));
	run_hyperv_call(&self->stub, XEN_HYPERV_UNKNOWN_CODE);
	EXPECT_TRUE(xen_stub_passed(&self->stub, 3));
	EXPECT_TRUE(hyperv_refused(&self->stub));
}

TEST_F(hyperv, a_call_without_bit_31_goes_to_xen)
{
	ASSERT_TRUE(xen_hyperv_name_guest(&self->stub));
	EXPECT_TRUE(is_left_to_the_vmm(&self->stub, __HYPERVISOR_memory_op));
	EXPECT_TRUE(is_left_to_the_vmm(&self->stub, XEN_HYPERV_UNKNOWN_CODE));
	EXPECT_TRUE(is_left_to_the_vmm(&self->stub, 0x7fffffff));
}

TEST_F(hyperv, bit_31_means_nothing_before_the_guest_named_itself)
{
	EXPECT_TRUE(is_left_to_the_vmm(&self->stub, XEN_HYPERV_BIT));
	EXPECT_TRUE(is_left_to_the_vmm(&self->stub, XEN_HYPERV_BIT | XEN_HYPERV_UNKNOWN_CODE));
	ASSERT_TRUE(xen_hyperv_name_guest(&self->stub));
	EXPECT_FALSE(is_left_to_the_vmm(&self->stub, XEN_HYPERV_BIT));
}

TEST_F(hyperv, all_calls_go_to_hyperv_without_interception)
{
	struct xen_hcall call = { .nr = XEN_HYPERV_UNKNOWN_CODE };

	ASSERT_EQ(0, configure(self->x, 0));
	ASSERT_TRUE(xen_hyperv_name_guest(&self->stub));
	self->stub.regs.rcx = XEN_HYPERV_UNKNOWN_CODE;
	xen_stub_hypercall(&self->stub, xen_stub_native(), &call);
	EXPECT_TRUE(xen_stub_passed(&self->stub, 3));
	EXPECT_TRUE(hyperv_refused(&self->stub));
}

TEST_F(hyperv, hypervs_page_sets_bit_31_with_interception)
{
	const uint8_t or_bit_31[] = { 0x0d, 0x00, 0x00, 0x00, 0x80 };

	ASSERT_TRUE(xen_hyperv_name_guest(&self->stub));
	ASSERT_TRUE(xen_hyperv_enable_page(&self->stub));
	EXPECT_EQ(0, memcmp(self->page, or_bit_31, sizeof(or_bit_31)));
	EXPECT_EQ(0, memcmp(self->page + 5, xen_stub_native(), 3));
	EXPECT_EQ(0xc3, self->page[8]);
	EXPECT_EQ(0, self->page[9]);
}

TEST_F(hyperv, hypervs_page_is_its_own_without_interception)
{
	ASSERT_EQ(0, configure(self->x, 0));
	ASSERT_TRUE(xen_hyperv_name_guest(&self->stub));
	ASSERT_TRUE(xen_hyperv_enable_page(&self->stub));
	EXPECT_EQ(0, memcmp(self->page, xen_stub_native(), 3));
	EXPECT_EQ(0xc3, self->page[3]);
	EXPECT_EQ(0, self->page[4]);
}

TEST_F(hyperv, hypervs_page_reaches_hyperv)
{
	struct xen_stub *stub = &self->stub;

	ASSERT_TRUE(xen_hyperv_name_guest(stub));
	ASSERT_TRUE(xen_hyperv_enable_page(stub));
	EXPECT_EQ(KVM_EXIT_IO, xen_hyperv_run_page(stub, XEN_HYPERV_UNKNOWN_CODE));
	EXPECT_TRUE(hyperv_refused(stub));
}

TEST_F(hyperv, programs_get_ud_from_hyperv_and_an_exit_from_xen)
{
	ASSERT_TRUE(xen_hyperv_name_guest(&self->stub));
	xen_stub_set_mode(&self->stub, variant->mode, 3);
	EXPECT_TRUE(is_left_to_the_vmm(&self->stub, __HYPERVISOR_memory_op));

	/* The stub has no handler at level 3: #UD becomes a triple fault. */
	EXPECT_EQ(KVM_EXIT_SHUTDOWN, run_hyperv_call(&self->stub, XEN_HYPERV_UNKNOWN_CODE));
}

int main(int argc, char **argv)
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_XEN_HVM) & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL);
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_HYPERV_CPUID));
	return test_harness_run(argc, argv);
}
