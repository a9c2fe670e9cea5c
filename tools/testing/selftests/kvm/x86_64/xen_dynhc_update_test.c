// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_XEN_DYNHC_UPDATE: what a token is bound to changes while the guest calls it.
 *
 * If this fails, a device that was given another eventfd, or a port that was moved to
 * another vCPU, loses the calls of the meantime, or the old one still gets some.
 * Stock 6.12 has no dynamic hypercalls.
 */
#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_dynhc.h"
#include "xen_fifo.h"

#define TOKEN		5u
#define PORT		10u
#define NR_CALLS	100000u
#define FLAGS		(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND | \
			 KVM_XEN_HVM_CONFIG_EVTCHN_FIFO | KVM_XEN_HVM_CONFIG_DYNHC)

static struct kvm_xen_dynhc to_eventfd(int fd)
{
	return (struct kvm_xen_dynhc) {
		.token = TOKEN,
		.target = KVM_XEN_DYNHC_EVENTFD,
		.u.fd = fd,
	};
}

static struct kvm_xen_dynhc to_eventfd_on(uint64_t match, int fd)
{
	struct kvm_xen_dynhc binding = to_eventfd(fd);

	binding.flags = KVM_XEN_DYNHC_MATCH;
	binding.match = match;
	return binding;
}

static struct kvm_xen_dynhc to_port(uint32_t vcpu, uint32_t priority)
{
	return (struct kvm_xen_dynhc) {
		.token = TOKEN,
		.target = KVM_XEN_DYNHC_EVTCHN,
		.u.evtchn = { PORT, vcpu, priority },
	};
}

static int update(struct xen_vm *x, struct kvm_xen_dynhc binding)
{
	binding.op = KVM_XEN_DYNHC_UPDATE;
	return xen_dynhc_assign(x, binding);
}

/* The only binding there is. */
static struct kvm_xen_dynhc read_back(struct xen_vm *x)
{
	struct kvm_xen_dynhc binding;
	uint32_t nr = 1;

	TEST_ASSERT_EQ(xen_dynhc_enum(x, &binding, &nr), 0);
	TEST_ASSERT_EQ(nr, 1);
	return binding;
}

static bool is_bound_to(struct xen_vm *x, struct kvm_xen_dynhc binding)
{
	struct kvm_xen_dynhc is = read_back(x);

	return !memcmp(&is, &binding, sizeof(is));
}

FIXTURE(update) {
	struct xen_vm *x;
	int event, other;
};

FIXTURE_SETUP(update)
{
	self->x = xen_vm_create_bare(2, true, xen_guest_obey);
	xen_fifo_map(self->x);
	xen_register_pages(self->x);
	TEST_ASSERT_EQ(xen_config(self->x, FLAGS), 0);
	self->event = xen_eventfd();
	self->other = xen_eventfd();
}

FIXTURE_TEARDOWN(update)
{
	xen_vm_free(self->x);
	close(self->event);
	close(self->other);
}

static int64_t call(struct xen_vm *x, uint64_t arg)
{
	return xen_order(x, true, DYNHC_HYPERCALL, TOKEN, arg, 0);
}

TEST_F(update, is_of_a_binding_that_is_there)
{
	EXPECT_EQ(-ENOENT, update(self->x, to_eventfd(self->event)));
	ASSERT_EQ(0, xen_dynhc_vmm(self->x, TOKEN + 1));
	EXPECT_EQ(-ENOENT, update(self->x, to_eventfd(self->event)));
	EXPECT_EQ(-ENOENT, update(self->x, to_port(0, XEN_PRIO_2LEVEL)));
	ASSERT_EQ(0, xen_dynhc_deassign(self->x, TOKEN + 1));

	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(3, self->event)));
	EXPECT_EQ(-ENOENT, update(self->x, to_eventfd(self->other)));
	EXPECT_EQ(-ENOENT, update(self->x, to_eventfd_on(4, self->other)));
	EXPECT_TRUE(is_bound_to(self->x, to_eventfd_on(3, self->event)));
	EXPECT_EQ(0, update(self->x, to_eventfd_on(3, self->other)));
	EXPECT_TRUE(is_bound_to(self->x, to_eventfd_on(3, self->other)));
}

