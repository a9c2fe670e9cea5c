// SPDX-License-Identifier: GPL-2.0
/*
 * EVTCHNOP_* that read or change the table of ports, if KVM keeps it: decode the
 * argument, check which domain it names, and store the result.  Owns no state.
 */
#include "xen/base/base.h"
#include "xen/event/domain.h"
#include "xen/hypercall/args.h"
#include "xen/hypercall/completion.h"
#include "xen/hypercall/port_op.h"

#include <linux/eventfd.h>
#include <xen/interface/xen.h>
#include <xen/interface/event_channel.h>

/* These have the same layout in both widths. */
union port_arg {
	struct evtchn_alloc_unbound alloc_unbound;
	struct evtchn_bind_interdomain bind_interdomain;
	struct evtchn_bind_virq bind_virq;
	struct evtchn_bind_pirq bind_pirq;
	struct evtchn_bind_ipi bind_ipi;
	struct evtchn_bind_vcpu bind_vcpu;
	struct evtchn_close close;
	struct evtchn_status status;
	struct evtchn_reset reset;
};
static_assert(sizeof(struct evtchn_alloc_unbound) == 8);
static_assert(sizeof(struct evtchn_bind_interdomain) == 12);
static_assert(sizeof(struct evtchn_bind_virq) == 12);
static_assert(sizeof(struct evtchn_bind_pirq) == 12);
static_assert(sizeof(struct evtchn_bind_ipi) == 8);
static_assert(sizeof(struct evtchn_bind_vcpu) == 8);
static_assert(sizeof(struct evtchn_close) == 4);
static_assert(sizeof(struct evtchn_status) == 24);
static_assert(sizeof(struct evtchn_reset) == 2);

/* The domain that the guest calls @domid. */
static u16 resolve_domid(struct xen_domains *domains, u16 domid)
{
	return domid == DOMID_SELF ? domains->guest.table.domid : domid;
}

/* Whether the guest may act for @domid: 0; -EPERM for the VMM's, -ESRCH for others. */
static int check_own(struct xen_domains *domains, u16 domid)
{
	u16 id = resolve_domid(domains, domid);

	if (id == domains->guest.table.domid)
		return 0;

	return id == domains->vmm.table.domid ? -EPERM : -ESRCH;
}

static int alloc_unbound(struct xen_domains *domains, union port_arg *arg)
{
	const struct xen_port_args args = {
		.domid = resolve_domid(domains, arg->alloc_unbound.remote_dom),
	};
	int r = check_own(domains, arg->alloc_unbound.dom);

	return r ?: xen_port_do(domains, xen_port_alloc_unbound, &args);
}

static int bind_interdomain(struct xen_domains *domains, union port_arg *arg)
{
	const struct xen_port_args args = {
		.domid = resolve_domid(domains, arg->bind_interdomain.remote_dom),
		.nr = arg->bind_interdomain.remote_port,
	};

	if (check_own(domains, args.domid) == -ESRCH)
		return -ESRCH;

	return xen_port_do(domains, xen_port_bind_interdomain, &args);
}

static int bind_virq(struct xen_domains *domains, union port_arg *arg)
{
	const struct xen_port_args args = {
		.nr = arg->bind_virq.virq,
		.vcpu = arg->bind_virq.vcpu,
	};

	return xen_port_do(domains, xen_port_bind_virq, &args);
}

static int bind_ipi(struct xen_domains *domains, union port_arg *arg)
{
	const struct xen_port_args args = { .vcpu = arg->bind_ipi.vcpu };

	return xen_port_do(domains, xen_port_bind_ipi, &args);
}

/* Without a VMM that provides PIRQs there are none. */
static int bind_pirq(struct xen_domains *domains, union port_arg *arg)
{
	const struct xen_port_args args = { .nr = arg->bind_pirq.pirq };

	if (!(READ_ONCE(domains->vmm_ops) & BIT(EVTCHNOP_bind_pirq)))
		return -EINVAL;

	return xen_port_do(domains, xen_port_bind_pirq, &args);
}

static int bind_vcpu(struct xen_domains *domains, union port_arg *arg)
{
	const struct xen_port_args args = {
		.nr = arg->bind_vcpu.port,
		.vcpu = arg->bind_vcpu.vcpu,
	};

	return xen_port_do(domains, xen_port_bind_vcpu, &args);
}

static int close_port(struct xen_domains *domains, union port_arg *arg)
{
	const struct xen_port_args args = { .nr = arg->close.port };

	return xen_port_do(domains, xen_port_close, &args);
}

static int port_status(struct xen_domains *domains, union port_arg *arg)
{
	struct evtchn_status *status = &arg->status;
	struct evtchn_entry entry;
	int r;

	r = check_own(domains, status->dom) ?:
	    xen_port_status(domains, status->port, &entry);
	if (r)
		return r;

	status->status = entry.state;
	status->vcpu = entry.vcpu;
	switch (entry.state) {
	case EVTCHN_UNBOUND:
		status->u.unbound.dom = entry.domid;
		break;
	case EVTCHN_INTERDOMAIN:
		status->u.interdomain.dom = entry.domid;
		status->u.interdomain.port = entry.peer;
		break;
	case EVTCHN_PIRQ:
		status->u.pirq = entry.peer;
		break;
	case EVTCHN_VIRQ:
		status->u.virq = entry.peer;
		break;
	}
	return 0;
}

