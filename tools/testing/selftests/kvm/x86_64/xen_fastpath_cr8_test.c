// SPDX-License-Identifier: GPL-2.0
/*
 * The priority of the CPU, where hypercalls are answered in the exit fast path: the
 * guest's CR8, the TPR of its LAPIC and what the VMM sees are the same thing.
 *
 * On AMD the guest writes CR8 without an exit, and KVM takes it over at the next one,
 * unless that finds it in the LAPIC already.  If this fails, the guest
 * reads what it did not write, or gets an upcall early, or never.  The VMM answers
 * some of the calls, and nothing changes by that.  Stock 6.12 has no fast path.
 */
#include "apic.h"
#include "xen_fast.h"
#include "xen_paging.h"
#include "xen_harness.h"

#define SELF_PORT	40

#define NR_LEVELS	16u
#define NR_PAIRS	(NR_LEVELS * NR_LEVELS)
#define FIRST(pair)	((pair) / NR_LEVELS)
#define SECOND(pair)	((pair) % NR_LEVELS)

/* CR8 blocks the vectors of its own class, and of those below. */
#define CLASS(vector)	((vector) >> 4)

/* Instructions within which an interrupt that is due has come. */
#define NR_LATE		100

/* What the guest asks of its VMM, by a hypercall that KVM leaves alone. */
enum vmm_request {
	VMM_LOOK,		/* returns a view() */
	VMM_SEND,
	VMM_SET_SREGS,		/* these return the level there was before */
	VMM_SET_LAPIC,
	VMM_NR_REQUESTS,
};

typedef int64_t (*call_fn)(void);
typedef void (*level_fn)(uint64_t level);

/* Set by the host; without an upcall vector no class is blocked. */
static call_fn make_call;
static call_fn make_send;
static uint64_t first_blocked;

static volatile uint32_t upcalls;
static volatile uint64_t nr_calls;	/* the choice of the host was made so often */
static volatile uint32_t send_arg = SELF_PORT;

/* CR8 in the registers as the VMM has them, and TPR. */
static int64_t view(uint64_t cr8, uint64_t tpr)
{
	return cr8 | tpr << 8;
}

static void *guest_vcpu_info(void)
{
	return (void *)XEN_VCPU_INFO_GPA(0);
}

static void set_tpr(uint64_t level)
{
	x2apic_write_reg(APIC_TASKPRI, level << 4);
}

/* With the low four bits of the TPR, which CR8 does not have and a write of it clears. */
static void set_whole_tpr(uint64_t level)
{
	x2apic_write_reg(APIC_TASKPRI, level << 4 | 0xf);
}

static int64_t ask_vmm(enum vmm_request request, uint64_t level)
{
	return xen_guest_call(true, __HYPERVISOR_hvm_op, request, level, 0);
}

static int64_t send_to_self(void)
{
	return xen_guest_call(true, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
			      (uintptr_t)&send_arg, 0);
}

/* No hypercall, but the cheapest exit. */
static int64_t exit_by_cpuid(void)
{
	uint32_t eax, ebx, ecx, edx;

	__cpuid(0, 0, &eax, &ebx, &ecx, &edx);
	return eax;
}

static int64_t have_vmm_look(void)
{
	return ask_vmm(VMM_LOOK, 0);
}

static int64_t have_vmm_send(void)
{
	return ask_vmm(VMM_SEND, 0);
}

static void call(void)
{
	nr_calls++;
	GUEST_ASSERT(make_call() >= 0);
}

static void send(void)
{
	nr_calls++;
	GUEST_ASSERT_EQ(make_send(), 0);
}

/* Read CR8 in the guest first: at each later step KVM may update its copy. */
static void expect_level(uint64_t level)
{
	GUEST_ASSERT_EQ(get_cr8(), level);
	GUEST_ASSERT_EQ(ask_vmm(VMM_LOOK, 0), view(level, level << 4));
	GUEST_ASSERT_EQ(get_cr8(), level);
	GUEST_ASSERT_EQ(x2apic_read_reg(APIC_TASKPRI), level << 4);
}

static void write_all_pairs(level_fn write_first, level_fn write_second)
{
	unsigned int i;

	for (i = 0; i < NR_PAIRS; i++) {
		write_first(FIRST(i));
		call();
		GUEST_ASSERT_EQ(get_cr8(), FIRST(i));
		write_second(SECOND(i));
		call();
		expect_level(SECOND(i));
		call();
		expect_level(SECOND(i));
	}
}

