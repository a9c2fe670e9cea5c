// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls by an input of an in-kernel interrupt controller: a pin of the IOAPIC or an
 * IRQ of the PIC, edge- and level-triggered.
 *
 * If this fails, a guest with such a callback misses events and hangs, or gets an endless
 * stream of interrupts from a line that is never lowered.  A guest uses the PIC as long as
 * its BIOS runs, and for good where it boots with noapic.  Stock 6.12 has no such callback
 * in the kernel.
 */
#include "xen_harness.h"
#include "xen_line.h"

#define MANY		200
/* Longer than KVM's deferred work takes; where it is too short, the test is only laxer. */
#define LATE_US		50000

FIXTURE(irqchip) {
	struct xen_vm *x;
	struct xen_line_cpu *cpu;
	uint8_t *flag;
};

FIXTURE_VARIANT(irqchip) {
	uint32_t type;
	unsigned int irq;	/* of the PIC, or 0: XEN_LINE_PIN of the IOAPIC */
	bool level;
};

FIXTURE_VARIANT_ADD(irqchip, ioapic_edge) {
	.type = KVM_XEN_CALLBACK_GSI,
};

FIXTURE_VARIANT_ADD(irqchip, ioapic_level) {
	.type = KVM_XEN_CALLBACK_GSI,
	.level = true,
};

FIXTURE_VARIANT_ADD(irqchip, ioapic_intx) {
	.type = KVM_XEN_CALLBACK_PCI_INTX,
	.level = true,
};

FIXTURE_VARIANT_ADD(irqchip, pic_master_edge) {
	.type = KVM_XEN_CALLBACK_GSI,
	.irq = XEN_MASTER_IRQ,
};

FIXTURE_VARIANT_ADD(irqchip, pic_master_level) {
	.type = KVM_XEN_CALLBACK_GSI,
	.irq = XEN_MASTER_IRQ,
	.level = true,
};

FIXTURE_VARIANT_ADD(irqchip, pic_slave_edge) {
	.type = KVM_XEN_CALLBACK_GSI,
	.irq = XEN_SLAVE_IRQ,
};

FIXTURE_VARIANT_ADD(irqchip, pic_slave_level) {
	.type = KVM_XEN_CALLBACK_GSI,
	.irq = XEN_SLAVE_IRQ,
	.level = true,
};

/* Let the guest write the entry of XEN_LINE_PIN: its vector, trigger mode and @bits. */
static void write_pin(struct xen_vm *x, bool level, uint64_t bits)
{
	xen_line_call(x, 0, xen_guest_write_pin, XEN_LINE_PIN,
		      XEN_LINE_VECTOR | (level ? XEN_IOAPIC_LEVEL : 0) | bits);
}

static void mask(struct xen_vm *x, const FIXTURE_VARIANT(irqchip) *variant, bool masked)
{
	if (variant->irq)
		xen_line_mask_pic(x, variant->irq, masked);
	else
		write_pin(x, variant->level, masked ? XEN_IOAPIC_MASKED : 0);
}

/* After a reset the pins of the IOAPIC are masked, and LINT0 takes the PIC's interrupts. */
FIXTURE_SETUP(irqchip)
{
	struct kvm_xen_callback callback = {
		.type = variant->type,
		.gsi = variant->irq ?: XEN_LINE_PIN,
	};

	self->x = xen_line_vm_create(2);
	self->cpu = xen_line_cpu(self->x, 0);
	self->flag = xen_upcall_pending(xen_vcpu_info(self->x, 0));
	if (variant->irq)
		xen_line_program_pic(self->x, variant->irq, variant->level);
	ASSERT_EQ(0, xen_set_callback(self->x, &callback));
	if (!variant->irq)
		mask(self->x, variant, false);
}

FIXTURE_TEARDOWN(irqchip)
{
	xen_vm_free(self->x);
}

static uint32_t take_irqs(struct xen_vm *x)
{
	return xen_line_call(x, 0, xen_guest_take_irqs, 0, 0);
}

/* The number of interrupts in the end, those that deferred work raises included. */
static uint32_t take_late_irqs(struct xen_vm *x)
{
	usleep(LATE_US);
	return take_irqs(x);
}

