// SPDX-License-Identifier: GPL-2.0
/* Those who act in FIFO scenarios: senders, adders of pages, the guest. */
#include "fifo_actors.h"
#include "test.h"

struct world world;
struct fifo_unit unit;
const struct scenario *scenario;
bool checking;

/* Bring about an upcall, as an interrupt of the vCPU. */
static void upcall(u32 vcpu)
{
	seam_report(&world.irr[vcpu], sizeof(u32), SEAM_GUEST);
	world.irr[vcpu] = 1;
	world.upcalls++;
}

static void produce(u32 port)
{
	seam_report(&world.data[port], sizeof(u32), SEAM_GUEST);
	world.data[port]++;
}

/* While no actor holds the locks of a queue, the queue must be in order. */
void check_tails(void)
{
	u32 v, q;

	for (v = 0; v < VCPUS; v++) {
		for (q = 0; q < QUEUES; q++) {
			struct evtchn_fifo_queue *queue = &world.queues[v][q];

			if (!queue->lock.held && queue->tail &&
			    world.ports[queue->tail].last != queue)
				explore_fail("a tail that went elsewhere");
		}
	}
}

/* No verdict: others raised the port at the same time. */
#define OVERTAKEN	(-1)

static int queue(u32 to, typeof(evtchn_fifo_mark) *fn)
{
	struct evtchn_fifo_event event = {
		.port = &world.ports[PORT(to)],
		.nr = PORT(to),
		.to = &world.queues[VCPU(to)][PRIORITY(to)],
	};
	enum xen_evtchn_verdict verdict;
	u32 tail;

	if (!unit.lock(&event))
		return OVERTAKEN;

	tail = evtchn_fifo_tail(&event);
	explore_note(tail);
	verdict = fn(&event, &world.words[PORT(to)], &world.words[tail],
		     (void *)world.control[VCPU(to)]);
	unit.unlock(&event);
	return verdict;
}

static void raise_event(u32 to)
{
	int verdict = OVERTAKEN;

	/* Else what the guest has yet to come to stands for this one, too. */
	if (!unit.is_due(&world.words[PORT(to)]))
		verdict = queue(to, unit.mark);

	/* Kept until it can go where it belongs: retry() marks it. */
	if (verdict == XEN_EVTCHN_SAVED) {
		world.held[PORT(to)] = to;
		return;
	}

	world.marked[PORT(to)]++;
	if (verdict == OVERTAKEN)
		return;
	if (verdict == XEN_EVTCHN_RAISED)
		upcall(VCPU(to));
	if (!scenario->polls || !xen_evtchn_is_new(verdict))
		return;
	seam_report(&world.polling, sizeof(u32), SEAM_GUEST);
	if (world.polling)
		world.woken = 1;
}

void send_one(u32 to)
{
	u32 port = PORT(to);

	produce(port);
	if (port != LATE || READ_ONCE(world.page) ||
	    !unit.save(&world.ports[LATE], &world.page))
		raise_event(to);
	explore_forget(to);
}

void send_twice(u32 to)
{
	send_one(to);
	send_one(to);
}

/* Another event, of the next port, behind it. */
void send_two(u32 to)
{
	send_one(to);
	send_one(to + 1);
}

void send_three(u32 to)
{
	send_two(to);
	send_one(to + 2);
}

/* The guest changed the priority of the port, or its vCPU, in between. */
void send_with_new_priority(u32 to)
{
	send_one(to);
	send_one(to + TO(0, 0, 1));
}

void send_to_new_vcpu(u32 to)
{
	send_one(to);
	send_one(to + TO(0, 1, 0));
}

/* EVTCHNOP_expand_array: the page appears, and what was saved is raised. */
void add_page(u32 to)
{
	WRITE_ONCE(world.page, world.words);
	if (unit.take_saved(&world.ports[LATE]))
		raise_event(to);
}

/* What KVM does with each tick, once. */
void retry(u32 port)
{
	if (world.held[port] && unit.take_saved(&world.ports[port]))
		raise_event(world.held[port]);
}

static void consume(u32 port)
{
	seam_report(&world.data[port], sizeof(u32), SEAM_GUEST);
	world.seen[port] = world.data[port];
}

void unmask_by_hypercall(u32 to)
{
	int verdict;

	/* The guest gets no answer: KVM makes it repeat the hypercall. */
	do
		verdict = queue(to, unit.unmask);
	while (verdict == OVERTAKEN);
	if (verdict == XEN_EVTCHN_RAISED)
		upcall(VCPU(to));
}

/* Positions of the others, which must differ from those of senders: 0 to .. */
#define MASKED_ONCE	(1ull << 32)
#define WAITING		(2ull << 32)
#define IN_UPCALL	(3ull << 32)

void mask(u32 to)
{
	fifo_guest_mask(&world.guests[0], PORT(to));
}

void unmask(u32 to)
{
	if (fifo_guest_unmask(&world.guests[0], PORT(to)))
		unmask_by_hypercall(to);
}

void mask_and_unmask(u32 to)
{
	mask(to);
	unmask(to);
}

/* Changes the word as often as a guest can while someone links to it. */
void mask_and_unmask_twice(u32 to)
{
	mask_and_unmask(to);
	explore_forget(MASKED_ONCE);
	mask_and_unmask(to);
}

