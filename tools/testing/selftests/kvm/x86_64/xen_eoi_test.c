// SPDX-License-Identifier: GPL-2.0
/*
 * The end of an interrupt, which KVM handles in its exit fastpath if it concerns
 * nobody but the LAPIC: in service, pending, blocked or not, every interrupt is what it
 * is by the exit loop.
 *
 * Guests here look at their x2APIC before and after.  If this fails, an interrupt
 * comes twice, early or never, or the LAPIC believes that one is in service still.
 * On an Intel host with APICv no EOI gets to KVM; on stock modules all are handled in the
 * exit loop.
 */
#include <pthread.h>
#include <sched.h>

#include "apic.h"
#include "xen.h"
#include "xen_harness.h"

#define NR_ROUNDS	300u
#define NR_EVENTS	20000u
#define EVENT_PORT	40

/* Of three classes; the upcall's is in the middle. */
#define LOW_VECTOR	0x41u
#define MIDDLE_VECTOR	XEN_VCPU_VECTOR
#define HIGH_VECTOR	0xd1u
#define CLASS(vector)	((vector) >> 4)

#define APIC_ISR	0x100
#define FLAGS_TF	(1ull << 8)

/* Instructions within which an interrupt that is due has come. */
#define NR_LATE		50

/* The IOAPIC, and a pin to which no line of the PIC goes. */
#define IOAPIC_GPA	0xfec00000ull
#define IOAPIC_PIN	20u
#define IOAPIC_LEVEL	(1u << 15)

/* A word of the guest's by which KVM may say that an interrupt needs no EOI. */
#define PV_EOI_GPA	XEN_SPARE_GPA(2)
#define PV_EOI		((volatile uint32_t *)PV_EOI_GPA)
#define VAPIC_GPA	XEN_SPARE_GPA(3)

typedef void (*guest_fn)(void);

static guest_fn do_round;
static guest_fn on_low, on_middle, on_high;
static char order[16];			/* of the interrupts: l, m, h */
static volatile uint32_t nr_taken;
static uint32_t nr_eois;
static volatile uint64_t trapped_at;

static void eoi(void)
{
	x2apic_write_reg(APIC_EOI, 0);
	nr_eois++;
}

static bool is_set(uint32_t base, uint8_t vector)
{
	return x2apic_read_reg(base + vector / 32 * 0x10) >> (vector % 32) & 1;
}

static void expect_in_service(bool low, bool middle, bool high)
{
	GUEST_ASSERT_EQ(is_set(APIC_ISR, LOW_VECTOR), low);
	GUEST_ASSERT_EQ(is_set(APIC_ISR, MIDDLE_VECTOR), middle);
	GUEST_ASSERT_EQ(is_set(APIC_ISR, HIGH_VECTOR), high);
}

static void expect_pending(bool low, bool middle, bool high)
{
	GUEST_ASSERT_EQ(is_set(APIC_IRR, LOW_VECTOR), low);
	GUEST_ASSERT_EQ(is_set(APIC_IRR, MIDDLE_VECTOR), middle);
	GUEST_ASSERT_EQ(is_set(APIC_IRR, HIGH_VECTOR), high);
}

static void expect_priority(uint64_t class)
{
	GUEST_ASSERT_EQ(x2apic_read_reg(APIC_PROCPRI) >> 4, class);
}

static void send(uint8_t vector)
{
	x2apic_write_reg(APIC_ICR, APIC_DEST_SELF | APIC_INT_ASSERT | vector);
}

static void take(guest_fn handle, char name)
{
	GUEST_ASSERT(nr_taken < sizeof(order) - 1);
	order[nr_taken++] = name;
	order[nr_taken] = 0;
	handle();
}

static void low_handler(struct ex_regs *regs)
{
	take(on_low, 'l');
}

static void middle_handler(struct ex_regs *regs)
{
	take(on_middle, 'm');
}

static void high_handler(struct ex_regs *regs)
{
	take(on_high, 'h');
}

static void debug_trap(struct ex_regs *regs)
{
	trapped_at = regs->rip;
	regs->rflags &= ~FLAGS_TF;
}

static bool is_order(const char *expected)
{
	unsigned int i;

	for (i = 0; expected[i]; i++) {
		if (order[i] != expected[i])
			return false;
	}
	return !order[i];
}

/* These interrupts have come by now, in this order, and an exit brings no more. */
static void expect_order(const char *expected)
{
	unsigned int i;

	for (i = 0; i < NR_LATE; i++)
		asm volatile("nop");
	GUEST_ASSERT(is_order(expected));
	xen_guest_yield();
	GUEST_ASSERT(is_order(expected));
}

