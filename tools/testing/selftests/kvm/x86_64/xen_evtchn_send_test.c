// SPDX-License-Identifier: GPL-2.0
/*
 * Sending events with the 2-level ABI: by hypercall, by ioctl and by irqfd, to
 * ports and to eventfds.
 *
 * If this fails, events of guests or of their devices are lost, or arrive at
 * other ports or vCPUs than they were sent to.
 */
#include <string.h>
#include <sys/eventfd.h>

#include "xen_harness.h"
#include "xen.h"

static volatile uint32_t upcalls;

static void vm_upcall(struct ex_regs *regs)
{
	upcalls++;
	WRITE_ONCE(*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(1)), 0);
}

/* A second vCPU, asleep until it is notified of an event. */
static void guest_code_sleeps(void)
{
	while (!upcalls)
		xen_guest_halt();
	GUEST_SYNC(1);
	GUEST_DONE();
}

static void guest_code_sends_all(uint64_t wide)
{
	uint32_t port;

	for (port = 1; port < xen_nr_ports(wide); port++)
		GUEST_ASSERT_EQ(xen_guest_send(wide, port), 0);
	GUEST_SYNC(1);
}

FIXTURE(send) {
	struct xen_vm *x;
	void *shinfo;
	uint32_t nr_ports;
};

FIXTURE_VARIANT(send) {
	bool wide;
};

FIXTURE_VARIANT_ADD(send, wide) {
	.wide = true,
};

FIXTURE_VARIANT_ADD(send, narrow) {
	.wide = false,
};

FIXTURE_SETUP(send)
{
	self->x = xen_vm_create(2, variant->wide, xen_guest_obey);
	self->shinfo = self->x->shinfo;
	self->nr_ports = xen_nr_ports(variant->wide);
}

FIXTURE_TEARDOWN(send)
{
	xen_vm_free(self->x);
}

static uint64_t vcpu_sel(struct xen_vm *x, unsigned int vcpu)
{
	return xen_sel(xen_vcpu_info(x, vcpu), x->wide);
}

/* The ports in [1, nr) that are pending; port 0 counts as a million. */
static unsigned int nr_pending(FIXTURE_DATA(send) *self)
{
	unsigned int nr = xen_is_pending(self->shinfo, 0) ? 1000000 : 0;
	uint32_t port;

	for (port = 1; port < self->nr_ports; port++)
		nr += xen_is_pending(self->shinfo, port);
	return nr;
}

static uint64_t eventfd_count(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* Whether a send by the guest on @port goes to the VMM. */
static bool send_exits(struct xen_vm *x, uint32_t port)
{
	*(uint32_t *)xen_get_order(x)->data = port;
	return xen_order_exits(x, x->wide, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
			       XEN_ORDER_DATA, -XEN_ENOENT);
}

TEST_F(send, by_hypercall_reaches_every_port)
{
	uint32_t port;

	for (port = 1; port < self->nr_ports; port++)
		ASSERT_EQ(0, xen_bind_ipi(self->x, port, 0));
	vcpu_args_set(self->x->vcpu[0], 1, (uint64_t)variant->wide);
	xen_set_entry_point(self->x->vcpu[0], guest_code_sends_all);
	ASSERT_EQ(1, xen_step(self->x->vcpu[0]));
	EXPECT_EQ(self->nr_ports - 1, nr_pending(self));
	EXPECT_EQ(variant->wide ? UINT64_MAX : UINT32_MAX, vcpu_sel(self->x, 0));
	EXPECT_EQ(0, vcpu_sel(self->x, 1));
}

TEST_F(send, by_ioctl_reaches_every_port_and_sets_its_bit_of_the_selector_alone)
{
	uint32_t port, bit;

	for (port = 1; port < self->nr_ports; port++) {
		xen_take_sel(xen_vcpu_info(self->x, 0), variant->wide);
		ASSERT_EQ(0, xen_send(self->x, port, 0));
		bit = port / (variant->wide ? 64 : 32);
		ASSERT_EQ(1ull << bit, vcpu_sel(self->x, 0));
	}
	EXPECT_EQ(self->nr_ports - 1, nr_pending(self));
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(self->x, 0)));
}

