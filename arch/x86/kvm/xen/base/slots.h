/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of pointers, indexed by number, in leaves of one page each.  Leaves are
 * allocated on demand and freed with the table.  A lookup is three loads, in any context.
 *
 * Owns the memory of the tables.  The user of a table owns the objects it points to, the
 * lock under which leaves are allocated, and the grace period after which readers are
 * gone.  @max, the number of slots, is a constant chosen by the user.
 */
#ifndef _KVM_XEN_SLOTS_H
#define _KVM_XEN_SLOTS_H

#include <linux/compiler.h>
#include <linux/mm.h>
#include <linux/nospec.h>

#define XEN_LEAF_SLOTS	((u32)(PAGE_SIZE / sizeof(void *)))

struct xen_slots {
	DECLARE_FLEX_ARRAY(void __rcu **, leaves);
};

/*
 * The leaf with slot @nr, at index @nr % XEN_LEAF_SLOTS; NULL if it was never allocated.
 */
static __always_inline void __rcu **xen_slot_leaf(struct xen_slots *const *where,
						  u32 max, u32 nr)
{
	struct xen_slots *slots;

	if (nr >= max)
		return NULL;

	nr = array_index_nospec(nr, max);

	/* Pairs with the release in make_table(): the table is seen zeroed. */
	slots = smp_load_acquire(where);
	if (unlikely(!slots))
		return NULL;

	/* Pairs with the release in xen_make_slot(): the leaf is seen zeroed. */
	return smp_load_acquire(&slots->leaves[nr / XEN_LEAF_SLOTS]);
}

/* The slot @nr, or NULL if its leaf was never allocated. */
static inline void __rcu **xen_slot(struct xen_slots *const *where, u32 max,
				    u32 nr)
{
	void __rcu **leaf = xen_slot_leaf(where, max, nr);

	return leaf ? &leaf[nr % XEN_LEAF_SLOTS] : NULL;
}

/*
 * The slot @nr, whose table and leaf are allocated if missing; NULL without memory.  May
 * sleep.
 */
void __rcu **xen_make_slot(struct xen_slots **where, u32 max, u32 nr);

/* The first number from @from to below @max whose slot is not empty, or @max. */
u32 xen_next_slot(struct xen_slots *const *where, u32 max, u32 from);

/* Free the table, which must have no readers. */
void xen_free_slots(struct xen_slots *slots, u32 max);

#endif /* _KVM_XEN_SLOTS_H */
