// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes by which the state of FIFO event channels is read and set:
 * what each refuses, and what is left of a call that was refused.
 *
 * If this fails, a VMM that restores a guest from a damaged image harms more
 * than this guest, or gets no error.  That a good image restores is shown by
 * xen_fifo_save_test.  Stock 6.12 has no such attributes.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen_fifo.h"

#define PORT		10
#define BAD_POINTER	8ull
#define NOWHERE_GFN	0xb0000ull

FIXTURE(state) {
	struct xen_vm *x;
	struct xen_fifo_consumer c;
	struct xen_array array;
	struct xen_control control;
};

/* At 2-level; array and control are good to be set. */
FIXTURE_SETUP(state)
{
	unsigned int i;

	self->x = xen_fifo_vm_create(2, true, xen_guest_obey);
	xen_fifo_host_consumer(self->x, 0, &self->c);
	self->array = (struct xen_array) { .active = 1, .nr = 2 };
	for (i = 0; i < XEN_FIFO_NR_PAGES; i++)
		self->array.gfns[i] = XEN_ARRAY_GFN(i);
	self->control = (struct xen_control) {
		.gfn = XEN_CONTROL_GFN(0),
		.offset = XEN_CONTROL_OFFSET,
	};
}

FIXTURE_TEARDOWN(state)
{
	xen_vm_free(self->x);
}

#define CONTROL	KVM_XEN_VCPU_ATTR_TYPE_EVTCHN_CONTROL

static uint32_t limit_of(struct xen_vm *x)
{
	uint32_t limit;

	TEST_ASSERT_EQ(xen_get_limit(x, &limit), 0);
	return limit;
}

static uint32_t nr_pages(struct xen_vm *x)
{
	struct xen_array array;

	TEST_ASSERT_EQ(xen_get_array(x, &array), 0);
	return array.nr;
}

/* By attributes alone, as a VMM restores a guest. */
static void go_to_fifo(FIXTURE_DATA(state) *self)
{
	TEST_ASSERT_EQ(xen_set_array(self->x, &self->array), 0);
	TEST_ASSERT_EQ(xen_set_control(self->x->vcpu[0], &self->control), 0);
}

static bool works(FIXTURE_DATA(state) *self)
{
	return !xen_send(self->x, PORT, 0) && xen_fifo_consume(&self->c) == 1;
}

TEST_F(state, of_the_limit_is_all_ports_at_first)
{
	EXPECT_EQ(XEN_FIFO_MAX_PORT, limit_of(self->x));
	ASSERT_EQ(0, xen_set_limit(self->x, 1));
	EXPECT_EQ(1, limit_of(self->x));
	ASSERT_EQ(0, xen_set_limit(self->x, XEN_FIFO_MAX_PORT));
	EXPECT_EQ(XEN_FIFO_MAX_PORT, limit_of(self->x));
}

TEST_F(state, of_the_limit_refuses_what_is_no_port)
{
	struct kvm_xen_evtchn_limit limit;
	unsigned int i;

	EXPECT_EQ(-EINVAL, xen_set_limit(self->x, 0));
	EXPECT_EQ(-EINVAL, xen_set_limit(self->x, XEN_FIFO_MAX_PORT + 1));
	EXPECT_EQ(-EINVAL, xen_set_limit(self->x, UINT32_MAX));

	limit = (struct kvm_xen_evtchn_limit) { .max_port = 5, .pad0 = 1 };
	EXPECT_EQ(-EINVAL, xen_vm_arg(self->x, true, KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT, &limit));
	for (i = 0; i < ARRAY_SIZE(limit.pad); i++) {
		limit = (struct kvm_xen_evtchn_limit) { .max_port = 5 };
		limit.pad[i] = 1;
		EXPECT_EQ(-EINVAL, xen_vm_arg(self->x, true, KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT,
					      &limit));
	}
	EXPECT_EQ(XEN_FIFO_MAX_PORT, limit_of(self->x));
}

TEST_F(state, of_the_limit_cannot_fall_below_a_port_that_is_registered)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 300, 0));
	ASSERT_EQ(0, xen_bind_loopback(self->x, 5, 400, 0));
	EXPECT_EQ(-EBUSY, xen_set_limit(self->x, 399));
	EXPECT_EQ(0, xen_set_limit(self->x, 400));
	ASSERT_EQ(0, xen_unbind(self->x, 5));
	EXPECT_EQ(-EBUSY, xen_set_limit(self->x, 299));
	EXPECT_EQ(0, xen_set_limit(self->x, 300));
	ASSERT_EQ(0, xen_unbind(self->x, 300));
	EXPECT_EQ(0, xen_set_limit(self->x, 1));
}

