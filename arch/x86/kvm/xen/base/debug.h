/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delays with which tests widen the windows of races.  Only in kernels with
 * CONFIG_FAULT_INJECTION; in others they compile to nothing.
 */
#ifndef _KVM_XEN_DEBUG_H
#define _KVM_XEN_DEBUG_H

#ifdef CONFIG_FAULT_INJECTION
#include <linux/timekeeping.h>

/*
 * Delays in ms, each a module parameter of the same name:
 * - kick: the timer's interrupt handler has set its bit, and is about to kick the vCPU;
 * - clear: the fast path is about to clear a request, and then checks for interrupts;
 * - loop: the fast path has given up on a hypercall, which goes to the exit loop;
 * - look: the fast path is about to read evtchn_upcall_pending;
 * - account: the clock was read, and the elapsed time is about to be added to a runstate;
 * - send: the fast path has looked up the port of a send, and is about to raise it.
 */
extern unsigned int xen_delay_kick;
extern unsigned int xen_delay_clear;
extern unsigned int xen_delay_loop;
extern unsigned int xen_delay_look;
extern unsigned int xen_delay_account;
extern unsigned int xen_delay_send;

/* Do not use mdelay(): it takes much longer on a host whose CPUs are virtual. */
static inline void __xen_debug_delay(u64 ms)
{
	u64 start = ktime_get_mono_fast_ns();

	while (ktime_get_mono_fast_ns() - start < ms * NSEC_PER_MSEC)
		cpu_relax();
}

#define xen_debug_delay(where)	__xen_debug_delay(READ_ONCE(xen_delay_##where))

/*
 * xen_debug_delay() for functions that are also called from other contexts: delay only
 * with interrupts off, or only with interrupts on, which excludes the scheduler's calls.
 */
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
