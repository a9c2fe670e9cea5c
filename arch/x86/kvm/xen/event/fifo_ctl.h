/* SPDX-License-Identifier: GPL-2.0 */
/* Control of FIFO event channels: switching to them and back. */
#ifndef _KVM_XEN_EVENT_FIFO_CTL_H
#define _KVM_XEN_EVENT_FIFO_CTL_H

#include "xen/event/fifo.h"

/*
 * All take fifo_lock and may wait for a grace period of kvm->srcu: the caller is not in a
 * read section of kvm->srcu and holds no lock other than vcpu->mutex.  Those with a
 * result return 0 or the error that Xen returns to the guest.
 */

/*
 * Place the control block of @vcpu; the first one of a VM switches it to FIFO.  -EINVAL:
 * bad address, or the vCPU has one already.
 */
int xen_fifo_init_control(struct kvm_vcpu *vcpu, u64 gfn, u32 offset);

/*
 * Add a page to the event array.  -EOPNOTSUPP: not FIFO; -ENOSPC: complete; -EINVAL: no
 * page.
 */
int xen_fifo_expand_array(struct kvm *kvm, u64 gfn);

/*
 * Set the priority of future events of port @nr.  Unlike the other functions, called in a
 * read section of kvm->srcu, without fifo_lock.  May sleep.  -ENOSYS (Xen's number): not
 * FIFO; -EINVAL; -ENOMEM.
 */
int xen_fifo_set_priority(struct kvm *kvm, u32 nr, u32 priority);

/* Go back to 2-level and free all FIFO state. */
void xen_fifo_reset(struct kvm *kvm);

/* Go back to 2-level if FIFO is in use without the VMM's knowledge. */
void xen_fifo_reset_unknown(struct kvm *kvm);

/* Free FIFO state of a vCPU or a VM that is being destroyed: nobody raises events. */
void xen_fifo_destroy_vcpu(struct kvm_vcpu *vcpu);
void xen_fifo_destroy(struct kvm *kvm);

/* Parts of the above for fifo_state.c, which holds fifo_lock. */
int xen_fifo_switch_on(struct kvm *kvm);
void xen_fifo_switch_off(struct kvm *kvm);
int xen_fifo_place_control(struct kvm_vcpu *vcpu, u64 gfn, u32 offset);
int xen_fifo_add_page(struct kvm *kvm, u64 gfn);

#endif /* _KVM_XEN_EVENT_FIFO_CTL_H */
