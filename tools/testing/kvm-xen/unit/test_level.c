// SPDX-License-Identifier: GPL-2.0
/*
 * The level of a line that stands for a flag: what each event does to the line,
 * and who drives it.  If this fails, a guest that is notified of events by a line
 * hangs for want of an interrupt, or drowns in them.
 */
#include "level.h"
#include "test.h"
#include "watch.h"

#define NOTHING	0
#define LOWER	XEN_LEVEL_LOWER
#define RAISE	XEN_LEVEL_RAISE
#define EDGE	(XEN_LEVEL_LOWER | XEN_LEVEL_RAISE)

#define RAISED	XEN_LEVEL_RAISED
#define ACKED	XEN_LEVEL_ACKED
#define LOOK	XEN_LEVEL_LOOK

struct step_case {
	bool asserted, flag;
	u32 events, actions;
};

/* The line is up while the flag is; that it was down in between is an edge. */
static const struct step_case steps[] = {
	/* Down, and stays down. */
	{ false, false, LOOK,			NOTHING },
	{ false, false, ACKED,			NOTHING },
	{ false, false, ACKED | LOOK,		NOTHING },
	{ false, false, RAISED,			NOTHING },
	{ false, false, RAISED | LOOK,		NOTHING },
	{ false, false, RAISED | ACKED,		NOTHING },
	{ false, false, RAISED | ACKED | LOOK,	NOTHING },

	/* Down, and has to go up, however that came to be known. */
	{ false, true, LOOK,			RAISE },
	{ false, true, ACKED,			RAISE },
	{ false, true, ACKED | LOOK,		RAISE },
	{ false, true, RAISED,			RAISE },
	{ false, true, RAISED | LOOK,		RAISE },
	{ false, true, RAISED | ACKED,		RAISE },
	{ false, true, RAISED | ACKED | LOOK,	RAISE },

	/* Up, and has to go down: the guest cleared the flag meanwhile. */
	{ true, false, LOOK,			LOWER },
	{ true, false, ACKED,			LOWER },
	{ true, false, ACKED | LOOK,		LOWER },
	{ true, false, RAISED,			LOWER },
	{ true, false, RAISED | LOOK,		LOWER },
	{ true, false, RAISED | ACKED,		LOWER },
	{ true, false, RAISED | ACKED | LOOK,	LOWER },

	/* Up as it should be; a VMM took its own line down for the EOI. */
	{ true, true, LOOK,			NOTHING },
	{ true, true, ACKED,			RAISE },
	{ true, true, ACKED | LOOK,		RAISE },
	/* Up, but the flag was down in between. */
	{ true, true, RAISED,			EDGE },
	{ true, true, RAISED | LOOK,		EDGE },
	{ true, true, RAISED | ACKED,		EDGE },
	{ true, true, RAISED | ACKED | LOOK,	EDGE },
};

static void step_does_what_the_table_says(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		const struct step_case *c = &steps[i];
		struct xen_level level = { .asserted = c->asserted };

		about("line %d flag %d events %#x", c->asserted, c->flag,
		      c->events);
		CHECK_EQ(xen_level_step(&level, c->events, c->flag), c->actions);
		CHECK_EQ(level.asserted, c->flag);
	}
}

/* Each combination of events but none, which is nobody's to step on. */
static void the_table_is_complete(void)
{
	u32 i, seen = 0;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		seen |= 1u << (steps[i].asserted << 4 | steps[i].flag << 3 |
			       steps[i].events);
	CHECK_EQ(seen, 0xfefefefeu);
	CHECK_EQ(ARRAY_SIZE(steps), 4 * XEN_LEVEL_EVENTS);
}

/* Others post while the driver steps: that word is not its to touch. */
static void step_leaves_alone_what_is_posted(void)
{
	struct xen_level level = {};
	size_t i;

	xen_level_post(&level, RAISED);
	xen_level_take(&level);
	xen_level_post(&level, ACKED);
	for (i = 0; i < ARRAY_SIZE(steps); i++)
		xen_level_step(&level, steps[i].events, steps[i].flag);
	CHECK_EQ(xen_level_take(&level), ACKED);
}

static void the_first_to_post_is_the_driver(void)
{
	u32 first, second;

	for (first = 1; first <= XEN_LEVEL_EVENTS; first++) {
		for (second = 1; second <= XEN_LEVEL_EVENTS; second++) {
			struct xen_level level = {};

			about("%#x, then %#x", first, second);
			CHECK(xen_level_post(&level, first));
			CHECK(!xen_level_post(&level, second));
			CHECK_EQ(xen_level_take(&level), first | second);
			CHECK_EQ(xen_level_take(&level), 0);
		}
	}
}

/* Who cannot be the driver leaves its event to the one that is, or will be. */
static void what_is_left_waits_for_a_driver(void)
{
	u32 left, posted;

	for (left = 1; left <= XEN_LEVEL_EVENTS; left++) {
		for (posted = 0; posted <= XEN_LEVEL_EVENTS; posted++) {
			struct xen_level level = {};

			about("%#x left, %#x posted", left, posted);
			xen_level_leave(&level, left);
			CHECK(xen_level_post(&level, posted));
			CHECK_EQ(xen_level_take(&level), left | posted);
			xen_level_leave(&level, left);
			CHECK(!xen_level_post(&level, posted));
			CHECK_EQ(xen_level_take(&level), left | posted);
			CHECK_EQ(xen_level_take(&level), 0);
		}
	}
}

