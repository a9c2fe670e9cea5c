// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls: how a vCPU comes to hear of its events.
 *
 * An upcall is due when evtchn_upcall_pending in vcpu_info goes from 0 to 1.
 * A vCPU with a vector of its own gets it once, as an interrupt of its LAPIC;
 * otherwise the VM-wide vector is injected at entry for as long as the flag
 * is up, see kvm_xen_has_interrupt().  evtchn_upcall_mask plays no part: for
 * guests that are not PV, Xen does not look at it either.
 *
 * Where vcpu_info is not mapped just now, or not registered yet, selections
 * are parked in the vCPU, per width, and replayed by its own thread or by the
 * registration.  Parking and registration pair full barriers: either the
 * parking sees the registration and wakes the vCPU, or the registration sees
 * what was parked.
 */
#include "internal.h"
#include "fifo.h"
#include "../lapic.h"
#include "trace.h"

static void inject_lapic_vector(struct kvm_vcpu *vcpu, u8 vector)
{
	struct kvm_lapic_irq irq = {
		.vector = vector,
		.delivery_mode = APIC_DM_FIXED,
		.dest_mode = APIC_DEST_PHYSICAL,
		.shorthand = APIC_DEST_NOSHORT,
		.level = 1,
	};

	if (lapic_in_kernel(vcpu))
		kvm_apic_set_irq(vcpu, &irq, NULL);
}

/* Tell @vcpu that its evtchn_upcall_pending went up.  Any context. */
void xen_upcall_raise(struct kvm_vcpu *vcpu)
{
	u8 vector = READ_ONCE(vcpu->arch.xen.upcall_vector);

	++vcpu->stat.xen_upcalls;
	trace_kvm_xen_upcall(vcpu->vcpu_id, vector,
			     vcpu->kvm->arch.xen.upcall_vector);

	if (vector)
		inject_lapic_vector(vcpu, vector);
	else
		xen_kick(vcpu);
}

static void park(struct kvm_vcpu *vcpu, const struct xen_evtchn_ops *ops,
		 const struct xen_layout *layout, u32 port)
{
	atomic64_t *parked = &vcpu->arch.xen.state.parked[xen_layout_width(layout)];

	atomic64_or(ops->selector(layout, port), parked);

	/* Pairs with the barrier in xen_upcall_reevaluate(). */
	smp_mb__after_atomic();
	if (READ_ONCE(vcpu->arch.xen.vcpu_info_cache.active))
		xen_kick(vcpu);
}

/* Point @vcpu at @port, which was marked by @ops and @layout.  Any context. */
void xen_upcall_select(struct kvm_vcpu *vcpu, const struct xen_evtchn_ops *ops,
		       const struct xen_layout *layout, u32 port)
{
	struct xen_map map;
	bool due;

	if (!xen_try_map(&map, &vcpu->arch.xen.vcpu_info_cache)) {
		park(vcpu, ops, layout, port);
		return;
	}

	due = xen_ops_select(ops, map.khva, layout, port);
	xen_unmap(&map);
	if (due)
		xen_upcall_raise(vcpu);
}

/* Take the selections of @width; in the narrow word, duties stay. */
static u64 take_width(struct kvm_vcpu *vcpu, enum xen_width width)
{
	u64 duties = width == XEN_NARROW ? XEN_PARKED_DUTIES : 0;
	atomic64_t *parked = &vcpu->arch.xen.state.parked[width];

	if (!(atomic64_read(parked) & ~duties))
		return 0;

	return atomic64_fetch_and(duties, parked) & ~duties;
}

/*
 * Take what was parked as bits of @layout.  Bits of the other width name other
 * ports by now: look everywhere instead, as Xen does when vcpu_info moves.
 */
static u64 take_parked(struct kvm_vcpu *vcpu, const struct xen_layout *layout)
{
	enum xen_width width = xen_layout_width(layout);
	u64 sel = take_width(vcpu, width);

	if (take_width(vcpu, !width))
		sel = GENMASK_ULL(layout->sel_bits - 1, 0);

	return sel;
}

/*
 * Remember that the memslots as they are have no memory for vcpu_info, so that
 * what is parked does not keep a sleeping vCPU awake.  A change of memslots
 * wakes it, and ends this.  Nothing tells of a change of the VMM's own memory:
 * what is out of reach there is tried again each time.
 */
