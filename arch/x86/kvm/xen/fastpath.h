/* SPDX-License-Identifier: GPL-2.0 */
/* Hypercalls that are answered right behind the exit, see fastpath.c, fast_memory.c. */
#ifndef _KVM_XEN_FASTPATH_H
#define _KVM_XEN_FASTPATH_H

#include "internal.h"
#include "../kvm_cache_regs.h"
#include "../pmu.h"

extern bool xen_fastpath;

/*
 * Whether @vcpu, which exited just now, is in a state to have a call answered.  On
 * PREEMPT_RT locks that are taken on the way sleep.  Outside of long mode there are
 * ways of paging and of injecting that take more than is done here.
 */
static inline bool xen_fast_is_possible(struct kvm_vcpu *vcpu)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && READ_ONCE(xen_fastpath) &&
	       is_long_mode(vcpu) &&
	       !(vcpu->arch.hflags & (HF_GUEST_MASK | HF_SMM_MASK)) &&
	       !vcpu->arch.guest_state_protected && !vcpu->guest_debug;
}

/*
 * Read @size bytes at @gva as the guest's kernel.  Returns false, having done
 * nothing, where that is not plain: see walk.h.  In a read section of kvm->srcu.
 */
bool xen_fast_read(struct kvm_vcpu *vcpu, gva_t gva, void *arg, u32 size);

/* The same with 4 bytes: returns them, or XEN_HCALL_SLOW. */
s64 xen_fast_read_word(struct kvm_vcpu *vcpu, gva_t gva);

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

int __xen_fast_skip(struct kvm_vcpu *vcpu);

/*
 * Go on behind the instruction that exited, as kvm_skip_emulated_instruction() does,
 * and with the same result.  @rflags are those of the guest.
 */
static inline bool xen_fast_skip(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	/* For a guest without counters, or steps, it has less to do. */
	if (unlikely((rflags & X86_EFLAGS_TF) || vcpu_to_pmu(vcpu)->version))
		return __xen_fast_skip(vcpu);

	return kvm_x86_call(skip_emulated_instruction)(vcpu);
}

void __xen_fast_settle(struct kvm_vcpu *vcpu, bool due, unsigned long rflags);

/*
 * Before the guest goes on behind the instruction that made the call: inject what
 * can be by now, or leave it to the exit loop.
 */
static inline void xen_fast_settle(struct kvm_vcpu *vcpu, bool due,
				   unsigned long rflags)
{
	if (due || kvm_xen_upcall_method(vcpu) == XEN_UPCALL_VM_VECTOR ||
	    kvm_request_pending(vcpu))
		__xen_fast_settle(vcpu, due, rflags);
}

#endif /* _KVM_XEN_FASTPATH_H */
