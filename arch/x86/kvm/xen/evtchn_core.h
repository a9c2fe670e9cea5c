/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an event channel ABI is to the rest: a table of operations, and what
 * raising an event can come to.
 *
 * Operations are pure: they work on the pages they are given, which the caller
 * keeps mapped for the length of the call, and neither sleep, allocate nor
 * take a lock of KVM.  Any number of them may run at once, on the same port
 * too, against a guest that changes the same words.  Guest memory is hostile:
 * a word is read once, and nothing read from it is used as an index unbounded.
 *
 * The two pages of an event may become unmapped independently, so raising one
 * is two steps: mark() in shared_info says that it happened, select() in the
 * target's vcpu_info that the vCPU shall look.  A selection that cannot be
 * written is parked by the caller and handed to replay() later.
 */
#ifndef _KVM_XEN_EVTCHN_CORE_H
#define _KVM_XEN_EVTCHN_CORE_H

#include "abi.h"

/* What raising an event did.  Not an errno: each is a success. */
enum xen_evtchn_verdict {
	XEN_EVTCHN_COALESCED,	/* was pending already: nobody to tell */
	XEN_EVTCHN_MASKED,	/* pending; the guest asked not to hear of it */
	XEN_EVTCHN_RAISED,	/* pending; the target vCPU must look */
};

struct xen_evtchn_ops {
	/* Number of ports that @layout has room for; port 0 is never valid. */
	u32 (*nr_ports)(const struct xen_layout *layout);

	/*
	 * Make @port pending in the shared_info page @shinfo.  @port is below
	 * nr_ports() of the same @layout.  Implies a full barrier, which
	 * pairs with that of a poller between its announcement and its look.
	 */
	enum xen_evtchn_verdict (*mark)(void *shinfo,
					const struct xen_layout *layout,
					u32 port);

	/*
	 * Point the vCPU of @vcpu_info at @port.  Returns true where that made
	 * an upcall due: evtchn_upcall_pending went from 0 to 1.
	 */
	bool (*select)(void *vcpu_info, const struct xen_layout *layout,
		       u32 port);

	/* The bit by which select() would point at @port, to be parked. */
	u64 (*selector)(const struct xen_layout *layout, u32 port);

	/* Do the select() of all that was parked as @sel; returns the same. */
	bool (*replay)(void *vcpu_info, const struct xen_layout *layout,
		       u64 sel);

	/* True where @port, below nr_ports(), is pending, masked or not. */
	bool (*is_pending)(const void *shinfo, const struct xen_layout *layout,
			   u32 port);
};

extern const struct xen_evtchn_ops evtchn_2l_ops;

/* Exposed for the indirect call wrappers of the fast path only. */
u32 evtchn_2l_nr_ports(const struct xen_layout *layout);
enum xen_evtchn_verdict evtchn_2l_mark(void *shinfo,
				       const struct xen_layout *layout,
				       u32 port);
bool evtchn_2l_select(void *vcpu_info, const struct xen_layout *layout,
		      u32 port);

#endif /* _KVM_XEN_EVTCHN_CORE_H */
