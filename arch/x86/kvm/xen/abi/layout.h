/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The layout of Xen's structures in guest memory, in both widths.
 *
 * Owns the layouts and their offsets; no function here accesses guest memory.  A guest is
 * narrow (32-bit words) until it, or the VMM on its behalf, changes that.  As the width
 * may change at any time, an operation reads it once, as a pointer to struct xen_layout,
 * and uses that for all that depends on the width.
 *
 * Source of all numbers: Xen's public headers xen.h, arch-x86/xen*.h, event_channel.h,
 * sched.h and vcpu.h.
 */
#ifndef _KVM_XEN_ABI_H
#define _KVM_XEN_ABI_H

#include "seam.h"

#define XEN_ABI_PAGE_SIZE	4096u
#define XEN_ABI_ENOSYS		38	/* Xen's ENOSYS: not in the ABI in use */
#define XEN_ABI_LEGACY_VCPUS	32

/* 64-bit guests align 64-bit words to 8 bytes, also if the host is 32-bit. */
typedef u64 __aligned(8) abi_u64;

struct xen_abi_time_info {
	u32 version;
	u32 pad0;
	u64 tsc_timestamp;
	u64 system_time;
	u32 tsc_to_system_mul;
	s8 tsc_shift;
	u8 flags;
	u8 pad[2];
};
static_assert(sizeof(struct xen_abi_time_info) == 32);

struct xen_abi_wall_clock {
	u32 version;		/* odd while the rest changes */
	u32 sec;		/* since 1970, low half */
	u32 nsec;
};
static_assert(sizeof(struct xen_abi_wall_clock) == 12);

