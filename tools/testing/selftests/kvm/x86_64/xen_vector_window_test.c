// SPDX-License-Identifier: GPL-2.0
/*
 * What an upcall by the VM-wide vector costs, and when it comes.
 *
 * The vector is due for as long as the guest leaves evtchn_upcall_pending up.
 * If this fails, each event costs the guest a second exit, as KVM asks for
 * an interrupt window for a vector that the guest has just taken; or the
 * vector does not come when the guest can take it.  Stock 6.12 has the exits.
 */
#include "apic.h"
#include "xen_harness.h"
#include "xen.h"

#define PORT		40
#define NR_EVENTS	500

/* Some may be due to what the host does meanwhile, but not one for each. */
#define FEW		(NR_EVENTS / 20)

static volatile uint32_t upcalls;
static volatile uint32_t leave_flag;	/* that many times more */

static void *guest_vcpu_info(void)
{
	return (void *)XEN_VCPU_INFO_GPA(0);
}

/* Counts last: the host sends the next event when it sees that. */
static void upcall(struct ex_regs *regs)
{
	if (leave_flag) {
		leave_flag--;
	} else {
		WRITE_ONCE(*xen_upcall_pending(guest_vcpu_info()), 0);
		xen_take_sel(guest_vcpu_info(), true);
		xen_clear_pending((void *)XEN_SHINFO_GPA, PORT);
	}
	upcalls++;
}

static void guest_sends(void)
{
	GUEST_ASSERT_EQ(xen_guest_send(true, PORT), 0);
}

static void begin(uint32_t nr_left)
{
	leave_flag = nr_left;
	upcalls = 0;
}

/* Let in what is due, and see that it came before another exit could be made. */
static void guest_takes(uint32_t nr)
{
	xen_guest_irq_window();
	GUEST_ASSERT_EQ(upcalls, nr);
}

/* Interruptible all the time: the upcall comes when the hypercall that raised it returns. */
static void guest_code_on(void)
{
	uint32_t i;

	begin(0);
	asm volatile("sti; nop");
	GUEST_SYNC(0);
	for (i = 1; i <= NR_EVENTS; i++) {
		guest_sends();
		GUEST_ASSERT_EQ(upcalls, i);
	}
	GUEST_SYNC(upcalls);
}

/* Not interruptible when it is raised: the upcall comes as soon as the guest is. */
static void guest_code_off(void)
{
	uint32_t i;

	begin(0);
	GUEST_SYNC(0);
	for (i = 1; i <= NR_EVENTS; i++) {
		guest_sends();
		xen_guest_yield();
		GUEST_ASSERT_EQ(upcalls, i - 1);
		guest_takes(i);
	}
	GUEST_SYNC(upcalls);
}

/* Asleep: the upcall wakes the vCPU.  The events come from the host. */
static void guest_code_sleeps(void)
{
	begin(0);
	GUEST_SYNC(0);
	while (upcalls < NR_EVENTS)
		xen_guest_halt();
	GUEST_DONE();
}

/* Busy, and making no exits of its own. */
static void guest_code_computes(void)
{
	begin(0);
	asm volatile("sti; nop");
	while (upcalls < NR_EVENTS)
		cpu_relax();
	GUEST_DONE();
}

/* A handler that leaves the flag up is entered again at the next exit. */
static void guest_code_leaves(void)
{
	uint32_t i;

	for (i = 1; i <= NR_EVENTS / 10; i++) {
		begin(3);
		asm volatile("sti; nop");
		guest_sends();
		GUEST_ASSERT(upcalls >= 1);
		xen_guest_yield();
		GUEST_ASSERT(upcalls >= 2);
		xen_guest_yield();
		GUEST_ASSERT(upcalls >= 3);
		xen_guest_yield();
		GUEST_ASSERT_EQ(upcalls, 4);
		xen_guest_yield();
		GUEST_ASSERT_EQ(upcalls, 4);
		asm volatile("cli");
	}
	GUEST_SYNC(i);
}

/* The same where the guest halts: a vector that is due ends HLT. */
static void guest_code_leaves_and_sleeps(void)
{
	uint32_t i;

	for (i = 1; i <= NR_EVENTS / 10; i++) {
		begin(3);
		guest_sends();
		while (upcalls < 4)
			xen_guest_halt();
	}
	GUEST_SYNC(i);
}

/* One interrupt of another kind, while the flag is up, changes nothing. */
static volatile uint32_t others;

