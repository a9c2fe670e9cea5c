// SPDX-License-Identifier: GPL-2.0
/*
 * Which token the kernel picks, and how many bindings there may be.
 *
 * If this fails, a driver that still has a token of a device that is gone
 * calls a new device by it, two devices get the same one, or a VMM finds the
 * table full that is not.
 */
#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_dynhc.h"

FIXTURE(tokens) {
	struct xen_vm *x;
	int event;
	bool had[DYNHC_MAX_TOKEN + 1];
};

FIXTURE_SETUP(tokens)
{
	self->x = xen_dynhc_vm_create(1, NULL);
	self->event = xen_eventfd();
}

FIXTURE_TEARDOWN(tokens)
{
	xen_vm_free(self->x);
	close(self->event);
}

static int pick(struct xen_vm *x)
{
	return xen_dynhc_pick(x, (struct kvm_xen_dynhc) { .target = KVM_XEN_DYNHC_VMM });
}

/* Pick @nr; true if all were in range, and none was picked before. */
static bool pick_new(FIXTURE_DATA(tokens) *self, unsigned int nr)
{
	while (nr--) {
		int token = pick(self->x);

		if (token < 1 || token > DYNHC_MAX_TOKEN || self->had[token])
			return false;
		self->had[token] = true;
	}
	return true;
}

TEST_F(tokens, are_picked_once_each_until_there_are_none)
{
	unsigned int token;

	EXPECT_TRUE(pick_new(self, DYNHC_MAX_TOKEN));
	EXPECT_EQ(-ENOSPC, pick(self->x));
	EXPECT_EQ(DYNHC_MAX_TOKEN, xen_dynhc_nr(self->x));
	for (token = 1; token <= DYNHC_MAX_TOKEN; token++)
		ASSERT_EQ(-EEXIST, xen_dynhc_vmm(self->x, token));

	ASSERT_EQ(0, xen_dynhc_deassign(self->x, 77));
	EXPECT_EQ(77, pick(self->x));
	EXPECT_EQ(-ENOSPC, pick(self->x));
}

TEST_F(tokens, are_picked_for_each_target)
{
	struct kvm_xen_dynhc bindings[] = {
		{ .target = KVM_XEN_DYNHC_EVENTFD, .u.fd = self->event },
		{ .target = KVM_XEN_DYNHC_EVENTFD, .u.fd = self->event,
		  .flags = KVM_XEN_DYNHC_MATCH, .match = 5 },
		{ .target = KVM_XEN_DYNHC_EVTCHN,
		  .u.evtchn = { .port = 3, .priority = XEN_PRIO_2LEVEL } },
		{ .target = KVM_XEN_DYNHC_VMM, .flags = KVM_XEN_DYNHC_USER },
	};
	unsigned int i;
	int token;

	for (i = 0; i < ARRAY_SIZE(bindings); i++) {
		token = xen_dynhc_pick(self->x, bindings[i]);
		ASSERT_LT(0, token);
		ASSERT_GE(DYNHC_MAX_TOKEN, token);
		EXPECT_FALSE(self->had[token]);
		self->had[token] = true;
		EXPECT_EQ(i + 1, xen_dynhc_nr(self->x));
	}
}

TEST_F(tokens, that_are_bound_are_not_picked)
{
	unsigned int i;

	for (i = 1; i <= 8; i++) {
		ASSERT_EQ(0, xen_dynhc_match(self->x, i, 1, self->event));
		self->had[i] = true;
	}
	self->had[DYNHC_MAX_TOKEN] = true;
	ASSERT_EQ(0, xen_dynhc_vmm(self->x, DYNHC_MAX_TOKEN));
	EXPECT_TRUE(pick_new(self, DYNHC_MAX_TOKEN - 9));
	EXPECT_EQ(-ENOSPC, pick(self->x));
}

