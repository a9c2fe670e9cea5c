// SPDX-License-Identifier: GPL-2.0
/*
 * What is bound stays what it is, and what is not stays out: bugs that Xen had
 * with the validity of FIFO ports, each by its name.
 *
 * If this fails, a port that somebody still uses can turn invalid under them,
 * or one that the ABI in use has no room for is taken for valid, or an event
 * gets lost because its port was used for something else before.
 */
#include <string.h>

#include "kvm_test_harness.h"
#include "xen_fifo.h"

#define PORT	10
#define BEYOND	5000		/* what 2-level has room for, in either width */
#define LIMIT	6000

FIXTURE(bound) {
	struct xen_vm *x;
	struct xen_fifo_consumer c[2];
	bool wide;
};

FIXTURE_VARIANT(bound) {
	bool wide;
};

FIXTURE_VARIANT_ADD(bound, wide) { .wide = true };
FIXTURE_VARIANT_ADD(bound, narrow) { .wide = false };

FIXTURE_SETUP(bound)
{
	self->wide = variant->wide;
	self->x = xen_fifo_vm_create(2, self->wide, xen_guest_obey);
	xen_order_fifo(self->x, 8);
	xen_fifo_host_consumer(self->x, 0, &self->c[0]);
	xen_fifo_host_consumer(self->x, 1, &self->c[1]);
}

FIXTURE_TEARDOWN(bound)
{
	xen_vm_free(self->x);
}

static bool send_exits(FIXTURE_DATA(bound) *self, uint32_t port)
{
	*(uint32_t *)xen_get_order(self->x)->data = port;
	return xen_order_exits(self->x, self->wide, __HYPERVISOR_event_channel_op,
			       EVTCHNOP_send, XEN_ORDER_DATA, -XEN_EINVAL);
}

/* XSA-338: a valid event channel turned invalid while it was in use. */
TEST_F(bound, of_338_a_port_stays_valid_while_it_is_bound)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, LIMIT, 1));
	EXPECT_EQ(-EBUSY, xen_set_limit(self->x, LIMIT - 1));
	EXPECT_EQ(0, xen_order_send(self->x, self->wide, LIMIT));
	EXPECT_EQ(1, xen_fifo_consume(&self->c[1]));
	EXPECT_EQ(LIMIT, self->c[1].log[0]);

	ASSERT_EQ(0, xen_unbind(self->x, LIMIT));
	EXPECT_EQ(0, xen_set_limit(self->x, LIMIT - 1));
	EXPECT_EQ(-EINVAL, xen_send(self->x, LIMIT, 1));
}

/* XSA-317: running out of ports was answered with what means something else. */
TEST_F(bound, of_317_no_room_for_a_port_is_said_and_changes_nothing)
{
	struct kvm_xen_evtchn_entry entry;

	ASSERT_EQ(0, xen_set_limit(self->x, LIMIT));
	EXPECT_EQ(-ENOSPC, xen_bind_ipi(self->x, LIMIT + 1, 0));
	EXPECT_EQ(-ENOSPC, xen_bind_loopback(self->x, PORT, LIMIT + 1, 0));
	EXPECT_EQ(0, xen_get_ports(self->x, 0, 1, &entry));
	EXPECT_EQ(0, xen_bind_ipi(self->x, LIMIT, 0));
}

/* XSA-342: ports beyond what the ABI in use has room for were not refused. */
TEST_F(bound, of_342_a_port_beyond_2level_is_refused_once_fifo_has_ended)
{
	struct xen_array off = {};
	uint8_t page[4096];

	ASSERT_EQ(0, xen_bind_ipi(self->x, BEYOND, 0));
	ASSERT_EQ(0, xen_bind_loopback(self->x, PORT, BEYOND + 1, 1));
	ASSERT_EQ(0, xen_set_array(self->x, &off));
	ASSERT_FALSE(xen_is_fifo(self->x));
	memcpy(page, self->x->shinfo, sizeof(page));

	EXPECT_TRUE(send_exits(self, BEYOND));
	EXPECT_TRUE(send_exits(self, PORT));
	EXPECT_EQ(-EINVAL, xen_send(self->x, BEYOND, 0));
	EXPECT_EQ(0, memcmp(page, self->x->shinfo, sizeof(page)));
}

/*
 * Commit 78e24c269b: a port was used again while it was on a queue.  KVM cannot
 * keep a VMM from that; the event waits until the port was taken off, and comes to
 * nobody else.  That it comes by itself is tested by xen_fifo_rebind_test.
 */
TEST_F(bound, of_78e24c_a_port_that_is_bound_anew_while_linked_loses_nothing)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	ASSERT_EQ(0, xen_order_send(self->x, self->wide, PORT));
	ASSERT_EQ(0, xen_unbind(self->x, PORT));
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 1));
	__atomic_fetch_and(xen_fifo_word(self->x, PORT), ~XEN_FIFO_PENDING, __ATOMIC_SEQ_CST);

	ASSERT_EQ(0, xen_order_send(self->x, self->wide, PORT));
	EXPECT_EQ(0, xen_fifo_consume(&self->c[1]));
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));

	ASSERT_EQ(0, xen_order_send(self->x, self->wide, PORT));
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));
	EXPECT_EQ(1, xen_fifo_consume(&self->c[1]));
	EXPECT_EQ(PORT, self->c[1].log[0]);
	EXPECT_EQ(0, *xen_fifo_word(self->x, PORT));
}

int main(int argc, char *argv[])
{
	/* Not the FIFO flag: modules that have none fail. */
	TEST_REQUIRE(xen_caps() & KVM_XEN_HVM_CONFIG_EVTCHN_SEND);

	return test_harness_run(argc, argv);
}
