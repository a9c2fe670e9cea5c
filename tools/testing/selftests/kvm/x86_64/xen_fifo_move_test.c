// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO events of ports whose vCPU and priority change while they fly.
 *
 * If this fails, a guest that balances its interrupts, or changes priorities,
 * loses an event, or has a queue that ends in the midst of another.  Each
 * event is sent after the last one of its port was handled, so the counts have
 * to be the same.  Stock 6.12 has no FIFO event channels.
 */
#include <pthread.h>

#include "apic.h"
#include "xen_harness.h"
#include "xen_fifo.h"

#define NR_VCPUS	4
#define NR_TRAFFIC	16
#define IOCTL_PORTS	1
#define IRQFD_PORTS	(IOCTL_PORTS + NR_TRAFFIC)
#define HCALL_PORTS	(IRQFD_PORTS + NR_TRAFFIC)
#define NR_OWN		4				/* of each vCPU */
#define END_PORT	(HCALL_PORTS + NR_VCPUS * NR_OWN)
#define EVENTS		4000
#define MOVES		40

#define DUEL_PORT	(END_PORT + 1)
#define DUELLISTS	3
#define DUELS		500

struct orders {
	bool begin;
	bool quiet;
	bool masks;		/* mask and unmask ports, too */
};

#define ORDERS		((volatile struct orders *)XEN_SPARE_GPA(1))

/* Once in a while, change what the guest may: priorities, and masks. */
static void guest_stirs(uint32_t *seed)
{
	uint32_t port = 1 + xen_guest_random(seed) % (END_PORT - 1);

	if (xen_guest_random(seed) % 4 == 0)
		GUEST_ASSERT_EQ(xen_guest_set_priority(true, port, xen_guest_random(seed) %
						       XEN_FIFO_NR_QUEUES), 0);
	if (!ORDERS->masks)
		return;

	xen_fifo_mask(xen_guest_word(port));
	xen_guest_irq_window();
	xen_guest_fifo_unmask(port);
}

static void guest_code(uint64_t vcpu)
{
	uint32_t seed = vcpu;

	x2apic_enable();
	if (!vcpu)
		xen_guest_fifo_begin(NR_VCPUS, 1);
	GUEST_SYNC(1);
	while (!ORDERS->begin)
		xen_guest_irq_window();
	while (!ORDERS->quiet) {
		xen_guest_send_idle(HCALL_PORTS + vcpu * NR_OWN, NR_OWN);
		guest_stirs(&seed);
		xen_guest_irq_window();
	}
	GUEST_SYNC(2);
	for (;;)
		xen_guest_halt();
}

FIXTURE(move) {
	struct xen_vm *x;
	volatile struct orders *orders;
	struct xen_runner r[NR_VCPUS];
	struct xen_traffic t[2];
};

FIXTURE_VARIANT(move) {
	bool vcpu_vector;
	bool masks;
};

FIXTURE_VARIANT_ADD(move, vm_vector) { .vcpu_vector = false };
FIXTURE_VARIANT_ADD(move, vcpu_vectors_and_masks) { .vcpu_vector = true, .masks = true };

FIXTURE_SETUP(move)
{
	uint32_t i;

	self->x = xen_fifo_vm_create(NR_VCPUS, true, guest_code);
	self->orders = xen_hva(self->x, XEN_SPARE_GPA(1));
	self->orders->masks = variant->masks;
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	for (i = 0; i < NR_VCPUS; i++) {
		vcpu_args_set(self->x->vcpu[i], 1, (uint64_t)i);
		if (variant->vcpu_vector)
			ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[i], XEN_VCPU_VECTOR));
	}
	for (i = HCALL_PORTS; i < END_PORT; i++)
		ASSERT_EQ(0, xen_bind_ipi(self->x, i, i % NR_VCPUS));
	for (i = 0; i < NR_VCPUS; i++) {
		xen_runner_start(&self->r[i], self->x->vcpu[i]);
		ASSERT_TRUE(xen_runner_reaches(&self->r[i], 1));
	}
}

FIXTURE_TEARDOWN(move)
{
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		xen_runner_stop(&self->r[i]);
		EXPECT_FALSE(self->r[i].done) {
			TH_LOG("vCPU %d: %s", i, self->r[i].failure);
		}
		EXPECT_EQ(0, xen_fifo_guest_consumer(self->x, i)->nr_bad);
	}
	xen_vm_free(self->x);
}

/* The VMM's part: vCPUs and priorities of IPIs and of irqfds. */
static void stir(FIXTURE_DATA(move) *self, unsigned int *seed)
{
	uint32_t port, priority;

	for (port = HCALL_PORTS; port < END_PORT; port++) {
		priority = rand_r(seed) % (XEN_FIFO_NR_QUEUES + 1);
		TEST_ASSERT_EQ(xen_evtchn_prio(self->x, KVM_XEN_EVTCHN_UPDATE, port,
					       rand_r(seed) % NR_VCPUS,
					       priority < XEN_FIFO_NR_QUEUES ? priority :
					       XEN_PRIO_2LEVEL), 0);
	}
	xen_traffic_route(&self->t[1]);
}

static bool moves_while_events_fly(FIXTURE_DATA(move) *self)
{
	unsigned int move, seed = 1;

	for (move = 0; move < MOVES; move++) {
		stir(self, &seed);
		if (!xen_fifo_handles(self->x, EVENTS / MOVES))
			return false;
	}
	return true;
}