static void wait_for_busy(u32 *word)
{
	explore_wait_clear(word, 0x10000000);
}

static void check_order(u32 port)
{
	u32 i;

	for (i = 1; i < port; i++) {
		if (world.seen[i] != world.data[i])
			explore_fail("an event overtook another");
	}
}

static void handle(struct fifo_guest *g, u32 port)
{
	u32 vcpu = g - world.guests;

	if (scenario->masks)
		fifo_guest_mask(g, port);
	consume(port);
	if (scenario->in_order && !checking)
		check_order(port);
	if (scenario->masks)
		unmask(TO(port, vcpu, 0));
}

static void took(struct fifo_guest *g, u8 nr, u32 port)
{
	if (world.ports[port].last != &world.queues[g - world.guests][nr])
		explore_fail("a port was on another queue than the kernel's");

	/*
	 * At this moment: what is marked between this and the guest's look at PENDING
	 * nobody could keep from it.
	 */
	if (world.owner[port] && world.owner[port] != g - world.guests + 1u &&
	    world.words[port] & 0x80000000)
		explore_fail("an event was marked for another vCPU");
}

static void broken(struct fifo_guest *g, u8 nr, u32 port)
{
	(void)g;
	(void)nr;
	(void)port;
	explore_fail("a queue leads to a port that is on none");
}

/* Take off the queue, and handle, one port: a guest that was there before. */
static void take_one(u32 vcpu)
{
	fifo_guest_look(&world.guests[vcpu]);
	fifo_guest_step(&world.guests[vcpu]);
}

static bool may_receive_0(void)
{
	return world.irr[0] || explore_earlier_done();
}

static bool may_receive_1(void)
{
	return world.irr[1] || explore_earlier_done();
}

/* fifo_guest_upcall(), as all that it remembers is in the struct. */
static void take_all(struct fifo_guest *g)
{
	fifo_guest_look(g);
	while (fifo_guest_step(g)) {
		explore_forget(IN_UPCALL);
		fifo_guest_look(g);
	}
	explore_forget(WAITING);
}

/* A vCPU: looks when it was interrupted, and at no other time. */
void receive(u32 vcpu)
{
	u32 irr;

	for (;;) {
		explore_wait(vcpu ? may_receive_1 : may_receive_0);
		irr = world.irr[vcpu];
		world.irr[vcpu] = 0;
		explore_note(irr);
		if (!irr)
			return;
		take_all(&world.guests[vcpu]);
	}
}

/* One that goes on where it was interrupted. */
void go_on_and_receive(u32 vcpu)
{
	take_all(&world.guests[vcpu]);
	receive(vcpu);
}

/* Sleeps in the end; the final check finds out whether somebody woke it. */
void poll_port(u32 port)
{
	seam_report(&world.polling, sizeof(u32), SEAM_GUEST);
	world.polling = 1;
	if (evtchn_fifo_is_pending(&world.words[port]))
		world.woken = 1;
}

void make_vcpu(u8 vcpu)
{
	u8 q;

	world.guests[vcpu] = (struct fifo_guest) {
		.words = world.words,
		.control = world.control[vcpu],
		.handle = handle,
		.took = took,
		.broken = broken,
		.relax = scenario->waits ? wait_for_busy : NULL,
	};
	for (q = 0; q < QUEUES; q++)
		evtchn_fifo_queue_init(&world.queues[vcpu][q], vcpu, q);
}

static void drain_vcpus(void)
{
	u32 v;

	while (world.irr[0] || world.irr[1]) {
		for (v = 0; v < VCPUS; v++) {
			if (!world.irr[v])
				continue;
			world.irr[v] = 0;
			fifo_guest_upcall(&world.guests[v]);
		}
	}
}

/* And let what was held come, as the ports are taken off by then. */
void drain(void)
{
	u32 i;

	drain_vcpus();
	for (i = 1; i < PORTS; i++)
		retry(i);
	drain_vcpus();
}

/* What happened before anybody races. */

void start_masked(void)
{
	mask(TO(1, 0, 0));
}

void start_without_page(void)
{
	world.page = NULL;
}

/* The kernel knows port 1 as the tail of one queue, port 2 as another's. */
void start_taken(void)
{
	send_one(TO(1, 0, 0));
	send_one(TO(2, 0, 1));
	drain();
}

void start_one_queued(void)
{
	send_one(TO(1, 0, 0));
}

/* On its queue, but the guest has cleared it since. */
void start_queued_not_pending(void)
{
	send_one(TO(1, 0, 0));
	fifo_guest_clear(&world.guests[0], 1);
	consume(1);
}

static void start_two_queued(void)
{
	send_one(TO(1, 0, 0));
	send_one(TO(2, 0, 0));
}

/* The guest has taken one of two, and not yet looked at the next. */
void start_in_the_middle(void)
{
	start_two_queued();
	world.irr[0] = 0;
	take_one(0);
}

/* On the queue of vCPU 0 with another behind it, closed, and bound to vCPU 1. */
void start_closed_on_a_queue(void)
{
	start_two_queued();
	evtchn_fifo_forget(&world.words[1]);
	world.seen[1] = world.data[1];
	world.owner[1] = 2;
	world.owner[2] = 1;
}
