// SPDX-License-Identifier: GPL-2.0
/*
 * Where KVM reports quiescent states to RCU: at each entry into the guest but those
 * behind hypercalls, at each exit by an interrupt, and at one in sixteen other exits.
 *
 * If this fails, hypercalls run a fifth more instructions than they have to, other exits
 * a twentieth, or RCU waits for a CPU whose guest does nothing but make hypercalls.
 * Stock 6.12 reports one at each entry and exit.
 */
#include "xen.h"
#include "xen_fast.h"
#include "xen_harness.h"
#include "xen_trace.h"

#define EVENT		"rcu/rcu_utilization"
#define NR_CALLS	4096u
#define NR_OTHERS	200u
#define NR_SPINS	50000000u
#define MIN_INTERRUPTS	10u
#define PERIOD		16u	/* one report in so many exits */
#define FEW		4u	/* the same, with reports by context switches */

static void guest_calls(void)
{
	uint32_t i;

	GUEST_SYNC(0);
	for (i = 0; i < NR_CALLS; i++)
		xen_guest_yield();
	GUEST_SYNC(1);
}

static void guest_cpuids(void)
{
	uint32_t eax, ebx, ecx, edx, i;

	GUEST_SYNC(0);
	for (i = 0; i < NR_OTHERS; i++)
		__cpuid(0, 0, &eax, &ebx, &ecx, &edx);
	GUEST_SYNC(1);
}

static void guest_spins(void)
{
	uint32_t i;

	GUEST_SYNC(0);
	for (i = 0; i < NR_SPINS; i++)
		asm volatile("");
	GUEST_SYNC(1);
}

/* Reports by this process, "COMM-PID [CPU] flags TIME: rcu_utilization: Start ...". */
static unsigned int count_reports(FILE *trace)
{
	char line[512], pid[16];
	unsigned int nr = 0;

	snprintf(pid, sizeof(pid), "-%d ", getpid());
	while (fgets(line, sizeof(line), trace)) {
		if (strstr(line, pid) && strstr(line, ": Start context switch"))
			nr++;
	}
	fclose(trace);
	return nr;
}

FIXTURE(rcu) {
	struct xen_vm *x;
	int stats;
};

FIXTURE_SETUP(rcu)
{
	self->x = xen_vm_create(1, true, NULL);
	self->stats = vcpu_get_stats_fd(self->x->vcpu[0]);
}

FIXTURE_TEARDOWN(rcu)
{
	xen_set_fastpath(true);
	close(self->stats);
	xen_vm_free(self->x);
}

/* How many reports there are while the guest goes from its first sync to its second. */
static unsigned int reports_of(FIXTURE_DATA(rcu) *self, void (*guest_code)(void))
{
	xen_set_entry_point(self->x->vcpu[0], guest_code);
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), 0);
	xen_trace_begin(EVENT);
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), 1);
	return count_reports(xen_trace_end(EVENT));
}

static uint64_t fast_calls(FIXTURE_DATA(rcu) *self)
{
	return xen_stat(self->stats, "xen_fast_hypercalls");
}

TEST_F(rcu, one_in_sixteen_hypercalls_is_reported)
{
	uint64_t before = fast_calls(self);
	unsigned int reports;

	if (!xen_has_fastpath())
		SKIP(return, XEN_NO_FASTPATH);

	reports = reports_of(self, guest_calls);

	EXPECT_EQ(NR_CALLS, fast_calls(self) - before);
	EXPECT_LE(NR_CALLS / PERIOD, reports);
	EXPECT_GE(NR_CALLS / FEW, reports);
}

TEST_F(rcu, so_is_one_in_the_exit_loop)
{
	uint64_t before = fast_calls(self);
	unsigned int reports;

	xen_set_fastpath(false);
	reports = reports_of(self, guest_calls);

	EXPECT_EQ(0, fast_calls(self) - before);
	EXPECT_LE(NR_CALLS / PERIOD, reports);
	EXPECT_GE(NR_CALLS / FEW, reports);
}

TEST_F(rcu, every_other_entry_is_reported_and_few_exits)
{
	unsigned int reports = reports_of(self, guest_cpuids);

	EXPECT_LE(NR_OTHERS + NR_OTHERS / PERIOD, reports);
	EXPECT_GE(NR_OTHERS + NR_OTHERS / FEW, reports);
}

/* It may be the tick, in which RCU looks for a quiescent state. */
TEST_F(rcu, an_interrupt_is_reported_at_exit_and_entry)
{
	uint64_t before = xen_stat(self->stats, "irq_exits");
	unsigned int reports = reports_of(self, guest_spins);
	uint64_t interrupts = xen_stat(self->stats, "irq_exits") - before;

	EXPECT_LT(MIN_INTERRUPTS, interrupts);
	EXPECT_LE(2 * interrupts, reports + 2);	/* with one before the trace began */
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL)
