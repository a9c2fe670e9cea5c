// SPDX-License-Identifier: GPL-2.0
/*
 * The FIFO ABI, one operation at a time: each state of a word with each state
 * of the queue's tail, the verdicts, and that nothing else is touched.  If this
 * fails, events are lost, or a guest's queue ends in somebody else's.
 */
#include "fifo_bed.h"
#include "test.h"

#define NR	77
#define OTHER	1023		/* the queue's tail, where it is not NR */
#define NEITHER	5

/* What comes of a word, and what that comes to; or it goes onto its queue. */
static const struct word_case {
	u32 before, after;
	bool queued;		/* and RAISED unless it is behind others */
	enum xen_evtchn_verdict verdict;
} word_cases[] = {
	{ 0,		 P | L,		true, XEN_EVTCHN_RAISED },
	{ P,		 P | L,		true, XEN_EVTCHN_RAISED },
	{ M,		 P | M,		false, XEN_EVTCHN_MASKED },
	{ P | M,	 P | M,		false, XEN_EVTCHN_COALESCED },
	{ L,		 P | L,		false, XEN_EVTCHN_QUEUED },
	{ P | L,	 P | L,		false, XEN_EVTCHN_COALESCED },
	{ M | L,	 P | M | L,	false, XEN_EVTCHN_MASKED },
	{ P | M | L,	 P | M | L,	false, XEN_EVTCHN_COALESCED },
	{ B,		 P | L | B,	true, XEN_EVTCHN_RAISED },
	{ P | B,	 P | L | B,	true, XEN_EVTCHN_RAISED },
	{ M | B,	 P | M | B,	false, XEN_EVTCHN_MASKED },
	{ P | M | B,	 P | M | B,	false, XEN_EVTCHN_COALESCED },
	{ L | B,	 P | L | B,	false, XEN_EVTCHN_QUEUED },
	{ P | L | B,	 P | L | B,	false, XEN_EVTCHN_COALESCED },
	{ M | L | B,	 P | M | L | B,	false, XEN_EVTCHN_MASKED },
	{ P | M | L | B, P | M | L | B, false, XEN_EVTCHN_COALESCED },
	/* A LINK that is there already is the guest's or another port's. */
	{ L | 9,	 P | L | 9,	false, XEN_EVTCHN_QUEUED },
	{ 9,		 P | L | 9,	true, XEN_EVTCHN_RAISED },
};

/* The tail of the queue that an event goes to. */
static const struct tail_case {
	const char *name;
	u32 tail;
	u32 before, after;	/* its word, where it is another port's */
	bool head;		/* the event starts the queue anew */
} tail_cases[] = {
	{ "never used", 0, 0, 0, true },
	{ "taken", OTHER, 0, 0, true },
	{ "taken, pending again", OTHER, P, P, true },
	{ "taken, masked", OTHER, P | M, P | M, true },
	{ "taken, with a link", OTHER, P | 3, P | 3, true },
	{ "linked", OTHER, P | L, P | L | NR, false },
	{ "linked, handled", OTHER, L, L | NR, false },
	{ "linked, masked", OTHER, P | M | L, P | M | L | NR, false },
	{ "linked, busy", OTHER, P | L | B, P | L | NR, false },
	{ "linked, masked, busy", OTHER, M | L | B, M | L | NR, false },
	{ "linked, with a link", OTHER, L | 0x1ffff, L | NR, false },
	{ "the port itself", NR, 0, 0, true },
};

/* Where the port was last. */
enum from { FROM_NOWHERE, FROM_THERE, FROM_ELSEWHERE, NR_FROM };

static struct evtchn_fifo_queue *from_queue(enum from from, u8 priority)
{
	switch (from) {
	case FROM_NOWHERE:
		return &bed.nowhere;
	case FROM_THERE:
		return &bed.queues[0][priority];
	default:
		return &bed.queues[1][15 - priority];
	}
}

struct one {
	const struct word_case *word;
	const struct tail_case *tail;
	enum from from;
	u8 priority;
	bool was_ready;
};

static void prepare(const struct one *o)
{
	struct evtchn_fifo_queue *to = &bed.queues[0][o->priority];

	bed_start();
	bed.words[OTHER] = o->tail->before;
	bed.words[NR] = o->word->before;
	bed.ports[NR].last = from_queue(o->from, o->priority);
	to->tail = o->tail->tail;
	bed_set_ready(0, o->was_ready ? ~0u : ~(1u << o->priority));
	bed_set_head(0, o->priority, 0x55);
	bed_watch(NR, o->tail->tail, o->priority);
}

