// SPDX-License-Identifier: GPL-2.0
/*
 * Long random sequences of FIFO operations, done by the unit and a guest on
 * pages, and by the model on lists: every verdict, the order in which events
 * are handled, every bit and every queue must be the same.  SEED= repeats a
 * run.  If this fails, the unit does not do what its ABI says.
 */
#include <stdlib.h>

#include "evtchn_fifo.h"
#include "fifo_guest.h"
#include "fifo_model.h"
#include "sequence.h"
#include "test.h"

#define ROUNDS		100
#define OPERATIONS	20000
#define PAGES		(MODEL_PORTS / MODEL_PAGE)

static u32 *words;
static void *pages[PAGES];
static struct fifo_guest guests[MODEL_VCPUS];
static struct evtchn_fifo_queue queues[MODEL_VCPUS][MODEL_QUEUES], nowhere;
static struct evtchn_fifo_port ports[MODEL_PORTS];
static u32 handled_now;
static u64 nr_handled;

static void handle(struct fifo_guest *g, u32 port)
{
	(void)g;
	handled_now = port;
	nr_handled++;
}

static void broken(struct fifo_guest *g, u8 queue, u32 port)
{
	(void)g;
	(void)queue;
	(void)port;
	CHECK(!"the guest took off a port that is on no queue");
}

static void start_vcpu(u8 vcpu)
{
	u8 q;

	guests[vcpu] = (struct fifo_guest) {
		.words = words,
		.control = calloc(1, 72),
		.handle = handle,
		.broken = broken,
	};
	for (q = 0; q < MODEL_QUEUES; q++)
		evtchn_fifo_queue_init(&queues[vcpu][q], vcpu, q);
}

static void start(void)
{
	u32 i;

	words = calloc(MODEL_PORTS, sizeof(u32));
	for (i = 0; i < MODEL_VCPUS; i++)
		start_vcpu(i);
	evtchn_fifo_queue_init(&nowhere, EVTCHN_FIFO_NOWHERE, 0);
	for (i = 0; i < MODEL_PORTS; i++)
		evtchn_fifo_port_init(&ports[i], &nowhere);
	memset(pages, 0, sizeof(pages));
	model_reset();
}

static void stop(void)
{
	u32 i;

	for (i = 0; i < MODEL_VCPUS; i++)
		free(guests[i].control);
	free(words);
}

static enum xen_evtchn_verdict queue(u32 port, typeof(evtchn_fifo_mark) *fn)
{
	const struct model_port *p = &model.ports[port];
	struct evtchn_fifo_event event = {
		.port = &ports[port],
		.nr = port,
		.to = &queues[p->vcpu][p->priority],
	};
	enum xen_evtchn_verdict verdict;

	CHECK(evtchn_fifo_lock(&event));
	verdict = fn(&event, &words[port], &words[evtchn_fifo_tail(&event)],
		     (void *)guests[p->vcpu].control);
	evtchn_fifo_unlock(&event);
	return verdict;
}

static bool has_page(u32 port)
{
	return pages[port / MODEL_PAGE];
}

static enum xen_evtchn_verdict send(u32 port)
{
	if (!has_page(port) &&
	    evtchn_fifo_save(&ports[port], &pages[port / MODEL_PAGE]))
		return XEN_EVTCHN_SAVED;
	return queue(port, evtchn_fifo_mark);
}

static void op_send(u32 port)
{
	CHECK_EQ(send(port), model_send(port));
}

static void op_unmask_by_hypercall(u32 port)
{
	if (has_page(port))
		CHECK_EQ(queue(port, evtchn_fifo_unmask), model_unmask(port));
}

static void op_unmask(u32 port)
{
	bool asks;

	if (!has_page(port))
		return;
	asks = model.ports[port].masked && model.ports[port].pending;
	if (CHECK_EQ(fifo_guest_unmask(guests, port), asks) && asks)
		op_unmask_by_hypercall(port);
	model.ports[port].masked = false;
}

static void op_mask(u32 port)
{
	if (!has_page(port))
		return;
	fifo_guest_mask(guests, port);
	model.ports[port].masked = true;
}

static void op_clear(u32 port)
{
	if (!has_page(port))
		return;
	fifo_guest_clear(guests, port);
	model.ports[port].pending = false;
}

static void op_look_at(u32 port)
{
	if (has_page(port))
		CHECK_EQ(evtchn_fifo_is_pending(&words[port]),
			 model_is_pending(port));
}

static void op_priority(u32 port)
{
	model.ports[port].priority = pick(MODEL_QUEUES);
}

static void op_vcpu(u32 port)
{
	model.ports[port].vcpu = pick(MODEL_VCPUS);
}

static void op_take_ready(u32 port)
{
	u8 vcpu = port % MODEL_VCPUS;

	fifo_guest_look(&guests[vcpu]);
	model_look(vcpu);
}

