// SPDX-License-Identifier: GPL-2.0
/*
 * As many ports as there are: registered, changed, taken away, reset.
 *
 * If this fails, ports are lost or survive where a VMM sets thousands of them.
 * That they need no grace period each is a matter of time, which a selftest
 * cannot check; what it can check is that none of this waits for a vCPU that is
 * inside KVM_RUN, and that memory of old ports is not used again too early:
 * senders run all the while.  Stock 6.12 passes.
 */
#include "xen_harness.h"
#include "xen.h"

#define NR_PORTS	XEN_NR_PORTS_WIDE
#define ROUNDS		3

#define SENDS		((volatile uint64_t *)XEN_SPARE_GPA(1))

/* Send on port after port, registered or not. */
static void guest_code_sends(void)
{
	uint32_t port;

	for (;;) {
		for (port = 1; port < NR_PORTS; port++) {
			xen_guest_send(true, port);
			++*SENDS;
		}
	}
}

FIXTURE(bulk) {
	struct xen_vm *x;
	struct xen_runner r;
	volatile uint64_t *sends;
};

FIXTURE_SETUP(bulk)
{
	self->x = xen_vm_create(2, true, guest_code_sends);
	self->sends = xen_hva(self->x, XEN_SPARE_GPA(1));
}

FIXTURE_TEARDOWN(bulk)
{
	xen_vm_free(self->x);
}

static void start_sender(FIXTURE_DATA(bulk) *self)
{
	xen_runner_start(&self->r, self->x->vcpu[0]);
	TEST_ASSERT(xen_wait_for(*self->sends), "The guest does not run");
}

/* Stop it; returns whether it sent until then. */
static bool stop_sender(FIXTURE_DATA(bulk) *self)
{
	uint64_t from = *self->sends;
	bool sends = xen_wait_for(*self->sends > from);

	xen_runner_stop(&self->r);
	return sends && !self->r.done;
}

static int bind_all(struct xen_vm *x)
{
	uint32_t port;

	for (port = 1; port < NR_PORTS; port++)
		if (xen_bind_ipi(x, port, port % 2))
			return -1;
	return 0;
}

TEST_F(bulk, all_ports_can_be_set_and_reset_again_and_again)
{
	int round;

	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, bind_all(self->x));
		EXPECT_EQ(-EEXIST, xen_bind_ipi(self->x, 1 + round, 0));
		ASSERT_EQ(0, xen_reset_ports(self->x));
		EXPECT_EQ(-ENOENT, xen_unbind(self->x, 1 + round));
	}
	EXPECT_EQ(0, xen_reset_ports(self->x));
}

TEST_F(bulk, all_ports_can_be_reset_under_a_sender)
{
	int round;

	start_sender(self);
	for (round = 0; round < ROUNDS; round++) {
		EXPECT_EQ(0, bind_all(self->x));
		EXPECT_EQ(0, xen_reset_ports(self->x));
	}
	EXPECT_TRUE(stop_sender(self));
}

TEST_F(bulk, ports_can_be_taken_away_one_by_one_under_a_sender)
{
	uint32_t port;

	ASSERT_EQ(0, bind_all(self->x));
	start_sender(self);
	for (port = 1; port < NR_PORTS; port += 41)
		EXPECT_EQ(0, xen_unbind(self->x, port));
	EXPECT_TRUE(stop_sender(self));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 1));
	EXPECT_EQ(0, xen_unbind(self->x, 2));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
