/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The FIFO event channel ABI, on plain pointers; see evtchn_core.h.
 *
 * To raise an event is to look whether that has been done, to lock its queues, to
 * map the pages that it turns out to touch, to mark it, and to unlock:
 *
 *	if (evtchn_fifo_is_due(word))
 *		return XEN_EVTCHN_COALESCED;
 *	if (!evtchn_fifo_lock(&event))
 *		return XEN_EVTCHN_COALESCED;
 *	tail = evtchn_fifo_tail(&event);
 *	... map the words of event.nr and tail, and the control block ...
 *	verdict = evtchn_fifo_mark(&event, word, tail_word, control);
 *	evtchn_fifo_unlock(&event);
 *
 * Where a page is not mapped the caller unlocks instead of marking; nothing
 * was changed by then.
 */
#ifndef _KVM_XEN_EVTCHN_FIFO_H
#define _KVM_XEN_EVTCHN_FIFO_H

#include "evtchn_core.h"

/* Bits of a port's word. */
#define EVTCHN_WORD_PENDING	(1u << XEN_ABI_FIFO_PENDING)
#define EVTCHN_WORD_MASKED	(1u << XEN_ABI_FIFO_MASKED)
#define EVTCHN_WORD_LINKED	(1u << XEN_ABI_FIFO_LINKED)
#define EVTCHN_WORD_BUSY	(1u << XEN_ABI_FIFO_BUSY)

/*
 * The kernel's part of a queue.  Its head, and all links, are in guest memory;
 * where it ends is not told to the guest, nor taken from it.
 */
struct evtchn_fifo_queue {
	struct seam_lock lock;	/* guards tail, and who is put on this queue */
	u32 tail;		/* the port that was linked last, or 0 */
	u16 vcpu;		/* whose it is, for those who save it */
	u8 priority;
};

/* A priority that stands for the port's own. */
#define EVTCHN_FIFO_OWN_PRIORITY	0xff

/* Who the port's last event was for; read and written as one word. */
union evtchn_fifo_dest {
	u32 raw;
	struct {
		u16 vcpu;
		u8 priority;	/* or EVTCHN_FIFO_OWN_PRIORITY */
		u8 pad;
	};
};
static_assert(sizeof(union evtchn_fifo_dest) == sizeof(u32));

/* The kernel's part of a port. */
struct evtchn_fifo_port {
	/*
	 * The queue that it was linked to last, which it may still be on: one
	 * word for the vCPU and the priority, changed under the locks of the
	 * queues that it comes from and goes to.  Never NULL.
	 */
	struct evtchn_fifo_queue *last;
	union evtchn_fifo_dest dest;
	u8 priority;		/* its own, set by the guest */
	u8 saved;		/* pending, while its word has no page */
	u16 bound;		/* 1 and the vCPU it was bound to last; 0: none */
};

/* An event that is being raised, in the hands of one caller. */
struct evtchn_fifo_event {
	struct evtchn_fifo_port *port;
	u32 nr;				/* of the port, from 1 */
	struct evtchn_fifo_queue *to;
	struct evtchn_fifo_queue *from;	/* set by evtchn_fifo_lock() */
};

/*
 * A queue that no guest sees: where ports are that were on no queue yet, so
 * that two which put the same port on a queue at once have a lock in common.
 */
#define EVTCHN_FIFO_NOWHERE	0xffff

/*
 * Bind the port to @vcpu, whatever vCPU its last event was for: senders that looked
 * at its target before may still come after.
 */
static inline void evtchn_fifo_bind(struct evtchn_fifo_port *port, u16 vcpu)
{
	WRITE_ONCE(port->bound, vcpu + 1);
}

static inline void evtchn_fifo_unbind(struct evtchn_fifo_port *port)
{
	WRITE_ONCE(port->bound, 0);
}

/* Whose is what is pending on the port. */
static inline u16 evtchn_fifo_owner(const struct evtchn_fifo_port *port)
{
	u16 bound = READ_ONCE(port->bound);

	return bound ? bound - 1 : READ_ONCE(port->dest.vcpu);
}

