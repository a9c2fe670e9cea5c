// SPDX-License-Identifier: GPL-2.0
/* Deferred work of events: whether a vCPU has any, and doing it in the vCPU's thread. */
#include "xen/base/deferred.h"
#include "xen/base/dirty.h"
#include "xen/event/events_fifo.h"
#include "xen/event/evtchn.h"
#include "xen/event/fifo_log.h"
#include "xen/upcall/vcpu_info.h"

bool __kvm_xen_has_pending_events(struct kvm_vcpu *vcpu)
{
	atomic64_t *deferred = vcpu->arch.xen.state.deferred;
	u64 narrow = atomic64_read(&deferred[XEN_NARROW]);

	guard(srcu)(&vcpu->kvm->srcu);

	/*
	 * If the dirty ring is full, KVM_RUN ends when the vCPU is about to run.  Do not
	 * wake the vCPU for that: its VMM may never run it again.
	 */
	if (((narrow & XEN_DEFERRED_LOG) && !xen_ring_is_full(vcpu)) ||
	    ((narrow & XEN_DEFERRED_RETRY) && !xen_fifo_is_stalled(vcpu)))
		return true;

	return ((narrow & (XEN_DEFERRED_LINE | ~XEN_DEFERRED_WORK)) ||
		atomic64_read(&deferred[XEN_WIDE])) && xen_vcpu_info_can_replay(vcpu);
}

/*
 * Do the deferred work of this vCPU.  May sleep; the caller is the vCPU's thread, has the
 * vCPU loaded and is in a read section of kvm->srcu.
 */
void kvm_xen_inject_pending_events(struct kvm_vcpu *vcpu)
{
	atomic64_t *deferred = &vcpu->arch.xen.state.deferred[XEN_NARROW];
	struct kvm *kvm = vcpu->kvm;
	u64 work = atomic64_read(deferred) & XEN_DEFERRED_WORK;

	xen_might_sleep();

	xen_upcall_replay(vcpu);
	if (!work)
		return;

	work &= atomic64_fetch_andnot(work, deferred);
	if (work & XEN_DEFERRED_LOG)
		xen_fifo_log_dirty(vcpu);
	if (work & XEN_DEFERRED_LINE)
		xen_upcall_sync_line(vcpu);
	if (work & XEN_DEFERRED_RETRY) {
		xen_fifo_begin_retry(vcpu);
		xen_evtchn_raise_saved(kvm, 1, xen_nr_ports(kvm, xen_layout(kvm)),
				       vcpu);
	}
}
