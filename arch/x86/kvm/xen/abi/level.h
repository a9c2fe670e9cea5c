/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The level of an interrupt line that stands for a flag in guest memory.
 *
 * The line is to be up while the flag is.  The kernel sets the flag itself, and
 * knows each time that it went from 0 to 1.  The guest clears it, which nobody
 * sees: the line stays up until something makes the kernel look, the latest of
 * which is that the flag went from 0 to 1 again.  The line has been down in
 * between then, as far as the guest is concerned, and an edge is due.
 *
 * What happens is posted in any context.  Who is told so by xen_level_post()
 * is the driver of the line, alone, until xen_level_take() leaves it nothing to
 * do, or xen_level_give_up().  A driver looks at the flag after each take, and
 * does to the line what xen_level_step() says, so that the line is changed in
 * the order of the looks.  What it does may call back into xen_level_post().
 */
#ifndef _KVM_XEN_LEVEL_H
#define _KVM_XEN_LEVEL_H

#include "seam.h"

/* What happened, bits. */
#define XEN_LEVEL_RAISED	0x1u	/* the flag went from 0 to 1, or it is as if */
#define XEN_LEVEL_ACKED		0x2u	/* the guest ended an interrupt */
#define XEN_LEVEL_LOOK		0x4u	/* the flag, or the line, may have changed */
#define XEN_LEVEL_EVENTS	0x7u

/* What to do, bits; where both are set, in this order, for an edge. */
#define XEN_LEVEL_LOWER		0x1u
#define XEN_LEVEL_RAISE		0x2u

struct xen_level {
	u32 posted;		/* events, and whether there is a driver */
	bool asserted;		/* the driver's: the line is up */
};

/*
 * Post @events.  A full barrier: the flag as it is before this is what the
 * driver sees.  Returns true where the caller is the driver from now on.
 */
bool xen_level_post(struct xen_level *level, u32 events);

/*
 * The same for who cannot be the driver: the one that is, or the next, which the
 * caller provides for, sees to @events.
 */
void xen_level_leave(struct xen_level *level, u32 events);

/* For the driver: take what was posted; 0 for nothing, which ends its role. */
u32 xen_level_take(struct xen_level *level);

/* For a driver that cannot look: leave @events to the next one. */
void xen_level_give_up(struct xen_level *level, u32 events);

/*
 * For the driver: account for @events with the flag as it is after they were
 * taken.  Returns what to do to the line.
 */
u32 xen_level_step(struct xen_level *level, u32 events, bool flag);

#endif /* _KVM_XEN_LEVEL_H */
