// SPDX-License-Identifier: GPL-2.0
/* walk.h is inline for the kernel's sake; here it is code of its own, to be measured. */
#include "walk_unit.h"

bool walk_4_levels(const struct xen_walk *walk, u64 gva, xen_walk_read read, void *ctx,
		   u64 *gpa)
{
	return xen_walk(walk, 4, gva, read, ctx, gpa);
}

bool walk_5_levels(const struct xen_walk *walk, u64 gva, xen_walk_read read, void *ctx,
		   u64 *gpa)
{
	return xen_walk(walk, 5, gva, read, ctx, gpa);
}
