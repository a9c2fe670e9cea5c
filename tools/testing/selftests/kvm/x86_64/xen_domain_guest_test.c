// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's event channels that KVM keeps: each call and each of its results, by either
 * ABI, out of code of either width; none of them exits.
 *
 * If this fails, a guest gets another answer than Xen's, or events go where they should
 * not.  Stock 6.12 leaves these calls to the VMM.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen_domain.h"

#define NOWHERE		0x7ffff000ull
#define READONLY_GPA	0xcc000000ull
#define READONLY_SLOT	20

FIXTURE(guest) {
	struct xen_vm *x;
	struct xen_fifo_consumer c[2];
	uint32_t nr_ports;
};

FIXTURE_VARIANT(guest) {
	bool wide;
	bool fifo;
};

FIXTURE_VARIANT_ADD(guest, wide) { .wide = true };
FIXTURE_VARIANT_ADD(guest, narrow) { .wide = false };
FIXTURE_VARIANT_ADD(guest, fifo) { .wide = true, .fifo = true };

FIXTURE_SETUP(guest)
{
	self->x = xen_domain_vm_obeying(variant->wide, variant->fifo, self->c);
	self->nr_ports = variant->fifo ? XEN_FIFO_MAX_PORT + 1 : xen_nr_ports(variant->wide);
}

FIXTURE_TEARDOWN(guest)
{
	xen_vm_free(self->x);
}

#define TAKES(port, vcpu)	xen_domain_takes(self->x, self->c, variant->fifo, port, vcpu)
#define IS_PENDING(port)	xen_domain_is_pending(self->x, variant->fifo, port)

TEST_F(guest, sends_itself_ipis)
{
	int64_t a = xen_order_bind_ipi(self->x, 0), b = xen_order_bind_ipi(self->x, 1);

	EXPECT_EQ(1, a);
	EXPECT_EQ(2, b);
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, b));
	EXPECT_TRUE(TAKES(b, 1));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, a));
	EXPECT_TRUE(TAKES(a, 0));
	EXPECT_EQ(EVTCHNSTAT_ipi, xen_port_status(self->x, b).status);
	EXPECT_EQ(1, xen_port_status(self->x, b).vcpu);
}

TEST_F(guest, sends_through_a_loopback_to_the_other_ends_vcpu)
{
	int64_t a = xen_order_alloc(self->x, DOMID_SELF, DOMID_SELF), b;
	struct xen_port_status status;

	ASSERT_LT(0, a);
	status = xen_port_status(self->x, a);
	EXPECT_EQ(EVTCHNSTAT_unbound, status.status);
	EXPECT_EQ(XEN_GUEST_DOMID, status.u.unbound_dom);

	/* Nobody is there yet: an event is lost, and binding raises one. */
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, a));
	b = xen_order_bind_interdomain(self->x, DOMID_SELF, a);
	ASSERT_LT(0, b);
	EXPECT_TRUE(TAKES(b, 0));

	status = xen_port_status(self->x, b);
	EXPECT_EQ(EVTCHNSTAT_interdomain, status.status);
	EXPECT_EQ(XEN_GUEST_DOMID, status.u.interdomain.dom);
	EXPECT_EQ(a, status.u.interdomain.port);
	EXPECT_EQ(b, xen_port_status(self->x, a).u.interdomain.port);

	EXPECT_EQ(0, xen_order_bind_vcpu(self->x, b, 1));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, a));
	EXPECT_TRUE(TAKES(b, 1));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, b));
	EXPECT_TRUE(TAKES(a, 0));
	EXPECT_EQ(1, xen_port_status(self->x, b).vcpu);
	EXPECT_EQ(0, xen_port_status(self->x, a).vcpu);

	/* Closing one end leaves the other to be bound again, by this domain. */
	EXPECT_EQ(0, xen_order_close(self->x, a));
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, b));
	EXPECT_FALSE(IS_PENDING(a));
	status = xen_port_status(self->x, b);
	EXPECT_EQ(EVTCHNSTAT_unbound, status.status);
	EXPECT_EQ(XEN_GUEST_DOMID, status.u.unbound_dom);
	EXPECT_EQ(EVTCHNSTAT_closed, xen_port_status(self->x, a).status);
}

TEST_F(guest, may_bind_both_ends_to_one_port_only_once)
{
	int64_t a = xen_order_alloc(self->x, DOMID_SELF, DOMID_SELF);

	EXPECT_LT(0, xen_order_bind_interdomain(self->x, DOMID_SELF, a));
	EXPECT_EQ(-XEN_EINVAL, xen_order_bind_interdomain(self->x, DOMID_SELF, a));
}

