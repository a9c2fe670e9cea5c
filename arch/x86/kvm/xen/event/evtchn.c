// SPDX-License-Identifier: GPL-2.0
/*
 * Raising events: mark the port by the ABI in use, wake pollers, and select the port for
 * the vCPU.
 *
 * Owns no state.  Callers are in a read section of kvm->srcu.
 */
#include "xen/base/deferred.h"
#include "xen/base/trace.h"
#include "xen/event/evtchn.h"
#include "xen/event/pollers.h"
#include "xen/upcall/vcpu_info.h"

#include <linux/indirect_call_wrapper.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>

/* Wake pollers and select the port, as @verdict requires. */
static __always_inline void notify(struct kvm_vcpu *vcpu,
				   const struct xen_evtchn_ops *ops,
				 const struct xen_layout *layout, u32 port,
				 int verdict)
{
	if (xen_evtchn_is_new(verdict))
		xen_poll_wake(vcpu->kvm, port);
	if (verdict == XEN_EVTCHN_RAISED)
		xen_upcall_select(vcpu, ops, layout, port);
	else if (unlikely(xen_vcpu_info_failed(vcpu)))
		xen_vcpu_info_retry(vcpu);

	trace_kvm_xen_raise(vcpu->vcpu_id, port, verdict);
}

int xen_evtchn_raise_fast(struct kvm_vcpu *vcpu, u32 port, u32 priority)
{
	struct kvm *kvm = vcpu->kvm;
	const struct xen_evtchn_ops *ops = xen_ops(kvm);
	const struct xen_layout *layout = xen_layout(kvm);
	u32 nr_ports = xen_ops_nr_ports(ops, kvm, layout);
	int verdict;

	if (unlikely(port >= nr_ports))
		return -EINVAL;
	port = array_index_nospec(port, nr_ports);

	if (xen_must_not_lock())
		return -EWOULDBLOCK;

	if (ops == &xen_2l_ops)
		verdict = xen_2l_mark(vcpu, layout, port, priority);
	else
		verdict = INDIRECT_CALL_1(ops->mark, xen_fifo_mark, vcpu, layout,
					  port, priority);
	if (likely(verdict >= 0))
		notify(vcpu, ops, layout, port, verdict);
	return verdict;
}

/* The page is unavailable: save the event if the ABI can, else return @error. */
static int save(struct kvm_vcpu *vcpu, const struct xen_evtchn_ops *ops,
		u32 port, u32 priority, int error)
{
	if (!ops->save(vcpu, port, priority))
		return error;

	notify(vcpu, ops, xen_layout(vcpu->kvm), port, XEN_EVTCHN_SAVED);
	xen_defer_work_again(vcpu, XEN_DEFERRED_RETRY, xen_fifo_is_stalled);
	return XEN_EVTCHN_SAVED;
}

/* Raise an event, waiting for pages.  The caller may access the VMM's memory. */
static int raise_and_wait(struct kvm_vcpu *vcpu, u32 port, u32 priority)
{
	const struct xen_evtchn_ops *ops;
	int r;

	for (;;) {
		ops = xen_ops(vcpu->kvm);
		r = xen_evtchn_raise_fast(vcpu, port, priority);
		if (r != -EWOULDBLOCK)
			return r;

		r = ops->wait(vcpu->kvm, vcpu, port);
		if (r)
			return save(vcpu, ops, port, priority, r);
	}
}

/*
 * Raise an event in a worker, waiting for pages; charge allocations to the VM's memory
 * cgroup.
 */
static int raise_charged(struct kvm_vcpu *vcpu, u32 port, u32 priority)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(vcpu->kvm->mm);
	struct mem_cgroup *old = set_active_memcg(memcg);
	int r = raise_and_wait(vcpu, port, priority);

	set_active_memcg(old);
	mem_cgroup_put(memcg);
	return r;
}

