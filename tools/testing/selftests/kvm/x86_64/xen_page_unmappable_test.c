// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of Xen's that have a memslot, but cannot be mapped: the VMM made its memory
 * read-only there, or took it away.
 *
 * A vCPU whose events need such a page goes on with what it does, and can sleep; an
 * event that is kept arrives once the page is back and the vCPU enters KVM_RUN anew,
 * or another event finds the page.  If this fails, the vCPU never enters the guest
 * again, or a sleeping one spins in the host.  Stock 6.12 has neither FIFO nor lines.
 */
#include <sys/mman.h>

#include "apic.h"
#include "xen_fifo.h"
#include "xen_harness.h"
#include "xen_line.h"

#define PORT		40u
#define OTHER_PORT	41u

static volatile uint64_t turns;
static volatile bool sleeps;

static void guest_code(void)
{
	x2apic_enable();
	xen_guest_fifo_begin(1, 1);
	GUEST_SYNC(1);
	asm volatile("sti");
	for (;;) {
		turns++;
		if (sleeps)
			asm volatile("hlt");
	}
}

FIXTURE(page) {
	struct xen_vm *x;
	struct xen_runner r;
	void *page;
	uint8_t content[PAGE_SIZE];
};

FIXTURE_VARIANT(page) {
	uint64_t gpa;
	bool taken_away;
	bool own_vector;
	bool by_hva;
};

FIXTURE_VARIANT_ADD(page, array_read_only) { .gpa = XEN_ARRAY_GPA };
FIXTURE_VARIANT_ADD(page, array_taken_away) { .gpa = XEN_ARRAY_GPA, .taken_away = true };
FIXTURE_VARIANT_ADD(page, control_read_only) { .gpa = XEN_CONTROL_GPA };
FIXTURE_VARIANT_ADD(page, control_taken_away) { .gpa = XEN_CONTROL_GPA, .taken_away = true };
FIXTURE_VARIANT_ADD(page, vcpu_info_read_only) { .gpa = XEN_VCPU_INFO_GPA(0) };
FIXTURE_VARIANT_ADD(page, vcpu_info_taken_away) {
	.gpa = XEN_VCPU_INFO_GPA(0),
	.taken_away = true,
};
FIXTURE_VARIANT_ADD(page, vcpu_info_of_own_vector) {
	.gpa = XEN_VCPU_INFO_GPA(0),
	.own_vector = true,
};
FIXTURE_VARIANT_ADD(page, vcpu_info_by_hva) {
	.gpa = XEN_VCPU_INFO_GPA(0),
	.by_hva = true,
};

static void set_sleeps(FIXTURE_DATA(page) *self, bool on)
{
	WRITE_ONCE(*(bool *)addr_gva2hva(self->x->vm, (gva_t)&sleeps), on);
}

FIXTURE_SETUP(page)
{
	self->x = xen_fifo_vm_create(1, true, guest_code);
	ASSERT_EQ(0, xen_config(self->x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
					 KVM_XEN_HVM_CONFIG_EVTCHN_SEND |
					 KVM_XEN_HVM_CONFIG_EVTCHN_ENUM |
					 KVM_XEN_HVM_CONFIG_EVTCHN_FIFO |
					 KVM_XEN_HVM_CONFIG_CALLBACK));
	self->page = xen_hva(self->x, variant->gpa);
	if (variant->by_hva)
		ASSERT_EQ(0, xen_set_vcpu_info_hva(self->x->vcpu[0], self->page));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	if (variant->own_vector)
		ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	xen_runner_start(&self->r, self->x->vcpu[0]);
	ASSERT_TRUE(xen_runner_reaches(&self->r, 1));
}

FIXTURE_TEARDOWN(page)
{
	xen_runner_stop(&self->r);
	EXPECT_STREQ("", self->r.failure);
	xen_vm_free(self->x);
}

