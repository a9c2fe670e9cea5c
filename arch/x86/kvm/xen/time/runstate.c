// SPDX-License-Identifier: GPL-2.0
/*
 * Runstates: how long a vCPU was in which state, and the area in which its guest reads
 * that.
 *
 * Owns current_runstate, runstate_* and last_steal of struct kvm_vcpu_xen,
 * state.steal_task, and state.first_offset of struct kvm_xen.  All of it is changed by
 * the vCPU's thread, or by an ioctl that holds the vCPU's mutex and has it loaded; the
 * scheduler's callbacks run in that same thread, at any point where it can be preempted.
 * Code that reads or changes more than one of the times, or the clock and a time,
 * disables preemption meanwhile.  Times are ns of the guest's system time.
 *
 * The times add up to the time of the last change, as Linux guarantees to VMMs, with one
 * exception: the VMM sets the clock back.  Then no time shrinks, because guests treat the
 * difference of two readings as unsigned, and the current state counts as entered at the
 * new time, as in Xen.  Afterwards the times add up to more than the clock, and such
 * values are accepted from the VMM.
 */
#include "xen/base/debug.h"
#include "xen/base/dirty.h"
#include "xen/time/runstate.h"

static_assert(sizeof_field(struct xen_runstate, time) ==
	      sizeof_field(struct kvm_vcpu_xen, runstate_times));

/*
 * How long the current thread has waited for a CPU since the last call.  If another
 * thread called last, its delay is unrelated to this one: return 0.
 */
static s64 take_waited(struct kvm_vcpu_xen *xen)
{
	u64 run_delay = current->sched_info.run_delay;
	s64 waited = run_delay - xen->last_steal;

	/* Only compare the pointer: that task may be gone. */
	if (unlikely(xen->state.steal_task != current)) {
		xen->state.steal_task = current;
		waited = 0;
	}

	xen->last_steal = run_delay;
	return waited;
}

/*
 * Add the time until @now, if positive, to the current state: see the head of this file.
 */
static void account(struct kvm_vcpu_xen *xen, u64 now)
{
	s64 elapsed = max((s64)(now - xen->runstate_entry_time), 0);
	s64 waited = take_waited(xen);

	/*
	 * Waiting for a CPU is neither running nor being blocked: a vCPU that
	 * is woken up is runnable until the scheduler picks it.
	 */
	if (xen->current_runstate == XEN_ABI_RUNSTATE_RUNNING ||
	    xen->current_runstate == XEN_ABI_RUNSTATE_BLOCKED) {
		waited = clamp(waited, 0, elapsed);
		elapsed -= waited;
		xen->runstate_times[XEN_ABI_RUNSTATE_RUNNABLE] += waited;
	}

	xen->runstate_times[xen->current_runstate] += elapsed;
	xen->runstate_entry_time = now;
}

/*
 * Account for a vCPU for the first time: it was offline since the VM was created.  If the
 * VMM has set the clock ahead, the rest has to be added to some state as well, and guests
 * do not mind blocked time.
 */
static void begin(struct kvm_vcpu *vcpu, u64 now)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;
	struct kvm_arch *ka = &vcpu->kvm->arch;
	u64 age = now - (ka->kvmclock_offset - ka->xen.state.first_offset);
	u64 offline = min(now, age);

	xen->runstate_times[XEN_ABI_RUNSTATE_OFFLINE] += offline;
	xen->runstate_times[XEN_ABI_RUNSTATE_BLOCKED] += now - offline;
	xen->runstate_entry_time = now;
	take_waited(xen);
}

/* Both pages of an area; maps[1] is used if area.len[1] is not 0. */
struct mapped_area {
	struct xen_map maps[2];
	struct xen_runstate_area area;
};

/*
 * Map the second page while the first is mapped.  It must be the following page: when an
 * area is moved, its pages are changed one after the other.
 */
