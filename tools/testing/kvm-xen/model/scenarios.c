// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios: senders, a guest, and selections that are deferred and replayed, in every order.
 *
 * Each event carries data, a counter that its sender increments before raising
 * the event and that the guest reads when it handles it.  In the end the guest
 * gets the upcalls that are due and unmasks what it masked; an event is lost
 * where the guest has not read the last value then.  And an upcall has to be
 * due as often as evtchn_upcall_pending went from 0 to 1.
 *
 * If this fails, guests hang for want of an event, some days after booting.
 */
#include "consumer.h"
#include "explore.h"
#include "suite.h"
#include "test.h"
#include "unit.h"

#define UPDATE	(1ull << 63)

static struct world {
	u8 shinfo[XEN_ABI_PAGE_SIZE];
	u32 unused;			/* vcpu_info is aligned to 4 only */
	u8 vcpu_info[XEN_ABI_VCPU_INFO_SIZE];
	u32 irr;			/* an upcall waits to be taken */
	u64 deferred;
	u32 data[2], seen[2];
	u32 raised, upcalls;
	u32 polling, woken;
	u8 area[sizeof(struct xen_abi_runstate64)];
	u8 flag_before;
} world __attribute__((aligned(64)));

struct scenario {
	const char *name;
	u32 ports[2];
	struct actor actors[EXPLORE_ACTORS];
	void (*prepare)(void);
	void (*handle)(u32 port);	/* NULL: handle() */
};

static struct unit unit;
static const struct scenario *scenario;
static const struct xen_layout *layout;
static struct guest guest;
static u32 ports[2];

/* Bring about an upcall, as an interrupt of the vCPU. */
static void upcall(void)
{
	seam_report(&world.irr, sizeof(world.irr), SEAM_GUEST);
	world.irr = 1;
	world.upcalls++;
}

static void produce(u32 which)
{
	seam_report(&world.data[which], sizeof(u32), SEAM_GUEST);
	world.data[which]++;
}

static void send(u32 which)
{
	produce(which);
	if (unit.events.mark(world.shinfo, layout, ports[which]) !=
	    XEN_EVTCHN_RAISED)
		return;
	if (unit.events.select(world.vcpu_info, layout, ports[which]))
		upcall();
}

static void send_twice(u32 which)
{
	send(which);
	send(which);
}

/* A sender that finds vcpu_info not mapped. */
static void send_deferred(u32 which)
{
	produce(which);
	if (unit.events.mark(world.shinfo, layout, ports[which]) !=
	    XEN_EVTCHN_RAISED)
		return;
	seam_report(&world.deferred, sizeof(world.deferred), SEAM_GUEST);
	world.deferred |= evtchn_2l_selector(layout, ports[which]);
}

static bool may_replay(void)
{
	return world.deferred || explore_earlier_done();
}

/* The vCPU's own thread: takes deferred selections, for as long as there may be more. */
static void replay_deferred(u32 unused)
{
	u64 sel;

	(void)unused;
	for (;;) {
		explore_wait(may_replay);
		sel = world.deferred;
		world.deferred = 0;
		explore_note(sel);
		if (!sel)
			return;
		if (unit.events.replay(world.vcpu_info, layout, sel))
			upcall();
	}
}

static void consume(u32 which)
{
	seam_report(&world.data[which], sizeof(u32), SEAM_GUEST);
	world.seen[which] = world.data[which];
}

static void handle(u32 port)
{
	consume(port == ports[1]);
}

static void unmask(u32 which)
{
	if (guest_unmask(&guest, ports[which]))
		upcall();
}

/* What the guest does where handlers of a port may not nest. */
static void handle_masked(u32 port)
{
	guest_mask(&guest, port);
	handle(port);
	unmask(port == ports[1]);
}

static void mask_and_unmask(u32 which)
{
	guest_mask(&guest, ports[which]);
	unmask(which);
}

static void unmask_by_hypercall(u32 which)
{
	if (unit.events.unmask(world.shinfo, layout, ports[which]) !=
	    XEN_EVTCHN_RAISED)
		return;
	if (unit.events.select(world.vcpu_info, layout, ports[which]))
		upcall();
}

static void mask(u32 which)
{
	guest_mask(&guest, ports[which]);
}

static bool may_receive(void)
{
	return world.irr || explore_earlier_done();
}

/* The guest's vCPU: looks when it was interrupted, and at no other time. */
static void receive(u32 unused)
{
	u32 irr;

	(void)unused;
	for (;;) {
		explore_wait(may_receive);
		irr = world.irr;
		world.irr = 0;
		explore_note(irr);
		if (!irr)
			return;
		guest_upcall(&guest);
	}
}

