// SPDX-License-Identifier: GPL-2.0
/*
 * The 2-level event channel ABI.  Owns no state and takes no lock: guest words are
 * changed by single locked instructions.
 *
 * A port is one bit in evtchn_pending and one in evtchn_mask, both in shared_info.  Each
 * word of pending bits has a selector bit in evtchn_pending_sel, in the vcpu_info of the
 * port's vCPU, and evtchn_upcall_pending there is set while any selector is.  The guest
 * reads these levels from the top down: it clears evtchn_upcall_pending, takes the
 * selectors by an exchange, then clears pending bits.  KVM therefore sets them from the
 * bottom up, with a full barrier between the steps: a guest that sees one level set also
 * sees the levels below it.
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

	/*
	 * The mask is cleared before pending is read; evtchn_2l_mark() sets pending
	 * before it reads the mask.  At least one of the two sees the other's write.
	 */
	if (evtchn_2l_is_pending(shinfo, layout, port))
		return XEN_EVTCHN_RAISED;

	return XEN_EVTCHN_COALESCED;
}

/*
 * Access a 64-bit pending_sel as two 32-bit halves: vcpu_info is only guaranteed to be
 * aligned to 4 bytes, and a 64-bit access could cross a cache line.
 */
bool evtchn_2l_select(void *vcpu_info, const struct xen_layout *layout,
		      u32 port)
{
	u32 bit = port >> layout->sel_shift;
	u32 *word = evtchn_2l_word(vcpu_info, layout->sel, bit);

	/*
	 * The selector is still set, so the guest has yet to exchange it, and its
	 * exchange will see the pending bit that evtchn_2l_mark() has set before.
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

bool evtchn_2l_is_masked(const void *shinfo, const struct xen_layout *layout, u32 port)
{
	return evtchn_2l_bit(shinfo, layout->mask, port);
}

void evtchn_2l_forget(void *shinfo, const struct xen_layout *layout, u32 port)
{
	guest_clear_mask(1u << (port % 32),
			 evtchn_2l_word(shinfo, layout->pending, port));
}
