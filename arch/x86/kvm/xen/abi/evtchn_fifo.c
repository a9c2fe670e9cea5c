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
	port->dest.raw = 0;
	port->dest.priority = EVTCHN_FIFO_OWN_PRIORITY;
	port->priority = XEN_ABI_FIFO_PRIORITY;
	port->saved = 0;
	port->bound = 0;
}

/*
 * A port moved between the look at its last queue and the locks was raised by
 * someone else at the same time.  Whoever moves it a second time holds the
 * lock of the queue that it was moved to first, so their event was marked
 * after this one began: seen twice, they told the guest what this one would.
 */
struct evtchn_fifo_queue *evtchn_fifo_lock_again(struct evtchn_fifo_port *port,
						 struct evtchn_fifo_queue *to,
						 struct evtchn_fifo_queue *from)
{
	seam_unlock_pair(&to->lock, &from->lock);

	from = READ_ONCE(port->last);
	seam_lock_pair(&to->lock, &from->lock);
	if (READ_ONCE(port->last) == from)
		return from;

	seam_unlock_pair(&to->lock, &from->lock);
	return NULL;
}

/* Write @port in the LINK of @word while that is on a queue. */
static bool try_link(u32 *word, u32 port, unsigned int tries)
{
	u32 old = READ_ONCE(*word);

	for (; tries && (old & EVTCHN_WORD_LINKED); tries--) {
		if (guest_try_cmpxchg(word, &old,
				      (old & ~(EVTCHN_WORD_BUSY | XEN_ABI_FIFO_LINK)) | port))
			return true;
	}

	return false;
}

bool evtchn_fifo_follow(u32 nr, u32 *tail_word)
{
	if (likely(try_link(tail_word, nr, 1)))
		return true;
	if (!(READ_ONCE(*tail_word) & EVTCHN_WORD_LINKED))
		return false;

	guest_set_mask(EVTCHN_WORD_BUSY, tail_word);
	if (try_link(tail_word, nr, LINK_TRIES))
		return true;

	/* Taken off by now, or the guest does not keep to the protocol. */
	guest_clear_mask(EVTCHN_WORD_BUSY, tail_word);
	return false;
}

enum xen_evtchn_verdict
evtchn_fifo_unmask(struct evtchn_fifo_event *event, u32 *word, u32 *tail_word,
		   struct xen_abi_fifo_control *control)
{
	guest_clear_mask(EVTCHN_WORD_MASKED, word);
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

/*
 * What is behind the port there is out of the guest's reach from now on, so the next
 * port begins the queue anew.
 */
void evtchn_fifo_cut(struct evtchn_fifo_event *event, u32 *word, u16 vcpu)
{
	if (!evtchn_fifo_is_elsewhere(word, event->from, vcpu))
		return;

	event->from->tail = 0;
	guest_clear_mask(EVTCHN_WORD_LINKED | XEN_ABI_FIFO_LINK, word);
	WRITE_ONCE(event->port->last, event->to);
}

void evtchn_fifo_forget(u32 *word)
{
	guest_clear_mask(EVTCHN_WORD_PENDING, word);
}
