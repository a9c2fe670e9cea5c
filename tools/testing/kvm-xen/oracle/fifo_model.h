/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The FIFO ABI as slow and plain as it can be said: queues are arrays of port
 * numbers from which the first is removed by moving all others.
 */
#ifndef _KVM_XEN_FIFO_MODEL_H
#define _KVM_XEN_FIFO_MODEL_H

#include "evtchn_core.h"

#define MODEL_PORTS	2048
#define MODEL_VCPUS	2
#define MODEL_QUEUES	16
#define MODEL_PAGE	1024	/* ports to a page */

struct model_queue {
	u32 ports[MODEL_PORTS];
	u32 nr;
	bool ready;		/* the guest has not looked yet */
	bool known;		/* it has, and is not through */
};

struct model_port {
	bool pending, masked, saved;
	struct model_queue *on;
	u8 vcpu, priority;	/* of its events to come */
};

struct model {
	struct model_queue queues[MODEL_VCPUS][MODEL_QUEUES];
	struct model_port ports[MODEL_PORTS];
	u32 nr_pages;
};

extern struct model model;

void model_reset(void);

/* What the kernel does. */
enum xen_evtchn_verdict model_send(u32 port);
enum xen_evtchn_verdict model_unmask(u32 port);
bool model_is_pending(u32 port);
void model_add_page(void);
void model_retry(u32 port);

/* What the guest does; the port that it takes, or 0, and if it has an event. */
void model_look(u8 vcpu);
u32 model_take(u8 vcpu);
bool model_handle(u32 port);

#endif /* _KVM_XEN_FIFO_MODEL_H */