/*
 * Whether the input is high.  Every line of the PIC goes to the IOAPIC too, where its pin
 * is masked here.  A pin does not show an edge that was delivered: ask for the callback.
 */
static bool is_up(struct xen_vm *x, const FIXTURE_VARIANT(irqchip) *variant)
{
	if (variant->irq)
		return xen_ioapic_irr(x, variant->irq);
	return variant->level ? xen_ioapic_irr(x, XEN_LINE_PIN) : xen_line_is_up(x);
}

/* Whatever happened before, the next event has to arrive. */
static bool next_event_arrives(struct xen_vm *x)
{
	uint64_t nr = xen_line_cpu(x, 0)->nr_events + 1;

	if (xen_line_send(x, 100))
		return false;
	return xen_line_call(x, 0, xen_guest_wait_events, nr, 0) == nr;
}

TEST_F(irqchip, an_event_raises_the_line_and_its_handling_lowers_it)
{
	EXPECT_FALSE(is_up(self->x, variant));
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_TRUE(is_up(self->x, variant));
	EXPECT_EQ(1, *self->flag);
	EXPECT_EQ(1, take_irqs(self->x));
	EXPECT_EQ(1, self->cpu->nr_events);
	EXPECT_TRUE(xen_wait_for(!is_up(self->x, variant)));
	EXPECT_EQ(1, take_late_irqs(self->x));
}

TEST_F(irqchip, each_event_is_one_interrupt)
{
	uint32_t turn;

	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		if (variant->irq)
			ASSERT_TRUE(xen_pic_irr(self->x, variant->irq));
		ASSERT_EQ(turn, take_irqs(self->x));
		ASSERT_EQ(turn, self->cpu->nr_events);
		if (variant->irq)
			ASSERT_TRUE(xen_wait_for(!xen_pic_irr(self->x, variant->irq)));
	}
	EXPECT_EQ(MANY, take_late_irqs(self->x));
	EXPECT_EQ(0, self->cpu->nr_spurious);
}

TEST_F(irqchip, events_while_the_flag_is_up_are_one_interrupt)
{
	uint32_t port;

	for (port = 1; port < 256; port += 50)
		ASSERT_EQ(0, xen_line_send(self->x, port));
	EXPECT_EQ(1, take_irqs(self->x));
	EXPECT_EQ(6, self->cpu->nr_events);
	EXPECT_TRUE(next_event_arrives(self->x));
	EXPECT_EQ(2, self->cpu->nr_upcalls);
}

TEST_F(irqchip, a_masked_port_raises_nothing)
{
	xen_mask(self->x->shinfo, true, 1);
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_FALSE(is_up(self->x, variant));
	EXPECT_EQ(0, take_late_irqs(self->x));
}

/* A level interrupts until the flag is cleared; of an edge there is no second one. */
TEST_F(irqchip, a_flag_that_is_left_up_interrupts_again_where_that_is_level)
{
	xen_line_first(self->x, 0, 3, "E");
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_EQ(variant->level ? 4 : 1, take_late_irqs(self->x));
	EXPECT_EQ(variant->level ? 1 : 0, self->cpu->nr_events);
	EXPECT_EQ(!variant->level, is_up(self->x, variant));

	xen_line_first(self->x, 0, 0, "");
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	EXPECT_TRUE(next_event_arrives(self->x));
}

TEST_F(irqchip, the_next_event_arrives_after_an_early_eoi)
{
	uint32_t turn;

	xen_line_habit(self->x, 0, "ECS");
	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
		/* A level has requested another interrupt before the flag is cleared. */
		ASSERT_GE(turn * (variant->level ? 2 : 1), take_irqs(self->x));
	}
}

TEST_F(irqchip, the_next_event_arrives_after_a_late_scan)
{
	uint32_t turn;

	xen_line_habit(self->x, 0, "CES");
	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, take_irqs(self->x));
		ASSERT_EQ(turn, self->cpu->nr_events);
	}
}

/* It comes after the flag was cleared, but before the EOI. */
TEST_F(irqchip, an_event_between_flag_and_eoi_arrives)
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