int xen_evtchn_raise(struct kvm_vcpu *vcpu, u32 port, u32 priority)
{
	struct mm_struct *mm = vcpu->kvm->mm;
	int r;

	xen_might_sleep();

	r = xen_evtchn_raise_fast(vcpu, port, priority);
	if (likely(r != -EWOULDBLOCK))
		return r;
	if (current->mm == mm)
		return raise_and_wait(vcpu, port, priority);

	/* Only the irqfd workers call this from outside of the VM's process. */
	if (WARN_ON_ONCE(current->mm))
		return -EINVAL;
	if (!mmget_not_zero(mm))
		return -EINVAL;

	kthread_use_mm(mm);
	r = raise_charged(vcpu, port, priority);
	kthread_unuse_mm(mm);
	mmput_async(mm);
	return r;
}

struct kvm_vcpu *xen_target_search(struct kvm *kvm, struct xen_target *target,
				   union xen_dest dest)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu_by_id(kvm, dest.vcpu_id);

	if (vcpu)
		WRITE_ONCE(target->vcpu, vcpu);
	return vcpu;
}

/* Unmask @port, which is below the number of ports of @ops and @layout. */
static int unmask_port(struct kvm *kvm, struct kvm_vcpu *vcpu,
		       const struct xen_evtchn_ops *ops,
		       const struct xen_layout *layout, u32 port)
{
	int r = ops->unmask(kvm, vcpu, layout, port);

	if (r > 0)
		notify(vcpu, ops, layout, port, r);
	return r;
}

static int unmask_and_wait(struct kvm *kvm, struct kvm_vcpu *vcpu,
			   const struct xen_evtchn_ops *ops,
			   const struct xen_layout *layout, u32 port)
{
	int r;

	xen_might_sleep();

	for (;;) {
		r = unmask_port(kvm, vcpu, ops, layout, port);
		if (r != -EWOULDBLOCK)
			return r;

		/*
		 * Without its page the port has no pending bit: there is nothing to
		 * deliver.
		 */
		if (ops->wait(kvm, vcpu, port))
			return 0;
	}
}

int xen_evtchn_unmask(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port,
		      bool atomic)
{
	const struct xen_evtchn_ops *ops = xen_ops(kvm);
	const struct xen_layout *layout = xen_layout(kvm);
	u32 nr_ports = ops->nr_ports(kvm, layout);

	if (!port || port >= nr_ports)
		return -EINVAL;

	port = array_index_nospec(port, nr_ports);
	if (!vcpu)
		vcpu = ops->owner(kvm, port);
	if (!atomic)
		return unmask_and_wait(kvm, vcpu, ops, layout, port);
	if (vcpu && !xen_upcall_is_atomic(vcpu))
		return -EWOULDBLOCK;

	return unmask_port(kvm, vcpu, ops, layout, port);
}

void xen_evtchn_closed(struct kvm *kvm, u32 port)
{
	const struct xen_evtchn_ops *ops = xen_ops(kvm);
	u32 nr_ports = ops->nr_ports(kvm, xen_layout(kvm));

	if (port < nr_ports)
		ops->forget(kvm, array_index_nospec(port, nr_ports));
}

void xen_evtchn_bound(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port)
{
	const struct xen_evtchn_ops *ops = xen_ops(kvm);
	u32 nr_ports = ops->nr_ports(kvm, xen_layout(kvm));

	if (ops->bind && port && port < nr_ports)
		ops->bind(kvm, vcpu, array_index_nospec(port, nr_ports));
}

void xen_target_move(struct kvm *kvm, struct xen_target *target, u32 port,
		     u32 vcpu_id, u32 priority)
{
	struct kvm_vcpu *vcpu = xen_target_set(kvm, target, vcpu_id, priority);

	guard(srcu)(&kvm->srcu);

	xen_evtchn_bound(kvm, vcpu, port);
}

void xen_evtchn_raise_saved(struct kvm *kvm, u32 first, u32 end,
			    struct kvm_vcpu *only)
{
	const struct xen_evtchn_ops *ops = xen_ops(kvm);
	struct xen_saved_event saved;

	if (!ops->take_saved)
		return;

	/* At most one iteration per port.  Events that are not raised stay saved. */
	while (!fatal_signal_pending(current) &&
	       ops->take_saved(kvm, first, end, only, &saved)) {
		xen_evtchn_raise(saved.vcpu, saved.port, saved.priority);
		first = saved.port + 1;
		cond_resched();
	}
}
