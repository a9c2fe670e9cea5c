// SPDX-License-Identifier: GPL-2.0
/*
 * Runstates: the accounts of a vCPU's time, as the VMM sets and reads them,
 * and the area in which the guest reads them.
 *
 * If this fails, guests show wrong steal time, lose it in a migration, or have
 * memory beside the area overwritten.
 */

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen_runstate.h"

#define AREA_GPA	XEN_SPARE_GPA(0)
#define CANARY		0x5a

/* A page of its own, right behind the others: it can be taken away. */
#define LOOSE_GPA	(XEN_PAGES_GPA + XEN_NR_PAGES * PAGE_SIZE)
#define LOOSE_SLOT	14

FIXTURE(runstate) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	uint8_t *page;			/* AREA_GPA, as the host sees it */
};

FIXTURE_VARIANT(runstate) {
	bool wide;
};

FIXTURE_VARIANT_ADD(runstate, narrow) { .wide = false };
FIXTURE_VARIANT_ADD(runstate, wide) { .wide = true };

static void run_twice(void)
{
	GUEST_SYNC(1);
	GUEST_SYNC(2);
}

FIXTURE_SETUP(runstate)
{
	self->x = xen_vm_create_bare(1, variant->wide, run_twice);
	self->vcpu = self->x->vcpu[0];
	self->page = xen_hva(self->x, AREA_GPA);
	memset(self->page - PAGE_SIZE, CANARY, 3 * PAGE_SIZE);
}

FIXTURE_TEARDOWN(runstate)
{
	xen_vm_free(self->x);
}

static uint64_t current_state(struct kvm_vcpu *vcpu)
{
	return xen_get_accounts_by(vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT).state;
}

static int set_area(struct kvm_vcpu *vcpu, uint64_t gpa)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
		.u.gpa = gpa,
	};

	return xen_vcpu_set(vcpu, &attr);
}

static int set_update_flag(struct xen_vm *x, bool on)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG,
		.u.runstate_update_flag = on,
	};

	return xen_vm_set(x, &attr);
}

static size_t area_size(bool wide)
{
	return wide ? sizeof(struct xen_runstate64) : sizeof(struct xen_runstate32);
}

static struct xen_accounts read_area(const void *area, bool wide)
{
	struct xen_accounts accounts = {};

	memcpy(&accounts.state, area, 4);
	memcpy(&accounts.entry_time, (const uint8_t *)area + (wide ? 8 : 4),
	       sizeof(accounts) - sizeof(accounts.state));
	return accounts;
}

static bool same(const struct xen_accounts *a, const struct xen_accounts *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Accounts that add up and lie in the past; each word has its own value. */
static const struct xen_accounts distinct = {
	.state = RUNSTATE_blocked,
	.entry_time = 0x1010 + 0x2020 + 0x3030 + 0x4040,
	.time = { 0x1010, 0x2020, 0x3030, 0x4040 },
};

TEST_F(runstate, the_time_before_the_first_state_was_offline)
{
	struct xen_accounts a = xen_get_accounts(self->vcpu);

	EXPECT_EQ(0, a.entry_time);
	EXPECT_EQ(0, xen_sum_accounts(&a));
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_runnable));
	a = xen_get_accounts(self->vcpu);
	EXPECT_EQ(RUNSTATE_runnable, a.state);
	EXPECT_NE(0, a.entry_time);
	EXPECT_EQ(a.entry_time, a.time[RUNSTATE_offline]);
	EXPECT_EQ(a.entry_time, xen_sum_accounts(&a));
}

TEST_F(runstate, time_is_accounted_to_the_state_that_ends)
{
	static const bool waits[XEN_NR_RUNSTATES] = {
		[RUNSTATE_running] = true,
		[RUNSTATE_blocked] = true,
	};
	struct xen_accounts before, after;
	unsigned int state, next, i;

	for (state = 0; state < XEN_NR_RUNSTATES; state++) {
		ASSERT_EQ(0, xen_enter_runstate(self->vcpu, state));
		before = xen_get_accounts(self->vcpu);
		EXPECT_EQ(state, before.state);
		EXPECT_EQ(state, current_state(self->vcpu));
		next = (state + 1) % XEN_NR_RUNSTATES;
		ASSERT_EQ(0, xen_enter_runstate(self->vcpu, next));
		after = xen_get_accounts(self->vcpu);
		EXPECT_EQ(next, after.state);
		EXPECT_LT(before.entry_time, after.entry_time);
		EXPECT_EQ(after.entry_time, xen_sum_accounts(&after));
		for (i = 0; i < XEN_NR_RUNSTATES; i++) {
			/* Waiting for a CPU, to run or after being woken, counts as runnable. */
			if (i == state || (waits[state] && i == RUNSTATE_runnable))
				continue;
			EXPECT_EQ(before.time[i], after.time[i]);
		}
	}
}

