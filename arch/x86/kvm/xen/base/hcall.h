/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A handler of hypercalls, and what it returns.
 */
#ifndef _KVM_XEN_BASE_HCALL_H
#define _KVM_XEN_BASE_HCALL_H

#include <linux/kvm_host.h>

typedef s64 (*xen_hcall_fn)(struct kvm_vcpu *vcpu,
			    const struct kvm_xen_hcall *hcall);

/* Who answers a call, and whether also right behind the exit. */
struct xen_hcall_op {
	xen_hcall_fn fn;
	bool atomic;
};

#define XEN_HCALL_ANYWHERE(handler)	{ .fn = handler, .atomic = true }
#define XEN_HCALL_IN_LOOP(handler)	{ .fn = handler }

/* What a handler returns if not the guest's result, which is never so low. */
#define XEN_HCALL_TO_VMM	S64_MIN		/* exit, let the VMM do it */
#define XEN_HCALL_AGAIN		(S64_MIN + 1)	/* execute it once more */
#define XEN_HCALL_SLOW		(S64_MIN + 2)	/* atomic: not here, and not begun */

/* Whether a handler returned one of these. */
static inline bool xen_hcall_is_left(s64 result)
{
	return unlikely(result <= XEN_HCALL_SLOW);
}

#endif /* _KVM_XEN_BASE_HCALL_H */
