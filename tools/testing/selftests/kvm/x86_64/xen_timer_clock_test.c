// SPDX-License-Identifier: GPL-2.0
/*
 * Deadlines on a clock that the VMM sets: of the singleshot timer, and of a poll.
 *
 * Both are moments of the guest's clock.  If this fails, the events of a guest that
 * was restored, or whose clock is set while it runs, come late by as much as its clock
 * was moved, or early, and depend on the order of the VMM's ioctls.  Stock 6.12 keeps
 * the time of the host that it computed first.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen.h"

#define PORT		13
#define POLL_PORT	20
#define MS		1000000ull
#define SECOND		(1000 * MS)

/* How the guest waits for its timer, or sleeps in a poll instead. */
enum how { HALTS, SPINS, POLLS };

/* Shared by host and guest in the first spare page. */
struct wait {
	uint64_t deadline;		/* on the guest's clock */
	uint64_t after;			/* the guest's clock when it was over */
};

#define GUEST_WAIT	((volatile struct wait *)XEN_SPARE_GPA(0))

static uint64_t guest_now(void)
{
	return xen_guest_now((void *)(XEN_VCPU_INFO_GPA(0) + 32));
}

static void vm_upcall(struct ex_regs *regs)
{
	WRITE_ONCE(*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)), 0);
}

static void guest_poll(void)
{
	static uint32_t port = POLL_PORT;

	GUEST_ASSERT_EQ(xen_guest_poll(true, &port, 1, GUEST_WAIT->deadline), 0);
}

/* Wait for an event that the host, or the guest by @arms, has asked for. */
static void guest_code(enum how how, bool arms)
{
	void *shinfo = (void *)XEN_SHINFO_GPA;

	GUEST_SYNC(1);
	if (arms)
		GUEST_ASSERT_EQ(xen_guest_set_timer(true, GUEST_WAIT->deadline), 0);
	GUEST_SYNC(2);
	if (how == POLLS)
		guest_poll();
	while (how != POLLS && !xen_clear_pending(shinfo, PORT))
		if (how == HALTS)
			xen_guest_halt();
		else
			cpu_relax();
	GUEST_WAIT->after = guest_now();
	GUEST_SYNC(3);
	GUEST_DONE();
}

FIXTURE(clock) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	volatile struct wait *wait;
	struct xen_runner r;
};

FIXTURE_SETUP(clock)
{
	self->x = xen_vm_create(1, true, guest_code);
	self->vcpu = self->x->vcpu[0];
	self->wait = xen_hva(self->x, XEN_SPARE_GPA(0));
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, vm_upcall);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, 0));
	self->r.vcpu = NULL;
}

FIXTURE_TEARDOWN(clock)
{
	if (self->r.vcpu)
		xen_runner_stop(&self->r);
	xen_vm_free(self->x);
}

static void set_clock(struct xen_vm *x, uint64_t ns)
{
	struct kvm_clock_data clock = { .clock = ns };

	vm_ioctl(x->vm, KVM_SET_CLOCK, &clock);
}

/* Make the vCPU wait in a thread of its own, with its timer armed. */
static void start(struct xen_runner *r, struct xen_vm *x, enum how how, bool arms)
{
	vcpu_args_set(x->vcpu[0], 2, how, arms);
	xen_runner_start(r, x->vcpu[0]);
	TEST_ASSERT(xen_runner_reaches(r, 2), "The guest does not come to wait: %s", r->failure);
	if (how != SPINS)
		TEST_ASSERT(xen_runner_blocks(r), "The guest does not sleep");
}

static bool is_over(struct xen_runner *r)
{
	return xen_runner_reaches(r, 3) && !strlen(r->failure);
}

/* Nothing but a wrong event ends it; a right test does not depend on how long. */
static bool goes_on(struct xen_runner *r)
{
	usleep(100000);
	return READ_ONCE(r->stage) == 2;
}

TEST_F(clock, set_after_the_timer_of_a_new_vcpu_does_not_delay_it)
{
	self->wait->deadline = 1000 * SECOND + 300 * MS;
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, self->wait->deadline));
	set_clock(self->x, 1000 * SECOND);
	xen_runner_start(&self->r, self->vcpu);
	EXPECT_TRUE(is_over(&self->r));
	EXPECT_GE(self->wait->after, self->wait->deadline);
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
}

TEST_F(clock, set_back_after_the_timer_has_it_expire_later)
{
	set_clock(self->x, 200 * SECOND);
	self->wait->deadline = 152 * SECOND;
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, self->wait->deadline));
	set_clock(self->x, 150 * SECOND);
	xen_runner_start(&self->r, self->vcpu);
	EXPECT_TRUE(is_over(&self->r));
	EXPECT_GE(self->wait->after, self->wait->deadline);
}

