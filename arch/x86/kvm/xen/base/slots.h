/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of pointers by number, in leaves of a page that are made as they are
 * needed and stay until the table goes: a look is three loads, in any context.
 *
 * Owns the tables' memory; what they point to is their user's, and so are the
 * lock under which leaves are made and the grace period after which readers
 * are gone.  @max, the number of slots, is a constant of the user.
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
 * The leaf that has the slot of number @nr, as its one with number @nr %
 * XEN_LEAF_SLOTS; NULL where there was never any.
 */
static __always_inline void __rcu **xen_slot_leaf(struct xen_slots *const *where,
						  u32 max, u32 nr)
{
	struct xen_slots *slots;

	if (nr >= max)
		return NULL;

	nr = array_index_nospec(nr, max);

	/* Pairs with the release in make_table(): what is seen is zeroed. */
	slots = smp_load_acquire(where);
	if (unlikely(!slots))
		return NULL;

	/* Likewise, in xen_make_slot(). */
	return smp_load_acquire(&slots->leaves[nr / XEN_LEAF_SLOTS]);
}

/* Where number @nr is kept, or NULL where nothing near it ever was. */
static inline void __rcu **xen_slot(struct xen_slots *const *where, u32 max,
				    u32 nr)
{
	void __rcu **leaf = xen_slot_leaf(where, max, nr);

	return leaf ? &leaf[nr % XEN_LEAF_SLOTS] : NULL;
}

/* The same, making what is missing; NULL where there is no memory.  Sleeps. */
void __rcu **xen_make_slot(struct xen_slots **where, u32 max, u32 nr);

/*
 * The first number at or above @from, below @max, whose slot is not empty; @max
 * where there is none.
 */
u32 xen_next_slot(struct xen_slots *const *where, u32 max, u32 from);

/* Free the table, which nobody looks at any more. */
void xen_free_slots(struct xen_slots *slots, u32 max);

#endif /* _KVM_XEN_SLOTS_H */
