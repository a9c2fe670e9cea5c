// SPDX-License-Identifier: GPL-2.0
/*
 * Xen's singleshot timer: one per vCPU, that raises a port when it expires.
 *
 * Owns timer_* and timer of struct kvm_vcpu_xen, and state.timer_priority.
 * Port and expiry belong to the vCPU's thread, or an ioctl that holds its
 * mutex.  The hrtimer expires in hard interrupt context, on PREEMPT_RT as well,
 * where no guest page may be touched: it sets timer_pending and kicks the vCPU,
 * which raises the event.  timer_expires stays set until then, so that whoever
 * reads it in between, to migrate the guest, sees a timer that is still owed.
 *
 * The hrtimer was armed by what the guest's clock said then.  Where that clock is
 * set, the vCPU's thread arms it anew: KVM_SET_CLOCK leaves that to it by another
 * bit of timer_pending.  Until then an expiry says nothing.
 */
#include "xen/base/debug.h"
#include "xen/base/trace.h"
#include "xen/event/evtchn.h"
#include "xen/event/fifo.h"
#include "xen/event/pollers.h"
#include "xen/time/clock.h"
#include "xen/time/timer.h"

enum hrtimer_restart xen_timer_fire(struct hrtimer *timer)
{
	struct kvm_vcpu *vcpu = container_of(timer, struct kvm_vcpu,
					     arch.xen.timer);

	atomic_or(XEN_TIMER_EXPIRED, &vcpu->arch.xen.timer_pending);
	xen_debug_delay(kick);
	xen_kick(vcpu);
	return HRTIMER_NORESTART;
}

static void deliver(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	trace_kvm_xen_timer(vcpu->vcpu_id, xen->timer_virq, xen->timer_expires,
			    "fire");
	++vcpu->stat.xen_timers;
	xen->timer_expires = 0;
	xen_evtchn_raise(vcpu, xen->timer_virq, xen->state.timer_priority);
}

/* Forget the timer, even if it expired and was not raised yet. */
void xen_timer_stop(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	/* Then it is not queued.  Its interrupt may be about to kick, still. */
	if (!xen->timer_expires)
		return;

	hrtimer_cancel(&xen->timer);
	xen->timer_expires = 0;
	/* A full barrier: the clock that is read next is the one last set. */
	atomic_xchg(&xen->timer_pending, 0);
}

/*
 * Queue the timer, which may be queued for another time: that is not cancelled
 * first, as to take it out of the queue and look for the next one twice costs
 * more than all else; see has_expired() for what may come of it.
 */
static void start(struct kvm_vcpu *vcpu, const struct xen_deadline *deadline,
		  s64 host_now)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;
	s64 delta = max(deadline->delta, 0);

	xen->timer_expires = deadline->expires;
	trace_kvm_xen_timer(vcpu->vcpu_id, xen->timer_virq, xen->timer_expires,
			    "arm");
	hrtimer_start(&xen->timer, ktime_add_safe(host_now, delta),
		      HRTIMER_MODE_ABS_HARD);
}

void xen_timer_arm(struct kvm_vcpu *vcpu, struct xen_deadline deadline,
		   s64 host_now)
{
	if (deadline.delta > 0) {
		start(vcpu, &deadline, host_now);
		return;
	}

	xen_timer_stop(vcpu);
	vcpu->arch.xen.timer_expires = deadline.expires;
	deliver(vcpu);
}

/*
 * Arm it for the VMM, which may restore shared_info later: even what has
 * passed is raised when the vCPU runs.
 */
static void restore(struct kvm_vcpu *vcpu, u64 expires)
{
	struct xen_deadline deadline;
	struct xen_now now;

	now = xen_now(vcpu);
	deadline = xen_deadline(expires, now.guest);
	start(vcpu, &deadline, now.host);
}

/*
 * Whether the timer expired as it was set last.  One that was set anew while it
 * expired elsewhere is queued: the full barrier behind @pending's exchange has a
 * look that finds it queued come before its next expiry sets the bit again.
 */
static bool has_expired(struct kvm_vcpu_xen *xen, int pending)
{
	return (pending & XEN_TIMER_EXPIRED) && !hrtimer_is_queued(&xen->timer);
}

/* By the clock as it is now; what has passed is raised at once. */
static void arm_anew(struct kvm_vcpu *vcpu)
{
	struct xen_now now = xen_now(vcpu);

	xen_timer_arm(vcpu, xen_deadline(vcpu->arch.xen.timer_expires, now.guest),
		      now.host);
}

void kvm_xen_inject_timer_irqs(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;
	int pending;

	if (!atomic_read(&xen->timer_pending))
		return;

	pending = atomic_xchg(&xen->timer_pending, 0);
	if (!xen->timer_expires)
		return;

	if (unlikely(pending & XEN_TIMER_CLOCK_CHANGED))
		arm_anew(vcpu);
	else if (has_expired(xen, pending))
		deliver(vcpu);
}

/*
 * Whoever polls arms its timeout anew when it wakes up.  A vCPU that is given its
 * timer at this moment finds the bit when it runs, so it need not be woken for it.
 */
void kvm_xen_clock_changed(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		atomic_or(XEN_TIMER_CLOCK_CHANGED, &vcpu->arch.xen.timer_pending);
		/* Pairs with xen_poll_announce(), before it reads the clock. */
		smp_mb__after_atomic();
		if (kvm_xen_timer_enabled(vcpu) ||
		    READ_ONCE(vcpu->arch.xen.state.poll_port) != XEN_POLL_NONE)
			xen_kick(vcpu);
	}
}

/* Port 0 takes the timer away; otherwise it goes on from expires_ns, if any. */
static int timer_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	u64 expires = data->u.timer.expires_ns;
	u32 port = data->u.timer.port;

	if (port && !xen_is_priority(vcpu->kvm, data->u.timer.priority))
		return -EINVAL;

	xen_timer_stop(vcpu);
	vcpu->arch.xen.timer_virq = port;
	vcpu->arch.xen.state.timer_priority = data->u.timer.priority;
	if (port && expires)
		restore(vcpu, expires);
	return 0;
}

static int timer_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	data->u.timer.port = vcpu->arch.xen.timer_virq;
	data->u.timer.priority = data->u.timer.port ?
				 vcpu->arch.xen.state.timer_priority :
				 KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL;
	data->u.timer.expires_ns = vcpu->arch.xen.timer_expires;
	return 0;
}

const struct xen_vcpu_attr xen_timer_attr = {
	.set = timer_set,
	.get = timer_get,
};
