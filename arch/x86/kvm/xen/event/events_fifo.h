/* SPDX-License-Identifier: GPL-2.0 */
/* FIFO events inside KVM. */
#ifndef _KVM_XEN_EVENT_EVENTS_FIFO_H
#define _KVM_XEN_EVENT_EVENTS_FIFO_H

#include "xen/base/evtchn_ops.h"
#include "xen/event/fifo.h"

extern const struct xen_evtchn_ops xen_fifo_ops;

/* xen_fifo_ops.mark, to be called without a retpoline. */
int xen_fifo_mark(struct kvm_vcpu *vcpu, const struct xen_layout *layout,
		  u32 port, u32 priority);

static inline u32 xen_fifo_nr_ports(struct kvm *kvm,
				    const struct xen_layout *layout)
{
	return READ_ONCE(kvm->arch.xen.state.max_port) + 1;
}

/* The kernel's part of @nr; NULL where nothing was kept for it yet. */
struct evtchn_fifo_port *xen_fifo_find_port(struct xen_fifo *fifo, u32 nr);

/* The same, made where it is not there; NULL where @gfp cannot. */
struct evtchn_fifo_port *xen_fifo_make_port(struct xen_fifo *fifo, u32 nr,
					    gfp_t gfp);

/*
 * Log, in the vCPU's thread, what could not be logged when it was written.  Returns false
 * where its ring became full; the work is deferred again for the rest.
 */
bool xen_fifo_log_dirty(struct kvm_vcpu *vcpu);

/* True where no event that waits for a page of its has got one by now.  In kvm->srcu. */
bool xen_fifo_is_stalled(struct kvm_vcpu *vcpu);

/* The vCPU's thread is about to raise again what is saved. */
void xen_fifo_begin_retry(struct kvm_vcpu *vcpu);

/* Have vCPUs raise again what is held for them. */
void xen_fifo_retry_held(struct work_struct *work);

#endif /* _KVM_XEN_EVENT_EVENTS_FIFO_H */
