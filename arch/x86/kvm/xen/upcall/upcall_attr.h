/* SPDX-License-Identifier: GPL-2.0 */
/* Attributes of a vCPU that determine its method of upcalls. */
#ifndef _KVM_XEN_UPCALL_UPCALL_ATTR_H
#define _KVM_XEN_UPCALL_UPCALL_ATTR_H

#include "xen/base/attr.h"

extern const struct xen_vcpu_attr xen_vcpu_info_attr;
extern const struct xen_vcpu_attr xen_vcpu_info_hva_attr;
extern const struct xen_vcpu_attr xen_vcpu_id_attr;
extern const struct xen_vcpu_attr xen_vcpu_vector_attr;

#endif /* _KVM_XEN_UPCALL_UPCALL_ATTR_H */
