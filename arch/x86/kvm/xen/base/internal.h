/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KVM units of the Xen core share.
 *
 * Order of the units, each calling only those before it: slots (tables by
 * number), shinfo (maps guest pages), clock, runstate, events_2l and events_fifo
 * (behind the table of events.h), vcpu_info, line, upcall, callback, poll, evtchn,
 * timer, ports, dynhc_handler, dynhc_targets, dynhc, fifo_ctl, fifo_state,
 * fast_memory, fastpath, hypercall_page, hypercall, attr, debugfs.  Locks and what
 * they guard are drawn in arch/x86/kvm/xen.c.
 */
#ifndef _KVM_XEN_INTERNAL_H
#define _KVM_XEN_INTERNAL_H

#include <linux/kvm_host.h>
#include <linux/sched/signal.h>

#include "x86.h"
#include "xen.h"
#include "xen/base/evtchn_ops.h"
#include "xen/abi/evtchn_core.h"
#include "xen/abi/runstate_abi.h"
#include "xen/abi/time_abi.h"

static_assert((int)XEN_NR_WIDTHS == KVM_XEN_NR_WIDTHS);

/*
 * Whether the VMM set @flag.  What is made by an attribute is made under a lock of its
 * unit, and the flag looked at there: it is not taken away while there is any.
 */
static inline bool xen_has_flag(struct kvm *kvm, u32 flag)
{
	return (kvm->arch.xen_hvm_config.flags & flag) == flag;
}

/* Make the vCPU leave the guest, or its sleep, and look around.  Any context. */
static inline void xen_kick(struct kvm_vcpu *vcpu)
{
	kvm_make_request(KVM_REQ_UNBLOCK, vcpu);
	kvm_vcpu_kick(vcpu);
}

/*
 * What a vCPU's thread has to see to, beside selections that are parked for it:
 * bits of parked[XEN_NARROW], beyond those of any selector of that width.
 */
#define XEN_PARKED_RETRY	BIT_ULL(63)	/* raise what was saved */
#define XEN_PARKED_LOG		BIT_ULL(62)	/* log pages as dirty */
#define XEN_PARKED_LINE		BIT_ULL(61)	/* look at the flag for a line */
#define XEN_PARKED_DUTIES	(XEN_PARKED_RETRY | XEN_PARKED_LOG | \
				 XEN_PARKED_LINE)

static inline void xen_park_duty(struct kvm_vcpu *vcpu, u64 duty)
{
	atomic64_or(duty, &vcpu->arch.xen.state.parked[XEN_NARROW]);
	xen_kick(vcpu);
}

/*
 * The same for what failed as a page could not be mapped: it waits for a change of
 * memslots, and no request is made that would keep the vCPU out of the guest until then.
 * A change wakes the vCPU; one that came before the duty was parked is seen here.
 */
static inline void xen_repark_duty(struct kvm_vcpu *vcpu, u64 duty,
				   bool (*is_stalled)(struct kvm_vcpu *vcpu))
{
	atomic64_or(duty, &vcpu->arch.xen.state.parked[XEN_NARROW]);

	/* Pairs with the change of memslots, behind which KVM kicks all vCPUs. */
	smp_mb__after_atomic();
	if (!is_stalled(vcpu))
		xen_kick(vcpu);
}

/*
 * Called in each turn of a loop that is as long as the VMM says, where that may sleep.
 * Returns -EINTR where the caller was killed, and the loop has to end.
 */
static inline int xen_loop_turn(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/* shinfo.c: guest pages */

/* A guest page while it is held mapped: interrupts are off, nothing sleeps. */
struct xen_map {
	struct gfn_to_pfn_cache *gpc;
	unsigned long flags;
	void *khva;
};

/*
 * Where a sleeping lock would be taken in a context that must not, on
 * PREEMPT_RT: there rwlock_t sleeps, and only a preemptible caller may wait.
 */
static inline bool xen_must_not_lock(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible();
}

/*
 * Whether the vCPU's own thread may sleep here.  In its fast path, and where it
 * prepares to sleep, it must not.  Without CONFIG_PREEMPT_COUNT interrupts that are off
 * are all that in_atomic() does not see of the former.
 */
static inline bool xen_may_sleep(void)
{
	return !in_atomic() && !irqs_disabled() && task_is_running(current);
}

/*
 * might_sleep() for what is called often and sleeps seldom: on a debug kernel alone, as
 * on others it may be a point to reschedule.
 */
static inline void xen_might_sleep(void)
{
	might_sleep_if(IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP));
}

