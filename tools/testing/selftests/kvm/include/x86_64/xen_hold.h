/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vCPU that KVM holds in the middle of a hypercall: its argument is in a page that
 * the VMM does not provide, for as long as the test likes (userfaultfd).
 */
#ifndef SELFTEST_KVM_XEN_HOLD_H
#define SELFTEST_KVM_XEN_HOLD_H

#include "xen_stub.h"

struct xen_hold {
	struct xen_stub *stub;
	int uffd;
	pthread_t thread;
	bool held;
};

/* Whether this kernel can do that. */
bool xen_hold_is_possible(void);

/*
 * Take a page out of the memory of the VMM, so that who touches it waits, until the
 * userfaultfd that this returns is closed.  Returns true once somebody does.
 */
int xen_withhold_page(void *page);
bool xen_page_is_awaited(int uffd);

/*
 * Have the vCPU of @stub send on an event channel with its argument in the page at
 * stub->data.  Returns true once KVM waits for that page.
 */
bool xen_hold_begin(struct xen_hold *hold, struct xen_stub *stub);

/* Provide the page, and wait for the call's end.  Nothing where nothing is held. */
void xen_hold_end(struct xen_hold *hold);

#endif /* SELFTEST_KVM_XEN_HOLD_H */
