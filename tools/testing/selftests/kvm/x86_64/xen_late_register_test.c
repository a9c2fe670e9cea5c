// SPDX-License-Identifier: GPL-2.0
/*
 * What is registered late finds what happened before.
 *
 * Covers vcpu_info, both kinds of upcall vectors and the enabling of the LAPIC
 * while events are pending.  If this fails, a guest that sets up its vCPUs in
 * another order than Linux, or one just migrated, sleeps on its first event.
 */
#include "apic.h"
#include "xen_harness.h"
#include "xen.h"

static volatile uint32_t upcalls;

static void vcpu_upcall(struct ex_regs *regs)
{
	upcalls++;
	x2apic_write_reg(APIC_EOI, 0);
}

static void vm_upcall(struct ex_regs *regs)
{
	upcalls++;
	WRITE_ONCE(*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)), 0);
}

static void guest_code(void)
{
	x2apic_enable();
	for (;;) {
		GUEST_SYNC(upcalls);
		xen_guest_irq_window();
	}
}

static void guest_code_late_lapic(void)
{
	wrmsr(MSR_IA32_APICBASE, rdmsr(MSR_IA32_APICBASE) | X2APIC_ENABLE);
	GUEST_SYNC(upcalls);
	xen_guest_irq_window();
	GUEST_SYNC(upcalls);
	x2apic_write_reg(APIC_SPIV, APIC_SPIV_APIC_ENABLED | 0xff);
	for (;;) {
		xen_guest_irq_window();
		GUEST_SYNC(upcalls);
	}
}

static void guest_code_halts(void)
{
	x2apic_enable();
	for (;;) {
		xen_guest_halt();
		GUEST_SYNC(upcalls);
	}
}

FIXTURE(late) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	void *vi;
};

FIXTURE_VARIANT(late) {
	bool wide;
};

FIXTURE_VARIANT_ADD(late, wide) {
	.wide = true,
};

FIXTURE_VARIANT_ADD(late, narrow) {
	.wide = false,
};

FIXTURE_SETUP(late)
{
	self->x = xen_vm_create_bare(1, variant->wide, guest_code);
	self->vcpu = self->x->vcpu[0];
	self->vi = xen_vcpu_info(self->x, 0);
	vm_install_exception_handler(self->x->vm, XEN_VCPU_VECTOR, vcpu_upcall);
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, vm_upcall);
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA >> PAGE_SHIFT));
}

FIXTURE_TEARDOWN(late)
{
	xen_vm_free(self->x);
}

static int register_vcpu_info(FIXTURE_DATA(late) *self)
{
	return xen_set_vcpu_info(self->vcpu, XEN_VCPU_INFO_GPA(0));
}

TEST_F(late, vcpu_info_by_gpa_receives_the_events_sent_before)
{
	ASSERT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	ASSERT_EQ(0, xen_send(self->x, 1000, 0));
	EXPECT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, register_vcpu_info(self));
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(1, *xen_upcall_pending(self->vi));
	EXPECT_EQ(1 | xen_sel_bit(variant->wide, 1000),
		  xen_sel(self->vi, variant->wide) & (1 | xen_sel_bit(variant->wide, 1000)));
}

TEST_F(late, vcpu_info_by_hva_receives_the_events_sent_before)
{
	TEST_REQUIRE(xen_caps() & KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA);

	ASSERT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_send(self->x, 33, 0));
	EXPECT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, xen_set_vcpu_info_hva(self->vcpu, self->vi));
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(1, *xen_upcall_pending(self->vi));
	EXPECT_TRUE(xen_sel(self->vi, variant->wide) & xen_sel_bit(variant->wide, 33));
}

TEST_F(late, vcpu_info_receives_them_with_the_vm_wide_vector_too)
{
	ASSERT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, register_vcpu_info(self));
	EXPECT_EQ(1, xen_step(self->vcpu));
}

TEST_F(late, vcpu_info_whose_flag_is_up_already_raises_an_upcall)
{
	ASSERT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	*xen_upcall_pending(self->vi) = 1;
	EXPECT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, register_vcpu_info(self));
	EXPECT_EQ(1, xen_step(self->vcpu));
}

TEST_F(late, vcpu_info_whose_flag_is_down_raises_none)
{
	ASSERT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	ASSERT_EQ(0, register_vcpu_info(self));
	EXPECT_EQ(0, xen_step(self->vcpu));
	EXPECT_EQ(0, *xen_upcall_pending(self->vi));
}

TEST_F(late, a_vcpus_vector_set_while_the_flag_is_up_raises_an_upcall)
{
	ASSERT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, register_vcpu_info(self));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, *xen_upcall_pending(self->vi));
	EXPECT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	EXPECT_EQ(1, xen_step(self->vcpu));
}

TEST_F(late, a_vcpus_vector_set_while_the_flag_is_down_raises_none)
{
	ASSERT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, register_vcpu_info(self));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	EXPECT_EQ(0, xen_step(self->vcpu));
}

TEST_F(late, the_vm_wide_vector_set_while_the_flag_is_up_raises_an_upcall)
{
	ASSERT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, register_vcpu_info(self));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	EXPECT_EQ(1, xen_step(self->vcpu));
}

TEST_F(late, enabling_the_lapic_while_the_flag_is_up_raises_an_upcall)
{
	xen_set_entry_point(self->vcpu, guest_code_late_lapic);
	ASSERT_EQ(0, register_vcpu_info(self));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, *xen_upcall_pending(self->vi));
	EXPECT_EQ(0, xen_step(self->vcpu));
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(1, xen_step(self->vcpu));
}

/* Nothing but the attribute makes a sleeping vCPU look at its flag again. */
static void sleep_with_the_flag_up(FIXTURE_DATA(late) *self, struct xen_runner *r)
{
	xen_set_entry_point(self->vcpu, guest_code_halts);
	TEST_ASSERT_EQ(register_vcpu_info(self), 0);
	*xen_upcall_pending(self->vi) = 1;
	xen_runner_start(r, self->vcpu);
	TEST_ASSERT(xen_runner_blocks(r), "The vCPU does not sleep: %s", r->failure);
}

TEST_F(late, the_vm_wide_vector_wakes_a_sleeping_vcpu_whose_flag_is_up)
{
	struct xen_runner r;

	sleep_with_the_flag_up(self, &r);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	EXPECT_TRUE(xen_runner_reaches(&r, 1));
	xen_runner_stop(&r);
}

/* Attributes of a vCPU wait for its KVM_RUN to end, but HLT goes on after it. */
TEST_F(late, a_vcpus_vector_ends_the_halt_of_a_vcpu_whose_flag_is_up)
{
	struct xen_runner r;

	sleep_with_the_flag_up(self, &r);
	xen_runner_stop(&r);
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	xen_runner_start(&r, self->vcpu);
	EXPECT_TRUE(xen_runner_reaches(&r, 1));
	xen_runner_stop(&r);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
