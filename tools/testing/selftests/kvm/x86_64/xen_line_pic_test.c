// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls by an input of the in-kernel PIC, edge- and level-triggered.
 *
 * If this fails, a guest that uses no IOAPIC, such as one that boots with
 * noapic or a BIOS, misses events of such a callback or drowns in interrupts.
 * Stock 6.12 has no such callback in the kernel.
 */
#include "xen_harness.h"
#include "xen_line.h"

#define ICW4_8086	0x1
#define ICW4_AEOI	0x2
#define MASTER_IMR	0x21
#define SLAVE_IMR	0xa1
#define ELCR		0x4d0
#define MANY		200
/* Longer than a work item of KVM takes; a test that waits can only be too lenient. */
#define SETTLE_US	50000

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

static void out(struct xen_vm *x, uint16_t port, uint8_t value)
{
	xen_line_call(x, 0, xen_guest_out, port, value);
}

/* The IOAPIC's pins are masked from reset on, and LINT0 is the PIC's. */
FIXTURE_SETUP(pic)
{
	uint16_t elcr = variant->level ? 1u << variant->irq : 0;

	self->x = xen_line_vm_create(2);
	self->cpu = xen_line_cpu(self->x, 0);
	xen_line_call(self->x, 0, xen_guest_init_pic, ICW4_8086, 0);
	out(self->x, ELCR, elcr);
	out(self->x, ELCR + 1, elcr >> 8);
	ASSERT_EQ(0, xen_set_line(self->x, variant->irq));
}

FIXTURE_TEARDOWN(pic)
{
	xen_vm_free(self->x);
}

static uint32_t take_irqs(FIXTURE_DATA(pic) *self)
{
	return xen_line_call(self->x, 0, xen_guest_take_irqs, 0, 0);
}

static uint32_t take_late_irqs(FIXTURE_DATA(pic) *self)
{
	usleep(SETTLE_US);
	return take_irqs(self);
}

static void mask_irq(struct xen_vm *x, unsigned int irq, bool masked)
{
	out(x, irq < 8 ? MASTER_IMR : SLAVE_IMR, masked ? 1u << irq % 8 : 0);
}

static bool next_event_arrives(FIXTURE_DATA(pic) *self)
{
	uint64_t nr = self->cpu->nr_events + 1;

	if (xen_line_send(self->x, 100))
		return false;
	return xen_line_call(self->x, 0, xen_guest_wait_events, nr, 0) == nr;
}

TEST_F(pic, each_event_is_one_interrupt)
{
	uint32_t turn;

	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_TRUE(xen_pic_irr(self->x, variant->irq));
		ASSERT_EQ(turn, take_irqs(self));
		ASSERT_EQ(turn, self->cpu->nr_events);
		ASSERT_TRUE(xen_wait_for(!xen_pic_irr(self->x, variant->irq)));
	}
	EXPECT_EQ(MANY, take_late_irqs(self));
	EXPECT_EQ(0, self->cpu->nr_spurious);
}

TEST_F(pic, the_ioapic_gets_what_the_pic_gets)
{
	xen_line_call(self->x, 0, xen_guest_write_pin, variant->irq,
		      XEN_LINE_VECTOR | (variant->level ? XEN_IOAPIC_LEVEL : 0));
	out(self->x, MASTER_IMR, 0xff);
	out(self->x, SLAVE_IMR, 0xff);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_TRUE(xen_line_is_up(self->x));
	EXPECT_EQ(1, take_irqs(self));
	EXPECT_EQ(1, self->cpu->nr_events);
	EXPECT_TRUE(xen_wait_for(!xen_line_is_up(self->x)));
	EXPECT_TRUE(next_event_arrives(self));
}

