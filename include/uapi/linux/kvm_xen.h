/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Additions to KVM's ABI for Xen guests.
 *
 * Everything here extends the Xen part of <linux/kvm.h> and redeclares none of
 * it.  An addition is usable once its KVM_XEN_HVM_CONFIG_* flag was both
 * reported by KVM_CHECK_EXTENSION(KVM_CAP_XEN_HVM) and set by the ioctl
 * KVM_XEN_HVM_CONFIG; until then its attributes answer -ENOENT, as unknown
 * ones do.  While an addition is in use its flag cannot be taken away (-EBUSY).
 * Flags of additions begin at bit 16, their attributes at 0x40.
 *
 * Padding has to be zero, when an attribute is read as when it is set, or the
 * answer is -EINVAL.  Where an attribute reads an array, @nr is first how many
 * entries there is room for, and then how many there are, which may be more: as
 * many were written as there was room for.  With room for none it only counts.
 */
#ifndef _UAPI_LINUX_KVM_XEN_H
#define _UAPI_LINUX_KVM_XEN_H

#include <linux/kvm.h>
#include <linux/types.h>

/*
 * KVM_XEN_ATTR_TYPE_ADDITIONS: which additions this kernel has (VM, get only).
 *
 * Ask it before anything else of this header: flags and attributes of these
 * numbers may mean something else to another kernel, @magic says that they do not.
 * @version is the kernel's KVM_XEN_ADDITIONS_VERSION; what a header of a lower one
 * says is true of it, too.  @config_flags are the flags of additions that
 * KVM_XEN_HVM_CONFIG takes.
 *
 * Needs no flag.  Errors: -ENOENT in kernels without additions.
 */
#define KVM_XEN_ATTR_TYPE_ADDITIONS	0x47

#define KVM_XEN_ADDITIONS_MAGIC		0x584d564b	/* "KVMX" */
#define KVM_XEN_ADDITIONS_VERSION	1

struct kvm_xen_additions {
	__u32 magic;
	__u32 version;
	__u32 config_flags;
	__u32 pad0;		/* zero */
	__u64 pad[6];		/* zero */
};

/*
 * The arguments of these attributes take the place of the union in struct
 * kvm_xen_hvm_attr and struct kvm_xen_vcpu_attr, and are as large.  C does not
 * let a program reach into that union by a pointer of another type, so copy them,
 * as these do, before KVM_XEN_HVM_SET_ATTR or _GET_ATTR and after the latter:
 *
 *	struct kvm_xen_hvm_attr attr = { .type = KVM_XEN_ATTR_TYPE_ADDITIONS };
 *	struct kvm_xen_additions additions = { 0 };
 *
 *	kvm_xen_hvm_attr_put(&attr, &additions);
 *	if (!ioctl(vm, KVM_XEN_HVM_GET_ATTR, &attr))
 *		kvm_xen_hvm_attr_take(&attr, &additions);
 */
#ifndef __KERNEL__
static __inline__ void kvm_xen_hvm_attr_put(struct kvm_xen_hvm_attr *attr, const void *arg)
{
	__builtin_memcpy(&attr->u, arg, sizeof(attr->u));
}

static __inline__ void kvm_xen_hvm_attr_take(const struct kvm_xen_hvm_attr *attr, void *arg)
{
	__builtin_memcpy(arg, &attr->u, sizeof(attr->u));
}

static __inline__ void kvm_xen_vcpu_attr_put(struct kvm_xen_vcpu_attr *attr, const void *arg)
{
	__builtin_memcpy(&attr->u, arg, sizeof(attr->u));
}

static __inline__ void kvm_xen_vcpu_attr_take(const struct kvm_xen_vcpu_attr *attr, void *arg)
{
	__builtin_memcpy(arg, &attr->u, sizeof(attr->u));
}
#endif

/* The table of ports set by KVM_XEN_ATTR_TYPE_EVTCHN can be read. */
#define KVM_XEN_HVM_CONFIG_EVTCHN_ENUM	(1 << 21)

/*
 * FIFO event channels.  With this flag set the kernel answers the guest's
 * EVTCHNOP_init_control, _expand_array, _set_priority and _unmask itself; a
 * guest that makes the first of them moves the VM from 2-level to FIFO, for all
 * events and whoever raises them.  It is back at 2-level after
 * KVM_XEN_EVTCHN_RESET, by which a VMM answers EVTCHNOP_reset and a soft reset.
 *
 * With the flag set, a priority from 0, the most urgent, to 15 may be given
 * instead of KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL to KVM_XEN_ATTR_TYPE_EVTCHN,
 * KVM_XEN_VCPU_ATTR_TYPE_TIMER, KVM_XEN_HVM_EVTCHN_SEND and in irq routing
 * entries.  It has no effect at 2-level; under FIFO PRIO_2LEVEL stands for the
 * port's own priority, which the guest sets, 7 until then.
 */
