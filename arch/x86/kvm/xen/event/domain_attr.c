// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of the ports that KVM keeps: who the domains are, the VMM's operations, and
 * enumerating ports.
 *
 * Owns the bitmaps and the eventfd of struct xen_domains, which change under xen_lock.  An
 * eventfd that is replaced is put after a grace period of kvm->srcu.
 */
#include "xen/event/domain.h"
#include "xen/event/domain_attr.h"

#include <linux/eventfd.h>
#include <xen/interface/xen.h>
#include <xen/interface/event_channel.h>

static_assert(KVM_XEN_EVTCHN_TABLE_OPS ==
	      (BIT(EVTCHNOP_alloc_unbound) | BIT(EVTCHNOP_bind_interdomain) |
	       BIT(EVTCHNOP_bind_virq) | BIT(EVTCHNOP_bind_pirq) |
	       BIT(EVTCHNOP_bind_ipi) | BIT(EVTCHNOP_bind_vcpu) |
	       BIT(EVTCHNOP_close) | BIT(EVTCHNOP_status) | BIT(EVTCHNOP_reset)));

/* The eventfd @fd, or NULL for -1, or ERR_PTR(). */
static struct eventfd_ctx *get_eventfd(int fd)
{
	return fd == -1 ? NULL : eventfd_ctx_fdget(fd);
}

static void put_eventfd(struct eventfd_ctx *eventfd)
{
	if (eventfd)
		eventfd_ctx_put(eventfd);
}

/* KVM_XEN_ATTR_TYPE_EVTCHN_DOMAIN */

static bool has_open_ports(struct xen_domain *domain)
{
	struct kvm *kvm = domain->both->kvm;
	struct xen_port *port;

	for (port = xen_next_port(kvm, domain->ports, 0); port;
	     port = xen_next_port(kvm, domain->ports, port->nr + 1)) {
		if (port->entry.state != EVTCHN_CLOSED)
			return true;
		cond_resched();
	}

	return false;
}

/* The entries of open ports hold the ids.  Returns 0 or -EBUSY. */
static int set_ids(struct xen_domains *domains, u16 guest, u16 vmm)
{
	if (domains->guest.table.domid == guest && domains->vmm.table.domid == vmm)
		return 0;
	if (has_open_ports(&domains->guest) || has_open_ports(&domains->vmm))
		return -EBUSY;

	domains->guest.table.domid = guest;
	domains->vmm.table.domid = vmm;
	return 0;
}

/* Set all of @arg, and exchange the eventfd for that at @changed. */
static int set_domain(struct xen_domains *domains, const struct kvm_xen_evtchn_domain *arg,
		      struct eventfd_ctx **changed)
{
	int r;

	guard(mutex)(&domains->kvm->arch.xen.xen_lock);

	r = set_ids(domains, arg->domid, arg->vmm_domid);
	if (r)
		return r;

	WRITE_ONCE(domains->denied, arg->denied);
	WRITE_ONCE(domains->vmm_ops, arg->vmm_ops);
	domains->changed_fd = arg->changed_fd;
	*changed = xchg(&domains->changed, *changed);
	return 0;
}

static int domain_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_domain *arg = XEN_ATTR_ARG(data, *arg);
	struct xen_domains *domains = xen_domains(kvm);
	struct eventfd_ctx *changed;
	int r;

	if (arg->domid >= DOMID_FIRST_RESERVED || arg->vmm_domid >= DOMID_FIRST_RESERVED ||
	    arg->domid == arg->vmm_domid)
		return -EINVAL;
	if ((arg->denied | arg->vmm_ops) & ~KVM_XEN_EVTCHN_TABLE_OPS)
		return -EINVAL;

	changed = get_eventfd(arg->changed_fd);
	if (IS_ERR(changed))
		return PTR_ERR(changed);

	/* No operation runs, so none uses the old ids or the old eventfd afterwards. */
	guard(mutex)(&domains->lock);

	r = set_domain(domains, arg, &changed);
	if (!r && changed)
		synchronize_srcu_expedited(&kvm->srcu);
	put_eventfd(changed);
	return r;
}

