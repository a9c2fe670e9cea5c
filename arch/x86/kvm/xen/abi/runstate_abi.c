// SPDX-License-Identifier: GPL-2.0
/*
 * Runstate areas in guest memory, in either layout.  Owns no state; the caller serializes
 * writers of one area.
 *
 * The area is composed in a buffer and copied to the guest, in one piece or two.  The top
 * byte of state_entry_time holds the update bit; it is written before and after all other
 * bytes, so that a reader can detect a concurrent copy.  It is written as a single byte
 * because the word around it need not be aligned.
 */
#include "runstate_abi.h"

static void compose(u8 *image, const struct xen_layout *layout,
		    const struct xen_runstate *rs, u64 update)
{
	u64 entry_time = (rs->entry_time & ~XEN_ABI_RUNSTATE_UPDATE) | update;
	u8 *entry = image + layout->runstate_entry;

	/*
	 * Clear the padding behind the state of the wide layout, so that no kernel data
	 * leaks.
	 */
	memset(image, 0, layout->runstate_entry);
	memcpy(image, &rs->state, sizeof(rs->state));
	memcpy(entry, &entry_time, sizeof(entry_time));
	memcpy(entry + sizeof(entry_time), rs->time, sizeof(rs->time));
}

/* The address of the byte with the update bit. */
static u8 *update_byte(const struct xen_runstate_area *area,
		       const struct xen_layout *layout)
{
	u8 offset = layout->runstate_entry + sizeof(u64) - 1;

	if (offset < area->len[0])
		return area->piece[0] + offset;
	return area->piece[1] + offset - area->len[0];
}

void xen_runstate_store(const struct xen_runstate_area *area,
			const struct xen_layout *layout,
			const struct xen_runstate *rs, bool announce)
{
	u8 image[sizeof(struct xen_abi_runstate64)];
	u8 *update = update_byte(area, layout);
	u8 top = (rs->entry_time & ~XEN_ABI_RUNSTATE_UPDATE) >> 56;

	compose(image, layout, rs, announce ? XEN_ABI_RUNSTATE_UPDATE : 0);

	if (announce) {
		WRITE_ONCE(*update, top | 0x80);
		/* Pairs with the guest's second read of state_entry_time. */
		smp_wmb();
	}

	memcpy(area->piece[0], image, area->len[0]);
	if (area->len[1])
		memcpy(area->piece[1], image + area->len[0], area->len[1]);

	if (announce) {
		/*
		 * Pairs with the guest's first read of state_entry_time, before the rest.
		 */
		smp_wmb();
		WRITE_ONCE(*update, top);
	}
}
