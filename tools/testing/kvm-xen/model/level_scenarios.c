// SPDX-License-Identifier: GPL-2.0
/*
 * A line that follows a flag, in every order: senders in all contexts, a guest
 * that ends interrupts before and after it clears the flag, one that masks the
 * pin, devices on the same pin, and a VMM that has the line.
 *
 * Each event carries data, a counter that its sender increments before raising
 * the flag and that the guest reads after clearing it.  The guest looks when it
 * is interrupted, and never else.  In the end, all have come to rest; an event is
 * lost where the guest has not read the last value then, or the flag is up.
 *
 * If this fails, guests that are notified of events by a line hang for want of an
 * interrupt, or are kept from their work by interrupts for nothing.
 */
#include "level_actors.h"
#include "suite.h"
#include "test.h"

/*
 * The most interrupts that there may be: one for each event.  On a level one more for
 * each EOI that comes before the flag is cleared, or where KVM cannot look at it; on
 * an edge one more for each time that an asserted pin is unmasked.  The line of a VMM
 * has one more for an assertion that was under way when the last interrupt ended.
 */
#define SENDER			{ "sender", send, 0 }
#define SENDER_TWICE		{ "sender", send_twice, 0 }
#define SENDER_B		{ "sender B", send, 1 }
#define GUEST(handler)		{ "guest", receive, handler }
#define WORK			{ "work", work, 0 }

