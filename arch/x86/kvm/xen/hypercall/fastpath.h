/* SPDX-License-Identifier: GPL-2.0 */
/* Hypercalls in the exit fast path, see fastpath.c. */
#ifndef _KVM_XEN_HYPERCALL_FASTPATH_H
#define _KVM_XEN_HYPERCALL_FASTPATH_H

#include "xen/upcall/upcall.h"

#include "pmu.h"
#include "smm.h"

/*
 * Whether skipping an instruction of a guest with @rflags only advances RIP: the guest
 * has no counters and does not single-step.
 */
static inline bool xen_skip_is_plain(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	return !(rflags & X86_EFLAGS_TF) && !vcpu_to_pmu(vcpu)->version;
}

/* Like kvm_skip_emulated_instruction(), in the exit loop; the result is the same. */
static inline int xen_skip(struct kvm_vcpu *vcpu)
{
	if (unlikely(!xen_skip_is_plain(vcpu, kvm_x86_call(get_rflags)(vcpu))))
		return kvm_skip_emulated_instruction(vcpu);

	return kvm_x86_call(skip_emulated_instruction)(vcpu);
}

#ifdef CONFIG_KVM_XEN_FASTPATH

extern bool xen_fast_enabled;

/* On PREEMPT_RT locks that a hypercall takes sleep. */
static inline bool xen_fast_is_on(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && READ_ONCE(xen_fast_enabled);
}

/*
 * Whether the state of @vcpu allows to handle a hypercall here.  Outside of long mode,
 * paging and injection have variants that are not handled here.
 */
static inline bool xen_fast_is_possible(struct kvm_vcpu *vcpu)
{
	return is_long_mode(vcpu) &&
	       !is_guest_mode(vcpu) && !is_smm(vcpu) &&
	       !vcpu->arch.guest_state_protected && !vcpu->guest_debug;
}

int __xen_fast_skip(struct kvm_vcpu *vcpu);

/* Like kvm_skip_emulated_instruction(), in the exit fast path; the result is the same. */
static inline int xen_fast_skip(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	if (unlikely(!xen_skip_is_plain(vcpu, rflags)))
		return __xen_fast_skip(vcpu);

	return kvm_x86_call(skip_emulated_instruction)(vcpu);
}

/* Whether this exit's hypercall was decoded in the exit fast path. */
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
 * Whether a guest with @rflags would take the VM-wide vector at reentry if
 * evtchn_upcall_pending is set: no request is made for a flag that stays set.
 */
static inline bool xen_fast_may_be_due(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	return (rflags & X86_EFLAGS_IF) &&
	       kvm_xen_upcall_method(vcpu) == XEN_UPCALL_VM_VECTOR;
}

/*
 * Before the guest is reentered after its hypercall: inject what can be injected now, or
 * leave it to the exit loop.
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