TEST_F(state, of_the_array_moves_the_vm_there_and_back)
{
	go_to_fifo(self);
	EXPECT_TRUE(xen_is_fifo(self->x));
	EXPECT_EQ(2, nr_pages(self->x));
	EXPECT_TRUE(works(self));

	ASSERT_EQ(0, xen_set_array(self->x, &(struct xen_array) { .active = 0 }));
	EXPECT_FALSE(xen_is_fifo(self->x));
	EXPECT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
	ASSERT_EQ(0, xen_set_array(self->x, &(struct xen_array) { .active = 0 }));

	go_to_fifo(self);
	EXPECT_TRUE(works(self));
}

TEST_F(state, of_the_array_takes_nothing_over_from_2level)
{
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	go_to_fifo(self);
	EXPECT_EQ(0, xen_fifo_consume(&self->c));
	EXPECT_TRUE(works(self));
}

TEST_F(state, of_the_array_adds_pages_to_those_that_are_there)
{
	go_to_fifo(self);
	ASSERT_EQ(0, xen_send(self->x, 3000, 0));
	self->array.nr = 1;
	EXPECT_EQ(0, xen_set_array(self->x, &self->array));
	EXPECT_EQ(2, nr_pages(self->x));
	self->array.nr = 3;
	EXPECT_EQ(0, xen_set_array(self->x, &self->array));
	EXPECT_EQ(3, nr_pages(self->x));
	EXPECT_EQ(1, xen_fifo_consume(&self->c));
	EXPECT_EQ(3000, self->c.log[0]);
	self->array.nr = XEN_FIFO_NR_PAGES;
	EXPECT_EQ(0, xen_set_array(self->x, &self->array));
	EXPECT_TRUE(works(self));
}

TEST_F(state, of_the_array_refuses_frames_that_are_none_and_stays_at_2level)
{
	self->array.gfns[1] = NOWHERE_GFN;
	EXPECT_EQ(-EINVAL, xen_set_array(self->x, &self->array));
	EXPECT_FALSE(xen_is_fifo(self->x));
	self->array.gfns[1] = UINT64_MAX;
	EXPECT_EQ(-EINVAL, xen_set_array(self->x, &self->array));
	self->array.gfns[1] = XEN_ARRAY_GFN(1) | 1ull << 52;
	EXPECT_EQ(-EINVAL, xen_set_array(self->x, &self->array));
	EXPECT_FALSE(xen_is_fifo(self->x));
	EXPECT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
}

TEST_F(state, of_the_array_that_is_refused_at_fifo_stays_there)
{
	go_to_fifo(self);
	self->array.nr = 3;
	self->array.gfns[2] = NOWHERE_GFN;
	EXPECT_EQ(-EINVAL, xen_set_array(self->x, &self->array));
	self->array.gfns[0] = XEN_ARRAY_GFN(7);
	EXPECT_EQ(-EBUSY, xen_set_array(self->x, &self->array));
	EXPECT_TRUE(xen_is_fifo(self->x));
	EXPECT_EQ(2, nr_pages(self->x));
	EXPECT_TRUE(works(self));
}

TEST_F(state, of_the_array_ends_at_the_limit)
{
	ASSERT_EQ(0, xen_set_limit(self->x, 1000));
	EXPECT_EQ(-ENOSPC, xen_set_array(self->x, &self->array));
	EXPECT_FALSE(xen_is_fifo(self->x));
	self->array.nr = 1;
	EXPECT_EQ(0, xen_set_array(self->x, &self->array));
	ASSERT_EQ(0, xen_set_limit(self->x, XEN_FIFO_MAX_PORT));
	self->array.nr = XEN_FIFO_NR_PAGES + 1;
	EXPECT_EQ(-ENOSPC, xen_set_array(self->x, &self->array));
	self->array.nr = UINT32_MAX;
	EXPECT_EQ(-ENOSPC, xen_set_array(self->x, &self->array));
	EXPECT_EQ(1, nr_pages(self->x));
}

