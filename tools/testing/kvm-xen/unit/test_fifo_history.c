// SPDX-License-Identifier: GPL-2.0
/*
 * What went wrong in Xen's FIFO event channels, as far as it can go wrong in
 * the pure unit: a test for each, named after the commit or the advisory that
 * put it right there.  What is the caller's part is listed in README.md.
 */
#include "fifo_bed.h"
#include "test.h"

#define A	3
#define C	4
#define D	5
#define Q	7

/* A guest that changes the word of the tail before every access to it. */
static void restless(const volatile void *addr)
{
	if (addr == &bed.words[A])
		bed.words[A] ^= M;
}

/*
 * Xen dae2a1c5f9: linking looped for as long as the guest
 * changed the word of the tail.  Four attempts, then BUSY is taken back and
 * the queue starts anew.
 */
static void xen_dae2a1c5f9_restless_tail_is_given_up(void)
{
	bed_start();
	bed_send(A, 0, Q);
	bed_set_ready(0, 0);
	bed_interfere(0, restless);
	CHECK_EQ(bed_send(C, 0, Q), XEN_EVTCHN_RAISED);
	CHECK_EQ(bed.words[A] & B, 0);
	CHECK(bed.words[A] & L);
	CHECK_EQ(bed.words[A] & 0x1ffff, 0);
	CHECK_EQ(bed_head(0, Q), C);
	CHECK_EQ(bed.queues[0][Q].tail, C);
	/*
	 * To lock 2, the word 3, the last queue 1; read, try, read, BUSY, read,
	 * 3 tries, clear; head, ready: nothing that can be made to repeat.
	 */
	CHECK_EQ(bed_accesses(), 17);
	bed_stop();
}

static u64 noise = 1;

/* A guest that writes random words over all that is accessed. */
static void scribble(const volatile void *addr)
{
	u8 *byte = (u8 *)addr;

	noise = noise * 6364136223846793005ull + 1442695040888963407ull;
	if ((byte >= (u8 *)bed.words && byte < (u8 *)(bed.words + BED_PORTS)) ||
	    (byte >= bed.control[0] && byte < bed.control[0] + 72))
		*(u32 *)byte = noise >> 32;
}

/*
 * XSA-295: a guest could keep the hypervisor's atomic operations from ever
 * succeeding.
 */
static void xsa_295_no_guest_makes_the_kernel_loop(void)
{
	u32 i;

	bed_start();
	for (i = 0; i < 100000; i++) {
		bed_interfere(0, scribble);
		(i % 3 ? bed_send : bed_unmask)(3 + i % 5, 0, i % 2);
		if (!CHECK(bed_accesses() <= 20))
			break;
	}
	CHECK(bed.queues[0][0].tail < BED_PORTS);
	CHECK_EQ(bed_ready(1), 0);
	bed_stop();
}

/*
 * Xen e33d4257fc: a port that was taken off and went
 * to another queue remained the tail of the old one, so that the next event
 * there was linked behind it, on the wrong queue.
 */
static void xen_e33d4257fc_moved_port_is_no_tail_of_its_old_queue(void)
{
	bed_start();
	CHECK_EQ(bed_send(A, 0, Q), XEN_EVTCHN_RAISED);
	CHECK_EQ(bed_take(A), 0);
	CHECK_EQ(bed_send(A, 0, Q + 1), XEN_EVTCHN_RAISED);
	CHECK_EQ(bed.queues[0][Q].tail, 0);
	bed_set_ready(0, 1u << (Q + 1));

	CHECK_EQ(bed_send(C, 0, Q), XEN_EVTCHN_RAISED);
	CHECK_EQ(bed_head(0, Q), C);
	CHECK_EQ(bed.words[A], P | L);

	CHECK_EQ(bed_send(D, 0, Q + 1), XEN_EVTCHN_QUEUED);
	CHECK_EQ(bed.words[A], P | L | D);
	bed_stop();
}

