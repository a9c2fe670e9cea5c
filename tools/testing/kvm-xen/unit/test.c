// SPDX-License-Identifier: GPL-2.0
/* The harness of the user space tests; a test says no more than its verdict. */
#include <stdarg.h>

#include "test.h"

/* A loop with a wrong body fails thousands of times: some say it all. */
#define SHOWN	5

static unsigned int failures;
static bool silent;
static unsigned int nr_passed, nr_failed;
static char subject[160];

void about(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(subject, sizeof(subject), format, args);
	va_end(args);
}

bool check(bool holds, const char *what, const char *file, int line)
{
	if (holds)
		return true;
	if (++failures <= SHOWN && !silent)
		printf("# %s:%d: %s: %s\n", file, line, what, subject);
	return false;
}

/* The values behind a comparison that has just failed. */
void explain(const char *what, unsigned long long is, unsigned long long shall)
{
	if (failures <= SHOWN && !silent)
		printf("#   %s: %#llx, expected %#llx\n", what, is, shall);
}

unsigned int count_failures(void (*run)(void))
{
	unsigned int before = failures, count;

	silent = true;
	run();
	silent = false;
	count = failures - before;
	failures = before;
	return count;
}

void report(bool passed, const char *name)
{
	passed ? nr_passed++ : nr_failed++;
	printf("%sok %u - %s\n", passed ? "" : "not ", nr_passed + nr_failed,
	       name);
	fflush(stdout);
}

int report_end(void)
{
	printf("1..%u\n", nr_passed + nr_failed);
	return nr_failed ? 1 : 0;
}

int run_tests(const struct test *tests, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		failures = 0;
		about("%s", "");
		tests[i].run();
		report(!failures, tests[i].name);
	}

	return report_end();
}
