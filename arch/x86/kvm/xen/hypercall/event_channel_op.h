/* SPDX-License-Identifier: GPL-2.0 */
/* EVTCHNOP_*: see event_channel_op.c. */
#ifndef _KVM_XEN_HYPERCALL_EVENT_CHANNEL_OP_H
#define _KVM_XEN_HYPERCALL_EVENT_CHANNEL_OP_H

#include <linux/types.h>
#include <xen/interface/xen.h>
#include <xen/interface/event_channel.h>

#include "xen/base/hcall.h"

#define XEN_NR_EVENT_CHANNEL_OPS	(EVTCHNOP_set_priority + 1)

extern const struct xen_hcall_op xen_event_channel_ops[XEN_NR_EVENT_CHANNEL_OPS];

#endif /* _KVM_XEN_HYPERCALL_EVENT_CHANNEL_OP_H */
