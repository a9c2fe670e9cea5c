// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls by a line that the VMM owns: a pair of eventfds.
 *
 * If this fails, a VMM with interrupt controllers of its own raises its line
 * too seldom, and the guest hangs, or for ever; or it is asked for each event.
 * Stock 6.12 has no such callback.
 */
#include <sys/eventfd.h>

#include "xen_harness.h"
#include "xen_line.h"

#define MANY		200
/* Longer than KVM's deferred work takes; where it is too short, the test is only laxer. */
#define LATE_US	50000

static uint64_t take_more(int fd, uint64_t *count)
{
	*count += xen_eventfd_take(fd);
	return *count;
}

/* An eventfd is signalled in the end; returns how often it was. */
static uint64_t take_soon(int fd)
{
	uint64_t count = 0;

	if (!xen_wait_for(take_more(fd, &count)))
		return 0;
	usleep(LATE_US);
	return count + xen_eventfd_take(fd);
}

static uint64_t take_late(int fd)
{
	usleep(LATE_US);
	return xen_eventfd_take(fd);
}

/* The guest does not run here: the test handles its events. */
FIXTURE(split) {
	struct xen_vm *x;
	int assert_fd;
	int resample_fd;
};

FIXTURE_SETUP(split)
{
	self->x = xen_line_vm_create_split(3);
	self->assert_fd = xen_eventfd();
	self->resample_fd = xen_eventfd();
	ASSERT_EQ(0, xen_set_eventfds(self->x, self->assert_fd, self->resample_fd));
}

FIXTURE_TEARDOWN(split)
{
	xen_vm_free(self->x);
	close(self->assert_fd);
	close(self->resample_fd);
}

/* What a guest does: the flag, then the events. */
static void handle(struct xen_vm *x, unsigned int vcpu)
{
	struct xen_shared_info64 *shinfo = (void *)x->shinfo;
	unsigned int word;

	*xen_upcall_pending(xen_vcpu_info(x, vcpu)) = 0;
	xen_take_sel(xen_vcpu_info(x, vcpu), true);
	for (word = 0; word < 64; word++)
		shinfo->evtchn_pending[word] = 0;
}

TEST_F(split, is_asserted_once_as_the_flag_goes_up)
{
	uint32_t port;

	EXPECT_EQ(0, xen_eventfd_take(self->assert_fd));
	for (port = 1; port < 300; port += 70)
		ASSERT_EQ(0, xen_send(self->x, port, 0));
	EXPECT_EQ(1, take_soon(self->assert_fd));
}

TEST_F(split, is_asserted_again_where_the_flag_is_up_as_the_interrupt_ends)
{
	int turn;

	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, take_soon(self->assert_fd));
	for (turn = 0; turn < 5; turn++) {
		xen_eventfd_signal(self->resample_fd);
		EXPECT_EQ(1, take_soon(self->assert_fd));
	}
}

TEST_F(split, is_not_asserted_where_the_flag_is_down_as_the_interrupt_ends)
{
	xen_eventfd_signal(self->resample_fd);
	EXPECT_EQ(0, take_late(self->assert_fd));

	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, take_soon(self->assert_fd));
	handle(self->x, 0);
	xen_eventfd_signal(self->resample_fd);
	EXPECT_EQ(0, take_late(self->assert_fd));
}

TEST_F(split, is_asserted_by_each_event_that_follows)
{
	int turn;

	for (turn = 0; turn < 20; turn++) {
		ASSERT_EQ(0, xen_send(self->x, 1, 0));
		ASSERT_EQ(1, take_soon(self->assert_fd));
		handle(self->x, 0);
		xen_eventfd_signal(self->resample_fd);
		ASSERT_EQ(0, take_late(self->assert_fd));
	}
}

