/* SPDX-License-Identifier: GPL-2.0 */
/* Tables of ports, and sending on them: see port.c. */
#ifndef _KVM_XEN_EVENT_PORT_H
#define _KVM_XEN_EVENT_PORT_H

#include "xen/abi/evtchn_table.h"
#include "xen/base/base.h"
#include "xen/base/slots.h"
#include "xen/event/evtchn.h"

struct xen_port {
	u32 nr;				/* by which the guest sends */
	u32 port;			/* the guest's port to raise; 0: none */
	int fd;				/* the VMM's file descriptor */
	struct evtchn_entry entry;	/* if the VMM keeps the ports: its state only */
	struct eventfd_ctx *eventfd;	/* to signal if @port is 0, or NULL */
	struct xen_target target;	/* of @port */
	union {
		struct xen_port *next;	/* ports.c: used while removing */
		unsigned long closed;	/* domain.c: a grace period; 0: never closed */
	};
};

/* With its slot in the table, a port costs at most 96 bytes. */
static_assert(sizeof(struct xen_port) <= 64);

/* The most ports of either ABI. */
#define XEN_MAX_PORTS	XEN_ABI_FIFO_NR_PORTS

/* The port @nr of @table, or NULL.  Under xen_lock. */
struct xen_port *xen_held_port(struct kvm *kvm, struct xen_slots *const *table, u32 nr);

/* The first port of @table from @from on, or NULL.  Under xen_lock. */
struct xen_port *xen_next_port(struct kvm *kvm, struct xen_slots *const *table, u32 from);

/* Make @port visible to senders.  Under xen_lock.  Returns 0, -EEXIST or -ENOMEM. */
int xen_insert_port(struct xen_slots **table, struct xen_port *port);

/* Free a port that no sender can see. */
void xen_free_port(struct xen_port *port);

/* The port @nr of @table, or NULL, for callers in a read section of kvm->srcu. */
static inline struct xen_port *xen_sender_port(struct kvm *kvm, struct xen_slots *const *table,
					       u32 nr)
{
	void __rcu **leaf = xen_slot_leaf(table, XEN_MAX_PORTS, nr);

	return leaf ? srcu_dereference(leaf[nr % XEN_LEAF_SLOTS], &kvm->srcu) : NULL;
}

/* The guest's port that is raised by sends on @port, or 0.  Read it before the target. */
static inline u32 xen_port_raises(const struct xen_port *port)
{
	/* Pairs with the release in domain.c: the target is that of this port. */
	return smp_load_acquire(&port->port);
}

/*
 * Send on @port for the guest of @vcpu.  Returns 0, or if the port is not bound or the
 * event cannot be delivered XEN_HCALL_TO_VMM, or the guest's result if KVM keeps the
 * ports.  If @atomic, does not sleep, and returns XEN_HCALL_SLOW, with nothing done, if
 * it would have to.
 */
s64 xen_port_send(struct kvm_vcpu *vcpu, u32 port, bool atomic);

/*
 * The vCPU that gets events of the guest's @port: if KVM keeps the ports, that of a port
 * that has ever been open; if not, the destination of a registered IPI; else NULL.  If
 * @atomic, returns ERR_PTR(-EWOULDBLOCK) if the vCPU has to be searched for.
 */
struct kvm_vcpu *xen_port_receiver(struct kvm *kvm, u32 port, bool atomic);

#endif /* _KVM_XEN_EVENT_PORT_H */