static const struct scenario scenarios[] = {
	{ .name = "level, a sender, late EOI",
	  .actors = { SENDER, GUEST(LATE_EOI) },
	  .most = 1 },
	{ .name = "level, a sender, early EOI",
	  .actors = { SENDER, GUEST(EARLY_EOI) },
	  .most = 2 },
	{ .name = "edge, a sender, late EOI",
	  .actors = { SENDER, GUEST(LATE_EOI) },
	  .edge = true, .most = 1 },
	{ .name = "edge, a sender, early EOI",
	  .actors = { SENDER, GUEST(EARLY_EOI) },
	  .edge = true, .most = 1 },

	{ .name = "level, two events, late EOI",
	  .actors = { SENDER_TWICE, GUEST(LATE_EOI) },
	  .most = 2 },
	{ .name = "level, two events, early EOI",
	  .actors = { SENDER_TWICE, GUEST(EARLY_EOI) },
	  .most = 4 },
	{ .name = "level, two events, EOI between flag and data",
	  .actors = { SENDER_TWICE, GUEST(EOI_IN_BETWEEN) },
	  .most = 2 },
	{ .name = "level, two events, a guest that looks twice",
	  .actors = { SENDER_TWICE, GUEST(TWO_LOOKS) },
	  .most = 2 },
	{ .name = "edge, two events, late EOI",
	  .actors = { SENDER_TWICE, GUEST(LATE_EOI) },
	  .edge = true, .most = 2 },
	{ .name = "edge, two events, early EOI",
	  .actors = { SENDER_TWICE, GUEST(EARLY_EOI) },
	  .edge = true, .most = 2 },
	{ .name = "edge, two events, EOI between flag and data",
	  .actors = { SENDER_TWICE, GUEST(EOI_IN_BETWEEN) },
	  .edge = true, .most = 2 },
	{ .name = "edge, two events, a guest that looks twice",
	  .actors = { SENDER_TWICE, GUEST(TWO_LOOKS) },
	  .edge = true, .most = 2 },
	{ .name = "edge, two events, EOIs that nobody sees",
	  .actors = { SENDER_TWICE, GUEST(LATE_EOI) },
	  .end = end_unseen, .edge = true, .most = 2 },

	{ .name = "level, two senders, late EOI",
	  .actors = { SENDER, SENDER_B, GUEST(LATE_EOI) },
	  .most = 2 },
	{ .name = "level, two senders, early EOI",
	  .actors = { SENDER, SENDER_B, GUEST(EARLY_EOI) },
	  .most = 4 },
	{ .name = "edge, two senders, late EOI",
	  .actors = { SENDER, SENDER_B, GUEST(LATE_EOI) },
	  .edge = true, .most = 2 },
	{ .name = "edge, two senders, early EOI",
	  .actors = { SENDER, SENDER_B, GUEST(EARLY_EOI) },
	  .edge = true, .most = 2 },
	{ .name = "edge, two senders, EOIs that nobody sees",
	  .actors = { SENDER, SENDER_B, GUEST(LATE_EOI) },
	  .end = end_unseen, .edge = true, .most = 2 },

	{ .name = "level, two senders, one in interrupt context, late EOI",
	  .actors = { SENDER, { "interrupt", send_from_interrupt, 1 },
		      GUEST(LATE_EOI), WORK },
	  .most = 2 },
	{ .name = "edge, two senders, one in interrupt context, late EOI",
	  .actors = { SENDER, { "interrupt", send_from_interrupt, 1 },
		      GUEST(LATE_EOI), WORK },
	  .edge = true, .most = 2 },
	{ .name = "edge, two senders, one in interrupt context, early EOI",
	  .actors = { SENDER, { "interrupt", send_from_interrupt, 1 },
		      GUEST(EARLY_EOI), WORK },
	  .edge = true, .most = 2 },

	{ .name = "level, a device on the same pin, late EOI",
	  .actors = { { "device", raise_device, 0 }, SENDER_TWICE,
		      GUEST(LATE_EOI) },
	  .shared = true, .most = 3 },
	{ .name = "level, a device on the same pin, early EOI",
	  .actors = { { "device", raise_device, 0 }, SENDER_TWICE,
		      GUEST(EARLY_EOI) },
	  .shared = true, .most = 6 },

	{ .name = "level, two senders, one that cannot look, late EOI",
	  .actors = { SENDER, { "blind", send_blindly, 1 }, GUEST(LATE_EOI) },
	  .most = 2 },
	{ .name = "edge, two senders, one that cannot look, late EOI",
	  .actors = { SENDER, { "blind", send_blindly, 1 }, GUEST(LATE_EOI) },
	  .edge = true, .most = 2 },
	{ .name = "edge, two senders, one that cannot look, early EOI",
	  .actors = { SENDER, { "blind", send_blindly, 1 }, GUEST(EARLY_EOI) },
	  .edge = true, .most = 2 },
	{ .name = "level, another event, EOIs that cannot look",
	  .actors = { SENDER, GUEST(LATE_EOI) },
	  .prepare = start_interrupted, .end = end_blindly, .most = 4 },
	{ .name = "edge, another event, EOIs that cannot look",
	  .actors = { SENDER, GUEST(LATE_EOI) },
	  .prepare = start_interrupted, .end = end_blindly, .edge = true, .most = 2 },
	{ .name = "edge, another one in interrupt context, EOIs that cannot look",
	  .actors = { { "interrupt", send_from_interrupt, 0 }, GUEST(LATE_EOI), WORK },
	  .prepare = start_interrupted, .end = end_blindly, .edge = true, .most = 2 },

	{ .name = "level, nothing else, a handler in a thread",
	  .actors = { GUEST(ONE_SHOT), WORK },
	  .prepare = start_interrupted, .most = 1 },
	{ .name = "edge, nothing else, a handler in a thread",
	  .actors = { GUEST(ONE_SHOT), WORK },
	  .prepare = start_interrupted, .edge = true, .most = 1 },
	{ .name = "level, another event, a handler in a thread",
	  .actors = { SENDER, GUEST(ONE_SHOT), WORK },
	  .prepare = start_interrupted, .most = 2 },
	{ .name = "edge, another event, a handler in a thread",
	  .actors = { SENDER, GUEST(ONE_SHOT), WORK },
	  .prepare = start_interrupted, .edge = true, .most = 3 },
	{ .name = "level, another event, a handler in a thread, a resampler",
	  .actors = { SENDER, GUEST(ONE_SHOT), WORK },
	  .prepare = start_interrupted, .resampler = true, .most = 2 },
	{ .name = "level, another event, a handler that masks",
	  .actors = { SENDER, GUEST(LAZY_MASK), WORK },
	  .prepare = start_interrupted, .most = 2 },
	{ .name = "edge, another event, a handler that masks",
	  .actors = { SENDER, GUEST(LAZY_MASK), WORK },
	  .prepare = start_interrupted, .edge = true, .most = 3 },
	{ .name = "level, a pin that another vCPU unmasks",
	  .actors = { SENDER, { "unmasker", unmask_pin, 0 }, GUEST(LATE_EOI),
		      WORK },
	  .prepare = start_masked, .most = 1 },
	{ .name = "edge, a pin that another vCPU unmasks",
	  .actors = { SENDER, { "unmasker", unmask_pin, 0 }, GUEST(LATE_EOI),
		      WORK },
	  .prepare = start_masked, .edge = true, .most = 2 },
	{ .name = "level, a pin that another vCPU unmasks, a resampler",
	  .actors = { SENDER, { "unmasker", unmask_pin, 0 }, GUEST(LATE_EOI),
		      WORK },
	  .prepare = start_masked, .resampler = true, .most = 1 },
	{ .name = "edge, a pin that another vCPU masks and unmasks",
	  .actors = { SENDER, { "masker", mask_and_unmask_pin, 0 },
		      GUEST(LATE_EOI), WORK },
	  .edge = true, .most = 2 },

	{ .name = "level, the VMM's line, late EOI",
	  .actors = { SENDER_TWICE, { "VMM", vmm, 0 }, WORK, GUEST(LATE_EOI) },
	  .end = end_in_vmm, .vmm = true, .most = 3 },
	{ .name = "level, the VMM's line, early EOI",
	  .actors = { SENDER_TWICE, { "VMM", vmm, 0 }, WORK, GUEST(EARLY_EOI) },
	  .end = end_in_vmm, .vmm = true, .most = 5 },
	{ .name = "edge, the VMM's line, late EOI",
	  .actors = { SENDER_TWICE, { "VMM", vmm, 0 }, WORK, GUEST(LATE_EOI) },
	  .end = end_in_vmm, .edge = true, .vmm = true, .most = 3 },
	{ .name = "edge, the VMM's line, early EOI",
	  .actors = { SENDER_TWICE, { "VMM", vmm, 0 }, WORK, GUEST(EARLY_EOI) },
	  .end = end_in_vmm, .edge = true, .vmm = true, .most = 5 },
	{ .name = "level, the VMM's line and one thread, late EOI",
	  .actors = { SENDER_TWICE, { "VMM", vmm, 0 }, WORK, GUEST(LATE_EOI) },
	  .end = end_in_vmm_thread, .vmm = true, .most = 3 },
	{ .name = "level, the VMM's line and one thread, early EOI",
	  .actors = { SENDER_TWICE, { "VMM", vmm, 0 }, WORK, GUEST(EARLY_EOI) },
	  .end = end_in_vmm_thread, .vmm = true, .most = 5 },
	{ .name = "level, the VMM's line by an irqfd, late EOI",
	  .actors = { SENDER_TWICE, { "irqfd", vmm, 0 }, WORK,
		      GUEST(LATE_EOI) },
	  .end = end_in_irqfd, .vmm = true, .most = 3 },
	{ .name = "level, the VMM's line by an irqfd, early EOI",
	  .actors = { SENDER_TWICE, { "irqfd", vmm, 0 }, WORK,
		      GUEST(EARLY_EOI) },
	  .end = end_in_irqfd, .vmm = true, .most = 5 },
	{ .name = "edge, the VMM's line, EOIs without a notification",
	  .actors = { SENDER_TWICE, SENDER_B, { "VMM", vmm_without_eoi, 0 },
		      GUEST(LATE_EOI) },
	  .end = end_unnotified, .edge = true, .vmm = true, .most = 3 },

	{ .name = "level, a move to another host, late EOI",
	  .actors = { { "interrupt", send_from_interrupt, 0 },
		      { "guest", receive_and_move, LATE_EOI }, WORK },
	  .prepare = start_interrupted, .most = 2 },
	{ .name = "level, a move to another host, early EOI",
	  .actors = { { "interrupt", send_from_interrupt, 0 },
		      { "guest", receive_and_move, EARLY_EOI }, WORK },
	  .prepare = start_interrupted, .most = 3 },
	{ .name = "level, a move to another host, EOI and two looks",
	  .actors = { { "interrupt", send_from_interrupt, 0 },
		      { "guest", receive_and_move, EOI_AND_TWO_LOOKS }, WORK },
	  .prepare = start_interrupted, .most = 3 },
	{ .name = "edge, a move to another host, late EOI",
	  .actors = { { "interrupt", send_from_interrupt, 0 },
		      { "guest", receive_and_move, LATE_EOI }, WORK },
	  .prepare = start_interrupted, .edge = true, .most = 2 },
	{ .name = "edge, a move to another host, early EOI",
	  .actors = { { "interrupt", send_from_interrupt, 0 },
		      { "guest", receive_and_move, EARLY_EOI }, WORK },
	  .prepare = start_interrupted, .edge = true, .most = 3 },

	{ .name = "level, a flag that was up before, a sender, late EOI",
	  .actors = { { "method", look, 0 }, SENDER_B, GUEST(LATE_EOI) },
	  .prepare = start_flag_up, .most = 2 },
	{ .name = "edge, a flag that was up before, a sender, late EOI",
	  .actors = { { "method", look, 0 }, SENDER_B, GUEST(LATE_EOI) },
	  .prepare = start_flag_up, .edge = true, .most = 2 },
	{ .name = "edge, a flag that was up before, a sender, early EOI",
	  .actors = { { "method", look, 0 }, SENDER_B, GUEST(EARLY_EOI) },
	  .prepare = start_flag_up, .edge = true, .most = 2 },
};

