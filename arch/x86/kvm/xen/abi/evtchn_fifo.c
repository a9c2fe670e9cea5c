// SPDX-License-Identifier: GPL-2.0
/*
 * The FIFO event channel ABI.
 *
 * Each port has a word in the event array.  KVM sets PENDING there and appends the port
 * to a queue: it writes the port number to the LINK field of the last port's word or, if
 * the guest has already taken all ports of the queue, to the queue's head in the control
 * block.  The guest takes a port off a queue by clearing LINKED and LINK at once, and the
 * previous value of LINK is the next port of the queue.
 *
 * Owns struct evtchn_fifo_queue and struct evtchn_fifo_port.  A port is raised under two
 * locks: that of the queue it was on last, so that it is put on one queue at a time, and
 * that of its destination queue.  KVM never follows a LINK and uses no value from guest
 * memory as an index, so a guest that writes garbage can only break its own queues.
 */
#include "evtchn_fifo.h"

/*
 * How often linking to a tail can fail while its queue is locked and BUSY is set in its
 * word.  Then nobody can set PENDING (that takes the lock) or clear MASKED (the guest
 * waits until BUSY is clear, KVM takes the lock).  The guest may still set MASKED, clear
 * PENDING and clear LINKED, once each, and after the last of them there is nothing to
 * link to: at most three attempts fail.
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
 * The port moved between the read of port->last and the locks: another caller raised it
 * concurrently.  If it moves a second time, the caller that moves it holds the lock of
 * the queue to which it moved first, so that caller has marked its event after this one
 * began.  The guest then sees that event, and this one coalesces with it.
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

/* Write @port to the LINK field of @word while that word is LINKED. */
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

	/* The guest has taken the tail off by now, or violates the protocol. */
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
	/* Pairs with the barrier between setting *@page and evtchn_fifo_take_saved(). */
	kernel_xchg(&port->saved, 1);
	if (!READ_ONCE(*page))
		return true;

	return !evtchn_fifo_take_saved(port);
}

/*
 * The guest can no longer reach the ports behind this one on event->from: empty that
 * queue, so that the next port becomes its head.
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
