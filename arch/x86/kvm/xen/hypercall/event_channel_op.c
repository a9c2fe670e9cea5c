// SPDX-License-Identifier: GPL-2.0
/*
 * EVTCHNOP_*: the frequent operations, those that set up FIFO, and those after which FIFO
 * state has to follow what the VMM did.  All others are left to the VMM, unless KVM keeps
 * the ports: see port_op.c.  Owns no state.
 */
#include "xen/base/base.h"
#include "xen/event/evtchn.h"
#include "xen/event/fifo_ctl.h"
#include "xen/event/port.h"
#include "xen/hypercall/completion.h"
#include "xen/hypercall/args.h"
#include "xen/hypercall/event_channel_op.h"
#include "xen/hypercall/port_op.h"

/* These have the same layout in both widths. */
static_assert(sizeof(struct evtchn_send) == sizeof(u32));
static_assert(sizeof(struct evtchn_unmask) == sizeof(u32));
static_assert(sizeof(struct evtchn_close) == sizeof(u32));
static_assert(sizeof(struct evtchn_bind_vcpu) == 2 * sizeof(u32));

/* Read the argument of a call that is left to the VMM unless FIFO is offered. */
static s64 read_fifo_arg(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
			 void *arg, u32 size)
{
	if (!xen_fifo_is_offered(vcpu->kvm))
		return xen_keeps_ports(vcpu->kvm) ? -XEN_ABI_ENOSYS : XEN_HCALL_TO_VMM;

	return xen_hcall_read_arg(vcpu, hcall, arg, size);
}

static s64 hcall_send(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	s64 port = xen_hcall_read_word(vcpu, hcall);

	return port < 0 ? port : xen_port_send(vcpu, port, hcall->atomic);
}

static s64 hcall_init_control(struct kvm_vcpu *vcpu,
			      const struct kvm_xen_hcall *hcall)
{
	struct xen_abi_init_control init;
	struct kvm_vcpu *target;
	struct x86_exception e;
	s64 r;

	r = read_fifo_arg(vcpu, hcall, &init, sizeof(init));
	if (r)
		return r;

	target = xen_find_vcpu(vcpu->kvm, init.vcpu);
	if (!target)
		return -ENOENT;
	if (xen_fifo_is_refused(target))
		return XEN_HCALL_TO_VMM;

	/* Write the result first, so that a fault leaves everything unchanged. */
	init.link_bits = XEN_ABI_FIFO_LINK_BITS;
	if (kvm_write_guest_virt_system(vcpu, hcall->params[1], &init,
					sizeof(init), &e))
		return -EFAULT;

	/* xen_fifo_init_control() waits for a grace period of kvm->srcu. */
	kvm_vcpu_srcu_read_unlock(vcpu);
	r = xen_fifo_init_control(target, init.control_gfn, init.offset);
	kvm_vcpu_srcu_read_lock(vcpu);
	return r;
}

static s64 hcall_expand_array(struct kvm_vcpu *vcpu,
			      const struct kvm_xen_hcall *hcall)
{
	struct xen_abi_expand_array expand;
	s64 r;

	r = read_fifo_arg(vcpu, hcall, &expand, sizeof(expand));
	if (r)
		return r;

	kvm_vcpu_srcu_read_unlock(vcpu);
	r = xen_fifo_expand_array(vcpu->kvm, expand.array_gfn);
	kvm_vcpu_srcu_read_lock(vcpu);
	return r;
}

static s64 hcall_set_priority(struct kvm_vcpu *vcpu,
			      const struct kvm_xen_hcall *hcall)
{
	struct xen_abi_set_priority set;
	s64 r;

	r = read_fifo_arg(vcpu, hcall, &set, sizeof(set));
	return r ?: xen_fifo_set_priority(vcpu->kvm, set.port, set.priority);
}

/*
 * Unmask a port.  A VMM without support for FIFO unmasks 2-level ports itself.  KVM knows
 * the destination of registered IPIs and, with FIFO, of all ports that were raised or
 * bound once.
 */
static s64 hcall_unmask(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	struct kvm *kvm = vcpu->kvm;
	struct kvm_vcpu *target;
	s64 port;
	int r;

	if (!xen_fifo_is_on(kvm) && !xen_keeps_ports(kvm) &&
	    kvm->arch.xen.state.fifo_offer != XEN_FIFO_BY_VMM)
		return XEN_HCALL_TO_VMM;

	port = xen_hcall_read_word(vcpu, hcall);
	if (port < 0)
		return port;

	target = xen_port_receiver(kvm, port, hcall->atomic);
	if (IS_ERR(target))
		return XEN_HCALL_SLOW;
	if (!target && xen_keeps_ports(kvm))
		return -EINVAL;

	r = xen_evtchn_unmask(kvm, target, port, hcall->atomic);
	if (r == -EWOULDBLOCK)
		return XEN_HCALL_SLOW;
	if (r == -EBUSY)
		return XEN_HCALL_AGAIN;
	if (r == -ENODEV)
		return XEN_HCALL_TO_VMM;
	return min(r, 0);
}

