// SPDX-License-Identifier: GPL-2.0
/*
 * A GSI that the upcall shares with a device: a pin of the IOAPIC, level-triggered,
 * or an input of the PIC.
 *
 * If this fails, an interrupt of the device is lost when the guest clears its upcall
 * flag, or an event is lost when the device lowers the line.  Stock 6.12 has no
 * callback by GSI in the kernel.
 */
#include "xen_harness.h"
#include "xen_line.h"

FIXTURE(shared) {
	struct xen_vm *x;
	struct xen_line_cpu *cpu;
};

FIXTURE_SETUP(shared)
{
	self->x = xen_line_vm_create(1);
	self->cpu = xen_line_cpu(self->x, 0);
	ASSERT_EQ(0, xen_set_line(self->x, XEN_LINE_PIN));
	xen_line_call(self->x, 0, xen_guest_write_pin, XEN_LINE_PIN,
		      XEN_LINE_VECTOR | XEN_IOAPIC_LEVEL);
}

FIXTURE_TEARDOWN(shared)
{
	xen_vm_free(self->x);
}

static void set_device(struct xen_vm *x, int level)
{
	kvm_irq_line(x->vm, XEN_LINE_PIN, level);
}

/* Begin to take interrupts; the handler stops where the device can be served. */
static void begin_irq(struct xen_vm *x)
{
	xen_line_first(x, 0, 1, "CSHE");
	xen_line_order(x, 0, xen_guest_take_irqs, 0, 0);
	TEST_ASSERT_EQ(xen_step(x->vcpu[0]), XEN_LINE_AT_HOST);
}

static void end_irq(struct xen_vm *x)
{
	uint64_t turns = xen_line_cpu(x, 0)->turns;

	TEST_ASSERT_EQ(xen_step(x->vcpu[0]), turns + 1);
}

TEST_F(shared, the_line_going_down_leaves_the_device)
{
	set_device(self->x, 1);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	xen_line_habit(self->x, 0, "HE");
	begin_irq(self->x);
	EXPECT_EQ(1, self->cpu->nr_events);

	/* Ended with the device up: another interrupt, which serves the device. */
	ASSERT_EQ(XEN_LINE_AT_HOST, xen_step(self->x->vcpu[0]));
	EXPECT_EQ(2, self->cpu->nr_upcalls);
	EXPECT_TRUE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	set_device(self->x, 0);
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	end_irq(self->x);
	EXPECT_EQ(2, self->cpu->nr_upcalls);
}

TEST_F(shared, the_device_going_down_leaves_the_line)
{
	set_device(self->x, 1);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	set_device(self->x, 0);
	EXPECT_TRUE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	EXPECT_EQ(1, xen_line_call(self->x, 0, xen_guest_take_irqs, 0, 0));
	EXPECT_EQ(1, self->cpu->nr_events);
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
}

TEST_F(shared, an_event_while_the_device_is_served_arrives)
{
	set_device(self->x, 1);
	begin_irq(self->x);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	set_device(self->x, 0);
	end_irq(self->x);
	EXPECT_EQ(1, self->cpu->nr_events);
	EXPECT_EQ(2, self->cpu->nr_upcalls);
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
}

TEST_F(shared, the_device_while_an_event_is_handled_arrives)
{
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	begin_irq(self->x);
	set_device(self->x, 1);
	xen_line_first(self->x, 0, 1, "HE");
	ASSERT_EQ(XEN_LINE_AT_HOST, xen_step(self->x->vcpu[0]));
	set_device(self->x, 0);
	end_irq(self->x);
	EXPECT_EQ(2, self->cpu->nr_upcalls);
}

/* The device's own line goes down as the interrupt ends. */
TEST_F(shared, a_resampling_irqfd_and_the_line_do_not_hide_each_other)
{
	int fd = xen_eventfd(), resample = xen_eventfd();
	uint32_t turn;

	ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_PIN, fd, resample));
	for (turn = 1; turn <= 20; turn++) {
		/* Both; the device again while the flag is down. */
		xen_eventfd_signal(fd);
		ASSERT_TRUE(xen_wait_for(xen_ioapic_irr(self->x, XEN_LINE_PIN)));
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
		ASSERT_NE(0, xen_eventfd_take(resample));
		ASSERT_TRUE(xen_wait_for(!xen_ioapic_irr(self->x, XEN_LINE_PIN)));
		ASSERT_EQ(2 * turn - 1, self->cpu->nr_upcalls);
		xen_eventfd_signal(fd);
		ASSERT_TRUE(xen_wait_for(xen_ioapic_irr(self->x, XEN_LINE_PIN)));
		ASSERT_EQ(2 * turn, xen_line_call(self->x, 0, xen_guest_take_irqs, 0, 0));
		ASSERT_EQ(1, xen_eventfd_take(resample));
	}
}