/* A guest that looks on its own account, too. */
static void receive_eagerly(u32 unused)
{
	guest_upcall(&guest);
	receive(unused);
}

static void send_to_poller(u32 which)
{
	enum xen_evtchn_verdict verdict;

	verdict = unit.events.mark(world.shinfo, layout, ports[which]);
	if (verdict == XEN_EVTCHN_COALESCED)
		return;
	seam_report(&world.polling, sizeof(u32), SEAM_GUEST);
	if (world.polling)
		world.woken = 1;
}

/* Sleeps in the end; the final check finds out whether somebody woke it. */
static void poll(u32 which)
{
	seam_report(&world.polling, sizeof(u32), SEAM_GUEST);
	world.polling = 1;
	if (unit.events.is_pending(world.shinfo, layout, ports[which]))
		world.woken = 1;
}

/* Clocks that differ in all of their words. */
static const u64 clocks[] = {
	(0x111111111ull * NSEC_PER_SEC) + 111111111,
	(0x222222222ull * NSEC_PER_SEC) + 222222222,
	(0x333333333ull * NSEC_PER_SEC) + 333333333,
};

static void write_clock(u32 nr)
{
	unit.wall_clock_store(world.shinfo, layout, clocks[nr]);
}

static void write_clock_twice(u32 nr)
{
	write_clock(nr);
	write_clock(nr + 1);
}

static u32 read_word(u16 offset)
{
	u32 value;

	seam_report(world.shinfo + offset, sizeof(value), SEAM_GUEST);
	memcpy(&value, world.shinfo + offset, sizeof(value));
	return value;
}

static void read_clock(u32 unused)
{
	u16 wc = guest.wide ? 0xc00 : 0x900, hi = guest.wide ? 0xc0c : 0x924;
	u32 version = read_word(wc);
	u64 sec = read_word(wc + 4);
	u64 ns = read_word(wc + 8);
	size_t i;

	(void)unused;
	sec |= (u64)read_word(hi) << 32;
	if (version % 2 || version != read_word(wc))
		return;

	ns += sec * NSEC_PER_SEC;
	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		if (ns == clocks[i])
			return;
	}
	explore_fail("a clock was read that nobody wrote");
}

/* Runstates that differ in all of their bytes. */
static const struct xen_runstate runstates[] = {
	{ 0x01010101, 0x0101010101010101, {
		0x0101010101010101, 0x0101010101010101,
		0x0101010101010101, 0x0101010101010101 } },
	{ 0x02020202, 0x0202020202020202, {
		0x0202020202020202, 0x0202020202020202,
		0x0202020202020202, 0x0202020202020202 } },
};

static void store_runstate(u32 nr)
{
	struct xen_runstate_area area = {
		.piece = { world.area },
		.len = { layout->runstate_size },
	};

	unit.runstate_store(&area, layout, &runstates[nr], true);
}

/* What a guest may distinguish in a field: old, new, or neither. */
static u32 runstate_class(u8 offset, u8 len)
{
	u32 nr, class = 0;

	explore_step(world.area + offset, len);
	for (nr = 0; nr < ARRAY_SIZE(runstates); nr++) {
		u8 bytes[8];

		memset(bytes, nr + 1, sizeof(bytes));
		if (!memcmp(world.area + offset, bytes, len))
			class = nr + 1;
	}

	explore_note(class);
	return class;
}

static u32 area_word(u8 offset)
{
	u32 value;

	seam_report(world.area + offset, sizeof(value), SEAM_GUEST);
	memcpy(&value, world.area + offset, sizeof(value));
	return value;
}

/* A 32-bit guest reads halves, the high one again; false: give up. */
static bool read_entry(u64 *entry)
{
	u8 offset = guest.wide ? 8 : 4;
	u32 high;

	if (guest.wide) {
		seam_report(world.area + offset, sizeof(*entry), SEAM_GUEST);
		memcpy(entry, world.area + offset, sizeof(*entry));
		return !(*entry & UPDATE);
	}

	high = area_word(offset + 4);
	*entry = (u64)high << 32 | area_word(offset);
	return !(*entry & UPDATE) && area_word(offset + 4) == high;
}

