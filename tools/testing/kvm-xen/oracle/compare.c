// SPDX-License-Identifier: GPL-2.0
/*
 * Long random sequences of operations, done by the unit and a guest on pages,
 * and by the model on bools: every answer and every bit must be the same.
 * SEED= repeats a run.  If this fails, the unit does not do what its ABI says.
 */
#include <stdlib.h>

#include "consumer.h"
#include "evtchn_2l.h"
#include "oracle.h"
#include "sequence.h"
#include "test.h"

#define ROUNDS		20
#define OPERATIONS	5000

static struct guest g;
static const struct xen_layout *layout;
static u32 handled[ORACLE_PORTS], expected[ORACLE_PORTS];
static u64 deferred;

static void handle(u32 port)
{
	handled[port]++;
}

static void start(int width, u32 offset, u8 *shinfo, u8 *info)
{
	memset(shinfo, 0, XEN_ABI_PAGE_SIZE);
	memset(info, 0, 192);
	memset(handled, 0, sizeof(handled));
	memset(expected, 0, sizeof(expected));
	deferred = 0;
	layout = &xen_layouts[width];
	g = (struct guest) { shinfo, info + offset, width == XEN_WIDE, handle };
	oracle_reset(width == XEN_WIDE ? 4096 : 1024,
		     width == XEN_WIDE ? 64 : 32);
}

/* Half of the time one of few ports, so that operations meet. */
static u32 pick_port(void)
{
	if (pick(2))
		return pick(layout->nr_ports);
	return pick(16) * (layout->nr_ports / 16) + pick(2);
}

static void op_raise(u32 port)
{
	enum xen_evtchn_verdict verdict = evtchn_2l_mark(g.shinfo, layout, port);

	CHECK_EQ(verdict, oracle_mark(port));
	if (verdict == XEN_EVTCHN_RAISED)
		CHECK_EQ(evtchn_2l_select(g.vcpu_info, layout, port),
			 oracle_select(port));
}

static void op_mark(u32 port)
{
	CHECK_EQ(evtchn_2l_mark(g.shinfo, layout, port), oracle_mark(port));
}

static void op_select(u32 port)
{
	CHECK_EQ(evtchn_2l_select(g.vcpu_info, layout, port), oracle_select(port));
}

static void op_defer(u32 port)
{
	u64 sel = evtchn_2l_selector(layout, port);

	CHECK_EQ(sel, oracle_selector(port));
	deferred |= sel;
}

static void op_replay(u32 port)
{
	(void)port;
	CHECK_EQ(evtchn_2l_replay(g.vcpu_info, layout, deferred),
		 oracle_replay(deferred));
	deferred = 0;
}

static void op_look(u32 port)
{
	CHECK_EQ(evtchn_2l_is_pending(g.shinfo, layout, port),
		 oracle_is_pending(port));
}

static void op_mask(u32 port)
{
	guest_mask(&g, port);
	oracle_mask(port);
}

static void op_unmask(u32 port)
{
	CHECK_EQ(guest_unmask(&g, port), oracle_unmask(port));
}

static void op_unmask_by_hypercall(u32 port)
{
	enum xen_evtchn_verdict verdict;
	bool due = false;

	verdict = evtchn_2l_unmask(g.shinfo, layout, port);
	if (verdict == XEN_EVTCHN_RAISED)
		due = evtchn_2l_select(g.vcpu_info, layout, port);
	CHECK_EQ(due, oracle_unmask(port));
}

static void op_mask_by_hypercall(u32 port)
{
	evtchn_2l_mask(g.shinfo, layout, port);
	oracle_mask(port);
}

static void op_upcall(u32 port)
{
	(void)port;
	guest_upcall(&g);
	oracle_upcall(expected);
	CHECK(!memcmp(handled, expected, sizeof(handled)));
}

static const struct operation operations[] = {
	{ "raise", op_raise, 12 },
	{ "mark", op_mark, 3 },
	{ "select", op_select, 2 },
	{ "defer", op_defer, 2 },
	{ "replay", op_replay, 1 },
	{ "look", op_look, 3 },
	{ "mask", op_mask, 4 },
	{ "unmask", op_unmask, 4 },
	{ "mask by hypercall", op_mask_by_hypercall, 1 },
	{ "unmask by hypercall", op_unmask_by_hypercall, 2 },
	{ "upcall", op_upcall, 2 },
};

/* All bits that the model knows, against the pages. */
static void compare_all(void)
{
	u32 port, per_word = g.wide ? 64 : 32;

	for (port = 0; port < layout->nr_ports; port++) {
		CHECK_EQ(guest_sees_pending(&g, port), oracle_is_pending(port));
		CHECK_EQ(guest_sees_masked(&g, port), oracle_is_masked(port));
		if (port % per_word == 0)
			CHECK_EQ(guest_sees_selected(&g, port),
				 oracle_is_selected(port / per_word));
	}
	CHECK_EQ(guest_sees_flag(&g), oracle_flag());
}

/* What is no bit of the ABI's must still be 0. */
static void compare_rest(const u8 *info)
{
	u32 first = g.wide ? 0xc00 : 0x900, i;
	const u8 *sel = g.vcpu_info + (g.wide ? 8 : 4);

	for (i = 0; i < 0x800; i++)
		CHECK_EQ(g.shinfo[i], 0);
	for (i = first; i < XEN_ABI_PAGE_SIZE; i++)
		CHECK_EQ(g.shinfo[i], 0);
	for (i = 0; i < 192; i++) {
		const u8 *byte = info + i;

		if (byte != g.vcpu_info &&
		    (byte < sel || byte >= sel + (g.wide ? 8 : 4)))
			CHECK_EQ(*byte, 0);
	}
}

static const struct sequence sequence = {
	.operations = operations,
	.nr_operations = ARRAY_SIZE(operations),
	.pick_port = pick_port,
	.compare = compare_all,
	.length = OPERATIONS,
	.compare_every = 250,
};

static void run_round(int width, u8 *shinfo, u8 *info)
{
	start(width, 4 * pick(33), shinfo, info);
	run_sequence(&sequence, "width", width);
	compare_rest(info);
}

static void run_width(int width)
{
	u8 *shinfo = aligned_alloc(64, XEN_ABI_PAGE_SIZE);
	u8 *info = aligned_alloc(64, 192);
	u32 round;

	for (round = 0; round < ROUNDS; round++)
		run_round(width, shinfo, info);
	free(info);
	free(shinfo);
}

static void narrow_unit_does_as_the_model(void)
{
	run_width(XEN_NARROW);
}

static void wide_unit_does_as_the_model(void)
{
	run_width(XEN_WIDE);
}

static const struct test tests[] = {
	TEST(narrow_unit_does_as_the_model),
	TEST(wide_unit_does_as_the_model),
};

int main(void)
{
	return run_seeded_tests(tests, ARRAY_SIZE(tests));
}
