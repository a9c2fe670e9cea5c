// SPDX-License-Identifier: GPL-2.0
/*
 * shared_info: where it is, how wide the guest is, and the wall clock, which Xen keeps
 * there beside the state of events.
 */
#include "xen/abi/time_abi.h"
#include "xen/base/map.h"
#include "xen/event/shared_info.h"

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
