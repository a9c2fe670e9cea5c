// SPDX-License-Identifier: GPL-2.0
/*
 * The hypercalls of FIFO event channels, each result of each: init_control,
 * expand_array, set_priority and, by either ABI, unmask.
 *
 * If this fails, a guest that goes to FIFO is refused where Xen would let it,
 * or is half there after a call that failed, or takes masked events for lost.
 * Stock 6.12 leaves all of them to the VMM.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen_fifo.h"
#include "xen_stub.h"

#define PORT		10
#define NOWHERE_GFN	0xb0000ull
#define NOWHERE		0x7ffff000ull
#define LAST_OFFSET	(0x1000 - 72)
#define READONLY_GPA	0xcc000000ull
#define READONLY_SLOT	20

FIXTURE(hcall) {
	struct xen_vm *x;
	struct xen_fifo_consumer c[2];
	bool wide;
};

FIXTURE_VARIANT(hcall) {
	bool wide;
};

FIXTURE_VARIANT_ADD(hcall, wide) { .wide = true };
FIXTURE_VARIANT_ADD(hcall, narrow) { .wide = false };

FIXTURE_SETUP(hcall)
{
	self->wide = variant->wide;
	self->x = xen_fifo_vm_create(2, self->wide, xen_guest_obey);
	xen_fifo_host_consumer(self->x, 0, &self->c[0]);
	xen_fifo_host_consumer(self->x, 1, &self->c[1]);
}

FIXTURE_TEARDOWN(hcall)
{
	xen_vm_free(self->x);
}

static int64_t init(FIXTURE_DATA(hcall) *self, uint32_t vcpu, uint64_t gfn, uint32_t offset)
{
	return xen_order_init_control(self->x, self->wide, vcpu, gfn, offset);
}

static int64_t init_well(FIXTURE_DATA(hcall) *self, uint32_t vcpu)
{
	return init(self, vcpu, XEN_CONTROL_GFN(vcpu), XEN_CONTROL_OFFSET);
}

static int64_t expand(FIXTURE_DATA(hcall) *self, uint64_t gfn)
{
	return xen_order_expand_array(self->x, self->wide, gfn);
}

static int64_t set_priority(FIXTURE_DATA(hcall) *self, uint32_t port, uint32_t priority)
{
	return xen_order_set_priority(self->x, self->wide, port, priority);
}

static int64_t unmask(FIXTURE_DATA(hcall) *self, uint32_t port)
{
	return xen_order_unmask(self->x, self->wide, port);
}

static uint32_t nr_pages(struct xen_vm *x)
{
	struct xen_array array;

	TEST_ASSERT_EQ(xen_get_array(x, &array), 0);
	return array.nr;
}

/* Where the kernel takes the vCPU's control block to be; 0: nowhere. */
static uint64_t control_at(struct kvm_vcpu *vcpu)
{
	struct xen_control control;

	TEST_ASSERT_EQ(xen_get_control(vcpu, &control), 0);
	return control.gfn == KVM_XEN_INVALID_GFN ? 0 : (control.gfn << 12) + control.offset;
}

/* Whether an event arrives by 2-level. */
static bool works_by_2level(struct xen_vm *x, unsigned int vcpu)
{
	uint32_t port = 500 + vcpu;

	xen_take_sel(xen_vcpu_info(x, vcpu), x->wide);
	xen_clear_pending(x->shinfo, port);
	return !xen_send(x, port, vcpu) && xen_is_pending(x->shinfo, port) &&
	       xen_sel(xen_vcpu_info(x, vcpu), x->wide) == xen_sel_bit(x->wide, port);
}

static bool works_by_fifo(FIXTURE_DATA(hcall) *self, unsigned int vcpu)
{
	uint32_t port = 600 + vcpu;

	return !xen_send(self->x, port, vcpu) && xen_fifo_consume(&self->c[vcpu]) == 1 &&
	       !xen_is_pending(self->x->shinfo, port);
}

