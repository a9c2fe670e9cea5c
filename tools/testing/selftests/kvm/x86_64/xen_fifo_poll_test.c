// SPDX-License-Identifier: GPL-2.0
/*
 * SCHEDOP_poll for FIFO events, masked or not, with or without a page.
 *
 * If this fails, a guest whose spinlocks sleep in polls, as they do on ports
 * that it masked, hangs once it went to FIFO.  Polls by 2-level, and their
 * timeouts, are in xen_poll_test.  Stock 6.12 has no FIFO event channels.
 */
#include "xen_harness.h"
#include "xen_fifo.h"

#define PORT		20
#define OTHER_PORT	21
#define FAR_PORT	3000		/* its page is never added */

struct poll {
	uint32_t ports[4];
	uint32_t nr;
	uint64_t timeout;
	int64_t result;
	uint64_t turns;
};

#define POLL		((volatile struct poll *)XEN_SPARE_GPA(1))

/* Poll for what the host asks, whenever run. */
static void guest_code(void)
{
	xen_guest_fifo_begin(2, 1);
	for (;;) {
		GUEST_SYNC(++POLL->turns);
		POLL->result = xen_guest_poll(true, (void *)POLL->ports, POLL->nr, POLL->timeout);
	}
}

FIXTURE(poll) {
	struct xen_vm *x;
	volatile struct poll *poll;
	struct xen_runner r;
};

FIXTURE_SETUP(poll)
{
	self->x = xen_fifo_vm_create(2, true, guest_code);
	self->poll = xen_hva(self->x, XEN_SPARE_GPA(1));
	self->poll->nr = 1;
	self->poll->ports[0] = PORT;
	ASSERT_EQ(1, xen_step(self->x->vcpu[0]));
}

FIXTURE_TEARDOWN(poll)
{
	xen_vm_free(self->x);
}

/*
 * Whether a poll sleeps, and wakes of an event on @port for @vcpu.  The guest may
 * have been stopped before it stored what a poll before came to: it has by the
 * time that it sleeps in the next one.
 */
static bool wakes(FIXTURE_DATA(poll) *self, uint32_t port, uint32_t vcpu)
{
	bool good;

	xen_runner_start(&self->r, self->x->vcpu[0]);
	good = xen_runner_blocks(&self->r);
	self->poll->result = -1;
	good = good && !xen_send(self->x, port, vcpu) && xen_wait_for(!self->poll->result);
	xen_runner_stop(&self->r);
	return good;
}

/* Whether a poll ends of itself; there is no timeout. */
static bool ends_at_once(FIXTURE_DATA(poll) *self)
{
	bool good;

	self->poll->result = -1;
	xen_runner_start(&self->r, self->x->vcpu[0]);
	good = xen_wait_for(!self->poll->result);
	xen_runner_stop(&self->r);
	return good;
}

TEST_F(poll, of_a_port_wakes_of_its_event)
{
	EXPECT_TRUE(wakes(self, PORT, 0));
}

TEST_F(poll, of_a_port_wakes_of_its_event_at_another_vcpu)
{
	EXPECT_TRUE(wakes(self, PORT, 1));
}

TEST_F(poll, of_a_masked_port_wakes_of_its_event)
{
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	EXPECT_TRUE(wakes(self, PORT, 0));
	EXPECT_EQ(XEN_FIFO_PENDING | XEN_FIFO_MASKED, *xen_fifo_word(self->x, PORT));
}

TEST_F(poll, of_a_port_without_a_page_wakes_of_its_event)
{
	self->poll->ports[0] = FAR_PORT;
	EXPECT_TRUE(wakes(self, FAR_PORT, 0));
}

TEST_F(poll, of_many_ports_wakes_of_any)
{
	self->poll->ports[1] = FAR_PORT;
	self->poll->ports[2] = OTHER_PORT;
	self->poll->ports[3] = 1000;
	self->poll->nr = 4;
	EXPECT_TRUE(wakes(self, OTHER_PORT, 1));
	*xen_fifo_word(self->x, OTHER_PORT) = 0;
	EXPECT_TRUE(wakes(self, FAR_PORT, 1));
}

TEST_F(poll, of_a_port_that_is_pending_ends_at_once)
{
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_TRUE(ends_at_once(self));
}

TEST_F(poll, of_a_masked_port_that_is_pending_ends_at_once)
{
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	ASSERT_EQ(0, xen_send(self->x, PORT, 1));
	EXPECT_TRUE(ends_at_once(self));
}

TEST_F(poll, of_a_port_that_waits_for_its_page_ends_at_once)
{
	self->poll->ports[0] = FAR_PORT;
	ASSERT_EQ(0, xen_send(self->x, FAR_PORT, 1));
	EXPECT_TRUE(ends_at_once(self));
}

TEST_F(poll, does_not_take_bits_of_2level_for_events)
{
	*xen_pending_word(self->x->shinfo, PORT) = 1u << PORT % 32;
	EXPECT_TRUE(wakes(self, PORT, 0));
}

TEST_F(poll, sleeps_on_while_events_come_to_masked_ports_that_it_is_not_for)
{
	xen_fifo_mask(xen_fifo_word(self->x, OTHER_PORT));
	self->poll->result = -1;
	xen_runner_start(&self->r, self->x->vcpu[0]);
	ASSERT_TRUE(xen_runner_blocks(&self->r));
	ASSERT_EQ(0, xen_send(self->x, OTHER_PORT, 0));
	ASSERT_EQ(0, xen_send(self->x, OTHER_PORT + 1, 1));
	EXPECT_TRUE(xen_runner_blocks(&self->r));
	EXPECT_EQ(-1, self->poll->result);
	ASSERT_EQ(0, xen_send(self->x, PORT, 1));
	EXPECT_TRUE(xen_wait_for(!self->poll->result));
	xen_runner_stop(&self->r);
}

/* What the ports mean has changed by then, so the guest has to look again. */
TEST_F(poll, ends_as_the_vm_goes_back_to_2level)
{
	self->poll->result = -1;
	self->poll->timeout = 0;
	xen_runner_start(&self->r, self->x->vcpu[0]);
	ASSERT_TRUE(xen_runner_blocks(&self->r));
	*xen_pending_word(self->x->shinfo, PORT) = 1u << PORT % 32;
	ASSERT_EQ(0, xen_reset_ports(self->x));
	EXPECT_TRUE(xen_wait_for(!self->poll->result));
	xen_runner_stop(&self->r);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
