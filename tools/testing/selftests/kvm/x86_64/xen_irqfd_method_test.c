// SPDX-License-Identifier: GPL-2.0
/*
 * From a device to the guest without the VMM: an eventfd is written to, its
 * irqfd raises an event, and the vCPU is notified by each of the methods.
 *
 * An irqfd raises its event while its eventfd is being signalled, where neither
 * irqchips nor other eventfds can be touched.  If this fails, the guest of a
 * fast device misses interrupts, or the kernel refuses to signal an eventfd
 * from another's wakeup, with a warning.  Stock 6.12 has no such callback.
 */

#include "xen_harness.h"
#include "xen_method.h"

#define NR_PORTS	XEN_LINE_NR_EVENT_GSIS
#define NR_SENDERS	2
#define WRITES		300
#define TRAFFIC		3000

static bool is_handled_soon(struct xen_vm *x, uint32_t port)
{
	return xen_wait_for(xen_line_is_handled(x, port));
}

static void serve(struct xen_vm *x, struct xen_runner *r, unsigned int vcpu)
{
	xen_line_order(x, vcpu, xen_guest_serve, 0, 0);
	xen_runner_start(r, x->vcpu[vcpu]);
}

/* Whether the guest went on to its end without a failure. */
static bool stop(struct xen_runner *r)
{
	xen_runner_stop(r);
	return !r->done;
}

FIXTURE(irqfd) {
	struct xen_vm *x;
	struct xen_via via;
	struct xen_runner r;
	int fd[NR_PORTS];	/* of the ports from 1 on */
	int klog;
};

FIXTURE_VARIANT(irqfd) {
	enum xen_method_id method;
};

FIXTURE_VARIANT_ADD(irqfd, ioapic_edge) { XEN_VIA_IOAPIC_EDGE };
FIXTURE_VARIANT_ADD(irqfd, ioapic_level) { XEN_VIA_IOAPIC_LEVEL };
FIXTURE_VARIANT_ADD(irqfd, pic) { XEN_VIA_PIC };
FIXTURE_VARIANT_ADD(irqfd, eventfd_msi) { XEN_VIA_MSI };
FIXTURE_VARIANT_ADD(irqfd, eventfd_pin) { XEN_VIA_PIN };
FIXTURE_VARIANT_ADD(irqfd, vcpu_eventfd_msi) { XEN_VIA_VCPU_MSI };
FIXTURE_VARIANT_ADD(irqfd, vcpu_eventfd_pin) { XEN_VIA_VCPU_PIN };
FIXTURE_VARIANT_ADD(irqfd, vm_vector) { XEN_VIA_VM_VECTOR };
FIXTURE_VARIANT_ADD(irqfd, vcpu_vector) { XEN_VIA_VCPU_VECTOR };

FIXTURE_SETUP(irqfd)
{
	unsigned int i;

	self->klog = xen_klog_open();
	ASSERT_LE(0, self->klog);
	self->x = xen_line_vm_create(1);
	xen_via_begin(&self->via, self->x, variant->method);
	for (i = 0; i < NR_PORTS; i++) {
		self->fd[i] = xen_eventfd();
		ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_EVENT_GSI + i, self->fd[i], -1));
	}
	serve(self->x, &self->r, 0);
}

FIXTURE_TEARDOWN(irqfd)
{
	unsigned int i;

	EXPECT_TRUE(stop(&self->r)) {
		TH_LOG("The guest: %s", self->r.failure);
	}
	EXPECT_FALSE(xen_klog_has_splat(self->klog));
	close(self->klog);
	xen_vm_free(self->x);
	xen_via_end(&self->via);
	for (i = 0; i < NR_PORTS; i++)
		close(self->fd[i]);
}

/* Counted before it is signalled: it may be handled at once. */
static void signal_port(FIXTURE_DATA(irqfd) *self, uint32_t port)
{
	xen_line_port(self->x, port)->sent++;
	xen_eventfd_signal(self->fd[port - 1]);
}

TEST_F(irqfd, becomes_one_upcall_for_each_write_that_is_waited_for)
{
	int i;

	for (i = 1; i <= WRITES; i++) {
		signal_port(self, 1 + i % NR_PORTS);
		ASSERT_TRUE(is_handled_soon(self->x, 1 + i % NR_PORTS)) {
			TH_LOG("Write %d", i);
		}
	}
	EXPECT_EQ(WRITES, xen_via_nr_taken(&self->via));
	EXPECT_EQ(WRITES, xen_line_cpu(self->x, 0)->nr_events);
}

struct sender {
	FIXTURE_DATA(irqfd) *self;
	struct xen_thread thread;
	uint32_t first;			/* of NR_PORTS / NR_SENDERS ports */
	uint32_t nr_sent;
};

/* Signals each port whose last event was handled. */
static void signal_idle(void *arg)
{
	struct sender *s = arg;
	uint32_t port;

	for (port = s->first; port < s->first + NR_PORTS / NR_SENDERS; port++) {
		if (!xen_line_is_handled(s->self->x, port))
			continue;
		signal_port(s->self, port);
		WRITE_ONCE(s->nr_sent, s->nr_sent + 1);
	}
}

