/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work that is left to the thread of a vCPU, beside selections of ports: a word of flags.
 */
#ifndef _KVM_XEN_BASE_DEFERRED_H
#define _KVM_XEN_BASE_DEFERRED_H

#include "xen/base/base.h"

/*
 * What a vCPU's thread has to see to, beside selections that are deferred for it:
 * bits of deferred[XEN_NARROW], beyond those of any selector of that width.
 */
#define XEN_DEFERRED_RETRY	BIT_ULL(63)	/* raise what was saved */
#define XEN_DEFERRED_LOG		BIT_ULL(62)	/* log pages as dirty */
#define XEN_DEFERRED_LINE		BIT_ULL(61)	/* look at the flag for a line */
#define XEN_DEFERRED_WORK	(XEN_DEFERRED_RETRY | XEN_DEFERRED_LOG | \
				 XEN_DEFERRED_LINE)

static inline void xen_defer_work(struct kvm_vcpu *vcpu, u64 work)
{
	atomic64_or(work, &vcpu->arch.xen.state.deferred[XEN_NARROW]);
	xen_kick(vcpu);
}

/*
 * The same for what failed as a page could not be mapped: it waits for a change of
 * memslots, and no request is made that would keep the vCPU out of the guest until then.
 * A change wakes the vCPU; one that came before the work was deferred is seen here.
 */
static inline void xen_defer_work_again(struct kvm_vcpu *vcpu, u64 work,
				   bool (*is_stalled)(struct kvm_vcpu *vcpu))
{
	atomic64_or(work, &vcpu->arch.xen.state.deferred[XEN_NARROW]);

	/* Pairs with the change of memslots, behind which KVM kicks all vCPUs. */
	smp_mb__after_atomic();
	if (!is_stalled(vcpu))
		xen_kick(vcpu);
}

#endif /* _KVM_XEN_BASE_DEFERRED_H */