void evtchn_fifo_queue_init(struct evtchn_fifo_queue *queue, u16 vcpu,
			    u8 priority);
void evtchn_fifo_port_init(struct evtchn_fifo_port *port,
			   struct evtchn_fifo_queue *nowhere);

static __always_inline void evtchn_fifo_unlock(struct evtchn_fifo_event *event)
{
	seam_unlock_pair(&event->to->lock, &event->from->lock);
}

/*
 * The port of the event, whose queues @to and @from are locked, was on another than
 * @from by then: lock that instead, once.  Returns it, or NULL with no lock held.
 */
struct evtchn_fifo_queue *evtchn_fifo_lock_again(struct evtchn_fifo_port *port,
						 struct evtchn_fifo_queue *to,
						 struct evtchn_fifo_queue *from);

/*
 * Lock the queue that the event goes to, event->to, and the one that its port
 * was on.  Returns false, with no lock held, where others raised this port at
 * the same time and their events tell all that this one would.  Interrupts are
 * off as struct seam_lock says.
 */
static __always_inline bool evtchn_fifo_lock(struct evtchn_fifo_event *event)
{
	event->from = READ_ONCE(event->port->last);
	seam_lock_pair(&event->to->lock, &event->from->lock);
	if (likely(READ_ONCE(event->port->last) == event->from))
		return true;

	event->from = evtchn_fifo_lock_again(event->port, event->to, event->from);
	return event->from;
}

/* The port behind which the event will be put, or 0: its word is needed too. */
static inline u32 evtchn_fifo_tail(const struct evtchn_fifo_event *event)
{
	return event->to->tail;
}

/*
 * Put port @nr behind the tail of a queue.  Returns false where the guest took that
 * off by now.
 */
bool evtchn_fifo_follow(u32 nr, u32 *tail_word);

/* Start the queue anew.  Returns true where the guest was not told yet. */
static __always_inline bool evtchn_fifo_lead(struct evtchn_fifo_event *event,
					     struct xen_abi_fifo_control *control)
{
	u8 priority = event->to->priority;

	WRITE_ONCE(control->head[priority], event->nr);

	/* Pairs with the guest's exchange of ready: then it sees the head. */
	return !guest_test_and_set_bit(priority, &control->ready);
}

/*
 * The port leaves its last queue.  Where it was the tail there, the guest took off all
 * there was: else the next one would be put behind it wherever it is by then.
 */
static inline void evtchn_fifo_leave(struct evtchn_fifo_port *port, u32 nr,
				     struct evtchn_fifo_queue *from,
				     struct evtchn_fifo_queue *to)
{
	if (from->tail == nr)
		from->tail = 0;
	WRITE_ONCE(port->last, to);
}

/* The port was just taken as LINKED. */
static __always_inline enum xen_evtchn_verdict
evtchn_fifo_put(struct evtchn_fifo_event *event, u32 *tail_word,
		struct xen_abi_fifo_control *control)
{
	struct evtchn_fifo_queue *to = event->to;
	u32 tail = to->tail;
	bool told;

	if (unlikely(event->from != to))
		evtchn_fifo_leave(event->port, event->nr, event->from, to);

	/* Likewise where it comes back to the queue of which it was the tail. */
	told = (tail && tail != event->nr &&
		evtchn_fifo_follow(event->nr, tail_word)) ||
	       !evtchn_fifo_lead(event, control);
	to->tail = event->nr;

	return told ? XEN_EVTCHN_QUEUED : XEN_EVTCHN_RAISED;
}

/*
 * Whether the port is on a queue of another vCPU still, and not pending: it was closed
 * there and bound anew, or moved.  To mark it there would tell the wrong vCPU, or none
 * where that one is offline and another drops what is on its queues.  Xen does not bind
 * a port anew before it is taken off, but a VMM that does not know of LINKED does.
 */
