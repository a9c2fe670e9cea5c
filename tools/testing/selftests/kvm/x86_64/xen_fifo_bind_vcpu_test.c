// SPDX-License-Identifier: GPL-2.0
/*
 * A port that the guest moves to another vCPU under FIFO, by EVTCHNOP_bind_vcpu or by
 * what the VMM makes of it: unmask raises what is pending there.
 *
 * If this fails, an event that was sent before the move is raised at the vCPU of before,
 * which may be about to go offline, where nobody ever looks.  Stock 6.12 has no FIFO
 * event channels.
 */
#include "xen_harness.h"
#include "xen_fifo.h"

#define PORT		10
#define FAR_PORT	(XEN_FIFO_PAGE_PORTS + 3)
#define BASE		(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)

FIXTURE(bind_vcpu) {
	struct xen_vm *x;
	struct xen_fifo_consumer c[2];
};

/* Of a VMM that knows of FIFO, and of one that does not. */
FIXTURE_VARIANT(bind_vcpu) {
	const char *parameter;
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(bind_vcpu, knows) {
	.parameter = "vmm",
	.flags = BASE | KVM_XEN_HVM_CONFIG_EVTCHN_FIFO,
};

FIXTURE_VARIANT_ADD(bind_vcpu, always) { .parameter = "always", .flags = BASE };

FIXTURE_SETUP(bind_vcpu)
{
	self->x = xen_fifo_vm_obeying(variant->parameter, variant->flags, self->c);
}

FIXTURE_TEARDOWN(bind_vcpu)
{
	xen_vm_free(self->x);
}

/* The call, which the VMM answers @answer. */
static void bind(struct xen_vm *x, uint32_t port, uint32_t vcpu, int64_t answer)
{
	uint32_t *arg = (uint32_t *)xen_get_order(x)->data;

	arg[0] = port;
	arg[1] = vcpu;
	TEST_ASSERT(xen_order_exits(x, true, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_vcpu,
				    XEN_ORDER_DATA, answer), "bind_vcpu is the VMM's");
}

static void send_masked(struct xen_vm *x, uint32_t vcpu)
{
	xen_fifo_mask(xen_fifo_word(x, PORT));
	TEST_ASSERT_EQ(xen_send(x, PORT, vcpu), 0);
}

/* Where the port comes up once it is unmasked: 1 for vCPU 0, 2 for vCPU 1. */
static unsigned int unmasked_at(FIXTURE_DATA(bind_vcpu) *self)
{
	TEST_ASSERT_EQ(xen_order_unmask(self->x, true, PORT), 0);
	return xen_fifo_consume(&self->c[0]) | xen_fifo_consume(&self->c[1]) << 1;
}

TEST_F(bind_vcpu, moves_what_is_pending_and_masked)
{
	send_masked(self->x, 0);
	bind(self->x, PORT, 1, 0);
	EXPECT_EQ(2, unmasked_at(self));

	send_masked(self->x, 1);
	bind(self->x, PORT, 0, 0);
	EXPECT_EQ(1, unmasked_at(self));
}

TEST_F(bind_vcpu, moves_nothing_where_the_vmm_refuses)
{
	send_masked(self->x, 0);
	bind(self->x, PORT, 1, -XEN_EINVAL);
	EXPECT_EQ(1, unmasked_at(self));
}

TEST_F(bind_vcpu, knows_vcpus_by_the_number_that_the_guest_knows)
{
	ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[1], 33));
	send_masked(self->x, 0);
	bind(self->x, PORT, 1, 0);	/* of any owner */
	EXPECT_EQ(1, unmasked_at(self));
	send_masked(self->x, 0);
	bind(self->x, PORT, 33, 0);
	EXPECT_EQ(2, unmasked_at(self));
}

/* A sender that looked at the target before the move may come after it. */
TEST_F(bind_vcpu, holds_for_an_event_that_was_on_its_way)
{
	bind(self->x, PORT, 1, 0);
	send_masked(self->x, 0);
	EXPECT_EQ(2, unmasked_at(self));
}

TEST_F(bind_vcpu, ends_as_the_port_is_closed)
{
	bind(self->x, PORT, 1, 0);
	*(uint32_t *)xen_get_order(self->x)->data = PORT;
	ASSERT_TRUE(xen_order_exits(self->x, true, __HYPERVISOR_event_channel_op,
				    EVTCHNOP_close, XEN_ORDER_DATA, 0));
	send_masked(self->x, 0);
	EXPECT_EQ(1, unmasked_at(self));
}

/* An event that waits for its page is raised at the new vCPU when the page is added. */
TEST_F(bind_vcpu, moves_what_waits_for_its_page)
{
	ASSERT_EQ(0, xen_send(self->x, FAR_PORT, 0));
	bind(self->x, FAR_PORT, 1, 0);
	ASSERT_EQ(0, xen_order_expand_array(self->x, true, XEN_ARRAY_GFN(1)));
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));
	EXPECT_EQ(1, xen_fifo_consume(&self->c[1]));
}

TEST_F(bind_vcpu, takes_ports_and_vcpus_that_are_none)
{
	bind(self->x, 0, 1, 0);
	bind(self->x, UINT32_MAX, 1, 0);
	bind(self->x, XEN_FIFO_MAX_PORT + 1, 1, 0);
	bind(self->x, PORT, UINT32_MAX, 0);
	send_masked(self->x, 0);
	EXPECT_EQ(1, unmasked_at(self));
}

/* What the VMM registered and moves, with or without a call of the guest. */
TEST_F(bind_vcpu, follows_an_update_of_a_registered_port)
{
	const uint32_t sender = PORT + 1;

	ASSERT_EQ(0, xen_bind_loopback(self->x, sender, PORT, 0));
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	ASSERT_EQ(0, xen_order_send(self->x, true, sender));
	ASSERT_EQ(0, xen_evtchn(self->x, KVM_XEN_EVTCHN_UPDATE, sender,
				EVTCHNSTAT_interdomain, PORT, 1));
	EXPECT_EQ(2, unmasked_at(self));

	/* A port that is registered anew begins anew. */
	ASSERT_EQ(0, xen_unbind(self->x, sender));
	send_masked(self->x, 0);
	EXPECT_EQ(1, unmasked_at(self));
}

XEN_TEST_MAIN_WITH_PARAMETER(KVM_XEN_HVM_CONFIG_EVTCHN_SEND, "xen_fifo")
