// SPDX-License-Identifier: GPL-2.0
/* The explorer: coroutines, paths, and the states already seen. */
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <ucontext.h>

#include "explore.h"

#define MAX_STEPS	512
#define STACK_SIZE	(64 * 1024)
#define NR_SLOTS	(1u << 20)

struct coroutine {
	jmp_buf begin;		/* where it is launched, over and over */
	jmp_buf here;		/* where it yielded */
	const struct actor *actor;
	bool (*ready)(void);
	const u32 *word;	/* or waits for bits in here to be clear */
	u32 mask;
	bool finished;
	u64 history;		/* digest of all that it has read */

	/* Of a loop of SEAM_LOOP: its word, what was there, and history before. */
	const volatile void *loop;
	u64 old, before;
};

/* A state seen in this job, and how many paths lead from it to the end. */
struct slot {
	u64 key[2];
	u64 paths;
	u64 job;
};

static struct coroutine coroutines[EXPLORE_ACTORS];
static char stacks[EXPLORE_ACTORS][STACK_SIZE] __attribute__((aligned(64)));
static jmp_buf scheduler;
static unsigned int nr_made;
static unsigned int nr_actors, running;

static const struct explore_job *job;
static u64 job_nr;
static struct slot *slots;
static u64 nr_states;

static u8 path[MAX_STEPS];
static unsigned int violation_depth;
static const char *violation;
static bool tracing;

static u64 mix(u64 digest, u64 value)
{
	digest = (digest ^ value) * 0x9fb21c651e98df25ull;
	return digest ^ digest >> 32;
}

static void note(u64 value)
{
	coroutines[running].history = mix(coroutines[running].history, value);
}

void explore_note(u64 value)
{
	coroutines[running].loop = NULL;
	note(value);
}

void explore_forget(u64 position)
{
	coroutines[running].loop = NULL;
	coroutines[running].history = mix(running, position);
}

/*
 * Of all that a loop has read, the last value is what makes a difference: without
 * this, its failures are as many as others' changes, in all combinations.
 */
static void forget_failures(const volatile void *addr, enum seam_access how)
{
	struct coroutine *c = &coroutines[running];

	if (how == SEAM_LOOP && c->loop == addr) {
		c->history = mix(c->before, c->old);
		return;
	}

	c->loop = how == SEAM_READ ? addr : NULL;
	c->before = c->history;
}

void explore_fail(const char *what)
{
	if (!violation)
		violation = what;
}

static size_t offset_of(const volatile void *addr)
{
	return (uintptr_t)addr - (uintptr_t)job->world;
}

static void give_way(void)
{
	if (!_setjmp(coroutines[running].here))
		_longjmp(scheduler, 1);
}

static const char *const how_names[] = {
	[SEAM_READ] = "reads",
	[SEAM_WRITE] = "writes",
	[SEAM_RMW] = "atomically changes",
	[SEAM_LOOP] = "tries to change",
	[SEAM_COPY] = "copies to",
	[SEAM_GUEST] = "accesses",
};

static void step_at(const volatile void *addr, size_t len, enum seam_access how)
{
	give_way();
	forget_failures(addr, how);
	note(offset_of(addr) << 8 | len << 4 | how);
	if (tracing)
		printf("#   %-10s %s %zu at %s\n",
		       coroutines[running].actor->name, how_names[how], len,
		       job->name(addr));
}

static bool is_read(enum seam_access how)
{
	return how != SEAM_WRITE && how != SEAM_COPY;
}

/* seam_hook: an access is about to be made. */
static void hook(const volatile void *addr, size_t len, enum seam_access how)
{
	u64 content = 0;

	if (offset_of(addr) >= job->size) {
		if (how != SEAM_COPY)
			explore_fail("access outside of guest memory");
		return;
	}

	step_at(addr, len, how);
	if (is_read(how)) {
		memcpy(&content, (const void *)addr, len);
		note(content);
		coroutines[running].old = content;
	}
}

void explore_step(const volatile void *addr, size_t len)
{
	step_at(addr, len, SEAM_READ);
}

void explore_wait(bool (*ready)(void))
{
	struct coroutine *c = &coroutines[running];

	c->ready = ready;
	give_way();
	c->ready = NULL;
	if (tracing)
		printf("#   %-10s goes on\n", c->actor->name);
}

void explore_wait_clear(const u32 *word, u32 mask)
{
	struct coroutine *c = &coroutines[running];

	c->word = word;
	c->mask = mask;
	give_way();
	c->word = NULL;
	explore_note(offset_of(word));
	if (tracing)
		printf("#   %-10s finds %s free\n", c->actor->name,
		       job->name(word));
}

/*
 * seam_lock_hook.  Taking a lock is one step with what follows, and releasing
 * it one with what precedes: no actor can distinguish the two.
 */
static void lock_hook(struct seam_lock *lock)
{
	if (offset_of(lock) >= job->size)
		explore_fail("a lock outside of the world");
	else
		explore_wait_clear(&lock->held, ~0u);
}

static void set_hooks(bool on)
{
	seam_hook = on ? hook : NULL;
	seam_lock_hook = on ? lock_hook : NULL;
}

bool explore_earlier_done(void)
{
	unsigned int i;

	for (i = 0; i < running; i++) {
		if (!coroutines[i].finished)
			return false;
	}

	return true;
}

/* The first frame on a coroutine's stack, which nothing returns from. */
static void entry(void)
{
	const struct actor *actor;

	_setjmp(coroutines[running].begin);
	actor = coroutines[running].actor;
	actor->run(actor->arg);
	coroutines[running].finished = true;
	_longjmp(scheduler, 1);
}

