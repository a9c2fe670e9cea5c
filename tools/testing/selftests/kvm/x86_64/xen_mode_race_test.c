// SPDX-License-Identifier: GPL-2.0
/*
 * One operation, one layout: LONG_MODE switches while events are delivered.
 *
 * If this fails, an event that meets the switch sets the bit of another port,
 * or bits outside the selector of vcpu_info, and the guest never finds it.
 * Stock 6.12 reads the mode three times for one event.  The race here meets that
 * some times in its many turns, but not where both threads share a CPU of the
 * machine; the replay in the other mode, which needs no race, fails always.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen.h"

#define TURNS		120000

/* The first word of shared_info's wall clock, in either layout, is elsewhere. */
#define LOW_PORT	1023
#define HIGH_PORT	4095

static void guest_code(void)
{
	uint32_t eax, ebx, ecx, edx;

	/* At an exit that KVM handles, stock KVM replays deferred selections, too. */
	for (;;) {
		GUEST_SYNC(0);
		cpuid(0, &eax, &ebx, &ecx, &edx);
	}
}

FIXTURE(mode) {
	struct xen_vm *x;
	uint8_t *vi;
	bool wide;
};

FIXTURE_SETUP(mode)
{
	self->x = xen_vm_create(1, true, guest_code);
	self->vi = xen_vcpu_info(self->x, 0);
}

FIXTURE_TEARDOWN(mode)
{
	xen_vm_free(self->x);
}

static void toggle_mode(void *arg)
{
	FIXTURE_DATA(mode) *self = arg;

	TEST_ASSERT_EQ(xen_set_long_mode(self->x, self->wide), 0);
	self->wide = !self->wide;
}

/*
 * What @port may leave behind in vcpu_info ahead of its time: the flag and the
 * bit for it in the layout of @wide.
 */
static void expect_vcpu_info(uint8_t *expected, uint32_t port, bool wide)
{
	uint32_t bit = port / (wide ? 64 : 32);

	memset(expected, 0, 32);
	expected[0] = 1;
	expected[(wide ? 8 : 4) + bit / 8] = 1 << bit % 8;
}

static bool is_as_one_layout_wants(const uint8_t *vi, uint32_t port)
{
	uint8_t expected[32];

	expect_vcpu_info(expected, port, true);
	if (!memcmp(vi, expected, sizeof(expected)))
		return true;
	if (port >= XEN_NR_PORTS_NARROW)
		return false;
	expect_vcpu_info(expected, port, false);
	return !memcmp(vi, expected, sizeof(expected));
}

/* Send @port once; count it as wrong where layouts were mixed. */
static int send_and_check(FIXTURE_DATA(mode) *self, uint32_t port)
{
	static const uint8_t nothing[32];
	bool raised;
	int rc;

	memset(self->vi, 0, sizeof(nothing));
	xen_clear_pending(self->x->shinfo, port);
	rc = xen_send(self->x, port, 0);
	raised = xen_is_pending(self->x->shinfo, port);

	/* Without a selection it is deferred to the vCPU, as vcpu_info was not mapped. */
	if (!memcmp(self->vi, nothing, sizeof(nothing)))
		return rc && raised;
	return rc || !raised || !is_as_one_layout_wants(self->vi, port);
}

static int race(FIXTURE_DATA(mode) *self, uint32_t port)
{
	struct xen_thread thread;
	int turn, wrong = 0;

	xen_thread_start(&thread, toggle_mode, self);
	for (turn = 0; turn < TURNS; turn++)
		wrong += send_and_check(self, port);
	xen_thread_stop(&thread);
	return wrong;
}

TEST_F(mode, a_port_of_both_layouts_is_selected_by_the_one_it_was_marked_by)
{
	EXPECT_EQ(0, race(self, LOW_PORT));
}

TEST_F(mode, a_port_of_the_wide_layout_leaves_nothing_outside_of_it)
{
	EXPECT_EQ(0, race(self, HIGH_PORT));
}

/* The same without a race: selected in one layout, replayed in the other. */
static void replay_in_the_other_mode(FIXTURE_DATA(mode) *self, bool wide, uint32_t port)
{
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), 0);
	TEST_ASSERT_EQ(xen_set_vcpu_info(self->x->vcpu[0], KVM_XEN_INVALID_GPA), 0);
	memset(self->vi, 0, 32);
	TEST_ASSERT_EQ(xen_set_long_mode(self->x, wide), 0);
	TEST_ASSERT_EQ(xen_send(self->x, port, 0), 0);
	TEST_ASSERT_EQ(xen_set_long_mode(self->x, !wide), 0);
	TEST_ASSERT_EQ(xen_set_vcpu_info(self->x->vcpu[0], XEN_VCPU_INFO_GPA(0)), 0);
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), 0);
}

/* True where the guest finds @port, and nothing but flag and selector changed. */
static bool is_found(uint8_t *vi, bool wide, uint32_t port)
{
	static const uint8_t nothing[31];
	bool found = *xen_upcall_pending(vi) && xen_take_sel(vi, wide) & xen_sel_bit(wide, port);

	return found && !memcmp(vi + 1, nothing, sizeof(nothing));
}

TEST_F(mode, what_was_selected_as_wide_is_found_as_narrow)
{
	replay_in_the_other_mode(self, true, LOW_PORT);
	EXPECT_TRUE(is_found(self->vi, false, LOW_PORT));
}

TEST_F(mode, what_was_selected_as_narrow_is_found_as_wide)
{
	replay_in_the_other_mode(self, false, LOW_PORT);
	EXPECT_TRUE(is_found(self->vi, true, LOW_PORT));
}

TEST_F(mode, what_only_wide_guests_have_does_no_harm_as_narrow)
{
	static const uint8_t nothing[24];

	replay_in_the_other_mode(self, true, HIGH_PORT);
	EXPECT_EQ(0, memcmp(self->vi + 8, nothing, sizeof(nothing)));
}

TEST_F(mode, each_switch_writes_the_wall_clock_to_the_place_of_its_layout)
{
	struct xen_shared_info32 *narrow = (void *)self->x->shinfo;
	struct xen_shared_info64 *wide = (void *)self->x->shinfo;

	narrow->wc = (struct xen_wall_clock) {};
	ASSERT_EQ(0, xen_set_long_mode(self->x, false));
	EXPECT_NE(0, narrow->wc.sec);
	EXPECT_EQ(0, narrow->wc.version % 2);

	wide->wc = (struct xen_wall_clock) {};
	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	EXPECT_NE(0, wide->wc.sec);
	EXPECT_EQ(0, wide->wc.version % 2);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
