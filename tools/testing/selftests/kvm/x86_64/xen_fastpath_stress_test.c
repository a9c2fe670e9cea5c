// SPDX-License-Identifier: GPL-2.0
/*
 * vCPUs that send to each other and to themselves without pause, while the fast path
 * is switched on and off, memslots come and go, and vectors change.
 *
 * Each event is sent after the last one of its port was handled, so the counts have
 * to be the same in the end.  If this fails, an event is lost between the fast path
 * and the exit loop, or between two methods of notification.  Stock 6.12 has no fast path.
 */
#include <sys/mman.h>

#include "apic.h"
#include "xen_fast.h"
#include "xen_fifo.h"
#include "xen_harness.h"

#define FIRST_PORT	1u
#define NR_OWN		8u		/* ports of each vCPU that sends */
#define NR_SENDS	100000u		/* of all vCPUs */
#define PATIENCE	(NR_SENDS / 200)
#define OTHER_VECTOR	(XEN_VM_VECTOR + 1)

#define SPARE_SLOT	21
#define SPARE_GPA	0xb0000000ull

struct orders {
	bool begin;
	bool quiet;
};

#define ORDERS		((volatile struct orders *)XEN_SPARE_GPA(1))

static uint32_t first_port(uint32_t vcpu)
{
	return FIRST_PORT + vcpu * NR_OWN;
}

/* Some rounds with interrupts on, some off, and now and then a call for the VMM. */
static void guest_sends(uint32_t vcpu, uint32_t round)
{
	if (round % 4)
		asm volatile("sti; nop");
	xen_guest_send_idle(first_port(vcpu), NR_OWN);
	if (round % 64 == 0)
		xen_guest_call(true, __HYPERVISOR_console_io, 0, 0, 0);
	xen_guest_irq_window();
}

static void guest_code(uint64_t vcpu, uint64_t nr_vcpus, bool fifo)
{
	uint32_t round = 0;

	x2apic_enable();
	if (fifo && !vcpu)
		xen_guest_fifo_begin(nr_vcpus, 1);
	GUEST_SYNC(1);
	while (!ORDERS->begin)
		xen_guest_irq_window();
	while (!ORDERS->quiet)
		guest_sends(vcpu, round++);
	GUEST_SYNC(2);
	for (;;)
		xen_guest_halt();
}

struct sender {
	struct xen_runner r;
	bool changes_vector;
	unsigned int seed;
};

FIXTURE(stress) {
	struct xen_vm *x;
	volatile struct orders *orders;
	struct sender sender[XEN_MAX_VCPUS];
	void *spare;
	unsigned int round;
};

FIXTURE_VARIANT(stress) {
	unsigned int nr_vcpus;
	bool fifo;
	bool vcpu_vector;
	bool disturbed;
};

FIXTURE_VARIANT_ADD(stress, two_by_2level) { .nr_vcpus = 2 };
FIXTURE_VARIANT_ADD(stress, two_by_2level_and_lapic) { .nr_vcpus = 2, .vcpu_vector = true };
FIXTURE_VARIANT_ADD(stress, two_by_fifo) { .nr_vcpus = 2, .fifo = true };
FIXTURE_VARIANT_ADD(stress, two_by_fifo_and_lapic) {
	.nr_vcpus = 2, .fifo = true, .vcpu_vector = true,
};
FIXTURE_VARIANT_ADD(stress, four_disturbed_by_2level) { .nr_vcpus = 4, .disturbed = true };
FIXTURE_VARIANT_ADD(stress, four_disturbed_by_fifo) {
	.nr_vcpus = 4, .fifo = true, .disturbed = true,
};

static uint32_t end_port(FIXTURE_DATA(stress) *self)
{
	return first_port(self->x->nr_vcpus);
}

/* Runs in the vCPU's thread: attributes of a vCPU wait for the end of KVM_RUN. */
static bool answer(struct xen_runner *r, void *arg)
{
	struct sender *sender = arg;

	if (r->vcpu->run->exit_reason != KVM_EXIT_XEN ||
	    r->vcpu->run->xen.u.hcall.input != __HYPERVISOR_console_io)
		return false;

	if (sender->changes_vector)
		TEST_ASSERT_EQ(xen_set_vcpu_vector(r->vcpu, rand_r(&sender->seed) % 2 ?
						   XEN_VCPU_VECTOR : 0), 0);
	r->vcpu->run->xen.u.hcall.result = 0;
	return true;
}

static struct xen_vm *make_vm(unsigned int nr_vcpus, bool fifo)
{
	struct xen_vm *x = xen_fifo_vm_create(nr_vcpus, true, guest_code);
	unsigned int i;

