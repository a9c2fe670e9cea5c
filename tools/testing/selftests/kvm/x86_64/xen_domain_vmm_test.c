// SPDX-License-Identifier: GPL-2.0
/*
 * The VMM's end of event channels that KVM keeps: its ports and their eventfds, events by
 * ioctl and irqfd that follow the guest's binding, VIRQs, PIRQs, which calls are denied or
 * taken over, and reading all ports.
 *
 * If this fails, a VMM loses or misdirects events of its devices.  Stock 6.12 has none of
 * these attributes.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen_domain.h"

#define GSI	30
#define PIRQ	16

FIXTURE(vmm) {
	struct xen_vm *x;
	struct xen_fifo_consumer c[2];
	int fd;
};

FIXTURE_VARIANT(vmm) {
	bool wide;
	bool fifo;
};

FIXTURE_VARIANT_ADD(vmm, wide) { .wide = true };
FIXTURE_VARIANT_ADD(vmm, narrow) { .wide = false };
FIXTURE_VARIANT_ADD(vmm, fifo) { .wide = true, .fifo = true };

FIXTURE_SETUP(vmm)
{
	self->x = xen_domain_vm_obeying(variant->wide, variant->fifo, self->c);
	self->fd = xen_eventfd();
}

FIXTURE_TEARDOWN(vmm)
{
	close(self->fd);
	xen_vm_free(self->x);
}

static void *info(FIXTURE_DATA(vmm) *self, unsigned int vcpu)
{
	return xen_vcpu_info(self->x, vcpu);
}

#define TAKES(port, vcpu)	xen_domain_takes(self->x, self->c, variant->fifo, port, vcpu)

static bool is_quiet(FIXTURE_DATA(vmm) *self)
{
	return !*xen_upcall_pending(info(self, 0)) && !*xen_upcall_pending(info(self, 1));
}

/* A port that the guest has offered to the VMM, and the VMM's port that is bound to it. */
static void connect(FIXTURE_DATA(vmm) *self, int *guest, int *vmm)
{
	*guest = xen_order_alloc(self->x, DOMID_SELF, XEN_VMM_DOMID);
	TEST_ASSERT(*guest > 0, "no port: %d", *guest);
	*vmm = xen_vmm_bind(self->x, *guest, self->fd);
	TEST_ASSERT(*vmm > 0, "not bound: %d", *vmm);
	TEST_ASSERT_EQ(xen_eventfd_take(self->fd), 1);
}

TEST_F(vmm, binds_to_a_port_of_the_guest)
{
	struct xen_port_status status;
	int guest, vmm;

	connect(self, &guest, &vmm);
	status = xen_port_status(self->x, guest);
	EXPECT_EQ(EVTCHNSTAT_interdomain, status.status);
	EXPECT_EQ(XEN_VMM_DOMID, status.u.interdomain.dom);
	EXPECT_EQ(vmm, status.u.interdomain.port);

	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, guest));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, guest));
	EXPECT_EQ(2, xen_eventfd_take(self->fd));
	EXPECT_TRUE(is_quiet(self));

	EXPECT_EQ(0, xen_vmm_send(self->x, vmm));
	EXPECT_TRUE(TAKES(guest, 0));
	EXPECT_EQ(0, xen_order_bind_vcpu(self->x, guest, 1));
	EXPECT_EQ(0, xen_vmm_send(self->x, vmm));
	EXPECT_TRUE(TAKES(guest, 1));
	EXPECT_EQ(0, xen_eventfd_take(self->fd));
}

TEST_F(vmm, binds_only_to_what_the_guest_has_offered_to_it)
{
	int64_t other = xen_order_alloc(self->x, DOMID_SELF, 5);
	int64_t ipi = xen_order_bind_ipi(self->x, 0);
	int guest, vmm;

	EXPECT_EQ(-EINVAL, xen_vmm_bind(self->x, other, -1));
	EXPECT_EQ(-EINVAL, xen_vmm_bind(self->x, ipi, -1));
	EXPECT_EQ(-EINVAL, xen_vmm_bind(self->x, 77, -1));
	connect(self, &guest, &vmm);
	EXPECT_EQ(-EINVAL, xen_vmm_bind(self->x, guest, -1));
}

