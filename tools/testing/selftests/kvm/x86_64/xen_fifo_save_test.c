// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO event channels of a VM that is saved, and restored as another one.
 *
 * If this fails, a guest that was migrated waits for an event that was under
 * way, or gets one twice, or finds its queues torn.  Stock 6.12 has no FIFO
 * event channels.
 */
#include <string.h>

#include "apic.h"
#include "xen_harness.h"
#include "xen_fifo.h"

#define PORT		10
#define FAR_PORT	1500			/* on the second page */
#define NR_TRAFFIC	24
#define IOCTL_PORTS	1
#define IRQFD_PORTS	(IOCTL_PORTS + NR_TRAFFIC)
#define HCALL_PORTS	(IRQFD_PORTS + NR_TRAFFIC)
#define NR_HCALL	8
#define END_PORT	(HCALL_PORTS + NR_HCALL)
#define ROUNDS		50

FIXTURE(saved) {
	struct xen_vm *x;
	struct xen_fifo_consumer c[2];
	struct xen_save save;
};

FIXTURE_SETUP(saved)
{
	self->x = xen_fifo_vm_create(2, true, xen_guest_obey);
	xen_fifo_host_consumer(self->x, 0, &self->c[0]);
	xen_fifo_host_consumer(self->x, 1, &self->c[1]);
}

FIXTURE_TEARDOWN(saved)
{
	xen_vm_free(self->x);
}

static void move(FIXTURE_DATA(saved) *self)
{
	xen_fifo_save(self->x, &self->save);
	xen_fifo_restore(self->x, &self->save);
}

/* Whether @c handles just the ports of @ports, in this order; 0 ends them. */
static bool handles(struct xen_fifo_consumer *c, const uint32_t *ports)
{
	uint64_t from = c->nr_handled;
	unsigned int i, nr = xen_fifo_consume(c);

	for (i = 0; i < nr && c->log[(from + i) % XEN_FIFO_LOG_SIZE] == ports[i]; i++)
		;
	return i == nr && !ports[i];
}

TEST_F(saved, state_of_a_vm_at_2level_is_that_and_no_more)
{
	struct xen_save again;

	xen_fifo_save(self->x, &self->save);
	EXPECT_EQ(0, self->save.array.active);
	EXPECT_EQ(0, self->save.array.nr);
	EXPECT_EQ(0, self->save.nr_fifo_ports);
	EXPECT_EQ(KVM_XEN_INVALID_GFN, self->save.control[0].gfn);
	EXPECT_EQ(XEN_FIFO_MAX_PORT, self->save.limit);
	EXPECT_EQ(0, xen_fifo_set_saved(self->x, &self->save));
	xen_fifo_save(self->x, &again);
	EXPECT_EQ(0, again.array.active);
}

/* Make some of everything: queued, masked, waiting for a page, priorities. */
static void fill(FIXTURE_DATA(saved) *self)
{
	xen_order_fifo(self->x, 1);
	TEST_ASSERT_EQ(xen_order_set_priority(self->x, true, PORT + 4, 2), 0);
	TEST_ASSERT_EQ(xen_send(self->x, PORT, 0), 0);
	TEST_ASSERT_EQ(xen_send(self->x, PORT + 1, 0), 0);
	TEST_ASSERT_EQ(xen_send_prio(self->x, PORT + 2, 1, 3), 0);
	xen_fifo_mask(xen_fifo_word(self->x, PORT + 3));
	TEST_ASSERT_EQ(xen_send_prio(self->x, PORT + 3, 1, 5), 0);
	TEST_ASSERT_EQ(xen_send_prio(self->x, FAR_PORT, 1, 4), 0);
}

/* Check that it all is there, and that the next events arrive. */
static void check_filled(struct __test_metadata *_metadata, FIXTURE_DATA(saved) *self)
{
	struct xen_vm *x = self->x;

	ASSERT_EQ(0, xen_send(x, PORT + 5, 0));
	ASSERT_EQ(0, xen_send(x, PORT + 4, 0));
	EXPECT_TRUE(handles(&self->c[0], (uint32_t []){ PORT + 4, PORT, PORT + 1, PORT + 5, 0 }));
	EXPECT_TRUE(handles(&self->c[1], (uint32_t []){ PORT + 2, 0 }));

	ASSERT_EQ(0, xen_order_unmask(x, true, PORT + 3));
	EXPECT_EQ(1 << 5, self->c[1].control->ready);
	EXPECT_TRUE(handles(&self->c[1], (uint32_t []){ PORT + 3, 0 }));

	ASSERT_EQ(0, xen_order_expand_array(x, true, XEN_ARRAY_GFN(1)));
	EXPECT_EQ(1 << 4, self->c[1].control->ready);
	EXPECT_TRUE(handles(&self->c[1], (uint32_t []){ FAR_PORT, 0 }));
	EXPECT_TRUE(handles(&self->c[0], (uint32_t []){ 0 }));
}

