// SPDX-License-Identifier: GPL-2.0
/*
 * No event is lost by a line, however fast they come and from wherever, and
 * whatever the guest does to its interrupt controllers.
 *
 * If this fails, a guest with such a callback hangs once in a while: its flag
 * is up, whether or not the line is, and no interrupt comes.  Stock 6.12 has no
 * such callback in the kernel.
 */
#include "xen_harness.h"
#include "xen_line.h"

/* Ports by who sends on them; each has one sender, and one event under way. */
#define BY_IRQFD	1u
#define BY_IOCTL	100u
#define BY_GUEST	200u
#define NR_PORTS	4u
/* Events on each port. */
#define NR_EVENTS	100u
#define PAUSE_US	100

struct sender {
	struct xen_vm *x;
	struct xen_thread thread;
	uint32_t first;
	int fds[NR_PORTS];
};

FIXTURE(stress) {
	struct xen_vm *x;
	struct xen_runner r[2];
	struct sender by_irqfd, by_ioctl;
};

FIXTURE_VARIANT(stress) {
	uint32_t gsi;			/* of KVM's irqchips, or 0: split */
	uint32_t vector;
	bool level;
	bool eventfd;
};

FIXTURE_VARIANT_ADD(stress, ioapic_edge) {
	.gsi = XEN_LINE_PIN,
	.vector = XEN_LINE_VECTOR,
};

FIXTURE_VARIANT_ADD(stress, ioapic_level) {
	.gsi = XEN_LINE_PIN,
	.vector = XEN_LINE_VECTOR,
	.level = true,
};

FIXTURE_VARIANT_ADD(stress, pic_edge) {
	.gsi = XEN_SLAVE_IRQ,
	.vector = XEN_PIC_VECTOR + XEN_SLAVE_IRQ,
};

FIXTURE_VARIANT_ADD(stress, pic_level) {
	.gsi = XEN_MASTER_IRQ,
	.vector = XEN_PIC_VECTOR + XEN_MASTER_IRQ,
	.level = true,
};

FIXTURE_VARIANT_ADD(stress, irqfd_level) {
	.gsi = XEN_LINE_PIN,
	.vector = XEN_LINE_VECTOR,
	.level = true,
	.eventfd = true,
};

FIXTURE_VARIANT_ADD(stress, msi) {
	.vector = XEN_LINE_VECTOR,
	.eventfd = true,
};

static int connect(struct xen_vm *x, uint32_t gsi, bool eventfd)
{
	int assert_fd, resample_fd;

	if (!eventfd)
		return xen_set_line(x, gsi);

	assert_fd = xen_eventfd();
	resample_fd = gsi ? xen_eventfd() : -1;
	return xen_set_eventfds(x, assert_fd, resample_fd) ?:
	       xen_line_irqfd(x, gsi ?: XEN_LINE_MSI_GSI, assert_fd, resample_fd);
}

static void prepare_ports(FIXTURE_DATA(stress) *self)
{
	unsigned int i;

	self->by_irqfd = (struct sender) { .x = self->x, .first = BY_IRQFD };
	self->by_ioctl = (struct sender) { .x = self->x, .first = BY_IOCTL };
	for (i = 0; i < NR_PORTS; i++) {
		self->by_irqfd.fds[i] = xen_eventfd();
		TEST_ASSERT_EQ(xen_line_irqfd(self->x, XEN_LINE_EVENT_GSI + i,
					      self->by_irqfd.fds[i], -1), 0);
		TEST_ASSERT_EQ(xen_bind_ipi(self->x, BY_GUEST + i, 0), 0);
	}
}

FIXTURE_SETUP(stress)
{
	uint64_t trigger = variant->level ? XEN_IOAPIC_LEVEL : 0;

	self->x = variant->gsi ? xen_line_vm_create(2) : xen_line_vm_create_split(2);
	ASSERT_EQ(0, connect(self->x, variant->gsi, variant->eventfd));
	if (variant->gsi == XEN_LINE_PIN)
		xen_line_call(self->x, 0, xen_guest_write_pin, XEN_LINE_PIN,
			      XEN_LINE_VECTOR | trigger);
	else if (variant->gsi)
		xen_line_program_pic(self->x, variant->gsi, variant->level);
	prepare_ports(self);
}

