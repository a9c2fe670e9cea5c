// SPDX-License-Identifier: GPL-2.0
/*
 * VCPUOP_*_singleshot_timer and set_timer_op, for vCPUs to which the VMM gave a timer
 * port.  Owns no state; see time/timer.c.
 */
#include "xen/base/base.h"
#include "xen/hypercall/args.h"
#include "xen/hypercall/timer_op.h"
#include "xen/time/clock.h"
#include "xen/time/timer.h"

/* KVM handles timers only if the VMM gave the vCPU a port for them, and an id. */
static s64 check_singleshot(struct kvm_vcpu *vcpu,
			    const struct kvm_xen_hcall *hcall)
{
	if (!kvm_xen_timer_enabled(vcpu) || !xen_has_vcpu_id(vcpu))
		return XEN_HCALL_TO_VMM;

	return (u32)hcall->params[1] == xen_vcpu_id(vcpu) ? 0 : -EINVAL;
}

/*
 * If the deadline has passed, the event is raised now, which may have to wait for a page.
 */
static s64 arm_timer(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
		     struct xen_deadline deadline, s64 host_now)
{
	if (hcall->atomic && deadline.delta <= 0)
		return XEN_HCALL_SLOW;

	xen_timer_arm(vcpu, deadline, host_now);
	return 0;
}

static s64 hcall_set_singleshot(struct kvm_vcpu *vcpu,
				const struct kvm_xen_hcall *hcall)
{
	struct xen_abi_singleshot_timer timer;
	struct xen_deadline deadline;
	struct xen_now now;
	s64 r;

	r = check_singleshot(vcpu, hcall);
	if (r)
		return r;

	/* A 64-bit guest's structure includes the padding: a fault there is an error. */
	r = xen_hcall_read(vcpu, hcall, hcall->params[2], &timer,
			   hcall->longmode ? sizeof(timer) :
			   offsetof(struct xen_abi_singleshot_timer, pad));
	if (r)
		return r;

	now = xen_now(vcpu);
	deadline = xen_deadline(timer.timeout_abs_ns, now.guest);
	if ((timer.flags & VCPU_SSHOTTMR_future) && deadline.delta < 0)
		return -ETIME;

	return arm_timer(vcpu, hcall, deadline, now.host);
}

static s64 hcall_stop_singleshot(struct kvm_vcpu *vcpu,
				 const struct kvm_xen_hcall *hcall)
{
	s64 r = check_singleshot(vcpu, hcall);

	if (!r)
		xen_timer_stop(vcpu);
	return r;
}

static s64 hcall_set_timer(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	u64 expires = hcall->params[0];
	struct xen_now now;

	if (!kvm_xen_timer_enabled(vcpu))
		return XEN_HCALL_TO_VMM;

	if (!hcall->longmode)
		expires |= hcall->params[1] << 32;

	if (!expires) {
		xen_timer_stop(vcpu);
		return 0;
	}

	now = xen_now(vcpu);
	return arm_timer(vcpu, hcall,
			 xen_deadline_set_timer_op(expires, now.guest),
			 now.host);
}

const struct xen_hcall_op xen_vcpu_ops[XEN_NR_VCPU_OPS] = {
	[VCPUOP_set_singleshot_timer]	= XEN_HCALL_ANYWHERE(hcall_set_singleshot),
	[VCPUOP_stop_singleshot_timer]	= XEN_HCALL_ANYWHERE(hcall_stop_singleshot),
};

const struct xen_hcall_op xen_timer_ops[XEN_NR_TIMER_OPS] = {
	XEN_HCALL_ANYWHERE(hcall_set_timer),
};