/* The most interrupts that an end of each scenario had. */
static u8 most[ARRAY_SIZE(scenarios)];

/* No notification is under way any more: what is missing now stays missing. */
static void check_events(void)
{
	if (world.flag)
		explore_fail("an event was lost: the guest was not notified");
	if (memcmp(world.seen, world.data, sizeof(world.data)))
		explore_fail("an event was lost: the guest has not looked");
}

static void check_driver(void)
{
	if (world.drivers)
		explore_fail("a driver that went away");
	if (world.level.posted)
		explore_fail("something was left to no driver");
}

static void check_line(void)
{
	bool up = world.pin.sources & OURS;

	if (up != world.level.asserted && !scenario->vmm)
		explore_fail("the line is not as the driver knows it");
	/* The guest cleared the flag, and KVM had to look at it after that. */
	if (!world.flag && world.chance && (up || world.level.asserted))
		explore_fail("the line is up, the flag is down");
}

static void check_interrupts(void)
{
	u8 *max = &most[scenario - scenarios];

	if (world.taken > *max)
		*max = world.taken;
	if (world.taken > scenario->most)
		explore_fail("more interrupts than are due");
}

static void check_end(void)
{
	check_events();
	check_driver();
	check_line();
	check_interrupts();
}

static void observe(void)
{
	if (world.drivers > 1)
		explore_fail("two drivers at once");
}

