/* SPDX-License-Identifier: GPL-2.0 */
/* What FIFO scenarios are made of: a world, and those who act in it. */
#ifndef _KVM_XEN_FIFO_ACTORS_H
#define _KVM_XEN_FIFO_ACTORS_H

#include "explore.h"
#include "fifo_guest.h"
#include "fifo_unit.h"

#define PORTS	5		/* from 1 */
#define VCPUS	2
#define QUEUES	3		/* of either, priorities 0 to 2 */
#define LATE	4		/* the port whose page may be missing */
#define CONTROL	18

struct world {
	u32 words[PORTS + 1];
	u32 control[VCPUS][CONTROL];
	struct evtchn_fifo_queue queues[VCPUS][QUEUES];
	struct evtchn_fifo_queue nowhere;
	struct evtchn_fifo_port ports[PORTS];
	struct fifo_guest guests[VCPUS];
	void *page;			/* of LATE */
	u32 irr[VCPUS];			/* an upcall waits to be taken */
	u32 held[PORTS];		/* to where, or 0 */
	u32 owner[PORTS];		/* the only vCPU to handle it, from 1; 0: any */
	u32 data[PORTS], seen[PORTS], marked[PORTS];
	u32 ready_before[VCPUS];
	u32 raised, upcalls;
	u32 polling, woken;
} __attribute__((aligned(64)));

extern struct world world;

/* The argument of senders: which port goes to which queue. */
#define TO(port, vcpu, priority)	((port) | (vcpu) << 8 | (priority) << 12)
#define PORT(to)			((to) & 0xff)
#define VCPU(to)			((to) >> 8 & 0xf)
#define PRIORITY(to)			((to) >> 12)

struct scenario {
	const char *name;
	struct actor actors[EXPLORE_ACTORS];
	void (*prepare)(void);
	bool masks;		/* the guest masks what it handles */
	bool in_order;		/* ports are sent in the order of their numbers */
	bool polls;		/* somebody may poll */
	bool waits;		/* for BUSY, where it could ask the kernel */
};

/* What is explored: set before, changed by nobody. */
extern struct fifo_unit unit;
extern const struct scenario *scenario;
/* The actors have ended; what happens is part of the final check. */
extern bool checking;

/* Actors; their argument is made by TO(), unless it is called otherwise. */
void send_one(u32 to);
void send_twice(u32 to);
void send_two(u32 to);
void send_three(u32 to);
void send_with_new_priority(u32 to);
void send_to_new_vcpu(u32 to);
void add_page(u32 to);
void mask(u32 to);
void unmask(u32 to);
void unmask_by_hypercall(u32 to);
void mask_and_unmask(u32 to);
void mask_and_unmask_twice(u32 to);
void retry(u32 port);
void receive(u32 vcpu);
void go_on_and_receive(u32 vcpu);
void poll_port(u32 port);

/* What happened before anybody races. */
void start_masked(void);
void start_without_page(void);
void start_taken(void);
void start_one_queued(void);
void start_queued_not_pending(void);
void start_in_the_middle(void);
void start_closed_on_a_queue(void);

/* Make a vCPU, idle, and its queues. */
void make_vcpu(u8 vcpu);

/* Let both vCPUs take the upcalls that are due. */
void drain(void);

/* While no actor holds the locks of a queue, the queue must be in order. */
void check_tails(void);

#endif /* _KVM_XEN_FIFO_ACTORS_H */
