// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO event channels: which event is handled first.
 *
 * If this fails, a guest's urgent events wait behind others, or events of one
 * priority overtake each other, whatever raises them: hypercall, ioctl, irqfd or
 * timer.  The test consumes the events itself, in the guest's place.  Stock
 * 6.12 has no FIFO event channels.
 */
#include <sys/eventfd.h>

#include "xen_harness.h"
#include "xen_fifo.h"

#define PORT		100
#define GSI		24
#define MS		1000000ull

FIXTURE(order) {
	struct xen_vm *x;
	struct xen_fifo_control *control;
	struct xen_fifo_consumer c;
	struct xen_fifo_consumer c1;
};

FIXTURE_SETUP(order)
{
	self->x = xen_fifo_vm_create(2, true, xen_guest_obey);
	self->control = xen_fifo_control(self->x, 0);
	xen_order_fifo(self->x, 2);
	xen_fifo_host_consumer(self->x, 0, &self->c);
	xen_fifo_host_consumer(self->x, 1, &self->c1);
}

FIXTURE_TEARDOWN(order)
{
	xen_vm_free(self->x);
}

/* Whether @port alone is ready, and in which queue; then takes it. */
static int queue_of(FIXTURE_DATA(order) *self, uint32_t port)
{
	uint32_t ready = READ_ONCE(self->control->ready);
	int queue = __builtin_ffs(ready) - 1;

	if (ready != 1u << queue || self->control->head[queue] != port)
		return -1;
	return xen_fifo_consume(&self->c) == 1 && self->c.log[(self->c.nr_handled - 1) %
	       XEN_FIFO_LOG_SIZE] == port ? queue : -1;
}

static int bind(struct xen_vm *x, uint32_t port, uint32_t priority)
{
	return xen_evtchn_prio(x, 0, port, 0, priority);
}

static int route(struct xen_vm *x, uint32_t gsi, uint32_t port, uint32_t priority)
{
	struct xen_routes routes = {};

	xen_route_add(&routes, gsi, port, 0);
	routes.table->entries[0].u.xen_evtchn.priority = priority;
	return xen_route_write(x, &routes);
}

static int set_timer(struct kvm_vcpu *vcpu, uint32_t port, uint32_t priority, uint64_t expires)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER,
		.u.timer = { port, priority, expires },
	};

	return xen_vcpu_set(vcpu, &attr);
}

TEST_F(order, of_one_priority_is_that_of_arrival)
{
	static const uint32_t ports[] = { 5, 3, 1500, 4, 2, 1024, 1023, 2047, 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ports); i++)
		ASSERT_EQ(0, xen_send(self->x, ports[i], 0));
	EXPECT_EQ(ARRAY_SIZE(ports), xen_fifo_consume(&self->c));
	for (i = 0; i < ARRAY_SIZE(ports); i++)
		EXPECT_EQ(ports[i], self->c.log[i]);
	EXPECT_EQ(0, self->c.nr_bad);
}

TEST_F(order, of_priorities_is_the_most_urgent_first)
{
	uint32_t i, priority;

	for (i = 0; i < XEN_FIFO_NR_QUEUES; i++) {
		priority = i * 7 % XEN_FIFO_NR_QUEUES;
		ASSERT_EQ(0, xen_send_prio(self->x, PORT + priority, 0, priority));
	}
	EXPECT_EQ(0xffff, self->control->ready);
	EXPECT_EQ(XEN_FIFO_NR_QUEUES, xen_fifo_consume(&self->c));
	for (i = 0; i < XEN_FIFO_NR_QUEUES; i++)
		EXPECT_EQ(PORT + i, self->c.log[i]);
}

TEST_F(order, lets_an_urgent_event_overtake_those_that_wait)
{
	uint32_t port;

	for (port = 1; port <= 20; port++)
		ASSERT_EQ(0, xen_send(self->x, port, 0));
	ASSERT_EQ(0, xen_send_prio(self->x, PORT, 0, XEN_FIFO_OWN - 1));
	ASSERT_EQ(0, xen_send_prio(self->x, PORT + 1, 0, XEN_FIFO_OWN + 1));
	EXPECT_EQ(22, xen_fifo_consume(&self->c));
	EXPECT_EQ(PORT, self->c.log[0]);
	for (port = 1; port <= 20; port++)
		EXPECT_EQ(port, self->c.log[port]);
	EXPECT_EQ(PORT + 1, self->c.log[21]);
}

TEST_F(order, puts_an_event_that_comes_again_behind_the_others)
{
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	ASSERT_EQ(1, xen_fifo_consume(&self->c));
	ASSERT_EQ(0, xen_send(self->x, 2, 0));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(2, xen_fifo_consume(&self->c));
	EXPECT_EQ(2, self->c.log[1]);
	EXPECT_EQ(1, self->c.log[2]);
}

