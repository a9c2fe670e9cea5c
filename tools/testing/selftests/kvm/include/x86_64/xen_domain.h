/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Event channels that KVM keeps: the guest's calls, made at the host's orders, and the
 * VMM's attributes.
 *
 * Owns the layouts of EVTCHNOP_*'s arguments, which are the same in both widths.
 */
#ifndef SELFTEST_KVM_XEN_DOMAIN_H
#define SELFTEST_KVM_XEN_DOMAIN_H

#include "xen.h"
#include "xen_fifo.h"

#define EVTCHNOP_bind_virq		1
#define EVTCHNOP_bind_pirq		2
#define EVTCHNOP_alloc_unbound		6
#define EVTCHNOP_bind_ipi		7

#define DOMID_SELF			0x7ff0
#define XEN_GUEST_DOMID			1	/* by default */
#define XEN_VMM_DOMID			0

#define VIRQ_TIMER			0
#define VIRQ_DEBUG			1
#define VIRQ_CONSOLE			2
#define XEN_NR_VIRQS			24

#define XEN_ESRCH			3
#define XEN_EEXIST			17
#define XEN_EBUSY			16

#define XEN_DOMAIN_FLAGS						\
	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND |	\
	 KVM_XEN_HVM_CONFIG_EVTCHN_PORTS)

struct xen_alloc_unbound {
	uint16_t dom;
	uint16_t remote_dom;
	uint32_t port;
};
static_assert(sizeof(struct xen_alloc_unbound) == 8, "alloc_unbound");

struct xen_bind_interdomain {
	uint16_t remote_dom;
	uint32_t remote_port;
	uint32_t port;
};
static_assert(sizeof(struct xen_bind_interdomain) == 12, "bind_interdomain");

struct xen_bind_virq {
	uint32_t virq;
	uint32_t vcpu;
	uint32_t port;
};

struct xen_bind_pirq {
	uint32_t pirq;
	uint32_t flags;
	uint32_t port;
};

struct xen_port_status {
	uint16_t dom;
	uint32_t port;
	uint32_t status;
	uint32_t vcpu;
	union {
		uint16_t unbound_dom;
		struct {
			uint16_t dom;
			uint32_t port;
		} interdomain;
		uint32_t pirq;
		uint32_t virq;
	} u;
};
static_assert(sizeof(struct xen_port_status) == 24, "status");

/*
 * Host: a VM whose ports KVM keeps, of one or more vCPUs that obey, with or without FIFO
 * offered.  No call may exit, except those that a test takes over.
 */
struct xen_vm *xen_domain_vm_create(unsigned int nr_vcpus, bool wide, bool fifo, void *guest_code);

/*
 * Host: the same with two vCPUs that obey, which are at FIFO if @fifo, with the host as who
 * handles the events of both.
 */
struct xen_vm *xen_domain_vm_obeying(bool wide, bool fifo, struct xen_fifo_consumer c[2]);

/* Host: whether an event of @port was delivered to @vcpu of these alone; it is taken. */
bool xen_domain_takes(struct xen_vm *x, struct xen_fifo_consumer *c, bool fifo, uint32_t port,
		      unsigned int vcpu);

/* Host: whether @port is pending, by the ABI that is in use. */
bool xen_domain_is_pending(struct xen_vm *x, bool fifo, uint32_t port);

/*
 * Host: the guest's vCPU 0 makes a call out of code of the VM's width.  Those that open a
 * port return it, the others 0; all of them return a negative number of Xen's.
 */
int64_t xen_order_op(struct xen_vm *x, uint32_t op, void *arg, size_t size);
int64_t xen_order_alloc(struct xen_vm *x, uint16_t dom, uint16_t remote);
int64_t xen_order_bind_interdomain(struct xen_vm *x, uint16_t dom, uint32_t port);
int64_t xen_order_bind_virq(struct xen_vm *x, uint32_t virq, uint32_t vcpu);
int64_t xen_order_bind_ipi(struct xen_vm *x, uint32_t vcpu);
int64_t xen_order_bind_vcpu(struct xen_vm *x, uint32_t port, uint32_t vcpu);
int64_t xen_order_close(struct xen_vm *x, uint32_t port);
int64_t xen_order_reset(struct xen_vm *x, uint16_t dom);
int64_t xen_order_status(struct xen_vm *x, uint16_t dom, uint32_t port,
			 struct xen_port_status *status);

/* Host: the state of @port by the guest's own call, which must not fail. */
struct xen_port_status xen_port_status(struct xen_vm *x, uint32_t port);

/* Guest: the same calls, as they are, out of 64-bit code. */
int64_t xen_guest_bind_ipi(uint32_t vcpu);
int64_t xen_guest_bind_virq(uint32_t virq, uint32_t vcpu);
int64_t xen_guest_alloc_unbound(uint16_t remote);
int64_t xen_guest_bind_interdomain(uint16_t dom, uint32_t port);
int64_t xen_guest_bind_vcpu(uint32_t port, uint32_t vcpu);
int64_t xen_guest_close(uint32_t port);

/* Host: the VMM's operations.  Those that open a port return it, or a negative errno. */
int xen_vmm_port_op(struct xen_vm *x, struct kvm_xen_evtchn_port *op);
int xen_vmm_alloc_guest(struct xen_vm *x);
int xen_vmm_close_guest(struct xen_vm *x, uint32_t port);
int xen_vmm_bind(struct xen_vm *x, uint32_t guest_port, int fd);
int xen_vmm_alloc(struct xen_vm *x, int fd);
int xen_vmm_close(struct xen_vm *x, uint32_t port);
int xen_vmm_virq(struct xen_vm *x, uint32_t virq, uint32_t vcpu);
int xen_vmm_send(struct xen_vm *x, uint32_t port);

int xen_set_domain(struct xen_vm *x, const struct kvm_xen_evtchn_domain *domain);
struct kvm_xen_evtchn_domain xen_get_domain(struct xen_vm *x);

/* Host: read up to @nr ports from @first on; returns how many there are, or -errno. */
int xen_enumerate_ports(struct xen_vm *x, bool vmm, uint32_t first,
			struct kvm_xen_evtchn_port_entry *entries, uint32_t nr);

#endif /* SELFTEST_KVM_XEN_DOMAIN_H */
