// SPDX-License-Identifier: GPL-2.0
/*
 * Routes of irqfds to events, changed while devices write to the irqfds.
 *
 * If this fails, a guest that moves a device's event to another vCPU, or gives
 * it another port or priority, loses an interrupt of the device and waits for
 * it for ever.  Senders do not wait for what they sent, so events may be one;
 * but the last has to be seen, at the port and the vCPU of before or of now.
 * Stock 6.12 has no FIFO event channels, on which half of this relies.
 */
#include <string.h>
#include <sys/eventfd.h>

#include "apic.h"
#include "xen_harness.h"
#include "xen_fifo.h"

#define NR_VCPUS	4
#define NR_SOURCES	8
#define NR_SENDERS	2
#define PORTS_EACH	2
#define FIRST_PORT	1
#define FIRST_GSI	24
#define ROUNDS		20	/* at the end of each a loss is seen */
#define UPDATES		5
#define ABSENT		-1

static void guest_code(uint64_t vcpu, uint64_t fifo)
{
	x2apic_enable();
	if (!vcpu && fifo)
		xen_guest_fifo_begin(NR_VCPUS, 1);
	GUEST_SYNC(1);
	xen_guest_fifo_serve();
}

/* A device: what it signals, and how often it did. */
struct source {
	int fd;
	uint32_t first_port;	/* of those that it may be routed to */
	uint32_t sent;
};

struct sender {
	struct xen_vm *x;
	struct source *sources;		/* NR_SOURCES / NR_SENDERS of them */
	struct xen_thread thread;
};

FIXTURE(route) {
	struct xen_vm *x;
	struct xen_runner r[NR_VCPUS];
	struct source sources[NR_SOURCES];
	struct sender senders[NR_SENDERS];
	unsigned int seed;
};

FIXTURE_VARIANT(route) {
	bool fifo;
	bool vcpu_vectors;
};

FIXTURE_VARIANT_ADD(route, two_level) { .fifo = false };
FIXTURE_VARIANT_ADD(route, two_level_vcpu_vectors) { .vcpu_vectors = true };
FIXTURE_VARIANT_ADD(route, fifo) { .fifo = true };
FIXTURE_VARIANT_ADD(route, fifo_vcpu_vectors) { .fifo = true, .vcpu_vectors = true };

/* One entry of the table; @choice is a number by chance, or ABSENT. */
static void add_route(struct xen_routes *routes, unsigned int gsi, struct source *source,
		      int choice, bool fifo)
{
	uint32_t priority = choice / 8 % (XEN_FIFO_NR_QUEUES + 1);
	struct kvm_irq_routing_entry *entry;

	if (choice == ABSENT)
		return;
	xen_route_add(routes, FIRST_GSI + gsi, source->first_port + choice % PORTS_EACH,
		      choice / PORTS_EACH % NR_VCPUS);
	entry = &routes->table->entries[routes->table->nr - 1];
	if (fifo && priority < XEN_FIFO_NR_QUEUES)
		entry->u.xen_evtchn.priority = priority;
}

/* Route all sources anew, of which one in @absent leads nowhere. */
static void reroute(FIXTURE_DATA(route) *self, bool fifo, unsigned int absent)
{
	struct xen_routes routes = { .table = kvm_gsi_routing_create() };
	unsigned int i;
	int choice;

	for (i = 0; i < NR_SOURCES; i++) {
		choice = rand_r(&self->seed) / 16;
		if (absent && choice / 1024 % absent == 0)
			choice = ABSENT;
		add_route(&routes, i, &self->sources[i], choice, fifo);
	}
	TEST_ASSERT_EQ(xen_route_write(self->x, &routes), 0);
}

static void init_sources(FIXTURE_DATA(route) *self, bool fifo)
{
	unsigned int i;

	for (i = 0; i < NR_SENDERS; i++)
		self->senders[i] = (struct sender) {
			.x = self->x,
			.sources = &self->sources[i * NR_SOURCES / NR_SENDERS],
		};
	for (i = 0; i < NR_SOURCES; i++)
		self->sources[i].first_port = FIRST_PORT + i * PORTS_EACH;
	self->seed = 1;
	reroute(self, fifo, 0);
	for (i = 0; i < NR_SOURCES; i++)
		self->sources[i].fd = xen_irqfd(self->x, FIRST_GSI + i);
}

