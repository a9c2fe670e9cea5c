/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Additions to KVM's ABI for Xen guests.
 *
 * Everything here extends the Xen part of <linux/kvm.h> and redeclares none of
 * it.  An addition is usable once its KVM_XEN_HVM_CONFIG_* flag was both
 * reported by KVM_CHECK_EXTENSION(KVM_CAP_XEN_HVM) and set by the ioctl
 * KVM_XEN_HVM_CONFIG; until then its attributes answer -ENOENT, as unknown
 * ones do.  Flags of additions begin at bit 16, their attributes at 0x40.
 */
#ifndef _UAPI_LINUX_KVM_XEN_H
#define _UAPI_LINUX_KVM_XEN_H

#include <linux/kvm.h>
#include <linux/types.h>

/* The table of ports set by KVM_XEN_ATTR_TYPE_EVTCHN can be read. */
#define KVM_XEN_HVM_CONFIG_EVTCHN_ENUM	(1 << 21)

/*
 * KVM_XEN_ATTR_TYPE_EVTCHN_ENUM: read the table of ports (VM, get only).
 *
 * Its argument takes the place of the union in struct kvm_xen_hvm_attr.  KVM
 * writes up to @nr entries to @entries, in rising order of their port and
 * beginning with the first at or above @first, and stores in @nr how many it
 * wrote.  Fewer than asked for means that the end was reached; otherwise go
 * on at the port after the last one read.
 *
 * Errors: -ENOENT until KVM_XEN_HVM_CONFIG_EVTCHN_ENUM is set, -EINVAL where
 * padding is not zero, -EFAULT where @entries cannot be written.
 * Sleeps.  The result is one moment's table only while no other thread
 * changes it.
 */
#define KVM_XEN_ATTR_TYPE_EVTCHN_ENUM	0x40

struct kvm_xen_evtchn_enum {
	__u64 entries;		/* struct kvm_xen_evtchn_entry *, 8-byte aligned */
	__u32 first;		/* lowest port of interest */
	__u32 nr;		/* in: room for so many; out: so many written */
	__u64 pad[6];		/* zero */
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

#endif /* _UAPI_LINUX_KVM_XEN_H */