static void guest_code_writes(void)
{
	x2apic_enable();
	write_all_pairs(set_cr8, set_cr8);
	write_all_pairs(set_cr8, set_tpr);
	write_all_pairs(set_tpr, set_cr8);
	write_all_pairs(set_tpr, set_tpr);
	write_all_pairs(set_whole_tpr, set_cr8);
	GUEST_SYNC(nr_calls);
}

/* No exit but that to the VMM lies between the guest's write and the VMM's. */
static void have_vmm_set_all(enum vmm_request request)
{
	unsigned int i;

	for (i = 0; i < NR_PAIRS; i++) {
		set_cr8(FIRST(i));
		call();
		GUEST_ASSERT_EQ(ask_vmm(request, SECOND(i)), FIRST(i));
		call();
		expect_level(SECOND(i));
		set_cr8(FIRST(i));
		GUEST_ASSERT_EQ(ask_vmm(request, SECOND(i)), FIRST(i));
		GUEST_ASSERT_EQ(get_cr8(), SECOND(i));
		call();
		expect_level(SECOND(i));
	}
}

static void guest_code_is_restored(void)
{
	x2apic_enable();
	have_vmm_set_all(VMM_SET_SREGS);
	have_vmm_set_all(VMM_SET_LAPIC);
	GUEST_SYNC(nr_calls);
}

static void handle_upcall(void)
{
	upcalls++;
	WRITE_ONCE(*xen_upcall_pending(guest_vcpu_info()), 0);
	xen_take_sel(guest_vcpu_info(), true);
	GUEST_ASSERT(xen_clear_pending((void *)XEN_SHINFO_GPA, SELF_PORT));
}

static bool is_blocked(uint64_t level)
{
	return level >= first_blocked;
}

/* @nr upcalls have come by now, and an exit brings no more. */
static void expect_upcalls(uint32_t nr)
{
	unsigned int i;

	for (i = 0; i < NR_LATE && upcalls != nr; i++)
		asm volatile("nop");
	for (i = 0; i < 3; i++) {
		GUEST_ASSERT_EQ(upcalls, nr);
		call();
	}
	GUEST_ASSERT_EQ(upcalls, nr);
}

static void begin(uint64_t level)
{
	upcalls = 0;
	set_cr8(level);
}

/* The upcall comes once, at the latest when CR8 allows it. */
static void end(void)
{
	set_cr8(0);
	expect_upcalls(1);
	asm volatile("cli");
}

/* Send at one level, which KVM has not read before; then at the other. */
static void send_and_change(uint64_t level, uint64_t then)
{
	begin(level);
	asm volatile("sti; nop");
	send();
	expect_upcalls(!is_blocked(level));
	GUEST_ASSERT_EQ(get_cr8(), level);
	set_cr8(then);
	expect_upcalls(!is_blocked(level) || !is_blocked(then));
	GUEST_ASSERT_EQ(get_cr8(), then);
	end();
}

static void guest_code_changes_behind(void)
{
	unsigned int i;

	x2apic_enable();
	for (i = 0; i < NR_PAIRS; i++)
		send_and_change(FIRST(i), SECOND(i));
	GUEST_SYNC(nr_calls);
}

/* KVM has read one level when the guest sends at the other. */
static void change_and_send(uint64_t before, uint64_t level)
{
	begin(before);
	call();
	asm volatile("sti; nop");
	set_cr8(level);
	send();
	GUEST_ASSERT_EQ(get_cr8(), level);
	expect_upcalls(!is_blocked(level));
	end();
}

static void guest_code_changes_before(void)
{
	unsigned int i;

	x2apic_enable();
	for (i = 0; i < NR_PAIRS; i++)
		change_and_send(FIRST(i), SECOND(i));
	GUEST_SYNC(nr_calls);
}

/* Down by one at a time, up to the instruction that lets it in. */
static void send_and_descend(uint64_t level)
{
	begin(level);
	asm volatile("sti; nop");
	send();
	while (is_blocked(level)) {
		expect_upcalls(0);
		set_cr8(--level);
	}
	expect_upcalls(1);
	GUEST_ASSERT_EQ(get_cr8(), level);
	end();
}

