// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls: notifying a vCPU of its events.
 *
 * An upcall is due when evtchn_upcall_pending in vcpu_info goes from 0 to 1.
 * evtchn_upcall_mask is ignored, as Xen does for guests that are not PV.
 *
 * Owns state.upcall_method.  A vCPU gets its upcalls by the first method of methods[]
 * that applies, and only by that.  choose() selects it, under xen_lock, whenever
 * something changes that it depends on.  Setting the flag and storing the method are full
 * barriers: either the thread that sets the flag sees the new method, or the thread that
 * chooses it sees the flag.
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
 * Whether the current thread is handling a hypercall of @vcpu in the exit fast path,
 * which checks for interrupts before it reenters the guest: see fastpath.c.
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
 * Like kvm_apic_set_irq(), but without a kick: a vCPU that is about to reenter the guest
 * would hide kicks by others behind its own.  With APICv the vector need not be posted,
 * since this is the vCPU's thread, and KVM reads the IRR when it enters the guest.
 */
static void accept_vector(struct kvm_vcpu *vcpu, u8 vector)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	trace_kvm_apic_accept_irq(vcpu->vcpu_id, APIC_DM_FIXED, 0, vector);
	if (!kvm_lapic_enabled(vcpu))
		return;

	apic_clear_vector(vector, apic->regs + APIC_TMR);
	kvm_lapic_set_irr(vector, apic);
	if (apic->apicv_active)
		trace_kvm_apicv_accept_irq(vcpu->vcpu_id, APIC_DM_FIXED, 0, vector);
	else
		kvm_make_request(KVM_REQ_EVENT, vcpu);
}

/* Not inlined, to keep its structure off the fast path's stack frame. */
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

	/* If the vector was removed by now, xen_upcall_reevaluate() handles the flag. */
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

/* Make the vCPU check the flag at its next entry: see kvm_xen_has_interrupt(). */
static void check_at_entry(struct kvm_vcpu *vcpu)
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

/* As in Xen, the VM's line serves Xen vCPU 0 only; other vCPUs get no upcalls. */
static bool vm_has_line(struct kvm_vcpu *vcpu)
{
	return vm_line(vcpu) && !xen_vcpu_id(vcpu);
}

static bool always(struct kvm_vcpu *vcpu)
{
	return true;
}

/*
 * A line is freed after a grace period of kvm->srcu, so its users are in a read section.
 */
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

static void sync_own_line(struct kvm_vcpu *vcpu)
{
	post(vcpu->kvm, own_line(vcpu), XEN_LEVEL_LOOK);
}

static void raise_vm_line(struct kvm_vcpu *vcpu)
{
	post(vcpu->kvm, vm_line(vcpu), XEN_LEVEL_RAISED);
}

static void sync_vm_line(struct kvm_vcpu *vcpu)
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
	/* Bring the vCPU's interrupt in line with the flag, which may be set. */
	void (*sync)(struct kvm_vcpu *vcpu);
	/* The vCPU has got another method: end what this one asserts.  NULL: nothing. */
	void (*leave)(struct kvm_vcpu *vcpu);
	/* Configured for the whole VM; sync() may be called by any thread. */
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
		.sync = sync_own_line,
		.leave = sync_own_line,
	},
	[XEN_UPCALL_VM_VECTOR] = {
		.applies = vm_has_vector,
		.raise = check_at_entry,
		.sync = check_at_entry,
		.of_vm = true,
	},
	[XEN_UPCALL_VM_LINE] = {
		.applies = vm_has_line,
		.raise = raise_vm_line,
		.sync = sync_vm_line,
		.leave = sync_vm_line,
		.of_vm = true,
	},
	[XEN_UPCALL_NONE] = {
		.applies = always,
		.raise = check_at_entry,
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

	/*
	 * Pairs with xen_evtchn_raise_upcall(), before xen_upcall_raise() reads the
	 * method.
	 */
	smp_store_mb(vcpu->arch.xen.state.upcall_method, method);
}

void xen_upcall_raise(struct kvm_vcpu *vcpu)
{
	enum xen_upcall_method method = method_of(vcpu);

	++vcpu->stat.xen_upcalls;
	trace_kvm_xen_upcall(vcpu->vcpu_id, method);

	INDIRECT_CALL_2(methods[method].raise, inject_vector, check_at_entry, vcpu);
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

/* The guest has enabled the LAPIC. */
void __kvm_xen_sw_enable_lapic(struct kvm_vcpu *vcpu)
{
	repeat_vector(vcpu);
}

void __kvm_xen_irqchip_write(struct kvm *kvm)
{
	post(kvm, READ_ONCE(kvm->arch.xen.state.line), XEN_LEVEL_LOOK);
}
