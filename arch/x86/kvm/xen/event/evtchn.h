/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Raising events, by the ABI in use, at a vCPU or at a target that is known by its id.
 */
#ifndef _KVM_XEN_EVENT_EVTCHN_H
#define _KVM_XEN_EVENT_EVTCHN_H

#include "xen/event/events_2l.h"
#include "xen/event/events_fifo.h"
#include "xen/upcall/upcall.h"

/* Without a retpoline. */
static __always_inline u32 xen_ops_nr_ports(const struct xen_evtchn_ops *ops,
					    struct kvm *kvm,
					    const struct xen_layout *layout)
{
	return ops == &xen_2l_ops ? layout->nr_ports :
				    xen_fifo_nr_ports(kvm, layout);
}

/* Number of ports, in the ABI in use; port 0 is never valid. */
static inline u32 xen_nr_ports(struct kvm *kvm, const struct xen_layout *layout)
{
	return xen_ops(kvm)->nr_ports(kvm, layout);
}

/*
 * Raise @port at @vcpu, with @priority where the ABI in use has priorities.
 * Both return an enum xen_evtchn_verdict, or -EINVAL for a port that there is
 * no room for.  The first runs in any context and returns -EWOULDBLOCK, having
 * done nothing, where it would wait for a page; the second waits, and returns
 * why the page is not there, unless the event is kept until it is.
 * The caller is in a read section of kvm->srcu, as whatever a vCPU runs is.
 */
int xen_evtchn_raise_fast(struct kvm_vcpu *vcpu, u32 port, u32 priority);
int xen_evtchn_raise(struct kvm_vcpu *vcpu, u32 port, u32 priority);

/*
 * Which vCPU events are for, by APIC id, and how urgent they are.  Read and written
 * as one word, at any time.
 */
union xen_dest {
	u64 raw;
	struct {
		u32 vcpu_id;
		u32 priority;
	};
};
static_assert(sizeof(union xen_dest) == sizeof(u64));

/*
 * The same with a memory of the search for the vCPU, which may be one of another
 * dest: its id tells.  vCPUs stay as long as the VM.
 */
struct xen_target {
	u64 dest;
	struct kvm_vcpu *vcpu;
};

static inline union xen_dest xen_target_read(const struct xen_target *target)
{
	return (union xen_dest) { .raw = READ_ONCE(target->dest) };
}

/* The vCPU of @dest, which was read from @target; NULL where there is none. */
struct kvm_vcpu *xen_target_search(struct kvm *kvm, struct xen_target *target,
				   union xen_dest dest);

/* And search for the vCPU now, for the first event not to have to; NULL: there is none. */
static inline struct kvm_vcpu *xen_target_set(struct kvm *kvm, struct xen_target *target,
					      u32 vcpu_id, u32 priority)
{
	union xen_dest dest = { .vcpu_id = vcpu_id, .priority = priority };

	WRITE_ONCE(target->dest, dest.raw);
	return xen_target_search(kvm, target, dest);
}

/* The same where @target has events already: what is pending on @port goes along. */
void xen_target_move(struct kvm *kvm, struct xen_target *target, u32 port,
		     u32 vcpu_id, u32 priority);

/* The same if nobody needs to search; the search is too long with interrupts off. */
static inline struct kvm_vcpu *xen_target_known(struct xen_target *target, union xen_dest dest)
{
	struct kvm_vcpu *vcpu = READ_ONCE(target->vcpu);

	return likely(vcpu && vcpu->vcpu_id == dest.vcpu_id) ? vcpu : NULL;
}

/*
 * xen_evtchn_raise() at @target; -EINVAL where there is no such vCPU.  If @atomic
 * xen_evtchn_raise_fast(), and -EWOULDBLOCK too where its upcall would be late, or the
 * vCPU has to be searched for.
 */
static inline int xen_target_raise(struct kvm *kvm, struct xen_target *target,
				   u32 port, bool atomic)
{
	union xen_dest dest = xen_target_read(target);
	struct kvm_vcpu *vcpu = xen_target_known(target, dest);

	if (!atomic) {
		vcpu = vcpu ?: xen_target_search(kvm, target, dest);
		return vcpu ? xen_evtchn_raise(vcpu, port, dest.priority) : -EINVAL;
	}
	if (unlikely(!vcpu || !xen_upcall_is_atomic(vcpu)))
		return -EWOULDBLOCK;

	return xen_evtchn_raise_fast(vcpu, port, dest.priority);
}

/*
 * Unmask @port, and raise it again at @vcpu where it is pending.  @vcpu may be
 * NULL for nobody known: then -ENODEV where it is needed.  -EBUSY: once more.  If
 * @atomic -EWOULDBLOCK where that would wait.
 */
int xen_evtchn_unmask(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port,
		      bool atomic);

/* The VMM closed @port for the guest: nothing is pending there any more. */
void xen_evtchn_closed(struct kvm *kvm, u32 port);

/*
 * The guest or the VMM bound @port to @vcpu, NULL for nobody known: what is pending
 * there is for that one.
 */
void xen_evtchn_bound(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port);

/* Raise what was saved of the ports from @first to below @end; see events.h. */
void xen_evtchn_raise_saved(struct kvm *kvm, u32 first, u32 end,
			    struct kvm_vcpu *only);

#endif /* _KVM_XEN_EVENT_EVTCHN_H */
