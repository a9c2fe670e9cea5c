/* SPDX-License-Identifier: GPL-2.0 */
/* Tokens bound to a handler of another module. */
#ifndef _KVM_XEN_DYNHC_HANDLER_H
#define _KVM_XEN_DYNHC_HANDLER_H

#include <linux/kvm_xen_dynhc.h>

#include "xen/base/hcall.h"

static_assert(KVM_XEN_DYNHC_TO_VMM == XEN_HCALL_TO_VMM);
static_assert(KVM_XEN_DYNHC_AGAIN == XEN_HCALL_AGAIN);

struct xen_dynhc_use;

/*
 * Bind @token to the handler @name and pass it @data.  Returns the use of the handler, or
 * an ERR_PTR().  Sleeps; the caller is not in a read section of kvm->srcu and does not
 * hold xen_lock.
 */
struct xen_dynhc_use *xen_dynhc_use(struct kvm *kvm, u32 token,
				    const char *name, u64 data);

/*
 * End a use that no call can be in.  Sleeps; the caller is not in a read section of
 * kvm->srcu and does not hold xen_lock.
 */
void xen_dynhc_unuse(struct xen_dynhc_use *use);

/* The name, of KVM_XEN_DYNHC_NAME_LEN bytes, and the data with which it was bound. */
const char *xen_dynhc_use_name(const struct xen_dynhc_use *use);
u64 xen_dynhc_use_data(const struct xen_dynhc_use *use);

/* Make the call for the guest of @vcpu; returns as hypercall handlers do.  May sleep. */
s64 xen_dynhc_use_call(struct kvm_vcpu *vcpu, struct xen_dynhc_use *use,
		       const struct kvm_xen_hcall *hcall);

#endif /* _KVM_XEN_DYNHC_HANDLER_H */
