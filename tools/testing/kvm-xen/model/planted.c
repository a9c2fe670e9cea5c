// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes that are easily made in the pure units, each of them alone.  The
 * explorer has to find every one, or it would not find the next real one.
 */
#include "test.h"
#include "unit.h"

static u32 *word_at(void *page, u16 offset, u32 bit)
{
	return (u32 *)((u8 *)page + offset) + bit / 32;
}

static bool test_bit(u32 *word, u32 bit)
{
	return READ_ONCE(*word) >> bit % 32 & 1;
}

/* A read and a write where one atomic change belongs. */
static bool torn_test_and_set_bit(u32 bit, u32 *word)
{
	u32 old = READ_ONCE(*word);

	WRITE_ONCE(*word, old | 1u << bit % 32);
	return old >> bit % 32 & 1;
}

static enum xen_evtchn_verdict mask_before_pending(void *shinfo,
						   const struct xen_layout *l,
						   u32 port)
{
	bool masked = test_bit(word_at(shinfo, l->mask, port), port);

	if (guest_test_and_set_bit(port % 32, word_at(shinfo, l->pending, port)))
		return XEN_EVTCHN_COALESCED;
	return masked ? XEN_EVTCHN_MASKED : XEN_EVTCHN_RAISED;
}

static enum xen_evtchn_verdict torn_pending(void *shinfo,
					    const struct xen_layout *l, u32 port)
{
	if (torn_test_and_set_bit(port, word_at(shinfo, l->pending, port)))
		return XEN_EVTCHN_COALESCED;
	if (test_bit(word_at(shinfo, l->mask, port), port))
		return XEN_EVTCHN_MASKED;
	return XEN_EVTCHN_RAISED;
}

static enum xen_evtchn_verdict masked_is_dropped(void *shinfo,
						 const struct xen_layout *l,
						 u32 port)
{
	if (test_bit(word_at(shinfo, l->mask, port), port))
		return XEN_EVTCHN_MASKED;
	return evtchn_2l_mark(shinfo, l, port);
}

static enum xen_evtchn_verdict looks_before_unmask(void *shinfo,
						   const struct xen_layout *l,
						   u32 port)
{
	bool pending = evtchn_2l_is_pending(shinfo, l, port);

	guest_clear_mask(1u << port % 32, word_at(shinfo, l->mask, port));
	return pending ? XEN_EVTCHN_RAISED : XEN_EVTCHN_COALESCED;
}

static bool flag_before_selector(void *info, const struct xen_layout *l,
				 u32 port)
{
	u32 bit = port >> l->sel_shift;
	bool due = !guest_raise_flag(info);

	guest_test_and_set_bit(bit % 32, word_at(info, l->sel, bit));
	return due;
}

static bool torn_selector(void *info, const struct xen_layout *l, u32 port)
{
	u32 bit = port >> l->sel_shift;

	if (torn_test_and_set_bit(bit, word_at(info, l->sel, bit)))
		return false;
	return !guest_raise_flag(info);
}

static bool torn_flag(void *info, const struct xen_layout *l, u32 port)
{
	u32 bit = port >> l->sel_shift;
	u8 *flag = info;
	u8 old;

	if (guest_test_and_set_bit(bit % 32, word_at(info, l->sel, bit)))
		return false;
	old = READ_ONCE(*flag);
	WRITE_ONCE(*flag, 1);
	return !old;
}

static bool upcall_per_selector(void *info, const struct xen_layout *l,
				u32 port)
{
	u32 bit = port >> l->sel_shift;

	if (guest_test_and_set_bit(bit % 32, word_at(info, l->sel, bit)))
		return false;
	guest_raise_flag(info);
	return true;
}

static bool flag_is_looked_at_first(void *info, const struct xen_layout *l,
				    u32 port)
{
	u32 bit = port >> l->sel_shift;
	u8 *flag = info;
	bool up = READ_ONCE(*flag);

	if (guest_test_and_set_bit(bit % 32, word_at(info, l->sel, bit)))
		return false;
	return !up && !guest_raise_flag(info);
}

static bool selector_of_the_other_width(void *info, const struct xen_layout *l,
					u32 port)
{
	return evtchn_2l_select(info, &xen_layouts[!xen_layout_width(l)],
				port % 1024);
}

static bool replay_flag_first(void *info, const struct xen_layout *l, u64 sel)
{
	bool due = !guest_raise_flag(info);

	guest_set_mask((u32)sel, word_at(info, l->sel, 0));
	if (l->sel_bits > 32)
		guest_set_mask(sel >> 32, word_at(info, l->sel, 32));
	return due;
}

static bool replay_overwrites(void *info, const struct xen_layout *l, u64 sel)
{
	WRITE_ONCE(*word_at(info, l->sel, 0), (u32)sel);
	if (l->sel_bits > 32)
		WRITE_ONCE(*word_at(info, l->sel, 32), sel >> 32);
	return !guest_raise_flag(info);
}