static void begin_round(void)
{
	nr_taken = 0;
	order[0] = 0;
}

/* Nothing is left when it is over. */
static void end_round(const char *expected)
{
	asm volatile("sti; nop");
	expect_order(expected);
	asm volatile("cli");
	expect_in_service(false, false, false);
	expect_pending(false, false, false);
	expect_priority(0);
}

/* Guest: rounds of what the host chose. */
static void guest_code(void)
{
	uint32_t i;

	x2apic_enable();
	for (i = 0; i < NR_ROUNDS; i++) {
		begin_round();
		do_round();
	}
	GUEST_SYNC(nr_eois);
}

static void end_alone(void)
{
	expect_in_service(false, true, false);
	expect_priority(CLASS(MIDDLE_VECTOR));
	eoi();
	expect_in_service(false, false, false);
	expect_priority(0);
}

static void round_alone(void)
{
	on_middle = end_alone;
	send(MIDDLE_VECTOR);
	end_round("m");
}

/* An EOI with no interrupt in service changes nothing, nor what is pending. */
static void round_for_nothing(void)
{
	on_middle = end_alone;
	x2apic_write_reg(APIC_EOI, 0);
	send(MIDDLE_VECTOR);
	x2apic_write_reg(APIC_EOI, 0);
	expect_pending(false, true, false);
	expect_in_service(false, false, false);
	end_round("m");
}

/* The highest is ended, the one that it interrupted is left. */
static void end_high(void)
{
	expect_in_service(false, true, true);
	expect_priority(CLASS(HIGH_VECTOR));
	eoi();
	expect_in_service(false, true, false);
	expect_priority(CLASS(MIDDLE_VECTOR));
}

static void end_low(void)
{
	x2apic_write_reg(APIC_EOI, 0);
}

static void interrupt_middle(void)
{
	asm volatile("sti; nop");
	send(HIGH_VECTOR);
	expect_order("mh");
	asm volatile("cli");
	end_low();
}

static void round_nested(void)
{
	on_middle = interrupt_middle;
	on_high = end_high;
	send(MIDDLE_VECTOR);
	end_round("mh");
}

/* Interrupts that wait for the one in service come once interrupts are enabled. */
static void end_before_others(void)
{
	on_middle = eoi;
	send(MIDDLE_VECTOR);
	send(LOW_VECTOR);
	expect_pending(true, true, false);
	eoi();
	expect_in_service(false, false, false);
	expect_pending(true, true, false);
	xen_guest_yield();
	GUEST_ASSERT_EQ(nr_taken, 1);
}

static void round_pending(void)
{
	on_middle = end_before_others;
	on_low = eoi;
	send(MIDDLE_VECTOR);
	end_round("mml");
}

/* Interrupts are on in the handler: the EOI itself lets the next one in. */
static void end_with_interrupts_on(void)
{
	asm volatile("sti; nop");
	send(LOW_VECTOR);
	expect_order("m");
	eoi();
	GUEST_ASSERT_EQ(nr_taken, 2);
	asm volatile("cli");
}

static void round_at_once(void)
{
	on_middle = end_with_interrupts_on;
	on_low = eoi;
	send(MIDDLE_VECTOR);
	end_round("ml");
}

/* The EOI is in the shadow of STI: the next one comes behind the next instruction. */
static void end_in_shadow(void)
{
	uint32_t taken;

	send(LOW_VECTOR);
	asm volatile("sti\n\t"
		     "wrmsr\n\t"
		     "mov %[nr], %[taken]\n\t"
		     "cli\n\t"
		     : [taken] "=&r"(taken)
		     : "a"(0), "d"(0), "c"(APIC_BASE_MSR + (APIC_EOI >> 4)),
		       [nr] "m"(nr_taken)
		     : "memory");
	nr_eois++;
	GUEST_ASSERT_EQ(taken, 2);
}

static void round_in_shadow(void)
{
	on_middle = end_in_shadow;
	on_low = eoi;
	send(MIDDLE_VECTOR);
	end_round("ml");
}

/* Written without an exit, so KVM reads it at the EOI; it blocks its own class. */
static void end_at_level(void)
{
	send(LOW_VECTOR);
	set_cr8(CLASS(LOW_VECTOR));
	eoi();
	expect_priority(CLASS(LOW_VECTOR));
	asm volatile("sti; nop");
	expect_order("m");
	set_cr8(CLASS(LOW_VECTOR) - 1);
	expect_order("ml");
	asm volatile("cli");
	set_cr8(0);
}

static void round_at_level(void)
{
	on_middle = end_at_level;
	on_low = eoi;
	send(MIDDLE_VECTOR);
	end_round("ml");
}

