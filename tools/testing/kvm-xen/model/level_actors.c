// SPDX-License-Identifier: GPL-2.0
/* Those who act on a line: senders, drivers, the irqchip, the VMM, the guest. */
#include "level_actors.h"
#include "test.h"

struct world world;
struct level_unit unit;
const struct scenario *scenario;

/*
 * Those who wait for something to do end when all wait and there is nothing, as
 * whoever ends before that may be needed once more.
 */

static bool guest_due(void)
{
	return world.request || world.irr;
}

static bool vmm_due(void)
{
	return world.asserts || world.eoi;
}

static bool work_due(void)
{
	return world.work;
}

static bool is_over(void)
{
	return world.over || (!world.busy && !world.request && !world.irr &&
			      !vmm_due() && !work_due());
}

static bool guest_ready(void)
{
	return guest_due() || is_over();
}

static bool vmm_ready(void)
{
	return vmm_due() || is_over();
}

static bool work_ready(void)
{
	return work_due() || is_over();
}

/*
 * Where an actor is, for explore_forget(): what it read before makes no difference
 * there.  Senders go on from one event to the next, so the sender is part of it.
 */
enum place {
	ELSEWHERE,		/* what it read does make a difference */
	WAITING,
	BETWEEN_LOOKS,
	LOOKING,
	MOVING,
	RESUMING,
	MASKING,
	UNMASKING,
	UNMASKED,
	ENDING,
	SENDING,
};

/* A place has three: there, as the driver there, and behind it. */
enum stage { ARRIVED, DRIVING, LEFT };

static void forget(enum place where, enum stage stage)
{
	if (where != ELSEWHERE)
		explore_forget(where * 4 + stage);
}

/* Returns false where there will be nothing to do any more. */
static bool await(bool (*ready)(void), bool (*due)(void))
{
	bool told;

	forget(WAITING, ARRIVED);
	world.busy--;
	explore_wait(ready);
	told = due();
	explore_note(told);
	if (told)
		world.busy++;
	else
		world.over = 1;
	return told;
}

static void leave(void)
{
	world.busy--;
}

/* The pin.  What is done with it locked is one step, but for a write to it. */

static void lock_pin(void)
{
	explore_wait_clear(&world.pin_lock, ~0u);
}

static void service(void)
{
	struct pin *pin = &world.pin;

	if (pin->masked || pin->remote_irr)
		return;

	pin->remote_irr = !scenario->edge;
	world.irr = 1;
}

static void update_pin(void)
{
	struct pin *pin = &world.pin;
	bool was = pin->irr;

	pin->irr = !!pin->sources;
	if (pin->irr && !(scenario->edge && was))
		service();
}

static void set_pin(u8 source, bool up)
{
	lock_pin();
	world.pin.sources = (world.pin.sources & ~source) | (up ? source : 0);
	update_pin();
}

/* EOI, of which notifiers have heard. */
static void end_on_pin(void)
{
	lock_pin();
	world.pin.remote_irr = 0;
	if (world.pin.irr && !scenario->edge)
		service();
}

/* Drivers */

/*
 * KVM hears of an EOI that AVIC kept from it when the pin rises next, and calls back
 * the one who raises it.
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

/* In a task: what is posted has been seen to on return. */
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

static void post_now(enum place where, u32 events)
{
	post_and(where, events, drive);
}

/* Where the flag cannot be looked at. */
static void post_blindly(enum place where, u32 events)
{
	post_and(where, events, drive_blindly);
}

static void queue_work(void)
{
	seam_report(&world.work, sizeof(u32), SEAM_GUEST);
	world.work = 1;
}

/* Where neither the irqchip nor another eventfd may be touched. */
static void post_later(enum place where, u32 events)
{
	forget(where, ARRIVED);
	if (unit.queues_before_leaving)
		queue_work();
	unit.leave(&world.level, events);
	if (!unit.queues_before_leaving)
		queue_work();
	forget(where, LEFT);
}

void work(u32 unused)
{
	(void)unused;
	while (await(work_ready, work_due)) {
		world.work = 0;
		post_now(RESUMING, XEN_LEVEL_LOOK);
	}
}

/* Senders */

