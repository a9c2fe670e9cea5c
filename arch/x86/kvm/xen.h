/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface of the Xen code to the rest of KVM: the only header of it that other
 * files of KVM include.
 */
#ifndef __ARCH_X86_KVM_XEN_H__
#define __ARCH_X86_KVM_XEN_H__

#include <asm/xen/cpuid.h>
#include <asm/xen/hypervisor.h>

#include "xen/compat.h"
#include "xen/abi/layout.h"

/* KVM's clock code uses this name to find the time in vcpu_info. */
#define compat_vcpu_info xen_abi_vcpu_info32

/* Flags of KVM_CAP_XEN_HVM that Linux does not have. */
#define KVM_XEN_ADDED_CAPS	kvm_xen_added_caps()

#ifdef CONFIG_KVM_XEN
#include <asm/kvm_dynhc.h>
#include <linux/jump_label_ratelimit.h>
#include <linux/kvm_xen.h>

#include "lapic.h"

extern struct static_key_false_deferred kvm_xen_enabled;

bool __kvm_xen_takes_hypercall(struct kvm_vcpu *vcpu);
int kvm_xen_hypercall(struct kvm_vcpu *vcpu);
int kvm_xen_write_hypercall_page(struct kvm_vcpu *vcpu, u64 data);

u32 kvm_xen_added_caps(void);
int kvm_xen_hvm_config(struct kvm *kvm, struct kvm_xen_hvm_config *xhc);
int kvm_xen_hvm_set_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int kvm_xen_hvm_get_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int kvm_xen_vcpu_set_attr(struct kvm_vcpu *vcpu,
			  struct kvm_xen_vcpu_attr *data);
int kvm_xen_vcpu_get_attr(struct kvm_vcpu *vcpu,
			  struct kvm_xen_vcpu_attr *data);

int kvm_xen_hvm_evtchn_send(struct kvm *kvm,
			    struct kvm_irq_routing_xen_evtchn *uxe);
int kvm_xen_set_evtchn_fast(struct kvm_xen_evtchn *xe, struct kvm *kvm);
int kvm_xen_setup_evtchn(struct kvm *kvm,
			 struct kvm_kernel_irq_routing_entry *e,
			 const struct kvm_irq_routing_entry *ue);

int __kvm_xen_has_interrupt(struct kvm_vcpu *vcpu);
bool __kvm_xen_has_pending_events(struct kvm_vcpu *vcpu);
void kvm_xen_inject_pending_events(struct kvm_vcpu *vcpu);
void kvm_xen_inject_timer_irqs(struct kvm_vcpu *vcpu);
void __kvm_xen_sw_enable_lapic(struct kvm_vcpu *vcpu);

void kvm_xen_fill_tsc_leaf(struct kvm_vcpu *vcpu,
			   const struct kvm_cpuid_entry2 *entry, u32 index,
			   u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
void kvm_xen_clock_changed(struct kvm *kvm);
void __kvm_xen_runstate_set_running(struct kvm_vcpu *vcpu);
void kvm_xen_runstate_set_preempted(struct kvm_vcpu *vcpu);
void __kvm_xen_runstate_set_blocked(struct kvm_vcpu *vcpu);

void kvm_xen_init_vm(struct kvm *kvm);
void kvm_xen_destroy_vm(struct kvm *kvm);
void kvm_xen_init_vcpu(struct kvm_vcpu *vcpu);
void kvm_xen_destroy_vcpu(struct kvm_vcpu *vcpu);
void kvm_xen_create_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir);

void __kvm_xen_irqchip_write(struct kvm *kvm);
void kvm_xen_stop(struct kvm *kvm);

/* The methods of upcalls, in the order of precedence; see xen/upcall/upcall.c. */
enum xen_upcall_method {
	XEN_UPCALL_UNDECIDED,	/* vcpu_info was never registered */
	XEN_UPCALL_LAPIC_VECTOR,
	XEN_UPCALL_OWN_LINE,
	XEN_UPCALL_VM_VECTOR,
	XEN_UPCALL_VM_LINE,
	XEN_UPCALL_NONE,
	XEN_UPCALL_NR_METHODS,
};

static inline enum xen_upcall_method kvm_xen_upcall_method(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.xen.state.upcall_method);
}

