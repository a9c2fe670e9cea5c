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
 * KVM's part of port @nr, or NULL if its leaf was never allocated.  @nr is below
 * XEN_ABI_FIFO_NR_PORTS.
 */
struct evtchn_fifo_port *xen_fifo_find_port(struct xen_fifo *fifo, u32 nr);

/*
 * KVM's part of port @nr, whose leaf is allocated if missing; NULL if @gfp allows no
 * allocation.
 */
struct evtchn_fifo_port *xen_fifo_make_port(struct xen_fifo *fifo, u32 nr,
					    gfp_t gfp);

/*
 * Log writes that could not be logged when they were made.  Only in the vCPU's thread.
 * Returns false if its ring became full; the rest is deferred again.
 */
bool xen_fifo_log_dirty(struct kvm_vcpu *vcpu);

/*
 * Whether the memslots have not changed since a page for a saved event could not be
 * mapped. In a read section of kvm->srcu.
 */
bool xen_fifo_is_stalled(struct kvm_vcpu *vcpu);

/* Called by the vCPU's thread before it raises saved events again. */
void xen_fifo_begin_retry(struct kvm_vcpu *vcpu);

/* Make vCPUs raise their held events again.  A work function. */
void xen_fifo_retry_held(struct work_struct *work);

#endif /* _KVM_XEN_EVENT_EVENTS_FIFO_H */
