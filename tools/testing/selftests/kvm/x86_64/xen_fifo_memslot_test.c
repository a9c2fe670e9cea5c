// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO events while the memory that holds their queues goes and comes back.
 *
 * If this fails, a VMM that rearranges memslots under a running guest, as it
 * does when the guest maps a device, loses events of that guest.  The test
 * consumes them itself, as its guest could not touch memory that is gone, and
 * only after the upcall of the vCPU.  Stock 6.12 has no FIFO event channels.
 */
#include <sys/eventfd.h>

#include "xen_harness.h"
#include "xen_fifo.h"

#define NR_TRAFFIC	16
#define IOCTL_PORTS	1
#define IRQFD_PORTS	(IOCTL_PORTS + NR_TRAFFIC)
#define HCALL_PORTS	(IRQFD_PORTS + NR_TRAFFIC)
#define NR_HCALL	8
#define END_PORT	(HCALL_PORTS + NR_HCALL)
#define ARRAY_PAGES	2
#define ROUNDS		30
#define ELSEWHERE	0xe0000000ull
#define PORT		1000			/* to vCPU 1, and near no other */
#define GSI		100

struct orders {
	bool quiet;
	bool is_quiet;
	bool send;		/* once, on PORT */
};

#define ORDERS		((volatile struct orders *)XEN_SPARE_GPA(1))

/* Sends, and touches neither array nor control blocks. */
static void guest_code_sends(void)
{
	while (!ORDERS->quiet)
		xen_guest_send_idle(HCALL_PORTS, NR_HCALL);
	ORDERS->is_quiet = true;
	for (;;) {
		if (ORDERS->send) {
			GUEST_ASSERT_EQ(xen_guest_send(true, PORT), 0);
			ORDERS->send = false;
		}
		xen_guest_yield();
	}
}

static void guest_code_sleeps(void)
{
	for (;;)
		asm volatile("hlt");
}

FIXTURE(memslot) {
	struct xen_vm *x;
	volatile struct orders *orders;
	struct xen_runner r[2];
	struct xen_traffic t[2];
	struct xen_fifo_consumer c[2];
	struct xen_thread consumer;
};

/* In place of the guest's handlers: take the events of each vCPU whose flag is up. */
static void consume(void *arg)
{
	FIXTURE_DATA(memslot) *self = arg;
	struct xen_fifo_consumer *c = self->c;
	int i;

	for (i = 0; i < 2; i++) {
		if (__atomic_exchange_n(xen_upcall_pending(c[i].vcpu_info), 0, __ATOMIC_SEQ_CST))
			xen_fifo_consume(&c[i]);
		WRITE_ONCE(xen_fifo_guest_consumer(self->x, i)->nr_handled, c[i].nr_handled);
	}
	usleep(50);
}

static void start_consumer(FIXTURE_DATA(memslot) *self)
{
	int i;

	for (i = 0; i < 2; i++) {
		xen_fifo_host_consumer(self->x, i, &self->c[i]);
		self->c[i].ports = xen_fifo_port(self->x, 0);
		self->c[i].nr_ports = XEN_GUEST_PORTS;
	}
	xen_thread_start(&self->consumer, consume, self);
}

FIXTURE_SETUP(memslot)
{
	struct xen_array array = { .active = 1, .nr = ARRAY_PAGES };
	struct xen_control control = { .offset = XEN_CONTROL_OFFSET };
	uint32_t i;

	self->x = xen_fifo_vm_create(2, true, guest_code_sends);
	xen_set_entry_point(self->x->vcpu[1], guest_code_sleeps);
	self->orders = xen_hva(self->x, XEN_SPARE_GPA(1));
	for (i = 0; i < ARRAY_PAGES; i++)
		array.gfns[i] = XEN_ARRAY_GFN(i);
	ASSERT_EQ(0, xen_set_array(self->x, &array));
	for (i = 0; i < 2; i++) {
		control.gfn = XEN_CONTROL_GFN(i);
		ASSERT_EQ(0, xen_set_control(self->x->vcpu[i], &control));
	}
	for (i = HCALL_PORTS; i < END_PORT; i++)
		ASSERT_EQ(0, xen_bind_ipi(self->x, i, i % 2));
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 1));
	for (i = 0; i < 2; i++)
		xen_runner_start(&self->r[i], self->x->vcpu[i]);
	start_consumer(self);
}

