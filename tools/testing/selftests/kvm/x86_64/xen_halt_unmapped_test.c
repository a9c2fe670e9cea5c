// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU halts just as the page of its vcpu_info is taken from KVM's mapping.
 *
 * KVM looks at the flag there in the exit fast path, with interrupts off, where it must
 * not wait for the page; the vCPU sleeps all the same, and its next event wakes it.  If
 * this fails, KVM waits there, or the vCPU spins or sleeps for ever.  Needs a kernel that
 * makes the window wide, by the module parameter xen_delay_look.
 */
#include <sys/mman.h>

#include "xen_fast.h"
#include "xen_harness.h"

#define NR_ROUNDS	5u
#define PORT		40
#define PARAMETER	"xen_delay_look"
#define DELAY_MS	"50"

struct shared {
	uint32_t ready;			/* the round that the guest is in */
	uint32_t go;			/* the one in which it may halt */
	uint32_t nr_upcalls;
};

#define SHARED_GPA	XEN_SPARE_GPA(1)
#define SHARED		((volatile struct shared *)SHARED_GPA)

static void upcall(struct ex_regs *regs)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);

	WRITE_ONCE(*xen_upcall_pending(vcpu_info), 0);
	xen_take_sel(vcpu_info, true);
	xen_clear_pending((void *)XEN_SHINFO_GPA, PORT);
	SHARED->nr_upcalls++;
}

static void guest_code(void)
{
	uint32_t round;

	for (round = 1; round <= NR_ROUNDS; round++) {
		SHARED->ready = round;
		while (SHARED->go < round)
			asm volatile("pause");
		while (SHARED->nr_upcalls < round)
			xen_guest_halt();
	}
	GUEST_DONE();
}

FIXTURE(halt) {
	struct xen_vm *x;
	struct xen_runner r;
	volatile struct shared *shared;
};

FIXTURE_SETUP(halt)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "who takes the page needs another CPU than the vCPU");
	if (xen_write_parameter(PARAMETER, "0"))
		SKIP(return, "this kernel cannot delay the look at the flag");

	self->x = xen_vm_create(1, true, guest_code);
	self->shared = xen_hva(self->x, SHARED_GPA);
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, upcall);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	pin_self_to_cpu(1);
	xen_runner_start(&self->r, self->x->vcpu[0]);
	pin_self_to_cpu(0);
}

FIXTURE_TEARDOWN(halt)
{
	xen_write_parameter(PARAMETER, "0");
	if (!self->x)
		return;
	xen_runner_stop(&self->r);
	EXPECT_STREQ("", self->r.failure);
	xen_vm_free(self->x);
}

/* Its first halt of this round takes place, and is delayed. */
static bool is_in_delay(FIXTURE_DATA(halt) *self, uint64_t before)
{
	return xen_wait_for(xen_stat(self->r.stats, "halt_exits") > before);
}

/* Returns how often it halted before it slept. */
static uint64_t halt_without_page(FIXTURE_DATA(halt) *self, uint32_t round)
{
	uint64_t before = xen_stat(self->r.stats, "halt_exits");

	self->shared->go = round;
	TEST_ASSERT(is_in_delay(self, before), "The guest does not halt");
	TEST_ASSERT(!madvise(xen_vcpu_info(self->x, 0), PAGE_SIZE, MADV_DONTNEED),
		    "madvise: %d", errno);
	TEST_ASSERT(xen_runner_blocks(&self->r), "The guest does not sleep");
	return xen_stat(self->r.stats, "halt_exits") - before;
}

/* Where the flag could not be read, the vCPU entered the guest, which halted once more. */
TEST_F(halt, goes_on_or_sleeps_until_the_next_event)
{
	uint32_t round, nr_met = 0;

	ASSERT_EQ(0, xen_write_parameter(PARAMETER, DELAY_MS));
	for (round = 1; round <= NR_ROUNDS; round++) {
		ASSERT_TRUE(xen_wait_for(self->shared->ready == round));
		nr_met += halt_without_page(self, round) > 1;
		ASSERT_EQ(round - 1, self->shared->nr_upcalls);
		ASSERT_EQ(0, xen_send(self->x, PORT, 0));
		ASSERT_TRUE(xen_wait_for(self->shared->nr_upcalls == round));
	}
	EXPECT_LT(0, nr_met);
	EXPECT_TRUE(xen_wait_for(self->r.done));
}

int main(int argc, char **argv)
{
	xen_require_caps(KVM_XEN_HVM_CONFIG_EVTCHN_SEND);
	xen_require_fastpath();
	return test_harness_run(argc, argv);
}
