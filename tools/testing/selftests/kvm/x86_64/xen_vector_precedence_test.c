// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU with an upcall vector of its own does not get the VM-wide one too.
 *
 * If this fails, every event enters such a guest twice, once by each vector.
 * Stock 6.12 does so.
 */
#include "apic.h"
#include "xen_harness.h"
#include "xen.h"

static volatile uint32_t vcpu_upcalls, vm_upcalls;

static void clear_flag(void)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(x2apic_read_reg(APIC_ID));

	WRITE_ONCE(*xen_upcall_pending(vcpu_info), 0);
}

static void vcpu_upcall(struct ex_regs *regs)
{
	vcpu_upcalls++;
	clear_flag();
	x2apic_write_reg(APIC_EOI, 0);
}

static void vm_upcall(struct ex_regs *regs)
{
	vm_upcalls++;
	clear_flag();
}

static void guest_code(void)
{
	x2apic_enable();
	for (;;) {
		GUEST_SYNC(vcpu_upcalls << 16 | vm_upcalls);
		xen_guest_irq_window();
	}
}

/* What a step returns. */
#define ENTERED(vcpu, vm)	((vcpu) << 16 | (vm))

FIXTURE(precedence) {
	struct xen_vm *x;
};

FIXTURE_SETUP(precedence)
{
	self->x = xen_vm_create(2, true, guest_code);
	vm_install_exception_handler(self->x->vm, XEN_VCPU_VECTOR, vcpu_upcall);
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, vm_upcall);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	ASSERT_EQ(0, xen_step(self->x->vcpu[0]));
	ASSERT_EQ(0, xen_step(self->x->vcpu[1]));
}

FIXTURE_TEARDOWN(precedence)
{
	xen_vm_free(self->x);
}

TEST_F(precedence, without_a_vector_of_its_own_a_vcpu_gets_the_vm_wide_one)
{
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(ENTERED(0, 1), xen_step(self->x->vcpu[0]));
	EXPECT_EQ(ENTERED(0, 1), xen_step(self->x->vcpu[0]));
}

TEST_F(precedence, with_both_one_event_enters_the_vcpus_own_handler_once)
{
	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(ENTERED(1, 0), xen_step(self->x->vcpu[0]));
	EXPECT_EQ(ENTERED(1, 0), xen_step(self->x->vcpu[0]));
}

TEST_F(precedence, a_vcpu_without_keeps_the_vm_wide_one_beside_one_with)
{
	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_send(self->x, 1, 1));
	EXPECT_EQ(ENTERED(0, 0), xen_step(self->x->vcpu[0]));
	EXPECT_EQ(ENTERED(0, 1), xen_step(self->x->vcpu[1]));
}

TEST_F(precedence, taking_the_vcpus_vector_away_brings_the_vm_wide_one_back)
{
	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], 0));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(ENTERED(0, 1), xen_step(self->x->vcpu[0]));
}

TEST_F(precedence, reserved_vectors_are_refused_and_change_nothing)
{
	int vector;

	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	for (vector = 1; vector < 0x10; vector++) {
		EXPECT_EQ(-EINVAL, xen_set_vcpu_vector(self->x->vcpu[0], vector));
		EXPECT_EQ(-EINVAL, xen_set_vm_vector(self->x, vector));
	}
	EXPECT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[1], 0x10));

	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, xen_step(self->x->vcpu[0]) >> 16);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
