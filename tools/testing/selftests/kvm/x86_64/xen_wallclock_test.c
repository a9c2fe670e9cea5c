// SPDX-License-Identifier: GPL-2.0
/*
 * The wall clock in shared_info: the time of day at which the guest's system
 * time was zero.
 *
 * If this fails, guests boot with a wrong date, or read one while it changes.
 */
#include <time.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"

/* What the clocks that are compared may drift apart in a test: very little. */
#define SLACK_NS	(10 * 1000 * 1000ll)

FIXTURE(wallclock) {
	struct xen_vm *x;
	struct xen_wall_clock *wc;
	uint32_t *sec_hi;
	struct xen_wall_clock *other_wc;	/* where the other width has it */
	uint32_t *other_sec_hi;
};

FIXTURE_VARIANT(wallclock) {
	bool wide;
};

FIXTURE_VARIANT_ADD(wallclock, narrow) { .wide = false };
FIXTURE_VARIANT_ADD(wallclock, wide) { .wide = true };

FIXTURE_SETUP(wallclock)
{
	struct xen_shared_info32 *narrow;
	struct xen_shared_info64 *wide;

	self->x = xen_vm_create_bare(1, variant->wide, NULL);
	narrow = (void *)self->x->shinfo;
	wide = (void *)self->x->shinfo;
	self->wc = variant->wide ? &wide->wc : &narrow->wc;
	self->sec_hi = variant->wide ? &wide->wc_sec_hi : &narrow->wc_sec_hi;
	self->other_wc = variant->wide ? &narrow->wc : &wide->wc;
	self->other_sec_hi = variant->wide ? &narrow->wc_sec_hi : &wide->wc_sec_hi;
}

FIXTURE_TEARDOWN(wallclock)
{
	xen_vm_free(self->x);
}

static int register_shinfo(struct xen_vm *x)
{
	return xen_set_shared_info(x, XEN_SHINFO_GPA / PAGE_SIZE);
}

static int64_t time_of_day(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* The VM's clock, and the time of day no later and no sooner than that. */
struct reading {
	int64_t clock, day_before, day_after;
};

static struct reading read_clocks(struct xen_vm *x)
{
	struct kvm_clock_data clock;
	struct reading r;

	r.day_before = time_of_day();
	vm_ioctl(x->vm, KVM_GET_CLOCK, &clock);
	r.day_after = time_of_day();
	r.clock = clock.clock;
	if (clock.flags & KVM_CLOCK_REALTIME) {
		/* Both were read at once. */
		r.day_before = clock.realtime;
		r.day_after = clock.realtime;
	}
	return r;
}

/*
 * Could a KVM that read both clocks, in either order and with any delay
 * between the two, come to @shown from what lies between the readings?
 */
static bool is_between(int64_t shown, struct reading first, struct reading last)
{
	return shown >= first.day_before - last.clock - SLACK_NS &&
	       shown <= last.day_after - first.clock + SLACK_NS;
}

static int64_t wallclock(const struct xen_wall_clock *wc, uint32_t sec_hi)
{
	return ((uint64_t)sec_hi << 32 | wc->sec) * NSEC_PER_SEC + wc->nsec;
}

TEST_F(wallclock, it_is_the_time_at_which_system_time_was_zero)
{
	struct reading first, last;
	int64_t shown;

	*self->sec_hi = 0xdeadbeef;
	first = read_clocks(self->x);
	ASSERT_EQ(0, register_shinfo(self->x));
	last = read_clocks(self->x);
	shown = wallclock(self->wc, *self->sec_hi);
	EXPECT_TRUE(is_between(shown, first, last));
	EXPECT_GT(NSEC_PER_SEC, self->wc->nsec);
}

TEST_F(wallclock, it_does_so_by_hva_too)
{
	struct reading first, last;
	int64_t shown;

	first = read_clocks(self->x);
	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, self->x->shinfo));
	last = read_clocks(self->x);
	shown = wallclock(self->wc, *self->sec_hi);
	EXPECT_TRUE(is_between(shown, first, last));
}

/* Half an hour of system time taken off makes zero half an hour later. */
TEST_F(wallclock, it_follows_the_clock_of_the_vm)
{
	struct kvm_clock_data clock = { .clock = 1800 * NSEC_PER_SEC };
	struct reading first, last;
	int64_t shown;

	vm_ioctl(self->x->vm, KVM_SET_CLOCK, &clock);
	first = read_clocks(self->x);
	ASSERT_EQ(0, register_shinfo(self->x));
	last = read_clocks(self->x);
	shown = wallclock(self->wc, *self->sec_hi);
	EXPECT_TRUE(is_between(shown, first, last));
	EXPECT_LE(1790 * NSEC_PER_SEC, time(NULL) * NSEC_PER_SEC - shown);
}

TEST_F(wallclock, its_version_is_even_and_changes_with_each_update)
{
	uint32_t version = 0;
	int turn;

	for (turn = 0; turn < 5; turn++) {
		ASSERT_EQ(0, register_shinfo(self->x));
		EXPECT_EQ(0, self->wc->version & 1);
		EXPECT_NE(version, self->wc->version);
		version = self->wc->version;
	}

	/* An update that was cut short, or not KVM's at all, left it odd. */
	self->wc->version = 0x1001;
	ASSERT_EQ(0, register_shinfo(self->x));
	EXPECT_EQ(0, self->wc->version & 1);
	EXPECT_NE(0x1001, self->wc->version);
}

TEST_F(wallclock, it_is_written_for_the_guests_width_only)
{
	ASSERT_EQ(0, register_shinfo(self->x));
	EXPECT_NE(0, self->wc->version);
	EXPECT_EQ(0, self->other_wc->version);
	EXPECT_EQ(0, self->other_wc->sec);
	EXPECT_EQ(0, *self->other_sec_hi);
}

TEST_F(wallclock, it_moves_with_the_guests_width)
{
	int64_t shown;

	ASSERT_EQ(0, register_shinfo(self->x));
	shown = wallclock(self->wc, *self->sec_hi);
	memset(self->x->shinfo, 0, PAGE_SIZE);
	*self->other_sec_hi = 0xdeadbeef;

	ASSERT_EQ(0, xen_set_long_mode(self->x, !variant->wide));
	EXPECT_EQ(0, self->wc->version);
	EXPECT_NE(0, self->other_wc->version);
	EXPECT_GE(NSEC_PER_SEC, llabs(wallclock(self->other_wc, *self->other_sec_hi) - shown));
}

TEST_F(wallclock, events_and_masks_beside_it_stay)
{
	memset(self->x->shinfo, 0x5a, PAGE_SIZE);
	ASSERT_EQ(0, register_shinfo(self->x));
	memset(self->wc, 0x5a, sizeof(*self->wc));
	*self->sec_hi = 0x5a5a5a5a;
	EXPECT_EQ(0x5a, self->x->shinfo[0]);
	EXPECT_EQ(0, memcmp(self->x->shinfo, self->x->shinfo + 1, PAGE_SIZE - 1));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO | KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA)
