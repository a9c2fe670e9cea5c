/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 2-level ABI as slow and plain as it can be said: one lock, an array of
 * bools for each kind of bit, one function for each thing that can happen.
 */
#ifndef _KVM_XEN_ORACLE_H
#define _KVM_XEN_ORACLE_H

#include "evtchn_core.h"

#define ORACLE_PORTS	4096
#define ORACLE_WORDS	64

/* As many ports and as many to a word as the width has. */
void oracle_reset(unsigned int nr_ports, unsigned int ports_per_word);

enum xen_evtchn_verdict oracle_mark(u32 port);
bool oracle_select(u32 port);
bool oracle_replay(u64 sel);
u64 oracle_selector(u32 port);
bool oracle_is_pending(u32 port);

void oracle_mask(u32 port);
bool oracle_unmask(u32 port);
/* Handles what an upcall would; @handled counts events per port. */
void oracle_upcall(u32 *handled);

bool oracle_is_masked(u32 port);
bool oracle_is_selected(u32 word);
bool oracle_flag(void);

#endif /* _KVM_XEN_ORACLE_H */
