// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls that a hypercall answered in the exit fast path raises: at the vCPU that
 * makes it, by whichever vector, with interrupts on and off.
 *
 * An upcall comes exactly once for each event, and before the next instruction of a
 * guest that can take it.  If this fails, a guest that sends to itself waits for
 * ever, or handles an event twice.  Stock 6.12 has no fast path.
 */
#include "apic.h"
#include "xen_fast.h"
#include "xen_harness.h"

#define SELF_PORT	40
#define NR_SENDS	300u
#define FLAGS_TF	(1ull << 8)

static volatile uint32_t upcalls;
static volatile uint32_t leave_flag;	/* that many times more */
static volatile uint64_t trapped_at;

static void *guest_vcpu_info(void)
{
	return (void *)XEN_VCPU_INFO_GPA(0);
}

static void handle_upcall(void)
{
	upcalls++;
	if (leave_flag) {
		leave_flag--;
		return;
	}
	WRITE_ONCE(*xen_upcall_pending(guest_vcpu_info()), 0);
	xen_take_sel(guest_vcpu_info(), true);
	GUEST_ASSERT(xen_clear_pending((void *)XEN_SHINFO_GPA, SELF_PORT));
}

static void begin(uint32_t nr_left)
{
	x2apic_enable();
	leave_flag = nr_left;
	upcalls = 0;
}

/* The argument stays where it is, and is the same each time. */
static volatile uint32_t send_arg = SELF_PORT;

static int64_t send_to_self(void)
{
	return xen_guest_call(true, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
			      (uintptr_t)&send_arg, 0);
}

/* The upcall comes when the call returns. */
static void guest_code_on(void)
{
	uint32_t i;

	begin(0);
	GUEST_ASSERT_EQ(send_arg, SELF_PORT);
	asm volatile("sti; nop");
	GUEST_SYNC(0);
	for (i = 1; i <= NR_SENDS; i++) {
		GUEST_ASSERT_EQ(send_to_self(), 0);
		GUEST_ASSERT_EQ(upcalls, i);
	}
	GUEST_SYNC(upcalls);
}

/* The upcall comes when the guest can take it, once for however many events. */
static void guest_code_off(void)
{
	uint32_t i;

	begin(0);
	GUEST_ASSERT_EQ(send_arg, SELF_PORT);
	GUEST_SYNC(0);
	for (i = 1; i <= NR_SENDS; i++) {
		GUEST_ASSERT_EQ(send_to_self(), 0);
		GUEST_ASSERT_EQ(send_to_self(), 0);
		xen_guest_yield();
		GUEST_ASSERT_EQ(upcalls, i - 1);
		xen_guest_irq_window();
		GUEST_ASSERT_EQ(upcalls, i);
		xen_guest_irq_window();
		xen_guest_yield();
		GUEST_ASSERT_EQ(upcalls, i);
	}
	GUEST_SYNC(upcalls);
}

/* In the shadow of STI no interrupt comes: the call is the next instruction. */
static void guest_code_shadow(void)
{
	uint32_t i, before;

	begin(0);
	GUEST_ASSERT_EQ(send_arg, SELF_PORT);
	GUEST_SYNC(0);
	for (i = 1; i <= NR_SENDS; i++) {
		GUEST_ASSERT_EQ(send_to_self(), 0);
		before = upcalls;
		asm volatile("sti");
		xen_guest_yield();
		asm volatile("cli");
		GUEST_ASSERT_EQ(before, i - 1);
		GUEST_ASSERT_EQ(upcalls, i);
	}
	GUEST_SYNC(upcalls);
}

/* A flag left up brings the VM's vector again, at the next call that allows it. */
static void guest_code_leaves(void)
{
	uint32_t i;

	GUEST_ASSERT_EQ(send_arg, SELF_PORT);
	begin(0);
	GUEST_SYNC(0);
	for (i = 1; i <= NR_SENDS / 4; i++) {
		begin(2);
		asm volatile("sti; nop");
		send_to_self();
		GUEST_ASSERT(upcalls >= 1);
		xen_guest_yield();
		GUEST_ASSERT(upcalls >= 2);
		asm volatile("cli");
		xen_guest_yield();
		asm volatile("sti; nop");
		xen_guest_yield();
		GUEST_ASSERT_EQ(upcalls, 3);
		xen_guest_yield();
		GUEST_ASSERT_EQ(upcalls, 3);
		asm volatile("cli");
	}
	GUEST_SYNC(i);
}

/* The vCPU halts after a call that raised an upcall: it is woken. */
static void guest_code_sleeps(void)
{
	uint32_t i;

	begin(0);
	GUEST_ASSERT_EQ(send_arg, SELF_PORT);
	GUEST_SYNC(0);
	for (i = 1; i <= NR_SENDS; i++) {
		GUEST_ASSERT_EQ(send_to_self(), 0);
		xen_guest_halt();
		GUEST_ASSERT_EQ(upcalls, i);
	}
	GUEST_SYNC(upcalls);
}

static void debug_trap(struct ex_regs *regs)
{
	trapped_at = regs->rip;
	regs->rflags &= ~FLAGS_TF;
}

extern const char behind_call[];

/* A send with TF set, and room on the stack for what the compiler may have there. */
static noinline uint64_t send_and_trap(void)
{
	uint64_t result = __HYPERVISOR_event_channel_op;

	asm volatile("subq $128, %%rsp\n"
		     "pushfq\n"
		     "orq %[tf], (%%rsp)\n"
		     "popfq\n"
		     "vmmcall\n"
		     "behind_call: addq $128, %%rsp\n"
		     : "+a"(result)
		     : "D"((uint64_t)EVTCHNOP_send), "S"(&send_arg), [tf] "i"(FLAGS_TF)
		     : "memory", "cc");
	return result;
}