static bool replay_forgets_the_flag(void *info, const struct xen_layout *l,
				    u64 sel)
{
	guest_set_mask((u32)sel, word_at(info, l->sel, 0));
	if (l->sel_bits > 32)
		guest_set_mask(sel >> 32, word_at(info, l->sel, 32));
	return true;
}

static bool masked_is_not_pending(const void *shinfo,
				  const struct xen_layout *l, u32 port)
{
	void *page = (void *)shinfo;

	return test_bit(word_at(page, l->pending, port), port) &&
	       !test_bit(word_at(page, l->mask, port), port);
}

static void runstate_unannounced(const struct xen_runstate_area *area,
				 const struct xen_layout *l,
				 const struct xen_runstate *rs, bool announce)
{
	(void)announce;
	xen_runstate_store(area, l, rs, false);
}

/* Announced, and taken back before the copy has been made. */
static void runstate_announced_briefly(const struct xen_runstate_area *area,
				       const struct xen_layout *l,
				       const struct xen_runstate *rs,
				       bool announce)
{
	u8 *top = area->piece[0] + l->runstate_entry + 7;

	if (announce) {
		WRITE_ONCE(*top, *top | 0x80);
		WRITE_ONCE(*top, *top & 0x7f);
	}
	xen_runstate_store(area, l, rs, false);
}

static void clock_version_once(void *shinfo, const struct xen_layout *l,
			       u64 epoch_ns)
{
	u32 *wc = (u32 *)((u8 *)shinfo + l->wc);
	u64 sec = epoch_ns / NSEC_PER_SEC;

	WRITE_ONCE(wc[0], READ_ONCE(wc[0]) + 2);
	WRITE_ONCE(wc[1], (u32)sec);
	WRITE_ONCE(wc[2], (u32)(epoch_ns % NSEC_PER_SEC));
	WRITE_ONCE(*(u32 *)((u8 *)shinfo + l->wc_sec_hi), (u32)(sec >> 32));
}

static void clock_high_word_late(void *shinfo, const struct xen_layout *l,
				 u64 epoch_ns)
{
	u32 *hi = (u32 *)((u8 *)shinfo + l->wc_sec_hi), old = *hi;
	u64 era = (u64)NSEC_PER_SEC << 32;

	xen_wall_clock_store(shinfo, l, epoch_ns % era + old * era);
	WRITE_ONCE(*hi, (u32)(epoch_ns / NSEC_PER_SEC >> 32));
}

/* One wrong operation, in the words of the report. */
struct planted {
	const char *bug;
	struct unit unit;
};

#define PLANTED(name, member) { #name, .unit = { .member = name } }

static const struct planted planted[] = {
	PLANTED(mask_before_pending, events.mark),
	PLANTED(torn_pending, events.mark),
	PLANTED(masked_is_dropped, events.mark),
	PLANTED(looks_before_unmask, events.unmask),
	PLANTED(flag_before_selector, events.select),
	PLANTED(torn_selector, events.select),
	PLANTED(torn_flag, events.select),
	PLANTED(upcall_per_selector, events.select),
	PLANTED(flag_is_looked_at_first, events.select),
	PLANTED(selector_of_the_other_width, events.select),
	PLANTED(replay_flag_first, events.replay),
	PLANTED(replay_overwrites, events.replay),
	PLANTED(replay_forgets_the_flag, events.replay),
	PLANTED(masked_is_not_pending, events.is_pending),
	PLANTED(runstate_unannounced, runstate_store),
	PLANTED(runstate_announced_briefly, runstate_store),
	PLANTED(clock_version_once, wall_clock_store),
	PLANTED(clock_high_word_late, wall_clock_store),
};

struct unit real_unit(void)
{
	return (struct unit) {
		.events = {
			.mark = evtchn_2l_mark,
			.unmask = evtchn_2l_unmask,
			.select = evtchn_2l_select,
			.replay = evtchn_2l_replay,
			.is_pending = evtchn_2l_is_pending,
		},
		.runstate_store = xen_runstate_store,
		.wall_clock_store = xen_wall_clock_store,
	};
}

/* Take what the row names; the rest is real. */
#define TAKE(to, from, member) do {					\
	if ((from)->member)						\
		(to)->member = (from)->member;				\
} while (0)

bool planted_unit(unsigned int nr, struct unit *unit)
{
	const struct planted *row = &planted[nr];

	if (nr >= ARRAY_SIZE(planted))
		return false;

	*unit = real_unit();
	unit->bug = row->bug;
	TAKE(unit, &row->unit, events.mark);
	TAKE(unit, &row->unit, events.unmask);
	TAKE(unit, &row->unit, events.select);
	TAKE(unit, &row->unit, events.replay);
	TAKE(unit, &row->unit, events.is_pending);
	TAKE(unit, &row->unit, runstate_store);
	TAKE(unit, &row->unit, wall_clock_store);
	return true;
}
