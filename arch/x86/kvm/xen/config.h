/* SPDX-License-Identifier: GPL-2.0 */
/* The configuration of a VM: KVM_XEN_HVM_CONFIG. */
#ifndef _KVM_XEN_CONFIG_H
#define _KVM_XEN_CONFIG_H

#include "xen/base/attr.h"

void xen_config_destroy(struct kvm *kvm);

extern const struct xen_vm_attr xen_additions_attr;

#endif /* _KVM_XEN_CONFIG_H */