static bool call_exits(FIXTURE_DATA(hcall) *self, uint32_t op)
{
	return xen_order_exits(self->x, self->wide, __HYPERVISOR_event_channel_op, op,
			       XEN_ORDER_DATA, -XEN_ENOSYS);
}

TEST_F(hcall, init_control_switches_to_fifo_and_returns_the_width_of_links)
{
	struct xen_init_control *arg = (void *)xen_get_order(self->x)->data;

	EXPECT_FALSE(xen_is_fifo(self->x));
	ASSERT_EQ(0, init(self, 0, XEN_CONTROL_GFN(0), XEN_CONTROL_OFFSET));
	EXPECT_EQ(XEN_FIFO_LINK_BITS, arg->link_bits);
	EXPECT_EQ(XEN_CONTROL_GFN(0), arg->gfn);
	EXPECT_EQ(XEN_CONTROL_OFFSET, arg->offset);
	EXPECT_EQ(0, arg->vcpu);
	EXPECT_TRUE(xen_is_fifo(self->x));
	EXPECT_EQ(XEN_CONTROL_GPA + XEN_CONTROL_OFFSET, control_at(self->x->vcpu[0]));
	EXPECT_EQ(0, control_at(self->x->vcpu[1]));
	EXPECT_EQ(0, nr_pages(self->x));
}

TEST_F(hcall, init_control_may_be_made_for_any_vcpu_first)
{
	ASSERT_EQ(0, init_well(self, 1));
	EXPECT_TRUE(xen_is_fifo(self->x));
	EXPECT_EQ(0, control_at(self->x->vcpu[0]));
	ASSERT_EQ(0, init_well(self, 0));
	ASSERT_EQ(0, expand(self, XEN_ARRAY_GFN(0)));
	EXPECT_TRUE(works_by_fifo(self, 0));
	EXPECT_TRUE(works_by_fifo(self, 1));
}

/* KVM does not know which vCPU it was for, and no other has queues. */
TEST_F(hcall, init_control_takes_over_what_is_pending_for_the_vcpu_that_is_first)
{
	ASSERT_EQ(0, xen_send(self->x, PORT, 1));
	ASSERT_EQ(0, init_well(self, 1));
	ASSERT_EQ(0, expand(self, XEN_ARRAY_GFN(0)));
	EXPECT_EQ(1, xen_fifo_consume(&self->c[1]));
	EXPECT_EQ(PORT, self->c[1].log[0]);
}

TEST_F(hcall, init_control_for_a_vcpu_that_is_not_there_is_refused)
{
	EXPECT_EQ(-XEN_ENOENT, init(self, 2, XEN_CONTROL_GFN(0), 0));
	EXPECT_EQ(-XEN_ENOENT, init(self, UINT32_MAX, XEN_CONTROL_GFN(0), 0));
	EXPECT_FALSE(xen_is_fifo(self->x));
}

TEST_F(hcall, init_control_knows_vcpus_by_the_number_that_the_guest_knows)
{
	ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[1], 33));
	EXPECT_EQ(-XEN_ENOENT, init(self, 1, XEN_CONTROL_GFN(1), 0));
	EXPECT_EQ(0, init(self, 33, XEN_CONTROL_GFN(1), 0));
	EXPECT_EQ(XEN_CONTROL_GFN(1) << 12, control_at(self->x->vcpu[1]));
}

TEST_F(hcall, init_control_takes_any_place_of_72_bytes_in_a_page)
{
	ASSERT_EQ(0, init(self, 0, XEN_CONTROL_GFN(0), LAST_OFFSET));
	ASSERT_EQ(0, init(self, 1, XEN_CONTROL_GFN(0), 0));
	EXPECT_EQ(XEN_CONTROL_GPA + LAST_OFFSET, control_at(self->x->vcpu[0]));
	EXPECT_EQ(XEN_CONTROL_GPA, control_at(self->x->vcpu[1]));
}

