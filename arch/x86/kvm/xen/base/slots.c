// SPDX-License-Identifier: GPL-2.0
/* Tables of pointers, indexed by number: see slots.h. */
#include "xen/base/slots.h"
#include "xen/compat.h"

#include <linux/math.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

static u32 nr_leaves(u32 max)
{
	return DIV_ROUND_UP(max, XEN_LEAF_SLOTS);
}

static struct xen_slots *make_table(struct xen_slots **where, u32 max)
{
	struct xen_slots *slots = *where;

	if (slots)
		return slots;

	slots = kzalloc_flex(*slots, leaves, nr_leaves(max), GFP_KERNEL_ACCOUNT);
	if (!slots)
		return NULL;

	/* Pairs with the acquire in xen_slot_leaf(). */
	smp_store_release(where, slots);
	return slots;
}

void __rcu **xen_make_slot(struct xen_slots **where, u32 max, u32 nr)
{
	void __rcu **slot = xen_slot(where, max, nr);
	struct xen_slots *slots;
	void __rcu **leaf;

	if (slot)
		return slot;

	slots = make_table(where, max);
	leaf = slots ? kzalloc_objs(*leaf, XEN_LEAF_SLOTS,
			       GFP_KERNEL_ACCOUNT) : NULL;
	if (!leaf)
		return NULL;

	/* Pairs with the acquire in xen_slot_leaf(). */
	smp_store_release(&slots->leaves[nr / XEN_LEAF_SLOTS], leaf);
	return xen_slot(where, max, nr);
}

u32 xen_next_slot(struct xen_slots *const *where, u32 max, u32 from)
{
	void __rcu **slot;

	while (from < max) {
		slot = xen_slot(where, max, from);
		if (slot && rcu_access_pointer(*slot))
			return from;

		from = slot ? from + 1 : round_up(from + 1, XEN_LEAF_SLOTS);
	}

	return max;
}

void xen_free_slots(struct xen_slots *slots, u32 max)
{
	u32 i;

	if (!slots)
		return;

	for (i = 0; i < nr_leaves(max); i++)
		kfree(slots->leaves[i]);
	kfree(slots);
}
