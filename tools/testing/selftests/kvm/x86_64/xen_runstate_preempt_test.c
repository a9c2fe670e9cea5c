// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU's thread that is preempted while it accounts for its runstate, which the
 * scheduler then does too.
 *
 * If this fails, time is charged twice or taken away again: the accounts add up to more
 * than the moment of the last change, or shrink.  Needs a kernel that preempts, and that
 * makes the window wide by the module parameter xen_delay_account.
 */

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen_runstate.h"

#define PARAMETER	"xen_delay_account"

/*
 * A good part of the time that the scheduler gives to one of two threads, but no more: who
 * was preempted accounts anew before it goes on.
 */
#define DELAY_MS	"1"
#define NR_ROUNDS	200

FIXTURE(preempted) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct xen_thread competitor;
};

static void guest_code(void)
{
	for (;;)
		GUEST_SYNC(0);
}

FIXTURE_SETUP(preempted)
{
	if (xen_write_parameter(PARAMETER, "0"))
		SKIP(return, "this kernel cannot delay the accounting");

	self->x = xen_vm_create(1, true, guest_code);
	self->vcpu = self->x->vcpu[0];
	xen_step(self->vcpu);

	/* Takes turns with the vCPU's thread on its CPU. */
	pin_self_to_cpu(0);
	xen_thread_start(&self->competitor, xen_spin, NULL);
}

FIXTURE_TEARDOWN(preempted)
{
	if (!self->x)
		return;
	xen_write_parameter(PARAMETER, "0");
	xen_thread_stop(&self->competitor);
	xen_vm_free(self->x);
}

TEST_F(preempted, accounts_add_up_and_do_not_shrink)
{
	struct xen_accounts before = xen_get_accounts(self->vcpu), after;
	unsigned int round, state;

	ASSERT_EQ(0, xen_write_parameter(PARAMETER, DELAY_MS));
	for (round = 0; round < NR_ROUNDS; round++) {
		xen_step(self->vcpu);
		after = xen_get_accounts(self->vcpu);
		ASSERT_EQ(after.entry_time, xen_sum_accounts(&after)) {
			TH_LOG("round %u", round);
		}
		ASSERT_LE(before.entry_time, after.entry_time);
		for (state = 0; state < XEN_NR_RUNSTATES; state++)
			ASSERT_LE(before.time[state], after.time[state]);
		before = after;
	}
	EXPECT_LT(0, after.time[RUNSTATE_runnable]);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_RUNSTATE)