TEST_F(hcall, init_control_refuses_places_that_are_none)
{
	static const uint32_t beyond[] = {
		LAST_OFFSET + 8, 0xff8, 0x1000, 0x10000, 0x80000000, 0xfffffff8,
	};
	static const uint64_t gfns[] = {
		NOWHERE_GFN, 1ull << 40, 1ull << 52, 1ull << 63, UINT64_MAX,
		XEN_CONTROL_GFN(0) | 1ull << 52, XEN_CONTROL_GFN(0) | 1ull << 63,
	};
	unsigned int i;

	for (i = 1; i < 8; i++)
		EXPECT_EQ(-XEN_EINVAL, init(self, 0, XEN_CONTROL_GFN(0), i));
	for (i = 0; i < ARRAY_SIZE(beyond); i++)
		EXPECT_EQ(-XEN_EINVAL, init(self, 0, XEN_CONTROL_GFN(0), beyond[i]));
	for (i = 0; i < ARRAY_SIZE(gfns); i++)
		EXPECT_EQ(-XEN_EINVAL, init(self, 0, gfns[i], 0));
	EXPECT_FALSE(xen_is_fifo(self->x));
	EXPECT_EQ(0, control_at(self->x->vcpu[0]));
}

TEST_F(hcall, init_control_that_fails_on_the_first_vcpu_leaves_2level_as_it_was)
{
	EXPECT_TRUE(works_by_2level(self->x, 0));
	EXPECT_EQ(-XEN_EINVAL, init(self, 0, NOWHERE_GFN, 0));
	EXPECT_TRUE(works_by_2level(self->x, 0));
	EXPECT_TRUE(works_by_2level(self->x, 1));
	EXPECT_EQ(-XEN_EOPNOTSUPP, expand(self, XEN_ARRAY_GFN(0)));
	ASSERT_EQ(0, init_well(self, 0));
	ASSERT_EQ(0, expand(self, XEN_ARRAY_GFN(0)));
	EXPECT_EQ(2, xen_fifo_consume(&self->c[0]));	/* what 2-level left */
	EXPECT_TRUE(works_by_fifo(self, 0));
}

TEST_F(hcall, init_control_that_fails_on_another_vcpu_costs_that_one_its_events_alone)
{
	ASSERT_EQ(0, init_well(self, 0));
	ASSERT_EQ(0, expand(self, XEN_ARRAY_GFN(0)));
	EXPECT_EQ(-XEN_EINVAL, init(self, 1, NOWHERE_GFN, 0));
	EXPECT_TRUE(xen_is_fifo(self->x));
	EXPECT_TRUE(works_by_fifo(self, 0));

	/* XSA-107: nothing to queue it in.  It is not marked as pending either. */
	EXPECT_EQ(0, xen_send(self->x, PORT, 1));
	EXPECT_EQ(0, *xen_fifo_word(self->x, PORT));
	EXPECT_EQ(0, *xen_upcall_pending(xen_vcpu_info(self->x, 1)));

	ASSERT_EQ(0, init_well(self, 1));
	EXPECT_TRUE(works_by_fifo(self, 1));
	EXPECT_TRUE(works_by_fifo(self, 0));
}

/* The argument can be read, but not written. */
TEST_F(hcall, init_control_that_cannot_answer_changes_nothing)
{
	struct xen_init_control *arg;

	vm_userspace_mem_region_add(self->x->vm, VM_MEM_SRC_ANONYMOUS, READONLY_GPA,
				    READONLY_SLOT, 1, KVM_MEM_READONLY);
	virt_map(self->x->vm, READONLY_GPA, READONLY_GPA, 1);
	arg = addr_gpa2hva(self->x->vm, READONLY_GPA);
	*arg = (struct xen_init_control) { .gfn = XEN_CONTROL_GFN(0) };

	EXPECT_EQ(-XEN_EFAULT, xen_order(self->x, self->wide, __HYPERVISOR_event_channel_op,
					 EVTCHNOP_init_control, READONLY_GPA, 0));
	EXPECT_FALSE(xen_is_fifo(self->x));
	EXPECT_EQ(0, control_at(self->x->vcpu[0]));
	EXPECT_TRUE(works_by_2level(self->x, 0));
	EXPECT_EQ(0, init_well(self, 0));
}

