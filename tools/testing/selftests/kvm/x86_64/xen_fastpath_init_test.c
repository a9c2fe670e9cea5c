// SPDX-License-Identifier: GPL-2.0
/*
 * An INIT that meets a vCPU in its fast path, where the request by which it is told is
 * the same as that for its own upcall.
 *
 * If this fails, a guest that takes a CPU offline, or starts it, waits for it: it runs on
 * until something else makes it look.  Stock 6.12 has no fast path.
 */
#include "apic.h"
#include "xen_fast.h"
#include "xen_harness.h"

#define NR_ROUNDS	400u
#define SELF_PORT	40
#define MAX_DELAY	4000u	/* turns of a loop: longer than the guest's call takes */

/* An MSI for the vCPU with APIC id 1. */
#define MSI_ADDRESS	0xfee01000u
#define MSI_INIT	(5u << 8 | 1u << 14)

struct shared {
	uint32_t is_ready;
	uint32_t go;
};

#define SHARED_GPA	XEN_SPARE_GPA(1)

static volatile uint32_t send_arg = SELF_PORT;

static void handle_upcall(void)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(1);

	WRITE_ONCE(*xen_upcall_pending(vcpu_info), 0);
	xen_take_sel(vcpu_info, true);
	xen_clear_pending((void *)XEN_SHINFO_GPA, SELF_PORT);
}

static void send_to_self(void)
{
	xen_guest_call(true, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
		       (uintptr_t)&send_arg, 0);
}

/* One call and its upcall at a time, then no exit of its own any more. */
static void guest_code(void)
{
	volatile struct shared *shared = (void *)SHARED_GPA;

	x2apic_enable();
	asm volatile("sti; nop");
	send_to_self();
	GUEST_SYNC(send_arg);
	shared->is_ready = 1;
	while (!shared->go)
		asm volatile("pause");
	send_to_self();
	for (;;)
		asm volatile("pause");
}

static void send_init(struct xen_vm *x, unsigned int delay)
{
	struct kvm_msi msi = { .address_lo = MSI_ADDRESS, .data = MSI_INIT };

	while (delay--)
		asm volatile("pause");
	TEST_ASSERT_EQ(__vm_ioctl(x->vm, KVM_SIGNAL_MSI, &msi), 1);
}

static bool takes_init(struct xen_vm *x, unsigned int delay)
{
	struct shared *shared = xen_hva(x, SHARED_GPA);
	struct xen_runner r;
	bool taken;

	WRITE_ONCE(shared->is_ready, 0);
	WRITE_ONCE(shared->go, 0);
	xen_runner_start(&r, x->vcpu[1]);
	TEST_ASSERT(xen_wait_for(READ_ONCE(shared->is_ready)), "The guest does not run");
	WRITE_ONCE(shared->go, 1);
	send_init(x, delay);
	taken = xen_runner_blocks(&r);
	xen_runner_stop(&r);
	return taken;
}

TEST(an_init_that_meets_the_upcall_of_a_call_is_taken)
{
	struct xen_vm *x = xen_vm_create(2, true, guest_code);
	struct kvm_lapic_state lapic;
	struct kvm_x86_state *state;
	unsigned int seed = 1;
	uint32_t i;

	xen_install_upcalls(x->vm, handle_upcall);
	ASSERT_EQ(0, xen_bind_ipi(x, SELF_PORT, 1));
	ASSERT_EQ(0, xen_set_vcpu_vector(x->vcpu[1], XEN_VCPU_VECTOR));
	ASSERT_EQ(SELF_PORT, xen_step(x->vcpu[1]));
	vcpu_ioctl(x->vcpu[1], KVM_GET_LAPIC, &lapic);
	state = vcpu_save_state(x->vcpu[1]);

	for (i = 0; i < NR_ROUNDS; i++) {
		ASSERT_TRUE(takes_init(x, rand_r(&seed) % MAX_DELAY)) {
			TH_LOG("Lost in round %u", i);
		}
		vcpu_load_state(x->vcpu[1], state);
		vcpu_ioctl(x->vcpu[1], KVM_SET_LAPIC, &lapic);
	}
	kvm_x86_state_cleanup(state);
	xen_vm_free(x);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