/* The write faults, and leaves the interrupt in service. */
static void end_badly(void)
{
	x2apic_write_reg_fault(APIC_EOI, 1ull << 32);
	end_alone();
}

static void round_bad(void)
{
	on_middle = end_badly;
	send(MIDDLE_VECTOR);
	end_round("m");
}

extern const char behind_eoi[];

/* The trap is behind the EOI, not behind the next instruction. */
static void end_and_trap(void)
{
	trapped_at = 0;
	asm volatile("subq $128, %%rsp\n\t"
		     "pushfq\n\t"
		     "orq %[tf], (%%rsp)\n\t"
		     "popfq\n\t"
		     "wrmsr\n"
		     "behind_eoi: addq $128, %%rsp\n\t"
		     : : "a"(0), "d"(0), "c"(APIC_BASE_MSR + (APIC_EOI >> 4)),
		       [tf] "i"(FLAGS_TF)
		     : "memory", "cc");
	nr_eois++;
	GUEST_ASSERT_EQ(trapped_at, (uintptr_t)behind_eoi);
}

static void round_trap(void)
{
	on_middle = end_and_trap;
	send(MIDDLE_VECTOR);
	end_round("m");
}

/*
 * By PV EOI, KVM allows the guest to omit the EOI, which it writes nevertheless.  Any exit
 * withdraws that, also one by an interrupt of the host.
 */
static void end_though_spared(void)
{
	nr_eois += *PV_EOI & KVM_PV_EOI_ENABLED;
	x2apic_write_reg(APIC_EOI, 0);
	GUEST_ASSERT_EQ(*PV_EOI, 0);
	expect_in_service(false, false, false);
}

static void round_spared(void)
{
	wrmsr(MSR_KVM_PV_EOI_EN, PV_EOI_GPA | KVM_MSR_ENABLED);
	on_middle = end_though_spared;
	send(MIDDLE_VECTOR);
	end_round("m");
}

static void write_ioapic(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)IOAPIC_GPA = reg;
	*(volatile uint32_t *)(IOAPIC_GPA + 0x10) = value;
}

/* The host lowers the line at the second interrupt of each round. */
static void end_level(void)
{
	if (nr_taken == 2)
		GUEST_SYNC(0);
	x2apic_write_reg(APIC_EOI, 0);
}

/* The EOI goes to the IOAPIC, and as its line is up the interrupt comes again. */
static void guest_code_level(void)
{
	uint32_t i;

	x2apic_enable();
	on_low = end_level;
	write_ioapic(0x11 + 2 * IOAPIC_PIN, 0);
	write_ioapic(0x10 + 2 * IOAPIC_PIN, LOW_VECTOR | IOAPIC_LEVEL);
	for (i = 0; i < NR_ROUNDS; i++) {
		begin_round();
		asm volatile("sti; nop");
		GUEST_SYNC(1);
		end_round("ll");
	}
	GUEST_SYNC(nr_eois);
}

static void take_event(void)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);

	WRITE_ONCE(*xen_upcall_pending(vcpu_info), 0);
	xen_take_sel(vcpu_info, true);
	if (xen_clear_pending((void *)XEN_SHINFO_GPA, EVENT_PORT))
		nr_taken++;
	eoi();
}

static void event_handler(struct ex_regs *regs)
{
	take_event();
}

/* The host sends as soon as the bit is clear: in handlers, before and behind EOIs. */
static void guest_code_events(void)
{
	x2apic_enable();
	asm volatile("sti; nop");
	while (nr_taken < NR_EVENTS)
		asm volatile("pause");
	asm volatile("cli");
	expect_in_service(false, false, false);
	GUEST_ASSERT_EQ(nr_taken, NR_EVENTS);
	GUEST_SYNC(nr_eois);
}

FIXTURE(eoi) {
	struct xen_vm *x;
};

FIXTURE_VARIANT(eoi) {
	bool foreign;		/* the upcall's vector is not the vCPU's own */
};

FIXTURE_VARIANT_ADD(eoi, own_vector) { .foreign = false };
FIXTURE_VARIANT_ADD(eoi, no_own_vector) { .foreign = true };

FIXTURE_SETUP(eoi)
{
	struct kvm_vm *vm;

	self->x = xen_vm_create(1, true, NULL);
	vm = self->x->vm;
	virt_pg_map(vm, IOAPIC_GPA, IOAPIC_GPA);
	vm_install_exception_handler(vm, LOW_VECTOR, low_handler);
	vm_install_exception_handler(vm, MIDDLE_VECTOR, middle_handler);
	vm_install_exception_handler(vm, HIGH_VECTOR, high_handler);
	vm_install_exception_handler(vm, DB_VECTOR, debug_trap);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	if (!variant->foreign)
		ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
}

