// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic of FIFO events: senders that know what has become of each event, so
 * that a test can say that none was lost.
 */
#include <sys/eventfd.h>

#include "test_util.h"
#include "xen_fifo.h"
#include "xen_line.h"

#define FIRST_GSI	24
#define FIRST_ORDERED	2	/* priority */
#define NR_ORDERED	3

/* Where the next event of @port goes. */
static struct kvm_irq_routing_xen_evtchn next_event(struct xen_traffic *t, uint32_t port)
{
	struct kvm_irq_routing_xen_evtchn event = {
		.port = port,
		.vcpu = t->vcpu < 0 ? port % t->x->nr_vcpus : t->vcpu,
		.priority = XEN_PRIO_2LEVEL,
	};

	if (t->ordered)
		event.priority = FIRST_ORDERED + port / t->x->nr_vcpus % NR_ORDERED;
	if (t->wanders) {
		event.vcpu = rand_r(&t->seed) % t->x->nr_vcpus;
		event.priority = rand_r(&t->seed) % (XEN_FIFO_NR_QUEUES + 1);
		if (event.priority == XEN_FIFO_NR_QUEUES)
			event.priority = XEN_PRIO_2LEVEL;
	}
	return event;
}

void xen_traffic_route(struct xen_traffic *t)
{
	struct kvm_irq_routing_xen_evtchn event;
	struct xen_routes routes = {};
	unsigned int i;

	for (i = 0; i < t->nr; i++) {
		event = next_event(t, t->first + i);
		xen_route_add(&routes, FIRST_GSI + i, event.port, event.vcpu);
		routes.table->entries[i].u.xen_evtchn.priority = event.priority;
	}
	if (t->with_lines)
		xen_line_add_routes(t->x, &routes);
	TEST_ASSERT_EQ(xen_route_write(t->x, &routes), 0);
}

void xen_traffic_init(struct xen_traffic *t, struct xen_vm *x, enum xen_traffic_kind kind,
		      uint32_t first, unsigned int nr)
{
	*t = (struct xen_traffic) {
		.x = x,
		.kind = kind,
		.first = first,
		.nr = nr,
		.vcpu = -1,
		.seed = first,
	};
	TEST_ASSERT(nr <= XEN_TRAFFIC_PORTS && first + nr <= XEN_GUEST_PORTS, "Too many ports");
	xen_traffic_attach(t);
}

void xen_traffic_attach(struct xen_traffic *t)
{
	unsigned int i;

	if (t->kind != XEN_BY_IRQFD)
		return;

	xen_traffic_route(t);
	for (i = 0; i < t->nr; i++)
		t->fds[i] = xen_irqfd(t->x, FIRST_GSI + i);
}

void xen_traffic_detach(struct xen_traffic *t)
{
	struct kvm_irqfd irqfd = { .flags = KVM_IRQFD_FLAG_DEASSIGN };
	unsigned int i;

	for (i = 0; t->kind == XEN_BY_IRQFD && i < t->nr; i++) {
		irqfd.fd = t->fds[i];
		irqfd.gsi = FIRST_GSI + i;
		vm_ioctl(t->x->vm, KVM_IRQFD, &irqfd);
		close(t->fds[i]);
	}
}

static int send(struct xen_traffic *t, unsigned int i)
{
	struct kvm_irq_routing_xen_evtchn event;

	if (t->kind == XEN_BY_IRQFD)
		return eventfd_write(t->fds[i], 1);

	event = next_event(t, t->first + i);
	if (t->ordered)
		WRITE_ONCE(xen_fifo_port(t->x, event.port)->turn,
			   ++t->turn[event.vcpu][event.priority]);
	return xen_send_prio(t->x, event.port, event.vcpu, event.priority);
}

/* Counted as sent before it is: it may be handled at once. */
static void send_all(struct xen_traffic *t)
{
	struct xen_fifo_port *port;
	unsigned int i;

	for (i = 0; i < t->nr; i++) {
		port = xen_fifo_port(t->x, t->first + i);
		if (!t->floods && READ_ONCE(port->handled) != port->sent)
			continue;
		WRITE_ONCE(port->sent, port->sent + 1);
		if (send(t, i))
			WRITE_ONCE(t->nr_failed, t->nr_failed + 1);
		WRITE_ONCE(t->nr_sent, t->nr_sent + 1);
	}
}

static void send_all_and_pause(void *arg)
{
	struct xen_traffic *t = arg;

	send_all(t);
	usleep(t->pause_us);
}

void xen_traffic_start(struct xen_traffic *t)
{
	xen_thread_start(&t->thread, send_all_and_pause, t);
}

void xen_traffic_stop(struct xen_traffic *t)
{
	xen_thread_stop(&t->thread);
}

uint64_t xen_fifo_nr_handled(struct xen_vm *x)
{
	uint64_t nr = 0;
	unsigned int i;

	for (i = 0; i < x->nr_vcpus; i++)
		nr += READ_ONCE(xen_fifo_guest_consumer(x, i)->nr_handled);
	return nr;
}

bool xen_fifo_handles(struct xen_vm *x, uint64_t nr)
{
	uint64_t handled = xen_fifo_nr_handled(x), end = handled + nr;

	while (handled < end) {
		if (!xen_wait_for(xen_fifo_nr_handled(x) > handled))
			return false;
		handled = xen_fifo_nr_handled(x);
	}
	return true;
}

static bool has_caught_up(struct xen_vm *x, uint32_t end)
{
	struct xen_fifo_port *port;
	uint32_t i;

	for (i = 1; i < end; i++) {
		port = xen_fifo_port(x, i);
		if (READ_ONCE(port->sent) != READ_ONCE(port->seen))
			return false;
	}
	return true;
}

bool xen_fifo_catches_up(struct xen_vm *x, uint32_t end)
{
	return xen_wait_for(has_caught_up(x, end));
}

static bool is_drained(struct xen_vm *x, uint32_t end)
{
	struct xen_fifo_port *port;
	uint32_t i;

	for (i = 1; i < end; i++) {
		port = xen_fifo_port(x, i);
		if (READ_ONCE(port->sent) != READ_ONCE(port->handled))
			return false;
	}
	return true;
}

bool xen_fifo_drains(struct xen_vm *x, uint32_t end)
{
	uint32_t i;

	if (xen_wait_for(is_drained(x, end)))
		return true;

	for (i = 1; i < end; i++)
		if (xen_fifo_port(x, i)->sent != xen_fifo_port(x, i)->handled)
			printf("# Port %u: %u sent, %u handled, word %#x\n", i,
			       xen_fifo_port(x, i)->sent, xen_fifo_port(x, i)->handled,
			       *xen_fifo_word(x, i));
	return false;
}
