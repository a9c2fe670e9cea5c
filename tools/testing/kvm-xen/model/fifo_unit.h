/* SPDX-License-Identifier: GPL-2.0 */
/* What the FIFO scenarios exercise: the real unit, or one with a planted bug. */
#ifndef _KVM_XEN_FIFO_UNIT_H
#define _KVM_XEN_FIFO_UNIT_H

#include "evtchn_fifo.h"

struct fifo_unit {
	const char *bug;	/* what is wrong with it; NULL: nothing */
	bool (*is_due)(const u32 *word);
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

/* The mistakes that the sketch of the unit in fifo_planted.c can make. */
enum fifo_mistake {
	NO_MISTAKE,
	DUE_IF_LINKED,
	PENDING_AFTER_LINKED,
	MASK_BEFORE_PENDING,
	PENDING_IS_ENOUGH,
	LINKED_IS_TORN,
	OLD_TAIL_IS_KEPT,
	LAST_QUEUE_IS_KEPT,
	READY_BEFORE_HEAD,
	READY_FOR_EVERY_EVENT,
	UPCALL_FOR_EVERY_EVENT,
	READY_IS_OVERWRITTEN,
	NO_LOCK_OF_LAST_QUEUE,
	NO_LOOK_AFTER_LOCK,
	GIVES_UP_WHEN_OVERTAKEN,
	LOCKS_AS_THEY_COME,
	UNLOCKS_EARLY,
	NO_SECOND_TRY,
	ONE_TRY_WITH_BUSY,
	NO_BUSY,
	BUSY_STAYS,
	LINKS_TO_TAKEN_TAIL,
	LINK_IS_TORN,
	LINK_TAKES_THE_MASK,
	TAIL_IS_FORGOTTEN,
	UNMASK_ONLY_CLEARS,
	MARKS_ELSEWHERE,
	SAVES_WITHOUT_A_LOOK,
	LOOKS_BEFORE_SAVING,
	SAVED_IS_TORN,
	NR_EXPLORED,

	/* That a guest could do forever shows in no finite interleaving. */
	TRIES_FOREVER = NR_EXPLORED,
	NR_MISTAKES,
};

/* The sketch with that mistake; with none it does as the unit does. */
struct fifo_unit mistaken_fifo_unit(enum fifo_mistake which);

#endif /* _KVM_XEN_FIFO_UNIT_H */