TEST_F(saved, state_reads_back_what_the_guest_made)
{
	struct kvm_xen_evtchn_fifo_port *port = self->save.fifo_ports;

	fill(self);
	xen_fifo_save(self->x, &self->save);
	EXPECT_EQ(1, self->save.array.active);
	EXPECT_EQ(1, self->save.array.nr);
	EXPECT_EQ(XEN_ARRAY_GFN(0), self->save.array.gfns[0]);
	EXPECT_EQ(XEN_CONTROL_GFN(1), self->save.control[1].gfn);
	EXPECT_EQ(XEN_CONTROL_OFFSET, self->save.control[1].offset);
	EXPECT_EQ(PORT + 1, self->save.control[0].tails[XEN_FIFO_OWN]);
	EXPECT_EQ(PORT + 2, self->save.control[1].tails[3]);
	EXPECT_EQ(0, self->save.control[1].tails[4]);

	ASSERT_EQ(6, self->save.nr_fifo_ports);
	EXPECT_EQ(PORT + 2, port[2].port);
	EXPECT_EQ(1, port[2].vcpu);
	EXPECT_EQ(1, port[2].last_vcpu);
	EXPECT_EQ(3, port[2].last_priority);
	EXPECT_EQ(3, port[2].vcpu_priority);
	EXPECT_EQ(XEN_FIFO_OWN, port[2].priority);
	EXPECT_EQ(0, port[2].saved);
	EXPECT_EQ(KVM_XEN_EVTCHN_OWN_PRIORITY, port[0].vcpu_priority);
	EXPECT_EQ(KVM_XEN_EVTCHN_NO_VCPU, port[3].last_vcpu);
	EXPECT_EQ(2, port[4].priority);
	EXPECT_EQ(FAR_PORT, port[5].port);
	EXPECT_EQ(1, port[5].saved);
}

TEST_F(saved, state_can_be_set_where_it_was_read_and_changes_nothing)
{
	static struct xen_save again;

	fill(self);
	xen_fifo_save(self->x, &self->save);
	ASSERT_EQ(0, xen_fifo_set_saved(self->x, &self->save));
	xen_fifo_save(self->x, &again);
	EXPECT_EQ(self->save.limit, again.limit);
	EXPECT_EQ(0, memcmp(&self->save.array, &again.array, sizeof(again.array)));
	EXPECT_EQ(0, memcmp(self->save.control, again.control, sizeof(again.control)));
	EXPECT_EQ(self->save.nr_fifo_ports, again.nr_fifo_ports);
	EXPECT_EQ(0, memcmp(self->save.fifo_ports, again.fifo_ports, sizeof(again.fifo_ports)));
	check_filled(_metadata, self);
}

TEST_F(saved, state_is_taken_up_by_another_vm)
{
	static struct xen_save again;

	fill(self);
	move(self);
	xen_fifo_save(self->x, &again);
	EXPECT_EQ(0, memcmp(&self->save.array, &again.array, sizeof(again.array)));
	EXPECT_EQ(0, memcmp(self->save.control, again.control, sizeof(again.control)));
	EXPECT_EQ(0, memcmp(self->save.fifo_ports, again.fifo_ports, sizeof(again.fifo_ports)));
	check_filled(_metadata, self);
}

TEST_F(saved, state_keeps_the_limit)
{
	ASSERT_EQ(0, xen_set_limit(self->x, 2000));
	fill(self);
	move(self);
	EXPECT_EQ(-EINVAL, xen_send(self->x, 2001, 0));
	check_filled(_metadata, self);
	EXPECT_EQ(-XEN_ENOSPC, xen_order_expand_array(self->x, true, XEN_ARRAY_GFN(2)));
}

/* Xen e33d4257fc, across a restore: where the port was last is not forgotten. */
TEST_F(saved, state_keeps_the_queue_that_a_port_may_still_be_on)
{
	xen_order_fifo(self->x, 1);
	ASSERT_EQ(0, xen_send_prio(self->x, PORT, 0, 7));
	EXPECT_TRUE(handles(&self->c[0], (uint32_t []){ PORT, 0 }));
	move(self);
	ASSERT_EQ(0, xen_send_prio(self->x, PORT, 0, 9));
	ASSERT_EQ(0, xen_send_prio(self->x, PORT + 1, 0, 7));
	EXPECT_EQ(PORT + 1, self->c[0].control->head[7]);
	EXPECT_TRUE(handles(&self->c[0], (uint32_t []){ PORT + 1, PORT, 0 }));
}