TEST_F(guest, gets_virqs)
{
	int64_t timer = xen_order_bind_virq(self->x, VIRQ_TIMER, 1), console;

	ASSERT_LT(0, timer);
	EXPECT_EQ(-XEN_EEXIST, xen_order_bind_virq(self->x, VIRQ_TIMER, 1));
	EXPECT_LT(0, xen_order_bind_virq(self->x, VIRQ_TIMER, 0));
	EXPECT_EQ(EVTCHNSTAT_virq, xen_port_status(self->x, timer).status);
	EXPECT_EQ(VIRQ_TIMER, xen_port_status(self->x, timer).u.virq);
	EXPECT_EQ(1, xen_port_status(self->x, timer).vcpu);

	EXPECT_EQ(0, xen_vmm_virq(self->x, VIRQ_TIMER, 1));
	EXPECT_TRUE(TAKES(timer, 1));

	/* One of the domain's may move, one of a vCPU may not. */
	console = xen_order_bind_virq(self->x, VIRQ_CONSOLE, 0);
	ASSERT_LT(0, console);
	EXPECT_EQ(0, xen_order_bind_vcpu(self->x, console, 1));
	EXPECT_EQ(0, xen_vmm_virq(self->x, VIRQ_CONSOLE, 0));
	EXPECT_TRUE(TAKES(console, 1));
	EXPECT_EQ(-XEN_EINVAL, xen_order_bind_vcpu(self->x, timer, 0));

	/* Closed, it is raised no more, and can be bound again. */
	EXPECT_EQ(0, xen_order_close(self->x, console));
	EXPECT_EQ(0, xen_vmm_virq(self->x, VIRQ_CONSOLE, 0));
	EXPECT_FALSE(IS_PENDING(console));
	EXPECT_LT(0, xen_order_bind_virq(self->x, VIRQ_CONSOLE, 0));
}

TEST_F(guest, has_timers_without_the_vmm)
{
	int64_t port = xen_order_bind_virq(self->x, VIRQ_TIMER, 0);

	ASSERT_LT(0, port);
	EXPECT_EQ(0, xen_order(self->x, true, __HYPERVISOR_set_timer_op, 1, 0, 0));
	EXPECT_TRUE(TAKES(port, 0));

	/* It also expires where no port is bound, and raises nothing. */
	EXPECT_EQ(0, xen_order_close(self->x, port));
	EXPECT_EQ(0, xen_order(self->x, true, __HYPERVISOR_set_timer_op, 1, 0, 0));
	EXPECT_FALSE(IS_PENDING(port));
	EXPECT_FALSE(*xen_upcall_pending(xen_vcpu_info(self->x, 0)));
}

static void set_masked(FIXTURE_DATA(guest) *self, bool fifo, uint32_t port)
{
	if (fifo)
		xen_fifo_mask(xen_fifo_word(self->x, port));
	else
		xen_mask(self->x->shinfo, self->x->wide, port);
}

TEST_F(guest, unmasks_for_the_vcpu_that_has_the_port_now)
{
	int64_t a = xen_order_alloc(self->x, DOMID_SELF, DOMID_SELF);
	int64_t b = xen_order_bind_interdomain(self->x, DOMID_SELF, a);

	ASSERT_LT(0, b);
	EXPECT_TRUE(TAKES(b, 0));
	set_masked(self, variant->fifo, b);
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, a));
	EXPECT_FALSE(*xen_upcall_pending(xen_vcpu_info(self->x, 0)));

	EXPECT_EQ(0, xen_order_bind_vcpu(self->x, b, 1));
	EXPECT_EQ(0, xen_order_unmask(self->x, self->x->wide, b));
	EXPECT_TRUE(TAKES(b, 1));
	EXPECT_EQ(-XEN_EINVAL, xen_order_unmask(self->x, self->x->wide, b + 1));
}

/* FIFO keeps an event whose port has no word yet. */
TEST_F(guest, moves_an_event_that_is_kept_along_with_its_port)
{
	int64_t a = xen_order_alloc(self->x, DOMID_SELF, DOMID_SELF), b;

	if (!variant->fifo)
		SKIP(return, "2-level has a bit for each port");

	do {
		b = xen_order_bind_ipi(self->x, 0);
	} while (b < XEN_FIFO_PAGE_PORTS - 1);
	b = xen_order_bind_interdomain(self->x, DOMID_SELF, a);
	ASSERT_EQ(XEN_FIFO_PAGE_PORTS, b);
	EXPECT_EQ(0, xen_order_bind_vcpu(self->x, b, 1));
	EXPECT_EQ(0, xen_order_expand_array(self->x, true, XEN_ARRAY_GFN(1)));
	EXPECT_TRUE(TAKES(b, 1));
}