/*
 * Whether the mapping that @gpc remembers still stands, for the length that it
 * was made for.  The memslots are part of struct kvm and never freed, so their
 * generation may be read at any time; who writes to the page holds kvm->srcu,
 * for a memslot that was removed to be left alone from then on.
 */
static __always_inline bool xen_is_mapped(struct gfn_to_pfn_cache *gpc)
{
	struct kvm_memslots *slots;

	/* False as well for a cache that is not active. */
	if (!gpc->valid)
		return false;

	slots = rcu_dereference_raw(gpc->kvm->memslots[0]);
	return likely(gpc->generation == slots->generation) ||
	       kvm_is_error_gpa(gpc->gpa);
}

/* Who writes to guest pages is in a read section of kvm->srcu. */
static __always_inline void xen_assert_reader(struct kvm *kvm)
{
	RCU_LOCKDEP_WARN(!srcu_read_lock_held(&kvm->srcu),
			 "guest page written outside of kvm->srcu");
}

/*
 * Map what @gpc was activated for, to read it, if that needs no waiting.
 * Returns false, holding nothing, where the page has to be sought again first.
 * Any context.
 */
static __always_inline bool xen_try_map_to_read(struct xen_map *map,
						struct gfn_to_pfn_cache *gpc)
{
	read_lock_irqsave(&gpc->lock, map->flags);
	if (unlikely(!xen_is_mapped(gpc))) {
		read_unlock_irqrestore(&gpc->lock, map->flags);
		return false;
	}

	map->gpc = gpc;
	map->khva = gpc->khva;
	return true;
}

/* The same to write as well. */
static __always_inline bool xen_try_map(struct xen_map *map,
					struct gfn_to_pfn_cache *gpc)
{
	xen_assert_reader(gpc->kvm);
	return xen_try_map_to_read(map, gpc);
}

static __always_inline void xen_unmap(struct xen_map *map)
{
	read_unlock_irqrestore(&map->gpc->lock, map->flags);
}

/*
 * The same for who has another page mapped, of a kind that is always mapped first:
 * interrupts are off by that, but on PREEMPT_RT.  To end it is xen_unmap_under().
 */
static __always_inline bool xen_try_map_under(struct gfn_to_pfn_cache *gpc)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		lockdep_assert_irqs_disabled();
	xen_assert_reader(gpc->kvm);

	read_lock(&gpc->lock);
	if (likely(xen_is_mapped(gpc)))
		return true;

	read_unlock(&gpc->lock);
	return false;
}

static __always_inline void xen_unmap_under(struct gfn_to_pfn_cache *gpc)
{
	read_unlock(&gpc->lock);
}

/*
 * What read_lock_irqsave() and its like do to interrupts, around locks that have no such
 * function, or more than one of which is held.  On PREEMPT_RT, where they sleep, they do
 * nothing: what turned interrupts off there would leave them off.
 */
static inline unsigned long xen_irqs_off(void)
{
	unsigned long flags = 0;

	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_save(flags);
	return flags;
}

static inline void xen_irqs_restore(unsigned long flags)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_restore(flags);
}

/*
 * The same for who has another page of the same kind mapped: without waiting,
 * as who has the two the other way round may be waiting for this one.
 */
static inline bool xen_try_map_second(struct xen_map *map,
				      struct gfn_to_pfn_cache *gpc)
{
	map->flags = xen_irqs_off();
	if (read_trylock(&gpc->lock)) {
		if (xen_is_mapped(gpc)) {
			map->gpc = gpc;
			map->khva = gpc->khva;
			return true;
		}
		read_unlock(&gpc->lock);
	}
	xen_irqs_restore(map->flags);
	return false;
}

