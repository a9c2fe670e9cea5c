// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of VMs and vCPUs, a row each.
 *
 * Every handler runs under kvm->arch.xen.xen_lock, but for a row that says it
 * takes that itself; those of a vCPU also in a read section of kvm->srcu, with
 * the vCPU loaded and its mutex held by the ioctl.  A getter changes nothing.
 * Padding of this project's attributes is looked at before their handlers run.
 * Returns 0 or -errno; -ENOENT for what there is no handler for.
 */
#include "xen/base/attr.h"
#include "xen/base/dirty.h"
#include "xen/dynhc/dynhc.h"
#include "xen/event/evtchn.h"
#include "xen/event/fifo.h"
#include "xen/event/fifo_ctl.h"
#include "xen/event/fifo_state.h"
#include "xen/event/pollers.h"
#include "xen/event/ports.h"
#include "xen/event/shared_info.h"
#include "xen/time/runstate.h"
#include "xen/time/timer.h"
#include "xen/upcall/callback.h"
#include "xen/upcall/upcall.h"

#include <linux/nospec.h>
#include <linux/sched/stat.h>

typedef int (*vm_attr_fn)(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
typedef int (*vcpu_attr_fn)(struct kvm_vcpu *vcpu,
			    struct kvm_xen_vcpu_attr *data);

/* VM attributes */

static int long_mode_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	if (!IS_ENABLED(CONFIG_64BIT) && data->u.long_mode)
		return -EINVAL;

	return xen_set_long_mode(kvm, data->u.long_mode);
}

static int long_mode_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	data->u.long_mode = kvm->arch.xen.long_mode;
	return 0;
}

/*
 * What follows a (de)activation of shared_info that came to @r.  Whoever polls
 * has looked at bits that lie elsewhere by now.
 */
static int shared_info_placed(struct kvm *kvm, int r)
{
	xen_poll_wake(kvm, XEN_POLL_ANY);
	if (r || !kvm->arch.xen.shinfo_cache.active)
		return r;

	return xen_shared_info_init(kvm);
}

static int shared_info_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;
	u64 gfn = data->u.shared_info.gfn;
	int r;

	if (gfn == KVM_XEN_INVALID_GFN) {
		kvm_gpc_deactivate(gpc);
		return shared_info_placed(kvm, 0);
	}

	scoped_guard(srcu, &kvm->srcu)
		r = kvm_gpc_activate(gpc, gfn_to_gpa(gfn), PAGE_SIZE);
	return shared_info_placed(kvm, r);
}

static int shared_info_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;

	data->u.shared_info.gfn = kvm_gpc_is_gpa_active(gpc) ?
				  gpa_to_gfn(gpc->gpa) : KVM_XEN_INVALID_GFN;
	return 0;
}

static int shared_info_hva_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;
	u64 hva = data->u.shared_info.hva;
	int r;

	if (!PAGE_ALIGNED(hva) || hva != (unsigned long)hva)
		return -EINVAL;

	if (!hva) {
		kvm_gpc_deactivate(gpc);
		return shared_info_placed(kvm, 0);
	}

	scoped_guard(srcu, &kvm->srcu)
		r = kvm_gpc_activate_hva(gpc, hva, PAGE_SIZE);
	return shared_info_placed(kvm, r);
}

static int shared_info_hva_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;

	data->u.shared_info.hva = kvm_gpc_is_hva_active(gpc) ? gpc->uhva : 0;
	return 0;
}

static int vm_vector_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	data->u.vector = kvm->arch.xen.upcall_vector;
	return 0;
}

static int version_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	kvm->arch.xen.xen_version = data->u.xen_version;
	return 0;
}

static int version_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	data->u.xen_version = kvm->arch.xen.xen_version;
	return 0;
}

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

static int evtchn_enum_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_enum *request = XEN_ATTR_ARG(data, *request);

	return xen_port_enumerate(kvm, request);
}

/* A reset of all ports ends FIFO as well.  Neither is done under xen_lock. */
static int evtchn_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	if (data->u.evtchn.flags != KVM_XEN_EVTCHN_RESET)
		return xen_port_set_attr(kvm, data);

	xen_ports_reset(kvm);
	xen_fifo_reset(kvm);
	return 0;
}

static int limit_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_limit *limit = XEN_ATTR_ARG(data, *limit);

	if (!limit->max_port || limit->max_port >= XEN_ABI_FIFO_NR_PORTS)
		return -EINVAL;
	if (limit->max_port < xen_ports_highest(kvm))
		return -EBUSY;

	WRITE_ONCE(kvm->arch.xen.state.max_port, limit->max_port);
	return 0;
}

static int limit_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_limit *limit = XEN_ATTR_ARG(data, *limit);

	limit->max_port = kvm->arch.xen.state.max_port;
	return 0;
}