static void raise_event(u32 which, void (*post)(enum place where, u32 events))
{
	seam_report(&world.data[which], 1, SEAM_GUEST);
	world.data[which]++;
	if (!guest_raise_flag(&world.flag))
		post(SENDING, XEN_LEVEL_RAISED);
	forget(SENDING, LEFT);
}

void send(u32 which)
{
	raise_event(which, post_now);
	leave();
}

void send_twice(u32 which)
{
	raise_event(which, post_now);
	raise_event(which, post_now);
	leave();
}

void send_from_interrupt(u32 which)
{
	raise_event(which, post_later);
	leave();
}

void send_blindly(u32 which)
{
	raise_event(which, post_blindly);
	leave();
}

/* A device whose interrupt shares the pin. */
void raise_device(u32 unused)
{
	(void)unused;
	seam_report(&world.data[DEVICES_DATA], 1, SEAM_GUEST);
	world.data[DEVICES_DATA]++;
	set_pin(DEVICE, true);
	leave();
}

/* The line is the vCPU's from now on, whatever its flag. */
void look(u32 unused)
{
	(void)unused;
	post_now(LOOKING, XEN_LEVEL_LOOK);
	leave();
}

/* A guest's writes to its irqchip */

/*
 * Who is told of an unmasked pin is told with the irqchip locked.  An edge of the
 * time before is forgotten, and so is a level where KVM asks a resampler.
 */
static void unmask_locked(void)
{
	struct pin *pin = &world.pin;
	bool asserted = world.level.asserted && !unit.keeps_quiet;

	explore_note(asserted);
	pin->masked = 0;
	if (asserted)
		post_later(UNMASKED, XEN_LEVEL_RAISED);
	if (scenario->edge || !pin->irr)
		return;
	if (scenario->resampler && !pin->remote_irr)
		pin->irr = 0;
	else
		service();
}

static void write_irqchip(bool mask)
{
	if (!unit.writes_before_looking)
		post_now(mask ? MASKING : UNMASKING, XEN_LEVEL_LOOK);

	lock_pin();
	world.pin_lock = 1;
	if (mask)
		world.pin.masked = 1;
	else
		unmask_locked();
	world.pin_lock = 0;

	if (unit.writes_before_looking)
		post_now(mask ? MASKING : UNMASKING, XEN_LEVEL_LOOK);
}

void unmask_pin(u32 unused)
{
	(void)unused;
	write_irqchip(false);
	leave();
}

void mask_and_unmask_pin(u32 unused)
{
	write_irqchip(true);
	unmask_pin(unused);
}

/* The end of an interrupt */

/* KVM is about to be told of something, and can see that the flag is down. */
static void give_chance(void)
{
	world.chance = 1;
}

void end_in_kernel(void)
{
	give_chance();
	post_now(ENDING, XEN_LEVEL_ACKED);
	end_on_pin();
}

void end_blindly(void)
{
	give_chance();
	post_blindly(ENDING, XEN_LEVEL_ACKED);
	end_on_pin();
}

void end_unseen(void)
{
	explore_step(&world.unseen, 1);
	world.unseen = 1;
}

void end_in_vmm(void)
{
	set_pin(OURS, false);
	end_on_pin();
	give_chance();
	post_later(ENDING, XEN_LEVEL_ACKED);
}

/* KVM's resampler takes its source down and signals before the pin hears of it. */
void end_in_irqfd(void)
{
	set_pin(OURS, false);
	give_chance();
	post_later(ENDING, XEN_LEVEL_ACKED);
	end_on_pin();
}

void end_in_vmm_thread(void)
{
	explore_step(&world.eoi, sizeof(u32));
	world.eoi = 1;
}

void vmm(u32 unused)
{
	u32 eoi;

	(void)unused;
	while (await(vmm_ready, vmm_due)) {
		eoi = world.eoi;
		explore_note(eoi);
		if (eoi) {
			world.eoi = 0;
			end_in_vmm();
		} else {
			world.asserts = 0;
			set_pin(OURS, true);
		}
	}
}