static enum xen_evtchn_verdict expected_verdict(const struct one *o)
{
	if (!o->word->queued)
		return o->word->verdict;

	return o->tail->head && !o->was_ready ? XEN_EVTCHN_RAISED :
						XEN_EVTCHN_QUEUED;
}

static void expect_guest(const struct one *o)
{
	bool queued = o->word->queued, head = queued && o->tail->head;

	CHECK_EQ(bed.words[NR], o->word->after);
	CHECK_EQ(bed.words[OTHER], queued ? o->tail->after : o->tail->before);
	CHECK_EQ(bed_head(0, o->priority), head ? NR : 0x55);
	CHECK_EQ(bed_ready(0), head || o->was_ready ? ~0u :
						      ~(1u << o->priority));
	bed_expect_rest(NR, OTHER);
}

static void expect_kernel(const struct one *o)
{
	struct evtchn_fifo_queue *to = &bed.queues[0][o->priority];
	bool queued = o->word->queued;

	CHECK_EQ(to->tail, queued ? NR : o->tail->tail);
	CHECK(bed.ports[NR].last ==
	      (queued ? to : from_queue(o->from, o->priority)));
	CHECK_EQ(to->lock.held, 0);
	CHECK_EQ(from_queue(o->from, o->priority)->lock.held, 0);
}

/* On a queue of the other vCPU still, and not pending: nobody is to see it there. */
static bool is_held(const struct one *o)
{
	return o->from == FROM_ELSEWHERE && (o->word->before & (P | L)) == L;
}

static void mark_one(const struct one *o)
{
	struct word_case held = *o->word;
	struct one waits = *o;

	/* The tail of a queue was last on that queue. */
	if (o->tail->tail == NR && o->from != FROM_THERE)
		return;

	about("word %#x, tail %s, from %d, priority %u, ready %d",
	      o->word->before, o->tail->name, o->from, o->priority,
	      o->was_ready);
	prepare(o);
	if (is_held(o)) {
		held.after = held.before;
		held.queued = false;
		held.verdict = XEN_EVTCHN_SAVED;
		waits.word = &held;
	}
	CHECK_EQ(bed_send(NR, 0, o->priority), expected_verdict(&waits));
	CHECK_EQ(bed.ports[NR].saved, is_held(o));
	watch_stop();
	expect_guest(&waits);
	expect_kernel(&waits);
	bed_stop();
}

static void for_all(u8 priority, void (*run)(const struct one *o))
{
	size_t w, t;
	int from, ready;

	for (w = 0; w < ARRAY_SIZE(word_cases); w++)
		for (t = 0; t < ARRAY_SIZE(tail_cases); t++)
			for (from = 0; from < NR_FROM; from++)
				for (ready = 0; ready < 2; ready++)
					run(&(struct one) {
						&word_cases[w], &tail_cases[t],
						from, priority, ready });
}

static void mark_does_what_word_and_tail_ask_for(void)
{
	u8 priority;

	for (priority = 0; priority < BED_QUEUES; priority++)
		for_all(priority, mark_one);
}

/* Unmasking: as marking without the mask, for what is pending. */
static void unmask_one(const struct one *o)
{
	struct word_case word = *o->word;
	struct one unmasked = *o;
	size_t i;

	if (o->tail->tail == NR && o->from != FROM_THERE)
		return;

	for (i = 0; i < ARRAY_SIZE(word_cases); i++) {
		if (word_cases[i].before == (word.before & ~M))
			word = word_cases[i];
	}
	if (!(word.before & P)) {
		word.after = word.before & ~M;
		word.queued = false;
		word.verdict = XEN_EVTCHN_COALESCED;
	}

	about("unmask: word %#x, tail %s, from %d, ready %d", o->word->before,
	      o->tail->name, o->from, o->was_ready);
	prepare(o);
	CHECK_EQ(bed.words[NR], o->word->before);
	unmasked.word = &word;
	CHECK_EQ(bed_unmask(NR, 0, o->priority), expected_verdict(&unmasked));
	watch_stop();
	expect_guest(&unmasked);
	expect_kernel(&unmasked);
	bed_stop();
}

