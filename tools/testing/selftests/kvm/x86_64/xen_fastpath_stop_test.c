// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_RUN that ends just when a hypercall answered in the exit fast path injected
 * the upcall of its caller: the injection is taken back, and is part of the state
 * that the VMM finds.
 *
 * A guest sends to itself without pause, and signals end KVM_RUN as often as they
 * can.  Each event has to be handled once, before the next instruction, whatever
 * the VMM rightly does in between.  If this fails, a vCPU that is saved or reset at
 * such a moment takes an interrupt that is not its own, or loses one.  Stock 6.12
 * has no fast path.
 */
#include <signal.h>

#include "apic.h"
#include "xen_fast.h"
#include "xen_harness.h"

#define SELF_PORT	40
#define NR_SENDS	20000u		/* at most */
#define NR_HELD		1000u		/* so many stops with an upcall under way are enough */
#define SPREAD		61u		/* different delays of the signal */

#define NR_UPCALLS	((volatile uint32_t *)XEN_SPARE_GPA(1))
#define ENOUGH		(NR_UPCALLS + 1)

/* What the guest says to the VMM; it has nothing to say where a signal came first. */
enum stage {
	NO_STAGE,
	READY,
	OVER,
	OTHER_LIFE,
};

/* Each upcall is for one event, which makes the flag go up once. */
static void handle_upcall(void)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);

	(*NR_UPCALLS)++;
	GUEST_ASSERT_EQ(__atomic_exchange_n(xen_upcall_pending(vcpu_info), 0,
					    __ATOMIC_SEQ_CST), 1);
	GUEST_ASSERT_EQ(xen_take_sel(vcpu_info, true), xen_sel_bit(true, SELF_PORT));
	GUEST_ASSERT(xen_clear_pending((void *)XEN_SHINFO_GPA, SELF_PORT));
}

static void guest_code(void)
{
	uint32_t i;

	x2apic_enable();
	GUEST_SYNC(READY);
	asm volatile("sti; nop");
	for (i = 0; i < NR_SENDS && !*ENOUGH; i++) {
		GUEST_ASSERT_EQ(xen_guest_send(true, SELF_PORT), 0);
		GUEST_ASSERT_EQ(*NR_UPCALLS, i + 1);
	}
	asm volatile("cli");
	xen_guest_irq_window();
	GUEST_ASSERT_EQ(*NR_UPCALLS, i);
	GUEST_SYNC(OVER);
}

/* What the vCPU runs in another state that the VMM sets, with interrupts off. */
static void other_code(void)
{
	for (;;)
		GUEST_SYNC(OTHER_LIFE);
}

struct context {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_lapic_state lapic;
	struct kvm_vcpu_events events;
};

static void save(struct kvm_vcpu *vcpu, struct context *context)
{
	vcpu_regs_get(vcpu, &context->regs);
	vcpu_sregs_get(vcpu, &context->sregs);
	vcpu_ioctl(vcpu, KVM_GET_LAPIC, &context->lapic);
	vcpu_events_get(vcpu, &context->events);
}

static void load(struct kvm_vcpu *vcpu, struct context *context)
{
	vcpu_sregs_set(vcpu, &context->sregs);
	vcpu_regs_set(vcpu, &context->regs);
	vcpu_ioctl(vcpu, KVM_SET_LAPIC, &context->lapic);
	vcpu_events_set(vcpu, &context->events);
}

/* A thread that interrupts the one that runs the vCPU. */
struct kicker {
	struct xen_thread thread;
	pthread_t target;
	volatile uint32_t *nr_upcalls;
	uint32_t seen;			/* of the upcalls */
	unsigned int nr_kicks;
};

static void interrupted(int sig)
{
}

/*
 * One signal for each upcall at most, so that the guest makes progress between two of
 * them, and each at another moment.
 */
static void kick(void *arg)
{
	struct kicker *k = arg;
	unsigned int i;

	if (*k->nr_upcalls == k->seen)
		return;
	for (i = k->nr_kicks++ % SPREAD; i; i--)
		cpu_relax();
	k->seen = *k->nr_upcalls;
	pthread_kill(k->target, SIGUSR1);
}