	if (!fifo)
		xen_fifo_stay_at_2level(x);
	vm_install_exception_handler(x->vm, OTHER_VECTOR, xen_guest_vm_upcall);
	TEST_ASSERT_EQ(xen_set_vm_vector(x, XEN_VM_VECTOR), 0);
	for (i = FIRST_PORT; i < first_port(nr_vcpus); i++)
		TEST_ASSERT_EQ(xen_bind_ipi(x, i, i % nr_vcpus), 0);
	for (i = 0; i < nr_vcpus; i++)
		vcpu_args_set(x->vcpu[i], 3, (uint64_t)i, (uint64_t)nr_vcpus, (uint64_t)fifo);
	return x;
}

FIXTURE_SETUP(stress)
{
	struct sender *sender;
	unsigned int i;

	xen_set_fastpath(true);
	self->x = make_vm(variant->nr_vcpus, variant->fifo);
	self->orders = xen_hva(self->x, XEN_SPARE_GPA(1));
	self->spare = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	ASSERT_NE(MAP_FAILED, self->spare);
	for (i = 0; i < variant->nr_vcpus; i++) {
		sender = &self->sender[i];
		sender->changes_vector = variant->disturbed;
		sender->seed = i;
		if (variant->vcpu_vector)
			ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[i], XEN_VCPU_VECTOR));
		xen_runner_start_with(&sender->r, self->x->vcpu[i], answer, sender);
		ASSERT_TRUE(xen_runner_reaches(&sender->r, 1));
	}
}

FIXTURE_TEARDOWN(stress)
{
	unsigned int i;

	for (i = 0; i < variant->nr_vcpus; i++) {
		xen_runner_stop(&self->sender[i].r);
		EXPECT_FALSE(self->sender[i].r.done) {
			TH_LOG("vCPU %u: %s", i, self->sender[i].r.failure);
		}
		EXPECT_EQ(0, xen_fifo_guest_consumer(self->x, i)->nr_bad);
	}
	xen_set_fastpath(true);
	xen_vm_free(self->x);
	munmap(self->spare, PAGE_SIZE);
}

/* Add or remove an unused memslot, after which all cached lookups are stale. */
static void change_memslots(FIXTURE_DATA(stress) *self)
{
	uint64_t size = self->round % 4 ? PAGE_SIZE : 0;
	uint64_t gpa = SPARE_GPA + (self->round % 4 == 2 ? PAGE_SIZE : 0);

	if (self->round % 4 == 3)
		return;
	TEST_ASSERT_EQ(__vm_set_user_memory_region(self->x->vm, SPARE_SLOT, 0, gpa, size,
						   self->spare), 0);
}

static void disturb(FIXTURE_DATA(stress) *self)
{
	self->round++;
	xen_set_fastpath(self->round % 3);
	change_memslots(self);
	TEST_ASSERT_EQ(xen_set_vm_vector(self->x, self->round % 5 ? XEN_VM_VECTOR :
					 OTHER_VECTOR), 0);
}

static bool is_sent(FIXTURE_DATA(stress) *self, bool disturbed)
{
	uint64_t end = xen_fifo_nr_handled(self->x) + NR_SENDS;

	while (xen_fifo_nr_handled(self->x) < end) {
		if (!xen_fifo_handles(self->x, PATIENCE))
			return false;
		if (disturbed)
			disturb(self);
	}
	return true;
}

static bool guests_are_quiet(FIXTURE_DATA(stress) *self)
{
	unsigned int i;

	self->orders->quiet = true;
	for (i = 0; i < self->x->nr_vcpus; i++)
		if (!xen_runner_reaches(&self->sender[i].r, 2))
			return false;
	return true;
}

static uint64_t nr_fast(FIXTURE_DATA(stress) *self)
{
	uint64_t nr = 0;
	unsigned int i;

	for (i = 0; i < self->x->nr_vcpus; i++)
		nr += xen_fast_stat(self->sender[i].r.stats);
	return nr;
}

TEST_F(stress, loses_and_doubles_no_event)
{
	uint64_t before = nr_fast(self);

	self->orders->begin = true;
	EXPECT_TRUE(is_sent(self, variant->disturbed));
	EXPECT_TRUE(guests_are_quiet(self));
	EXPECT_TRUE(xen_fifo_drains(self->x, end_port(self)));

	/* Most sends are fast where nothing else changes, and some in any case. */
	EXPECT_LT(variant->disturbed ? NR_SENDS / 10 : NR_SENDS * 9 / 10,
		  nr_fast(self) - before);
}

int main(int argc, char **argv)
{
	xen_require_caps(KVM_XEN_HVM_CONFIG_EVTCHN_SEND);
	xen_require_fastpath();
	return test_harness_run(argc, argv);
}