TEST_F(guest, gets_a_port_without_the_past_of_its_number)
{
	int64_t port = xen_order_bind_ipi(self->x, 0), again;
	unsigned int i;

	set_masked(self, variant->fifo, port);
	EXPECT_EQ(0, xen_order_send(self->x, self->x->wide, port));
	EXPECT_TRUE(IS_PENDING(port));
	EXPECT_EQ(0, xen_order_close(self->x, port));
	EXPECT_FALSE(IS_PENDING(port));

	/* A grace period has to pass before the number is used again. */
	for (i = 0; i < 1000; i++) {
		again = xen_order_bind_ipi(self->x, 1);
		if (again == port)
			break;
		ASSERT_EQ(0, xen_order_close(self->x, again));
	}
	EXPECT_EQ(port, again);
	EXPECT_FALSE(IS_PENDING(port));
	EXPECT_EQ(1, xen_port_status(self->x, port).vcpu);
}

TEST_F(guest, does_not_get_a_port_that_is_on_a_queue)
{
	int64_t port = xen_order_bind_ipi(self->x, 0), other;
	unsigned int i;

	if (!variant->fifo)
		SKIP(return, "2-level has no queues");

	EXPECT_EQ(0, xen_order_send(self->x, true, port));
	EXPECT_EQ(0, xen_order_close(self->x, port));
	EXPECT_TRUE(*xen_fifo_word(self->x, port) & XEN_FIFO_LINKED);
	for (i = 0; i < 100; i++) {
		other = xen_order_bind_ipi(self->x, 1);
		EXPECT_NE(port, other);
		usleep(1000);
	}

	/* The guest takes it off: it finds no event. */
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));
	EXPECT_TRUE(xen_wait_for(xen_order_bind_ipi(self->x, 1) == port));
}

TEST_F(guest, cannot_use_what_is_not_there)
{
	struct xen_port_status status;
	int64_t ipi = xen_order_bind_ipi(self->x, 0);
	uint32_t port = 77;

	EXPECT_EQ(-XEN_EINVAL, xen_order_send(self->x, self->x->wide, port));
	EXPECT_EQ(-XEN_EINVAL, xen_order_send(self->x, self->x->wide, 0));
	EXPECT_EQ(-XEN_EINVAL, xen_order_close(self->x, port));
	EXPECT_EQ(-XEN_EINVAL, xen_order_close(self->x, 0));
	EXPECT_EQ(-XEN_EINVAL, xen_order_close(self->x, self->nr_ports));
	EXPECT_EQ(-XEN_EINVAL, xen_order_bind_vcpu(self->x, port, 0));
	EXPECT_EQ(-XEN_ENOENT, xen_order_bind_vcpu(self->x, port, 2));
	EXPECT_EQ(-XEN_EINVAL, xen_order_bind_vcpu(self->x, ipi, 1));
	EXPECT_EQ(-XEN_ENOENT, xen_order_bind_ipi(self->x, 2));
	EXPECT_EQ(-XEN_EINVAL, xen_order_bind_virq(self->x, XEN_NR_VIRQS, 0));
	EXPECT_EQ(-XEN_EINVAL, xen_order_bind_virq(self->x, VIRQ_CONSOLE, 1));
	EXPECT_EQ(-XEN_ENOENT, xen_order_bind_virq(self->x, VIRQ_TIMER, 2));
	EXPECT_EQ(-XEN_EINVAL, xen_order_bind_interdomain(self->x, DOMID_SELF, port));
	EXPECT_EQ(-XEN_EINVAL, xen_order_bind_interdomain(self->x, DOMID_SELF, ipi));
	EXPECT_EQ(-XEN_EINVAL, xen_order_bind_interdomain(self->x, XEN_VMM_DOMID, 1));
	EXPECT_EQ(-XEN_EINVAL, xen_order_status(self->x, DOMID_SELF, self->nr_ports, &status));
	EXPECT_EQ(0, xen_order_status(self->x, DOMID_SELF, self->nr_ports - 1, &status));
	EXPECT_EQ(EVTCHNSTAT_closed, status.status);
}

TEST_F(guest, acts_for_itself_only)
{
	struct xen_port_status status;

	EXPECT_EQ(-XEN_EPERM, xen_order_alloc(self->x, XEN_VMM_DOMID, DOMID_SELF));
	EXPECT_EQ(-XEN_ESRCH, xen_order_alloc(self->x, 5, DOMID_SELF));
	EXPECT_LT(0, xen_order_alloc(self->x, XEN_GUEST_DOMID, 5));
	EXPECT_EQ(-XEN_ESRCH, xen_order_bind_interdomain(self->x, 5, 1));
	EXPECT_EQ(-XEN_EPERM, xen_order_status(self->x, XEN_VMM_DOMID, 1, &status));
	EXPECT_EQ(-XEN_ESRCH, xen_order_status(self->x, 5, 1, &status));
	EXPECT_EQ(0, xen_order_status(self->x, XEN_GUEST_DOMID, 1, &status));
	EXPECT_EQ(-XEN_EPERM, xen_order_reset(self->x, XEN_VMM_DOMID));
	EXPECT_EQ(-XEN_ESRCH, xen_order_reset(self->x, 5));
}

