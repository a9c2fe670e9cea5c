// SPDX-License-Identifier: GPL-2.0
/*
 * Time in which a vCPU sleeps, in HLT or in SCHEDOP_poll, is blocked time.
 *
 * If this fails, as on Linux, an idle guest looks busy in its own accounts and
 * to the tools that read them, and its scheduler takes idle time for use.
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"

#define PORT		5
#define AREA_GPA	XEN_SPARE_GPA(0)
#define NR_SLEEPS	5

/* A sleep as the guest saw it. */
struct sleep {
	uint64_t clock;			/* that passed on the guest's clock */
	uint64_t blocked;		/* that the accounts call blocked */
	uint64_t runnable;
	uint32_t state;			/* after it */
};

enum stage { STAGE_ASLEEP = 1, STAGE_AWAKE = 2 };

/* Shared by host and guest at XEN_SPARE_GPA(1). */
struct report {
	struct sleep sleep;
	uint32_t sleeps;
};

FIXTURE(blocked) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct xen_runner runner;
	struct report *report;
	struct xen_runstate64 *area;
};

FIXTURE_VARIANT(blocked) {
	bool wide;
	bool polls;
};

FIXTURE_VARIANT_ADD(blocked, hlt_wide) { .wide = true, .polls = false };
FIXTURE_VARIANT_ADD(blocked, hlt_narrow) { .wide = false, .polls = false };
FIXTURE_VARIANT_ADD(blocked, poll_wide) { .wide = true, .polls = true };
FIXTURE_VARIANT_ADD(blocked, poll_narrow) { .wide = false, .polls = true };

static volatile const struct xen_time_info *guest_time(void)
{
	return (void *)(XEN_VCPU_INFO_GPA(0) + 32);
}

static uint64_t guest_account(bool wide, unsigned int state)
{
	volatile struct xen_runstate64 *area64 = (void *)AREA_GPA;
	volatile struct xen_runstate32 *area32 = (void *)AREA_GPA;

	return wide ? area64->time[state] : area32->time[state];
}

static void guest_sleep(bool wide, bool polls)
{
	static uint32_t port = PORT;

	if (polls)
		GUEST_ASSERT_EQ(xen_guest_poll(wide, &port, 1, 0), 0);
	else
		xen_guest_halt();
	xen_clear_pending((void *)XEN_SHINFO_GPA, PORT);
	xen_take_sel((void *)XEN_VCPU_INFO_GPA(0), wide);
	*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)) = 0;
}

static void handle_upcall(struct ex_regs *regs)
{
	*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)) = 0;
}

static void sleep_and_report(bool wide, bool polls)
{
	volatile struct report *report = (void *)XEN_SPARE_GPA(1);
	volatile uint32_t *state = (void *)AREA_GPA;
	uint64_t clock, blocked, runnable;

	for (;;) {
		GUEST_SYNC(STAGE_ASLEEP);
		blocked = guest_account(wide, RUNSTATE_blocked);
		runnable = guest_account(wide, RUNSTATE_runnable);
		clock = xen_guest_now(guest_time());
		guest_sleep(wide, polls);
		report->sleep.clock = xen_guest_now(guest_time()) - clock;
		report->sleep.blocked = guest_account(wide, RUNSTATE_blocked) - blocked;
		report->sleep.runnable = guest_account(wide, RUNSTATE_runnable) - runnable;
		report->sleep.state = *state;
		report->sleeps++;
		GUEST_SYNC(STAGE_AWAKE);
	}
}

FIXTURE_SETUP(blocked)
{
	struct kvm_xen_vcpu_attr area = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
		.u.gpa = AREA_GPA,
	};

	self->x = xen_vm_create(1, variant->wide, sleep_and_report);
	self->vcpu = self->x->vcpu[0];
	self->report = xen_hva(self->x, XEN_SPARE_GPA(1));
	self->area = xen_hva(self->x, AREA_GPA);
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, handle_upcall);
	ASSERT_EQ(0, xen_vcpu_set(self->vcpu, &area));
	if (variant->polls)
		xen_mask(self->x->shinfo, variant->wide, PORT);
	else
		ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	vcpu_args_set(self->vcpu, 2, variant->wide, variant->polls);
	xen_runner_start(&self->runner, self->vcpu);
}

FIXTURE_TEARDOWN(blocked)
{
	xen_runner_stop(&self->runner);
	xen_vm_free(self->x);
}

/* Let the guest sleep for a while on end, then wake it. */
static bool wake_after_sleep(struct __test_metadata *_metadata, struct xen_vm *x,
			     struct xen_runner *runner, struct report *report)
{
	uint32_t sleeps = READ_ONCE(report->sleeps);

	ASSERT_TRUE(xen_runner_blocks(runner));
	usleep(100 * 1000);
	ASSERT_EQ(0, xen_send(x, PORT, 0));
	return xen_wait_for(READ_ONCE(report->sleeps) != sleeps);
}

TEST_F(blocked, the_time_asleep_is_blocked)
{
	int turn, good = 0;

	/* Time that the host steals around a sleep spoils that one only. */
	for (turn = 0; turn < NR_SLEEPS && !good; turn++) {
		ASSERT_TRUE(wake_after_sleep(_metadata, self->x, &self->runner, self->report));
		TH_LOG("asleep for %lu ns: %lu blocked, %lu runnable", self->report->sleep.clock,
		       self->report->sleep.blocked, self->report->sleep.runnable);
		good = self->report->sleep.blocked >= self->report->sleep.clock / 10 * 9 &&
		       self->report->sleep.blocked <= self->report->sleep.clock / 10 * 11;
	}
	EXPECT_TRUE(good);
}

TEST_F(blocked, the_time_asleep_is_not_runnable)
{
	int turn, good = 0;

	for (turn = 0; turn < NR_SLEEPS && !good; turn++) {
		ASSERT_TRUE(wake_after_sleep(_metadata, self->x, &self->runner, self->report));
		good = self->report->sleep.runnable <= self->report->sleep.clock / 10;
	}
	EXPECT_TRUE(good);
}

/* The state lies at the start of the area in both layouts. */
TEST_F(blocked, a_sleeping_vcpu_is_seen_blocked_by_others)
{
	int turns = 2000;

	ASSERT_TRUE(xen_runner_blocks(&self->runner));
	while (READ_ONCE(self->area->state) != RUNSTATE_blocked && turns--)
		usleep(1000);
	EXPECT_EQ(RUNSTATE_blocked, self->area->state);
}

TEST_F(blocked, a_vcpu_that_woke_is_running)
{
	int turn;

	for (turn = 0; turn < NR_SLEEPS; turn++) {
		ASSERT_TRUE(wake_after_sleep(_metadata, self->x, &self->runner, self->report));
		EXPECT_EQ(RUNSTATE_running, self->report->sleep.state);
	}
}

TEST_F(blocked, the_accounts_still_add_up)
{
	struct kvm_xen_vcpu_attr data = { .type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA };

	ASSERT_TRUE(wake_after_sleep(_metadata, self->x, &self->runner, self->report));
	xen_runner_stop(&self->runner);
	ASSERT_EQ(0, xen_vcpu_get(self->vcpu, &data));
	EXPECT_EQ(data.u.runstate.state_entry_time,
		  data.u.runstate.time_running + data.u.runstate.time_runnable +
		  data.u.runstate.time_blocked + data.u.runstate.time_offline);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_RUNSTATE | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
