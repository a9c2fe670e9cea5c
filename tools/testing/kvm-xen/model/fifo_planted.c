// SPDX-License-Identifier: GPL-2.0
/*
 * The FIFO unit once more, as a sketch that makes one mistake at a time on
 * request.  Some are Xen's of the past, all are easily made; the explorer has
 * to find every one, or it would not find the next real one.
 */
#include "fifo_unit.h"

#define PENDING	0x80000000u
#define MASKED	0x40000000u
#define LINKED	0x20000000u
#define BUSY	0x10000000u
#define LINK	0x0001ffffu

static const char *const mistake_names[NR_MISTAKES] = {
	[DUE_IF_LINKED] = "nothing for what is LINKED",
	[PENDING_AFTER_LINKED] = "PENDING after LINKED",
	[MASK_BEFORE_PENDING] = "look at MASKED before PENDING",
	[PENDING_IS_ENOUGH] = "nothing for what is PENDING",
	[LINKED_IS_TORN] = "LINKED read, then written",
	[OLD_TAIL_IS_KEPT] = "tail of the old queue (e33d4257fc)",
	[LAST_QUEUE_IS_KEPT] = "last queue not recorded",
	[READY_BEFORE_HEAD] = "READY before the head",
	[READY_FOR_EVERY_EVENT] = "READY for every event (70ccddb14a)",
	[UPCALL_FOR_EVERY_EVENT] = "upcall for every event",
	[READY_IS_OVERWRITTEN] = "READY written, not set",
	[NO_LOCK_OF_LAST_QUEUE] = "no lock in common for a first event",
	[NO_LOOK_AFTER_LOCK] = "last queue not read again (1277cb9dc5)",
	[GIVES_UP_WHEN_OVERTAKEN] = "giving up when overtaken once",
	[LOCKS_AS_THEY_COME] = "locks in no order",
	[UNLOCKS_EARLY] = "unlock before the link (71ac522909)",
	[NO_SECOND_TRY] = "one try to link",
	[ONE_TRY_WITH_BUSY] = "one try after BUSY",
	[NO_BUSY] = "tries without BUSY (dae2a1c5f9)",
	[BUSY_STAYS] = "BUSY left where linking failed",
	[LINKS_TO_TAKEN_TAIL] = "link to a tail that was taken",
	[LINK_IS_TORN] = "LINK read, then written",
	[LINK_TAKES_THE_MASK] = "LINK of a stale word",
	[TAIL_IS_FORGOTTEN] = "tail not recorded",
	[MARKS_ELSEWHERE] = "marked on a queue of another vCPU (78e24c269b)",
	[UNMASK_ONLY_CLEARS] = "unmask without raising",
	[SAVES_WITHOUT_A_LOOK] = "no look for a page after saving (XSA-358)",
	[LOOKS_BEFORE_SAVING] = "look for a page before saving (XSA-359)",
	[SAVED_IS_TORN] = "saved read, then written",
	[TRIES_FOREVER] = "tries without end (XSA-295)",
};

static enum fifo_mistake mistake;

static bool makes(enum fifo_mistake which)
{
	return mistake == which;
}

static bool sketch_is_due(const u32 *word)
{
	u32 due = READ_ONCE(*word) & (PENDING | LINKED);

	if (makes(DUE_IF_LINKED))
		return due & LINKED;
	return due == (PENDING | LINKED);
}

/* Only the lock that everybody has, or the one that this event goes to. */
static struct seam_lock *lock_of(const struct evtchn_fifo_event *event)
{
	if (makes(NO_LOCK_OF_LAST_QUEUE) &&
	    event->from->vcpu == EVTCHN_FIFO_NOWHERE)
		return &event->to->lock;
	return &event->from->lock;
}

static void take_locks(struct evtchn_fifo_event *event)
{
	struct seam_lock *from = lock_of(event), *to = &event->to->lock;

	if (!makes(LOCKS_AS_THEY_COME) || from == to) {
		seam_lock_pair(to, from);
		return;
	}

	seam_lock_pair(from, from);
	seam_lock_pair(to, to);
}