/* As they are bound: of none of these may the rest change. */
TEST_F(update, changes_nothing_else_of_an_eventfd)
{
	const struct kvm_xen_dynhc bound = to_eventfd(self->event);
	uint32_t token;
	struct kvm_xen_dynhc bad[] = {
		[0 ... 5] = to_eventfd(self->other), to_port(0, XEN_PRIO_2LEVEL),
		{ .token = TOKEN, .target = KVM_XEN_DYNHC_VMM },
		{ .token = TOKEN, .target = KVM_XEN_DYNHC_HANDLER, .u.handler.name = "any" },
	};
	unsigned int i;

	bad[0].flags = KVM_XEN_DYNHC_USER;
	bad[1].flags = 1 << 2;
	bad[2].token_addr = (uintptr_t)&token;
	bad[3].token = KVM_XEN_DYNHC_ANY_TOKEN;
	bad[4].match = 1;
	bad[5].u.pad[1] = 1;
	ASSERT_EQ(0, xen_dynhc_assign(self->x, bound));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, update(self->x, bad[i])) {
			TH_LOG("row %u", i);
		}
	}
	EXPECT_EQ(-EBADF, update(self->x, to_eventfd(-1)));
	EXPECT_EQ(-EINVAL, update(self->x, to_eventfd(self->x->vm->fd)));
	EXPECT_TRUE(is_bound_to(self->x, bound));
	EXPECT_EQ(0, call(self->x, 0));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
	EXPECT_EQ(0, update(self->x, to_eventfd(self->other)));
}

TEST_F(update, changes_nothing_else_of_a_port)
{
	const struct kvm_xen_dynhc bound = to_port(0, 3);
	struct kvm_xen_dynhc bad[] = {
		[0 ... 3] = to_port(1, 4), to_eventfd(self->event),
		{ .token = TOKEN, .target = KVM_XEN_DYNHC_VMM },
	};
	unsigned int i;

	bad[0].flags = KVM_XEN_DYNHC_USER;
	bad[1].u.evtchn.port = PORT + 1;
	bad[2].u.evtchn.port = 0;
	bad[3].u.evtchn.priority = 16;
	ASSERT_EQ(0, xen_dynhc_assign(self->x, bound));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, update(self->x, bad[i])) {
			TH_LOG("row %u", i);
		}
	}
	EXPECT_TRUE(is_bound_to(self->x, bound));
	EXPECT_EQ(0, update(self->x, to_port(1, 4)));
	EXPECT_TRUE(is_bound_to(self->x, to_port(1, 4)));
}

TEST_F(update, is_for_eventfds_and_ports_alone)
{
	struct kvm_xen_dynhc binding = { .token = TOKEN, .target = KVM_XEN_DYNHC_VMM };

	ASSERT_EQ(0, xen_dynhc_assign(self->x, binding));
	EXPECT_EQ(-EINVAL, update(self->x, binding));
	EXPECT_TRUE(is_bound_to(self->x, binding));
}

TEST_F(update, gives_the_calls_to_the_new_eventfd)
{
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd(self->event)));
	ASSERT_EQ(0, update(self->x, to_eventfd(self->other)));
	EXPECT_EQ(0, call(self->x, 3));
	EXPECT_EQ(0, xen_eventfd_take(self->event));
	EXPECT_EQ(1, xen_eventfd_take(self->other));
	EXPECT_EQ(1, xen_dynhc_nr(self->x));
}

TEST_F(update, gives_the_calls_of_one_argument_to_another_eventfd)
{
	int third = xen_eventfd();

	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd(self->event)));
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(3, self->event)));
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(4, self->event)));
	ASSERT_EQ(0, update(self->x, to_eventfd_on(3, self->other)));
	EXPECT_EQ(0, call(self->x, 3));
	EXPECT_EQ(1, xen_eventfd_take(self->other));
	EXPECT_EQ(0, call(self->x, 4));
	EXPECT_EQ(0, call(self->x, 5));
	EXPECT_EQ(2, xen_eventfd_take(self->event));

	ASSERT_EQ(0, update(self->x, to_eventfd(third)));
	EXPECT_EQ(0, call(self->x, 5));
	EXPECT_EQ(1, xen_eventfd_take(third));
	EXPECT_EQ(3, xen_dynhc_nr(self->x));
	close(third);
}

/* The kernel keeps the new one open, and the old one no longer. */
TEST_F(update, holds_the_new_eventfd)
{
	int kept = dup(self->other);

	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd(self->event)));
	ASSERT_EQ(0, update(self->x, to_eventfd(self->other)));
	close(self->other);
	EXPECT_EQ(0, call(self->x, 0));
	EXPECT_EQ(1, xen_eventfd_take(kept));
	self->other = kept;
}

TEST_F(update, moves_a_port_to_another_vcpu)
{
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_port(0, XEN_PRIO_2LEVEL)));
	ASSERT_EQ(0, update(self->x, to_port(1, XEN_PRIO_2LEVEL)));
	EXPECT_EQ(0, call(self->x, 0));
	EXPECT_EQ(0, xen_sel(xen_vcpu_info(self->x, 0), true));
	EXPECT_EQ(1, xen_sel(xen_vcpu_info(self->x, 1), true));
}

