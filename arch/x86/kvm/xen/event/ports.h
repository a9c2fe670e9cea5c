/* SPDX-License-Identifier: GPL-2.0 */
/* Ports that the VMM registered for EVTCHNOP_send; see ports.c. */
#ifndef _KVM_XEN_EVENT_PORTS_H
#define _KVM_XEN_EVENT_PORTS_H

#include "xen/base/attr.h"

int xen_port_set_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_port_enumerate(struct kvm *kvm, struct kvm_xen_evtchn_enum *request);
void xen_ports_reset(struct kvm *kvm);

/* Returns 0 if @port is valid, -ENOSPC if it exceeds the VMM's limit, else -EINVAL. */
int xen_port_check(struct kvm *kvm, u32 port);
void xen_ports_destroy(struct kvm *kvm);

/*
 * The highest port that is registered or a destination of sends; 0: none.  Under
 * xen_lock.
 */
u32 xen_ports_highest(struct kvm *kvm);

#endif /* _KVM_XEN_EVENT_PORTS_H */