TEST_F(vmm, offers_a_port_to_the_guest)
{
	int vmm = xen_vmm_alloc(self->x, self->fd);
	int64_t guest;

	ASSERT_LT(0, vmm);
	EXPECT_EQ(0, xen_vmm_send(self->x, vmm));
	EXPECT_TRUE(is_quiet(self));

	guest = xen_order_bind_interdomain(self->x, XEN_VMM_DOMID, vmm);
	ASSERT_LT(0, guest);
	EXPECT_TRUE(TAKES(guest, 0));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, guest));
	EXPECT_EQ(1, xen_eventfd_take(self->fd));
	EXPECT_EQ(0, xen_vmm_send(self->x, vmm));
	EXPECT_TRUE(TAKES(guest, 0));
}

TEST_F(vmm, opens_a_port_of_the_guest)
{
	int guest = xen_vmm_alloc_guest(self->x), vmm;

	ASSERT_LT(0, guest);
	EXPECT_EQ(EVTCHNSTAT_unbound, xen_port_status(self->x, guest).status);
	EXPECT_EQ(XEN_VMM_DOMID, xen_port_status(self->x, guest).u.unbound_dom);
	vmm = xen_vmm_bind(self->x, guest, self->fd);
	ASSERT_LT(0, vmm);
	EXPECT_EQ(0, xen_vmm_send(self->x, vmm));
	EXPECT_TRUE(TAKES(guest, 0));

	EXPECT_EQ(0, xen_vmm_close_guest(self->x, guest));
	EXPECT_EQ(-EINVAL, xen_vmm_close_guest(self->x, guest));
	EXPECT_EQ(0, xen_vmm_send(self->x, vmm));
	EXPECT_TRUE(is_quiet(self));
	EXPECT_EQ(-XEN_EINVAL, xen_order_send(self->x, self->x->wide, guest));
}

TEST_F(vmm, closes_its_end)
{
	int guest, vmm, fd = self->fd;

	connect(self, &guest, &vmm);
	EXPECT_EQ(0, xen_vmm_close(self->x, vmm));
	EXPECT_EQ(-EINVAL, xen_vmm_close(self->x, vmm));
	EXPECT_EQ(-EINVAL, xen_vmm_send(self->x, vmm));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, guest));
	EXPECT_EQ(0, xen_eventfd_take(fd));
	EXPECT_EQ(EVTCHNSTAT_unbound, xen_port_status(self->x, guest).status);

	/* The guest's is for this domain still. */
	EXPECT_LT(0, xen_vmm_bind(self->x, guest, fd));
	EXPECT_EQ(1, xen_eventfd_take(fd));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, guest));
	EXPECT_EQ(1, xen_eventfd_take(fd));
}

TEST_F(vmm, keeps_its_end_where_the_guest_closes)
{
	int guest, vmm;
	int64_t again;

	connect(self, &guest, &vmm);
	EXPECT_EQ(0, xen_order_close(self->x, guest));
	EXPECT_EQ(0, xen_vmm_send(self->x, vmm));
	EXPECT_TRUE(is_quiet(self));

	again = xen_order_bind_interdomain(self->x, XEN_VMM_DOMID, vmm);
	ASSERT_LT(0, again);
	EXPECT_TRUE(TAKES(again, 0));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, again));
	EXPECT_EQ(1, xen_eventfd_take(self->fd));

	/* A reset of all the guest's ports is the same for the VMM, by either's call. */
	EXPECT_EQ(0, xen_order_reset(self->x, DOMID_SELF));
	EXPECT_EQ(0, xen_vmm_send(self->x, vmm));
	EXPECT_LT(0, xen_order_bind_interdomain(self->x, XEN_VMM_DOMID, vmm));
	EXPECT_EQ(0, xen_reset_ports(self->x));
	EXPECT_EQ(0, xen_vmm_send(self->x, vmm));
	EXPECT_LT(0, xen_order_bind_interdomain(self->x, XEN_VMM_DOMID, vmm));
}

TEST_F(vmm, needs_no_eventfd)
{
	int64_t guest = xen_order_alloc(self->x, DOMID_SELF, XEN_VMM_DOMID);

	EXPECT_LT(0, xen_vmm_bind(self->x, guest, -1));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, guest));
}