TEST_F(runstate, data_are_read_back)
{
	struct xen_accounts a;

	ASSERT_EQ(0, xen_set_accounts(self->vcpu, &distinct));
	a = xen_get_accounts(self->vcpu);
	EXPECT_TRUE(same(&distinct, &a));
	ASSERT_EQ(0, xen_set_accounts(self->vcpu, &a));
	a = xen_get_accounts(self->vcpu);
	EXPECT_TRUE(same(&distinct, &a));
	EXPECT_EQ(distinct.state, current_state(self->vcpu));
}

TEST_F(runstate, data_have_to_add_up)
{
	struct xen_accounts a = distinct;
	unsigned int i;

	a.entry_time++;
	EXPECT_EQ(-EINVAL, xen_set_accounts(self->vcpu, &a));
	for (i = 0; i < XEN_NR_RUNSTATES; i++) {
		a = distinct;
		a.time[i]--;
		EXPECT_EQ(-EINVAL, xen_set_accounts(self->vcpu, &a));
	}
	EXPECT_EQ(0, xen_get_accounts(self->vcpu).entry_time);
}

TEST_F(runstate, data_lie_in_the_past)
{
	struct xen_accounts a = distinct;
	uint64_t future = xen_vm_now(self->x) + 3600 * NSEC_PER_SEC;

	a.time[0] += future;
	a.entry_time += future;
	EXPECT_EQ(-EINVAL, xen_set_accounts(self->vcpu, &a));
	EXPECT_EQ(0, xen_get_accounts(self->vcpu).entry_time);
}

TEST_F(runstate, data_have_a_state_that_exists)
{
	struct xen_accounts a = distinct;

	for (a.state = 0; a.state < XEN_NR_RUNSTATES; a.state++)
		EXPECT_EQ(0, xen_set_accounts(self->vcpu, &a));
	EXPECT_EQ(-EINVAL, xen_set_accounts(self->vcpu, &a));
	a.state = -1;
	EXPECT_EQ(-EINVAL, xen_set_accounts(self->vcpu, &a));
	a.state = 1ull << 32;
	EXPECT_EQ(-EINVAL, xen_set_accounts(self->vcpu, &a));
}

TEST_F(runstate, an_adjustment_is_added)
{
	struct xen_accounts more = {
		.state = -1,
		.entry_time = 1 + 20 + 300 + 4000,
		.time = { 1, 20, 300, 4000 },
	};
	struct xen_accounts a;
	unsigned int i;

	ASSERT_EQ(0, xen_set_accounts(self->vcpu, &distinct));
	ASSERT_EQ(0, xen_adjust_accounts(self->vcpu, &more));
	a = xen_get_accounts(self->vcpu);
	EXPECT_EQ(distinct.state, a.state);
	EXPECT_EQ(distinct.entry_time + more.entry_time, a.entry_time);
	for (i = 0; i < XEN_NR_RUNSTATES; i++)
		EXPECT_EQ(distinct.time[i] + more.time[i], a.time[i]);
}

TEST_F(runstate, an_adjustment_may_be_negative)
{
	struct xen_accounts less = { .state = -1, .entry_time = -0x20ull };
	struct xen_accounts a;

	less.time[RUNSTATE_blocked] = -0x30ull;
	less.time[RUNSTATE_running] = 0x10;
	ASSERT_EQ(0, xen_set_accounts(self->vcpu, &distinct));
	ASSERT_EQ(0, xen_adjust_accounts(self->vcpu, &less));
	a = xen_get_accounts(self->vcpu);
	EXPECT_EQ(0x3000, a.time[RUNSTATE_blocked]);
	EXPECT_EQ(0x1020, a.time[RUNSTATE_running]);
	EXPECT_EQ(a.entry_time, xen_sum_accounts(&a));
}

TEST_F(runstate, an_adjustment_may_change_the_state)
{
	struct xen_accounts more = { .state = RUNSTATE_runnable };
	struct xen_accounts a;

	ASSERT_EQ(0, xen_set_accounts(self->vcpu, &distinct));
	ASSERT_EQ(0, xen_adjust_accounts(self->vcpu, &more));
	a = xen_get_accounts(self->vcpu);
	EXPECT_EQ(RUNSTATE_runnable, a.state);
	EXPECT_LT(distinct.time[RUNSTATE_blocked], a.time[RUNSTATE_blocked]);
	EXPECT_EQ(a.entry_time, xen_sum_accounts(&a));
}

