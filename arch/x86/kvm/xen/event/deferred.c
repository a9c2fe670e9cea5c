// SPDX-License-Identifier: GPL-2.0
/*
 * Work that events leave to the thread of a vCPU: whether there is any, and doing it.
 */
#include "xen/base/deferred.h"
#include "xen/base/dirty.h"
#include "xen/event/events_fifo.h"
#include "xen/event/evtchn.h"
#include "xen/upcall/vcpu_info.h"

bool __kvm_xen_has_pending_events(struct kvm_vcpu *vcpu)
{
	atomic64_t *parked = vcpu->arch.xen.state.parked;
	u64 narrow = atomic64_read(&parked[XEN_NARROW]);

	guard(srcu)(&vcpu->kvm->srcu);

	/* A ring that is full ends KVM_RUN when the vCPU is to run, which may be never. */
	if (((narrow & XEN_PARKED_LOG) && !xen_ring_is_full(vcpu)) ||
	    ((narrow & XEN_PARKED_RETRY) && !xen_fifo_is_stalled(vcpu)))
		return true;

	return ((narrow & (XEN_PARKED_LINE | ~XEN_PARKED_DUTIES)) ||
		atomic64_read(&parked[XEN_WIDE])) && xen_vcpu_info_can_replay(vcpu);
}

/*
 * See to what is parked for this vCPU.  May sleep; the caller has the vCPU
 * loaded and is in a read section of kvm->srcu.
 */
void kvm_xen_inject_pending_events(struct kvm_vcpu *vcpu)
{
	atomic64_t *parked = &vcpu->arch.xen.state.parked[XEN_NARROW];
	struct kvm *kvm = vcpu->kvm;
	u64 duties = atomic64_read(parked) & XEN_PARKED_DUTIES;

	xen_might_sleep();

	xen_upcall_replay(vcpu);
	if (!duties)
		return;

	duties &= atomic64_fetch_andnot(duties, parked);
	if (duties & XEN_PARKED_LOG)
		xen_fifo_log_dirty(vcpu);
	if (duties & XEN_PARKED_LINE)
		xen_upcall_see_to_line(vcpu);
	if (duties & XEN_PARKED_RETRY) {
		xen_fifo_begin_retry(vcpu);
		xen_evtchn_raise_saved(kvm, 1, xen_nr_ports(kvm, xen_layout(kvm)),
				       vcpu);
	}
}
