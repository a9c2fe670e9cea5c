// SPDX-License-Identifier: GPL-2.0
/*
 * The singleshot timer of a vCPU: VCPUOP, set_timer_op and the attribute.
 *
 * If this fails, guests lose their clock events or get some too many, above
 * all where a VMM reads the attribute, as it does to migrate.  Stock 6.12 does
 * not know VCPU_SSHOTTMR_future, and reading the attribute delivers an event
 * that is due.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen.h"

#define PORT		13
#define MS		1000000ull
#define FAR		(1000 * 1000000000ull)
#define DAYS_13		(1ull << 50)
#define DUMMY_SLOT	20
#define DUMMY_GPA	0xd0000000ull

static volatile uint32_t upcalls;

static void vm_upcall(struct ex_regs *regs)
{
	upcalls++;
	WRITE_ONCE(*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)), 0);
}

/* Arm a timer, sleep until it fires. */
static void guest_code_sleeps(void)
{
	void *shinfo = (void *)XEN_SHINFO_GPA;
	uint64_t now = xen_guest_now((void *)(XEN_VCPU_INFO_GPA(0) + 32));
	uint64_t deadline = now + 30 * MS;

	GUEST_ASSERT_EQ(xen_guest_set_timer(true, deadline), 0);
	while (!upcalls)
		xen_guest_halt();
	GUEST_ASSERT(xen_is_pending(shinfo, PORT));
	GUEST_ASSERT(xen_guest_now((void *)(XEN_VCPU_INFO_GPA(0) + 32)) >= deadline);
	GUEST_SYNC(1);
	GUEST_DONE();
}

FIXTURE(timer) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
};

FIXTURE_VARIANT(timer) {
	bool wide;
};

FIXTURE_VARIANT_ADD(timer, wide) {
	.wide = true,
};

FIXTURE_VARIANT_ADD(timer, narrow) {
	.wide = false,
};

FIXTURE_SETUP(timer)
{
	self->x = xen_vm_create(2, variant->wide, xen_guest_obey);
	self->vcpu = self->x->vcpu[0];
	ASSERT_EQ(0, xen_set_vcpu_id(self->vcpu, 0));
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, 0));
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, vm_upcall);
}

FIXTURE_TEARDOWN(timer)
{
	xen_vm_free(self->x);
}

static int64_t set_singleshot_of(struct xen_vm *x, uint32_t id, uint64_t timeout, uint32_t flags)
{
	struct xen_singleshot_timer *timer = (void *)xen_get_order(x)->data;

	*timer = (struct xen_singleshot_timer) { .timeout_abs_ns = timeout, .flags = flags };
	return xen_order(x, x->wide, __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, id,
			 XEN_ORDER_DATA);
}

static int64_t set_singleshot(struct xen_vm *x, uint64_t timeout, uint32_t flags)
{
	return set_singleshot_of(x, 0, timeout, flags);
}

static int64_t set_timer(struct xen_vm *x, uint64_t timeout)
{
	if (x->wide)
		return xen_order(x, true, __HYPERVISOR_set_timer_op, timeout, 0, 0);
	return xen_order(x, false, __HYPERVISOR_set_timer_op, (uint32_t)timeout, timeout >> 32, 0);
}

static bool fired(struct xen_vm *x)
{
	return xen_is_pending(x->shinfo, PORT);
}

/* Have the vCPU run, and come round, so that it finds what is due. */
static void let_it_be_delivered(struct xen_vm *x)
{
	int turn;

	for (turn = 0; turn < 2; turn++)
		xen_order(x, x->wide, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
}

/*
 * The same until it fires: on a busy machine the clock of the host's timers may
 * lag behind the guest's, which is what the test has waited by.
 */
static bool gets_delivered(struct xen_vm *x)
{
	return xen_wait_for((let_it_be_delivered(x), fired(x)));
}

TEST_F(timer, singleshot_in_the_past_fires_at_once)
{
	EXPECT_EQ(0, set_singleshot(self->x, 1, 0));
	EXPECT_TRUE(fired(self->x));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
}

TEST_F(timer, singleshot_in_the_past_that_must_be_in_the_future_is_refused)
{
	EXPECT_EQ(-XEN_ETIME, set_singleshot(self->x, 1, VCPU_SSHOTTMR_future));
	EXPECT_FALSE(fired(self->x));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
}

TEST_F(timer, singleshot_that_is_refused_leaves_the_armed_one_alone)
{
	uint64_t far = xen_vm_now(self->x) + FAR;

	ASSERT_EQ(0, set_singleshot(self->x, far, 0));
	EXPECT_EQ(-XEN_ETIME, set_singleshot(self->x, 1, VCPU_SSHOTTMR_future));
	EXPECT_FALSE(fired(self->x));
	EXPECT_EQ(far, xen_timer_expires(self->vcpu));
}

TEST_F(timer, singleshot_in_the_future_is_armed_with_and_without_the_flag)
{
	uint64_t far = xen_vm_now(self->x) + FAR;

	EXPECT_EQ(0, set_singleshot(self->x, far, VCPU_SSHOTTMR_future));
	EXPECT_EQ(far, xen_timer_expires(self->vcpu));
	EXPECT_EQ(0, set_singleshot(self->x, far + 1, 0));
	EXPECT_EQ(far + 1, xen_timer_expires(self->vcpu));
	EXPECT_FALSE(fired(self->x));
}

TEST_F(timer, singleshot_can_be_stopped)
{
	ASSERT_EQ(0, set_singleshot(self->x, xen_vm_now(self->x) + FAR, 0));
	EXPECT_EQ(0, xen_order(self->x, variant->wide, __HYPERVISOR_vcpu_op,
			       VCPUOP_stop_singleshot_timer, 0, 0));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
	EXPECT_FALSE(fired(self->x));
}

TEST_F(timer, singleshot_of_another_vcpu_is_refused)
{
	uint64_t far = xen_vm_now(self->x) + FAR;

	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[1], PORT, 0));
	EXPECT_EQ(-XEN_EINVAL, set_singleshot_of(self->x, 1, far, 0));
	EXPECT_EQ(-XEN_EINVAL, set_singleshot_of(self->x, UINT32_MAX, far, 0));
	EXPECT_EQ(-XEN_EINVAL, xen_order(self->x, variant->wide, __HYPERVISOR_vcpu_op,
					 VCPUOP_stop_singleshot_timer, 1, 0));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
	EXPECT_EQ(0, xen_timer_expires(self->x->vcpu[1]));
}