/* Until the vCPU runs it has the parameters of the clock of before. */
TEST_F(clock, set_before_the_timer_is_the_one_that_counts)
{
	set_clock(self->x, 10 * SECOND);
	EXPECT_EQ(1, xen_step(self->vcpu));
	set_clock(self->x, 1000 * SECOND);
	self->wait->deadline = 1000 * SECOND + 300 * MS;
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, self->wait->deadline));
	xen_runner_start(&self->r, self->vcpu);
	EXPECT_TRUE(is_over(&self->r));
	EXPECT_GE(self->wait->after, self->wait->deadline);
}

TEST_F(clock, set_back_before_the_timer_is_the_one_that_counts)
{
	set_clock(self->x, 1000 * SECOND);
	EXPECT_EQ(1, xen_step(self->vcpu));
	set_clock(self->x, 10 * SECOND);
	self->wait->deadline = 12 * SECOND;
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, self->wait->deadline));
	xen_runner_start(&self->r, self->vcpu);
	EXPECT_TRUE(is_over(&self->r));
	EXPECT_GE(self->wait->after, self->wait->deadline);
}

TEST_F(clock, set_leaves_the_expiry_as_the_vmm_reads_it)
{
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, 500 * SECOND));
	set_clock(self->x, 400 * SECOND);
	EXPECT_EQ(500 * SECOND, xen_timer_expires(self->vcpu));
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(500 * SECOND, xen_timer_expires(self->vcpu));
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT));
}

TEST_F(clock, set_does_not_bring_a_timer_back_that_was_stopped)
{
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, 500 * SECOND));
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, 0));
	set_clock(self->x, 600 * SECOND);
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(2, xen_step(self->vcpu));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT));
}

/* A vCPU that waits while its clock is set. */
FIXTURE(waiting) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	volatile struct wait *wait;
	struct xen_runner r;
};

FIXTURE_VARIANT(waiting) {
	enum how how;
};

FIXTURE_VARIANT_ADD(waiting, in_hlt) { .how = HALTS };
FIXTURE_VARIANT_ADD(waiting, in_the_guest) { .how = SPINS };
FIXTURE_VARIANT_ADD(waiting, in_poll) { .how = POLLS };

FIXTURE_SETUP(waiting)
{
	self->x = xen_vm_create(1, true, guest_code);
	self->vcpu = self->x->vcpu[0];
	self->wait = xen_hva(self->x, XEN_SPARE_GPA(0));
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, vm_upcall);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, 0));
	set_clock(self->x, 1000 * SECOND);
}

FIXTURE_TEARDOWN(waiting)
{
	xen_runner_stop(&self->r);
	xen_vm_free(self->x);
}

TEST_F(waiting, ends_as_the_clock_is_set_to_the_deadline)
{
	self->wait->deadline = 2000 * SECOND;
	start(&self->r, self->x, variant->how, variant->how != POLLS);
	set_clock(self->x, 2000 * SECOND);
	EXPECT_TRUE(is_over(&self->r));
	EXPECT_GE(self->wait->after, self->wait->deadline);
}

TEST_F(waiting, ends_at_the_deadline_behind_a_clock_set_forward)
{
	self->wait->deadline = 2000 * SECOND + 300 * MS;
	start(&self->r, self->x, variant->how, variant->how != POLLS);
	set_clock(self->x, 2000 * SECOND);
	EXPECT_TRUE(is_over(&self->r));
	EXPECT_GE(self->wait->after, self->wait->deadline);
}

/* The guest has to get there first: a machine that is slow only says less. */
TEST_F(waiting, does_not_end_before_the_deadline_of_a_clock_set_back)
{
	self->wait->deadline = 1003 * SECOND;
	start(&self->r, self->x, variant->how, variant->how != POLLS);
	set_clock(self->x, 1001 * SECOND);
	set_clock(self->x, 1000 * SECOND);
	EXPECT_TRUE(is_over(&self->r));
	EXPECT_GE(self->wait->after, self->wait->deadline);
}

/* A timer that is armed anew is no event: neither HLT nor a poll ends by it. */
TEST_F(waiting, goes_on_where_the_deadline_is_still_to_come)
{
	unsigned int turn;

	self->wait->deadline = 9000 * SECOND;
	start(&self->r, self->x, variant->how, true);
	for (turn = 0; turn < 5; turn++) {
		set_clock(self->x, (2000 + turn * 1000) * SECOND);
		EXPECT_TRUE(goes_on(&self->r));
		EXPECT_TRUE(variant->how == SPINS || xen_runner_blocks(&self->r));
	}
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT));
	set_clock(self->x, 9000 * SECOND);
	EXPECT_TRUE(is_over(&self->r));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
