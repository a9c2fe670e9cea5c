// SPDX-License-Identifier: GPL-2.0
/*
 * A walk of page tables, as the fast path of hypercalls makes it: of every mapping,
 * with every bit of every entry changed; then of tables made by chance, against a
 * slow model.  SEED= repeats those.
 *
 * If this fails, a hypercall reads memory that its guest did not mean, or may not
 * read; or is never fast.
 */
#include "random.h"
#include "sequence.h"
#include "test.h"
#include "walk_bed.h"

#define MAX_LEVELS	5

#define PRESENT		(1ull << 0)
#define USER		(1ull << 2)
#define ACCESSED	(1ull << 5)
#define LARGE		(1ull << 7)
#define PAT_OF_LARGE	(1ull << 12)
#define NX		(1ull << 63)

/* Tables lie apart from each other, where a CPU of 46 address bits can have them. */
#define FEWEST_BITS	46u
#define MOST_BITS	52u

static const u64 tables[MAX_LEVELS + 1] = {
	0, 0x7000, 0x123456000, 0x3ffffffff000, 0x2000, 0x20000000000,
};

/* One walk down to a page: an entry of each level. */
struct chain {
	struct walk_memory memory;
	struct walk_request request;
	u32 page_level;
	u64 entry[MAX_LEVELS + 1];
};

static u32 index_of(u64 gva, u32 level)
{
	return gva >> (12 + 9 * (level - 1)) & 511;
}

/* The entries of the walk, and no others, can be read. */
static bool entry_of_chain(struct walk_memory *memory, u64 gpa, u64 *entry)
{
	struct chain *chain = (struct chain *)memory;
	u32 level;

	for (level = chain->request.levels; level >= chain->page_level; level--) {
		if (gpa != tables[level] + 8 * index_of(chain->request.gva, level))
			continue;
		*entry = chain->entry[level];
		return true;
	}
	return false;
}

/* A page at a place that its size allows. */
static const u64 page_at[] = { 0, 0x89abcd000, 0x89aa00000, 0x880000000 };

static struct chain make_chain(u32 levels, u32 page_level, u64 gva)
{
	struct chain chain = {
		.memory = { .entry_at = entry_of_chain, .fails_at = WALK_NEVER },
		.request = { .levels = levels, .root = tables[levels], .gva = gva },
		.page_level = page_level,
	};
	u32 level;

	for (level = levels; level > page_level; level--)
		chain.entry[level] = tables[level - 1] | PRESENT | ACCESSED;
	chain.entry[page_level] = page_at[page_level] | PRESENT | ACCESSED |
				  (page_level > 1 ? LARGE : 0);
	return chain;
}

static u64 page_mask(u32 page_level)
{
	return (1ull << (12 + 9 * (page_level - 1))) - 1;
}

/* Walk by unit and model, which agree. */
static struct walk_outcome walk(struct chain *chain)
{
	struct walk_outcome unit = walk_by_unit(&chain->request, &chain->memory);
	struct walk_outcome model = walk_by_model(&chain->request, &chain->memory);

	walk_compare(&unit, &model);
	return unit;
}

static void leads_to(struct chain *chain, u64 gpa)
{
	struct walk_outcome out = walk(chain);

	CHECK(out.done);
	CHECK_EQ(out.gpa, gpa);
	CHECK_EQ(out.nr_reads, chain->request.levels - chain->page_level + 1);
}

static void leads_home(struct chain *chain)
{
	u32 level = chain->page_level;

	leads_to(chain, page_at[level] | (chain->request.gva & page_mask(level)));
}

/* Nothing is read behind the entry of @level. */
static void is_refused_at(struct chain *chain, u32 level)
{
	struct walk_outcome out = walk(chain);

	CHECK(!out.done);
	CHECK_EQ(out.nr_reads, chain->request.levels - level + 1);
}

/* Addresses of either half, with as many levels. */
static const struct {
	u32 levels;
	u64 gva;
} places[] = {
	{ 4, 0x0000000000000000 }, { 4, 0x00007fffffffffff },
	{ 4, 0xffff800000000000 }, { 4, 0xffffffffffffffff },
	{ 4, 0x0000123456789abc }, { 4, 0xffffa50f5aa5cafe },
	{ 5, 0x0000000000000000 }, { 5, 0x00ffffffffffffff },
	{ 5, 0xff00000000000000 }, { 5, 0xffffffffffffffff },
	{ 5, 0x00cd123456789abc }, { 5, 0xff5aa50f5aa5cafe },
};

typedef void (*entry_fn)(struct chain *chain, u32 level);

/* Do @run with each entry of the walk to @gva, by a new chain each time. */
static void with_chains(u32 levels, u32 page_level, u64 gva, entry_fn run)
{
	struct chain chain;
	u32 level;

	for (level = levels; level >= page_level; level--) {
		about("%u levels, page of level %u, entry of level %u, %#llx", levels,
		      page_level, level, (unsigned long long)gva);
		chain = make_chain(levels, page_level, gva);
		run(&chain, level);
	}
}