static void unmask_raises_what_is_pending(void)
{
	for_all(XEN_ABI_FIFO_PRIORITY, unmask_one);
}

/* Cut off the queue of the other vCPU where that holds it, and from no other. */
static void cut_one(u32 before, enum from from, bool tail)
{
	struct evtchn_fifo_queue *queue = from_queue(from, 3);
	bool cut = from == FROM_ELSEWHERE && (before & (P | L)) == L;
	struct evtchn_fifo_event event;

	about("cut: word %#x, from %d, tail %d", before, from, tail);
	bed_start();
	bed.words[NR] = before;
	bed.ports[NR].last = queue;
	queue->tail = tail ? NR : OTHER;
	event = bed_event(NR, 0, 3);
	event.to = &bed.nowhere;
	CHECK(evtchn_fifo_lock(&event));
	evtchn_fifo_cut(&event, &bed.words[NR], 0);
	evtchn_fifo_unlock(&event);
	CHECK_EQ(bed.words[NR], cut ? before & ~(L | 0x1ffff) : before);
	CHECK_EQ(queue->tail, cut ? 0 : tail ? NR : OTHER);
	CHECK(bed.ports[NR].last == (cut ? &bed.nowhere : queue));
	bed_stop();
}

static void cut_ends_the_queue_of_another_vcpu(void)
{
	size_t w;
	int from;

	for (w = 0; w < ARRAY_SIZE(word_cases); w++) {
		for (from = 0; from < NR_FROM; from++) {
			cut_one(word_cases[w].before, from, false);
			cut_one(word_cases[w].before, from, true);
		}
	}
}

static void event_that_is_raised_again_is_for_who_the_port_is_bound_to(void)
{
	struct evtchn_fifo_port *port = &bed.ports[NR];

	bed_start();
	port->dest.vcpu = 1;
	CHECK_EQ(evtchn_fifo_owner(port), 1);
	evtchn_fifo_bind(port, 0);
	CHECK_EQ(evtchn_fifo_owner(port), 0);
	port->dest.vcpu = 5;
	CHECK_EQ(evtchn_fifo_owner(port), 0);
	evtchn_fifo_unbind(port);
	CHECK_EQ(evtchn_fifo_owner(port), 5);
	bed_stop();
}

static void accesses_are_few_and_in_order(void)
{
	u32 word = NR * 4, tail = OTHER * 4;

	about("%s", "an event behind another");
	bed_start();
	bed_send(OTHER, 0, 3);
	bed_watch(NR, OTHER, 3);
	bed_send(NR, 0, 3);
	watch_stop();
	CHECK_EQ(watch_nr, 8);
	watch_expect(2, SEAM_RMW, WORDS, word, 4);
	watch_expect(3, SEAM_READ, WORDS, word, 4);
	watch_expect(4, SEAM_RMW, WORDS, word, 4);
	watch_expect(6, SEAM_READ, WORDS, tail, 4);
	watch_expect(7, SEAM_RMW, WORDS, tail, 4);
	bed_stop();

	about("%s", "an event alone");
	bed_start();
	bed_watch(NR, 0, 3);
	bed_send(NR, 0, 3);
	watch_stop();
	CHECK_EQ(watch_nr, 8);
	watch_expect(6, SEAM_WRITE, CONTROL, 8 + 3 * 4, 4);
	watch_expect(7, SEAM_RMW, CONTROL, 0, 4);
	bed_stop();
}

/* A tail in another state by the time of the first compare-exchange. */
static u32 tail_becomes;

static void change_tail(const volatile void *addr)
{
	(void)addr;
	bed.words[OTHER] = tail_becomes;
}

static void append_to_changing(u32 becomes, u32 after, bool head)
{
	about("tail becomes %#x", becomes);
	bed_start();
	bed_send(OTHER, 0, 3);
	bed_set_ready(0, 0);
	tail_becomes = becomes;
	/* Last queue twice, its own word three times, last queue, tail. */
	bed_interfere(8, change_tail);
	CHECK_EQ(bed_send(NR, 0, 3),
		 head ? XEN_EVTCHN_RAISED : XEN_EVTCHN_QUEUED);
	CHECK_EQ(bed.words[OTHER], after);
	CHECK_EQ(bed_head(0, 3), head ? NR : OTHER);
	CHECK_EQ(bed.queues[0][3].tail, NR);
	bed_stop();
}

