// SPDX-License-Identifier: GPL-2.0
/*
 * Raising events: finds the target, marks shared_info, wakes pollers, points
 * the vCPU at it; and the three ways in that need no port of the guest's own:
 * irqfd routing, irqfd routing from hard interrupt context, and the ioctl.
 */
#include "internal.h"
#include "trace.h"

#include <linux/kthread.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>

int xen_evtchn_raise_fast(struct kvm_vcpu *vcpu, u32 port)
{
	struct kvm *kvm = vcpu->kvm;
	const struct xen_evtchn_ops *ops = kvm->arch.xen.state.evtchn_ops;
	const struct xen_layout *layout = xen_layout(kvm);
	enum xen_evtchn_verdict verdict;
	struct xen_map map;

	u32 nr_ports = xen_nr_ports(kvm, layout);

	if (unlikely(port >= nr_ports))
		return -EINVAL;
	port = array_index_nospec(port, nr_ports);

	if (xen_must_not_lock())
		return -EWOULDBLOCK;

	if (unlikely(!xen_try_map(&map, &kvm->arch.xen.shinfo_cache)))
		return -EWOULDBLOCK;

	verdict = INDIRECT_CALL_1(ops->mark, evtchn_2l_mark, map.khva, layout,
				  port);
	xen_unmap(&map);

	if (verdict != XEN_EVTCHN_COALESCED)
		xen_poll_wake(kvm, port);
	if (verdict == XEN_EVTCHN_RAISED)
		xen_upcall_select(vcpu, layout, port);

	trace_kvm_xen_raise(vcpu->vcpu_id, port, verdict);
	return verdict;
}

/* Raise in a context that may use the VMM's memory, waiting for pages. */
static int raise_and_wait(struct kvm_vcpu *vcpu, u32 port)
{
	struct gfn_to_pfn_cache *gpc = &vcpu->kvm->arch.xen.shinfo_cache;
	int r;

	for (;;) {
		r = xen_evtchn_raise_fast(vcpu, port);
		if (r != -EWOULDBLOCK)
			return r;

		/* A cache that was never activated may not be refreshed. */
		if (!READ_ONCE(gpc->active))
			return -EINVAL;

		r = kvm_gpc_refresh(gpc, PAGE_SIZE);
		if (r)
			return r;
	}
}

int xen_evtchn_raise(struct kvm_vcpu *vcpu, u32 port)
{
	struct mm_struct *mm = vcpu->kvm->mm;
	int r = xen_evtchn_raise_fast(vcpu, port);

	if (likely(r != -EWOULDBLOCK))
		return r;
	if (current->mm == mm)
		return raise_and_wait(vcpu, port);

	/* Only the irqfd workers call this from outside of the VM's process. */
	if (WARN_ON_ONCE(current->mm))
		return -EINVAL;
	if (!mmget_not_zero(mm))
		return -EINVAL;

	kthread_use_mm(mm);
	r = raise_and_wait(vcpu, port);
	kthread_unuse_mm(mm);
	mmput_async(mm);
	return r;
}

/* A routing entry's target, looked up by id once: entries never change. */
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

/* kvm_set_irq() counts deliveries: less than 0 is an interrupt ignored. */
static int to_set_irq(int r)
{
	static const int results[] = {
		[XEN_EVTCHN_COALESCED]	= 0,
		[XEN_EVTCHN_MASKED]	= -ENOTCONN,
		[XEN_EVTCHN_RAISED]	= 1,
	};

	return r < 0 ? r : results[r];
}

int kvm_xen_set_evtchn_fast(struct kvm_xen_evtchn *xe, struct kvm *kvm)
{
	struct kvm_vcpu *vcpu = routed_vcpu(kvm, xe);

	if (!vcpu)
		return -EINVAL;

	guard(srcu)(&kvm->srcu);
	return to_set_irq(xen_evtchn_raise_fast(vcpu, xe->port));
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
	return to_set_irq(xen_evtchn_raise(vcpu, e->xen_evtchn.port));
}

/*
 * Neither the port nor the vCPU is checked: a VMM may restore its routing
 * before the width and before it makes its vCPUs, as it may with MSIs.  An
 * event for what is not there by then is ignored.
 */
int kvm_xen_setup_evtchn(struct kvm *kvm,
			 struct kvm_kernel_irq_routing_entry *e,
			 const struct kvm_irq_routing_entry *ue)
{
	const struct kvm_irq_routing_xen_evtchn *target = &ue->u.xen_evtchn;

	if (target->priority != KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL)
		return -EINVAL;

	e->xen_evtchn = (struct kvm_xen_evtchn) {
		.port = target->port,
		.vcpu_id = target->vcpu,
		.vcpu_idx = -1,
		.priority = target->priority,
	};
	e->set = set_evtchn;

	/* Usually there by now, so that not every event has to search. */
	routed_vcpu(kvm, &e->xen_evtchn);
	return 0;
}

/* KVM_XEN_HVM_EVTCHN_SEND: an event from the VMM, masked or not. */
int kvm_xen_hvm_evtchn_send(struct kvm *kvm,
			    struct kvm_irq_routing_xen_evtchn *uxe)
{
	struct kvm_vcpu *vcpu;
	int r;

	if (!uxe->port || uxe->port >= xen_nr_ports(kvm, xen_layout(kvm)))
		return -EINVAL;
	if (uxe->priority != KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL)
		return -EINVAL;

	vcpu = kvm_get_vcpu_by_id(kvm, uxe->vcpu);
	if (!vcpu)
		return -EINVAL;

	guard(srcu)(&kvm->srcu);
	r = xen_evtchn_raise(vcpu, uxe->port);
	return min(r, 0);
}
