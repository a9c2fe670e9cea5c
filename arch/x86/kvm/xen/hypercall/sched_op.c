// SPDX-License-Identifier: GPL-2.0
/*
 * SCHEDOP_yield and SCHEDOP_poll: let other vCPUs run; wait for an event on any of a set
 * of ports, whichever vCPU they are bound to and also if masked, or for a point in time.
 *
 * Owns poll_timer of a vCPU.  How senders find pollers is in event/pollers.c.
 *
 * A poll that a signal ends leaves no state: the instruction is executed again, and its
 * timeout is absolute, so it is the same poll as before, also in another VM after a
 * migration.  When the guest's clock is set, pollers are woken, since the old clock
 * determined their hrtimers.
 */
#include "xen/abi/time_abi.h"
#include "xen/event/evtchn.h"
#include "xen/event/pollers.h"
#include "xen/hypercall/args.h"
#include "xen/hypercall/sched_op.h"
#include "xen/time/clock.h"
#include "xen/time/timer.h"
#include "lapic.h"

#include <linux/nospec.h>

/* How many vCPUs a yield checks with interrupts off. */
#define YIELD_FEW	8

/*
 * Whether no other vCPU is waiting for a CPU, so that a yield would have no effect.
 * False if there are too many vCPUs to check.  By index, which is faster for a few than
 * kvm_for_each_vcpu().
 */
static bool nobody_waits(struct kvm_vcpu *me)
{
	int nr = atomic_read(&me->kvm->online_vcpus);
	int i;

	if (nr > YIELD_FEW)
		return false;

	for (i = 0; i < nr; i++) {
		if (i != me->vcpu_idx && READ_ONCE(kvm_get_vcpu(me->kvm, i)->ready))
			return false;
	}

	return true;
}

static s64 hcall_yield(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	if (hcall->atomic)
		return nobody_waits(vcpu) ? 0 : XEN_HCALL_SLOW;

	kvm_vcpu_on_spin(vcpu, true);
	return 0;
}

/* Xen's limit, more than any guest uses. */
#define POLL_MAX_PORTS	128

struct poll {
	u64 timeout;		/* absolute system time in ns; 0: none */
	u32 nr;
	u32 ports[POLL_MAX_PORTS];
};

static s64 read_args(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
		     struct xen_abi_sched_poll64 *args)
{
	struct xen_abi_sched_poll32 narrow;
	s64 r;

	if (hcall->longmode)
		return xen_hcall_read(vcpu, hcall, hcall->params[1], args,
				      sizeof(*args));

	r = xen_hcall_read(vcpu, hcall, hcall->params[1], &narrow,
			   sizeof(narrow));
	if (r)
		return r;

	args->ports = narrow.ports;
	args->nr_ports = narrow.nr_ports;
	args->timeout = narrow.timeout;
	return 0;
}

static s64 read_poll(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
		     struct poll *poll)
{
	u32 nr_ports = xen_nr_ports(vcpu->kvm, xen_layout(vcpu->kvm));
	struct xen_abi_sched_poll64 args;
	s64 r;
	u32 i;

	r = read_args(vcpu, hcall, &args);
	if (r)
		return r;
	if (args.nr_ports > POLL_MAX_PORTS)
		return -EINVAL;

	poll->timeout = args.timeout;
	poll->nr = args.nr_ports;
	r = xen_hcall_read(vcpu, hcall, args.ports, poll->ports,
			   poll->nr * sizeof(poll->ports[0]));
	if (r)
		return r;

	for (i = 0; i < poll->nr; i++) {
		if (poll->ports[i] >= nr_ports)
			return -EINVAL;
	}

	return 0;
}

/*
 * Whether any of the ports is pending.  Also true if that cannot be determined now:
 * polling again is always correct.
 */
static bool any_pending(struct kvm *kvm, const struct poll *poll)
{
	const struct xen_evtchn_ops *ops = xen_ops(kvm);
	const struct xen_layout *layout = xen_layout(kvm);
	u32 nr_ports = ops->nr_ports(kvm, layout);
	u32 i;

	for (i = 0; i < poll->nr; i++) {
		/* The number may have changed since the ports were checked. */
		if (poll->ports[i] < nr_ports &&
		    ops->is_pending(kvm, layout,
				    array_index_nospec(poll->ports[i], nr_ports)))
			return true;
	}

	return false;
}

enum hrtimer_restart xen_poll_timeout(struct hrtimer *timer)
{
	xen_kick(container_of(timer, struct kvm_vcpu,
			      arch.xen.state.poll_timer));
	return HRTIMER_NORESTART;
}

