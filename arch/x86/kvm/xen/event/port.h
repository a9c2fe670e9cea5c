/* SPDX-License-Identifier: GPL-2.0 */
/* Tables of ports, and sending on them: see port.c. */
#ifndef _KVM_XEN_EVENT_PORT_H
#define _KVM_XEN_EVENT_PORT_H

#include "xen/base/base.h"
#include "xen/base/slots.h"
#include "xen/event/evtchn.h"

struct xen_port {
	u32 nr;				/* by which the guest sends */
	u32 type;
	u32 port;			/* 0: send to the eventfd */
	int fd;				/* the VMM's file descriptor */
	struct eventfd_ctx *eventfd;
	struct xen_target target;
	struct xen_port *next;		/* used while removing */
};

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

/*
 * Send on @port for the guest of @vcpu.  Returns 0, or XEN_HCALL_TO_VMM if the port is
 * not registered or the event cannot be delivered.  If @atomic, does not sleep, and
 * returns XEN_HCALL_SLOW, with nothing done, if it would have to.
 */
s64 xen_port_send(struct kvm_vcpu *vcpu, u32 port, bool atomic);

/*
 * The destination of @port if that is registered as an IPI, else NULL.  If @atomic,
 * returns ERR_PTR(-EWOULDBLOCK) if the vCPU is not cached and has to be searched for.
 */
struct kvm_vcpu *xen_port_ipi_target(struct kvm *kvm, u32 port, bool atomic);

#endif /* _KVM_XEN_EVENT_PORT_H */
