/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two event channel ABIs share: the possible results of raising an event, and
 * evtchn_upcall_pending, the flag in vcpu_info that makes an upcall due.
 *
 * The units in this folder are pure: they work on pages that the caller keeps mapped for
 * the duration of the call, do not sleep or allocate, and take no lock other than their
 * own.  Calls may run concurrently, also for the same port, and the guest may change the
 * same words at any time.  Guest memory is hostile: each word is read once, and a value
 * read from it is bounded before it is used as an index.
 *
 * Raising an event takes two steps, because the pages involved can become unmapped
 * independently.  Mark makes the port pending in pages of the VM.  Select sets the
 * selector and evtchn_upcall_pending in the vcpu_info of the destination vCPU.  If
 * vcpu_info cannot be written, the caller defers the selector and replays it later.
 */
#ifndef _KVM_XEN_EVTCHN_CORE_H
#define _KVM_XEN_EVTCHN_CORE_H

#include "layout.h"

/* The result of raising an event.  None of them is an error. */
enum xen_evtchn_verdict {
	XEN_EVTCHN_COALESCED,	/* was pending already: no upcall needed */
	XEN_EVTCHN_MASKED,	/* pending, but masked: no upcall */
	XEN_EVTCHN_QUEUED,	/* pending, behind a port that has its upcall */
	XEN_EVTCHN_RAISED,	/* pending; select it for the destination vCPU */
	XEN_EVTCHN_SAVED,	/* saved until its page can be mapped */
	XEN_EVTCHN_DROPPED,	/* discarded: the vCPU cannot receive events */
	XEN_EVTCHN_NR_VERDICTS,
};

/* Whether the event is new, so that pollers have to be woken. */
static inline bool xen_evtchn_is_new(enum xen_evtchn_verdict verdict)
{
	return verdict != XEN_EVTCHN_COALESCED && verdict != XEN_EVTCHN_DROPPED;
}

/*
 * Set evtchn_upcall_pending, the first byte of vcpu_info in either width.  Returns true
 * if it went from 0 to 1, which makes an upcall due.
 */
static inline bool xen_evtchn_raise_upcall(void *vcpu_info)
{
	return !guest_raise_flag(vcpu_info);
}

#endif /* _KVM_XEN_EVTCHN_CORE_H */