static int reset(struct xen_domains *domains, union port_arg *arg)
{
	return check_own(domains, arg->reset.dom) ?: xen_domain_reset(domains);
}

/*
 * How to handle an operation.  @port is the offset in its argument where the port that
 * @fn returns is stored; 0: it opens none.
 */
static const struct port_call {
	int (*fn)(struct xen_domains *domains, union port_arg *arg);
	u8 size;
	u8 port;
	bool writes;
	bool keeps;		/* changes no port */
} calls[] = {
#define OPENS(name, arg_port)						\
	{ .fn = name, .size = sizeof(struct evtchn_##name),		\
	  .port = offsetof(struct evtchn_##name, arg_port), .writes = true }
	[EVTCHNOP_alloc_unbound]	= OPENS(alloc_unbound, port),
	[EVTCHNOP_bind_interdomain]	= OPENS(bind_interdomain, local_port),
	[EVTCHNOP_bind_virq]		= OPENS(bind_virq, port),
	[EVTCHNOP_bind_pirq]		= OPENS(bind_pirq, port),
	[EVTCHNOP_bind_ipi]		= OPENS(bind_ipi, port),
#undef OPENS
	[EVTCHNOP_bind_vcpu] = { .fn = bind_vcpu, .size = sizeof(struct evtchn_bind_vcpu) },
	[EVTCHNOP_close] = { .fn = close_port, .size = sizeof(struct evtchn_close) },
	[EVTCHNOP_reset] = { .fn = reset, .size = sizeof(struct evtchn_reset) },
	[EVTCHNOP_status] = {
		.fn = port_status, .size = sizeof(struct evtchn_status),
		.writes = true, .keeps = true,
	},
};

/* Run the operation outside of kvm->srcu: it may wait for a grace period. */
static int run_call(struct kvm_vcpu *vcpu, struct xen_domains *domains,
		    const struct port_call *call, union port_arg *arg)
{
	int r;

	kvm_vcpu_srcu_read_unlock(vcpu);
	r = call->fn(domains, arg);
	kvm_vcpu_srcu_read_lock(vcpu);
	return r;
}

static void close_again(struct kvm_vcpu *vcpu, u32 port)
{
	const struct xen_port_args args = { .nr = port };

	kvm_vcpu_srcu_read_unlock(vcpu);
	xen_port_do(xen_domains(vcpu->kvm), xen_port_close, &args);
	kvm_vcpu_srcu_read_lock(vcpu);
}

/* Store the port that was opened, if one was, and the argument. */
static int write_result(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
			const struct port_call *call, union port_arg *arg, u32 port)
{
	struct x86_exception e;

	if (call->port)
		*(u32 *)((void *)arg + call->port) = port;
	if (!kvm_write_guest_virt_system(vcpu, hcall->params[1], arg, call->size, &e))
		return 0;

	if (call->port)
		close_again(vcpu, port);
	return -EFAULT;
}

static void notify_vmm(struct xen_domains *domains)
{
	struct eventfd_ctx *changed = READ_ONCE(domains->changed);

	if (changed)
		eventfd_signal(changed);
}

static void undo_pirq(struct kvm_vcpu *vcpu, const struct kvm_xen_completion *completion)
{
	close_again(vcpu, completion->port);
}

/* The VMM binds the PIRQ to @port, which it gets as one more parameter, or refuses. */
static s64 leave_pirq(struct kvm_vcpu *vcpu, u32 port)
{
	vcpu->arch.xen.state.hcall.params[2] = port;
	return xen_hcall_complete_after_vmm(vcpu, (struct kvm_xen_completion) {
		.undo = undo_pirq,
		.port = port,
	});
}

s64 xen_hcall_port_op(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	struct xen_domains *domains = xen_domains(vcpu->kvm);
	u32 op = hcall->params[0];
	const struct port_call *call = &calls[array_index_nospec(op, ARRAY_SIZE(calls))];
	union port_arg arg = { };
	s64 r;
	int nr;

	if (!domains)
		return XEN_HCALL_TO_VMM;
	if (READ_ONCE(domains->denied) & BIT(op))
		return -EPERM;
	if (op != EVTCHNOP_bind_pirq && (READ_ONCE(domains->vmm_ops) & BIT(op)))
		return XEN_HCALL_TO_VMM;

	r = xen_hcall_read_arg(vcpu, hcall, &arg, call->size);
	if (r)
		return r;

	nr = run_call(vcpu, domains, call, &arg);
	if (nr < 0)
		return nr;

	r = call->writes ? write_result(vcpu, hcall, call, &arg, nr) : 0;
	if (r)
		return r;

	if (!call->keeps)
		notify_vmm(domains);
	return op == EVTCHNOP_bind_pirq ? leave_pirq(vcpu, nr) : 0;
}
