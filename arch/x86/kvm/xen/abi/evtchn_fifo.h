/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The FIFO event channel ABI, on plain pointers.  Pure, see evtchn_core.h.
 *
 * To raise an event: check whether it would coalesce, lock its queues, map the pages that
 * it touches, mark it, and unlock:
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
 * If a page is not mapped, the caller unlocks instead of marking; nothing has changed.
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
 * KVM's part of a queue.  Its head and links are in guest memory; its tail is kept here
 * only, neither exposed to the guest nor read from guest memory.
 */
struct evtchn_fifo_queue {
	struct seam_lock lock;	/* guards tail, and putting ports on the queue */
	u32 tail;		/* the port linked last, or 0 for none */
	u16 vcpu;		/* index of its vCPU, read by save */
	u8 priority;
};

/* Use the priority of the port itself. */
#define EVTCHN_FIFO_OWN_PRIORITY	0xff

/* Destination of the port's last event; read and written as one word. */
union evtchn_fifo_dest {
	u32 raw;
	struct {
		u16 vcpu;
		u8 priority;	/* or EVTCHN_FIFO_OWN_PRIORITY */
		u8 pad;
	};
};
static_assert(sizeof(union evtchn_fifo_dest) == sizeof(u32));

/* KVM's part of a port. */
struct evtchn_fifo_port {
	/*
	 * The queue to which the port was linked last; it may still be on it.  A single
	 * pointer, so that vCPU and priority change together.  Changed under the locks of
	 * the old and the new queue.  Never NULL.
	 */
	struct evtchn_fifo_queue *last;
	union evtchn_fifo_dest dest;
	u8 priority;		/* set by the guest by EVTCHNOP_set_priority */
	u8 saved;		/* pending, but the page of its word is missing */
	u16 bound;		/* 1 + index of the vCPU it is bound to; 0: none */
};

/* An event while it is raised; used by one caller. */
struct evtchn_fifo_event {
	struct evtchn_fifo_port *port;
	u32 nr;				/* port number, at least 1 */
	struct evtchn_fifo_queue *to;
	struct evtchn_fifo_queue *from;	/* set by evtchn_fifo_lock() */
};

/*
 * The vCPU of a queue that is invisible to the guest.  Ports that have never been linked
 * are on it, so that two callers that link the same port concurrently share a lock.
 */
#define EVTCHN_FIFO_NOWHERE	0xffff

/*
 * Bind the port to @vcpu, whatever the destination of its last event: a sender that has
 * read the old destination may still write it to port->dest afterwards.
 */
static inline void evtchn_fifo_bind(struct evtchn_fifo_port *port, u16 vcpu)
{
	WRITE_ONCE(port->bound, vcpu + 1);
}

static inline void evtchn_fifo_unbind(struct evtchn_fifo_port *port)
{
	WRITE_ONCE(port->bound, 0);
}

/* The index of the vCPU to which a pending event of the port belongs. */
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
 * With @to and @from locked, the port turned out to be on another queue than @from.  Lock
 * that queue instead, once.  Returns it, or NULL with no lock held.
 */
struct evtchn_fifo_queue *evtchn_fifo_lock_again(struct evtchn_fifo_port *port,
						 struct evtchn_fifo_queue *to,
						 struct evtchn_fifo_queue *from);

/*
 * Lock the destination queue, event->to, and the queue that the port was on, event->from.
 * Returns false with no lock held if other callers raised this port concurrently and this
 * event coalesces with theirs.  Interrupts must be off as struct seam_lock says.
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

/*
 * The port behind which the event will be linked, or 0.  Its word has to be mapped, too.
 */
static inline u32 evtchn_fifo_tail(const struct evtchn_fifo_event *event)
{
	return event->to->tail;
}

/*
 * Link port @nr behind the tail of a queue.  Returns false if the guest has taken the
 * tail off by now.
 */
bool evtchn_fifo_follow(u32 nr, u32 *tail_word);

/*
 * Make the port the head of its queue.  Returns true if the queue's ready bit was clear,
 * so that an upcall is needed.
 */
static __always_inline bool evtchn_fifo_lead(struct evtchn_fifo_event *event,
					     struct xen_abi_fifo_control *control)
{
	u8 priority = event->to->priority;

	WRITE_ONCE(control->head[priority], event->nr);

	/*
	 * Pairs with the guest's exchange of ready: it sees the head if it sees the bit.
	 */
	return !guest_test_and_set_bit(priority, &control->ready);
}

/*
 * Remove the port from the queue it was on last.  If it was the tail there, the guest has
 * taken off all ports of that queue: forget the tail, else the next port would be linked
 * behind this one on whatever queue it is by then.
 */
static inline void evtchn_fifo_leave(struct evtchn_fifo_port *port, u32 nr,
				     struct evtchn_fifo_queue *from,
				     struct evtchn_fifo_queue *to)
{
	if (from->tail == nr)
		from->tail = 0;
	WRITE_ONCE(port->last, to);
}

