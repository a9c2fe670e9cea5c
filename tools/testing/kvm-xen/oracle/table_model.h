/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Xen's rules of event channels as slow and plain as they can be said: one list of the
 * ports that are open, of all domains, in which each question is answered by looking
 * through all of it.  There is nothing else to be kept in step: whether a VIRQ is bound,
 * or a port free, is whether the list has it.
 */
#ifndef _KVM_XEN_TABLE_MODEL_H
#define _KVM_XEN_TABLE_MODEL_H

#define MODEL_DOMAINS	2
#define MODEL_PORTS	12u		/* the highest limit of a domain */
#define MODEL_VCPUS	3u

/* By the numbers of EVTCHNOP_status. */
enum model_kind {
	MODEL_CLOSED = 0,
	MODEL_UNBOUND = 1,
	MODEL_INTERDOMAIN = 2,
	MODEL_PIRQ = 3,
	MODEL_VIRQ = 4,
	MODEL_IPI = 5,
};

struct model_channel {
	u32 domain, port;		/* whose port it is, and which */
	enum model_kind kind;
	u32 remote;			/* unbound, interdomain: the domain at the other end */
	u32 number;			/* interdomain: the port there; PIRQ, VIRQ: which */
	u32 vcpu;
};

struct model_domain {
	u32 nr_ports;
	bool no_memory;
	bool has_memory[MODEL_PORTS];	/* ports that need none any more */
	bool busy[MODEL_PORTS];		/* ports that may not be used again */
};

struct table_model {
	struct model_channel channels[MODEL_DOMAINS * MODEL_PORTS];
	u32 nr_channels;
	struct model_domain domains[MODEL_DOMAINS];
	u32 nr_vcpus;			/* of each domain */
};

extern struct table_model model;

void model_reset(u32 nr_ports, u32 nr_vcpus);

/* The operations, for @domain; what they return is a port, 0 or -errno. */
int model_alloc_unbound(u32 domain, u32 remote);
int model_bind_interdomain(u32 domain, u32 remote, u32 port);
int model_bind_virq(u32 domain, u32 virq, u32 vcpu);
int model_bind_ipi(u32 domain, u32 vcpu);
int model_bind_pirq(u32 domain, u32 pirq);
int model_close(u32 domain, u32 port);
int model_bind_vcpu(u32 domain, u32 port, u32 vcpu);

/* 1: somebody gets the event, 0: nobody does; or -errno. */
int model_send(u32 domain, u32 port);

/* The port that is raised for the VIRQ; 0: none. */
u32 model_virq(u32 domain, u32 virq, u32 vcpu);

/* The port, closed if it is not in the list. */
struct model_channel model_status(u32 domain, u32 port);

#endif /* _KVM_XEN_TABLE_MODEL_H */
