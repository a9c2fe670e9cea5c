// SPDX-License-Identifier: GPL-2.0
/*
 * Ports that the VMM registered for EVTCHNOP_send: attributes that change and read the
 * table.
 *
 * Owns the table kvm->arch.xen.state.ports; port.c says what guards it.  Ports that are
 * removed together are freed after one grace period.
 */
#include "xen/event/port.h"
#include "xen/event/ports.h"

#include <linux/eventfd.h>
#include <xen/interface/xen.h>
#include <xen/interface/event_channel.h>

/* The type of a registered port is kept as its state. */
static_assert(EVTCHNSTAT_ipi == (int)EVTCHN_IPI);
static_assert(EVTCHNSTAT_interdomain == (int)EVTCHN_INTERDOMAIN);

static struct xen_slots **table_of(struct kvm *kvm)
{
	return &kvm->arch.xen.state.ports;
}

static struct xen_port *held_port(struct kvm *kvm, u32 nr)
{
	return xen_held_port(kvm, table_of(kvm), nr);
}

static struct xen_port *next_port(struct kvm *kvm, u32 from)
{
	return xen_next_port(kvm, table_of(kvm), from);
}

/* Remove the port registered at @send_port, which may still be in use. */
static struct xen_port *remove_port(struct kvm *kvm, u32 send_port)
{
	struct xen_port *port = held_port(kvm, send_port);

	if (port)
		RCU_INIT_POINTER(*xen_slot(table_of(kvm), XEN_MAX_PORTS, send_port), NULL);
	return port;
}

/* Set the destination of events.  Returns 0 or -errno. */
static int set_delivery(struct kvm *kvm, struct xen_port *port,
			const struct kvm_xen_hvm_attr *data)
{
	u32 to = data->u.evtchn.deliver.port.port;
	struct eventfd_ctx *eventfd;

	port->fd = -1;
	if (port->entry.state == EVTCHNSTAT_interdomain && !to) {
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

	return xen_fifo_is_on(kvm) && port < XEN_MAX_PORTS ? -ENOSPC : -EINVAL;
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
	int r;

	guard(mutex)(&kvm->arch.xen.xen_lock);

	/* Checked here again: KVM keeps the ports from the moment that it holds xen_lock. */
	if (xen_keeps_ports(kvm))
		return -EBUSY;

	r = xen_port_check(kvm, max(port->nr, port->port));
	if (r)
		return r;

	return xen_insert_port(table_of(kvm), port);
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

	port->nr = data->u.evtchn.send_port;
	port->entry.state = data->u.evtchn.type;
	r = set_delivery(kvm, port, data);
	if (!r)
		r = insert_port(kvm, port);
	if (r)
		xen_free_port(port);
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
	if (port->entry.state != data->u.evtchn.type || !port->port ||
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
	xen_free_port(port);
	return 0;
}

static struct xen_port *remove_all_ports(struct kvm *kvm)
{
	struct xen_port *port, *list = NULL;

	while ((port = next_port(kvm, list ? list->nr : 0))) {
		remove_port(kvm, port->nr);
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
		xen_free_port(port);
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
	     port = next_port(kvm, port->nr + 1)) {
		if (port->entry.state != EVTCHN_CLOSED)
			highest = max3(highest, port->nr, port->port);
		cond_resched();
	}

	return highest;
}

/* KVM_XEN_ATTR_TYPE_EVTCHN except for a reset.  Takes xen_lock itself. */
int xen_port_set_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	u32 port = data->u.evtchn.send_port;
	int r;

	if (xen_keeps_ports(kvm))
		return -EBUSY;
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
		.send_port = port->nr,
		.type = port->entry.state,
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

	if (xen_keeps_ports(kvm))
		return -EBUSY;
	if (request->done)
		return -EINVAL;

	for (port = next_port(kvm, request->first); port;
	     port = next_port(kvm, port->nr + 1), nr++) {
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

	xen_free_slots(*table_of(kvm), XEN_MAX_PORTS);
}
