// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls that are answered right behind the exit, before KVM's exit loop:
 * with interrupts off, and the vCPU still marked as in the guest.
 *
 * Owns what makes that possible: the switch, and upcalls of the vCPU that makes the
 * call.  Nothing here may sleep, fault or leave the guest changed before it is sure of
 * success; who cannot go on says so, and the call is made again in the exit loop.
 *
 * Where the caller raises an upcall of its own by the VM-wide vector, it is noted in
 * state.fast rather than kicked; only the vCPU's own thread writes that, and others
 * that raise events there kick it as ever.
 */
#include "xen/base/debug.h"
#include "xen/hypercall/fastpath.h"
#include "xen/upcall/vcpu_info.h"
#include "hyperv.h"
#include "ioapic.h"
#include "irq.h"
#include "lapic.h"
#include "trace.h"

#include <linux/moduleparam.h>

bool __read_mostly xen_fastpath = true;
module_param(xen_fastpath, bool, 0644);
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

/* Nothing that is not an interrupt wants to be injected, or is under way. */
static bool is_idle(struct kvm_vcpu *vcpu)
{
	return !kvm_event_needs_reinjection(vcpu) &&
	       !vcpu->arch.exception.pending && !vcpu->arch.nmi_pending &&
	       !vcpu->arch.smi_pending;
}

static bool is_interruptible(struct kvm_vcpu *vcpu)
{
	return kvm_x86_call(interrupt_allowed)(vcpu, true) > 0;
}

/* Should the guest not be entered after all, kvm_xen_stays() takes it back. */
static void inject(struct kvm_vcpu *vcpu, u8 vector)
{
	kvm_queue_interrupt(vcpu, vector, false);
	kvm_x86_call(inject_irq)(vcpu, false);
	vcpu->arch.xen.state.injected = true;
}

/* AVIC has no window: it is inhibited for one, in all of the VM, which sleeps. */
static bool may_open_window(void)
{
	return !enable_apicv || !(kvm_x86_ops.required_apicv_inhibits &
				  BIT(APICV_INHIBIT_REASON_IRQWIN));
}

/*
 * Inject the VM-wide vector as the exit loop would, or have the CPU say when the
 * guest can take it.  Returns false where it is left to the exit loop.
 */
static bool inject_vm_vector(struct kvm_vcpu *vcpu)
{
	u8 vector = READ_ONCE(vcpu->kvm->arch.xen.upcall_vector);

	if (!vector || kvm_xen_upcall_method(vcpu) != XEN_UPCALL_VM_VECTOR ||
	    !lapic_in_kernel(vcpu) || !may_open_window() ||
	    kvm_request_pending(vcpu) || !is_idle(vcpu))
		return false;

	++vcpu->stat.req_event;
	if (is_interruptible(vcpu))
		inject(vcpu, vector);
	else
		kvm_x86_call(enable_irq_window)(vcpu);
	return true;
}

/* A flag that has to be sought first is seen by the next entry from the exit loop. */
static bool is_left_up(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	return xen_may_be_left_up(vcpu, rflags) &&
	       vcpu->arch.xen.vcpu_info_cache.active &&
	       xen_vcpu_info_flag(vcpu) > 0;
}

/*
 * Whether all that the vCPU has to do, as far as its own thread knows, is to look for
 * interrupts, in a LAPIC whose state nobody mirrors: then the exit loop would do no
 * more than is done below.
 */
static bool wants_interrupt_only(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->requests) ==
	       BIT_ULL(KVM_REQ_EVENT & KVM_REQUEST_MASK) &&
	       kvm_xen_upcall_method(vcpu) == XEN_UPCALL_LAPIC_VECTOR &&
	       !enable_apicv && lapic_in_kernel(vcpu) &&
	       !vcpu->arch.apic_attention && !kvm_lapic_get_cr8(vcpu) &&
	       is_idle(vcpu);
}

/* False for sure; what is true may be of a priority that has to wait. */
static bool may_have_interrupt(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.apic->irr_pending) ||
	       kvm_cpu_has_extint(vcpu);
}