FIXTURE_SETUP(route)
{
	uint64_t i;

	self->x = xen_fifo_vm_create(NR_VCPUS, true, guest_code);
	if (!variant->fifo)
		xen_fifo_stay_at_2level(self->x);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	for (i = 0; i < NR_VCPUS; i++) {
		vcpu_args_set(self->x->vcpu[i], 2, i, (uint64_t)variant->fifo);
		if (variant->vcpu_vectors)
			ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[i], XEN_VCPU_VECTOR));
		xen_runner_start(&self->r[i], self->x->vcpu[i]);
		ASSERT_TRUE(xen_runner_reaches(&self->r[i], 1));
	}
	init_sources(self, variant->fifo);
}

FIXTURE_TEARDOWN(route)
{
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		xen_runner_stop(&self->r[i]);
		EXPECT_FALSE(self->r[i].done) {
			TH_LOG("vCPU %d: %s", i, self->r[i].failure);
		}
	}
	for (i = 0; i < NR_SOURCES; i++)
		close(self->sources[i].fd);
	xen_vm_free(self->x);
}

/* Counted before it is sent, at each port that it may come to. */
static void signal_source(struct xen_vm *x, struct source *source)
{
	unsigned int i;

	source->sent++;
	for (i = 0; i < PORTS_EACH; i++)
		WRITE_ONCE(xen_fifo_port(x, source->first_port + i)->sent, source->sent);
	TEST_ASSERT(!eventfd_write(source->fd, 1), "An irqfd cannot be signalled");
}

static void signal_sources(void *arg)
{
	struct sender *sender = arg;
	unsigned int i;

	for (i = 0; i < NR_SOURCES / NR_SENDERS; i++)
		signal_source(sender->x, &sender->sources[i]);
}

static void start_senders(FIXTURE_DATA(route) *self)
{
	unsigned int i;

	for (i = 0; i < NR_SENDERS; i++)
		xen_thread_start(&self->senders[i].thread, signal_sources, &self->senders[i]);
}

static void stop_senders(FIXTURE_DATA(route) *self)
{
	unsigned int i;

	for (i = 0; i < NR_SENDERS; i++)
		xen_thread_stop(&self->senders[i].thread);
}

/* The last of @source was seen at one of its ports. */
static bool is_seen(struct xen_vm *x, struct source *source)
{
	unsigned int i;

	for (i = 0; i < PORTS_EACH; i++)
		if (READ_ONCE(xen_fifo_port(x, source->first_port + i)->seen) == source->sent)
			return true;
	return false;
}

/* How many sources had their last event lost. */
static int nr_lost(FIXTURE_DATA(route) *self)
{
	int i, lost = 0;

	for (i = 0; i < NR_SOURCES; i++)
		lost += !xen_wait_for(is_seen(self->x, &self->sources[i]));
	return lost;
}

TEST_F(route, that_changes_while_events_fly_loses_none)
{
	unsigned int round, update;

	for (round = 0; round < ROUNDS; round++) {
		start_senders(self);
		for (update = 0; update < UPDATES; update++)
			reroute(self, variant->fifo, 0);
		stop_senders(self);
		ASSERT_EQ(0, nr_lost(self)) {
			TH_LOG("In round %u", round);
		}
	}
	for (round = 0; round < NR_VCPUS; round++)
		EXPECT_LT(0, xen_fifo_guest_consumer(self->x, round)->nr_handled);
}

TEST_F(route, that_is_gone_and_comes_back_lets_the_next_event_through)
{
	unsigned int round, update, i;

	for (round = 0; round < ROUNDS; round++) {
		start_senders(self);
		for (update = 0; update < UPDATES; update++)
			reroute(self, variant->fifo, 3);
		reroute(self, variant->fifo, 0);
		stop_senders(self);
		for (i = 0; i < NR_SOURCES; i++)
			signal_source(self->x, &self->sources[i]);
		ASSERT_EQ(0, nr_lost(self)) {
			TH_LOG("In round %u", round);
		}
	}
}

