/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Additions to KVM's ABI for Xen guests.
 *
 * This header extends the Xen part of <linux/kvm.h> and redeclares none of it.  An
 * addition is usable once its KVM_XEN_HVM_CONFIG_* flag was both reported by
 * KVM_CHECK_EXTENSION(KVM_CAP_XEN_HVM) and set by the ioctl KVM_XEN_HVM_CONFIG; until
 * then its attributes return -ENOENT, like unknown ones.  While an addition is in use its
 * flag cannot be cleared (-EBUSY).  Flags of additions begin at bit 16, their attributes
 * at 0x40.
 *
 * Padding must be zero, both when an attribute is read and when it is set, else -EINVAL
 * is returned.  Where an attribute reads an array, @nr is the capacity of the array on
 * input, and the number of existing entries on output, which may be larger: at most the
 * capacity was written.  A capacity of 0 only counts entries.
 */
#ifndef _UAPI_LINUX_KVM_XEN_H
#define _UAPI_LINUX_KVM_XEN_H

#include <linux/kvm.h>
#include <linux/types.h>

/*
 * KVM_XEN_ATTR_TYPE_ADDITIONS: which additions this kernel has (VM, get only).
 *
 * Read it before using anything else of this header: another kernel may use these flags
 * and attribute numbers for something else; @magic confirms that this one does not.
 * @version is the kernel's KVM_XEN_ADDITIONS_VERSION; a header with a lower version also
 * describes it correctly.  @config_flags are the flags of additions that
 * KVM_XEN_HVM_CONFIG accepts.
 *
 * Needs no flag.  Errors: -ENOENT in kernels without additions.
 */
#define KVM_XEN_ATTR_TYPE_ADDITIONS	0x47

#define KVM_XEN_ADDITIONS_MAGIC		0x584d564b	/* "KVMX" */
#define KVM_XEN_ADDITIONS_VERSION	2

struct kvm_xen_additions {
	__u32 magic;
	__u32 version;
	__u32 config_flags;
	__u32 pad0;		/* zero */
	__u64 pad[6];		/* zero */
};

/*
 * The arguments of these attributes replace the union in struct kvm_xen_hvm_attr and
 * struct kvm_xen_vcpu_attr, and have the same size.  C does not allow a program to access
 * that union through a pointer of another type.  Copy the argument with these functions,
 * before KVM_XEN_HVM_SET_ATTR or _GET_ATTR, and after the latter:
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
 * FIFO event channels.  With this flag set, KVM handles the guest's
 * EVTCHNOP_init_control, _expand_array, _set_priority and _unmask itself.  The first
 * EVTCHNOP_init_control of a guest switches the VM from 2-level to FIFO, for events from
 * all sources.  KVM_XEN_EVTCHN_RESET, which a VMM uses for EVTCHNOP_reset and for a soft
 * reset, switches it back.
 *
 * With the flag set, a priority from 0, the most urgent, to 15 may be used instead of
 * KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL in KVM_XEN_ATTR_TYPE_EVTCHN,
 * KVM_XEN_VCPU_ATTR_TYPE_TIMER, KVM_XEN_HVM_EVTCHN_SEND and irq routing entries.  It has
 * no effect at 2-level.  Under FIFO, PRIO_2LEVEL selects the port's own priority, which
 * the guest sets and which is 7 by default.
 */
#define KVM_XEN_HVM_CONFIG_EVTCHN_FIFO	(1 << 16)

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_ENUM: read the table of ports (VM, get only).
 *
 * KVM writes entries to @entries, in ascending order of their port, starting with the
 * first port at or above @first, and stores in @nr how many there are from there on.  If
 * that exceeds the capacity, continue at the port after the last one read.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_EVTCHN_ENUM is set, -EFAULT if @entries cannot
 * be written.  Sleeps.  The result of several calls is consistent only if no other thread
 * changes the table meanwhile.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_ENUM	0x40

struct kvm_xen_evtchn_enum {
	__u64 entries;		/* struct kvm_xen_evtchn_entry *, 8-byte aligned */
	__u32 first;		/* lowest port of interest */
	__u32 nr;		/* in: capacity; out: number of entries */
	__u64 done;		/* zero, except for setting EVTCHN_FIFO_PORTS */
	__u64 pad[5];		/* zero */
};

/*
 * A port, with the fields of KVM_XEN_ATTR_TYPE_EVTCHN: copying them into that attribute
 * with flags 0 registers the same port again.  An eventfd is identified by the file
 * descriptor with which it was registered, which has to be translated in another process,
 * or after close(); then @port is 0.
 */