static inline bool evtchn_fifo_is_elsewhere(const u32 *word,
					    const struct evtchn_fifo_queue *from,
					    u16 vcpu)
{
	u32 due = EVTCHN_WORD_PENDING | EVTCHN_WORD_LINKED;

	return from->vcpu != vcpu && from->vcpu != EVTCHN_FIFO_NOWHERE &&
	       (READ_ONCE(*word) & due) == EVTCHN_WORD_LINKED;
}

/*
 * Make the port pending, and put it on its queue unless it is masked or on one
 * already.  Both queues are locked; @tail_word is the word of
 * evtchn_fifo_tail(), not looked at where that is 0.
 */
static __always_inline enum xen_evtchn_verdict
evtchn_fifo_mark(struct evtchn_fifo_event *event, u32 *word, u32 *tail_word,
		 struct xen_abi_fifo_control *control)
{
	bool was_pending;

	/* Seen by nobody until it can go where it belongs: the caller comes again. */
	if (unlikely(event->from != event->to) &&
	    evtchn_fifo_is_elsewhere(word, event->from, event->to->vcpu)) {
		kernel_xchg(&event->port->saved, 1);
		return XEN_EVTCHN_SAVED;
	}

	was_pending = guest_test_and_set_bit(XEN_ABI_FIFO_PENDING, word);

	/*
	 * PENDING was set before this read of MASKED.  A guest clears MASKED
	 * where it sees no PENDING in the same word, or asks for it by
	 * hypercall: the event is seen by one of the two.
	 */
	if (READ_ONCE(*word) & EVTCHN_WORD_MASKED)
		return was_pending ? XEN_EVTCHN_COALESCED : XEN_EVTCHN_MASKED;

	/*
	 * Also where PENDING was set before: a guest may unmask a port, or
	 * take it off its queue, and leave it pending.
	 */
	if (!guest_test_and_set_bit(XEN_ABI_FIFO_LINKED, word))
		return evtchn_fifo_put(event, tail_word, control);

	return was_pending ? XEN_EVTCHN_COALESCED : XEN_EVTCHN_QUEUED;
}

/* Unmask the port, and raise it again where it is pending; the same needs. */
enum xen_evtchn_verdict
evtchn_fifo_unmask(struct evtchn_fifo_event *event, u32 *word, u32 *tail_word,
		   struct xen_abi_fifo_control *control);

/*
 * Keep the event of a port whose word has no page: *@page is NULL.  Returns
 * false where it has one by now, and the event is the caller's to mark.
 * Whoever sets *@page looks, after a full barrier, for what was saved.
 */
bool evtchn_fifo_save(struct evtchn_fifo_port *port, void *const *page);

/* Take what was saved, to raise it: true for one of any number of callers. */
static inline bool evtchn_fifo_take_saved(struct evtchn_fifo_port *port)
{
	return READ_ONCE(port->saved) && kernel_xchg(&port->saved, 0);
}

/*
 * Take the port of a locked event, which goes nowhere, from the queue of a vCPU other
 * than @vcpu that does not do so itself.
 */
void evtchn_fifo_cut(struct evtchn_fifo_event *event, u32 *word, u16 vcpu);

/* Forget what is pending in the word of a port that was closed. */
void evtchn_fifo_forget(u32 *word);

static inline bool evtchn_fifo_is_pending(const u32 *word)
{
	return READ_ONCE(*word) & EVTCHN_WORD_PENDING;
}

/*
 * Whether the guest has yet to come to the event of the port: it is on a queue, or
 * being put there, and pending; then marking it again would change nothing.  A full
 * barrier precedes, after what the event is about: the guest will see that.
 */
static inline bool evtchn_fifo_is_due(const u32 *word)
{
	u32 due = EVTCHN_WORD_PENDING | EVTCHN_WORD_LINKED;

	return (READ_ONCE(*word) & due) == due;
}

#endif /* _KVM_XEN_EVTCHN_FIFO_H */
