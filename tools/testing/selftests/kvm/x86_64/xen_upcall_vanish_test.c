// SPDX-License-Identifier: GPL-2.0
/*
 * An upcall by the VM-wide vector that is taken back at the last moment.
 *
 * The vector is due while a byte of guest memory is set, which another vCPU
 * may clear between any two looks of KVM.  If this fails, a guest can make the
 * host warn, or is interrupted by a vector that nobody asked for.  Stock 6.12
 * reads the PIC instead, or warns where it has none.
 */
#include "kvm_test_harness.h"
#include "xen_harness.h"
#include "xen.h"
#include "xen_toggle.h"

#define NR_EXITS	20000

static volatile uint32_t upcalls;

static void upcall(struct ex_regs *regs)
{
	upcalls++;
}

static void guest_code(void)
{
	unsigned int i;

	for (i = 0; i < NR_EXITS; i++) {
		xen_guest_irq_window();
		__asm__ volatile("cpuid" : : "a" (0), "c" (0) : "rbx", "rdx", "memory");
	}

	GUEST_SYNC(upcalls);
}

TEST(an_upcall_may_vanish_before_it_is_injected)
{
	struct xen_vm *x = xen_vm_create(1, true, guest_code);
	struct xen_toggle t;
	int klog = xen_klog_open();

	ASSERT_LE(0, klog);
	vm_install_exception_handler(x->vm, XEN_VM_VECTOR, upcall);
	ASSERT_EQ(0, xen_set_vm_vector(x, XEN_VM_VECTOR));
	xen_toggle_start(&t, xen_upcall_pending(xen_vcpu_info(x, 0)));

	/* Any other vector finds no handler, which fails the guest. */
	EXPECT_NE(0, xen_step(x->vcpu[0]));

	xen_toggle_stop(&t);
	EXPECT_FALSE(xen_klog_has_splat(klog));
	close(klog);
	xen_vm_free(x);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