/* The interrupt that comes first, if any, and a window for one that is left. */
static void inject_interrupt(struct kvm_vcpu *vcpu)
{
	int vector;

	if (!may_have_interrupt(vcpu))
		return;

	if (is_interruptible(vcpu)) {
		vector = kvm_cpu_get_interrupt(vcpu);
		if (vector != -1)
			inject(vcpu, vector);
	}
	if (may_have_interrupt(vcpu) && kvm_cpu_has_injectable_intr(vcpu))
		kvm_x86_call(enable_irq_window)(vcpu);
}

/*
 * The vCPU's own LAPIC took a vector, or ended one, for which there is a request to
 * look around.  Others make the same request for an INIT or a SIPI: what it was made
 * for is looked at once it is cleared, not before.  vcpu->mode is left as it is: the
 * vCPU's own vector did not change it, and a kick by others, which may come without a
 * request, ends the fast path by it.
 */
static void settle_lapic(struct kvm_vcpu *vcpu)
{
	if (!wants_interrupt_only(vcpu))
		return;

	xen_debug_delay(clear);
	kvm_clear_request(KVM_REQ_EVENT, vcpu);

	/* Pairs with kvm_make_request(), which orders what it is made for before. */
	smp_mb__after_atomic();
	if (READ_ONCE(vcpu->arch.apic->pending_events)) {
		kvm_make_request(KVM_REQ_EVENT, vcpu);
		return;
	}

	++vcpu->stat.req_event;
	inject_interrupt(vcpu);
}

void __xen_fast_settle(struct kvm_vcpu *vcpu, bool due, unsigned long rflags)
{
	if ((due || is_left_up(vcpu, rflags)) && !inject_vm_vector(vcpu))
		xen_kick(vcpu);
	else if (kvm_request_pending(vcpu))
		settle_lapic(vcpu);
}

/* What was injected is under way, or with @stay to be taken back. */
void __kvm_xen_settle_injection(struct kvm_vcpu *vcpu, bool stay)
{
	vcpu->arch.xen.state.injected = false;
	if (stay)
		kvm_x86_call(cancel_injection)(vcpu);
}

/*
 * Whether the interrupt that the guest ends concerns nobody but its LAPIC: no IOAPIC
 * that might assert a line again, no SynIC, and no memory of the guest by which it may
 * have ended another one before.
 */
static bool is_plain_eoi(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;
	int vector;

	if (!lapic_in_kernel(vcpu) || enable_apicv || !apic_x2apic_mode(apic) ||
	    vcpu->arch.apic_attention)
		return false;

	/* What is not 0 may be a #GP, and a vector that is not cached has to be sought. */
	vector = apic->highest_isr_cache;
	return !kvm_read_edx_eax(vcpu) && vector != -1 &&
	       !test_bit(vector, vcpu->arch.ioapic_handled_vectors) &&
	       !kvm_hv_synic_has_vector(vcpu, vector);
}

/*
 * A write to the EOI register of an x2APIC right behind the exit that it made, with
 * interrupts off.  An upcall by a vector of the vCPU's own ends so: where hypercalls
 * are answered here, half of what an upcall takes would be left to the exit loop.
 */
fastpath_t kvm_xen_fast_eoi(struct kvm_vcpu *vcpu)
{
	unsigned long rflags;

	if (kvm_xen_upcall_method(vcpu) != XEN_UPCALL_LAPIC_VECTOR ||
	    !xen_fast_is_on() || !xen_fast_is_possible(vcpu) || !is_plain_eoi(vcpu))
		return EXIT_FASTPATH_NONE;

	++vcpu->stat.xen_fast_eois;
	trace_kvm_apic_write(APIC_EOI, 0);
	apic_set_eoi(vcpu->arch.apic);
	trace_kvm_msr_write(APIC_BASE_MSR + (APIC_EOI >> 4), 0);

	rflags = kvm_x86_call(get_rflags)(vcpu);
	if (unlikely(!xen_fast_skip(vcpu, rflags)))
		return EXIT_FASTPATH_EXIT_USERSPACE;

	xen_fast_settle(vcpu, false, rflags);
	return EXIT_FASTPATH_REENTER_GUEST;
}