/* Whether @leaf of CPUID is Xen's time leaf, according to the base that the VMM uses. */
static inline bool kvm_xen_is_tsc_leaf(struct kvm_vcpu *vcpu, u32 leaf)
{
	const struct kvm_hypervisor_cpuid *cpuid = &vcpu->arch.xen.cpuid;

	/* Most leaves are below this range. */
	return leaf >= XEN_CPUID_FIRST_LEAF && cpuid->base &&
	       leaf <= cpuid->limit &&
	       leaf == (cpuid->base | XEN_CPUID_LEAF(3));
}

/*
 * Whether a method of upcalls was ever chosen for @vcpu.  If so, kvm_xen_has_interrupt()
 * may return false although it has returned true a moment ago.
 */
static inline bool kvm_xen_has_upcalls(struct kvm_vcpu *vcpu)
{
	return kvm_xen_upcall_method(vcpu) != XEN_UPCALL_UNDECIDED;
}

/* Whether any VM may make Xen's or dynamic hypercalls.  A patched-out branch if not. */
static __always_inline bool kvm_xen_is_in_use(void)
{
	return static_branch_unlikely(&kvm_xen_enabled.key);
}

/* Whether the VMM has set an MSR for Xen's hypercall page. */
static inline bool kvm_xen_msr_enabled(struct kvm *kvm)
{
	return kvm_xen_is_in_use() && xen_config(kvm)->msr;
}

/* Whether a guest's write to @msr is for the hypercall page. */
static inline bool kvm_xen_is_hypercall_page_msr(struct kvm *kvm, u32 msr)
{
	return kvm_xen_is_in_use() && msr && msr == xen_config(kvm)->msr;
}

/* Whether VMCALL and VMMCALL may be Xen's or dynamic hypercalls. */
static inline bool kvm_xen_hypercall_enabled(struct kvm *kvm)
{
	return kvm_xen_is_in_use() &&
	       (xen_config(kvm)->flags &
		(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_DYNHC));
}

/* Whether the hypercall that the guest is making is Xen's or a dynamic one. */
static inline bool kvm_xen_takes_hypercall(struct kvm_vcpu *vcpu)
{
	return (xen_config(vcpu->kvm)->flags &
		KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL) ||
	       kvm_rax_read_raw(vcpu) == DYNHC_HYPERCALL ||
	       __kvm_xen_takes_hypercall(vcpu);
}

/*
 * The VM-wide vector is a level: it is to be injected as long as evtchn_upcall_pending is
 * set.  While it is being injected, do not request it again: KVM would open an interrupt
 * window, mostly in vain, as the guest is about to clear the flag.  L1 may itself have
 * injected a vector with the same number into L2.
 */
static inline bool kvm_xen_vector_is_under_way(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.interrupt.injected && !vcpu->arch.interrupt.soft &&
	       vcpu->arch.interrupt.nr == vcpu->kvm->arch.xen.upcall_vector &&
	       !is_guest_mode(vcpu);
}

static inline int kvm_xen_has_interrupt(struct kvm_vcpu *vcpu)
{
	if (kvm_xen_is_in_use() &&
	    kvm_xen_upcall_method(vcpu) == XEN_UPCALL_VM_VECTOR &&
	    vcpu->arch.xen.vcpu_info_cache.active &&
	    !kvm_xen_vector_is_under_way(vcpu))
		return __kvm_xen_has_interrupt(vcpu);

	return 0;
}

/*
 * The VM-wide vector if it is to be injected now, else -1.  This may differ from an
 * earlier result of kvm_xen_has_interrupt(): other vCPUs of the guest can clear the flag,
 * and the VMM can remove the vector, at any time.
 */
static inline int kvm_xen_get_interrupt(struct kvm_vcpu *vcpu)
{
	u8 vector = READ_ONCE(vcpu->kvm->arch.xen.upcall_vector);

	return vector && kvm_xen_has_interrupt(vcpu) ? vector : -1;
}

/*
 * Whether the guest could take the VM-wide vector if it is entered without an iteration
 * of the exit loop: no request makes the loop inject a level.
 */
static inline bool kvm_xen_is_due(struct kvm_vcpu *vcpu)
{
	return kvm_xen_has_interrupt(vcpu) &&
	       kvm_x86_call(interrupt_allowed)(vcpu, false);
}

