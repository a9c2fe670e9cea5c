// SPDX-License-Identifier: GPL-2.0
/* Checks the place, width and alignment of accesses to guest memory. */
#include "test.h"
#include "watch.h"

#define MAX_REGIONS	4

struct region {
	const u8 *base;
	size_t len;
	const struct watch_field *fields;
	size_t nr;
};

struct watch_access watch_log[WATCH_LOG];
unsigned int watch_nr;

static struct region regions[MAX_REGIONS];
static unsigned int nr_regions;

static int find_region(const u8 *addr)
{
	unsigned int i;

	for (i = 0; i < nr_regions; i++) {
		if (addr >= regions[i].base &&
		    addr < regions[i].base + regions[i].len)
			return i;
	}

	return -1;
}

static const struct watch_field *find_field(const struct region *r, size_t at,
					    size_t len)
{
	size_t i;

	for (i = 0; i < r->nr; i++) {
		const struct watch_field *f = &r->fields[i];

		if (at >= f->offset && at + len <= (size_t)f->offset + f->len)
			return f;
	}

	return NULL;
}

static void hook(const volatile void *addr, size_t len, enum seam_access how)
{
	const u8 *byte = (const u8 *)addr;
	int region = find_region(byte);
	const struct watch_field *field;
	size_t at;

	/* Copies inside of the unit are its own business. */
	if (how == SEAM_COPY && region < 0)
		return;
	if (!CHECK(region >= 0 && "the access is to guest memory"))
		return;

	at = byte - regions[region].base;
	field = find_field(&regions[region], at, len);
	if (CHECK(field && "the access is inside of a field"))
		CHECK_EQ(len, field->width);
	CHECK((uintptr_t)addr % len == 0 && "the access is aligned");

	if (CHECK(watch_nr < WATCH_LOG && "accesses are few"))
		watch_log[watch_nr++] = (struct watch_access) {
			how, at, len, region,
		};
}

void watch_start(void)
{
	nr_regions = 0;
	watch_nr = 0;
	seam_hook = hook;
}

void watch_stop(void)
{
	seam_hook = NULL;
}

void watch_clear(void)
{
	watch_nr = 0;
}

void watch_region(void *base, size_t len, const struct watch_field *fields,
		  size_t nr)
{
	assert(nr_regions < MAX_REGIONS);
	regions[nr_regions++] = (struct region) { base, len, fields, nr };
}

void watch_expect(unsigned int nr, enum seam_access how, u8 region, u16 offset,
		  u8 len)
{
	struct watch_access *a = &watch_log[nr];

	if (!CHECK(nr < watch_nr && "there was one more access"))
		return;
	CHECK_EQ(a->how, how);
	CHECK_EQ(a->region, region);
	CHECK_EQ(a->offset, offset);
	CHECK_EQ(a->len, len);
}

u8 watch_pattern(size_t offset)
{
	return 0xa5 ^ (offset * 7);
}

void watch_fill(void *base, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		((u8 *)base)[i] = watch_pattern(i);
}
