// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO events in every order: senders that agree and disagree on the queue, a
 * guest that takes upcalls, masks and unmasks, pages that appear.
 *
 * Each event carries data, a counter that its sender increments before raising
 * the event and that the guest reads when it handles it.  In the end the guest
 * gets the upcalls that are due and unmasks what it masked; an event is lost
 * where the guest has not read the last value then.  A port must be taken off
 * the queue that the kernel put it on, and an upcall must be due as often as a
 * bit of READY rose.  Nothing may be left behind that a later event trips over.
 *
 * If this fails, guests hang for want of an event, some days after booting.
 */
#include "fifo_actors.h"
#include "suite.h"
#include "test.h"

static const struct scenario scenarios[] = {
	{ .name = "a sender and the guest",
	  .actors = { { "sender", send_one, TO(1, 0, 0) },
		      { "guest", receive, 0 } } },
	{ .name = "a sender of two events and the guest",
	  .actors = { { "sender", send_twice, TO(1, 0, 0) },
		      { "guest", receive, 0 } } },
	{ .name = "a sender of three ports and the guest",
	  .actors = { { "sender", send_three, TO(1, 0, 0) },
		      { "guest", receive, 0 } }, .in_order = true },
	{ .name = "two senders of one port and the guest",
	  .actors = { { "sender A", send_one, TO(1, 0, 0) },
		      { "sender B", send_one, TO(1, 0, 0) },
		      { "guest", receive, 0 } } },
	{ .name = "two senders of two ports and the guest",
	  .actors = { { "sender A", send_one, TO(1, 0, 0) },
		      { "sender B", send_one, TO(2, 0, 0) },
		      { "guest", receive, 0 } } },
	{ .name = "two senders of two priorities and the guest",
	  .actors = { { "sender A", send_one, TO(1, 0, 0) },
		      { "sender B", send_one, TO(2, 0, 1) },
		      { "guest", receive, 0 } } },
	{ .name = "a sender and a guest that masks what it handles",
	  .actors = { { "sender", send_twice, TO(1, 0, 0) },
		      { "guest", receive, 0 } }, .masks = true },
	{ .name = "two senders and a guest that masks what it handles",
	  .actors = { { "sender A", send_one, TO(1, 0, 0) },
		      { "sender B", send_one, TO(2, 0, 0) },
		      { "guest", receive, 0 } }, .masks = true },
	{ .name = "a sender, the guest, and another vCPU that masks",
	  .actors = { { "sender", send_one, TO(1, 0, 0) },
		      { "masker", mask, TO(1, 0, 0) },
		      { "guest", receive, 0 } } },
	{ .name = "a sender, the guest, and another vCPU that masks and unmasks",
	  .actors = { { "sender", send_one, TO(1, 0, 0) },
		      { "masker", mask_and_unmask, TO(1, 0, 0) },
		      { "guest", receive, 0 } } },
	{ .name = "a sender of a masked port, its unmasker and the guest",
	  .actors = { { "sender", send_one, TO(1, 0, 0) },
		      { "unmasker", unmask, TO(1, 0, 0) },
		      { "guest", receive, 0 } }, .prepare = start_masked },
	{ .name = "a sender of a masked port, its unmasker by hypercall and the guest",
	  .actors = { { "sender", send_one, TO(1, 0, 0) },
		      { "unmasker", unmask_by_hypercall, TO(1, 0, 0) },
		      { "guest", receive, 0 } }, .prepare = start_masked },
	{ .name = "a sender, an unmasker with another queue and the guest",
	  .actors = { { "sender", send_one, TO(1, 0, 0) },
		      { "unmasker", unmask, TO(1, 0, 1) },
		      { "guest", receive, 0 } }, .prepare = start_masked },
	{ .name = "two ports that change places",
	  .actors = { { "sender A", send_one, TO(1, 0, 1) },
		      { "sender B", send_one, TO(2, 0, 0) },
		      { "guest", receive, 0 } }, .prepare = start_taken },
	{ .name = "two senders of a new port to two queues",
	  .actors = { { "sender A", send_one, TO(1, 0, 0) },
		      { "sender B", send_one, TO(1, 0, 1) },
		      { "guest", receive, 0 } } },
	{ .name = "two senders of a new port to two vCPUs",
	  .actors = { { "sender A", send_one, TO(1, 0, 0) },
		      { "sender B", send_one, TO(1, 1, 0) },
		      { "vCPU 0", receive, 0 },
		      { "vCPU 1", receive, 1 } } },
	{ .name = "a sender of a port without a page, who adds it, and the guest",
	  .actors = { { "sender", send_one, TO(LATE, 0, 0) },
		      { "adder", add_page, TO(LATE, 0, 0) },
		      { "guest", receive, 0 } }, .prepare = start_without_page },
	{ .name = "two senders of a port without a page, and who adds it",
	  .actors = { { "sender A", send_one, TO(LATE, 0, 0) },
		      { "sender B", send_one, TO(LATE, 0, 0) },
		      { "adder", add_page, TO(LATE, 0, 0) } },
	  .prepare = start_without_page },
	{ .name = "a sender and a guest in the middle of its queue",
	  .actors = { { "sender", send_twice, TO(3, 0, 0) },
		      { "guest", go_on_and_receive, 0 } },
	  .prepare = start_in_the_middle },
	{ .name = "two senders, one of a port just taken, and a guest in the middle",
	  .actors = { { "sender A", send_one, TO(1, 0, 0) },
		      { "sender B", send_one, TO(3, 0, 0) },
		      { "guest", go_on_and_receive, 0 } },
	  .prepare = start_in_the_middle },
	{ .name = "a sender behind one that is queued, and a guest that masks",
	  .actors = { { "sender", send_twice, TO(2, 0, 0) },
		      { "guest", receive, 0 } },
	  .prepare = start_one_queued, .masks = true, .waits = true },
	{ .name = "two senders to a queue without a guest",
	  .actors = { { "sender A", send_two, TO(1, 0, 0) },
		      { "sender B", send_two, TO(3, 0, 0) } } },
	{ .name = "a poller and a sender of its masked port",
	  .actors = { { "sender", send_one, TO(1, 0, 0) },
		      { "poller", poll_port, 1 } },
	  .prepare = start_masked, .polls = true },
	{ .name = "a poller and two senders of its port",
	  .actors = { { "sender A", send_one, TO(1, 0, 0) },
		      { "sender B", send_one, TO(1, 0, 0) },
		      { "poller", poll_port, 1 } }, .polls = true },
	{ .name = "a port that was closed on a queue of another vCPU",
	  .actors = { { "sender", send_one, TO(1, 1, 0) },
		      { "retry", retry, 1 },
		      { "vCPU 0", receive, 0 },
		      { "vCPU 1", receive, 1 } },
	  .prepare = start_closed_on_a_queue },
	/* The long ones last: most planted bugs are found before. */
	{ .name = "a sender of two ports, one of either, and the guest",
	  .actors = { { "sender A", send_two, TO(1, 0, 0) },
		      { "sender B", send_one, TO(2, 0, 0) },
		      { "guest", receive, 0 } } },
	{ .name = "a sender behind a port that another vCPU masks and unmasks",
	  .actors = { { "sender", send_one, TO(2, 0, 0) },
		      { "masker", mask_and_unmask_twice, TO(1, 0, 0) },
		      { "guest", go_on_and_receive, 0 } },
	  .prepare = start_queued_not_pending },
	{ .name = "the same where the other vCPU waits for BUSY",
	  .actors = { { "sender", send_one, TO(2, 0, 0) },
		      { "masker", mask_and_unmask_twice, TO(1, 0, 0) },
		      { "guest", go_on_and_receive, 0 } },
	  .prepare = start_queued_not_pending, .waits = true },
	{ .name = "a port that changes its priority, a sender to the old queue",
	  .actors = { { "sender A", send_with_new_priority, TO(1, 0, 0) },
		      { "sender B", send_one, TO(2, 0, 0) },
		      { "guest", receive, 0 } } },
	{ .name = "a port that changes its priority, a sender to the new queue",
	  .actors = { { "sender A", send_with_new_priority, TO(1, 0, 0) },
		      { "sender B", send_one, TO(2, 0, 1) },
		      { "guest", receive, 0 } }, .prepare = start_taken },
	{ .name = "a port that changes its vCPU, a sender to the old queue",
	  .actors = { { "sender A", send_to_new_vcpu, TO(1, 0, 0) },
		      { "sender B", send_one, TO(2, 0, 0) },
		      { "vCPU 0", receive, 0 },
		      { "vCPU 1", receive, 1 } } },
	{ .name = "a sender that is overtaken twice",
	  .actors = { { "sender A", send_one, TO(1, 0, 2) },
		      { "sender B", send_with_new_priority, TO(1, 0, 0) },
		      { "guest", receive, 0 } } },
};