TEST_F(send, by_irqfd_reaches_the_port_and_vcpu_of_its_route)
{
	static const uint32_t ports[] = { 1, 31, 32, 63, 64, 1023, 1024, 2047, 4095 };
	struct xen_routes routes = {};
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(ports) && ports[i] < self->nr_ports; i++)
		xen_route_add(&routes, 30 + i, ports[i], i % 2);
	ASSERT_EQ(0, xen_route_write(self->x, &routes));

	for (i = 0; i < ARRAY_SIZE(ports) && ports[i] < self->nr_ports; i++) {
		fd = xen_irqfd(self->x, 30 + i);
		ASSERT_EQ(0, eventfd_write(fd, 1));
		ASSERT_TRUE(xen_wait_for(xen_is_pending(self->shinfo, ports[i])));
		ASSERT_TRUE(xen_wait_for(vcpu_sel(self->x, i % 2) &
					 xen_sel_bit(variant->wide, ports[i])));
	}
	EXPECT_EQ(i, nr_pending(self));
}

TEST_F(send, on_a_loopback_arrives_at_the_other_port)
{
	ASSERT_EQ(0, xen_bind_loopback(self->x, 10, 200, 1));
	EXPECT_EQ(0, xen_order_send(self->x, variant->wide, 10));
	EXPECT_TRUE(xen_is_pending(self->shinfo, 200));
	EXPECT_EQ(1, nr_pending(self));
	EXPECT_EQ(xen_sel_bit(variant->wide, 200), vcpu_sel(self->x, 1));
	EXPECT_EQ(0, vcpu_sel(self->x, 0));
}

TEST_F(send, works_from_code_of_the_other_width)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 10, 1));
	EXPECT_EQ(0, xen_order_send(self->x, !variant->wide, 10));
	EXPECT_TRUE(xen_is_pending(self->shinfo, 10));
	EXPECT_EQ(xen_sel_bit(variant->wide, 10), vcpu_sel(self->x, 1));
}

TEST_F(send, to_an_eventfd_signals_it_each_time)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	int i;

	ASSERT_EQ(0, xen_bind_eventfd(self->x, 10, fd));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, xen_order_send(self->x, variant->wide, 10));
	EXPECT_EQ(3, eventfd_count(fd));
	EXPECT_EQ(0, nr_pending(self));
}

TEST_F(send, to_an_eventfd_goes_on_after_the_vmm_closed_its_descriptor)
{
	int fd = eventfd(0, EFD_NONBLOCK), kept = dup(fd);

	ASSERT_EQ(0, xen_bind_eventfd(self->x, 10, fd));
	close(fd);
	EXPECT_EQ(0, xen_order_send(self->x, variant->wide, 10));
	EXPECT_EQ(1, eventfd_count(kept));
}

TEST_F(send, on_a_masked_port_sets_pending_and_notifies_no_vcpu)
{
	xen_mask(self->shinfo, variant->wide, 10);
	ASSERT_EQ(0, xen_bind_ipi(self->x, 10, 0));
	EXPECT_EQ(0, xen_order_send(self->x, variant->wide, 10));
	EXPECT_TRUE(xen_is_pending(self->shinfo, 10));
	EXPECT_EQ(0, vcpu_sel(self->x, 0));
	EXPECT_EQ(0, *xen_upcall_pending(xen_vcpu_info(self->x, 0)));
	EXPECT_EQ(0, xen_send(self->x, 10, 0));

	/* Unmasked by the guest, it stays pending: no send raises it again. */
	xen_unmask(self->shinfo, variant->wide, 10);
	EXPECT_EQ(0, xen_send(self->x, 10, 0));
	EXPECT_EQ(0, vcpu_sel(self->x, 0));
}

