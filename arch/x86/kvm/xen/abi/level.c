// SPDX-License-Identifier: GPL-2.0
/*
 * The level of an interrupt line that follows a flag in guest memory; see level.h.
 *
 * Owns no state; struct xen_level says what guards its fields.
 */
#include "level.h"

#define DRIVEN		0x8u

/*
 * Replace level->posted by (posted & @keep) | @set; returns the old value.  An attempt
 * fails only if another caller has posted one of three events, or a driver has taken
 * them, so the loop goes on only while others make progress.
 */
static u32 update(struct xen_level *level, u32 keep, u32 set)
{
	u32 old = READ_ONCE(level->posted);

	while (!kernel_try_cmpxchg(&level->posted, &old, (old & keep) | set))
		;
	return old;
}

bool xen_level_post(struct xen_level *level, u32 events)
{
	return !(update(level, ~0u, events | DRIVEN) & DRIVEN);
}

void xen_level_leave(struct xen_level *level, u32 events)
{
	update(level, ~0u, events);
}

u32 xen_level_take(struct xen_level *level)
{
	u32 old = READ_ONCE(level->posted);

	/* As in update().  If there are no events, the caller ceases to be the driver. */
	while (!kernel_try_cmpxchg(&level->posted, &old,
				   old & XEN_LEVEL_EVENTS ? DRIVEN : 0))
		;
	return old & XEN_LEVEL_EVENTS;
}

void xen_level_give_up(struct xen_level *level, u32 events)
{
	update(level, ~DRIVEN, events);
}

/* Of events that were posted together, the latest: it determines how the flag was set. */
enum latest { LOOK, ACKED, RAISED, NR_LATEST };

static enum latest latest_of(u32 events)
{
	if (events & XEN_LEVEL_RAISED)
		return RAISED;

	return events & XEN_LEVEL_ACKED ? ACKED : LOOK;
}

/*
 * The guest ended an interrupt while the flag was set: assert the line once more.  A VMM
 * that owns the line has deasserted it by itself at that point.  An irqchip has not, and
 * is not affected by asserting it again.
 */
#define AGAIN	(XEN_LEVEL_LOWER | XEN_LEVEL_RAISE)

static const u8 reactions[2][2][NR_LATEST] = {	/* by asserted and flag */
	[0][1] = {
		[LOOK] = XEN_LEVEL_RAISE,
		[ACKED] = XEN_LEVEL_RAISE,
		[RAISED] = XEN_LEVEL_RAISE,
	},
	[1][0] = {
		[LOOK] = XEN_LEVEL_LOWER,
		[ACKED] = XEN_LEVEL_LOWER,
		[RAISED] = XEN_LEVEL_LOWER,
	},
	[1][1] = {
		[ACKED] = XEN_LEVEL_RAISE,
		[RAISED] = AGAIN,
	},
};

u32 xen_level_step(struct xen_level *level, u32 events, bool flag)
{
	u32 actions = reactions[level->asserted][flag][latest_of(events)];

	level->asserted = flag;
	return actions;
}