static void tail_that_changes_is_tried_again(void)
{
	append_to_changing(P | M | L, P | M | L | NR, false);
	append_to_changing(L, L | NR, false);
	append_to_changing(M | L, M | L | NR, false);
	append_to_changing(P, P, true);
	append_to_changing(0, 0, true);
}

/* The guest takes the tail off just when it was declared busy. */
static void take_when_busy(const volatile void *addr)
{
	if (addr == &bed.words[OTHER] && bed.words[OTHER] & B)
		bed.words[OTHER] &= ~L;
	else if (addr == &bed.words[OTHER])
		bed.words[OTHER] ^= M;
}

static void busy_tail_that_is_taken_is_left_alone(void)
{
	bed_start();
	bed_send(OTHER, 0, 3);
	bed_set_ready(0, 0);
	bed_interfere(0, take_when_busy);
	CHECK_EQ(bed_send(NR, 0, 3), XEN_EVTCHN_RAISED);
	CHECK_EQ(bed.words[OTHER] & (L | B | 0x1ffff), 0);
	CHECK_EQ(bed_head(0, 3), NR);
	bed_stop();
}

/* Others that raise the port move it while its locks are waited for. */
static unsigned int moves, moved;

static void move_port(struct seam_lock *lock)
{
	(void)lock;
	if (moved < moves)
		bed.ports[NR].last = &bed.queues[1][moved++];
}

static void lock_while_moved(unsigned int nr, bool locked)
{
	struct evtchn_fifo_event event;
	u8 q;

	about("moved %u times", nr);
	bed_start();
	event = bed_event(NR, 0, 3);
	bed.ports[NR].last = event.to;
	moves = nr;
	moved = 0;
	seam_lock_hook = move_port;
	if (!CHECK_EQ(evtchn_fifo_lock(&event), locked)) {
		bed_stop();
		return;
	}
	for (q = 0; q < BED_QUEUES; q++)
		CHECK_EQ(bed.queues[1][q].lock.held,
			 locked && event.from == &bed.queues[1][q]);
	CHECK_EQ(event.to->lock.held, locked);
	if (locked) {
		CHECK(event.from == bed.ports[NR].last);
		evtchn_fifo_unlock(&event);
		CHECK_EQ(event.from->lock.held, 0);
	}
	CHECK_EQ(event.to->lock.held, 0);
	CHECK_EQ(bed.words[NR], 0);
	bed_stop();
}

static void lock_goes_after_a_port_once(void)
{
	lock_while_moved(0, true);
	lock_while_moved(1, true);
	/* The second pair of locks is two, so each of them moves it. */
	lock_while_moved(2, false);
	lock_while_moved(3, false);
}

static void saved_event_is_taken_once(void)
{
	static void *no_page;

	bed_start();
	CHECK(!evtchn_fifo_take_saved(&bed.ports[NR]));
	CHECK(evtchn_fifo_save(&bed.ports[NR], &no_page));
	CHECK(evtchn_fifo_save(&bed.ports[NR], &no_page));
	CHECK_EQ(bed.ports[NR].saved, 1);
	CHECK(evtchn_fifo_take_saved(&bed.ports[NR]));
	CHECK(!evtchn_fifo_take_saved(&bed.ports[NR]));
	CHECK_EQ(bed.ports[NR].saved, 0);
	CHECK_EQ(bed.ports[NR - 1].saved, 0);
	bed_stop();
}

static void forget_clears_one_bit(void)
{
	u32 i;

	bed_start();
	bed_watch(NR, 0, 0);
	for (i = 0; i < 32; i++) {
		bed.words[NR] = 1u << i;
		watch_clear();
		evtchn_fifo_forget(&bed.words[NR]);
		CHECK_EQ(bed.words[NR], i == 31 ? 0 : 1u << i);
		CHECK_EQ(watch_nr, 1);
		watch_expect(0, SEAM_RMW, WORDS, NR * 4, 4);
	}
	bed_stop();
}

static void is_pending_reads_one_bit(void)
{
	u32 i;

	bed_start();
	bed_watch(NR, 0, 0);
	for (i = 0; i < 32; i++) {
		bed.words[NR] = 1u << i;
		watch_clear();
		CHECK_EQ(evtchn_fifo_is_pending(&bed.words[NR]), i == 31);
		CHECK_EQ(watch_nr, 1);
		watch_expect(0, SEAM_READ, WORDS, NR * 4, 4);
	}
	bed_stop();
}