/*
 * The same below the scheduler's own locks: not even a spinning lock is waited
 * for, and on PREEMPT_RT, where its owner may sleep, it is left alone.
 */
static inline bool xen_try_map_in_scheduler(struct xen_map *map,
					    struct gfn_to_pfn_cache *gpc,
					    u32 len)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT) || !xen_try_map_second(map, gpc))
		return false;

	/* The length may be another than @gpc was made for: see runstate.c. */
	if (kvm_gpc_check(gpc, len))
		return true;

	xen_unmap(map);
	return false;
}

/*
 * An entry of a vCPU's dirty ring, for who logged a page there to see whether that
 * still stands.  In one word: whoever writes to the page may read and replace it.
 */
union xen_ring_entry {
	u64 raw;
	struct {
		u32 index;		/* as kvm_dirty_ring::dirty_index counts */
		u16 vcpu;
		u16 valid;
	};
};
static_assert(sizeof(union xen_ring_entry) == sizeof(u64));

/*
 * Unmap after a write that migration must see; needs a running vCPU.  @entry is kept
 * for this page, or for whichever is mapped in its place.
 */
void xen_unmap_dirty(struct xen_map *map, u64 *entry);

/*
 * Whether writes to any guest page have to be logged.  Until that is counted, the ioctl
 * by which it begins has not returned.
 */
static inline bool xen_logs_writes(struct kvm *kvm)
{
	return unlikely(atomic_read(&kvm->nr_memslots_dirty_logging));
}

/*
 * Log a write to @gfn of @slot, which migration must see, in any context.  In a ring
 * that is once, until the VMM has reset its entry, which @entry remembers.  Returns false
 * where the thread of a vCPU has yet to do that, or has to wait for the VMM to empty
 * its ring: what is written for events takes none of the entries that KVM keeps in
 * reserve.
 */
bool xen_log_write(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn,
		   u64 *entry);

/* Whether the ring of @vcpu, if it has one, has reached its soft limit. */
bool xen_ring_is_full(struct kvm_vcpu *vcpu);

/* Whether it has room for all that one attribute of the vCPU may log. */
bool xen_ring_has_room(struct kvm_vcpu *vcpu);

/*
 * As xen_try_map(), but waits for the page; @len is what @gpc was activated for.
 * Returns 0 or why there is no page.
 */
int xen_map(struct xen_map *map, struct gfn_to_pfn_cache *gpc, u32 len);

/* The guest's width, to be read once per operation and passed down. */
static inline const struct xen_layout *xen_layout(struct kvm *kvm)
{
	return &xen_layouts[IS_ENABLED(CONFIG_64BIT) &&
			    READ_ONCE(kvm->arch.xen.long_mode)];
}

/*
 * The vCPU's number as the guest knows it: its index unless the VMM gave it
 * another.  The index is not known yet when the vCPU is initialised.
 */
#define XEN_VCPU_ID_DEFAULT	(~0u)

static inline u32 xen_vcpu_id(struct kvm_vcpu *vcpu)
{
	u32 id = vcpu->arch.xen.vcpu_id;

	return id == XEN_VCPU_ID_DEFAULT ? vcpu->vcpu_idx : id;
}

/* Set the width; if it changes, write anew what lies elsewhere in the other one. */
int xen_set_long_mode(struct kvm *kvm, bool long_mode);

/* Write what Xen keeps in a new shared_info page. */
int xen_shared_info_init(struct kvm *kvm);

/*
 * The argument of an attribute that is one of this project's, in the place of
 * the union of @data: a pointer to the type of @arg.
 */
#define XEN_ATTR_ARG(data, arg) ({					\
	static_assert(sizeof(arg) == sizeof((data)->u));		\
	(typeof(arg) *)&(data)->u;					\
})

/* clock.c */

/* The moment now, in the guest's system time and in CLOCK_MONOTONIC ns. */
struct xen_now {
	u64 guest;
	s64 host;
};