/* A narrow structure of 12 bytes may end where the mapped memory does. */
TEST_F(timer, singleshot_whose_structure_cannot_be_read_is_refused)
{
	uint64_t last = XEN_SPARE_GPA(XEN_NR_SPARE) - 12;

	EXPECT_EQ(-XEN_EFAULT, xen_order(self->x, variant->wide, __HYPERVISOR_vcpu_op,
					 VCPUOP_set_singleshot_timer, 0, last + 4));
	EXPECT_EQ(variant->wide ? -XEN_EFAULT : 0,
		  xen_order(self->x, variant->wide, __HYPERVISOR_vcpu_op,
			    VCPUOP_set_singleshot_timer, 0, last));
}

TEST_F(timer, set_timer_op_arms_fires_and_stops)
{
	uint64_t far = xen_vm_now(self->x) + FAR;

	EXPECT_EQ(0, set_timer(self->x, far));
	EXPECT_EQ(far, xen_timer_expires(self->vcpu));
	EXPECT_EQ(0, set_timer(self->x, 0));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
	EXPECT_FALSE(fired(self->x));
	EXPECT_EQ(0, set_timer(self->x, 1));
	EXPECT_TRUE(fired(self->x));
}

/* Xen's answer to guests whose arithmetic overflowed: in 100 ms. */
static void expect_100_ms(struct __test_metadata *_metadata, struct xen_vm *x, uint64_t timeout)
{
	uint64_t before = xen_vm_now(x), expires;

	EXPECT_EQ(0, set_timer(x, timeout));
	expires = xen_timer_expires(x->vcpu[0]);
	if (!expires) {
		EXPECT_TRUE(fired(x));
		return;
	}
	EXPECT_GE(expires, before + 99 * MS);
	EXPECT_LE(expires, xen_vm_now(x) + 101 * MS);
}

TEST_F(timer, set_timer_op_takes_overflowed_times_for_100_ms)
{
	expect_100_ms(_metadata, self->x, 1ull << 63);
	expect_100_ms(_metadata, self->x, UINT64_MAX);
	expect_100_ms(_metadata, self->x, xen_vm_now(self->x) + DAYS_13 + FAR);
}

TEST_F(timer, set_timer_op_takes_times_up_to_13_days_as_they_are)
{
	uint64_t far = xen_vm_now(self->x) + DAYS_13 - FAR;

	EXPECT_EQ(0, set_timer(self->x, far));
	EXPECT_EQ(far, xen_timer_expires(self->vcpu));
}

TEST_F(timer, singleshot_takes_times_beyond_13_days_as_they_are)
{
	uint64_t far = xen_vm_now(self->x) + DAYS_13 + FAR;

	EXPECT_EQ(0, set_singleshot(self->x, far, 0));
	EXPECT_EQ(far, xen_timer_expires(self->vcpu));
}

TEST_F(timer, attribute_reads_the_same_however_often_while_armed)
{
	uint64_t far = xen_vm_now(self->x) + FAR;
	int i;

	ASSERT_EQ(0, set_timer(self->x, far));
	for (i = 0; i < 200; i++)
		EXPECT_EQ(far, xen_timer_expires(self->vcpu));
	EXPECT_FALSE(fired(self->x));
}

