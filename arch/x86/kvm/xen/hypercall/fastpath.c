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
MODULE_PARM_DESC(xen_fastpath, "Answer Xen hypercalls right behind the exit, where possible");

/* A guest's counters are under a filter of the VMM, which goes with kvm->srcu. */
int __xen_fast_skip(struct kvm_vcpu *vcpu)
{
	int r;

	kvm_vcpu_srcu_read_lock(vcpu);
	r = kvm_skip_emulated_instruction(vcpu);
	kvm_vcpu_srcu_read_unlock(vcpu);
	return r;
}

/* AVIC has no window: it is inhibited for one, in all of the VM, which sleeps. */
static bool may_open_window(void)
{
	return !enable_apicv || !(kvm_x86_ops.required_apicv_inhibits &
				  BIT(APICV_INHIBIT_REASON_IRQWIN));
}

/* Whether the method has upcalls injected, in the way that inject_interrupt() does it. */
static bool is_injected_by_kvm(enum xen_upcall_method method)
{
	return (method == XEN_UPCALL_LAPIC_VECTOR && !enable_apicv) ||
	       (method == XEN_UPCALL_VM_VECTOR && may_open_window());
}

/*
 * Whether KVM_REQ_EVENT asks for interrupts and nothing else, in a LAPIC whose state
 * nobody mirrors: then the exit loop would do no more than inject_interrupt().  All of
 * this is the vCPU's own, which no other thread changes.
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

/* Should the guest not be entered after all, kvm_xen_cancel_injection() takes it back. */
static void inject(struct kvm_vcpu *vcpu, u8 vector)
{
	kvm_queue_interrupt(vcpu, vector, false);
	kvm_x86_call(inject_irq)(vcpu, false);
}

/* False for sure; what is true may be of a priority that has to wait. */
static bool may_have_interrupt(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.apic->irr_pending) || kvm_cpu_has_extint(vcpu);
}

/*
 * Whether the VM-wide vector is due.  -EAGAIN: the flag has to be mapped first, which
 * the exit loop does.
 */
static int has_vm_vector(struct kvm_vcpu *vcpu)
{
	return kvm_xen_upcall_method(vcpu) == XEN_UPCALL_VM_VECTOR &&
	       vcpu->arch.xen.vcpu_info_cache.active ? xen_vcpu_info_flag(vcpu) : 0;
}

/* Acknowledge the interrupt that comes first; 0: there is none.  -EAGAIN: as above. */
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

/* What is left behind the interrupt that comes first, if any, gets a window. */
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
 * Take KVM_REQ_EVENT back, in the order of the exit loop: what others make it for is
 * looked at once it is cleared, not before.  False: there is an INIT or a SIPI.
 */
static bool take_request(struct kvm_vcpu *vcpu)
{
	xen_debug_delay(clear);
	kvm_clear_request(KVM_REQ_EVENT, vcpu);

	/* Pairs with kvm_make_request(), which orders what it is made for before. */
	smp_mb__after_atomic();
	if (likely(!READ_ONCE(vcpu->arch.apic->pending_events)))
		return true;

	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return false;
}

/*
 * A request that is left pending ends the fast path, and so does a kick by another
 * thread, of which vcpu->mode tells and which is never taken back here.
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
