// SPDX-License-Identifier: GPL-2.0
/*
 * Runstates and the clock that they are counted by: what the VMM does to the clock is
 * no time in any state, and nor is what another thread waited for.
 *
 * If this fails, a guest's accounts shrink or come near 2^64, which Linux takes for
 * stolen time of centuries; or a guest that was restored has lost its whole life to
 * others.  Stock 6.12 takes a step back out of the time running or blocked, charges a
 * clock that was set as time offline, and a VMM's thread's waiting to the vCPU.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen_runstate.h"

#define SECOND		1000000000ull
#define PORT		5

/* No account of a test comes near, however slow the machine. */
#define TOO_MUCH	(1ull << 60)

static void set_clock(struct xen_vm *x, uint64_t ns)
{
	struct kvm_clock_data clock = { .clock = ns };

	vm_ioctl(x->vm, KVM_SET_CLOCK, &clock);
}

/* In its own thread the vCPU sleeps in HLT, or spins, till the host sends to it. */
static void guest_code(bool halts)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);
	uint64_t stage = 0;

	for (;;) {
		GUEST_SYNC(++stage);
		while (!xen_clear_pending((void *)XEN_SHINFO_GPA, PORT))
			if (halts)
				xen_guest_halt();
			else
				cpu_relax();
		xen_take_sel(vcpu_info, true);
		*xen_upcall_pending(vcpu_info) = 0;
	}
}

static void handle_upcall(struct ex_regs *regs)
{
	*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)) = 0;
}

static struct xen_vm *create_vm(void)
{
	struct xen_vm *x = xen_vm_create(1, true, guest_code);

	vm_install_exception_handler(x->vm, XEN_VM_VECTOR, handle_upcall);
	TEST_ASSERT_EQ(xen_set_vm_vector(x, XEN_VM_VECTOR), 0);
	vcpu_args_set(x->vcpu[0], 1, false);
	return x;
}

FIXTURE(clock) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
};

FIXTURE_SETUP(clock)
{
	self->x = create_vm();
	self->vcpu = self->x->vcpu[0];
}

FIXTURE_TEARDOWN(clock)
{
	xen_vm_free(self->x);
}

static void expect_no_less(struct __test_metadata *_metadata, const struct xen_accounts *before,
			   const struct xen_accounts *after)
{
	unsigned int i;

	for (i = 0; i < XEN_NR_RUNSTATES; i++) {
		EXPECT_GE(after->time[i], before->time[i]) {
			TH_LOG("time %u", i);
		}
		EXPECT_LT(after->time[i], TOO_MUCH) {
			TH_LOG("time %u", i);
		}
	}
}

/* What is read can be set again, as a VMM does that saves a guest. */
static void expect_settable(struct __test_metadata *_metadata, struct xen_vm *x)
{
	struct xen_accounts saved = xen_get_accounts(x->vcpu[0]), again;

	EXPECT_LE(saved.entry_time, xen_vm_now(x));
	EXPECT_EQ(0, xen_set_accounts(x->vcpu[0], &saved));
	again = xen_get_accounts(x->vcpu[0]);
	EXPECT_EQ(0, memcmp(&saved, &again, sizeof(saved)));
}

FIXTURE(step_back) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
};

FIXTURE_VARIANT(step_back) {
	uint64_t state;
};

FIXTURE_VARIANT_ADD(step_back, running) { .state = RUNSTATE_running };
FIXTURE_VARIANT_ADD(step_back, runnable) { .state = RUNSTATE_runnable };
FIXTURE_VARIANT_ADD(step_back, blocked) { .state = RUNSTATE_blocked };
FIXTURE_VARIANT_ADD(step_back, offline) { .state = RUNSTATE_offline };

FIXTURE_SETUP(step_back)
{
	self->x = create_vm();
	self->vcpu = self->x->vcpu[0];
	set_clock(self->x, 100 * SECOND);
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, variant->state));
}

FIXTURE_TEARDOWN(step_back)
{
	xen_vm_free(self->x);
}

TEST_F(step_back, takes_no_time_away)
{
	struct xen_accounts before = xen_get_accounts(self->vcpu), after;

	set_clock(self->x, 95 * SECOND);
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, (variant->state + 1) % XEN_NR_RUNSTATES));
	after = xen_get_accounts(self->vcpu);
	expect_no_less(_metadata, &before, &after);
	expect_settable(_metadata, self->x);
}

TEST_F(step_back, before_the_vcpu_runs_takes_no_time_away)
{
	struct xen_accounts before = xen_get_accounts(self->vcpu), after;

	set_clock(self->x, 95 * SECOND);
	xen_step(self->vcpu);
	after = xen_get_accounts(self->vcpu);
	EXPECT_EQ(RUNSTATE_running, after.state);
	expect_no_less(_metadata, &before, &after);
	expect_settable(_metadata, self->x);
}

