/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A walk of a guest's page tables in long mode, for supervisor reads that are
 * plain: it gives up where anything else than the address is to be said, and
 * leaves that to who can raise faults and set accessed bits.
 *
 * Pure.  Entries are read by the caller's function, each once.
 */
#ifndef _KVM_XEN_WALK_H
#define _KVM_XEN_WALK_H

#include "seam.h"

#define XEN_WALK_PRESENT	(1ull << 0)
#define XEN_WALK_USER		(1ull << 2)
#define XEN_WALK_ACCESSED	(1ull << 5)
#define XEN_WALK_LARGE		(1ull << 7)
#define XEN_WALK_ADDRESS	0x000ffffffffff000ull

#define XEN_WALK_PAGE_SHIFT	12
#define XEN_WALK_INDEX_BITS	9
#define XEN_WALK_INDEX_MASK	((1ull << XEN_WALK_INDEX_BITS) - 1)

/* Pages of 1 GiB, and of 2 MiB. */
#define XEN_WALK_TOP_LARGE	3

struct xen_walk {
	u64 root;		/* CR3 */
	u64 reserved;		/* address bits that the CPU does not have */
};

/* Read the entry at guest physical address @gpa; false where that is not possible. */
typedef bool (*xen_walk_read)(void *ctx, u64 gpa, u64 *entry);

static __always_inline u32 xen_walk_shift(u32 level)
{
	return XEN_WALK_PAGE_SHIFT + (level - 1) * XEN_WALK_INDEX_BITS;
}

/* Addresses repeat the highest bit that is translated. */
static __always_inline bool xen_walk_is_canonical(u64 gva, u32 levels)
{
	u32 unused = 64 - xen_walk_shift(levels + 1);

	return (u64)((s64)(gva << unused) >> unused) == gva;
}

/* Bits of a large page's entry that take part in no address: to be zero. */
static __always_inline u64 xen_walk_large_reserved(u32 level)
{
	return ((1ull << xen_walk_shift(level)) - 1) & XEN_WALK_ADDRESS &
	       ~(1ull << XEN_WALK_PAGE_SHIFT);	/* PAT */
}

/* Whether @entry, of which @looked_at is to be as it is in any, leads further down. */
static __always_inline bool xen_walk_is_table(u64 entry, u64 looked_at)
{
	return (entry & (looked_at | XEN_WALK_LARGE)) ==
	       (XEN_WALK_PRESENT | XEN_WALK_ACCESSED);
}

/* The same for one that leads no further: whether it is that of a page. */
static __always_inline bool xen_walk_is_page(u64 entry, u64 looked_at, u32 level)
{
	if ((entry & looked_at) != (XEN_WALK_PRESENT | XEN_WALK_ACCESSED))
		return false;

	return level == 1 || (level <= XEN_WALK_TOP_LARGE &&
			      !(entry & xen_walk_large_reserved(level)));
}

/* Where in @table the entry of @level for @gva is. */
static __always_inline u64 xen_walk_place(u64 table, u64 gva, u32 level)
{
	u64 index = (gva >> xen_walk_shift(level)) & XEN_WALK_INDEX_MASK;

	return (table & XEN_WALK_ADDRESS) + index * sizeof(u64);
}

/*
 * Translate @gva by @levels of tables, 4 or 5, a constant.  Returns false for what
 * is not mapped, not accessed before, the user's, malformed in any way, or out of
 * @read's reach.
 */
static __always_inline bool xen_walk(const struct xen_walk *walk, u32 levels,
				     u64 gva, xen_walk_read read, void *ctx,
				     u64 *gpa)
{
	const u64 looked_at = XEN_WALK_PRESENT | XEN_WALK_ACCESSED |
			      walk->reserved;
	u64 user = XEN_WALK_USER;
	u64 entry = walk->root;
	u32 level = levels + 1;
	u64 offset;

	if (!xen_walk_is_canonical(gva, levels))
		return false;

#pragma GCC unroll 5
	do {
		level--;
		if (!read(ctx, xen_walk_place(entry, gva, level), &entry))
			return false;

		user &= entry;
	} while (level > 1 && likely(xen_walk_is_table(entry, looked_at)));

	offset = (1ull << xen_walk_shift(level)) - 1;
	*gpa = (entry & XEN_WALK_ADDRESS & ~offset) | (gva & offset);
	return xen_walk_is_page(entry, looked_at, level) && !user;
}

#endif /* _KVM_XEN_WALK_H */
