// SPDX-License-Identifier: GPL-2.0
/*
 * Ports that the VMM registered for EVTCHNOP_send: for each, its destination, a port of
 * the guest or an eventfd.
 *
 * Owns the table kvm->arch.xen.state.ports.  Changes are made under xen_lock.  Senders
 * look up ports in a read section of kvm->srcu, so a removed port is freed after a grace
 * period, one for any number of ports that are removed together.  A port's target may
 * change at any time and is one word.
 */
#include "xen/base/hcall.h"
#include "xen/base/slots.h"
#include "xen/event/evtchn.h"
#include "xen/event/ports.h"

#include <linux/eventfd.h>
#include <xen/interface/xen.h>
#include <xen/interface/event_channel.h>

struct xen_port {
	u32 send_port;
	u32 type;
	u32 port;			/* 0: send to the eventfd */
	int fd;				/* the VMM's file descriptor */
	struct eventfd_ctx *eventfd;
	struct xen_target target;
	struct xen_port *next;		/* used while removing */
};

/* The most ports of either ABI. */
#define MAX_PORTS	XEN_ABI_FIFO_NR_PORTS

#define slot_held(kvm)	lockdep_is_held(&(kvm)->arch.xen.xen_lock)

/* The slot of @send_port, or NULL. */
static void __rcu **find_slot(struct kvm *kvm, u32 send_port)
{
	return xen_slot(&kvm->arch.xen.state.ports, MAX_PORTS, send_port);
}

/* The port registered at @send_port, for callers that hold xen_lock. */
static struct xen_port *held_port(struct kvm *kvm, u32 send_port)
{
	void __rcu **slot = find_slot(kvm, send_port);

	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	return slot ? rcu_dereference_protected(*slot, slot_held(kvm)) : NULL;
}

/* The first registered port from @from on, or NULL. */
static struct xen_port *next_port(struct kvm *kvm, u32 from)
{
	return held_port(kvm, xen_next_slot(&kvm->arch.xen.state.ports,
					    MAX_PORTS, from));
}

/* The port registered at @send_port, for senders in a read section of kvm->srcu. */
static struct xen_port *sender_port(struct kvm *kvm, u32 send_port)
{
	void __rcu **leaf = xen_slot_leaf(&kvm->arch.xen.state.ports, MAX_PORTS,
					  send_port);

	return leaf ? srcu_dereference(leaf[send_port % XEN_LEAF_SLOTS], &kvm->srcu) :
		      NULL;
}

/* Remove the port registered at @send_port, which may still be in use. */
static struct xen_port *remove_port(struct kvm *kvm, u32 send_port)
{
	struct xen_port *port = held_port(kvm, send_port);

	if (port)
		RCU_INIT_POINTER(*find_slot(kvm, send_port), NULL);
	return port;
}

s64 xen_port_send(struct kvm_vcpu *vcpu, u32 send_port, bool atomic)
{
	struct xen_port *port = sender_port(vcpu->kvm, send_port);
	s64 r = 0;

	if (!port)
		return XEN_HCALL_TO_VMM;

	if (!port->port)
		eventfd_signal(port->eventfd);
	else if (xen_target_raise(vcpu->kvm, &port->target, port->port, atomic) < 0)
		r = atomic ? XEN_HCALL_SLOW : XEN_HCALL_TO_VMM;

	vcpu->stat.xen_sends += r != XEN_HCALL_SLOW;
	return r;
}

struct kvm_vcpu *xen_port_ipi_target(struct kvm *kvm, u32 nr, bool atomic)
{
	struct xen_port *port = sender_port(kvm, nr);
	struct kvm_vcpu *vcpu;
	union xen_dest dest;

	if (!port || port->type != EVTCHNSTAT_ipi)
		return NULL;

	dest = xen_target_read(&port->target);
	vcpu = xen_target_known(&port->target, dest);
	if (vcpu)
		return vcpu;

	return atomic ? ERR_PTR(-EWOULDBLOCK) : xen_target_search(kvm, &port->target, dest);
}

