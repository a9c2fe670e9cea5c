/* SPDX-License-Identifier: GPL-2.0 */
/* What the FIFO scenarios exercise: the real unit, or one with a planted bug. */
#ifndef _KVM_XEN_FIFO_UNIT_H
#define _KVM_XEN_FIFO_UNIT_H

#include "evtchn_fifo.h"

struct fifo_unit {
	const char *bug;	/* what is wrong with it; NULL: nothing */
	bool (*lock)(struct evtchn_fifo_event *event);
	void (*unlock)(struct evtchn_fifo_event *event);
	enum xen_evtchn_verdict (*mark)(struct evtchn_fifo_event *event,
					u32 *word, u32 *tail_word,
					struct xen_abi_fifo_control *control);
	enum xen_evtchn_verdict (*unmask)(struct evtchn_fifo_event *event,
					  u32 *word, u32 *tail_word,
					  struct xen_abi_fifo_control *control);
	bool (*save)(struct evtchn_fifo_port *port, void *const *page);
	bool (*take_saved)(struct evtchn_fifo_port *port);
};

/* The unit as it is. */
struct fifo_unit real_fifo_unit(void);

/* The one that bugs are planted in, with none; it does as the unit does. */
struct fifo_unit sketched_fifo_unit(void);

/* The same with the @nr-th planted bug; false where there are no more. */
bool planted_fifo_unit(unsigned int nr, struct fifo_unit *unit);

#endif /* _KVM_XEN_FIFO_UNIT_H */
