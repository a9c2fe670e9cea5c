// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls: how a vCPU comes to hear of its events.
 *
 * An upcall is due when evtchn_upcall_pending in vcpu_info goes from 0 to 1.
 * evtchn_upcall_mask plays no part: for guests that are not PV, Xen does not
 * look at it either.
 *
 * methods[] is the one place that says how: a vCPU has the first method of the
 * table that applies, and is told by that alone.  The choice is made when one
 * of the things that it depends on changes, all under xen_lock, and is a byte
 * of the vCPU.  Setting the flag and storing the choice are full barriers on
 * either side: either who raised the flag sees the new method, or who chose it
 * sees the flag.
 */
#include "xen/base/deferred.h"
#include "xen/base/trace.h"
#include "xen/upcall/line.h"
#include "xen/upcall/upcall.h"
#include "xen/upcall/vcpu_info.h"
#include "lapic.h"
#include "trace.h"

#include <linux/indirect_call_wrapper.h>

static bool has_vector(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.xen.upcall_vector;
}

/*
 * Whether @vcpu raises this itself, in a call behind which it looks for interrupts
 * before it enters the guest: see fastpath.c.
 */
static bool is_in_fast_call(struct kvm_vcpu *vcpu)
{
#ifdef CONFIG_KVM_XEN_FASTPATH
	return unlikely(READ_ONCE(vcpu->arch.xen.state.in_fast_call)) &&
	       kvm_get_running_vcpu() == vcpu;
#else
	return false;
#endif
}

/*
 * As kvm_apic_set_irq(), but without a kick, by which a vCPU that is about to enter the
 * guest again would hide from itself that others kicked it.  With APICv it need not be
 * posted: this is the vCPU's thread, and as it enters the guest the IRR is looked at.
 */
static void accept_vector(struct kvm_vcpu *vcpu, u8 vector)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	trace_kvm_apic_accept_irq(vcpu->vcpu_id, APIC_DM_FIXED, 0, vector);
	if (!kvm_lapic_enabled(vcpu))
		return;

	kvm_lapic_clear_vector(vector, apic->regs + APIC_TMR);
	kvm_lapic_set_irr(vector, apic);
	if (apic->apicv_active)
		trace_kvm_apicv_accept_irq(vcpu->vcpu_id, APIC_DM_FIXED, 0, vector);
	else
		kvm_make_request(KVM_REQ_EVENT, vcpu);
}

/* Out of line: the structure on the stack would be the fast path's, too. */
static noinline void send_vector(struct kvm_vcpu *vcpu, u8 vector)
{
	struct kvm_lapic_irq irq = {
		.vector = vector,
		.delivery_mode = APIC_DM_FIXED,
		.dest_mode = APIC_DEST_PHYSICAL,
		.shorthand = APIC_DEST_NOSHORT,
		.level = 1,
	};

	kvm_apic_set_irq(vcpu, &irq, NULL);
}

static void inject_vector(struct kvm_vcpu *vcpu)
{
	u8 vector = READ_ONCE(vcpu->arch.xen.upcall_vector);

	/* Taken away by now: who did that sees to the flag. */
	if (!vector || !lapic_in_kernel(vcpu))
		return;

	if (is_in_fast_call(vcpu))
		accept_vector(vcpu, vector);
	else
		send_vector(vcpu, vector);
}

static void repeat_vector(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.xen.vcpu_info_cache.active &&
	    __kvm_xen_has_interrupt(vcpu))
		xen_upcall_raise(vcpu);
}

static bool vm_has_vector(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.xen.upcall_vector;
}

/* The vCPU looks at the flag itself, at entry: see kvm_xen_has_interrupt(). */
static void make_look(struct kvm_vcpu *vcpu)
{
	if (is_in_fast_call(vcpu))
		kvm_make_request(KVM_REQ_EVENT, vcpu);
	else
		xen_kick(vcpu);
}

static struct xen_line *own_line(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.xen.state.line);
}

static bool has_line(struct kvm_vcpu *vcpu)
{
	return own_line(vcpu);
}

static struct xen_line *vm_line(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->kvm->arch.xen.state.line);
}

/* Xen asserts the line for its vCPU 0, and tells others nothing. */
static bool vm_has_line(struct kvm_vcpu *vcpu)
{
	return vm_line(vcpu) && !xen_vcpu_id(vcpu);
}

static bool always(struct kvm_vcpu *vcpu)
{
	return true;
}

/* A line goes with kvm->srcu, of which whoever raises events is a reader. */
static void post(struct kvm *kvm, struct xen_line *line, u32 events)
{
	RCU_LOCKDEP_WARN(!srcu_read_lock_held(&kvm->srcu),
			 "line used outside of kvm->srcu");
	if (line)
		xen_line_post(line, events);
}

static void raise_own_line(struct kvm_vcpu *vcpu)
{
	post(vcpu->kvm, own_line(vcpu), XEN_LEVEL_RAISED);
}

static void look_at_own_line(struct kvm_vcpu *vcpu)
{
	post(vcpu->kvm, own_line(vcpu), XEN_LEVEL_LOOK);
}

