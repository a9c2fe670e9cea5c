// SPDX-License-Identifier: GPL-2.0
/*
 * Events for a vCPU that has no vcpu_info yet.
 *
 * If this fails, such a vCPU cannot sleep: its HLT ends again and again and
 * burns a CPU of the host, as on stock 6.12, or the event is lost.
 */
#include "xen_harness.h"
#include "xen.h"

/* HLTs that end without an interrupt: a few may, by the architecture. */
#define SPURIOUS_MAX	10

enum {
	STAGE_SPINS = 1,
	STAGE_UPCALL,
};

static volatile uint32_t upcalls;

static void vm_upcall(struct ex_regs *regs)
{
	upcalls++;
	WRITE_ONCE(*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)), 0);
}

static void guest_code(void)
{
	int turns = 0;

	while (!upcalls) {
		xen_guest_halt();
		if (++turns == SPURIOUS_MAX)
			GUEST_SYNC(STAGE_SPINS);
	}
	GUEST_SYNC(STAGE_UPCALL);
	GUEST_DONE();
}

FIXTURE(no_vcpu_info) {
	struct xen_vm *x;
	struct xen_runner r;
};

FIXTURE_VARIANT(no_vcpu_info) {
	bool wide;
};

FIXTURE_VARIANT_ADD(no_vcpu_info, wide) {
	.wide = true,
};

FIXTURE_VARIANT_ADD(no_vcpu_info, narrow) {
	.wide = false,
};

FIXTURE_SETUP(no_vcpu_info)
{
	self->x = xen_vm_create_bare(1, variant->wide, guest_code);
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, vm_upcall);
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA >> PAGE_SHIFT));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	xen_runner_start(&self->r, self->x->vcpu[0]);
	ASSERT_TRUE(xen_runner_blocks(&self->r));
}

FIXTURE_TEARDOWN(no_vcpu_info)
{
	xen_runner_stop(&self->r);
	xen_vm_free(self->x);
}

/* A wait that only gives a spinning vCPU the time to be seen. */
static bool is_seen_to_spin(struct xen_runner *r)
{
	int turns;

	for (turns = 0; turns < 500 && READ_ONCE(r->stage) < STAGE_SPINS; turns++)
		usleep(1000);
	return READ_ONCE(r->stage) == STAGE_SPINS;
}

static int register_vcpu_info(FIXTURE_DATA(no_vcpu_info) *self)
{
	int rc;

	xen_runner_stop(&self->r);
	rc = xen_set_vcpu_info(self->x->vcpu[0], XEN_VCPU_INFO_GPA(0));
	xen_runner_start(&self->r, self->x->vcpu[0]);
	return rc;
}

TEST_F(no_vcpu_info, an_event_leaves_the_vcpu_asleep)
{
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, 1));
	EXPECT_FALSE(is_seen_to_spin(&self->r));
	EXPECT_TRUE(xen_runner_blocks(&self->r));
	EXPECT_EQ(0, self->r.stage);
}

TEST_F(no_vcpu_info, the_event_arrives_with_the_registration)
{
	ASSERT_EQ(0, xen_send(self->x, 77, 0));
	ASSERT_EQ(0, register_vcpu_info(self));
	ASSERT_TRUE(xen_runner_reaches(&self->r, STAGE_UPCALL));
	EXPECT_TRUE(xen_sel(xen_vcpu_info(self->x, 0), variant->wide) &
		    xen_sel_bit(variant->wide, 77));
}

TEST_F(no_vcpu_info, a_vcpu_that_lost_its_vcpu_info_can_sleep_again)
{
	ASSERT_EQ(0, register_vcpu_info(self));
	xen_runner_stop(&self->r);
	ASSERT_EQ(0, xen_set_vcpu_info(self->x->vcpu[0], KVM_XEN_INVALID_GPA));
	xen_runner_start(&self->r, self->x->vcpu[0]);
	ASSERT_TRUE(xen_runner_blocks(&self->r));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_FALSE(is_seen_to_spin(&self->r));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
