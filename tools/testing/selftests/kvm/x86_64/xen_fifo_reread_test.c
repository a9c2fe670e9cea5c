// SPDX-License-Identifier: GPL-2.0
/*
 * A hypercall that cannot be answered in the exit fast path, and whose argument names
 * another port once the exit loop reads it again.
 *
 * The port that it named first has an event that KVM keeps, as its memory is out of
 * reach.  If this fails, a guest loses that event.  Needs a kernel that makes the window
 * wide, by the module parameter xen_delay_loop.
 */
#include "xen_fast.h"
#include "xen_fifo.h"
#include "xen_harness.h"

#define NR_ROUNDS	2
#define MAX_ROUNDS	10		/* with those that came too late */
#define PORT		40
#define OTHER_PORT	41		/* the VMM's */
#define PARAMETER	"xen_delay_loop"
#define DELAY_MS	"1000"

struct shared {
	uint32_t port;			/* the argument */
	uint32_t calls;
};

#define SHARED_GPA	XEN_SPARE_GPA(1)
#define SHARED		((volatile struct shared *)SHARED_GPA)

/* Touches neither array nor control block, which the host looks at itself. */
static int64_t send(void)
{
	return xen_guest_call(true, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
			      (uintptr_t)&SHARED->port, 0);
}

/* The first call lets KVM know whom it is for. */
static void guest_code(void)
{
	GUEST_ASSERT_EQ(send(), 0);
	GUEST_SYNC(1);
	SHARED->calls = 1;
	GUEST_ASSERT_EQ(send(), -XEN_ENOSYS);
	SHARED->calls = 0;
	GUEST_SYNC(2);
	for (;;)
		xen_guest_yield();
}

FIXTURE(reread) {
	struct xen_vm *x;
	volatile struct shared *shared;
	struct xen_runner r;
};

FIXTURE_SETUP(reread)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "the VMM needs another CPU than the vCPU");
	if (xen_write_parameter(PARAMETER, "0"))
		SKIP(return, "this kernel cannot delay the fast path");
}

FIXTURE_TEARDOWN(reread)
{
	xen_write_parameter(PARAMETER, "0");
}

static void make_vm(FIXTURE_DATA(reread) *self)
{
	struct xen_array array = { .active = 1, .nr = 1, .gfns = { XEN_ARRAY_GFN(0) } };
	struct xen_control control = {
		.gfn = XEN_CONTROL_GFN(0),
		.offset = XEN_CONTROL_OFFSET,
	};

	self->x = xen_fifo_vm_create(1, true, guest_code);
	self->shared = xen_hva(self->x, SHARED_GPA);
	TEST_ASSERT_EQ(xen_set_array(self->x, &array), 0);
	TEST_ASSERT_EQ(xen_set_control(self->x->vcpu[0], &control), 0);
	TEST_ASSERT_EQ(xen_bind_ipi(self->x, PORT, 0), 0);

	self->shared->port = PORT;
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), 1);
	TEST_ASSERT(__atomic_fetch_and(xen_fifo_word(self->x, PORT), ~XEN_FIFO_PENDING,
				       __ATOMIC_SEQ_CST) & XEN_FIFO_PENDING,
		    "The first event did not arrive");
}

static bool is_kept(struct xen_vm *x)
{
	struct kvm_xen_evtchn_fifo_port entry;

	return xen_get_fifo_ports(x, PORT, 1, &entry) > 0 && entry.port == PORT &&
	       entry.saved;
}

TEST_F(reread, argument_of_another_port_leaves_the_event_that_is_kept)
{
	int i, nr_met = 0;

	for (i = 0; i < MAX_ROUNDS && nr_met < NR_ROUNDS; i++) {
		make_vm(self);
		xen_place_memslot(self->x, XEN_ARRAY_SLOT, XEN_ARRAY_GPA, false);
		ASSERT_EQ(0, xen_send(self->x, PORT, 0));
		ASSERT_TRUE(is_kept(self->x));

		xen_runner_start_delayed(&self->r, self->x->vcpu[0], PARAMETER, DELAY_MS,
					 &self->shared->calls);
		self->shared->port = OTHER_PORT;
		nr_met += self->shared->calls;
		EXPECT_TRUE(xen_runner_reaches(&self->r, 2));
		EXPECT_EQ(0, xen_write_parameter(PARAMETER, "0"));
		EXPECT_TRUE(is_kept(self->x));

		xen_place_memslot(self->x, XEN_ARRAY_SLOT, XEN_ARRAY_GPA, true);
		EXPECT_TRUE(xen_wait_for(xen_fifo_is_pending(self->x, PORT)));
		xen_runner_stop(&self->r);
		EXPECT_STREQ("", self->r.failure);
		xen_vm_free(self->x);
	}
	EXPECT_EQ(NR_ROUNDS, nr_met);
}

int main(int argc, char **argv)
{
	xen_require_caps(KVM_XEN_HVM_CONFIG_EVTCHN_FIFO);
	xen_require_fastpath();
	return test_harness_run(argc, argv);
}