static void raise_vm_line(struct kvm_vcpu *vcpu)
{
	post(vcpu->kvm, vm_line(vcpu), XEN_LEVEL_RAISED);
}

static void look_at_vm_line(struct kvm_vcpu *vcpu)
{
	post(vcpu->kvm, vm_line(vcpu), XEN_LEVEL_LOOK);
}

static void do_nothing(struct kvm_vcpu *vcpu)
{
}

struct upcall_method {
	/* Under xen_lock. */
	bool (*applies)(struct kvm_vcpu *vcpu);
	/* The flag went from 0 to 1.  Any context. */
	void (*raise)(struct kvm_vcpu *vcpu);
	/* Make what the vCPU hears agree with the flag, which may be up. */
	void (*sync)(struct kvm_vcpu *vcpu);
	/* The vCPU has another method by now: end what lasts.  NULL: nothing. */
	void (*leave)(struct kvm_vcpu *vcpu);
	/* The VM has it for its vCPUs; settling it needs no thread of theirs. */
	bool of_vm;
};

static const struct upcall_method methods[] = {
	[XEN_UPCALL_LAPIC_VECTOR] = {
		.applies = has_vector,
		.raise = inject_vector,
		.sync = repeat_vector,
	},
	[XEN_UPCALL_OWN_LINE] = {
		.applies = has_line,
		.raise = raise_own_line,
		.sync = look_at_own_line,
		.leave = look_at_own_line,
	},
	[XEN_UPCALL_VM_VECTOR] = {
		.applies = vm_has_vector,
		.raise = make_look,
		.sync = make_look,
		.of_vm = true,
	},
	[XEN_UPCALL_VM_LINE] = {
		.applies = vm_has_line,
		.raise = raise_vm_line,
		.sync = look_at_vm_line,
		.leave = look_at_vm_line,
		.of_vm = true,
	},
	[XEN_UPCALL_NONE] = {
		.applies = always,
		.raise = make_look,
		.sync = do_nothing,
		.of_vm = true,
	},
};

static_assert(ARRAY_SIZE(methods) == XEN_UPCALL_NR_METHODS);

static enum xen_upcall_method method_of(struct kvm_vcpu *vcpu)
{
	enum xen_upcall_method method = kvm_xen_upcall_method(vcpu);

	return method == XEN_UPCALL_UNDECIDED ? XEN_UPCALL_NONE : method;
}

static void choose(struct kvm_vcpu *vcpu)
{
	enum xen_upcall_method method = XEN_UPCALL_UNDECIDED + 1;

	lockdep_assert_held(&vcpu->kvm->arch.xen.xen_lock);

	while (!methods[method].applies(vcpu))
		method++;

	/* Pairs with the locked instruction that sets the flag. */
	smp_store_mb(vcpu->arch.xen.state.upcall_method, method);
}

void xen_upcall_raise(struct kvm_vcpu *vcpu)
{
	enum xen_upcall_method method = method_of(vcpu);

	++vcpu->stat.xen_upcalls;
	trace_kvm_xen_upcall(vcpu->vcpu_id, method);

	INDIRECT_CALL_2(methods[method].raise, inject_vector, make_look, vcpu);
}

void xen_upcall_select(struct kvm_vcpu *vcpu, const struct xen_evtchn_ops *ops,
		       const struct xen_layout *layout, u32 port)
{
	if (xen_vcpu_info_select(vcpu, ops, layout, port))
		xen_upcall_raise(vcpu);
}

void xen_upcall_replay(struct kvm_vcpu *vcpu)
{
	if (xen_vcpu_info_replay(vcpu))
		xen_upcall_raise(vcpu);
}

void xen_upcall_sync_line(struct kvm_vcpu *vcpu)
{
	if (xen_vcpu_info_seek(vcpu))
		xen_defer_work_again(vcpu, XEN_DEFERRED_LINE,
				xen_vcpu_info_is_stalled);
	else
		methods[method_of(vcpu)].sync(vcpu);
}

void xen_upcall_reevaluate(struct kvm_vcpu *vcpu)
{
	enum xen_upcall_method old = method_of(vcpu);

	choose(vcpu);
	if (method_of(vcpu) != old && methods[old].leave)
		methods[old].leave(vcpu);

	if (xen_vcpu_info_placed(vcpu))
		xen_upcall_raise(vcpu);
	else
		methods[method_of(vcpu)].sync(vcpu);
}

void xen_upcall_choose_all(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm)
		choose(vcpu);
}

void xen_upcall_sync_all(struct kvm *kvm)
{
	const struct upcall_method *method;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	guard(srcu)(&kvm->srcu);

	kvm_for_each_vcpu(i, vcpu, kvm) {
		method = &methods[method_of(vcpu)];
		if (method->of_vm)
			method->sync(vcpu);
	}
}

/* The LAPIC takes interrupts from now on. */
void __kvm_xen_sw_enable_lapic(struct kvm_vcpu *vcpu)
{
	repeat_vector(vcpu);
}

void __kvm_xen_irqchip_write(struct kvm *kvm)
{
	post(kvm, READ_ONCE(kvm->arch.xen.state.line), XEN_LEVEL_LOOK);
}