static void go_to(unsigned int nr, jmp_buf where)
{
	running = nr;
	if (!_setjmp(scheduler))
		_longjmp(where, 1);
}

static void resume(unsigned int nr)
{
	go_to(nr, coroutines[nr].here);
}

/* Give a coroutine its stack, on which it runs to its first step. */
static void make(unsigned int nr)
{
	static ucontext_t context;

	nr_made++;
	running = nr;
	getcontext(&context);
	context.uc_stack.ss_sp = stacks[nr];
	context.uc_stack.ss_size = STACK_SIZE;
	context.uc_link = NULL;
	makecontext(&context, entry, 0);
	if (!_setjmp(scheduler))
		setcontext(&context);
}

/* Make a coroutine and run it to the brink of its first step. */
static void launch(unsigned int nr)
{
	struct coroutine *c = &coroutines[nr];

	c->actor = &job->actors[nr];
	c->ready = NULL;
	c->word = NULL;
	c->finished = false;
	c->history = nr;
	c->loop = NULL;
	if (nr == nr_made)
		make(nr);
	else
		go_to(nr, c->begin);
}

static void step(unsigned int nr)
{
	resume(nr);
	job->observe();
}

/* Start anew and go the first @depth steps of the path. */
static void replay(unsigned int depth)
{
	unsigned int i;

	set_hooks(false);
	memset(job->world, 0, job->size);
	job->start();
	set_hooks(true);
	for (i = 0; i < nr_actors; i++)
		launch(i);
	for (i = 0; i < depth; i++)
		step(path[i]);
}

static bool is_enabled(unsigned int nr)
{
	struct coroutine *c = &coroutines[nr];

	running = nr;
	return !c->finished && (!c->ready || c->ready()) &&
	       (!c->word || !(*c->word & c->mask));
}

static unsigned int enabled(void)
{
	unsigned int i, set = 0;

	for (i = 0; i < nr_actors; i++)
		set |= (unsigned int)is_enabled(i) << i;
	return set;
}

/*
 * The digest of a state, 128 bits wide: that two of the some 10^6 states of a
 * job share one is less likely than a fault of the machine.
 */
static void make_key(u64 key[2])
{
	const u64 *word = job->world;
	size_t i;

	key[0] = 1;
	key[1] = 2;
	for (i = 0; i < job->size / sizeof(*word); i++) {
		key[0] = mix(key[0], word[i]);
		key[1] = mix(key[1] + i, ~word[i]);
	}
	for (i = 0; i < nr_actors; i++) {
		key[0] = mix(key[0], coroutines[i].history);
		key[1] = mix(key[1] + i, ~coroutines[i].history);
	}
}

/* The slot of @key, or the one that it may take. */
static struct slot *find_slot(const u64 key[2])
{
	u64 i = key[0];

	for (;; i++) {
		struct slot *slot = &slots[i % NR_SLOTS];

		if (slot->job != job_nr ||
		    (slot->key[0] == key[0] && slot->key[1] == key[1]))
			return slot;
	}
}

static void remember(const u64 key[2], u64 paths)
{
	struct slot *slot = find_slot(key);

	if (slot->job == job_nr)
		return;
	*slot = (struct slot) { { key[0], key[1] }, paths, job_nr };
	if (++nr_states > NR_SLOTS / 4 * 3)
		explore_fail("the scenario has too many states");
}

/* Nobody can go on: the end of an interleaving, or a deadlock. */
static u64 finish(void)
{
	unsigned int i;

	for (i = 0; i < nr_actors; i++) {
		if (!coroutines[i].finished)
			explore_fail("actors wait for each other");
	}

	set_hooks(false);
	if (!violation)
		job->check_end();
	return 1;
}

static u64 add(u64 a, u64 b)
{
	u64 sum;

	return __builtin_add_overflow(a, b, &sum) ? EXPLORE_MANY : sum;
}

static u64 walk(unsigned int depth);

/* Follow each path from the state at @depth, which is the current one. */
static u64 branch(unsigned int depth, unsigned int set)
{
	bool moved = false;
	u64 paths = 0;
	unsigned int i;

	for (i = 0; i < nr_actors && !violation; i++) {
		if (!(set >> i & 1))
			continue;
		if (moved)
			replay(depth);
		path[depth] = i;
		step(i);
		paths = add(paths, walk(depth + 1));
		moved = true;
	}

	return paths;
}

static u64 walk(unsigned int depth)
{
	unsigned int set = enabled();
	struct slot *slot;
	u64 key[2], paths;

	violation_depth = depth;
	if (depth == MAX_STEPS)
		explore_fail("an actor does not come to an end");
	if (violation || !set)
		return finish();

	make_key(key);
	slot = find_slot(key);
	if (slot->job == job_nr && !job->no_merging)
		return slot->paths;

	paths = branch(depth, set);
	if (!violation)
		remember(key, paths);
	return paths;
}

struct explore_result explore(const struct explore_job *what)
{
	struct explore_result result;

	if (!slots)
		slots = calloc(NR_SLOTS, sizeof(*slots));
	assert(slots);

	job = what;
	job_nr++;
	nr_states = 0;
	violation = NULL;
	for (nr_actors = 0; nr_actors < EXPLORE_ACTORS; nr_actors++) {
		if (!job->actors[nr_actors].name)
			break;
	}

	replay(0);
	result.interleavings = walk(0);
	result.states = nr_states;
	result.violation = violation;
	set_hooks(false);
	return result;
}

void explore_trace(void)
{
	tracing = true;
	replay(violation_depth);
	tracing = false;
	set_hooks(false);
	printf("#   %s\n", violation);
}
