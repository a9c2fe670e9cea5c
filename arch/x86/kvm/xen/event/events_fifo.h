/* SPDX-License-Identifier: GPL-2.0 */
/* FIFO events inside KVM; see events_fifo.c. */
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

/*
 * Whether the memslots have not changed since a page for a saved event could not be
 * mapped.  In a read section of kvm->srcu.
 */
bool xen_fifo_is_stalled(struct kvm_vcpu *vcpu);

/* Called by the vCPU's thread before it raises saved events again. */
void xen_fifo_begin_retry(struct kvm_vcpu *vcpu);

/* Make vCPUs raise their held events again.  A work function. */
void xen_fifo_retry_held(struct work_struct *work);

#endif /* _KVM_XEN_EVENT_EVENTS_FIFO_H */
