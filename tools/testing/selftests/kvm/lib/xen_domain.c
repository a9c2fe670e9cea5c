// SPDX-License-Identifier: GPL-2.0
/* Event channels that KVM keeps, as guests and VMMs use them: see xen_domain.h. */
#include <string.h>

#include "test_util.h"
#include "xen_domain.h"

struct xen_vm *xen_domain_vm_create(unsigned int nr_vcpus, bool wide, bool fifo, void *guest_code)
{
	struct xen_vm *x = fifo ? xen_fifo_vm_create(nr_vcpus, wide, guest_code) :
				  xen_vm_create(nr_vcpus, wide, guest_code);
	uint32_t flags = XEN_DOMAIN_FLAGS | (fifo ? KVM_XEN_HVM_CONFIG_EVTCHN_FIFO : 0);

	TEST_ASSERT_EQ(xen_config(x, flags), 0);
	return x;
}

struct xen_vm *xen_domain_vm_obeying(bool wide, bool fifo, struct xen_fifo_consumer c[2])
{
	struct xen_vm *x = xen_domain_vm_create(2, wide, fifo, xen_guest_obey);
	unsigned int i;

	if (!fifo)
		return x;

	xen_order_fifo(x, 1);
	for (i = 0; i < 2; i++)
		xen_fifo_host_consumer(x, i, &c[i]);
	return x;
}

bool xen_domain_is_pending(struct xen_vm *x, bool fifo, uint32_t port)
{
	return fifo ? *xen_fifo_word(x, port) & XEN_FIFO_PENDING : xen_is_pending(x->shinfo, port);
}

bool xen_domain_takes(struct xen_vm *x, struct xen_fifo_consumer *c, bool fifo, uint32_t port,
		      unsigned int vcpu)
{
	void *info[2] = { xen_vcpu_info(x, 0), xen_vcpu_info(x, 1) };
	bool right = *xen_upcall_pending(info[vcpu]) && !*xen_upcall_pending(info[!vcpu]) &&
		     xen_domain_is_pending(x, fifo, port);

	*xen_upcall_pending(info[vcpu]) = 0;
	if (fifo)
		return xen_fifo_consume(&c[vcpu]) == 1 && right;

	return xen_take_sel(info[vcpu], x->wide) == xen_sel_bit(x->wide, port) &&
	       xen_clear_pending(x->shinfo, port) && right;
}

/* The guest's calls, at the host's orders. */

int64_t xen_order_op(struct xen_vm *x, uint32_t op, void *arg, size_t size)
{
	struct xen_order *order = xen_get_order(x);
	int64_t r;

	memcpy(order->data, arg, size);
	r = xen_order(x, x->wide, __HYPERVISOR_event_channel_op, op, XEN_ORDER_DATA, 0);
	memcpy(arg, order->data, size);
	return r;
}

int64_t xen_order_alloc(struct xen_vm *x, uint16_t dom, uint16_t remote)
{
	struct xen_alloc_unbound arg = { .dom = dom, .remote_dom = remote };

	return xen_order_op(x, EVTCHNOP_alloc_unbound, &arg, sizeof(arg)) ?: (int64_t)arg.port;
}

int64_t xen_order_bind_interdomain(struct xen_vm *x, uint16_t dom, uint32_t port)
{
	struct xen_bind_interdomain arg = { .remote_dom = dom, .remote_port = port };

	return xen_order_op(x, EVTCHNOP_bind_interdomain, &arg, sizeof(arg)) ?:
	       (int64_t)arg.port;
}

int64_t xen_order_bind_virq(struct xen_vm *x, uint32_t virq, uint32_t vcpu)
{
	struct xen_bind_virq arg = { .virq = virq, .vcpu = vcpu };

	return xen_order_op(x, EVTCHNOP_bind_virq, &arg, sizeof(arg)) ?: (int64_t)arg.port;
}

int64_t xen_order_bind_ipi(struct xen_vm *x, uint32_t vcpu)
{
	uint32_t arg[2] = { vcpu };

	return xen_order_op(x, EVTCHNOP_bind_ipi, arg, sizeof(arg)) ?: (int64_t)arg[1];
}

int64_t xen_order_bind_vcpu(struct xen_vm *x, uint32_t port, uint32_t vcpu)
{
	uint32_t arg[2] = { port, vcpu };

	return xen_order_op(x, EVTCHNOP_bind_vcpu, arg, sizeof(arg));
}

int64_t xen_order_close(struct xen_vm *x, uint32_t port)
{
	return xen_order_op(x, EVTCHNOP_close, &port, sizeof(port));
}

int64_t xen_order_reset(struct xen_vm *x, uint16_t dom)
{
	return xen_order_op(x, EVTCHNOP_reset, &dom, sizeof(dom));
}

int64_t xen_order_status(struct xen_vm *x, uint16_t dom, uint32_t port,
			 struct xen_port_status *status)
{
	*status = (struct xen_port_status) { .dom = dom, .port = port };
	return xen_order_op(x, EVTCHNOP_status, status, sizeof(*status));
}

struct xen_port_status xen_port_status(struct xen_vm *x, uint32_t port)
{
	struct xen_port_status status;

	TEST_ASSERT_EQ(xen_order_status(x, DOMID_SELF, port, &status), 0);
	return status;
}

