// SPDX-License-Identifier: GPL-2.0
/*
 * The watch itself: accesses that no unit may make are noticed.  If this fails,
 * the other tests prove nothing about widths, places and split locks.
 */
#include "test.h"
#include "watch.h"

static const struct watch_field fields[] = { { 0, 1, 1 }, { 8, 8, 4 } };

static union {
	u8 bytes[64];
	u32 words[16];
	u64 longs[8];
} memory;

static void start(void)
{
	watch_start();
	watch_region(memory.bytes, sizeof(memory), fields, ARRAY_SIZE(fields));
}

static void right_accesses(void)
{
	guest_raise_flag(&memory.bytes[0]);
	guest_test_and_set_bit(31, &memory.words[2]);
	guest_set_mask(1, &memory.words[3]);
	(void)READ_ONCE(memory.words[3]);
}

static void eight_bytes_at_once(void)
{
	(void)READ_ONCE(memory.longs[1]);
}

static void a_byte_of_a_word(void)
{
	WRITE_ONCE(memory.bytes[8], 1);
}

static void between_two_words(void)
{
	seam_report(&memory.bytes[10], 4, SEAM_RMW);
}

static void behind_a_field(void)
{
	guest_set_mask(1, &memory.words[4]);
}

static void across_the_end_of_a_field(void)
{
	seam_report(&memory.bytes[14], 4, SEAM_RMW);
}

static void outside_of_memory(void)
{
	static u32 other;

	guest_set_mask(1, &other);
}

static void copied_over_the_end(void)
{
	static const u8 from[2];

	seam_copy(&memory.bytes[0], from, sizeof(from));
}

static void wrong_accesses_are_noticed(void)
{
	void (*const wrong[])(void) = {
		eight_bytes_at_once, a_byte_of_a_word, between_two_words,
		behind_a_field, across_the_end_of_a_field, outside_of_memory,
		copied_over_the_end,
	};
	size_t i;

	start();
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		about("access %zu", i);
		CHECK(count_failures(wrong[i]) > 0);
	}
	watch_stop();
}

static void right_accesses_are_logged(void)
{
	start();
	right_accesses();
	watch_stop();
	CHECK_EQ(watch_nr, 4);
	watch_expect(0, SEAM_RMW, 0, 0, 1);
	watch_expect(1, SEAM_RMW, 0, 8, 4);
	watch_expect(2, SEAM_RMW, 0, 12, 4);
	watch_expect(3, SEAM_READ, 0, 12, 4);
	CHECK_EQ(memory.bytes[0], 1);
	CHECK_EQ(memory.words[2], 1u << 31);
	CHECK_EQ(memory.words[3], 1);
}

static void expect_another(void)
{
	watch_expect(0, SEAM_READ, 0, 0, 1);
}

static void expect_one_more(void)
{
	watch_expect(4, SEAM_READ, 0, 0, 1);
}

static void wrong_expectations_fail(void)
{
	start();
	right_accesses();
	watch_stop();
	CHECK_EQ(count_failures(expect_another), 1);
	CHECK_EQ(count_failures(expect_one_more), 1);
}

static const struct test tests[] = {
	TEST(right_accesses_are_logged),
	TEST(wrong_accesses_are_noticed),
	TEST(wrong_expectations_fail),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