TEST_F(irqchip, a_flag_cleared_with_interrupts_off_loses_no_event)
{
	uint32_t turn;

	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_TRUE(next_event_arrives(self->x));
	}
	EXPECT_TRUE(xen_wait_for(!is_up(self->x, variant)));
	EXPECT_GE(2 * MANY, take_late_irqs(self->x));
}

/*
 * The PIC latches an edge of a masked input, and deferred work raises the line once more
 * in case it did not: where that runs late, both become interrupts.  Mostly it does not.
 */
TEST_F(irqchip, an_event_at_a_masked_input_arrives_when_it_is_unmasked)
{
	uint32_t may_be_late = variant->irq && !variant->level;
	uint32_t turn, irqs, before = 0, nr_late = 0;

	for (turn = 1; turn <= 20; turn++) {
		mask(self->x, variant, true);
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		irqs = take_irqs(self->x);
		ASSERT_GE(before + may_be_late, irqs);
		nr_late += irqs - before;

		before = irqs;
		mask(self->x, variant, false);
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
		irqs = take_irqs(self->x);
		ASSERT_LT(before, irqs);
		ASSERT_GE(before + 1 + may_be_late, irqs);
		nr_late += irqs - before - 1;
		before = irqs;
	}
	EXPECT_GE(10, nr_late);
	EXPECT_GE(before + may_be_late, take_late_irqs(self->x));
	EXPECT_TRUE(xen_wait_for(!is_up(self->x, variant)));
}

/* What the PIC latched of an edge stays when the line is lowered: one interrupt at most. */
TEST_F(irqchip, a_flag_cleared_at_a_masked_input_is_no_interrupt_when_it_is_unmasked)
{
	uint32_t latched = variant->irq && !variant->level;

	mask(self->x, variant, true);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_TRUE(is_up(self->x, variant));
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	mask(self->x, variant, false);
	EXPECT_GE(latched, take_late_irqs(self->x));
	EXPECT_FALSE(is_up(self->x, variant));
	EXPECT_TRUE(next_event_arrives(self->x));
	EXPECT_GE(1 + latched, self->cpu->nr_upcalls);
}

/* As handlers with IRQF_ONESHOT do: a thread of the guest handles the events later. */
TEST_F(irqchip, a_handler_that_masks_and_ends_before_its_thread_works_misses_nothing)
{
	uint32_t turn;

	xen_line_habit(self->x, 0, "ME");
	for (turn = 1; turn <= 40; turn += 2) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, take_irqs(self->x));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_EQ(0, xen_line_send(self->x, turn + 1));
		ASSERT_EQ(turn, take_irqs(self->x));
		mask(self->x, variant, false);
		ASSERT_EQ(turn + 1, take_late_irqs(self->x));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_EQ(turn + 1, self->cpu->nr_events);
		mask(self->x, variant, false);
		ASSERT_EQ(turn + 1, take_late_irqs(self->x));
	}
}

TEST_F(irqchip, events_of_another_vcpu_do_not_raise_the_line)
{
	ASSERT_EQ(0, xen_send(self->x, 1, 1));
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(self->x, 1)));
	EXPECT_FALSE(is_up(self->x, variant));
	EXPECT_EQ(0, take_late_irqs(self->x));
	EXPECT_TRUE(next_event_arrives(self->x));
	EXPECT_EQ(1, self->cpu->nr_upcalls);
}

/* Xen's vCPU ID, which the guest knows, decides. */
TEST_F(irqchip, the_line_is_of_the_vcpu_with_xens_id_0)
{
	ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[0], 1));
	ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[1], 0));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_FALSE(is_up(self->x, variant));
	ASSERT_EQ(0, xen_send(self->x, 2, 1));
	EXPECT_TRUE(is_up(self->x, variant));
}

