// SPDX-License-Identifier: GPL-2.0
/*
 * The 2-level event channel ABI.
 *
 * A port is a bit of evtchn_pending and one of evtchn_mask in shared_info.  A
 * word of pending bits is a bit of evtchn_pending_sel in the vcpu_info of the
 * vCPU that shall look at it, and evtchn_upcall_pending there says that any
 * is set.  The guest walks these from the top: it clears the flag, takes the
 * selectors with an exchange, then clears pending bits.  So they are set from
 * the bottom, each step with a full barrier before the next: whoever sees a
 * level sees what lies below it.
 */
#include "evtchn_2l.h"

void evtchn_2l_mask(void *shinfo, const struct xen_layout *layout, u32 port)
{
	guest_set_mask(1u << (port % 32),
		       evtchn_2l_word(shinfo, layout->mask, port));
}

enum xen_evtchn_verdict evtchn_2l_unmask(void *shinfo,
					 const struct xen_layout *layout,
					 u32 port)
{
	guest_clear_mask(1u << (port % 32),
			 evtchn_2l_word(shinfo, layout->mask, port));

	/* Cleared before this look: pairs with the other order in mark. */
	if (evtchn_2l_is_pending(shinfo, layout, port))
		return XEN_EVTCHN_RAISED;

	return XEN_EVTCHN_COALESCED;
}

/*
 * The halves of a 64-bit pending_sel are taken one at a time, as vcpu_info is
 * only known to be aligned to 4 bytes: no access here can cross a cache line.
 */
bool evtchn_2l_select(void *vcpu_info, const struct xen_layout *layout,
		      u32 port)
{
	u32 bit = port >> layout->sel_shift;
	u32 *word = evtchn_2l_word(vcpu_info, layout->sel, bit);

	/*
	 * A selector that is still set has not been taken by the guest, whose
	 * exchange will return after the mark that precedes this.
	 */
	if (guest_test_and_set_bit(bit % 32, word))
		return false;

	return xen_evtchn_raise_upcall(vcpu_info);
}

u64 evtchn_2l_selector(const struct xen_layout *layout, u32 port)
{
	return 1ull << (port >> layout->sel_shift);
}

bool evtchn_2l_replay(void *vcpu_info, const struct xen_layout *layout,
		      u64 sel)
{
	u32 *word = evtchn_2l_word(vcpu_info, layout->sel, 0);

	guest_set_mask((u32)sel, word);
	if (layout->sel_bits > 32)
		guest_set_mask((u32)(sel >> 32), word + 1);

	return xen_evtchn_raise_upcall(vcpu_info);
}

bool evtchn_2l_is_pending(const void *shinfo, const struct xen_layout *layout,
			  u32 port)
{
	return evtchn_2l_bit(shinfo, layout->pending, port);
}