TEST_F(send, on_a_pending_port_succeeds_and_notifies_no_vcpu_again)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 10, 0));
	EXPECT_EQ(0, xen_order_send(self->x, variant->wide, 10));
	xen_take_sel(xen_vcpu_info(self->x, 0), variant->wide);
	EXPECT_EQ(0, xen_order_send(self->x, variant->wide, 10));
	EXPECT_EQ(0, xen_send(self->x, 10, 0));
	EXPECT_EQ(0, vcpu_sel(self->x, 0));
}

TEST_F(send, wakes_the_vcpu_it_goes_to)
{
	struct xen_runner r;

	xen_set_entry_point(self->x->vcpu[1], guest_code_sleeps);
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, vm_upcall);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	ASSERT_EQ(0, xen_bind_ipi(self->x, 10, 1));
	xen_runner_start(&r, self->x->vcpu[1]);
	ASSERT_TRUE(xen_runner_blocks(&r));
	EXPECT_EQ(0, xen_order_send(self->x, variant->wide, 10));
	EXPECT_TRUE(xen_runner_reaches(&r, 1));
	xen_runner_stop(&r);
}

TEST_F(send, on_a_port_nobody_registered_is_for_the_vmm)
{
	EXPECT_TRUE(send_exits(self->x, 10));
	EXPECT_TRUE(send_exits(self->x, 0));
	EXPECT_TRUE(send_exits(self->x, UINT32_MAX));
	EXPECT_EQ(0, nr_pending(self));
}

TEST_F(send, is_the_only_operation_on_ports_in_the_kernel)
{
	static const uint32_t ops[] = {
		EVTCHNOP_bind_interdomain, EVTCHNOP_close, EVTCHNOP_status,
		EVTCHNOP_init_control, 1000,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		EXPECT_TRUE(xen_order_exits(self->x, variant->wide, __HYPERVISOR_event_channel_op,
					    ops[i], XEN_ORDER_DATA, -XEN_ENOSYS));
}

TEST_F(send, whose_argument_cannot_be_read_is_refused)
{
	EXPECT_EQ(-XEN_EFAULT, xen_order(self->x, variant->wide, __HYPERVISOR_event_channel_op,
					 EVTCHNOP_send, 0x7ffff000, 0));
}

TEST_F(send, after_a_port_was_taken_away_is_for_the_vmm)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 10, 0));
	ASSERT_EQ(0, xen_bind_ipi(self->x, 11, 0));
	ASSERT_EQ(0, xen_unbind(self->x, 10));
	EXPECT_TRUE(send_exits(self->x, 10));
	EXPECT_EQ(0, xen_order_send(self->x, variant->wide, 11));
	ASSERT_EQ(0, xen_reset_ports(self->x));
	EXPECT_TRUE(send_exits(self->x, 11));
	EXPECT_EQ(0, xen_bind_ipi(self->x, 11, 0));
	EXPECT_EQ(0, xen_order_send(self->x, variant->wide, 11));
}

TEST_F(send, to_a_vcpu_that_is_not_there_is_for_the_vmm)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 10, 77));
	EXPECT_TRUE(send_exits(self->x, 10));
	EXPECT_EQ(0, nr_pending(self));
}

TEST_F(send, by_ioctl_refuses_ports_priorities_and_vcpus_that_do_not_exist)
{
	struct kvm_irq_routing_xen_evtchn event = { 10, 0, 0 };

	EXPECT_EQ(-EINVAL, xen_send(self->x, 0, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, self->nr_ports, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, UINT32_MAX, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 10, 77));
	EXPECT_EQ(-1, __vm_ioctl(self->x->vm, KVM_XEN_HVM_EVTCHN_SEND, &event));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, nr_pending(self));
}

