/* SPDX-License-Identifier: GPL-2.0 */
/* What scenarios of lines are made of: a world, and those who act in it. */
#ifndef _KVM_XEN_LEVEL_ACTORS_H
#define _KVM_XEN_LEVEL_ACTORS_H

#include "explore.h"
#include "level_unit.h"

/* Sources that a pin is up for. */
#define OURS	1
#define DEVICE	2

/* Whose data is which: senders from 0, the device last. */
#define NR_DATA		4
#define DEVICES_DATA	(NR_DATA - 1)

/* A pin of an irqchip, as KVM's IOAPIC has it. */
struct pin {
	u8 sources;		/* that hold it up */
	u8 irr, remote_irr, masked;
};

struct world {
	struct xen_level level;
	struct pin pin;
	u32 pin_lock;
	u32 lock;		/* of the driver */
	u8 data[NR_DATA], seen[NR_DATA];
	u32 irr;		/* an interrupt waits to be taken */
	u32 work;		/* the work item is queued */
	u32 request;		/* the vCPU is asked to look */
	u32 asserts;		/* the count of the VMM's assert eventfd */
	u32 eoi;		/* the VMM's thread has an EOI to handle */
	u8 flag;
	u8 unseen;		/* there was an EOI without a notification */
	u8 chance;		/* KVM ran after the flag was cleared */
	u8 taken;		/* interrupts */
	u8 drivers;
	u8 busy, over;		/* actors that act; all have come to rest */
} __attribute__((aligned(64)));

extern struct world world;

struct scenario {
	const char *name;
	struct actor actors[EXPLORE_ACTORS];
	void (*prepare)(void);
	void (*end)(void);	/* how an interrupt ends; NULL: end_in_kernel() */
	u8 most;		/* interrupts that the guest gets at most */
	bool edge;		/* the pin's trigger mode */
	bool vmm;		/* the VMM has the line */
	bool shared;		/* a device is on the pin, too */
	bool resampler;		/* so is an irqfd that resamples */
};

/* What is explored: set before, changed by nobody. */
extern struct level_unit unit;
extern const struct scenario *scenario;

/* Senders; their argument is whose data is sent. */
void send(u32 which);
void send_twice(u32 which);
void send_from_interrupt(u32 which);	/* leaves the line to the work item */
void send_blindly(u32 which);		/* is where the flag cannot be looked at */

/* Others; the argument means nothing, but for who says so. */
void raise_device(u32 unused);
void unmask_pin(u32 unused);		/* another vCPU of the guest */
void mask_and_unmask_pin(u32 unused);
void look(u32 unused);			/* the VMM made this the vCPU's line */
void work(u32 unused);
void vmm(u32 unused);
void vmm_without_eoi(u32 unused);

/* The guest's vCPU; the argument is how it handles an interrupt. */
enum handler {
	LATE_EOI,
	EARLY_EOI,
	EOI_IN_BETWEEN,
	TWO_LOOKS,
	EOI_AND_TWO_LOOKS,
	ONE_SHOT,
	LAZY_MASK,
};

void receive(u32 handler);
void receive_and_move(u32 handler);	/* to another host, after the first */

/* How an interrupt ends, by struct scenario. */
void end_in_kernel(void);
void end_blindly(void);			/* in the kernel, where it cannot look */
void end_unseen(void);			/* KVM is notified of it at the next edge */
void end_in_vmm(void);			/* by the thread of the vCPU */
void end_in_irqfd(void);			/* by KVM_IRQFD, as a resampler */
void end_unnotified(void);		/* nobody is ever notified of it */
void end_in_vmm_thread(void);		/* by the one that asserts the line, too */

/* What happened before anybody races. */
void start_flag_up(void);
void start_masked(void);
void start_interrupted(void);		/* for an event; the guest is about to look */

/* Make a world in which all actors are busy. */
void start_world(void);

#endif /* _KVM_XEN_LEVEL_ACTORS_H */
