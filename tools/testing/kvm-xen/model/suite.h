/* SPDX-License-Identifier: GPL-2.0 */
/* What is expected of every scenario of a unit, and of some with a bug. */
#ifndef _KVM_XEN_SUITE_H
#define _KVM_XEN_SUITE_H

#include "explore.h"

struct suite {
	const char *prefix;		/* of what is reported */
	size_t nr_scenarios;
	/* Make the @nr-th scenario the one to explore; returns its name. */
	const char *(*choose)(size_t nr, struct explore_job *job);
	struct explore_job job;		/* what all scenarios have in common */
};

/* What was explored of a suite, and whether something was violated. */
struct suite_result {
	u64 states;
	bool violated;
};

/* Explore all scenarios and report nothing. */
struct suite_result explore_suite(const struct suite *s);

/* Report each scenario, which shall hold; returns the number of states. */
u64 expect_no_violation(const struct suite *s);

/* The unit has this planted @bug: some scenario shall show it. */
void expect_found(const struct suite *s, const char *bug);

#endif /* _KVM_XEN_SUITE_H */
