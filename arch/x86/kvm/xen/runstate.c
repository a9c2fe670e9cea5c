// SPDX-License-Identifier: GPL-2.0
/*
 * Runstates: where a vCPU's time went, and the area in which its guest reads
 * it.
 *
 * Owns current_runstate, runstate_* and last_steal of struct kvm_vcpu_xen.
 * All of it is changed by the vCPU's own thread, or by an ioctl that holds the
 * vCPU's mutex and has it loaded; the scheduler's callbacks run on that same
 * thread.  Time is the guest's system time in ns.
 */
#include "internal.h"
#include "runstate_abi.h"

static_assert(sizeof_field(struct xen_runstate, time) ==
	      sizeof_field(struct kvm_vcpu_xen, runstate_times));

static void account(struct kvm_vcpu_xen *xen, u64 now)
{
	u64 run_delay = current->sched_info.run_delay;
	s64 waited = run_delay - xen->last_steal;
	u64 elapsed = now - xen->runstate_entry_time;

	/*
	 * Waiting for a CPU is neither running nor being blocked: a vCPU that
	 * is woken up is runnable until the scheduler picks it.  The delay is
	 * that of the thread which asks: another one's may well be shorter.
	 */
	if (xen->current_runstate == XEN_ABI_RUNSTATE_RUNNING ||
	    xen->current_runstate == XEN_ABI_RUNSTATE_BLOCKED) {
		waited = clamp(waited, 0, (s64)elapsed);
		elapsed -= waited;
		xen->runstate_times[XEN_ABI_RUNSTATE_RUNNABLE] += waited;
	}

	xen->last_steal = run_delay;
	xen->runstate_times[xen->current_runstate] += elapsed;
	xen->runstate_entry_time = now;
}

static u8 area_first_len(struct kvm_vcpu_xen *xen,
			 const struct xen_layout *layout)
{
	return xen_runstate_first_len(layout,
				      offset_in_page(xen->runstate_cache.gpa));
}

/* Both pages of an area; maps[1] is in use where area.len[1] is not 0. */
struct mapped_area {
	struct xen_map maps[2];
	struct xen_runstate_area area;
};

/*
 * Map the second page while the first is held.  It must be the one that
 * follows: an area that is being moved has its pages changed one by one.
 */
static bool try_map_second(struct kvm_vcpu_xen *xen, struct mapped_area *m,
			   bool in_scheduler)
{
	struct gfn_to_pfn_cache *first = &xen->runstate_cache;
	struct gfn_to_pfn_cache *second = &xen->runstate2_cache;
	u8 len = m->area.len[1];

	/* Nothing else takes two of these locks: first before second. */
	lock_set_subclass(&first->lock.dep_map, 1, _THIS_IP_);

	if (in_scheduler ? !xen_try_map_in_scheduler(&m->maps[1], second, len) :
			   !xen_try_map(&m->maps[1], second))
		return false;

	if (second->gpa == first->gpa + m->area.len[0])
		return true;

	xen_unmap(&m->maps[1]);
	return false;
}

static bool map_area(struct kvm_vcpu_xen *xen, const struct xen_layout *layout,
		     struct mapped_area *m, bool in_scheduler)
{
	struct gfn_to_pfn_cache *first = &xen->runstate_cache;

	m->area.len[0] = area_first_len(xen, layout);
	m->area.len[1] = layout->runstate_size - m->area.len[0];

	for (;;) {
		if (in_scheduler ?
		    !xen_try_map_in_scheduler(&m->maps[0], first,
					      m->area.len[0]) :
		    xen_map(&m->maps[0], first, m->area.len[0]) != 0)
			return false;

		if (!m->area.len[1] || try_map_second(xen, m, in_scheduler))
			break;

		/*
		 * A wider layout may reach into a page that was not needed
		 * when the area was placed, so activate it as if for the
		 * first time.  Each round is one invalidation of either page.
		 */
		xen_unmap(&m->maps[0]);
		if (in_scheduler ||
		    kvm_gpc_activate(&xen->runstate2_cache,
				     first->gpa + m->area.len[0],
				     m->area.len[1]))
			return false;
	}

