/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Xen guest state that KVM's own structures carry.
 *
 * <asm/kvm_host.h> embeds these in struct kvm_xen and struct kvm_vcpu_xen, so
 * kvm.ko and both vendor modules must agree on them: the three are one unit.
 * What guards a field is said in arch/x86/kvm/xen.c.
 */
#ifndef _ASM_X86_KVM_XEN_H
#define _ASM_X86_KVM_XEN_H

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct kvm_vcpu;
struct xen_evtchn_ops;
struct xen_dynhc;
struct xen_fifo;
struct xen_fifo_vcpu;
struct xen_line;
struct xen_slots;

#define KVM_XEN_NR_WIDTHS	2

struct kvm_xen_vm_state {
	const struct xen_evtchn_ops *evtchn_ops;
	struct xen_slots *ports;	/* struct xen_port, by send_port */
	struct xen_fifo *fifo;		/* NULL at 2-level */
	struct mutex fifo_lock;
	u32 max_port;			/* highest, where FIFO is in use */
	s64 first_offset;		/* kvmclock_offset of a clock never set */
	u8 fifo_offer;			/* enum xen_fifo_offer */
	bool by_line;			/* how the guest asked the VMM for upcalls */
	atomic_t nr_pollers;		/* bits set in poll_mask */
	u32 poll_rest;			/* what pollers wake others for: as poll_port */
	struct mutex callback_lock;
	struct xen_line *line;		/* NULL: the VM has none */
	struct mutex dynhc_lock;
	struct xen_dynhc *dynhc;	/* NULL: no token ever was */
};

struct xen_hcall_op;

/* A hypercall, decoded. */
struct kvm_xen_hcall {
	u64 input;
	u64 params[6];
	const struct xen_hcall_op *op;	/* who answers it; never NULL */
	bool longmode;
	bool atomic;			/* right behind the exit: see fastpath.c */
	u8 cpl;
};

/* The memslot that was used last, where each use looks at the generation. */
struct kvm_xen_memory {
	u64 generation;
	u64 base;			/* guest physical address */
	u64 size;			/* in bytes; 0: there is none */
	void __user *place;
};

/* So many entries lead to a page in long mode, without LA57. */
#define KVM_XEN_WALK_LEVELS	4

/*
 * A page that was read from, and the entries of page tables that led there.  Where a
 * large page makes the way short, its entry is repeated.
 */
struct kvm_xen_cached_walk {
	u64 generation;			/* of the memslots; 0: there is no way */
	u64 root;			/* CR3 */
	u64 page;			/* linear address */
	void __user *place;		/* of the page */
	u64 __user *entries[KVM_XEN_WALK_LEVELS];
	u64 values[KVM_XEN_WALK_LEVELS];
};

/* A call of which the kernel does its part once the VMM has answered it by 0. */
struct kvm_xen_completion {
	void (*complete)(struct kvm_vcpu *vcpu, const struct kvm_xen_completion *completion);
	u32 port;
	u32 vcpu;			/* as the guest knows it */
};

struct kvm_xen_vcpu_state {
	/* Selections that found no vcpu_info, per width (enum xen_width). */
	atomic64_t deferred[KVM_XEN_NR_WIDTHS];
	/*
	 * Memslot generations for which vcpu_info, and a page of FIFO for some event,
	 * are known not to map, or 0.
	 */
	u64 stalled_generation;
	u64 fifo_stalled_generation;
	/* What the vCPU polls for: a port, XEN_POLL_ANY or XEN_POLL_NONE. */
	u32 poll_port;
	struct hrtimer poll_timer;
	struct task_struct *steal_task;	/* whose run delay last_steal is */
	u32 timer_priority;
	struct kvm_xen_completion completion;
	struct xen_fifo_vcpu *fifo;	/* NULL without a control block */
	/* Where in a dirty ring pages were logged: union xen_ring_entry. */
	u64 vcpu_info_entry;
	u64 runstate_entries[2];
	struct xen_line *line;		/* NULL without one of its own */
	u8 upcall_method;		/* enum xen_upcall_method */
	struct kvm_xen_hcall hcall;
#ifdef CONFIG_KVM_XEN_FASTPATH
	bool decoded;			/* hcall is that of this exit */
	bool in_fast_call;		/* answers a call right behind the exit */
	struct kvm_xen_memory fast_memory;
	struct kvm_xen_cached_walk cached_walk;
#endif
};

#endif /* _ASM_X86_KVM_XEN_H */
