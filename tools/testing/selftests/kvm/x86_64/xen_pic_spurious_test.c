// SPDX-License-Identifier: GPL-2.0
/*
 * A spurious interrupt of the in-kernel PIC: a device at the slave lowers its line before
 * the CPU asks, and the master's latch stands for nothing any more.
 *
 * A VM without anything of Xen gets it, as does one with Xen's upcalls, where the flag
 * is down.  If this fails, what KVM asks for Xen's sake before it reads the PIC hides
 * interrupts of the PIC.
 */
#include "apic.h"
#include "xen_harness.h"
#include "xen.h"

#define PIC_MASTER	0x20
#define PIC_SLAVE	0xa0
#define SLAVE_ELCR	0x4d1
#define VECTOR		0x30u		/* of IRQ 0 */
#define SLAVE_IRQ	10u
#define SPURIOUS_IRQ	15u
#define NR_ROUNDS	50u

static volatile uint32_t nr_real, nr_spurious;

static void out8(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "d"(port));
}

static void end(void)
{
	out8(PIC_SLAVE, 0x20);
	out8(PIC_MASTER, 0x20);
}

static void real(struct ex_regs *regs)
{
	nr_real++;
	end();
}

/* The slave has nothing in service; the master has its input. */
static void spurious(struct ex_regs *regs)
{
	nr_spurious++;
	out8(PIC_MASTER, 0x20);
}

static void init_pic(uint16_t port, uint8_t vector, uint8_t cascade)
{
	out8(port, 0x11);
	out8(port + 1, vector);
	out8(port + 1, cascade);
	out8(port + 1, 0x1);
	out8(port + 1, 0);
}

/* LINT0 is the PIC's from reset on. */
static void guest_code(void)
{
	init_pic(PIC_MASTER, VECTOR, 1 << 2);
	init_pic(PIC_SLAVE, VECTOR + 8, 2);
	out8(SLAVE_ELCR, 1 << (SLAVE_IRQ - 8));
	for (;;) {
		GUEST_SYNC(nr_real << 16 | nr_spurious);
		asm volatile("sti; nop; nop; cli");
	}
}

FIXTURE(pic) {
	struct xen_vm *x;
};

FIXTURE_VARIANT(pic) {
	bool xen;
};

FIXTURE_VARIANT_ADD(pic, without_xen) { .xen = false };
FIXTURE_VARIANT_ADD(pic, with_vm_vector) { .xen = true };

FIXTURE_SETUP(pic)
{
	self->x = variant->xen ? xen_vm_create(1, true, guest_code) :
				 xen_vm_create_plain(1, true, guest_code);
	vm_install_exception_handler(self->x->vm, VECTOR + SLAVE_IRQ, real);
	vm_install_exception_handler(self->x->vm, VECTOR + SPURIOUS_IRQ, spurious);
	if (variant->xen)
		ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	ASSERT_EQ(0, xen_step(self->x->vcpu[0]));
}

FIXTURE_TEARDOWN(pic)
{
	xen_vm_free(self->x);
}

TEST_F(pic, interrupts_for_a_line_that_went_down)
{
	uint32_t i;

	for (i = 1; i <= NR_ROUNDS; i++) {
		kvm_irq_line(self->x->vm, SLAVE_IRQ, 1);
		kvm_irq_line(self->x->vm, SLAVE_IRQ, 0);
		ASSERT_EQ(i, xen_step(self->x->vcpu[0]));
	}
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
