/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The level of an interrupt line that follows a flag in guest memory.
 *
 * The line is to be asserted while the flag is set.  KVM sets the flag itself and knows
 * each time it goes from 0 to 1.  The guest clears it without an exit: the line stays
 * asserted until an event makes KVM read the flag, at the latest when the flag goes from
 * 0 to 1 again.  From the guest's point of view the line was deasserted in between, so an
 * edge is due.
 *
 * Events are posted in any context.  If xen_level_post() returns true, the caller is the
 * driver of the line, the only one, until xen_level_take() returns 0 or the caller calls
 * xen_level_give_up().  The driver reads the flag after each xen_level_take() and changes
 * the line as xen_level_step() returns, so that the line changes in the order in which
 * the flag was read.  What the driver does may call back into xen_level_post().
 */
#ifndef _KVM_XEN_LEVEL_H
#define _KVM_XEN_LEVEL_H

#include "seam.h"

/* Events, as bits. */
#define XEN_LEVEL_RAISED	0x1u	/* the flag went from 0 to 1, or may have */
#define XEN_LEVEL_ACKED		0x2u	/* the guest ended an interrupt */
#define XEN_LEVEL_LOOK		0x4u	/* the flag, or the line, may have changed */
#define XEN_LEVEL_EVENTS	0x7u

/* Actions, as bits.  If both are set, lower first, which makes an edge. */
#define XEN_LEVEL_LOWER		0x1u
#define XEN_LEVEL_RAISE		0x2u

struct xen_level {
	u32 posted;		/* events, and a bit that is set while there is a driver */
	bool asserted;		/* the line is up; only the driver uses this */
};

/*
 * Post @events.  Any context.  A full barrier: the driver reads the flag after it.
 * Returns true if the caller is the driver now.
 */
bool xen_level_post(struct xen_level *level, u32 events);

/*
 * Post @events without becoming the driver, for callers that cannot.  The current driver
 * handles them, or the next one, which the caller has to provide.
 */
void xen_level_leave(struct xen_level *level, u32 events);

/*
 * For the driver: take the posted events.  If there are none, returns 0, and the caller
 * is no longer the driver.
 */
u32 xen_level_take(struct xen_level *level);

/*
 * For a driver that cannot read the flag: post @events again and cease to be the driver.
 */
void xen_level_give_up(struct xen_level *level, u32 events);

/*
 * For the driver: handle @events, where @flag was read after they were taken.  Returns
 * the actions to perform on the line.
 */
u32 xen_level_step(struct xen_level *level, u32 events, bool flag);

#endif /* _KVM_XEN_LEVEL_H */