static int domain_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_domain *arg = XEN_ATTR_ARG(data, *arg);
	struct xen_domains *domains = xen_domains(kvm);

	guard(mutex)(&kvm->arch.xen.xen_lock);

	*arg = (struct kvm_xen_evtchn_domain) {
		.domid = domains->guest.table.domid,
		.vmm_domid = domains->vmm.table.domid,
		.denied = domains->denied,
		.vmm_ops = domains->vmm_ops,
		.changed_fd = domains->changed_fd,
	};
	return 0;
}

const struct xen_vm_attr xen_domain_attr = {
	.set = domain_set,
	.get = domain_get,
	.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_PORTS,
	.pad = XEN_ATTR_PAD(kvm_xen_evtchn_domain, pad),
	.locks = true,
};

/* KVM_XEN_ATTR_TYPE_EVTCHN_PORT */

static int alloc_guest(struct xen_domains *domains, const struct kvm_xen_evtchn_port *arg)
{
	const struct xen_port_args args = { .domid = domains->vmm.table.domid };

	return xen_port_do(domains, xen_port_alloc_unbound, &args);
}

static int close_guest(struct xen_domains *domains, const struct kvm_xen_evtchn_port *arg)
{
	const struct xen_port_args args = { .nr = arg->port };

	return xen_port_do(domains, xen_port_close, &args);
}

/* Open a port of the VMM, with its eventfd. */
static int open_vmm(struct xen_domains *domains, const struct kvm_xen_evtchn_port *arg,
		    xen_port_op op)
{
	struct xen_port_args args = {
		.nr = arg->port,
		.fd = arg->fd,
		.eventfd = get_eventfd(arg->fd),
	};
	int r;

	if (IS_ERR(args.eventfd))
		return PTR_ERR(args.eventfd);

	r = xen_port_do(domains, op, &args);
	if (r < 0)
		put_eventfd(args.eventfd);
	return r;
}

static int bind_vmm(struct xen_domains *domains, const struct kvm_xen_evtchn_port *arg)
{
	return open_vmm(domains, arg, xen_port_vmm_bind);
}

static int alloc_vmm(struct xen_domains *domains, const struct kvm_xen_evtchn_port *arg)
{
	return open_vmm(domains, arg, xen_port_vmm_alloc);
}

static int close_vmm(struct xen_domains *domains, const struct kvm_xen_evtchn_port *arg)
{
	return xen_port_vmm_close(domains, arg->port);
}

static int raise_virq(struct xen_domains *domains, const struct kvm_xen_evtchn_port *arg)
{
	return xen_domain_raise_virq(domains, arg->virq, arg->vcpu);
}

/* The VMM's operations, and the fields that each of them uses. */
static const struct vmm_op {
	int (*fn)(struct xen_domains *domains, const struct kvm_xen_evtchn_port *arg);
	int (*undo)(struct xen_domains *domains, const struct kvm_xen_evtchn_port *arg);
	bool port, fd, virq;
} vmm_ops[] = {
	[KVM_XEN_EVTCHN_PORT_ALLOC_GUEST] = { .fn = alloc_guest, .undo = close_guest },
	[KVM_XEN_EVTCHN_PORT_CLOSE_GUEST] = { .fn = close_guest, .port = true },
	[KVM_XEN_EVTCHN_PORT_BIND] = {
		.fn = bind_vmm, .undo = close_vmm, .port = true, .fd = true,
	},
	[KVM_XEN_EVTCHN_PORT_ALLOC] = { .fn = alloc_vmm, .undo = close_vmm, .fd = true },
	[KVM_XEN_EVTCHN_PORT_CLOSE] = { .fn = close_vmm, .port = true },
	[KVM_XEN_EVTCHN_PORT_VIRQ] = { .fn = raise_virq, .virq = true },
};

