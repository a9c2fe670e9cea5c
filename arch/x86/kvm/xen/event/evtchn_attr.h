/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes of ports.
 */
#ifndef _KVM_XEN_EVENT_EVTCHN_ATTR_H
#define _KVM_XEN_EVENT_EVTCHN_ATTR_H

#include "xen/base/attr.h"

extern const struct xen_vm_attr xen_evtchn_attr;
extern const struct xen_vm_attr xen_evtchn_enum_attr;
extern const struct xen_vm_attr xen_evtchn_limit_attr;

#endif /* _KVM_XEN_EVENT_EVTCHN_ATTR_H */
