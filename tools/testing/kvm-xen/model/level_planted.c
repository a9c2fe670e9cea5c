// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes that are easily made with a line that follows a flag, each of them
 * alone.  The explorer has to find every one, or it would not find the next
 * real one.
 */
#include "level_unit.h"
#include "test.h"

#define DRIVEN	0x8u

/* What the table of reactions may say wrongly. */

static u32 no_edge_for_a_new_event(struct xen_level *level, u32 events, bool flag)
{
	bool was = level->asserted;
	u32 actions = xen_level_step(level, events, flag);

	return was && flag ? actions & ~XEN_LEVEL_LOWER : actions;
}

static u32 up_is_good_enough(struct xen_level *level, u32 events, bool flag)
{
	bool was = level->asserted;
	u32 actions = xen_level_step(level, events, flag);

	return was && flag ? 0 : actions;
}

static u32 look_is_an_edge(struct xen_level *level, u32 events, bool flag)
{
	if (events == XEN_LEVEL_LOOK)
		events = XEN_LEVEL_RAISED;
	return xen_level_step(level, events, flag);
}

static u32 eoi_is_an_edge(struct xen_level *level, u32 events, bool flag)
{
	if (events & XEN_LEVEL_ACKED)
		events |= XEN_LEVEL_RAISED;
	return xen_level_step(level, events, flag);
}

static u32 eoi_does_not_raise_again(struct xen_level *level, u32 events, bool flag)
{
	if (!(events & XEN_LEVEL_RAISED))
		events = XEN_LEVEL_LOOK;
	return xen_level_step(level, events, flag);
}

static u32 eoi_makes_the_edge_forgotten(struct xen_level *level, u32 events,
					bool flag)
{
	if (events & XEN_LEVEL_ACKED)
		events = XEN_LEVEL_ACKED;
	return xen_level_step(level, events, flag);
}

static u32 lowers_for(struct xen_level *level, u32 events, bool flag, u32 which)
{
	if (level->asserted && !flag && !(events & which))
		return 0;
	return xen_level_step(level, events, flag);
}

static u32 eoi_does_not_lower(struct xen_level *level, u32 events, bool flag)
{
	return lowers_for(level, events, flag, XEN_LEVEL_RAISED | XEN_LEVEL_LOOK);
}

static u32 look_does_not_lower(struct xen_level *level, u32 events, bool flag)
{
	return lowers_for(level, events, flag, XEN_LEVEL_RAISED | XEN_LEVEL_ACKED);
}

static u32 look_does_not_raise(struct xen_level *level, u32 events, bool flag)
{
	if (!level->asserted && flag && events == XEN_LEVEL_LOOK)
		return 0;
	return xen_level_step(level, events, flag);
}

static u32 event_is_believed(struct xen_level *level, u32 events, bool flag)
{
	return xen_level_step(level, events, flag || events & XEN_LEVEL_RAISED);
}

static u32 eoi_is_believed(struct xen_level *level, u32 events, bool flag)
{
	return xen_level_step(level, events, flag && events != XEN_LEVEL_ACKED);
}

static u32 down_is_not_recorded(struct xen_level *level, u32 events, bool flag)
{
	bool was = level->asserted;
	u32 actions = xen_level_step(level, events, flag);

	level->asserted |= was;
	return actions;
}

/* Which task is the driver, and which events it gets. */

static bool everybody_drives(struct xen_level *level, u32 events)
{
	xen_level_post(level, events);
	return true;
}

static bool torn_post(struct xen_level *level, u32 events)
{
	u32 old = READ_ONCE(level->posted);

	WRITE_ONCE(level->posted, old | events | DRIVEN);
	return !(old & DRIVEN);
}

static bool first_event_makes_the_driver(struct xen_level *level, u32 events)
{
	u32 old = READ_ONCE(level->posted);

	while (!kernel_try_cmpxchg(&level->posted, &old, old | events | DRIVEN))
		;
	return !old;
}

static void leaving_takes_the_role(struct xen_level *level, u32 events)
{
	xen_level_post(level, events);
}

static void torn_leave(struct xen_level *level, u32 events)
{
	WRITE_ONCE(level->posted, READ_ONCE(level->posted) | events);
}

static void leaves_nothing_to_a_driver(struct xen_level *level, u32 events)
{
	if (!(READ_ONCE(level->posted) & DRIVEN))
		xen_level_leave(level, events);
}

