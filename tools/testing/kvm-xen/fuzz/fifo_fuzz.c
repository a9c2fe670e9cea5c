// SPDX-License-Identifier: GPL-2.0
/*
 * A guest without scruples against the FIFO unit, for libFuzzer: operations in
 * any order on any port and queue, and before each of the unit's accesses the
 * guest may write what it likes where it is about to look.
 *
 * However that goes, the unit does a bounded amount of work, touches nothing
 * but the two words and the control block that it was given, keeps its own
 * part in order, and leaves the other vCPU's queues alone.  With PLANTED=words,
 * the planted bug with these in its name is there to be found instead.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fifo_unit.h"

#define PORTS	16
#define VCPUS	2
#define QUEUES	16
#define CONTROL	18

/*
 * What no operation may exceed: the accesses that proof/fifo_proof.c counts, but
 * for the second look at the last queue, which nobody else moves.
 */
#define ACCESSES	20

static struct fifo_unit unit;

/* Each in an allocation of its own, which AddressSanitizer guards. */
static u32 *words, *control[VCPUS];
static struct evtchn_fifo_queue *queues[VCPUS], nowhere;
static struct evtchn_fifo_port *ports;
static void *page;

static const u8 *input;
static size_t left;
static unsigned int accesses;

/* The event in hand. */
static struct evtchn_fifo_event event;
static u32 tail;
static bool tail_is_known;

#define INSIST(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,	\
			__LINE__, #cond);				\
		abort();						\
	}								\
} while (0)

static u8 byte(void)
{
	return left ? left--, *input++ : 0;
}

static u32 word(void)
{
	u32 high = byte();

	/* Flags and links are what matters: the rest of the word is noise. */
	return high << 24 | (byte() & 0x1f) | (byte() & 1) << 16;
}

static bool is_in(const volatile void *addr, const void *base, size_t len)
{
	return (uintptr_t)addr - (uintptr_t)base < len;
}

static bool is_guest(const volatile void *addr)
{
	return is_in(addr, words, PORTS * 4) ||
	       is_in(addr, control[0], CONTROL * 4) ||
	       is_in(addr, control[1], CONTROL * 4);
}

/* Of the guest's memory, only what the operation was given. */
static bool is_given(const volatile void *addr)
{
	const u32 *mine = control[event.to->vcpu];

	return addr == &words[event.nr] ||
	       (tail_is_known && tail && addr == &words[tail]) ||
	       addr == &mine[0] || addr == &mine[2 + event.to->priority];
}

static void hook(const volatile void *addr, size_t len, enum seam_access how)
{
	(void)how;
	INSIST(++accesses <= ACCESSES);
	if (!is_guest(addr))
		return;

	INSIST(is_given(addr) && len == 4 && (uintptr_t)addr % 4 == 0);
	if (byte() & 1)
		*(volatile u32 *)addr = word();
}

static bool is_queue(const struct evtchn_fifo_queue *queue)
{
	return queue == &nowhere ||
	       is_in(queue, queues[0], QUEUES * sizeof(*queue)) ||
	       is_in(queue, queues[1], QUEUES * sizeof(*queue));
}

static void check_queue(const struct evtchn_fifo_queue *queue, u8 vcpu, u8 nr)
{
	INSIST(!queue->lock.held);
	INSIST(queue->vcpu == vcpu && queue->priority == nr);
	INSIST(queue->tail < PORTS);
	INSIST(!queue->tail || ports[queue->tail].last == queue);
}

static void check_kernel(void)
{
	u32 v, i;

	INSIST(!nowhere.lock.held && !nowhere.tail);
	for (v = 0; v < VCPUS; v++)
		for (i = 0; i < QUEUES; i++)
			check_queue(&queues[v][i], v, i);
	for (i = 0; i < PORTS; i++)
		INSIST(is_queue(ports[i].last) && ports[i].saved <= 1);
}

