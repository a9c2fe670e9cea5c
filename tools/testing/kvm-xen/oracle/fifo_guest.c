// SPDX-License-Identifier: GPL-2.0
/* The guest's side of the FIFO ABI; see fifo_guest.h. */
#include "fifo_guest.h"

#define PENDING	0x80000000u
#define MASKED	0x40000000u
#define LINKED	0x20000000u
#define BUSY	0x10000000u
#define LINK	0x0001ffffu

/* In words: the control block is READY, one unused, and the heads. */
#define READY	0
#define HEADS	2

static u32 load(u32 *word)
{
	seam_report(word, sizeof(*word), SEAM_GUEST);
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static u32 exchange(u32 *word, u32 value)
{
	seam_report(word, sizeof(*word), SEAM_GUEST);
	return __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
}

static void set_bits(u32 *word, u32 bits)
{
	seam_report(word, sizeof(*word), SEAM_GUEST);
	__atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST);
}

static void clear_bits(u32 *word, u32 bits)
{
	seam_report(word, sizeof(*word), SEAM_GUEST);
	__atomic_fetch_and(word, ~bits, __ATOMIC_SEQ_CST);
}

/* Returns false, with what is there in *@old, where that was not it. */
static bool replace(u32 *word, u32 *old, u32 new)
{
	seam_report(word, sizeof(*word), SEAM_GUEST);
	return __atomic_compare_exchange_n(word, old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Clear LINKED and LINK at once: the port is on no queue.  Returns LINK. */
static u32 take_off(struct fifo_guest *g, u8 queue, u32 port)
{
	u32 old = load(&g->words[port]);

	do {
		if (!(old & LINKED)) {
			g->broken(g, queue, port);
			return 0;
		}
	} while (!replace(&g->words[port], &old, old & ~(LINKED | LINK)));

	if (g->took)
		g->took(g, queue, port);
	return old & LINK;
}

/* The next port of @queue, taken off it. */
static u32 take_next(struct fifo_guest *g, u8 queue)
{
	u32 port = g->head[queue];

	if (!port)
		port = load(&g->control[HEADS + queue]);
	g->head[queue] = take_off(g, queue, port);
	if (!g->head[queue])
		g->ready &= ~(1u << queue);
	return port;
}

static void look_at(struct fifo_guest *g, u32 port)
{
	u32 word = load(&g->words[port]);

	if (!(word & PENDING) || (word & MASKED))
		return;

	fifo_guest_clear(g, port);
	g->handle(g, port);
}

void fifo_guest_look(struct fifo_guest *g)
{
	g->ready |= exchange(&g->control[READY], 0);
}

bool fifo_guest_step(struct fifo_guest *g)
{
	if (!g->ready)
		return false;

	look_at(g, take_next(g, __builtin_ctz(g->ready)));
	return true;
}

bool fifo_guest_skip(struct fifo_guest *g)
{
	if (!g->ready)
		return false;

	take_next(g, __builtin_ctz(g->ready));
	return true;
}

void fifo_guest_upcall(struct fifo_guest *g)
{
	fifo_guest_look(g);
	while (fifo_guest_step(g))
		fifo_guest_look(g);
}

void fifo_guest_mask(struct fifo_guest *g, u32 port)
{
	set_bits(&g->words[port], MASKED);
}

bool fifo_guest_unmask(struct fifo_guest *g, u32 port)
{
	u32 *word = &g->words[port], old = load(word);

	for (;;) {
		if (!(old & MASKED))
			return false;
		if (old & PENDING)
			return true;
		if ((old & BUSY) && !g->relax)
			return true;
		if (old & BUSY)
			g->relax(word);

		old &= ~BUSY;
		if (replace(word, &old, old & ~MASKED))
			return false;
	}
}

void fifo_guest_clear(struct fifo_guest *g, u32 port)
{
	clear_bits(&g->words[port], PENDING);
}

bool fifo_sees_pending(const struct fifo_guest *g, u32 port)
{
	return g->words[port] & PENDING;
}

bool fifo_sees_masked(const struct fifo_guest *g, u32 port)
{
	return g->words[port] & MASKED;
}

bool fifo_sees_linked(const struct fifo_guest *g, u32 port)
{
	return g->words[port] & LINKED;
}

bool fifo_sees_busy(const struct fifo_guest *g, u32 port)
{
	return g->words[port] & BUSY;
}

u32 fifo_sees_first(const struct fifo_guest *g, u8 queue)
{
	u32 ready = (g->ready | g->control[READY]) >> queue & 1;

	if (g->head[queue])
		return g->head[queue];

	return ready ? g->control[HEADS + queue] : 0;
}

u32 fifo_sees_next(const struct fifo_guest *g, u32 port)
{
	return g->words[port] & LINK;
}