static u32 end_of_role_is_torn(struct xen_level *level)
{
	u32 old = READ_ONCE(level->posted);

	if (old & XEN_LEVEL_EVENTS)
		return xen_level_take(level);
	WRITE_ONCE(level->posted, 0);
	return 0;
}

static u32 torn_take(struct xen_level *level)
{
	u32 old = READ_ONCE(level->posted);

	if (!(old & XEN_LEVEL_EVENTS))
		return xen_level_take(level);
	WRITE_ONCE(level->posted, DRIVEN);
	return old & XEN_LEVEL_EVENTS;
}

static u32 taking_ends_the_role(struct xen_level *level)
{
	u32 old = READ_ONCE(level->posted);

	while (!kernel_try_cmpxchg(&level->posted, &old, 0))
		;
	return old & XEN_LEVEL_EVENTS;
}

static u32 role_does_not_end(struct xen_level *level)
{
	u32 old = READ_ONCE(level->posted);

	while (!kernel_try_cmpxchg(&level->posted, &old, DRIVEN))
		;
	return old & XEN_LEVEL_EVENTS;
}

static void given_up_is_dropped(struct xen_level *level, u32 events)
{
	(void)events;
	xen_level_give_up(level, 0);
}

static void given_up_is_torn(struct xen_level *level, u32 events)
{
	WRITE_ONCE(level->posted, events);
}

static void given_up_but_for_the_role(struct xen_level *level, u32 events)
{
	xen_level_post(level, events);
}

/* One wrong operation, or a wrong use, in the words of the report. */
struct planted {
	const char *bug;
	struct level_unit unit;
};

#define PLANTED(name, member)	{ #name, .unit = { .member = name } }
#define MISUSED(member)		{ #member, .unit = { .member = true } }

static const struct planted planted[] = {
	PLANTED(no_edge_for_a_new_event, step),
	PLANTED(up_is_good_enough, step),
	PLANTED(look_is_an_edge, step),
	PLANTED(eoi_is_an_edge, step),
	PLANTED(eoi_does_not_raise_again, step),
	PLANTED(eoi_makes_the_edge_forgotten, step),
	PLANTED(eoi_does_not_lower, step),
	PLANTED(look_does_not_lower, step),
	PLANTED(look_does_not_raise, step),
	PLANTED(event_is_believed, step),
	PLANTED(eoi_is_believed, step),
	PLANTED(down_is_not_recorded, step),
	PLANTED(everybody_drives, post),
	PLANTED(torn_post, post),
	PLANTED(first_event_makes_the_driver, post),
	PLANTED(leaving_takes_the_role, leave),
	PLANTED(torn_leave, leave),
	PLANTED(leaves_nothing_to_a_driver, leave),
	PLANTED(end_of_role_is_torn, take),
	PLANTED(torn_take, take),
	PLANTED(taking_ends_the_role, take),
	PLANTED(role_does_not_end, take),
	PLANTED(given_up_is_dropped, give_up),
	PLANTED(given_up_is_torn, give_up),
	PLANTED(given_up_but_for_the_role, give_up),
	MISUSED(posts_unlocked),
	MISUSED(queues_before_leaving),
	MISUSED(looks_before_taking),
	MISUSED(raises_before_lowering),
	MISUSED(takes_once),
	MISUSED(keeps_quiet),
	MISUSED(saves_before_driving),
	MISUSED(denies_before_driving),
	MISUSED(writes_before_looking),
};

struct level_unit real_level_unit(void)
{
	return (struct level_unit) {
		.post = xen_level_post,
		.leave = xen_level_leave,
		.take = xen_level_take,
		.give_up = xen_level_give_up,
		.step = xen_level_step,
	};
}

bool planted_level_unit(unsigned int nr, struct level_unit *unit)
{
	const struct level_unit real = real_level_unit();

	if (nr >= ARRAY_SIZE(planted))
		return false;

	/* What the row does not name is real. */
	*unit = planted[nr].unit;
	unit->bug = planted[nr].bug;
	unit->post = unit->post ?: real.post;
	unit->leave = unit->leave ?: real.leave;
	unit->take = unit->take ?: real.take;
	unit->give_up = unit->give_up ?: real.give_up;
	unit->step = unit->step ?: real.step;
	return true;
}
