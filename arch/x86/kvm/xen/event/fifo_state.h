/* SPDX-License-Identifier: GPL-2.0 */
/* The state of FIFO event channels, as attributes: see linux/kvm_xen.h. */
#ifndef _KVM_XEN_EVENT_FIFO_STATE_H
#define _KVM_XEN_EVENT_FIFO_STATE_H

#include "xen/base/attr.h"

extern const struct xen_vm_attr xen_fifo_array_attr;
extern const struct xen_vm_attr xen_fifo_ports_attr;
extern const struct xen_vcpu_attr xen_fifo_control_attr;

#endif /* _KVM_XEN_EVENT_FIFO_STATE_H */
