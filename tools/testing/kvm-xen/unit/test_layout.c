// SPDX-License-Identifier: GPL-2.0
/*
 * The two widths as constants.  The numbers here are written from the ABI, not
 * from abi.h: if this fails, guests find nothing where they look for it.
 */
#include "layout.h"
#include "test.h"

static const struct xen_layout expected[XEN_NR_WIDTHS] = {
	[XEN_NARROW] = {
		.nr_ports = 1024, .sel_shift = 5, .sel_bits = 32,
		.pending = 0x800, .mask = 0x880, .sel = 4,
		.wc = 0x900, .wc_sec_hi = 0x924,
		.runstate_size = 44, .runstate_entry = 4,
	},
	[XEN_WIDE] = {
		.nr_ports = 4096, .sel_shift = 6, .sel_bits = 64,
		.pending = 0x800, .mask = 0xa00, .sel = 8,
		.wc = 0xc00, .wc_sec_hi = 0xc0c,
		.runstate_size = 48, .runstate_entry = 8,
	},
};

static void layouts_have_the_numbers_of_the_abi(void)
{
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++) {
		const struct xen_layout *l = &xen_layouts[w];

		about("width %d", w);
		CHECK_EQ(l->nr_ports, expected[w].nr_ports);
		CHECK_EQ(l->sel_shift, expected[w].sel_shift);
		CHECK_EQ(l->sel_bits, expected[w].sel_bits);
		CHECK_EQ(l->pending, expected[w].pending);
		CHECK_EQ(l->mask, expected[w].mask);
		CHECK_EQ(l->sel, expected[w].sel);
		CHECK_EQ(l->wc, expected[w].wc);
		CHECK_EQ(l->wc_sec_hi, expected[w].wc_sec_hi);
		CHECK_EQ(l->runstate_size, expected[w].runstate_size);
		CHECK_EQ(l->runstate_entry, expected[w].runstate_entry);
	}
}

static void bitmaps_do_not_overlap(void)
{
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++) {
		const struct xen_layout *l = &xen_layouts[w];

		about("width %d", w);
		CHECK(l->pending + l->nr_ports / 8 <= l->mask);
		CHECK(l->mask + l->nr_ports / 8 <= l->wc);
		CHECK(l->wc + 12 <= l->wc_sec_hi);
		CHECK(l->wc_sec_hi + 4u <= XEN_ABI_PAGE_SIZE);
		CHECK(l->sel + l->sel_bits / 8 <= (int)XEN_ABI_TIME_OFFSET);
	}
}

static void every_port_has_a_selector(void)
{
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++) {
		const struct xen_layout *l = &xen_layouts[w];

		about("width %d", w);
		CHECK_EQ((l->nr_ports - 1) >> l->sel_shift, l->sel_bits - 1);
	}
}

static void a_layout_knows_its_width(void)
{
	CHECK_EQ(xen_layout_width(&xen_layouts[XEN_NARROW]), XEN_NARROW);
	CHECK_EQ(xen_layout_width(&xen_layouts[XEN_WIDE]), XEN_WIDE);
}

static void arguments_of_hypercalls_have_the_guests_layout(void)
{
	CHECK_EQ(offsetof(struct xen_abi_sched_poll32, ports), 0);
	CHECK_EQ(offsetof(struct xen_abi_sched_poll32, nr_ports), 4);
	CHECK_EQ(offsetof(struct xen_abi_sched_poll32, timeout), 8);
	CHECK_EQ(offsetof(struct xen_abi_sched_poll64, nr_ports), 8);
	CHECK_EQ(offsetof(struct xen_abi_sched_poll64, timeout), 16);
	CHECK_EQ(offsetof(struct xen_abi_singleshot_timer, flags), 8);
}

static const struct test tests[] = {
	TEST(layouts_have_the_numbers_of_the_abi),
	TEST(bitmaps_do_not_overlap),
	TEST(every_port_has_a_selector),
	TEST(a_layout_knows_its_width),
	TEST(arguments_of_hypercalls_have_the_guests_layout),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
