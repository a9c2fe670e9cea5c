// SPDX-License-Identifier: GPL-2.0
/*
 * SCHEDOP_poll: sleeping until one of some ports is pending, or a moment.
 *
 * If this fails, guests whose spinlocks or bootloaders sleep in a poll hang,
 * or wake late, or spin; or one guest that polls keeps its VMM from changing
 * memslots.  Stock 6.12 takes the absolute timeout for a relative one, wakes
 * the polling vCPU for its own ports only, ends a poll at any signal, and
 * holds an SRCU read lock for as long as it lasts.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen.h"

#define PORT		20
#define OTHER_PORT	21
#define CLOCK_NS	(1000 * 1000000000ull)
#define MS		1000000ull
#define UNMAPPED	0x7ffff000ull
#define DUMMY_SLOT	20
#define DUMMY_GPA	0xd0000000ull

/* One poll, as the host wants it and as the guest saw it end. */
struct poll {
	bool wide;
	bool relative;			/* timeout counts from the start */
	uint32_t nr_ports;
	uint64_t ports_at;		/* address given, ports[] by default */
	uint64_t timeout;
	uint32_t ports[XEN_MAX_POLL_PORTS + 1];
	int64_t result;
	uint64_t before;		/* guest's time */
	uint64_t deadline;
	uint64_t after;
	uint64_t least_late;		/* of all that ended behind their deadline */
};

#define GUEST_POLL	((volatile struct poll *)XEN_SPARE_GPA(0))

static uint64_t guest_now(void)
{
	return xen_guest_now((void *)(XEN_VCPU_INFO_GPA(0) + 32));
}

static void poll_once(volatile struct poll *p)
{
	p->before = guest_now();
	p->deadline = p->timeout + (p->relative ? p->before : 0);
	p->result = xen_guest_poll(p->wide, (void *)p->ports_at, p->nr_ports, p->deadline);
	p->after = guest_now();
}

/* Poll whenever run; report how many polls have ended, and their results. */
static void guest_code(void)
{
	volatile struct poll *p = GUEST_POLL;
	uint64_t polls = 0;

	p->least_late = UINT64_MAX;
	for (;;) {
		poll_once(p);
		if (p->after > p->deadline && p->after - p->deadline < p->least_late)
			p->least_late = p->after - p->deadline;
		GUEST_SYNC(++polls);
	}
}

/* Poll once, then end. */
static void guest_code_once(void)
{
	poll_once(GUEST_POLL);
	GUEST_SYNC(1);
	GUEST_DONE();
}

/* Give a bad pointer for the structure itself. */
static void guest_code_no_struct(void)
{
	bool wide;

	for (wide = false;; wide = !wide)
		GUEST_SYNC((uint32_t)xen_guest_call(wide, __HYPERVISOR_sched_op, SCHEDOP_poll,
						    UNMAPPED, 0));
}

struct poller {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct xen_runner r;
	volatile struct poll *p;
};

static void prepare(struct poller *self, bool wide)
{
	struct kvm_clock_data clock = { .clock = CLOCK_NS };

	self->x = xen_vm_create(2, wide, guest_code_once);
	self->vcpu = self->x->vcpu[0];
	self->p = xen_hva(self->x, XEN_SPARE_GPA(0));
	self->p->wide = wide;
	self->p->nr_ports = 1;
	self->p->ports_at = (uintptr_t)GUEST_POLL->ports;
	self->p->ports[0] = PORT;
	vm_ioctl(self->x->vm, KVM_SET_CLOCK, &clock);
}

static void finish(struct poller *self)
{
	if (self->r.vcpu)
		xen_runner_stop(&self->r);
	xen_vm_free(self->x);
}

/* What depends on the layout of the structure. */
FIXTURE(poll) {
	struct poller s;
};

FIXTURE_VARIANT(poll) {
	bool wide;
};

FIXTURE_VARIANT_ADD(poll, wide) {
	.wide = true,
};

FIXTURE_VARIANT_ADD(poll, narrow) {
	.wide = false,
};

FIXTURE_SETUP(poll)
{
	prepare(&self->s, variant->wide);
}

FIXTURE_TEARDOWN(poll)
{
	finish(&self->s);
}

/* What does not. */
FIXTURE(sleeping_poll) {
	struct poller s;
};

FIXTURE_SETUP(sleeping_poll)
{
	prepare(&self->s, true);
}

FIXTURE_TEARDOWN(sleeping_poll)
{
	finish(&self->s);
}

static void start(struct poller *self)
{
	xen_runner_start(&self->r, self->vcpu);
}

static void start_and_sleep(struct poller *self)
{
	start(self);
	TEST_ASSERT(xen_runner_blocks(&self->r), "The poll does not sleep, result %ld %s",
		    self->p->result, self->r.failure);
}

static bool ends(struct poller *self)
{
	return xen_runner_reaches(&self->r, 1);
}

/* Time for a poll that ends wrongly to be seen; right ones do not depend on it. */
static bool goes_on(struct poller *self)
{
	usleep(50000);
	return !READ_ONCE(self->r.stage) && xen_runner_blocks(&self->r);
}