/* What irqfds do: their routing is written once, and the guest moves the port later. */
TEST_F(vmm, raises_events_by_irqfd)
{
	struct xen_routes routes = { };
	int guest, vmm, irqfd;

	connect(self, &guest, &vmm);
	xen_route_add(&routes, GSI, vmm, KVM_XEN_EVTCHN_VMM_PORT);
	xen_route_add(&routes, GSI + 1, guest, KVM_XEN_EVTCHN_PORTS_VCPU);
	ASSERT_EQ(0, xen_route_write(self->x, &routes));

	irqfd = xen_irqfd(self->x, GSI);
	xen_eventfd_signal(irqfd);
	EXPECT_TRUE(xen_wait_for(*xen_upcall_pending(info(self, 0))));
	EXPECT_TRUE(TAKES(guest, 0));

	EXPECT_EQ(0, xen_order_bind_vcpu(self->x, guest, 1));
	xen_eventfd_signal(irqfd);
	EXPECT_TRUE(xen_wait_for(*xen_upcall_pending(info(self, 1))));
	EXPECT_TRUE(TAKES(guest, 1));

	close(irqfd);
	irqfd = xen_irqfd(self->x, GSI + 1);
	xen_eventfd_signal(irqfd);
	EXPECT_TRUE(xen_wait_for(*xen_upcall_pending(info(self, 1))));
	EXPECT_TRUE(TAKES(guest, 1));

	/* Closed by the guest: there is nobody. */
	EXPECT_EQ(0, xen_order_close(self->x, guest));
	xen_eventfd_signal(irqfd);
	usleep(100000);
	EXPECT_TRUE(is_quiet(self));
	close(irqfd);
}

TEST_F(vmm, raises_ports_of_the_guest_by_number)
{
	int64_t port = xen_order_bind_virq(self->x, VIRQ_DEBUG, 1);

	EXPECT_EQ(0, xen_send(self->x, port, KVM_XEN_EVTCHN_PORTS_VCPU));
	EXPECT_TRUE(TAKES(port, 1));
	EXPECT_EQ(-EINVAL, xen_send(self->x, port + 1, KVM_XEN_EVTCHN_PORTS_VCPU));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 1, KVM_XEN_EVTCHN_VMM_PORT));
	EXPECT_EQ(0, xen_order_close(self->x, port));
	EXPECT_EQ(-EINVAL, xen_send(self->x, port, KVM_XEN_EVTCHN_PORTS_VCPU));
}

TEST_F(vmm, checks_virqs)
{
	EXPECT_EQ(-EINVAL, xen_vmm_virq(self->x, XEN_NR_VIRQS, 0));
	EXPECT_EQ(0, xen_vmm_virq(self->x, VIRQ_TIMER, 0));
	EXPECT_EQ(0, xen_vmm_virq(self->x, VIRQ_TIMER, 77));
	EXPECT_TRUE(is_quiet(self));
}

static struct kvm_xen_evtchn_domain default_domain(int fd)
{
	return (struct kvm_xen_evtchn_domain) {
		.domid = XEN_GUEST_DOMID, .vmm_domid = XEN_VMM_DOMID, .changed_fd = fd,
	};
}

TEST_F(vmm, chooses_the_domain_ids)
{
	struct kvm_xen_evtchn_domain d = xen_get_domain(self->x);
	int64_t port;

	EXPECT_EQ(XEN_GUEST_DOMID, d.domid);
	EXPECT_EQ(XEN_VMM_DOMID, d.vmm_domid);
	EXPECT_EQ(-1, d.changed_fd);
	EXPECT_EQ(0, d.denied | d.vmm_ops);

	d.domid = 7;
	d.vmm_domid = 3;
	EXPECT_EQ(0, xen_set_domain(self->x, &d));
	port = xen_order_alloc(self->x, 7, 3);
	EXPECT_LT(0, port);
	EXPECT_EQ(3, xen_port_status(self->x, port).u.unbound_dom);
	EXPECT_EQ(-XEN_EPERM, xen_order_alloc(self->x, 3, 3));
	EXPECT_EQ(0, xen_set_domain(self->x, &d));
	d.domid = 8;
	EXPECT_EQ(-EBUSY, xen_set_domain(self->x, &d));
	EXPECT_EQ(7, xen_get_domain(self->x).domid);
	EXPECT_EQ(0, xen_order_close(self->x, port));
	EXPECT_EQ(0, xen_set_domain(self->x, &d));

	d.vmm_domid = 8;
	EXPECT_EQ(-EINVAL, xen_set_domain(self->x, &d));
	d.vmm_domid = DOMID_SELF;
	EXPECT_EQ(-EINVAL, xen_set_domain(self->x, &d));
}