/* Both take one port, and it must be the same. */
static bool take(u8 vcpu)
{
	u32 expected = model_take(vcpu);
	bool event = expected && model_handle(expected);

	handled_now = 0;
	CHECK_EQ(fifo_guest_step(&guests[vcpu]), expected != 0);
	CHECK_EQ(handled_now, event ? expected : 0);
	return expected;
}

static void op_take(u32 port)
{
	take(port % MODEL_VCPUS);
}

static void op_leave_pending(u32 port)
{
	u8 vcpu = port % MODEL_VCPUS;

	CHECK_EQ(fifo_guest_skip(&guests[vcpu]), model_take(vcpu) != 0);
}

static void op_upcall(u32 port)
{
	u8 vcpu = port % MODEL_VCPUS;

	do
		op_take_ready(port);
	while (take(vcpu));
}

static void op_add_page(u32 unused)
{
	u32 nr = model.nr_pages, port;

	(void)unused;
	if (nr == PAGES)
		return;
	pages[nr] = words + nr * MODEL_PAGE;
	for (port = nr * MODEL_PAGE; port < (nr + 1) * MODEL_PAGE; port++) {
		if (evtchn_fifo_take_saved(&ports[port]))
			send(port);
	}
	model_add_page();
}

static void op_retry(u32 port)
{
	if (has_page(port) && evtchn_fifo_take_saved(&ports[port]))
		send(port);
	model_retry(port);
}

static const struct operation operations[] = {
	{ "send", op_send, 3000 },
	{ "mask", op_mask, 600 },
	{ "unmask", op_unmask, 800 },
	{ "unmask by hypercall", op_unmask_by_hypercall, 200 },
	{ "clear", op_clear, 100 },
	{ "look at", op_look_at, 300 },
	{ "priority", op_priority, 300 },
	{ "vcpu", op_vcpu, 200 },
	{ "take READY", op_take_ready, 200 },
	{ "take", op_take, 1500 },
	{ "leave pending", op_leave_pending, 100 },
	{ "upcall", op_upcall, 60 },
	{ "add page", op_add_page, 4 },
	{ "retry", op_retry, 300 },
};

/* Half of the time one of few ports, so that operations meet. */
static u32 pick_port(void)
{
	if (pick(2))
		return 1 + pick(MODEL_PORTS - 1);
	return 1 + pick(8) + pick(PAGES) * MODEL_PAGE;
}

static void compare_port(u32 port)
{
	const struct model_port *p = &model.ports[port];

	CHECK_EQ(fifo_sees_pending(guests, port), p->pending);
	CHECK_EQ(fifo_sees_masked(guests, port), p->masked);
	CHECK_EQ(fifo_sees_linked(guests, port), !!p->on);
	CHECK_EQ(fifo_sees_busy(guests, port), false);
	CHECK_EQ(ports[port].saved, p->saved);
}

/* The list of the model, and the one that leads through the guest's words. */
static void compare_queue(u8 vcpu, u8 nr)
{
	const struct model_queue *queue = &model.queues[vcpu][nr];
	u32 i, port = fifo_sees_first(&guests[vcpu], nr);

	for (i = 0; i < queue->nr; i++) {
		if (!CHECK_EQ(port, queue->ports[i]))
			return;
		CHECK(ports[port].last == &queues[vcpu][nr]);
		port = fifo_sees_next(guests, port);
	}

	CHECK_EQ(port, 0);
	if (queue->nr)
		CHECK_EQ(queues[vcpu][nr].tail, queue->ports[queue->nr - 1]);
}

static void compare_all(void)
{
	u32 i, q;

	for (i = 0; i < MODEL_PORTS; i++)
		compare_port(i);
	for (i = 0; i < MODEL_VCPUS; i++) {
		for (q = 0; q < MODEL_QUEUES; q++) {
			compare_queue(i, q);
			CHECK_EQ(guests[i].control[0] >> q & 1,
				 model.queues[i][q].ready);
		}
		CHECK_EQ(guests[i].control[0] >> MODEL_QUEUES, 0);
		CHECK_EQ(guests[i].control[1], 0);
	}
}

static const struct sequence sequence = {
	.operations = operations,
	.nr_operations = ARRAY_SIZE(operations),
	.pick_port = pick_port,
	.compare = compare_all,
	.length = OPERATIONS,
	.compare_every = 500,
};

static void unit_does_as_the_model(void)
{
	u32 round;

	for (round = 0; round < ROUNDS; round++) {
		start();
		run_sequence(&sequence, "round", round);
		stop();
	}

	printf("# %u operations, %llu events handled\n", ROUNDS * OPERATIONS,
	       (unsigned long long)nr_handled);
	/* A sequence in which little happens compares little. */
	CHECK(nr_handled > ROUNDS * OPERATIONS / 10);
}

static const struct test tests[] = {
	TEST(unit_does_as_the_model),
};

int main(void)
{
	return run_seeded_tests(tests, ARRAY_SIZE(tests));
}
