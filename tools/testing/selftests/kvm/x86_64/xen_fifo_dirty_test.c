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
#include "xen_harness.h"
#include "xen_fifo.h"

#define RING_ENTRIES	1024
#define ARRAY_PAGES	4
#define GSI		24
#define PORT_ON(page)	((page) * XEN_FIFO_PAGE_PORTS + 10)
#define CONTROL		(1u << 31)

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

static bool has_ring(void)
{
	return kvm_has_cap(KVM_CAP_DIRTY_LOG_RING) || kvm_has_cap(KVM_CAP_DIRTY_LOG_RING_ACQ_REL);
}

static void add_slot(struct xen_vm *x, uint32_t slot, uint64_t gpa, unsigned int pages)
{
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, gpa, slot, pages,
				    KVM_MEM_LOG_DIRTY_PAGES);
}

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

/* The library makes no ring; a guest with orders would need more than it logs. */
FIXTURE_SETUP(dirty)
{
	struct xen_vm *x = calloc(1, sizeof(*x));

	if (variant->ring && !has_ring())
		SKIP(return, "KVM has no dirty ring");
	self->klog = xen_klog_open();
	x->nr_vcpus = 1;
	x->wide = true;
	x->vm = vm_create(1);
	if (variant->ring)
		vm_enable_dirty_ring(x->vm, RING_ENTRIES * sizeof(struct kvm_dirty_gfn));
	x->vcpu[0] = vm_vcpu_add(x->vm, 0, xen_guest_obey);
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, XEN_PAGES_GPA, XEN_PAGES_SLOT,
				    XEN_NR_PAGES, 0);
	virt_map(x->vm, XEN_PAGES_GPA, XEN_PAGES_GPA, XEN_NR_PAGES);
	x->shinfo = xen_hva(x, XEN_SHINFO_GPA);
	add_slot(x, XEN_ARRAY_SLOT, XEN_ARRAY_GPA, XEN_FIFO_NR_PAGES);
	add_slot(x, XEN_CONTROL_SLOT, XEN_CONTROL_GPA, XEN_MAX_VCPUS);
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

static uint32_t page_bit(uint32_t slot, uint64_t page)
{
	if (slot == XEN_CONTROL_SLOT)
		return page ? 1u << 30 : CONTROL;
	return slot == XEN_ARRAY_SLOT ? 1u << page % 30 : 0;
}

static uint32_t take_ring(struct kvm_vcpu *vcpu)
{
	struct kvm_dirty_gfn *ring = vcpu_map_dirty_ring(vcpu), *entry;
	uint32_t pages = 0;

	for (;; vcpu->fetch_index++) {
		entry = &ring[vcpu->fetch_index % RING_ENTRIES];
		if (!(__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) & KVM_DIRTY_GFN_F_DIRTY))
			break;
		pages |= page_bit(entry->slot, entry->offset);
		__atomic_store_n(&entry->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
	}
	kvm_vm_reset_dirty_ring(vcpu->vm);
	return pages;
}

/* A bit for each page of the array, and CONTROL, that was logged meanwhile. */
static uint32_t take_dirty(struct xen_vm *x)
{
	unsigned long array[XEN_FIFO_NR_PAGES / 64] = {}, control = 0;
	uint32_t pages = 0, page;

	if (x->vm->dirty_ring_size)
		return take_ring(x->vcpu[0]);

	kvm_vm_get_dirty_log(x->vm, XEN_ARRAY_SLOT, array);
	kvm_vm_get_dirty_log(x->vm, XEN_CONTROL_SLOT, &control);
	for (page = 0; page < XEN_FIFO_NR_PAGES; page++)
		if (array[page / 64] & 1ul << page % 64)
			pages |= page_bit(XEN_ARRAY_SLOT, page);
	for (page = 0; page < XEN_MAX_VCPUS; page++)
		if (control & 1ul << page)
			pages |= page_bit(XEN_CONTROL_SLOT, page);
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

TEST_F(dirty, pages_are_those_that_an_irqfd_wrote)
{
	struct xen_routes routes = {};
	int fd, turn;

	xen_route_add(&routes, GSI, PORT_ON(2), 0);
	ASSERT_EQ(0, xen_route_write(self->x, &routes));
	fd = xen_irqfd(self->x, GSI);
	begin(self);
	for (turn = 0; turn < 3; turn++) {
		ASSERT_EQ(0, eventfd_write(fd, 1));
		ASSERT_TRUE(xen_wait_for(READ_ONCE(self->c.control->ready)));
		EXPECT_EQ(1u << 2 | CONTROL, run_and_take(self));
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