TEST_F(vmm, is_signalled_at_changes)
{
	struct kvm_xen_evtchn_domain d = default_domain(self->fd);
	struct xen_port_status status;
	int64_t a, b;

	EXPECT_EQ(0, xen_set_domain(self->x, &d));
	EXPECT_EQ(self->fd, xen_get_domain(self->x).changed_fd);
	a = xen_order_alloc(self->x, DOMID_SELF, DOMID_SELF);
	EXPECT_EQ(1, xen_eventfd_take(self->fd));
	b = xen_order_bind_interdomain(self->x, DOMID_SELF, a);
	EXPECT_EQ(1, xen_eventfd_take(self->fd));
	EXPECT_EQ(0, xen_order_bind_vcpu(self->x, b, 1));
	EXPECT_EQ(1, xen_eventfd_take(self->fd));
	EXPECT_EQ(0, xen_order_close(self->x, a));
	EXPECT_EQ(1, xen_eventfd_take(self->fd));

	/* Neither a call that changes nothing, nor one that fails. */
	EXPECT_EQ(0, xen_order_status(self->x, DOMID_SELF, b, &status));
	EXPECT_EQ(-XEN_EINVAL, xen_order_close(self->x, a));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, b));
	EXPECT_EQ(0, xen_eventfd_take(self->fd));

	d.changed_fd = -1;
	EXPECT_EQ(0, xen_set_domain(self->x, &d));
	EXPECT_EQ(0, xen_order_close(self->x, b));
	EXPECT_EQ(0, xen_eventfd_take(self->fd));

	d.changed_fd = 9999;
	EXPECT_EQ(-EBADF, xen_set_domain(self->x, &d));
}

TEST_F(vmm, denies_operations_and_takes_them_over)
{
	struct kvm_xen_evtchn_domain d = default_domain(-1);
	int64_t port = xen_order_bind_ipi(self->x, 0);

	d.denied = 1 << EVTCHNOP_close;
	d.vmm_ops = 1 << EVTCHNOP_bind_ipi;
	EXPECT_EQ(0, xen_set_domain(self->x, &d));
	EXPECT_EQ(-XEN_EPERM, xen_order_close(self->x, port));
	EXPECT_TRUE(xen_order_exits(self->x, self->x->wide, __HYPERVISOR_event_channel_op,
				    EVTCHNOP_bind_ipi, XEN_ORDER_DATA, 5));
	EXPECT_EQ(EVTCHNSTAT_ipi, xen_port_status(self->x, port).status);

	EXPECT_EQ(0, xen_set_domain(self->x, &(struct kvm_xen_evtchn_domain) {
		.domid = XEN_GUEST_DOMID, .changed_fd = -1,
	}));
	EXPECT_EQ(0, xen_order_close(self->x, port));

	d.denied = 1 << EVTCHNOP_send;
	EXPECT_EQ(-EINVAL, xen_set_domain(self->x, &d));
	d.denied = 0;
	d.vmm_ops = 1 << EVTCHNOP_unmask;
	EXPECT_EQ(-EINVAL, xen_set_domain(self->x, &d));
}

/* The guest asks for a PIRQ's port; the VMM answers @result.  Returns the port that it gets. */
static uint32_t bind_pirq(FIXTURE_DATA(vmm) *self, int64_t result)
{
	struct xen_bind_pirq *arg = (void *)xen_get_order(self->x)->data;

	*arg = (struct xen_bind_pirq) { .pirq = PIRQ };
	TEST_ASSERT(xen_order_exits(self->x, self->x->wide, __HYPERVISOR_event_channel_op,
				    EVTCHNOP_bind_pirq, XEN_ORDER_DATA, result), "no exit");
	TEST_ASSERT_EQ(self->x->vcpu[0]->run->xen.u.hcall.params[2], arg->port);
	return arg->port;
}