TEST_F(order, keeps_the_place_of_an_event_that_is_sent_again_before_its_turn)
{
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	ASSERT_EQ(0, xen_send(self->x, 2, 0));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	ASSERT_EQ(0, xen_send_prio(self->x, 1, 0, 0));
	EXPECT_EQ(2, xen_fifo_consume(&self->c));
	EXPECT_EQ(1, self->c.log[0]);
	EXPECT_EQ(2, self->c.log[1]);
}

/* Xen 70ccddb14a: an upcall for each event of a queue is a storm of them. */
TEST_F(order, notifies_the_vcpu_of_the_first_event_of_a_queue_only)
{
	uint8_t *pending = xen_upcall_pending(xen_vcpu_info(self->x, 0));

	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, *pending);
	*pending = 0;
	ASSERT_EQ(0, xen_send(self->x, 2, 0));
	EXPECT_EQ(0, *pending);
	ASSERT_EQ(0, xen_send_prio(self->x, 3, 0, 0));
	EXPECT_EQ(1, *pending);
	EXPECT_EQ(1u << XEN_FIFO_OWN | 1u << 0, self->control->ready);
	EXPECT_EQ(0, *xen_upcall_pending(xen_vcpu_info(self->x, 1)));
}

TEST_F(order, is_kept_for_each_vcpu)
{
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	ASSERT_EQ(0, xen_send(self->x, 2, 1));
	ASSERT_EQ(0, xen_send(self->x, 3, 0));
	ASSERT_EQ(0, xen_send(self->x, 4, 1));
	EXPECT_EQ(2, xen_fifo_consume(&self->c));
	EXPECT_EQ(2, xen_fifo_consume(&self->c1));
	EXPECT_EQ(1, self->c.log[0]);
	EXPECT_EQ(3, self->c.log[1]);
	EXPECT_EQ(2, self->c1.log[0]);
	EXPECT_EQ(4, self->c1.log[1]);
}

TEST_F(order, follows_the_priority_that_the_ioctl_names)
{
	uint32_t priority;

	for (priority = 0; priority < XEN_FIFO_NR_QUEUES; priority++) {
		ASSERT_EQ(0, xen_send_prio(self->x, PORT, 0, priority));
		EXPECT_EQ(priority, queue_of(self, PORT));
	}
}

TEST_F(order, follows_the_priority_that_a_port_was_registered_with)
{
	uint32_t priority;

	for (priority = 0; priority < XEN_FIFO_NR_QUEUES; priority++) {
		ASSERT_EQ(0, bind(self->x, PORT + priority, priority));
		ASSERT_EQ(0, xen_order_send(self->x, true, PORT + priority));
		EXPECT_EQ(priority, queue_of(self, PORT + priority));
	}
}

TEST_F(order, follows_the_priority_that_a_port_was_updated_to)
{
	uint32_t priority;

	ASSERT_EQ(0, bind(self->x, PORT, XEN_PRIO_2LEVEL));
	for (priority = 0; priority < XEN_FIFO_NR_QUEUES; priority++) {
		ASSERT_EQ(0, xen_evtchn_prio(self->x, KVM_XEN_EVTCHN_UPDATE, PORT, 0, priority));
		ASSERT_EQ(0, xen_order_send(self->x, true, PORT));
		EXPECT_EQ(priority, queue_of(self, PORT));
	}
}

TEST_F(order, follows_the_priority_of_the_route_of_an_irqfd)
{
	int fd = xen_irqfd(self->x, GSI);
	uint32_t priority;

	for (priority = 0; priority < XEN_FIFO_NR_QUEUES; priority++) {
		ASSERT_EQ(0, route(self->x, GSI, PORT, priority));
		ASSERT_EQ(0, eventfd_write(fd, 1));
		ASSERT_TRUE(xen_wait_for(READ_ONCE(self->control->ready)));
		EXPECT_EQ(priority, queue_of(self, PORT));
	}
}

/* A timer's event is raised when its vCPU runs. */
static bool timer_fires(FIXTURE_DATA(order) *self)
{
	return xen_wait_for((xen_order(self->x, true, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0),
			     READ_ONCE(self->control->ready)));
}

TEST_F(order, follows_the_priority_of_a_timer)
{
	uint32_t priority;

	for (priority = 0; priority < XEN_FIFO_NR_QUEUES; priority++) {
		ASSERT_EQ(0, set_timer(self->x->vcpu[0], PORT, priority,
				       xen_vm_now(self->x) + MS));
		ASSERT_TRUE(timer_fires(self));
		EXPECT_EQ(priority, queue_of(self, PORT));
	}
}

TEST_F(order, of_the_timer_reads_back)
{
	struct kvm_xen_vcpu_attr attr = { .type = KVM_XEN_VCPU_ATTR_TYPE_TIMER };

	ASSERT_EQ(0, set_timer(self->x->vcpu[0], PORT, 3, 0));
	ASSERT_EQ(0, xen_vcpu_get(self->x->vcpu[0], &attr));
	EXPECT_EQ(3, attr.u.timer.priority);
	EXPECT_EQ(PORT, attr.u.timer.port);
}