/* Free a port that no sender can see. */
static void free_port(struct xen_port *port)
{
	if (port->eventfd)
		eventfd_ctx_put(port->eventfd);
	kfree(port);
}

/* Set the destination of events.  Returns 0 or -errno. */
static int set_delivery(struct kvm *kvm, struct xen_port *port,
			const struct kvm_xen_hvm_attr *data)
{
	u32 to = data->u.evtchn.deliver.port.port;
	struct eventfd_ctx *eventfd;

	port->fd = -1;
	if (port->type == EVTCHNSTAT_interdomain && !to) {
		port->fd = data->u.evtchn.deliver.eventfd.fd;
		eventfd = eventfd_ctx_fdget(port->fd);
		if (IS_ERR(eventfd))
			return PTR_ERR(eventfd);
		port->eventfd = eventfd;
		return 0;
	}

	if (!xen_is_priority(kvm, data->u.evtchn.deliver.port.priority))
		return -EINVAL;

	port->port = to;
	xen_target_set(kvm, &port->target, data->u.evtchn.deliver.port.vcpu,
		       data->u.evtchn.deliver.port.priority);
	return 0;
}

int xen_port_check(struct kvm *kvm, u32 port)
{
	if (port < xen_nr_ports(kvm, xen_layout(kvm)))
		return 0;

	return xen_fifo_is_on(kvm) && port < MAX_PORTS ? -ENOSPC : -EINVAL;
}

static int check_type(struct kvm *kvm, const struct kvm_xen_hvm_attr *data)
{
	u32 to = data->u.evtchn.deliver.port.port;

	switch (data->u.evtchn.type) {
	case EVTCHNSTAT_ipi:
		return to == data->u.evtchn.send_port ? 0 : -EINVAL;
	case EVTCHNSTAT_interdomain:
		return xen_port_check(kvm, to);
	default:
		return -EINVAL;
	}
}

/* Check the port under xen_lock, so that the limit cannot be lowered meanwhile. */
static int insert_port(struct kvm *kvm, struct xen_port *port)
{
	void __rcu **slot;
	int r;

	guard(mutex)(&kvm->arch.xen.xen_lock);

	r = xen_port_check(kvm, max(port->send_port, port->port));
	if (r)
		return r;

	slot = xen_make_slot(&kvm->arch.xen.state.ports, MAX_PORTS,
			     port->send_port);
	if (!slot)
		return -ENOMEM;
	if (rcu_access_pointer(*slot))
		return -EEXIST;

	rcu_assign_pointer(*slot, port);
	return 0;
}

static int assign(struct kvm *kvm, const struct kvm_xen_hvm_attr *data)
{
	struct xen_port *port;
	int r;

	r = check_type(kvm, data);
	if (r)
		return r;

	port = kzalloc_obj(*port, GFP_KERNEL_ACCOUNT);
	if (!port)
		return -ENOMEM;

	port->send_port = data->u.evtchn.send_port;
	port->type = data->u.evtchn.type;
	r = set_delivery(kvm, port, data);
	if (!r)
		r = insert_port(kvm, port);
	if (r)
		free_port(port);
	return r;
}

/* Only the vCPU and the priority of a port may be updated, not its type. */
static int update(struct kvm *kvm, const struct kvm_xen_hvm_attr *data)
{
	struct xen_port *port;

	guard(mutex)(&kvm->arch.xen.xen_lock);

	port = held_port(kvm, data->u.evtchn.send_port);
	if (!port)
		return -ENOENT;
	if (port->type != data->u.evtchn.type || !port->port ||
	    port->port != data->u.evtchn.deliver.port.port)
		return -EINVAL;
	if (!xen_is_priority(kvm, data->u.evtchn.deliver.port.priority))
		return -EINVAL;

	xen_target_move(kvm, &port->target, port->port,
			data->u.evtchn.deliver.port.vcpu,
			data->u.evtchn.deliver.port.priority);
	return 0;
}

