/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work that is deferred to the vCPU's thread, besides deferred selections: a word of
 * flags.  Owns nothing; state.deferred[] is atomic.
 */
#ifndef _KVM_XEN_BASE_DEFERRED_H
#define _KVM_XEN_BASE_DEFERRED_H

#include "xen/base/base.h"

/*
 * Bits of deferred[XEN_NARROW] above the selectors of that width (32): work for the
 * vCPU's thread.
 */
#define XEN_DEFERRED_RETRY	BIT_ULL(63)	/* raise saved events */
#define XEN_DEFERRED_LOG		BIT_ULL(62)	/* log pages as dirty */
#define XEN_DEFERRED_LINE		BIT_ULL(61)	/* line follows the flag */
#define XEN_DEFERRED_WORK	(XEN_DEFERRED_RETRY | XEN_DEFERRED_LOG | \
				 XEN_DEFERRED_LINE)

static inline void xen_defer_work(struct kvm_vcpu *vcpu, u64 work)
{
	atomic64_or(work, &vcpu->arch.xen.state.deferred[XEN_NARROW]);
	xen_kick(vcpu);
}

/*
 * Defer work that failed because a page could not be mapped, until the memslots change.
 * No request is made, as it would keep the vCPU out of the guest until then.  A change of
 * memslots kicks the vCPU; if the change came before the work was deferred, is_stalled()
 * returns false here.
 */
static inline void xen_defer_work_again(struct kvm_vcpu *vcpu, u64 work,
					bool (*is_stalled)(struct kvm_vcpu *vcpu))
{
	atomic64_or(work, &vcpu->arch.xen.state.deferred[XEN_NARROW]);

	/* Pairs with the update of memslots in KVM, after which it kicks all vCPUs. */
	smp_mb__after_atomic();
	if (!is_stalled(vcpu))
		xen_kick(vcpu);
}

#endif /* _KVM_XEN_BASE_DEFERRED_H */