TEST_F(hcall, init_control_is_made_once_for_a_vcpu)
{
	ASSERT_EQ(0, init_well(self, 0));
	EXPECT_EQ(-XEN_EINVAL, init_well(self, 0));
	EXPECT_EQ(-XEN_EINVAL, init(self, 0, XEN_CONTROL_GFN(3), 0));
	EXPECT_EQ(XEN_CONTROL_GPA + XEN_CONTROL_OFFSET, control_at(self->x->vcpu[0]));
}

TEST_F(hcall, arguments_that_cannot_be_read_are_a_fault)
{
	static const uint32_t ops[] = {
		EVTCHNOP_init_control, EVTCHNOP_expand_array, EVTCHNOP_set_priority,
		EVTCHNOP_unmask,
	};
	unsigned int i, turn;

	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < ARRAY_SIZE(ops); i++)
			EXPECT_EQ(-XEN_EFAULT,
				  xen_order(self->x, self->wide, __HYPERVISOR_event_channel_op,
					    ops[i], NOWHERE, 0));
		EXPECT_EQ(turn, xen_is_fifo(self->x));
		if (!turn)
			ASSERT_EQ(0, init_well(self, 0));
	}
	EXPECT_EQ(0, nr_pages(self->x));
}

TEST_F(hcall, expand_array_is_not_there_at_2level)
{
	EXPECT_EQ(-XEN_EOPNOTSUPP, expand(self, XEN_ARRAY_GFN(0)));
	EXPECT_EQ(-XEN_EOPNOTSUPP, expand(self, NOWHERE_GFN));
	EXPECT_EQ(0, nr_pages(self->x));
}

TEST_F(hcall, expand_array_refuses_a_page_that_is_none_and_takes_the_next)
{
	ASSERT_EQ(0, init_well(self, 0));
	EXPECT_EQ(-XEN_EINVAL, expand(self, NOWHERE_GFN));
	EXPECT_EQ(-XEN_EINVAL, expand(self, UINT64_MAX));
	EXPECT_EQ(-XEN_EINVAL, expand(self, XEN_ARRAY_GFN(0) | 1ull << 52));
	EXPECT_EQ(0, nr_pages(self->x));
	ASSERT_EQ(0, expand(self, XEN_ARRAY_GFN(0)));
	EXPECT_EQ(1, nr_pages(self->x));
	EXPECT_TRUE(works_by_fifo(self, 0));
}

TEST_F(hcall, expand_array_ends_at_128_pages)
{
	unsigned int i;

	ASSERT_EQ(0, init_well(self, 0));
	for (i = 0; i < XEN_FIFO_NR_PAGES; i++)
		ASSERT_EQ(0, expand(self, XEN_ARRAY_GFN(i)));
	EXPECT_EQ(-XEN_ENOSPC, expand(self, XEN_ARRAY_GFN(0)));
	EXPECT_EQ(-XEN_ENOSPC, expand(self, NOWHERE_GFN));
	EXPECT_EQ(XEN_FIFO_NR_PAGES, nr_pages(self->x));
}

