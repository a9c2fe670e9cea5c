/* SPDX-License-Identifier: GPL-2.0 */
/* Hypercalls that are answered right behind the exit, see fastpath.c. */
#ifndef _KVM_XEN_HYPERCALL_FASTPATH_H
#define _KVM_XEN_HYPERCALL_FASTPATH_H

#include "xen/upcall/upcall.h"

#include "kvm_cache_regs.h"
#include "pmu.h"
#include "smm.h"

/*
 * Whether to go on behind an instruction takes no more than that, of a guest with
 * flags @rflags: it has no counters, and does not step.
 */
static inline bool xen_skip_is_plain(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	return !(rflags & X86_EFLAGS_TF) && !vcpu_to_pmu(vcpu)->version;
}

/* As kvm_skip_emulated_instruction(), with the same result, in the exit loop. */
static inline int xen_skip(struct kvm_vcpu *vcpu)
{
	if (unlikely(!xen_skip_is_plain(vcpu, kvm_x86_call(get_rflags)(vcpu))))
		return kvm_skip_emulated_instruction(vcpu);

	return kvm_x86_call(skip_emulated_instruction)(vcpu);
}

#ifdef CONFIG_KVM_XEN_FASTPATH

extern bool xen_fast_enabled;

/* On PREEMPT_RT locks that are taken on the way sleep. */
static inline bool xen_fast_is_on(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && READ_ONCE(xen_fast_enabled);
}

/*
 * Whether @vcpu, which exited just now, is in a state to have a call answered.
 * Outside of long mode there are ways of paging and of injecting that take more than
 * is done here.
 */
static inline bool xen_fast_is_possible(struct kvm_vcpu *vcpu)
{
	return is_long_mode(vcpu) &&
	       !is_guest_mode(vcpu) && !is_smm(vcpu) &&
	       !vcpu->arch.guest_state_protected && !vcpu->guest_debug;
}

int __xen_fast_skip(struct kvm_vcpu *vcpu);

/*
 * Go on behind the instruction that exited, as kvm_skip_emulated_instruction() does,
 * and with the same result: right behind the exit.
 */
static inline int xen_fast_skip(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	if (unlikely(!xen_skip_is_plain(vcpu, rflags)))
		return __xen_fast_skip(vcpu);

	return kvm_x86_call(skip_emulated_instruction)(vcpu);
}

/* Whether the call of this exit was decoded right behind it. */
static inline bool xen_fast_has_decoded(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.xen.state.decoded;
}

static inline void xen_fast_set_decoded(struct kvm_vcpu *vcpu, bool decoded)
{
	vcpu->arch.xen.state.decoded = decoded;
}

void __xen_fast_inject(struct kvm_vcpu *vcpu);

/*
 * Whether the guest with flags @rflags, entered again, would take the VM-wide vector if
 * evtchn_upcall_pending is up: no request stands for a flag that was left up.
 */
static inline bool xen_fast_may_be_due(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	return (rflags & X86_EFLAGS_IF) &&
	       kvm_xen_upcall_method(vcpu) == XEN_UPCALL_VM_VECTOR;
}

/*
 * Before the guest goes on behind the instruction that made the call: inject what
 * can be by now, or leave it to the exit loop.
 */
static inline void xen_fast_inject(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	if (kvm_request_pending(vcpu) || xen_fast_may_be_due(vcpu, rflags))
		__xen_fast_inject(vcpu);
}

#else /* !CONFIG_KVM_XEN_FASTPATH */

static inline bool xen_fast_has_decoded(struct kvm_vcpu *vcpu)
{
	return false;
}

static inline void xen_fast_set_decoded(struct kvm_vcpu *vcpu, bool decoded)
{
}

#endif
#endif /* _KVM_XEN_HYPERCALL_FASTPATH_H */