#define KVM_XEN_HVM_CONFIG_EVTCHN_FIFO	(1 << 16)

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_ENUM: read the table of ports (VM, get only).
 *
 * KVM writes entries to @entries, in rising order of their port and beginning with
 * the first at or above @first, and stores in @nr how many there are from there on.
 * Where that is more than there was room for, go on at the port after the last one
 * read.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_EVTCHN_ENUM is set, -EFAULT where
 * @entries cannot be written.
 * Sleeps.  The result is one moment's table only while no other thread
 * changes it.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_ENUM	0x40

struct kvm_xen_evtchn_enum {
	__u64 entries;		/* struct kvm_xen_evtchn_entry *, 8-byte aligned */
	__u32 first;		/* lowest port of interest */
	__u32 nr;		/* in: room for so many; out: so many there are */
	__u64 done;		/* zero but for EVTCHN_FIFO_PORTS when set */
	__u64 pad[5];		/* zero */
};

/*
 * One port, in the terms of KVM_XEN_ATTR_TYPE_EVTCHN: copying these fields
 * into that attribute with flags 0 sets the same port again.  An eventfd is
 * named by the number under which it was handed in, which another process, or
 * this one after close(), has to translate; @port is 0 there.
 */
struct kvm_xen_evtchn_entry {
	__u32 send_port;
	__u32 type;		/* EVTCHNSTAT_ipi or EVTCHNSTAT_interdomain */
	__u32 port;		/* where events arrive; 0: at @fd */
	__u32 vcpu;		/* target, as in the attribute (APIC id) */
	__u32 priority;
	__s32 fd;		/* -1 unless @port is 0 */
	__u64 pad;		/* zero */
};

/*
 * The state of FIFO event channels, for a guest to be saved and restored.  Each
 * of these is -ENOENT until KVM_XEN_HVM_CONFIG_EVTCHN_FIFO is set, -EFAULT where
 * memory of the VMM is not there.
 * All sleep.  Read them where no vCPU runs, and set them in this order before
 * any does: limit, array, control blocks, ports; then what raises events.  Heads
 * and links of queues are in guest memory, which has to be there before.
 */

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT: the highest port under FIFO (VM, set and get).
 * 131071 by default.  Beyond it, the guest's EVTCHNOP_expand_array and the
 * VMM's KVM_XEN_ATTR_TYPE_EVTCHN get -ENOSPC.
 * Errors: -EINVAL for 0 and above 131071, -EBUSY below a registered port.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT	0x41

struct kvm_xen_evtchn_limit {
	__u32 max_port;
	__u32 pad0;		/* zero */
	__u64 pad[7];		/* zero */
};

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY: whether FIFO is in use, and the frames of the
 * event array (VM, set and get), 1024 ports each.
 *
 * Get writes frame numbers to @frames.  Set with @active 1 moves the VM to FIFO,
 * unless it is there, and adds those frames that it does not have; with 0, it goes
 * back to 2-level.  Events that are pending by 2-level are not taken over, as they
 * are where the guest does it: in a guest that is restored they have been.
 *
 * Errors: -EINVAL where a frame cannot be mapped or @active is neither,
 * -EBUSY where a frame differs from the one that is there, -ENOSPC beyond the
 * limit, -ENOMEM.  If it was this call that moved the VM to FIFO, an error moves
 * it back.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY	0x42

struct kvm_xen_evtchn_array {
	__u64 frames;		/* __u64 *, 8-byte aligned */
	__u32 nr;
	__u32 active;
	__u64 pad[6];		/* zero */
};

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS: what the kernel keeps of each port under
 * FIFO (VM, set and get), registered or not, in struct kvm_xen_evtchn_enum with
 * entries of struct kvm_xen_evtchn_fifo_port.
 *
 * Get works like KVM_XEN_ATTR_TYPE_EVTCHN_ENUM, and leaves out ports of which
 * nothing but defaults is known.  Set takes @nr entries, in any order, and
 * raises those that are @saved as soon as their word has a page.  It stores how
 * many it has set in the __u32 at @done, unless that is 0, also where it fails:
 * entries before the bad one are set.
 *
 * Errors when set: -EOPNOTSUPP at 2-level; -EINVAL for @nr above 131072, as many as
 * there can be ports, for a port beyond the limit, a vCPU that there is none of,
 * or that has no control block if it is @last_vcpu, a priority beyond 15; -EBUSY
 * where the port is being raised; -ENOMEM; -EINTR where the caller is killed.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS	0x43

