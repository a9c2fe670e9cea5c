// SPDX-License-Identifier: GPL-2.0
/*
 * Guest pages: the one place that maps them, and what Xen keeps in
 * shared_info.
 *
 * Mappings are gfn_to_pfn caches of KVM, which follow memslots and the VMM's
 * own address space.  shared_info and vcpu_info are not marked dirty when an
 * event is delivered: the ABI of KVM has VMMs treat them as always dirty.
 */
#include "internal.h"

int xen_map(struct xen_map *map, struct gfn_to_pfn_cache *gpc, u32 len)
{
	int r;

	might_sleep();

	/*
	 * A page that is taken away again before it could be used is sought
	 * again, as any access of the VMM itself would do: each round is one
	 * invalidation by whoever owns the memory.
	 */
	while (!xen_try_map(map, gpc)) {
		/* A cache that was never activated must not be refreshed. */
		if (!READ_ONCE(gpc->active))
			return -EINVAL;

		r = kvm_gpc_refresh(gpc, len);
		if (r)
			return r;
	}

	return 0;
}

/*
 * The clock itself stays as it is: to take it from the host's once more would make it
 * jump by what the two have drifted.
 */
int xen_shared_info_init(struct kvm *kvm)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;
	u64 epoch_ns = kvm_get_wall_clock_epoch(kvm);
	struct xen_map map;
	int r;

	lockdep_assert_held(&kvm->arch.xen.xen_lock);
	guard(srcu)(&kvm->srcu);

	r = xen_map(&map, gpc, PAGE_SIZE);
	if (r)
		return r;

	xen_wall_clock_store(map.khva, xen_layout(kvm), epoch_ns);
	xen_unmap(&map);
	return 0;
}

int xen_set_long_mode(struct kvm *kvm, bool long_mode)
{
	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	if (kvm->arch.xen.long_mode == long_mode)
		return 0;

	WRITE_ONCE(kvm->arch.xen.long_mode, long_mode);
	return kvm->arch.xen.shinfo_cache.active ? xen_shared_info_init(kvm) : 0;
}

bool xen_log_write(struct gfn_to_pfn_cache *gpc)
{
	struct kvm_vcpu *vcpu = kvm_get_running_vcpu();
	struct kvm_memory_slot *slot = gpc->memslot;

	if (!slot || !kvm_slot_dirty_track_enabled(slot))
		return true;

	/* A bitmap can be written by anyone. */
	if (slot->dirty_bitmap) {
		set_bit_le(gpa_to_gfn(gpc->gpa) - slot->base_gfn,
			   slot->dirty_bitmap);
		return true;
	}

	/* A ring belongs to a vCPU, whose thread this may have interrupted. */
	if (!in_task() || !vcpu || vcpu->kvm != gpc->kvm)
		return false;

	kvm_gpc_mark_dirty_in_slot(gpc);
	return true;
}