static int additions_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_additions *additions = XEN_ATTR_ARG(data, *additions);

	additions->magic = KVM_XEN_ADDITIONS_MAGIC;
	additions->version = KVM_XEN_ADDITIONS_VERSION;
	additions->config_flags = kvm_xen_added_caps();
	return 0;
}

/* Where the padding of an argument begins, which goes on to its end. */
#define PAD(arg, field)	offsetof(struct arg, field)

static bool is_pad_set(const void *arg, size_t size, u32 pad)
{
	return pad && memchr_inv(arg + pad, 0, size - pad);
}

struct vm_attr {
	vm_attr_fn set;
	vm_attr_fn get;
	u32 config_flag;	/* not there until the VMM set this flag */
	u32 pad;		/* 0: none, or the handlers look at it */
	bool sched_info;	/* needs the scheduler's own accounting */
	bool locks;		/* takes its locks itself */
	bool places_shinfo;
};

static const struct vm_attr vm_attrs[] = {
	[KVM_XEN_ATTR_TYPE_LONG_MODE] = {
		.set = long_mode_set,
		.get = long_mode_get,
	},
	[KVM_XEN_ATTR_TYPE_SHARED_INFO] = {
		.set = shared_info_set,
		.get = shared_info_get,
		.places_shinfo = true,
	},
	[KVM_XEN_ATTR_TYPE_UPCALL_VECTOR] = {
		.set = xen_callback_set_vector,
		.get = vm_vector_get,
		.locks = true,
	},
	[KVM_XEN_ATTR_TYPE_EVTCHN] = {
		.set = evtchn_set,
		.locks = true,
	},
	[KVM_XEN_ATTR_TYPE_XEN_VERSION] = {
		.set = version_set,
		.get = version_get,
	},
	[KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG] = {
		.set = update_flag_set,
		.get = update_flag_get,
		.sched_info = true,
	},
	[KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA] = {
		.set = shared_info_hva_set,
		.get = shared_info_hva_get,
		.places_shinfo = true,
	},
	[KVM_XEN_ATTR_TYPE_EVTCHN_ENUM] = {
		.get = evtchn_enum_get,
		.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_ENUM,
		.pad = PAD(kvm_xen_evtchn_enum, pad),
	},
	[KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT] = {
		.set = limit_set,
		.get = limit_get,
		.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_FIFO,
		.pad = PAD(kvm_xen_evtchn_limit, pad0),
	},
	[KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY] = {
		.set = xen_fifo_set_array,
		.get = xen_fifo_get_array,
		.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_FIFO,
		.pad = PAD(kvm_xen_evtchn_array, pad),
		.locks = true,
	},
	[KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS] = {
		.set = xen_fifo_set_ports,
		.get = xen_fifo_get_ports,
		.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_FIFO,
		.pad = PAD(kvm_xen_evtchn_enum, pad),
		.locks = true,
	},
	[KVM_XEN_ATTR_TYPE_CALLBACK] = {
		.set = xen_callback_set,
		.get = xen_callback_get,
		.config_flag = KVM_XEN_HVM_CONFIG_CALLBACK,
		.pad = PAD(kvm_xen_callback, pad),
		.locks = true,
	},
	[KVM_XEN_ATTR_TYPE_DYNHC] = {
		.set = xen_dynhc_set,
		.config_flag = KVM_XEN_HVM_CONFIG_DYNHC,
		.locks = true,
	},
	[KVM_XEN_ATTR_TYPE_DYNHC_ENUM] = {
		.get = xen_dynhc_enumerate,
		.config_flag = KVM_XEN_HVM_CONFIG_DYNHC,
		.pad = PAD(kvm_xen_dynhc_enum, pad0),
		.locks = true,
	},
	[KVM_XEN_ATTR_TYPE_ADDITIONS] = {
		.get = additions_get,
		.pad = PAD(kvm_xen_additions, pad0),
	},
};

static const struct vm_attr *find_vm_attr(struct kvm *kvm, u16 type)
{
	static const struct vm_attr none;
	const struct vm_attr *attr;

	if (type >= ARRAY_SIZE(vm_attrs))
		return &none;

	attr = &vm_attrs[array_index_nospec(type, ARRAY_SIZE(vm_attrs))];
	return xen_has_flag(kvm, attr->config_flag) ? attr : &none;
}

static int call_vm_attr(struct kvm *kvm, const struct vm_attr *attr,
			vm_attr_fn fn, struct kvm_xen_hvm_attr *data)
{
	if (!fn)
		return -ENOENT;
	if (attr->sched_info && !sched_info_on())
		return -EOPNOTSUPP;
	if (is_pad_set(&data->u, sizeof(data->u), attr->pad))
		return -EINVAL;
	if (attr->locks)
		return fn(kvm, data);

	guard(mutex)(&kvm->arch.xen.xen_lock);
	return fn(kvm, data);
}