struct kvm_xen_evtchn_entry {
	__u32 send_port;
	__u32 type;		/* EVTCHNSTAT_ipi or EVTCHNSTAT_interdomain */
	__u32 port;		/* destination port; 0: the eventfd @fd */
	__u32 vcpu;		/* destination, as in the attribute (APIC id) */
	__u32 priority;
	__s32 fd;		/* -1 unless @port is 0 */
	__u64 pad;		/* zero */
};

/*
 * The state of FIFO event channels, for saving and restoring a guest.  Each of these
 * attributes returns -ENOENT until KVM_XEN_HVM_CONFIG_EVTCHN_FIFO is set, and -EFAULT if
 * memory of the VMM cannot be accessed.  All sleep.  Read them while no vCPU runs.  Set
 * them before any vCPU runs, in this order: limit, array, control blocks, ports; then
 * what raises events.  The heads and links of queues are in guest memory, which has to be
 * restored before.
 */

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT: the highest port under FIFO (VM, set and get), 131071
 * by default.  Beyond it, the guest's EVTCHNOP_expand_array and the VMM's
 * KVM_XEN_ATTR_TYPE_EVTCHN return -ENOSPC. Errors: -EINVAL for 0 and above 131071, -EBUSY
 * below a registered port.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT	0x41

struct kvm_xen_evtchn_limit {
	__u32 max_port;
	__u32 pad0;		/* zero */
	__u64 pad[7];		/* zero */
};

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY: whether FIFO is in use, and the frames of the event
 * array (VM, set and get), 1024 ports each.
 *
 * Get writes frame numbers to @frames.  Set with @active 1 switches the VM to FIFO, if
 * necessary, and adds the frames that it does not have yet; set with @active 0 switches
 * it back to 2-level.  Unlike a switch by the guest, this does not convert events that are
 * pending at 2-level: in a guest that is restored they have been converted.
 *
 * Errors: -EINVAL if a frame cannot be mapped or @active is neither 0 nor 1, -EBUSY if a
 * frame differs from the existing one, -ENOSPC beyond the limit, -ENOMEM.  If this call
 * has switched the VM to FIFO, an error switches it back.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY	0x42

struct kvm_xen_evtchn_array {
	__u64 frames;		/* __u64 *, 8-byte aligned */
	__u32 nr;
	__u32 active;
	__u64 pad[6];		/* zero */
};

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS: the state that KVM keeps of each port under FIFO
 * (VM, set and get), registered or not, in struct kvm_xen_evtchn_enum with entries of
 * struct kvm_xen_evtchn_fifo_port.
 *
 * Get works like KVM_XEN_ATTR_TYPE_EVTCHN_ENUM, and omits ports with default values only.
 * Set takes @nr entries, in any order, and raises those that are @saved as soon as the
 * page of their word exists.  It stores the number of entries that it has set in the
 * __u32 at @done, unless that is 0, also on failure: entries before the bad one are set.
 *
 * Errors when set: -EOPNOTSUPP at 2-level; -EINVAL for @nr above 131072, the maximum
 * number of ports, for a port beyond the limit, a vCPU that does not exist, or a
 * @last_vcpu without a control block, a priority above 15; -EBUSY if the port is being
 * raised; -ENOMEM; -EINTR if the caller is killed.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS	0x43

#define KVM_XEN_EVTCHN_NO_VCPU		(~(__u32)0)
#define KVM_XEN_EVTCHN_OWN_PRIORITY	0xff

struct kvm_xen_evtchn_fifo_port {
	__u32 port;
	__u32 vcpu;		/* that gets a pending event (APIC id) */
	__u32 last_vcpu;	/* of the queue it was put on last, or NO_VCPU */
	__u8 last_priority;	/* priority of that queue */
	__u8 vcpu_priority;	/* of the last event, or OWN_PRIORITY */
	__u8 priority;		/* the port's own */
	__u8 saved;		/* 1: pending, but its page is missing */
};

