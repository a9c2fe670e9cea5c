/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Raising events by the ABI in use, for a vCPU or for a target that names a vCPU by id.
 */
#ifndef _KVM_XEN_EVENT_EVTCHN_H
#define _KVM_XEN_EVENT_EVTCHN_H

#include "xen/event/events_2l.h"
#include "xen/event/events_fifo.h"
#include "xen/upcall/upcall.h"

/* xen_evtchn_ops::nr_ports() without an indirect call. */
static __always_inline u32 xen_ops_nr_ports(const struct xen_evtchn_ops *ops,
					    struct kvm *kvm,
					    const struct xen_layout *layout)
{
	return ops == &xen_2l_ops ? layout->nr_ports :
				    xen_fifo_nr_ports(kvm, layout);
}

/* The number of ports in the ABI in use; port 0 is never valid. */
static inline u32 xen_nr_ports(struct kvm *kvm, const struct xen_layout *layout)
{
	return xen_ops(kvm)->nr_ports(kvm, layout);
}

/*
 * Raise @port for @vcpu, with @priority if the ABI in use has priorities.  Both return an
 * enum xen_evtchn_verdict, or -EINVAL if @port is out of range.  xen_evtchn_raise_fast()
 * runs in any context and returns -EWOULDBLOCK, with nothing done, if it had to wait for
 * a page. xen_evtchn_raise() may sleep; if a page is unavailable, it saves the event or
 * returns -errno.  The caller is in a read section of kvm->srcu.
 */
int xen_evtchn_raise_fast(struct kvm_vcpu *vcpu, u32 port, u32 priority);
int xen_evtchn_raise(struct kvm_vcpu *vcpu, u32 port, u32 priority);

/*
 * The vCPU that receives events, by KVM's vCPU id, and their priority.  Read and written
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
 * A destination with a cache of the vCPU, which may belong to an earlier destination:
 * compare its id.  vCPUs exist as long as the VM.
 */
struct xen_target {
	u64 dest;
	struct kvm_vcpu *vcpu;
};

static inline union xen_dest xen_target_read(const struct xen_target *target)
{
	return (union xen_dest) { .raw = READ_ONCE(target->dest) };
}

/*
 * Search for the vCPU of @dest, which was read from @target, and cache it; NULL if it
 * does not exist.
 */
struct kvm_vcpu *xen_target_search(struct kvm *kvm, struct xen_target *target,
				   union xen_dest dest);

/*
 * Set the destination and cache its vCPU, so that the first event need not search.
 * Returns the vCPU, or NULL if it does not exist.
 */
static inline struct kvm_vcpu *xen_target_set(struct kvm *kvm, struct xen_target *target,
					      u32 vcpu_id, u32 priority)
{
	union xen_dest dest = { .vcpu_id = vcpu_id, .priority = priority };

	WRITE_ONCE(target->dest, dest.raw);
	return xen_target_search(kvm, target, dest);
}

/* The same for a vCPU that is known; NULL: it does not exist. */
static inline void xen_target_set_vcpu(struct xen_target *target, struct kvm_vcpu *vcpu,
				       u32 priority)
{
	union xen_dest dest = {
		.vcpu_id = vcpu ? vcpu->vcpu_id : U32_MAX,
		.priority = priority,
	};

	WRITE_ONCE(target->dest, dest.raw);
	if (vcpu)
		WRITE_ONCE(target->vcpu, vcpu);
}

/*
 * Set the destination of a @target that is in use; a pending event of @port moves along.
 * May sleep.
 */
void xen_target_move(struct kvm *kvm, struct xen_target *target, u32 port,
		     u32 vcpu_id, u32 priority);

/*
 * The vCPU of @dest if it is cached, else NULL.  Used with interrupts off, where a search
 * would take too long.
 */
static inline struct kvm_vcpu *xen_target_known(struct xen_target *target, union xen_dest dest)
{
	struct kvm_vcpu *vcpu = READ_ONCE(target->vcpu);

	return likely(vcpu && vcpu->vcpu_id == dest.vcpu_id) ? vcpu : NULL;
}

/*
 * The vCPU of @target, or NULL if it does not exist.  If @atomic, ERR_PTR(-EWOULDBLOCK) if
 * it is not cached and has to be searched for.
 */
static inline struct kvm_vcpu *xen_target_vcpu(struct kvm *kvm, struct xen_target *target,
					       bool atomic)
{
	union xen_dest dest = xen_target_read(target);
	struct kvm_vcpu *vcpu = xen_target_known(target, dest);

	if (vcpu)
		return vcpu;

	return atomic ? ERR_PTR(-EWOULDBLOCK) : xen_target_search(kvm, target, dest);
}

/*
 * Raise @port for @target by xen_evtchn_raise(); -EINVAL if the vCPU does not exist.  If
 * @atomic, use xen_evtchn_raise_fast(), and also return -EWOULDBLOCK if the upcall could
 * not be raised immediately or the vCPU is not cached.
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
 * Unmask @port, and if it is pending raise it again for @vcpu.  @vcpu may be NULL if it
 * is unknown; if it is needed then, return -ENODEV.  -EBUSY: the guest has to try again.
 * If @atomic, return -EWOULDBLOCK instead of waiting.  Only in a vCPU's thread.
 */
int xen_evtchn_unmask(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port,
		      bool atomic);

/*
 * The VMM has closed @port for the guest: clear its pending state.  May sleep.  In a read
 * section of kvm->srcu.
 */
void xen_evtchn_closed(struct kvm *kvm, u32 port);

/*
 * The guest or the VMM has bound @port to @vcpu, or NULL for an unknown vCPU: a pending
 * event of the port belongs to that vCPU.  May sleep.  In a read section of kvm->srcu.
 */
void xen_evtchn_bound(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port);

/*
 * Raise the saved events of the ports from @first to below @end, only those for @only
 * unless that is NULL; see xen_evtchn_ops::take_saved().  May sleep.  In a read section
 * of kvm->srcu.
 */
void xen_evtchn_raise_saved(struct kvm *kvm, u32 first, u32 end,
			    struct kvm_vcpu *only);

#endif /* _KVM_XEN_EVENT_EVTCHN_H */