TEST_F(hcall, expand_array_ends_at_the_page_of_the_highest_port)
{
	ASSERT_EQ(0, xen_set_limit(self->x, XEN_FIFO_PAGE_PORTS - 1));
	ASSERT_EQ(0, init_well(self, 0));
	ASSERT_EQ(0, expand(self, XEN_ARRAY_GFN(0)));
	EXPECT_EQ(-XEN_ENOSPC, expand(self, XEN_ARRAY_GFN(1)));
	ASSERT_EQ(0, xen_set_limit(self->x, XEN_FIFO_PAGE_PORTS));
	EXPECT_EQ(0, expand(self, XEN_ARRAY_GFN(1)));
	EXPECT_EQ(-XEN_ENOSPC, expand(self, XEN_ARRAY_GFN(2)));
}

TEST_F(hcall, set_priority_is_not_there_at_2level)
{
	EXPECT_EQ(-XEN_ENOSYS, set_priority(self, PORT, 3));
}

TEST_F(hcall, set_priority_takes_every_port_and_priority)
{
	uint32_t priority;

	ASSERT_EQ(0, init_well(self, 0));
	for (priority = 0; priority < XEN_FIFO_NR_QUEUES; priority++)
		EXPECT_EQ(0, set_priority(self, PORT, priority));
	EXPECT_EQ(0, set_priority(self, 1, 0));
	EXPECT_EQ(0, set_priority(self, XEN_FIFO_MAX_PORT, 15));
}

TEST_F(hcall, set_priority_refuses_ports_and_priorities_that_are_none)
{
	ASSERT_EQ(0, xen_set_limit(self->x, 5000));
	ASSERT_EQ(0, init_well(self, 0));
	EXPECT_EQ(-XEN_EINVAL, set_priority(self, 0, 3));
	EXPECT_EQ(-XEN_EINVAL, set_priority(self, 5001, 3));
	EXPECT_EQ(-XEN_EINVAL, set_priority(self, XEN_FIFO_MAX_PORT + 1, 3));
	EXPECT_EQ(-XEN_EINVAL, set_priority(self, UINT32_MAX, 3));
	EXPECT_EQ(-XEN_EINVAL, set_priority(self, PORT, 16));
	EXPECT_EQ(-XEN_EINVAL, set_priority(self, PORT, 0x100));
	EXPECT_EQ(-XEN_EINVAL, set_priority(self, PORT, XEN_PRIO_2LEVEL));
	EXPECT_EQ(0, set_priority(self, 5000, 3));
}

TEST_F(hcall, unmask_by_fifo_raises_what_is_pending)
{
	xen_order_fifo(self->x, 1);
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_EQ(XEN_FIFO_PENDING | XEN_FIFO_MASKED, *xen_fifo_word(self->x, PORT));
	EXPECT_EQ(0, self->c[0].control->ready);
	EXPECT_EQ(0, *xen_upcall_pending(xen_vcpu_info(self->x, 0)));

	EXPECT_EQ(0, unmask(self, PORT));
	EXPECT_EQ(XEN_FIFO_PENDING | XEN_FIFO_LINKED, *xen_fifo_word(self->x, PORT));
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(self->x, 0)));
	EXPECT_EQ(1, xen_fifo_consume(&self->c[0]));
	EXPECT_EQ(PORT, self->c[0].log[0]);
	EXPECT_EQ(0, *xen_fifo_word(self->x, PORT));
}

TEST_F(hcall, unmask_by_fifo_of_what_is_not_pending_only_unmasks)
{
	xen_order_fifo(self->x, 1);
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	EXPECT_EQ(0, unmask(self, PORT));
	EXPECT_EQ(0, *xen_fifo_word(self->x, PORT));
	EXPECT_EQ(0, self->c[0].control->ready);
	EXPECT_EQ(0, unmask(self, PORT));
	EXPECT_EQ(0, *xen_fifo_word(self->x, PORT));
}

TEST_F(hcall, unmask_by_fifo_goes_where_the_event_went)
{
	xen_order_fifo(self->x, 1);
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	ASSERT_EQ(0, xen_send_prio(self->x, PORT, 1, 3));
	EXPECT_EQ(0, unmask(self, PORT));
	EXPECT_EQ(0, self->c[0].control->ready);
	EXPECT_EQ(1 << 3, self->c[1].control->ready);
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(self->x, 1)));
	EXPECT_EQ(1, xen_fifo_consume(&self->c[1]));
}