	m->area.piece[0] = m->maps[0].khva;
	m->area.piece[1] = m->area.len[1] ? m->maps[1].khva : NULL;
	return true;
}

static void write_area(struct kvm_vcpu *vcpu, bool in_scheduler)
{
	const struct xen_layout *layout = xen_layout(vcpu->kvm);
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;
	struct xen_runstate rs = {
		.state = xen->current_runstate,
		.entry_time = xen->runstate_entry_time,
	};
	struct mapped_area m;

	memcpy(rs.time, xen->runstate_times, sizeof(rs.time));

	if (!map_area(xen, layout, &m, in_scheduler))
		return;

	xen_runstate_store(&m.area, layout, &rs,
			   vcpu->kvm->arch.xen.runstate_update_flag);
	if (m.area.len[1])
		xen_unmap_dirty(&m.maps[1]);
	xen_unmap_dirty(&m.maps[0]);
}

/* Most guests have no area: ask before preparing what would be written. */
static inline void publish(struct kvm_vcpu *vcpu, bool in_scheduler)
{
	if (vcpu->arch.xen.runstate_cache.active)
		write_area(vcpu, in_scheduler);
}

static void change(struct kvm_vcpu *vcpu, u32 state, bool in_scheduler)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	/* A vCPU that nobody accounted for yet was off until now. */
	if (unlikely(!xen->runstate_entry_time))
		xen->current_runstate = XEN_ABI_RUNSTATE_OFFLINE;

	account(xen, get_kvmclock_ns(vcpu->kvm));
	xen->current_runstate = state;
	publish(vcpu, in_scheduler);
}

void xen_runstate_change(struct kvm_vcpu *vcpu, u32 state)
{
	change(vcpu, state, false);
}

void xen_runstate_publish(struct kvm_vcpu *vcpu)
{
	publish(vcpu, false);
}

void kvm_xen_runstate_set_running(struct kvm_vcpu *vcpu)
{
	change(vcpu, XEN_ABI_RUNSTATE_RUNNING, false);
}

/*
 * The scheduler takes the CPU away.  A vCPU that was about to sleep goes on
 * being blocked: it has nothing to run.  Called below the scheduler's locks.
 */
void kvm_xen_runstate_set_preempted(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.xen.current_runstate == XEN_ABI_RUNSTATE_RUNNING)
		change(vcpu, XEN_ABI_RUNSTATE_RUNNABLE, true);
}

/*
 * The vCPU waits, in HLT or a poll for an event, or to be started.  It runs
 * again when it next enters the guest, which the request sees to even where
 * the wait ends without the scheduler having had a part in it.
 */
void __kvm_xen_runstate_set_blocked(struct kvm_vcpu *vcpu)
{
	u32 state = vcpu->arch.mp_state == KVM_MP_STATE_HALTED ?
		    XEN_ABI_RUNSTATE_BLOCKED : XEN_ABI_RUNSTATE_OFFLINE;

	if (vcpu->arch.xen.current_runstate != state)
		change(vcpu, state, false);
	kvm_make_request(KVM_REQ_STEAL_UPDATE, vcpu);
}

static void remove_area(struct kvm_vcpu_xen *xen)
{
	kvm_gpc_deactivate(&xen->runstate_cache);
	kvm_gpc_deactivate(&xen->runstate2_cache);
}

static int place_area(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	const struct xen_layout *layout = xen_layout(vcpu->kvm);
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;
	u8 first = xen_runstate_first_len(layout, offset_in_page(gpa));
	u8 rest = layout->runstate_size - first;
	int r;

	r = kvm_gpc_activate(&xen->runstate_cache, gpa, first);
	if (r)
		return r;

	if (rest)
		return kvm_gpc_activate(&xen->runstate2_cache, gpa + first,
					rest);

	kvm_gpc_deactivate(&xen->runstate2_cache);
	return 0;
}

int xen_runstate_set_area(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	int r = 0;

	if (gpa != KVM_XEN_INVALID_GPA) {
		r = place_area(vcpu, gpa);
		if (!r) {
			xen_runstate_publish(vcpu);
			return 0;
		}
	}

	remove_area(&vcpu->arch.xen);
	return r;
}