static void start(void)
{
	u32 i;

	for (i = 0; i < VCPUS; i++)
		make_vcpu(i);
	evtchn_fifo_queue_init(&world.nowhere, EVTCHN_FIFO_NOWHERE, 0);
	for (i = 0; i < PORTS; i++)
		evtchn_fifo_port_init(&world.ports[i], &world.nowhere);
	world.page = world.words;
	checking = false;
	if (scenario->prepare)
		scenario->prepare();
	world.raised = 0;
	world.upcalls = 0;
	for (i = 0; i < VCPUS; i++)
		world.ready_before[i] = world.control[i][0];
}

/* READY is observed from outside, whichever actor changes it. */
static void observe(void)
{
	u32 v;

	for (v = 0; v < VCPUS; v++) {
		u32 ready = world.control[v][0];

		world.raised += __builtin_popcount(ready &
						   ~world.ready_before[v]);
		world.ready_before[v] = ready;
	}

	check_tails();
}

static void check_data(const char *what)
{
	u32 i;

	for (i = 1; i < PORTS; i++) {
		if (world.seen[i] != world.data[i] &&
		    !fifo_sees_masked(&world.guests[0], i))
			explore_fail(what);
	}
}

static void check_events(void)
{
	u32 i;

	drain();
	check_data("an event was lost");
	for (i = 1; i < PORTS; i++)
		unmask(TO(i, 0, 0));
	drain();
	check_data("an event was lost while it was masked");
}