static void sketch_unlock(struct evtchn_fifo_event *event)
{
	seam_unlock_pair(&event->to->lock, lock_of(event));
}

static bool sketch_lock(struct evtchn_fifo_event *event)
{
	unsigned int tries = makes(GIVES_UP_WHEN_OVERTAKEN) ? 1 : 2;

	while (tries--) {
		event->from = READ_ONCE(event->port->last);
		take_locks(event);
		if (makes(NO_LOOK_AFTER_LOCK) ||
		    READ_ONCE(event->port->last) == event->from)
			return true;
		sketch_unlock(event);
	}

	return false;
}

static void leave(struct evtchn_fifo_event *event)
{
	if (event->from->tail == event->nr && !makes(OLD_TAIL_IS_KEPT))
		event->from->tail = 0;
	if (event->from != event->to && !makes(LAST_QUEUE_IS_KEPT))
		WRITE_ONCE(event->port->last, event->to);
}

static bool write_link(u32 *word, u32 *old, u32 port)
{
	u32 new = (*old & ~(BUSY | LINK)) | port;

	if (makes(LINK_IS_TORN)) {
		WRITE_ONCE(*word, new);
		return true;
	}
	if (makes(LINK_TAKES_THE_MASK))
		*old = READ_ONCE(*word);
	return guest_try_cmpxchg(word, old, new);
}

static bool link_after(u32 *word, u32 port, unsigned int tries)
{
	u32 old = READ_ONCE(*word);

	for (; tries || makes(TRIES_FOREVER); tries--) {
		if (!(old & LINKED) && !makes(LINKS_TO_TAKEN_TAIL))
			return false;
		if (write_link(word, &old, port))
			return true;
	}

	return false;
}

static bool link_up(struct evtchn_fifo_event *event, u32 *word)
{
	if (!event->to->tail)
		return false;
	if (link_after(word, event->nr, 1))
		return true;
	if (makes(NO_SECOND_TRY) || !(READ_ONCE(*word) & LINKED))
		return false;

	if (!makes(NO_BUSY))
		guest_set_mask(BUSY, word);
	if (link_after(word, event->nr, makes(ONE_TRY_WITH_BUSY) ? 1 : 3))
		return true;
	if (!makes(BUSY_STAYS))
		guest_clear_mask(BUSY, word);
	return false;
}

static bool set_ready(struct evtchn_fifo_event *event,
		      struct xen_abi_fifo_control *control)
{
	if (makes(READY_IS_OVERWRITTEN)) {
		WRITE_ONCE(control->ready, 1u << event->to->priority);
		return true;
	}
	return !guest_test_and_set_bit(event->to->priority, &control->ready);
}

static bool lead(struct evtchn_fifo_event *event,
		 struct xen_abi_fifo_control *control)
{
	bool became_ready = false;

	if (makes(READY_BEFORE_HEAD))
		became_ready = set_ready(event, control);
	WRITE_ONCE(control->head[event->to->priority], event->nr);
	if (!makes(READY_BEFORE_HEAD))
		became_ready = set_ready(event, control);
	return became_ready;
}

static enum xen_evtchn_verdict put(struct evtchn_fifo_event *event,
				   u32 *tail_word,
				   struct xen_abi_fifo_control *control)
{
	bool became_ready;

	leave(event);
	if (makes(UNLOCKS_EARLY))
		sketch_unlock(event);
	became_ready = !link_up(event, tail_word) && lead(event, control);
	if (!makes(TAIL_IS_FORGOTTEN))
		event->to->tail = event->nr;
	if (makes(UNLOCKS_EARLY))
		take_locks(event);
	if (makes(READY_FOR_EVERY_EVENT) && !became_ready)
		became_ready = set_ready(event, control);

	return became_ready || makes(UPCALL_FOR_EVERY_EVENT) ? XEN_EVTCHN_RAISED :
						      XEN_EVTCHN_QUEUED;
}