/* The VMM signals the end of an interrupt late or never: events must not depend on it. */
TEST_F(split, is_asserted_by_the_next_event_if_nobody_ended_the_last)
{
	int turn;

	for (turn = 0; turn < 20; turn++) {
		ASSERT_EQ(0, xen_send(self->x, 1, 0));
		ASSERT_TRUE(xen_wait_for(xen_eventfd_take(self->assert_fd) == 1));
		handle(self->x, 0);
	}
	EXPECT_EQ(0, take_late(self->assert_fd));
}

TEST_F(split, needs_no_second_eventfd)
{
	int turn;

	ASSERT_EQ(0, xen_set_eventfds(self->x, self->assert_fd, -1));
	for (turn = 0; turn < 20; turn++) {
		ASSERT_EQ(0, xen_send(self->x, 1, 0));
		ASSERT_TRUE(xen_wait_for(xen_eventfd_take(self->assert_fd) == 1));
		ASSERT_EQ(0, xen_send(self->x, 2, 0));
		handle(self->x, 0);
	}
	EXPECT_EQ(0, take_late(self->assert_fd));
}

/* A write of the highest count is refused until KVM has taken the one before. */
TEST_F(split, takes_what_the_vmm_signals)
{
	int turn;

	for (turn = 0; turn < 3; turn++)
		EXPECT_TRUE(xen_wait_for(!eventfd_write(self->resample_fd, UINT64_MAX - 1)));
}

TEST_F(split, is_of_the_first_vcpu_alone)
{
	ASSERT_EQ(0, xen_send(self->x, 1, 1));
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(self->x, 1)));
	EXPECT_EQ(0, take_late(self->assert_fd));

	/* Nor does an event of another vCPU notify the first one again. */
	ASSERT_EQ(0, xen_send(self->x, 2, 0));
	EXPECT_EQ(1, take_soon(self->assert_fd));
	ASSERT_EQ(0, xen_send(self->x, 3, 2));
	EXPECT_EQ(0, take_late(self->assert_fd));
}

TEST_F(split, stays_silent_once_it_is_taken_away)
{
	ASSERT_EQ(0, xen_set_no_callback(self->x));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	xen_eventfd_signal(self->resample_fd);
	EXPECT_EQ(0, take_late(self->assert_fd));
	EXPECT_EQ(1, xen_eventfd_take(self->resample_fd));
}

TEST_F(split, is_signalled_for_what_was_pending_before)
{
	ASSERT_EQ(0, xen_set_no_callback(self->x));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	ASSERT_EQ(0, xen_set_eventfds(self->x, self->assert_fd, self->resample_fd));
	EXPECT_EQ(1, take_soon(self->assert_fd));
}

TEST_F(split, is_not_signalled_again_where_it_is_set_as_asserted)
{
	struct kvm_xen_callback callback;

	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, take_soon(self->assert_fd));
	ASSERT_EQ(0, xen_get_callback(self->x, &callback));
	EXPECT_EQ(KVM_XEN_CALLBACK_EVENTFD | KVM_XEN_CALLBACK_ASSERTED, callback.flags);
	ASSERT_EQ(0, xen_set_no_callback(self->x));
	ASSERT_EQ(0, xen_set_callback(self->x, &callback));
	EXPECT_EQ(0, take_late(self->assert_fd));

	/* The guest was notified, but has not cleared the flag. */
	xen_eventfd_signal(self->resample_fd);
	EXPECT_EQ(1, take_soon(self->assert_fd));
}