int kvm_xen_hvm_set_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	const struct vm_attr *attr = find_vm_attr(kvm, data->type);
	int r = call_vm_attr(kvm, attr, attr->set, data);

	/* A VMM that takes shared_info away is about to reset the guest. */
	if (!r && attr->places_shinfo && !kvm->arch.xen.shinfo_cache.active)
		xen_fifo_reset_unknown(kvm);
	return r;
}

int kvm_xen_hvm_get_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	const struct vm_attr *attr = find_vm_attr(kvm, data->type);

	return call_vm_attr(kvm, attr, attr->get, data);
}

/* vCPU attributes */

static gpa_t gpa_of(struct gfn_to_pfn_cache *gpc)
{
	return kvm_gpc_is_gpa_active(gpc) ? gpc->gpa : KVM_XEN_INVALID_GPA;
}

/* There is no flag any more: a line that stands for it goes down. */
static int vcpu_info_taken_away(struct kvm_vcpu *vcpu)
{
	kvm_gpc_deactivate(&vcpu->arch.xen.vcpu_info_cache);
	xen_upcall_reevaluate(vcpu);
	return 0;
}

/* What follows an activation of vcpu_info that came to @r. */
static int vcpu_info_placed(struct kvm_vcpu *vcpu, int r)
{
	if (r)
		return r;

	kvm_make_request(KVM_REQ_CLOCK_UPDATE, vcpu);
	xen_upcall_reevaluate(vcpu);
	return 0;
}

static int vcpu_info_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &vcpu->arch.xen.vcpu_info_cache;
	gpa_t gpa = data->u.gpa;

	if (gpa == KVM_XEN_INVALID_GPA)
		return vcpu_info_taken_away(vcpu);
	if (!IS_ALIGNED(gpa, XEN_ABI_VCPU_INFO_ALIGN))
		return -ENXIO;

	return vcpu_info_placed(vcpu, kvm_gpc_activate(gpc, gpa,
						       XEN_ABI_VCPU_INFO_SIZE));
}

static int vcpu_info_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	data->u.gpa = gpa_of(&vcpu->arch.xen.vcpu_info_cache);
	return 0;
}

static int vcpu_info_hva_set(struct kvm_vcpu *vcpu,
			     struct kvm_xen_vcpu_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &vcpu->arch.xen.vcpu_info_cache;
	u64 hva = data->u.hva;

	if (!hva)
		return vcpu_info_taken_away(vcpu);
	if (!IS_ALIGNED(hva, XEN_ABI_VCPU_INFO_ALIGN))
		return -ENXIO;

	return vcpu_info_placed(vcpu,
				kvm_gpc_activate_hva(gpc, hva,
						     XEN_ABI_VCPU_INFO_SIZE));
}

static int vcpu_info_hva_get(struct kvm_vcpu *vcpu,
			     struct kvm_xen_vcpu_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &vcpu->arch.xen.vcpu_info_cache;

	data->u.hva = kvm_gpc_is_hva_active(gpc) ? gpc->uhva : 0;
	return 0;
}

static int time_info_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &vcpu->arch.xen.vcpu_time_info_cache;
	int r;

	if (data->u.gpa == KVM_XEN_INVALID_GPA) {
		kvm_gpc_deactivate(gpc);
		return 0;
	}

	r = kvm_gpc_activate(gpc, data->u.gpa,
			     sizeof(struct xen_abi_time_info));
	if (!r)
		kvm_make_request(KVM_REQ_CLOCK_UPDATE, vcpu);
	return r;
}

static int time_info_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	data->u.gpa = gpa_of(&vcpu->arch.xen.vcpu_time_info_cache);
	return 0;
}

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

/* What is added to the times is added to that of the last change, negative or not. */
static bool adjustment_adds_up(const struct xen_runstate *more)
{
	return more->entry_time == more->time[XEN_ABI_RUNSTATE_RUNNING] +
				   more->time[XEN_ABI_RUNSTATE_RUNNABLE] +
				   more->time[XEN_ABI_RUNSTATE_BLOCKED] +
				   more->time[XEN_ABI_RUNSTATE_OFFLINE];
}

/* Add to the times, e.g. what a migration took; state -1 leaves the state. */
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

static int vcpu_id_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	if (data->u.vcpu_id >= KVM_MAX_VCPUS)
		return -EINVAL;

	vcpu->arch.xen.vcpu_id = data->u.vcpu_id;

	/* A line of the VM tells of vCPU 0. */
	xen_upcall_reevaluate(vcpu);
	return 0;
}