/* How a poll ends that has no reason to sleep for long, on any KVM. */
static int64_t result_of_poll(struct poller *self)
{
	xen_step(self->vcpu);
	return self->p->result;
}

TEST_F(poll, with_a_timeout_in_the_past_returns_at_once)
{
	self->s.p->timeout = CLOCK_NS - 1;
	start(&self->s);
	ASSERT_TRUE(ends(&self->s));
	EXPECT_EQ(0, self->s.p->result);
}

TEST_F(poll, with_a_timeout_in_the_future_ends_once_the_guests_clock_is_there)
{
	self->s.p->timeout = 30 * MS;
	self->s.p->relative = true;
	start(&self->s);
	ASSERT_TRUE(ends(&self->s));
	EXPECT_EQ(0, self->s.p->result);
	EXPECT_GE(self->s.p->after, self->s.p->deadline);
}

/*
 * The best of many polls says what the timer can do on a busy machine too.  The guest
 * compares: it polls again before the host has looked.
 */
TEST_F(sleeping_poll, ends_at_the_resolution_of_a_timer_not_of_a_jiffy)
{
	self->s.p->timeout = MS / 10;
	self->s.p->relative = true;
	xen_set_entry_point(self->s.vcpu, guest_code);
	start(&self->s);
	ASSERT_TRUE(xen_runner_reaches(&self->s.r, 40));
	EXPECT_LT(self->s.p->least_late, MS);
}

TEST_F(poll, of_a_pending_port_returns_at_once)
{
	xen_mask(self->s.x->shinfo, variant->wide, PORT);
	ASSERT_EQ(0, xen_send(self->s.x, PORT, 0));
	start(&self->s);
	ASSERT_TRUE(ends(&self->s));
	EXPECT_EQ(0, self->s.p->result);
}

TEST_F(poll, is_woken_by_a_masked_port)
{
	xen_mask(self->s.x->shinfo, variant->wide, PORT);
	start_and_sleep(&self->s);
	ASSERT_EQ(0, xen_send(self->s.x, PORT, 0));
	ASSERT_TRUE(ends(&self->s));
	EXPECT_EQ(0, self->s.p->result);
	EXPECT_EQ(0, *xen_upcall_pending(xen_vcpu_info(self->s.x, 0)));
}

/* Nothing else wakes the vCPU: its selector has the bit of that word already. */
TEST_F(sleeping_poll, is_woken_by_an_unmasked_port_whose_word_is_selected_already)
{
	ASSERT_EQ(0, xen_send(self->s.x, OTHER_PORT, 0));
	start_and_sleep(&self->s);
	ASSERT_EQ(0, xen_send(self->s.x, PORT, 0));
	EXPECT_TRUE(ends(&self->s));
}

TEST_F(sleeping_poll, is_woken_by_a_masked_port_of_another_vcpu)
{
	xen_mask(self->s.x->shinfo, true, PORT);
	start_and_sleep(&self->s);
	ASSERT_EQ(0, xen_send(self->s.x, PORT, 1));
	EXPECT_TRUE(ends(&self->s));
}

TEST_F(sleeping_poll, is_woken_by_an_unmasked_port_of_another_vcpu)
{
	start_and_sleep(&self->s);
	ASSERT_EQ(0, xen_send(self->s.x, PORT, 1));
	EXPECT_TRUE(ends(&self->s));
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(self->s.x, 1)));
}

TEST_F(sleeping_poll, is_woken_by_any_of_128_ports)
{
	uint64_t polls;
	int port;

	for (port = 0; port < XEN_MAX_POLL_PORTS; port++)
		self->s.p->ports[port] = 100 + port;
	self->s.p->nr_ports = XEN_MAX_POLL_PORTS;
	memset(xen_mask_word(self->s.x->shinfo, true, 0), 0xff, 128);
	xen_set_entry_point(self->s.vcpu, guest_code);
	start(&self->s);

	/* Polls end at once until the port was cleared, then one sleeps. */
	for (port = 100; port < 100 + XEN_MAX_POLL_PORTS; port += 9) {
		ASSERT_TRUE(xen_runner_blocks(&self->s.r));
		polls = READ_ONCE(self->s.r.stage);
		ASSERT_EQ(0, xen_send(self->s.x, port, port % 2));
		ASSERT_TRUE(xen_runner_reaches(&self->s.r, polls + 1));
		ASSERT_EQ(0, self->s.p->result);
		xen_clear_pending(self->s.x->shinfo, port);
	}
}

TEST_F(sleeping_poll, is_not_ended_by_a_masked_port_that_it_does_not_name)
{
	xen_mask(self->s.x->shinfo, true, OTHER_PORT);
	start_and_sleep(&self->s);
	ASSERT_EQ(0, xen_send(self->s.x, OTHER_PORT, 0));
	EXPECT_TRUE(goes_on(&self->s));
}

