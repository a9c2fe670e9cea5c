// SPDX-License-Identifier: GPL-2.0
/* Mapping guest pages that have to be waited for: see map.h.  Owns no state. */
#include "xen/base/map.h"

int xen_map(struct xen_map *map, struct gfn_to_pfn_cache *gpc, u32 len)
{
	int r;

	might_sleep();

	/*
	 * A page that is invalidated again before it could be used is looked up again, as
	 * an access by the VMM itself would do.  Each iteration means one invalidation by
	 * the owner of the memory.
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