/* KVM may raise the event at expiry, or once the vCPU runs. */
TEST_F(timer, attribute_read_while_it_expires_makes_it_fire_neither_twice_nor_never)
{
	uint64_t expires = xen_vm_now(self->x) + 50 * MS;

	ASSERT_EQ(0, set_timer(self->x, expires));
	while (xen_vm_now(self->x) < expires + 20 * MS)
		EXPECT_TRUE(xen_timer_expires(self->vcpu) == expires || fired(self->x));
	EXPECT_TRUE(gets_delivered(self->x));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));

	xen_clear_pending(self->x->shinfo, PORT);
	usleep(60000);
	let_it_be_delivered(self->x);
	EXPECT_FALSE(fired(self->x));
}

/*
 * Have a timer expire where its event cannot be raised: a memslot change makes
 * KVM look pages up anew, which an interrupt cannot.  Returns the expiry, far
 * enough ahead to be armed in time on a busy machine.
 */
static uint64_t expire_unseen(struct xen_vm *x)
{
	uint64_t expires;

	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, DUMMY_GPA, DUMMY_SLOT, 1, 0);
	expires = xen_vm_now(x) + 500 * MS;
	TEST_ASSERT_EQ(xen_set_timer(x->vcpu[0], PORT, expires), 0);
	TEST_ASSERT(xen_wait_for(xen_vm_now(x) > expires + 20 * MS), "The clock stands");
	return expires;
}

TEST_F(timer, attribute_reports_an_expired_timer_and_does_not_deliver_it)
{
	uint64_t expires = expire_unseen(self->x);

	EXPECT_EQ(expires, xen_timer_expires(self->vcpu));
	EXPECT_FALSE(fired(self->x));
	EXPECT_EQ(expires, xen_timer_expires(self->vcpu));
	EXPECT_FALSE(fired(self->x));

	EXPECT_TRUE(gets_delivered(self->x));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
}

TEST_F(timer, attribute_takes_an_armed_timer_to_another_vm)
{
	struct xen_vm *other = xen_vm_create(1, variant->wide, xen_guest_obey);
	uint64_t expires = xen_vm_now(self->x) + 20 * MS;
	struct kvm_clock_data clock = {};

	ASSERT_EQ(0, set_timer(self->x, expires));
	clock.clock = xen_vm_now(self->x);
	vm_ioctl(other->vm, KVM_SET_CLOCK, &clock);
	ASSERT_EQ(0, xen_set_timer(other->vcpu[0], PORT, expires));
	ASSERT_EQ(0, xen_set_timer(self->vcpu, 0, 0));

	ASSERT_TRUE(xen_wait_for(xen_vm_now(other) > expires + 20 * MS));
	EXPECT_TRUE(gets_delivered(other));
	EXPECT_EQ(0, xen_timer_expires(other->vcpu[0]));
	xen_vm_free(other);
}

TEST_F(timer, attribute_set_to_the_past_fires_at_once)
{
	ASSERT_EQ(0, xen_set_timer(self->vcpu, PORT, 1));
	EXPECT_TRUE(gets_delivered(self->x));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
}

TEST_F(timer, attribute_reads_back_port_and_priority)
{
	struct kvm_xen_vcpu_attr attr = { .type = KVM_XEN_VCPU_ATTR_TYPE_TIMER };

	ASSERT_EQ(0, xen_vcpu_get(self->vcpu, &attr));
	EXPECT_EQ(PORT, attr.u.timer.port);
	EXPECT_EQ(XEN_PRIO_2LEVEL, attr.u.timer.priority);
	EXPECT_EQ(0, attr.u.timer.expires_ns);
}

TEST_F(timer, attribute_with_another_priority_is_refused)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER,
		.u.timer = { .port = PORT + 1, .priority = 0 },
	};

	EXPECT_EQ(-EINVAL, xen_vcpu_set(self->vcpu, &attr));
	memset(&attr.u, 0, sizeof(attr.u));
	ASSERT_EQ(0, xen_vcpu_get(self->vcpu, &attr));
	EXPECT_EQ(PORT, attr.u.timer.port);
}

TEST_F(timer, attribute_without_a_port_leaves_timers_to_the_vmm)
{
	ASSERT_EQ(0, set_timer(self->x, xen_vm_now(self->x) + FAR));
	ASSERT_EQ(0, xen_set_timer(self->vcpu, 0, 0));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
	EXPECT_TRUE(xen_order_exits(self->x, variant->wide, __HYPERVISOR_set_timer_op, 5, 6, 7));
	EXPECT_TRUE(xen_order_exits(self->x, variant->wide, __HYPERVISOR_vcpu_op,
				    VCPUOP_set_singleshot_timer, 0, 7));
}

TEST_F(timer, that_fires_wakes_a_halted_vcpu)
{
	struct xen_runner r;

	xen_set_entry_point(self->vcpu, guest_code_sleeps);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	xen_runner_start(&r, self->vcpu);
	EXPECT_TRUE(xen_runner_reaches(&r, 1));
	xen_runner_stop(&r);
	EXPECT_EQ(0, strlen(r.failure));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
