// SPDX-License-Identifier: GPL-2.0
/*
 * The 2-level ABI, one operation at a time: each port, each selector, each
 * verdict, and that nothing else is touched.  If this fails, events go to other
 * ports, or a guest dies of a split lock.
 */
#include <stdlib.h>

#include "evtchn_2l.h"
#include "test.h"
#include "watch.h"

/* As the ABI has it: where the bitmaps and pending_sel begin, and end. */
static const struct {
	u16 nr_ports, pending, mask;
	u8 sel, sel_bits, word_bits;
} places[XEN_NR_WIDTHS] = {
	[XEN_NARROW] = { 1024, 0x800, 0x880, 4, 32, 32 },
	[XEN_WIDE] = { 4096, 0x800, 0xa00, 8, 64, 64 },
};

static const struct watch_field shinfo_fields[XEN_NR_WIDTHS][2] = {
	[XEN_NARROW] = { { 0x800, 128, 4 }, { 0x880, 128, 4 } },
	[XEN_WIDE] = { { 0x800, 512, 4 }, { 0xa00, 512, 4 } },
};

static const struct watch_field info_fields[XEN_NR_WIDTHS][2] = {
	[XEN_NARROW] = { { 0, 1, 1 }, { 4, 4, 4 } },
	[XEN_WIDE] = { { 0, 1, 1 }, { 8, 8, 4 } },
};

/* Pages as they shall be, changed by the byte as a guest would see it. */
static u8 *page, expected[XEN_ABI_PAGE_SIZE];

static void put_bit(u8 *base, u32 offset, u32 bit, bool value)
{
	u8 *byte = base + offset + bit / 8;

	*byte = (*byte & ~(1 << bit % 8)) | value << bit % 8;
}

static void start_shinfo(int width)
{
	page = aligned_alloc(64, XEN_ABI_PAGE_SIZE);
	watch_fill(page, XEN_ABI_PAGE_SIZE);
	watch_fill(expected, XEN_ABI_PAGE_SIZE);
	watch_start();
	watch_region(page, XEN_ABI_PAGE_SIZE, shinfo_fields[width], 2);
}

static void stop_shinfo(void)
{
	watch_stop();
	free(page);
}

struct mark_case {
	const char *name;
	bool pending, mask;
	enum xen_evtchn_verdict verdict;
	unsigned int accesses;
};

static const struct mark_case mark_cases[] = {
	{ "idle", false, false, XEN_EVTCHN_RAISED, 2 },
	{ "masked", false, true, XEN_EVTCHN_MASKED, 2 },
	{ "pending", true, false, XEN_EVTCHN_COALESCED, 1 },
	{ "pending and masked", true, true, XEN_EVTCHN_COALESCED, 1 },
};

static void mark_one(int w, u32 port, const struct mark_case *c)
{
	u16 word = port / 32 * 4;

	about("width %d port %u %s", w, port, c->name);
	put_bit(page, places[w].pending, port, c->pending);
	put_bit(page, places[w].mask, port, c->mask);
	put_bit(expected, places[w].pending, port, true);
	put_bit(expected, places[w].mask, port, c->mask);

	watch_clear();
	CHECK_EQ(evtchn_2l_mark(page, &xen_layouts[w], port), c->verdict);
	CHECK_EQ(watch_nr, c->accesses);
	watch_expect(0, SEAM_RMW, 0, places[w].pending + word, 4);
	if (c->accesses > 1)
		watch_expect(1, SEAM_READ, 0, places[w].mask + word, 4);
	CHECK(!memcmp(page, expected, XEN_ABI_PAGE_SIZE));
}

static void mark_sets_its_bit_and_says_what_that_did(void)
{
	size_t c;
	u32 port;
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++) {
		start_shinfo(w);
		for (port = 0; port < places[w].nr_ports; port++)
			for (c = 0; c < ARRAY_SIZE(mark_cases); c++)
				mark_one(w, port, &mark_cases[c]);
		stop_shinfo();
	}
}

/* The state of a port before a call, which begins here, ... */
static void put_port(int w, u32 port, bool pending, bool mask)
{
	about("width %d port %u pending %d mask %d", w, port, pending, mask);
	put_bit(page, places[w].pending, port, pending);
	put_bit(page, places[w].mask, port, mask);
	watch_clear();
}

/* ... and after it. */
static void expect_port(int w, u32 port, bool pending, bool mask)
{
	put_bit(expected, places[w].pending, port, pending);
	put_bit(expected, places[w].mask, port, mask);
}

