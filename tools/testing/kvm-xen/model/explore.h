/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs a few actors through every interleaving of their accesses to a world
 * that they share, under sequential consistency.
 *
 * Actors are coroutines that yield before each access (seam_report()).  An
 * interleaving is run by starting anew and repeating the steps that lead to
 * where it branches.  An actor is deterministic, so that what it read so far
 * is the state it is in; two paths that lead to the same world and the same
 * states of all actors are followed once, and counted as often as they are.
 *
 * Of a loop that ends with its success (SEAM_LOOP) it is what it read last.
 *
 * To keep that true, an actor changes the world only right after a step, and
 * decides on nothing but what it has read by seam_report() or passed to
 * explore_note().
 */
#ifndef _KVM_XEN_EXPLORE_H
#define _KVM_XEN_EXPLORE_H

#define EXPLORE_ACTORS	4

struct actor {
	const char *name;
	void (*run)(u32 arg);
	u32 arg;
};

struct explore_job {
	const struct actor *actors;	/* up to the first without a name */
	void *world;
	size_t size;
	void (*start)(void);		/* make the world */
	void (*observe)(void);		/* after each step */
	void (*check_end)(void);		/* when all actors have finished */
	bool no_merging;		/* follow each path for itself: slow */
	/* Name the place of an access, for a trace. */
	const char *(*name)(const volatile void *addr);
};

#define EXPLORE_MANY	(~0ull)

struct explore_result {
	u64 interleavings;		/* EXPLORE_MANY: that or more */
	u64 states;
	const char *violation;		/* NULL: there is none */
};

struct explore_result explore(const struct explore_job *job);

/* Print the steps that led to the violation found last. */
void explore_trace(void);

/* Say that this interleaving shows a bug. */
void explore_fail(const char *what);

/* For actors: yield until @ready.  Resuming is a step of its own. */
void explore_wait(bool (*ready)(void));

/*
 * For actors: yield until no bit of @mask is set in @word, which is in the
 * world.  The locks of units do so by themselves.
 */
void explore_wait_clear(const u32 *word, u32 mask);

/* For actors: a step that reads nothing but what is passed to explore_note(). */
void explore_step(const volatile void *addr, size_t len);
void explore_note(u64 value);

/*
 * For actors: what was read so far makes no difference to what comes, which
 * depends on the world and on @position alone.  Fewer states are followed then.
 */
void explore_forget(u64 position);

/* In @ready, too: whether all actors that are listed before this finished. */
bool explore_earlier_done(void);

#endif /* _KVM_XEN_EXPLORE_H */
