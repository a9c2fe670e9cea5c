// SPDX-License-Identifier: GPL-2.0
/*
 * A queue that goes from one page of the event array to another: who puts an event on
 * it has both mapped, and leaves the state of interrupts as it was.
 *
 * If this fails, a host with PREEMPT_RT runs with interrupts off behind such an event,
 * until something happens to turn them on, and hangs where that never comes.  Stock 6.12
 * has no FIFO event channels.
 */
#include "xen_fifo.h"
#include "xen_harness.h"
#include "xen_trace.h"

#define EVENT		"kvm_xen/kvm_xen_raise"
#define FIRST_PORT	1u
#define SECOND_PORT	(FIRST_PORT + XEN_FIFO_PAGE_PORTS)

/*
 * How many events the trace has, and of them how many were raised with interrupts on:
 * "COMM-PID [CPU] flags TIME: kvm_xen_raise: ...", where the first of the flags is a dot.
 */
static unsigned int count_raised(FILE *trace, unsigned int *with_irqs_on)
{
	char line[512], *flags;
	unsigned int nr = 0;

	*with_irqs_on = 0;
	while (fgets(line, sizeof(line), trace)) {
		flags = strstr(line, "] ");
		if (line[0] == '#' || !flags || !strstr(line, "kvm_xen_raise:"))
			continue;
		nr++;
		*with_irqs_on += flags[2] == '.';
	}
	fclose(trace);
	return nr;
}

TEST(an_event_behind_one_of_another_page_leaves_interrupts_on)
{
	struct xen_vm *x = xen_fifo_vm_create(1, true, xen_guest_obey);
	unsigned int with_irqs_on;

	xen_order_fifo(x, 2);
	xen_trace_begin(EVENT);
	ASSERT_EQ(0, xen_send_prio(x, FIRST_PORT, 0, XEN_FIFO_OWN));
	ASSERT_EQ(0, xen_send_prio(x, SECOND_PORT, 0, XEN_FIFO_OWN));
	EXPECT_EQ(2, count_raised(xen_trace_end(EVENT), &with_irqs_on));
	EXPECT_EQ(2, with_irqs_on);

	/* The event was linked across the two pages, as intended. */
	EXPECT_EQ(SECOND_PORT, *xen_fifo_word(x, FIRST_PORT) & XEN_FIFO_LINK);
	xen_vm_free(x);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