/* The same with each place and each size of page. */
static void with_each_entry(entry_fn run)
{
	u32 i, page_level;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		for (page_level = 1; page_level <= 3; page_level++)
			with_chains(places[i].levels, page_level, places[i].gva, run);
}

static void find_page(struct chain *chain, u32 level)
{
	(void)level;
	leads_home(chain);
}

static void pages_of_each_size_are_found(void)
{
	with_each_entry(find_page);
}

static void miss_bit(struct chain *chain, u32 level, u64 bit)
{
	chain->entry[level] &= ~bit;
	is_refused_at(chain, level);
	chain->entry[level] ^= bit;
	leads_home(chain);
}

static void be_not_present(struct chain *chain, u32 level)
{
	miss_bit(chain, level, PRESENT);
	chain->entry[level] = ~PRESENT;
	is_refused_at(chain, level);
	chain->entry[level] = 0;
	is_refused_at(chain, level);
}

static void entries_that_are_not_present_are_refused(void)
{
	with_each_entry(be_not_present);
}

static void be_not_accessed(struct chain *chain, u32 level)
{
	miss_bit(chain, level, ACCESSED);
}

static void entries_not_accessed_before_are_refused(void)
{
	with_each_entry(be_not_accessed);
}

static u64 bits_from(u32 first)
{
	return (1ull << MOST_BITS) - (1ull << first);
}

/* Where nobody reserves the bit it is one of the address, at which nothing is. */
static void has_address_bit(struct chain *chain, u32 level, u64 bit)
{
	if (level == chain->page_level)
		leads_to(chain, bit | page_at[level] |
				(chain->request.gva & page_mask(level)));
	else
		is_refused_at(chain, level - 1);
}

static void have_address_bits(struct chain *chain, u32 level)
{
	struct chain wild;
	u32 nr, bits;

	for (nr = FEWEST_BITS; nr < MOST_BITS; nr++) {
		wild = *chain;
		wild.entry[level] |= 1ull << nr;
		for (bits = FEWEST_BITS; bits <= MOST_BITS; bits++) {
			wild.request.reserved = bits_from(bits);
			if (nr >= bits)
				is_refused_at(&wild, level);
			else
				has_address_bit(&wild, level, 1ull << nr);
		}
	}
}

static void address_bits_that_the_cpu_lacks_are_refused(void)
{
	with_each_entry(have_address_bits);
}

/* Bits of large pages that are part of no address. */
static void have_low_bits(struct chain *chain, u32 level)
{
	u64 bit;

	if (level != chain->page_level || level == 1)
		return;

	for (bit = PAT_OF_LARGE << 1; bit <= page_mask(level); bit <<= 1) {
		chain->entry[level] |= bit;
		is_refused_at(chain, level);
		chain->entry[level] ^= bit;
	}
	chain->entry[level] |= PAT_OF_LARGE;
	leads_home(chain);
}

static void low_bits_of_large_pages_are_refused_but_for_pat(void)
{
	with_each_entry(have_low_bits);
}

/* In the lowest level the bit has another meaning, and in the two highest none. */
static void be_large(struct chain *chain, u32 level)
{
	chain->entry[level] |= LARGE;
	if (level > 3)
		is_refused_at(chain, level);
	else if (level == chain->page_level)
		leads_home(chain);
	else
		walk(chain);
}

static void large_pages_of_too_high_a_level_are_refused(void)
{
	with_each_entry(be_large);
}

/* All but what is tested above and below: of no meaning to a read. */
#define MEANINGLESS	(NX | 0x7ff0000000000f5aull)

static void have_bits_of_no_meaning(struct chain *chain, u32 level)
{
	u32 nr;

	for (nr = 0; nr < 64; nr++) {
		if (!(MEANINGLESS >> nr & 1))
			continue;
		chain->entry[level] |= 1ull << nr;
		leads_home(chain);
	}
	chain->entry[level] &= ~MEANINGLESS;
	leads_home(chain);
}

static void bits_of_no_meaning_change_nothing(void)
{
	with_each_entry(have_bits_of_no_meaning);
}

/* The user may get in only where each entry says so. */
static void grant_user(struct chain *chain, u32 refrains)
{
	u32 level;

	for (level = chain->request.levels; level >= chain->page_level; level--)
		chain->entry[level] |= USER;
	is_refused_at(chain, chain->page_level);

	chain->entry[refrains] &= ~USER;
	leads_home(chain);

	for (level = chain->request.levels; level >= chain->page_level; level--)
		chain->entry[level] &= ~USER;
	chain->entry[refrains] |= USER;
	leads_home(chain);
}

static void pages_of_the_user_are_refused_and_no_others(void)
{
	with_each_entry(grant_user);
}

static void fail_to_read(struct chain *chain, u32 level)
{
	chain->memory.fails_at = chain->request.levels - level;
	is_refused_at(chain, level);
}

static void what_cannot_be_read_is_refused(void)
{
	with_each_entry(fail_to_read);
}

