/* SPDX-License-Identifier: GPL-2.0 */
/* Attributes of the ports that KVM keeps; see domain_attr.c. */
#ifndef _KVM_XEN_EVENT_DOMAIN_ATTR_H
#define _KVM_XEN_EVENT_DOMAIN_ATTR_H

#include "xen/base/attr.h"

extern const struct xen_vm_attr xen_domain_attr;
extern const struct xen_vm_attr xen_domain_port_attr;
extern const struct xen_vm_attr xen_domain_ports_attr;

#endif /* _KVM_XEN_EVENT_DOMAIN_ATTR_H */
