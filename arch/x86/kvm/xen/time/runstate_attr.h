/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes of runstates.
 */
#ifndef _KVM_XEN_TIME_RUNSTATE_ATTR_H
#define _KVM_XEN_TIME_RUNSTATE_ATTR_H

#include "xen/base/attr.h"

extern const struct xen_vm_attr xen_runstate_update_flag_attr;
extern const struct xen_vcpu_attr xen_runstate_addr_attr;
extern const struct xen_vcpu_attr xen_runstate_current_attr;
extern const struct xen_vcpu_attr xen_runstate_data_attr;
extern const struct xen_vcpu_attr xen_runstate_adjust_attr;

#endif /* _KVM_XEN_TIME_RUNSTATE_ATTR_H */
