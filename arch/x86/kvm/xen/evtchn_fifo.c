// SPDX-License-Identifier: GPL-2.0
/*
 * The FIFO event channel ABI.
 *
 * A port is a word of the event array.  The kernel sets PENDING and puts the
 * port behind the last one of a queue, by a LINK in that one's word, or at its
 * head in the control block if the guest has taken all that was there.  The
 * guest takes a port off by clearing LINKED and LINK at once, and finds the
 * next in what LINK was.
 *
 * Owns struct evtchn_fifo_queue and struct evtchn_fifo_port.  A port is raised
 * under the lock of the queue that it was on last, so it is put on one queue
 * at a time, and under the lock of the one that it goes to.  No LINK is ever
 * followed, and nothing of the guest's is an index: it can break its own
 * queues by writing to them, and nothing else.
 */
#include "evtchn_fifo.h"

#define PENDING	(1u << XEN_ABI_FIFO_PENDING)
#define MASKED	(1u << XEN_ABI_FIFO_MASKED)
#define LINKED	(1u << XEN_ABI_FIFO_LINKED)
#define BUSY	(1u << XEN_ABI_FIFO_BUSY)

/*
 * A port moved between the look at its last queue and the locks was raised by
 * someone else at the same time.  Whoever moves it a second time holds the
 * lock of the queue that it was moved to first, so their event was marked
 * after this one began: seen twice, they told the guest what this one would.
 */
#define LOCK_TRIES	2

/*
 * With BUSY set in the word of a tail, and the lock of its queue held, nobody
 * sets PENDING there (that takes the lock) or clears MASKED (the guest waits
 * for BUSY to go, the kernel takes the lock).  The guest may still set MASKED,
 * clear PENDING and clear LINKED, once each, and after the last there is
 * nothing to link to: as many attempts can fail.
 */
#define LINK_TRIES	3

void evtchn_fifo_queue_init(struct evtchn_fifo_queue *queue, u16 vcpu,
			    u8 priority)
{
	seam_lock_init(&queue->lock);
	queue->tail = 0;
	queue->vcpu = vcpu;
	queue->priority = priority;
}

void evtchn_fifo_port_init(struct evtchn_fifo_port *port,
			   struct evtchn_fifo_queue *nowhere)
{
	port->last = nowhere;
	port->wish.raw = 0;
	port->wish.priority = EVTCHN_FIFO_OWN_PRIORITY;
	port->priority = XEN_ABI_FIFO_PRIORITY;
	port->saved = 0;
}

bool evtchn_fifo_lock(struct evtchn_fifo_event *event)
{
	struct evtchn_fifo_queue *to = event->to, *from;
	unsigned int try;

	for (try = 0; try < LOCK_TRIES; try++) {
		from = READ_ONCE(event->port->last);
		event->flags = seam_lock_pair(&to->lock, &from->lock);
		event->from = from;
		if (likely(READ_ONCE(event->port->last) == from))
			return true;

		evtchn_fifo_unlock(event);
	}

	return false;
}

void evtchn_fifo_unlock(struct evtchn_fifo_event *event)
{
	seam_unlock_pair(&event->to->lock, &event->from->lock, event->flags);
}

/* The port, which was just taken as LINKED, leaves where it was. */
static void leave_queue(struct evtchn_fifo_event *event)
{
	struct evtchn_fifo_queue *from = event->from;

	/*
	 * The guest took it off, and it was the last: without this the next
	 * one would be put behind it wherever it is by then.
	 */
	if (from->tail == event->nr)
		from->tail = 0;

	if (from != event->to)
		WRITE_ONCE(event->port->last, event->to);
}

/* Write @port in the LINK of @word while that is on a queue. */
static bool try_link(u32 *word, u32 port, unsigned int tries)
{
	u32 old = READ_ONCE(*word);

	for (; tries && (old & LINKED); tries--) {
		if (guest_try_cmpxchg(word, &old,
				      (old & ~(BUSY | XEN_ABI_FIFO_LINK)) | port))
			return true;
	}

	return false;
}

static bool link_to_tail(struct evtchn_fifo_event *event, u32 *tail_word)
{
	if (!event->to->tail)
		return false;
	if (likely(try_link(tail_word, event->nr, 1)))
		return true;
	if (!(READ_ONCE(*tail_word) & LINKED))
		return false;

	guest_set_mask(BUSY, tail_word);
	if (try_link(tail_word, event->nr, LINK_TRIES))
		return true;

	/* Taken off by now, or the guest does not keep to the protocol. */
	guest_clear_mask(BUSY, tail_word);
	return false;
}

/* Start the queue anew.  Returns true where the guest was not told yet. */
static bool lead_queue(struct evtchn_fifo_event *event,
		       struct xen_abi_fifo_control *control)
{
	u8 priority = event->to->priority;

	WRITE_ONCE(control->head[priority], event->nr);

	/* Pairs with the guest's exchange of ready: then it sees the head. */
	return !guest_test_and_set_bit(priority, &control->ready);
}

static enum xen_evtchn_verdict
put_on_queue(struct evtchn_fifo_event *event, u32 *tail_word,
	     struct xen_abi_fifo_control *control)
{
	bool told;

	leave_queue(event);
	told = link_to_tail(event, tail_word) || !lead_queue(event, control);
	event->to->tail = event->nr;

	return told ? XEN_EVTCHN_QUEUED : XEN_EVTCHN_RAISED;
}

enum xen_evtchn_verdict
evtchn_fifo_mark(struct evtchn_fifo_event *event, u32 *word, u32 *tail_word,
		 struct xen_abi_fifo_control *control)
{
	bool was_pending = guest_test_and_set_bit(XEN_ABI_FIFO_PENDING, word);

	/*
	 * PENDING was set before this read of MASKED.  A guest clears MASKED
	 * where it sees no PENDING in the same word, or asks for it by
	 * hypercall: the event is seen by one of the two.
	 */
	if (READ_ONCE(*word) & MASKED)
		return was_pending ? XEN_EVTCHN_COALESCED : XEN_EVTCHN_MASKED;

	/*
	 * Also where PENDING was set before: a guest may unmask a port, or
	 * take it off its queue, and leave it pending.
	 */
	if (!guest_test_and_set_bit(XEN_ABI_FIFO_LINKED, word))
		return put_on_queue(event, tail_word, control);

	return was_pending ? XEN_EVTCHN_COALESCED : XEN_EVTCHN_QUEUED;
}

enum xen_evtchn_verdict
evtchn_fifo_unmask(struct evtchn_fifo_event *event, u32 *word, u32 *tail_word,
		   struct xen_abi_fifo_control *control)
{
	guest_clear_mask(MASKED, word);
	if (!evtchn_fifo_is_pending(word))
		return XEN_EVTCHN_COALESCED;

	return evtchn_fifo_mark(event, word, tail_word, control);
}

bool evtchn_fifo_save(struct evtchn_fifo_port *port, void *const *page)
{
	/* Pairs with the barrier between setting the page and this look. */
	kernel_xchg(&port->saved, 1);
	if (!READ_ONCE(*page))
		return true;

	return !evtchn_fifo_take_saved(port);
}

void evtchn_fifo_forget(u32 *word)
{
	guest_clear_mask(PENDING, word);
}
