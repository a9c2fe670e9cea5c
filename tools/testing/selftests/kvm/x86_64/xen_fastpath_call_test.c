// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls that are answered in the exit fast path: which are, and that guests
 * cannot see the difference.
 *
 * Each call is made with the fast path on and off, out of code of each width; its
 * result and effect are the same, the guest's registers stay, and the counter says
 * where it was answered.  If this fails, a guest gets another answer than from the exit
 * loop, or gets the same one, slowly.  Stock 6.12 has no fast path.
 */
#include <string.h>

#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_dynhc.h"
#include "xen_fast.h"
#include "xen_paging.h"
#include "xen_line.h"

#define VERSION		0x40011
#define SELF_PORT	40
#define OTHER_PORT	41
#define EVENTFD_PORT	42
#define UNKNOWN_PORT	43
#define TIMER_PORT	44
#define DYNHC_PORT	45

#define DOORBELL_TOKEN	1
#define PORT_TOKEN	2
#define VMM_TOKEN	3
#define UNKNOWN_TOKEN	4
#define USER_TOKEN	5

#define FAR_FUTURE	(1ull << 45)	/* some 9 hours of system time */

/* A supervisor page; those of a stub are user pages. */
#define ARG		XEN_SPARE_GPA(0)

#define FLAGS		(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | \
			 KVM_XEN_HVM_CONFIG_EVTCHN_SEND | KVM_XEN_HVM_CONFIG_DYNHC)

struct bench {
	struct xen_vm *x;
	struct xen_stub stub;
	int stats;
	int fd;				/* of EVENTFD_PORT */
	int doorbell;			/* of DOORBELL_TOKEN, and of USER_TOKEN */
};

/* What shall have come of a call, beside its result. */
typedef bool (*effect_fn)(struct bench *b);

static bool is_raised(struct bench *b, unsigned int vcpu, uint32_t port)
{
	void *vi = xen_vcpu_info(b->x, vcpu);

	return xen_clear_pending(b->x->shinfo, port) &&
	       xen_take_sel(vi, b->x->wide) == xen_sel_bit(b->x->wide, port) &&
	       *xen_upcall_pending(vi) == 1;
}

static bool nothing(struct bench *b)
{
	return !xen_sel(xen_vcpu_info(b->x, 0), b->x->wide) &&
	       !xen_sel(xen_vcpu_info(b->x, 1), b->x->wide) &&
	       !xen_eventfd_take(b->fd) && !xen_eventfd_take(b->doorbell) &&
	       !xen_timer_expires(b->x->vcpu[0]);
}

static bool raises_self(struct bench *b)
{
	return is_raised(b, 0, SELF_PORT) && nothing(b);
}

static bool raises_other(struct bench *b)
{
	return is_raised(b, 1, OTHER_PORT) && nothing(b);
}

static bool raises_by_token(struct bench *b)
{
	return is_raised(b, 0, DYNHC_PORT) && nothing(b);
}

static bool raises_timer(struct bench *b)
{
	return is_raised(b, 0, TIMER_PORT) && nothing(b);
}

static bool signals(struct bench *b)
{
	return xen_eventfd_take(b->fd) == 1 && nothing(b);
}

static bool rings(struct bench *b)
{
	return xen_eventfd_take(b->doorbell) == 1 && nothing(b);
}

static bool arms(struct bench *b)
{
	return xen_timer_expires(b->x->vcpu[0]) == FAR_FUTURE &&
	       !xen_set_timer(b->x->vcpu[0], TIMER_PORT, 0) && nothing(b);
}

struct call_case {
	const char *name;
	struct xen_hcall call;
	uint32_t arg[4];		/* at ARG */
	int64_t result;
	effect_fn effect;
	bool fast;
};

/* Two words, the lower one first. */
#define TIME(ns)	(uint32_t)(ns), (ns) >> 32

#define SEND(port)	{ __HYPERVISOR_event_channel_op, { EVTCHNOP_send, ARG } }, { port }
#define SINGLESHOT(vcpu, ns, flags) \
	{ __HYPERVISOR_vcpu_op, { VCPUOP_set_singleshot_timer, vcpu, ARG } }, \
	{ TIME(ns), flags }
#define DYNHC(...)	{ DYNHC_HYPERCALL, { __VA_ARGS__ } }

