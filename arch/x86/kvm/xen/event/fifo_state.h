/* SPDX-License-Identifier: GPL-2.0 */
/* The state of FIFO event channels, as attributes: see linux/kvm_xen.h. */
#ifndef _KVM_XEN_EVENT_FIFO_STATE_H
#define _KVM_XEN_EVENT_FIFO_STATE_H

#include "xen/base/attr.h"

int xen_fifo_get_array(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_fifo_set_array(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_fifo_get_ports(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_fifo_set_ports(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_fifo_get_control(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data);
int xen_fifo_set_control(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data);

#endif /* _KVM_XEN_EVENT_FIFO_STATE_H */