/*
 * KVM_XEN_VCPU_ATTR_TYPE_EVTCHN_CONTROL: the vCPU's control block, and the last port of
 * each of its 16 queues (vCPU, set and get).
 *
 * If the vCPU has none, @gfn is KVM_XEN_INVALID_GFN, which may then also be set.  @tails
 * may be 0 to omit the queues.  When set, a vCPU whose control block has a ready queue
 * gets an upcall.
 *
 * When this has been read, all pages that events of this vCPU were written to while it
 * did not run are in its dirty ring, so read the ring after that.  -EAGAIN if the ring is
 * full, with nothing read: empty it (KVM_RESET_DIRTY_RINGS) and read again.
 *
 * Errors when set: -EOPNOTSUPP at 2-level; -EBUSY if the vCPU has a control block at
 * another address; -EINVAL if @offset is not a multiple of 8 or leaves less than 72
 * bytes, @gfn cannot be mapped, or a tail has no word in the array; -ENOMEM.
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
 * Event channels kept by KVM: with this flag set, KVM answers EVTCHNOP_alloc_unbound,
 * _bind_interdomain, _bind_virq, _bind_ipi, _bind_pirq, _bind_vcpu, _close, _status,
 * _unmask, _send and _reset itself, at 2-level and under FIFO, by Xen's rules, and the
 * timer calls of all vCPUs, whose VIRQ_TIMER the guest binds.  No call of these exits,
 * unless the VMM takes it over.
 *
 * Needs KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL and _EVTCHN_SEND, else -EINVAL.  It can be set
 * while no port is registered by KVM_XEN_ATTR_TYPE_EVTCHN, else -EBUSY, and cannot be
 * cleared, -EBUSY.  FIFO has its own flag, which is needed as well.
 *
 * With this flag KVM_XEN_ATTR_TYPE_EVTCHN and KVM_XEN_ATTR_TYPE_EVTCHN_ENUM return -EBUSY,
 * except that KVM_XEN_EVTCHN_RESET does what EVTCHNOP_reset does; the VMM's own ports
 * become unbound.  KVM_XEN_VCPU_ATTR_TYPE_TIMER ignores the port, and sets or stops the
 * timer by its expiry.
 *
 * The VMM is another domain, with ports of its own.  To raise events it uses one of these
 * as the vCPU of an irq routing entry or of KVM_XEN_HVM_EVTCHN_SEND:
 *
 * KVM_XEN_EVTCHN_VMM_PORT	the port is the VMM's: send on it, to whichever port of the
 *				guest it is bound to, if any;
 * KVM_XEN_EVTCHN_PORTS_VCPU	the port is the guest's, for PIRQs: raise it.
 *
 * Both follow the vCPU and the priority to which the guest has bound its port.
 */
#define KVM_XEN_HVM_CONFIG_EVTCHN_PORTS	(1 << 18)

#define KVM_XEN_EVTCHN_PORTS_VCPU	0xfffffffe
#define KVM_XEN_EVTCHN_VMM_PORT		0xfffffffd

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_DOMAIN: the two domains, and who answers what (VM, set and
 * get).
 *
 * @denied and @vmm_ops are bitmaps of EVTCHNOP_* numbers, of those operations that are in
 * KVM_XEN_EVTCHN_TABLE_OPS.  A call of a denied operation returns -EPERM to the guest; one
 * in @vmm_ops exits, and the VMM answers it, which changes no port.  EVTCHNOP_bind_pirq
 * is special: unless it is in @vmm_ops it returns -EINVAL, since there are no PIRQs; if it
 * is, KVM binds a port first, stores it in the guest's argument, and exits with the port
 * in params[2].  If the VMM's result is not 0, KVM closes the port.
 *
 * KVM adds 1 to @changed_fd, an eventfd or -1, after each operation of the guest that
 * opens, binds, moves or closes a port.
 *
 * By default @domid, the guest's, is 1, @vmm_domid is 0, and no operation is denied or
 * taken over.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_EVTCHN_PORTS is set; -EINVAL for a domain id
 * of 0x7ff0 or above, equal ids, or an operation that is not in KVM_XEN_EVTCHN_TABLE_OPS;
 * -EBUSY if an id changes while a port is open; -EBADF or -EINVAL for @changed_fd.  An
 * error changes nothing.  Sleeps.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_DOMAIN	0x48

#define KVM_XEN_EVTCHN_TABLE_OPS	0x5ef	/* EVTCHNOP 0 to 3, 5 to 8 and 10 */