TEST_F(runstate, wrong_adjustments_are_refused)
{
	struct xen_accounts more = { .state = XEN_NR_RUNSTATES };
	uint64_t future = xen_vm_now(self->x) + 3600 * NSEC_PER_SEC;
	struct xen_accounts a;

	ASSERT_EQ(0, xen_set_accounts(self->vcpu, &distinct));
	EXPECT_EQ(-EINVAL, xen_adjust_accounts(self->vcpu, &more));
	more = (struct xen_accounts) { .state = -1, .entry_time = 1 };
	EXPECT_EQ(-EINVAL, xen_adjust_accounts(self->vcpu, &more));
	more = (struct xen_accounts) { .state = -1, .entry_time = future, .time = { future } };
	EXPECT_EQ(-EINVAL, xen_adjust_accounts(self->vcpu, &more));
	a = xen_get_accounts(self->vcpu);
	EXPECT_TRUE(same(&distinct, &a));
}

TEST_F(runstate, a_vcpu_that_ran_is_running_until_the_vmm_says_otherwise)
{
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_blocked));
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(RUNSTATE_running, xen_get_accounts(self->vcpu).state);
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_offline));
	EXPECT_EQ(RUNSTATE_offline, xen_get_accounts(self->vcpu).state);
	EXPECT_EQ(2, xen_step(self->vcpu));
	EXPECT_EQ(RUNSTATE_running, xen_get_accounts(self->vcpu).state);
}

static void read_state(struct xen_runstate64 *wide, struct xen_runstate32 *narrow)
{
	if (wide)
		GUEST_SYNC(READ_ONCE(wide->state));
	GUEST_SYNC(READ_ONCE(narrow->state));
}

TEST_F(runstate, a_guest_finds_itself_running)
{
	ASSERT_EQ(0, set_area(self->vcpu, AREA_GPA));
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_blocked));
	xen_set_entry_point(self->vcpu, read_state);
	vcpu_args_set(self->vcpu, 2, variant->wide ? AREA_GPA : 0, AREA_GPA);
	EXPECT_EQ(RUNSTATE_running, xen_step(self->vcpu));
}

/* Registering writes the area; bytes around it stay. */
static void expect_area(struct __test_metadata *_metadata, struct kvm_vcpu *vcpu,
			const uint8_t *area, bool wide)
{
	struct xen_accounts kept = xen_get_accounts(vcpu), shown = read_area(area, wide);

	EXPECT_TRUE(same(&kept, &shown)) {
		TH_LOG("area at %#lx of its page", (uintptr_t)area % PAGE_SIZE);
	}
	EXPECT_EQ(CANARY, area[-1]);
	EXPECT_EQ(CANARY, area[area_size(wide)]);
}

TEST_F(runstate, the_area_may_lie_at_any_address)
{
	size_t at[] = { 0, 1, 2, 3, 4, 7, 60, 0x801 };
	unsigned int i;

	ASSERT_EQ(0, xen_set_accounts(self->vcpu, &distinct));
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		memset(self->page, CANARY, PAGE_SIZE);
		ASSERT_EQ(0, set_area(self->vcpu, AREA_GPA + at[i]));
		expect_area(_metadata, self->vcpu, self->page + at[i], variant->wide);
	}
}

TEST_F(runstate, the_area_may_be_split_anywhere)
{
	size_t size = area_size(variant->wide), first;

	ASSERT_EQ(0, xen_set_accounts(self->vcpu, &distinct));
	for (first = 0; first <= size + 1; first++) {
		uint8_t *area = self->page + PAGE_SIZE - first;

		memset(self->page, CANARY, 2 * PAGE_SIZE);
		ASSERT_EQ(0, set_area(self->vcpu, AREA_GPA + PAGE_SIZE - first));
		expect_area(_metadata, self->vcpu, area, variant->wide);

		/* A change of state is no registration: the same again. */
		memset(self->page, CANARY, 2 * PAGE_SIZE);
		ASSERT_EQ(0, xen_enter_runstate(self->vcpu, first % XEN_NR_RUNSTATES));
		expect_area(_metadata, self->vcpu, area, variant->wide);
		ASSERT_EQ(0, xen_set_accounts(self->vcpu, &distinct));
	}
}

