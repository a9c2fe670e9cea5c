// SPDX-License-Identifier: GPL-2.0
/*
 * vcpu_info, as far as it tells of events: the flag evtchn_upcall_pending, and
 * the selections that say where to look.
 *
 * Where vcpu_info is not mapped just now, or not registered yet, selections
 * are deferred in the vCPU, per width, and replayed by its own thread or by the
 * registration.  Parking and registration pair full barriers: either the
 * deferral sees the registration and wakes the vCPU, or the registration sees
 * what was deferred.
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

/* Do the select() of all that was deferred as @sel; returns the same. */
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

/* Take the selections of @width; in the narrow word, work stay. */
static u64 take_width(struct kvm_vcpu *vcpu, enum xen_width width)
{
	u64 work = width == XEN_NARROW ? XEN_DEFERRED_WORK : 0;
	atomic64_t *deferred = &vcpu->arch.xen.state.deferred[width];

	if (!(atomic64_read(deferred) & ~work))
		return 0;

	return atomic64_fetch_and(work, deferred) & ~work;
}

/*
 * Take what was deferred as bits of @layout.  Bits of the other width name other
 * ports by now: look everywhere instead, as Xen does when vcpu_info moves.
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
 * Map vcpu_info, waiting for it.  Where that fails, remember with which memslots, so
 * that what is deferred neither keeps a sleeping vCPU awake nor a running one out of the
 * guest.  A change of memslots wakes the vCPU, and ends this.  Nothing tells of a change
 * of the VMM's own memory: the next event tries again, and so does the vCPU's thread
 * when it is scheduled, at each KVM_RUN for one.
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

	/* Map first: what is taken can then be delivered. */
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
 * Map vcpu_info to look at its flag, where that takes more than a look at the
 * mapping.  Returns 0 with the map, or what to answer instead.
 */
static int map_flag_slowly(struct kvm_vcpu *vcpu, struct xen_map *map,
			   int *answer)
{
	*answer = 0;
	if (xen_vcpu_info_is_stalled(vcpu))
		return -EAGAIN;

	/*
	 * Where the page must not be waited for, let the vCPU go on instead, or
	 * wake up, and ask again where it can.
	 */
	*answer = 1;
	if (!xen_may_sleep())
		return -EAGAIN;

	*answer = 0;
	return map_or_stall(vcpu, map);
}

/* The flag is the first byte in either width.  Ends the mapping. */
static int flag_of(struct xen_map *map)
{
	int up = READ_ONCE(*(u8 *)map->khva);

	xen_unmap(map);
	return up;
}

/*
 * Whether evtchn_upcall_pending is up.  Asked several times per exit, hence
 * without kvm->srcu: a look at a page that is about to go harms nobody.
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
