// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of a vCPU that write guest memory, and the room in its dirty ring.
 *
 * If this fails, a VMM that sets them while the vCPU does not run overruns the ring:
 * the host warns, and pages that were logged are not found.
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_dirty.h"
#include "xen_harness.h"

#define AREA_GPA	0xc8000000ull
#define AREA_SLOT	20
#define AREA_PAGES	512u
#define NR_TIMES	2000u

FIXTURE(room) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct xen_dirty_slot slot;
	unsigned int entries;
	int klog;
};

FIXTURE_SETUP(room)
{
	struct xen_vm *x;

	if (!xen_has_dirty_ring())
		SKIP(return, "KVM has no dirty ring");
	self->klog = xen_klog_open();
	self->entries = host_cpu_is_intel ? 1024 : 256;
	x = xen_vm_create_ring(self->entries, xen_guest_obey);
	xen_add_logged_slot(x, AREA_SLOT, AREA_GPA, AREA_PAGES);
	ASSERT_EQ(0, xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
				   KVM_XEN_HVM_CONFIG_EVTCHN_SEND));
	ASSERT_EQ(0, xen_set_long_mode(x, true));
	self->x = x;
	self->vcpu = x->vcpu[0];
	self->slot = (struct xen_dirty_slot) { AREA_SLOT, AREA_PAGES };
}

FIXTURE_TEARDOWN(room)
{
	EXPECT_FALSE(xen_klog_has_splat(self->klog));
	close(self->klog);
	xen_vm_free(self->x);
}

static int set_area(FIXTURE_DATA(room) *self, uint64_t gpa)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
		.u.gpa = gpa,
	};

	return xen_vcpu_set(self->vcpu, &attr);
}

static int adjust(FIXTURE_DATA(room) *self)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST,
		.u.runstate.state = -1ull,
	};

	return xen_vcpu_set(self->vcpu, &attr);
}

static unsigned int harvest(FIXTURE_DATA(room) *self)
{
	xen_take_dirty(self->x, &self->slot, 1);
	return self->slot.nr_entries;
}

/* An area in two pages. */
TEST_F(room, a_runstate_that_is_written_again_is_logged_once)
{
	unsigned int i;

	ASSERT_EQ(0, set_area(self, AREA_GPA + 0x1000 - 16));
	EXPECT_EQ(2, harvest(self));
	for (i = 0; i < NR_TIMES; i++)
		ASSERT_EQ(0, adjust(self));
	EXPECT_EQ(2, harvest(self));
	EXPECT_EQ(3, self->slot.pages[0]);

	ASSERT_EQ(0, adjust(self));
	EXPECT_EQ(2, harvest(self));
	EXPECT_EQ(3, self->slot.pages[0]);
}

/* A page for each: KVM says that there is no room, until the ring was emptied. */
TEST_F(room, an_area_that_moves_waits_for_room)
{
	unsigned int nr;
	int r = 0;

	for (nr = 0; nr < AREA_PAGES && !r; nr++)
		r = set_area(self, AREA_GPA + nr * 0x1000ull);
	EXPECT_EQ(host_cpu_is_intel ? 0 : -EAGAIN, r);
	nr -= !!r;
	EXPECT_EQ(nr, harvest(self));
	EXPECT_GE(self->entries, nr);
	EXPECT_EQ(0, set_area(self, AREA_GPA));
	EXPECT_EQ(1, harvest(self));
}

/* Each of these writes vcpu_info, for a deferred selection. */
TEST_F(room, vcpu_infos_that_move_wait_for_room)
{
	unsigned int nr;
	int r = 0;

	for (nr = 0; nr < AREA_PAGES && !r; nr++)
		r = xen_set_vcpu_info(self->vcpu, AREA_GPA + nr * 0x1000ull);
	EXPECT_EQ(host_cpu_is_intel ? 0 : -EAGAIN, r);
	harvest(self);
	EXPECT_EQ(0, xen_set_vcpu_info(self->vcpu, AREA_GPA));
	EXPECT_EQ(1, harvest(self));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
