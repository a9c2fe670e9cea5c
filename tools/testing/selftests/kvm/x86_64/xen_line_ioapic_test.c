// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls by a pin of the in-kernel IOAPIC, edge- and level-triggered.
 *
 * If this fails, a guest with such a callback misses events and hangs, drowns
 * in interrupts of a line that nobody takes down, or loses those of a device
 * on the same pin.  Stock 6.12 has no such callback in the kernel.
 */
#include "xen_harness.h"
#include "xen_line.h"

#define MANY		200
/* Longer than a work item of KVM takes; a test that waits can only be too lenient. */
#define SETTLE_US	50000

FIXTURE(ioapic) {
	struct xen_vm *x;
	struct xen_line_cpu *cpu;
	uint8_t *flag;
	uint64_t trigger;
};

FIXTURE_VARIANT(ioapic) {
	uint32_t type;
	bool level;
};

FIXTURE_VARIANT_ADD(ioapic, edge) {
	.type = KVM_XEN_CALLBACK_GSI,
	.level = false,
};

FIXTURE_VARIANT_ADD(ioapic, level) {
	.type = KVM_XEN_CALLBACK_GSI,
	.level = true,
};

FIXTURE_VARIANT_ADD(ioapic, intx) {
	.type = KVM_XEN_CALLBACK_PCI_INTX,
	.level = true,
};

/* Let the guest write the entry of @pin: its vector, trigger mode and @bits. */
static void write_pin(FIXTURE_DATA(ioapic) *self, unsigned int pin, uint64_t bits)
{
	xen_line_call(self->x, 0, xen_guest_write_pin, pin,
		      XEN_LINE_VECTOR | self->trigger | bits);
}

FIXTURE_SETUP(ioapic)
{
	struct kvm_xen_callback callback = { .type = variant->type, .gsi = XEN_LINE_PIN };

	self->x = xen_line_vm_create(2);
	self->cpu = xen_line_cpu(self->x, 0);
	self->flag = xen_upcall_pending(xen_vcpu_info(self->x, 0));
	self->trigger = variant->level ? XEN_IOAPIC_LEVEL : 0;
	ASSERT_EQ(0, xen_set_callback(self->x, &callback));
	write_pin(self, XEN_LINE_PIN, 0);
}

FIXTURE_TEARDOWN(ioapic)
{
	xen_vm_free(self->x);
}

static uint32_t take_irqs(FIXTURE_DATA(ioapic) *self)
{
	return xen_line_call(self->x, 0, xen_guest_take_irqs, 0, 0);
}

/* As many interrupts as there are in the end, if some come late. */
static uint32_t take_late_irqs(FIXTURE_DATA(ioapic) *self)
{
	usleep(SETTLE_US);
	return take_irqs(self);
}

/* Of an edge that was delivered the pin shows nothing. */
static bool is_up(FIXTURE_DATA(ioapic) *self)
{
	return self->trigger ? xen_ioapic_irr(self->x, XEN_LINE_PIN) : xen_line_is_up(self->x);
}

static bool goes_down(FIXTURE_DATA(ioapic) *self)
{
	return xen_wait_for(!is_up(self));
}

/* The next event has to arrive, whatever was before. */
static bool next_event_arrives(FIXTURE_DATA(ioapic) *self)
{
	uint64_t nr = self->cpu->nr_events + 1;

	if (xen_line_send(self->x, 100))
		return false;
	return xen_line_call(self->x, 0, xen_guest_wait_events, nr, 0) == nr;
}

TEST_F(ioapic, an_event_raises_the_line_and_its_handling_lowers_it)
{
	EXPECT_FALSE(is_up(self));
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_TRUE(is_up(self));
	EXPECT_EQ(1, *self->flag);
	EXPECT_EQ(1, take_irqs(self));
	EXPECT_EQ(1, self->cpu->nr_events);
	EXPECT_TRUE(goes_down(self));
	EXPECT_EQ(1, take_late_irqs(self));
}

TEST_F(ioapic, each_event_is_one_interrupt)
{
	uint32_t turn;

	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, take_irqs(self));
		ASSERT_EQ(turn, self->cpu->nr_events);
	}
	EXPECT_EQ(MANY, take_late_irqs(self));
}

