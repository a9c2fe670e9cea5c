// SPDX-License-Identifier: GPL-2.0
/*
 * Many vCPUs poll for one port.
 *
 * If this fails, one of them sleeps for ever, or the sender of the event wakes all of
 * them itself, which it may do with interrupts off.  Stock 6.12 wakes the vCPU alone
 * that the event is for.
 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "xen_harness.h"
#include "xen.h"
#include "xen_trace.h"

#define NR_POLLERS	40
#define PORT		20
#define OTHER_PORT	21
#define MOST		20	/* pollers that a sender wakes itself */

static void guest_polls(uint64_t port)
{
	const uint32_t ports[] = { port };

	GUEST_ASSERT_EQ(xen_guest_poll(true, ports, 1, 0), 0);
	GUEST_SYNC(1);
	GUEST_DONE();
}

FIXTURE(pollers) {
	struct xen_vm *x;
	struct xen_runner r[NR_POLLERS];
};

/* The last one polls for a port of its own. */
static uint32_t port_of(int i)
{
	return i == NR_POLLERS - 1 ? OTHER_PORT : PORT;
}

FIXTURE_SETUP(pollers)
{
	struct kvm_vcpu *vcpu;
	int i;

	self->x = xen_vm_create(1, true, guest_polls);
	for (i = 0; i < NR_POLLERS; i++) {
		vcpu = i ? vm_vcpu_add(self->x->vm, i, guest_polls) : self->x->vcpu[0];
		vcpu_args_set(vcpu, 1, (uint64_t)port_of(i));
		xen_runner_start(&self->r[i], vcpu);
	}
	for (i = 0; i < NR_POLLERS; i++)
		ASSERT_TRUE(xen_runner_blocks(&self->r[i]));
}

FIXTURE_TEARDOWN(pollers)
{
	int i;

	for (i = 0; i < NR_POLLERS; i++)
		xen_runner_stop(&self->r[i]);
	xen_vm_free(self->x);
}

/* How many threads of this test this one woke while it was traced. */
static unsigned int nr_woken(void)
{
	FILE *trace = xen_trace_open();
	unsigned int nr = 0;
	char line[400], me[20];

	snprintf(me, sizeof(me), "-%ld ", syscall(SYS_gettid));
	while (fgets(line, sizeof(line), trace))
		nr += line[0] != '#' && strstr(line, me) &&
		      strstr(line, "sched_waking: comm=xen_poll_many");
	fclose(trace);
	return nr;
}

TEST_F(pollers, are_woken_by_each_other)
{
	int i;

	xen_trace_begin("sched/sched_waking");
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	fclose(xen_trace_end("sched/sched_waking"));
	for (i = 0; i < NR_POLLERS - 1 && xen_runner_reaches(&self->r[i], 1); i++)
		;
	ASSERT_EQ(NR_POLLERS - 1, i);
	EXPECT_LE(1, nr_woken());
	EXPECT_GE(MOST, nr_woken());
	EXPECT_TRUE(xen_runner_blocks(&self->r[NR_POLLERS - 1]));
	EXPECT_EQ(0, self->r[NR_POLLERS - 1].stage);
}

TEST_F(pollers, behind_many_are_woken)
{
	int i;

	ASSERT_EQ(0, xen_send(self->x, OTHER_PORT, 0));
	EXPECT_TRUE(xen_runner_reaches(&self->r[NR_POLLERS - 1], 1));

	/* The first is whose event it was: its poll ends by that. */
	for (i = 1; i < NR_POLLERS - 1; i++)
		EXPECT_EQ(0, self->r[i].stage);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
