// SPDX-License-Identifier: GPL-2.0
/* Owns the seed, and the choice of operations by their weight. */
#include <stdlib.h>
#include <time.h>

#include "random.h"
#include "sequence.h"

static u64 state;

u32 pick(u32 below)
{
	return random_below(&state, below);
}

static const struct operation *pick_operation(const struct sequence *s)
{
	const struct operation *op = s->operations;
	u32 total = 0, chosen;
	size_t i;

	for (i = 0; i < s->nr_operations; i++)
		total += op[i].weight;
	for (chosen = pick(total); chosen >= op->weight; op++)
		chosen -= op->weight;
	return op;
}

void run_sequence(const struct sequence *s, const char *what, u32 nr)
{
	u32 i;

	for (i = 0; i < s->length; i++) {
		const struct operation *op = pick_operation(s);
		u32 port = s->pick_port();

		about("%s %u operation %u: %s port %u", what, nr, i, op->name,
		      port);
		op->run(port);
		if (i % s->compare_every == 0)
			s->compare();
	}
	s->compare();
}

int run_seeded_tests(const struct test *tests, size_t nr)
{
	const char *seed = getenv("SEED");

	state = seed ? strtoull(seed, NULL, 0) : (u64)time(NULL);
	printf("# SEED=%llu\n", (unsigned long long)state);
	return run_tests(tests, nr);
}
