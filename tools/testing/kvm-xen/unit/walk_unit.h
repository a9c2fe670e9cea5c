/* SPDX-License-Identifier: GPL-2.0 */
/* xen_walk(), for each number of levels that it is compiled for. */
#ifndef _KVM_XEN_WALK_UNIT_H
#define _KVM_XEN_WALK_UNIT_H

#include "walk.h"

bool walk_4_levels(const struct xen_walk *walk, u64 gva, xen_walk_read read, void *ctx,
		   u64 *gpa);
bool walk_5_levels(const struct xen_walk *walk, u64 gva, xen_walk_read read, void *ctx,
		   u64 *gpa);

#endif /* _KVM_XEN_WALK_UNIT_H */