#define PLACE(field)							\
	{ #field, offsetof(struct world, field),			\
	  sizeof(((struct world *)0)->field) }

static const struct {
	const char *name;
	size_t offset, len;
} places[] = {
	PLACE(level.posted), PLACE(pin), PLACE(pin_lock), PLACE(lock),
	PLACE(data), PLACE(irr), PLACE(work), PLACE(request), PLACE(asserts), PLACE(eoi),
	PLACE(flag), PLACE(unseen),
};

static const char *place(const volatile void *addr)
{
	size_t i, at = (uintptr_t)addr - (uintptr_t)&world;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		if (at - places[i].offset < places[i].len)
			return places[i].name;
	}

	return "other";
}

static const char *choose(size_t nr, struct explore_job *job)
{
	scenario = &scenarios[nr];
	job->actors = scenario->actors;
	return scenario->name;
}

static const struct suite suite = {
	.prefix = "",
	.nr_scenarios = ARRAY_SIZE(scenarios),
	.choose = choose,
	.job = {
		.world = &world,
		.size = sizeof(world),
		.start = start_world,
		.observe = observe,
		.check_end = check_end,
		.name = place,
	},
};

/* A bound that is never reached would let through what exceeds the true one. */
static void expect_bounds_are_reached(void)
{
	bool reached = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (most[i] == scenarios[i].most)
			continue;
		printf("# %s: at most %u interrupts, not %u\n",
		       scenarios[i].name, most[i], scenarios[i].most);
		reached = false;
	}
	report(reached, "each scenario has as many interrupts as it may have");
}

int main(void)
{
	unsigned int i;

	unit = real_level_unit();
	expect_no_violation(&suite);
	expect_bounds_are_reached();
	for (i = 0; planted_level_unit(i, &unit); i++)
		expect_found(&suite, unit.bug);
	return report_end();
}
