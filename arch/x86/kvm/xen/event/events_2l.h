/* SPDX-License-Identifier: GPL-2.0 */
/* 2-level events inside KVM; the path of each event is inlined. */
#ifndef _KVM_XEN_EVENT_EVENTS_2L_H
#define _KVM_XEN_EVENT_EVENTS_2L_H

#include "xen/abi/evtchn_2l.h"
#include "xen/base/evtchn_ops.h"
#include "xen/base/map.h"

extern const struct xen_evtchn_ops xen_2l_ops;

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

#endif /* _KVM_XEN_EVENT_EVENTS_2L_H */
