/* SPDX-License-Identifier: GPL-2.0 */
/* Hypercalls that are answered right behind the exit, see fastpath.c. */
#ifndef _KVM_XEN_HYPERCALL_FASTPATH_H
#define _KVM_XEN_HYPERCALL_FASTPATH_H

#include "xen/upcall/upcall.h"

#include "kvm_cache_regs.h"
#include "pmu.h"

extern bool xen_fastpath;

/* On PREEMPT_RT locks that are taken on the way sleep. */
static inline bool xen_fast_is_on(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && READ_ONCE(xen_fastpath);
}

/*
 * Whether @vcpu, which exited just now, is in a state to have a call answered.
 * Outside of long mode there are ways of paging and of injecting that take more than
 * is done here.
 */
static inline bool xen_fast_is_possible(struct kvm_vcpu *vcpu)
{
	return is_long_mode(vcpu) &&
	       !(vcpu->arch.hflags & (HF_GUEST_MASK | HF_SMM_MASK)) &&
	       !vcpu->arch.guest_state_protected && !vcpu->guest_debug;
}

/*
 * Around the call.  The second returns whether an upcall by the VM-wide vector is due
 * by it, which its caller sees to.
 */
static inline void xen_fast_begin(struct kvm_vcpu *vcpu)
{
	WRITE_ONCE(vcpu->arch.xen.state.fast, XEN_FAST_ON);
}

static inline bool xen_fast_end(struct kvm_vcpu *vcpu)
{
	bool due = vcpu->arch.xen.state.fast == XEN_FAST_DUE;

	WRITE_ONCE(vcpu->arch.xen.state.fast, XEN_FAST_OFF);
	return due;
}

/*
 * Whether to go on behind an instruction takes no more than that, of a guest with
 * flags @rflags: it has no counters, and does not step.
 */
static inline bool xen_skip_is_plain(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	return !(rflags & X86_EFLAGS_TF) && !vcpu_to_pmu(vcpu)->version;
}

int __xen_fast_skip(struct kvm_vcpu *vcpu);

/*
 * Go on behind the instruction that exited, as kvm_skip_emulated_instruction() does,
 * and with the same result: right behind the exit, and in the exit loop.
 */
static inline int xen_fast_skip(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	if (unlikely(!xen_skip_is_plain(vcpu, rflags)))
		return __xen_fast_skip(vcpu);

	return kvm_x86_call(skip_emulated_instruction)(vcpu);
}

static inline int xen_skip(struct kvm_vcpu *vcpu)
{
	if (unlikely(!xen_skip_is_plain(vcpu, kvm_x86_call(get_rflags)(vcpu))))
		return kvm_skip_emulated_instruction(vcpu);

	return kvm_x86_call(skip_emulated_instruction)(vcpu);
}

void __xen_fast_settle(struct kvm_vcpu *vcpu, bool due, unsigned long rflags);

/*
 * At an entry by which the guest can take it, the VM-wide vector is due for a flag left
 * up.
 */
static inline bool xen_may_be_left_up(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	return (rflags & X86_EFLAGS_IF) &&
	       kvm_xen_upcall_method(vcpu) == XEN_UPCALL_VM_VECTOR;
}

/*
 * Before the guest goes on behind the instruction that made the call: inject what
 * can be by now, or leave it to the exit loop.
 */
static inline void xen_fast_settle(struct kvm_vcpu *vcpu, bool due,
				   unsigned long rflags)
{
	if (due || xen_may_be_left_up(vcpu, rflags) || kvm_request_pending(vcpu))
		__xen_fast_settle(vcpu, due, rflags);
}

#endif /* _KVM_XEN_HYPERCALL_FASTPATH_H */