/* PCID, cache control and LAM are none of the table's address. */
static void have_more_in_cr3(struct chain *chain, u32 level)
{
	(void)level;
	chain->request.root |= 0xfffull | 7ull << 61;
	leads_home(chain);
}

static void of_cr3_only_the_address_counts(void)
{
	with_each_entry(have_more_in_cr3);
}

static void is_not_canonical(u32 levels, u64 gva)
{
	struct chain chain = make_chain(levels, 1, gva);
	struct walk_outcome out;

	about("%u levels, %#llx", levels, (unsigned long long)gva);
	out = walk(&chain);
	CHECK(!out.done);
	CHECK_EQ(out.nr_reads, 0);
}

static void addresses_that_are_not_canonical_are_refused(void)
{
	u32 i, nr;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		for (nr = 12 + 9 * places[i].levels - 1; nr < 64; nr++)
			is_not_canonical(places[i].levels, places[i].gva ^ 1ull << nr);

	is_not_canonical(4, 0x0000800000000000);
	is_not_canonical(4, 0xffff7fffffffffff);
	is_not_canonical(5, 0x0100000000000000);
	is_not_canonical(5, 0xfeffffffffffffff);
}

/* Tables by chance: what an entry is, is computed from its address. */
#define NR_TABLES	8u
#define NR_WALKS	100000u

struct chance {
	struct walk_memory memory;
	u64 seed;
	u32 odds;			/* one in so many entries has something odd */
};

/* What is odd about an entry, by a bit that is changed. */
static const u8 odd_bits[] = { 0, 2, 2, 2, 5, 7, 7, 12, 13, 20, 21, 29, 30, 40, 51, 63 };

static bool entry_by_chance(struct walk_memory *memory, u64 gpa, u64 *entry)
{
	struct chance *chance = (struct chance *)memory;
	u64 state = chance->seed ^ gpa * 0x9e3779b97f4a7c15ull;

	if (gpa >= NR_TABLES * 4096 || gpa % 8)
		return false;

	*entry = random_below(&state, NR_TABLES) * 4096ull | PRESENT | ACCESSED;
	if (!random_below(&state, 3))
		*entry |= USER;
	while (!random_below(&state, chance->odds))
		*entry ^= 1ull << odd_bits[random_below(&state, ARRAY_SIZE(odd_bits))];
	/* Large pages often lie where they may. */
	if ((*entry & LARGE) && random_below(&state, 2))
		*entry &= ~(page_mask(3) & ~0xfffull);
	return true;
}

static u64 any_address(u32 levels)
{
	u64 gva = (u64)pick(1u << 16) << 48 | (u64)pick(1u << 24) << 24 | pick(1u << 24);
	u32 unused = 64 - (12 + 9 * levels);

	return pick(8) ? (u64)((s64)(gva << unused) >> unused) : gva;
}

static struct walk_request any_request(void)
{
	struct walk_request request = {
		.levels = 4 + pick(2),
		.root = pick(NR_TABLES) * 4096ull | pick(4096),
		.reserved = pick(2) ? bits_from(36 + pick(17)) : 0,
	};

	request.gva = any_address(request.levels);
	return request;
}

static bool walk_by_chance(u32 nr)
{
	struct chance chance = {
		.memory = { .entry_at = entry_by_chance, .fails_at = WALK_NEVER },
		.seed = (u64)pick(1u << 31) << 31 | pick(1u << 31),
		.odds = 2 + pick(30),
	};
	struct walk_request request = any_request();
	struct walk_outcome unit, model;

	if (!pick(16))
		chance.memory.fails_at = pick(MAX_LEVELS);

	about("walk %u", nr);
	unit = walk_by_unit(&request, &chance.memory);
	model = walk_by_model(&request, &chance.memory);
	walk_compare(&unit, &model);
	return model.done;
}

/* Neither all of them lead somewhere nor none, else nothing was compared. */
static void tables_made_by_chance_are_walked_as_the_model_does(void)
{
	u32 i, done = 0;

	for (i = 0; i < NR_WALKS; i++)
		done += walk_by_chance(i);

	about("%u walks of %u led somewhere", done, NR_WALKS);
	CHECK(done > NR_WALKS / 8 && done < NR_WALKS * 7 / 8);
}

static const struct test tests[] = {
	TEST(pages_of_each_size_are_found),
	TEST(entries_that_are_not_present_are_refused),
	TEST(entries_not_accessed_before_are_refused),
	TEST(address_bits_that_the_cpu_lacks_are_refused),
	TEST(low_bits_of_large_pages_are_refused_but_for_pat),
	TEST(large_pages_of_too_high_a_level_are_refused),
	TEST(bits_of_no_meaning_change_nothing),
	TEST(pages_of_the_user_are_refused_and_no_others),
	TEST(what_cannot_be_read_is_refused),
	TEST(of_cr3_only_the_address_counts),
	TEST(addresses_that_are_not_canonical_are_refused),
	TEST(tables_made_by_chance_are_walked_as_the_model_does),
};

int main(void)
{
	return run_seeded_tests(tests, ARRAY_SIZE(tests));
}
