// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO events and the log of dirty memory, as bitmap and as ring.
 *
 * If this fails, a migrated guest arrives without events that were raised
 * while its memory was copied, with queues that end nowhere; or an event raised
 * where no vCPU runs makes the kernel warn.  Other than shared_info, which VMMs
 * take for dirty always, arrays and control blocks are logged.  Stock 6.12 has
 * no FIFO event channels.
 */
#include <sys/eventfd.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_dirty.h"
#include "xen_fifo.h"
#include "xen_harness.h"

#define ARRAY_PAGES	4
#define GSI		24
#define PORT_ON(page)	((page) * XEN_FIFO_PAGE_PORTS + 10)
#define CONTROL		(1u << 31)
#define OTHER_CONTROL	(1u << 30)	/* a vCPU's that is not there */

FIXTURE(dirty) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct xen_fifo_consumer c;
	int klog;
};

FIXTURE_VARIANT(dirty) {
	bool ring;
};

FIXTURE_VARIANT_ADD(dirty, bitmap) { .ring = false };
FIXTURE_VARIANT_ADD(dirty, ring) { .ring = true };

static void go_to_fifo(struct xen_vm *x)
{
	struct xen_control control = {
		.gfn = XEN_CONTROL_GFN(0),
		.offset = XEN_CONTROL_OFFSET,
	};
	struct xen_array array = { .active = 1, .nr = ARRAY_PAGES };
	unsigned int i;

	for (i = 0; i < ARRAY_PAGES; i++)
		array.gfns[i] = XEN_ARRAY_GFN(i);
	TEST_ASSERT_EQ(xen_set_array(x, &array), 0);
	TEST_ASSERT_EQ(xen_set_control(x->vcpu[0], &control), 0);
}

/* The page that holds the guest's orders is not logged. */
FIXTURE_SETUP(dirty)
{
	struct xen_vm *x;

	if (variant->ring && !xen_has_dirty_ring())
		SKIP(return, "KVM has no dirty ring");
	self->klog = xen_klog_open();
	x = xen_vm_create_logged(variant->ring, xen_guest_obey);
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, XEN_PAGES_GPA, XEN_PAGES_SLOT,
				    XEN_NR_PAGES, 0);
	virt_map(x->vm, XEN_PAGES_GPA, XEN_PAGES_GPA, XEN_NR_PAGES);
	x->shinfo = xen_hva(x, XEN_SHINFO_GPA);
	xen_add_logged_slot(x, XEN_ARRAY_SLOT, XEN_ARRAY_GPA, XEN_FIFO_NR_PAGES);
	xen_add_logged_slot(x, XEN_CONTROL_SLOT, XEN_CONTROL_GPA, XEN_MAX_VCPUS);
	ASSERT_EQ(0, xen_fifo_config(x));
	ASSERT_EQ(0, xen_set_long_mode(x, true));
	xen_register_pages(x);
	go_to_fifo(x);
	self->x = x;
	self->vcpu = x->vcpu[0];
	xen_fifo_host_consumer(x, 0, &self->c);
}

FIXTURE_TEARDOWN(dirty)
{
	EXPECT_FALSE(xen_klog_has_splat(self->klog));
	close(self->klog);
	xen_vm_free(self->x);
}

/* A bit for each page of the array, and CONTROL, that was logged meanwhile. */
static uint32_t take_dirty(struct xen_vm *x)
{
	struct xen_dirty_slot slots[] = {
		{ .slot = XEN_ARRAY_SLOT, .nr_pages = XEN_FIFO_NR_PAGES },
		{ .slot = XEN_CONTROL_SLOT, .nr_pages = XEN_MAX_VCPUS },
	};
	uint32_t pages = 0, page;

	xen_take_dirty(x, slots, ARRAY_SIZE(slots));
	for (page = 0; page < XEN_FIFO_NR_PAGES; page++)
		if (xen_is_dirty(&slots[0], page))
			pages |= 1u << page % 30;
	for (page = 0; page < XEN_MAX_VCPUS; page++)
		if (xen_is_dirty(&slots[1], page))
			pages |= page ? OTHER_CONTROL : CONTROL;
	return pages;
}