static void read_runstate(u32 unused)
{
	u8 times = guest.wide ? 16 : 12, i;
	u64 before, after;
	u32 class;
	bool same = true;

	(void)unused;
	if (!read_entry(&before))
		return;
	class = runstate_class(0, 4);
	for (i = 0; i < 4; i++)
		same &= runstate_class(times + 8 * i, 8) == class;
	if (!read_entry(&after) || before != after)
		return;
	if (!same || !class || before != runstates[class - 1].entry_time)
		explore_fail("a runstate was read that nobody wrote");
}

static void set_guest_bit(u16 offset, u32 port)
{
	world.shinfo[offset + port / 8] |= 1 << port % 8;
}

static void start_masked(void)
{
	set_guest_bit(layout->mask, ports[0]);
	set_guest_bit(layout->mask, ports[1]);
}

/* An event was sent and its selection deferred before there was a vcpu_info. */
static void start_deferred(void)
{
	world.data[1] = 1;
	set_guest_bit(layout->pending, ports[1]);
	world.deferred = evtchn_2l_selector(layout, ports[1]);
}

static void start_clock(void)
{
	xen_wall_clock_store(world.shinfo, layout, clocks[0]);
}

static void start_runstate(void)
{
	struct xen_runstate_area area = {
		.piece = { world.area },
		.len = { layout->runstate_size },
	};

	xen_runstate_store(&area, layout, &runstates[0], false);
}

static const struct scenario scenarios[] = {
	{ "a sender and the guest", { 5, 6 },
	  { { "sender", send, 0 }, { "guest", receive, 0 } }, NULL, NULL },
	{ "a sender of two events and the guest", { 5, 6 },
	  { { "sender", send_twice, 0 }, { "guest", receive, 0 } }, NULL, NULL },
	{ "two senders without a guest", { 5, 6 },
	  { { "sender A", send, 0 }, { "sender B", send, 1 } }, NULL, NULL },
	{ "two senders of one port and the guest", { 5, 6 },
	  { { "sender A", send, 0 }, { "sender B", send, 0 },
	    { "guest", receive, 0 } }, NULL, NULL },
	{ "two senders of one word and the guest", { 5, 31 },
	  { { "sender A", send, 0 }, { "sender B", send, 1 },
	    { "guest", receive, 0 } }, NULL, NULL },
	{ "two senders of a word's two halves and the guest", { 31, 32 },
	  { { "sender A", send, 0 }, { "sender B", send, 1 },
	    { "guest", receive, 0 } }, NULL, NULL },
	{ "two senders of two words and the guest", { 1, 1023 },
	  { { "sender A", send, 0 }, { "sender B", send, 1 },
	    { "guest", receive, 0 } }, NULL, NULL },
	{ "two senders of selectors' two halves and the guest", { 64, 4000 },
	  { { "sender A", send, 0 }, { "sender B", send, 1 },
	    { "guest", receive, 0 } }, NULL, NULL },
	{ "two senders and a guest that looks unasked", { 5, 70 },
	  { { "sender A", send, 0 }, { "sender B", send, 1 },
	    { "guest", receive_eagerly, 0 } }, NULL, NULL },
	{ "two senders and a guest that masks what it handles", { 5, 6 },
	  { { "sender A", send, 0 }, { "sender B", send, 0 },
	    { "guest", receive, 0 } }, NULL, handle_masked },
	{ "a sender, the guest, and another vCPU that masks", { 5, 6 },
	  { { "sender", send, 0 }, { "masker", mask, 0 },
	    { "guest", receive, 0 } }, NULL, NULL },
	{ "a sender, the guest, and another vCPU that masks and unmasks",
	  { 5, 6 },
	  { { "sender", send, 0 }, { "masker", mask_and_unmask, 0 },
	    { "guest", receive, 0 } }, NULL, NULL },
	{ "a sender of two events and another vCPU that masks and unmasks",
	  { 5, 6 },
	  { { "sender", send_twice, 0 }, { "masker", mask_and_unmask, 0 },
	    { "guest", receive, 0 } }, NULL, NULL },
	{ "a sender of a masked port, its unmasker and the guest", { 5, 6 },
	  { { "sender", send, 0 }, { "unmasker", unmask, 0 },
	    { "guest", receive, 0 } }, start_masked, NULL },
	{ "a sender of a masked port, its unmasker by hypercall and the guest",
	  { 5, 6 },
	  { { "sender", send, 0 }, { "unmasker", unmask_by_hypercall, 0 },
	    { "guest", receive, 0 } }, start_masked, NULL },
	{ "a sender that defers, the replayer and the guest", { 5, 6 },
	  { { "sender", send_deferred, 0 }, { "replayer", replay_deferred, 0 },
	    { "guest", receive, 0 } }, NULL, NULL },
	{ "a sender, a replayer of the other port and the guest", { 5, 200 },
	  { { "sender", send, 0 }, { "replayer", replay_deferred, 0 },
	    { "guest", receive, 0 } }, start_deferred, NULL },
	{ "a sender, a replayer of the same word and the guest", { 5, 6 },
	  { { "sender", send, 0 }, { "replayer", replay_deferred, 0 },
	    { "guest", receive, 0 } }, start_deferred, NULL },
	{ "a poller and two senders of its port", { 5, 6 },
	  { { "sender A", send_to_poller, 0 }, { "sender B", send_to_poller, 0 },
	    { "poller", poll, 0 } }, NULL, NULL },
	{ "a poller and a sender of its masked port", { 5, 6 },
	  { { "sender", send_to_poller, 0 }, { "poller", poll, 0 } },
	  start_masked, NULL },
	{ "a writer and a reader of the wall clock", { 5, 6 },
	  { { "writer", write_clock_twice, 1 }, { "reader", read_clock, 0 } },
	  start_clock, NULL },
	{ "a writer and a reader of a runstate", { 5, 6 },
	  { { "writer", store_runstate, 1 }, { "reader", read_runstate, 0 } },
	  start_runstate, NULL },
};

