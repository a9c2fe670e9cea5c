// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_XEN_ATTR_TYPE_EVTCHN, by which a VMM assigns the ports that a guest sends on, and
 * KVM_XEN_HVM_EVTCHN_SEND: what they accept, and the error of everything else.
 *
 * If this fails, a VMM cannot bind the ports of a Xen guest: each row is part of Linux's
 * ABI, an error code as much as a value.
 */
#include <errno.h>
#include <sys/eventfd.h>

#include "kvm_util.h"
#include "xen_harness.h"
#include "xen.h"

#define WIDE_ONLY_PORT	XEN_NR_PORTS_NARROW

FIXTURE(port_attr) {
	struct xen_vm *x;
};

FIXTURE_SETUP(port_attr)
{
	self->x = xen_vm_create_bare(1, false, NULL);
}

FIXTURE_TEARDOWN(port_attr)
{
	xen_vm_free(self->x);
}

/* A request, and its error while no port is assigned. */
struct port_row {
	const char *name;
	uint32_t flags, send_port, type, port, priority;
	int error;
};

#define P2L XEN_PRIO_2LEVEL
#define IPI EVTCHNSTAT_ipi
#define INTERDOMAIN EVTCHNSTAT_interdomain

static const struct port_row assign_errors[] = {
	{ "port 0", 0, 0, IPI, 0, P2L, -EINVAL },
	{ "port beyond a narrow guest", 0, 1024, IPI, 1024, P2L, -EINVAL },
	{ "port beyond any guest", 0, UINT32_MAX, IPI, UINT32_MAX, P2L, -EINVAL },
	{ "IPI to another port", 0, 5, IPI, 6, P2L, -EINVAL },
	{ "IPI to port 0", 0, 5, IPI, 0, P2L, -EINVAL },
	{ "IPI with a FIFO priority", 0, 5, IPI, 5, 7, -EINVAL },
	{ "target beyond a narrow guest", 0, 5, INTERDOMAIN, 1024, P2L, -EINVAL },
	{ "interdomain with a FIFO priority", 0, 5, INTERDOMAIN, 6, 0, -EINVAL },
	{ "a closed port", 0, 5, EVTCHNSTAT_closed, 5, P2L, -EINVAL },
	{ "an unbound port", 0, 5, EVTCHNSTAT_unbound, 5, P2L, -EINVAL },
	{ "a PIRQ", 0, 5, EVTCHNSTAT_pirq, 5, P2L, -EINVAL },
	{ "a VIRQ", 0, 5, EVTCHNSTAT_virq, 5, P2L, -EINVAL },
	{ "an unknown type", 0, 5, 6, 5, P2L, -EINVAL },
	{ "an unknown type", 0, 5, UINT32_MAX, 5, P2L, -EINVAL },
	{ "an unknown flag", 8, 5, IPI, 5, P2L, -EINVAL },
	{ "all flags", UINT32_MAX, 5, IPI, 5, P2L, -EINVAL },
	{ "deassign and update", 3, 5, IPI, 5, P2L, -EINVAL },
	{ "deassign and reset", 5, 5, IPI, 5, P2L, -EINVAL },
	{ "update and reset", 6, 5, IPI, 5, P2L, -EINVAL },
	{ "update of no port", KVM_XEN_EVTCHN_UPDATE, 5, IPI, 5, P2L, -ENOENT },
	{ "deassign of no port", KVM_XEN_EVTCHN_DEASSIGN, 5, IPI, 5, P2L, -ENOENT },
	{ "deassign of port 0", KVM_XEN_EVTCHN_DEASSIGN, 0, IPI, 0, P2L, -EINVAL },
	{ "deassign beyond a narrow guest", KVM_XEN_EVTCHN_DEASSIGN, 1024, IPI, 0, P2L, -EINVAL },
	{ "update beyond a narrow guest", KVM_XEN_EVTCHN_UPDATE, 1024, IPI, 0, P2L, -EINVAL },
};

static int set_port(struct xen_vm *x, const struct port_row *row)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.flags = row->flags,
			.send_port = row->send_port,
			.type = row->type,
			.deliver.port = { .port = row->port, .priority = row->priority },
		},
	};

	return xen_vm_set(x, &attr);
}

TEST_F(port_attr, wrong_requests_about_ports_are_refused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(assign_errors); i++) {
		EXPECT_EQ(assign_errors[i].error, set_port(self->x, &assign_errors[i])) {
			TH_LOG("%s", assign_errors[i].name);
		}
	}
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 5));
}

