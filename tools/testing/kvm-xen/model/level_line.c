// SPDX-License-Identifier: GPL-2.0
/*
 * The line and its driver: a pin of an irqchip, and how a task posts an event to the
 * line's state machine and, where no other task does, carries out its actions.
 */
#include "level_line.h"
#include "test.h"

struct world world;
struct level_unit unit;
const struct scenario *scenario;

void forget(enum place where, enum stage stage)
{
	if (where != ELSEWHERE)
		explore_forget(where * 4 + stage);
}

/* The pin.  What is done with it locked is one step, but for a write to it. */

void lock_pin(void)
{
	explore_wait_clear(&world.pin_lock, ~0u);
}

void service(void)
{
	struct pin *pin = &world.pin;

	if (pin->masked || pin->remote_irr)
		return;

	pin->remote_irr = !scenario->edge;
	world.irr = 1;
}

void update_pin(void)
{
	struct pin *pin = &world.pin;
	bool was = pin->irr;

	pin->irr = !!pin->sources;
	if (pin->irr && !(scenario->edge && was))
		service();
}

void set_pin(u8 source, bool up)
{
	lock_pin();
	world.pin.sources = (world.pin.sources & ~source) | (up ? source : 0);
	update_pin();
}

void end_on_pin(void)
{
	lock_pin();
	world.pin.remote_irr = 0;
	if (world.pin.irr && !scenario->edge)
		service();
}

/* Drivers */

/*
 * KVM is notified of an EOI that AVIC handled without an exit when the pin rises next,
 * from within the call that raises it.
 */
static void set_our_pin(bool up)
{
	bool unseen;

	set_pin(OURS, up);
	unseen = up && world.unseen;
	explore_note(unseen);
	if (!unseen)
		return;

	world.unseen = 0;
	if (unit.post(&world.level, XEN_LEVEL_ACKED))
		world.drivers++;
}

static void assert_to_vmm(void)
{
	seam_report(&world.asserts, sizeof(u32), SEAM_GUEST);
	world.asserts = 1;
}

static void act(u32 actions)
{
	if (scenario->vmm) {
		if (actions & XEN_LEVEL_RAISE)
			assert_to_vmm();
		return;
	}

	if (unit.raises_before_lowering && actions & XEN_LEVEL_RAISE)
		set_our_pin(true);
	if (actions & XEN_LEVEL_LOWER)
		set_our_pin(false);
	if (!unit.raises_before_lowering && actions & XEN_LEVEL_RAISE)
		set_our_pin(true);
}

static bool look_at_flag(void)
{
	return READ_ONCE(world.flag);
}

/* Returns false where the line has no driver any more. */
static bool drive_once(void)
{
	bool up = unit.looks_before_taking && look_at_flag();
	u32 events = unit.take(&world.level);
	u32 actions;

	if (!events) {
		world.drivers--;
		return false;
	}

	if (!unit.looks_before_taking)
		up = look_at_flag();
	actions = unit.step(&world.level, events, up);
	explore_note(actions);
	act(actions);
	return true;
}

static void drive(enum place where)
{
	do
		forget(where, DRIVING);
	while (drive_once() && !unit.takes_once);
}

static void ask_vcpu(void)
{
	seam_report(&world.request, sizeof(u32), SEAM_GUEST);
	world.request = 1;
}

/* For a driver that cannot look at the flag: only the vCPU's thread may. */
static void drive_blindly(enum place where)
{
	u32 events;

	forget(where, DRIVING);
	events = unit.take(&world.level);
	if (events)
		unit.give_up(&world.level, events);
	world.drivers--;
	if (events)
		ask_vcpu();
}

static void post_and(enum place where, u32 events, void (*drive)(enum place where))
{
	forget(where, ARRIVED);
	if (!unit.posts_unlocked) {
		explore_wait_clear(&world.lock, ~0u);
		world.lock = 1;
	}
	if (unit.post(&world.level, events)) {
		world.drivers++;
		drive(where);
	}
	if (!unit.posts_unlocked)
		world.lock = 0;
	forget(where, LEFT);
}

void post_now(enum place where, u32 events)
{
	post_and(where, events, drive);
}

void post_blindly(enum place where, u32 events)
{
	post_and(where, events, drive_blindly);
}

static void queue_work(void)
{
	seam_report(&world.work, sizeof(u32), SEAM_GUEST);
	world.work = 1;
}

void post_later(enum place where, u32 events)
{
	forget(where, ARRIVED);
	if (unit.queues_before_leaving)
		queue_work();
	unit.leave(&world.level, events);
	if (!unit.queues_before_leaving)
		queue_work();
	forget(where, LEFT);
}
