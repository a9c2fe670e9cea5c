// SPDX-License-Identifier: GPL-2.0
/*
 * Wall clock and deadlines.  If this fails, guests boot in the wrong year, read
 * half a date, or sleep for ever.
 */
#include <stdlib.h>

#include "time_abi.h"
#include "test.h"
#include "watch.h"

#define SEC	1000000000ull

static const struct watch_field clock_fields[XEN_NR_WIDTHS][2] = {
	[XEN_NARROW] = { { 0x900, 12, 4 }, { 0x924, 4, 4 } },
	[XEN_WIDE] = { { 0xc00, 12, 4 }, { 0xc0c, 4, 4 } },
};

static const u64 epochs[] = {
	0, 1, SEC - 1, SEC, SEC + 1,
	1700000000ull * SEC + 123456789,
	0xffffffffull * SEC + 999999999,	/* the last second of the low word */
	0x100000000ull * SEC,			/* the first that needs the high one */
	~0ull,
};

static const u32 versions[] = {
	0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xfffffffd, 0xfffffffe, 0xffffffff,
};

static u32 word(const u8 *page, u16 offset)
{
	return *(const u32 *)(page + offset);
}

static void check_surroundings(const u8 *page, const struct watch_field *fields)
{
	u32 i;

	for (i = 0; i < XEN_ABI_PAGE_SIZE; i++) {
		if ((i >= fields[0].offset && i < fields[0].offset + 12u) ||
		    (i >= fields[1].offset && i < fields[1].offset + 4u))
			continue;
		CHECK_EQ(page[i], watch_pattern(i));
	}
}

static void check_order(u16 wc, u16 hi)
{
	CHECK_EQ(watch_nr, 6);
	watch_expect(0, SEAM_READ, 0, wc, 4);
	watch_expect(1, SEAM_WRITE, 0, wc, 4);
	watch_expect(2, SEAM_WRITE, 0, wc + 4, 4);
	watch_expect(3, SEAM_WRITE, 0, wc + 8, 4);
	watch_expect(4, SEAM_WRITE, 0, hi, 4);
	watch_expect(5, SEAM_WRITE, 0, wc, 4);
}

static void store_one(int w, u32 version, u64 epoch)
{
	const struct watch_field *fields = clock_fields[w];
	u16 wc = fields[0].offset, hi = fields[1].offset;
	u8 *page = aligned_alloc(64, XEN_ABI_PAGE_SIZE);

	about("width %d version %#x epoch %llu", w, version,
	      (unsigned long long)epoch);
	watch_fill(page, XEN_ABI_PAGE_SIZE);
	*(u32 *)(page + wc) = version;

	watch_start();
	watch_region(page, XEN_ABI_PAGE_SIZE, fields, 2);
	xen_wall_clock_store(page, &xen_layouts[w], epoch);
	watch_stop();

	check_order(wc, hi);
	CHECK_EQ(word(page, wc) % 2, 0);
	CHECK(word(page, wc) != version);
	CHECK_EQ(((u64)word(page, hi) << 32 | word(page, wc + 4)) * SEC +
		 word(page, wc + 8), epoch);
	CHECK(word(page, wc + 8) < SEC);
	check_surroundings(page, fields);
	free(page);
}

static void wall_clock_is_written_in_both_widths(void)
{
	size_t v, e;
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++)
		for (v = 0; v < ARRAY_SIZE(versions); v++)
			for (e = 0; e < ARRAY_SIZE(epochs); e++)
				store_one(w, versions[v], epochs[e]);
}

struct deadline_case {
	u64 expires, now;
	s64 delta;
	bool overflow;		/* by the rule of set_timer_op */
};

#define S64_MAX_U	0x7fffffffffffffffull
#define FAR		(1ull << 50)
#define SOON		100000000

static const struct deadline_case deadlines[] = {
	{ 0, 0, 0, false },
	{ 1, 0, 1, false },
	{ 0, 1, -1, false },
	{ 5 * SEC, 5 * SEC, 0, false },
	{ 5 * SEC + 1, 5 * SEC, 1, false },
	{ 5 * SEC - 1, 5 * SEC, -1, false },
	{ 1, S64_MAX_U, -(s64)(S64_MAX_U - 1), false },
	{ FAR - 1, 0, FAR - 1, false },
	{ FAR, 0, FAR, true },
	{ 7 * SEC + FAR - 1, 7 * SEC, FAR - 1, false },
	{ 7 * SEC + FAR, 7 * SEC, FAR, true },
	{ S64_MAX_U, 0, S64_MAX_U, true },
	{ S64_MAX_U, S64_MAX_U, 0, false },
	{ S64_MAX_U + 1, S64_MAX_U, 1, true },
	{ S64_MAX_U + 1, 0, -S64_MAX_U - 1, true },
	{ ~0ull, 0, -1, true },
	{ ~0ull, 5 * SEC, -1 - 5 * (s64)SEC, true },
};

static void deadline_is_what_the_guest_said(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(deadlines); i++) {
		const struct deadline_case *c = &deadlines[i];
		struct xen_deadline d = xen_deadline(c->expires, c->now);

		about("case %zu", i);
		CHECK_EQ(d.expires, c->expires);
		CHECK_EQ(d.delta, c->delta);
	}
}

static void set_timer_op_takes_absurd_times_for_overflows(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(deadlines); i++) {
		const struct deadline_case *c = &deadlines[i];
		struct xen_deadline d;

		about("case %zu", i);
		d = xen_deadline_set_timer_op(c->expires, c->now);
		CHECK_EQ(d.expires, c->overflow ? c->now + SOON : c->expires);
		CHECK_EQ(d.delta, c->overflow ? SOON : c->delta);
	}
}

static const struct test tests[] = {
	TEST(wall_clock_is_written_in_both_widths),
	TEST(deadline_is_what_the_guest_said),
	TEST(set_timer_op_takes_absurd_times_for_overflows),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
