/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The event channels of a domain: the states of its ports, and the operations that change
 * them, by Xen's rules and with Xen's errors.  Pure, see evtchn_core.h, except that all
 * calls are serialized by the caller, for both domains together.  Others may read meanwhile
 * what is written by WRITE_ONCE(): a port's state and vCPU, and the port of a VIRQ.
 *
 * The caller stores the ports and finds them by number, see struct evtchn_table_ops, and
 * makes the senders of a port follow a change.  An operation that fails has changed
 * nothing, though it may have made an entry that stays closed.
 *
 * Results are a port, or 0, or -errno: -ENOSPC, no port is free; -EINVAL, no such port, or
 * not in a state for the operation; -ENOENT, no such vCPU; -EEXIST, the interrupt is bound
 * already; -ENOMEM.  If several apply, it is the one that Xen returns.  Xen's numbers for
 * these are those of Linux, so a guest can be given them as they are.
 */
#ifndef _KVM_XEN_EVTCHN_TABLE_H
#define _KVM_XEN_EVTCHN_TABLE_H

#include "seam.h"

/* The interrupts of a domain that are no device's; those from 16 on are the architecture's. */
#define XEN_ABI_NR_VIRQS	24

/* The states of a port, by the numbers of EVTCHNOP_status. */
enum evtchn_state {
	EVTCHN_CLOSED,
	EVTCHN_UNBOUND,
	EVTCHN_INTERDOMAIN,
	EVTCHN_PIRQ,
	EVTCHN_VIRQ,
	EVTCHN_IPI,
	EVTCHN_NR_STATES,
};

struct evtchn_entry {
	u8 state;		/* enum evtchn_state */
	u16 domid;		/* unbound: may bind it; interdomain: of the other end */
	u32 peer;		/* interdomain: the other end; PIRQ, VIRQ: its number */
	u32 vcpu;		/* Xen's id of the vCPU that gets the port's events */
};

struct evtchn_table;

struct evtchn_table_ops {
	/* The entry of @port, or NULL if it has never been open. */
	struct evtchn_entry *(*find)(struct evtchn_table *table, u32 port);

	/* The entry of @port, made if there is none; NULL without memory. */
	struct evtchn_entry *(*make)(struct evtchn_table *table, u32 port);

	/* Whether the closed @port may be used again.  NULL: always. */
	bool (*is_reusable)(struct evtchn_table *table, u32 port);

	/* Whether there is a vCPU of that id. */
	bool (*has_vcpu)(struct evtchn_table *table, u32 vcpu);

	/*
	 * Where the port of @virq of @vcpu is kept, 0 if it is not bound; @virq is below
	 * XEN_ABI_NR_VIRQS, and @vcpu exists or is 0.
	 */
	u32 *(*virq_port)(struct evtchn_table *table, u32 virq, u32 vcpu);
};

struct evtchn_table {
	const struct evtchn_table_ops *ops;
	u32 nr_ports;		/* ports below may be used, port 0 never; no open one is above */
	u32 first;		/* ports from 1 to below are not to be given out; at least 1 */
	u16 domid;		/* of the domain whose ports these are */
};

/* A port that the domain @domid may bind to. */
int evtchn_alloc_unbound(struct evtchn_table *table, u16 domid);

/*
 * A port whose other end is @port of @other, which has to be unbound and for @table's
 * domain.  Both tables may be the same.  What was sent by the unbound end is lost: the
 * caller raises an event on the new port, as Xen does.
 */
int evtchn_bind_interdomain(struct evtchn_table *table, struct evtchn_table *other,
			    u32 port);

/* A port for interrupt @virq, of @vcpu if each vCPU has one, else of vCPU 0 alone. */
int evtchn_bind_virq(struct evtchn_table *table, u32 virq, u32 vcpu);

/* A port that the domain's own vCPUs send to @vcpu. */
int evtchn_bind_ipi(struct evtchn_table *table, u32 vcpu);

/* A port for @pirq, of vCPU 0.  The caller knows which of them are bound. */
int evtchn_bind_pirq(struct evtchn_table *table, u32 pirq);

/*
 * Close @port.  The other end becomes unbound, for @table's domain; it is in @table or
 * @other, which is not used if @port has none there.
 */
int evtchn_close(struct evtchn_table *table, struct evtchn_table *other, u32 port);

/* Have @vcpu get the events of @port from now on. */
int evtchn_bind_vcpu(struct evtchn_table *table, u32 port, u32 vcpu);

/*
 * Whether an event may be sent by @port.  Returns 0 if there is nobody to receive it, 1 if
 * @port's other end, or the port itself if it is an IPI, is raised; -EINVAL.
 */
int evtchn_may_send(const struct evtchn_entry *entry);

/* The entry of @port if it is in use, else NULL. */
struct evtchn_entry *evtchn_open_entry(struct evtchn_table *table, u32 port);

/* The port that is raised for @virq, of @vcpu if each vCPU has one; 0: none. */
u32 evtchn_virq_port(struct evtchn_table *table, u32 virq, u32 vcpu);

#endif /* _KVM_XEN_EVTCHN_TABLE_H */
