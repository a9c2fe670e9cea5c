/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dynamic hypercalls: the table of tokens that a VM bound.
 */
#ifndef _KVM_XEN_DYNHC_DYNHC_H
#define _KVM_XEN_DYNHC_DYNHC_H

#include "xen/base/attr.h"

int xen_dynhc_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_dynhc_enumerate(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
void xen_dynhc_destroy(struct kvm *kvm);

/* Whether a token is bound.  Under dynhc_lock. */
bool xen_dynhc_has_tokens(struct kvm *kvm);

#endif /* _KVM_XEN_DYNHC_DYNHC_H */