/* What the VMM does with a vCPU whose KVM_RUN was ended by a signal. */
enum deed {
	GO_ON,
	SET_AGAIN,
	SET_OTHER,
};

FIXTURE(stop) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	volatile uint32_t *nr_upcalls;
	volatile uint32_t *enough;
	int stats;
	struct context other;
	struct kicker kicker;
	unsigned int nr_stops;
	unsigned int nr_held;		/* with an upcall under way */
	uint32_t held_behind;		/* that many upcalls, the last time */
};

FIXTURE_VARIANT(stop) {
	bool vcpu_vector;
	enum deed deed;
};

FIXTURE_VARIANT_ADD(stop, vm_vector) { .deed = GO_ON };
FIXTURE_VARIANT_ADD(stop, vm_vector_set_again) { .deed = SET_AGAIN };
FIXTURE_VARIANT_ADD(stop, vm_vector_set_other) { .deed = SET_OTHER };
FIXTURE_VARIANT_ADD(stop, vcpu_vector) { .vcpu_vector = true, .deed = GO_ON };
FIXTURE_VARIANT_ADD(stop, vcpu_vector_set_again) { .vcpu_vector = true, .deed = SET_AGAIN };
FIXTURE_VARIANT_ADD(stop, vcpu_vector_set_other) { .vcpu_vector = true, .deed = SET_OTHER };

/* A vCPU as the guest has it, but that runs something else, on a stack of its own. */
static void make_other(FIXTURE_DATA(stop) *self)
{
	uint64_t stack = vm_alloc_page(self->x->vm);

	vcpu_run_complete_io(self->vcpu);
	save(self->vcpu, &self->other);
	self->other.regs.rip = (uintptr_t)other_code;
	self->other.regs.rsp = stack + PAGE_SIZE - sizeof(uint64_t);
}

static void make_vm(FIXTURE_DATA(stop) *self, bool vcpu_vector)
{
	self->x = xen_vm_create(1, true, guest_code);
	self->vcpu = self->x->vcpu[0];
	self->stats = vcpu_get_stats_fd(self->vcpu);
	self->nr_upcalls = xen_hva(self->x, (uintptr_t)NR_UPCALLS);
	self->enough = xen_hva(self->x, (uintptr_t)ENOUGH);
	xen_install_upcalls(self->x->vm, handle_upcall);
	TEST_ASSERT_EQ(xen_bind_ipi(self->x, SELF_PORT, 0), 0);
	TEST_ASSERT_EQ(xen_set_vm_vector(self->x, XEN_VM_VECTOR), 0);
	if (vcpu_vector)
		TEST_ASSERT_EQ(xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR), 0);
}

FIXTURE_SETUP(stop)
{
	struct sigaction action = { .sa_handler = interrupted };

	xen_set_fastpath(true);
	make_vm(self, variant->vcpu_vector);
	ASSERT_EQ(READY, xen_step(self->vcpu));
	make_other(self);

	sigaction(SIGUSR1, &action, NULL);
	self->kicker.target = pthread_self();
	self->kicker.nr_upcalls = self->nr_upcalls;
	xen_thread_start(&self->kicker.thread, kick, &self->kicker);
}

FIXTURE_TEARDOWN(stop)
{
	xen_thread_stop(&self->kicker.thread);
	close(self->stats);
	xen_vm_free(self->x);
}

/* Run @vcpu to its next stage, or to the next signal. */
static enum stage run(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	if (__vcpu_run(vcpu)) {
		TEST_ASSERT_EQ(errno, EINTR);
		return NO_STAGE;
	}

	TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_IO);
	if (get_ucall(vcpu, &uc) == UCALL_ABORT)
		REPORT_GUEST_ASSERT(uc);
	return uc.args[1];
}

static bool is_requested(const struct kvm_lapic_state *lapic, uint8_t vector)
{
	return lapic->regs[APIC_IRR + vector / 32 * 0x10 + vector % 32 / 8] >> (vector % 8) & 1;
}

