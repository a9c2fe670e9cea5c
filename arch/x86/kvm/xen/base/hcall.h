/* SPDX-License-Identifier: GPL-2.0 */
/* The type of hypercall handlers, and their special return values. */
#ifndef _KVM_XEN_BASE_HCALL_H
#define _KVM_XEN_BASE_HCALL_H

#include <linux/kvm_host.h>

typedef s64 (*xen_hcall_fn)(struct kvm_vcpu *vcpu,
			    const struct kvm_xen_hcall *hcall);

/* The handler of a hypercall, and whether it may run in the exit fast path. */
struct xen_hcall_op {
	xen_hcall_fn fn;
	bool atomic;
};

#define XEN_HCALL_ANYWHERE(handler)	{ .fn = handler, .atomic = true }
#define XEN_HCALL_IN_LOOP(handler)	{ .fn = handler }

/* Special return values of handlers, lower than any result for the guest. */
#define XEN_HCALL_TO_VMM	S64_MIN		/* exit to the VMM, which handles it */
#define XEN_HCALL_AGAIN		(S64_MIN + 1)	/* execute the instruction again */
#define XEN_HCALL_SLOW		(S64_MIN + 2)	/* nothing done; use the exit loop */

/* Whether a handler returned a special value. */
static inline bool xen_hcall_is_left(s64 result)
{
	return unlikely(result <= XEN_HCALL_SLOW);
}

#endif /* _KVM_XEN_BASE_HCALL_H */