/*
 * Whether HLT has to be handled in the exit loop: kvm_xen_has_interrupt() takes a lock
 * that sleeps on PREEMPT_RT, and with interrupts off it can only assume that there is an
 * interrupt.
 */
static inline bool kvm_xen_leaves_hlt(struct kvm_vcpu *vcpu)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) && kvm_xen_is_in_use() &&
	       kvm_xen_upcall_method(vcpu) == XEN_UPCALL_VM_VECTOR;
}

/* Whether the vCPU has deferred work that it can do now. */
static inline bool kvm_xen_has_pending_events(struct kvm_vcpu *vcpu)
{
	struct kvm_xen_vcpu_state *state = &vcpu->arch.xen.state;

	return kvm_xen_is_in_use() &&
	       unlikely(atomic64_read(&state->deferred[XEN_NARROW]) |
			atomic64_read(&state->deferred[XEN_WIDE])) &&
	       __kvm_xen_has_pending_events(vcpu);
}

static inline bool kvm_xen_timer_enabled(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.xen.timer_virq || READ_ONCE(vcpu->kvm->arch.xen.state.domains);
}

static inline int kvm_xen_has_pending_timer(struct kvm_vcpu *vcpu)
{
	/* The VMM may use timers without hypercalls, and without an MSR. */
	if (!kvm_xen_timer_enabled(vcpu))
		return 0;

	return atomic_read(&vcpu->arch.xen.timer_pending);
}

/* The guest has enabled the LAPIC: repeat an upcall that it dropped while disabled. */
static inline void kvm_xen_sw_enable_lapic(struct kvm_vcpu *vcpu)
{
	if (kvm_xen_is_in_use() &&
	    kvm_xen_upcall_method(vcpu) == XEN_UPCALL_LAPIC_VECTOR)
		__kvm_xen_sw_enable_lapic(vcpu);
}

/* The guest is about to write to one of KVM's interrupt controllers. */
static inline void kvm_xen_irqchip_write(struct kvm *kvm)
{
	if (kvm_xen_is_in_use() && READ_ONCE(kvm->arch.xen.state.line))
		__kvm_xen_irqchip_write(kvm);
}

/*
 * The vCPU's thread was scheduled in, or has entered KVM_RUN: allow another attempt to
 * map pages.
 */
static inline void kvm_xen_runstate_set_running(struct kvm_vcpu *vcpu)
{
	WRITE_ONCE(vcpu->arch.xen.state.stalled_generation, 0);
	WRITE_ONCE(vcpu->arch.xen.state.fifo_stalled_generation, 0);
	__kvm_xen_runstate_set_running(vcpu);
}

/* The vCPU is about to wait: in HLT for an event, or for its start-up. */
static inline void kvm_xen_runstate_set_blocked(struct kvm_vcpu *vcpu)
{
	if (kvm_xen_msr_enabled(vcpu->kvm))
		__kvm_xen_runstate_set_blocked(vcpu);
}

#else /* !CONFIG_KVM_XEN */

#define KVM_XEN_OFF(type, name, args, value)	\
static inline type name args			\
{						\
	return value;				\
}

/* For noinstr code. */
#define KVM_XEN_OFF_NOINSTR(name, args)		\
static __always_inline bool name args		\
{						\
	return false;				\
}

#define KVM_XEN_OFF_VOID(name, args)		\
static inline void name args			\
{						\
}

KVM_XEN_OFF(int, kvm_xen_hypercall, (struct kvm_vcpu *vcpu), 1)
KVM_XEN_OFF(int, kvm_xen_write_hypercall_page,
	    (struct kvm_vcpu *vcpu, u64 data), 1)
KVM_XEN_OFF(bool, kvm_xen_msr_enabled, (struct kvm *kvm), false)
KVM_XEN_OFF(bool, kvm_xen_is_hypercall_page_msr,
	    (struct kvm *kvm, u32 msr), false)