static void guest_code_descends(void)
{
	uint64_t level;

	x2apic_enable();
	for (level = 0; level < NR_LEVELS; level++)
		send_and_descend(level);
	GUEST_SYNC(nr_calls);
}

/* Interrupts are off when it is sent: the level at which they go on is what counts. */
static void send_and_allow(uint64_t level, uint64_t then)
{
	begin(level);
	send();
	expect_upcalls(0);
	set_cr8(then);
	expect_upcalls(0);
	asm volatile("sti; nop");
	call();
	expect_upcalls(!is_blocked(then));
	GUEST_ASSERT_EQ(get_cr8(), then);
	end();
}

static void guest_code_allows(void)
{
	unsigned int i;

	x2apic_enable();
	for (i = 0; i < NR_PAIRS; i++)
		send_and_allow(FIRST(i), SECOND(i));
	GUEST_SYNC(nr_calls);
}

static uint8_t tpr_of(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic_state lapic;

	vcpu_ioctl(vcpu, KVM_GET_LAPIC, &lapic);
	return lapic.regs[APIC_TASKPRI];
}

static int64_t vmm_looks(struct xen_vm *x, uint64_t level)
{
	struct kvm_sregs sregs;

	vcpu_sregs_get(x->vcpu[0], &sregs);
	return view(sregs.cr8, tpr_of(x->vcpu[0]));
}

static int64_t vmm_sends(struct xen_vm *x, uint64_t level)
{
	return xen_send(x, SELF_PORT, 0);
}

static int64_t vmm_sets_sregs(struct xen_vm *x, uint64_t level)
{
	struct kvm_sregs sregs;
	uint64_t former;

	vcpu_sregs_get(x->vcpu[0], &sregs);
	former = sregs.cr8;
	sregs.cr8 = level;
	vcpu_sregs_set(x->vcpu[0], &sregs);
	return former;
}

static int64_t vmm_sets_lapic(struct xen_vm *x, uint64_t level)
{
	struct kvm_lapic_state lapic;
	uint8_t former;

	vcpu_ioctl(x->vcpu[0], KVM_GET_LAPIC, &lapic);
	former = lapic.regs[APIC_TASKPRI];
	lapic.regs[APIC_TASKPRI] = level << 4;
	vcpu_ioctl(x->vcpu[0], KVM_SET_LAPIC, &lapic);
	return former >> 4;
}

static int64_t (*const vmm[VMM_NR_REQUESTS])(struct xen_vm *x, uint64_t level) = {
	[VMM_LOOK]	= vmm_looks,
	[VMM_SEND]	= vmm_sends,
	[VMM_SET_SREGS]	= vmm_sets_sregs,
	[VMM_SET_LAPIC]	= vmm_sets_lapic,
};

static int64_t answer(const struct kvm_xen_exit *exit, void *x)
{
	if (exit->u.hcall.input != __HYPERVISOR_hvm_op ||
	    exit->u.hcall.params[0] >= VMM_NR_REQUESTS)
		return -XEN_ENOSYS;

	return vmm[exit->u.hcall.params[0]](x, exit->u.hcall.params[1]);
}

/* How many calls a run of the guest made, and how many of them were fast. */
struct outcome {
	uint64_t calls;
	uint64_t fast;
};

static struct outcome run(struct xen_vm *x, void *guest_code)
{
	int stats = vcpu_get_stats_fd(x->vcpu[0]);
	uint64_t before = xen_fast_stat(stats);
	struct outcome o;

	xen_mark_accessed(x->vm, (uintptr_t)&send_arg);
	xen_set_entry_point(x->vcpu[0], guest_code);
	o.calls = xen_step_with(x->vcpu[0], answer, x);
	o.fast = xen_fast_stat(stats) - before;
	close(stats);
	return o;
}

static struct xen_vm *create(call_fn guest_call, call_fn guest_send)
{
	struct xen_vm *x = xen_vm_create(1, true, NULL);

	make_call = guest_call;
	sync_global_to_guest(x->vm, make_call);
	make_send = guest_send;
	sync_global_to_guest(x->vm, make_send);
	TEST_ASSERT_EQ(xen_bind_ipi(x, SELF_PORT, 0), 0);
	return x;
}