TEST_F(runstate, a_split_area_needs_both_pages)
{
	uint64_t last = LOOSE_GPA - area_size(variant->wide);

	EXPECT_EQ(0, set_area(self->vcpu, last));
	EXPECT_EQ(-EFAULT, set_area(self->vcpu, last + 1));
	EXPECT_EQ(-EFAULT, set_area(self->vcpu, LOOSE_GPA - 1));
	EXPECT_EQ(-EFAULT, set_area(self->vcpu, LOOSE_GPA));
	EXPECT_EQ(-EFAULT, set_area(self->vcpu, XEN_PAGES_GPA - 1));
}

TEST_F(runstate, the_layout_follows_the_guests_width)
{
	size_t at[] = { 0x100, PAGE_SIZE - 46 };	/* the second: narrow fits, wide does not */
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		ASSERT_EQ(0, xen_set_long_mode(self->x, variant->wide));
		ASSERT_EQ(0, set_area(self->vcpu, AREA_GPA + at[i]));
		ASSERT_EQ(0, xen_set_long_mode(self->x, !variant->wide));
		memset(self->page, CANARY, 2 * PAGE_SIZE);
		ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_offline));
		expect_area(_metadata, self->vcpu, self->page + at[i], !variant->wide);
	}
}

TEST_F(runstate, an_area_that_was_taken_away_is_written_no_more)
{
	ASSERT_EQ(0, set_area(self->vcpu, AREA_GPA + PAGE_SIZE - 8));
	ASSERT_EQ(0, set_area(self->vcpu, KVM_XEN_INVALID_GPA));
	memset(self->page, CANARY, 2 * PAGE_SIZE);
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_offline));
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(0, memcmp(self->page, self->page + 1, 2 * PAGE_SIZE - 1));
}

static void add_loose_page(struct xen_vm *x)
{
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, LOOSE_GPA, LOOSE_SLOT, 1, 0);
}

/* Areas that begin in, and that reach into, memory that comes and goes. */
static void move_memory_under(struct __test_metadata *_metadata, struct xen_vm *x, uint64_t gpa)
{
	struct xen_accounts kept, shown;
	uint8_t area[sizeof(struct xen_runstate64)];
	size_t first = gpa < LOOSE_GPA ? LOOSE_GPA - gpa : 0;
	size_t size = area_size(x->wide);

	add_loose_page(x);
	ASSERT_EQ(0, set_area(x->vcpu[0], gpa));
	vm_mem_region_delete(x->vm, LOOSE_SLOT);
	ASSERT_EQ(0, xen_enter_runstate(x->vcpu[0], RUNSTATE_blocked));
	ASSERT_EQ(0, xen_enter_runstate(x->vcpu[0], RUNSTATE_offline));

	/* A change to runnable may come from the scheduler: it need not map pages. */
	add_loose_page(x);
	ASSERT_EQ(0, xen_enter_runstate(x->vcpu[0], RUNSTATE_blocked));
	if (first)
		memcpy(area, xen_hva(x, gpa), first);
	memcpy(area + first, xen_hva(x, gpa + first), size - first);
	kept = xen_get_accounts(x->vcpu[0]);
	shown = read_area(area, x->wide);
	EXPECT_EQ(RUNSTATE_blocked, shown.state);
	EXPECT_TRUE(same(&kept, &shown));
}

TEST_F(runstate, the_area_survives_its_memory_going_and_coming)
{
	move_memory_under(_metadata, self->x, LOOSE_GPA + 0x10);
}

TEST_F(runstate, a_split_area_survives_its_second_page_going_and_coming)
{
	move_memory_under(_metadata, self->x, LOOSE_GPA - 20);
}

/* Byte of the area that holds the top bit of state_entry_time. */
static uint8_t *flag_byte(uint8_t *area, bool wide)
{
	return area + (wide ? 15 : 11);
}

TEST_F(runstate, the_update_flag_is_clear_after_an_update)
{
	size_t at[] = { 0, PAGE_SIZE - 4, PAGE_SIZE - 11, PAGE_SIZE - 12, PAGE_SIZE - 16 };
	unsigned int i, on;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		for (on = 0; on < 2; on++) {
			ASSERT_EQ(0, set_update_flag(self->x, on));
			ASSERT_EQ(0, set_area(self->vcpu, AREA_GPA + at[i]));
			memset(self->page, CANARY, 2 * PAGE_SIZE);
			memset(self->page + at[i], 0xff, area_size(variant->wide));
			ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_offline));
			EXPECT_EQ(0, *flag_byte(self->page + at[i], variant->wide) & 0x80);
			expect_area(_metadata, self->vcpu, self->page + at[i], variant->wide);
		}
	}
}

