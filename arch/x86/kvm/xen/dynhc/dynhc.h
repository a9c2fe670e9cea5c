/* SPDX-License-Identifier: GPL-2.0 */
/* Dynamic hypercalls: the tokens that a VMM bound. */
#ifndef _KVM_XEN_DYNHC_DYNHC_H
#define _KVM_XEN_DYNHC_DYNHC_H

#include "xen/base/attr.h"

void xen_dynhc_destroy(struct kvm *kvm);

/* Whether any token is bound.  Under dynhc_lock. */
bool xen_dynhc_has_tokens(struct kvm *kvm);

extern const struct xen_vm_attr xen_dynhc_attr;
extern const struct xen_vm_attr xen_dynhc_enum_attr;

#endif /* _KVM_XEN_DYNHC_DYNHC_H */
