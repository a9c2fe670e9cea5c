/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tokens that are bound to a handler of another module.
 */
#ifndef _KVM_XEN_DYNHC_HANDLER_H
#define _KVM_XEN_DYNHC_HANDLER_H

#include <linux/kvm_xen_dynhc.h>

#include "xen/base/hcall.h"

static_assert(KVM_XEN_DYNHC_TO_VMM == XEN_HCALL_TO_VMM);
static_assert(KVM_XEN_DYNHC_AGAIN == XEN_HCALL_AGAIN);

struct xen_dynhc_use;

/*
 * Bind @token to the handler called @name, and hand it @data.  Returns what
 * stands for that, or an ERR_PTR.  Sleeps, outside of read sections of kvm->srcu
 * and of xen_lock.
 */
struct xen_dynhc_use *xen_dynhc_use(struct kvm *kvm, u32 token,
				    const char *name, u64 data);

/* The end of that, when no call can be under way.  Sleeps, likewise. */
void xen_dynhc_unuse(struct xen_dynhc_use *use);

/* What it was bound with: a name of KVM_XEN_DYNHC_NAME_LEN bytes, and data. */
const char *xen_dynhc_use_name(const struct xen_dynhc_use *use);
u64 xen_dynhc_use_data(const struct xen_dynhc_use *use);

/* Make the call, as the guest of @vcpu; returns as handlers of hypercalls do. */
s64 xen_dynhc_use_call(struct kvm_vcpu *vcpu, struct xen_dynhc_use *use,
		       const struct kvm_xen_hcall *hcall);

#endif /* _KVM_XEN_DYNHC_HANDLER_H */
