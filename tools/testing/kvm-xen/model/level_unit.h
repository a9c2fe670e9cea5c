/* SPDX-License-Identifier: GPL-2.0 */
/* What the scenarios of lines exercise: the real unit, or one with a planted bug. */
#ifndef _KVM_XEN_LEVEL_UNIT_H
#define _KVM_XEN_LEVEL_UNIT_H

#include "level.h"

struct level_unit {
	const char *bug;		/* what is wrong with it; NULL: nothing */
	bool (*post)(struct xen_level *level, u32 events);
	void (*leave)(struct xen_level *level, u32 events);
	u32 (*take)(struct xen_level *level);
	void (*give_up)(struct xen_level *level, u32 events);
	u32 (*step)(struct xen_level *level, u32 events, bool flag);

	/* Mistakes of those who use it. */
	bool posts_unlocked;		/* and does not wait for the driver */
	bool queues_before_leaving;	/* the work item, what it is for */
	bool looks_before_taking;
	bool raises_before_lowering;
	bool takes_once;		/* and believes that it is no longer the driver */
	bool keeps_quiet;		/* does not report that a pin was unmasked */
	bool saves_before_driving;	/* says whether it is up with events posted */
	bool denies_before_driving;	/* says that it is not */
	bool writes_before_looking;	/* LOOK after the irqchip was written */
};

/* The unit as it is. */
struct level_unit real_level_unit(void);

/* The unit with the @nr-th planted bug; false where there are no more. */
bool planted_level_unit(unsigned int nr, struct level_unit *unit);

#endif /* _KVM_XEN_LEVEL_UNIT_H */
