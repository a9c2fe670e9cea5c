/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the FIFO unit work on: the pages of a guest with two vCPUs,
 * the kernel's part of their queues, and an event between the two.
 */
#ifndef _KVM_XEN_FIFO_BED_H
#define _KVM_XEN_FIFO_BED_H

#include "evtchn_fifo.h"
#include "watch.h"

/* Bits of a word as the ABI's text has them, not as the unit spells them. */
#define P	0x80000000u	/* pending */
#define M	0x40000000u	/* masked */
#define L	0x20000000u	/* linked */
#define B	0x10000000u	/* busy */

#define BED_PORTS	1024	/* one page of words */
#define BED_VCPUS	2
#define BED_QUEUES	16

struct bed {
	u32 *words;			/* allocations of their own, */
	u8 *control[BED_VCPUS];		/* which ASan watches */
	struct evtchn_fifo_queue queues[BED_VCPUS][BED_QUEUES];
	struct evtchn_fifo_queue nowhere;
	struct evtchn_fifo_port ports[BED_PORTS];
};

enum { WORDS, CONTROL, PORT };	/* regions of the watch */

extern struct bed bed;

/* Anew: patterns in what is of no use to anybody, zeroes in the rest. */
void bed_start(void);
void bed_stop(void);

/*
 * Watch accesses for an event of @nr with the tail @tail on a queue of vCPU 0.
 * All others are failures.
 */
void bed_watch(u32 nr, u32 tail, u8 priority);

u32 bed_ready(u8 vcpu);
u32 bed_head(u8 vcpu, u8 priority);
void bed_set_ready(u8 vcpu, u32 ready);
void bed_set_head(u8 vcpu, u8 priority, u32 head);

/* Everything in guest memory but the two words and vCPU 0's block is as it was. */
void bed_expect_rest(u32 nr, u32 tail);

struct evtchn_fifo_event bed_event(u32 nr, u8 vcpu, u8 priority);

/* Lock, mark and unlock, as a caller shall. */
enum xen_evtchn_verdict bed_send(u32 nr, u8 vcpu, u8 priority);
enum xen_evtchn_verdict bed_unmask(u32 nr, u8 vcpu, u8 priority);

/* The guest takes @nr off its queue; returns what was in LINK. */
u32 bed_take(u32 nr);

/* Call @guest before the @nr-th access from now on, or before each for 0. */
void bed_interfere(unsigned int nr, void (*guest)(const volatile void *addr));
unsigned int bed_accesses(void);

#endif /* _KVM_XEN_FIFO_BED_H */
