/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Logging writes to the event array and to control blocks, which a migration has to see.
 */
#ifndef _KVM_XEN_EVENT_FIFO_LOG_H
#define _KVM_XEN_EVENT_FIFO_LOG_H

#include "xen/event/fifo.h"

/* Log a write to the word of port @nr, in the page that @gpc maps.  Any context. */
void xen_fifo_log_word(struct kvm_vcpu *vcpu, struct xen_fifo *fifo, u32 nr,
		       struct gfn_to_pfn_cache *gpc);

/* Log a write to the control block of @vcpu, which is @mine.  Any context. */
void xen_fifo_log_control(struct kvm_vcpu *vcpu, struct xen_fifo_vcpu *mine);

/*
 * Log writes that could not be logged when they were made.  Only in the vCPU's thread.
 * Returns false if its ring became full; the rest is deferred again.
 */
bool xen_fifo_log_dirty(struct kvm_vcpu *vcpu);

#endif /* _KVM_XEN_EVENT_FIFO_LOG_H */
