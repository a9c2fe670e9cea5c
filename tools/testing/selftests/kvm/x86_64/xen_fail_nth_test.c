// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of each operation fails, one after the other, until it succeeds.
 *
 * If this fails, an operation that has no memory leaves something half done, or says
 * that it was done.  What it leaves behind, or uses after it was freed, is found by
 * the checkers of the debug kernel, which this runs on: its row in the manifest limits
 * failures to what KVM itself allocates.
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_adder.h"
#include "xen_fifo.h"
#include "xen_harness.h"
#include "xen_line.h"

#define MAX_NTH		64
#define GSI		10
#define TOKEN		5

/* A port in a leaf of the kernel's tables that was not in use before. */
#define FRESH_PORT(n)	((n) * 512u + 7)

struct env {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	unsigned int nth;
	uint32_t pages;			/* of the array, by now */
	int fds[2];
	int file;			/* fail-nth of this thread */
	bool is_armed;
	bool failed;			/* an allocation, while it was armed */
};

FIXTURE(nth) {
	struct env e;
};

/* @run returns 0 or a negative errno, also where the guest gets it. */
FIXTURE_VARIANT(nth) {
	void (*prepare)(struct env *e);
	int (*run)(struct env *e);
	bool (*is_unchanged)(struct env *e);
	void (*undo)(struct env *e);
	unsigned int nr_needed;		/* allocations that there are, if more than one */
};

static void write_nth(struct env *e, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	TEST_ASSERT_EQ(pwrite(e->file, text, len, 0), len);
}

static void arm(struct env *e)
{
	write_nth(e, e->nth);
	e->is_armed = true;
	e->failed = false;
}

/* Once the operation is through, for what only the test needs not to fail. */
static void disarm(struct env *e)
{
	char text[16] = "";

	if (!e->is_armed)
		return;

	TEST_ASSERT(pread(e->file, text, sizeof(text) - 1, 0) > 0, "fail-nth is unreadable");
	e->is_armed = false;
	e->failed = !atoi(text);
	write_nth(e, 0);
}

/* The vCPU runs to the end of its call, also where KVM_RUN itself had no memory. */
static int order(struct env *e, uint64_t op)
{
	struct xen_order *order = xen_get_order(e->x);
	struct ucall uc;
	int r;

	order->wide = true;
	order->call = (struct xen_hcall) {
		.nr = __HYPERVISOR_event_channel_op,
		.arg = { op, XEN_ORDER_DATA },
	};
	do {
		r = __vcpu_run(e->vcpu);
	} while (r && (errno == ENOMEM || errno == EINTR));
	disarm(e);
	TEST_ASSERT_KVM_EXIT_REASON(e->vcpu, KVM_EXIT_IO);
	TEST_ASSERT_EQ(get_ucall(e->vcpu, &uc), UCALL_SYNC);
	return order->result;
}

static bool has_control(struct env *e)
{
	struct xen_control control;

	TEST_ASSERT_EQ(xen_get_control(e->vcpu, &control), 0);
	return control.gfn != KVM_XEN_INVALID_GFN;
}

static void nothing(struct env *e)
{
}

static void end_fifo(struct env *e)
{
	TEST_ASSERT_EQ(xen_reset_ports(e->x), 0);
	e->pages = 0;
}

static int set_array(struct env *e, uint32_t pages)
{
	struct xen_array array = { .active = 1, .nr = pages };
	unsigned int i;

	for (i = 0; i < pages; i++)
		array.gfns[i] = XEN_ARRAY_GFN(i);
	return xen_set_array(e->x, &array);
}

static void begin_array(struct env *e)
{
	TEST_ASSERT_EQ(set_array(e, 1), 0);
	e->pages = 1;
}

static int set_control(struct env *e)
{
	struct xen_control control = {
		.gfn = XEN_CONTROL_GFN(0),
		.offset = XEN_CONTROL_OFFSET,
	};

	return xen_set_control(e->vcpu, &control);
}

static void begin_fifo(struct env *e)
{
	begin_array(e);
	TEST_ASSERT_EQ(set_control(e), 0);
}

/* At 2-level, where events are raised. */
static bool is_2level(struct env *e)
{
	return !xen_is_fifo(e->x) && !has_control(e) && !xen_send(e->x, 9, 0);
}

static int init_control(struct env *e)
{
	struct xen_init_control *init = (void *)xen_get_order(e->x)->data;

	*init = (struct xen_init_control) {
		.gfn = XEN_CONTROL_GFN(0),
		.offset = XEN_CONTROL_OFFSET,
	};
	return order(e, EVTCHNOP_init_control);
}

