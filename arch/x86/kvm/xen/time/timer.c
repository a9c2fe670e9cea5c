// SPDX-License-Identifier: GPL-2.0
/*
 * Xen's singleshot timer: one per vCPU, which raises a port when it expires.
 *
 * Owns timer_* and timer of struct kvm_vcpu_xen, and state.timer_priority.  Port and
 * expiry are changed by the vCPU's thread only, or by an ioctl that holds the vCPU's
 * mutex.
 *
 * The hrtimer expires in hard interrupt context, also on PREEMPT_RT, where guest pages
 * must not be accessed: it sets timer_pending and kicks the vCPU, whose thread raises the
 * event. timer_expires stays set until then, so that a VMM that reads it for migration
 * sees a timer whose event is still due.
 *
 * The hrtimer is armed according to the guest's clock at that time.  When KVM_SET_CLOCK
 * changes that clock, it sets another bit of timer_pending, and the vCPU's thread arms
 * the hrtimer again.  Until then an expiry of the hrtimer is ignored.
 */
#include "xen/base/debug.h"
#include "xen/base/trace.h"
#include "xen/event/domain.h"
#include "xen/event/fifo.h"
#include "xen/event/pollers.h"
#include "xen/time/clock.h"
#include "xen/time/timer.h"

#include <xen/interface/xen.h>

enum hrtimer_restart xen_timer_fire(struct hrtimer *timer)
{
	struct kvm_vcpu *vcpu = container_of(timer, struct kvm_vcpu,
					     arch.xen.timer);

	atomic_or(XEN_TIMER_EXPIRED, &vcpu->arch.xen.timer_pending);
	xen_debug_delay(kick);
	xen_kick(vcpu);
	return HRTIMER_NORESTART;
}

/* 0: the timer expires without an event, which only a guest that binds ports can have. */
static u32 timer_port(struct kvm_vcpu *vcpu)
{
	return xen_keeps_ports(vcpu->kvm) ? xen_vcpu_virq_port(vcpu, VIRQ_TIMER) :
					    vcpu->arch.xen.timer_virq;
}

static u32 timer_priority(struct kvm_vcpu *vcpu)
{
	return xen_keeps_ports(vcpu->kvm) ? KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL :
					    vcpu->arch.xen.state.timer_priority;
}

static void deliver(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	u32 port = timer_port(vcpu);

	trace_kvm_xen_timer(vcpu->vcpu_id, port, xen->timer_expires, "fire");
	++vcpu->stat.xen_timers;
	xen->timer_expires = 0;
	if (port)
		xen_evtchn_raise(vcpu, port, timer_priority(vcpu));
}

/* Stop the timer, and drop an expiry whose event was not raised yet. */
void xen_timer_stop(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	/*
	 * Without an expiry it is not queued.  Its interrupt handler may still be about
	 * to kick.
	 */
	if (!xen->timer_expires)
		return;

	hrtimer_cancel(&xen->timer);
	xen->timer_expires = 0;
	/* A full barrier: the caller then reads the clock as it was set last. */
	atomic_xchg(&xen->timer_pending, 0);
}

/*
 * Queue the hrtimer.  It may be queued already: do not cancel it first, because removing
 * it and reprogramming the clock event device twice costs more than all else here.
 * has_expired() handles the race with the old expiry.
 */
static void start(struct kvm_vcpu *vcpu, const struct xen_deadline *deadline,
		  s64 host_now)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;
	s64 delta = max(deadline->delta, 0);

	xen->timer_expires = deadline->expires;
	trace_kvm_xen_timer(vcpu->vcpu_id, timer_port(vcpu), xen->timer_expires,
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
 * Arm the timer for the VMM.  Raise no event here, even if the timer has expired: the VMM
 * may restore shared_info later, and the vCPU raises the event when it runs.
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
 * Whether the timer has expired as set last.  If it was armed again while the old expiry
 * was being handled, it is queued.  The full barrier of the exchange that read @pending
 * orders this check before a later expiry, which sets the bit again.
 */
static bool has_expired(struct kvm_vcpu_xen *xen, int pending)
{
	return (pending & XEN_TIMER_EXPIRED) && !hrtimer_is_queued(&xen->timer);
}

/* Arm the timer according to the current clock; if it has expired, raise the event. */
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
 * Called after the clock was set.  Wake vCPUs with a timer port, and pollers, which arm
 * their timeout again when they wake up.  A vCPU that gets its timer port concurrently
 * need not be woken: it is in an ioctl and sees the bit when it runs.
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

/*
 * Port 0 disables the timer; otherwise it is armed for expires_ns, unless that is 0.  If
 * KVM keeps the ports, the port does not matter.
 */
static int timer_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	u64 expires = data->u.timer.expires_ns;
	u32 port = data->u.timer.port;

	if (port && !xen_is_priority(vcpu->kvm, data->u.timer.priority))
		return -EINVAL;

	xen_timer_stop(vcpu);
	vcpu->arch.xen.timer_virq = port;
	vcpu->arch.xen.state.timer_priority = data->u.timer.priority;
	if (expires && (port || xen_keeps_ports(vcpu->kvm)))
		restore(vcpu, expires);
	return 0;
}

static int timer_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	data->u.timer.port = timer_port(vcpu);
	data->u.timer.priority = data->u.timer.port ? timer_priority(vcpu) :
				 KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL;
	data->u.timer.expires_ns = vcpu->arch.xen.timer_expires;
	return 0;
}

const struct xen_vcpu_attr xen_timer_attr = {
	.set = timer_set,
	.get = timer_get,
};