#define KVM_XEN_EVTCHN_NO_VCPU		(~(__u32)0)
#define KVM_XEN_EVTCHN_OWN_PRIORITY	0xff

struct kvm_xen_evtchn_fifo_port {
	__u32 port;
	__u32 vcpu;		/* whose is what is pending (APIC id) */
	__u32 last_vcpu;	/* whose queue it was put on last, or NO_VCPU */
	__u8 last_priority;	/* and which */
	__u8 vcpu_priority;	/* of the last event, or OWN_PRIORITY */
	__u8 priority;		/* the port's own */
	__u8 saved;		/* 1: pending, and waits for a page */
};

/*
 * KVM_XEN_VCPU_ATTR_TYPE_EVTCHN_CONTROL: the vCPU's control block, and the last
 * port of each of its 16 queues (vCPU, set and get).
 *
 * Where it has none @gfn is KVM_XEN_INVALID_GFN, which also may be set then.
 * @tails may be 0, to be left out.  A vCPU whose block says that a queue is
 * ready gets an upcall.
 *
 * Pages that events of this vCPU were written to while it did not run are in its
 * dirty ring when this was read, so look at the ring after that.  -EAGAIN where the
 * ring is full, with nothing read: empty it (KVM_RESET_DIRTY_RINGS) and read again.
 *
 * Errors when set: -EOPNOTSUPP at 2-level; -EBUSY where the vCPU has one
 * elsewhere; -EINVAL where @offset is not a multiple of 8 or leaves no room for
 * 72 bytes, @gfn cannot be mapped, or a tail has no word in the array; -ENOMEM.
 */
#define KVM_XEN_VCPU_ATTR_TYPE_EVTCHN_CONTROL	0x40

struct kvm_xen_evtchn_control {
	__u64 gfn;
	__u64 tails;		/* __u32[16], or 0 */
	__u32 offset;
	__u32 pad1;		/* zero */
	__u64 pad[5];		/* zero */
};

/*
 * How guests hear of events (callback via), in the kernel for all methods.
 *
 * A vCPU is told by the first of these that it has, and by that alone: its own
 * vector (KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR), its own pair of eventfds
 * (KVM_XEN_VCPU_ATTR_TYPE_CALLBACK), the vector of the VM, the line of the VM.
 * The last two are set by KVM_XEN_ATTR_TYPE_CALLBACK; a line tells of events of
 * the vCPU that the guest knows as 0 and of no other, as on Xen.
 */
#define KVM_XEN_HVM_CONFIG_CALLBACK	(1 << 17)

/*
 * KVM_XEN_ATTR_TYPE_CALLBACK: the VM's vector or line (VM, set and get).
 *
 * May be set at any time.  The line of before is down when the call returns, and
 * every vCPU whose evtchn_upcall_pending is up has been told by the new method.
 * KVM_XEN_ATTR_TYPE_UPCALL_VECTOR sets and reads the same: a vector there is type
 * VECTOR, 0 there takes a vector away and leaves a line alone.
 *
 * A line is up while evtchn_upcall_pending is.  The guest clears that by itself;
 * KVM takes the line down at the end of the interrupt (EOI), at the guest's next
 * write to its interrupt controllers, or raises it anew with the next event.
 *
 * Without KVM_XEN_CALLBACK_EVENTFD the line is @gsi, as routed to the interrupt
 * controllers of KVM_CREATE_IRQCHIP, shared with others as a real one is: it is a
 * source of its own.  Its routing has to stay as it is while it is set.
 *
 * With KVM_XEN_CALLBACK_EVENTFD the VMM owns the line, and @gsi is kept for it.
 * KVM signals @assert_fd when the line has to go up.  When the guest ended the
 * interrupt the VMM takes its line down and writes to @resample_fd; if
 * evtchn_upcall_pending is still up then, KVM signals @assert_fd again: at once, but up
 * to 20 ms late where the vCPU did not leave guest mode since the last time, so that no
 * guest can have ended anything, or where the write is another line's signal.  The pair
 * may be given to KVM_IRQFD with KVM_IRQFD_FLAG_RESAMPLE as it is.  @resample_fd
 * may be -1 where nothing ends interrupts; each event is signalled then.  It cannot be
 * the @fd of a KVM_IRQFD, which takes its counts away.
 *
 * Get sees to events that were raised, and tells with KVM_XEN_CALLBACK_ASSERTED that
 * the line is up.  Set with it, KVM takes the line for asserted by then, and does not
 * assert it for an event that the guest was told of before it was saved.  When a guest
 * is saved, read this with no vCPU running and before the interrupt controllers, whose
 * state goes with it.  When it is restored, set this, and them, before vcpu_info: there
 * KVM finds the flag, and begins to drive the line.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_CALLBACK is set; -EINVAL for an unknown
 * type or flag, a field that the type and the flags do not use and that is not
 * zero, a vector below 16 or above 255, @gsi of 4096 or more, @resample_fd the
 * same eventfd as @assert_fd, and for file descriptors of something else; -EBADF;
 * -ENXIO where a line has neither interrupt controllers in the kernel nor eventfds;
 * -ENOSPC where KVM has no irq source left; -ENOMEM.  After an error the callback is
 * what it was.
 * Sleeps.
 */