KVM_XEN_OFF(bool, kvm_xen_hypercall_enabled, (struct kvm *kvm), false)
KVM_XEN_OFF(bool, kvm_xen_takes_hypercall, (struct kvm_vcpu *vcpu), false)
KVM_XEN_OFF(bool, kvm_xen_has_upcalls, (struct kvm_vcpu *vcpu), false)
KVM_XEN_OFF(int, kvm_xen_has_interrupt, (struct kvm_vcpu *vcpu), 0)
KVM_XEN_OFF(bool, kvm_xen_has_pending_events, (struct kvm_vcpu *vcpu), false)
KVM_XEN_OFF(bool, kvm_xen_timer_enabled, (struct kvm_vcpu *vcpu), false)
KVM_XEN_OFF(int, kvm_xen_has_pending_timer, (struct kvm_vcpu *vcpu), 0)
KVM_XEN_OFF(bool, kvm_xen_is_tsc_leaf, (struct kvm_vcpu *vcpu, u32 leaf), false)
KVM_XEN_OFF_NOINSTR(kvm_xen_is_in_use, (void))
KVM_XEN_OFF(bool, kvm_xen_is_due, (struct kvm_vcpu *vcpu), false)
KVM_XEN_OFF(bool, kvm_xen_leaves_hlt, (struct kvm_vcpu *vcpu), false)
KVM_XEN_OFF_VOID(kvm_xen_inject_pending_events, (struct kvm_vcpu *vcpu))
KVM_XEN_OFF_VOID(kvm_xen_inject_timer_irqs, (struct kvm_vcpu *vcpu))
KVM_XEN_OFF_VOID(kvm_xen_sw_enable_lapic, (struct kvm_vcpu *vcpu))
KVM_XEN_OFF_VOID(kvm_xen_fill_tsc_leaf,
		 (struct kvm_vcpu *vcpu, const struct kvm_cpuid_entry2 *entry,
		  u32 index, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx))
KVM_XEN_OFF_VOID(kvm_xen_clock_changed, (struct kvm *kvm))
KVM_XEN_OFF_VOID(kvm_xen_runstate_set_running, (struct kvm_vcpu *vcpu))
KVM_XEN_OFF_VOID(kvm_xen_runstate_set_preempted, (struct kvm_vcpu *vcpu))
KVM_XEN_OFF_VOID(kvm_xen_runstate_set_blocked, (struct kvm_vcpu *vcpu))
KVM_XEN_OFF_VOID(kvm_xen_irqchip_write, (struct kvm *kvm))
KVM_XEN_OFF_VOID(kvm_xen_stop, (struct kvm *kvm))
KVM_XEN_OFF_VOID(kvm_xen_init_vm, (struct kvm *kvm))
KVM_XEN_OFF_VOID(kvm_xen_destroy_vm, (struct kvm *kvm))
KVM_XEN_OFF_VOID(kvm_xen_init_vcpu, (struct kvm_vcpu *vcpu))
KVM_XEN_OFF_VOID(kvm_xen_destroy_vcpu, (struct kvm_vcpu *vcpu))
KVM_XEN_OFF_VOID(kvm_xen_create_vcpu_debugfs,
		 (struct kvm_vcpu *vcpu, struct dentry *dir))

#undef KVM_XEN_OFF
#undef KVM_XEN_OFF_NOINSTR
#undef KVM_XEN_OFF_VOID

#endif /* CONFIG_KVM_XEN */

#ifdef CONFIG_KVM_XEN_FASTPATH
fastpath_t kvm_xen_fast_hypercall(struct kvm_vcpu *vcpu);

/*
 * The guest is not reentered from the exit fast path after all: cancel what was injected
 * there.  Nothing else is queued: exits that the fast path handles, of instructions and
 * of the preemption timer, do not interrupt the delivery of an event.
 */
static inline void kvm_xen_cancel_injection(struct kvm_vcpu *vcpu)
{
	if (kvm_xen_is_in_use() && vcpu->arch.interrupt.injected)
		kvm_x86_call(cancel_injection)(vcpu);
}

#else /* !CONFIG_KVM_XEN_FASTPATH */

static inline fastpath_t kvm_xen_fast_hypercall(struct kvm_vcpu *vcpu)
{
	return EXIT_FASTPATH_NONE;
}

static inline void kvm_xen_cancel_injection(struct kvm_vcpu *vcpu)
{
}

#endif /* CONFIG_KVM_XEN_FASTPATH */
#endif /* __ARCH_X86_KVM_XEN_H__ */
