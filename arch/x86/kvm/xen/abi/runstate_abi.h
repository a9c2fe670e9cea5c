/* SPDX-License-Identifier: GPL-2.0 */
/* The runstate area of a vCPU in guest memory. */
#ifndef _KVM_XEN_RUNSTATE_ABI_H
#define _KVM_XEN_RUNSTATE_ABI_H

#include "layout.h"

/* Times in ns of the guest's system time; states as enum xen_abi_runstate. */
struct xen_runstate {
	u32 state;
	u64 entry_time;
	u64 time[XEN_ABI_NR_RUNSTATES];
};

/*
 * A mapped runstate area, of any alignment: one piece, or two if it crosses into another
 * page.  len[0] + len[1] is the layout's runstate_size; len[0] is not 0.
 */
struct xen_runstate_area {
	u8 *piece[2];
	u8 len[2];
};

/* The number of bytes of an area at @offset in its page that lie in that page. */
static inline u8 xen_runstate_first_len(const struct xen_layout *layout,
					u32 offset)
{
	return min_t(u32, layout->runstate_size, XEN_ABI_PAGE_SIZE - offset);
}

/*
 * Write @rs to @area.  With @announce, which guests request by vm_assist, the top bit of
 * state_entry_time is set while the rest changes.  One writer at a time.
 */
void xen_runstate_store(const struct xen_runstate_area *area,
			const struct xen_layout *layout,
			const struct xen_runstate *rs, bool announce);

#endif /* _KVM_XEN_RUNSTATE_ABI_H */