/* The state was entered when the clock stepped, as far as anyone can say. */
TEST_F(step_back, is_where_accounting_goes_on_from)
{
	struct xen_accounts before, after;

	set_clock(self->x, 10 * SECOND);
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, variant->state));
	before = xen_get_accounts(self->vcpu);
	EXPECT_GE(before.entry_time, 10 * SECOND);
	EXPECT_LT(before.entry_time, 100 * SECOND);
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, (variant->state + 1) % XEN_NR_RUNSTATES));
	after = xen_get_accounts(self->vcpu);
	expect_no_less(_metadata, &before, &after);
	EXPECT_GT(after.entry_time, before.entry_time);
	EXPECT_EQ(after.entry_time - before.entry_time,
		  xen_sum_accounts(&after) - xen_sum_accounts(&before));
}

TEST_F(step_back, that_is_repeated_takes_no_time_away)
{
	struct xen_accounts before, after;
	unsigned int turn;

	for (turn = 0; turn < 20; turn++) {
		before = xen_get_accounts(self->vcpu);
		set_clock(self->x, (turn % 2 ? 90 : 80) * SECOND);
		ASSERT_EQ(0, xen_enter_runstate(self->vcpu, variant->state));
		after = xen_get_accounts(self->vcpu);
		expect_no_less(_metadata, &before, &after);
	}
	expect_settable(_metadata, self->x);
}

/* The accounts before and after a clock that steps back under a vCPU in KVM_RUN. */
static void step_back_under(struct __test_metadata *_metadata, struct xen_vm *x, bool halts)
{
	struct xen_accounts before, after;
	struct xen_runner r;

	vcpu_args_set(x->vcpu[0], 1, halts);
	set_clock(x, 100 * SECOND);
	ASSERT_EQ(0, xen_enter_runstate(x->vcpu[0], RUNSTATE_runnable));
	before = xen_get_accounts(x->vcpu[0]);
	xen_runner_start(&r, x->vcpu[0]);
	ASSERT_TRUE(xen_runner_reaches(&r, 1));
	if (halts)
		ASSERT_TRUE(xen_runner_blocks(&r));
	set_clock(x, 95 * SECOND);
	ASSERT_EQ(0, xen_send(x, PORT, 0));
	EXPECT_TRUE(xen_runner_reaches(&r, 2));
	xen_runner_stop(&r);
	after = xen_get_accounts(x->vcpu[0]);
	expect_no_less(_metadata, &before, &after);
	expect_settable(_metadata, x);
}

TEST_F(clock, that_steps_back_under_a_vcpu_in_hlt_takes_no_time_away)
{
	step_back_under(_metadata, self->x, true);
}

TEST_F(clock, that_steps_back_under_a_running_vcpu_takes_no_time_away)
{
	step_back_under(_metadata, self->x, false);
}

/* As a VMM does that restores a guest, and knows of no runstates. */
TEST_F(clock, that_was_set_is_no_time_offline)
{
	struct xen_accounts a;

	set_clock(self->x, 1000 * SECOND);
	xen_step(self->vcpu);
	a = xen_get_accounts(self->vcpu);
	EXPECT_LT(a.time[RUNSTATE_offline], 500 * SECOND);
	EXPECT_LT(a.time[RUNSTATE_runnable], 500 * SECOND);
	EXPECT_GE(a.entry_time, 1000 * SECOND);
	EXPECT_EQ(a.entry_time, xen_sum_accounts(&a));
	expect_settable(_metadata, self->x);
}

TEST_F(clock, that_was_set_is_no_time_offline_for_a_vcpu_that_is_plugged_in)
{
	struct kvm_vcpu *vcpu;
	struct xen_accounts a;

	xen_step(self->vcpu);
	set_clock(self->x, 1000 * SECOND);
	vcpu = vm_vcpu_add(self->x->vm, 1, guest_code);
	ASSERT_EQ(0, xen_enter_runstate(vcpu, RUNSTATE_runnable));
	a = xen_get_accounts(vcpu);
	EXPECT_LT(a.time[RUNSTATE_offline], 500 * SECOND);
	EXPECT_EQ(a.entry_time, xen_sum_accounts(&a));
}

/* Time before the first state is known to be offline where no clock was set. */
TEST_F(clock, that_was_not_set_leaves_a_new_vcpu_offline)
{
	struct xen_accounts a;

	usleep(100000);
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_runnable));
	a = xen_get_accounts(self->vcpu);
	EXPECT_GE(a.time[RUNSTATE_offline], SECOND / 10);
	EXPECT_EQ(a.entry_time, a.time[RUNSTATE_offline]);
	EXPECT_EQ(a.entry_time, xen_sum_accounts(&a));
}

/* Two of these add up to 0 in 64 bits. */
TEST_F(clock, data_whose_sum_overflows_are_refused)
{
	struct xen_accounts a = { .state = RUNSTATE_runnable }, b = xen_get_accounts(self->vcpu), c;

	a.time[RUNSTATE_running] = 1ull << 63;
	a.time[RUNSTATE_offline] = 1ull << 63;
	EXPECT_EQ(-EINVAL, xen_set_accounts(self->vcpu, &a));
	a.time[RUNSTATE_running] = -5ull;
	a.time[RUNSTATE_offline] = 5;
	EXPECT_EQ(-EINVAL, xen_set_accounts(self->vcpu, &a));
	a.time[RUNSTATE_running] = -5ull;
	a.time[RUNSTATE_offline] = 0;
	a.entry_time = 1;
	EXPECT_EQ(-EINVAL, xen_set_accounts(self->vcpu, &a));
	c = xen_get_accounts(self->vcpu);
	EXPECT_EQ(0, memcmp(&b, &c, sizeof(b)));
}

