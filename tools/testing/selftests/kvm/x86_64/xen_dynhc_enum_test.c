// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the table of dynamic hypercalls: KVM_XEN_ATTR_TYPE_DYNHC_ENUM.
 *
 * If this fails, a VMM that migrates a guest, or hands it over to another
 * process, leaves calls behind that the guest's drivers go on to make.
 */
#include <stdlib.h>
#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_dynhc.h"

#define ROOM	64u
#define LEFT	0xee		/* in what was not written */

FIXTURE(bindings) {
	struct xen_vm *x;
	struct kvm_xen_dynhc read[ROOM];
	uint32_t nr;
	int event[3];
};

FIXTURE_SETUP(bindings)
{
	unsigned int i;

	self->x = xen_dynhc_vm_create(2, xen_guest_obey);
	for (i = 0; i < ARRAY_SIZE(self->event); i++)
		self->event[i] = xen_eventfd();
}

FIXTURE_TEARDOWN(bindings)
{
	xen_vm_free(self->x);
}

/* Read into room for @room bindings. */
static int enumerate(FIXTURE_DATA(bindings) *self, struct xen_vm *x, uint32_t room)
{
	memset(self->read, LEFT, sizeof(self->read));
	self->nr = room;
	return xen_dynhc_enum(x, self->read, &self->nr);
}

static bool is_left_alone(const struct kvm_xen_dynhc *entry)
{
	unsigned int i;

	for (i = 0; i < sizeof(*entry); i++)
		if (((const uint8_t *)entry)[i] != LEFT)
			return false;
	return true;
}

/* The order in which this test compares: matches of a token by their value. */
static int compare(const void *l, const void *r)
{
	const struct kvm_xen_dynhc *left = l, *right = r;
	int flags = (left->flags & KVM_XEN_DYNHC_MATCH) - (right->flags & KVM_XEN_DYNHC_MATCH);

	if (left->token != right->token)
		return left->token < right->token ? -1 : 1;
	if (flags)
		return flags;
	return left->match < right->match ? -1 : left->match > right->match;
}

#define NR_BINDINGS	9

/* By rising token; with what each target has. */
static void fill(FIXTURE_DATA(bindings) *self, struct kvm_xen_dynhc all[NR_BINDINGS])
{
	const struct kvm_xen_dynhc table[NR_BINDINGS] = {
		{ .token = 1, .target = KVM_XEN_DYNHC_VMM },
		{ .token = 2, .target = KVM_XEN_DYNHC_EVENTFD, .u.fd = self->event[0] },
		{ .token = 2, .target = KVM_XEN_DYNHC_EVENTFD, .u.fd = self->event[1],
		  .flags = KVM_XEN_DYNHC_MATCH },
		{ .token = 2, .target = KVM_XEN_DYNHC_EVENTFD, .u.fd = self->event[1],
		  .flags = KVM_XEN_DYNHC_MATCH, .match = 5 },
		{ .token = 2, .target = KVM_XEN_DYNHC_EVENTFD, .u.fd = self->event[2],
		  .flags = KVM_XEN_DYNHC_MATCH, .match = 1ull << 63 },
		{ .token = 900, .target = KVM_XEN_DYNHC_EVTCHN,
		  .u.evtchn = { .port = 4000, .vcpu = 1, .priority = XEN_PRIO_2LEVEL } },
		{ .token = 901, .target = KVM_XEN_DYNHC_EVENTFD, .u.fd = self->event[2],
		  .flags = KVM_XEN_DYNHC_MATCH | KVM_XEN_DYNHC_USER, .match = 7 },
		{ .token = 4000, .target = KVM_XEN_DYNHC_EVTCHN, .flags = KVM_XEN_DYNHC_USER,
		  .u.evtchn = { .port = 3, .vcpu = 0, .priority = XEN_PRIO_2LEVEL } },
		{ .token = DYNHC_MAX_TOKEN, .target = KVM_XEN_DYNHC_VMM,
		  .flags = KVM_XEN_DYNHC_USER },
	};

	memcpy(all, table, sizeof(table));
}