TEST_F(split, vcpus_have_a_pair_each)
{
	int fds[3][2];
	unsigned int i, k;

	for (i = 0; i < 3; i++) {
		fds[i][0] = xen_eventfd();
		fds[i][1] = xen_eventfd();
		ASSERT_EQ(0, xen_set_vcpu_eventfds(self->x->vcpu[i], fds[i][0], fds[i][1]));
	}
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, xen_send(self->x, 1 + i, i));
		EXPECT_EQ(1, take_soon(fds[i][0]));
		for (k = 0; k < 3; k++)
			EXPECT_EQ(0, xen_eventfd_take(fds[k][0]));

		/* Only the resample eventfd of this vCPU makes KVM look at its flag. */
		xen_eventfd_signal(fds[(i + 1) % 3][1]);
		EXPECT_EQ(0, take_late(fds[i][0]));
		xen_eventfd_signal(fds[i][1]);
		EXPECT_EQ(1, take_soon(fds[i][0]));
		handle(self->x, i);
		xen_eventfd_signal(fds[i][1]);
		EXPECT_EQ(0, take_late(fds[i][0]));
	}
	EXPECT_EQ(0, xen_eventfd_take(self->assert_fd));
}

TEST_F(split, a_vcpus_pair_gives_way_to_its_vector_and_hides_the_vms_line)
{
	int assert_fd = xen_eventfd(), resample_fd = xen_eventfd();
	struct kvm_vcpu *vcpu = self->x->vcpu[0];

	ASSERT_EQ(0, xen_set_vcpu_eventfds(vcpu, assert_fd, resample_fd));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, take_soon(assert_fd));
	xen_eventfd_signal(self->resample_fd);
	EXPECT_EQ(0, take_late(self->assert_fd));
	handle(self->x, 0);
	xen_eventfd_signal(resample_fd);

	/* The end of an interrupt that another one shares changes nothing. */
	ASSERT_EQ(0, xen_set_vcpu_vector(vcpu, XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	xen_eventfd_signal(resample_fd);
	xen_eventfd_signal(self->resample_fd);
	EXPECT_EQ(0, take_late(assert_fd));
	EXPECT_EQ(0, xen_eventfd_take(self->assert_fd));
	handle(self->x, 0);

	ASSERT_EQ(0, xen_set_vcpu_vector(vcpu, 0));
	ASSERT_EQ(0, xen_set_vcpu_callback(vcpu, &(struct kvm_xen_callback) {}));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_EQ(1, take_soon(self->assert_fd));
	EXPECT_EQ(0, xen_eventfd_take(assert_fd));
}

/* An irqfd of the assert eventfd is an MSI: nothing ends it. */
TEST_F(split, may_be_an_msi_without_any_exit)
{
	int fd = xen_eventfd();

	ASSERT_EQ(0, xen_set_eventfds(self->x, fd, -1));
	ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_MSI_GSI, fd, -1));
	ASSERT_EQ(0, xen_bind_ipi(self->x, 7, 0));
	EXPECT_EQ(MANY, xen_line_call(self->x, 0, xen_guest_ping, 7, MANY));
	EXPECT_EQ(MANY, xen_line_cpu(self->x, 0)->nr_upcalls);
}

TEST_F(split, may_be_an_msi_for_each_vcpu_without_any_exit)
{
	unsigned int i;
	int fd;

	for (i = 0; i < 3; i++) {
		fd = xen_eventfd();
		ASSERT_EQ(0, xen_set_vcpu_eventfds(self->x->vcpu[i], fd, -1));
		ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_MSI_GSI + i, fd, -1));
		ASSERT_EQ(0, xen_bind_ipi(self->x, 7 + i, i));
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(MANY, xen_line_call(self->x, i, xen_guest_ping, 7 + i, MANY));
		EXPECT_EQ(MANY, xen_line_cpu(self->x, i)->nr_upcalls);
	}
}

TEST_F(split, a_vcpu_that_sleeps_is_woken_by_the_msi)
{
	int fd = xen_eventfd(), event = xen_eventfd();
	struct xen_runner r;
	uint32_t turn;

	ASSERT_EQ(0, xen_set_eventfds(self->x, fd, -1));
	ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_MSI_GSI, fd, -1));
	ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_EVENT_GSI, event, -1));
	xen_line_order(self->x, 0, xen_guest_serve, 0, 0);
	xen_runner_start(&r, self->x->vcpu[0]);
	for (turn = 1; turn <= MANY; turn++) {
		if (turn % 20 == 0)
			ASSERT_TRUE(xen_runner_blocks(&r));
		xen_line_port(self->x, 1)->sent++;
		xen_eventfd_signal(event);
		ASSERT_TRUE(xen_wait_for(xen_line_is_handled(self->x, 1)));
	}
	xen_runner_stop(&r);
	EXPECT_STREQ("", r.failure);
}

