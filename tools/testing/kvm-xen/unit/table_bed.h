/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the table of event channels work on: domains whose ports are an
 * array, without memory, or with ports that may not be used again, on request.
 */
#ifndef _KVM_XEN_TABLE_BED_H
#define _KVM_XEN_TABLE_BED_H

#include "evtchn_table.h"

#define BED_VCPUS	3
#define MISSING_VCPU	BED_VCPUS

#define VMM_DOMID	0
#define GUEST_DOMID	1
#define OTHER_DOMID	2	/* has no table */

struct table_bed {
	struct evtchn_table table;	/* first: it is all that the ops are given */
	u32 capacity;			/* ports that there is an entry for */
	struct evtchn_entry *entries;
	bool *made;
	bool *busy;			/* closed, but not to be used again */
	u32 virqs[XEN_ABI_NR_VIRQS][BED_VCPUS];
	u32 nr_vcpus;
	bool no_memory;
	u64 nr_finds;
};

/* Ports from 1 to below @nr_ports; the array has @capacity, for a limit that grows. */
void bed_init(struct table_bed *bed, u16 domid, u32 nr_ports, u32 capacity);
void bed_free(struct table_bed *bed);

/* Have entries for all ports, so that the unit finds whatever it looks for. */
void bed_make_all(struct table_bed *bed);

/* Check that @port is this; the rest of @entry says what. */
void bed_expect(const struct table_bed *bed, u32 port, struct evtchn_entry entry);

/* The two domains of most tests, with as many ports, and one more that the limit allows. */
extern struct table_bed guest, vmm;

void bed_start(u32 nr_ports);
void bed_stop(void);

/* Give out @nr ports of the guest. */
void bed_fill(u32 nr);

/* Keep what both domains are like; drop it, or check that they still are. */
void bed_keep(void);
void bed_drop(void);
void bed_is_unchanged(void);

#endif /* _KVM_XEN_TABLE_BED_H */
