/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two event channel ABIs have in common: what raising an event can
 * come to, and the flag in vcpu_info by which a vCPU hears of it.
 *
 * The units behind this are pure: they work on the pages they are given, which
 * the caller keeps mapped for the length of the call, and neither sleep nor
 * allocate, nor take a lock but their own.  Any number of calls may run at
 * once, on the same port too, against a guest that changes the same words.
 * Guest memory is hostile: a word is read once, and nothing read from it is
 * used as an index unbounded.
 *
 * The pages of an event may become unmapped independently, so raising one is
 * two steps: mark says, in pages of the VM, that it happened; select says, in
 * the target's vcpu_info, that the vCPU shall look.  A selection that cannot be
 * written is deferred by the caller, as a selector, and replayed later.
 */
#ifndef _KVM_XEN_EVTCHN_CORE_H
#define _KVM_XEN_EVTCHN_CORE_H

#include "layout.h"

/* What raising an event did.  Not an errno: each is a success. */
enum xen_evtchn_verdict {
	XEN_EVTCHN_COALESCED,	/* was pending already: nobody to tell */
	XEN_EVTCHN_MASKED,	/* pending; the guest asked not to hear of it */
	XEN_EVTCHN_QUEUED,	/* pending, behind what the vCPU was told of */
	XEN_EVTCHN_RAISED,	/* pending; the target vCPU must look */
	XEN_EVTCHN_SAVED,	/* kept until there is a page to mark it in */
	XEN_EVTCHN_DROPPED,	/* the guest left its vCPU no way to hear */
	XEN_EVTCHN_NR_VERDICTS,
};

/* Whether something is pending now that was not, for who polls. */
static inline bool xen_evtchn_is_new(enum xen_evtchn_verdict verdict)
{
	return verdict != XEN_EVTCHN_COALESCED && verdict != XEN_EVTCHN_DROPPED;
}

/*
 * Raise evtchn_upcall_pending, the first byte of vcpu_info in either width.
 * Returns true where that made an upcall due: it went from 0 to 1.
 */
static inline bool xen_evtchn_raise_upcall(void *vcpu_info)
{
	return !guest_raise_flag(vcpu_info);
}

#endif /* _KVM_XEN_EVTCHN_CORE_H */