TEST_F(send, registration_refuses_what_cannot_be_sent_to)
{
	uint32_t type;

	EXPECT_EQ(-EINVAL, xen_bind_ipi(self->x, 0, 0));
	EXPECT_EQ(-EINVAL, xen_bind_ipi(self->x, self->nr_ports, 0));
	EXPECT_EQ(-EINVAL, xen_evtchn(self->x, 0, 10, EVTCHNSTAT_ipi, 11, 0));
	EXPECT_EQ(-EINVAL, xen_bind_loopback(self->x, 10, self->nr_ports, 0));
	EXPECT_EQ(-EBADF, xen_bind_eventfd(self->x, 10, -1));
	EXPECT_EQ(-EINVAL, xen_bind_eventfd(self->x, 10, 0));
	for (type = 0; type < 8; type++)
		if (type != EVTCHNSTAT_ipi && type != EVTCHNSTAT_interdomain)
			EXPECT_EQ(-EINVAL, xen_evtchn(self->x, 0, 10, type, 10, 0));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 10));
	EXPECT_TRUE(send_exits(self->x, 10));
}

TEST_F(send, registration_refuses_another_priority)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.send_port = 10,
			.type = EVTCHNSTAT_ipi,
			.deliver.port = { 10, 0, 7 },
		},
	};

	EXPECT_EQ(-EINVAL, xen_vm_set(self->x, &attr));
	attr.u.evtchn.type = EVTCHNSTAT_interdomain;
	EXPECT_EQ(-EINVAL, xen_vm_set(self->x, &attr));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 10));
}

TEST_F(send, registration_of_a_port_twice_is_refused)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 10, 0));
	EXPECT_EQ(-EEXIST, xen_bind_ipi(self->x, 10, 0));
	EXPECT_EQ(-EEXIST, xen_bind_loopback(self->x, 10, 12, 0));
	EXPECT_EQ(0, xen_unbind(self->x, 10));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 10));
}

TEST_F(send, registration_cannot_be_read_through_its_attribute)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn.send_port = 10,
	};

	ASSERT_EQ(0, xen_bind_ipi(self->x, 10, 0));
	EXPECT_EQ(-ENOENT, xen_vm_get(self->x, &attr));
}

/* As with MSIs, a route may name what is not there; nothing is delivered. */
TEST_F(send, by_a_route_out_of_range_does_nothing)
{
	struct xen_routes routes = {};
	int far, nobody, good;

	xen_route_add(&routes, 30, self->nr_ports, 0);
	xen_route_add(&routes, 31, 10, 77);
	xen_route_add(&routes, 32, 11, 0);
	ASSERT_EQ(0, xen_route_write(self->x, &routes));
	far = xen_irqfd(self->x, 30);
	nobody = xen_irqfd(self->x, 31);
	good = xen_irqfd(self->x, 32);
	EXPECT_EQ(0, eventfd_write(far, 1));
	EXPECT_EQ(0, eventfd_write(nobody, 1));
	EXPECT_EQ(0, eventfd_write(good, 1));
	EXPECT_TRUE(xen_wait_for(xen_is_pending(self->shinfo, 11)));
	EXPECT_EQ(1, nr_pending(self));
	EXPECT_EQ(0, vcpu_sel(self->x, 1));
}

TEST_F(send, by_a_route_of_another_priority_is_refused)
{
	struct xen_routes routes = {};

	xen_route_add(&routes, 30, 10, 0);
	routes.table->entries[0].u.xen_evtchn.priority = 0;
	EXPECT_EQ(-EINVAL, xen_route_write(self->x, &routes));
}

TEST_F(send, on_a_port_that_a_switch_of_mode_took_away_is_for_the_vmm)
{
	if (!variant->wide)
		return;

	ASSERT_EQ(0, xen_bind_ipi(self->x, 4000, 0));
	EXPECT_EQ(0, xen_order_send(self->x, true, 4000));
	xen_clear_pending(self->shinfo, 4000);
	ASSERT_EQ(0, xen_set_long_mode(self->x, false));
	EXPECT_TRUE(send_exits(self->x, 4000));
	EXPECT_FALSE(xen_is_pending(self->shinfo, 4000));
}

TEST_F(send, after_shared_info_was_taken_away_fails)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 10, 0));
	ASSERT_EQ(0, xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
	EXPECT_GT(0, xen_send(self->x, 10, 0));
	EXPECT_TRUE(send_exits(self->x, 10));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
