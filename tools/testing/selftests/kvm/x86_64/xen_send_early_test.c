// SPDX-License-Identifier: GPL-2.0
/*
 * Events for a guest that has no shared_info yet are refused, and no more.
 *
 * If this fails, as on Linux, any VMM can fill the host's log with a kernel
 * warning, or stop a host that takes warnings for reason to panic.
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"
#include "xen_stub.h"

#define PORT	5
#define GSI	24

#define MAX_RUNS	100000

FIXTURE(early) {
	struct xen_vm *x;
	int klog;
};

FIXTURE_SETUP(early)
{
	self->klog = xen_klog_open();
	ASSERT_LE(0, self->klog);
	self->x = xen_vm_create_bare(1, true, NULL);
}

FIXTURE_TEARDOWN(early)
{
	xen_vm_free(self->x);
	EXPECT_FALSE(xen_klog_has_splat(self->klog));
	close(self->klog);
}

TEST_F(early, a_send_by_the_vmm_is_refused)
{
	EXPECT_EQ(-EINVAL, xen_send(self->x, PORT, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, PORT, 0));
}

TEST_F(early, a_send_by_the_guest_is_left_to_the_vmm)
{
	struct xen_hcall call = {
		__HYPERVISOR_event_channel_op, { EVTCHNOP_send, XEN_STUB_DATA_GPA },
	};
	struct xen_stub stub;

	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	xen_stub_init(&stub, self->x->vcpu[0]);
	*(uint32_t *)stub.data = PORT;
	EXPECT_EQ(KVM_EXIT_XEN, xen_stub_hypercall(&stub, xen_stub_native(), &call));
}

TEST_F(early, an_eventfd_is_dropped)
{
	struct xen_routes routes = {};
	int fd;

	xen_route_add(&routes, GSI, PORT, 0);
	fd = xen_irqfd(self->x, GSI);
	ASSERT_EQ(0, xen_route_write(self->x, &routes));
	EXPECT_EQ(8, write(fd, &(uint64_t){ 1 }, 8));
	close(fd);
}

TEST_F(early, a_timer_fires_into_nothing)
{
	struct xen_hcall call = { __HYPERVISOR_xen_version, { XENVER_extraversion } };
	struct xen_stub stub;
	int runs = 0;

	xen_stub_init(&stub, self->x->vcpu[0]);
	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[0], PORT, 1));

	/* The host's timer interrupt may come a few runs of the vCPU later. */
	while (xen_timer_expires(self->x->vcpu[0]) && runs++ < MAX_RUNS) {
		EXPECT_EQ(KVM_EXIT_XEN,
			  xen_stub_hypercall(&stub, xen_stub_native(), &call));
		xen_stub_resume(&stub);
	}
	EXPECT_EQ(0, xen_timer_expires(self->x->vcpu[0]));
}

TEST_F(early, events_arrive_once_there_is_one)
{
	EXPECT_EQ(-EINVAL, xen_send(self->x, PORT, 0));
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT));
	EXPECT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