static void note_stall(struct kvm_vcpu *vcpu)
{
	gpa_t gpa = vcpu->arch.xen.vcpu_info_cache.gpa;

	if (!kvm_is_error_gpa(gpa) &&
	    !gfn_to_memslot(vcpu->kvm, gpa_to_gfn(gpa)))
		vcpu->arch.xen.state.stalled_generation =
			kvm_memslots(vcpu->kvm)->generation;
}

static bool is_stalled(struct kvm_vcpu *vcpu)
{
	u64 generation = READ_ONCE(vcpu->arch.xen.state.stalled_generation);

	return unlikely(generation) &&
	       generation == kvm_memslots(vcpu->kvm)->generation;
}

static bool can_replay(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.xen.vcpu_info_cache.active && !is_stalled(vcpu);
}

bool __kvm_xen_has_pending_events(struct kvm_vcpu *vcpu)
{
	atomic64_t *parked = vcpu->arch.xen.state.parked;
	u64 narrow = atomic64_read(&parked[XEN_NARROW]);

	guard(srcu)(&vcpu->kvm->srcu);

	if ((narrow & XEN_PARKED_LOG) ||
	    ((narrow & XEN_PARKED_RETRY) && !xen_fifo_is_stalled(vcpu)))
		return true;

	return ((narrow & ~XEN_PARKED_DUTIES) ||
		atomic64_read(&parked[XEN_WIDE])) && can_replay(vcpu);
}

/* Returns true where the replay made an upcall due. */
static bool replay_parked(struct kvm_vcpu *vcpu)
{
	const struct xen_evtchn_ops *ops = xen_ops(vcpu->kvm);
	const struct xen_layout *layout = xen_layout(vcpu->kvm);
	struct xen_map map;
	bool due = false;
	u64 sel;

	/* Map first: what is taken can then be delivered. */
	if (xen_map(&map, &vcpu->arch.xen.vcpu_info_cache,
		    XEN_ABI_VCPU_INFO_SIZE)) {
		note_stall(vcpu);
		return false;
	}

	vcpu->arch.xen.state.stalled_generation = 0;
	sel = take_parked(vcpu, layout);
	if (sel)
		due = ops->replay(map.khva, layout, sel);
	xen_unmap_dirty(&map);

	++vcpu->stat.xen_replays;
	return due;
}

/* Replay what was parked; may sleep, in the vCPU's thread. */
void xen_upcall_replay(struct kvm_vcpu *vcpu)
{
	if (can_replay(vcpu) && replay_parked(vcpu))
		xen_upcall_raise(vcpu);
}

/*
 * Map vcpu_info to look at its flag, where that takes more than a look at the
 * mapping.  Returns 0 with the map, or what to answer instead.
 */
static int map_flag_slowly(struct kvm_vcpu *vcpu, struct xen_map *map,
			   int *answer)
{
	*answer = 0;
	if (is_stalled(vcpu))
		return -EAGAIN;

	/*
	 * Reached while the vCPU prepares to sleep, where the page must not be
	 * waited for: let it wake up instead, and ask again where it can.
	 */
	*answer = 1;
	if (in_atomic() || !task_is_running(current))
		return -EAGAIN;

	*answer = 0;
	if (xen_map(map, &vcpu->arch.xen.vcpu_info_cache,
		    XEN_ABI_VCPU_INFO_SIZE)) {
		note_stall(vcpu);
		return -EFAULT;
	}

	return 0;
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

	if (unlikely(!xen_try_map_to_read(&map, gpc))) {
		guard(srcu)(&vcpu->kvm->srcu);

		if (map_flag_slowly(vcpu, &map, &up))
			return up;
	}

	/* The flag is the first byte in either width. */
	up = READ_ONCE(*(u8 *)map.khva);
	xen_unmap(&map);
	return up;
}

/*
 * Deliver what was raised while the vCPU could not hear it: after its
 * vcpu_info was registered or a vector was set.  May sleep, as above.
 */
void xen_upcall_reevaluate(struct kvm_vcpu *vcpu)
{
	if (!vcpu->arch.xen.vcpu_info_cache.active)
		return;

	/* Pairs with the barrier in park(). */
	smp_mb();
	vcpu->arch.xen.state.stalled_generation = 0;
	replay_parked(vcpu);

	if (__kvm_xen_has_interrupt(vcpu))
		xen_upcall_raise(vcpu);
}

void __kvm_xen_sw_enable_lapic(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.xen.vcpu_info_cache.active &&
	    __kvm_xen_has_interrupt(vcpu))
		xen_upcall_raise(vcpu);
}