TEST_F(hcall, unmask_by_fifo_follows_an_ipi_to_its_vcpu)
{
	xen_order_fifo(self->x, 1);
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	ASSERT_EQ(0, xen_order_send(self->x, self->wide, PORT));
	ASSERT_EQ(0, xen_update_port(self->x, PORT, 1));
	EXPECT_EQ(0, unmask(self, PORT));
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));
	EXPECT_EQ(1, xen_fifo_consume(&self->c[1]));
}

/* A guest may unmask by itself, or consume and leave pending, as Windows does. */
TEST_F(hcall, unmask_by_fifo_raises_what_is_pending_on_no_queue)
{
	xen_order_fifo(self->x, 1);
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	ASSERT_EQ(0, xen_fifo_consume(&self->c[0]));
	EXPECT_EQ(XEN_FIFO_PENDING | XEN_FIFO_MASKED, *xen_fifo_word(self->x, PORT));
	*xen_fifo_word(self->x, PORT) = XEN_FIFO_PENDING;
	EXPECT_EQ(0, unmask(self, PORT));
	EXPECT_EQ(1, xen_fifo_consume(&self->c[0]));
}

TEST_F(hcall, unmask_by_fifo_refuses_ports_that_are_none)
{
	ASSERT_EQ(0, xen_set_limit(self->x, 5000));
	xen_order_fifo(self->x, 1);
	EXPECT_EQ(-XEN_EINVAL, unmask(self, 0));
	EXPECT_EQ(-XEN_EINVAL, unmask(self, 5001));
	EXPECT_EQ(-XEN_EINVAL, unmask(self, XEN_FIFO_MAX_PORT + 1));
	EXPECT_EQ(-XEN_EINVAL, unmask(self, UINT32_MAX));
	EXPECT_EQ(0, unmask(self, 5000));	/* its page is not there yet */
}

static bool close_exits(FIXTURE_DATA(hcall) *self, uint32_t port, int64_t answer)
{
	*(uint32_t *)xen_get_order(self->x)->data = port;
	return xen_order_exits(self->x, self->wide, __HYPERVISOR_event_channel_op,
			       EVTCHNOP_close, XEN_ORDER_DATA, answer);
}

/* Else the next binding of the port begins with an event of the former one. */
TEST_F(hcall, a_port_that_was_closed_is_not_pending_any_more)
{
	const uint32_t later = 1024 + PORT;

	xen_order_fifo(self->x, 1);
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_TRUE(close_exits(self, PORT, -XEN_EINVAL));
	EXPECT_EQ(XEN_FIFO_PENDING | XEN_FIFO_MASKED, *xen_fifo_word(self->x, PORT));
	EXPECT_TRUE(close_exits(self, PORT, 0));
	EXPECT_EQ(XEN_FIFO_MASKED, *xen_fifo_word(self->x, PORT));

	/* The same where its page was not there yet, and for no port at all. */
	ASSERT_EQ(0, xen_send(self->x, later, 0));
	EXPECT_TRUE(close_exits(self, later, 0));
	EXPECT_TRUE(close_exits(self, UINT32_MAX, 0));
	ASSERT_EQ(0, expand(self, XEN_ARRAY_GPA / PAGE_SIZE + 1));
	EXPECT_EQ(0, *xen_fifo_word(self->x, later));
	EXPECT_EQ(0, self->c[0].control->ready);
}

