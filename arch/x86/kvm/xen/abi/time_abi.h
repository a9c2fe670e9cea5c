/* SPDX-License-Identifier: GPL-2.0 */
/* Xen's wall clock in shared_info, and the arithmetic of its timers. */
#ifndef _KVM_XEN_TIME_ABI_H
#define _KVM_XEN_TIME_ABI_H

#include "layout.h"

/*
 * Write the wall clock to a shared_info page: @epoch_ns is the time, in ns since 1970, at
 * which the guest's system time was 0.  The version is odd during the write, and has
 * another even value afterwards.  One writer at a time.
 */
void xen_wall_clock_store(void *shinfo, const struct xen_layout *layout,
			  u64 epoch_ns);

/* The expiry of a timer in system time, and how far away that is. */
struct xen_deadline {
	u64 expires;
	s64 delta;		/* ns; 0 or less: already expired */
};

/* The deadline at system time @expires, if the current time is @now. */
static inline struct xen_deadline xen_deadline(u64 expires, u64 now)
{
	return (struct xen_deadline) {
		.expires = expires,
		.delta = (s64)(expires - now),
	};
}

/*
 * The deadline of a set_timer_op hypercall.  A time that is negative, or more than 2^50
 * ns (13 days) away, is taken for an overflow in the guest's arithmetic: such a timer
 * expires soon, instead of never.
 */
struct xen_deadline xen_deadline_set_timer_op(u64 expires, u64 now);

#endif /* _KVM_XEN_TIME_ABI_H */
