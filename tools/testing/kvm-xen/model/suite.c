// SPDX-License-Identifier: GPL-2.0
/* Runs the scenarios of a suite through the explorer and checks the results. */
#include "suite.h"
#include "test.h"

/* Interleavings that are few enough to be followed one by one. */
#define FEW	10000

struct outcome {
	const char *name;
	struct explore_result result;
};

/* The explorer looks at the job once more when it traces. */
static struct outcome run(const struct suite *s, size_t nr, bool no_merging)
{
	static struct explore_job job;
	struct outcome outcome;

	job = s->job;
	job.no_merging = no_merging;
	outcome.name = s->choose(nr, &job);
	outcome.result = explore(&job);
	return outcome;
}

struct suite_result explore_suite(const struct suite *s)
{
	struct suite_result all = {};
	size_t i;

	for (i = 0; i < s->nr_scenarios; i++) {
		struct explore_result r = run(s, i, false).result;

		all.states += r.states;
		all.violated |= !!r.violation;
	}

	return all;
}

/* That states are merged must change neither the count nor what is found. */
static bool merging_is_sound(const struct suite *s, size_t nr,
			     const struct explore_result *merged)
{
	struct explore_result each;

	if (merged->interleavings > FEW)
		return true;
	each = run(s, nr, true).result;
	return merged->interleavings == each.interleavings &&
	       merged->states == each.states && !each.violation;
}

static void report_exploration(const struct suite *s, const struct outcome *o)
{
	const struct explore_result *r = &o->result;
	char line[200];

	snprintf(line, sizeof(line), "%s%s: %llu%s interleavings, %llu states",
		 s->prefix, o->name, (unsigned long long)r->interleavings,
		 r->interleavings == EXPLORE_MANY ? " and more" : "",
		 (unsigned long long)r->states);
	report(!r->violation, line);
	if (r->violation)
		explore_trace();
}

u64 expect_no_violation(const struct suite *s)
{
	bool sound = true;
	char line[80];
	u64 states = 0;
	size_t i;

	for (i = 0; i < s->nr_scenarios; i++) {
		struct outcome o = run(s, i, false);

		states += o.result.states;
		report_exploration(s, &o);
		sound &= !o.result.violation &&
			 merging_is_sound(s, i, &o.result);
	}

	snprintf(line, sizeof(line), "%s%s", s->prefix,
		 "each interleaving of the few followed by itself");
	report(sound, line);
	return states;
}

void expect_found(const struct suite *s, const char *bug)
{
	char line[200];
	size_t i;

	for (i = 0; i < s->nr_scenarios; i++) {
		struct outcome o = run(s, i, false);

		if (!o.result.violation)
			continue;
		snprintf(line, sizeof(line), "%splanted %s is found: %s: %s",
			 s->prefix, bug, o.name, o.result.violation);
		report(true, line);
		return;
	}

	snprintf(line, sizeof(line), "%splanted %s is found", s->prefix, bug);
	report(false, line);
}