static void unmask_one(int w, u32 port, bool pending, bool mask)
{
	u16 word = port / 32 * 4;

	put_port(w, port, pending, mask);
	expect_port(w, port, pending, false);
	CHECK_EQ(evtchn_2l_unmask(page, &xen_layouts[w], port),
		 pending ? XEN_EVTCHN_RAISED : XEN_EVTCHN_COALESCED);
	CHECK_EQ(watch_nr, 2);
	watch_expect(0, SEAM_RMW, 0, places[w].mask + word, 4);
	watch_expect(1, SEAM_READ, 0, places[w].pending + word, 4);
	CHECK(!memcmp(page, expected, XEN_ABI_PAGE_SIZE));
}

static void mask_one(int w, u32 port, bool pending, bool mask)
{
	put_port(w, port, pending, mask);
	expect_port(w, port, pending, true);
	evtchn_2l_mask(page, &xen_layouts[w], port);
	CHECK_EQ(watch_nr, 1);
	watch_expect(0, SEAM_RMW, 0, places[w].mask + port / 32 * 4, 4);
	CHECK(!memcmp(page, expected, XEN_ABI_PAGE_SIZE));
}

/* Each port in each of its states. */
static void for_all(void (*one)(int w, u32 port, bool pending, bool mask))
{
	u32 port, state;
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++) {
		start_shinfo(w);
		for (port = 0; port < places[w].nr_ports; port++)
			for (state = 0; state < 4; state++)
				one(w, port, state & 1, state & 2);
		stop_shinfo();
	}
}

static void unmask_reports_an_event_that_came_while_masked(void)
{
	for_all(unmask_one);
}

static void mask_sets_its_bit_alone(void)
{
	for_all(mask_one);
}

/* Both bits of the port, and that @fn reads the bitmap at @place alone, for @result. */
static void look_at(int w, u32 port, bool pending, bool mask,
		    bool (*fn)(const void *shinfo, const struct xen_layout *layout, u32 port),
		    u16 place, bool result)
{
	put_port(w, port, pending, mask);
	expect_port(w, port, pending, mask);
	CHECK_EQ(fn(page, &xen_layouts[w], port), result);
	CHECK_EQ(watch_nr, 1);
	watch_expect(0, SEAM_READ, 0, place + port / 32 * 4, 4);
	CHECK(!memcmp(page, expected, XEN_ABI_PAGE_SIZE));
}

static void look_at_pending(int w, u32 port, bool pending, bool mask)
{
	look_at(w, port, pending, mask, evtchn_2l_is_pending, places[w].pending, pending);
}

static void is_pending_does_not_mind_the_mask(void)
{
	for_all(look_at_pending);
}

static void look_at_mask(int w, u32 port, bool pending, bool mask)
{
	look_at(w, port, pending, mask, evtchn_2l_is_masked, places[w].mask, mask);
}

static void is_masked_does_not_mind_the_pending_bit(void)
{
	for_all(look_at_mask);
}

static void forget_one(int w, u32 port, bool pending, bool mask)
{
	put_port(w, port, pending, mask);
	expect_port(w, port, false, mask);
	evtchn_2l_forget(page, &xen_layouts[w], port);
	CHECK_EQ(watch_nr, 1);
	watch_expect(0, SEAM_RMW, 0, places[w].pending + port / 32 * 4, 4);
	CHECK(!memcmp(page, expected, XEN_ABI_PAGE_SIZE));
}

static void forget_clears_its_pending_bit_alone(void)
{
	for_all(forget_one);
}

static void ports_are_counted_per_width(void)
{
	CHECK_EQ(evtchn_2l_nr_ports(&xen_layouts[XEN_NARROW]), 1024);
	CHECK_EQ(evtchn_2l_nr_ports(&xen_layouts[XEN_WIDE]), 4096);
}

static void selector_is_one_bit_for_a_word_of_ports(void)
{
	u32 port;
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++) {
		for (port = 0; port < places[w].nr_ports; port++) {
			about("width %d port %u", w, port);
			CHECK_EQ(evtchn_2l_selector(&xen_layouts[w], port),
				 1ull << port / places[w].word_bits);
		}
	}
}

/*
 * A vcpu_info that ends with its allocation, aligned to 4 and not to 8, or at
 * some other place: 60 bytes into a cache line its words straddle two.
 */
struct info {
	u8 *memory, *base;
	u8 expected[XEN_ABI_VCPU_INFO_SIZE];
};

static void start_info(struct info *i, int width, u32 offset)
{
	i->memory = aligned_alloc(64, 192);
	i->base = i->memory + offset;
	watch_fill(i->base, XEN_ABI_VCPU_INFO_SIZE);
	watch_fill(i->expected, XEN_ABI_VCPU_INFO_SIZE);
	watch_start();
	watch_region(i->base, XEN_ABI_VCPU_INFO_SIZE, info_fields[width], 2);
}