static void closed(struct kvm_vcpu *vcpu, const struct kvm_xen_completion *completion)
{
	xen_evtchn_closed(vcpu->kvm, completion->port);
}

/* Close a port: after the VMM has closed it, KVM clears its FIFO state. */
static s64 hcall_close(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	s64 port;

	if (xen_keeps_ports(vcpu->kvm))
		return xen_hcall_port_op(vcpu, hcall);
	if (!xen_fifo_is_on(vcpu->kvm))
		return XEN_HCALL_TO_VMM;

	port = xen_hcall_read_word(vcpu, hcall);
	if (port < 0)
		return XEN_HCALL_TO_VMM;

	return xen_hcall_complete_after_vmm(vcpu, (struct kvm_xen_completion) {
		.complete = closed,
		.port = port,
	});
}

static void bound(struct kvm_vcpu *vcpu, const struct kvm_xen_completion *completion)
{
	struct kvm_vcpu *target = xen_find_vcpu(vcpu->kvm, completion->vcpu);

	if (target)
		xen_evtchn_bound(vcpu->kvm, target, completion->port);
}

/*
 * Bind a port to another vCPU: a pending event moves along, also if the VMM does not
 * support FIFO.
 */
static s64 hcall_bind_vcpu(struct kvm_vcpu *vcpu,
			   const struct kvm_xen_hcall *hcall)
{
	struct evtchn_bind_vcpu bind;

	if (xen_keeps_ports(vcpu->kvm))
		return xen_hcall_port_op(vcpu, hcall);
	if (!xen_fifo_is_on(vcpu->kvm) ||
	    xen_hcall_read_arg(vcpu, hcall, &bind, sizeof(bind)))
		return XEN_HCALL_TO_VMM;

	return xen_hcall_complete_after_vmm(vcpu, (struct kvm_xen_completion) {
		.complete = bound,
		.port = bind.port,
		.vcpu = bind.vcpu,
	});
}

static void was_reset(struct kvm_vcpu *vcpu, const struct kvm_xen_completion *completion)
{
	kvm_vcpu_srcu_read_unlock(vcpu);
	xen_fifo_reset_unknown(vcpu->kvm);
	kvm_vcpu_srcu_read_lock(vcpu);
}

/*
 * Reset: the VMM closes all ports and may not know that this ends FIFO as well.  The VMM
 * also checks whose ports they are: a guest that names another domain does not get 0.
 */
static s64 hcall_reset(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	if (xen_keeps_ports(vcpu->kvm))
		return xen_hcall_port_op(vcpu, hcall);
	if (!xen_fifo_is_on(vcpu->kvm))
		return XEN_HCALL_TO_VMM;

	return xen_hcall_complete_after_vmm(vcpu, (struct kvm_xen_completion) {
		.complete = was_reset,
	});
}

const struct xen_hcall_op xen_event_channel_ops[XEN_NR_EVENT_CHANNEL_OPS] = {
	[EVTCHNOP_bind_interdomain]	= XEN_HCALL_IN_LOOP(xen_hcall_port_op),
	[EVTCHNOP_bind_virq]		= XEN_HCALL_IN_LOOP(xen_hcall_port_op),
	[EVTCHNOP_bind_pirq]		= XEN_HCALL_IN_LOOP(xen_hcall_port_op),
	[EVTCHNOP_status]		= XEN_HCALL_IN_LOOP(xen_hcall_port_op),
	[EVTCHNOP_alloc_unbound]	= XEN_HCALL_IN_LOOP(xen_hcall_port_op),
	[EVTCHNOP_bind_ipi]		= XEN_HCALL_IN_LOOP(xen_hcall_port_op),
	[EVTCHNOP_send]			= XEN_HCALL_ANYWHERE(hcall_send),
	[EVTCHNOP_close]		= XEN_HCALL_IN_LOOP(hcall_close),
	[EVTCHNOP_bind_vcpu]		= XEN_HCALL_IN_LOOP(hcall_bind_vcpu),
	[EVTCHNOP_unmask]		= XEN_HCALL_ANYWHERE(hcall_unmask),
	[EVTCHNOP_reset]		= XEN_HCALL_IN_LOOP(hcall_reset),
	[EVTCHNOP_init_control]		= XEN_HCALL_IN_LOOP(hcall_init_control),
	[EVTCHNOP_expand_array]		= XEN_HCALL_IN_LOOP(hcall_expand_array),
	[EVTCHNOP_set_priority]		= XEN_HCALL_IN_LOOP(hcall_set_priority),
};