TEST_F(pic, a_flag_that_is_left_up_interrupts_again_where_that_is_level)
{
	xen_line_first(self->x, 0, 3, "E");
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_EQ(variant->level ? 4 : 1, take_late_irqs(self));
	EXPECT_EQ(variant->level ? 1 : 0, self->cpu->nr_events);

	xen_line_first(self->x, 0, 0, "");
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	EXPECT_TRUE(next_event_arrives(self));
}

TEST_F(pic, the_next_event_arrives_after_an_early_eoi)
{
	uint32_t turn;

	xen_line_habit(self->x, 0, "ECS");
	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
		/* Of a level another one is on its way when the flag is cleared. */
		ASSERT_GE(turn * (variant->level ? 2 : 1), take_irqs(self));
	}
}

TEST_F(pic, the_next_event_arrives_after_a_late_scan)
{
	uint32_t turn;

	xen_line_habit(self->x, 0, "CES");
	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, take_irqs(self));
		ASSERT_EQ(turn, self->cpu->nr_events);
	}
}

TEST_F(pic, an_event_between_flag_and_eoi_arrives)
{
	xen_line_first(self->x, 0, 1, "CSHE");
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	xen_line_order(self->x, 0, xen_guest_wait_events, 2, 0);
	ASSERT_EQ(XEN_LINE_AT_HOST, xen_step(self->x->vcpu[0]));
	ASSERT_EQ(0, xen_line_send(self->x, 2));
	ASSERT_EQ(self->cpu->turns + 1, xen_step(self->x->vcpu[0]));
	EXPECT_EQ(2, self->cpu->nr_events);
	EXPECT_EQ(2, self->cpu->nr_upcalls);
}

/*
 * The PIC keeps an edge of a masked input, and a worker makes another one in case it did
 * not: where that is late, both become interrupts.  As a rule it is not.
 */
TEST_F(pic, an_event_at_a_masked_input_arrives_when_it_is_unmasked)
{
	uint32_t turn, irqs, before = 0, nr_late = 0, may_be_late = variant->level ? 0 : 1;

	for (turn = 1; turn <= 20; turn++) {
		mask_irq(self->x, variant->irq, true);
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		irqs = take_irqs(self);
		ASSERT_GE(before + may_be_late, irqs);
		nr_late += irqs - before;

		before = irqs;
		mask_irq(self->x, variant->irq, false);
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
		irqs = take_irqs(self);
		ASSERT_LT(before, irqs);
		ASSERT_GE(before + 1 + may_be_late, irqs);
		nr_late += irqs - before - 1;
		before = irqs;
	}
	EXPECT_GE(10, nr_late);
}

/* The latch of an edge is the PIC's own, and outlives its cause: one at most. */
TEST_F(pic, a_flag_cleared_at_a_masked_input_is_no_interrupt_of_a_level)
{
	mask_irq(self->x, variant->irq, true);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	mask_irq(self->x, variant->irq, false);
	EXPECT_GE(variant->level ? 0 : 1, take_late_irqs(self));
	EXPECT_TRUE(next_event_arrives(self));
}

/* What has to be done is done later, by a thread. */
TEST_F(pic, a_handler_that_masks_and_ends_before_its_thread_works_misses_nothing)
{
	uint32_t turn;

	xen_line_habit(self->x, 0, "ME");
	for (turn = 1; turn <= 40; turn += 2) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, take_irqs(self));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_EQ(0, xen_line_send(self->x, turn + 1));
		ASSERT_EQ(turn, take_irqs(self));
		mask_irq(self->x, variant->irq, false);
		ASSERT_EQ(turn + 1, take_late_irqs(self));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_EQ(turn + 1, self->cpu->nr_events);
		mask_irq(self->x, variant->irq, false);
		ASSERT_EQ(turn + 1, take_late_irqs(self));
	}
}

