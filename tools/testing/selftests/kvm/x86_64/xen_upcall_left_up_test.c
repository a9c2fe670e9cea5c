// SPDX-License-Identifier: GPL-2.0
/*
 * A handler of the VM-wide vector that ends with evtchn_upcall_pending up.
 *
 * The vector is a level: it is due at the next exit by which the guest can take it,
 * also where KVM enters the guest again without a turn of its exit loop.  If this
 * fails, a guest that halts spins until a timer of the host interrupts it.
 */
#include "apic.h"
#include "xen_harness.h"
#include "xen.h"

#define NR_UPCALLS	100u
#define PORT		40

/* Of an IPI that finds nobody. */
#define NO_APIC		77ull

typedef void (*exit_fn)(void);

static exit_fn do_exit;
static volatile uint32_t upcalls;

static void upcall(struct ex_regs *regs)
{
	if (++upcalls < NR_UPCALLS)
		return;
	WRITE_ONCE(*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)), 0);
}

static void halt(void)
{
	asm volatile("sti; hlt" : : : "memory");
}

static void send_ipi(void)
{
	x2apic_write_reg(APIC_ICR, NO_APIC << 32 | APIC_INT_ASSERT | XEN_VCPU_VECTOR);
}

/* Say how many exits it took, those of the host's own interrupts aside. */
static void guest_code(void)
{
	uint32_t exits = 0;

	x2apic_enable();
	GUEST_SYNC(0);
	asm volatile("sti; nop");
	while (upcalls < NR_UPCALLS) {
		do_exit();
		exits++;
	}
	asm volatile("cli");
	GUEST_SYNC(exits);
}

FIXTURE(left_up) {
	struct xen_vm *x;
};

FIXTURE_SETUP(left_up)
{
	self->x = xen_vm_create(1, true, guest_code);
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, upcall);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
}

FIXTURE_TEARDOWN(left_up)
{
	xen_vm_free(self->x);
}

static uint64_t nr_exits(FIXTURE_DATA(left_up) *self, exit_fn fn)
{
	do_exit = fn;
	sync_global_to_guest(self->x->vm, do_exit);
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), 0);
	TEST_ASSERT_EQ(xen_send(self->x, PORT, 0), 0);
	return xen_step(self->x->vcpu[0]);
}

TEST_F(left_up, comes_again_at_each_halt)
{
	EXPECT_LE(nr_exits(self, halt), 2 * NR_UPCALLS);
}

TEST_F(left_up, comes_again_at_each_ipi)
{
	EXPECT_LE(nr_exits(self, send_ipi), 2 * NR_UPCALLS);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
