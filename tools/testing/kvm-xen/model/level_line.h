/* SPDX-License-Identifier: GPL-2.0 */
/* A line of the world and its driver, for those who act on it: see level_line.c. */
#ifndef _KVM_XEN_LEVEL_LINE_H
#define _KVM_XEN_LEVEL_LINE_H

#include "level_actors.h"

/*
 * Where an actor is, for explore_forget(): from there on, what it read before makes no
 * difference.  Senders go on from one event to the next, so SENDING is a place, too.
 */
enum place {
	ELSEWHERE,		/* what it read does make a difference */
	WAITING,
	BETWEEN_LOOKS,
	LOOKING,
	MOVING,
	RESUMING,
	MASKING,
	UNMASKING,
	UNMASKED,
	ENDING,
	SENDING,
};

/* An actor comes to a place, may drive the line there, and leaves it. */
enum stage { ARRIVED, DRIVING, LEFT };

void forget(enum place where, enum stage stage);

void lock_pin(void);
/* Raise or lower it for @source; with it locked, recompute its level. */
void set_pin(u8 source, bool up);
void update_pin(void);

/* With the pin locked: raise its interrupt, if it is to raise one now. */
void service(void);

/* The EOI comes to the pin, after the notifiers were called. */
void end_on_pin(void);

/* In a task: what is posted has been carried out on return. */
void post_now(enum place where, u32 events);
/* The same where the flag cannot be read. */
void post_blindly(enum place where, u32 events);
/* Where neither the irqchip nor another eventfd may be touched. */
void post_later(enum place where, u32 events);

#endif /* _KVM_XEN_LEVEL_LINE_H */