/* Set what fill() has, in an order that is not that of tokens. */
static void assign_all(FIXTURE_DATA(bindings) *self, struct kvm_xen_dynhc all[NR_BINDINGS])
{
	unsigned int i;

	fill(self, all);
	for (i = 0; i < NR_BINDINGS; i++)
		TEST_ASSERT_EQ(xen_dynhc_assign(self->x, all[(i * 4 + 3) % NR_BINDINGS]), 0);
}

TEST_F(bindings, are_none_in_a_new_vm)
{
	ASSERT_EQ(0, enumerate(self, self->x, ROOM));
	EXPECT_EQ(0, self->nr);
	EXPECT_TRUE(is_left_alone(&self->read[0]));
}

TEST_F(bindings, are_read_by_rising_token)
{
	unsigned int i;

	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, xen_dynhc_vmm(self->x, 1 + 60 * (i * 37 % ROOM)));
	ASSERT_EQ(0, enumerate(self, self->x, ROOM));
	ASSERT_EQ(ROOM, self->nr);
	for (i = 1; i < ROOM; i++)
		EXPECT_LT(self->read[i - 1].token, self->read[i].token);
}

TEST_F(bindings, without_a_match_come_first)
{
	ASSERT_EQ(0, xen_dynhc_match(self->x, 6, 0, self->event[0]));
	ASSERT_EQ(0, xen_dynhc_match(self->x, 6, 1, self->event[0]));
	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, 6, self->event[1]));
	ASSERT_EQ(0, xen_dynhc_match(self->x, 6, 2, self->event[0]));
	ASSERT_EQ(0, xen_dynhc_vmm(self->x, 5));
	ASSERT_EQ(0, enumerate(self, self->x, ROOM));
	ASSERT_EQ(5, self->nr);
	EXPECT_EQ(5, self->read[0].token);
	EXPECT_EQ(6, self->read[1].token);
	EXPECT_EQ(0, self->read[1].flags);
	EXPECT_EQ(self->event[1], self->read[1].u.fd);
	EXPECT_EQ(0 + 1 + 2, self->read[2].match + self->read[3].match + self->read[4].match);
}

TEST_F(bindings, are_read_as_they_were_set)
{
	struct kvm_xen_dynhc all[NR_BINDINGS];
	unsigned int i;

	assign_all(self, all);
	ASSERT_EQ(0, enumerate(self, self->x, ROOM));
	ASSERT_EQ(NR_BINDINGS, self->nr);
	qsort(self->read, self->nr, sizeof(*self->read), compare);
	for (i = 0; i < NR_BINDINGS; i++) {
		EXPECT_EQ(0, memcmp(&all[i], &self->read[i], sizeof(all[i]))) {
			TH_LOG("token %u, match %#llx", all[i].token, all[i].match);
		}
	}
	EXPECT_TRUE(is_left_alone(&self->read[NR_BINDINGS]));
}

TEST_F(bindings, of_picked_tokens_name_them)
{
	int token = xen_dynhc_pick(self->x, (struct kvm_xen_dynhc) {
		.target = KVM_XEN_DYNHC_VMM,
	});

	ASSERT_LT(0, token);
	ASSERT_EQ(0, enumerate(self, self->x, ROOM));
	ASSERT_EQ(1, self->nr);
	EXPECT_EQ(token, self->read[0].token);
	EXPECT_EQ(0, self->read[0].token_addr);
}

TEST_F(bindings, beyond_the_room_are_counted)
{
	struct kvm_xen_dynhc all[NR_BINDINGS];
	unsigned int room;

	assign_all(self, all);
	for (room = 0; room <= NR_BINDINGS + 1; room++) {
		ASSERT_EQ(0, enumerate(self, self->x, room));
		EXPECT_EQ(NR_BINDINGS, self->nr);
		EXPECT_EQ(!room, is_left_alone(&self->read[0]));
		EXPECT_TRUE(is_left_alone(&self->read[room]));
	}
	ASSERT_EQ(0, enumerate(self, self->x, 2));
	EXPECT_EQ(0, memcmp(all, self->read, 2 * sizeof(*all)));

	/* More room than there can be bindings for. */
	ASSERT_EQ(0, enumerate(self, self->x, UINT32_MAX));
	EXPECT_EQ(NR_BINDINGS, self->nr);
}

