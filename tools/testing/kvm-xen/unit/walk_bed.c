// SPDX-License-Identifier: GPL-2.0
/* See walk_bed.h. */
#include "test.h"
#include "walk_bed.h"

#define PAGE		4096ull
#define NR_ENTRIES	512ull

static bool read_memory(void *ctx, u64 gpa, u64 *entry)
{
	struct walk_memory *memory = ctx;
	u32 nr = memory->nr_reads++;

	if (nr < WALK_MAX_READS)
		memory->read[nr] = gpa;
	if (nr == memory->fails_at)
		return false;

	return memory->entry_at(memory, gpa, entry);
}

static struct walk_outcome outcome(const struct walk_memory *memory, bool done, u64 gpa)
{
	struct walk_outcome result = { .done = done, .gpa = gpa };

	result.nr_reads = memory->nr_reads;
	memcpy(result.read, memory->read, sizeof(result.read));
	return result;
}

struct walk_outcome walk_by_unit(const struct walk_request *request,
				 struct walk_memory *memory)
{
	struct xen_walk walk = { .root = request->root, .reserved = request->reserved };
	u64 gpa = 0;
	bool done;

	memory->nr_reads = 0;
	if (request->levels == 4)
		done = walk_4_levels(&walk, request->gva, read_memory, memory, &gpa);
	else
		done = walk_5_levels(&walk, request->gva, read_memory, memory, &gpa);
	return outcome(memory, done, gpa);
}

static bool bit(u64 word, u32 nr)
{
	return word / (1ull << nr) % 2;
}

/* The bits from @first to @last, where they are; all others 0. */
static u64 bits(u64 word, u32 first, u32 last)
{
	u64 result = 0;
	u32 nr;

	for (nr = first; nr <= last; nr++)
		if (bit(word, nr))
			result += 1ull << nr;
	return result;
}

/* How much an entry of @level maps. */
static u64 reach(u32 level)
{
	u64 bytes = PAGE;

	while (--level)
		bytes *= NR_ENTRIES;
	return bytes;
}

/* All bits above those that are translated are as the highest that is. */
static bool is_canonical(u64 gva, u32 levels)
{
	u32 nr, highest = 12 + 9 * levels - 1;

	for (nr = highest; nr < 64; nr++)
		if (bit(gva, nr) != bit(gva, highest))
			return false;
	return true;
}

static bool is_page(u64 entry, u32 level)
{
	return level == 1 || bit(entry, 7);
}

/* Present, accessed, and nothing set that has to be zero. */
static bool is_plain(u64 entry, u32 level, u64 reserved)
{
	u32 nr;

	if (!bit(entry, 0) || !bit(entry, 5))
		return false;
	for (nr = 12; nr < 52; nr++)
		if (bit(entry, nr) && bit(reserved, nr))
			return false;
	if (level == 1 || !bit(entry, 7))
		return true;
	if (level > 3)
		return false;
	for (nr = 13; (1ull << nr) < reach(level); nr++)
		if (bit(entry, nr))
			return false;
	return true;
}

static bool model_walk(const struct walk_request *request, struct walk_memory *memory,
		       u64 *gpa)
{
	u64 entry = 0, table = bits(request->root, 12, 51);
	bool is_users = true;
	u32 level;

	if (!is_canonical(request->gva, request->levels))
		return false;

	for (level = request->levels; level; level--) {
		if (!read_memory(memory, table + request->gva / reach(level) %
				 NR_ENTRIES * 8, &entry))
			return false;
		if (!is_plain(entry, level, request->reserved))
			return false;

		is_users = is_users && bit(entry, 2);
		table = bits(entry, 12, 51);
		if (is_page(entry, level))
			break;
	}

	*gpa = table / reach(level) * reach(level) + request->gva % reach(level);
	return !is_users;
}

struct walk_outcome walk_by_model(const struct walk_request *request,
				  struct walk_memory *memory)
{
	u64 gpa = 0;
	bool done;

	memory->nr_reads = 0;
	done = model_walk(request, memory, &gpa);
	return outcome(memory, done, gpa);
}

void walk_compare(const struct walk_outcome *unit, const struct walk_outcome *model)
{
	u32 i;

	CHECK_EQ(unit->done, model->done);
	if (unit->done && model->done)
		CHECK_EQ(unit->gpa, model->gpa);
	CHECK_EQ(unit->nr_reads, model->nr_reads);
	for (i = 0; i < model->nr_reads && i < WALK_MAX_READS; i++)
		CHECK_EQ(unit->read[i], model->read[i]);
}
