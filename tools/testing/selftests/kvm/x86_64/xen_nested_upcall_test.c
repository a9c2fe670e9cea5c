// SPDX-License-Identifier: GPL-2.0
/*
 * An upcall of L1 by the VM-wide vector that is taken back while L2 runs.
 *
 * The vector is due while a byte of guest memory is set, which another vCPU may clear
 * between KVM's question whether there is an interrupt and that for its vector.  If this
 * fails, a guest with a guest of its own can make the host warn, or its guest is left
 * for a vector that nobody asked for.  Stock 6.12 warns on Intel, where L1 has interrupts
 * acknowledged as they exit, and reads the PIC in the vector's place.
 */
#include <linux/types.h>

#include "xen_harness.h"
#include "xen.h"
#include "xen_toggle.h"
#include "svm_util.h"
#include "vmx.h"

#define INTR_INFO_VALID		(1u << 31)

#define NR_ENTRIES	5000u

/* By whom an interrupt is taken while L2 runs; on Intel L1 may ask for its vector. */
enum taker {
	L2,
	L1,
	L1_WITH_VECTOR,
};

/* An exit to L1: for L2's own call, or for an interrupt, whose vector may be known. */
struct exit {
	bool is_call;
	int vector;
};

static enum taker taker;
static uint32_t nr_upcalls, nr_others;

static void upcall(struct ex_regs *regs)
{
	nr_upcalls++;
}

static void l2_code(void)
{
	for (;;) {
		xen_guest_irq_window();
		if (host_cpu_is_intel)
			asm volatile("vmcall" : : : "memory");
		else
			asm volatile("vmmcall" : : : "memory");
	}
}

#define CALL_SIZE	3

static void l1_takes(const struct exit *exit)
{
	if (exit->is_call)
		return;
	GUEST_ASSERT_NE(taker, L2);
	if (exit->vector == XEN_VM_VECTOR || exit->vector == -1)
		nr_upcalls++;
	else
		nr_others++;
}

static void vmx_prepare(struct vmx_pages *vmx)
{
	GUEST_ASSERT(prepare_for_vmx_operation(vmx));
	GUEST_ASSERT(load_vmcs(vmx));
	prepare_vmcs(vmx, l2_code);
	if (taker != L2)
		vmwrite(PIN_BASED_VM_EXEC_CONTROL,
			vmreadz(PIN_BASED_VM_EXEC_CONTROL) | PIN_BASED_EXT_INTR_MASK);
	if (taker == L1_WITH_VECTOR)
		vmwrite(VM_EXIT_CONTROLS, vmreadz(VM_EXIT_CONTROLS) | VM_EXIT_ACK_INTR_ON_EXIT);
}

static struct exit vmx_last_exit(void)
{
	uint64_t info;

	if (vmreadz(VM_EXIT_REASON) == EXIT_REASON_VMCALL) {
		vmwrite(GUEST_RIP, vmreadz(GUEST_RIP) + CALL_SIZE);
		return (struct exit) { .is_call = true };
	}

	GUEST_ASSERT_EQ(vmreadz(VM_EXIT_REASON), EXIT_REASON_EXTERNAL_INTERRUPT);
	info = vmreadz(VM_EXIT_INTR_INFO);
	return (struct exit) { .vector = info & INTR_INFO_VALID ? (int)(info & 0xff) : -1 };
}

static void vmx_code(struct vmx_pages *vmx)
{
	struct exit exit;
	uint32_t i;

	vmx_prepare(vmx);
	for (i = 0; i < NR_ENTRIES; i++) {
		GUEST_ASSERT(!(i ? vmresume() : vmlaunch()));
		exit = vmx_last_exit();
		l1_takes(&exit);
	}
	GUEST_SYNC(1);
}

static struct exit svm_last_exit(struct vmcb *vmcb)
{
	if (vmcb->control.exit_code == SVM_EXIT_VMMCALL) {
		vmcb->save.rip += CALL_SIZE;
		return (struct exit) { .is_call = true };
	}

	GUEST_ASSERT_EQ(vmcb->control.exit_code, SVM_EXIT_INTR);
	return (struct exit) { .vector = -1 };
}

static void svm_code(struct svm_test_data *svm)
{
	struct exit exit;
	uint32_t i;

	generic_svm_setup(svm, l2_code);
	if (taker != L2)
		svm->vmcb->control.intercept |= BIT_ULL(INTERCEPT_INTR);
	for (i = 0; i < NR_ENTRIES; i++) {
		run_guest(svm->vmcb, svm->vmcb_gpa);
		exit = svm_last_exit(svm->vmcb);
		l1_takes(&exit);
	}
	stgi();
	GUEST_SYNC(1);
}

FIXTURE(nested) {
	struct xen_vm *x;
	struct xen_toggle t;
	int klog;
};

FIXTURE_VARIANT(nested) {
	enum taker taker;
};

FIXTURE_VARIANT_ADD(nested, l2_takes_it) { L2 };
FIXTURE_VARIANT_ADD(nested, l1_takes_it) { L1 };
FIXTURE_VARIANT_ADD(nested, l1_takes_it_with_its_vector) { L1_WITH_VECTOR };

FIXTURE_SETUP(nested)
{
	gva_t pages;

	if (!kvm_cpu_has(host_cpu_is_intel ? X86_FEATURE_VMX : X86_FEATURE_SVM))
		SKIP(return, "KVM gives its guests no guests");
	if (variant->taker == L1_WITH_VECTOR && !host_cpu_is_intel)
		SKIP(return, "SVM exits without the vector");

	self->klog = xen_klog_open();
	ASSERT_LE(0, self->klog);
	self->x = xen_vm_create(1, true, host_cpu_is_intel ? (void *)vmx_code : svm_code);
	if (host_cpu_is_intel)
		vcpu_alloc_vmx(self->x->vm, &pages);
	else
		vcpu_alloc_svm(self->x->vm, &pages);
	vcpu_args_set(self->x->vcpu[0], 1, pages);

	taker = variant->taker;
	sync_global_to_guest(self->x->vm, taker);
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, upcall);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));

	xen_toggle_start(&self->t, xen_upcall_pending(xen_vcpu_info(self->x, 0)));
}

FIXTURE_TEARDOWN(nested)
{
	xen_toggle_stop(&self->t);
	close(self->klog);
	xen_vm_free(self->x);
}

/* In L2 any other vector finds no handler, which fails the guest. */
TEST_F(nested, an_upcall_may_vanish_while_l2_runs)
{
	EXPECT_EQ(1, xen_step(self->x->vcpu[0]));
	sync_global_from_guest(self->x->vm, nr_upcalls);
	sync_global_from_guest(self->x->vm, nr_others);

	printf("# metric nested_upcalls %u\n", nr_upcalls);
	EXPECT_LT(0, nr_upcalls);
	EXPECT_EQ(0, nr_others);
	EXPECT_FALSE(xen_klog_has_splat(self->klog));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
