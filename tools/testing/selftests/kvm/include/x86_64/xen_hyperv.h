/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hyper-V in one guest with what shares its instruction: Xen and dynamic
 * hypercalls.  Bit 31 of EAX, which Hyper-V's own page sets then, decides which of
 * them a call is for.
 *
 * Guests are stubs (xen_stub.h) whose vCPU has Hyper-V's CPUID.
 */
#ifndef SELFTEST_KVM_XEN_HYPERV_H
#define SELFTEST_KVM_XEN_HYPERV_H

#include "xen_stub.h"

#define XEN_HYPERV_BIT		0x80000000u
#define XEN_HYPERV_PAGE_GPA	XEN_SPARE_GPA(0)
#define XEN_HYPERV_ENABLE	1u		/* in the MSR of the page */

/* Hyper-V has the MSRs that Xen has by default, so Xen's one moves. */
#define XEN_HYPERV_OTHER_MSR	0x40000200u

/* A code that no Hyper-V hypercall has; and what KVM's Hyper-V answers. */
#define XEN_HYPERV_UNKNOWN_CODE	0x7ffeu
#define XEN_HYPERV_SUCCESS	0u
#define XEN_HYPERV_NO_CODE	2u
#define XEN_HYPERV_BAD_INPUT	3u

/* The guest names itself, before which Hyper-V is not there; its page. */
bool xen_hyperv_name_guest(struct xen_stub *stub);
bool xen_hyperv_enable_page(struct xen_stub *stub);

/* Call through the page; returns the exit reason, KVM_EXIT_IO if it came back. */
uint32_t xen_hyperv_run_page(struct xen_stub *stub, uint64_t input);

/* The same, and its status; or, beyond 16 bits, that it did not come back. */
#define XEN_HYPERV_NO_STATUS	0x10000u
uint32_t xen_hyperv_status(struct xen_stub *stub, uint64_t input);

#endif /* SELFTEST_KVM_XEN_HYPERV_H */
