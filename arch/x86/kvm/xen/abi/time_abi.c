// SPDX-License-Identifier: GPL-2.0
/* Wall clock and timer arithmetic, on values and on mapped pages. */
#include "time_abi.h"

#define TIMER_OVERFLOW_SHIFT	50
#define TIMER_OVERFLOW_DELTA	(100 * (s64)NSEC_PER_MSEC)

void xen_wall_clock_store(void *shinfo, const struct xen_layout *layout,
			  u64 epoch_ns)
{
	struct xen_abi_wall_clock *wc = shinfo + layout->wc;
	u32 *sec_hi = shinfo + layout->wc_sec_hi;
	u32 version = READ_ONCE(wc->version) | 1;
	u32 nsec;
	u64 sec;

	sec = div_u64_rem(epoch_ns, NSEC_PER_SEC, &nsec);

	WRITE_ONCE(wc->version, version);
	/* Pairs with the guest's second read of version, after the rest. */
	smp_wmb();
	WRITE_ONCE(wc->sec, (u32)sec);
	WRITE_ONCE(wc->nsec, nsec);
	WRITE_ONCE(*sec_hi, (u32)(sec >> 32));
	/* Pairs with the guest's first read of version, before the rest. */
	smp_wmb();
	WRITE_ONCE(wc->version, version + 1);
}

struct xen_deadline xen_deadline_set_timer_op(u64 expires, u64 now)
{
	struct xen_deadline d = xen_deadline(expires, now);

	if ((s64)expires >= 0 &&
	    (d.delta <= 0 || d.delta >> TIMER_OVERFLOW_SHIFT == 0))
		return d;

	return xen_deadline(now + TIMER_OVERFLOW_DELTA, now);
}