TEST_F(irqchip, a_vcpu_with_a_vector_of_its_own_is_notified_by_that_alone)
{
	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_FALSE(is_up(self->x, variant));

	/* Nor is the line raised by a write at which KVM looks at the flag. */
	xen_line_call(self->x, 0, xen_guest_touch_ioapic, 0, 0);
	mask(self->x, variant, true);
	mask(self->x, variant, false);
	EXPECT_FALSE(is_up(self->x, variant));
	EXPECT_EQ(0, take_late_irqs(self->x));
	EXPECT_EQ(1, self->cpu->nr_own);
	EXPECT_EQ(1, self->cpu->nr_events);

	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], 0));
	EXPECT_TRUE(next_event_arrives(self->x));
	EXPECT_EQ(1, self->cpu->nr_upcalls);
	EXPECT_EQ(1, self->cpu->nr_own);
}

TEST_F(irqchip, a_vcpu_that_sleeps_is_woken)
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

TEST_F(irqchip, events_by_hypercall_are_no_exit)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 7, 0));
	EXPECT_EQ(MANY, xen_line_call(self->x, 0, xen_guest_ping, 7, MANY));
	EXPECT_EQ(MANY, self->cpu->nr_upcalls);
}

TEST_F(irqchip, events_by_hypercall_of_another_vcpu_arrive)
{
	struct xen_runner r;

	ASSERT_EQ(0, xen_bind_ipi(self->x, 7, 0));
	xen_line_order(self->x, 0, xen_guest_serve, 0, 0);
	xen_runner_start(&r, self->x->vcpu[0]);
	EXPECT_EQ(MANY, xen_line_call(self->x, 1, xen_guest_ping_far, 7, MANY));
	xen_runner_stop(&r);
	EXPECT_STREQ("", r.failure);
	EXPECT_EQ(MANY, self->cpu->nr_upcalls);
}

/* An eventfd calls KVM in a context that may not raise a line: that work is deferred. */
TEST_F(irqchip, events_by_irqfd_arrive)
{
	int fd = xen_eventfd();
	uint32_t turn;

	ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_EVENT_GSI, fd, -1));
	for (turn = 1; turn <= MANY; turn++) {
		xen_eventfd_signal(fd);
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
	}
	EXPECT_EQ(MANY, take_late_irqs(self->x));
}

FIXTURE(ioapic) {
	struct xen_vm *x;
	struct xen_line_cpu *cpu;
};

FIXTURE_VARIANT(ioapic) {
	uint32_t type;
	bool level;
};

FIXTURE_VARIANT_ADD(ioapic, edge) {
	.type = KVM_XEN_CALLBACK_GSI,
};

FIXTURE_VARIANT_ADD(ioapic, level) {
	.type = KVM_XEN_CALLBACK_GSI,
	.level = true,
};

FIXTURE_VARIANT_ADD(ioapic, intx) {
	.type = KVM_XEN_CALLBACK_PCI_INTX,
	.level = true,
};

FIXTURE_SETUP(ioapic)
{
	struct kvm_xen_callback callback = { .type = variant->type, .gsi = XEN_LINE_PIN };

	self->x = xen_line_vm_create(2);
	self->cpu = xen_line_cpu(self->x, 0);
	ASSERT_EQ(0, xen_set_callback(self->x, &callback));
	write_pin(self->x, variant->level, 0);
}

FIXTURE_TEARDOWN(ioapic)
{
	xen_vm_free(self->x);
}

static bool pin_is_up(struct xen_vm *x, bool level)
{
	return level ? xen_ioapic_irr(x, XEN_LINE_PIN) : xen_line_is_up(x);
}

TEST_F(ioapic, a_flag_cleared_with_interrupts_off_lowers_the_line_at_the_next_write)
{
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	EXPECT_EQ(1, self->cpu->nr_events);
	EXPECT_TRUE(pin_is_up(self->x, variant->level));
	xen_line_call(self->x, 0, xen_guest_touch_ioapic, 0, 0);
	EXPECT_FALSE(pin_is_up(self->x, variant->level));

	/* The LAPIC had accepted the interrupt. */
	EXPECT_EQ(1, take_irqs(self->x));
	EXPECT_EQ(1, take_late_irqs(self->x));
	EXPECT_TRUE(next_event_arrives(self->x));
}