static bool set_linked(u32 *word)
{
	u32 old;

	if (!makes(LINKED_IS_TORN))
		return guest_test_and_set_bit(29, word);

	old = READ_ONCE(*word);
	WRITE_ONCE(*word, old | LINKED);
	return old & LINKED;
}

/* A port of another vCPU, which has yet to take it off. */
static bool waits(const struct evtchn_fifo_event *event, const u32 *word)
{
	u16 last = event->from->vcpu;

	if (makes(MARKS_ELSEWHERE) || last == event->to->vcpu ||
	    last == EVTCHN_FIFO_NOWHERE)
		return false;

	return (READ_ONCE(*word) & (PENDING | LINKED)) == LINKED;
}

static enum xen_evtchn_verdict
sketch_mark(struct evtchn_fifo_event *event, u32 *word, u32 *tail_word,
	    struct xen_abi_fifo_control *control)
{
	enum xen_evtchn_verdict verdict = XEN_EVTCHN_QUEUED;
	bool masked = false, was = false;

	if (waits(event, word)) {
		kernel_xchg(&event->port->saved, 1);
		return XEN_EVTCHN_SAVED;
	}

	if (makes(MASK_BEFORE_PENDING))
		masked = READ_ONCE(*word) & MASKED;
	if (!makes(PENDING_AFTER_LINKED))
		was = guest_test_and_set_bit(31, word);
	if (makes(PENDING_IS_ENOUGH) && was)
		return XEN_EVTCHN_COALESCED;
	if (!makes(MASK_BEFORE_PENDING))
		masked = READ_ONCE(*word) & MASKED;
	if (masked)
		return was ? XEN_EVTCHN_COALESCED : XEN_EVTCHN_MASKED;

	if (!set_linked(word))
		verdict = put(event, tail_word, control);
	else if (was)
		verdict = XEN_EVTCHN_COALESCED;
	if (makes(PENDING_AFTER_LINKED))
		guest_test_and_set_bit(31, word);
	return verdict;
}

static enum xen_evtchn_verdict
sketch_unmask(struct evtchn_fifo_event *event, u32 *word, u32 *tail_word,
	      struct xen_abi_fifo_control *control)
{
	guest_clear_mask(MASKED, word);
	if (makes(UNMASK_ONLY_CLEARS) || !evtchn_fifo_is_pending(word))
		return XEN_EVTCHN_COALESCED;

	return sketch_mark(event, word, tail_word, control);
}

static bool sketch_take_saved(struct evtchn_fifo_port *port)
{
	bool was = READ_ONCE(port->saved);

	if (!was || !makes(SAVED_IS_TORN))
		return was && kernel_xchg(&port->saved, 0);
	WRITE_ONCE(port->saved, 0);
	return was;
}

static bool sketch_save(struct evtchn_fifo_port *port, void *const *page)
{
	if (makes(LOOKS_BEFORE_SAVING)) {
		if (READ_ONCE(*page))
			return false;
		kernel_xchg(&port->saved, 1);
		return true;
	}

	kernel_xchg(&port->saved, 1);
	if (makes(SAVES_WITHOUT_A_LOOK) || !READ_ONCE(*page))
		return true;
	return !sketch_take_saved(port);
}

struct fifo_unit mistaken_fifo_unit(enum fifo_mistake which)
{
	mistake = which;
	return (struct fifo_unit) {
		.bug = mistake_names[which],
		.is_due = sketch_is_due,
		.lock = sketch_lock,
		.unlock = sketch_unlock,
		.mark = sketch_mark,
		.unmask = sketch_unmask,
		.save = sketch_save,
		.take_saved = sketch_take_saved,
	};
}

struct fifo_unit real_fifo_unit(void)
{
	return (struct fifo_unit) {
		.is_due = evtchn_fifo_is_due,
		.lock = evtchn_fifo_lock,
		.unlock = evtchn_fifo_unlock,
		.mark = evtchn_fifo_mark,
		.unmask = evtchn_fifo_unmask,
		.save = evtchn_fifo_save,
		.take_saved = evtchn_fifo_take_saved,
	};
}
