// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO event channels: how many ports there are, and pages that come late.
 *
 * If this fails, a big guest runs out of event channels, as it does at 2-level,
 * or its events go to other ports than they were sent to.  Stock 6.12 has no
 * FIFO event channels.
 */
#include <sys/eventfd.h>

#include "xen_harness.h"
#include "xen_fifo.h"

#define STEP		97		/* of ports that are spread over all pages */

FIXTURE(ports) {
	struct xen_vm *x;
	struct xen_fifo_consumer c;
};

FIXTURE_SETUP(ports)
{
	self->x = xen_fifo_vm_create(1, true, xen_guest_obey);
	xen_fifo_host_consumer(self->x, 0, &self->c);
}

FIXTURE_TEARDOWN(ports)
{
	xen_vm_free(self->x);
}

static void guest_code_sends_all(void)
{
	uint32_t port;

	for (port = 1; port <= XEN_FIFO_MAX_PORT; port++)
		GUEST_ASSERT_EQ(xen_guest_send(true, port), 0);
	GUEST_SYNC(1);
}

/* The ports that were handled once and no more; others that were count against. */
static int64_t nr_handled_once(FIXTURE_DATA(ports) *self)
{
	int64_t nr = self->c.ports[0].handled ? -1000000 : 0;
	uint32_t port;

	for (port = 1; port <= XEN_FIFO_MAX_PORT; port++) {
		if (self->c.ports[port].handled > 1)
			nr -= 1000000;
		nr += self->c.ports[port].handled;
	}
	return nr;
}

TEST_F(ports, are_131071_and_each_fires)
{
	uint32_t port;

	xen_order_fifo(self->x, XEN_FIFO_NR_PAGES);
	for (port = 1; port <= XEN_FIFO_MAX_PORT; port++)
		ASSERT_EQ(0, xen_bind_ipi(self->x, port, 0));
	EXPECT_EQ(-EEXIST, xen_bind_ipi(self->x, XEN_FIFO_MAX_PORT, 0));

	xen_set_entry_point(self->x->vcpu[0], guest_code_sends_all);
	ASSERT_EQ(1, xen_step(self->x->vcpu[0]));
	EXPECT_EQ(XEN_FIFO_MAX_PORT, xen_fifo_consume(&self->c));
	EXPECT_EQ(XEN_FIFO_MAX_PORT, nr_handled_once(self));
	EXPECT_EQ(0, self->c.nr_bad);
	EXPECT_EQ(0, *xen_fifo_word(self->x, 0));

	ASSERT_EQ(0, xen_reset_ports(self->x));
	EXPECT_EQ(-EINVAL, xen_bind_ipi(self->x, XEN_NR_PORTS_WIDE, 0));
}

/* Each queue is a list through all of the pages. */
TEST_F(ports, are_linked_across_the_pages_of_the_array)
{
	uint32_t port, last[XEN_FIFO_NR_QUEUES] = {};
	uint32_t nr = 0;

	xen_order_fifo(self->x, XEN_FIFO_NR_PAGES);
	for (port = XEN_FIFO_MAX_PORT; port > STEP; port -= STEP, nr++) {
		self->c.ports[port].turn = ++last[port % XEN_FIFO_NR_QUEUES];
		ASSERT_EQ(0, xen_send_prio(self->x, port, 0, port % XEN_FIFO_NR_QUEUES));
	}
	EXPECT_EQ(nr, xen_fifo_consume(&self->c));
	EXPECT_EQ(nr, nr_handled_once(self));
	EXPECT_EQ(0, self->c.nr_disordered);
}

/* XSA-107: what has no page yet waits for it. */
TEST_F(ports, that_have_no_page_yet_are_raised_as_it_comes)
{
	uint32_t port, page, expected;

	xen_order_fifo(self->x, 0);
	for (port = STEP; port <= XEN_FIFO_MAX_PORT; port += STEP)
		ASSERT_EQ(0, xen_send(self->x, port, 0));
	EXPECT_EQ(0, xen_fifo_consume(&self->c));

	for (page = 0, port = STEP; page < XEN_FIFO_NR_PAGES; page++) {
		ASSERT_EQ(0, xen_order_expand_array(self->x, true, XEN_ARRAY_GFN(page)));
		for (expected = 0; port < (page + 1) * XEN_FIFO_PAGE_PORTS; port += STEP)
			expected++;
		ASSERT_EQ(expected, xen_fifo_consume(&self->c));
	}
	EXPECT_EQ(XEN_FIFO_MAX_PORT / STEP, nr_handled_once(self));
	for (port = STEP; port <= XEN_FIFO_MAX_PORT; port += STEP)
		ASSERT_EQ(1, self->c.ports[port].handled);
}