/*
 * The trap is behind the call that was made, not behind the next instruction, and
 * not lost, whether or not an earlier call had an upcall injected.
 */
static void guest_code_traps(void)
{
	uint32_t i;

	begin(0);
	GUEST_ASSERT_EQ(send_arg, SELF_PORT);
	GUEST_SYNC(0);
	for (i = 1; i <= NR_SENDS; i++) {
		trapped_at = 0;
		GUEST_ASSERT_EQ(send_and_trap(), 0);
		GUEST_ASSERT_EQ(trapped_at, (uintptr_t)behind_call);
		xen_guest_irq_window();
		GUEST_ASSERT_EQ(upcalls, 2 * i - 1);
		asm volatile("sti; nop");
		GUEST_ASSERT_EQ(send_to_self(), 0);
		GUEST_ASSERT_EQ(upcalls, 2 * i);
		asm volatile("cli");
	}
	GUEST_SYNC(upcalls);
}

FIXTURE(upcall) {
	struct xen_vm *x;
	int stats;
};

FIXTURE_VARIANT(upcall) {
	bool off;
	bool vcpu_vector;
};

FIXTURE_VARIANT_ADD(upcall, vm_vector) { .off = false };
FIXTURE_VARIANT_ADD(upcall, vm_vector_off) { .off = true };
FIXTURE_VARIANT_ADD(upcall, vcpu_vector) { .vcpu_vector = true };
FIXTURE_VARIANT_ADD(upcall, vcpu_vector_off) { .vcpu_vector = true, .off = true };

FIXTURE_SETUP(upcall)
{
	if (!variant->off && !xen_has_fastpath())
		SKIP(return, "%s", xen_no_fastpath());

	self->x = xen_vm_create(1, true, NULL);
	self->stats = vcpu_get_stats_fd(self->x->vcpu[0]);
	xen_install_upcalls(self->x->vm, handle_upcall);
	vm_install_exception_handler(self->x->vm, DB_VECTOR, debug_trap);
	ASSERT_EQ(0, xen_bind_ipi(self->x, SELF_PORT, 0));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	if (variant->vcpu_vector)
		ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	xen_set_fastpath(!variant->off);
}

FIXTURE_TEARDOWN(upcall)
{
	xen_set_fastpath(true);
	close(self->stats);
	xen_vm_free(self->x);
}

/* Run @guest_code to its end; returns how many calls were fast on the way. */
static uint64_t run(FIXTURE_DATA(upcall) *self, void *guest_code, uint64_t end)
{
	uint64_t before;

	xen_set_entry_point(self->x->vcpu[0], guest_code);
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), 0);
	before = xen_fast_stat(self->stats);
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), end);
	return xen_fast_stat(self->stats) - before;
}

/* The argument's page may be marked as accessed by the first of them only. */
#define ALL_OF(nr)	((nr) - 1)

static bool are_fast(const FIXTURE_VARIANT(upcall) *variant, uint64_t fast, uint64_t all)
{
	return variant->off ? !fast : fast >= ALL_OF(all) && fast <= all;
}

TEST_F(upcall, comes_before_the_next_instruction)
{
	uint64_t fast = run(self, guest_code_on, NR_SENDS);

	EXPECT_TRUE(are_fast(variant, fast, NR_SENDS));
}

TEST_F(upcall, waits_until_the_guest_can_take_it)
{
	uint64_t fast = run(self, guest_code_off, NR_SENDS);

	EXPECT_TRUE(are_fast(variant, fast, 4 * NR_SENDS));
}

TEST_F(upcall, waits_for_the_end_of_a_shadow)
{
	uint64_t fast = run(self, guest_code_shadow, NR_SENDS);

	EXPECT_TRUE(are_fast(variant, fast, 2 * NR_SENDS));
}

TEST_F(upcall, wakes_who_sleeps)
{
	uint64_t fast = run(self, guest_code_sleeps, NR_SENDS);

	EXPECT_TRUE(are_fast(variant, fast, NR_SENDS));
}

TEST_F(upcall, comes_beside_a_trap_behind_the_call)
{
	if (host_cpu_is_intel)
		SKIP(return, "the guest makes its calls by VMMCALL");
	run(self, guest_code_traps, 2 * NR_SENDS);
}

/* LAPICs are the VMM's: KVM cannot inject vectors. */
static void guest_code_alone(void)
{
	uint32_t i;

	GUEST_ASSERT_EQ(send_arg, SELF_PORT);
	asm volatile("sti; nop");
	for (i = 0; i < NR_SENDS; i++)
		GUEST_ASSERT_EQ(send_to_self(), 0);
	asm volatile("cli");
	GUEST_SYNC(upcalls);
}

TEST_F(upcall, does_not_come_where_the_vmm_has_the_lapics)
{
	struct xen_vm *x = xen_vm_create_no_irqchip(1, true, guest_code_alone);

	xen_register_pages(x);
	xen_install_upcalls(x->vm, handle_upcall);
	ASSERT_EQ(0, xen_bind_ipi(x, SELF_PORT, 0));
	ASSERT_EQ(0, xen_set_vm_vector(x, XEN_VM_VECTOR));
	EXPECT_EQ(0, xen_step(x->vcpu[0]));
	xen_vm_free(x);
}

/* A vector of the LAPIC is not pending any more once it was taken. */
TEST_F(upcall, comes_again_while_the_flag_is_up)
{
	uint64_t fast;

	if (variant->vcpu_vector)
		return;
	fast = run(self, guest_code_leaves, NR_SENDS / 4 + 1);
	EXPECT_TRUE(are_fast(variant, fast, 5 * (NR_SENDS / 4)));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
