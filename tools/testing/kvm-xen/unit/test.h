/* SPDX-License-Identifier: GPL-2.0 */
/* The least of a test harness: checks that go on, and a verdict for each test. */
#ifndef _KVM_XEN_TEST_H
#define _KVM_XEN_TEST_H

#include <stdio.h>

struct test {
	const char *name;
	void (*run)(void);
};

#define TEST(function)		{ #function, function }
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

/* Run all, one TAP line for each; returns what main() shall. */
int run_tests(const struct test *tests, size_t nr);

/* One TAP line for a test that was run by other means. */
void report(bool passed, const char *name);
int report_end(void);

void explain(const char *what, unsigned long long is, unsigned long long shall);
bool check(bool holds, const char *what, const char *file, int line);

#define CHECK(cond)		check(cond, #cond, __FILE__, __LINE__)

/* Compare two integers, whatever their type, and show both. */
#define CHECK_EQ(a, b) ({						\
	unsigned long long __va = (a), __vb = (b);			\
	bool __same = CHECK(__va == __vb && #a " is " #b);		\
									\
	if (!__same)							\
		explain(#a, __va, __vb);				\
	__same;								\
})

/* How many checks fail in @run, which is how this harness is tested. */
unsigned int count_failures(void (*run)(void));

/* State what the checks that follow are about, for when one fails. */
void about(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* _KVM_XEN_TEST_H */
