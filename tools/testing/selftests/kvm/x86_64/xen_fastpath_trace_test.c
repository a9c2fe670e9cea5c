// SPDX-License-Identifier: GPL-2.0
/*
 * What traces and statistics say of a hypercall, its upcall and the end of the
 * interrupt is the same whether KVM answers them in the exit loop or in the exit fast
 * path: the same events in the same order.
 *
 * If this fails, who looks for a fault in a guest sees effects before their cause, or
 * does not see them at all.  Stock 6.12 has no fast path.
 */
#include <string.h>

#include "apic.h"
#include "xen_fast.h"
#include "xen_harness.h"
#include "xen_trace.h"

#define SELF_PORT	40
#define NR_SENDS	20u
#define MAX_LINES	1000u
#define LINE_SIZE	160

static const char *const events[] = {
	"kvm/kvm_xen_hypercall",
	"kvm/kvm_apic",
	"kvm/kvm_apic_accept_irq",
	"kvm/kvm_eoi",
	"kvm/kvm_inj_virq",
	"kvm/kvm_msr",
	"kvm_xen/kvm_xen_raise",
	"kvm_xen/kvm_xen_upcall",
	"kvm_xen/kvm_xen_hypercall_done",
};

static volatile uint32_t upcalls;
static volatile uint32_t send_arg = SELF_PORT;

static void handle_upcall(void)
{
	WRITE_ONCE(*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)), 0);
	xen_take_sel((void *)XEN_VCPU_INFO_GPA(0), true);
	GUEST_ASSERT(xen_clear_pending((void *)XEN_SHINFO_GPA, SELF_PORT));
	upcalls++;
}

static void guest_code(void)
{
	uint32_t i;

	x2apic_enable();
	GUEST_ASSERT_EQ(send_arg, SELF_PORT);
	asm volatile("sti; nop");
	GUEST_SYNC(0);
	for (i = 0; i < NR_SENDS; i++)
		GUEST_ASSERT_EQ(xen_guest_call(true, __HYPERVISOR_event_channel_op,
					       EVTCHNOP_send, (uintptr_t)&send_arg, 0), 0);
	asm volatile("cli");
	GUEST_SYNC(upcalls);
}

struct record {
	unsigned int nr_lines;
	char lines[MAX_LINES][LINE_SIZE];
	uint64_t nr_fast;
	uint64_t nr_looks;	/* for what can be injected */
};

FIXTURE(trace) {
	struct record *fast;
	struct record *loop;
};

FIXTURE_VARIANT(trace) {
	bool own_vector;
};

FIXTURE_VARIANT_ADD(trace, vm_vector) { .own_vector = false };
FIXTURE_VARIANT_ADD(trace, own_vector) { .own_vector = true };

FIXTURE_SETUP(trace)
{
	if (!xen_has_fastpath())
		SKIP(return, "%s", xen_no_fastpath());

	self->fast = calloc(2, sizeof(*self->fast));
	ASSERT_NE(NULL, self->fast);
	self->loop = self->fast + 1;
}

FIXTURE_TEARDOWN(trace)
{
	xen_set_fastpath(true);
	free(self->fast);
}

/* Behind the task, the CPU and the time: an interrupt of the host may repeat one. */
static void read_trace(struct record *record, FILE *trace)
{
	char line[512];
	char *event;

	while (fgets(line, sizeof(line), trace)) {
		event = strstr(line, ": kvm_");
		if (line[0] == '#' || !event || strstr(line, "reinjected"))
			continue;
		TEST_ASSERT(record->nr_lines < MAX_LINES, "The trace is too long");
		snprintf(record->lines[record->nr_lines++], LINE_SIZE, "%.*s",
			 LINE_SIZE - 1, event + 2);
	}
	fclose(trace);
}

static void run(struct record *record, bool fast, bool own_vector)
{
	struct xen_vm *x = xen_vm_create(1, true, guest_code);
	int stats = vcpu_get_stats_fd(x->vcpu[0]);
	unsigned int i;

	xen_set_fastpath(fast);
	xen_install_upcalls(x->vm, handle_upcall);
	TEST_ASSERT_EQ(xen_set_vm_vector(x, XEN_VM_VECTOR), 0);
	if (own_vector)
		TEST_ASSERT_EQ(xen_set_vcpu_vector(x->vcpu[0], XEN_VCPU_VECTOR), 0);
	TEST_ASSERT_EQ(xen_bind_ipi(x, SELF_PORT, 0), 0);
	TEST_ASSERT_EQ(xen_step(x->vcpu[0]), 0);

	record->nr_looks = xen_stat(stats, "req_event");
	for (i = 0; i < ARRAY_SIZE(events); i++)
		xen_trace_begin(events[i]);
	TEST_ASSERT_EQ(xen_step(x->vcpu[0]), NR_SENDS);
	for (i = 1; i < ARRAY_SIZE(events); i++)
		fclose(xen_trace_end(events[i]));
	read_trace(record, xen_trace_end(events[0]));

	record->nr_looks = xen_stat(stats, "req_event") - record->nr_looks;
	record->nr_fast = xen_fast_stat(stats);
	close(stats);
	xen_vm_free(x);
}

TEST_F(trace, is_the_same_in_the_exit_loop_and_before_it)
{
	struct record *fast = self->fast, *loop = self->loop;
	unsigned int i;

	run(loop, false, variant->own_vector);
	run(fast, true, variant->own_vector);
	ASSERT_EQ(0, loop->nr_fast);
	ASSERT_LE(NR_SENDS, fast->nr_fast);

	/* The call, the event, the upcall, the result and the injection at the least. */
	EXPECT_LE(5 * NR_SENDS, loop->nr_lines);
	for (i = 0; i < loop->nr_lines && i < fast->nr_lines; i++)
		ASSERT_STREQ(loop->lines[i], fast->lines[i]);
	EXPECT_EQ(loop->nr_lines, fast->nr_lines);
}

/*
 * An exit by an interrupt of the host looks once more.  With APICv KVM does not look for
 * interrupts of a LAPIC, which the CPU delivers.
 */
TEST_F(trace, counts_as_many_looks_for_what_can_be_injected)
{
	struct record *fast = self->fast, *loop = self->loop;

	run(loop, false, variant->own_vector);
	run(fast, true, variant->own_vector);
	EXPECT_LE(loop->nr_looks, fast->nr_looks + NR_SENDS / 4);
	EXPECT_LE(fast->nr_looks, loop->nr_looks + NR_SENDS / 4);
	if (variant->own_vector && xen_has_apicv()) {
		EXPECT_GE(NR_SENDS / 4, loop->nr_looks);
		return;
	}

	EXPECT_LE(NR_SENDS, loop->nr_looks);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
