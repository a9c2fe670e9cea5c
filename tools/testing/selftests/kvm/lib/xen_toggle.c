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
static void *toggle(void *arg)
{
	struct xen_toggle *t = arg;
	uint32_t bits = 1;

	while (!READ_ONCE(t->stop)) {
		bits = bits >> 1 ^ (bits & 1 ? LFSR_TAPS : 0);
		WRITE_ONCE(*t->flag, bits & 1);
	}

	return NULL;
}

void xen_toggle_start(struct xen_toggle *t, uint8_t *flag)
{
	*t = (struct xen_toggle) { .flag = flag };
	TEST_ASSERT(!pthread_create(&t->thread, NULL, toggle, t), "No thread");
}

void xen_toggle_stop(struct xen_toggle *t)
{
	WRITE_ONCE(t->stop, true);
	pthread_join(t->thread, NULL);
}