static int vcpu_id_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	data->u.vcpu_id = xen_vcpu_id(vcpu);
	return 0;
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
		xen_timer_restore(vcpu, expires);
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

static int vcpu_vector_set(struct kvm_vcpu *vcpu,
			   struct kvm_xen_vcpu_attr *data)
{
	if (xen_is_bad_vector(data->u.vector))
		return -EINVAL;

	WRITE_ONCE(vcpu->arch.xen.upcall_vector, data->u.vector);
	xen_upcall_reevaluate(vcpu);
	return 0;
}

static int vcpu_vector_get(struct kvm_vcpu *vcpu,
			   struct kvm_xen_vcpu_attr *data)
{
	data->u.vector = vcpu->arch.xen.upcall_vector;
	return 0;
}

struct vcpu_attr {
	vcpu_attr_fn set;
	vcpu_attr_fn get;
	u32 config_flag;	/* as above */
	u32 pad;
	bool sched_info;
	bool locks;
	bool places_info;
};

static const struct vcpu_attr vcpu_attrs[] = {
	[KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO] = {
		.set = vcpu_info_set,
		.get = vcpu_info_get,
		.places_info = true,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO] = {
		.set = time_info_set,
		.get = time_info_get,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR] = {
		.set = runstate_addr_set,
		.get = runstate_addr_get,
		.sched_info = true,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT] = {
		.set = runstate_current_set,
		.get = runstate_current_get,
		.sched_info = true,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA] = {
		.set = runstate_data_set,
		.get = runstate_data_get,
		.sched_info = true,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST] = {
		.set = runstate_adjust_set,
		.get = runstate_adjust_get,
		.sched_info = true,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID] = {
		.set = vcpu_id_set,
		.get = vcpu_id_get,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_TIMER] = {
		.set = timer_set,
		.get = timer_get,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR] = {
		.set = vcpu_vector_set,
		.get = vcpu_vector_get,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA] = {
		.set = vcpu_info_hva_set,
		.get = vcpu_info_hva_get,
		.places_info = true,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_EVTCHN_CONTROL] = {
		.set = xen_fifo_set_control,
		.get = xen_fifo_get_control,
		.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_FIFO,
		.pad = PAD(kvm_xen_evtchn_control, pad1),
		.locks = true,
	},
	[KVM_XEN_VCPU_ATTR_TYPE_CALLBACK] = {
		.set = xen_callback_set_vcpu,
		.get = xen_callback_get_vcpu,
		.config_flag = KVM_XEN_HVM_CONFIG_CALLBACK,
		.pad = PAD(kvm_xen_callback, pad),
		.locks = true,
	},
};

static const struct vcpu_attr *find_vcpu_attr(struct kvm *kvm, u16 type)
{
	static const struct vcpu_attr none;
	const struct vcpu_attr *attr;

	if (type >= ARRAY_SIZE(vcpu_attrs))
		return &none;

	attr = &vcpu_attrs[array_index_nospec(type, ARRAY_SIZE(vcpu_attrs))];
	return xen_has_flag(kvm, attr->config_flag) ? attr : &none;
}

static int call_vcpu_attr(struct kvm_vcpu *vcpu, const struct vcpu_attr *attr,
			  vcpu_attr_fn fn, struct kvm_xen_vcpu_attr *data)
{
	if (!fn)
		return -ENOENT;
	if (attr->sched_info && !sched_info_on())
		return -EOPNOTSUPP;
	if (is_pad_set(&data->u, sizeof(data->u), attr->pad))
		return -EINVAL;
	if (attr->locks)
		return fn(vcpu, data);

	guard(mutex)(&vcpu->kvm->arch.xen.xen_lock);
	guard(srcu)(&vcpu->kvm->srcu);
	return fn(vcpu, data);
}

static bool has_vcpu_info(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (vcpu->arch.xen.vcpu_info_cache.active)
			return true;
	}

	return false;
}

int kvm_xen_vcpu_set_attr(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	const struct vcpu_attr *attr = find_vcpu_attr(vcpu->kvm, data->type);
	int r;

	if (!xen_ring_has_room(vcpu))
		return -EAGAIN;

	r = call_vcpu_attr(vcpu, attr, attr->set, data);

	/*
	 * The same with all vcpu_info.  One by one says nothing: the threads of other
	 * vCPUs may come to a reset when the next kernel runs already, on whichever.
	 */
	if (!r && attr->places_info && !has_vcpu_info(vcpu->kvm))
		xen_fifo_reset_unknown(vcpu->kvm);
	return r;
}

int kvm_xen_vcpu_get_attr(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	const struct vcpu_attr *attr = find_vcpu_attr(vcpu->kvm, data->type);

	return call_vcpu_attr(vcpu, attr, attr->get, data);
}