/* The same for another vCPU's queue; and one that is no tail leaves it be. */
static void xen_e33d4257fc_moved_port_leaves_other_tails(void)
{
	bed_start();
	bed_send(A, 0, Q);
	bed_send(C, 0, Q);
	CHECK_EQ(bed_take(A), C);
	CHECK_EQ(bed_send(A, 1, Q), XEN_EVTCHN_RAISED);
	CHECK_EQ(bed.queues[0][Q].tail, C);
	CHECK_EQ(bed.queues[1][Q].tail, A);
	CHECK_EQ(bed_send(D, 0, Q), XEN_EVTCHN_QUEUED);
	CHECK_EQ(bed.words[C], P | L | D);
	CHECK_EQ(bed.words[A], P | L);
	bed_stop();
}

/*
 * Xen 70ccddb14a: READY was set again for queues
 * that the guest's loop was to come to anyhow, and the guest read stale heads.
 */
static void xen_70ccddb14a_ready_is_for_new_heads(void)
{
	bed_start();
	CHECK_EQ(bed_send(A, 0, Q), XEN_EVTCHN_RAISED);
	bed_set_ready(0, 0);
	CHECK_EQ(bed_send(C, 0, Q), XEN_EVTCHN_QUEUED);
	CHECK_EQ(bed_send(C, 0, Q), XEN_EVTCHN_COALESCED);
	CHECK_EQ(bed_send(A, 0, Q), XEN_EVTCHN_COALESCED);
	CHECK_EQ(bed_ready(0), 0);
	CHECK_EQ(bed_head(0, Q), A);
	bed_stop();
}

static bool all_was_there;

static void look_when_ready(const volatile void *addr)
{
	if (addr == bed.control[0])
		all_was_there = bed.words[A] == (P | L) &&
				bed_head(0, Q) == A &&
				bed.queues[0][Q].lock.held;
}

static void look_when_linked(const volatile void *addr)
{
	if (addr == &bed.words[A] && !(bed.words[A] & 0x1ffff))
		all_was_there = bed.words[C] == (P | L) &&
				bed.queues[0][Q].lock.held;
}

/*
 * Xen 71ac522909: the guest could be woken, or find the
 * link, before the event was to be seen; and the lock was let go too early.
 */
static void xen_71ac522909_event_is_complete_before_ready(void)
{
	bed_start();
	all_was_there = false;
	bed_interfere(0, look_when_ready);
	CHECK_EQ(bed_send(A, 0, Q), XEN_EVTCHN_RAISED);
	CHECK(all_was_there);

	all_was_there = false;
	bed_interfere(0, look_when_linked);
	CHECK_EQ(bed_send(C, 0, Q), XEN_EVTCHN_QUEUED);
	CHECK(all_was_there);
	bed_stop();
}

static const struct evtchn_fifo_queue *first_last;
static unsigned int half_moved;

static void note_last(const volatile void *addr)
{
	if (addr == &bed.ports[A].last && bed.ports[A].last != first_last)
		half_moved++;
}

/*
 * Xen 1277cb9dc5 and 6f6f07b64c: the vCPU and the priority of
 * the last queue were two fields, read one after the other while they changed.
 * Here they are one pointer, stored once.
 */
static void xen_1277cb9dc5_last_queue_is_one_word(void)
{
	bed_start();
	CHECK_EQ(sizeof(bed.ports[A].last), sizeof(void *));
	bed_send(A, 0, Q);
	bed_take(A);
	first_last = bed.ports[A].last;
	half_moved = 0;
	bed_interfere(0, note_last);
	bed_send(A, 1, Q + 1);
	CHECK_EQ(half_moved, 0);
	CHECK(bed.ports[A].last == &bed.queues[1][Q + 1]);
	bed_stop();
}

static void change_requests(const volatile void *addr)
{
	(void)addr;
	bed.ports[A].priority++;
	bed.ports[A].dest.raw += 0x10001;
}