/* One source at a time, to one place at a time: it comes to that, and no other. */
TEST_F(route, that_was_changed_is_the_one_that_the_next_event_takes)
{
	struct source *source = &self->sources[0];
	struct xen_fifo_port *port;
	uint64_t before[NR_VCPUS];
	int choice, vcpu, i;

	for (choice = 0; choice < PORTS_EACH * NR_VCPUS; choice++) {
		struct xen_routes routes = {};

		vcpu = choice / PORTS_EACH;
		port = xen_fifo_port(self->x, source->first_port + choice % PORTS_EACH);
		for (i = 0; i < NR_VCPUS; i++)
			before[i] = xen_fifo_guest_consumer(self->x, i)->nr_handled;
		add_route(&routes, 0, source, choice, variant->fifo);
		ASSERT_EQ(0, xen_route_write(self->x, &routes));
		signal_source(self->x, source);
		EXPECT_TRUE(xen_wait_for(READ_ONCE(port->seen) == source->sent));
		for (i = 0; i < NR_VCPUS; i++)
			EXPECT_EQ(before[i] + (i == vcpu),
				  xen_fifo_guest_consumer(self->x, i)->nr_handled);
	}
}

static int write_route(struct xen_vm *x, uint32_t port, uint32_t vcpu, uint32_t priority)
{
	struct xen_routes routes = {};

	xen_route_add(&routes, FIRST_GSI, port, vcpu);
	routes.table->entries[0].u.xen_evtchn.priority = priority;
	return xen_route_write(x, &routes);
}

TEST_F(route, of_a_priority_that_is_none_leaves_all_routes_as_they_are)
{
	unsigned int i;

	EXPECT_EQ(-EINVAL, write_route(self->x, FIRST_PORT, 0, XEN_FIFO_NR_QUEUES));
	EXPECT_EQ(-EINVAL, write_route(self->x, FIRST_PORT, 0, XEN_PRIO_2LEVEL - 1));
	for (i = 0; i < NR_SOURCES; i++)
		signal_source(self->x, &self->sources[i]);
	EXPECT_EQ(0, nr_lost(self));
	EXPECT_EQ(0, write_route(self->x, FIRST_PORT, 0, XEN_FIFO_NR_QUEUES - 1));
}

/* An irqfd that is taken away has its worker end before. */
static void wait_for_worker(struct xen_vm *x, unsigned int i, struct source *source)
{
	struct kvm_irqfd irqfd = {
		.fd = source->fd,
		.gsi = FIRST_GSI + i,
		.flags = KVM_IRQFD_FLAG_DEASSIGN,
	};

	vm_ioctl(x->vm, KVM_IRQFD, &irqfd);
	irqfd.flags = 0;
	vm_ioctl(x->vm, KVM_IRQFD, &irqfd);
}

/*
 * A VMM may set its routes before it makes its vCPUs.  The search for one that is not
 * there is left to the irqfd's worker, which may find another route by then.
 */
TEST_F(route, to_what_is_not_there_takes_events_away_until_it_changes)
{
	uint32_t end = variant->fifo ? XEN_FIFO_MAX_PORT + 1 : XEN_NR_PORTS_WIDE;
	uint64_t before = xen_fifo_nr_handled(self->x);

	ASSERT_EQ(0, write_route(self->x, end, 0, XEN_PRIO_2LEVEL));
	signal_source(self->x, &self->sources[0]);
	ASSERT_EQ(0, write_route(self->x, FIRST_PORT, NR_VCPUS, XEN_PRIO_2LEVEL));
	signal_source(self->x, &self->sources[0]);
	wait_for_worker(self->x, 0, &self->sources[0]);
	EXPECT_EQ(before, xen_fifo_nr_handled(self->x));

	ASSERT_EQ(0, write_route(self->x, FIRST_PORT, 0, XEN_PRIO_2LEVEL));
	signal_source(self->x, &self->sources[0]);
	EXPECT_TRUE(xen_wait_for(is_seen(self->x, &self->sources[0])));
	EXPECT_EQ(before + 1, xen_fifo_nr_handled(self->x));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