/* Sent many times, it is one event, as it is where there is a page. */
TEST_F(ports, that_have_no_page_yet_are_raised_once)
{
	int i;

	xen_order_fifo(self->x, 1);
	ASSERT_EQ(0, xen_bind_ipi(self->x, 2000, 0));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, xen_send(self->x, 2000, 0));
		ASSERT_EQ(0, xen_order_send(self->x, true, 2000));
	}
	ASSERT_EQ(0, xen_order_expand_array(self->x, true, XEN_ARRAY_GFN(1)));
	EXPECT_EQ(1, xen_fifo_consume(&self->c));
	ASSERT_EQ(0, xen_order_expand_array(self->x, true, XEN_ARRAY_GFN(2)));
	EXPECT_EQ(0, xen_fifo_consume(&self->c));
}

TEST_F(ports, beyond_the_limit_are_refused)
{
	struct xen_vm *x = self->x;

	ASSERT_EQ(0, xen_set_limit(x, 5000));
	xen_order_fifo(x, 5);
	EXPECT_EQ(0, xen_bind_ipi(x, 5000, 0));
	EXPECT_EQ(0, xen_send(x, 5000, 0));
	EXPECT_EQ(0, xen_order_send(x, true, 5000));
	EXPECT_EQ(1, xen_fifo_consume(&self->c));

	EXPECT_EQ(-ENOSPC, xen_bind_ipi(x, 5001, 0));
	EXPECT_EQ(-ENOSPC, xen_bind_ipi(x, XEN_FIFO_MAX_PORT, 0));
	EXPECT_EQ(-ENOSPC, xen_bind_loopback(x, 10, 5001, 0));
	EXPECT_EQ(-ENOSPC, xen_bind_eventfd(x, 5001, eventfd(0, 0)));
	EXPECT_EQ(-EINVAL, xen_send(x, 5001, 0));
	EXPECT_EQ(0, *xen_fifo_word(x, 5001));

	ASSERT_EQ(0, xen_set_limit(x, 5001));
	EXPECT_EQ(0, xen_bind_ipi(x, 5001, 0));
	EXPECT_EQ(0, xen_order_send(x, true, 5001));
	EXPECT_EQ(1, xen_fifo_consume(&self->c));
}

TEST_F(ports, beyond_all_are_refused)
{
	struct xen_vm *x = self->x;

	xen_order_fifo(x, XEN_FIFO_NR_PAGES);
	EXPECT_EQ(-EINVAL, xen_bind_ipi(x, XEN_FIFO_MAX_PORT + 1, 0));
	EXPECT_EQ(-EINVAL, xen_bind_ipi(x, UINT32_MAX, 0));
	EXPECT_EQ(-EINVAL, xen_bind_ipi(x, 0, 0));
	EXPECT_EQ(-EINVAL, xen_bind_loopback(x, 10, XEN_FIFO_MAX_PORT + 1, 0));
	EXPECT_EQ(-EINVAL, xen_send(x, XEN_FIFO_MAX_PORT + 1, 0));
	EXPECT_EQ(-EINVAL, xen_send(x, 0, 0));
	EXPECT_EQ(-EINVAL, xen_send(x, UINT32_MAX, 0));
	EXPECT_EQ(0, xen_fifo_consume(&self->c));
}

TEST_F(ports, of_2level_are_no_more_than_they_were)
{
	EXPECT_EQ(-EINVAL, xen_bind_ipi(self->x, XEN_NR_PORTS_WIDE, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, XEN_NR_PORTS_WIDE, 0));
	EXPECT_EQ(0, xen_bind_ipi(self->x, XEN_NR_PORTS_WIDE - 1, 0));
}

TEST_F(ports, of_eventfds_are_as_many)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	uint64_t count;

	xen_order_fifo(self->x, 1);
	ASSERT_EQ(0, xen_bind_eventfd(self->x, XEN_FIFO_MAX_PORT, fd));
	ASSERT_EQ(0, xen_order_send(self->x, true, XEN_FIFO_MAX_PORT));
	ASSERT_EQ(sizeof(count), read(fd, &count, sizeof(count)));
	EXPECT_EQ(1, count);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
