/* SPDX-License-Identifier: GPL-2.0 */
/* Long random sequences of operations that a unit and its model both do. */
#ifndef _KVM_XEN_SEQUENCE_H
#define _KVM_XEN_SEQUENCE_H

#include "test.h"

struct operation {
	const char *name;
	void (*run)(u32 port);
	u16 weight;			/* how often, against the others */
};

struct sequence {
	const struct operation *operations;
	size_t nr_operations;
	u32 (*pick_port)(void);
	void (*compare)(void);		/* everything; also in the end */
	u32 length, compare_every;
};

/* A random number; SEED= repeats all of them. */
u32 pick(u32 below);

/* Run the sequence; a check that fails prints "@what @nr" and the operation. */
void run_sequence(const struct sequence *s, const char *what, u32 nr);

/* run_tests(), from the seed in SEED= or a new one, which is printed. */
int run_seeded_tests(const struct test *tests, size_t nr);

#endif /* _KVM_XEN_SEQUENCE_H */