struct xen_now xen_now(struct kvm_vcpu *vcpu);

/* runstate.c */

/* Account for the time until now, and be in @state from now on. */
void xen_runstate_change(struct kvm_vcpu *vcpu, u32 state);

/*
 * The accounts; set, or added to.  -EINVAL, with nothing done, for what cannot be:
 * a change in the future, times that overflow or do not reach up to the change.
 */
struct xen_runstate xen_runstate_get(struct kvm_vcpu *vcpu);
int xen_runstate_set(struct kvm_vcpu *vcpu, const struct xen_runstate *rs);
int xen_runstate_adjust(struct kvm_vcpu *vcpu, const struct xen_runstate *more);

/* Write the vCPU's runstate to the guest's area, if there is one.  Sleeps. */
void xen_runstate_publish(struct kvm_vcpu *vcpu);

/* Place the guest's area at @gpa; KVM_XEN_INVALID_GPA: nowhere. */
int xen_runstate_set_area(struct kvm_vcpu *vcpu, gpa_t gpa);

/* vcpu_info.c */

/*
 * Point @vcpu at @port, which was marked by @ops and @layout, or park that.
 * Returns true where an upcall is due: evtchn_upcall_pending went from 0 to 1.
 * Any context.
 */
bool xen_vcpu_info_select(struct kvm_vcpu *vcpu,
			  const struct xen_evtchn_ops *ops,
			  const struct xen_layout *layout, u32 port);

/* Do what was parked; returns the same.  May sleep, in the vCPU's thread. */
bool xen_vcpu_info_replay(struct kvm_vcpu *vcpu);

/*
 * Do what was parked, as vcpu_info may be there from now on; returns the same.
 * May sleep, in the vCPU's thread.
 */
bool xen_vcpu_info_placed(struct kvm_vcpu *vcpu);

/*
 * Look at evtchn_upcall_pending.  Returns it, or -EAGAIN where vcpu_info has to
 * be sought first.  Any context.
 */
int xen_vcpu_info_flag(struct kvm_vcpu *vcpu);

/* Seek it.  Sleeps, in the vCPU's thread.  Returns 0 or why it is not there. */
int xen_vcpu_info_seek(struct kvm_vcpu *vcpu);

/* Whether it could not be mapped the last time. */
static inline bool xen_vcpu_info_failed(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.xen.state.stalled_generation);
}

/* Have the vCPU seek it again, even where the memslots are as they were. */
void xen_vcpu_info_retry(struct kvm_vcpu *vcpu);

/* Whether what is parked waits for a change of memslots.  In kvm->srcu. */
bool xen_vcpu_info_is_stalled(struct kvm_vcpu *vcpu);

/* Whether @generation, unless it is 0, is that of the memslots.  In kvm->srcu. */
static inline bool xen_is_stalled(struct kvm *kvm, const u64 *generation)
{
	u64 known = READ_ONCE(*generation);

	return unlikely(known) && known == kvm_memslots(kvm)->generation;
}

/* upcall.c */

/*
 * A call that is answered right behind the exit: whether its vCPU is in one, and
 * whether its own vector is due by that.
 */
enum xen_fast {
	XEN_FAST_OFF,
	XEN_FAST_ON,
	XEN_FAST_DUE,
};

/* Whether upcalls of @vcpu can be raised with interrupts off, without delay. */
static inline bool xen_upcall_is_atomic(struct kvm_vcpu *vcpu)
{
	enum xen_upcall_method method = kvm_xen_upcall_method(vcpu);

	return method != XEN_UPCALL_OWN_LINE && method != XEN_UPCALL_VM_LINE;
}

/* Tell @vcpu that its evtchn_upcall_pending went up.  Any context. */
void xen_upcall_raise(struct kvm_vcpu *vcpu);

/* Point @vcpu at @port, which was marked by @ops and @layout.  Any context. */
void xen_upcall_select(struct kvm_vcpu *vcpu, const struct xen_evtchn_ops *ops,
		       const struct xen_layout *layout, u32 port);