/* A reader beside the updates, as another vCPU of the guest would be. */
struct reader {
	struct xen_thread thread;
	uint8_t *area;
	bool wide;
	uint64_t updates_seen;
	uint64_t snapshots;
	uint64_t torn;
};

/* The protocol: copy while the flag is clear and the time stays the same. */
static void read_once(void *arg)
{
	struct reader *r = arg;
	volatile uint8_t *flag = flag_byte(r->area, r->wide);
	volatile uint64_t *entry = (uint64_t *)(r->area + (r->wide ? 8 : 4));
	struct xen_accounts a;
	uint64_t before;

	if (*flag & 0x80) {
		__atomic_fetch_add(&r->updates_seen, 1, __ATOMIC_RELAXED);
		return;
	}
	before = *entry;
	asm volatile("lfence" : : : "memory");
	a = read_area(r->area, r->wide);
	asm volatile("lfence" : : : "memory");
	if (before & XEN_RUNSTATE_UPDATE || *entry != before)
		return;
	r->snapshots++;
	if (a.entry_time != xen_sum_accounts(&a))
		r->torn++;
}

#define UPDATES_MIN	2000
#define UPDATES_MAX	2000000

TEST_F(runstate, the_update_flag_is_set_during_updates)
{
	struct reader r = { .area = self->page, .wide = variant->wide };
	unsigned int turn;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "a reader beside the updates needs a second CPU");
	ASSERT_EQ(0, set_update_flag(self->x, true));
	ASSERT_EQ(0, set_area(self->vcpu, AREA_GPA));
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_running));
	xen_thread_start(&r.thread, read_once, &r);
	for (turn = 0; turn < UPDATES_MAX; turn++) {
		TEST_ASSERT_EQ(xen_enter_runstate(self->vcpu, turn % XEN_NR_RUNSTATES), 0);
		if (turn >= UPDATES_MIN && __atomic_load_n(&r.updates_seen, __ATOMIC_RELAXED))
			break;
	}
	xen_thread_stop(&r.thread);
	EXPECT_NE(0, r.updates_seen);
	EXPECT_NE(0, r.snapshots);
	EXPECT_EQ(0, r.torn);
}

TEST_F(runstate, the_update_flag_is_never_set_unless_asked_for)
{
	struct reader r = { .area = self->page, .wide = variant->wide };
	unsigned int turn;

	ASSERT_EQ(0, set_area(self->vcpu, AREA_GPA));
	ASSERT_EQ(0, xen_enter_runstate(self->vcpu, RUNSTATE_running));
	xen_thread_start(&r.thread, read_once, &r);
	for (turn = 0; turn < UPDATES_MIN; turn++)
		TEST_ASSERT_EQ(xen_enter_runstate(self->vcpu, turn % XEN_NR_RUNSTATES), 0);
	xen_thread_stop(&r.thread);
	EXPECT_EQ(0, r.updates_seen);
}

/* A vCPU that has to share its CPU: time it waited for it is runnable. */
static void wait_to_be_preempted(volatile struct xen_runstate64 *wide,
				 volatile struct xen_runstate32 *narrow,
				 const volatile struct xen_time_info *time)
{
	uint64_t begin = xen_guest_now(time);

	while (!(wide ? wide->time[RUNSTATE_runnable] : narrow->time[RUNSTATE_runnable]))
		if (xen_guest_now(time) - begin > 20 * NSEC_PER_SEC)
			GUEST_SYNC(0);
	GUEST_SYNC(1);
}

TEST_F(runstate, time_kept_from_the_vcpu_is_runnable)
{
	struct xen_thread competitor;
	struct xen_accounts a;

	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_VCPU_INFO_GPA(0)));
	ASSERT_EQ(0, set_area(self->vcpu, AREA_GPA));
	pin_self_to_cpu(0);
	xen_thread_start(&competitor, xen_spin, NULL);
	xen_set_entry_point(self->vcpu, wait_to_be_preempted);
	memset(self->page, 0, PAGE_SIZE);
	vcpu_args_set(self->vcpu, 3, variant->wide ? AREA_GPA : 0, AREA_GPA,
		      XEN_VCPU_INFO_GPA(0) + 32);
	EXPECT_EQ(1, xen_step(self->vcpu));
	xen_thread_stop(&competitor);
	a = xen_get_accounts(self->vcpu);
	EXPECT_NE(0, a.time[RUNSTATE_runnable]);
	EXPECT_EQ(a.entry_time, xen_sum_accounts(&a));
	EXPECT_EQ(0, a.time[RUNSTATE_blocked]);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_RUNSTATE | KVM_XEN_HVM_CONFIG_RUNSTATE_UPDATE_FLAG)
