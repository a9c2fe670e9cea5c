// SPDX-License-Identifier: GPL-2.0
/*
 * The event fields of vcpu_info: evtchn_upcall_pending and the selectors.  Owns
 * state.stalled_generation and, in state.deferred[], the selectors.
 *
 * If vcpu_info is not mapped at the moment or not registered yet, selections are
 * deferred: they are kept in the vCPU, per width, and replayed by the vCPU's thread or by
 * the registration.  Full barriers in defer() and xen_vcpu_info_placed() pair: either the
 * deferral sees the registration and wakes the vCPU, or the registration sees the
 * deferred selection.
 */
#include "xen/abi/evtchn_2l.h"
#include "xen/base/debug.h"
#include "xen/base/deferred.h"
#include "xen/base/dirty.h"
#include "xen/upcall/vcpu_info.h"

static u64 selector_of(const struct xen_evtchn_ops *ops,
		       const struct xen_layout *layout, u32 port)
{
	return ops->has_selectors ? evtchn_2l_selector(layout, port) : 1;
}

/* Returns whether evtchn_upcall_pending went from 0 to 1. */
static bool select(const struct xen_evtchn_ops *ops, void *vcpu_info,
		   const struct xen_layout *layout, u32 port)
{
	return ops->has_selectors ? evtchn_2l_select(vcpu_info, layout, port) :
				    xen_evtchn_raise_upcall(vcpu_info);
}

/*
 * Set all deferred selectors @sel.  Returns whether evtchn_upcall_pending went from 0 to
 * 1.
 */
static bool replay(const struct xen_evtchn_ops *ops, void *vcpu_info,
		   const struct xen_layout *layout, u64 sel)
{
	return ops->has_selectors ? evtchn_2l_replay(vcpu_info, layout, sel) :
				    xen_evtchn_raise_upcall(vcpu_info);
}

static void defer(struct kvm_vcpu *vcpu, const struct xen_evtchn_ops *ops,
		  const struct xen_layout *layout, u32 port)
{
	atomic64_t *deferred = &vcpu->arch.xen.state.deferred[xen_layout_width(layout)];

	atomic64_or(selector_of(ops, layout, port), deferred);

	/* Pairs with the barrier in xen_vcpu_info_placed(). */
	smp_mb__after_atomic();
	if (READ_ONCE(vcpu->arch.xen.vcpu_info_cache.active))
		xen_vcpu_info_retry(vcpu);
}

bool xen_vcpu_info_select(struct kvm_vcpu *vcpu,
			  const struct xen_evtchn_ops *ops,
			  const struct xen_layout *layout, u32 port)
{
	struct xen_map map;
	bool due;

	if (!xen_try_map(&map, &vcpu->arch.xen.vcpu_info_cache)) {
		defer(vcpu, ops, layout, port);
		return false;
	}

	due = select(ops, map.khva, layout, port);
	xen_unmap(&map);
	return due;
}

/*
 * Take the deferred selectors of @width; flags of deferred work stay in the narrow word.
 */
static u64 take_width(struct kvm_vcpu *vcpu, enum xen_width width)
{
	u64 work = width == XEN_NARROW ? XEN_DEFERRED_WORK : 0;
	atomic64_t *deferred = &vcpu->arch.xen.state.deferred[width];

	if (!(atomic64_read(deferred) & ~work))
		return 0;

	return atomic64_fetch_and(work, deferred) & ~work;
}

/*
 * Take the deferred selectors in terms of @layout.  Selectors of the other width stand
 * for other ports: replace them by all selectors, as Xen does when vcpu_info moves.
 */
static u64 take_deferred(struct kvm_vcpu *vcpu, const struct xen_layout *layout)
{
	enum xen_width width = xen_layout_width(layout);
	u64 sel = take_width(vcpu, width);

	if (take_width(vcpu, !width))
		sel = GENMASK_ULL(layout->sel_bits - 1, 0);

	return sel;
}

/*
 * Map vcpu_info, waiting for the page.  On failure record the generation of the memslots,
 * so that deferred work neither keeps a sleeping vCPU awake nor a running one out of the
 * guest.  When the memslots change, KVM kicks the vCPU, and the generation no longer
 * matches.  KVM is not notified when the VMM's memory becomes accessible: the next event
 * tries again, and so does the vCPU's thread when it is scheduled in or enters KVM_RUN.
 */