TEST_F(vmm, may_provide_pirqs)
{
	struct kvm_xen_evtchn_domain d = default_domain(-1);
	struct xen_bind_pirq arg = { .pirq = PIRQ };
	uint32_t port;

	EXPECT_EQ(-XEN_EINVAL, xen_order_op(self->x, EVTCHNOP_bind_pirq, &arg, sizeof(arg)));

	d.vmm_ops = 1 << EVTCHNOP_bind_pirq;
	EXPECT_EQ(0, xen_set_domain(self->x, &d));
	port = bind_pirq(self, 0);
	EXPECT_EQ(EVTCHNSTAT_pirq, xen_port_status(self->x, port).status);
	EXPECT_EQ(PIRQ, xen_port_status(self->x, port).u.pirq);
	EXPECT_EQ(0, xen_order_bind_vcpu(self->x, port, 1));
	EXPECT_EQ(0, xen_send(self->x, port, KVM_XEN_EVTCHN_PORTS_VCPU));
	EXPECT_TRUE(TAKES(port, 1));
	EXPECT_EQ(-XEN_EINVAL, xen_order_send(self->x, self->x->wide, port));

	/* The VMM does not have it: the port is closed again. */
	port = bind_pirq(self, -XEN_EEXIST);
	EXPECT_EQ(EVTCHNSTAT_closed, xen_port_status(self->x, port).status);
}

static void expect_entry(struct __test_metadata *_metadata,
			 const struct kvm_xen_evtchn_port_entry *entry,
			 struct kvm_xen_evtchn_port_entry wanted)
{
	EXPECT_EQ(0, memcmp(entry, &wanted, sizeof(wanted))) {
		TH_LOG("port %u: state %u flags %#x priority %u domid %u peer %u vcpu %u fd %d",
		       entry->port, entry->state, entry->flags, entry->priority, entry->domid,
		       entry->peer, entry->vcpu, entry->fd);
	}
}

TEST_F(vmm, reads_all_ports)
{
	struct kvm_xen_evtchn_port_entry e[4];
	uint8_t priority = variant->fifo ? XEN_FIFO_OWN : 0;
	int64_t virq = xen_order_bind_virq(self->x, VIRQ_DEBUG, 1);
	int64_t closed = xen_order_bind_ipi(self->x, 0);
	int guest, vmm;

	connect(self, &guest, &vmm);
	ASSERT_EQ(0, xen_order_close(self->x, closed));
	EXPECT_EQ(0, xen_vmm_send(self->x, vmm));
	if (variant->fifo) {
		EXPECT_EQ(0, xen_order_set_priority(self->x, true, virq, 3));
		xen_fifo_mask(xen_fifo_word(self->x, virq));
	} else {
		xen_mask(self->x->shinfo, self->x->wide, virq);
	}

	EXPECT_EQ(2, xen_enumerate_ports(self->x, false, 0, e, 4));
	expect_entry(_metadata, &e[0], (struct kvm_xen_evtchn_port_entry) {
		.port = virq, .state = EVTCHNSTAT_virq, .flags = KVM_XEN_EVTCHN_MASKED,
		.priority = variant->fifo ? 3 : 0, .peer = VIRQ_DEBUG, .vcpu = 1, .fd = -1,
	});
	expect_entry(_metadata, &e[1], (struct kvm_xen_evtchn_port_entry) {
		.port = guest, .state = EVTCHNSTAT_interdomain,
		.flags = KVM_XEN_EVTCHN_PENDING | (variant->fifo ? KVM_XEN_EVTCHN_LINKED : 0),
		.priority = priority, .domid = XEN_VMM_DOMID, .peer = vmm, .fd = -1,
	});
	EXPECT_EQ(1, xen_enumerate_ports(self->x, false, virq + 1, e, 4));
	EXPECT_EQ(guest, e[0].port);
	EXPECT_EQ(2, xen_enumerate_ports(self->x, false, 0, NULL, 0));
	EXPECT_EQ(-EFAULT, xen_enumerate_ports(self->x, false, 0, NULL, 1));

	EXPECT_EQ(1, xen_enumerate_ports(self->x, true, 0, e, 4));
	expect_entry(_metadata, &e[0], (struct kvm_xen_evtchn_port_entry) {
		.port = vmm, .state = EVTCHNSTAT_interdomain, .domid = XEN_GUEST_DOMID,
		.peer = guest, .fd = self->fd,
	});
}

static int port_op(struct xen_vm *x, struct kvm_xen_evtchn_port op)
{
	return xen_vmm_port_op(x, &op);
}

