/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's side of the FIFO ABI, written from the ABI.  Each access reports
 * itself, so that the explorer can switch there, and is atomic as a guest's
 * are, so that it works among real threads too.  One struct is one vCPU: only
 * masking and unmasking may be done by several threads for the same.
 */
#ifndef _KVM_XEN_FIFO_GUEST_H
#define _KVM_XEN_FIFO_GUEST_H

#define FIFO_GUEST_QUEUES	16

struct fifo_guest {
	u32 *words;			/* of all ports */
	u32 *control;			/* of this vCPU */
	u32 ready;			/* queues it took from READY and has not emptied */
	u32 head[FIFO_GUEST_QUEUES];	/* where it is in them, or 0 */
	/* An event: PENDING of @port has been cleared. */
	void (*handle)(struct fifo_guest *g, u32 port);
	/* @port was taken off @queue; may be NULL. */
	void (*took)(struct fifo_guest *g, u8 queue, u32 port);
	/* The queue @queue leads to @port, which is on none. */
	void (*broken)(struct fifo_guest *g, u8 queue, u32 port);
	/* Wait while BUSY is set in @word; NULL: ask for the unmasking. */
	void (*relax)(u32 *word);
};

/* What a guest does in an upcall, after it cleared evtchn_upcall_pending. */
void fifo_guest_upcall(struct fifo_guest *g);

/* Its steps: take READY; take one port of the most urgent queue. */
void fifo_guest_look(struct fifo_guest *g);
bool fifo_guest_step(struct fifo_guest *g);

/* The same, but the event is left pending, as some guests do. */
bool fifo_guest_skip(struct fifo_guest *g);

void fifo_guest_mask(struct fifo_guest *g, u32 port);

/* Returns true where that takes a hypercall, which is the caller's to make. */
bool fifo_guest_unmask(struct fifo_guest *g, u32 port);

/* Clear PENDING, wherever the port is. */
void fifo_guest_clear(struct fifo_guest *g, u32 port);

/* Without an effect on the state: for checks of it. */
bool fifo_sees_pending(const struct fifo_guest *g, u32 port);
bool fifo_sees_masked(const struct fifo_guest *g, u32 port);
bool fifo_sees_linked(const struct fifo_guest *g, u32 port);
bool fifo_sees_busy(const struct fifo_guest *g, u32 port);

/*
 * Where this queue begins, and what follows @port.  As the kernel alone knows
 * where a queue ends, what is no longer linked is behind it.
 */
u32 fifo_sees_first(const struct fifo_guest *g, u8 queue);
u32 fifo_sees_next(const struct fifo_guest *g, u32 port);

#endif /* _KVM_XEN_FIFO_GUEST_H */