TEST_F(ioapic, events_while_the_flag_is_up_are_one_interrupt)
{
	uint32_t port;

	for (port = 1; port < 256; port += 50)
		ASSERT_EQ(0, xen_line_send(self->x, port));
	EXPECT_EQ(1, take_irqs(self));
	EXPECT_EQ(6, self->cpu->nr_events);
	EXPECT_TRUE(next_event_arrives(self));
	EXPECT_EQ(2, self->cpu->nr_upcalls);
}

TEST_F(ioapic, a_masked_port_raises_nothing)
{
	xen_mask(self->x->shinfo, true, 1);
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_FALSE(is_up(self));
	EXPECT_EQ(0, take_late_irqs(self));
}

/* Level: until the flag is cleared.  Edge: there is no other edge. */
TEST_F(ioapic, a_flag_that_is_left_up_interrupts_again_where_that_is_level)
{
	xen_line_first(self->x, 0, 3, "E");
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_EQ(variant->level ? 4 : 1, take_late_irqs(self));
	EXPECT_EQ(variant->level ? 1 : 0, self->cpu->nr_events);
	EXPECT_EQ(!variant->level, is_up(self));

	xen_line_first(self->x, 0, 0, "");
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	EXPECT_TRUE(next_event_arrives(self));
}

TEST_F(ioapic, the_next_event_arrives_after_an_early_eoi)
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

TEST_F(ioapic, the_next_event_arrives_after_a_late_scan)
{
	uint32_t turn;

	xen_line_habit(self->x, 0, "CES");
	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, take_irqs(self));
		ASSERT_EQ(turn, self->cpu->nr_events);
	}
}

/* It comes when the flag went down, but before the interrupt is ended. */
TEST_F(ioapic, an_event_between_flag_and_eoi_arrives)
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

TEST_F(ioapic, a_flag_cleared_with_interrupts_off_lowers_the_line_at_the_next_write)
{
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	EXPECT_EQ(1, self->cpu->nr_events);
	EXPECT_TRUE(is_up(self));
	xen_line_call(self->x, 0, xen_guest_touch_ioapic, 0, 0);
	EXPECT_FALSE(is_up(self));

	/* The interrupt was on its way. */
	EXPECT_EQ(1, take_irqs(self));
	EXPECT_EQ(1, take_late_irqs(self));
	EXPECT_TRUE(next_event_arrives(self));
}

TEST_F(ioapic, a_flag_cleared_with_interrupts_off_loses_no_event)
{
	uint32_t turn;

	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_TRUE(next_event_arrives(self));
	}
	EXPECT_TRUE(goes_down(self));
	EXPECT_GE(2 * MANY, take_late_irqs(self));
}

TEST_F(ioapic, an_event_at_a_masked_pin_arrives_when_it_is_unmasked)
{
	uint32_t turn;

	for (turn = 1; turn <= 20; turn++) {
		write_pin(self, XEN_LINE_PIN, XEN_IOAPIC_MASKED);
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn - 1, take_irqs(self));
		write_pin(self, XEN_LINE_PIN, 0);
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
		ASSERT_EQ(turn, take_irqs(self));
	}
	EXPECT_EQ(20, take_late_irqs(self));
	EXPECT_TRUE(goes_down(self));
}

TEST_F(ioapic, a_flag_cleared_at_a_masked_pin_is_no_interrupt_when_it_is_unmasked)
{
	write_pin(self, XEN_LINE_PIN, XEN_IOAPIC_MASKED);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_TRUE(is_up(self));
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	write_pin(self, XEN_LINE_PIN, 0);
	EXPECT_EQ(0, take_late_irqs(self));
	EXPECT_FALSE(is_up(self));
	EXPECT_TRUE(next_event_arrives(self));
	EXPECT_EQ(1, self->cpu->nr_upcalls);
}