static bool has_unused_fields(const struct vmm_op *op, const struct kvm_xen_evtchn_port *arg)
{
	return arg->pad0 || (!op->port && arg->port) || (!op->fd && arg->fd) ||
	       (!op->virq && (arg->virq || arg->vcpu)) || (!op->undo && arg->port_addr);
}

/* Store the port that was opened where the VMM wants it, or close it again. */
static int report_port(struct xen_domains *domains, const struct vmm_op *op,
		       const struct kvm_xen_evtchn_port *arg, u32 port)
{
	const struct kvm_xen_evtchn_port opened = { .port = port };

	if (!put_user(port, (u32 __user *)u64_to_user_ptr(arg->port_addr)))
		return 0;

	op->undo(domains, &opened);
	return -EFAULT;
}

static int port_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_port *arg = XEN_ATTR_ARG(data, *arg);
	struct xen_domains *domains = xen_domains(kvm);
	const struct vmm_op *op;
	int r;

	if (arg->op >= ARRAY_SIZE(vmm_ops))
		return -EINVAL;
	op = &vmm_ops[array_index_nospec(arg->op, ARRAY_SIZE(vmm_ops))];
	if (has_unused_fields(op, arg))
		return -EINVAL;

	r = op->fn(domains, arg);
	return r > 0 ? report_port(domains, op, arg, r) : r;
}

const struct xen_vm_attr xen_domain_port_attr = {
	.set = port_set,
	.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_PORTS,
	.pad = XEN_ATTR_PAD(kvm_xen_evtchn_port, pad),
	.locks = true,
};

/* KVM_XEN_ATTR_TYPE_EVTCHN_PORTS */

static struct kvm_xen_evtchn_port_entry port_entry(struct xen_domain *domain,
						   const struct xen_port *port)
{
	struct kvm *kvm = domain->both->kvm;
	struct xen_port_view view = { };

	if (domain == &domain->both->guest)
		view = xen_ops(kvm)->view(kvm, port->nr);

	return (struct kvm_xen_evtchn_port_entry) {
		.port = port->nr,
		.state = port->entry.state,
		.flags = (view.pending ? KVM_XEN_EVTCHN_PENDING : 0) |
			 (view.masked ? KVM_XEN_EVTCHN_MASKED : 0) |
			 (view.linked ? KVM_XEN_EVTCHN_LINKED : 0),
		.priority = view.priority,
		.domid = port->entry.domid,
		.peer = port->entry.peer,
		.vcpu = port->entry.vcpu,
		.fd = port->fd,
	};
}

static int ports_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_ports *arg = XEN_ATTR_ARG(data, *arg);
	struct kvm_xen_evtchn_port_entry __user *entries = u64_to_user_ptr(arg->entries);
	struct xen_domains *domains = xen_domains(kvm);
	struct xen_domain *domain = arg->vmm ? &domains->vmm : &domains->guest;
	struct kvm_xen_evtchn_port_entry entry;
	struct xen_port *port;
	u32 nr = 0;
	int r;

	if (arg->vmm > 1)
		return -EINVAL;

	guard(srcu)(&kvm->srcu);

	for (port = xen_next_port(kvm, domain->ports, arg->first); port;
	     port = xen_next_port(kvm, domain->ports, port->nr + 1)) {
		r = xen_loop_turn();
		if (r)
			return r;
		if (port->entry.state == EVTCHN_CLOSED)
			continue;

		entry = port_entry(domain, port);
		if (nr < arg->nr && copy_to_user(&entries[nr], &entry, sizeof(entry)))
			return -EFAULT;
		nr++;
	}

	arg->nr = nr;
	return 0;
}

const struct xen_vm_attr xen_domain_ports_attr = {
	.get = ports_get,
	.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_PORTS,
	.pad = XEN_ATTR_PAD(kvm_xen_evtchn_ports, pad0),
};