TEST_F(port_attr, a_port_is_assigned_once)
{
	EXPECT_EQ(0, xen_bind_ipi(self->x, 5, 0));
	EXPECT_EQ(-EEXIST, xen_bind_ipi(self->x, 5, 0));
	EXPECT_EQ(-EEXIST, xen_bind_loopback(self->x, 5, 6, 0));
	EXPECT_EQ(-EEXIST, xen_bind_eventfd(self->x, 5, eventfd(0, 0)));
	EXPECT_EQ(0, xen_unbind(self->x, 5));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 5));
	EXPECT_EQ(0, xen_bind_loopback(self->x, 5, 6, 0));
}

TEST_F(port_attr, an_update_changes_only_where_a_port_goes)
{
	const struct port_row errors[] = {
		{ "to another type", KVM_XEN_EVTCHN_UPDATE, 5, IPI, 6, P2L, -EINVAL },
		{ "to another port", KVM_XEN_EVTCHN_UPDATE, 5, INTERDOMAIN, 7, P2L, -EINVAL },
		{ "to an eventfd", KVM_XEN_EVTCHN_UPDATE, 5, INTERDOMAIN, 0, P2L, -EINVAL },
		{ "to a FIFO priority", KVM_XEN_EVTCHN_UPDATE, 5, INTERDOMAIN, 6, 3, -EINVAL },
		{ "of an eventfd", KVM_XEN_EVTCHN_UPDATE, 8, INTERDOMAIN, 0, P2L, -EINVAL },
		{ "to what it is", KVM_XEN_EVTCHN_UPDATE, 5, INTERDOMAIN, 6, P2L, 0 },
	};
	unsigned int i;

	ASSERT_EQ(0, xen_bind_loopback(self->x, 5, 6, 0));
	ASSERT_EQ(0, xen_bind_eventfd(self->x, 8, eventfd(0, 0)));
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		EXPECT_EQ(errors[i].error, set_port(self->x, &errors[i])) {
			TH_LOG("%s", errors[i].name);
		}
	}
}

TEST_F(port_attr, what_is_no_eventfd_cannot_be_signalled)
{
	EXPECT_EQ(-EBADF, xen_bind_eventfd(self->x, 5, -1));
	EXPECT_EQ(-EINVAL, xen_bind_eventfd(self->x, 5, self->x->vm->fd));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 5));
}

TEST_F(port_attr, the_width_of_the_guest_limits_its_ports)
{
	EXPECT_EQ(-EINVAL, xen_bind_ipi(self->x, WIDE_ONLY_PORT, 0));
	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	EXPECT_EQ(0, xen_bind_ipi(self->x, WIDE_ONLY_PORT, 0));
	EXPECT_EQ(0, xen_bind_ipi(self->x, XEN_NR_PORTS_WIDE - 1, 0));
	EXPECT_EQ(-EINVAL, xen_bind_ipi(self->x, XEN_NR_PORTS_WIDE, 0));
}

TEST_F(port_attr, a_reset_forgets_all_ports)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 5, 0));
	ASSERT_EQ(0, xen_bind_eventfd(self->x, 6, eventfd(0, 0)));
	EXPECT_EQ(0, xen_reset_ports(self->x));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 5));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 6));
	EXPECT_EQ(0, xen_reset_ports(self->x));
}

TEST_F(port_attr, ports_are_not_read_by_the_attribute_that_sets_them)
{
	uint64_t value;

	ASSERT_EQ(0, xen_bind_ipi(self->x, 5, 0));
	EXPECT_EQ(-ENOENT, xen_vm_get_value(self->x, KVM_XEN_ATTR_TYPE_EVTCHN, &value));
}

TEST_F(port_attr, wrong_sends_are_refused)
{
	struct kvm_irq_routing_xen_evtchn send = { .port = 5, .priority = 7 };

	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	xen_mask(self->x->shinfo, false, 5);
	EXPECT_EQ(0, xen_send(self->x, 5, 0));
	EXPECT_EQ(0, xen_send(self->x, 5, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 0, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, XEN_NR_PORTS_NARROW, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 5, 77));
	EXPECT_EQ(-1, __vm_ioctl(self->x->vm, KVM_XEN_HVM_EVTCHN_SEND, &send));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	EXPECT_EQ(-EINVAL, xen_send(self->x, XEN_NR_PORTS_WIDE, 0));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