/* The members are listed once for both widths; @regs is the length of arch_vcpu_info. */
#define XEN_ABI_VCPU_INFO(bits, word, regs)				\
struct xen_abi_vcpu_info##bits {					\
	u8 evtchn_upcall_pending;					\
	u8 evtchn_upcall_mask;						\
	word evtchn_pending_sel;					\
	word arch[regs];						\
	struct xen_abi_time_info time;					\
};									\
static_assert(sizeof(struct xen_abi_vcpu_info##bits) == 64);		\
static_assert(offsetof(struct xen_abi_vcpu_info##bits, time) == 32);	\
static_assert(offsetof(struct xen_abi_vcpu_info##bits,			\
		       evtchn_upcall_pending) == 0)

XEN_ABI_VCPU_INFO(32, u32, 6);
XEN_ABI_VCPU_INFO(64, abi_u64, 2);

static_assert(offsetof(struct xen_abi_vcpu_info32, evtchn_pending_sel) == 4);
static_assert(offsetof(struct xen_abi_vcpu_info64, evtchn_pending_sel) == 8);

#define XEN_ABI_VCPU_INFO_SIZE	64u
#define XEN_ABI_VCPU_INFO_ALIGN	4u	/* stated for 32-bit guests, kept for all */
#define XEN_ABI_TIME_OFFSET	32u

/*
 * The high half of the seconds is beside the clock in 64-bit guests, last in 32-bit ones.
 */
struct xen_abi_shared_info32 {
	struct xen_abi_vcpu_info32 vcpu_info[XEN_ABI_LEGACY_VCPUS];
	u32 evtchn_pending[32];
	u32 evtchn_mask[32];
	struct xen_abi_wall_clock wc;
	u32 arch[6];
	u32 wc_sec_hi;
};
static_assert(offsetof(struct xen_abi_shared_info32, evtchn_pending) == 0x800);
static_assert(offsetof(struct xen_abi_shared_info32, evtchn_mask) == 0x880);
static_assert(offsetof(struct xen_abi_shared_info32, wc) == 0x900);
static_assert(offsetof(struct xen_abi_shared_info32, wc_sec_hi) == 0x924);

struct xen_abi_shared_info64 {
	struct xen_abi_vcpu_info64 vcpu_info[XEN_ABI_LEGACY_VCPUS];
	abi_u64 evtchn_pending[64];
	abi_u64 evtchn_mask[64];
	struct xen_abi_wall_clock wc;
	u32 wc_sec_hi;
	abi_u64 arch[6];
};
static_assert(offsetof(struct xen_abi_shared_info64, evtchn_pending) == 0x800);
static_assert(offsetof(struct xen_abi_shared_info64, evtchn_mask) == 0xa00);
static_assert(offsetof(struct xen_abi_shared_info64, wc) == 0xc00);
static_assert(offsetof(struct xen_abi_shared_info64, wc_sec_hi) == 0xc0c);

/*
 * FIFO event channels: a word per port, in pages that the guest adds one by one, and a
 * control block per vCPU with the heads of its queues.  The ports of a queue are chained
 * by the LINK fields of their words.
 */
#define XEN_ABI_FIFO_PENDING	31
#define XEN_ABI_FIFO_MASKED	30
#define XEN_ABI_FIFO_LINKED	29	/* on a queue */
#define XEN_ABI_FIFO_BUSY	28	/* the guest must wait before it clears MASKED */
#define XEN_ABI_FIFO_LINK_BITS	17
#define XEN_ABI_FIFO_LINK	((1u << XEN_ABI_FIFO_LINK_BITS) - 1)

#define XEN_ABI_FIFO_NR_PORTS	(1u << XEN_ABI_FIFO_LINK_BITS)
#define XEN_ABI_FIFO_PAGE_PORTS	(XEN_ABI_PAGE_SIZE / 4)
#define XEN_ABI_FIFO_NR_PAGES	(XEN_ABI_FIFO_NR_PORTS / XEN_ABI_FIFO_PAGE_PORTS)

#define XEN_ABI_FIFO_NR_QUEUES	16	/* per vCPU; 0 is the most urgent */
#define XEN_ABI_FIFO_PRIORITY	7	/* default priority of a port */

struct xen_abi_fifo_control {
	u32 ready;		/* a bit per queue that became non-empty */
	u32 pad;
	u32 head[XEN_ABI_FIFO_NR_QUEUES];
};
static_assert(offsetof(struct xen_abi_fifo_control, head) == 8);
static_assert(sizeof(struct xen_abi_fifo_control) == 72);
#define XEN_ABI_FIFO_CONTROL_ALIGN	8u

enum xen_abi_runstate {
	XEN_ABI_RUNSTATE_RUNNING,
	XEN_ABI_RUNSTATE_RUNNABLE,
	XEN_ABI_RUNSTATE_BLOCKED,
	XEN_ABI_RUNSTATE_OFFLINE,
	XEN_ABI_NR_RUNSTATES,
};

/* Set in state_entry_time while the rest of a runstate area changes. */
#define XEN_ABI_RUNSTATE_UPDATE	(1ull << 63)

struct xen_abi_runstate32 {
	u32 state;
	u64 state_entry_time;
	u64 time[XEN_ABI_NR_RUNSTATES];
} __packed;
static_assert(sizeof(struct xen_abi_runstate32) == 44);

struct xen_abi_runstate64 {
	u32 state;
	u32 pad;
	abi_u64 state_entry_time;
	abi_u64 time[XEN_ABI_NR_RUNSTATES];
};
static_assert(sizeof(struct xen_abi_runstate64) == 48);

/* Hypercall arguments in guest memory. */
struct xen_abi_init_control {
	u64 control_gfn;
	u32 offset;		/* of the control block in its page */
	u32 vcpu;
	u8 link_bits;		/* out */
	u8 pad[7];
};
static_assert(offsetof(struct xen_abi_init_control, link_bits) == 16);
static_assert(sizeof(struct xen_abi_init_control) == 24);

struct xen_abi_expand_array {
	u64 array_gfn;
};
static_assert(sizeof(struct xen_abi_expand_array) == 8);

struct xen_abi_set_priority {
	u32 port;
	u32 priority;
};
static_assert(sizeof(struct xen_abi_set_priority) == 8);

struct xen_abi_sched_poll32 {
	u32 ports;		/* guest virtual address of u32[nr_ports] */
	u32 nr_ports;
	u64 timeout;		/* absolute system time in ns; 0: none */
};
static_assert(sizeof(struct xen_abi_sched_poll32) == 16);

struct xen_abi_sched_poll64 {
	u64 ports;
	u32 nr_ports;
	u32 pad;
	u64 timeout;
};
static_assert(sizeof(struct xen_abi_sched_poll64) == 24);

/* In a 32-bit guest this ends behind flags: it is 12 bytes long, not 16. */
struct xen_abi_singleshot_timer {
	u64 timeout_abs_ns;
	u32 flags;
	u32 pad;
};
static_assert(offsetof(struct xen_abi_singleshot_timer, pad) == 12);
static_assert(sizeof(struct xen_abi_singleshot_timer) == 16);

/*
 * One width of the ABI.  Offsets are in bytes from the start of shared_info, vcpu_info or
 * the runstate area.  On x86 the bits of a 64-bit word have the same numbers as those of
 * its two halves, so that 32-bit words are accessed in either width; only the number of
 * ports per selector differs.
 */
struct xen_layout {
	u16 nr_ports;
	u8 sel_shift;		/* bit of a port in pending_sel is port >> sel_shift */
	u8 sel_bits;
	u16 pending;
	u16 mask;
	u16 sel;
	u16 wc;
	u16 wc_sec_hi;
	u8 runstate_size;
	u8 runstate_entry;	/* offset of state_entry_time */
};

enum xen_width {
	XEN_NARROW,
	XEN_WIDE,
	XEN_NR_WIDTHS,
};

extern const struct xen_layout xen_layouts[XEN_NR_WIDTHS];

/* The width of @layout, as an index for state that is kept per width. */
static inline enum xen_width xen_layout_width(const struct xen_layout *layout)
{
	return layout == &xen_layouts[XEN_WIDE] ? XEN_WIDE : XEN_NARROW;
}

#endif /* _KVM_XEN_ABI_H */