TEST_F(state, of_the_array_refuses_what_makes_no_sense)
{
	const uint16_t type = KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY;
	struct kvm_xen_evtchn_array arg;
	unsigned int i;

	self->array.active = 2;
	EXPECT_EQ(-EINVAL, xen_set_array(self->x, &self->array));
	for (i = 0; i < ARRAY_SIZE(arg.pad); i++) {
		arg = (struct kvm_xen_evtchn_array) { .active = 1 };
		arg.pad[i] = 1;
		EXPECT_EQ(-EINVAL, xen_vm_arg(self->x, true, type, &arg));
	}
	arg = (struct kvm_xen_evtchn_array) { .active = 1, .nr = 1, .frames = BAD_POINTER };
	EXPECT_EQ(-EFAULT, xen_vm_arg(self->x, true, type, &arg));
	EXPECT_FALSE(xen_is_fifo(self->x));
}

TEST_F(state, of_the_array_is_read_as_far_as_there_is_room)
{
	const uint16_t type = KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY;
	struct kvm_xen_evtchn_array arg;
	uint64_t frames[3] = { 1, 1, 1 };

	go_to_fifo(self);
	arg = (struct kvm_xen_evtchn_array) { .nr = 0, .frames = BAD_POINTER };
	EXPECT_EQ(0, xen_vm_arg(self->x, false, type, &arg));
	EXPECT_EQ(2, arg.nr);
	EXPECT_EQ(1, arg.active);

	arg = (struct kvm_xen_evtchn_array) { .nr = 1, .frames = (uintptr_t)frames };
	EXPECT_EQ(0, xen_vm_arg(self->x, false, type, &arg));
	EXPECT_EQ(2, arg.nr);
	EXPECT_EQ(XEN_ARRAY_GFN(0), frames[0]);
	EXPECT_EQ(1, frames[1]);

	arg = (struct kvm_xen_evtchn_array) { .nr = 1, .frames = BAD_POINTER };
	EXPECT_EQ(-EFAULT, xen_vm_arg(self->x, false, type, &arg));
}

TEST_F(state, of_a_vcpu_is_not_there_at_2level)
{
	EXPECT_EQ(-EOPNOTSUPP, xen_set_control(self->x->vcpu[0], &self->control));
	ASSERT_EQ(0, xen_get_control(self->x->vcpu[0], &self->control));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, self->control.gfn);
	EXPECT_EQ(0, xen_set_control(self->x->vcpu[0], &self->control));
	EXPECT_FALSE(xen_is_fifo(self->x));
}

TEST_F(state, of_a_vcpu_refuses_places_that_are_none)
{
	struct xen_control bad = self->control;
	uint32_t offset;

	ASSERT_EQ(0, xen_set_array(self->x, &self->array));
	for (offset = 0; offset < 0x1010; offset++) {
		if (offset % 8 == 0 && offset <= 0x1000 - 72)
			continue;
		bad.offset = offset;
		ASSERT_EQ(-EINVAL, xen_set_control(self->x->vcpu[0], &bad));
	}
	bad = self->control;
	bad.gfn = NOWHERE_GFN;
	EXPECT_EQ(-EINVAL, xen_set_control(self->x->vcpu[0], &bad));
	bad.gfn = XEN_CONTROL_GFN(0) | 1ull << 52;
	EXPECT_EQ(-EINVAL, xen_set_control(self->x->vcpu[0], &bad));
	ASSERT_EQ(0, xen_get_control(self->x->vcpu[0], &bad));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, bad.gfn);
	EXPECT_EQ(0, xen_set_control(self->x->vcpu[0], &self->control));
	EXPECT_TRUE(works(self));
}

TEST_F(state, of_a_vcpu_stays_where_it_is)
{
	struct xen_control other = self->control;

	go_to_fifo(self);
	EXPECT_EQ(0, xen_set_control(self->x->vcpu[0], &self->control));
	other.offset += 8;
	EXPECT_EQ(-EBUSY, xen_set_control(self->x->vcpu[0], &other));
	other = self->control;
	other.gfn = XEN_CONTROL_GFN(1);
	EXPECT_EQ(-EBUSY, xen_set_control(self->x->vcpu[0], &other));
	other.gfn = KVM_XEN_INVALID_GFN;
	EXPECT_EQ(-EBUSY, xen_set_control(self->x->vcpu[0], &other));
	EXPECT_TRUE(works(self));
}

