/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest pages, mapped by KVM's gfn_to_pfn caches, which follow memslots and the VMM's own
 * address space.
 */
#ifndef _KVM_XEN_BASE_MAP_H
#define _KVM_XEN_BASE_MAP_H

#include "xen/base/base.h"

/* A guest page while it is held mapped: interrupts are off, nothing sleeps. */
struct xen_map {
	struct gfn_to_pfn_cache *gpc;
	unsigned long flags;
	void *khva;
};

/*
 * Whether the mapping that @gpc remembers still stands, for the length that it
 * was made for.  The memslots are part of struct kvm and never freed, so their
 * generation may be read at any time; who writes to the page holds kvm->srcu,
 * for a memslot that was removed to be left alone from then on.
 */
static __always_inline bool xen_is_mapped(struct gfn_to_pfn_cache *gpc)
{
	struct kvm_memslots *slots;

	/* False as well for a cache that is not active. */
	if (!gpc->valid)
		return false;

	slots = rcu_dereference_raw(gpc->kvm->memslots[0]);
	return likely(gpc->generation == slots->generation) ||
	       kvm_is_error_gpa(gpc->gpa);
}

/* Who writes to guest pages is in a read section of kvm->srcu. */
static __always_inline void xen_assert_reader(struct kvm *kvm)
{
	RCU_LOCKDEP_WARN(!srcu_read_lock_held(&kvm->srcu),
			 "guest page written outside of kvm->srcu");
}

/*
 * Map what @gpc was activated for, to read it, if that needs no waiting.
 * Returns false, holding nothing, where the page has to be sought again first.
 * Any context.
 */
static __always_inline bool xen_try_map_to_read(struct xen_map *map,
						struct gfn_to_pfn_cache *gpc)
{
	read_lock_irqsave(&gpc->lock, map->flags);
	if (unlikely(!xen_is_mapped(gpc))) {
		read_unlock_irqrestore(&gpc->lock, map->flags);
		return false;
	}

	map->gpc = gpc;
	map->khva = gpc->khva;
	return true;
}

/* The same to write as well. */
static __always_inline bool xen_try_map(struct xen_map *map,
					struct gfn_to_pfn_cache *gpc)
{
	xen_assert_reader(gpc->kvm);
	return xen_try_map_to_read(map, gpc);
}

static __always_inline void xen_unmap(struct xen_map *map)
{
	read_unlock_irqrestore(&map->gpc->lock, map->flags);
}

/*
 * The same for who has another page mapped, of a kind that is always mapped first:
 * interrupts are off by that, but on PREEMPT_RT.  To end it is xen_unmap_under().
 */
static __always_inline bool xen_try_map_under(struct gfn_to_pfn_cache *gpc)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		lockdep_assert_irqs_disabled();
	xen_assert_reader(gpc->kvm);

	read_lock(&gpc->lock);
	if (likely(xen_is_mapped(gpc)))
		return true;

	read_unlock(&gpc->lock);
	return false;
}

static __always_inline void xen_unmap_under(struct gfn_to_pfn_cache *gpc)
{
	read_unlock(&gpc->lock);
}

/*
 * The same for who has another page of the same kind mapped: without waiting,
 * as who has the two the other way round may be waiting for this one.
 */
static inline bool xen_try_map_second(struct xen_map *map,
				      struct gfn_to_pfn_cache *gpc)
{
	map->flags = xen_irqs_off();
	if (read_trylock(&gpc->lock)) {
		if (xen_is_mapped(gpc)) {
			map->gpc = gpc;
			map->khva = gpc->khva;
			return true;
		}
		read_unlock(&gpc->lock);
	}
	xen_irqs_restore(map->flags);
	return false;
}

/*
 * The same below the scheduler's own locks: not even a spinning lock is waited
 * for, and on PREEMPT_RT, where its owner may sleep, it is left alone.
 */
static inline bool xen_try_map_in_scheduler(struct xen_map *map,
					    struct gfn_to_pfn_cache *gpc,
					    u32 len)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT) || !xen_try_map_second(map, gpc))
		return false;

	/* The length may be another than @gpc was made for: see runstate.c. */
	if (kvm_gpc_check(gpc, len))
		return true;

	xen_unmap(map);
	return false;
}

/*
 * As xen_try_map(), but waits for the page; @len is what @gpc was activated for.
 * Returns 0 or why there is no page.
 */
int xen_map(struct xen_map *map, struct gfn_to_pfn_cache *gpc, u32 len);

/* Whether @generation, unless it is 0, is that of the memslots.  In kvm->srcu. */
static inline bool xen_is_stalled(struct kvm *kvm, const u64 *generation)
{
	u64 known = READ_ONCE(*generation);

	return unlikely(known) && known == kvm_memslots(kvm)->generation;
}

#endif /* _KVM_XEN_BASE_MAP_H */