TEST_F(sleeping_poll, goes_on_after_signals_to_its_thread)
{
	int i;

	xen_mask(self->s.x->shinfo, true, PORT);
	start_and_sleep(&self->s);
	for (i = 0; i < 5; i++) {
		xen_runner_kick(&self->s.r);
		EXPECT_TRUE(goes_on(&self->s));
	}
	ASSERT_EQ(0, xen_send(self->s.x, PORT, 0));
	EXPECT_TRUE(ends(&self->s));
	EXPECT_TRUE(xen_is_pending(self->s.x->shinfo, PORT));
}

TEST_F(sleeping_poll, keeps_its_timeout_across_signals)
{
	int i;

	self->s.p->timeout = 300 * MS;
	self->s.p->relative = true;
	start_and_sleep(&self->s);
	for (i = 0; i < 5 && !READ_ONCE(self->s.r.stage); i++) {
		xen_runner_kick(&self->s.r);
		usleep(10000);
	}
	ASSERT_TRUE(ends(&self->s));
	EXPECT_GE(self->s.p->after, self->s.p->deadline);
}

struct change {
	struct xen_vm *x;
	void (*make)(struct xen_vm *x);
	pthread_t thread;
	bool done;
};

static void *make_change(void *arg)
{
	struct change *change = arg;

	change->make(change->x);
	WRITE_ONCE(change->done, true);
	return NULL;
}

static void add_memslot(struct xen_vm *x)
{
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, DUMMY_GPA, DUMMY_SLOT, 1, 0);
}

static void reset_ports(struct xen_vm *x)
{
	TEST_ASSERT_EQ(xen_reset_ports(x), 0);
}

/* Whether a change is through while the vCPU polls for ever. */
static bool completes(struct poller *self, void (*make)(struct xen_vm *x))
{
	struct change change = { .x = self->x, .make = make };
	bool done;

	pthread_create(&change.thread, NULL, make_change, &change);
	done = xen_wait_for(READ_ONCE(change.done));
	if (!done) {
		xen_runner_stop(&self->r);
		self->r.vcpu = NULL;
	}
	pthread_join(change.thread, NULL);
	return done;
}

TEST_F(sleeping_poll, without_end_lets_memslots_change)
{
	xen_mask(self->s.x->shinfo, true, PORT);
	start_and_sleep(&self->s);
	ASSERT_TRUE(completes(&self->s, add_memslot));
	EXPECT_TRUE(goes_on(&self->s));
	ASSERT_EQ(0, xen_send(self->s.x, PORT, 0));
	EXPECT_TRUE(ends(&self->s));
}

TEST_F(sleeping_poll, survives_a_reset_of_all_ports)
{
	xen_mask(self->s.x->shinfo, true, PORT);
	ASSERT_EQ(0, xen_bind_ipi(self->s.x, PORT, 0));
	start_and_sleep(&self->s);
	ASSERT_TRUE(completes(&self->s, reset_ports));
	EXPECT_TRUE(goes_on(&self->s));
	ASSERT_EQ(0, xen_send(self->s.x, PORT, 0));
	EXPECT_TRUE(ends(&self->s));
}

TEST_F(poll, of_too_many_ports_is_refused)
{
	xen_set_entry_point(self->s.vcpu, guest_code);
	self->s.p->timeout = 1;
	self->s.p->nr_ports = XEN_MAX_POLL_PORTS + 1;
	EXPECT_EQ(-XEN_EINVAL, result_of_poll(&self->s));
	self->s.p->nr_ports = UINT32_MAX;
	EXPECT_EQ(-XEN_EINVAL, result_of_poll(&self->s));
}

TEST_F(poll, of_a_port_out_of_range_is_refused)
{
	xen_set_entry_point(self->s.vcpu, guest_code);
	self->s.p->timeout = 1;
	self->s.p->nr_ports = 2;
	self->s.p->ports[1] = xen_nr_ports(variant->wide);
	EXPECT_EQ(-XEN_EINVAL, result_of_poll(&self->s));
	self->s.p->ports[1] = UINT32_MAX;
	EXPECT_EQ(-XEN_EINVAL, result_of_poll(&self->s));
	self->s.p->ports[1] = xen_nr_ports(variant->wide) - 1;
	EXPECT_EQ(0, result_of_poll(&self->s));
}

TEST_F(poll, with_bad_pointers_is_refused)
{
	xen_set_entry_point(self->s.vcpu, guest_code);
	self->s.p->timeout = 1;
	self->s.p->ports_at = UNMAPPED;
	EXPECT_EQ(-XEN_EFAULT, result_of_poll(&self->s));
	self->s.p->nr_ports = 100;
	EXPECT_EQ(-XEN_EFAULT, result_of_poll(&self->s));
}

TEST_F(poll, whose_structure_cannot_be_read_is_refused)
{
	xen_set_entry_point(self->s.vcpu, guest_code_no_struct);
	EXPECT_EQ(-XEN_EFAULT, (int32_t)xen_step(self->s.vcpu));
	EXPECT_EQ(-XEN_EFAULT, (int32_t)xen_step(self->s.vcpu));
}

TEST_F(poll, is_a_yield_where_the_vmm_keeps_events_to_itself)
{
	xen_set_entry_point(self->s.vcpu, guest_code);
	ASSERT_EQ(0, xen_config(self->s.x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL));
	EXPECT_EQ(0, result_of_poll(&self->s));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