/* Nothing may be left that keeps later events from coming through. */
static void check_rest(void)
{
	u32 i;

	for (i = 1; i < PORTS; i++) {
		if (fifo_sees_linked(&world.guests[0], i) ||
		    fifo_sees_busy(&world.guests[0], i))
			explore_fail("a port that is on no queue is LINKED or BUSY");
	}

	for (i = 1; i < PORTS; i++)
		send_one(TO(i, i % VCPUS, i % QUEUES));
	drain();
	check_data("a later event was lost");
}

static void check_end(void)
{
	u32 i;

	if (world.polling) {
		if (!world.woken)
			explore_fail("a poller sleeps though its port is pending");
		return;
	}

	if (world.upcalls != world.raised)
		explore_fail("not one upcall for each rise of READY");
	for (i = 1; i < PORTS; i++) {
		if (world.marked[i] > world.data[i])
			explore_fail("an event was raised twice");
	}

	checking = true;
	check_events();
	check_rest();
}

#define IN(addr, field)							\
	((uintptr_t)(addr) - (uintptr_t)&world.field < sizeof(world.field))

static const char *place(const volatile void *addr)
{
	static char text[48];
	size_t at = (uintptr_t)addr - (uintptr_t)&world;

	if (IN(addr, words))
		snprintf(text, sizeof(text), "word of port %zu", at / 4);
	else if (IN(addr, control))
		snprintf(text, sizeof(text), "control block word %zu",
			 (at - offsetof(struct world, control)) / 4);
	else if (IN(addr, queues))
		snprintf(text, sizeof(text), "lock of queue %zu",
			 (at - offsetof(struct world, queues)) /
			 sizeof(struct evtchn_fifo_queue));
	else if (IN(addr, ports))
		snprintf(text, sizeof(text), "kernel's part of port %zu",
			 (at - offsetof(struct world, ports)) /
			 sizeof(struct evtchn_fifo_port));
	else if (IN(addr, data))
		snprintf(text, sizeof(text), "data");
	else
		snprintf(text, sizeof(text), "other+%zu", at);
	return text;
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
		.start = start,
		.observe = observe,
		.check_end = check_end,
		.name = place,
	},
};

/* Else what is found in it would say nothing of the mistake. */
static void expect_sketch_is_the_unit(u64 states_of_unit)
{
	struct suite_result sketch;

	unit = mistaken_fifo_unit(NO_MISTAKE);
	sketch = explore_suite(&suite);
	report(!sketch.violated && sketch.states == states_of_unit,
	       "the sketch without a mistake does as the unit");
}

int main(void)
{
	size_t i;

	unit = real_fifo_unit();
	expect_sketch_is_the_unit(expect_no_violation(&suite));
	for (i = NO_MISTAKE + 1; i < NR_EXPLORED; i++) {
		unit = mistaken_fifo_unit(i);
		expect_found(&suite, unit.bug);
	}

	return report_end();
}