/* At unmask KVM resamples the irqfd, and drops what other sources had raised. */
TEST_F(shared, a_resampling_irqfd_does_not_swallow_an_event_at_a_masked_pin)
{
	int fd = xen_eventfd(), resample = xen_eventfd();
	uint32_t turn;

	ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_PIN, fd, resample));
	for (turn = 1; turn <= 20; turn++) {
		xen_line_call(self->x, 0, xen_guest_write_pin, XEN_LINE_PIN,
			      XEN_LINE_VECTOR | XEN_IOAPIC_LEVEL | XEN_IOAPIC_MASKED);
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		xen_line_call(self->x, 0, xen_guest_write_pin, XEN_LINE_PIN,
			      XEN_LINE_VECTOR | XEN_IOAPIC_LEVEL);
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
	}
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
}

TEST_F(shared, the_line_and_a_device_at_another_pin_are_apart)
{
	xen_line_call(self->x, 0, xen_guest_write_pin, XEN_LINE_PIN2,
		      XEN_LINE_VECTOR2 | XEN_IOAPIC_LEVEL);
	kvm_irq_line(self->x->vm, XEN_LINE_PIN2, 1);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	kvm_irq_line(self->x->vm, XEN_LINE_PIN2, 0);
	EXPECT_TRUE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN2));
	EXPECT_EQ(2, xen_line_call(self->x, 0, xen_guest_take_irqs, 0, 0));
	EXPECT_EQ(1, self->cpu->nr_events);
}

FIXTURE(pic) {
	struct xen_vm *x;
	struct xen_line_cpu *cpu;
};

FIXTURE_VARIANT(pic) {
	unsigned int irq;
	bool level;
};

FIXTURE_VARIANT_ADD(pic, master_edge) {
	.irq = XEN_MASTER_IRQ,
	.level = false,
};

FIXTURE_VARIANT_ADD(pic, master_level) {
	.irq = XEN_MASTER_IRQ,
	.level = true,
};

FIXTURE_VARIANT_ADD(pic, slave_edge) {
	.irq = XEN_SLAVE_IRQ,
	.level = false,
};

FIXTURE_VARIANT_ADD(pic, slave_level) {
	.irq = XEN_SLAVE_IRQ,
	.level = true,
};

FIXTURE_SETUP(pic)
{
	self->x = xen_line_vm_create(1);
	self->cpu = xen_line_cpu(self->x, 0);
	xen_line_program_pic(self->x, variant->irq, variant->level);
	ASSERT_EQ(0, xen_set_line(self->x, variant->irq));
}

FIXTURE_TEARDOWN(pic)
{
	xen_vm_free(self->x);
}

TEST_F(pic, the_line_and_a_device_at_the_same_input_do_not_hide_each_other)
{
	kvm_irq_line(self->x->vm, variant->irq, 1);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	kvm_irq_line(self->x->vm, variant->irq, 0);
	EXPECT_TRUE(xen_ioapic_irr(self->x, variant->irq));
	EXPECT_EQ(1, xen_line_call(self->x, 0, xen_guest_take_irqs, 0, 0));
	EXPECT_EQ(1, self->cpu->nr_events);
	EXPECT_FALSE(xen_ioapic_irr(self->x, variant->irq));

	ASSERT_EQ(0, xen_line_send(self->x, 1));
	kvm_irq_line(self->x->vm, variant->irq, 1);
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	xen_line_mask_pic(self->x, variant->irq, false);
	EXPECT_TRUE(xen_ioapic_irr(self->x, variant->irq));
	kvm_irq_line(self->x->vm, variant->irq, 0);
	EXPECT_FALSE(xen_ioapic_irr(self->x, variant->irq));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
