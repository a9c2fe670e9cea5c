// SPDX-License-Identifier: GPL-2.0
/*
 * A port that is closed while it is on the queue of one vCPU, and bound anew to another:
 * events of its new life reach the new owner, and nobody else.  Xen binds no such port;
 * a VMM that does not support FIFO does.
 *
 * If this fails, events go to a vCPU that they are not for, or wait for one that is
 * offline for ever.  Stock 6.12 has no FIFO event channels.
 */
#include "xen_harness.h"
#include "xen_fifo.h"

#define PORT		10
#define BEFORE		8	/* other ports of the old owner, around it */
#define BEHIND		12
#define BASE		(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)

FIXTURE(rebind) {
	struct xen_vm *x;
	struct xen_fifo_consumer c[2];
};

FIXTURE_VARIANT(rebind) {
	const char *parameter;
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(rebind, always) { .parameter = "always", .flags = BASE };

FIXTURE_VARIANT_ADD(rebind, knows) {
	.parameter = "vmm",
	.flags = BASE | KVM_XEN_HVM_CONFIG_EVTCHN_FIFO,
};

FIXTURE_SETUP(rebind)
{
	self->x = xen_fifo_vm_obeying(variant->parameter, variant->flags, self->c);
}

FIXTURE_TEARDOWN(rebind)
{
	xen_vm_free(self->x);
}

static void close_port(struct xen_vm *x)
{
	*(uint32_t *)xen_get_order(x)->data = PORT;
	TEST_ASSERT(xen_order_exits(x, true, __HYPERVISOR_event_channel_op, EVTCHNOP_close,
				    XEN_ORDER_DATA, 0), "close is the VMM's");
}

static void send_to(struct xen_vm *x, uint32_t port, uint32_t vcpu)
{
	TEST_ASSERT_EQ(xen_send(x, port, vcpu), 0);
}

/* vCPU 1 has it on its queue, before and behind ports that stay, and it is closed. */
static void leave_on_queue_of_vcpu_1(struct xen_vm *x)
{
	send_to(x, BEFORE, 1);
	send_to(x, PORT, 1);
	send_to(x, BEHIND, 1);
	close_port(x);
	TEST_ASSERT(*xen_fifo_word(x, PORT) & XEN_FIFO_LINKED, "on no queue");
}

static bool has_handled(const struct xen_fifo_consumer *c, uint32_t port)
{
	unsigned int i;

	for (i = 0; i < c->nr_handled && i < XEN_FIFO_LOG_SIZE; i++) {
		if (c->log[i] == port)
			return true;
	}

	return false;
}

/* vCPU 0 runs, and takes what is ready, until it was @port, however long. */
static bool arrives(FIXTURE_DATA(rebind) *self, uint32_t port)
{
	unsigned int ms;

	for (ms = 0; ms < XEN_PATIENCE_MS; ms++) {
		xen_order(self->x, true, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
		xen_fifo_consume(&self->c[0]);
		if (has_handled(&self->c[0], port))
			return true;
		usleep(1000);
	}

	return false;
}

TEST_F(rebind, waits_until_the_old_owner_has_taken_it_off)
{
	leave_on_queue_of_vcpu_1(self->x);
	send_to(self->x, PORT, 0);
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));
	EXPECT_EQ(2, xen_fifo_consume(&self->c[1]));
	EXPECT_FALSE(has_handled(&self->c[1], PORT));
	EXPECT_TRUE(arrives(self, PORT));
	EXPECT_EQ(1, self->c[0].nr_handled);
	EXPECT_EQ(0, *xen_fifo_word(self->x, PORT));
}

/* Offline, and nobody empties its queues. */
TEST_F(rebind, arrives_where_the_old_owner_never_comes)
{
	leave_on_queue_of_vcpu_1(self->x);
	send_to(self->x, PORT, 0);
	EXPECT_TRUE(arrives(self, PORT));
	EXPECT_EQ(1, self->c[0].nr_handled);

	/* And goes on to; as the old owner does once it is back. */
	send_to(self->x, PORT, 0);
	EXPECT_TRUE(xen_fifo_consume(&self->c[0]) == 1);
	send_to(self->x, BEFORE + 1, 1);
	EXPECT_LE(1, xen_fifo_consume(&self->c[1]));
	EXPECT_TRUE(has_handled(&self->c[1], BEFORE + 1));
	EXPECT_FALSE(has_handled(&self->c[1], PORT));
}

TEST_F(rebind, arrives_at_once_where_the_owner_is_the_same)
{
	leave_on_queue_of_vcpu_1(self->x);
	send_to(self->x, PORT, 1);
	EXPECT_EQ(3, xen_fifo_consume(&self->c[1]));
	EXPECT_TRUE(has_handled(&self->c[1], PORT));
}

TEST_F(rebind, waits_masked_too)
{
	leave_on_queue_of_vcpu_1(self->x);
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	send_to(self->x, PORT, 0);
	EXPECT_TRUE(xen_fifo_try_unmask(xen_fifo_word(self->x, PORT)));
	EXPECT_EQ(2, xen_fifo_consume(&self->c[1]));
	EXPECT_TRUE(arrives(self, PORT));
}

TEST_F(rebind, is_forgotten_as_the_port_is_closed_again)
{
	leave_on_queue_of_vcpu_1(self->x);
	send_to(self->x, PORT, 0);
	close_port(self->x);
	EXPECT_EQ(2, xen_fifo_consume(&self->c[1]));
	send_to(self->x, PORT + 1, 0);
	EXPECT_TRUE(arrives(self, PORT + 1));
	EXPECT_FALSE(has_handled(&self->c[0], PORT));
	EXPECT_EQ(0, *xen_fifo_word(self->x, PORT));
}

/* Deferred work that waits for a tick must not run after FIFO has ended. */
TEST_F(rebind, ends_with_fifo)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		leave_on_queue_of_vcpu_1(self->x);
		send_to(self->x, PORT, 0);
		ASSERT_EQ(0, xen_reset_ports(self->x));
		memset(xen_fifo_word(self->x, 0), 0, 0x1000);
		memset(xen_fifo_control(self->x, 0), 0, sizeof(struct xen_fifo_control));
		memset(xen_fifo_control(self->x, 1), 0, sizeof(struct xen_fifo_control));
		xen_order_fifo(self->x, 1);
	}
	leave_on_queue_of_vcpu_1(self->x);
	send_to(self->x, PORT, 0);	/* and the VM ends */
}

XEN_TEST_MAIN_WITH_PARAMETER(KVM_XEN_HVM_CONFIG_EVTCHN_SEND, "xen_fifo")