static const struct call_case cases[] = {
	{ "the version", { __HYPERVISOR_xen_version, { XENVER_version } },
	  .result = VERSION, .effect = nothing, .fast = true },
	{ "of the version all else", { __HYPERVISOR_xen_version, { XENVER_extraversion } },
	  .result = XEN_FAST_BY_VMM, .effect = nothing },

	{ "a send to itself", SEND(SELF_PORT), .effect = raises_self, .fast = true },
	{ "a send to another", SEND(OTHER_PORT), .effect = raises_other, .fast = true },
	{ "a send to an eventfd", SEND(EVENTFD_PORT), .effect = signals, .fast = true },
	{ "a send nowhere", SEND(UNKNOWN_PORT), .result = XEN_FAST_BY_VMM, .effect = nothing },
	{ "an unmask of 2-level, which is the VMM's",
	  { __HYPERVISOR_event_channel_op, { EVTCHNOP_unmask, ARG } }, { SELF_PORT },
	  .result = XEN_FAST_BY_VMM, .effect = nothing },
	{ "another call of event channels",
	  { __HYPERVISOR_event_channel_op, { EVTCHNOP_status, ARG } },
	  .result = XEN_FAST_BY_VMM, .effect = nothing },

	{ "set_timer_op", { __HYPERVISOR_set_timer_op, { FAR_FUTURE } },
	  .effect = arms, .fast = true },
	{ "set_timer_op for never", { __HYPERVISOR_set_timer_op, { 0 } },
	  .effect = nothing, .fast = true },
	{ "set_timer_op for what has passed", { __HYPERVISOR_set_timer_op, { 1 } },
	  .effect = raises_timer },

	{ "a singleshot timer", SINGLESHOT(0, FAR_FUTURE, 0), .effect = arms, .fast = true },
	{ "one that fires at once", SINGLESHOT(0, 1ull, 0), .effect = raises_timer },
	{ "one that is late", SINGLESHOT(0, 1ull, VCPU_SSHOTTMR_future),
	  .result = -XEN_ETIME, .effect = nothing, .fast = true },
	{ "one of another vCPU", SINGLESHOT(1, FAR_FUTURE, 0),
	  .result = -XEN_EINVAL, .effect = nothing, .fast = true },
	{ "its end", { __HYPERVISOR_vcpu_op, { VCPUOP_stop_singleshot_timer, 0 } },
	  .effect = nothing, .fast = true },
	{ "the end of another's", { __HYPERVISOR_vcpu_op, { VCPUOP_stop_singleshot_timer, 1 } },
	  .result = -XEN_EINVAL, .effect = nothing, .fast = true },

	{ "a yield to nobody", { __HYPERVISOR_sched_op, { SCHEDOP_yield } },
	  .effect = nothing, .fast = true },
	{ "a poll of nothing", { __HYPERVISOR_sched_op, { SCHEDOP_poll, XEN_STUB_NOWHERE } },
	  .result = -XEN_EFAULT, .effect = nothing },

	{ "a doorbell", DYNHC(DOORBELL_TOKEN, 7), .effect = rings, .fast = true },
	{ "a token of a port", DYNHC(PORT_TOKEN), .effect = raises_by_token, .fast = true },
	{ "a token of the VMM", DYNHC(VMM_TOKEN),
	  .result = XEN_FAST_BY_VMM, .effect = nothing },
	{ "a token of nobody", DYNHC(UNKNOWN_TOKEN),
	  .result = -(int64_t)DYNHC_ENOENT, .effect = nothing, .fast = true },
};

static struct xen_hcall as_made_by(const struct xen_stub *stub, struct xen_hcall call)
{
	if (call.nr == __HYPERVISOR_set_timer_op && stub->mode != XEN_STUB_64) {
		call.arg[1] = call.arg[0] >> 32;
		call.arg[0] = (uint32_t)call.arg[0];
	}
	return call;
}

static struct xen_fast_call make(struct bench *b, const struct xen_hcall *call,
				 const uint32_t arg[4])
{
	struct xen_hcall made = as_made_by(&b->stub, *call);

	memcpy(xen_hva(b->x, ARG), arg, 4 * sizeof(*arg));
	memset(xen_vcpu_info(b->x, 0), 0, sizeof(struct xen_vcpu_info64));
	memset(xen_vcpu_info(b->x, 1), 0, sizeof(struct xen_vcpu_info64));
	return xen_fast_call(&b->stub, b->stats, &made);
}