FIXTURE_VARIANT_ADD(nth, guest_init_control) {
	.prepare = nothing,
	.run = init_control,
	.is_unchanged = is_2level,
	.undo = end_fifo,
	.nr_needed = 2,		/* of the vCPU, and of the VM */
};

static int go_to_fifo(struct env *e)
{
	return set_array(e, 2);
}

FIXTURE_VARIANT_ADD(nth, array) {
	.prepare = nothing,
	.run = go_to_fifo,
	.is_unchanged = is_2level,
	.undo = end_fifo,
	.nr_needed = 3,		/* of the VM, and of two pages */
};

static bool has_no_control(struct env *e)
{
	return xen_is_fifo(e->x) && !has_control(e);
}

static void begin_array_anew(struct env *e)
{
	end_fifo(e);
	begin_array(e);
}

FIXTURE_VARIANT_ADD(nth, control) {
	.prepare = begin_array,
	.run = set_control,
	.is_unchanged = has_no_control,
	.undo = begin_array_anew,
};

static int expand_array(struct env *e)
{
	int r;

	xen_get_order(e->x)->data[0] = XEN_ARRAY_GFN(e->pages);
	r = order(e, EVTCHNOP_expand_array);
	e->pages += !r;
	return r;
}

static bool has_pages(struct env *e)
{
	struct xen_array array;

	TEST_ASSERT_EQ(xen_get_array(e->x, &array), 0);
	return array.active && array.nr == e->pages;
}

FIXTURE_VARIANT_ADD(nth, guest_expand_array) {
	.prepare = begin_fifo,
	.run = expand_array,
	.is_unchanged = has_pages,
	.undo = nothing,
};

static int set_priority(struct env *e)
{
	struct xen_set_priority *set = (void *)xen_get_order(e->x)->data;

	*set = (struct xen_set_priority) { .port = FRESH_PORT(e->nth), .priority = 3 };
	return order(e, EVTCHNOP_set_priority);
}

static bool has_no_fifo_port(struct env *e)
{
	struct kvm_xen_evtchn_fifo_port entry;

	return xen_get_fifo_ports(e->x, FRESH_PORT(e->nth), 1, &entry) == 0;
}

FIXTURE_VARIANT_ADD(nth, guest_set_priority) {
	.prepare = begin_fifo,
	.run = set_priority,
	.is_unchanged = has_no_fifo_port,
	.undo = nothing,
};

static int set_fifo_port(struct env *e)
{
	struct kvm_xen_evtchn_fifo_port entry = {
		.port = FRESH_PORT(e->nth),
		.last_vcpu = KVM_XEN_EVTCHN_NO_VCPU,
		.vcpu_priority = KVM_XEN_EVTCHN_OWN_PRIORITY,
		.priority = 3,
	};

	return xen_set_fifo_ports(e->x, 1, &entry);
}

FIXTURE_VARIANT_ADD(nth, fifo_port) {
	.prepare = begin_fifo,
	.run = set_fifo_port,
	.is_unchanged = has_no_fifo_port,
	.undo = nothing,
};

static bool has_no_port(struct env *e)
{
	struct kvm_xen_evtchn_entry entry;

	return xen_get_ports(e->x, FRESH_PORT(e->nth), 1, &entry) == 0;
}

static int bind_ipi(struct env *e)
{
	return xen_bind_ipi(e->x, FRESH_PORT(e->nth), 0);
}

FIXTURE_VARIANT_ADD(nth, ipi) {
	.prepare = nothing,
	.run = bind_ipi,
	.is_unchanged = has_no_port,
	.undo = nothing,
};

static int bind_eventfd(struct env *e)
{
	return xen_bind_eventfd(e->x, FRESH_PORT(e->nth), e->fds[0]);
}

FIXTURE_VARIANT_ADD(nth, eventfd) {
	.prepare = nothing,
	.run = bind_eventfd,
	.is_unchanged = has_no_port,
	.undo = nothing,
};

static bool has_no_callback(struct env *e)
{
	struct kvm_xen_callback callback, own;

	TEST_ASSERT_EQ(xen_get_callback(e->x, &callback), 0);
	TEST_ASSERT_EQ(xen_get_vcpu_callback(e->vcpu, &own), 0);
	return callback.type == KVM_XEN_CALLBACK_NONE && own.type == KVM_XEN_CALLBACK_NONE;
}

static void no_callback(struct env *e)
{
	struct kvm_xen_callback none = {};

	TEST_ASSERT_EQ(xen_set_no_callback(e->x), 0);
	TEST_ASSERT_EQ(xen_set_vcpu_callback(e->vcpu, &none), 0);
}

static int set_line(struct env *e)
{
	return xen_set_line(e->x, GSI);
}