#define KVM_XEN_ATTR_TYPE_CALLBACK	0x44

#define KVM_XEN_CALLBACK_NONE		0
#define KVM_XEN_CALLBACK_GSI		1
#define KVM_XEN_CALLBACK_PCI_INTX	2	/* @gsi: where the VMM routed it */
#define KVM_XEN_CALLBACK_VECTOR		3

#define KVM_XEN_CALLBACK_EVENTFD	(1 << 0)
#define KVM_XEN_CALLBACK_ASSERTED	(1 << 1)

struct kvm_xen_callback {
	__u32 type;
	__u32 flags;
	__u32 gsi;
	__u32 vector;
	__s32 assert_fd;	/* get: by the number that was given */
	__s32 resample_fd;
	__u64 pad[5];		/* zero */
};

/*
 * KVM_XEN_VCPU_ATTR_TYPE_CALLBACK: a pair of eventfds for this vCPU alone, as
 * above (vCPU, set and get): for VMMs whose LAPICs are their own, or that have a
 * line for each vCPU.  Type is NONE or GSI with KVM_XEN_CALLBACK_EVENTFD; @gsi is
 * kept for the VMM.  Errors as above.
 */
#define KVM_XEN_VCPU_ATTR_TYPE_CALLBACK	0x41

/*
 * Dynamic hypercalls: a number that guests call with a token, which this table
 * binds to what answers.  What guests see is in <asm/kvm_dynhc.h> of x86; its leaves
 * of CPUID and its PCI capability are the VMM's to offer.
 *
 * With this flag set the kernel takes hypercall DYNHC_HYPERCALL, by whatever
 * register width and instruction, whether or not the VM has anything else of
 * Xen: KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL need not be set, nor an MSR, and KVM's
 * own hypercalls and Hyper-V's stay what they are.  Set it before the guest
 * runs: Hyper-V's hypercall page tells the two apart from then on.
 *
 * Answers that are the kernel's: -DYNHC_ENOENT for a token without a binding,
 * -DYNHC_EPERM above CPL 0 unless it was bound with KVM_XEN_DYNHC_USER,
 * -DYNHC_EINVAL where eventfds are bound but none for this first argument.
 */
#define KVM_XEN_HVM_CONFIG_DYNHC	(1 << 19)

