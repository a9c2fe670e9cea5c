// SPDX-License-Identifier: GPL-2.0
/*
 * The FIFO unit against every guest there can be, for CBMC: before each of the
 * unit's accesses all of guest memory takes any value whatever, and before each
 * of its locks others may have moved the port, and any tail.  Proved are, of one
 * operation on any state,
 *
 *  - that its loops end: no more than two pairs of locks, four tries to link
 *    and ACCESSES accesses, with --unwinding-assertions;
 *  - that it accesses nothing but the two words and its part of the control
 *    block, four bytes wide, and no pointer is used out of its object;
 *  - that the tail of its queue is the old one, or the port, whose last queue
 *    is this one then; that the other queue's is the old one, or none;
 *  - that locks are taken and released in pairs.
 */
#include "fifo_unit.h"

/* Else what is proved is of the sketch with this mistake, and cannot be. */
#ifndef PLANTED
#define UNIT		real_fifo_unit()
#else
#define UNIT		mistaken_fifo_unit(PLANTED)
#endif

/*
 * To lock twice 4, to unmask 2, its word 3, the last queue 1; to link: read,
 * try, read, BUSY, read, 3 tries, clear; head and ready.
 */
#define ACCESSES	22

u32 nondet_u32(void);
bool nondet_bool(void);
u8 nondet_u8(void);

static u32 word, tail_word;
static struct xen_abi_fifo_control control;
static struct evtchn_fifo_queue queues[3];	/* to, from and another */
static struct evtchn_fifo_port port;
static struct evtchn_fifo_event event;
static struct fifo_unit unit;
static unsigned int accesses, locked_pairs;
static void *page;
static bool looked, taken;

seam_hook_t seam_hook;

static void any_guest(void)
{
	unsigned int i;

	word = nondet_u32();
	tail_word = nondet_u32();
	control.ready = nondet_u32();
	for (i = 0; i < XEN_ABI_FIFO_NR_QUEUES; i++)
		control.head[i] = nondet_u32();
}

static bool is_given(const volatile void *addr)
{
	return addr == &word || addr == &tail_word || addr == &control.ready ||
	       addr == &control.head[event.to->priority];
}

static bool is_kernel(const volatile void *addr)
{
	return addr == &port.last || addr == &port.saved || addr == &page;
}

static void hook(const volatile void *addr, size_t len, enum seam_access how)
{
	(void)how;
	accesses++;
	__CPROVER_assert(is_kernel(addr) || (is_given(addr) && len == 4),
			 "an access is to what it was given");
	any_guest();
}

/* While an event is saved, its page may be added, and the actor that adds it looks once. */
static void save_hook(const volatile void *addr, size_t len,
		      enum seam_access how)
{
	(void)len;
	(void)how;
	accesses++;
	__CPROVER_assert(is_kernel(addr), "no guest's memory is accessed");
	if (nondet_bool())
		page = &word;
	if (!page || looked || nondet_bool())
		return;
	looked = true;
	taken = port.saved;
	port.saved = 0;
}

static struct evtchn_fifo_queue *any_queue(void)
{
	u8 i = nondet_u8();

	__CPROVER_assume(i < 3);
	return &queues[i];
}

static u32 any_port(void)
{
	u32 nr = nondet_u32();

	__CPROVER_assume(nr < XEN_ABI_FIFO_NR_PORTS);
	return nr;
}

/* What others made of it: a port is the tail of no queue but its last. */
static void any_kernel(void)
{
	unsigned int i;

	port.last = any_queue();
	for (i = 0; i < 3; i++) {
		queues[i].tail = any_port();
		__CPROVER_assume(queues[i].tail != event.nr ||
				 port.last == &queues[i]);
	}
}

void seam_lock_init(struct seam_lock *lock)
{
	lock->held = 0;
}

void seam_lock_pair(struct seam_lock *a, struct seam_lock *b)
{
	__CPROVER_assert(!a->held && !b->held, "no lock is taken twice");
	any_kernel();
	a->held = 1;
	b->held = 1;
	locked_pairs++;
}

void seam_unlock_pair(struct seam_lock *a, struct seam_lock *b)
{
	__CPROVER_assert(a->held && b->held, "what is released was taken");
	a->held = 0;
	b->held = 0;
}

static void start(void)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		evtchn_fifo_queue_init(&queues[i], nondet_u8(), nondet_u8() % 16);
	evtchn_fifo_port_init(&port, &queues[2]);
	event.port = &port;
	event.nr = any_port();
	event.to = &queues[0];
	__CPROVER_assume(event.nr);
	any_kernel();
	any_guest();
	accesses = 0;
	locked_pairs = 0;
	unit = UNIT;
	seam_hook = hook;
}

static void check_released(void)
{
	__CPROVER_assert(locked_pairs <= 2, "locks are tried twice");
	__CPROVER_assert(!queues[0].lock.held && !queues[1].lock.held &&
			 !queues[2].lock.held, "no lock is kept");
}

static void check_tails(u32 to_tail, u32 from_tail, u32 other_tail)
{
	__CPROVER_assert(event.to->tail == event.nr ?
			 port.last == event.to || to_tail == event.nr :
			 event.to->tail == to_tail,
			 "the tail is the port or what it was");
	__CPROVER_assert(event.from == event.to ||
			 event.from->tail == from_tail ||
			 (!event.from->tail && from_tail == event.nr),
			 "the old queue loses its tail if that is the port");
	__CPROVER_assert(event.from == &queues[1] ||
			 queues[1].tail == other_tail,
			 "no other queue is touched");
	__CPROVER_assert(event.from->tail != event.nr ||
			 port.last == event.from,
			 "the port is the tail of its last queue at most");
}

/* One event, or one unmasking. */
void raise_any(void)
{
	enum xen_evtchn_verdict verdict;
	u32 to_tail, from_tail, other_tail, *tail;
	bool unmask = nondet_bool();

	start();
	if (!unit.lock(&event)) {
		check_released();
		return;
	}

	to_tail = event.to->tail;
	from_tail = event.from->tail;
	other_tail = queues[1].tail;
	/* The tail of a queue may be the port itself. */
	tail = !to_tail ? NULL : to_tail == event.nr ? &word : &tail_word;
	if (unmask)
		verdict = unit.unmask(&event, &word, tail, &control);
	else
		verdict = unit.mark(&event, &word, tail, &control);
	unit.unlock(&event);

	__CPROVER_assert(verdict <= XEN_EVTCHN_RAISED ||
			 (verdict == XEN_EVTCHN_SAVED && port.saved),
			 "it says what it did");
	__CPROVER_assert(accesses <= ACCESSES, "accesses are bounded");
	check_tails(to_tail, from_tail, other_tail);
	check_released();
}

/* Keeping an event: it is raised by one, and not forgotten. */
void save_any(void)
{
	bool saved, after;

	start();
	page = NULL;
	port.saved = 0;
	looked = false;
	taken = false;
	seam_hook = save_hook;
	saved = unit.save(&port, &page);

	/* A page that appears later, or whose adder is late, finds it. */
	seam_hook = hook;
	after = !looked && unit.take_saved(&port);
	__CPROVER_assert(!saved + taken + after == 1, "one raises it");
	__CPROVER_assert(!unit.take_saved(&port), "and no other");
	__CPROVER_assert(accesses <= ACCESSES, "accesses are bounded");
}