/*
 * Both ends of the pair are KVM's: the callback signals the eventfd of an irqfd,
 * without the VMM.
 */
FIXTURE(loop) {
	struct xen_vm *x;
	struct xen_line_cpu *cpu;
};

FIXTURE_SETUP(loop)
{
	int assert_fd = xen_eventfd(), resample_fd = xen_eventfd();

	self->x = xen_line_vm_create(2);
	self->cpu = xen_line_cpu(self->x, 0);
	ASSERT_EQ(0, xen_set_eventfds(self->x, assert_fd, resample_fd));
	ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_PIN, assert_fd, resample_fd));
	xen_line_call(self->x, 0, xen_guest_write_pin, XEN_LINE_PIN,
		      XEN_LINE_VECTOR | XEN_IOAPIC_LEVEL);
	ASSERT_EQ(0, xen_bind_ipi(self->x, 7, 0));
}

FIXTURE_TEARDOWN(loop)
{
	xen_vm_free(self->x);
}

TEST_F(loop, each_event_is_one_interrupt_and_no_exit)
{
	EXPECT_EQ(MANY, xen_line_call(self->x, 0, xen_guest_ping, 7, MANY));
	EXPECT_EQ(MANY, self->cpu->nr_upcalls);
	EXPECT_TRUE(xen_wait_for(!xen_ioapic_irr(self->x, XEN_LINE_PIN)));
}

TEST_F(loop, an_early_eoi_loses_no_event)
{
	xen_line_habit(self->x, 0, "ECS");
	EXPECT_EQ(MANY, xen_line_call(self->x, 0, xen_guest_ping, 7, MANY));
	EXPECT_TRUE(xen_wait_for(!xen_ioapic_irr(self->x, XEN_LINE_PIN)));
}

TEST_F(loop, a_flag_that_is_left_up_interrupts_again)
{
	xen_line_first(self->x, 0, 3, "E");
	ASSERT_EQ(0, xen_line_send(self->x, 1));
	EXPECT_EQ(1, xen_line_call(self->x, 0, xen_guest_wait_events, 1, 0));
	EXPECT_EQ(4, self->cpu->nr_upcalls);
}

TEST_F(loop, events_of_another_vcpu_arrive_while_it_sleeps)
{
	struct xen_runner r;

	xen_line_order(self->x, 0, xen_guest_serve, 0, 0);
	xen_runner_start(&r, self->x->vcpu[0]);
	EXPECT_EQ(MANY, xen_line_call(self->x, 1, xen_guest_ping_far, 7, MANY));
	xen_runner_stop(&r);
	EXPECT_STREQ("", r.failure);
}

TEST_F(loop, an_event_at_a_masked_pin_arrives_when_it_is_unmasked)
{
	uint32_t turn;

	for (turn = 1; turn <= 20; turn++) {
		xen_line_call(self->x, 0, xen_guest_write_pin, XEN_LINE_PIN,
			      XEN_LINE_VECTOR | XEN_IOAPIC_LEVEL | XEN_IOAPIC_MASKED);
		ASSERT_EQ(0, xen_line_send(self->x, turn));
		xen_line_call(self->x, 0, xen_guest_write_pin, XEN_LINE_PIN,
			      XEN_LINE_VECTOR | XEN_IOAPIC_LEVEL);
		ASSERT_EQ(turn, xen_line_call(self->x, 0, xen_guest_wait_events, turn, 0));
	}
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