/* All but PENDING and LINKED may be as they like. */
static void is_due_reads_two_bits(void)
{
	u32 i, flags;

	bed_start();
	bed_watch(NR, 0, 0);
	for (i = 0; i < 64; i++) {
		flags = i << 28 & 0xf0000000;
		bed.words[NR] = flags | (i & 16 ? 0x1ffff : 0);
		watch_clear();
		CHECK_EQ(evtchn_fifo_is_due(&bed.words[NR]),
			 (flags & P) && (flags & L));
		CHECK_EQ(watch_nr, 1);
		watch_expect(0, SEAM_READ, WORDS, NR * 4, 4);
	}
	bed_stop();
}

static void ports_begin_on_no_queue(void)
{
	struct evtchn_fifo_queue nowhere;
	struct evtchn_fifo_port port;

	evtchn_fifo_queue_init(&nowhere, EVTCHN_FIFO_NOWHERE, 0);
	memset(&port, 0xa5, sizeof(port));
	evtchn_fifo_port_init(&port, &nowhere);
	CHECK(port.last == &nowhere);
	CHECK_EQ(port.priority, 7);
	CHECK_EQ(port.saved, 0);
	CHECK_EQ(port.dest.vcpu, 0);
	CHECK_EQ(port.dest.priority, EVTCHN_FIFO_OWN_PRIORITY);
	CHECK_EQ(nowhere.tail, 0);
	CHECK_EQ(nowhere.vcpu, EVTCHN_FIFO_NOWHERE);
}

/* The widest link there is reaches all of its bits, and no others. */
static void last_port_of_all_is_linked(void)
{
	struct evtchn_fifo_event event;
	u32 word = 0, tail_word = P | L;

	bed_start();
	event = bed_event(NR, 0, 3);
	event.nr = XEN_ABI_FIFO_NR_PORTS - 1;
	event.to->tail = 2;
	CHECK(evtchn_fifo_lock(&event));
	CHECK_EQ(evtchn_fifo_tail(&event), 2);
	CHECK_EQ(evtchn_fifo_mark(&event, &word, &tail_word,
				  (void *)bed.control[0]), XEN_EVTCHN_QUEUED);
	evtchn_fifo_unlock(&event);
	CHECK_EQ(tail_word, P | L | 0x1ffff);
	CHECK_EQ(event.to->tail, 131071);
	bed_stop();
}

/* A queue of three, as a guest walks it. */
static void queue_is_linked_in_order(void)
{
	bed_start();
	CHECK_EQ(bed_send(NR, 0, 9), XEN_EVTCHN_RAISED);
	CHECK_EQ(bed_send(OTHER, 0, 9), XEN_EVTCHN_QUEUED);
	CHECK_EQ(bed_send(NEITHER, 0, 9), XEN_EVTCHN_QUEUED);
	CHECK_EQ(bed_ready(0), 1u << 9);
	CHECK_EQ(bed_head(0, 9), NR);
	CHECK_EQ(bed_take(NR), OTHER);
	CHECK_EQ(bed_send(NR, 0, 9), XEN_EVTCHN_QUEUED);
	CHECK_EQ(bed_take(OTHER), NEITHER);
	CHECK_EQ(bed_take(NEITHER), NR);
	CHECK_EQ(bed_take(NR), 0);
	bed_set_ready(0, 0);
	CHECK_EQ(bed_send(NEITHER, 0, 9), XEN_EVTCHN_RAISED);
	CHECK_EQ(bed_head(0, 9), NEITHER);
	bed_stop();
}

static const struct test tests[] = {
	TEST(ports_begin_on_no_queue),
	TEST(mark_does_what_word_and_tail_ask_for),
	TEST(unmask_raises_what_is_pending),
	TEST(cut_ends_the_queue_of_another_vcpu),
	TEST(event_that_is_raised_again_is_for_who_the_port_is_bound_to),
	TEST(accesses_are_few_and_in_order),
	TEST(queue_is_linked_in_order),
	TEST(last_port_of_all_is_linked),
	TEST(tail_that_changes_is_tried_again),
	TEST(busy_tail_that_is_taken_is_left_alone),
	TEST(lock_goes_after_a_port_once),
	TEST(saved_event_is_taken_once),
	TEST(is_pending_reads_one_bit),
	TEST(is_due_reads_two_bits),
	TEST(forget_clears_one_bit),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
