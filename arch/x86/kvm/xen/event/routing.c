// SPDX-License-Identifier: GPL-2.0
/*
 * Events that the VMM raises: by irqfd routing, by irqfd routing in hard interrupt
 * context, and by the ioctl KVM_XEN_HVM_EVTCHN_SEND.  Owns no state.
 */
#include "xen/event/evtchn.h"

#include <linux/nospec.h>

/* The vCPU of a routing entry, whose index is cached: entries never change. */
static struct kvm_vcpu *routed_vcpu(struct kvm *kvm, struct kvm_xen_evtchn *xe)
{
	struct kvm_vcpu *vcpu;
	int idx = READ_ONCE(xe->vcpu_idx);

	if (likely(idx >= 0))
		return kvm_get_vcpu(kvm, idx);

	vcpu = kvm_get_vcpu_by_id(kvm, xe->vcpu_id);
	if (vcpu)
		WRITE_ONCE(xe->vcpu_idx, vcpu->vcpu_idx);
	return vcpu;
}

/* kvm_set_irq() adds up results: negative is an ignored interrupt, 0 a coalesced one. */
static int to_set_irq(int r)
{
	static const int results[] = {
		[XEN_EVTCHN_COALESCED]	= 0,
		[XEN_EVTCHN_MASKED]	= -ENOTCONN,
		[XEN_EVTCHN_QUEUED]	= 1,
		[XEN_EVTCHN_RAISED]	= 1,
		[XEN_EVTCHN_SAVED]	= 1,
		[XEN_EVTCHN_DROPPED]	= -ENOTCONN,
	};

	static_assert(ARRAY_SIZE(results) == XEN_EVTCHN_NR_VERDICTS);

	return r < 0 ? r : results[r];
}

/* Called with interrupts off, where searching for the vCPU would take too long. */
int kvm_xen_set_evtchn_fast(struct kvm_xen_evtchn *xe, struct kvm *kvm)
{
	int idx = READ_ONCE(xe->vcpu_idx);

	if (idx < 0)
		return -EWOULDBLOCK;

	guard(srcu)(&kvm->srcu);
	return to_set_irq(xen_evtchn_raise_fast(kvm_get_vcpu(kvm, idx), xe->port,
						xe->priority));
}

static int set_evtchn(struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm,
		      int irq_source_id, int level, bool line_status)
{
	struct kvm_vcpu *vcpu;

	if (!level)
		return -EINVAL;

	vcpu = routed_vcpu(kvm, &e->xen_evtchn);
	if (!vcpu)
		return -EINVAL;

	guard(srcu)(&kvm->srcu);
	return to_set_irq(xen_evtchn_raise(vcpu, e->xen_evtchn.port,
					   e->xen_evtchn.priority));
}

/*
 * Do not check the port or the vCPU: a VMM may restore its routing before the width and
 * before it creates vCPUs, as it may with MSIs.  An event for a missing port or vCPU is
 * ignored.
 */
int kvm_xen_setup_evtchn(struct kvm *kvm,
			 struct kvm_kernel_irq_routing_entry *e,
			 const struct kvm_irq_routing_entry *ue)
{
	const struct kvm_irq_routing_xen_evtchn *target = &ue->u.xen_evtchn;

	if (!xen_is_priority(kvm, target->priority))
		return -EINVAL;

	e->xen_evtchn = (struct kvm_xen_evtchn) {
		.port = target->port,
		.vcpu_id = target->vcpu,
		.vcpu_idx = -1,
		.priority = target->priority,
	};
	e->set = set_evtchn;

	/*
	 * Usually the vCPU exists by now; cache its index, so that events need no search.
	 */
	routed_vcpu(kvm, &e->xen_evtchn);
	return 0;
}

/*
 * KVM_XEN_HVM_EVTCHN_SEND: the VMM raises an event, masked or not.  Returns 0 or -errno.
 */
int kvm_xen_hvm_evtchn_send(struct kvm *kvm,
			    struct kvm_irq_routing_xen_evtchn *uxe)
{
	u32 priority = uxe->priority;
	struct kvm_vcpu *vcpu;
	int r;

	if (!uxe->port || uxe->port >= xen_nr_ports(kvm, xen_layout(kvm)))
		return -EINVAL;
	if (!xen_is_priority(kvm, priority))
		return -EINVAL;
	if (priority != KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL)
		priority = array_index_nospec(priority, XEN_ABI_FIFO_NR_QUEUES);

	vcpu = kvm_get_vcpu_by_id(kvm, uxe->vcpu);
	if (!vcpu)
		return -EINVAL;

	guard(srcu)(&kvm->srcu);
	r = xen_evtchn_raise(vcpu, uxe->port, priority);
	return min(r, 0);
}
