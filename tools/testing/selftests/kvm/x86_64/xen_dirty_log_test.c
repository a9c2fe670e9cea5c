// SPDX-License-Identifier: GPL-2.0
/*
 * Xen's pages and the log of dirty memory, as bitmap and as ring.
 *
 * If this fails, a migrated guest arrives with stale runstates or time, or the
 * VMM can make KVM write guest memory where no vCPU runs, which with the ring
 * was a NULL pointer once (CVE-2021-4095) and is a kernel warning since.
 *
 * shared_info and vcpu_info are exempt: a VMM has to take them for dirty.  So
 * nothing is said here about them, but that KVM does not stumble over them.
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_dirty.h"
#include "xen_harness.h"

#define PORT		5
#define FIRST_SPARE	(1 + XEN_MAX_VCPUS)

FIXTURE(dirty) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	int klog;
};

FIXTURE_VARIANT(dirty) {
	bool ring;
};

FIXTURE_VARIANT_ADD(dirty, bitmap) { .ring = false };
FIXTURE_VARIANT_ADD(dirty, ring) { .ring = true };

static void run_twice(void)
{
	GUEST_SYNC(1);
	GUEST_SYNC(2);
}

FIXTURE_SETUP(dirty)
{
	struct xen_vm *x;

	if (variant->ring && !xen_has_dirty_ring())
		SKIP(return, "KVM has no dirty ring");
	self->klog = xen_klog_open();
	x = xen_vm_create_logged(variant->ring, run_twice);
	xen_add_logged_slot(x, XEN_PAGES_SLOT, XEN_PAGES_GPA, XEN_NR_PAGES);
	x->shinfo = xen_hva(x, XEN_SHINFO_GPA);
	ASSERT_EQ(0, xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
				   KVM_XEN_HVM_CONFIG_EVTCHN_SEND));
	self->x = x;
	self->vcpu = x->vcpu[0];
}

FIXTURE_TEARDOWN(dirty)
{
	EXPECT_FALSE(xen_klog_has_splat(self->klog));
	close(self->klog);
	xen_vm_free(self->x);
}

/* The pages of Xen's region that were logged since the last call. */
static uint64_t take_dirty(struct xen_vm *x)
{
	struct xen_dirty_slot pages = { .slot = XEN_PAGES_SLOT, .nr_pages = XEN_NR_PAGES };

	xen_take_dirty(x, &pages, 1);
	return pages.pages[0];
}

static uint64_t spare(unsigned int page)
{
	return 1ull << (FIRST_SPARE + page);
}

static int set_area(struct kvm_vcpu *vcpu, uint16_t type, uint64_t gpa)
{
	struct kvm_xen_vcpu_attr attr = { .type = type, .u.gpa = gpa };

	return xen_vcpu_set(vcpu, &attr);
}

static int enter(struct kvm_vcpu *vcpu, uint64_t state)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT,
		.u.runstate.state = state,
	};

	return xen_vcpu_set(vcpu, &attr);
}

TEST_F(dirty, a_page_is_logged_once_for_each_change)
{
	uint64_t gpa = XEN_SPARE_GPA(0);

	take_dirty(self->x);
	EXPECT_EQ(0, take_dirty(self->x));
	ASSERT_EQ(0, set_area(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR, gpa));
	EXPECT_EQ(spare(0), take_dirty(self->x));
	EXPECT_EQ(0, take_dirty(self->x));
	ASSERT_EQ(0, enter(self->vcpu, RUNSTATE_offline));
	EXPECT_EQ(spare(0), take_dirty(self->x));
	EXPECT_EQ(0, take_dirty(self->x));
}

TEST_F(dirty, a_split_runstate_area_logs_both_pages)
{
	uint64_t gpa = XEN_SPARE_GPA(1) - 20;

	ASSERT_EQ(0, set_area(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR, gpa));
	take_dirty(self->x);
	ASSERT_EQ(0, enter(self->vcpu, RUNSTATE_offline));
	EXPECT_EQ(spare(0) | spare(1), take_dirty(self->x));
}

TEST_F(dirty, a_run_logs_the_runstate_area)
{
	ASSERT_EQ(0, set_area(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
			      XEN_SPARE_GPA(2)));
	ASSERT_EQ(0, enter(self->vcpu, RUNSTATE_offline));
	take_dirty(self->x);
	ASSERT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(spare(2), take_dirty(self->x));
}

TEST_F(dirty, a_run_logs_the_time_area)
{
	ASSERT_EQ(0, set_area(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
			      XEN_SPARE_GPA(3)));
	take_dirty(self->x);
	ASSERT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(spare(3), take_dirty(self->x));
}

static void ask_for_page(void)
{
	wrmsr(XEN_HYPERCALL_MSR, XEN_SPARE_GPA(4));
	GUEST_SYNC(1);
}

TEST_F(dirty, the_hypercall_page_is_logged)
{
	xen_set_entry_point(self->vcpu, ask_for_page);
	take_dirty(self->x);
	ASSERT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(spare(4), take_dirty(self->x));
}

TEST_F(dirty, the_hypercall_page_of_the_vmm_is_logged)
{
	take_dirty(self->x);
	ASSERT_EQ(1, _vcpu_set_msr(self->vcpu, XEN_HYPERCALL_MSR, XEN_SPARE_GPA(4)));
	EXPECT_EQ(XEN_VMM_FILLS_PAGE ? spare(4) : 0, take_dirty(self->x));
}

TEST_F(dirty, the_vm_writes_shared_info_where_no_vcpu_runs)
{
	int turn;

	for (turn = 0; turn < 4; turn++) {
		EXPECT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
		EXPECT_EQ(0, xen_set_long_mode(self->x, turn & 1));
		EXPECT_EQ(0, xen_set_shared_info_hva(self->x, self->x->shinfo));
		EXPECT_EQ(0, xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
	}
	EXPECT_NE(0, ((struct xen_shared_info64 *)self->x->shinfo)->wc.version);
}

TEST_F(dirty, events_arrive_where_no_vcpu_runs)
{
	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	EXPECT_EQ(0, xen_send(self->x, PORT, 0));
	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_VCPU_INFO_GPA(0)));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	EXPECT_EQ(0, xen_send(self->x, PORT + 64, 0));
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT + 64));
	EXPECT_NE(0, *xen_upcall_pending(xen_vcpu_info(self->x, 0)));
}

/* The event may wait for the vCPU to run, which then finds it at once. */
TEST_F(dirty, timers_expire_where_no_vcpu_runs)
{
	uint64_t expires = xen_vm_now(self->x) + 1000 * 1000;

	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_VCPU_INFO_GPA(0)));
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, expires));
	ASSERT_TRUE(xen_wait_for(xen_vm_now(self->x) > expires + 20 * 1000 * 1000));
	EXPECT_EQ(1, xen_step(self->vcpu));
	EXPECT_EQ(2, xen_step(self->vcpu));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
	EXPECT_NE(0, *xen_upcall_pending(xen_vcpu_info(self->x, 0)));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO | KVM_XEN_HVM_CONFIG_RUNSTATE)
