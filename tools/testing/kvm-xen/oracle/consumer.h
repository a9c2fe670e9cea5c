/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's side of the 2-level ABI, in both widths, written from the ABI: a
 * guest works on words as wide as its own registers.  Each access reports
 * itself, so that the explorer can switch there; it is atomic because the
 * explorer switches nowhere else, so this is not for real threads.
 */
#ifndef _KVM_XEN_CONSUMER_H
#define _KVM_XEN_CONSUMER_H

struct guest {
	u8 *shinfo;
	u8 *vcpu_info;
	bool wide;
	/* An event: the pending bit of @port has been cleared. */
	void (*handle)(u32 port);
};

/*
 * What a guest does in an upcall: clear evtchn_upcall_pending, take the
 * selectors, clear and handle what is pending and not masked behind each.
 */
void guest_upcall(const struct guest *g);

void guest_mask(const struct guest *g, u32 port);

/*
 * Unmask, and look for what came meanwhile.  Returns true where that made an
 * upcall due, which is the caller's to bring about.
 */
bool guest_unmask(const struct guest *g, u32 port);

/* Without an effect on the state: for checks of it. */
bool guest_sees_pending(const struct guest *g, u32 port);
bool guest_sees_masked(const struct guest *g, u32 port);
bool guest_sees_selected(const struct guest *g, u32 port);
bool guest_sees_flag(const struct guest *g);

#endif /* _KVM_XEN_CONSUMER_H */