TEST_F(pic, a_flag_cleared_with_interrupts_off_lowers_the_line_at_the_next_write)
{
	uint32_t turn, irqs;

	for (turn = 1; turn <= 40; turn += 2) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_TRUE(xen_ioapic_irr(self->x, variant->irq));
		mask_irq(self->x, variant->irq, false);
		ASSERT_FALSE(xen_ioapic_irr(self->x, variant->irq));
		irqs = take_late_irqs(self);
		ASSERT_TRUE(next_event_arrives(self));
		ASSERT_EQ(irqs + 1, self->cpu->nr_upcalls);
	}
}

TEST_F(pic, a_flag_cleared_with_interrupts_off_loses_no_event)
{
	uint32_t turn;

	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_TRUE(next_event_arrives(self));
	}
	EXPECT_GE(2 * MANY, take_late_irqs(self));
}

/* Nothing tells KVM of the end; of a level one interrupt too many is right. */
TEST_F(pic, each_event_arrives_where_the_pic_ends_interrupts_itself)
{
	uint32_t turn;

	xen_line_call(self->x, 0, xen_guest_init_pic, ICW4_8086 | ICW4_AEOI, 0);
	xen_line_habit(self->x, 0, "CS");
	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
	}
	EXPECT_GE(MANY * (variant->level ? 2 : 1), take_late_irqs(self));
	EXPECT_GE(MANY * (variant->level ? 2 : 1), take_late_irqs(self));
}

TEST_F(pic, the_line_and_a_device_at_the_same_input_do_not_hide_each_other)
{
	kvm_irq_line(self->x->vm, variant->irq, 1);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	kvm_irq_line(self->x->vm, variant->irq, 0);
	EXPECT_TRUE(xen_ioapic_irr(self->x, variant->irq));
	EXPECT_EQ(1, take_irqs(self));
	EXPECT_EQ(1, self->cpu->nr_events);
	EXPECT_FALSE(xen_ioapic_irr(self->x, variant->irq));

	ASSERT_EQ(0, xen_line_send(self->x, 1));
	kvm_irq_line(self->x->vm, variant->irq, 1);
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	mask_irq(self->x, variant->irq, false);
	EXPECT_TRUE(xen_ioapic_irr(self->x, variant->irq));
	kvm_irq_line(self->x->vm, variant->irq, 0);
	EXPECT_FALSE(xen_ioapic_irr(self->x, variant->irq));
}

TEST_F(pic, events_of_another_vcpu_do_not_raise_the_line)
{
	ASSERT_EQ(0, xen_send(self->x, 1, 1));
	EXPECT_FALSE(xen_pic_irr(self->x, variant->irq));
	EXPECT_EQ(0, take_late_irqs(self));
	EXPECT_TRUE(next_event_arrives(self));
}

TEST_F(pic, a_vcpu_that_sleeps_is_woken)
{
	struct xen_runner r;
	uint32_t turn;

	xen_line_order(self->x, 0, xen_guest_serve, 0, 0);
	xen_runner_start(&r, self->x->vcpu[0]);
	for (turn = 1; turn <= MANY; turn++) {
		if (turn % 20 == 0)
			ASSERT_TRUE(xen_runner_blocks(&r));
		ASSERT_EQ(0, xen_line_send(self->x, 1));
		ASSERT_TRUE(xen_wait_for(xen_line_is_handled(self->x, 1)));
	}
	xen_runner_stop(&r);
	EXPECT_STREQ("", r.failure);
	EXPECT_EQ(MANY, self->cpu->nr_upcalls);
}

TEST_F(pic, events_by_hypercall_are_no_exit)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 7, 0));
	EXPECT_EQ(MANY, xen_line_call(self->x, 0, xen_guest_ping, 7, MANY));
	EXPECT_EQ(MANY, self->cpu->nr_upcalls);
}

TEST_F(pic, events_by_irqfd_arrive)
{
	int fd = xen_eventfd();
	uint32_t turn;

	ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_EVENT_GSI, fd, -1));
	for (turn = 1; turn <= MANY; turn++) {
		xen_eventfd_signal(fd);
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
	}
	EXPECT_EQ(MANY, take_late_irqs(self));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
