/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest pages, mapped by KVM's gfn_to_pfn caches, which follow memslots and the VMM's own
 * address space.  Each cache is guarded by its gpc->lock, held for read while mapped.
 */
#ifndef _KVM_XEN_BASE_MAP_H
#define _KVM_XEN_BASE_MAP_H

#include "xen/base/base.h"

/*
 * A mapped guest page: gpc->lock is held for read.  The holder must not sleep, and has
 * interrupts off, except on PREEMPT_RT.
 */
struct xen_map {
	struct gfn_to_pfn_cache *gpc;
	unsigned long flags;
	void *khva;
};

/*
 * Whether the mapping in @gpc is still valid, for the length with which it was made.  The
 * memslots are part of struct kvm and never freed, so their generation may be read at any
 * time.  A writer holds kvm->srcu, so that KVM waits for it before a removed memslot is
 * gone.
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

/* A thread that writes to guest pages must be in a read section of kvm->srcu. */
static __always_inline void xen_assert_reader(struct kvm *kvm)
{
	RCU_LOCKDEP_WARN(!srcu_read_lock_held(&kvm->srcu),
			 "guest page written outside of kvm->srcu");
}

/*
 * Map @gpc for reading, if that needs no waiting.  Returns false, holding nothing, if the
 * page has to be looked up again first.  Any context in which xen_must_not_lock() is
 * false.
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

/*
 * Like xen_try_map_to_read(), for reading and writing.  In a read section of kvm->srcu.
 */
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
 * Map @gpc while a page of another kind is mapped that is always mapped first.
 * Interrupts are off already, except on PREEMPT_RT.  Unmap by xen_unmap_under().
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
 * Map @gpc while a page of the same kind is mapped.  Only try the lock: another thread
 * may hold the two pages in the opposite order and wait for this one.
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
 * Map @gpc under the scheduler's locks: do not even wait for a spinning lock.  Always
 * fails on PREEMPT_RT, where the lock's owner may be preempted.
 */
static inline bool xen_try_map_in_scheduler(struct xen_map *map,
					    struct gfn_to_pfn_cache *gpc,
					    u32 len)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT) || !xen_try_map_second(map, gpc))
		return false;

	/* @len may differ from the length with which @gpc was mapped: see runstate.c. */
	if (kvm_gpc_check(gpc, len))
		return true;

	xen_unmap(map);
	return false;
}

/*
 * Map @gpc like xen_try_map(), but wait for the page.  May sleep.  @len is the length for
 * which @gpc was activated.  Returns 0, or -errno if there is no page.
 */
int xen_map(struct xen_map *map, struct gfn_to_pfn_cache *gpc, u32 len);

/*
 * Whether *@generation is not 0 and equals the current generation of the memslots: a page
 * that could not be mapped then cannot be mapped now.  In a read section of kvm->srcu.
 */
static inline bool xen_is_stalled(struct kvm *kvm, const u64 *generation)
{
	u64 known = READ_ONCE(*generation);

	return unlikely(known) && known == kvm_memslots(kvm)->generation;
}

#endif /* _KVM_XEN_BASE_MAP_H */