TEST_F(ioapic, the_line_is_up_though_the_pin_is_programmed_after_the_event)
{
	write_pin(self->x, variant->level, XEN_IOAPIC_MASKED);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	write_pin(self->x, !variant->level, 0);
	EXPECT_EQ(1, xen_line_call(self->x, 0, xen_guest_wait_events, 1, 0));
}

TEST_F(ioapic, the_interrupt_may_go_to_another_vcpu)
{
	struct xen_line_cpu *other = xen_line_cpu(self->x, 1);
	uint32_t turn;

	other->vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);
	write_pin(self->x, variant->level, XEN_IOAPIC_DEST(1));
	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, xen_line_call(self->x, 1, xen_guest_take_irqs, 0, 0));
		ASSERT_EQ(turn, other->nr_events);
	}
	EXPECT_EQ(0, take_late_irqs(self->x));
	EXPECT_TRUE(xen_wait_for(!pin_is_up(self->x, variant->level)));
}

TEST_F(ioapic, a_vcpu_in_xapic_mode_is_notified_too)
{
	uint32_t turn;

	xen_line_call(self->x, 0, xen_guest_use_xapic, 0, 0);
	for (turn = 1; turn <= 20; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, take_irqs(self->x));
		ASSERT_TRUE(xen_wait_for(!pin_is_up(self->x, variant->level)));
	}
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
};

FIXTURE_VARIANT_ADD(pic, master_level) {
	.irq = XEN_MASTER_IRQ,
	.level = true,
};

FIXTURE_VARIANT_ADD(pic, slave_edge) {
	.irq = XEN_SLAVE_IRQ,
};

FIXTURE_VARIANT_ADD(pic, slave_level) {
	.irq = XEN_SLAVE_IRQ,
	.level = true,
};

FIXTURE_SETUP(pic)
{
	self->x = xen_line_vm_create(2);
	self->cpu = xen_line_cpu(self->x, 0);
	xen_line_program_pic(self->x, variant->irq, variant->level);
	ASSERT_EQ(0, xen_set_line(self->x, variant->irq));
}

FIXTURE_TEARDOWN(pic)
{
	xen_vm_free(self->x);
}

TEST_F(pic, the_ioapic_gets_what_the_pic_gets)
{
	xen_line_call(self->x, 0, xen_guest_write_pin, variant->irq,
		      XEN_LINE_VECTOR | (variant->level ? XEN_IOAPIC_LEVEL : 0));
	xen_line_call(self->x, 0, xen_guest_out, XEN_PIC_MASTER_IMR, 0xff);
	xen_line_call(self->x, 0, xen_guest_out, XEN_PIC_SLAVE_IMR, 0xff);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_TRUE(xen_line_is_up(self->x));
	EXPECT_EQ(1, take_irqs(self->x));
	EXPECT_EQ(1, self->cpu->nr_events);
	EXPECT_TRUE(xen_wait_for(!xen_line_is_up(self->x)));
	EXPECT_TRUE(next_event_arrives(self->x));
}

TEST_F(pic, a_flag_cleared_with_interrupts_off_lowers_the_line_at_the_next_write)
{
	uint32_t turn, irqs;

	for (turn = 1; turn <= 40; turn += 2) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_TRUE(xen_ioapic_irr(self->x, variant->irq));
		xen_line_mask_pic(self->x, variant->irq, false);
		ASSERT_FALSE(xen_ioapic_irr(self->x, variant->irq));
		irqs = take_late_irqs(self->x);
		ASSERT_TRUE(next_event_arrives(self->x));
		ASSERT_EQ(irqs + 1, self->cpu->nr_upcalls);
	}
}

/* KVM gets no EOI to lower the line at: a level may interrupt a second time. */
TEST_F(pic, each_event_arrives_with_automatic_eoi)
{
	uint32_t turn;

	xen_line_call(self->x, 0, xen_guest_init_pic, XEN_PIC_8086 | XEN_PIC_AUTO_EOI, 0);
	xen_line_habit(self->x, 0, "CS");
	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
	}
	EXPECT_GE(MANY * (variant->level ? 2 : 1), take_late_irqs(self->x));
	EXPECT_GE(MANY * (variant->level ? 2 : 1), take_late_irqs(self->x));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
