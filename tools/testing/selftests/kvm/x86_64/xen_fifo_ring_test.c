// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO events and the room in a dirty ring.
 *
 * If this fails, a guest that sends events makes its vCPU exit over and over for the
 * few pages that it writes, or overruns the ring: then the host warns, and the vCPU
 * cannot run any more.  Stock 6.12 has no FIFO event channels.
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_dirty.h"
#include "xen_fifo.h"
#include "xen_harness.h"

#define PORT		10u
#define PORT_ON(page)	((page) * XEN_FIFO_PAGE_PORTS + PORT)
#define NR_EVENTS	2000u

/* Pages that the guest writes itself, to fill the ring. */
#define FILL_GPA	0xc8000000ull
#define FILL_SLOT	20
#define FILL_PAGES	512u

/* KVM keeps 64 entries in reserve, and on Intel what the CPU can log in an exit. */
#define RESERVE		64u
#define CPU_ENTRIES	512u

FIXTURE(ring) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct xen_fifo_consumer c;
	struct xen_dirty_slot slots[3];
	uint8_t seen[XEN_FIFO_NR_PAGES];	/* how often a page of the array was logged */
	unsigned int nr_full;			/* exits */
	unsigned int most;			/* entries that were found at once */
	unsigned int soft;			/* so many end KVM_RUN */
	int klog;
};

static unsigned int nr_fill;

static void guest_fill_and_obey(void)
{
	unsigned int i;

	for (i = 0; i < nr_fill; i++)
		WRITE_ONCE(*(uint64_t *)(FILL_GPA + i * 0x1000ull), 1);
	GUEST_SYNC(0);
	xen_guest_obey();
}

static int set_array(struct xen_vm *x, unsigned int pages)
{
	struct xen_array array = { .active = 1, .nr = pages };
	unsigned int i;

	for (i = 0; i < pages; i++)
		array.gfns[i] = XEN_ARRAY_GFN(i);
	return xen_set_array(x, &array);
}

FIXTURE_SETUP(ring)
{
	struct xen_control control = {
		.gfn = XEN_CONTROL_GFN(0),
		.offset = XEN_CONTROL_OFFSET,
	};
	unsigned int entries = host_cpu_is_intel ? 1024 : 256;
	struct xen_vm *x;

	if (!xen_has_dirty_ring())
		SKIP(return, "KVM has no dirty ring");
	self->klog = xen_klog_open();
	self->soft = entries - RESERVE - (host_cpu_is_intel ? CPU_ENTRIES : 0);
	x = xen_vm_create_ring(entries, guest_fill_and_obey);
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, XEN_PAGES_GPA, XEN_PAGES_SLOT,
				    XEN_NR_PAGES, 0);
	virt_map(x->vm, XEN_PAGES_GPA, XEN_PAGES_GPA, XEN_NR_PAGES);
	x->shinfo = xen_hva(x, XEN_SHINFO_GPA);
	xen_add_logged_slot(x, XEN_ARRAY_SLOT, XEN_ARRAY_GPA, XEN_FIFO_NR_PAGES);
	xen_add_logged_slot(x, XEN_CONTROL_SLOT, XEN_CONTROL_GPA, XEN_MAX_VCPUS);
	xen_add_logged_slot(x, FILL_SLOT, FILL_GPA, FILL_PAGES);
	virt_map(x->vm, FILL_GPA, FILL_GPA, FILL_PAGES);
	ASSERT_EQ(0, xen_fifo_config(x));
	ASSERT_EQ(0, xen_set_long_mode(x, true));
	xen_register_pages(x);
	ASSERT_EQ(0, set_array(x, 1));
	ASSERT_EQ(0, xen_set_control(x->vcpu[0], &control));
	self->x = x;
	self->vcpu = x->vcpu[0];
	self->slots[0] = (struct xen_dirty_slot) { XEN_ARRAY_SLOT, XEN_FIFO_NR_PAGES };
	self->slots[1] = (struct xen_dirty_slot) { XEN_CONTROL_SLOT, XEN_MAX_VCPUS };
	self->slots[2] = (struct xen_dirty_slot) { FILL_SLOT, FILL_PAGES };
	xen_fifo_host_consumer(x, 0, &self->c);
}

FIXTURE_TEARDOWN(ring)
{
	EXPECT_FALSE(xen_klog_has_splat(self->klog));
	close(self->klog);
	xen_vm_free(self->x);
}

/* Empty the ring; returns how many entries there were for the array and the block. */
static unsigned int harvest(FIXTURE_DATA(ring) *self)
{
	unsigned int page, nr;

	xen_take_dirty(self->x, self->slots, ARRAY_SIZE(self->slots));
	for (page = 0; page < XEN_FIFO_NR_PAGES; page++)
		self->seen[page] += xen_is_dirty(&self->slots[0], page);
	nr = self->slots[0].nr_entries + self->slots[1].nr_entries;
	if (nr + self->slots[2].nr_entries > self->most)
		self->most = nr + self->slots[2].nr_entries;
	return nr;
}

/*
 * Run the vCPU to where it asks for orders, emptying the ring when it is full.  That has
 * to come to an end.
 */
static void run(FIXTURE_DATA(ring) *self)
{
	unsigned int tries = 64;

	do {
		vcpu_run(self->vcpu);
		if (self->vcpu->run->exit_reason != KVM_EXIT_DIRTY_RING_FULL)
			break;
		self->nr_full++;
		harvest(self);
	} while (--tries);
	TEST_ASSERT_KVM_EXIT_REASON(self->vcpu, KVM_EXIT_IO);
}

