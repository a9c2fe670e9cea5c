// SPDX-License-Identifier: GPL-2.0
/*
 * When an upcall is raised: as evtchn_upcall_pending goes from 0 to 1.
 *
 * If this fails, a guest under load takes an interrupt for each word of event
 * bits instead of one for all of them, or waits for events without a
 * notification.  Stock 6.12 raises one whenever a bit of evtchn_pending_sel goes up.
 */
#include "apic.h"
#include "xen_harness.h"
#include "xen.h"

/* How often the handler of the VM-wide vector leaves the flag alone. */
#define LEVEL_ENTRIES	3

static volatile uint32_t upcalls;

static void *guest_vcpu_info(void)
{
	return (void *)XEN_VCPU_INFO_GPA(0);
}

static void vcpu_upcall(struct ex_regs *regs)
{
	upcalls++;
	x2apic_write_reg(APIC_EOI, 0);
}

static void vm_upcall(struct ex_regs *regs)
{
	if (++upcalls % LEVEL_ENTRIES == 0)
		WRITE_ONCE(*xen_upcall_pending(guest_vcpu_info()), 0);
}

/*
 * Take what is due, then report how many upcalls there have been.  A level shows
 * at each entry into the guest: make one more than the handler wants.
 */
static void guest_code(void)
{
	uint32_t unused;
	int i;

	x2apic_enable();
	for (;;) {
		GUEST_SYNC(upcalls);
		for (i = 0; i <= LEVEL_ENTRIES; i++) {
			xen_guest_irq_window();
			cpuid(0, &unused, &unused, &unused, &unused);
		}
	}
}

FIXTURE(edge) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	void *vi;
	uint32_t word;		/* ports that share one bit of the selector */
};

FIXTURE_VARIANT(edge) {
	bool wide;
};

FIXTURE_VARIANT_ADD(edge, wide) {
	.wide = true,
};

FIXTURE_VARIANT_ADD(edge, narrow) {
	.wide = false,
};

FIXTURE_SETUP(edge)
{
	self->x = xen_vm_create(1, variant->wide, guest_code);
	self->vcpu = self->x->vcpu[0];
	self->vi = xen_vcpu_info(self->x, 0);
	self->word = variant->wide ? 64 : 32;
	vm_install_exception_handler(self->x->vm, XEN_VCPU_VECTOR, vcpu_upcall);
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, vm_upcall);
	ASSERT_EQ(0, xen_step(self->vcpu));
}

FIXTURE_TEARDOWN(edge)
{
	xen_vm_free(self->x);
}

TEST_F(edge, one_event_raises_one_upcall)
{
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, *xen_upcall_pending(self->vi));
	EXPECT_EQ(1, xen_sel(self->vi, variant->wide));
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(1, xen_step(self->vcpu));
}

TEST_F(edge, events_in_other_words_raise_none_while_the_flag_is_up)
{
	uint32_t port;

	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	for (port = 1; port < 8 * self->word; port += self->word) {
		ASSERT_EQ(0, xen_send(self->x, port, 0));
		EXPECT_EQ(1, xen_step(self->vcpu));
	}
	EXPECT_EQ(0xff, xen_sel(self->vi, variant->wide));
}

TEST_F(edge, the_next_event_after_the_flag_was_cleared_raises_one)
{
	uint32_t turn;

	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	for (turn = 1; turn < 5; turn++) {
		ASSERT_EQ(0, xen_send(self->x, turn, 0));
		EXPECT_EQ(turn, xen_step(self->vcpu));
		*xen_upcall_pending(self->vi) = 0;
		xen_take_sel(self->vi, variant->wide);
	}
}

TEST_F(edge, the_mask_of_upcalls_is_not_looked_at)
{
	struct xen_vcpu_info64 *vi = self->vi;

	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	vi->evtchn_upcall_mask = 1;
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(1, vi->evtchn_upcall_mask);
}

TEST_F(edge, a_masked_port_raises_none)
{
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	xen_mask(self->x->shinfo, variant->wide, 1);
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, 1));
	EXPECT_EQ(0, *xen_upcall_pending(self->vi));
	EXPECT_EQ(0, xen_sel(self->vi, variant->wide));
	EXPECT_EQ(0, xen_step(self->vcpu));
}

TEST_F(edge, a_port_that_is_pending_already_raises_none)
{
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, xen_step(self->vcpu));
	*xen_upcall_pending(self->vi) = 0;
	xen_take_sel(self->vi, variant->wide);
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(0, *xen_upcall_pending(self->vi));
	EXPECT_EQ(1, xen_step(self->vcpu));
}

/* At each entry, until the handler has cleared the flag. */
TEST_F(edge, the_vm_wide_vector_comes_again_until_the_flag_is_cleared)
{
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(LEVEL_ENTRIES, xen_step(self->vcpu));
	EXPECT_EQ(0, *xen_upcall_pending(self->vi));
	EXPECT_EQ(LEVEL_ENTRIES, xen_step(self->vcpu));
}

TEST_F(edge, the_vm_wide_vector_is_withdrawn_with_the_flag)
{
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	*xen_upcall_pending(self->vi) = 0;
	EXPECT_EQ(0, xen_step(self->vcpu));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