static int map_or_stall(struct kvm_vcpu *vcpu, struct xen_map *map)
{
	u64 generation = kvm_memslots(vcpu->kvm)->generation;
	int r = xen_map(map, &vcpu->arch.xen.vcpu_info_cache,
			XEN_ABI_VCPU_INFO_SIZE);

	WRITE_ONCE(vcpu->arch.xen.state.stalled_generation, r ? generation : 0);
	return r;
}

bool xen_vcpu_info_is_stalled(struct kvm_vcpu *vcpu)
{
	return xen_is_stalled(vcpu->kvm, &vcpu->arch.xen.state.stalled_generation);
}

void xen_vcpu_info_retry(struct kvm_vcpu *vcpu)
{
	WRITE_ONCE(vcpu->arch.xen.state.stalled_generation, 0);
	xen_kick(vcpu);
}

static bool replay_deferred(struct kvm_vcpu *vcpu)
{
	const struct xen_evtchn_ops *ops = xen_ops(vcpu->kvm);
	const struct xen_layout *layout = xen_layout(vcpu->kvm);
	struct xen_map map;
	bool due = false;
	u64 sel;

	/* Map first, so that selectors are only taken if they can be delivered. */
	if (map_or_stall(vcpu, &map))
		return false;

	sel = take_deferred(vcpu, layout);
	if (sel)
		due = replay(ops, map.khva, layout, sel);
	xen_unmap_dirty(&map, &vcpu->arch.xen.state.vcpu_info_entry);

	++vcpu->stat.xen_replays;
	return due;
}

bool xen_vcpu_info_replay(struct kvm_vcpu *vcpu)
{
	xen_might_sleep();

	return xen_vcpu_info_can_replay(vcpu) && replay_deferred(vcpu);
}

/*
 * Map vcpu_info to read its flag if xen_try_map_to_read() was not enough.  Returns 0 with
 * @map, or an error and the flag's assumed value in *@answer.
 */
static int map_flag_slowly(struct kvm_vcpu *vcpu, struct xen_map *map,
			   int *answer)
{
	*answer = 0;
	if (xen_vcpu_info_is_stalled(vcpu))
		return -EAGAIN;

	/*
	 * If this context may not wait for the page, assume that the flag is set: the
	 * vCPU then runs or wakes up, and reads the flag again where it may sleep.
	 */
	*answer = 1;
	if (!xen_may_sleep())
		return -EAGAIN;

	*answer = 0;
	return map_or_stall(vcpu, map);
}

/* Read the flag, which is the first byte in either width, and unmap. */
static int flag_of(struct xen_map *map)
{
	int up = READ_ONCE(*(u8 *)map->khva);

	xen_unmap(map);
	return up;
}

/*
 * Whether evtchn_upcall_pending is set.  Called several times per exit, hence without
 * kvm->srcu: reading a page whose memslot is being removed is harmless.
 */
int __kvm_xen_has_interrupt(struct kvm_vcpu *vcpu)
{
	struct gfn_to_pfn_cache *gpc = &vcpu->arch.xen.vcpu_info_cache;
	struct xen_map map;
	int up;

	xen_debug_delay_irqoff(look);
	if (unlikely(xen_must_not_lock() || !xen_try_map_to_read(&map, gpc))) {
		guard(srcu)(&vcpu->kvm->srcu);

		if (map_flag_slowly(vcpu, &map, &up))
			return up;
	}

	return flag_of(&map);
}

bool xen_vcpu_info_placed(struct kvm_vcpu *vcpu)
{
	might_sleep();

	if (!vcpu->arch.xen.vcpu_info_cache.active)
		return false;

	/* Pairs with the barrier in defer(). */
	smp_mb();
	return replay_deferred(vcpu);
}

int xen_vcpu_info_flag(struct kvm_vcpu *vcpu)
{
	struct xen_map map;

	if (!xen_try_map_to_read(&map, &vcpu->arch.xen.vcpu_info_cache))
		return -EAGAIN;

	return flag_of(&map);
}

int xen_vcpu_info_seek(struct kvm_vcpu *vcpu)
{
	struct xen_map map;
	int r = map_or_stall(vcpu, &map);

	if (!r)
		xen_unmap(&map);
	return r;
}