static bool try_map_second(struct kvm_vcpu_xen *xen, struct mapped_area *m,
			   bool in_scheduler)
{
	struct gfn_to_pfn_cache *first = &xen->runstate_cache;
	struct gfn_to_pfn_cache *second = &xen->runstate2_cache;
	u8 len = m->area.len[1];

	/* No other code takes two of these locks: first before second. */
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

	m->area.len[0] = xen_runstate_first_len(layout, offset_in_page(first->gpa));
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
		 * A wider layout may extend into a page that was not part of the area
		 * when it was placed: activate the second page again.  Each iteration
		 * means one invalidation of either page.
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

static __always_inline struct xen_runstate accounts_of(const struct kvm_vcpu_xen *xen)
{
	struct xen_runstate rs;

	guard(preempt)();

	rs.state = xen->current_runstate;
	rs.entry_time = xen->runstate_entry_time;
	memcpy(rs.time, xen->runstate_times, sizeof(rs.time));
	return rs;
}

struct xen_runstate xen_runstate_get(struct kvm_vcpu *vcpu)
{
	return accounts_of(&vcpu->arch.xen);
}

static void write_area(struct kvm_vcpu *vcpu, bool in_scheduler)
{
	const struct xen_layout *layout = xen_layout(vcpu->kvm);
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;
	struct xen_runstate rs = accounts_of(xen);
	u64 *entries = xen->state.runstate_entries;
	struct mapped_area m;

	if (!map_area(xen, layout, &m, in_scheduler))
		return;

	xen_runstate_store(&m.area, layout, &rs,
			   vcpu->kvm->arch.xen.runstate_update_flag);
	if (m.area.len[1])
		xen_unmap_dirty(&m.maps[1], &entries[1]);
	xen_unmap_dirty(&m.maps[0], &entries[0]);
}

/* Check for an area first: most guests have none. */
static inline void publish(struct kvm_vcpu *vcpu, bool in_scheduler)
{
	if (vcpu->arch.xen.runstate_cache.active)
		write_area(vcpu, in_scheduler);
}

/*
 * Add the time until now to the current state, and enter @state.  Preemption is disabled:
 * see the head of this file.
 */
static void enter(struct kvm_vcpu *vcpu, u32 state)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;
	u64 now = get_kvmclock_ns(vcpu->kvm);

	xen_debug_delay_irqon(account);
	if (unlikely(!xen->runstate_entry_time))
		begin(vcpu, now);
	else
		account(xen, now);

	xen->current_runstate = state;
}

static void change(struct kvm_vcpu *vcpu, u32 state, bool in_scheduler)
{
	scoped_guard(preempt)
		enter(vcpu, state);

	publish(vcpu, in_scheduler);
}

void xen_runstate_change(struct kvm_vcpu *vcpu, u32 state)
{
	change(vcpu, state, false);
}

/*
 * The times add up to the time of the last change, or to more if the clock was set back.
 * No sum may overflow, not even as a signed number, which is enough for 292 years.
 */
static bool is_plausible(const struct xen_runstate *rs, u64 now)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < XEN_ABI_NR_RUNSTATES; i++) {
		if (check_add_overflow(sum, rs->time[i], &sum))
			return false;
	}

	return rs->entry_time <= now && rs->entry_time <= sum && sum <= S64_MAX;
}

static int store(struct kvm_vcpu *vcpu, const struct xen_runstate *rs)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	if (!is_plausible(rs, get_kvmclock_ns(vcpu->kvm)))
		return -EINVAL;

	xen->current_runstate = rs->state;
	xen->runstate_entry_time = rs->entry_time;
	memcpy(xen->runstate_times, rs->time, sizeof(rs->time));
	return 0;
}

int xen_runstate_set(struct kvm_vcpu *vcpu, const struct xen_runstate *rs)
{
	int r;

	guard(preempt)();

	r = store(vcpu, rs);

	/* The thread's waiting time until now is not part of these times. */
	if (!r)
		vcpu->arch.xen.state.steal_task = NULL;
	return r;
}

int xen_runstate_adjust(struct kvm_vcpu *vcpu, const struct xen_runstate *more)
{
	struct xen_runstate rs;
	int i;

	guard(preempt)();

	rs = xen_runstate_get(vcpu);

	/* A time that becomes negative is rejected as too large. */
	rs.entry_time += more->entry_time;
	for (i = 0; i < XEN_ABI_NR_RUNSTATES; i++)
		rs.time[i] += more->time[i];

	return store(vcpu, &rs);
}

void xen_runstate_publish(struct kvm_vcpu *vcpu)
{
	publish(vcpu, false);
}

void __kvm_xen_runstate_set_running(struct kvm_vcpu *vcpu)
{
	change(vcpu, XEN_ABI_RUNSTATE_RUNNING, false);
}

/*
 * The scheduler preempts the vCPU's thread; called under the scheduler's locks.  A vCPU
 * that was about to sleep stays blocked: it has nothing to run.
 */
void kvm_xen_runstate_set_preempted(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.xen.current_runstate == XEN_ABI_RUNSTATE_RUNNING)
		change(vcpu, XEN_ABI_RUNSTATE_RUNNABLE, true);
}

/*
 * The vCPU waits: in HLT or a poll for an event, or for its start-up.  The request makes
 * it running again before it next enters the guest, even if it did not sleep and the
 * scheduler was not involved.
 */
void __kvm_xen_runstate_set_blocked(struct kvm_vcpu *vcpu)
{
	u32 state = vcpu->arch.mp_state == KVM_MP_STATE_HALTED ?
		    XEN_ABI_RUNSTATE_BLOCKED : XEN_ABI_RUNSTATE_OFFLINE;

	if (vcpu->arch.xen.current_runstate != state)
		change(vcpu, state, false);
	kvm_make_request(KVM_REQ_STEAL_UPDATE, vcpu);
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
	int r = gpa == KVM_XEN_INVALID_GPA ? 0 : place_area(vcpu, gpa);

	if (gpa != KVM_XEN_INVALID_GPA && !r) {
		xen_runstate_publish(vcpu);
		return 0;
	}

	kvm_gpc_deactivate(&vcpu->arch.xen.runstate_cache);
	kvm_gpc_deactivate(&vcpu->arch.xen.runstate2_cache);
	return r;
}
