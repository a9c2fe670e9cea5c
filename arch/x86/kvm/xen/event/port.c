// SPDX-License-Identifier: GPL-2.0
/*
 * The ports by which a guest sends events: for each, its destination, a port of the guest
 * or an eventfd.
 *
 * Owns what a port's slot in a table points to.  Changes are made under xen_lock.  Senders
 * look up ports in a read section of kvm->srcu, so a removed port is freed after a grace
 * period.  A port's target may change at any time and is one word.
 */
#include "xen/base/hcall.h"
#include "xen/event/port.h"

#include <linux/eventfd.h>
#include <xen/interface/xen.h>
#include <xen/interface/event_channel.h>

struct xen_port *xen_held_port(struct kvm *kvm, struct xen_slots *const *table, u32 nr)
{
	void __rcu **slot = xen_slot(table, XEN_MAX_PORTS, nr);

	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	return slot ? rcu_dereference_protected(*slot,
						lockdep_is_held(&kvm->arch.xen.xen_lock)) :
		      NULL;
}

struct xen_port *xen_next_port(struct kvm *kvm, struct xen_slots *const *table, u32 from)
{
	return xen_held_port(kvm, table, xen_next_slot(table, XEN_MAX_PORTS, from));
}

int xen_insert_port(struct xen_slots **table, struct xen_port *port)
{
	void __rcu **slot = xen_make_slot(table, XEN_MAX_PORTS, port->nr);

	if (!slot)
		return -ENOMEM;
	if (rcu_access_pointer(*slot))
		return -EEXIST;

	rcu_assign_pointer(*slot, port);
	return 0;
}

void xen_free_port(struct xen_port *port)
{
	if (port->eventfd)
		eventfd_ctx_put(port->eventfd);
	kfree(port);
}

/* The port registered at @nr, for senders in a read section of kvm->srcu. */
static struct xen_port *sender_port(struct kvm *kvm, u32 nr)
{
	void __rcu **leaf = xen_slot_leaf(&kvm->arch.xen.state.ports, XEN_MAX_PORTS, nr);

	return leaf ? srcu_dereference(leaf[nr % XEN_LEAF_SLOTS], &kvm->srcu) : NULL;
}

s64 xen_port_send(struct kvm_vcpu *vcpu, u32 nr, bool atomic)
{
	struct xen_port *port = sender_port(vcpu->kvm, nr);
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