TEST_F(order, of_a_registered_port_reads_back)
{
	struct kvm_xen_evtchn_entry entry;

	ASSERT_EQ(0, bind(self->x, PORT, 3));
	ASSERT_EQ(1, xen_get_ports(self->x, 0, 1, &entry));
	EXPECT_EQ(3, entry.priority);
	ASSERT_EQ(0, xen_evtchn_prio(self->x, KVM_XEN_EVTCHN_UPDATE, PORT, 0, XEN_PRIO_2LEVEL));
	ASSERT_EQ(1, xen_get_ports(self->x, 0, 1, &entry));
	EXPECT_EQ(XEN_PRIO_2LEVEL, entry.priority);
}

TEST_F(order, without_a_priority_is_that_of_the_middle)
{
	int fd = xen_irqfd(self->x, GSI);

	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_EQ(XEN_FIFO_OWN, queue_of(self, PORT));

	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	ASSERT_EQ(0, xen_order_send(self->x, true, PORT));
	EXPECT_EQ(XEN_FIFO_OWN, queue_of(self, PORT));

	ASSERT_EQ(0, route(self->x, GSI, PORT, XEN_PRIO_2LEVEL));
	ASSERT_EQ(0, eventfd_write(fd, 1));
	ASSERT_TRUE(xen_wait_for(READ_ONCE(self->control->ready)));
	EXPECT_EQ(XEN_FIFO_OWN, queue_of(self, PORT));

	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[0], PORT, xen_vm_now(self->x) + MS));
	ASSERT_TRUE(timer_fires(self));
	EXPECT_EQ(XEN_FIFO_OWN, queue_of(self, PORT));
}

TEST_F(order, follows_the_priority_that_the_guest_gave_its_port)
{
	uint32_t priority;

	for (priority = 0; priority < XEN_FIFO_NR_QUEUES; priority++) {
		ASSERT_EQ(0, xen_order_set_priority(self->x, true, PORT, priority));
		ASSERT_EQ(0, xen_send(self->x, PORT, 0));
		EXPECT_EQ(priority, queue_of(self, PORT));
		ASSERT_EQ(0, xen_send(self->x, PORT + 1, 0));
		EXPECT_EQ(XEN_FIFO_OWN, queue_of(self, PORT + 1));
	}
}

TEST_F(order, follows_the_vmm_before_the_guest)
{
	ASSERT_EQ(0, xen_order_set_priority(self->x, true, PORT, 9));
	ASSERT_EQ(0, xen_send_prio(self->x, PORT, 0, 2));
	EXPECT_EQ(2, queue_of(self, PORT));
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_EQ(9, queue_of(self, PORT));
}

TEST_F(order, of_an_event_that_waits_is_not_changed_by_a_new_priority)
{
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	ASSERT_EQ(0, xen_order_set_priority(self->x, true, PORT, 0));
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_EQ(XEN_FIFO_OWN, queue_of(self, PORT));
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_EQ(0, queue_of(self, PORT));
}

/* Xen e33d4257fc: the old queue's tail was a port of another queue by then. */
TEST_F(order, of_a_queue_survives_that_its_last_port_moved_to_another)
{
	ASSERT_EQ(0, xen_send_prio(self->x, 1, 0, 7));
	ASSERT_EQ(1, xen_fifo_consume(&self->c));
	ASSERT_EQ(0, xen_send_prio(self->x, 1, 0, 9));
	ASSERT_EQ(0, xen_send_prio(self->x, 2, 0, 7));
	ASSERT_EQ(0, xen_send_prio(self->x, 3, 0, 9));
	EXPECT_EQ(2, self->control->head[7]);
	EXPECT_EQ(1, self->control->head[9]);
	EXPECT_EQ(3, xen_fifo_consume(&self->c));
	EXPECT_EQ(2, self->c.log[1]);
	EXPECT_EQ(1, self->c.log[2]);
	EXPECT_EQ(3, self->c.log[3]);
}

TEST_F(order, refuses_priorities_beyond_the_last)
{
	static const uint32_t bad[] = { 16, 17, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff,
					0xfffffffe };
	struct xen_vm *x = self->x;
	unsigned int i;

	ASSERT_EQ(0, bind(x, PORT, XEN_PRIO_2LEVEL));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, xen_send_prio(x, PORT, 0, bad[i]));
		EXPECT_EQ(-EINVAL, bind(x, PORT + 1, bad[i]));
		EXPECT_EQ(-EINVAL, xen_evtchn_prio(x, KVM_XEN_EVTCHN_UPDATE, PORT, 0, bad[i]));
		EXPECT_EQ(-EINVAL, route(x, GSI, PORT, bad[i]));
		EXPECT_EQ(-EINVAL, set_timer(x->vcpu[0], PORT, bad[i], 0));
	}
	EXPECT_EQ(0, self->control->ready);
	EXPECT_EQ(0, *xen_fifo_word(x, PORT));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