/* Put the port, whose LINKED bit this caller has just set, on its destination queue. */
static __always_inline enum xen_evtchn_verdict
evtchn_fifo_put(struct evtchn_fifo_event *event, u32 *tail_word,
		struct xen_abi_fifo_control *control)
{
	struct evtchn_fifo_queue *to = event->to;
	u32 tail = to->tail;
	bool queued;

	if (unlikely(event->from != to))
		evtchn_fifo_leave(event->port, event->nr, event->from, to);

	/*
	 * A port that is still the tail of its queue was taken off by the guest: start
	 * anew.
	 */
	queued = (tail && tail != event->nr &&
		evtchn_fifo_follow(event->nr, tail_word)) ||
	       !evtchn_fifo_lead(event, control);
	to->tail = event->nr;

	return queued ? XEN_EVTCHN_QUEUED : XEN_EVTCHN_RAISED;
}

/*
 * Whether the port is not pending, but still on a queue of a vCPU other than @vcpu: it
 * was moved, or closed and bound again.  If it were marked there, the wrong vCPU would
 * get the upcall, or none if that vCPU is offline, and a guest may drop what it finds on
 * the queues of an offline vCPU.  Xen does not bind a port again until it is off its
 * queue, but a VMM that does not know about LINKED does.
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
 * Make the port pending, and put it on its queue unless it is masked or already on one.
 * Both queues are locked.  @tail_word is the word of evtchn_fifo_tail(), ignored if that
 * is 0.
 */
static __always_inline enum xen_evtchn_verdict
evtchn_fifo_mark(struct evtchn_fifo_event *event, u32 *word, u32 *tail_word,
		 struct xen_abi_fifo_control *control)
{
	bool was_pending;

	/*
	 * Keep the event out of the guest's sight until it can go to the right queue: the
	 * caller retries.
	 */
	if (unlikely(event->from != event->to) &&
	    evtchn_fifo_is_elsewhere(word, event->from, event->to->vcpu)) {
		kernel_xchg(&event->port->saved, 1);
		return XEN_EVTCHN_SAVED;
	}

	was_pending = guest_test_and_set_bit(XEN_ABI_FIFO_PENDING, word);

	/*
	 * PENDING is set before MASKED is read.  A guest either clears MASKED by a
	 * cmpxchg that fails if PENDING is set in the same word, or unmasks by hypercall:
	 * one of the two sees the event.
	 */
	if (READ_ONCE(*word) & EVTCHN_WORD_MASKED)
		return was_pending ? XEN_EVTCHN_COALESCED : XEN_EVTCHN_MASKED;

	/*
	 * Do this also if PENDING was set before: a guest may unmask a port, or take it
	 * off its queue, and leave it pending.
	 */
	if (!guest_test_and_set_bit(XEN_ABI_FIFO_LINKED, word))
		return evtchn_fifo_put(event, tail_word, control);

	return was_pending ? XEN_EVTCHN_COALESCED : XEN_EVTCHN_QUEUED;
}

/*
 * Unmask the port, and raise it again if it is pending.  Locks and arguments are those of
 * evtchn_fifo_mark().
 */
enum xen_evtchn_verdict
evtchn_fifo_unmask(struct evtchn_fifo_event *event, u32 *word, u32 *tail_word,
		   struct xen_abi_fifo_control *control);

/*
 * Save the event of a port whose word has no page: *@page is NULL.  Returns false if
 * there is a page by now, and the caller has to mark the event.  A caller that sets
 * *@page issues a full barrier and then takes saved events by
 * evtchn_fifo_take_saved().
 */
bool evtchn_fifo_save(struct evtchn_fifo_port *port, void *const *page);

/*
 * Take a saved event in order to raise it.  Returns true for only one of any number of
 * concurrent callers.
 */
static inline bool evtchn_fifo_take_saved(struct evtchn_fifo_port *port)
{
	return READ_ONCE(port->saved) && kernel_xchg(&port->saved, 0);
}

/*
 * Take the port of a locked event off the queue that it is on, if that belongs to a vCPU
 * other than @vcpu, which does not take it off by itself.  event->to is the
 * EVTCHN_FIFO_NOWHERE queue.
 */
void evtchn_fifo_cut(struct evtchn_fifo_event *event, u32 *word, u16 vcpu);

/* Clear PENDING in the word of a port that was closed. */
void evtchn_fifo_forget(u32 *word);

static inline bool evtchn_fifo_is_pending(const u32 *word)
{
	return READ_ONCE(*word) & EVTCHN_WORD_PENDING;
}

/*
 * Whether the guest has yet to handle an event of the port: the port is pending and on a
 * queue, or about to be put there, so that marking it again would change nothing.  The
 * caller has issued a full barrier after the writes that the event announces, so the
 * guest will see them.
 */
static inline bool evtchn_fifo_is_due(const u32 *word)
{
	u32 due = EVTCHN_WORD_PENDING | EVTCHN_WORD_LINKED;

	return (READ_ONCE(*word) & due) == due;
}

#endif /* _KVM_XEN_EVTCHN_FIFO_H */