FIXTURE_TEARDOWN(eoi)
{
	xen_vm_free(self->x);
}

/* Run rounds of @round; the guest says in the end how many EOIs it counted. */
static uint64_t run_rounds(FIXTURE_DATA(eoi) *self, guest_fn round)
{
	do_round = round;
	sync_global_to_guest(self->x->vm, do_round);
	xen_set_entry_point(self->x->vcpu[0], guest_code);
	return xen_step(self->x->vcpu[0]);
}

static void run(FIXTURE_DATA(eoi) *self, guest_fn round, uint64_t expected)
{
	TEST_ASSERT_EQ(run_rounds(self, round), expected);
}

TEST_F(eoi, ends_the_one_in_service)
{
	run(self, round_alone, NR_ROUNDS);
}

TEST_F(eoi, without_any_in_service_changes_nothing)
{
	run(self, round_for_nothing, NR_ROUNDS);
}

TEST_F(eoi, ends_the_highest_in_service)
{
	run(self, round_nested, NR_ROUNDS);
}

TEST_F(eoi, leaves_others_to_come_in_their_order)
{
	run(self, round_pending, 3 * NR_ROUNDS);
}

TEST_F(eoi, lets_the_next_one_in_at_once)
{
	run(self, round_at_once, 2 * NR_ROUNDS);
}

TEST_F(eoi, in_the_shadow_of_sti_lets_it_in)
{
	run(self, round_in_shadow, 2 * NR_ROUNDS);
}

TEST_F(eoi, leaves_those_blocked_that_cr8_blocks)
{
	run(self, round_at_level, 2 * NR_ROUNDS);
}

TEST_F(eoi, with_reserved_bits_is_a_fault)
{
	run(self, round_bad, NR_ROUNDS);
}

TEST_F(eoi, is_trapped_behind)
{
	run(self, round_trap, NR_ROUNDS);
}

/*
 * The guest counts the EOIs that it was allowed to omit: most of them, unless the CPU
 * itself handles EOIs.
 */
TEST_F(eoi, that_was_spared_is_no_other_interrupts_end)
{
	uint64_t spared = run_rounds(self, round_spared);

	EXPECT_TRUE(xen_has_apicv() ? !spared : spared > NR_ROUNDS / 2);
}

/* A page by which the VMM reads and writes the LAPIC's priority. */
TEST_F(eoi, of_a_lapic_with_a_page_reads_its_priority_first)
{
	struct kvm_vapic_addr address = { .vapic_addr = VAPIC_GPA };

	vcpu_ioctl(self->x->vcpu[0], KVM_SET_VAPIC_ADDR, &address);
	ASSERT_EQ(NR_ROUNDS, run_rounds(self, round_alone));
}

static void set_line(FIXTURE_DATA(eoi) *self, int level)
{
	struct kvm_irq_level line = { .irq = IOAPIC_PIN, .level = level };

	vm_ioctl(self->x->vm, KVM_IRQ_LINE, &line);
}

TEST_F(eoi, of_a_level_asks_the_line)
{
	uint32_t i;

	xen_set_entry_point(self->x->vcpu[0], guest_code_level);
	for (i = 0; i < NR_ROUNDS; i++) {
		ASSERT_EQ(1, xen_step(self->x->vcpu[0]));
		set_line(self, 1);
		ASSERT_EQ(0, xen_step(self->x->vcpu[0]));
		set_line(self, 0);
	}
	ASSERT_EQ(0, xen_step(self->x->vcpu[0]));
}

static void *send_events(void *arg)
{
	struct xen_vm *x = arg;
	uint32_t i;

	for (i = 0; i < NR_EVENTS; i++) {
		while (xen_is_pending(x->shinfo, EVENT_PORT))
			sched_yield();
		TEST_ASSERT_EQ(xen_send(x, EVENT_PORT, 0), 0);
	}
	return NULL;
}

/* A surplus upcall is no error: the handler of the one before may have taken its event. */
TEST_F(eoi, loses_no_event_that_comes_meanwhile)
{
	pthread_t sender;
	uint64_t nr;

	if (variant->foreign)
		return;		/* an upcall without an EOI */
	vm_install_exception_handler(self->x->vm, XEN_VCPU_VECTOR, event_handler);
	xen_set_entry_point(self->x->vcpu[0], guest_code_events);
	ASSERT_EQ(0, pthread_create(&sender, NULL, send_events, self->x));
	nr = xen_step(self->x->vcpu[0]);
	ASSERT_EQ(0, pthread_join(sender, NULL));
	EXPECT_GT(nr, 0);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