FIXTURE(call) {
	struct bench b;
};

FIXTURE_VARIANT(call) {
	enum xen_stub_mode mode;
	bool off;
};

FIXTURE_VARIANT_ADD(call, wide) { .mode = XEN_STUB_64 };
FIXTURE_VARIANT_ADD(call, wide_off) { .mode = XEN_STUB_64, .off = true };
FIXTURE_VARIANT_ADD(call, compat) { .mode = XEN_STUB_COMPAT };
FIXTURE_VARIANT_ADD(call, compat_off) { .mode = XEN_STUB_COMPAT, .off = true };
FIXTURE_VARIANT_ADD(call, narrow) { .mode = XEN_STUB_32 };
FIXTURE_VARIANT_ADD(call, narrow_off) { .mode = XEN_STUB_32, .off = true };

static int set_version(struct xen_vm *x)
{
	return xen_vm_set(x, &(struct kvm_xen_hvm_attr) {
		.type = KVM_XEN_ATTR_TYPE_XEN_VERSION,
		.u.xen_version = VERSION,
	});
}

static int bind_user_token(struct bench *b)
{
	return xen_dynhc_assign(b->x, (struct kvm_xen_dynhc) {
		.token = USER_TOKEN,
		.target = KVM_XEN_DYNHC_EVENTFD,
		.flags = KVM_XEN_DYNHC_USER,
		.u.fd = b->doorbell,
	});
}

static int bind_all(struct bench *b)
{
	return xen_bind_ipi(b->x, SELF_PORT, 0) ?:
	       xen_bind_ipi(b->x, OTHER_PORT, 1) ?:
	       xen_bind_eventfd(b->x, EVENTFD_PORT, b->fd) ?:
	       xen_set_vcpu_id(b->x->vcpu[0], 0) ?:
	       xen_set_timer(b->x->vcpu[0], TIMER_PORT, 0) ?:
	       xen_dynhc_eventfd(b->x, DOORBELL_TOKEN, b->doorbell) ?:
	       xen_dynhc_evtchn(b->x, PORT_TOKEN, DYNHC_PORT, 0) ?:
	       xen_dynhc_vmm(b->x, VMM_TOKEN) ?: bind_user_token(b);
}

FIXTURE_SETUP(call)
{
	struct bench *b = &self->b;

	b->x = xen_vm_create_bare(2, variant->mode == XEN_STUB_64, NULL);
	xen_stub_init(&b->stub, b->x->vcpu[0]);
	xen_stub_set_mode(&b->stub, variant->mode, 0);

	/* All memslots first: a change of them unmaps Xen's pages for a while. */
	xen_register_pages(b->x);
	b->stats = vcpu_get_stats_fd(b->x->vcpu[0]);
	b->fd = xen_eventfd();
	b->doorbell = xen_eventfd();
	ASSERT_EQ(0, xen_config(b->x, FLAGS));
	ASSERT_EQ(0, set_version(b->x));
	ASSERT_EQ(0, bind_all(b));
	ASSERT_EQ(0, xen_set_vm_vector(b->x, XEN_VM_VECTOR));

	xen_mark_accessed(b->x->vm, ARG);
	xen_set_fastpath(!variant->off);
}

FIXTURE_TEARDOWN(call)
{
	xen_set_fastpath(true);
	close(self->b.stats);
	xen_vm_free(self->b.x);
}

/* Outside of long mode nothing is fast. */
static bool has_fast_path(const FIXTURE_VARIANT(call) *variant)
{
	return variant->mode != XEN_STUB_32 && !variant->off && xen_has_fastpath();
}

static bool is_as_said(const struct call_case *c, const struct xen_fast_call *call,
		       bool has_fast_path)
{
	return call->result == c->result && call->kept && call->nr_calls == 1 &&
	       call->nr_fast == (c->fast && has_fast_path);
}

TEST_F(call, does_the_same_on_either_way)
{
	const struct call_case *c;
	struct xen_fast_call call;

	for (c = cases; c < cases + ARRAY_SIZE(cases); c++) {
		call = make(&self->b, &c->call, c->arg);
		EXPECT_TRUE(is_as_said(c, &call, has_fast_path(variant))) {
			TH_LOG("%s: result %ld, registers %s, %lu of %lu fast", c->name,
			       call.result, call.kept ? "kept" : "changed", call.nr_fast,
			       call.nr_calls);
		}
		EXPECT_TRUE(c->effect(&self->b)) {
			TH_LOG("%s", c->name);
		}
	}
}