/* READY of its control block is not 0. */
TEST_F(saved, state_of_a_queue_that_is_ready_raises_an_upcall)
{
	xen_order_fifo(self->x, 1);
	ASSERT_EQ(0, xen_send(self->x, PORT, 1));
	xen_fifo_save(self->x, &self->save);
	*xen_upcall_pending(xen_vcpu_info(self->x, 0)) = 0;
	*xen_upcall_pending(xen_vcpu_info(self->x, 1)) = 0;
	xen_fifo_restore(self->x, &self->save);
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(self->x, 1)));
	EXPECT_EQ(0, *xen_upcall_pending(xen_vcpu_info(self->x, 0)));
}

/* Send, and handle, until @quiet is set, and go on to handle. */
struct orders {
	bool begun;
	bool quiet;
	bool is_quiet;
};

#define ORDERS		((volatile struct orders *)XEN_SPARE_GPA(1))

static void guest_code_sends(void)
{
	x2apic_enable();
	xen_guest_fifo_begin(2, 1);
	ORDERS->begun = true;
	while (!ORDERS->quiet) {
		xen_guest_send_idle(HCALL_PORTS, NR_HCALL);
		xen_guest_irq_window();
	}
	ORDERS->is_quiet = true;
	for (;;)
		xen_guest_halt();
}

FIXTURE(traffic) {
	struct xen_vm *x;
	volatile struct orders *orders;
	struct xen_runner r[2];
	struct xen_traffic t[2];
	struct xen_save save;
};

FIXTURE_VARIANT(traffic) {
	bool vcpu_vector;
};

FIXTURE_VARIANT_ADD(traffic, vm_vector) { .vcpu_vector = false };
FIXTURE_VARIANT_ADD(traffic, vcpu_vectors) { .vcpu_vector = true };

FIXTURE_SETUP(traffic)
{
	uint32_t i;

	self->x = xen_fifo_vm_create(2, true, guest_code_sends);
	xen_set_entry_point(self->x->vcpu[1], xen_guest_fifo_serve);
	self->orders = xen_hva(self->x, XEN_SPARE_GPA(1));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	for (i = 0; i < 2 && variant->vcpu_vector; i++)
		ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[i], XEN_VCPU_VECTOR));
	for (i = HCALL_PORTS; i < END_PORT; i++)
		ASSERT_EQ(0, xen_bind_ipi(self->x, i, i % 2));
	xen_traffic_init(&self->t[0], self->x, XEN_BY_IOCTL, IOCTL_PORTS, NR_TRAFFIC);
	xen_traffic_init(&self->t[1], self->x, XEN_BY_IRQFD, IRQFD_PORTS, NR_TRAFFIC);
	self->t[0].ordered = true;
}

FIXTURE_TEARDOWN(traffic)
{
	xen_vm_free(self->x);
}

static void start_guest(FIXTURE_DATA(traffic) *self)
{
	int i;

	for (i = 0; i < 2; i++)
		xen_runner_start(&self->r[i], self->x->vcpu[i]);
	TEST_ASSERT(xen_wait_for(self->orders->begun), "The guest does not begin: %s",
		    self->r[0].failure);
	for (i = 0; i < 2; i++)
		xen_traffic_start(&self->t[i]);
}

/* vCPUs first, so that events pile up that nobody handles, then their senders. */
static bool stop_guest(FIXTURE_DATA(traffic) *self)
{
	int i;

	for (i = 0; i < 2; i++)
		xen_runner_stop(&self->r[i]);
	for (i = 0; i < 2; i++) {
		xen_traffic_stop(&self->t[i]);
		xen_traffic_detach(&self->t[i]);
	}
	return !self->r[0].done && !self->r[1].done;
}

static void move_guest(FIXTURE_DATA(traffic) *self)
{
	int i;

	xen_fifo_save(self->x, &self->save);
	xen_fifo_restore(self->x, &self->save);
	for (i = 0; i < 2; i++)
		xen_traffic_attach(&self->t[i]);
}

TEST_F(traffic, is_neither_lost_nor_doubled_nor_reordered_by_many_moves)
{
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		start_guest(self);
		ASSERT_TRUE(xen_fifo_handles(self->x, round % 8 * 8)) {
			TH_LOG("Nothing moves after move %d", round);
		}
		ASSERT_TRUE(stop_guest(self));
		move_guest(self);
	}
	self->orders->quiet = true;
	start_guest(self);
	for (i = 0; i < 2; i++) {
		xen_traffic_stop(&self->t[i]);
		EXPECT_EQ(0, self->t[i].nr_failed);
	}
	EXPECT_TRUE(xen_wait_for(self->orders->is_quiet));
	EXPECT_TRUE(xen_fifo_drains(self->x, END_PORT));
	for (i = 0; i < 2; i++) {
		xen_runner_stop(&self->r[i]);
		EXPECT_EQ(0, xen_fifo_guest_consumer(self->x, i)->nr_disordered);
		EXPECT_EQ(0, xen_fifo_guest_consumer(self->x, i)->nr_bad);
		EXPECT_LT(ROUNDS, xen_fifo_guest_consumer(self->x, i)->nr_handled);
	}
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