TEST_F(irqfd, loses_nothing_where_several_are_written_to_at_once)
{
	struct sender s[NR_SENDERS] = {};
	uint32_t i;

	for (i = 0; i < NR_SENDERS; i++) {
		s[i] = (struct sender) { .self = self, .first = 1 + i * NR_PORTS / NR_SENDERS };
		xen_thread_start(&s[i].thread, signal_idle, &s[i]);
	}
	for (i = 0; i < NR_SENDERS; i++)
		EXPECT_TRUE(xen_wait_for(READ_ONCE(s[i].nr_sent) >= TRAFFIC / NR_SENDERS));
	for (i = 0; i < NR_SENDERS; i++)
		xen_thread_stop(&s[i].thread);
	for (i = 1; i <= NR_PORTS; i++)
		EXPECT_TRUE(is_handled_soon(self->x, i));
	EXPECT_EQ(s[0].nr_sent + s[1].nr_sent, xen_line_cpu(self->x, 0)->nr_events);
}

/*
 * What is asserted is an irqfd: of the first port for vCPU 0, whose line raises
 * the second for vCPU 1, whose line raises the third for vCPU 2 or, in a ring,
 * for vCPU 0.  No two are behind the same bit of a selector.
 */
#define CHAIN_VCPUS	3
#define CHAIN_GSI(i)	(30 + (i))
#define CHAIN_PORT(i)	(1u + 64 * (i))
#define OTHER_PORT	CHAIN_PORT(CHAIN_VCPUS)

FIXTURE(chain) {
	struct xen_vm *x;
	int fd[CHAIN_VCPUS];	/* each the irqfd of a port */
	int klog;
};

static void route_chain(struct xen_vm *x, unsigned int last_vcpu)
{
	struct xen_routes routes = {};
	unsigned int i;

	for (i = 0; i < CHAIN_VCPUS; i++)
		xen_route_add(&routes, CHAIN_GSI(i), CHAIN_PORT(i),
			      i == CHAIN_VCPUS - 1 ? last_vcpu : i);
	TEST_ASSERT_EQ(xen_route_write(x, &routes), 0);
}

FIXTURE_SETUP(chain)
{
	unsigned int i;

	self->klog = xen_klog_open();
	ASSERT_LE(0, self->klog);
	self->x = xen_line_vm_create(CHAIN_VCPUS);
	route_chain(self->x, CHAIN_VCPUS - 1);
	for (i = 0; i < CHAIN_VCPUS; i++) {
		self->fd[i] = xen_eventfd();
		ASSERT_EQ(0, xen_line_irqfd(self->x, CHAIN_GSI(i), self->fd[i], -1));
	}
	ASSERT_EQ(0, xen_set_eventfds(self->x, self->fd[1], -1));
	ASSERT_EQ(0, xen_set_vcpu_eventfds(self->x->vcpu[1], self->fd[2], -1));
}

FIXTURE_TEARDOWN(chain)
{
	unsigned int i;

	EXPECT_FALSE(xen_klog_has_splat(self->klog));
	close(self->klog);
	xen_vm_free(self->x);
	for (i = 0; i < CHAIN_VCPUS; i++)
		close(self->fd[i]);
}

/* As the guest's vCPU does it; returns whether there was an event of @port. */
static bool consume(struct xen_vm *x, unsigned int vcpu, uint32_t port)
{
	*xen_upcall_pending(xen_vcpu_info(x, vcpu)) = 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return (xen_take_sel(xen_vcpu_info(x, vcpu), true) & xen_sel_bit(true, port)) &&
	       xen_clear_pending(x->shinfo, port);
}

TEST_F(chain, of_eventfds_ends_in_an_upcall_for_each_write)
{
	struct xen_vm *x = self->x;
	struct xen_runner r;
	int i;

	ASSERT_EQ(0, xen_set_vcpu_vector(x->vcpu[2], XEN_VCPU_VECTOR));
	serve(x, &r, 2);
	for (i = 1; i <= WRITES; i++) {
		xen_line_port(x, CHAIN_PORT(2))->sent++;
		xen_eventfd_signal(self->fd[0]);
		ASSERT_TRUE(is_handled_soon(x, CHAIN_PORT(2))) {
			TH_LOG("Write %d", i);
		}
		EXPECT_TRUE(consume(x, 0, CHAIN_PORT(0)));
		EXPECT_TRUE(consume(x, 1, CHAIN_PORT(1)));
	}
	EXPECT_TRUE(stop(&r));
	EXPECT_EQ(WRITES, xen_line_cpu(x, 2)->nr_own);
}

TEST_F(chain, of_eventfds_that_is_a_ring_ends_where_the_flag_is_up)
{
	int i;

	route_chain(self->x, 0);
	for (i = 0; i < WRITES; i++) {
		xen_eventfd_signal(self->fd[0]);
		ASSERT_TRUE(xen_wait_for(xen_is_pending(self->x->shinfo, CHAIN_PORT(2))));
		EXPECT_TRUE(consume(self->x, 1, CHAIN_PORT(1)));
		EXPECT_TRUE(consume(self->x, 0, CHAIN_PORT(0)));
		EXPECT_TRUE(xen_clear_pending(self->x->shinfo, CHAIN_PORT(2)));
	}
}

/* Its own event comes while the flag is up, and asserts nothing. */
TEST_F(chain, of_a_line_and_itself_ends_at_once)
{
	int i;

	ASSERT_EQ(0, xen_set_eventfds(self->x, self->fd[0], -1));
	for (i = 0; i < WRITES; i++) {
		ASSERT_EQ(0, xen_send(self->x, OTHER_PORT, 0));
		ASSERT_TRUE(xen_wait_for(xen_is_pending(self->x->shinfo, CHAIN_PORT(0))));
		EXPECT_TRUE(consume(self->x, 0, OTHER_PORT));
		EXPECT_TRUE(xen_clear_pending(self->x->shinfo, CHAIN_PORT(0)));
	}
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