static const uint32_t no_arg[4];

/* A call that the fast path left to the exit loop has no effect on the next one. */
TEST_F(call, is_looked_at_anew_each_time)
{
	static const struct xen_hcall version = { __HYPERVISOR_xen_version, { XENVER_version } };
	static const struct xen_hcall poll = {
		__HYPERVISOR_sched_op, { SCHEDOP_poll, XEN_STUB_NOWHERE }
	};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		xen_set_fastpath(i % 2);
		EXPECT_EQ(-XEN_EFAULT, make(&self->b, &poll, no_arg).result);
		EXPECT_EQ(-XEN_EFAULT, make(&self->b, &poll, no_arg).result);
		xen_set_fastpath(false);
		EXPECT_EQ(VERSION, make(&self->b, &version, no_arg).result);
	}
}

/* In a VM with more vCPUs a yield is left to the exit loop. */
#define FEW_VCPUS	8

static const struct xen_hcall yield = { __HYPERVISOR_sched_op, { SCHEDOP_yield } };

TEST_F(call, among_many_vcpus_yields_in_the_exit_loop)
{
	struct xen_fast_call call;
	unsigned int nr;

	for (nr = self->b.x->nr_vcpus; nr < FEW_VCPUS; nr++)
		__vm_vcpu_add(self->b.x->vm, nr);
	call = make(&self->b, &yield, no_arg);
	EXPECT_EQ(0, call.result);
	EXPECT_EQ(has_fast_path(variant), call.nr_fast);

	__vm_vcpu_add(self->b.x->vm, nr);
	call = make(&self->b, &yield, no_arg);
	EXPECT_EQ(0, call.result);
	EXPECT_EQ(0, call.nr_fast);
	EXPECT_EQ(1, call.nr_calls);
}

static volatile uint64_t spins;

static void guest_code_spins(void)
{
	for (;;)
		spins++;
}

/* A second vCPU on the same CPU, which waits for as long as the first runs. */
static void share_cpu(struct bench *b, struct xen_runner *r)
{
	volatile uint64_t *seen = addr_gva2hva(b->x->vm, (uintptr_t)&spins);

	pin_self_to_cpu(0);
	xen_set_entry_point(b->x->vcpu[1], guest_code_spins);
	xen_runner_start(r, b->x->vcpu[1]);
	TEST_ASSERT(xen_wait_for(*seen), "The other does not run");
}

TEST_F(call, yields_in_the_exit_loop_to_who_waits)
{
	struct xen_fast_call call;
	struct xen_runner r;
	unsigned int i;

	share_cpu(&self->b, &r);
	for (i = 0; i < 20; i++) {
		call = xen_fast_call(&self->b.stub, self->b.stats, &yield);
		EXPECT_EQ(0, call.result);
		EXPECT_EQ(0, call.nr_fast);
		EXPECT_EQ(1, call.nr_calls);
	}
	xen_runner_stop(&r);
	call = xen_fast_call(&self->b.stub, self->b.stats, &yield);
	EXPECT_EQ(has_fast_path(variant), call.nr_fast);
}

/* A poll of one port, with a timeout that is over. */
static void put_poll(struct bench *b, uint32_t port)
{
	uint32_t *port_at = xen_hva(b->x, ARG + 0x100);
	void *poll = xen_hva(b->x, ARG);

	*port_at = port;
	if (b->stub.mode == XEN_STUB_64)
		*(struct xen_sched_poll64 *)poll = (struct xen_sched_poll64) {
			.ports = ARG + 0x100, .nr_ports = 1, .timeout = 1,
		};
	else
		*(struct xen_sched_poll32 *)poll = (struct xen_sched_poll32) {
			.ports = ARG + 0x100, .nr_ports = 1, .timeout = 1,
		};
}