/* Xen 6f6f07b64c: the priority was read again after its queue was locked. */
static void xen_6f6f07b64c_priority_is_read_once(void)
{
	bed_start();
	bed_interfere(0, change_requests);
	CHECK_EQ(bed_send(A, 0, Q), XEN_EVTCHN_RAISED);
	CHECK_EQ(bed_ready(0), 1u << Q);
	CHECK_EQ(bed_head(0, Q), A);
	CHECK_EQ(bed.queues[0][Q].tail, A);
	CHECK(bed.ports[A].last == &bed.queues[0][Q]);
	bed_stop();
}

static void *page;

/*
 * XSA-107: events of ports whose page was not there crashed the hypervisor, and
 * were lost once that was fixed (917c123029, a4e0cea6fc).
 */
static void xsa_107_event_without_a_page_is_kept(void)
{
	bed_start();
	page = NULL;
	CHECK(evtchn_fifo_save(&bed.ports[A], &page));
	page = bed.words;
	CHECK(evtchn_fifo_take_saved(&bed.ports[A]));
	CHECK_EQ(bed_send(A, 0, Q), XEN_EVTCHN_RAISED);
	CHECK(!evtchn_fifo_take_saved(&bed.ports[A]));
	bed_stop();
}

/* When the page appears, and when its adder looks for saved events: once. */
static unsigned int appears_at, looks_at;
static bool taken;

static void add_page(const volatile void *addr)
{
	(void)addr;
	if (bed_accesses() == appears_at)
		page = bed.words;
	if (bed_accesses() != looks_at)
		return;
	taken = bed.ports[A].saved;
	bed.ports[A].saved = 0;
}

static void save_while_added(unsigned int appears, unsigned int looks)
{
	bool saved;

	about("page before access %u, look before access %u", appears, looks);
	bed_start();
	page = NULL;
	taken = false;
	appears_at = appears;
	looks_at = looks;
	bed_interfere(0, add_page);
	saved = evtchn_fifo_save(&bed.ports[A], &page);
	seam_hook = NULL;
	if (bed_accesses() < looks)
		taken = evtchn_fifo_take_saved(&bed.ports[A]);
	CHECK(saved == taken);
	CHECK_EQ(bed.ports[A].saved, 0);
	bed_stop();
}

/*
 * XSA-358 and XSA-359: what was published, and who looked for it, were not in
 * order.  Wherever the page appears, exactly one of the two raises the event.
 */
static void xsa_358_359_event_is_raised_by_one(void)
{
	unsigned int appears, looks;

	for (appears = 1; appears <= 5; appears++)
		for (looks = appears; looks <= 5; looks++)
			save_while_added(appears, looks);
}

static void move_port(struct seam_lock *lock)
{
	static unsigned int nr;

	(void)lock;
	bed.ports[A].last = &bed.queues[1][nr++ % BED_QUEUES];
}

/*
 * Xen 8aa0e9d2d1: nothing of an event
 * that comes to nothing may be seen.
 */
static void xen_8aa0e9d2d1_event_that_is_left_is_not_pending(void)
{
	bed_start();
	seam_lock_hook = move_port;
	CHECK_EQ(bed_send(A, 0, Q), XEN_EVTCHN_COALESCED);
	CHECK_EQ(bed.words[A], 0);
	CHECK_EQ(bed_ready(0), 0);
	CHECK_EQ(bed.queues[0][Q].tail, 0);
	bed_stop();
}

static const struct test tests[] = {
	TEST(xen_dae2a1c5f9_restless_tail_is_given_up),
	TEST(xsa_295_no_guest_makes_the_kernel_loop),
	TEST(xen_e33d4257fc_moved_port_is_no_tail_of_its_old_queue),
	TEST(xen_e33d4257fc_moved_port_leaves_other_tails),
	TEST(xen_70ccddb14a_ready_is_for_new_heads),
	TEST(xen_71ac522909_event_is_complete_before_ready),
	TEST(xen_1277cb9dc5_last_queue_is_one_word),
	TEST(xen_6f6f07b64c_priority_is_read_once),
	TEST(xsa_107_event_without_a_page_is_kept),
	TEST(xsa_358_359_event_is_raised_by_one),
	TEST(xen_8aa0e9d2d1_event_that_is_left_is_not_pending),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
