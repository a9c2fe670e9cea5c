/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page-table walk of a guest in long mode, for supervisor reads.  It only translates
 * addresses: if the access needs a fault, or an accessed bit to be set, it fails, and the
 * caller leaves the access to KVM's full page-table walk.
 *
 * Pure.  The caller's function reads the entries, each once.
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

/* The highest level of large pages: 3 for 1 GiB, below it 2 for 2 MiB. */
#define XEN_WALK_TOP_LARGE	3

struct xen_walk {
	u64 root;		/* CR3 */
	u64 reserved;		/* address bits that the CPU does not have */
};

/*
 * Read the page-table entry at guest physical address @gpa; false if that is not
 * possible.
 */
typedef bool (*xen_walk_read)(void *ctx, u64 gpa, u64 *entry);

static __always_inline u32 xen_walk_shift(u32 level)
{
	return XEN_WALK_PAGE_SHIFT + (level - 1) * XEN_WALK_INDEX_BITS;
}

/*
 * Canonical: the bits above those that are translated equal the highest translated bit.
 */
static __always_inline bool xen_walk_is_canonical(u64 gva, u32 levels)
{
	u32 unused = 64 - xen_walk_shift(levels + 1);

	return (u64)((s64)(gva << unused) >> unused) == gva;
}

/* Reserved bits in the entry of a large page, which must be zero. */
static __always_inline u64 xen_walk_large_reserved(u32 level)
{
	return ((1ull << xen_walk_shift(level)) - 1) & XEN_WALK_ADDRESS &
	       ~(1ull << XEN_WALK_PAGE_SHIFT);	/* PAT */
}

/* Whether @entry points to a table.  Only the bits @checked are compared. */
static __always_inline bool xen_walk_is_table(u64 entry, u64 checked)
{
	return (entry & (checked | XEN_WALK_LARGE)) ==
	       (XEN_WALK_PRESENT | XEN_WALK_ACCESSED);
}

/* Whether @entry, at @level, maps a page.  Only the bits @checked are compared. */
static __always_inline bool xen_walk_is_page(u64 entry, u64 checked, u32 level)
{
	if ((entry & checked) != (XEN_WALK_PRESENT | XEN_WALK_ACCESSED))
		return false;

	return level == 1 || (level <= XEN_WALK_TOP_LARGE &&
			      !(entry & xen_walk_large_reserved(level)));
}

/* The address of the entry of @level for @gva in @table. */
static __always_inline u64 xen_walk_place(u64 table, u64 gva, u32 level)
{
	u64 index = (gva >> xen_walk_shift(level)) & XEN_WALK_INDEX_MASK;

	return (table & XEN_WALK_ADDRESS) + index * sizeof(u64);
}

/*
 * Translate @gva by @levels of tables, 4 or 5, a constant.  Returns false if the page is
 * not present, not yet accessed, or a user page, if an entry is malformed, or if @read
 * fails.
 */
static __always_inline bool xen_walk(const struct xen_walk *walk, u32 levels,
				     u64 gva, xen_walk_read read, void *ctx,
				     u64 *gpa)
{
	const u64 checked = XEN_WALK_PRESENT | XEN_WALK_ACCESSED |
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
	} while (level > 1 && likely(xen_walk_is_table(entry, checked)));

	offset = (1ull << xen_walk_shift(level)) - 1;
	*gpa = (entry & XEN_WALK_ADDRESS & ~offset) | (gva & offset);
	return xen_walk_is_page(entry, checked, level) && !user;
}

#endif /* _KVM_XEN_WALK_H */
