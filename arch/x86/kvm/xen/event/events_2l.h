/* SPDX-License-Identifier: GPL-2.0 */
/* What 2-level does for each event, in the hands of who raises it: see events_2l.c. */
#ifndef _KVM_XEN_EVENTS_2L_H
#define _KVM_XEN_EVENTS_2L_H

#include "xen/base/internal.h"
#include "xen/abi/evtchn_2l.h"

static __always_inline int xen_2l_mark(struct kvm_vcpu *vcpu,
				       const struct xen_layout *layout,
				       u32 port, u32 priority)
{
	struct xen_map map;
	int verdict;

	if (unlikely(!xen_try_map(&map, &vcpu->kvm->arch.xen.shinfo_cache)))
		return -EWOULDBLOCK;

	verdict = evtchn_2l_mark(map.khva, layout, port);
	xen_unmap(&map);
	return verdict;
}

#endif /* _KVM_XEN_EVENTS_2L_H */
