// SPDX-License-Identifier: GPL-2.0
/*
 * As many ports as FIFO has, bound by the guest itself, each of which works; and all of
 * them closed at once, or with the VM.
 *
 * If this fails, a guest gets fewer ports than Xen gives it, or the host does not get back
 * the memory of them.  Stock 6.12 leaves these calls to the VMM.
 */
#include "xen_harness.h"
#include "xen_domain.h"

#define NR_PORTS	XEN_FIFO_MAX_PORT
#define TRIED		997		/* each so many of them is sent on */

static void guest_code(void)
{
	uint32_t port;

	xen_guest_fifo_begin(1, XEN_FIFO_NR_PAGES);
	for (port = 1; port <= NR_PORTS; port++)
		GUEST_ASSERT_EQ(xen_guest_bind_ipi(0), port);
	GUEST_ASSERT_EQ(xen_guest_bind_ipi(0), -XEN_ENOSPC);
	for (port = 1; port <= NR_PORTS; port += TRIED)
		GUEST_ASSERT_EQ(xen_guest_send(true, port), 0);
	GUEST_SYNC(1);
	xen_guest_obey();
}

FIXTURE(bulk) {
	struct xen_vm *x;
	struct xen_fifo_consumer c;
};

FIXTURE_SETUP(bulk)
{
	self->x = xen_domain_vm_create(1, true, true, guest_code);
	ASSERT_EQ(1, xen_step(self->x->vcpu[0]));
	xen_fifo_host_consumer(self->x, 0, &self->c);
}

FIXTURE_TEARDOWN(bulk)
{
	xen_vm_free(self->x);
}

TEST_F(bulk, all_ports_work)
{
	struct kvm_xen_evtchn_port_entry entry;

	EXPECT_EQ((NR_PORTS + TRIED - 1) / TRIED, xen_fifo_consume(&self->c));
	EXPECT_EQ(0, self->c.nr_bad);
	EXPECT_EQ(NR_PORTS, xen_enumerate_ports(self->x, false, 0, &entry, 1));
	EXPECT_EQ(1, xen_enumerate_ports(self->x, false, NR_PORTS, &entry, 1));
	EXPECT_EQ(NR_PORTS, entry.port);
}

TEST_F(bulk, all_ports_close)
{
	struct kvm_xen_evtchn_port_entry entry;

	EXPECT_EQ(0, xen_order_reset(self->x, DOMID_SELF));
	EXPECT_EQ(0, xen_enumerate_ports(self->x, false, 0, &entry, 1));
	EXPECT_EQ(1, xen_order_bind_ipi(self->x, 0));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
