// SPDX-License-Identifier: GPL-2.0
/*
 * The FIFO unit among real threads, for ThreadSanitizer: senders that move ports
 * between queues, two vCPUs, and one that masks and unmasks, for a fixed number
 * of events.  The assumption of the explorer is checked here: that all which
 * is shared is either atomic or under the locks that the unit takes.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "evtchn_fifo.h"
#include "fifo_guest.h"
#include "random.h"
#include "test.h"

#define SENDERS		4
#define SENDS		500000u
#define VCPUS		2
#define QUEUES		16
#define PORTS		24	/* few, so that they meet */

static u32 words[PORTS];
static u32 control[VCPUS][18];
static struct evtchn_fifo_queue queues[VCPUS][QUEUES], nowhere;
static struct evtchn_fifo_port ports[PORTS];
static struct fifo_guest guests[VCPUS];

static u32 irr[VCPUS];			/* an upcall waits to be taken */
static u32 data[PORTS], seen[PORTS];
static u64 handled[VCPUS], raised, upcalls;
static u32 senders_left, helpers_left;
static u32 out_of_place;

#define LOAD(what)		__atomic_load_n(&(what), __ATOMIC_SEQ_CST)
#define ADD(what, value)	__atomic_fetch_add(&(what), value, __ATOMIC_SEQ_CST)

static void upcall(u32 vcpu)
{
	ADD(raised, 1);
	__atomic_store_n(&irr[vcpu], 1, __ATOMIC_SEQ_CST);
}

/* As KVM does it; one that is overtaken twice leaves it to the others. */
static void queue(u32 port, struct evtchn_fifo_queue *to,
		  typeof(evtchn_fifo_mark) *fn)
{
	struct evtchn_fifo_event event = {
		.port = &ports[port], .nr = port, .to = to,
	};
	enum xen_evtchn_verdict verdict;

	if (!evtchn_fifo_lock(&event))
		return;
	verdict = fn(&event, &words[port], &words[evtchn_fifo_tail(&event)],
		     (void *)control[to->vcpu]);
	evtchn_fifo_unlock(&event);
	if (verdict == XEN_EVTCHN_RAISED)
		upcall(to->vcpu);
	/* The guest is behind: events that it never sees show nothing. */
	if (verdict == XEN_EVTCHN_COALESCED)
		sched_yield();
}

static struct evtchn_fifo_queue *pick_queue(u64 *state)
{
	return &queues[random_below(state, VCPUS)][random_below(state, QUEUES)];
}

/* What KVM does with each tick: bring what waited for another vCPU. */
static bool retry(u32 port, u64 *state)
{
	if (!evtchn_fifo_take_saved(&ports[port]))
		return false;

	queue(port, pick_queue(state), evtchn_fifo_mark);
	return true;
}

static void *send_all(void *arg)
{
	u64 state = (uintptr_t)arg;
	u32 i, port;

	for (i = 0; i < SENDS; i++) {
		port = 1 + random_below(&state, PORTS - 1);
		ADD(data[port], 1);
		if (evtchn_fifo_is_due(&words[port]))
			continue;
		queue(port, pick_queue(&state), evtchn_fifo_mark);
		retry(1 + random_below(&state, PORTS - 1), &state);
	}

	ADD(senders_left, -1);
	return NULL;
}

static void unmask(struct fifo_guest *g, u32 port, u64 *state)
{
	while (fifo_guest_unmask(g, port)) {
		queue(port, pick_queue(state), evtchn_fifo_unmask);
		if (!(LOAD(words[port]) & 0x40000000))
			return;
	}
}

/* Some thread of the guest, which masks what others handle. */
static void *mask_all(void *arg)
{
	u64 state = (uintptr_t)arg;
	u32 port;

	while (LOAD(senders_left)) {
		port = 1 + random_below(&state, PORTS - 1);
		fifo_guest_mask(&guests[0], port);
		unmask(&guests[0], port, &state);
		sched_yield();
	}

	ADD(helpers_left, -1);
	return NULL;
}

static void handle(struct fifo_guest *g, u32 port)
{
	u32 vcpu = g - guests, value = LOAD(data[port]);
	u32 old = LOAD(seen[port]);

	/* Two vCPUs may be at it, as a port moves: the later value stays. */
	while ((s32)(value - old) > 0 &&
	       !__atomic_compare_exchange_n(&seen[port], &old, value, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	handled[vcpu]++;
}

static void broken(struct fifo_guest *g, u8 nr, u32 port)
{
	(void)g;
	(void)nr;
	(void)port;
	ADD(out_of_place, 1);
}

static void relax(u32 *word)
{
	(void)word;
	sched_yield();
}

static bool take_upcall(u32 vcpu)
{
	if (!__atomic_exchange_n(&irr[vcpu], 0, __ATOMIC_SEQ_CST))
		return false;
	ADD(upcalls, 1);
	fifo_guest_upcall(&guests[vcpu]);
	return true;
}

static void *receive_all(void *arg)
{
	u32 vcpu = (uintptr_t)arg;

	while (LOAD(senders_left) || LOAD(helpers_left) || LOAD(irr[vcpu])) {
		if (!take_upcall(vcpu))
			sched_yield();
	}

	return NULL;
}

static void start(void)
{
	u32 v, i;

	evtchn_fifo_queue_init(&nowhere, EVTCHN_FIFO_NOWHERE, 0);
	for (i = 0; i < PORTS; i++)
		evtchn_fifo_port_init(&ports[i], &nowhere);
	for (v = 0; v < VCPUS; v++) {
		guests[v] = (struct fifo_guest) {
			.words = words, .control = control[v],
			.handle = handle, .broken = broken, .relax = relax,
		};
		for (i = 0; i < QUEUES; i++)
			evtchn_fifo_queue_init(&queues[v][i], v, i);
	}
	senders_left = SENDERS;
	helpers_left = 1;
}

static void run_all(void)
{
	pthread_t threads[SENDERS + VCPUS + 1];
	u32 i, nr = 0;

	for (i = 0; i < VCPUS; i++)
		pthread_create(&threads[nr++], NULL, receive_all,
			       (void *)(uintptr_t)i);
	pthread_create(&threads[nr++], NULL, mask_all, (void *)99);
	for (i = 0; i < SENDERS; i++)
		pthread_create(&threads[nr++], NULL, send_all,
			       (void *)(uintptr_t)(i + 1));
	while (nr)
		pthread_join(threads[--nr], NULL);
}

static void every_event_is_seen(void)
{
	u64 sent = 0, state = 1;
	u32 i;

	start();
	run_all();
	for (i = 1; i < PORTS; i++)
		unmask(&guests[0], i, &state);
	while (take_upcall(0) || take_upcall(1))
		;
	for (i = 1; i < PORTS; i++)
		retry(i, &state);
	while (take_upcall(0) || take_upcall(1))
		;

	for (i = 1; i < PORTS; i++) {
		about("port %u", i);
		CHECK_EQ(seen[i], data[i]);
		CHECK_EQ(words[i], 0);
		sent += data[i];
	}
	CHECK_EQ(sent, SENDERS * SENDS);
	CHECK_EQ(out_of_place, 0);
	CHECK(upcalls <= raised);
	printf("# %llu events sent, %llu handled, %llu upcalls raised\n",
	       (unsigned long long)sent,
	       (unsigned long long)(handled[0] + handled[1]),
	       (unsigned long long)raised);
}

static const struct test tests[] = {
	TEST(every_event_is_seen),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
