/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delays by which tests make the windows of races wide: in kernels that were built
 * to inject faults, and nothing at all in others.
 */
#ifndef _KVM_XEN_DEBUG_H
#define _KVM_XEN_DEBUG_H

#ifdef CONFIG_FAULT_INJECTION
#include <linux/timekeeping.h>

/*
 * How many ms are waited, each a parameter of that name, where
 * - a timer's interrupt has set its bit, and is about to kick;
 * - the fast path is about to clear a request, having looked at what there is to do;
 * - a hypercall was given up right behind the exit, and goes to the exit loop;
 * - evtchn_upcall_pending is about to be looked at right behind the exit;
 * - the clock was read, and the time until then is about to be charged to a runstate.
 */
extern unsigned int xen_delay_kick;
extern unsigned int xen_delay_clear;
extern unsigned int xen_delay_loop;
extern unsigned int xen_delay_look;
extern unsigned int xen_delay_account;

/* Not mdelay(), which takes much longer on a host whose CPUs are not its own. */
static inline void __xen_debug_delay(u64 ms)
{
	u64 start = ktime_get_mono_fast_ns();

	while (ktime_get_mono_fast_ns() - start < ms * NSEC_PER_MSEC)
		cpu_relax();
}

#define xen_debug_delay(where)	__xen_debug_delay(READ_ONCE(xen_delay_##where))

/* The same in what is called in other places, too; the second spares the scheduler. */
#define xen_debug_delay_irqoff(where)					\
do {									\
	if (irqs_disabled())						\
		xen_debug_delay(where);					\
} while (0)

#define xen_debug_delay_irqon(where)					\
do {									\
	if (!irqs_disabled())						\
		xen_debug_delay(where);					\
} while (0)
#else
#define xen_debug_delay(where)		((void)#where)
#define xen_debug_delay_irqoff(where)	((void)#where)
#define xen_debug_delay_irqon(where)	((void)#where)
#endif

#endif /* _KVM_XEN_DEBUG_H */