FIXTURE_TEARDOWN(stress)
{
	xen_vm_free(self->x);
}

static void send_idle(struct sender *s, unsigned int i)
{
	if (!xen_line_is_handled(s->x, s->first + i))
		return;
	if (s->fds[i]) {
		xen_line_port(s->x, s->first + i)->sent++;
		xen_eventfd_signal(s->fds[i]);
	} else {
		TEST_ASSERT_EQ(xen_line_send(s->x, s->first + i), 0);
	}
}

static void send_all_idle(void *arg)
{
	struct sender *s = arg;
	unsigned int i;

	for (i = 0; i < NR_PORTS; i++)
		send_idle(s, i);
	usleep(PAUSE_US);
}

/* Each of the ports from @first on had enough events, in the end. */
static bool goes_on(struct xen_vm *x, uint32_t first)
{
	uint32_t i, handled;

	for (i = first; i < first + NR_PORTS; i++)
		for (handled = 0; handled < NR_EVENTS; handled++)
			if (!xen_wait_for(READ_ONCE(xen_line_port(x, i)->handled) > handled))
				return false;
	return true;
}

static bool all_are_handled(struct xen_vm *x, uint32_t first)
{
	uint32_t i;

	for (i = first; i < first + NR_PORTS; i++)
		if (!xen_wait_for(xen_line_is_handled(x, i)))
			return false;
	return true;
}

static void begin(FIXTURE_DATA(stress) *self, xen_line_fn fn, uint64_t arg1)
{
	xen_line_order(self->x, 0, fn, arg1, 0);
	xen_line_order(self->x, 1, xen_guest_storm, BY_GUEST, NR_PORTS);
	xen_runner_start(&self->r[0], self->x->vcpu[0]);
	xen_runner_start(&self->r[1], self->x->vcpu[1]);
	xen_thread_start(&self->by_irqfd.thread, send_all_idle, &self->by_irqfd);
	xen_thread_start(&self->by_ioctl.thread, send_all_idle, &self->by_ioctl);
}

static void end_sending(FIXTURE_DATA(stress) *self)
{
	xen_thread_stop(&self->by_irqfd.thread);
	xen_thread_stop(&self->by_ioctl.thread);
	WRITE_ONCE(xen_line_cpu(self->x, 1)->stop, true);
	TEST_ASSERT(xen_wait_for(READ_ONCE(self->r[1].done)), "The guest does not stop");
	xen_runner_stop(&self->r[1]);
}

/* vCPU 0 does @fn while all send; returns false where an event was lost. */
static bool survives(FIXTURE_DATA(stress) *self, xen_line_fn fn, uint64_t arg1)
{
	static const uint32_t ports[] = { BY_IRQFD, BY_IOCTL, BY_GUEST };
	bool went_on = true;
	unsigned int i;

	begin(self, fn, arg1);
	for (i = 0; i < ARRAY_SIZE(ports); i++)
		went_on = went_on && goes_on(self->x, ports[i]);
	end_sending(self);
	for (i = 0; i < ARRAY_SIZE(ports); i++)
		went_on = went_on && all_are_handled(self->x, ports[i]);
	xen_runner_stop(&self->r[0]);
	TEST_ASSERT(!self->r[0].failure[0] && !self->r[1].failure[0], "%s%s", self->r[0].failure,
		    self->r[1].failure);
	return went_on;
}

TEST_F(stress, of_events_that_are_handled_before_the_eoi)
{
	EXPECT_TRUE(survives(self, xen_guest_serve, 0));
}

TEST_F(stress, of_events_that_are_handled_after_an_early_eoi)
{
	xen_line_habit(self->x, 0, "ECS");
	EXPECT_TRUE(survives(self, xen_guest_serve, 0));
}

TEST_F(stress, of_events_that_are_handled_after_a_late_scan)
{
	xen_line_habit(self->x, 0, "CES");
	EXPECT_TRUE(survives(self, xen_guest_serve, 0));
}

TEST_F(stress, while_the_guest_masks_and_clears_with_interrupts_off)
{
	if (!variant->gsi)
		SKIP(return, "an MSI has no mask here");
	EXPECT_TRUE(survives(self, xen_guest_fidget, variant->vector));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