TEST_F(state, of_a_vcpu_refuses_tails_that_have_no_word)
{
	unsigned int i;

	ASSERT_EQ(0, xen_set_array(self->x, &self->array));
	for (i = 0; i < XEN_FIFO_NR_QUEUES; i++) {
		self->control.tails[i] = 2 * XEN_FIFO_PAGE_PORTS;
		EXPECT_EQ(-EINVAL, xen_set_control(self->x->vcpu[0], &self->control));
		self->control.tails[i] = UINT32_MAX;
		EXPECT_EQ(-EINVAL, xen_set_control(self->x->vcpu[0], &self->control));
		self->control.tails[i] = 2 * XEN_FIFO_PAGE_PORTS - 1;
	}
	EXPECT_EQ(0, xen_set_control(self->x->vcpu[0], &self->control));
	EXPECT_TRUE(works(self));
}

TEST_F(state, of_a_vcpu_refuses_what_makes_no_sense)
{
	struct kvm_xen_evtchn_control good = {
		.gfn = XEN_CONTROL_GFN(0),
		.offset = XEN_CONTROL_OFFSET,
	}, arg;
	unsigned int i;

	ASSERT_EQ(0, xen_set_array(self->x, &self->array));
	arg = good;
	arg.pad1 = 1;
	EXPECT_EQ(-EINVAL, xen_vcpu_arg(self->x->vcpu[0], true, CONTROL, &arg));
	for (i = 0; i < ARRAY_SIZE(arg.pad); i++) {
		arg = good;
		arg.pad[i] = 1;
		EXPECT_EQ(-EINVAL, xen_vcpu_arg(self->x->vcpu[0], true, CONTROL, &arg));
	}
	arg = good;
	arg.tails = BAD_POINTER;
	EXPECT_EQ(-EFAULT, xen_vcpu_arg(self->x->vcpu[0], true, CONTROL, &arg));
	ASSERT_EQ(0, xen_get_control(self->x->vcpu[0], &self->control));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, self->control.gfn);

	EXPECT_EQ(0, xen_vcpu_arg(self->x->vcpu[0], true, CONTROL, &good));
	arg = (struct kvm_xen_evtchn_control) { .tails = BAD_POINTER };
	EXPECT_EQ(-EFAULT, xen_vcpu_arg(self->x->vcpu[0], false, CONTROL, &arg));
	arg = (struct kvm_xen_evtchn_control) {};
	EXPECT_EQ(0, xen_vcpu_arg(self->x->vcpu[0], false, CONTROL, &arg));
	EXPECT_EQ(XEN_CONTROL_GFN(0), arg.gfn);
}

/* A port as one that nothing special is known of. */
static struct kvm_xen_evtchn_fifo_port plain(uint32_t port)
{
	return (struct kvm_xen_evtchn_fifo_port) {
		.port = port,
		.last_vcpu = KVM_XEN_EVTCHN_NO_VCPU,
		.vcpu_priority = KVM_XEN_EVTCHN_OWN_PRIORITY,
		.priority = XEN_FIFO_OWN,
	};
}

TEST_F(state, of_ports_is_not_there_at_2level)
{
	struct kvm_xen_evtchn_fifo_port entry = plain(PORT);

	EXPECT_EQ(-EOPNOTSUPP, xen_set_fifo_ports(self->x, 1, &entry));
	EXPECT_EQ(0, xen_get_fifo_ports(self->x, 0, 1, &entry));
}

TEST_F(state, of_ports_leaves_out_those_of_which_nothing_is_known)
{
	struct kvm_xen_evtchn_fifo_port entries[3] = { plain(3), plain(PORT), plain(5000) }, got[3];

	go_to_fifo(self);
	entries[1].priority = 3;
	ASSERT_EQ(0, xen_set_fifo_ports(self->x, 3, entries));
	ASSERT_EQ(1, xen_get_fifo_ports(self->x, 0, 3, got));
	EXPECT_EQ(0, memcmp(&entries[1], &got[0], sizeof(got[0])));
	ASSERT_EQ(0, xen_get_fifo_ports(self->x, PORT + 1, 3, got));
}

