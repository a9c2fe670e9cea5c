// SPDX-License-Identifier: GPL-2.0
/* Guest pages that have to be waited for: see map.h. */
#include "xen/base/map.h"

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