/*
 * An upcall that is to be injected or, where the CPU delivers what its LAPIC has, to be
 * delivered at the next entry.
 */
static bool is_held(const struct context *context, const FIXTURE_VARIANT(stop) *variant)
{
	if (variant->vcpu_vector && xen_has_apicv())
		return is_requested(&context->lapic, XEN_VCPU_VECTOR);

	return context->events.interrupt.injected;
}

/* One event is under way at most: seen again, it is the same one. */
static void look(FIXTURE_DATA(stop) *self, const FIXTURE_VARIANT(stop) *variant,
		 const struct context *context)
{
	uint8_t vector = variant->vcpu_vector ? XEN_VCPU_VECTOR : XEN_VM_VECTOR;

	self->nr_stops++;
	if (context->events.interrupt.injected)
		TEST_ASSERT_EQ(context->events.interrupt.nr, vector);
	if (!is_held(context, variant))
		return;

	if (!self->nr_held || self->held_behind != *self->nr_upcalls)
		self->nr_held++;
	self->held_behind = *self->nr_upcalls;
	*self->enough = self->nr_held >= NR_HELD;
}

/*
 * KVM_RUN that returned by a signal left nothing for the VMM to complete: what there
 * is of the vCPU is in its registers, LAPIC and events, an interrupt on its way
 * included.  So a VMM may set another state that is as complete, as it does when it
 * loads a snapshot or resets: nothing of the former may come through.  And it may
 * set the former again later, as on migration: all of it has to be there.
 */
static void live_other_life(FIXTURE_DATA(stop) *self)
{
	uint32_t before = *self->nr_upcalls;
	enum stage stage;

	load(self->vcpu, &self->other);
	do
		stage = run(self->vcpu);
	while (stage == NO_STAGE);
	TEST_ASSERT_EQ(stage, OTHER_LIFE);
	TEST_ASSERT_EQ(*self->nr_upcalls, before);
	vcpu_run_complete_io(self->vcpu);
	save(self->vcpu, &self->other);
}

static void stopped(FIXTURE_DATA(stop) *self, const FIXTURE_VARIANT(stop) *variant)
{
	struct context context;

	save(self->vcpu, &context);
	look(self, variant, &context);
	if (variant->deed == SET_OTHER)
		live_other_life(self);
	if (variant->deed != GO_ON)
		load(self->vcpu, &context);
}

static bool is_over(FIXTURE_DATA(stop) *self)
{
	void *vcpu_info = xen_vcpu_info(self->x, 0);
	struct kvm_vcpu_events events;

	vcpu_events_get(self->vcpu, &events);
	return !events.interrupt.injected && !*xen_upcall_pending(vcpu_info) &&
	       !xen_sel(vcpu_info, true) && !xen_is_pending(self->x->shinfo, SELF_PORT);
}

TEST_F(stop, loses_and_doubles_no_upcall)
{
	uint64_t before = xen_fast_stat(self->stats);
	enum stage stage;
	uint64_t nr_fast, nr_sends;

	while ((stage = run(self->vcpu)) == NO_STAGE)
		stopped(self, variant);
	EXPECT_EQ(OVER, stage);
	EXPECT_TRUE(is_over(self));
	nr_sends = *self->nr_upcalls;
	EXPECT_TRUE(nr_sends == NR_SENDS || self->nr_held >= NR_HELD);

	/* Upcalls that the exit loop injected do not count: some have to be the fast path's. */
	nr_fast = xen_fast_stat(self->stats) - before;
	EXPECT_LT(nr_sends * 9 / 10, nr_fast);
	EXPECT_LT(0, self->nr_stops);
	EXPECT_LT(nr_sends - nr_fast, self->nr_held) {
		TH_LOG("%u stops, %lu fast calls", self->nr_stops, nr_fast);
	}
}

int main(int argc, char **argv)
{
	xen_require_caps(KVM_XEN_HVM_CONFIG_EVTCHN_SEND);
	xen_require_fastpath();
	return test_harness_run(argc, argv);
}