/* A pending port ends the poll at once; one that is not pending may make it sleep. */
TEST_F(call, that_polls_is_fast_where_an_event_is_there)
{
	struct xen_hcall poll = { __HYPERVISOR_sched_op, { SCHEDOP_poll, ARG } };
	struct bench *b = &self->b;
	struct xen_fast_call call;
	uint64_t before = xen_stat(b->stats, "xen_polls");

	put_poll(b, SELF_PORT);
	*xen_pending_word(b->x->shinfo, SELF_PORT) |= 1u << SELF_PORT % 32;
	call = xen_fast_call(&b->stub, b->stats, &poll);
	EXPECT_EQ(0, call.result);
	EXPECT_TRUE(call.kept);
	EXPECT_EQ(has_fast_path(variant), call.nr_fast);
	EXPECT_EQ(before + 1, xen_stat(b->stats, "xen_polls"));

	EXPECT_TRUE(xen_clear_pending(b->x->shinfo, SELF_PORT));
	call = xen_fast_call(&b->stub, b->stats, &poll);
	EXPECT_EQ(0, call.result);
	EXPECT_EQ(0, call.nr_fast);
	EXPECT_EQ(1, call.nr_calls);
	EXPECT_EQ(before + 2, xen_stat(b->stats, "xen_polls"));

	put_poll(b, XEN_NR_PORTS_WIDE);
	call = xen_fast_call(&b->stub, b->stats, &poll);
	EXPECT_EQ(-XEN_EINVAL, call.result);
	EXPECT_EQ(has_fast_path(variant), call.nr_fast);
}

/* User mode may call only tokens that are bound for it. */
TEST_F(call, of_user_mode_is_fast_where_it_is_the_kernels)
{
	static const struct xen_hcall ring = DYNHC(USER_TOKEN);
	static const struct xen_hcall forbidden = DYNHC(DOORBELL_TOKEN);
	static const struct xen_hcall version = { __HYPERVISOR_xen_version, { XENVER_version } };
	struct xen_fast_call call;

	xen_stub_set_mode(&self->b.stub, variant->mode, 3);
	call = make(&self->b, &ring, no_arg);
	EXPECT_EQ(0, call.result);
	EXPECT_EQ(has_fast_path(variant), call.nr_fast);
	EXPECT_TRUE(rings(&self->b));

	call = make(&self->b, &forbidden, no_arg);
	EXPECT_EQ(-(int64_t)DYNHC_EPERM, call.result);
	EXPECT_EQ(has_fast_path(variant), call.nr_fast);
	EXPECT_TRUE(nothing(&self->b));

	call = make(&self->b, &version, no_arg);
	EXPECT_EQ(XEN_FAST_BY_VMM, call.result);
	EXPECT_EQ(0, call.nr_fast);
}

static const struct call_case send_to_self = {
	"", SEND(SELF_PORT),
};

/* A line is driven under locks that sleep. */
TEST_F(call, whose_upcall_is_a_line_is_not_fast)
{
	struct xen_fast_call call;

	ASSERT_EQ(0, xen_config(self->b.x, FLAGS | KVM_XEN_HVM_CONFIG_CALLBACK));
	ASSERT_EQ(0, xen_set_vm_vector(self->b.x, 0));
	ASSERT_EQ(0, xen_set_line(self->b.x, XEN_LINE_PIN));
	call = make(&self->b, &send_to_self.call, send_to_self.arg);
	EXPECT_EQ(0, call.result);
	EXPECT_EQ(0, call.nr_fast);
	EXPECT_TRUE(xen_line_is_up(self->b.x));
	EXPECT_TRUE(raises_self(&self->b));

	ASSERT_EQ(0, xen_set_no_callback(self->b.x));
	ASSERT_EQ(0, xen_set_vm_vector(self->b.x, XEN_VM_VECTOR));
	call = make(&self->b, &send_to_self.call, send_to_self.arg);
	EXPECT_EQ(has_fast_path(variant), call.nr_fast);
}

/* Nothing to write to, until a page is there again. */
TEST_F(call, to_pages_that_are_not_there_is_not_fast)
{
	struct xen_fast_call call;

	ASSERT_EQ(0, xen_set_shared_info(self->b.x, KVM_XEN_INVALID_GFN));
	call = make(&self->b, &send_to_self.call, send_to_self.arg);
	EXPECT_EQ(XEN_FAST_BY_VMM, call.result);
	EXPECT_EQ(0, call.nr_fast);
	EXPECT_EQ(1, call.nr_calls);
	EXPECT_TRUE(nothing(&self->b));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