FIXTURE_VARIANT_ADD(nth, line) {
	.prepare = nothing,
	.run = set_line,
	.is_unchanged = has_no_callback,
	.undo = no_callback,
};

static int set_eventfds(struct env *e)
{
	return xen_set_eventfds(e->x, e->fds[0], e->fds[1]);
}

FIXTURE_VARIANT_ADD(nth, line_by_eventfds) {
	.prepare = nothing,
	.run = set_eventfds,
	.is_unchanged = has_no_callback,
	.undo = no_callback,
};

static int set_vcpu_eventfds(struct env *e)
{
	return xen_set_vcpu_eventfds(e->vcpu, e->fds[0], e->fds[1]);
}

FIXTURE_VARIANT_ADD(nth, line_of_a_vcpu) {
	.prepare = nothing,
	.run = set_vcpu_eventfds,
	.is_unchanged = has_no_callback,
	.undo = no_callback,
};

static bool has_no_token(struct env *e)
{
	return !xen_dynhc_nr(e->x);
}

static void no_token(struct env *e)
{
	TEST_ASSERT_EQ(xen_dynhc_reset(e->x), 0);
}

static int bind_token(struct env *e)
{
	return xen_dynhc_match(e->x, TOKEN, 1, e->fds[0]);
}

FIXTURE_VARIANT_ADD(nth, token_of_an_eventfd) {
	.prepare = nothing,
	.run = bind_token,
	.is_unchanged = has_no_token,
	.undo = no_token,
};

static int bind_token_to_port(struct env *e)
{
	return xen_dynhc_evtchn(e->x, TOKEN, 9, 0);
}

FIXTURE_VARIANT_ADD(nth, token_of_a_port) {
	.prepare = nothing,
	.run = bind_token_to_port,
	.is_unchanged = has_no_token,
	.undo = no_token,
};

static void load_adder(struct env *e)
{
	TEST_ASSERT_EQ(xen_adder_load_anew(""), 0);
}

static int bind_token_to_handler(struct env *e)
{
	return xen_adder_bind(e->x, TOKEN, 0);
}

static bool has_no_binding(struct env *e)
{
	return has_no_token(e) && !xen_adder_bindings() && !xen_adder_refs();
}

FIXTURE_VARIANT_ADD(nth, token_of_a_handler) {
	.prepare = load_adder,
	.run = bind_token_to_handler,
	.is_unchanged = has_no_binding,
	.undo = no_token,
	.nr_needed = 2,		/* of KVM, and of the module */
};

FIXTURE_SETUP(nth)
{
	struct env *e = &self->e;

	e->file = open("/proc/thread-self/fail-nth", O_RDWR);
	ASSERT_LE(0, e->file);
	e->x = xen_fifo_vm_create(1, true, xen_guest_obey);
	ASSERT_EQ(0, xen_config(e->x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
				KVM_XEN_HVM_CONFIG_EVTCHN_SEND |
				KVM_XEN_HVM_CONFIG_EVTCHN_FIFO |
				KVM_XEN_HVM_CONFIG_EVTCHN_ENUM |
				KVM_XEN_HVM_CONFIG_CALLBACK |
				KVM_XEN_HVM_CONFIG_DYNHC));
	e->vcpu = e->x->vcpu[0];
	e->fds[0] = xen_eventfd();
	e->fds[1] = xen_eventfd();

	/* A call like those under test, so that all memory that the guest touches is mapped. */
	xen_order(e->x, true, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
	ASSERT_EQ(-XEN_EINVAL, xen_order_set_priority(e->x, true, 0, 0));
	variant->prepare(e);
}

FIXTURE_TEARDOWN(nth)
{
	xen_vm_free(self->e.x);
	close(self->e.file);
	EXPECT_TRUE(xen_adder_ends_well());
}

TEST_F(nth, a_failed_allocation_changes_nothing)
{
	unsigned int nr_failed = 0;
	struct env *e = &self->e;
	int r = 0;

	for (e->nth = 1; e->nth < MAX_NTH; e->nth++) {
		arm(e);
		r = variant->run(e);
		disarm(e);
		if (!e->failed)
			break;
		if (!r) {
			/* An allocation of KVM_RUN that it can do without. */
			variant->undo(e);
			continue;
		}
		nr_failed++;
		ASSERT_EQ(-ENOMEM, r) TH_LOG("allocation %u", e->nth);
		ASSERT_TRUE(variant->is_unchanged(e)) TH_LOG("allocation %u", e->nth);
	}
	EXPECT_FALSE(e->failed);
	EXPECT_EQ(0, r);
	EXPECT_LE(variant->nr_needed ?: 1, nr_failed);
	TH_LOG("%u allocations failed", nr_failed);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
