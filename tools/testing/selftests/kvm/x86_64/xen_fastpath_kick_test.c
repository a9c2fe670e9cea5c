// SPDX-License-Identifier: GPL-2.0
/*
 * A kick without a request, as of a change of memslots, that meets a vCPU in its fast
 * path: the vCPU goes to its exit loop, and does not enter the guest before.
 *
 * If the vCPU entered the guest, the IPI of the kick would be an exit: this counts those.
 * If this fails, the fast path clears what others wrote to request an exit.  Needs a
 * kernel that makes the window wide, by the module parameter xen_delay_clear.
 */
#include <pthread.h>

#include "apic.h"
#include "xen_fast.h"
#include "xen_harness.h"

#define NR_ROUNDS	15
#define MAX_ROUNDS	60		/* with those that came too late */
#define SELF_PORT	40
#define PARAMETER	"xen_delay_clear"

/* A change of memslots waits for a grace period of SRCU before it kicks. */
#define DELAY_MS	"100"

#define FIRST_SLOT	100
#define SLOTS_GPA	0xd0000000ull

struct shared {
	uint32_t calls;			/* that may be delayed */
	uint32_t nr_upcalls;
};

#define SHARED_GPA	XEN_SPARE_GPA(1)
#define SHARED		((volatile struct shared *)SHARED_GPA)

/* Leaves the EOI out, which would be delayed, too. */
static void handle_upcall(struct ex_regs *regs)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);

	SHARED->nr_upcalls++;
	WRITE_ONCE(*xen_upcall_pending(vcpu_info), 0);
	xen_take_sel(vcpu_info, true);
	xen_clear_pending((void *)XEN_SHINFO_GPA, SELF_PORT);
}

/* The first call of each round lets KVM map what it needs. */
static void guest_code(void)
{
	x2apic_enable();
	asm volatile("sti; nop");
	for (;;) {
		GUEST_ASSERT_EQ(xen_guest_send(true, SELF_PORT), 0);
		x2apic_write_reg(APIC_EOI, 0);
		GUEST_SYNC(0);
		SHARED->calls++;
		GUEST_ASSERT_EQ(xen_guest_send(true, SELF_PORT), 0);
		GUEST_SYNC(1);
		x2apic_write_reg(APIC_EOI, 0);
	}
}

FIXTURE(kick) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	volatile struct shared *shared;
	void *page;
	int stats;
	int round;
	bool met;
};

FIXTURE_SETUP(kick)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "who kicks needs another CPU than the vCPU");
	if (xen_write_parameter(PARAMETER, "0"))
		SKIP(return, "this kernel cannot delay the fast path");

	self->x = xen_vm_create(1, true, guest_code);
	self->vcpu = self->x->vcpu[0];
	self->stats = vcpu_get_stats_fd(self->vcpu);
	self->shared = xen_hva(self->x, SHARED_GPA);
	self->page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	vm_install_exception_handler(self->x->vm, XEN_VCPU_VECTOR, handle_upcall);
	ASSERT_EQ(0, xen_bind_ipi(self->x, SELF_PORT, 0));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
}

FIXTURE_TEARDOWN(kick)
{
	xen_write_parameter(PARAMETER, "0");
	if (!self->x)
		return;
	close(self->stats);
	xen_vm_free(self->x);
	free(self->page);
}

/* One more memslot, which makes no request of a vCPU. */
static void kick_all(FIXTURE_DATA(kick) *self)
{
	vm_set_user_memory_region(self->x->vm, FIRST_SLOT + self->round, 0,
				  SLOTS_GPA + self->round * PAGE_SIZE, PAGE_SIZE, self->page);
}

/* Once the vCPU has begun its call, and is in the delay behind it. */
static void *kick_in_delay(void *arg)
{
	FIXTURE_DATA(kick) *self = arg;
	uint32_t before = self->shared->nr_upcalls;

	pin_self_to_cpu(0);
	if (xen_wait_for(self->shared->calls > self->round)) {
		usleep(atoi(DELAY_MS) * 1000 / 10);
		kick_all(self);
		self->met = self->shared->nr_upcalls == before;
	}
	return NULL;
}

/* Returns how many interrupts of the host were exits of the vCPU in this round. */
static uint64_t run_round(FIXTURE_DATA(kick) *self)
{
	pthread_t thread;
	uint64_t before;

	TEST_ASSERT_EQ(xen_write_parameter(PARAMETER, "0"), 0);
	TEST_ASSERT_EQ(xen_step(self->vcpu), 0);
	TEST_ASSERT_EQ(xen_write_parameter(PARAMETER, DELAY_MS), 0);

	before = xen_stat(self->stats, "irq_exits");
	TEST_ASSERT(!pthread_create(&thread, NULL, kick_in_delay, self), "No thread");
	TEST_ASSERT_EQ(xen_step(self->vcpu), 1);
	pthread_join(thread, NULL);
	return xen_stat(self->stats, "irq_exits") - before;
}

/* One of the timer's may come just then, but seldom. */
TEST_F(kick, ends_the_fast_path)
{
	int nr_met = 0, nr_entered = 0;

	pin_self_to_cpu(1);
	for (self->round = 0; self->round < MAX_ROUNDS && nr_met < NR_ROUNDS; self->round++) {
		bool entered = run_round(self);

		nr_met += self->met;
		nr_entered += self->met && entered;
	}
	TH_LOG("the guest was entered in %d of %d rounds", nr_entered, nr_met);
	EXPECT_EQ(NR_ROUNDS, nr_met);
	EXPECT_GT(NR_ROUNDS / 2, nr_entered);
}

int main(int argc, char **argv)
{
	xen_require_caps(KVM_XEN_HVM_CONFIG_EVTCHN_SEND);
	xen_require_fastpath();
	return test_harness_run(argc, argv);
}