static void start(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ports); i++)
		ports[i] = scenario->ports[i] % layout->nr_ports;
	if (scenario->prepare)
		scenario->prepare();
}

/* evtchn_upcall_pending is observed from outside, whichever actor changes it. */
static void observe(void)
{
	if (world.vcpu_info[0] && !world.flag_before)
		world.raised++;
	world.flag_before = world.vcpu_info[0];
}

static void drain(void)
{
	while (world.irr) {
		world.irr = 0;
		guest_upcall(&guest);
	}
}

/* The guest takes what is due, and then unmasks: that must find the rest. */
static void check_events(void)
{
	u32 i;

	drain();
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		if (world.seen[i] != world.data[i] &&
		    !guest_sees_masked(&guest, ports[i]))
			explore_fail("an event was lost");
	}

	for (i = 0; i < ARRAY_SIZE(ports); i++)
		unmask(i);
	drain();
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		if (world.seen[i] != world.data[i])
			explore_fail("an event was lost while it was masked");
	}
}

static void check_end(void)
{
	if (world.polling) {
		if (!world.woken)
			explore_fail("a poller sleeps though its port is pending");
		return;
	}

	if (world.upcalls != world.raised)
		explore_fail("not one upcall for each rise of the flag");
	check_events();
}

#define IN(addr, field)							\
	((uintptr_t)(addr) - (uintptr_t)&world.field < sizeof(world.field))

static const char *place(const volatile void *addr)
{
	static char text[32];
	const char *name = "other";
	uintptr_t base = (uintptr_t)&world;

	if (IN(addr, shinfo))
		name = "shared_info";
	if (IN(addr, vcpu_info))
		name = "vcpu_info", base = (uintptr_t)world.vcpu_info;
	if (IN(addr, irr))
		name = "interrupt", base = (uintptr_t)&world.irr;
	if (IN(addr, data))
		name = "data", base = (uintptr_t)world.data;
	if (IN(addr, area))
		name = "runstate", base = (uintptr_t)world.area;
	snprintf(text, sizeof(text), "%s+%#x", name,
		 (u32)((uintptr_t)addr - base));
	return text;
}

static const char *choose(size_t nr, struct explore_job *job)
{
	scenario = &scenarios[nr];
	guest.handle = scenario->handle ? scenario->handle : handle;
	job->actors = scenario->actors;
	return scenario->name;
}

static struct suite suite = {
	.nr_scenarios = ARRAY_SIZE(scenarios),
	.choose = choose,
	.job = {
		.world = &world,
		.size = sizeof(world),
		.start = start,
		.observe = observe,
		.check_end = check_end,
		.name = place,
	},
};

static void run_width(int width)
{
	size_t i;

	layout = &xen_layouts[width];
	guest = (struct guest) {
		world.shinfo, world.vcpu_info, width == XEN_WIDE, handle,
	};
	suite.prefix = width == XEN_WIDE ? "wide: " : "narrow: ";
	unit = real_unit();
	expect_no_violation(&suite);
	for (i = 0; planted_unit(i, &unit); i++)
		expect_found(&suite, unit.bug);
}

int main(void)
{
	int w;

	for (w = 0; w < XEN_NR_WIDTHS; w++)
		run_width(w);
	return report_end();
}