/* No vector: CR8 is written without an exit all the time. */
FIXTURE(level) {
	struct xen_vm *x;
};

FIXTURE_VARIANT(level) {
	call_fn call;
	bool fast;
};

FIXTURE_VARIANT_ADD(level, yield) { .call = xen_guest_yield, .fast = true };
FIXTURE_VARIANT_ADD(level, send) { .call = send_to_self, .fast = true };
FIXTURE_VARIANT_ADD(level, by_vmm) { .call = have_vmm_look };
FIXTURE_VARIANT_ADD(level, cpuid) { .call = exit_by_cpuid };

FIXTURE_SETUP(level)
{
	self->x = create(variant->call, NULL);
}

FIXTURE_TEARDOWN(level)
{
	xen_vm_free(self->x);
}

TEST_F(level, is_what_was_written_last)
{
	struct outcome o = run(self->x, guest_code_writes);

	EXPECT_EQ(5 * 3 * NR_PAIRS, o.calls);
	EXPECT_EQ(variant->fast && xen_has_fastpath() ? o.calls : 0, o.fast);
}

TEST_F(level, is_what_the_vmm_sets)
{
	struct outcome o = run(self->x, guest_code_is_restored);

	EXPECT_EQ(2 * 3 * NR_PAIRS, o.calls);
	EXPECT_EQ(variant->fast && xen_has_fastpath() ? o.calls : 0, o.fast);
}

FIXTURE(upcall) {
	struct xen_vm *x;
};

FIXTURE_VARIANT(upcall) {
	bool vcpu_vector;
	bool by_vmm;
	bool cpuid;		/* what is exited by otherwise */
};

FIXTURE_VARIANT_ADD(upcall, vm_vector) { .by_vmm = false };
FIXTURE_VARIANT_ADD(upcall, vm_vector_by_vmm) { .by_vmm = true };
FIXTURE_VARIANT_ADD(upcall, vcpu_vector) { .vcpu_vector = true };
FIXTURE_VARIANT_ADD(upcall, vcpu_vector_by_vmm) { .vcpu_vector = true, .by_vmm = true };
FIXTURE_VARIANT_ADD(upcall, vm_vector_cpuid) { .cpuid = true };
FIXTURE_VARIANT_ADD(upcall, vcpu_vector_cpuid) { .vcpu_vector = true, .cpuid = true };

FIXTURE_SETUP(upcall)
{
	if (variant->by_vmm)
		self->x = create(have_vmm_look, have_vmm_send);
	else
		self->x = create(variant->cpuid ? exit_by_cpuid : xen_guest_yield,
				 send_to_self);
	xen_install_upcalls(self->x->vm, handle_upcall);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	if (variant->vcpu_vector)
		ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));

	/* The VM-wide one is not the LAPIC's: Xen injects it at any level. */
	first_blocked = variant->vcpu_vector ? CLASS(XEN_VCPU_VECTOR) : NR_LEVELS;
	sync_global_to_guest(self->x->vm, first_blocked);
}

FIXTURE_TEARDOWN(upcall)
{
	xen_vm_free(self->x);
}

static bool are_on_their_way(const FIXTURE_VARIANT(upcall) *variant, const struct outcome *o)
{
	if (variant->by_vmm || !xen_has_fastpath())
		return o->calls && !o->fast;
	if (variant->cpuid)
		return o->fast && o->fast < o->calls;

	return o->calls && o->fast == o->calls;
}

TEST_F(upcall, waits_for_a_level_that_allows_it)
{
	struct outcome o = run(self->x, guest_code_changes_behind);

	EXPECT_TRUE(are_on_their_way(variant, &o));
}

TEST_F(upcall, comes_by_the_level_that_is_written_last)
{
	struct outcome o = run(self->x, guest_code_changes_before);

	EXPECT_TRUE(are_on_their_way(variant, &o));
}

TEST_F(upcall, comes_one_level_below_its_class)
{
	struct outcome o = run(self->x, guest_code_descends);

	EXPECT_TRUE(are_on_their_way(variant, &o));
}

TEST_F(upcall, waits_for_both_level_and_interrupts)
{
	struct outcome o = run(self->x, guest_code_allows);

	EXPECT_TRUE(are_on_their_way(variant, &o));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
