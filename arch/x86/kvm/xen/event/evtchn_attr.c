// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of ports: registering them, enumerating them, and their limit.  Owns no
 * state; see ports.c.
 */
#include "xen/event/domain.h"
#include "xen/event/evtchn_attr.h"
#include "xen/event/fifo_ctl.h"
#include "xen/event/ports.h"

/*
 * A reset of all ports also switches FIFO off.  Neither is done under xen_lock, as both
 * wait for grace periods.
 */
static int evtchn_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct xen_domains *domains = xen_domains(kvm);

	if (data->u.evtchn.flags != KVM_XEN_EVTCHN_RESET)
		return xen_port_set_attr(kvm, data);
	if (domains)
		return xen_domain_reset(domains);

	xen_ports_reset(kvm);
	xen_fifo_reset(kvm);
	return 0;
}

const struct xen_vm_attr xen_evtchn_attr = {
	.set = evtchn_set,
	.locks = true,
};

static int evtchn_enum_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_enum *request = XEN_ATTR_ARG(data, *request);

	return xen_port_enumerate(kvm, request);
}

const struct xen_vm_attr xen_evtchn_enum_attr = {
	.get = evtchn_enum_get,
	.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_ENUM,
	.pad = XEN_ATTR_PAD(kvm_xen_evtchn_enum, pad),
};

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

const struct xen_vm_attr xen_evtchn_limit_attr = {
	.set = limit_set,
	.get = limit_get,
	.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_FIFO,
	.pad = XEN_ATTR_PAD(kvm_xen_evtchn_limit, pad0),
};