/* Replay what was parked.  May sleep, in the vCPU's thread. */
void xen_upcall_replay(struct kvm_vcpu *vcpu);

/* See to XEN_PARKED_LINE.  Sleeps, in the vCPU's thread. */
void xen_upcall_see_to_line(struct kvm_vcpu *vcpu);

/*
 * Choose the method anew, after something changed that it depends on, and
 * deliver what was raised while the vCPU could not hear it.  Takes xen_lock for
 * granted; may sleep, in the vCPU's thread.
 */
void xen_upcall_reevaluate(struct kvm_vcpu *vcpu);

/* The same for all vCPUs, after what the VM has for them changed. */
void xen_upcall_choose_all(struct kvm *kvm);
void xen_upcall_settle_all(struct kvm *kvm);

/* callback.c */
int xen_callback_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_callback_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_callback_set_vector(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_callback_set_vcpu(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data);
int xen_callback_get_vcpu(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data);

/* Whether the VM or a vCPU has a line.  Under callback_lock. */
bool xen_callback_has_lines(struct kvm *kvm);

/* Vectors below are exceptions of the CPU; 0: none. */
static inline bool xen_is_bad_vector(u32 vector)
{
	return vector && (vector < 0x10 || vector > U8_MAX);
}

/* hypercall.c */

/* What a handler returns if not the guest's result, which is never so low. */
#define XEN_HCALL_TO_VMM	S64_MIN		/* exit, let the VMM do it */
#define XEN_HCALL_AGAIN		(S64_MIN + 1)	/* execute it once more */
#define XEN_HCALL_SLOW		(S64_MIN + 2)	/* atomic: not here, and not begun */

/* Whether a handler returned one of these. */
static inline bool xen_hcall_is_left(s64 result)
{
	return unlikely(result <= XEN_HCALL_SLOW);
}

/*
 * Read @size bytes at @gva as the guest's kernel.  Returns 0 or -EFAULT; if atomic
 * XEN_HCALL_SLOW for all that is not plain.
 */
s64 xen_hcall_read(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
		   gva_t gva, void *arg, u32 size);

/* dynhc.c: hypercalls bound at run time */
int xen_dynhc_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_dynhc_enumerate(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
void xen_dynhc_destroy(struct kvm *kvm);

/* Whether a token is bound.  Under dynhc_lock. */
bool xen_dynhc_has_tokens(struct kvm *kvm);
s64 xen_hcall_dynhc(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall);

/* poll.c */
#define XEN_POLL_NONE	0u
#define XEN_POLL_ANY	(~0u)

s64 xen_hcall_poll(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall);
void __xen_poll_wake(struct kvm *kvm, u32 port);
enum hrtimer_restart xen_poll_timeout(struct hrtimer *timer);

/*
 * Wake who polls for @port, which was made pending, or everybody for
 * XEN_POLL_ANY: pairs with the barrier between a poller's announcement and its
 * look at the pending bits.
 */
static inline void xen_poll_wake(struct kvm *kvm, u32 port)
{
	if (unlikely(atomic_read(&kvm->arch.xen.state.nr_pollers)))
		__xen_poll_wake(kvm, port);
}

/* evtchn.c: raising events */

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
union xen_aim {
	u64 raw;
	struct {
		u32 vcpu_id;
		u32 priority;
	};
};
static_assert(sizeof(union xen_aim) == sizeof(u64));

/*
 * The same with a memory of the search for the vCPU, which may be one of another
 * aim: its id tells.  vCPUs stay as long as the VM.
 */
struct xen_target {
	u64 aim;
	struct kvm_vcpu *vcpu;
};

static inline union xen_aim xen_target_look(const struct xen_target *target)
{
	return (union xen_aim) { .raw = READ_ONCE(target->aim) };
}

/* The vCPU of @aim, which was read from @target; NULL where there is none. */
struct kvm_vcpu *xen_target_search(struct kvm *kvm, struct xen_target *target,
				   union xen_aim aim);

/* And search for the vCPU now, for the first event not to have to; NULL: there is none. */
static inline struct kvm_vcpu *xen_target_set(struct kvm *kvm, struct xen_target *target,
					      u32 vcpu_id, u32 priority)
{
	union xen_aim aim = { .vcpu_id = vcpu_id, .priority = priority };

	WRITE_ONCE(target->aim, aim.raw);
	return xen_target_search(kvm, target, aim);
}

/* The same where @target has events already: what is pending on @port goes along. */
void xen_target_move(struct kvm *kvm, struct xen_target *target, u32 port,
		     u32 vcpu_id, u32 priority);

/* The same if nobody needs to search; the search is too long with interrupts off. */
static inline struct kvm_vcpu *xen_target_known(struct xen_target *target, union xen_aim aim)
{
	struct kvm_vcpu *vcpu = READ_ONCE(target->vcpu);

	return likely(vcpu && vcpu->vcpu_id == aim.vcpu_id) ? vcpu : NULL;
}

/*
 * xen_evtchn_raise() at @target; -EINVAL where there is no such vCPU.  If @atomic
 * xen_evtchn_raise_fast(), and -EWOULDBLOCK too where its upcall would be late, or the
 * vCPU has to be searched for.
 */
static inline int xen_target_raise(struct kvm *kvm, struct xen_target *target,
				   u32 port, bool atomic)
{
	union xen_aim aim = xen_target_look(target);
	struct kvm_vcpu *vcpu = xen_target_known(target, aim);

	if (!atomic) {
		vcpu = vcpu ?: xen_target_search(kvm, target, aim);
		return vcpu ? xen_evtchn_raise(vcpu, port, aim.priority) : -EINVAL;
	}
	if (unlikely(!vcpu || !xen_upcall_is_atomic(vcpu)))
		return -EWOULDBLOCK;

	return xen_evtchn_raise_fast(vcpu, port, aim.priority);
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

/* timer.c */

/* Bits of timer_pending: the vCPU's thread has to look at its timer, as it expired... */
#define XEN_TIMER_EXPIRED	BIT(0)
/* ...or as it was armed by a clock that was set since. */
#define XEN_TIMER_CLOCK_CHANGED	BIT(1)

enum hrtimer_restart xen_timer_fire(struct hrtimer *timer);

/*
 * Arm the timer, for @deadline as computed when CLOCK_MONOTONIC was @host_now.
 * What has passed is raised at once.
 */
void xen_timer_arm(struct kvm_vcpu *vcpu, struct xen_deadline deadline,
		   s64 host_now);

/*
 * Arm it for the VMM, which may restore shared_info later: even what has
 * passed is raised when the vCPU runs.
 */
void xen_timer_restore(struct kvm_vcpu *vcpu, u64 expires);
void xen_timer_stop(struct kvm_vcpu *vcpu);

/* ports.c: ports that the VMM registered */
int xen_port_set_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
int xen_port_enumerate(struct kvm *kvm, struct kvm_xen_evtchn_enum *request);
void xen_ports_reset(struct kvm *kvm);

/* 0 for a port that there is room for, -EINVAL, or -ENOSPC by the VMM's limit. */
int xen_port_check(struct kvm *kvm, u32 port);
void xen_ports_destroy(struct kvm *kvm);

/*
 * Send on @port as the guest of @vcpu.  Returns 0, or XEN_HCALL_TO_VMM: nothing is
 * registered there, or it cannot be delivered by now.  If @atomic it may also be
 * XEN_HCALL_SLOW, with nothing done: then it may take a lock or a page that sleeps.
 */
s64 xen_port_send(struct kvm_vcpu *vcpu, u32 port, bool atomic);

/*
 * The vCPU that @port, registered as an IPI, is for; else NULL.  If @atomic also
 * ERR_PTR(-EWOULDBLOCK), where it has to be searched for.
 */
struct kvm_vcpu *xen_port_ipi_target(struct kvm *kvm, u32 port, bool atomic);

/* The highest port that is registered, or that events are sent to; 0: none. */
u32 xen_ports_highest(struct kvm *kvm);

#endif /* _KVM_XEN_INTERNAL_H */
