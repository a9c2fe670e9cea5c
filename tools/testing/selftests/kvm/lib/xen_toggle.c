// SPDX-License-Identifier: GPL-2.0
/* A byte of guest memory that another thread writes all the time: see xen_toggle.h. */
#include "kvm_util.h"
#include "xen_toggle.h"

/* The maximal linear feedback shift register of 32 bits with these taps. */
#define LFSR_TAPS	0xa3000000

/*
 * One store each time round: an emulator that changes CPUs only where code branches does
 * not see what changes back before.  Not 0 and 1 in turn: one that gives each CPU the same
 * number of instructions may show KVM the same value at every look.
 */
static void toggle(void *arg)
{
	struct xen_toggle *t = arg;

	t->bits = t->bits >> 1 ^ (t->bits & 1 ? LFSR_TAPS : 0);
	WRITE_ONCE(*t->flag, t->bits & 1);
}

void xen_toggle_start(struct xen_toggle *t, uint8_t *flag)
{
	*t = (struct xen_toggle) { .flag = flag, .bits = 1 };
	xen_thread_start(&t->thread, toggle, t);
}

void xen_toggle_stop(struct xen_toggle *t)
{
	xen_thread_stop(&t->thread);
}
