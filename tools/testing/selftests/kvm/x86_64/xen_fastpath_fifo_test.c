// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO events that a hypercall answered in the exit fast path raises: by a send, or
 * by unmasking a port that is pending.
 *
 * An event is handled once, before the next instruction.  If this fails, a guest at
 * FIFO has none of the fast path, or loses what it unmasks.  Stock 6.12 has neither.
 */
#include "apic.h"
#include "xen_fast.h"
#include "xen_fifo.h"
#include "xen_harness.h"

#define PORT		40
#define NR_EVENTS	300u

static uint64_t nr_handled(void)
{
	return READ_ONCE(xen_guest_consumer()->nr_handled);
}

static void guest_begins(void)
{
	x2apic_enable();
	xen_guest_fifo_begin(1, 1);
	GUEST_SYNC(0);
	asm volatile("sti; nop");
}

static void guest_code_sends(void)
{
	uint64_t i;

	guest_begins();
	for (i = 1; i <= NR_EVENTS; i++) {
		GUEST_ASSERT_EQ(xen_guest_send_idle(PORT, 1), 1);
		GUEST_ASSERT_EQ(nr_handled(), i);
	}
	GUEST_SYNC(NR_EVENTS);
}

/* What is masked stays where it is until it is unmasked, by a call. */
static void guest_code_unmasks(void)
{
	uint64_t i;

	guest_begins();
	for (i = 1; i <= NR_EVENTS; i++) {
		xen_fifo_mask(xen_guest_word(PORT));
		GUEST_ASSERT_EQ(xen_guest_send_idle(PORT, 1), 1);
		GUEST_ASSERT_EQ(nr_handled(), i - 1);
		GUEST_ASSERT(!xen_fifo_try_unmask(xen_guest_word(PORT)));
		GUEST_ASSERT_EQ(xen_guest_unmask_call(true, PORT), 0);
		GUEST_ASSERT_EQ(nr_handled(), i);
	}
	GUEST_SYNC(NR_EVENTS);
}

FIXTURE(fifo) {
	struct xen_vm *x;
	int stats;
};

FIXTURE_VARIANT(fifo) {
	bool off;
	bool vcpu_vector;
};

FIXTURE_VARIANT_ADD(fifo, vm_vector) { .off = false };
FIXTURE_VARIANT_ADD(fifo, vm_vector_off) { .off = true };
FIXTURE_VARIANT_ADD(fifo, vcpu_vector) { .vcpu_vector = true };
FIXTURE_VARIANT_ADD(fifo, vcpu_vector_off) { .vcpu_vector = true, .off = true };

FIXTURE_SETUP(fifo)
{
	if (!variant->off && !xen_has_fastpath())
		SKIP(return, "%s", xen_no_fastpath());

	self->x = xen_fifo_vm_create(1, true, NULL);
	self->stats = vcpu_get_stats_fd(self->x->vcpu[0]);
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	if (variant->vcpu_vector)
		ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	xen_set_fastpath(!variant->off);
}

FIXTURE_TEARDOWN(fifo)
{
	xen_set_fastpath(true);
	close(self->stats);
	xen_vm_free(self->x);
}

/* How many of the calls of @guest_code were fast. */
static uint64_t run(FIXTURE_DATA(fifo) *self, void *guest_code)
{
	uint64_t before;

	xen_set_entry_point(self->x->vcpu[0], guest_code);
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), 0);
	before = xen_fast_stat(self->stats);
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), NR_EVENTS);
	TEST_ASSERT(xen_fifo_drains(self->x, PORT + 1), "Events are lost");
	return xen_fast_stat(self->stats) - before;
}

/* Pages of the ABI are mapped by the first call that needs them, in the exit loop. */
#define FEW	(NR_EVENTS / 20)

TEST_F(fifo, notifies_of_a_send_at_once)
{
	uint64_t fast = run(self, guest_code_sends);

	EXPECT_GE(variant->off ? 0 : NR_EVENTS, fast);
	EXPECT_LE(variant->off ? 0 : NR_EVENTS - FEW, fast);
}

TEST_F(fifo, notifies_of_an_unmasked_event_at_once)
{
	uint64_t fast = run(self, guest_code_unmasks);

	EXPECT_GE(variant->off ? 0 : 2 * NR_EVENTS, fast);
	EXPECT_LE(variant->off ? 0 : 2 * NR_EVENTS - FEW, fast);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