/* Remove a port.  Returns after all sends on the port have ended. */
static int deassign(struct kvm *kvm, const struct kvm_xen_hvm_attr *data)
{
	struct xen_port *port;

	scoped_guard(mutex, &kvm->arch.xen.xen_lock)
		port = remove_port(kvm, data->u.evtchn.send_port);
	if (!port)
		return -ENOENT;

	/* Not under xen_lock, for which vCPUs wait in a read section of kvm->srcu. */
	synchronize_srcu(&kvm->srcu);

	/* If the port is registered again, its old binding must not apply. */
	scoped_guard(srcu, &kvm->srcu) {
		if (port->port)
			xen_evtchn_bound(kvm, NULL, port->port);
	}
	free_port(port);
	return 0;
}

static struct xen_port *remove_all_ports(struct kvm *kvm)
{
	struct xen_port *port, *list = NULL;

	while ((port = next_port(kvm, list ? list->send_port : 0))) {
		remove_port(kvm, port->send_port);
		port->next = list;
		list = port;
		cond_resched();
	}

	return list;
}

static void free_ports(struct xen_port *list)
{
	struct xen_port *port;

	while ((port = list)) {
		list = port->next;
		free_port(port);
		cond_resched();
	}
}

void xen_ports_reset(struct kvm *kvm)
{
	struct xen_port *list;

	scoped_guard(mutex, &kvm->arch.xen.xen_lock)
		list = remove_all_ports(kvm);

	if (list)
		synchronize_srcu(&kvm->srcu);
	free_ports(list);
}

u32 xen_ports_highest(struct kvm *kvm)
{
	struct xen_port *port;
	u32 highest = 0;

	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	for (port = next_port(kvm, 0); port;
	     port = next_port(kvm, port->send_port + 1)) {
		highest = max3(highest, port->send_port, port->port);
		cond_resched();
	}

	return highest;
}

/* KVM_XEN_ATTR_TYPE_EVTCHN except for a reset.  Takes xen_lock itself. */
int xen_port_set_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	u32 port = data->u.evtchn.send_port;
	int r;

	if (!port)
		return -EINVAL;

	r = xen_port_check(kvm, port);
	if (r)
		return r;

	switch (data->u.evtchn.flags) {
	case 0:
		return assign(kvm, data);
	case KVM_XEN_EVTCHN_UPDATE:
		return update(kvm, data);
	case KVM_XEN_EVTCHN_DEASSIGN:
		return deassign(kvm, data);
	default:
		return -EINVAL;
	}
}

static struct kvm_xen_evtchn_entry port_entry(struct xen_port *port)
{
	union xen_dest dest = xen_target_read(&port->target);

	return (struct kvm_xen_evtchn_entry) {
		.send_port = port->send_port,
		.type = port->type,
		.port = port->port,
		.vcpu = dest.vcpu_id,
		.priority = dest.priority,
		.fd = port->fd,
	};
}

/* KVM_XEN_ATTR_TYPE_EVTCHN_ENUM, see its description in linux/kvm_xen.h. */
int xen_port_enumerate(struct kvm *kvm, struct kvm_xen_evtchn_enum *request)
{
	struct kvm_xen_evtchn_entry __user *entries =
		u64_to_user_ptr(request->entries);
	struct kvm_xen_evtchn_entry entry;
	struct xen_port *port;
	u32 nr = 0;
	int r;

	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	if (request->done)
		return -EINVAL;

	for (port = next_port(kvm, request->first); port;
	     port = next_port(kvm, port->send_port + 1), nr++) {
		entry = port_entry(port);
		if (nr < request->nr &&
		    copy_to_user(&entries[nr], &entry, sizeof(entry)))
			return -EFAULT;
		r = xen_loop_turn();
		if (r)
			return r;
	}

	request->nr = nr;
	return 0;
}

/* The VM is being destroyed: nobody sends or changes the table. */
void xen_ports_destroy(struct kvm *kvm)
{
	scoped_guard(mutex, &kvm->arch.xen.xen_lock)
		free_ports(remove_all_ports(kvm));

	xen_free_slots(kvm->arch.xen.state.ports, MAX_PORTS);
}
