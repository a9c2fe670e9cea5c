// SPDX-License-Identifier: GPL-2.0
/*
 * Timers that expire with their vCPU's pages mapped, where the interrupt of a
 * timer could raise the event on the spot: while the guest runs, and in HLT.
 *
 * Each expiry is delivered.  What the interrupt does on the way is checked by
 * lockdep, in the log of a kernel with CONFIG_PROVE_RAW_LOCK_NESTING: it may
 * not take a lock that sleeps on PREEMPT_RT.  Stock 6.12 takes the rwlock of
 * the page mappings, so PREEMPT_RT hosts warn and can deadlock.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen.h"

#define PORT	13
#define ROUNDS	5
#define MS	1000000ull

static volatile uint32_t upcalls;

static void vm_upcall(struct ex_regs *regs)
{
	upcalls++;
	WRITE_ONCE(*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)), 0);
}

static void arm(void)
{
	uint64_t now = xen_guest_now((void *)(XEN_VCPU_INFO_GPA(0) + 32));

	GUEST_ASSERT_EQ(xen_guest_set_timer(true, now + 50 * MS), 0);
}

static void guest_code_spins(void)
{
	void *shinfo = (void *)XEN_SHINFO_GPA;
	int round;

	for (round = 1; round <= ROUNDS; round++) {
		arm();
		while (!xen_clear_pending(shinfo, PORT))
			cpu_relax();
		GUEST_SYNC(round);
	}
	GUEST_DONE();
}

static void guest_code_sleeps(void)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);
	int round;

	for (round = 1; round <= ROUNDS; round++) {
		xen_take_sel(vcpu_info, true);
		arm();
		while (upcalls < round)
			xen_guest_halt();
		GUEST_ASSERT(xen_clear_pending((void *)XEN_SHINFO_GPA, PORT));
		GUEST_SYNC(round);
	}
	GUEST_DONE();
}

static void expect_rounds(struct __test_metadata *_metadata, void *guest_code)
{
	struct xen_vm *x = xen_vm_create(1, true, guest_code);
	struct xen_runner r;

	vm_install_exception_handler(x->vm, XEN_VM_VECTOR, vm_upcall);
	ASSERT_EQ(0, xen_set_vm_vector(x, XEN_VM_VECTOR));
	ASSERT_EQ(0, xen_set_timer(x->vcpu[0], PORT, 0));
	xen_runner_start(&r, x->vcpu[0]);
	EXPECT_TRUE(xen_runner_reaches(&r, ROUNDS));
	xen_runner_stop(&r);
	EXPECT_EQ(0, strlen(r.failure));
	EXPECT_EQ(0, xen_timer_expires(x->vcpu[0]));
	xen_vm_free(x);
}

TEST(timer_expires_while_the_guest_runs)
{
	expect_rounds(_metadata, guest_code_spins);
}

TEST(timer_expires_while_the_vcpu_sleeps)
{
	expect_rounds(_metadata, guest_code_sleeps);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