/* As a port that is registered does by KVM_XEN_EVTCHN_UPDATE. */
TEST_F(update, takes_along_what_is_pending)
{
	struct xen_fifo_consumer c[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		xen_fifo_host_consumer(self->x, i, &c[i]);
	xen_order_fifo(self->x, 1);
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_port(0, 3)));
	xen_fifo_mask(xen_fifo_word(self->x, PORT));
	EXPECT_EQ(0, call(self->x, 0));
	ASSERT_EQ(0, update(self->x, to_port(1, 3)));
	EXPECT_EQ(0, xen_order_unmask(self->x, true, PORT));
	EXPECT_EQ(0, xen_fifo_consume(&c[0]));
	EXPECT_EQ(1, xen_fifo_consume(&c[1]));
}

/* What the guest makes of its calls, in a page of its own. */
struct tally {
	uint64_t done;
	uint64_t other;		/* any result but 0 */
};

static void guest_calls(void)
{
	volatile struct tally *tally = (void *)XEN_SPARE_GPA(0);
	uint32_t i;

	for (i = 0; i < NR_CALLS; i++) {
		if (xen_guest_call(true, DYNHC_HYPERCALL, TOKEN, i % 2, 0))
			tally->other++;
		else
			tally->done++;
	}
	GUEST_DONE();
}

/* The guest has made a call since, by which the change of before was in use. */
static void wait_for_a_call(struct xen_runner *runner, struct tally *tally)
{
	uint64_t then = READ_ONCE(tally->done) + READ_ONCE(tally->other);

	while (READ_ONCE(tally->done) + READ_ONCE(tally->other) == then &&
	       !READ_ONCE(runner->done))
		sched_yield();
}

/* Half of the calls by each binding to an eventfd. */
TEST(of_an_eventfd_loses_no_call)
{
	int fds[2] = { xen_eventfd(), xen_eventfd() };
	struct xen_vm *x = xen_dynhc_vm_create(1, guest_calls);
	struct tally *tally = xen_hva(x, XEN_SPARE_GPA(0));
	uint64_t got = 0, late = 0, rounds;
	struct xen_runner runner;

	ASSERT_EQ(0, xen_dynhc_assign(x, to_eventfd(fds[0])));
	ASSERT_EQ(0, xen_dynhc_assign(x, to_eventfd_on(1, fds[0])));
	xen_runner_start(&runner, x->vcpu[0]);
	for (rounds = 1; !READ_ONCE(runner.done); rounds++) {
		wait_for_a_call(&runner, tally);
		late += xen_eventfd_take(fds[rounds % 2]);
		ASSERT_EQ(0, update(x, to_eventfd(fds[rounds % 2])));
		ASSERT_EQ(0, update(x, to_eventfd_on(1, fds[rounds % 2])));
		got += xen_eventfd_take(fds[(rounds + 1) % 2]);
	}
	xen_runner_stop(&runner);
	got += xen_eventfd_take(fds[0]) + xen_eventfd_take(fds[1]);
	TH_LOG("%lu changes", rounds);
	EXPECT_STREQ("", runner.failure);
	EXPECT_LT(100, rounds);
	EXPECT_EQ(0, late);
	EXPECT_EQ(0, tally->other);
	EXPECT_EQ(NR_CALLS, tally->done);
	EXPECT_EQ(NR_CALLS, got);
	xen_vm_free(x);
}

TEST(of_a_port_refuses_no_call)
{
	struct xen_vm *x = xen_dynhc_vm_create(2, guest_calls);
	struct tally *tally = xen_hva(x, XEN_SPARE_GPA(0));
	struct xen_runner runner;
	uint64_t rounds;

	xen_register_pages(x);
	ASSERT_EQ(0, xen_dynhc_assign(x, to_port(0, XEN_PRIO_2LEVEL)));
	xen_runner_start(&runner, x->vcpu[0]);
	for (rounds = 1; !READ_ONCE(runner.done); rounds++) {
		wait_for_a_call(&runner, tally);
		ASSERT_EQ(0, update(x, to_port(rounds % 2, XEN_PRIO_2LEVEL)));
	}
	xen_runner_stop(&runner);
	TH_LOG("%lu changes", rounds);
	EXPECT_STREQ("", runner.failure);
	EXPECT_LT(100, rounds);
	EXPECT_EQ(0, tally->other);
	EXPECT_EQ(NR_CALLS, tally->done);
	xen_vm_free(x);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
