// SPDX-License-Identifier: GPL-2.0
/*
 * An INIT that meets a vCPU in its fast path, where the request that it makes is the
 * same as that for the vCPU's own upcall.
 *
 * If this fails, a guest that stops or starts a CPU waits for it: the CPU runs on until
 * something else makes it look.  Needs a kernel that makes the window wide, by the
 * module parameter xen_delay_clear.
 */
#include "apic.h"
#include "xen_fast.h"
#include "xen_harness.h"

#define NR_ROUNDS	5
#define MAX_ROUNDS	50		/* with those that came too late */
#define SELF_PORT	40
#define PARAMETER	"xen_delay_clear"

/* Not so long that the scheduler wants the CPU back, which makes the vCPU look, too. */
#define DELAY_MS	"50"

/* An MSI for the vCPU with APIC id 1. */
#define MSI_ADDRESS	0xfee01000u
#define MSI_INIT	(5u << 8 | 1u << 14)

struct shared {
	uint32_t calls;			/* again, the last time */
	uint32_t nr_upcalls;
};

#define SHARED_GPA	XEN_SPARE_GPA(1)
#define SHARED		((volatile struct shared *)SHARED_GPA)

/* Leaves the EOI out, which would make the vCPU look for an INIT, too. */
static void handle_upcall(struct ex_regs *regs)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(1);

	SHARED->nr_upcalls++;
	WRITE_ONCE(*xen_upcall_pending(vcpu_info), 0);
	xen_take_sel(vcpu_info, true);
	xen_clear_pending((void *)XEN_SHINFO_GPA, SELF_PORT);
}

/* The first call lets KVM map what it needs; behind the other one is no exit. */
static void guest_code(void)
{
	x2apic_enable();
	asm volatile("sti; nop");
	GUEST_ASSERT_EQ(xen_guest_send(true, SELF_PORT), 0);
	GUEST_ASSERT_EQ(SHARED->nr_upcalls, 1);
	x2apic_write_reg(APIC_EOI, 0);
	GUEST_SYNC(1);
	SHARED->calls = 1;
	GUEST_ASSERT_EQ(xen_guest_send(true, SELF_PORT), 0);
	for (;;)
		asm volatile("pause");
}

FIXTURE(init) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	volatile struct shared *shared;
	struct xen_runner r;
};

FIXTURE_SETUP(init)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "the VMM needs another CPU than the vCPU");
	if (xen_write_parameter(PARAMETER, "0"))
		SKIP(return, "this kernel cannot delay the fast path");
}

FIXTURE_TEARDOWN(init)
{
	xen_write_parameter(PARAMETER, "0");
}

static void make_vm(FIXTURE_DATA(init) *self)
{
	self->x = xen_vm_create(2, true, guest_code);
	self->vcpu = self->x->vcpu[1];
	self->shared = xen_hva(self->x, SHARED_GPA);
	vm_install_exception_handler(self->x->vm, XEN_VCPU_VECTOR, handle_upcall);
	TEST_ASSERT_EQ(xen_bind_ipi(self->x, SELF_PORT, 1), 0);
	TEST_ASSERT_EQ(xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR), 0);
	TEST_ASSERT_EQ(xen_step(self->vcpu), 1);
}

static int signal_init(FIXTURE_DATA(init) *self)
{
	struct kvm_msi msi = { .address_lo = MSI_ADDRESS, .data = MSI_INIT };

	return __vm_ioctl(self->x->vm, KVM_SIGNAL_MSI, &msi);
}

TEST_F(init, that_meets_the_upcall_of_a_call_is_taken)
{
	struct kvm_mp_state state;
	int i, nr_met = 0;

	for (i = 0; i < MAX_ROUNDS && nr_met < NR_ROUNDS; i++) {
		make_vm(self);
		xen_runner_start_delayed(&self->r, self->vcpu, PARAMETER, DELAY_MS,
					 &self->shared->calls);
		EXPECT_EQ(1, signal_init(self));
		nr_met += self->shared->nr_upcalls == 1;
		EXPECT_TRUE(xen_runner_blocks(&self->r));

		EXPECT_EQ(0, xen_write_parameter(PARAMETER, "0"));
		xen_runner_stop(&self->r);
		vcpu_mp_state_get(self->vcpu, &state);
		EXPECT_EQ(KVM_MP_STATE_INIT_RECEIVED, state.mp_state);
		xen_vm_free(self->x);
	}
	EXPECT_EQ(NR_ROUNDS, nr_met);
}

int main(int argc, char **argv)
{
	xen_require_caps(KVM_XEN_HVM_CONFIG_EVTCHN_SEND);
	xen_require_fastpath();
	return test_harness_run(argc, argv);
}
