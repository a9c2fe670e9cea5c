/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ports that the VMM registered.
 */
#ifndef _KVM_XEN_EVENT_PORTS_H
#define _KVM_XEN_EVENT_PORTS_H

#include "xen/base/attr.h"

int xen_port_set_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_port_enumerate(struct kvm *kvm, struct kvm_xen_evtchn_enum *request);
void xen_ports_reset(struct kvm *kvm);

/* 0 for a port that there is room for, -EINVAL, or -ENOSPC by the VMM's limit. */
int xen_port_check(struct kvm *kvm, u32 port);
void xen_ports_destroy(struct kvm *kvm);

/*
 * Send on @port as the guest of @vcpu.  Returns 0, or XEN_HCALL_TO_VMM: nothing is
 * registered there, or it cannot be delivered by now.  If @atomic it may also be
 * XEN_HCALL_SLOW, with nothing done: then it may take a lock or a page that sleeps.
 */
s64 xen_port_send(struct kvm_vcpu *vcpu, u32 port, bool atomic);

/*
 * The vCPU that @port, registered as an IPI, is for; else NULL.  If @atomic also
 * ERR_PTR(-EWOULDBLOCK), where it has to be searched for.
 */
struct kvm_vcpu *xen_port_ipi_target(struct kvm *kvm, u32 port, bool atomic);

/* The highest port that is registered, or that events are sent to; 0: none. */
u32 xen_ports_highest(struct kvm *kvm);

#endif /* _KVM_XEN_EVENT_PORTS_H */
