// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of VMs and vCPUs: find the attribute that an ioctl names, and call its
 * handler.
 *
 * Each attribute is defined in the unit that it configures.  What applies to all of them
 * is done here: locks, configuration flags, padding, and the reset of FIFO when the VMM
 * removes the guest's pages.  Owns no state.
 */
#include "xen/base/attr.h"
#include "xen/base/dirty.h"
#include "xen/config.h"
#include "xen/dynhc/dynhc.h"
#include "xen/event/domain_attr.h"
#include "xen/event/evtchn_attr.h"
#include "xen/event/fifo_ctl.h"
#include "xen/event/fifo_state.h"
#include "xen/event/shared_info.h"
#include "xen/hypercall/hvm_op.h"
#include "xen/time/clock.h"
#include "xen/time/runstate_attr.h"
#include "xen/time/timer.h"
#include "xen/upcall/callback.h"
#include "xen/upcall/upcall_attr.h"

#include <linux/nospec.h>
#include <linux/sched/stat.h>

static bool is_pad_set(const void *arg, size_t size, u32 pad)
{
	return pad && memchr_inv(arg + pad, 0, size - pad);
}

/* VM attributes */

static const struct xen_vm_attr *const vm_attrs[] = {
	[KVM_XEN_ATTR_TYPE_LONG_MODE]		 = &xen_long_mode_attr,
	[KVM_XEN_ATTR_TYPE_SHARED_INFO]		 = &xen_shared_info_attr,
	[KVM_XEN_ATTR_TYPE_UPCALL_VECTOR]	 = &xen_vm_vector_attr,
	[KVM_XEN_ATTR_TYPE_EVTCHN]		 = &xen_evtchn_attr,
	[KVM_XEN_ATTR_TYPE_XEN_VERSION]		 = &xen_version_attr,
	[KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG] = &xen_runstate_update_flag_attr,
	[KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA]	 = &xen_shared_info_hva_attr,
	[KVM_XEN_ATTR_TYPE_EVTCHN_ENUM]		 = &xen_evtchn_enum_attr,
	[KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT]	 = &xen_evtchn_limit_attr,
	[KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY]	 = &xen_fifo_array_attr,
	[KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS]	 = &xen_fifo_ports_attr,
	[KVM_XEN_ATTR_TYPE_CALLBACK]		 = &xen_callback_attr,
	[KVM_XEN_ATTR_TYPE_DYNHC]		 = &xen_dynhc_attr,
	[KVM_XEN_ATTR_TYPE_DYNHC_ENUM]		 = &xen_dynhc_enum_attr,
	[KVM_XEN_ATTR_TYPE_ADDITIONS]		 = &xen_additions_attr,
	[KVM_XEN_ATTR_TYPE_EVTCHN_DOMAIN]	 = &xen_domain_attr,
	[KVM_XEN_ATTR_TYPE_EVTCHN_PORT]		 = &xen_domain_port_attr,
	[KVM_XEN_ATTR_TYPE_EVTCHN_PORTS]	 = &xen_domain_ports_attr,
};

static const struct xen_vm_attr *find_vm_attr(struct kvm *kvm, u16 type)
{
	static const struct xen_vm_attr none;
	const struct xen_vm_attr *attr;

	if (type >= ARRAY_SIZE(vm_attrs))
		return &none;

	attr = vm_attrs[array_index_nospec(type, ARRAY_SIZE(vm_attrs))];
	return attr && xen_has_flag(kvm, attr->config_flag) ? attr : &none;
}

static int call_vm_attr(struct kvm *kvm, const struct xen_vm_attr *attr,
			xen_vm_attr_fn fn, struct kvm_xen_hvm_attr *data)
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
	const struct xen_vm_attr *attr = find_vm_attr(kvm, data->type);
	int r = call_vm_attr(kvm, attr, attr->set, data);

	/* A VMM that removes shared_info is about to reset the guest. */
	if (!r && attr->places_shinfo && !kvm->arch.xen.shinfo_cache.active)
		xen_fifo_reset_unknown(kvm);
	return r;
}

int kvm_xen_hvm_get_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	const struct xen_vm_attr *attr = find_vm_attr(kvm, data->type);

	return call_vm_attr(kvm, attr, attr->get, data);
}

/* vCPU attributes */

static const struct xen_vcpu_attr *const vcpu_attrs[] = {
	[KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO]	  = &xen_vcpu_info_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO]	  = &xen_time_info_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR]	  = &xen_runstate_addr_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT] = &xen_runstate_current_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA]	  = &xen_runstate_data_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST]  = &xen_runstate_adjust_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID]	  = &xen_vcpu_id_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_TIMER]		  = &xen_timer_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR]	  = &xen_vcpu_vector_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA]	  = &xen_vcpu_info_hva_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_EVTCHN_CONTROL]	  = &xen_fifo_control_attr,
	[KVM_XEN_VCPU_ATTR_TYPE_CALLBACK]	  = &xen_vcpu_callback_attr,
};

static const struct xen_vcpu_attr *find_vcpu_attr(struct kvm *kvm, u16 type)
{
	static const struct xen_vcpu_attr none;
	const struct xen_vcpu_attr *attr;

	if (type >= ARRAY_SIZE(vcpu_attrs))
		return &none;

	attr = vcpu_attrs[array_index_nospec(type, ARRAY_SIZE(vcpu_attrs))];
	return attr && xen_has_flag(kvm, attr->config_flag) ? attr : &none;
}

static int call_vcpu_attr(struct kvm_vcpu *vcpu,
			  const struct xen_vcpu_attr *attr,
			  xen_vcpu_attr_fn fn, struct kvm_xen_vcpu_attr *data)
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
	const struct xen_vcpu_attr *attr = find_vcpu_attr(vcpu->kvm, data->type);
	int r;

	if (!xen_ring_has_room(vcpu))
		return -EAGAIN;

	r = call_vcpu_attr(vcpu, attr, attr->set, data);

	/*
	 * A VMM that has removed the vcpu_info of all vCPUs is about to reset the guest.
	 * A single vcpu_info is no indication: at a reset the thread of a vCPU may remove
	 * it when the next kernel already runs, on whichever vCPU.
	 */
	if (!r && attr->places_info && !has_vcpu_info(vcpu->kvm))
		xen_fifo_reset_unknown(vcpu->kvm);
	return r;
}

int kvm_xen_vcpu_get_attr(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	const struct xen_vcpu_attr *attr = find_vcpu_attr(vcpu->kvm, data->type);

	return call_vcpu_attr(vcpu, attr, attr->get, data);
}