static int64_t order_at(struct xen_vm *x, uint32_t op, uint64_t gva)
{
	return xen_order(x, x->wide, __HYPERVISOR_event_channel_op, op, gva, 0);
}

TEST_F(guest, gets_an_error_for_bad_memory)
{
	static const uint32_t ops[] = {
		EVTCHNOP_bind_interdomain, EVTCHNOP_bind_virq, EVTCHNOP_bind_pirq, EVTCHNOP_close,
		EVTCHNOP_send, EVTCHNOP_status, EVTCHNOP_alloc_unbound, EVTCHNOP_bind_ipi,
		EVTCHNOP_bind_vcpu, EVTCHNOP_unmask, EVTCHNOP_reset,
	};
	struct kvm_xen_evtchn_port_entry entry;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		EXPECT_EQ(-XEN_EFAULT, order_at(self->x, ops[i], NOWHERE));

	/* A result that cannot be stored leaves no port behind. */
	vm_userspace_mem_region_add(self->x->vm, VM_MEM_SRC_ANONYMOUS, READONLY_GPA,
				    READONLY_SLOT, 1, KVM_MEM_READONLY);
	virt_map(self->x->vm, READONLY_GPA, READONLY_GPA, 1);
	EXPECT_EQ(-XEN_EFAULT, order_at(self->x, EVTCHNOP_bind_ipi, READONLY_GPA));
	EXPECT_EQ(0, xen_enumerate_ports(self->x, false, 0, &entry, 1));
}

TEST_F(guest, resets_all_ports)
{
	uint32_t i;

	for (i = 0; i < 40; i++)
		ASSERT_LT(0, xen_order_bind_ipi(self->x, i & 1));
	ASSERT_LT(0, xen_order_bind_virq(self->x, VIRQ_TIMER, 1));
	EXPECT_EQ(0, xen_order_reset(self->x, DOMID_SELF));
	for (i = 1; i < 42; i++)
		EXPECT_EQ(EVTCHNSTAT_closed, xen_port_status(self->x, i).status);

	/* Back at 2-level, as a new guest. */
	EXPECT_LT(0, xen_order_bind_virq(self->x, VIRQ_TIMER, 1));
	if (variant->fifo)
		EXPECT_EQ(-XEN_EOPNOTSUPP, xen_order_expand_array(self->x, true,
								  XEN_ARRAY_GFN(0)));
}

TEST_F(guest, runs_out_of_ports)
{
	uint32_t limit = variant->fifo ? 3000 : self->nr_ports - 1, i;
	struct kvm_xen_evtchn_limit arg = { .max_port = limit };

	if (variant->fifo)
		ASSERT_EQ(0, xen_vm_arg(self->x, true, KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT, &arg));
	for (i = 1; i <= limit; i++)
		ASSERT_EQ(i, xen_order_bind_ipi(self->x, 0));
	EXPECT_EQ(-XEN_ENOSPC, xen_order_bind_ipi(self->x, 0));

	/* One that is closed can be had at once: nothing else is left. */
	EXPECT_EQ(0, xen_order_close(self->x, limit / 2));
	EXPECT_EQ(limit / 2, xen_order_bind_ipi(self->x, 1));

	arg.max_port = limit - 1;
	if (variant->fifo)
		EXPECT_EQ(-EBUSY, xen_vm_arg(self->x, true, KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT, &arg));
}

TEST_F(guest, goes_on_where_its_pages_are_gone)
{
	int64_t port = xen_order_bind_ipi(self->x, 0);

	if (variant->fifo)
		SKIP(return, "FIFO saves the event");

	ASSERT_EQ(0, xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
	EXPECT_EQ(-XEN_EINVAL, xen_order_send(self->x, self->x->wide, port));
	EXPECT_EQ(0, xen_order_close(self->x, port));
	EXPECT_LT(0, xen_order_bind_ipi(self->x, 1));
}

TEST_F(guest, has_no_fifo_unless_it_is_offered)
{
	if (variant->fifo)
		SKIP(return, "it is offered");

	EXPECT_EQ(-XEN_ENOSYS, xen_order_init_control(self->x, self->x->wide, 0,
						      XEN_CONTROL_GFN(0), XEN_CONTROL_OFFSET));
	EXPECT_EQ(-XEN_ENOSYS, xen_order_set_priority(self->x, self->x->wide, 1, 1));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