FIXTURE_TEARDOWN(memslot)
{
	int i;

	for (i = 0; i < 2; i++) {
		xen_runner_stop(&self->r[i]);
		EXPECT_FALSE(self->r[i].done) {
			TH_LOG("vCPU %d: %s", i, self->r[i].failure);
		}
	}
	xen_thread_stop(&self->consumer);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, self->c[i].nr_bad);
	xen_vm_free(self->x);
}

static uint64_t home(uint32_t slot)
{
	return slot == XEN_ARRAY_SLOT ? XEN_ARRAY_GPA : XEN_CONTROL_GPA;
}

typedef void (*change_fn)(struct xen_vm *x, uint32_t slot);

static void delete(struct xen_vm *x, uint32_t slot)
{
	xen_place_memslot(x, slot, home(slot), false);
}

static void move_away(struct xen_vm *x, uint32_t slot)
{
	xen_place_memslot(x, slot, ELSEWHERE, true);
}

static void come_back(struct xen_vm *x, uint32_t slot)
{
	xen_place_memslot(x, slot, home(slot), true);
}

/* False where an event was lost, or nothing moves on. */
static bool survives(FIXTURE_DATA(memslot) *self, change_fn leave, const uint32_t *slots)
{
	bool alive = true;
	int round, i;

	xen_traffic_init(&self->t[0], self->x, XEN_BY_IOCTL, IOCTL_PORTS, NR_TRAFFIC);
	xen_traffic_init(&self->t[1], self->x, XEN_BY_IRQFD, IRQFD_PORTS, NR_TRAFFIC);
	for (i = 0; i < 2; i++) {
		self->t[i].wanders = true;
		xen_traffic_start(&self->t[i]);
	}
	for (round = 0; round < ROUNDS && alive; round++) {
		leave(self->x, slots[round % 2]);
		usleep(round * 377 % 2000);
		come_back(self->x, slots[round % 2]);
		alive = xen_fifo_handles(self->x, 30);
	}
	for (i = 0; i < 2; i++)
		xen_traffic_stop(&self->t[i]);
	self->orders->quiet = true;
	return xen_wait_for(self->orders->is_quiet) && alive &&
	       xen_fifo_drains(self->x, END_PORT) &&
	       !self->t[0].nr_failed && !self->t[1].nr_failed;
}

static const uint32_t array_only[] = { XEN_ARRAY_SLOT, XEN_ARRAY_SLOT };
static const uint32_t control_only[] = { XEN_CONTROL_SLOT, XEN_CONTROL_SLOT };
static const uint32_t both[] = { XEN_ARRAY_SLOT, XEN_CONTROL_SLOT };

TEST_F(memslot, of_the_array_comes_and_goes_and_no_event_is_lost)
{
	EXPECT_TRUE(survives(self, delete, array_only));
}

TEST_F(memslot, of_control_blocks_comes_and_goes_and_no_event_is_lost)
{
	EXPECT_TRUE(survives(self, delete, control_only));
}

TEST_F(memslot, of_either_moves_and_no_event_is_lost)
{
	EXPECT_TRUE(survives(self, move_away, both));
}

/* One event, on PORT, by any of three sources. */
static int raise_by_ioctl(FIXTURE_DATA(memslot) *self)
{
	return xen_send(self->x, PORT, 1);
}

static int raise_by_irqfd(FIXTURE_DATA(memslot) *self)
{
	struct xen_routes routes = {};
	int fd;

	xen_route_add(&routes, GSI, PORT, 1);
	TEST_ASSERT_EQ(xen_route_write(self->x, &routes), 0);
	fd = xen_irqfd(self->x, GSI);
	return eventfd_write(fd, 1);
}

static int raise_by_hcall(FIXTURE_DATA(memslot) *self)
{
	self->orders->quiet = true;
	self->orders->send = true;
	return !xen_wait_for(!self->orders->send);
}