TEST_F(state, of_ports_is_read_in_rising_order_and_pieces)
{
	struct kvm_xen_evtchn_fifo_port entry;
	uint32_t ports[] = { XEN_FIFO_MAX_PORT, 1, 5000, 1024, 1023 }, first = 0;
	uint32_t order[] = { 1, 1023, 1024, 5000, XEN_FIFO_MAX_PORT };
	unsigned int i;

	go_to_fifo(self);
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		entry = plain(ports[i]);
		entry.priority = i;
		ASSERT_EQ(0, xen_set_fifo_ports(self->x, 1, &entry));
	}
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		ASSERT_EQ(ARRAY_SIZE(order) - i, xen_get_fifo_ports(self->x, first, 1, &entry));
		EXPECT_EQ(order[i], entry.port);
		first = entry.port + 1;
	}
	EXPECT_EQ(ARRAY_SIZE(order), xen_get_fifo_ports(self->x, 0, 0, NULL));
	EXPECT_EQ(0, xen_get_fifo_ports(self->x, first, 1, &entry));
	EXPECT_EQ(0, xen_get_fifo_ports(self->x, UINT32_MAX, 1, &entry));
}

TEST_F(state, of_a_port_that_is_saved_is_raised_where_it_has_a_page)
{
	struct kvm_xen_evtchn_fifo_port entries[2] = { plain(PORT), plain(3000) };

	go_to_fifo(self);
	entries[0].saved = 1;
	entries[1].saved = 1;
	entries[0].vcpu_priority = 3;
	ASSERT_EQ(0, xen_set_fifo_ports(self->x, 2, entries));
	EXPECT_EQ(1 << 3, self->c.control->ready);
	EXPECT_EQ(1, xen_fifo_consume(&self->c));
	ASSERT_EQ(0, xen_order_expand_array(self->x, true, XEN_ARRAY_GFN(2)));
	EXPECT_EQ(1, xen_fifo_consume(&self->c));
	EXPECT_EQ(3000, self->c.log[1]);
}

TEST_F(state, of_ports_refuses_entries_that_are_none)
{
	struct kvm_xen_evtchn_fifo_port bad[10];
	unsigned int i;

	go_to_fifo(self);
	ASSERT_EQ(0, xen_set_limit(self->x, 5000));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = plain(PORT);
	bad[0].port = 0;
	bad[1].port = 5001;
	bad[2].port = XEN_FIFO_MAX_PORT + 1;
	bad[3].vcpu = 2;
	bad[4].last_vcpu = 2;
	bad[5].last_vcpu = 1;		/* has no control block */
	bad[6].priority = XEN_FIFO_NR_QUEUES;
	bad[7].vcpu_priority = XEN_FIFO_NR_QUEUES;
	bad[8].saved = 2;
	bad[9].last_vcpu = 0;
	bad[9].last_priority = XEN_FIFO_NR_QUEUES;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, xen_set_fifo_ports(self->x, 1, &bad[i])) {
			TH_LOG("entry %u", i);
		}
	EXPECT_EQ(0, xen_get_fifo_ports(self->x, 0, 1, bad));
	EXPECT_TRUE(works(self));
}

TEST_F(state, of_ports_before_a_bad_one_is_set)
{
	struct kvm_xen_evtchn_fifo_port entries[3] = { plain(1), plain(2), plain(3) };

	go_to_fifo(self);
	entries[0].priority = 1;
	entries[1].priority = 77;
	entries[2].priority = 3;
	EXPECT_EQ(-EINVAL, xen_set_fifo_ports(self->x, 3, entries));
	ASSERT_EQ(1, xen_get_fifo_ports(self->x, 0, 3, entries));
	EXPECT_EQ(1, entries[0].port);
}

TEST_F(state, of_ports_refuses_what_makes_no_sense)
{
	const uint16_t type = KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS;
	struct kvm_xen_evtchn_fifo_port entry = plain(PORT);
	struct kvm_xen_evtchn_enum arg;
	unsigned int i;

	go_to_fifo(self);
	for (i = 0; i < ARRAY_SIZE(arg.pad); i++) {
		arg = (struct kvm_xen_evtchn_enum) { .entries = (uintptr_t)&entry, .nr = 1 };
		arg.pad[i] = 1;
		EXPECT_EQ(-EINVAL, xen_vm_arg(self->x, true, type, &arg));
	}
	entry.priority = 1;
	ASSERT_EQ(0, xen_set_fifo_ports(self->x, 1, &entry));
	arg = (struct kvm_xen_evtchn_enum) { .entries = BAD_POINTER, .nr = 1 };
	EXPECT_EQ(-EFAULT, xen_vm_arg(self->x, true, type, &arg));
	EXPECT_EQ(-EFAULT, xen_vm_arg(self->x, false, type, &arg));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
