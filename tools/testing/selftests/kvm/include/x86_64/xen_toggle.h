/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A byte of guest memory that another thread writes all the time, as another vCPU of the
 * guest may: evtchn_upcall_pending that goes down between any two looks of KVM.
 */
#ifndef SELFTEST_KVM_XEN_TOGGLE_H
#define SELFTEST_KVM_XEN_TOGGLE_H

#include <stdint.h>

#include "xen_thread.h"

struct xen_toggle {
	struct xen_thread thread;
	uint8_t *flag;
	uint32_t bits;
};

/* Write 0 and 1 to @flag in a pseudo-random order, until xen_toggle_stop(). */
void xen_toggle_start(struct xen_toggle *t, uint8_t *flag);
void xen_toggle_stop(struct xen_toggle *t);

#endif /* SELFTEST_KVM_XEN_TOGGLE_H */