struct kvm_xen_evtchn_domain {
	__u16 domid;
	__u16 vmm_domid;
	__u32 denied;
	__u32 vmm_ops;
	__s32 changed_fd;	/* get: the file descriptor with which it was set */
	__u64 pad[6];		/* zero */
};

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_PORT: an operation of the VMM on ports (VM, set only).
 *
 * ALLOC_GUEST	opens a port of the guest that the VMM can bind to;
 * CLOSE_GUEST	closes @port of the guest;
 * BIND		opens a port of the VMM, bound to @port of the guest, which has to be unbound
 *		and for the VMM's domain;
 * ALLOC	opens a port of the VMM that the guest can bind to;
 * CLOSE	closes @port of the VMM; when it returns, @fd is not signalled any more;
 * VIRQ		raises VIRQ @virq of the guest, of its vCPU @vcpu if each vCPU has one, if it
 *		is bound.
 *
 * An operation that opens a port stores it in the __u32 at @port_addr.  BIND and ALLOC
 * take an eventfd, @fd, to which KVM adds 1 when the guest sends to the VMM's port, and
 * once at BIND, since events sent before are lost; or -1.  @vcpu is Xen's vCPU id.  All
 * fields that an operation does not use are zero.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_EVTCHN_PORTS is set; -EINVAL for an unknown
 * operation, a field that should be zero, a port that is not open or not in the state that
 * the operation needs, and a VIRQ of 24 or above; -ENOSPC if no port is free; -EBADF or
 * -EINVAL for @fd; -EFAULT; -ENOMEM.  An error changes nothing.  Sleeps.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_PORT	0x49

#define KVM_XEN_EVTCHN_PORT_ALLOC_GUEST	0
#define KVM_XEN_EVTCHN_PORT_CLOSE_GUEST	1
#define KVM_XEN_EVTCHN_PORT_BIND	2
#define KVM_XEN_EVTCHN_PORT_ALLOC	3
#define KVM_XEN_EVTCHN_PORT_CLOSE	4
#define KVM_XEN_EVTCHN_PORT_VIRQ	5

struct kvm_xen_evtchn_port {
	__u32 op;
	__u32 port;
	__u32 virq;
	__u32 vcpu;
	__s32 fd;
	__u32 pad0;		/* zero */
	__u64 port_addr;	/* __u32 * */
	__u64 pad[4];		/* zero */
};

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_PORTS: read the ports of the guest, or of the VMM with
 * @vmm 1 (VM, get only).
 *
 * KVM writes an entry for each open port at or above @first to @entries, in ascending
 * order, as KVM_XEN_ATTR_TYPE_EVTCHN_ENUM does, with the same errors, and -ENOENT until
 * KVM_XEN_HVM_CONFIG_EVTCHN_PORTS is set.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_PORTS	0x4a

struct kvm_xen_evtchn_ports {
	__u64 entries;		/* struct kvm_xen_evtchn_port_entry *, 8-byte aligned */
	__u32 first;		/* lowest port of interest */
	__u32 nr;		/* in: capacity; out: number of entries */
	__u32 vmm;		/* 1: the VMM's ports */
	__u32 pad0;		/* zero */
	__u64 pad[5];		/* zero */
};

#define KVM_XEN_EVTCHN_PENDING	(1 << 0)
#define KVM_XEN_EVTCHN_MASKED	(1 << 1)
#define KVM_XEN_EVTCHN_LINKED	(1 << 2)	/* FIFO: on a queue */

struct kvm_xen_evtchn_port_entry {
	__u32 port;
	__u8 state;		/* EVTCHNSTAT_* */
	__u8 flags;		/* of a guest's port: KVM_XEN_EVTCHN_* */
	__u8 priority;		/* under FIFO, of a guest's port; else 0 */
	__u8 pad0;		/* zero */
	__u16 domid;		/* unbound: may bind it; interdomain: of the other end */
	__u16 pad1;		/* zero */
	__u32 peer;		/* interdomain: the other end; PIRQ, VIRQ: its number */
	__u32 vcpu;		/* that gets its events, by Xen's id */
	__s32 fd;		/* of a VMM's port, as it was given; else -1 */
	__u64 pad2;		/* zero */
};

/*
 * Upcalls (callback via): all methods of notifying a guest of events, handled in the
 * kernel.
 *
 * A vCPU gets its upcalls by the first of these that is set, and only by that: its own
 * vector (KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR), its own pair of eventfds
 * (KVM_XEN_VCPU_ATTR_TYPE_CALLBACK), the vector of the VM, the line of the VM.  The last
 * two are set by KVM_XEN_ATTR_TYPE_CALLBACK.  A line of the VM signals events of Xen vCPU
 * 0 only, as on Xen.
 */
#define KVM_XEN_HVM_CONFIG_CALLBACK	(1 << 17)