/* With the vCPU having run, which a ring may have to wait for. */
static uint32_t run_and_take(FIXTURE_DATA(dirty) *self)
{
	xen_order(self->x, true, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
	return take_dirty(self->x);
}

/* Run the vCPU once, for all requests of the set-up; then forget. */
static void begin(FIXTURE_DATA(dirty) *self)
{
	run_and_take(self);
	run_and_take(self);
}

TEST_F(dirty, pages_are_those_that_an_ioctl_wrote)
{
	begin(self);
	EXPECT_EQ(0, run_and_take(self));
	ASSERT_EQ(0, xen_send(self->x, PORT_ON(1), 0));
	EXPECT_EQ(1u << 1 | CONTROL, run_and_take(self));
	EXPECT_EQ(0, run_and_take(self));

	/* Behind another event, whose word gets the link. */
	ASSERT_EQ(0, xen_send(self->x, PORT_ON(3), 0));
	EXPECT_EQ(1u << 1 | 1u << 3, run_and_take(self) & ~CONTROL);
	EXPECT_EQ(2, xen_fifo_consume(&self->c));
}

/* A worker may raise the event, as on PREEMPT_RT: it writes a page before it is logged. */
TEST_F(dirty, pages_are_those_that_an_irqfd_wrote)
{
	struct xen_routes routes = {};
	uint32_t pages;
	int fd, turn;

	xen_route_add(&routes, GSI, PORT_ON(2), 0);
	ASSERT_EQ(0, xen_route_write(self->x, &routes));
	fd = xen_irqfd(self->x, GSI);
	begin(self);
	for (turn = 0; turn < 3; turn++) {
		ASSERT_EQ(0, eventfd_write(fd, 1));
		ASSERT_TRUE(xen_wait_for(READ_ONCE(self->c.control->ready)));
		pages = 0;
		xen_wait_for((pages |= run_and_take(self)) & CONTROL);
		EXPECT_EQ(1u << 2 | CONTROL, pages);
		EXPECT_EQ(0, run_and_take(self));
		EXPECT_EQ(1, xen_fifo_consume(&self->c));
	}
}

TEST_F(dirty, pages_are_those_that_a_hypercall_wrote)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT_ON(0), 0));
	begin(self);
	ASSERT_EQ(0, xen_order_send(self->x, true, PORT_ON(0)));
	EXPECT_EQ(1u << 0 | CONTROL, take_dirty(self->x));
	EXPECT_EQ(1, xen_fifo_consume(&self->c));

	xen_fifo_mask(xen_fifo_word(self->x, PORT_ON(0)));
	EXPECT_EQ(0, xen_order_unmask(self->x, true, PORT_ON(0)));
	EXPECT_EQ(1u << 0, take_dirty(self->x) & ~CONTROL);
}

TEST_F(dirty, pages_are_logged_for_a_masked_event_too)
{
	begin(self);
	xen_fifo_mask(xen_fifo_word(self->x, PORT_ON(1)));
	ASSERT_EQ(0, xen_send(self->x, PORT_ON(1), 0));
	EXPECT_EQ(1u << 1, run_and_take(self) & ~CONTROL);
}

TEST_F(dirty, pages_are_logged_for_an_event_that_waited_for_its_page)
{
	struct xen_array array = { .active = 1, .nr = ARRAY_PAGES + 1 };
	unsigned int i;

	for (i = 0; i <= ARRAY_PAGES; i++)
		array.gfns[i] = XEN_ARRAY_GFN(i);
	ASSERT_EQ(0, xen_send(self->x, PORT_ON(ARRAY_PAGES), 0));
	begin(self);
	ASSERT_EQ(0, xen_set_array(self->x, &array));
	EXPECT_EQ(1u << ARRAY_PAGES | CONTROL, run_and_take(self));
}

TEST_F(dirty, pages_of_a_timers_event_are_logged)
{
	begin(self);
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT_ON(1), xen_vm_now(self->x) + 1000 * 1000));
	ASSERT_TRUE(xen_wait_for((xen_order(self->x, true, __HYPERVISOR_sched_op, SCHEDOP_yield,
					    0, 0), READ_ONCE(self->c.control->ready))));
	EXPECT_EQ(1u << 1 | CONTROL, run_and_take(self));
}

/*
 * A VMM that has stopped its vCPUs looks at the log for the last time after it
 * read their state: what was raised since the vCPU ran is there by then.
 */
TEST_F(dirty, pages_are_logged_for_a_vmm_that_saves_a_stopped_vcpu)
{
	struct xen_routes routes = {};
	struct xen_control control;
	int fd;

	xen_route_add(&routes, GSI, PORT_ON(2), 0);
	ASSERT_EQ(0, xen_route_write(self->x, &routes));
	fd = xen_irqfd(self->x, GSI);
	begin(self);
	ASSERT_EQ(0, eventfd_write(fd, 1));
	ASSERT_TRUE(xen_wait_for(READ_ONCE(self->c.control->ready)));
	ASSERT_EQ(0, xen_send(self->x, PORT_ON(3), 0));
	ASSERT_EQ(0, xen_get_control(self->vcpu, &control));
	EXPECT_EQ(PORT_ON(3), control.tails[XEN_FIFO_OWN]);
	EXPECT_EQ(1u << 2 | 1u << 3 | CONTROL, take_dirty(self->x));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
