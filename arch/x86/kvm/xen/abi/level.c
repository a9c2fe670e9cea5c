// SPDX-License-Identifier: GPL-2.0
/*
 * The level of an interrupt line that stands for a flag in guest memory.
 *
 * Owns nothing; struct xen_level says what guards its fields.
 */
#include "level.h"

#define DRIVEN		0x8u

/*
 * Replace what is posted by (posted & @keep) | @set; returns what it was.  Each
 * round that fails is another bit that somebody posted, of three, or a driver
 * that took them, so that only progress of others makes this go on.
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

	/* As above; without events, the role of the driver ends. */
	while (!kernel_try_cmpxchg(&level->posted, &old,
				   old & XEN_LEVEL_EVENTS ? DRIVEN : 0))
		;
	return old & XEN_LEVEL_EVENTS;
}

void xen_level_give_up(struct xen_level *level, u32 events)
{
	update(level, ~DRIVEN, events);
}

/* The latest of what was posted at once: it says how the flag came to be. */
enum latest { LOOK, ACKED, RAISED, NR_LATEST };

static enum latest latest_of(u32 events)
{
	if (events & XEN_LEVEL_RAISED)
		return RAISED;

	return events & XEN_LEVEL_ACKED ? ACKED : LOOK;
}

/*
 * An interrupt that was ended while the flag was up is asserted once more: a
 * VMM that keeps the line took it down by itself then.  An irqchip did not, and
 * hears nothing new.
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