/* Whether the kernel keeps an event of PORT. */
static bool is_kept(struct xen_vm *x)
{
	struct kvm_xen_evtchn_fifo_port entry;

	return xen_get_fifo_ports(x, PORT, 1, &entry) > 0 && entry.port == PORT && entry.saved;
}

/* Nothing else happens that would make the vCPU look again. */
static bool arrives_later(struct __test_metadata *_metadata, FIXTURE_DATA(memslot) *self,
			  uint32_t slot, int (*raise)(FIXTURE_DATA(memslot) *self))
{
	struct xen_fifo_port *port = xen_fifo_port(self->x, PORT);
	uint32_t before = READ_ONCE(port->handled);
	int r;

	self->orders->quiet = true;
	TEST_ASSERT(xen_runner_blocks(&self->r[1]), "vCPU 1 does not sleep");
	delete(self->x, slot);
	r = raise(self);
	TEST_ASSERT(xen_wait_for(is_kept(self->x)), "The event is not kept");
	TEST_ASSERT(xen_runner_blocks(&self->r[1]), "vCPU 1 is kept awake");
	TEST_ASSERT_EQ(READ_ONCE(port->handled), before);
	come_back(self->x, slot);
	if (!r && xen_wait_for(READ_ONCE(port->handled) == before + 1))
		return true;

	TH_LOG("Slot %u: sending returned %d, %u handled, word %#x", slot, r,
	       port->handled - before, *xen_fifo_word(self->x, PORT));
	return false;
}

/* Have the kernel know the port: send on it once. */
static bool works(FIXTURE_DATA(memslot) *self)
{
	struct xen_fifo_port *port = xen_fifo_port(self->x, PORT);
	uint32_t before = READ_ONCE(port->handled);

	return !xen_send(self->x, PORT, 1) && xen_wait_for(READ_ONCE(port->handled) == before + 1);
}

TEST_F(memslot, that_comes_back_brings_what_was_sent_meanwhile)
{
	const uint32_t slots[] = { XEN_ARRAY_SLOT, XEN_CONTROL_SLOT };
	int i, turn;

	ASSERT_TRUE(works(self));
	for (turn = 0; turn < 5; turn++) {
		for (i = 0; i < 2; i++) {
			ASSERT_TRUE(arrives_later(_metadata, self, slots[i], raise_by_ioctl));
			ASSERT_TRUE(arrives_later(_metadata, self, slots[i], raise_by_hcall));
		}
	}
	EXPECT_TRUE(works(self));
}

TEST_F(memslot, of_the_array_that_comes_back_brings_what_an_irqfd_sent_meanwhile)
{
	ASSERT_TRUE(works(self));
	EXPECT_TRUE(arrives_later(_metadata, self, XEN_ARRAY_SLOT, raise_by_irqfd));
}

TEST_F(memslot, of_control_blocks_that_comes_back_brings_what_an_irqfd_sent_meanwhile)
{
	ASSERT_TRUE(works(self));
	EXPECT_TRUE(arrives_later(_metadata, self, XEN_CONTROL_SLOT, raise_by_irqfd));
}

static int raise_with_priority(FIXTURE_DATA(memslot) *self)
{
	return xen_send_prio(self->x, PORT, 1, 3);
}

TEST_F(memslot, that_comes_back_brings_the_first_event_of_a_port)
{
	struct kvm_xen_evtchn_fifo_port entry;

	EXPECT_TRUE(arrives_later(_metadata, self, XEN_ARRAY_SLOT, raise_with_priority));
	ASSERT_EQ(1, xen_get_fifo_ports(self->x, PORT, 1, &entry));
	EXPECT_EQ(PORT, entry.port);
	EXPECT_EQ(1, entry.last_vcpu);
	EXPECT_EQ(3, entry.last_priority);
}

TEST_F(memslot, that_comes_back_brings_the_first_event_of_an_irqfd)
{
	EXPECT_TRUE(arrives_later(_metadata, self, XEN_CONTROL_SLOT, raise_by_irqfd));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