/* The tails of the other vCPU: at most the port that left was taken back. */
static void check_others(const u32 before[QUEUES], u8 vcpu)
{
	u32 i;

	for (i = 0; i < QUEUES; i++) {
		u32 now = queues[vcpu][i].tail;

		INSIST(now == before[i] || (!now && before[i] == event.nr));
	}
}

static void queue(u8 op, u8 vcpu)
{
	u32 tails[QUEUES], other[CONTROL], i;
	enum xen_evtchn_verdict verdict;

	for (i = 0; i < QUEUES; i++)
		tails[i] = queues[!vcpu][i].tail;
	memcpy(other, control[!vcpu], sizeof(other));

	accesses = 0;
	seam_hook = hook;
	tail_is_known = false;
	INSIST(unit.lock(&event));
	tail = evtchn_fifo_tail(&event);
	tail_is_known = true;
	verdict = (op ? unit.unmask : unit.mark)(&event, &words[event.nr],
						 tail ? &words[tail] : NULL,
						 (void *)control[vcpu]);
	unit.unlock(&event);
	seam_hook = NULL;

	INSIST(verdict < XEN_EVTCHN_SAVED ||
	       (verdict == XEN_EVTCHN_SAVED && event.port->saved));
	INSIST(!memcmp(other, control[!vcpu], sizeof(other)));
	check_others(tails, !vcpu);
}

static void save(void)
{
	page = byte() & 1 ? words : NULL;
	if (unit.save(event.port, &page))
		INSIST(event.port->saved);
	if (byte() & 1)
		unit.take_saved(event.port);
}

static void scribble(void)
{
	u8 where = byte();

	if (where < 0x80)
		words[where % PORTS] = word();
	else
		control[where & 1][where / 2 % CONTROL] = word();
}

static void step(void)
{
	u8 op = byte(), vcpu = op >> 7;

	event = (struct evtchn_fifo_event) { .nr = 1 + byte() % (PORTS - 1) };
	event.port = &ports[event.nr];
	event.to = &queues[vcpu][byte() % QUEUES];
	switch (op & 7) {
	case 0 ... 3:
		queue(0, vcpu);
		break;
	case 4:
		queue(1, vcpu);
		break;
	case 5:
		save();
		break;
	default:
		scribble();
	}
	check_kernel();
}

static void make(void)
{
	u32 v, i;

	words = calloc(PORTS, sizeof(*words));
	ports = calloc(PORTS, sizeof(*ports));
	evtchn_fifo_queue_init(&nowhere, EVTCHN_FIFO_NOWHERE, 0);
	for (i = 0; i < PORTS; i++)
		evtchn_fifo_port_init(&ports[i], &nowhere);
	for (v = 0; v < VCPUS; v++) {
		control[v] = calloc(CONTROL, sizeof(u32));
		queues[v] = calloc(QUEUES, sizeof(*queues[v]));
		for (i = 0; i < QUEUES; i++)
			evtchn_fifo_queue_init(&queues[v][i], v, i);
	}
}

static void destroy(void)
{
	u32 v;

	for (v = 0; v < VCPUS; v++) {
		free(control[v]);
		free(queues[v]);
	}
	free(ports);
	free(words);
}

/* The two that libFuzzer calls, by its names. */
int begin(int *argc, char ***argv) asm("LLVMFuzzerInitialize");
int run_one(const u8 *data, size_t size) asm("LLVMFuzzerTestOneInput");

int begin(int *argc, char ***argv)
{
	const char *planted = getenv("PLANTED");
	enum fifo_mistake which = NO_MISTAKE;

	(void)argc;
	(void)argv;
	unit = real_fifo_unit();
	while (planted && !(unit.bug && strstr(unit.bug, planted))) {
		INSIST(++which < NR_MISTAKES);
		unit = mistaken_fifo_unit(which);
	}

	return 0;
}

int run_one(const u8 *data, size_t size)
{
	input = data;
	left = size;
	make();
	while (left)
		step();
	destroy();
	return 0;
}
