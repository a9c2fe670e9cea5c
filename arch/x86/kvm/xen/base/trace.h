/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the Xen core; KVM's own kvm_xen_hypercall shows each call. */
#if !defined(_KVM_XEN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KVM_XEN_TRACE_H

#include <linux/tracepoint.h>

#include "xen/abi/evtchn_core.h"
#include "xen/abi/level.h"
#include "xen/base/base.h"

#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm_xen

/* Hypercalls answered by KVM, and their results. */
TRACE_EVENT(kvm_xen_hypercall_done,
	TP_PROTO(u64 input, u64 op, s64 result),
	TP_ARGS(input, op, result),

	TP_STRUCT__entry(
		__field(u64, input)
		__field(u64, op)
		__field(s64, result)
	),
	TP_fast_assign(
		__entry->input = input;
		__entry->op = op;
		__entry->result = result;
	),
	TP_printk("nr 0x%llx op 0x%llx result %lld",
		  __entry->input, __entry->op, __entry->result)
);

TRACE_EVENT(kvm_xen_raise,
	TP_PROTO(u32 vcpu_id, u32 port, u32 verdict),
	TP_ARGS(vcpu_id, port, verdict),

	TP_STRUCT__entry(
		__field(u32, vcpu_id)
		__field(u32, port)
		__field(u32, verdict)
	),
	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->port = port;
		__entry->verdict = verdict;
	),
	TP_printk("vcpu %u port %u %s", __entry->vcpu_id, __entry->port,
		  __print_symbolic(__entry->verdict,
				   { XEN_EVTCHN_COALESCED, "coalesced" },
				   { XEN_EVTCHN_MASKED, "masked" },
				   { XEN_EVTCHN_QUEUED, "queued" },
				   { XEN_EVTCHN_RAISED, "raised" },
				   { XEN_EVTCHN_SAVED, "saved" },
				   { XEN_EVTCHN_DROPPED, "dropped" }))
);

TRACE_EVENT(kvm_xen_upcall,
	TP_PROTO(u32 vcpu_id, u32 method),
	TP_ARGS(vcpu_id, method),

	TP_STRUCT__entry(
		__field(u32, vcpu_id)
		__field(u32, method)
	),
	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->method = method;
	),
	TP_printk("vcpu %u by %s", __entry->vcpu_id,
		  __print_symbolic(__entry->method, XEN_UPCALL_METHOD_NAMES))
);

/* Actions on a line, after its flag was read. */
TRACE_EVENT(kvm_xen_line,
	TP_PROTO(u32 gsi, bool vmm, bool flag, u32 actions),
	TP_ARGS(gsi, vmm, flag, actions),

	TP_STRUCT__entry(
		__field(u32, gsi)
		__field(bool, vmm)
		__field(bool, flag)
		__field(u32, actions)
	),
	TP_fast_assign(
		__entry->gsi = gsi;
		__entry->vmm = vmm;
		__entry->flag = flag;
		__entry->actions = actions;
	),
	TP_printk("gsi %u%s flag %d %s", __entry->gsi,
		  __entry->vmm ? " of the vmm" : "", __entry->flag,
		  __print_flags(__entry->actions, "|",
				{ XEN_LEVEL_LOWER, "lower" },
				{ XEN_LEVEL_RAISE, "raise" }))
);

/* The handling of an EOI is delayed, see resampled() in line.c. */
TRACE_EVENT(kvm_xen_line_delay,
	TP_PROTO(u32 gsi),
	TP_ARGS(gsi),

	TP_STRUCT__entry(
		__field(u32, gsi)
	),
	TP_fast_assign(
		__entry->gsi = gsi;
	),
	TP_printk("gsi %u", __entry->gsi)
);

TRACE_EVENT(kvm_xen_timer,
	TP_PROTO(u32 vcpu_id, u32 port, u64 expires, const char *what),
	TP_ARGS(vcpu_id, port, expires, what),

	TP_STRUCT__entry(
		__field(u32, vcpu_id)
		__field(u32, port)
		__field(u64, expires)
		__string(what, what)
	),
	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->port = port;
		__entry->expires = expires;
		__assign_str(what);
	),
	TP_printk("vcpu %u port %u expires %llu %s", __entry->vcpu_id,
		  __entry->port, __entry->expires, __get_str(what))
);

#endif /* _KVM_XEN_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../../arch/x86/kvm/xen/base
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