static bool guests_are_quiet(FIXTURE_DATA(move) *self)
{
	int i;

	self->orders->quiet = true;
	for (i = 0; i < NR_VCPUS; i++)
		if (!xen_runner_reaches(&self->r[i], 2))
			return false;
	return true;
}

TEST_F(move, loses_and_doubles_no_event)
{
	int i;

	xen_traffic_init(&self->t[0], self->x, XEN_BY_IOCTL, IOCTL_PORTS, NR_TRAFFIC);
	xen_traffic_init(&self->t[1], self->x, XEN_BY_IRQFD, IRQFD_PORTS, NR_TRAFFIC);
	self->orders->begin = true;
	for (i = 0; i < 2; i++) {
		self->t[i].wanders = true;
		xen_traffic_start(&self->t[i]);
	}
	EXPECT_TRUE(moves_while_events_fly(self));
	for (i = 0; i < 2; i++) {
		xen_traffic_stop(&self->t[i]);
		EXPECT_EQ(0, self->t[i].nr_failed);
		EXPECT_LT(NR_TRAFFIC, self->t[i].nr_sent);
	}
	EXPECT_TRUE(guests_are_quiet(self));
	EXPECT_TRUE(xen_fifo_drains(self->x, END_PORT));
	for (i = 0; i < NR_VCPUS; i++)
		EXPECT_LT(0, xen_fifo_guest_consumer(self->x, i)->nr_handled);
}

struct duel {
	struct xen_vm *x;
	pthread_barrier_t barrier;
	unsigned int nr_failed;
};

struct duellist {
	struct duel *duel;
	pthread_t thread;
	unsigned int seed;
};

/* All raise the one port at once, for different queues. */
static void *fight(void *arg)
{
	struct duellist *d = arg;
	int i;

	for (i = 0; i < DUELS; i++) {
		pthread_barrier_wait(&d->duel->barrier);
		if (xen_send_prio(d->duel->x, DUEL_PORT, rand_r(&d->seed) % NR_VCPUS,
				  rand_r(&d->seed) % XEN_FIFO_NR_QUEUES))
			d->duel->nr_failed++;
		pthread_barrier_wait(&d->duel->barrier);
	}
	return NULL;
}

/* Handled at least once after all had begun, at most once for each. */
static bool duel_ends_well(struct xen_vm *x, uint32_t before)
{
	struct xen_fifo_port *port = xen_fifo_port(x, DUEL_PORT);

	return xen_wait_for(READ_ONCE(port->handled) != before &&
			    !(READ_ONCE(*xen_fifo_word(x, DUEL_PORT)) & ~XEN_FIFO_MASKED)) &&
	       READ_ONCE(port->handled) - before <= DUELLISTS;
}

TEST_F(move, by_senders_that_race_on_one_port_leaves_one_of_their_events_at_least)
{
	struct duel duel = { .x = self->x };
	struct duellist d[DUELLISTS];
	uint32_t before, lost = 0;
	int i;

	self->orders->begin = true;
	ASSERT_TRUE(guests_are_quiet(self));
	pthread_barrier_init(&duel.barrier, NULL, DUELLISTS + 1);
	for (i = 0; i < DUELLISTS; i++) {
		d[i] = (struct duellist) { .duel = &duel, .seed = i };
		ASSERT_EQ(0, pthread_create(&d[i].thread, NULL, fight, &d[i]));
	}
	for (i = 0; i < DUELS; i++) {
		before = READ_ONCE(xen_fifo_port(self->x, DUEL_PORT)->handled);
		pthread_barrier_wait(&duel.barrier);
		pthread_barrier_wait(&duel.barrier);
		lost += !lost && !duel_ends_well(self->x, before);
	}
	for (i = 0; i < DUELLISTS; i++)
		pthread_join(d[i].thread, NULL);
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, duel.nr_failed);
}

/* Another vCPU's consumer, and what runs between two steps of the first. */
struct meeting {
	struct xen_vm *x;
	struct xen_fifo_consumer other;
	unsigned int nr_other;
};

/* The port is off its queue, so that unmasking puts it on that of the other vCPU. */
static void meet(struct xen_fifo_consumer *c, uint32_t port)
{
	struct meeting *m = c->arg;

	xen_fifo_mask(xen_fifo_word(m->x, port));
	TEST_ASSERT_EQ(xen_order_unmask(m->x, true, port), 0);
	m->nr_other += xen_fifo_consume(&m->other);
}

TEST(an_event_that_two_vcpus_find_is_taken_by_one)
{
	struct xen_vm *x = xen_fifo_vm_create(2, true, xen_guest_obey);
	struct xen_fifo_consumer c;
	struct meeting m = { .x = x };

	xen_order_fifo(x, 1);
	xen_fifo_host_consumer(x, 0, &c);
	xen_fifo_host_consumer(x, 1, &m.other);
	c.before_taking = meet;
	c.arg = &m;

	/* On the queue of vCPU 0, and raised for vCPU 1 while it is there. */
	ASSERT_EQ(0, xen_send_prio(x, DUEL_PORT, 0, XEN_FIFO_OWN));
	ASSERT_EQ(0, xen_send_prio(x, DUEL_PORT, 1, XEN_FIFO_OWN));

	EXPECT_EQ(0, xen_fifo_consume(&c));
	EXPECT_EQ(1, m.nr_other);
	xen_vm_free(x);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
