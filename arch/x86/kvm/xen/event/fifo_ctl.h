/* SPDX-License-Identifier: GPL-2.0 */
/* FIFO event channels come and go. */
#ifndef _KVM_XEN_EVENT_FIFO_CTL_H
#define _KVM_XEN_EVENT_FIFO_CTL_H

#include "xen/event/fifo.h"

/*
 * All take fifo_lock and may wait for a grace period of kvm->srcu:
 * the caller is in no read section of it, and holds no lock but vcpu->mutex.
 * Each returns 0 or what Xen returns to the guest.
 */

/*
 * Place the control block of @vcpu; the first one of a VM switches it to FIFO.
 * -EINVAL: no such place, or the vCPU has one.
 */
int xen_fifo_init_control(struct kvm_vcpu *vcpu, u64 gfn, u32 offset);

/* Add a page.  -EOPNOTSUPP: not FIFO; -ENOSPC: complete; -EINVAL: no page. */
int xen_fifo_expand_array(struct kvm *kvm, u64 gfn);

/*
 * The priority of what is raised on @nr from now on; unlike the others in a
 * read section of kvm->srcu.  -ENOSYS: not FIFO; -EINVAL; -ENOMEM.
 */
int xen_fifo_set_priority(struct kvm *kvm, u32 nr, u32 priority);

/* Go back to 2-level; nothing is left of FIFO. */
void xen_fifo_reset(struct kvm *kvm);

/* The same if FIFO is there without the VMM's knowledge. */
void xen_fifo_reset_unknown(struct kvm *kvm);

/* The last vCPU is gone, and the VM: nobody raises events. */
void xen_fifo_destroy_vcpu(struct kvm_vcpu *vcpu);
void xen_fifo_destroy(struct kvm *kvm);

/* The parts of these that need fifo_lock, for fifo_state.c. */
int xen_fifo_switch_on(struct kvm *kvm);
void xen_fifo_switch_off(struct kvm *kvm);
int xen_fifo_place_control(struct kvm_vcpu *vcpu, u64 gfn, u32 offset);
int xen_fifo_add_page(struct kvm *kvm, u64 gfn);

#endif /* _KVM_XEN_EVENT_FIFO_CTL_H */