/* A token goes when its last eventfd does. */
TEST_F(tokens, of_several_eventfds_are_free_after_the_last)
{
	EXPECT_TRUE(pick_new(self, DYNHC_MAX_TOKEN - 1));
	ASSERT_EQ(0, xen_dynhc_reset(self->x));
	memset(self->had, 0, sizeof(self->had));
	ASSERT_EQ(0, xen_dynhc_match(self->x, 9, 1, self->event));
	ASSERT_EQ(0, xen_dynhc_match(self->x, 9, 2, self->event));
	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, 9, self->event));
	self->had[9] = true;
	EXPECT_TRUE(pick_new(self, DYNHC_MAX_TOKEN - 1));

	ASSERT_EQ(0, xen_dynhc_deassign(self->x, 9));
	EXPECT_EQ(-ENOSPC, pick(self->x));
	ASSERT_EQ(0, xen_dynhc_deassign_match(self->x, 9, 1));
	EXPECT_EQ(-ENOSPC, pick(self->x));
	ASSERT_EQ(0, xen_dynhc_deassign_match(self->x, 9, 2));
	EXPECT_EQ(9, pick(self->x));
}

TEST_F(tokens, that_were_freed_are_picked_after_all_others)
{
	int first, second;

	first = pick(self->x);
	second = pick(self->x);
	ASSERT_LT(0, first);
	ASSERT_LT(0, second);
	ASSERT_EQ(0, xen_dynhc_deassign(self->x, first));
	self->had[first] = true;
	self->had[second] = true;
	EXPECT_TRUE(pick_new(self, DYNHC_MAX_TOKEN - 2));
	EXPECT_EQ(first, pick(self->x));
	EXPECT_EQ(-ENOSPC, pick(self->x));
}

TEST_F(tokens, that_a_reset_freed_are_picked_last)
{
	ASSERT_TRUE(pick_new(self, 1000));
	ASSERT_EQ(0, xen_dynhc_reset(self->x));
	EXPECT_TRUE(pick_new(self, DYNHC_MAX_TOKEN - 1000));
	memset(self->had, 0, sizeof(self->had));
	EXPECT_TRUE(pick_new(self, 1000));
	EXPECT_EQ(-ENOSPC, pick(self->x));
}

/* An assignment that failed must not use up a token, nor move it. */
TEST_F(tokens, are_not_lost_by_errors)
{
	struct kvm_xen_dynhc nobody = {
		.target = KVM_XEN_DYNHC_HANDLER, .u.handler.name = "nobody",
	};
	struct kvm_xen_dynhc unheard = {
		.token = KVM_XEN_DYNHC_ANY_TOKEN, .target = KVM_XEN_DYNHC_VMM, .token_addr = 8,
	};
	unsigned int i;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(-ENXIO, xen_dynhc_pick(self->x, nobody));
		ASSERT_EQ(-EFAULT, xen_dynhc_assign(self->x, unheard));
	}
	EXPECT_TRUE(pick_new(self, DYNHC_MAX_TOKEN));
	EXPECT_EQ(-ENOSPC, pick(self->x));
}

TEST_F(tokens, are_each_vms_own)
{
	struct xen_vm *other = xen_dynhc_vm_create(1, NULL);

	ASSERT_TRUE(pick_new(self, DYNHC_MAX_TOKEN));
	EXPECT_EQ(0, xen_dynhc_nr(other));
	EXPECT_EQ(0, xen_dynhc_vmm(other, 1));
	EXPECT_EQ(0, xen_dynhc_reset(other));
	EXPECT_EQ(DYNHC_MAX_TOKEN, xen_dynhc_nr(self->x));
	xen_vm_free(other);
}

TEST_F(tokens, have_no_more_than_so_many_bindings)
{
	unsigned int i;

	for (i = 0; i < KVM_XEN_DYNHC_MAX_BINDINGS; i++)
		ASSERT_EQ(0, xen_dynhc_match(self->x, 1 + i % 16, i, self->event));
	EXPECT_EQ(-ENOSPC, xen_dynhc_match(self->x, 1, i, self->event));
	EXPECT_EQ(-ENOSPC, xen_dynhc_eventfd(self->x, 1, self->event));
	EXPECT_EQ(-ENOSPC, xen_dynhc_vmm(self->x, 17));
	EXPECT_EQ(-ENOSPC, pick(self->x));
	EXPECT_EQ(KVM_XEN_DYNHC_MAX_BINDINGS, xen_dynhc_nr(self->x));

	ASSERT_EQ(0, xen_dynhc_deassign_match(self->x, 1 + 33 % 16, 33));
	EXPECT_EQ(0, xen_dynhc_vmm(self->x, 17));
	EXPECT_EQ(-ENOSPC, xen_dynhc_vmm(self->x, 18));
	EXPECT_EQ(0, xen_dynhc_reset(self->x));
	EXPECT_EQ(0, xen_dynhc_vmm(self->x, 18));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
