// SPDX-License-Identifier: GPL-2.0
/*
 * A LAPIC that is set, as by a VMM that loads a snapshot, while its vCPU's own vector
 * is under way: the state that is set says whether the guest is still to take it.
 *
 * If this fails, a guest that was stopped in its handler, with its flag still up, takes
 * the upcall once more, or one that was yet to take it never does.  Stock 6.12 has the
 * former with APICv.
 */
#include "apic.h"
#include "xen_harness.h"
#include "xen.h"

#define PORT		40
#define NR_SENDS	10u

/* What the guest says to the VMM before it goes on. */
enum stage {
	READY = 1,
	PENDING,		/* sent, with interrupts off */
	IN_HANDLER,		/* behind its EOI, with the flag up */
	OVER,
};

static volatile uint32_t upcalls;

static void upcall(void)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);

	upcalls++;
	GUEST_SYNC(IN_HANDLER);
	GUEST_ASSERT_EQ(__atomic_exchange_n(xen_upcall_pending(vcpu_info), 0,
					    __ATOMIC_SEQ_CST), 1);
	xen_take_sel(vcpu_info, true);
	GUEST_ASSERT(xen_clear_pending((void *)XEN_SHINFO_GPA, PORT));
}

static void guest_code(void)
{
	uint32_t i;

	x2apic_enable();
	GUEST_SYNC(READY);
	for (i = 1; i <= NR_SENDS; i++) {
		GUEST_ASSERT_EQ(xen_guest_send(true, PORT), 0);
		GUEST_SYNC(PENDING);
		GUEST_ASSERT_EQ(upcalls, i - 1);
		xen_guest_irq_window();
		xen_guest_yield();
		xen_guest_irq_window();
		GUEST_ASSERT_EQ(upcalls, i);
	}
	GUEST_SYNC(OVER);
}

FIXTURE(lapic) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
};

FIXTURE_VARIANT(lapic) {
	enum stage stage;	/* at which it is set */
};

FIXTURE_VARIANT_ADD(lapic, pending) { .stage = PENDING };
FIXTURE_VARIANT_ADD(lapic, in_handler) { .stage = IN_HANDLER };

FIXTURE_SETUP(lapic)
{
	self->x = xen_vm_create(1, true, guest_code);
	self->vcpu = self->x->vcpu[0];
	xen_install_upcalls(self->x->vm, upcall);
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
}

FIXTURE_TEARDOWN(lapic)
{
	xen_vm_free(self->x);
}

static void set_again(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic_state lapic;

	vcpu_ioctl(vcpu, KVM_GET_LAPIC, &lapic);
	vcpu_ioctl(vcpu, KVM_SET_LAPIC, &lapic);
}

TEST_F(lapic, set_again_changes_nothing)
{
	unsigned int nr_set = 0;
	enum stage stage;

	ASSERT_EQ(READY, xen_step(self->vcpu));
	while ((stage = xen_step(self->vcpu)) != OVER) {
		if (stage != variant->stage)
			continue;
		set_again(self->vcpu);
		nr_set++;
	}
	EXPECT_EQ(NR_SENDS, nr_set);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
