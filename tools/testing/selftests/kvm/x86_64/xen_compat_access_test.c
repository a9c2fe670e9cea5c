// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit guest's vcpu_info at any place that its alignment of 4 allows.
 *
 * If this fails, events of a 32-bit guest are selected in the wrong word, or
 * its words beside the selector are written to.  Stock 6.12 passes: its 8-byte
 * read-modify-write of the 4-byte selector puts the neighbour's value back,
 * and the split lock that it takes where both words lie in different cache
 * lines is only slow, or fatal with split_lock_detect=fatal, but not visible
 * to a test.  So this proves the places, and the unit tests the width.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen.h"

#define NARROW_PAGE	XEN_SPARE_GPA(0)
#define FILL		0xa5

static void guest_code(void)
{
	for (;;)
		GUEST_SYNC(0);
}

FIXTURE(compat) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	uint8_t *page;
};

FIXTURE_SETUP(compat)
{
	self->x = xen_vm_create(1, false, guest_code);
	self->vcpu = self->x->vcpu[0];
	self->page = xen_hva(self->x, NARROW_PAGE);
	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, KVM_XEN_INVALID_GPA));
}

FIXTURE_TEARDOWN(compat)
{
	xen_vm_free(self->x);
}

/* All around is filled; the flag and the selector begin as zero. */
static struct xen_vcpu_info32 *prepare(FIXTURE_DATA(compat) *self, unsigned int offset)
{
	struct xen_vcpu_info32 *vi = (void *)(self->page + offset);

	memset(self->page, FILL, PAGE_SIZE);
	vi->evtchn_upcall_pending = 0;
	vi->evtchn_pending_sel = 0;
	return vi;
}

/* True where nothing but flag, selector and time info was written. */
static bool neighbours_are_untouched(FIXTURE_DATA(compat) *self, unsigned int offset)
{
	unsigned int i;

	for (i = 0; i < PAGE_SIZE; i++) {
		if (i == offset || (i >= offset + 4 && i < offset + 8) ||
		    (i >= offset + 32 && i < offset + 64))
			continue;
		if (self->page[i] != FILL)
			return false;
	}
	return true;
}

TEST_F(compat, every_bit_of_the_selector_is_set_and_no_other)
{
	struct xen_vcpu_info32 *vi = prepare(self, 0);
	uint32_t bit;

	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, NARROW_PAGE));
	for (bit = 0; bit < 32; bit++) {
		vi->evtchn_pending_sel = 0;
		ASSERT_EQ(0, xen_send(self->x, bit * 32 + 17, 0));
		EXPECT_EQ(1u << bit, vi->evtchn_pending_sel);
		EXPECT_EQ(1, vi->evtchn_upcall_pending);
	}
	EXPECT_TRUE(neighbours_are_untouched(self, 0));
}

TEST_F(compat, every_alignment_is_served_across_cache_lines_and_up_to_the_page_end)
{
	struct xen_vcpu_info32 *vi;
	unsigned int offset;

	for (offset = 0; offset <= PAGE_SIZE - 64; offset += offset < 128 ? 4 : 60) {
		vi = prepare(self, offset);
		ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, NARROW_PAGE + offset));
		xen_clear_pending(self->x->shinfo, 1023);
		ASSERT_EQ(0, xen_send(self->x, 1023, 0));
		EXPECT_EQ(1u << 31, vi->evtchn_pending_sel);
		EXPECT_EQ(1, vi->evtchn_upcall_pending);
		EXPECT_TRUE(neighbours_are_untouched(self, offset));
	}
}

TEST_F(compat, the_last_64_bytes_of_a_page_are_served)
{
	struct xen_vcpu_info32 *vi = prepare(self, PAGE_SIZE - 64);

	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, NARROW_PAGE + PAGE_SIZE - 64));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, vi->evtchn_pending_sel);
	EXPECT_TRUE(neighbours_are_untouched(self, PAGE_SIZE - 64));
}

TEST_F(compat, a_host_address_serves_as_a_guest_address_does)
{
	struct xen_vcpu_info32 *vi = prepare(self, 60);

	TEST_REQUIRE(xen_caps() & KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA);
	ASSERT_EQ(0, xen_set_vcpu_info_hva(self->vcpu, self->page + 60));
	ASSERT_EQ(0, xen_send(self->x, 100, 0));
	EXPECT_EQ(1u << 3, vi->evtchn_pending_sel);
	EXPECT_TRUE(neighbours_are_untouched(self, 60));
}

TEST_F(compat, selections_that_waited_for_the_page_are_set_in_place)
{
	struct xen_vcpu_info32 *vi = prepare(self, 60);

	ASSERT_EQ(0, xen_step(self->vcpu));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	ASSERT_EQ(0, xen_send(self->x, 1023, 0));
	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, NARROW_PAGE + 60));
	xen_send(self->x, 33, 0);
	ASSERT_EQ(0, xen_step(self->vcpu));
	EXPECT_TRUE(vi->evtchn_pending_sel & 2);
	EXPECT_TRUE(neighbours_are_untouched(self, 60));
}

TEST_F(compat, other_alignments_and_page_crossings_are_refused)
{
	unsigned int offset;

	for (offset = 1; offset < 4; offset++) {
		EXPECT_EQ(-ENXIO, xen_set_vcpu_info(self->vcpu, NARROW_PAGE + offset));
		EXPECT_EQ(-ENXIO, xen_set_vcpu_info_hva(self->vcpu, self->page + offset));
	}
	EXPECT_NE(0, xen_set_vcpu_info(self->vcpu, NARROW_PAGE + PAGE_SIZE - 60));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