static void stop_info(struct info *i)
{
	watch_stop();
	free(i->memory);
}

struct select_case {
	const char *name;
	bool selected;
	u8 flag, flag_after;
	bool due;
	unsigned int accesses;
};

static const struct select_case select_cases[] = {
	{ "idle", false, 0, 1, true, 2 },
	{ "flag is up", false, 1, 1, false, 2 },
	{ "flag is odd", false, 0x80, 1, false, 2 },
	{ "selected, flag is up", true, 1, 1, false, 1 },
	{ "selected, guest is between its two steps", true, 0, 0, false, 1 },
};

static void select_one(struct info *i, int w, u32 port,
		       const struct select_case *c)
{
	u32 bit = port / places[w].word_bits;

	about("width %d port %u at %#x %s", w, port,
	      (u32)(i->base - i->memory), c->name);
	put_bit(i->base, places[w].sel, bit, c->selected);
	put_bit(i->expected, places[w].sel, bit, true);
	i->base[0] = c->flag;
	i->expected[0] = c->flag_after;

	watch_clear();
	CHECK_EQ(evtchn_2l_select(i->base, &xen_layouts[w], port), c->due);
	CHECK_EQ(watch_nr, c->accesses);
	watch_expect(0, SEAM_RMW, 0, places[w].sel + bit / 32 * 4, 4);
	if (c->accesses > 1)
		watch_expect(1, SEAM_RMW, 0, 0, 1);
	CHECK(!memcmp(i->base, i->expected, sizeof(i->expected)));
}

static void select_all(struct info *i, int w)
{
	size_t c;
	u32 bit;

	for (bit = 0; bit < places[w].sel_bits; bit++) {
		u32 port = bit * places[w].word_bits;

		for (c = 0; c < ARRAY_SIZE(select_cases); c++) {
			select_one(i, w, port, &select_cases[c]);
			select_one(i, w, port + places[w].word_bits - 1,
				   &select_cases[c]);
		}
	}
}

static void select_raises_the_flag_for_a_new_selector(void)
{
	struct info i;
	u32 offset;
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++) {
		for (offset = 0; offset <= 128; offset += 4) {
			start_info(&i, w, offset);
			select_all(&i, w);
			stop_info(&i);
		}
	}
}

static const u64 deferred[] = {
	1, 1ull << 31, 1ull << 32, 1ull << 63, 0x8000000180000001, ~0ull, 0,
};

static const u8 flags[] = { 0, 1, 2, 0xff };

static void replay_one(int w, u32 offset, u64 sel, u8 flag)
{
	u32 bit, words = places[w].sel_bits / 32;
	struct info i;

	about("width %d at %#x sel %#llx flag %u", w, offset,
	      (unsigned long long)sel, flag);
	start_info(&i, w, offset);
	i.base[0] = flag;
	i.expected[0] = 1;
	for (bit = 0; bit < places[w].sel_bits; bit++)
		if (sel >> bit & 1)
			put_bit(i.expected, places[w].sel, bit, true);

	CHECK_EQ(evtchn_2l_replay(i.base, &xen_layouts[w], sel), !flag);
	CHECK_EQ(watch_nr, words + 1);
	watch_expect(0, SEAM_RMW, 0, places[w].sel, 4);
	if (words > 1)
		watch_expect(1, SEAM_RMW, 0, places[w].sel + 4, 4);
	watch_expect(words, SEAM_RMW, 0, 0, 1);
	CHECK(!memcmp(i.base, i.expected, sizeof(i.expected)));
	stop_info(&i);
}

static void replay_adds_deferred_selections(void)
{
	size_t s, f;
	u32 offset;
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++)
		for (offset = 0; offset <= 128; offset += 4)
			for (s = 0; s < ARRAY_SIZE(deferred); s++)
				for (f = 0; f < ARRAY_SIZE(flags); f++)
					replay_one(w, offset, deferred[s], flags[f]);
}

static const struct test tests[] = {
	TEST(mark_sets_its_bit_and_says_what_that_did),
	TEST(unmask_reports_an_event_that_came_while_masked),
	TEST(mask_sets_its_bit_alone),
	TEST(is_pending_does_not_mind_the_mask),
	TEST(is_masked_does_not_mind_the_pending_bit),
	TEST(forget_clears_its_pending_bit_alone),
	TEST(ports_are_counted_per_width),
	TEST(selector_is_one_bit_for_a_word_of_ports),
	TEST(select_raises_the_flag_for_a_new_selector),
	TEST(replay_adds_deferred_selections),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