static void lose(FIXTURE_DATA(page) *self, const FIXTURE_VARIANT(page) *variant)
{
	memcpy(self->content, self->page, PAGE_SIZE);
	TEST_ASSERT_EQ(variant->taken_away ? munmap(self->page, PAGE_SIZE) :
					     mprotect(self->page, PAGE_SIZE, PROT_READ), 0);
}

static void bring_back(FIXTURE_DATA(page) *self, const FIXTURE_VARIANT(page) *variant)
{
	int fd;

	if (!variant->taken_away) {
		TEST_ASSERT_EQ(mprotect(self->page, PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
		return;
	}
	/* With its content, as KVM may write to it from the moment that it is there. */
	fd = kvm_memfd_alloc(PAGE_SIZE, false);
	TEST_ASSERT_EQ(pwrite(fd, self->content, PAGE_SIZE, 0), PAGE_SIZE);
	TEST_ASSERT(mmap(self->page, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED,
			 fd, 0) == self->page, "mmap: %d", errno);
	close(fd);
}

static uint64_t nr_turns(FIXTURE_DATA(page) *self)
{
	return READ_ONCE(*(uint64_t *)addr_gva2hva(self->x->vm, (gva_t)&turns));
}

/* The guest makes progress, long after all requests of the set-up were handled. */
static bool goes_on(FIXTURE_DATA(page) *self)
{
	uint64_t before;
	int i;

	for (i = 0; i < 3; i++) {
		usleep(10000);
		before = nr_turns(self);
		if (!xen_wait_for(nr_turns(self) > before))
			return false;
	}
	return true;
}

static uint32_t nr_handled(FIXTURE_DATA(page) *self, uint32_t port)
{
	return READ_ONCE(xen_fifo_port(self->x, port)->handled);
}

TEST_F(page, that_cannot_be_mapped_does_not_stop_the_vcpu)
{
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	ASSERT_TRUE(xen_wait_for(nr_handled(self, PORT) == 1));

	/* The handler is left, which would find another event without an upcall. */
	ASSERT_TRUE(goes_on(self));

	lose(self, variant);
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_TRUE(goes_on(self));
	EXPECT_EQ(1, nr_handled(self, PORT));

	bring_back(self, variant);
	xen_runner_kick(&self->r);
	EXPECT_TRUE(xen_wait_for(nr_handled(self, PORT) == 2));
}

TEST_F(page, that_cannot_be_mapped_lets_the_vcpu_sleep)
{
	set_sleeps(self, true);
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	ASSERT_TRUE(xen_wait_for(nr_handled(self, PORT) == 1));
	ASSERT_TRUE(xen_runner_blocks(&self->r));

	lose(self, variant);
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	usleep(10000);
	EXPECT_TRUE(xen_runner_blocks(&self->r));
	usleep(100000);
	EXPECT_TRUE(xen_stat(self->r.stats, "blocking"));
	EXPECT_EQ(1, nr_handled(self, PORT));

	/* Another event finds the page, and brings along what is kept. */
	bring_back(self, variant);
	ASSERT_EQ(0, xen_send(self->x, OTHER_PORT, 0));
	EXPECT_TRUE(xen_wait_for(nr_handled(self, OTHER_PORT) == 1));
	EXPECT_TRUE(xen_wait_for(nr_handled(self, PORT) == 2));
}

TEST_F(page, that_a_line_looks_at_and_cannot_map_does_not_stop_the_vcpu)
{
	if (variant->gpa != XEN_VCPU_INFO_GPA(0) || variant->own_vector)
		SKIP(return, "A line looks at vcpu_info alone");

	lose(self, variant);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, 0));
	ASSERT_EQ(0, xen_set_line(self->x, XEN_LINE_PIN));
	EXPECT_TRUE(goes_on(self));
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_TRUE(goes_on(self));

	bring_back(self, variant);
	xen_runner_kick(&self->r);
	EXPECT_TRUE(xen_wait_for(xen_line_is_up(self->x)));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
