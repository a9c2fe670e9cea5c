// SPDX-License-Identifier: GPL-2.0
/* What acts on a line: senders, a device, a guest that may move, its irqchip, the VMM. */
#include "level_line.h"
#include "test.h"

/*
 * Actors that wait for something to do end when all of them wait and there is nothing,
 * as one that ended before might be needed again.
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

/* Returns false where there will be nothing to do any more. */
static bool await(bool (*ready)(void), bool (*due)(void))
{
	bool is_due;

	forget(WAITING, ARRIVED);
	world.busy--;
	explore_wait(ready);
	is_due = due();
	explore_note(is_due);
	if (is_due)
		world.busy++;
	else
		world.over = 1;
	return is_due;
}

static void leave(void)
{
	world.busy--;
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
 * The mask notifier is called with the irqchip locked.  An edge that came to the masked
 * pin is forgotten, and so is a level where an irqfd resamples.
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

/* KVM is about to run, and can see that the flag is down. */
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

/* KVM's resampler lowers its source and signals before the EOI comes to the pin. */
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

/* A VMM that does not learn when an interrupt ends makes an edge of each assert. */
void vmm_without_eoi(u32 unused)
{
	(void)unused;
	while (await(vmm_ready, vmm_due)) {
		world.asserts = 0;
		set_pin(OURS, true);
		set_pin(OURS, false);
	}
}

void end_unnotified(void)
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

/* The senders have ended, and nothing may be posted when the line is saved. */
static bool may_move(void)
{
	bool at_rest = !world.level.posted || unit.saves_before_driving ||
		       unit.denies_before_driving;

	return explore_earlier_done() && !world.lock && at_rest;
}

/*
 * The guest moves to another host: what KVM reports of the line is restored there, and so
 * is the irqchip, but for the sources that held the pin up and edges that were delivered.
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