TEST_F(vmm, gives_arguments_that_are_checked)
{
	struct kvm_xen_evtchn_port_entry e;
	uint32_t port;

	EXPECT_EQ(-EINVAL, port_op(self->x, (struct kvm_xen_evtchn_port) { .op = 6 }));
	EXPECT_EQ(-EINVAL, port_op(self->x, (struct kvm_xen_evtchn_port) { .op = ~0u }));
	EXPECT_EQ(-EFAULT, port_op(self->x, (struct kvm_xen_evtchn_port) { }));
	EXPECT_EQ(-EFAULT, port_op(self->x, (struct kvm_xen_evtchn_port) {
		.op = KVM_XEN_EVTCHN_PORT_ALLOC, .fd = self->fd, .port_addr = 1ull << 63,
	}));
	EXPECT_EQ(-EINVAL, port_op(self->x, (struct kvm_xen_evtchn_port) {
		.port_addr = (uintptr_t)&port, .pad0 = 1,
	}));
	EXPECT_EQ(-EINVAL, port_op(self->x, (struct kvm_xen_evtchn_port) {
		.port_addr = (uintptr_t)&port, .pad = { 0, 0, 0, 1 },
	}));
	EXPECT_EQ(-EINVAL, port_op(self->x, (struct kvm_xen_evtchn_port) {
		.port_addr = (uintptr_t)&port, .port = 1,
	}));
	EXPECT_EQ(-EINVAL, port_op(self->x, (struct kvm_xen_evtchn_port) {
		.op = KVM_XEN_EVTCHN_PORT_CLOSE, .port = 1, .virq = 1,
	}));
	EXPECT_EQ(-EINVAL, port_op(self->x, (struct kvm_xen_evtchn_port) {
		.op = KVM_XEN_EVTCHN_PORT_CLOSE, .port = 1, .port_addr = (uintptr_t)&port,
	}));
	EXPECT_EQ(-EBADF, xen_vmm_alloc(self->x, 9999));
	EXPECT_EQ(-EINVAL, xen_vmm_alloc(self->x, self->x->vm->fd));

	/* None of these has left a port behind. */
	EXPECT_EQ(0, xen_enumerate_ports(self->x, false, 0, &e, 1));
	EXPECT_EQ(0, xen_enumerate_ports(self->x, true, 0, &e, 1));
}

TEST_F(vmm, leaves_the_table_to_kvm_once_and_for_all)
{
	struct kvm_xen_evtchn_enum all = { };
	uint32_t fifo = variant->fifo ? KVM_XEN_HVM_CONFIG_EVTCHN_FIFO : 0;

	EXPECT_EQ(-EBUSY, xen_bind_ipi(self->x, 9, 0));
	EXPECT_EQ(-EBUSY, xen_unbind(self->x, 9));
	EXPECT_EQ(-EBUSY, xen_config(self->x, fifo | KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
						   KVM_XEN_HVM_CONFIG_EVTCHN_SEND));
	EXPECT_EQ(0, xen_config(self->x, fifo | XEN_DOMAIN_FLAGS |
						  KVM_XEN_HVM_CONFIG_EVTCHN_ENUM));
	EXPECT_EQ(-EBUSY, xen_vm_arg(self->x, false, KVM_XEN_ATTR_TYPE_EVTCHN_ENUM, &all));
}

TEST(the_flag_needs_the_calls_and_no_registered_port)
{
	struct xen_vm *x = xen_vm_create(1, true, xen_guest_obey);
	struct kvm_xen_evtchn_domain d = default_domain(-1);

	EXPECT_TRUE(xen_caps() & KVM_XEN_HVM_CONFIG_EVTCHN_PORTS);
	EXPECT_EQ(-ENOENT, xen_set_domain(x, &d));
	EXPECT_EQ(-ENOENT, xen_vmm_alloc(x, -1));
	EXPECT_EQ(-EINVAL, xen_send(x, 1, KVM_XEN_EVTCHN_VMM_PORT));
	EXPECT_EQ(-EINVAL, xen_config(x, KVM_XEN_HVM_CONFIG_EVTCHN_PORTS |
					 KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL));
	EXPECT_EQ(-EINVAL, xen_config(x, KVM_XEN_HVM_CONFIG_EVTCHN_PORTS |
					 KVM_XEN_HVM_CONFIG_EVTCHN_SEND));
	ASSERT_EQ(0, xen_bind_ipi(x, 9, 0));
	EXPECT_EQ(-EBUSY, xen_config(x, XEN_DOMAIN_FLAGS));
	ASSERT_EQ(0, xen_unbind(x, 9));
	EXPECT_EQ(0, xen_config(x, XEN_DOMAIN_FLAGS));
	EXPECT_EQ(0, xen_set_domain(x, &d));
	xen_vm_free(x);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