/* A VMM that cannot tell when an interrupt ends makes an edge of each assert. */
void vmm_without_eoi(u32 unused)
{
	(void)unused;
	while (await(vmm_ready, vmm_due)) {
		world.asserts = 0;
		set_pin(OURS, true);
		set_pin(OURS, false);
	}
}

void end_unheard(void)
{
}

/* The guest */

static void clear_flag(void)
{
	seam_report(&world.flag, 1, SEAM_GUEST);
	world.chance &= !world.flag;
	world.flag = 0;
}

static bool device_is_up(void)
{
	seam_report(&world.pin.sources, 1, SEAM_GUEST);
	return world.pin.sources & DEVICE;
}

static void read_data(void)
{
	if (scenario->shared && device_is_up())
		set_pin(DEVICE, false);
	seam_report(world.data, sizeof(world.data), SEAM_GUEST);
	memcpy(world.seen, world.data, sizeof(world.data));
}

static void consume(void)
{
	clear_flag();
	read_data();
}

static void end(void)
{
	if (scenario->end)
		scenario->end();
	else
		end_in_kernel();
}

static void late_eoi(void)
{
	consume();
	end();
}

static void early_eoi(void)
{
	end();
	consume();
}

static void eoi_in_between(void)
{
	clear_flag();
	end();
	read_data();
}

static void look_twice(void)
{
	consume();
	forget(BETWEEN_LOOKS, ARRIVED);
	consume();
}

static void two_looks(void)
{
	look_twice();
	end();
}

static void eoi_and_two_looks(void)
{
	end();
	look_twice();
}

/* The handler is a thread: the pin is masked until it ran. */
static void one_shot(void)
{
	write_irqchip(true);
	end();
	consume();
	give_chance();
	write_irqchip(false);
}

/* Masked first, so that the edge of an event comes to a pin that is masked. */
static void lazy_mask(void)
{
	write_irqchip(true);
	consume();
	end();
	write_irqchip(false);
}

static void (*const handlers[])(void) = {
	[LATE_EOI] = late_eoi,
	[EARLY_EOI] = early_eoi,
	[EOI_IN_BETWEEN] = eoi_in_between,
	[TWO_LOOKS] = two_looks,
	[EOI_AND_TWO_LOOKS] = eoi_and_two_looks,
	[ONE_SHOT] = one_shot,
	[LAZY_MASK] = lazy_mask,
};

void receive(u32 handler)
{
	u32 request;

	while (await(guest_ready, guest_due)) {
		request = world.request;
		explore_note(request);
		if (request) {
			world.request = 0;
			give_chance();
			post_now(LOOKING, XEN_LEVEL_LOOK);
		} else {
			world.irr = 0;
			world.taken++;
				handlers[handler]();
		}
	}
}

/* The senders are at rest, and so has the line to be when it is asked for. */
static bool may_move(void)
{
	bool at_rest = !world.level.posted || unit.saves_before_driving ||
		       unit.denies_before_driving;

	return explore_earlier_done() && !world.lock && at_rest;
}

/*
 * Another host takes over: what KVM says of the line goes along, and so does the
 * irqchip, but for who held the pin up, and for edges that it has delivered.
 */
static void move(void)
{
	forget(MOVING, ARRIVED);
	explore_wait(may_move);
	if (unit.denies_before_driving && world.level.posted)
		world.level.asserted = false;
	world.level.posted = 0;
	world.work = 0;
	world.pin.sources = 0;
	world.pin.irr &= !scenario->edge;
	post_now(MOVING, XEN_LEVEL_LOOK);
}

/* The vCPU is moved between two interrupts. */
void receive_and_move(u32 handler)
{
	explore_wait(guest_due);
	world.irr = 0;
	world.taken++;
	handlers[handler]();
	move();
	receive(handler);
}

void start_flag_up(void)
{
	world.data[0] = 1;
	world.flag = 1;
}

void start_masked(void)
{
	world.pin.masked = 1;
}

void start_interrupted(void)
{
	start_flag_up();
	world.level.asserted = true;
	world.pin.sources = OURS;
	update_pin();
}

void start_world(void)
{
	while (world.busy < EXPLORE_ACTORS && scenario->actors[world.busy].name)
		world.busy++;
	if (scenario->prepare)
		scenario->prepare();
}