/*
 * KVM_XEN_ATTR_TYPE_DYNHC: change the table (VM, set only).
 *
 * KVM_XEN_DYNHC_ASSIGN binds @token, from 1 to DYNHC_MAX_TOKEN, to what @target
 * says.  For KVM_XEN_DYNHC_ANY_TOKEN the kernel picks the next in turn that is free.
 * The token is stored in the __u32 at @token_addr before the guest can use it, and
 * maybe even if the call fails; @token_addr may be 0 where @token is given.
 *
 * A token has one binding; but to eventfds there may be one for each value of
 * the first argument (KVM_XEN_DYNHC_MATCH), and one for all other values.  All of
 * them have KVM_XEN_DYNHC_USER, or none.
 *
 * KVM_XEN_DYNHC_DEASSIGN takes away the binding of @token, that for @match where
 * KVM_XEN_DYNHC_MATCH is set; KVM_XEN_DYNHC_RESET takes away all there are.
 * Both return after the last call that the kernel was answering.
 *
 * KVM_XEN_DYNHC_UPDATE changes a binding that calls may be using, so that each
 * finds the old or the new one and none finds no binding: of EVENTFD, which @match
 * names as above, @fd; of EVTCHN @vcpu and @priority, and what is pending on the
 * port goes along as with KVM_XEN_EVTCHN_UPDATE.  All else is given as it is.  It
 * returns after the last call that used the old @fd.
 *
 * All fields that an operation does not use are zero.
 *
 * Targets:
 * EVENTFD	adds 1 to @fd, which the kernel keeps open; the guest gets 0.
 * EVTCHN	raises the guest's port @port at the vCPU whose APIC id is @vcpu,
 *		as KVM_XEN_ATTR_TYPE_EVTCHN does with @priority; the guest gets
 *		0, or a negative error where it is not in a state to get events.
 * VMM		exits with KVM_EXIT_XEN, as a hypercall with input
 *		DYNHC_HYPERCALL, params[0] the token and params[1] to [4] the
 *		arguments; the guest gets u.hcall.result.
 * HANDLER	calls what a kernel module registered by the name of @name, see
 *		<linux/kvm_xen_dynhc.h>; @data is handed to it.  A call gets
 *		-DYNHC_ENODEV once the module took its handler away.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_DYNHC is set, and for what is to be
 * changed or taken away and is not there; -EINVAL for an unknown operation, target or
 * flag, a field in use that should be zero, a token out of range, ANY_TOKEN without
 * @token_addr or not with ASSIGN, KVM_XEN_DYNHC_MATCH without EVENTFD,
 * KVM_XEN_DYNHC_USER unlike the token's other eventfds, and as
 * KVM_XEN_ATTR_TYPE_EVTCHN for @port and @priority; with UPDATE also for another
 * target, port or KVM_XEN_DYNHC_USER than the token has, and for VMM and HANDLER;
 * -EBADF or -EINVAL for @fd; -ENXIO for a name that nobody registered;
 * -EEXIST where the token is bound already; -ENOSPC where no token is free or
 * the VM has KVM_XEN_DYNHC_MAX_BINDINGS; -EFAULT; -ENOMEM; what the handler's
 * bind() returns.  After an error the table is what it was.
 * Sleeps.
 */
#define KVM_XEN_ATTR_TYPE_DYNHC		0x45

#define KVM_XEN_DYNHC_ANY_TOKEN		(~(__u32)0)
#define KVM_XEN_DYNHC_MAX_BINDINGS	8192

/* @op */
#define KVM_XEN_DYNHC_ASSIGN		0
#define KVM_XEN_DYNHC_DEASSIGN		1
#define KVM_XEN_DYNHC_RESET		2
#define KVM_XEN_DYNHC_UPDATE		3

/* @target */
#define KVM_XEN_DYNHC_EVENTFD		1
#define KVM_XEN_DYNHC_EVTCHN		2
#define KVM_XEN_DYNHC_VMM		3
#define KVM_XEN_DYNHC_HANDLER		4

/* @flags */
#define KVM_XEN_DYNHC_MATCH		(1 << 0)	/* for @match only */
#define KVM_XEN_DYNHC_USER		(1 << 1)	/* at any CPL */

#define KVM_XEN_DYNHC_NAME_LEN		24

struct kvm_xen_dynhc {
	__u32 token;
	__u8 op;
	__u8 target;		/* zero unless assigned */
	__u16 flags;
	__u64 match;
	__u64 token_addr;	/* __u32 *, or 0 */
	union {
		__s32 fd;
		struct {
			__u32 port;
			__u32 vcpu;
			__u32 priority;
		} evtchn;
		struct {
			__u64 data;
			char name[KVM_XEN_DYNHC_NAME_LEN];	/* ends in 0 */
		} handler;
		__u64 pad[5];
	} u;
};

/*
 * KVM_XEN_ATTR_TYPE_DYNHC_ENUM: read the table (VM, get only).
 *
 * Writes bindings to @entries, by rising token, that without @match first, the
 * others in no order.  Each is what KVM_XEN_ATTR_TYPE_DYNHC takes to bind the same
 * again.  An eventfd is named by the number under which it was handed in, and what
 * a handler keeps is its module's to save.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_DYNHC is set, -EFAULT where @entries
 * cannot be written.  Sleeps.
 */
#define KVM_XEN_ATTR_TYPE_DYNHC_ENUM	0x46

struct kvm_xen_dynhc_enum {
	__u64 entries;		/* struct kvm_xen_dynhc *, 8-byte aligned */
	__u32 nr;		/* in: room for so many; out: so many there are */
	__u32 pad0;		/* zero */
	__u64 pad[6];		/* zero */
};

#endif /* _UAPI_LINUX_KVM_XEN_H */
