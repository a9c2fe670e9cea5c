// SPDX-License-Identifier: GPL-2.0
/*
 * Runstate areas: in both layouts, at every place where they can be cut in two
 * by the end of a page, with and without announcing the update.  If this
 * fails, guests account steal time wrongly, or another's memory is written.
 */
#include <stdlib.h>

#include "runstate_abi.h"
#include "test.h"
#include "watch.h"

#define UPDATE		(1ull << 63)

static const struct xen_runstate states[] = {
	{ 0, 0, { 0, 0, 0, 0 } },
	{ 1, 0x0123456789abcdef, { 1, 2, 3, 4 } },
	{ 2, UPDATE - 1, { ~0ull, 0, ~0ull, 0 } },
	{ 3, UPDATE | 0x1122334455667788, { 1ull << 63, 5, 6, 1ull << 32 } },
	{ 0xffffffff, ~0ull, { ~0ull, ~0ull, ~0ull, ~0ull } },
};

/* Where the parts lie, from the ABI: the wide layout pads behind the state. */
static const struct {
	u8 size, entry, times;
} places[XEN_NR_WIDTHS] = {
	[XEN_NARROW] = { 44, 4, 12 },
	[XEN_WIDE] = { 48, 8, 16 },
};

/* One area, as two pieces that are allocated to the byte. */
struct fixture {
	const struct xen_layout *layout;
	struct xen_runstate_area area;
	struct watch_field fields[2];
	int width;
};

static void set_up(struct fixture *f, int width, u8 first)
{
	u8 second = places[width].size - first;

	f->width = width;
	f->layout = &xen_layouts[width];
	f->area = (struct xen_runstate_area) {
		.piece = { malloc(first), second ? malloc(second) : NULL },
		.len = { first, second },
	};
	f->fields[0] = (struct watch_field) { 0, first, 1 };
	f->fields[1] = (struct watch_field) { 0, second, 1 };

	watch_start();
	watch_fill(f->area.piece[0], first);
	watch_region(f->area.piece[0], first, &f->fields[0], 1);
	if (second) {
		watch_fill(f->area.piece[1], second);
		watch_region(f->area.piece[1], second, &f->fields[1], 1);
	}
}

static void tear_down(struct fixture *f)
{
	watch_stop();
	free(f->area.piece[0]);
	free(f->area.piece[1]);
}

static u8 *area_byte(const struct fixture *f, u8 offset)
{
	u8 first = f->area.len[0];

	return offset < first ? &f->area.piece[0][offset] :
				&f->area.piece[1][offset - first];
}

static u64 area_number(const struct fixture *f, u8 offset, u8 len)
{
	u64 number = 0;

	while (len--)
		number = number << 8 | *area_byte(f, offset + len);
	return number;
}

static void check_content(const struct fixture *f, const struct xen_runstate *rs)
{
	u8 entry = places[f->width].entry, times = places[f->width].times;
	int i;

	CHECK_EQ(area_number(f, 0, 4), rs->state);
	CHECK_EQ(area_number(f, 4, entry - 4), 0);
	CHECK_EQ(area_number(f, entry, 8), rs->entry_time & ~UPDATE);
	for (i = 0; i < 4; i++)
		CHECK_EQ(area_number(f, times + 8 * i, 8), rs->time[i]);
}

/* The offset of a logged access in the whole area. */
static u8 accessed(const struct fixture *f, unsigned int nr)
{
	return watch_log[nr].offset + (watch_log[nr].region ? f->area.len[0] : 0);
}

static void check_copy(const struct fixture *f, unsigned int from)
{
	unsigned int i;

	for (i = 0; i < places[f->width].size; i++) {
		CHECK_EQ(watch_log[from + i].how, SEAM_COPY);
		CHECK_EQ(accessed(f, from + i), i);
	}
}

/* The byte that announces is the first and the last that is written. */
static void check_announced(const struct fixture *f)
{
	u8 size = places[f->width].size, top = places[f->width].entry + 7;

	if (!CHECK_EQ(watch_nr, size + 2))
		return;
	CHECK_EQ(watch_log[0].how, SEAM_WRITE);
	CHECK_EQ(accessed(f, 0), top);
	check_copy(f, 1);
	CHECK_EQ(watch_log[size + 1].how, SEAM_WRITE);
	CHECK_EQ(accessed(f, size + 1), top);
}

static void store_one(int width, u8 first, size_t nr, bool announce)
{
	struct fixture f;

	about("width %d cut at %u state %zu announce %d", width, first, nr,
	      announce);
	set_up(&f, width, first);
	xen_runstate_store(&f.area, f.layout, &states[nr], announce);
	check_content(&f, &states[nr]);
	if (announce)
		check_announced(&f);
	else if (CHECK_EQ(watch_nr, places[width].size))
		check_copy(&f, 0);
	tear_down(&f);
}

static void store_everywhere(bool announce)
{
	size_t nr;
	int w;
	u8 first;

	for (w = 0; w < XEN_NR_WIDTHS; w++)
		for (first = 1; first <= places[w].size; first++)
			for (nr = 0; nr < ARRAY_SIZE(states); nr++)
				store_one(w, first, nr, announce);
}

static void runstate_is_stored_wherever_the_page_ends(void)
{
	store_everywhere(false);
}

static void update_is_announced_around_the_store(void)
{
	store_everywhere(true);
}

static struct fixture *seen;
static bool expect_update;

static bool in_area(const volatile u8 *addr)
{
	const struct xen_runstate_area *a = &seen->area;

	return (addr >= a->piece[0] && addr < a->piece[0] + a->len[0]) ||
	       (addr >= a->piece[1] && addr < a->piece[1] + a->len[1]);
}

/* The state of the update bit before each byte that is copied. */
static void check_bit(const volatile void *addr, size_t len,
		      enum seam_access how)
{
	u8 top = *area_byte(seen, places[seen->width].entry + 7);

	(void)len;
	if (how == SEAM_COPY && in_area(addr))
		CHECK_EQ(top >> 7, expect_update);
}

static void store_and_look(int width, bool announce)
{
	struct fixture f;

	about("width %d announce %d", width, announce);
	set_up(&f, width, 13);
	*area_byte(&f, places[width].entry + 7) = 0;
	seen = &f;
	expect_update = announce;
	seam_hook = check_bit;
	xen_runstate_store(&f.area, f.layout, &states[3], announce);
	check_content(&f, &states[3]);
	tear_down(&f);
}

static void update_bit_is_up_exactly_when_announced(void)
{
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++) {
		store_and_look(w, false);
		store_and_look(w, true);
	}
}

static void first_len_ends_with_the_page(void)
{
	u32 offset;
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++) {
		for (offset = 0; offset < 4096; offset++) {
			u32 room = 4096 - offset, size = places[w].size;

			about("width %d offset %u", w, offset);
			CHECK_EQ(xen_runstate_first_len(&xen_layouts[w], offset),
				 room < size ? room : size);
		}
	}
}

static const struct test tests[] = {
	TEST(runstate_is_stored_wherever_the_page_ends),
	TEST(update_is_announced_around_the_store),
	TEST(update_bit_is_up_exactly_when_announced),
	TEST(first_len_ends_with_the_page),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
