/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of Xen guests that is embedded in KVM's structures.
 *
 * <asm/kvm_host.h> embeds it in struct kvm_xen and struct kvm_vcpu_xen, so kvm.ko and
 * both vendor modules must be built with the same version.  arch/x86/kvm/xen.c says what
 * guards which field.
 */
#ifndef _ASM_X86_KVM_XEN_H
#define _ASM_X86_KVM_XEN_H

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct kvm_vcpu;
struct xen_evtchn_ops;
struct xen_domains;
struct xen_dynhc;
struct xen_fifo;
struct xen_fifo_vcpu;
struct xen_line;
struct xen_slots;

#define KVM_XEN_NR_WIDTHS	2

struct kvm_xen_vm_state {
	const struct xen_evtchn_ops *evtchn_ops;
	struct xen_slots *ports;	/* struct xen_port, by its number */
	struct xen_domains *domains;	/* NULL: the VMM keeps the ports */
	struct xen_fifo *fifo;		/* NULL at 2-level */
	struct mutex fifo_lock;
	u32 max_port;			/* highest port under FIFO */
	s64 first_offset;		/* kvmclock_offset before any KVM_SET_CLOCK */
	u8 fifo_offer;			/* enum xen_fifo_offer */
	bool by_line;			/* the guest asked the VMM for a line */
	atomic_t nr_pollers;		/* bits set in poll_mask */
	u32 poll_rest;			/* port for which pollers wake the others */
	struct mutex callback_lock;
	struct xen_line *line;		/* NULL: the VM has none */
	struct mutex dynhc_lock;
	struct xen_dynhc *dynhc;	/* NULL: no token was ever bound */
};

struct xen_hcall_op;

/* A decoded hypercall. */
struct kvm_xen_hcall {
	u64 input;
	u64 params[6];
	const struct xen_hcall_op *op;	/* its handler; never NULL */
	bool longmode;
	bool atomic;			/* in the exit fast path: see fastpath.c */
	u8 cpl;
};

/* The memslot that was used last; each use compares the generation. */
struct kvm_xen_memory {
	u64 generation;
	u64 base;			/* guest physical address */
	u64 size;			/* in bytes; 0: invalid */
	void __user *place;
};

/* The number of page-table levels in long mode without LA57. */
#define KVM_XEN_WALK_LEVELS	4

/* A page-table entry: its place in the VMM's memory, and its value. */
struct kvm_xen_cached_entry {
	u64 __user *place;
	u64 value;
};

/*
 * A cached page-table walk: a page that was read from, and the entries that led to it.
 * For a large page, the last entry is repeated.
 */
struct kvm_xen_cached_walk {
	u64 generation;			/* of the memslots; 0: invalid */
	u64 root;			/* CR3 */
	u64 page;			/* linear address */
	void __user *place;		/* of the page */
	struct kvm_xen_cached_entry entries[KVM_XEN_WALK_LEVELS];
};

/* The interrupts of a domain that are no device's. */
#define KVM_XEN_NR_VIRQS	24

/* What KVM does after the VMM has answered a call: with 0, or otherwise; or NULL. */
struct kvm_xen_completion {
	void (*complete)(struct kvm_vcpu *vcpu, const struct kvm_xen_completion *completion);
	void (*undo)(struct kvm_vcpu *vcpu, const struct kvm_xen_completion *completion);
	u32 port;
	u32 vcpu;			/* Xen vCPU id */
};

struct kvm_xen_vcpu_state {
	/*
	 * Deferred selectors, per width (enum xen_width), and flags of other deferred
	 * work.
	 */
	atomic64_t deferred[KVM_XEN_NR_WIDTHS];
	/*
	 * Memslot generations with which vcpu_info, or a page of FIFO for some event,
	 * could not be mapped; or 0.
	 */
	u64 stalled_generation;
	u64 fifo_stalled_generation;
	/* The port for which the vCPU polls, XEN_POLL_ANY or XEN_POLL_NONE. */
	u32 poll_port;
	struct hrtimer poll_timer;
	struct task_struct *steal_task;	/* task whose run_delay is last_steal */
	u32 timer_priority;
	u32 virq_ports[KVM_XEN_NR_VIRQS];	/* see event/domain.c */
	struct kvm_xen_completion completion;
	struct xen_fifo_vcpu *fifo;	/* NULL without a control block */
	/* Dirty ring entries of pages: union xen_ring_entry. */
	u64 vcpu_info_entry;
	u64 runstate_entries[2];
	struct xen_line *line;		/* NULL without one of its own */
	u8 upcall_method;		/* enum xen_upcall_method */
	struct kvm_xen_hcall hcall;
#ifdef CONFIG_KVM_XEN_FASTPATH
	bool decoded;			/* hcall was decoded in this exit */
	bool in_fast_call;		/* handling a call in the exit fast path */
	struct kvm_xen_memory fast_memory;
	struct kvm_xen_cached_walk cached_walk;
#endif
};

#endif /* _ASM_X86_KVM_XEN_H */
