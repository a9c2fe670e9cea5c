/* SPDX-License-Identifier: GPL-2.0 */
/* What the scenarios exercise: the real units, or ones with a planted bug. */
#ifndef _KVM_XEN_UNIT_H
#define _KVM_XEN_UNIT_H

#include "evtchn_2l.h"
#include "runstate_abi.h"
#include "time_abi.h"

struct unit_2l {
	enum xen_evtchn_verdict (*mark)(void *shinfo,
					const struct xen_layout *layout,
					u32 port);
	enum xen_evtchn_verdict (*unmask)(void *shinfo,
					  const struct xen_layout *layout,
					  u32 port);
	bool (*select)(void *vcpu_info, const struct xen_layout *layout,
		       u32 port);
	bool (*replay)(void *vcpu_info, const struct xen_layout *layout,
		       u64 sel);
	bool (*is_pending)(const void *shinfo, const struct xen_layout *layout,
			   u32 port);
};

struct unit {
	const char *bug;		/* what is wrong with it; NULL: nothing */
	struct unit_2l events;
	void (*runstate_store)(const struct xen_runstate_area *area,
			       const struct xen_layout *layout,
			       const struct xen_runstate *rs, bool announce);
	void (*wall_clock_store)(void *shinfo, const struct xen_layout *layout,
				 u64 epoch_ns);
};

/* The unit as it is. */
struct unit real_unit(void);

/* The unit with the @nr-th planted bug; false where there are no more. */
bool planted_unit(unsigned int nr, struct unit *unit);

#endif /* _KVM_XEN_UNIT_H */
