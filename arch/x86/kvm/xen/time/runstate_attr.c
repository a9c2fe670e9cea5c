// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of runstates, available if the scheduler accounts for delays.  Owns no
 * state; see runstate.c.
 */
#include "xen/time/runstate.h"
#include "xen/time/runstate_attr.h"

static int update_flag_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	kvm->arch.xen.runstate_update_flag = data->u.runstate_update_flag;
	return 0;
}

static int update_flag_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	data->u.runstate_update_flag = kvm->arch.xen.runstate_update_flag;
	return 0;
}

const struct xen_vm_attr xen_runstate_update_flag_attr = {
	.set = update_flag_set,
	.get = update_flag_get,
	.sched_info = true,
};

static int runstate_addr_set(struct kvm_vcpu *vcpu,
			     struct kvm_xen_vcpu_attr *data)
{
	return xen_runstate_set_area(vcpu, data->u.gpa);
}

static int runstate_addr_get(struct kvm_vcpu *vcpu,
			     struct kvm_xen_vcpu_attr *data)
{
	if (!vcpu->arch.xen.runstate_cache.active)
		return -ENOENT;

	data->u.gpa = vcpu->arch.xen.runstate_cache.gpa;
	return 0;
}

const struct xen_vcpu_attr xen_runstate_addr_attr = {
	.set = runstate_addr_set,
	.get = runstate_addr_get,
	.sched_info = true,
};

static int runstate_current_set(struct kvm_vcpu *vcpu,
				struct kvm_xen_vcpu_attr *data)
{
	if (data->u.runstate.state > XEN_ABI_RUNSTATE_OFFLINE)
		return -EINVAL;

	xen_runstate_change(vcpu, data->u.runstate.state);
	return 0;
}

static int runstate_current_get(struct kvm_vcpu *vcpu,
				struct kvm_xen_vcpu_attr *data)
{
	data->u.runstate.state = vcpu->arch.xen.current_runstate;
	return 0;
}

const struct xen_vcpu_attr xen_runstate_current_attr = {
	.set = runstate_current_set,
	.get = runstate_current_get,
	.sched_info = true,
};

static struct xen_runstate runstate_of(const struct kvm_xen_vcpu_attr *data)
{
	return (struct xen_runstate) {
		.state = data->u.runstate.state,
		.entry_time = data->u.runstate.state_entry_time,
		.time = {
			[XEN_ABI_RUNSTATE_RUNNING] = data->u.runstate.time_running,
			[XEN_ABI_RUNSTATE_RUNNABLE] = data->u.runstate.time_runnable,
			[XEN_ABI_RUNSTATE_BLOCKED] = data->u.runstate.time_blocked,
			[XEN_ABI_RUNSTATE_OFFLINE] = data->u.runstate.time_offline,
		},
	};
}

static int runstate_data_set(struct kvm_vcpu *vcpu,
			     struct kvm_xen_vcpu_attr *data)
{
	struct xen_runstate rs = runstate_of(data);

	if (data->u.runstate.state > XEN_ABI_RUNSTATE_OFFLINE)
		return -EINVAL;

	return xen_runstate_set(vcpu, &rs);
}

static int runstate_data_get(struct kvm_vcpu *vcpu,
			     struct kvm_xen_vcpu_attr *data)
{
	struct xen_runstate rs = xen_runstate_get(vcpu);

	data->u.runstate.state = rs.state;
	data->u.runstate.state_entry_time = rs.entry_time;
	data->u.runstate.time_running = rs.time[XEN_ABI_RUNSTATE_RUNNING];
	data->u.runstate.time_runnable = rs.time[XEN_ABI_RUNSTATE_RUNNABLE];
	data->u.runstate.time_blocked = rs.time[XEN_ABI_RUNSTATE_BLOCKED];
	data->u.runstate.time_offline = rs.time[XEN_ABI_RUNSTATE_OFFLINE];
	return 0;
}

const struct xen_vcpu_attr xen_runstate_data_attr = {
	.set = runstate_data_set,
	.get = runstate_data_get,
	.sched_info = true,
};

/*
 * The added times, which may be negative, must sum up to what is added to the last
 * change's time.
 */
static bool adjustment_adds_up(const struct xen_runstate *more)
{
	return more->entry_time == more->time[XEN_ABI_RUNSTATE_RUNNING] +
				   more->time[XEN_ABI_RUNSTATE_RUNNABLE] +
				   more->time[XEN_ABI_RUNSTATE_BLOCKED] +
				   more->time[XEN_ABI_RUNSTATE_OFFLINE];
}

/* Add to the times, for example the downtime of a migration; state -1 keeps the state. */
static int runstate_adjust_set(struct kvm_vcpu *vcpu,
			       struct kvm_xen_vcpu_attr *data)
{
	struct xen_runstate more = runstate_of(data);
	bool keep = data->u.runstate.state == (u64)-1;
	int r;

	if ((!keep && data->u.runstate.state > XEN_ABI_RUNSTATE_OFFLINE) ||
	    !adjustment_adds_up(&more))
		return -EINVAL;

	r = xen_runstate_adjust(vcpu, &more);
	if (r)
		return r;

	if (keep)
		xen_runstate_publish(vcpu);
	else
		xen_runstate_change(vcpu, data->u.runstate.state);
	return 0;
}

static int runstate_adjust_get(struct kvm_vcpu *vcpu,
			       struct kvm_xen_vcpu_attr *data)
{
	return -EINVAL;
}

const struct xen_vcpu_attr xen_runstate_adjust_attr = {
	.set = runstate_adjust_set,
	.get = runstate_adjust_get,
	.sched_info = true,
};