/* Arm the timer; returns false if the timeout has passed. */
static bool arm_timeout(struct kvm_vcpu *vcpu, const struct poll *poll)
{
	struct xen_deadline deadline;
	struct xen_now now;

	if (!poll->timeout)
		return true;

	now = xen_now(vcpu);
	deadline = xen_deadline(poll->timeout, now.guest);
	if (deadline.delta <= 0)
		return false;

	hrtimer_start(&vcpu->arch.xen.state.poll_timer,
		      ktime_add_safe(now.host, deadline.delta),
		      HRTIMER_MODE_ABS_HARD);
	return true;
}

/* The vCPU's singleshot timer has to be armed again; that must not end a poll. */
static bool timer_is_stale(struct kvm_vcpu *vcpu)
{
	return kvm_xen_has_pending_timer(vcpu) & XEN_TIMER_CLOCK_CHANGED;
}

/*
 * Sleep as HLT does.  Returns true if something other than a wake-up of pollers ended the
 * sleep, and the vCPU has to handle it.
 */
static bool sleep(struct kvm_vcpu *vcpu)
{
	bool hv_timer = kvm_lapic_hv_timer_in_use(vcpu);
	bool runnable;

	if (hv_timer)
		kvm_lapic_switch_to_sw_timer(vcpu);

	kvm_set_mp_state(vcpu, KVM_MP_STATE_HALTED);
	kvm_xen_runstate_set_blocked(vcpu);

	/* A poll may last forever: do not block changes of memslots meanwhile. */
	kvm_vcpu_srcu_read_unlock(vcpu);
	kvm_vcpu_halt(vcpu);
	/* It may not have slept at all, if other vCPUs wake it continually. */
	cond_resched();
	kvm_vcpu_srcu_read_lock(vcpu);

	runnable = kvm_arch_vcpu_runnable(vcpu) ||
		   (kvm_cpu_has_pending_timer(vcpu) && !timer_is_stale(vcpu));
	kvm_set_mp_state(vcpu, KVM_MP_STATE_RUNNABLE);

	if (hv_timer)
		kvm_lapic_switch_to_hv_timer(vcpu);
	return runnable;
}

static bool upcall_is_up(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.xen.vcpu_info_cache.active &&
	       __kvm_xen_has_interrupt(vcpu);
}

static s64 wait(struct kvm_vcpu *vcpu, const struct poll *poll)
{
	bool was_up = upcall_is_up(vcpu);

	while (!any_pending(vcpu->kvm, poll) &&
	       arm_timeout(vcpu, poll)) {
		if (sleep(vcpu))
			return 0;

		xen_poll_wake_rest(vcpu->kvm);
		if (signal_pending(current) || timer_is_stale(vcpu))
			return XEN_HCALL_AGAIN;

		/* As in Xen, an upcall ends a poll, even before the guest takes it. */
		if (!was_up && upcall_is_up(vcpu))
			return 0;
	}

	return 0;
}

/*
 * Returns the guest's result: 0 if woken or timed out, -EFAULT or -EINVAL;
 * XEN_HCALL_AGAIN for a signal.  Sleeps, and leaves the read section of kvm->srcu
 * meanwhile; if @hcall is atomic, returns XEN_HCALL_SLOW instead.
 */
static s64 poll_or_wait(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	struct poll poll __uninitialized;
	bool ready;
	s64 r;

	r = read_poll(vcpu, hcall, &poll);
	if (r)
		return r;

	ready = any_pending(vcpu->kvm, &poll);
	if (!ready && hcall->atomic)
		return XEN_HCALL_SLOW;

	++vcpu->stat.xen_polls;
	if (ready)
		return 0;

	xen_poll_announce(vcpu, poll.nr == 1 ? poll.ports[0] : XEN_POLL_ANY);
	r = wait(vcpu, &poll);
	if (poll.timeout)
		hrtimer_cancel(&vcpu->arch.xen.state.poll_timer);
	xen_poll_withdraw(vcpu);
	return r;
}

/* If KVM does not send events, a poll can only yield and try again later. */
static s64 hcall_poll(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	if (!lapic_in_kernel(vcpu) ||
	    !xen_has_flag(vcpu->kvm, KVM_XEN_HVM_CONFIG_EVTCHN_SEND))
		return hcall_yield(vcpu, hcall);

	return poll_or_wait(vcpu, hcall);
}

const struct xen_hcall_op xen_sched_ops[XEN_NR_SCHED_OPS] = {
	[SCHEDOP_yield]			= XEN_HCALL_ANYWHERE(hcall_yield),
	[SCHEDOP_poll]			= XEN_HCALL_ANYWHERE(hcall_poll),
};