/* As oneshot handlers have it: what has to be done is done later, by a thread. */
TEST_F(ioapic, a_handler_that_masks_and_ends_before_its_thread_works_misses_nothing)
{
	uint32_t turn;

	xen_line_habit(self->x, 0, "ME");
	for (turn = 1; turn <= 40; turn += 2) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, take_irqs(self));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_EQ(0, xen_line_send(self->x, turn + 1));
		ASSERT_EQ(turn, take_irqs(self));
		write_pin(self, XEN_LINE_PIN, 0);
		ASSERT_EQ(turn + 1, take_late_irqs(self));
		xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
		ASSERT_EQ(turn + 1, self->cpu->nr_events);
		write_pin(self, XEN_LINE_PIN, 0);
		ASSERT_EQ(turn + 1, take_late_irqs(self));
	}
}

TEST_F(ioapic, the_line_is_up_though_the_pin_is_programmed_after_the_event)
{
	write_pin(self, XEN_LINE_PIN, XEN_IOAPIC_MASKED);
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	self->trigger ^= XEN_IOAPIC_LEVEL;
	write_pin(self, XEN_LINE_PIN, 0);
	EXPECT_EQ(1, xen_line_call(self->x, 0, xen_guest_wait_events, 1, 0));
}

TEST_F(ioapic, events_of_another_vcpu_do_not_raise_the_line)
{
	ASSERT_EQ(0, xen_send(self->x, 1, 1));
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(self->x, 1)));
	EXPECT_FALSE(is_up(self));
	EXPECT_EQ(0, take_late_irqs(self));
	EXPECT_TRUE(next_event_arrives(self));
	EXPECT_EQ(1, self->cpu->nr_upcalls);
}

/* It is the number that the guest knows that counts. */
TEST_F(ioapic, the_line_is_of_the_vcpu_with_xens_id_0)
{
	ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[0], 1));
	ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[1], 0));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_FALSE(is_up(self));
	ASSERT_EQ(0, xen_send(self->x, 2, 1));
	EXPECT_TRUE(is_up(self));
}

TEST_F(ioapic, a_vcpu_with_a_vector_of_its_own_is_told_by_that_alone)
{
	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_FALSE(is_up(self));

	/* Nor does anything bring up the line that makes KVM look at the flag. */
	xen_line_call(self->x, 0, xen_guest_touch_ioapic, 0, 0);
	write_pin(self, XEN_LINE_PIN, XEN_IOAPIC_MASKED);
	write_pin(self, XEN_LINE_PIN, 0);
	EXPECT_FALSE(is_up(self));
	EXPECT_EQ(0, take_late_irqs(self));
	EXPECT_EQ(1, self->cpu->nr_own);
	EXPECT_EQ(1, self->cpu->nr_events);

	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], 0));
	EXPECT_TRUE(next_event_arrives(self));
	EXPECT_EQ(1, self->cpu->nr_upcalls);
	EXPECT_EQ(1, self->cpu->nr_own);
}

TEST_F(ioapic, the_interrupt_may_go_to_another_vcpu)
{
	struct xen_line_cpu *other = xen_line_cpu(self->x, 1);
	uint32_t turn;

	other->vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);
	write_pin(self, XEN_LINE_PIN, XEN_IOAPIC_DEST(1));
	for (turn = 1; turn <= MANY; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, xen_line_call(self->x, 1, xen_guest_take_irqs, 0, 0));
		ASSERT_EQ(turn, other->nr_events);
	}
	EXPECT_EQ(0, take_late_irqs(self));
	EXPECT_TRUE(goes_down(self));
}

TEST_F(ioapic, a_vcpu_in_xapic_mode_is_told_too)
{
	uint32_t turn;

	xen_line_call(self->x, 0, xen_guest_use_xapic, 0, 0);
	for (turn = 1; turn <= 20; turn++) {
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		ASSERT_EQ(turn, take_irqs(self));
		ASSERT_TRUE(goes_down(self));
	}
}

TEST_F(ioapic, a_vcpu_that_sleeps_is_woken)
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

TEST_F(ioapic, events_by_hypercall_are_no_exit)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 7, 0));
	EXPECT_EQ(MANY, xen_line_call(self->x, 0, xen_guest_ping, 7, MANY));
	EXPECT_EQ(MANY, self->cpu->nr_upcalls);
}

TEST_F(ioapic, events_by_hypercall_of_another_vcpu_arrive)
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

/* The eventfd wakes KVM where it may not raise a line: that is done later. */
TEST_F(ioapic, events_by_irqfd_arrive)
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

/* KVM asks the irqfd then, and forgets what else the pin had. */
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

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