/*
 * KVM_XEN_ATTR_TYPE_CALLBACK: the VM's vector or line (VM, set and get).
 *
 * May be set at any time.  When the call returns, the old line is deasserted, and each
 * vCPU whose evtchn_upcall_pending is set has got an upcall by the new method.
 * KVM_XEN_ATTR_TYPE_UPCALL_VECTOR sets and reads the same state: a vector there is type
 * VECTOR; 0 there removes a vector and does not affect a line.
 *
 * A line is asserted while evtchn_upcall_pending is set.  The guest clears that flag
 * without an exit; KVM deasserts the line at the end of the interrupt (EOI) or at the
 * guest's next write to its interrupt controllers, or asserts it again with the next
 * event.
 *
 * Without KVM_XEN_CALLBACK_EVENTFD the line is @gsi, as routed to the interrupt
 * controllers of KVM_CREATE_IRQCHIP.  It can be shared with other devices like a real
 * line: it is an irq source of its own.  Its routing must not change while it is set.
 *
 * With KVM_XEN_CALLBACK_EVENTFD the VMM owns the line, and KVM only stores @gsi.  KVM
 * signals @assert_fd when the line has to be asserted.  When the guest has ended the
 * interrupt, the VMM deasserts its line and writes to @resample_fd; if
 * evtchn_upcall_pending is still set then, KVM signals @assert_fd again: immediately, or
 * up to 20 ms later if the vCPU has not left guest mode since the last signal, so that
 * the guest cannot have ended an interrupt, or if the write is the signal of another
 * line.  The pair may be passed to KVM_IRQFD with KVM_IRQFD_FLAG_RESAMPLE. @resample_fd
 * may be -1 if nothing ends interrupts; then each event is signalled.  It must not be the
 * @fd of a KVM_IRQFD, which consumes its counts.
 *
 * Get handles events that were raised before, and sets KVM_XEN_CALLBACK_ASSERTED if the
 * line is asserted.  If it is set with this flag, KVM assumes that the line is already
 * asserted, and does not assert it for an event that was signalled before the guest was
 * saved.  To save a guest, read this attribute while no vCPU runs and before the
 * interrupt controllers, whose state belongs to it.  To restore a guest, set this
 * attribute and the interrupt controllers before vcpu_info: when that is set, KVM reads
 * the flag and starts to drive the line.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_CALLBACK is set; -EINVAL for an unknown type
 * or flag, a non-zero field that the type and the flags do not use, a vector below 16 or
 * above 255, @gsi of 4096 or more, @resample_fd of the same eventfd as @assert_fd, and
 * file descriptors that are not eventfds; -EBADF; -ENXIO for a line with neither
 * interrupt controllers in the kernel nor eventfds; -ENOMEM.  An error leaves the
 * callback unchanged.  Sleeps.
 */
#define KVM_XEN_ATTR_TYPE_CALLBACK	0x44

#define KVM_XEN_CALLBACK_NONE		0
#define KVM_XEN_CALLBACK_GSI		1
#define KVM_XEN_CALLBACK_PCI_INTX	2	/* @gsi: the GSI to which the VMM routed it */
#define KVM_XEN_CALLBACK_VECTOR		3

#define KVM_XEN_CALLBACK_EVENTFD	(1 << 0)
#define KVM_XEN_CALLBACK_ASSERTED	(1 << 1)

struct kvm_xen_callback {
	__u32 type;
	__u32 flags;
	__u32 gsi;
	__u32 vector;
	__s32 assert_fd;	/* get: the file descriptor with which it was set */
	__s32 resample_fd;
	__u64 pad[5];		/* zero */
};

/*
 * KVM_XEN_VCPU_ATTR_TYPE_CALLBACK: a pair of eventfds for this vCPU only, as above (vCPU,
 * set and get), for VMMs that emulate the LAPICs themselves, or have a line for each
 * vCPU.  Type is NONE, or GSI with KVM_XEN_CALLBACK_EVENTFD; KVM only stores @gsi.
 * Errors as above.
 */
#define KVM_XEN_VCPU_ATTR_TYPE_CALLBACK	0x41

/*
 * Dynamic hypercalls: guests call one hypercall number with a token, which this table
 * binds to a target.  <asm/kvm_dynhc.h> of x86 has the guest's interface; the VMM
 * provides its CPUID leaves and PCI capability.
 *
 * With this flag set KVM handles hypercall DYNHC_HYPERCALL, with either register width
 * and instruction, whether or not the VM uses any other part of Xen: neither
 * KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL nor an MSR is needed, and KVM's own hypercalls and
 * Hyper-V's keep working.  Set it before the guest runs: it makes Hyper-V's hypercall
 * page distinguish Hyper-V's calls from these.
 *
 * Results from KVM itself: -DYNHC_ENOENT for a token without a binding, -DYNHC_EPERM
 * above CPL 0 unless it was bound with KVM_XEN_DYNHC_USER, -DYNHC_EINVAL if eventfds are
 * bound but none for this first argument.
 */