/* The guest's calls, in the guest. */

static int64_t guest_op(uint32_t op, void *arg)
{
	return xen_guest_call(true, __HYPERVISOR_event_channel_op, op, (uintptr_t)arg, 0);
}

int64_t xen_guest_bind_ipi(uint32_t vcpu)
{
	uint32_t arg[2] = { vcpu };

	return guest_op(EVTCHNOP_bind_ipi, arg) ?: (int64_t)READ_ONCE(arg[1]);
}

int64_t xen_guest_bind_virq(uint32_t virq, uint32_t vcpu)
{
	struct xen_bind_virq arg = { .virq = virq, .vcpu = vcpu };

	return guest_op(EVTCHNOP_bind_virq, &arg) ?: (int64_t)READ_ONCE(arg.port);
}

int64_t xen_guest_alloc_unbound(uint16_t remote)
{
	struct xen_alloc_unbound arg = { .dom = DOMID_SELF, .remote_dom = remote };

	return guest_op(EVTCHNOP_alloc_unbound, &arg) ?: (int64_t)READ_ONCE(arg.port);
}

int64_t xen_guest_bind_interdomain(uint16_t dom, uint32_t port)
{
	struct xen_bind_interdomain arg = { .remote_dom = dom, .remote_port = port };

	return guest_op(EVTCHNOP_bind_interdomain, &arg) ?: (int64_t)READ_ONCE(arg.port);
}

int64_t xen_guest_bind_vcpu(uint32_t port, uint32_t vcpu)
{
	uint32_t arg[2] = { port, vcpu };

	return guest_op(EVTCHNOP_bind_vcpu, arg);
}

int64_t xen_guest_close(uint32_t port)
{
	return guest_op(EVTCHNOP_close, &port);
}

/* The VMM. */

int xen_vmm_port_op(struct xen_vm *x, struct kvm_xen_evtchn_port *op)
{
	return xen_vm_arg(x, true, KVM_XEN_ATTR_TYPE_EVTCHN_PORT, op);
}

static int open_port(struct xen_vm *x, struct kvm_xen_evtchn_port op)
{
	uint32_t port = 0;
	int r;

	op.port_addr = (uintptr_t)&port;
	r = xen_vmm_port_op(x, &op);
	return r ?: (int)port;
}

int xen_vmm_alloc_guest(struct xen_vm *x)
{
	return open_port(x, (struct kvm_xen_evtchn_port) {
		.op = KVM_XEN_EVTCHN_PORT_ALLOC_GUEST,
	});
}

int xen_vmm_bind(struct xen_vm *x, uint32_t guest_port, int fd)
{
	return open_port(x, (struct kvm_xen_evtchn_port) {
		.op = KVM_XEN_EVTCHN_PORT_BIND,
		.port = guest_port,
		.fd = fd,
	});
}

int xen_vmm_alloc(struct xen_vm *x, int fd)
{
	return open_port(x, (struct kvm_xen_evtchn_port) {
		.op = KVM_XEN_EVTCHN_PORT_ALLOC,
		.fd = fd,
	});
}

int xen_vmm_close_guest(struct xen_vm *x, uint32_t port)
{
	return xen_vmm_port_op(x, &(struct kvm_xen_evtchn_port) {
		.op = KVM_XEN_EVTCHN_PORT_CLOSE_GUEST,
		.port = port,
	});
}

int xen_vmm_close(struct xen_vm *x, uint32_t port)
{
	return xen_vmm_port_op(x, &(struct kvm_xen_evtchn_port) {
		.op = KVM_XEN_EVTCHN_PORT_CLOSE,
		.port = port,
	});
}

int xen_vmm_virq(struct xen_vm *x, uint32_t virq, uint32_t vcpu)
{
	return xen_vmm_port_op(x, &(struct kvm_xen_evtchn_port) {
		.op = KVM_XEN_EVTCHN_PORT_VIRQ,
		.virq = virq,
		.vcpu = vcpu,
	});
}

int xen_vmm_send(struct xen_vm *x, uint32_t port)
{
	return xen_send(x, port, KVM_XEN_EVTCHN_VMM_PORT);
}

int xen_set_domain(struct xen_vm *x, const struct kvm_xen_evtchn_domain *domain)
{
	struct kvm_xen_evtchn_domain arg = *domain;

	return xen_vm_arg(x, true, KVM_XEN_ATTR_TYPE_EVTCHN_DOMAIN, &arg);
}

struct kvm_xen_evtchn_domain xen_get_domain(struct xen_vm *x)
{
	struct kvm_xen_evtchn_domain domain = { };

	TEST_ASSERT_EQ(xen_vm_arg(x, false, KVM_XEN_ATTR_TYPE_EVTCHN_DOMAIN, &domain), 0);
	return domain;
}

int xen_enumerate_ports(struct xen_vm *x, bool vmm, uint32_t first,
			struct kvm_xen_evtchn_port_entry *entries, uint32_t nr)
{
	struct kvm_xen_evtchn_ports ports = {
		.entries = (uintptr_t)entries,
		.first = first,
		.nr = nr,
		.vmm = vmm,
	};
	int r = xen_vm_arg(x, false, KVM_XEN_ATTR_TYPE_EVTCHN_PORTS, &ports);

	return r ?: (int)ports.nr;
}
