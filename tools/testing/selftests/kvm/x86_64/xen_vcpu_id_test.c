// SPDX-License-Identifier: GPL-2.0
/*
 * Xen's number of a vCPU, which VCPUOP hypercalls name, and its default.
 *
 * If this fails, singleshot timers of secondary vCPUs stop working under a
 * VMM that does not set the numbers, or a guest can arm a timer of another
 * vCPU.  Stock 6.12 takes the index before it is known: all vCPUs are 0.
 */
#include "xen_harness.h"
#include "xen.h"

#define TIMER_PORT	5
#define VMM_ANSWER	77

static void guest_code(void)
{
	bool wide;
	uint32_t id;

	for (wide = false;; wide = !wide)
		for (id = 0; id < 16; id++)
			GUEST_SYNC((uint32_t)xen_guest_stop_singleshot(wide, id));
}

FIXTURE(vcpu_id) {
	struct xen_vm *x;
};

FIXTURE_SETUP(vcpu_id)
{
	self->x = xen_vm_create(3, true, guest_code);
}

FIXTURE_TEARDOWN(vcpu_id)
{
	xen_vm_free(self->x);
}

static uint32_t get_id(struct kvm_vcpu *vcpu)
{
	return xen_vcpu_value(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID);
}

/* Or there is none by default. */
TEST_F(vcpu_id, defaults_to_the_index_of_the_vcpu)
{
	unsigned int i;

	for (i = 0; i < self->x->nr_vcpus; i++)
		EXPECT_EQ(XEN_DEFAULT_VCPU_ID(i), get_id(self->x->vcpu[i]));
}

TEST_F(vcpu_id, reads_back_as_set)
{
	static const uint32_t ids[] = { 0, 1, 7, 31, 32, 511 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[1], ids[i]));
		EXPECT_EQ(ids[i], get_id(self->x->vcpu[1]));
		EXPECT_EQ(XEN_DEFAULT_VCPU_ID(0), get_id(self->x->vcpu[0]));
	}
}

TEST_F(vcpu_id, beyond_the_maximum_is_refused_and_changes_nothing)
{
	int max = vm_check_cap(self->x->vm, KVM_CAP_MAX_VCPUS);

	ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[0], 3));
	EXPECT_EQ(0, xen_set_vcpu_id(self->x->vcpu[1], max - 1));
	EXPECT_EQ(-EINVAL, xen_set_vcpu_id(self->x->vcpu[0], max));
	EXPECT_EQ(-EINVAL, xen_set_vcpu_id(self->x->vcpu[0], UINT32_MAX));
	EXPECT_EQ(3, get_id(self->x->vcpu[0]));
}

/* The guest names 16 vCPUs in each width; only its own has a timer to stop. */
TEST_F(vcpu_id, names_the_only_vcpu_whose_timer_a_guest_may_touch)
{
	struct kvm_vcpu *vcpu = self->x->vcpu[1];
	int turn;

	ASSERT_EQ(0, xen_set_vcpu_id(vcpu, 9));
	ASSERT_EQ(0, xen_set_timer(vcpu, TIMER_PORT, 0));
	for (turn = 0; turn < 32; turn++)
		EXPECT_EQ(turn % 16 == 9 ? 0 : -XEN_EINVAL, (int32_t)xen_step(vcpu));
}

static int64_t count_and_answer(const struct kvm_xen_exit *exit, void *arg)
{
	++*(unsigned int *)arg;
	return VMM_ANSWER;
}

/* The first call of the guest is for id 0, the default of the first vCPU, if it has one. */
TEST_F(vcpu_id, that_is_missing_leaves_the_timer_to_the_vmm)
{
	struct kvm_vcpu *vcpu = self->x->vcpu[0];
	unsigned int exits = 0;
	int32_t result;

	ASSERT_EQ(0, xen_set_timer(vcpu, TIMER_PORT, 0));
	result = xen_step_with(vcpu, count_and_answer, &exits);
	EXPECT_EQ(XEN_BEFORE_7_3 ? 0 : VMM_ANSWER, result);
	EXPECT_EQ(XEN_BEFORE_7_3 ? 0 : 1, exits);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