static void other_irq(struct ex_regs *regs)
{
	others++;
	x2apic_write_reg(APIC_EOI, 0);
}

static void guest_code_other_irqs(void)
{
	uint32_t i;

	x2apic_enable();
	begin(0);
	for (i = 1; i <= NR_EVENTS; i++) {
		guest_sends();
		x2apic_write_reg(APIC_ICR, APIC_DEST_SELF | APIC_INT_ASSERT |
				 XEN_VCPU_VECTOR);
		guest_takes(i);
		GUEST_ASSERT_EQ(others, i);
	}
	GUEST_SYNC(upcalls);
}

FIXTURE(window) {
	struct xen_vm *x;
	int stats;
};

FIXTURE_SETUP(window)
{
	self->x = xen_vm_create(1, true, NULL);
	self->stats = vcpu_get_stats_fd(self->x->vcpu[0]);
	vm_install_exception_handler(self->x->vm, XEN_VM_VECTOR, upcall);
	vm_install_exception_handler(self->x->vm, XEN_VCPU_VECTOR, other_irq);
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
}

FIXTURE_TEARDOWN(window)
{
	close(self->stats);
	xen_vm_free(self->x);
}

static void enter_at(FIXTURE_DATA(window) *self, void (*guest_code)(void))
{
	xen_set_entry_point(self->x->vcpu[0], guest_code);
}

static uint64_t windows(FIXTURE_DATA(window) *self)
{
	return xen_stat(self->stats, "irq_window_exits");
}

TEST_F(window, is_not_asked_for_where_the_upcall_comes_at_entry)
{
	uint64_t before;

	enter_at(self, guest_code_on);
	ASSERT_EQ(0, xen_step(self->x->vcpu[0]));
	before = windows(self);
	EXPECT_EQ(NR_EVENTS, xen_step(self->x->vcpu[0]));
	EXPECT_GE(FEW, windows(self) - before);
}

TEST_F(window, is_asked_for_where_the_guest_cannot_take_the_upcall_yet)
{
	uint64_t before;

	enter_at(self, guest_code_off);
	ASSERT_EQ(0, xen_step(self->x->vcpu[0]));
	before = windows(self);
	EXPECT_EQ(NR_EVENTS, xen_step(self->x->vcpu[0]));
	EXPECT_LE(NR_EVENTS - FEW, windows(self) - before);
	EXPECT_GE(NR_EVENTS + FEW, windows(self) - before);
}

/* Send the next event when the guest has handled the last. */
static bool send_events(FIXTURE_DATA(window) *self)
{
	volatile uint32_t *handled = addr_gva2hva(self->x->vm, (uintptr_t)&upcalls);
	uint32_t i;

	for (i = 0; i < NR_EVENTS; i++) {
		if (xen_send(self->x, PORT, 0) || !xen_wait_for(*handled > i))
			return false;
	}
	return true;
}

static void send_from_host(struct __test_metadata *_metadata, FIXTURE_DATA(window) *self,
			   void (*guest_code)(void))
{
	struct xen_runner r;
	uint64_t before;

	enter_at(self, guest_code);
	before = windows(self);
	xen_runner_start(&r, self->x->vcpu[0]);
	EXPECT_TRUE(send_events(self));
	EXPECT_TRUE(xen_wait_for(READ_ONCE(r.done)));
	EXPECT_STREQ("", r.failure);
	EXPECT_GE(FEW, windows(self) - before);
	xen_runner_stop(&r);
}

TEST_F(window, is_not_asked_for_where_the_guest_sleeps)
{
	send_from_host(_metadata, self, guest_code_sleeps);
}

TEST_F(window, is_not_asked_for_where_the_guest_is_kicked)
{
	send_from_host(_metadata, self, guest_code_computes);
}

TEST_F(window, or_another_exit_brings_the_vector_again_while_the_flag_is_up)
{
	enter_at(self, guest_code_leaves);
	EXPECT_LT(0, xen_step(self->x->vcpu[0]));
}

TEST_F(window, or_not_the_vector_comes_again_to_who_would_sleep)
{
	enter_at(self, guest_code_leaves_and_sleeps);
	EXPECT_LT(0, xen_step(self->x->vcpu[0]));
}

TEST_F(window, serves_the_vector_and_an_interrupt_of_the_lapic)
{
	enter_at(self, guest_code_other_irqs);
	EXPECT_EQ(NR_EVENTS, xen_step(self->x->vcpu[0]));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