TEST_F(hcall, unmask_by_2level_raises_a_pending_ipi)
{
	struct xen_vm *x = self->x;

	ASSERT_EQ(0, xen_bind_ipi(x, PORT, 1));
	xen_mask(x->shinfo, x->wide, PORT);
	ASSERT_EQ(0, xen_order_send(x, self->wide, PORT));
	EXPECT_EQ(0, xen_sel(xen_vcpu_info(x, 1), x->wide));

	EXPECT_EQ(0, unmask(self, PORT));
	EXPECT_EQ(0, *xen_mask_word(x->shinfo, x->wide, PORT));
	EXPECT_TRUE(xen_is_pending(x->shinfo, PORT));
	EXPECT_EQ(xen_sel_bit(x->wide, PORT), xen_sel(xen_vcpu_info(x, 1), x->wide));
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(x, 1)));
	EXPECT_EQ(0, xen_sel(xen_vcpu_info(x, 0), x->wide));
}

TEST_F(hcall, unmask_by_2level_of_what_is_not_pending_only_unmasks)
{
	struct xen_vm *x = self->x;

	xen_mask(x->shinfo, x->wide, PORT);
	xen_mask(x->shinfo, x->wide, PORT + 1);
	EXPECT_EQ(0, unmask(self, PORT));
	EXPECT_EQ(1u << (PORT + 1), *xen_mask_word(x->shinfo, x->wide, PORT));
	EXPECT_EQ(0, xen_sel(xen_vcpu_info(x, 0), x->wide));
}

TEST_F(hcall, unmask_by_2level_of_a_pending_event_for_nobody_known_is_for_the_vmm)
{
	struct xen_vm *x = self->x;

	xen_mask(x->shinfo, x->wide, PORT);
	ASSERT_EQ(0, xen_send(x, PORT, 1));
	*(uint32_t *)xen_get_order(x)->data = PORT;
	EXPECT_TRUE(call_exits(self, EVTCHNOP_unmask));
	EXPECT_EQ(1u << PORT, *xen_mask_word(x->shinfo, x->wide, PORT));
	EXPECT_TRUE(xen_is_pending(x->shinfo, PORT));
	EXPECT_EQ(0, xen_sel(xen_vcpu_info(x, 1), x->wide));
}

TEST_F(hcall, unmask_by_2level_refuses_ports_that_are_none)
{
	EXPECT_EQ(-XEN_EINVAL, unmask(self, 0));
	EXPECT_EQ(-XEN_EINVAL, unmask(self, xen_nr_ports(self->wide)));
	EXPECT_EQ(-XEN_EINVAL, unmask(self, UINT32_MAX));
	EXPECT_EQ(0, unmask(self, xen_nr_ports(self->wide) - 1));
}

TEST_F(hcall, a_call_from_user_mode_is_for_the_vmm)
{
	static const uint32_t ops[] = {
		EVTCHNOP_init_control, EVTCHNOP_expand_array, EVTCHNOP_set_priority,
		EVTCHNOP_unmask,
	};
	struct xen_init_control *arg;
	struct xen_stub stub;
	struct xen_hcall call = { .nr = __HYPERVISOR_event_channel_op };
	unsigned int i;

	xen_stub_init(&stub, self->x->vcpu[1]);
	xen_stub_set_mode(&stub, self->wide ? XEN_STUB_64 : XEN_STUB_COMPAT, 3);
	arg = (void *)stub.data;
	*arg = (struct xen_init_control) { .gfn = XEN_CONTROL_GFN(0) };
	call.arg[1] = XEN_STUB_DATA_GPA;
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		call.arg[0] = ops[i];
		EXPECT_EQ(KVM_EXIT_XEN, xen_stub_hypercall(&stub, xen_stub_native(), &call));
		EXPECT_EQ(3, stub.vcpu->run->xen.u.hcall.cpl);
		EXPECT_EQ(ops[i], stub.vcpu->run->xen.u.hcall.params[0]);
		stub.vcpu->run->xen.u.hcall.result = -XEN_EPERM;
		EXPECT_EQ(KVM_EXIT_IO, xen_stub_resume(&stub));
	}
	EXPECT_FALSE(xen_is_fifo(self->x));
	EXPECT_EQ(0, arg->link_bits);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
