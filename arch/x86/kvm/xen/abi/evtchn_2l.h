/* SPDX-License-Identifier: GPL-2.0 */
/* The 2-level event channel ABI, on plain pointers; see evtchn_core.h. */
#ifndef _KVM_XEN_EVTCHN_2L_H
#define _KVM_XEN_EVTCHN_2L_H

#include "evtchn_core.h"

/* Ports are below this; port 0 is never valid. */
static inline u32 evtchn_2l_nr_ports(const struct xen_layout *layout)
{
	return layout->nr_ports;
}

/* The 32-bit word with the bit of @port in the bitmap at @offset. */
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
 * Make @port pending in the shared_info page @shinfo.  Implies a full barrier,
 * which pairs with that of a poller between its announcement and its look.
 */
static __always_inline enum xen_evtchn_verdict
evtchn_2l_mark(void *shinfo, const struct xen_layout *layout, u32 port)
{
	u32 *pending = evtchn_2l_word(shinfo, layout->pending, port);

	if (guest_test_and_set_bit(port % 32, pending))
		return XEN_EVTCHN_COALESCED;

	/*
	 * The bit set above is ordered before this read of the mask, and the
	 * guest clears the mask before it looks for pending bits again: one
	 * of the two sees the other.
	 */
	if (evtchn_2l_bit(shinfo, layout->mask, port))
		return XEN_EVTCHN_MASKED;

	return XEN_EVTCHN_RAISED;
}

/*
 * Unmask @port.  Returns XEN_EVTCHN_RAISED where it is pending, for its vCPU to
 * be told, else XEN_EVTCHN_COALESCED.
 */
enum xen_evtchn_verdict evtchn_2l_unmask(void *shinfo,
					 const struct xen_layout *layout,
					 u32 port);

void evtchn_2l_mask(void *shinfo, const struct xen_layout *layout, u32 port);

/*
 * Point the vCPU of @vcpu_info at @port.  Returns true where that made an
 * upcall due.
 */
bool evtchn_2l_select(void *vcpu_info, const struct xen_layout *layout,
		      u32 port);

/* The bit by which evtchn_2l_select() would point at @port, to be deferred. */
u64 evtchn_2l_selector(const struct xen_layout *layout, u32 port);

/* Do the select of all that was deferred as @sel; returns the same. */
bool evtchn_2l_replay(void *vcpu_info, const struct xen_layout *layout,
		      u64 sel);

/* True where @port is pending, masked or not. */
bool evtchn_2l_is_pending(const void *shinfo, const struct xen_layout *layout,
			  u32 port);

#endif /* _KVM_XEN_EVTCHN_2L_H */