/* What is posted while the line is driven comes to the same driver. */
static void a_driver_that_took_goes_on_driving(void)
{
	u32 first, second;

	for (first = 1; first <= XEN_LEVEL_EVENTS; first++) {
		for (second = 1; second <= XEN_LEVEL_EVENTS; second++) {
			struct xen_level level = {};

			about("%#x, taken, then %#x", first, second);
			CHECK(xen_level_post(&level, first));
			CHECK_EQ(xen_level_take(&level), first);
			CHECK(!xen_level_post(&level, second));
			CHECK_EQ(xen_level_take(&level), second);
			CHECK_EQ(xen_level_take(&level), 0);
		}
	}
}

static void taking_nothing_ends_the_role(void)
{
	struct xen_level level = {};
	int i;

	for (i = 0; i < 3; i++) {
		about("round %d", i);
		CHECK(xen_level_post(&level, LOOK));
		CHECK_EQ(xen_level_take(&level), LOOK);
		CHECK_EQ(xen_level_take(&level), 0);
		CHECK_EQ(level.posted, 0);
	}
}

/* Given up, what was taken and what came since wait for the next driver. */
static void giving_up_leaves_the_events_to_the_next_driver(void)
{
	u32 taken, since;

	for (taken = 1; taken <= XEN_LEVEL_EVENTS; taken++) {
		for (since = 0; since <= XEN_LEVEL_EVENTS; since++) {
			struct xen_level level = {};

			about("%#x given up, %#x posted meanwhile", taken, since);
			CHECK(xen_level_post(&level, taken));
			CHECK_EQ(xen_level_take(&level), taken);
			CHECK(!xen_level_post(&level, since));
			xen_level_give_up(&level, taken);
			CHECK(xen_level_post(&level, LOOK));
			CHECK_EQ(xen_level_take(&level), taken | since | LOOK);
			CHECK_EQ(xen_level_take(&level), 0);
		}
	}
}

/* Somebody else's post, between a look at the word and its change. */
static struct {
	struct xen_level *level;
	u32 events;
} intruder;

static void intrude(const volatile void *addr, size_t len, enum seam_access how)
{
	(void)addr;
	(void)len;
	if (how != SEAM_LOOP)
		return;
	seam_hook = NULL;
	xen_level_post(intruder.level, intruder.events);
}

static void intrude_once(struct xen_level *level, u32 events)
{
	intruder.level = level;
	intruder.events = events;
	seam_hook = intrude;
}

static void an_event_comes_between_look_and_post(void)
{
	struct xen_level level = {};

	intrude_once(&level, ACKED);
	CHECK(!xen_level_post(&level, RAISED));
	CHECK_EQ(xen_level_take(&level), RAISED | ACKED);
}

static void an_event_comes_between_look_and_leaving(void)
{
	struct xen_level level = {};

	intrude_once(&level, ACKED);
	xen_level_leave(&level, RAISED);
	CHECK(!xen_level_post(&level, LOOK));
	CHECK_EQ(xen_level_take(&level), RAISED | ACKED | LOOK);
}

static void an_event_comes_between_look_and_take(void)
{
	struct xen_level level = {};

	xen_level_post(&level, RAISED);
	intrude_once(&level, ACKED);
	CHECK_EQ(xen_level_take(&level), RAISED | ACKED);
	CHECK_EQ(xen_level_take(&level), 0);
}

static void an_event_comes_between_look_and_the_end_of_the_role(void)
{
	struct xen_level level = {};

	xen_level_post(&level, RAISED);
	xen_level_take(&level);
	intrude_once(&level, ACKED);
	CHECK_EQ(xen_level_take(&level), ACKED);
	CHECK(!xen_level_post(&level, LOOK));
}

static void an_event_comes_between_look_and_giving_up(void)
{
	struct xen_level level = {};

	xen_level_post(&level, RAISED);
	xen_level_take(&level);
	intrude_once(&level, ACKED);
	xen_level_give_up(&level, RAISED);
	CHECK(xen_level_post(&level, LOOK));
	CHECK_EQ(xen_level_take(&level), RAISED | ACKED | LOOK);
}

/* One word, changed by atomic instructions alone. */
static void what_is_posted_is_changed_atomically(void)
{
	static const struct watch_field posted = {
		offsetof(struct xen_level, posted), 4, 4,
	};
	struct xen_level level = {};
	unsigned int i;

	watch_start();
	watch_region(&level, sizeof(level), &posted, 1);
	xen_level_post(&level, RAISED);
	xen_level_take(&level);
	xen_level_give_up(&level, RAISED);
	xen_level_leave(&level, ACKED);
	watch_stop();

	CHECK_EQ(watch_nr, 8);
	for (i = 0; i < watch_nr; i++)
		CHECK_EQ(watch_log[i].how, i % 2 ? SEAM_LOOP : SEAM_READ);
}

static const struct test tests[] = {
	TEST(step_does_what_the_table_says),
	TEST(the_table_is_complete),
	TEST(step_leaves_alone_what_is_posted),
	TEST(the_first_to_post_is_the_driver),
	TEST(what_is_left_waits_for_a_driver),
	TEST(a_driver_that_took_goes_on_driving),
	TEST(taking_nothing_ends_the_role),
	TEST(giving_up_leaves_the_events_to_the_next_driver),
	TEST(an_event_comes_between_look_and_post),
	TEST(an_event_comes_between_look_and_leaving),
	TEST(an_event_comes_between_look_and_take),
	TEST(an_event_comes_between_look_and_the_end_of_the_role),
	TEST(an_event_comes_between_look_and_giving_up),
	TEST(what_is_posted_is_changed_atomically),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
