// SPDX-License-Identifier: GPL-2.0
/* The two widths of Xen's guest ABI, each as one constant. */
#include "layout.h"

#define XEN_LAYOUT(bits, shift) {					\
	.nr_ports = 8 * sizeof_field(struct xen_abi_shared_info##bits,	\
				     evtchn_pending),			\
	.sel_shift = shift,						\
	.sel_bits = bits,						\
	.pending = offsetof(struct xen_abi_shared_info##bits,		\
			    evtchn_pending),				\
	.mask = offsetof(struct xen_abi_shared_info##bits, evtchn_mask),\
	.sel = offsetof(struct xen_abi_vcpu_info##bits,			\
			evtchn_pending_sel),				\
	.wc = offsetof(struct xen_abi_shared_info##bits, wc),		\
	.wc_sec_hi = offsetof(struct xen_abi_shared_info##bits,		\
			      wc_sec_hi),				\
	.runstate_size = sizeof(struct xen_abi_runstate##bits),		\
	.runstate_entry = offsetof(struct xen_abi_runstate##bits,	\
				   state_entry_time),			\
}

const struct xen_layout xen_layouts[XEN_NR_WIDTHS] = {
	[XEN_NARROW] = XEN_LAYOUT(32, 5),
	[XEN_WIDE] = XEN_LAYOUT(64, 6),
};
