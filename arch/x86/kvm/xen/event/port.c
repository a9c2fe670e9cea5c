// SPDX-License-Identifier: GPL-2.0
/*
 * The ports by which a guest sends events: for each, its destination, a port of the guest
 * or an eventfd.
 *
 * Owns what a port's slot in a table points to.  Changes are made under xen_lock.  Senders
 * look up ports in a read section of kvm->srcu, so a removed port is freed after a grace
 * period.  A port's target may change at any time and is one word.
 */
#include "xen/base/debug.h"
#include "xen/base/hcall.h"
#include "xen/event/port.h"

#include <linux/eventfd.h>

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

/*
 * Send on @port, NULL if there is none, which raises no port of the guest: signal its
 * eventfd, or leave it to who knows the port.
 */
static s64 send_elsewhere(struct kvm_vcpu *vcpu, struct xen_port *port)
{
	struct eventfd_ctx *eventfd = port ? READ_ONCE(port->eventfd) : NULL;

	if (eventfd) {
		eventfd_signal(eventfd);
		++vcpu->stat.xen_sends;
		return 0;
	}

	if (!xen_keeps_ports(vcpu->kvm))
		return XEN_HCALL_TO_VMM;

	return min(evtchn_may_send(port ? &port->entry : NULL), 0);
}

s64 xen_port_send(struct kvm_vcpu *vcpu, u32 nr, bool atomic)
{
	struct kvm *kvm = vcpu->kvm;
	struct xen_port *port = xen_sender_port(kvm, &kvm->arch.xen.state.ports, nr);
	u32 raises = likely(port) ? xen_port_raises(port) : 0;

	if (unlikely(!raises))
		return send_elsewhere(vcpu, port);

	xen_debug_delay_irqoff(send);
	if (unlikely(xen_target_raise(kvm, &port->target, raises, atomic) < 0)) {
		if (atomic)
			return XEN_HCALL_SLOW;
		return xen_keeps_ports(kvm) ? -EINVAL : XEN_HCALL_TO_VMM;
	}

	++vcpu->stat.xen_sends;
	return 0;
}

/* The vCPU to which the guest has bound a port. */
static struct kvm_vcpu *bound_vcpu(struct kvm *kvm, const struct xen_port *port, bool atomic)
{
	u32 id = READ_ONCE(port->entry.vcpu);
	struct kvm_vcpu *vcpu = xen_vcpu_by_index(kvm, id);

	if (vcpu)
		return vcpu;

	return atomic ? ERR_PTR(-EWOULDBLOCK) : xen_find_vcpu(kvm, id);
}

struct kvm_vcpu *xen_port_receiver(struct kvm *kvm, u32 nr, bool atomic)
{
	struct xen_port *port = xen_sender_port(kvm, &kvm->arch.xen.state.ports, nr);

	if (!port)
		return NULL;
	if (xen_keeps_ports(kvm))
		return bound_vcpu(kvm, port, atomic);
	if (port->entry.state != EVTCHN_IPI)
		return NULL;

	return xen_target_vcpu(kvm, &port->target, atomic);
}
