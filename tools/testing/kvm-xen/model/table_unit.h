/* SPDX-License-Identifier: GPL-2.0 */
/* What is compared with the model: the real table, or one with a planted bug. */
#ifndef _KVM_XEN_TABLE_UNIT_H
#define _KVM_XEN_TABLE_UNIT_H

#include "evtchn_table.h"

struct table_unit {
	const char *bug;		/* what is wrong with it; NULL: nothing */
	int (*alloc_unbound)(struct evtchn_table *table, u16 domid);
	int (*bind_interdomain)(struct evtchn_table *table,
				struct evtchn_table *other, u32 port);
	int (*bind_virq)(struct evtchn_table *table, u32 virq, u32 vcpu);
	int (*bind_ipi)(struct evtchn_table *table, u32 vcpu);
	int (*bind_pirq)(struct evtchn_table *table, u32 pirq);
	int (*close)(struct evtchn_table *table, struct evtchn_table *other, u32 port);
	int (*bind_vcpu)(struct evtchn_table *table, u32 port, u32 vcpu);
	int (*may_send)(const struct evtchn_entry *entry);
	u32 (*virq_port)(struct evtchn_table *table, u32 virq, u32 vcpu);
};

/* The unit as it is. */
struct table_unit real_table_unit(void);

/* The unit with the @nr-th planted bug; false where there are no more. */
bool planted_table_unit(unsigned int nr, struct table_unit *unit);

#endif /* _KVM_XEN_TABLE_UNIT_H */
