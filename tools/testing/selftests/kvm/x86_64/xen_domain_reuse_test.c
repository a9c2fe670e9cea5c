// SPDX-License-Identifier: GPL-2.0
/*
 * A port that is closed while a send to it is on its way: its number is not used again
 * before that send has ended, and then without the event that it left.
 *
 * If this fails, a guest gets an event on a port that nobody has sent on.  Needs a kernel
 * that makes the window wide, by the module parameter xen_delay_send.
 */
#include "xen_domain.h"
#include "xen_fast.h"
#include "xen_harness.h"

#define NR_ROUNDS	2
#define MAX_ROUNDS	10		/* with those that came too late */
#define PARAMETER	"xen_delay_send"
#define DELAY_MS	"1000"

struct shared {
	uint32_t port;			/* that the guest sends on */
	uint32_t calls;
};

#define SHARED_GPA	XEN_SPARE_GPA(1)
#define SHARED		((volatile struct shared *)SHARED_GPA)

static void guest_code(void)
{
	int64_t to = xen_guest_alloc_unbound(DOMID_SELF);

	SHARED->port = xen_guest_bind_interdomain(DOMID_SELF, to);
	GUEST_ASSERT_EQ(xen_guest_send(true, SHARED->port), 0);
	GUEST_SYNC(to);
	SHARED->calls = 1;
	GUEST_ASSERT_EQ(xen_guest_send(true, SHARED->port), 0);
	SHARED->calls = 0;
	GUEST_SYNC(0);
	for (;;)
		xen_guest_yield();
}

FIXTURE(reuse) {
	struct xen_vm *x;
	volatile struct shared *shared;
	struct xen_runner r;
};

FIXTURE_SETUP(reuse)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "the VMM needs another CPU than the vCPU");
	if (xen_write_parameter(PARAMETER, "0"))
		SKIP(return, "this kernel cannot delay a send");
}

FIXTURE_TEARDOWN(reuse)
{
	xen_write_parameter(PARAMETER, "0");
}

/* While the send is on its way: whether a port was opened that had another number. */
static bool gets_another(FIXTURE_DATA(reuse) *self, int closed)
{
	int port = xen_vmm_alloc_guest(self->x);

	TEST_ASSERT(port > 0, "no port: %d", port);
	TEST_ASSERT_EQ(xen_vmm_close_guest(self->x, port), 0);
	return port != closed;
}

static bool gets(FIXTURE_DATA(reuse) *self, int wanted)
{
	int port = xen_vmm_alloc_guest(self->x);

	if (port != wanted)
		TEST_ASSERT_EQ(xen_vmm_close_guest(self->x, port), 0);
	return port == wanted;
}

TEST_F(reuse, of_a_port_waits_for_its_senders)
{
	int i, to, nr_met = 0;

	for (i = 0; i < MAX_ROUNDS && nr_met < NR_ROUNDS; i++) {
		self->x = xen_domain_vm_create(1, true, false, guest_code);
		self->shared = xen_hva(self->x, SHARED_GPA);
		to = xen_step(self->x->vcpu[0]);
		ASSERT_TRUE(xen_clear_pending(self->x->shinfo, to));

		xen_runner_start_delayed(&self->r, self->x->vcpu[0], PARAMETER, DELAY_MS,
					 &self->shared->calls);
		ASSERT_EQ(0, xen_vmm_close_guest(self->x, to));
		EXPECT_TRUE(gets_another(self, to));
		EXPECT_FALSE(xen_is_pending(self->x->shinfo, to));
		nr_met += self->shared->calls;
		EXPECT_TRUE(xen_wait_for(!self->shared->calls));
		EXPECT_EQ(0, xen_write_parameter(PARAMETER, "0"));

		EXPECT_TRUE(xen_wait_for(gets(self, to)));
		EXPECT_FALSE(xen_is_pending(self->x->shinfo, to));
		xen_runner_stop(&self->r);
		EXPECT_STREQ("", self->r.failure);
		xen_vm_free(self->x);
	}
	EXPECT_EQ(NR_ROUNDS, nr_met);
}

int main(int argc, char **argv)
{
	xen_require_caps(KVM_XEN_HVM_CONFIG_EVTCHN_PORTS);
	xen_require_fastpath();
	return test_harness_run(argc, argv);
}