TEST_F(clock, an_adjustment_that_leaves_less_than_nothing_is_refused)
{
	struct xen_accounts less = { .state = -1 }, before, after;

	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_offline));
	before = xen_get_accounts(self->vcpu);
	less.time[RUNSTATE_running] = -1ull;
	less.time[RUNSTATE_offline] = 1;
	EXPECT_EQ(-EINVAL, xen_adjust_accounts(self->vcpu, &less));

	less.time[RUNSTATE_running] = 0;
	less.time[RUNSTATE_offline] = -before.entry_time - 1;
	less.entry_time = less.time[RUNSTATE_offline];
	EXPECT_EQ(-EINVAL, xen_adjust_accounts(self->vcpu, &less));

	less.state = RUNSTATE_runnable;
	less.time[RUNSTATE_running] = 1ull << 63;
	less.time[RUNSTATE_offline] = 1ull << 63;
	less.entry_time = 0;
	EXPECT_EQ(-EINVAL, xen_adjust_accounts(self->vcpu, &less));

	after = xen_get_accounts(self->vcpu);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

/* A thread, and how long it has waited for a CPU. */
struct waiter {
	pthread_t thread;
	uint64_t least;		/* to wait before it acts */
	void (*act)(struct waiter *waiter);
	struct xen_vm *x;
	uint64_t delay;		/* when it acted */
};

static uint64_t own_delay(void)
{
	char path[64];
	unsigned long long delay;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/schedstat", syscall(SYS_gettid));
	file = fopen(path, "r");
	TEST_ASSERT(file && fscanf(file, "%*u %llu", &delay) == 1, "Cannot read %s", path);
	fclose(file);
	return delay;
}

static void start_on(pthread_t *thread, int cpu, void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(one), &one);
	TEST_ASSERT_EQ(pthread_create(thread, &attr, fn, arg), 0);
	pthread_attr_destroy(&attr);
}

static void *wait_and_act(void *arg)
{
	struct waiter *waiter = arg;
	struct xen_thread competitor;

	if (waiter->least) {
		xen_thread_start(&competitor, xen_spin, NULL);
		while (own_delay() < waiter->least)
			cpu_relax();
		xen_thread_stop(&competitor);
	}
	waiter->delay = own_delay();
	waiter->act(waiter);
	return NULL;
}

static void act_as(struct waiter *waiter)
{
	start_on(&waiter->thread, 0, wait_and_act, waiter);
	pthread_join(waiter->thread, NULL);
}

static void run_once(struct waiter *waiter)
{
	xen_step(waiter->x->vcpu[0]);
	waiter->delay = own_delay() - waiter->delay;
}

static void set_data_and_wait(struct waiter *waiter)
{
	struct xen_accounts a = {
		.state = RUNSTATE_blocked,
		.entry_time = xen_vm_now(waiter->x),
	};

	a.time[RUNSTATE_blocked] = a.entry_time;
	TEST_ASSERT_EQ(xen_set_accounts(waiter->x->vcpu[0], &a), 0);
}

static void be_blocked(struct waiter *waiter)
{
	TEST_ASSERT_EQ(xen_enter_runstate(waiter->x->vcpu[0], RUNSTATE_blocked), 0);
}

/* A vCPU whose thread had to wait, long before, is restored by one that had not. */
TEST_F(clock, what_the_vcpus_thread_waited_before_is_not_runnable)
{
	struct waiter owner = { .x = self->x, .act = run_once, .least = SECOND };
	struct waiter vmm = { .x = self->x, .act = set_data_and_wait };
	struct xen_accounts a;

	act_as(&vmm);
	usleep(1100000);
	act_as(&owner);
	a = xen_get_accounts(self->vcpu);
	TH_LOG("runnable %lu ns, of which waited %lu", a.time[RUNSTATE_runnable], owner.delay);
	/* A preempted vCPU is runnable for a little more than its thread's delay. */
	EXPECT_LT(a.time[RUNSTATE_runnable], owner.delay + owner.least / 2);
	EXPECT_EQ(a.entry_time, xen_sum_accounts(&a));
}

/* Time that another thread of the VMM waited for a CPU is not the vCPU's. */
TEST_F(clock, what_another_thread_waited_is_not_runnable)
{
	struct waiter owner = { .x = self->x, .act = run_once };
	struct waiter vmm = { .x = self->x, .act = be_blocked, .least = SECOND };
	struct xen_accounts before, after;

	act_as(&owner);
	before = xen_get_accounts(self->vcpu);
	act_as(&vmm);
	after = xen_get_accounts(self->vcpu);
	EXPECT_EQ(before.time[RUNSTATE_runnable], after.time[RUNSTATE_runnable]);
	EXPECT_EQ(after.entry_time, xen_sum_accounts(&after));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_RUNSTATE | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
