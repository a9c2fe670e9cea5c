// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls in KVM's exit fast path: handled before the exit loop, with interrupts
 * disabled and vcpu->mode still IN_GUEST_MODE.
 *
 * Owns the module parameter, and the injection of upcalls that the vCPU raises for itself.
 * Nothing here may sleep or fault, or change the guest before it is sure to succeed; a
 * hypercall that cannot be handled is made again in the exit loop.
 *
 * Such an upcall makes KVM_REQ_EVENT and no kick.  Other threads that raise events for the
 * vCPU kick it as they always do.
 */
#include "xen/base/debug.h"
#include "xen/hypercall/fastpath.h"
#include "xen/upcall/vcpu_info.h"
#include "irq.h"
#include "lapic.h"

#include <linux/moduleparam.h>

bool __read_mostly xen_fast_enabled = true;
module_param_named(xen_fastpath, xen_fast_enabled, bool, 0644);
MODULE_PARM_DESC(xen_fastpath, "Handle Xen hypercalls in the exit fast path, where possible");

/* The event filter for a guest's counters is guarded by kvm->srcu. */
int __xen_fast_skip(struct kvm_vcpu *vcpu)
{
	int r;

	kvm_vcpu_srcu_read_lock(vcpu);
	r = kvm_skip_emulated_instruction(vcpu);
	kvm_vcpu_srcu_read_unlock(vcpu);
	return r;
}

/*
 * AVIC has no interrupt window: for one, KVM inhibits AVIC in the whole VM, which sleeps.
 */
static bool may_open_window(void)
{
	return !enable_apicv || !(kvm_x86_ops.required_apicv_inhibits &
				  BIT(APICV_INHIBIT_REASON_IRQWIN));
}

/* Whether upcalls by @method are injected by KVM, as inject_interrupt() does it. */
static bool is_injected_by_kvm(enum xen_upcall_method method)
{
	return (method == XEN_UPCALL_LAPIC_VECTOR && !enable_apicv) ||
	       (method == XEN_UPCALL_VM_VECTOR && may_open_window());
}

/*
 * Whether KVM_REQ_EVENT is for interrupts only, and no copy of the LAPIC's state has to
 * be updated: then the exit loop would do no more than inject_interrupt().  Only the
 * vCPU's thread changes any of this.
 */
static bool wants_interrupt_only(struct kvm_vcpu *vcpu)
{
	return is_injected_by_kvm(kvm_xen_upcall_method(vcpu)) &&
	       lapic_in_kernel(vcpu) && !vcpu->arch.apic_attention &&
	       !(kvm_lapic_get_reg(vcpu->arch.apic, APIC_TASKPRI) & 0xf0) &&
	       !kvm_event_needs_reinjection(vcpu) &&
	       !vcpu->arch.exception.pending && !vcpu->arch.nmi_pending;
}

static bool is_interruptible(struct kvm_vcpu *vcpu)
{
	return kvm_x86_call(interrupt_allowed)(vcpu, true) > 0;
}

/*
 * If the guest is not reentered after all, kvm_xen_cancel_injection() cancels the
 * injection.
 */
static void inject(struct kvm_vcpu *vcpu, u8 vector)
{
	kvm_queue_interrupt(vcpu, vector, false);
	kvm_x86_call(inject_irq)(vcpu, false);
}

/* Reliable if false; if true, the interrupt may still be blocked by its priority. */
static bool may_have_interrupt(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.apic->irr_pending) || kvm_cpu_has_extint(vcpu);
}

/*
 * Whether the VM-wide vector is due.  -EAGAIN: vcpu_info has to be mapped first, which
 * the exit loop does.
 */
static int has_vm_vector(struct kvm_vcpu *vcpu)
{
	return kvm_xen_upcall_method(vcpu) == XEN_UPCALL_VM_VECTOR &&
	       vcpu->arch.xen.vcpu_info_cache.active ? xen_vcpu_info_flag(vcpu) : 0;
}

/* Acknowledge the first interrupt; 0 if there is none, -EAGAIN as has_vm_vector(). */
static int get_interrupt(struct kvm_vcpu *vcpu)
{
	int r = has_vm_vector(vcpu);

	if (r)
		return r < 0 ? r : READ_ONCE(vcpu->kvm->arch.xen.upcall_vector);
	if (!may_have_interrupt(vcpu) || !kvm_cpu_has_injectable_intr(vcpu))
		return 0;

	r = kvm_cpu_get_interrupt(vcpu);
	return r == -1 ? 0 : r;
}

/* Inject the first interrupt, if any, and open a window for the next. */
static void inject_interrupt(struct kvm_vcpu *vcpu)
{
	int vector = is_interruptible(vcpu) ? get_interrupt(vcpu) : 0;

	if (vector < 0) {
		kvm_make_request(KVM_REQ_EVENT, vcpu);
		return;
	}

	if (vector)
		inject(vcpu, vector);
	if (may_have_interrupt(vcpu) && kvm_cpu_has_injectable_intr(vcpu))
		kvm_x86_call(enable_irq_window)(vcpu);
}

/*
 * Clear KVM_REQ_EVENT, and check its other causes after that, in the order of the exit
 * loop.  Returns false if there is an INIT or a SIPI.
 */
static bool take_request(struct kvm_vcpu *vcpu)
{
	xen_debug_delay(clear);
	kvm_clear_request(KVM_REQ_EVENT, vcpu);

	/* Pairs with kvm_make_request(), which orders its cause before the request. */
	smp_mb__after_atomic();
	if (likely(!READ_ONCE(vcpu->arch.apic->pending_events)))
		return true;

	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return false;
}

/*
 * A pending request ends the fast path.  So does a kick by another thread, which changes
 * vcpu->mode; that is not reset here.
 */
void __xen_fast_inject(struct kvm_vcpu *vcpu)
{
	u64 requests = READ_ONCE(vcpu->requests);

	if (!requests && has_vm_vector(vcpu) <= 0)
		return;

	if ((requests & ~BIT_ULL(KVM_REQ_EVENT & KVM_REQUEST_MASK)) ||
	    !wants_interrupt_only(vcpu)) {
		kvm_make_request(KVM_REQ_EVENT, vcpu);
		return;
	}

	if (requests && !take_request(vcpu))
		return;

	++vcpu->stat.req_event;
	inject_interrupt(vcpu);
}