#define KVM_XEN_HVM_CONFIG_DYNHC	(1 << 19)

/*
 * KVM_XEN_ATTR_TYPE_DYNHC: change the table (VM, set only).
 *
 * KVM_XEN_DYNHC_ASSIGN binds @token, from 1 to DYNHC_MAX_TOKEN, to @target.  For
 * KVM_XEN_DYNHC_ANY_TOKEN KVM picks the next free token, cyclically.  The token is stored
 * in the __u32 at @token_addr before the guest can use it, and possibly even if the call
 * fails; @token_addr may be 0 if @token is given.
 *
 * A token has one binding, except that it may have one eventfd for each value of the
 * first argument (KVM_XEN_DYNHC_MATCH), and one for all other values.  Either all or none
 * of these have KVM_XEN_DYNHC_USER.
 *
 * KVM_XEN_DYNHC_DEASSIGN removes the binding of @token, or that for @match with
 * KVM_XEN_DYNHC_MATCH; KVM_XEN_DYNHC_RESET removes all bindings.  Both return after the
 * last call in progress.
 *
 * KVM_XEN_DYNHC_UPDATE changes a binding that calls may be using, such that each call
 * uses either the old or the new one: @fd of an EVENTFD, which @match selects as above;
 * @vcpu and @priority of an EVTCHN, where a pending event of the port moves along as with
 * KVM_XEN_EVTCHN_UPDATE.  All other fields must have their current values.  It returns
 * after the last call that used the old @fd.
 *
 * All fields that an operation does not use are zero.
 *
 * Targets:
 * EVENTFD	adds 1 to @fd, which KVM keeps open; the guest gets 0.
 * EVTCHN	raises the guest's port @port for the vCPU with APIC id @vcpu, as
 *		KVM_XEN_ATTR_TYPE_EVTCHN does with @priority; the guest gets 0, or a
 *		negative error if it is not set up to receive events.
 * VMM		exits with KVM_EXIT_XEN, as a hypercall with input DYNHC_HYPERCALL,
 *		params[0] the token and params[1] to [4] the arguments; the guest gets
 *		u.hcall.result.
 * HANDLER	calls the handler that a kernel module registered as @name, see
 *		<linux/kvm_xen_dynhc.h>; @data is passed to it.  Calls get
 *		-DYNHC_ENODEV once the module has unregistered its handler.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_DYNHC is set, and if a binding to be changed
 * or removed does not exist; -EINVAL for an unknown operation, target or flag, a non-zero
 * field that should be zero, a token out of range, ANY_TOKEN without @token_addr or not
 * with ASSIGN, KVM_XEN_DYNHC_MATCH without EVENTFD, KVM_XEN_DYNHC_USER unlike the token's
 * other eventfds, and as KVM_XEN_ATTR_TYPE_EVTCHN for @port and @priority; with UPDATE
 * also for another target, port or KVM_XEN_DYNHC_USER than the token has, and for VMM and
 * HANDLER; -EBADF or -EINVAL for @fd; -ENXIO for a name that is not registered; -EEXIST
 * if the token is bound already; -ENOSPC if no token is free or the VM has
 * KVM_XEN_DYNHC_MAX_BINDINGS; -EFAULT; -ENOMEM; the error of the handler's bind().  An
 * error leaves the table unchanged.  Sleeps.
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
 * Writes bindings to @entries, by ascending token; of a token the one without @match
 * first, the others in no particular order.  Passing an entry to KVM_XEN_ATTR_TYPE_DYNHC
 * creates the same binding again.  An eventfd is identified by the file descriptor with
 * which it was bound.  The state of a handler has to be saved by its module.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_DYNHC is set, -EFAULT if @entries cannot be
 * written.  Sleeps.
 */
#define KVM_XEN_ATTR_TYPE_DYNHC_ENUM	0x46

struct kvm_xen_dynhc_enum {
	__u64 entries;		/* struct kvm_xen_dynhc *, 8-byte aligned */
	__u32 nr;		/* in: capacity; out: number of entries */
	__u32 pad0;		/* zero */
	__u64 pad[6];		/* zero */
};

#endif /* _UAPI_LINUX_KVM_XEN_H */
