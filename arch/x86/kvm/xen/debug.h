/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delays by which tests make the windows of races wide: in kernels that were built
 * to inject faults, and nothing at all in others.
 */
#ifndef _KVM_XEN_DEBUG_H
#define _KVM_XEN_DEBUG_H

#ifdef CONFIG_FAULT_INJECTION
#include <linux/delay.h>

/* Parameter xen_delay_kick: ms that a timer's interrupt waits, having set its bit. */
extern unsigned int xen_delay_kick;

static inline void xen_debug_delay_kick(void)
{
	mdelay(READ_ONCE(xen_delay_kick));
}
#else
static inline void xen_debug_delay_kick(void)
{
}
#endif

#endif /* _KVM_XEN_DEBUG_H */