static void begin(FIXTURE_DATA(ring) *self, unsigned int fill)
{
	nr_fill = fill;
	sync_global_to_guest(self->x->vm, nr_fill);
	run(self);
}

static int64_t order(FIXTURE_DATA(ring) *self, uint64_t nr, uint64_t op, uint64_t arg)
{
	struct xen_order *order = xen_get_order(self->x);

	order->wide = true;
	order->call = (struct xen_hcall) { .nr = nr, .arg = { op, arg } };
	run(self);
	return order->result;
}

static void yield(FIXTURE_DATA(ring) *self)
{
	order(self, __HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

TEST_F(ring, a_page_is_logged_once_for_many_events)
{
	unsigned int i;

	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	begin(self, 0);
	harvest(self);
	*(uint32_t *)xen_get_order(self->x)->data = PORT;
	for (i = 0; i < NR_EVENTS; i++) {
		ASSERT_EQ(0, order(self, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
				   XEN_ORDER_DATA));
		ASSERT_EQ(1, xen_fifo_consume(&self->c));
	}
	EXPECT_EQ(0, self->nr_full);
	EXPECT_EQ(2, harvest(self));
}

TEST_F(ring, a_page_is_logged_again_once_its_entry_was_reset)
{
	unsigned int i;

	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	begin(self, 0);
	harvest(self);
	*(uint32_t *)xen_get_order(self->x)->data = PORT;
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, order(self, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
				   XEN_ORDER_DATA));
		ASSERT_EQ(1, xen_fifo_consume(&self->c));
		EXPECT_EQ(2, harvest(self));
	}
}

TEST_F(ring, a_page_of_many_saved_events_fits)
{
	uint32_t i;

	begin(self, 0);
	for (i = 1; i < XEN_FIFO_PAGE_PORTS; i++)
		ASSERT_EQ(0, xen_send(self->x, XEN_FIFO_PAGE_PORTS + i, 0));
	yield(self);
	harvest(self);
	xen_get_order(self->x)->data[0] = XEN_ARRAY_GFN(1);
	ASSERT_EQ(0, order(self, __HYPERVISOR_event_channel_op, EVTCHNOP_expand_array,
			   XEN_ORDER_DATA));
	EXPECT_EQ(2, harvest(self));
	yield(self);
	EXPECT_EQ(0, self->nr_full);
	EXPECT_EQ(XEN_FIFO_PAGE_PORTS - 1, xen_fifo_consume(&self->c));
}

/* Whether each page of the array but the first was logged since. */
static bool has_seen_all(FIXTURE_DATA(ring) *self)
{
	unsigned int page;

	harvest(self);
	for (page = 1; page < XEN_FIFO_NR_PAGES; page++)
		if (!self->seen[page])
			return false;
	return true;
}

static void send_on_all_pages(FIXTURE_DATA(ring) *self)
{
	unsigned int page;

	for (page = 1; page < XEN_FIFO_NR_PAGES; page++)
		TEST_ASSERT_EQ(xen_send(self->x, PORT_ON(page), 0), 0);
}

/* Raised by an ioctl, which no ring is for, and logged by the vCPU when it runs. */
TEST_F(ring, what_there_is_no_room_for_is_logged_after_the_ring_was_emptied)
{
	ASSERT_EQ(0, set_array(self->x, XEN_FIFO_NR_PAGES));
	begin(self, self->soft - 8);
	send_on_all_pages(self);
	yield(self);
	yield(self);
	EXPECT_GE(self->nr_full, 1);
	EXPECT_TRUE(has_seen_all(self));
	EXPECT_LE(self->most, self->soft);
	yield(self);
	EXPECT_EQ(0, harvest(self));
	EXPECT_EQ(XEN_FIFO_NR_PAGES - 1, xen_fifo_consume(&self->c));
}

/* Raised by the vCPU itself, all in one turn. */
TEST_F(ring, a_turn_of_the_vcpu_takes_nothing_of_the_reserve)
{
	ASSERT_EQ(0, set_array(self->x, XEN_FIFO_NR_PAGES));
	begin(self, self->soft - 8);
	vm_mem_region_move(self->x->vm, XEN_ARRAY_SLOT, FILL_GPA + FILL_PAGES * 0x1000ull);
	send_on_all_pages(self);
	vm_mem_region_move(self->x->vm, XEN_ARRAY_SLOT, XEN_ARRAY_GPA);
	yield(self);
	yield(self);
	EXPECT_GE(self->nr_full, 1);
	EXPECT_TRUE(has_seen_all(self));
	EXPECT_LE(self->most, self->soft);
	EXPECT_EQ(XEN_FIFO_NR_PAGES - 1, xen_fifo_consume(&self->c));
}

/* The vCPU runs no more; reading its control block says when the ring is in the way. */
TEST_F(ring, a_stopped_vcpu_is_saved_with_all_logged)
{
	struct xen_control control;
	unsigned int tries;
	int r = -EAGAIN;

	ASSERT_EQ(0, set_array(self->x, XEN_FIFO_NR_PAGES));
	begin(self, self->soft - 8);
	send_on_all_pages(self);
	for (tries = 0; tries < 8 && r == -EAGAIN; tries++) {
		r = xen_get_control(self->vcpu, &control);
		harvest(self);
	}
	EXPECT_EQ(0, r);
	EXPECT_GE(tries, 2);
	EXPECT_LE(self->most, self->soft);
	EXPECT_TRUE(has_seen_all(self));
	EXPECT_EQ(PORT_ON(XEN_FIFO_NR_PAGES - 1), control.tails[XEN_FIFO_OWN]);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
