/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hypercalls that KVM answers in the exit fast path: the switch, and how to find
 * out whether one was.
 *
 * All on the host, for the guests of xen_stub.h.
 */
#ifndef SELFTEST_KVM_XEN_FAST_H
#define SELFTEST_KVM_XEN_FAST_H

#include "xen_stub.h"

/* The parameter, which is the whole machine's: leave it on.  Without one nothing is done. */
void xen_set_fastpath(bool on);

/* Why our modules answer nothing there, as a reason to skip a test; NULL: they do. */
const char *xen_no_fastpath(void);
bool xen_has_fastpath(void);

/* Skip all of the tests where they do not. */
void xen_require_fastpath(void);

/* How many hypercalls of the vCPU with statistics @stats were answered there. */
uint64_t xen_fast_stat(int stats);

/* A call, and what came of it. */
struct xen_fast_call {
	int64_t result;
	uint64_t nr_fast;		/* how often it was counted as fast... */
	uint64_t nr_calls;		/* ... and at all */
	bool kept;			/* the guest's registers but RAX, flags, RIP */
};

/* What the VMM answers to what comes to it. */
#define XEN_FAST_BY_VMM		0x77

/* Make @call by @stub, of whose vCPU @stats are the statistics. */
struct xen_fast_call xen_fast_call(struct xen_stub *stub, int stats,
				   const struct xen_hcall *call);

#endif /* SELFTEST_KVM_XEN_FAST_H */
