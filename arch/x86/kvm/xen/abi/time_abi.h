/* SPDX-License-Identifier: GPL-2.0 */
/* The arithmetic of Xen's wall clock and of its timers. */
#ifndef _KVM_XEN_TIME_ABI_H
#define _KVM_XEN_TIME_ABI_H

#include "layout.h"

/*
 * Write the wall clock of a shared_info page: @epoch_ns, in ns since 1970, is
 * when the guest's system time was 0.  The version is odd meanwhile, and
 * another even number afterwards.  One writer at a time.
 */
void xen_wall_clock_store(void *shinfo, const struct xen_layout *layout,
			  u64 epoch_ns);

/* A timer to be: when it expires in system time, and how far away that is. */
struct xen_deadline {
	u64 expires;
	s64 delta;		/* ns; 0 or less: has passed */
};

/* The deadline of a guest that names the system time @expires, it being @now. */
static inline struct xen_deadline xen_deadline(u64 expires, u64 now)
{
	return (struct xen_deadline) {
		.expires = expires,
		.delta = (s64)(expires - now),
	};
}

/*
 * The same by the rule of set_timer_op: a time that is negative, or further
 * away than 2^50 ns (13 days), is taken for an overflow in the guest's own
 * arithmetic, and wakes it soon instead of never.
 */
struct xen_deadline xen_deadline_set_timer_op(u64 expires, u64 now);

#endif /* _KVM_XEN_TIME_ABI_H */