TEST_F(bindings, are_gone_once_taken_away)
{
	struct kvm_xen_dynhc all[NR_BINDINGS];

	assign_all(self, all);
	ASSERT_EQ(0, xen_dynhc_deassign(self->x, 1));
	ASSERT_EQ(0, xen_dynhc_deassign_match(self->x, 2, 5));
	ASSERT_EQ(0, enumerate(self, self->x, ROOM));
	ASSERT_EQ(NR_BINDINGS - 2, self->nr);
	EXPECT_EQ(2, self->read[0].token);
	ASSERT_EQ(0, xen_dynhc_reset(self->x));
	ASSERT_EQ(0, enumerate(self, self->x, ROOM));
	EXPECT_EQ(0, self->nr);
}

/* The attribute with one byte of its argument changed. */
static int enumerate_with(struct xen_vm *x, size_t byte, uint8_t value)
{
	struct kvm_xen_hvm_attr attr = { .type = KVM_XEN_ATTR_TYPE_DYNHC_ENUM };

	((uint8_t *)&attr.u)[byte] = value;
	return xen_vm_get(x, &attr);
}

TEST_F(bindings, are_not_read_where_padding_is_set)
{
	unsigned int byte;

	for (byte = offsetof(struct kvm_xen_dynhc_enum, pad0);
	     byte < sizeof(struct kvm_xen_dynhc_enum); byte++) {
		EXPECT_EQ(0, enumerate_with(self->x, byte, 0));
		EXPECT_EQ(-EINVAL, enumerate_with(self->x, byte, 1));
	}
}

TEST_F(bindings, are_not_read_to_a_bad_address)
{
	struct kvm_xen_dynhc *nowhere = (void *)8;
	uint32_t nr = 1;

	ASSERT_EQ(0, xen_dynhc_vmm(self->x, 1));
	EXPECT_EQ(-EFAULT, xen_dynhc_enum(self->x, nowhere, &nr));
	nr = 1;
	EXPECT_EQ(-EFAULT, xen_dynhc_enum(self->x, (void *)(~0ull & ~7ull), &nr));
	EXPECT_EQ(0, enumerate(self, self->x, 1));
	EXPECT_EQ(1, self->nr);
}

TEST_F(bindings, are_not_set_by_the_attribute_that_reads_them)
{
	struct kvm_xen_hvm_attr attr = { .type = KVM_XEN_ATTR_TYPE_DYNHC_ENUM };

	EXPECT_EQ(-ENOENT, xen_vm_set(self->x, &attr));
	EXPECT_EQ(0, xen_vm_get(self->x, &attr));
}

static int64_t guest_calls(struct xen_vm *x, uint32_t token, uint64_t arg)
{
	return xen_order(x, true, DYNHC_HYPERCALL, token, arg, 0);
}

TEST_F(bindings, work_in_another_vm_after_they_were_restored_there)
{
	struct xen_vm *other = xen_dynhc_vm_create(2, xen_guest_obey);
	struct kvm_xen_dynhc all[NR_BINDINGS];
	unsigned int i;

	xen_register_pages(other);
	assign_all(self, all);
	ASSERT_EQ(0, enumerate(self, self->x, ROOM));
	ASSERT_EQ(NR_BINDINGS, self->nr);
	for (i = 0; i < NR_BINDINGS; i++)
		ASSERT_EQ(0, xen_dynhc_assign(other, self->read[i]));

	/* As it was before. */
	ASSERT_EQ(0, enumerate(self, other, ROOM));
	ASSERT_EQ(NR_BINDINGS, self->nr);
	qsort(self->read, self->nr, sizeof(*self->read), compare);
	EXPECT_EQ(0, memcmp(all, self->read, sizeof(all)));

	EXPECT_EQ(0, guest_calls(other, 2, 5));
	EXPECT_EQ(0, guest_calls(other, 2, 6));
	EXPECT_EQ(1, xen_eventfd_take(self->event[1]));
	EXPECT_EQ(1, xen_eventfd_take(self->event[0]));
	EXPECT_EQ(0, guest_calls(other, 900, 0));
	EXPECT_TRUE(xen_is_pending(other->shinfo, 4000));
	EXPECT_EQ(-DYNHC_EINVAL, guest_calls(other, 901, 6));
	xen_vm_free(other);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
