// SPDX-License-Identifier: GPL-2.0
/*
 * Events that the VMM raises: by irqfd routing, by irqfd routing in hard interrupt
 * context, and by the ioctl KVM_XEN_HVM_EVTCHN_SEND.  Owns no state.
 */
#include "xen/event/domain.h"

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

/*
 * An event that goes to a port's own vCPU.  Returns for kvm_set_irq(); if @atomic, in
 * any context, -EWOULDBLOCK with nothing done if it would have to sleep.
 */
static noinline int raise_by_port(struct kvm *kvm, const struct kvm_xen_evtchn *xe,
				  bool atomic)
{
	u32 port = xe->port;
	struct kvm_vcpu *vcpu;
	int r;

	guard(srcu)(&kvm->srcu);

	vcpu = xen_domain_find_vcpu(kvm, xe->vcpu_id, &port, atomic);
	if (IS_ERR(vcpu))
		return PTR_ERR(vcpu);
	if (!vcpu)
		return to_set_irq(XEN_EVTCHN_DROPPED);

	r = atomic ? xen_evtchn_raise_fast(vcpu, port, xe->priority) :
		     xen_evtchn_raise(vcpu, port, xe->priority);
	return to_set_irq(r);
}

/* Called with interrupts off, where searching for the vCPU would take too long. */
int kvm_xen_set_evtchn_fast(struct kvm_xen_evtchn *xe, struct kvm *kvm)
{
	int idx = READ_ONCE(xe->vcpu_idx);

	if (unlikely(idx < 0))
		return xen_finds_vcpu(xe->vcpu_id) ? raise_by_port(kvm, xe, true) :
						     -EWOULDBLOCK;

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
	if (xen_finds_vcpu(e->xen_evtchn.vcpu_id))
		return raise_by_port(kvm, &e->xen_evtchn, false);

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
	 * No vCPU has one of the ids for which xen_finds_vcpu() is true.
	 */
	routed_vcpu(kvm, &e->xen_evtchn);
	return 0;
}

/* The vCPU that the VMM names.  Returns as xen_domain_find_vcpu(). */
static struct kvm_vcpu *named_vcpu(struct kvm *kvm, u32 vcpu_id, u32 *port)
{
	if (xen_finds_vcpu(vcpu_id))
		return xen_domain_find_vcpu(kvm, vcpu_id, port, false);

	return kvm_get_vcpu_by_id(kvm, vcpu_id) ?: ERR_PTR(-EINVAL);
}

/*
 * KVM_XEN_HVM_EVTCHN_SEND: the VMM raises an event, masked or not.  Returns 0 or -errno.
 */
int kvm_xen_hvm_evtchn_send(struct kvm *kvm,
			    struct kvm_irq_routing_xen_evtchn *uxe)
{
	u32 priority = uxe->priority;
	u32 port = uxe->port;
	struct kvm_vcpu *vcpu;
	int r;

	if (!xen_is_priority(kvm, priority))
		return -EINVAL;
	if (priority != KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL)
		priority = array_index_nospec(priority, XEN_ABI_FIFO_NR_QUEUES);

	guard(srcu)(&kvm->srcu);

	vcpu = named_vcpu(kvm, uxe->vcpu, &port);
	if (IS_ERR_OR_NULL(vcpu))
		return PTR_ERR_OR_ZERO(vcpu);
	if (!port || port >= xen_nr_ports(kvm, xen_layout(kvm)))
		return -EINVAL;

	r = xen_evtchn_raise(vcpu, port, priority);
	return min(r, 0);
}
