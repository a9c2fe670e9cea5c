// SPDX-License-Identifier: GPL-2.0
/*
 * Xen's singleshot timer: one per vCPU, that raises a port when it expires.
 *
 * Owns timer_* and timer of struct kvm_vcpu_xen, and state.timer_priority.  Port and expiry belong to
 * the vCPU's thread, or an ioctl that holds its mutex.  The hrtimer expires in
 * hard interrupt context, on PREEMPT_RT as well, where no guest page may be
 * touched: it sets timer_pending and kicks the vCPU, which raises the event.
 * timer_expires stays set until then, so that whoever reads it in between, to
 * migrate the guest, sees a timer that is still owed.
 */
#include "internal.h"
#include "trace.h"

enum hrtimer_restart xen_timer_fire(struct hrtimer *timer)
{
	struct kvm_vcpu *vcpu = container_of(timer, struct kvm_vcpu,
					     arch.xen.timer);

	atomic_set(&vcpu->arch.xen.timer_pending, 1);
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
	atomic_set(&xen->timer_pending, 0);
	xen_evtchn_raise(vcpu, xen->timer_virq, xen->state.timer_priority);
}

void kvm_xen_inject_timer_irqs(struct kvm_vcpu *vcpu)
{
	if (atomic_read(&vcpu->arch.xen.timer_pending))
		deliver(vcpu);
}

/* Forget the timer, even if it expired and was not raised yet. */
void xen_timer_stop(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	/* The expiry is 0 only where the hrtimer does not run. */
	if (!xen->timer_expires)
		return;

	hrtimer_cancel(&xen->timer);
	xen->timer_expires = 0;
	atomic_set(&xen->timer_pending, 0);
}

static void start(struct kvm_vcpu *vcpu, const struct xen_deadline *deadline,
		  s64 host_now)
{
	s64 delta = max(deadline->delta, 0);

	hrtimer_start(&vcpu->arch.xen.timer, ktime_add_safe(host_now, delta),
		      HRTIMER_MODE_ABS_HARD);
}

static void set_deadline(struct kvm_vcpu *vcpu,
			 const struct xen_deadline *deadline)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	xen_timer_stop(vcpu);
	xen->timer_expires = deadline->expires;
	trace_kvm_xen_timer(vcpu->vcpu_id, xen->timer_virq, xen->timer_expires,
			    "arm");
}

void xen_timer_arm(struct kvm_vcpu *vcpu, struct xen_deadline deadline,
		   s64 host_now)
{
	set_deadline(vcpu, &deadline);

	if (deadline.delta <= 0)
		deliver(vcpu);
	else
		start(vcpu, &deadline, host_now);
}

void xen_timer_restore(struct kvm_vcpu *vcpu, u64 expires)
{
	struct xen_deadline deadline;
	struct xen_now now;

	now = xen_now(vcpu);
	deadline = xen_deadline(expires, now.guest);
	set_deadline(vcpu, &deadline);
	start(vcpu, &deadline, now.host);
}
