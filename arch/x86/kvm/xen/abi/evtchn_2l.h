/* SPDX-License-Identifier: GPL-2.0 */
/* The 2-level event channel ABI, on plain pointers.  Pure, see evtchn_core.h. */
#ifndef _KVM_XEN_EVTCHN_2L_H
#define _KVM_XEN_EVTCHN_2L_H

#include "evtchn_core.h"

/* The number of ports, including port 0, which is never valid. */
static inline u32 evtchn_2l_nr_ports(const struct xen_layout *layout)
{
	return layout->nr_ports;
}

/* The 32-bit word that holds the bit of @port in the bitmap at byte @offset of @page. */
static __always_inline u32 *evtchn_2l_word(void *page, u16 offset, u32 port)
{
	return (u32 *)((u8 *)page + offset) + port / 32;
}

static __always_inline bool evtchn_2l_bit(const void *page, u16 offset, u32 port)
{
	const u32 *word = evtchn_2l_word((void *)page, offset, port);

	return READ_ONCE(*word) >> (port % 32) & 1;
}

/*
 * Make @port pending in the shared_info page @shinfo.  Implies a full barrier, which
 * pairs with the one in xen_poll_announce(): either this side sees the poller or the
 * poller sees the pending bit.
 */
static __always_inline enum xen_evtchn_verdict
evtchn_2l_mark(void *shinfo, const struct xen_layout *layout, u32 port)
{
	u32 *pending = evtchn_2l_word(shinfo, layout->pending, port);

	if (guest_test_and_set_bit(port % 32, pending))
		return XEN_EVTCHN_COALESCED;

	/*
	 * The pending bit is set before the mask is read.  The guest clears the mask
	 * before it reads pending bits.  At least one of the two sees the other's write.
	 */
	if (evtchn_2l_bit(shinfo, layout->mask, port))
		return XEN_EVTCHN_MASKED;

	return XEN_EVTCHN_RAISED;
}

/*
 * Unmask @port.  Returns XEN_EVTCHN_RAISED if it is pending, and the caller has to select
 * it for its vCPU, else XEN_EVTCHN_COALESCED.
 */
enum xen_evtchn_verdict evtchn_2l_unmask(void *shinfo,
					 const struct xen_layout *layout,
					 u32 port);

void evtchn_2l_mask(void *shinfo, const struct xen_layout *layout, u32 port);

/* Set the selector of @port in @vcpu_info.  Returns true if that made an upcall due. */
bool evtchn_2l_select(void *vcpu_info, const struct xen_layout *layout,
		      u32 port);

/*
 * The selector that evtchn_2l_select() sets for @port, for callers that have to defer it.
 */
u64 evtchn_2l_selector(const struct xen_layout *layout, u32 port);

/*
 * Set all deferred selectors @sel in @vcpu_info.  Returns true if that made an upcall
 * due.
 */
bool evtchn_2l_replay(void *vcpu_info, const struct xen_layout *layout,
		      u64 sel);

/* True where @port is pending, masked or not. */
bool evtchn_2l_is_pending(const void *shinfo, const struct xen_layout *layout,
			  u32 port);

bool evtchn_2l_is_masked(const void *shinfo, const struct xen_layout *layout, u32 port);

/* Clear the pending bit of a port that was closed. */
void evtchn_2l_forget(void *shinfo, const struct xen_layout *layout, u32 port);

#endif /* _KVM_XEN_EVTCHN_2L_H */
