// SPDX-License-Identifier: GPL-2.0
/*
 * The eventfds of a callback: KVM holds a reference to them for as long as the callback is
 * set, and drops it when the callback is replaced, is refused, or the VM ends.
 *
 * If this fails, KVM leaks eventfds, or signals one after it was freed, which the kernel's
 * log shows.  Stock 6.12 has no such callback.
 */
#include <stdio.h>
#include <sys/eventfd.h>

#include "xen_harness.h"
#include "xen_line.h"

/* Longer than KVM's deferred work takes; where it is too short, the test is only laxer. */
#define LATE_US		50000
#define NO_FD		1000000

static const struct kvm_xen_callback line = {
	.type = KVM_XEN_CALLBACK_GSI,
	.gsi = XEN_LINE_PIN,
};

FIXTURE(eventfds) {
	struct xen_vm *x;
	int fds[2];
};

FIXTURE_SETUP(eventfds)
{
	self->x = xen_line_vm_create(1);
	self->fds[0] = xen_eventfd();
	self->fds[1] = xen_eventfd();
}

FIXTURE_TEARDOWN(eventfds)
{
	xen_vm_free(self->x);
	close(self->fds[0]);
	close(self->fds[1]);
}

/* An eventfd has its ID until its last reference is dropped; a new one gets the lowest free ID. */
static int eventfd_id(int fd)
{
	char path[64], text[64];
	int id = -1;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "r");
	TEST_ASSERT(info, "No %s", path);
	while (fgets(text, sizeof(text), info))
		if (sscanf(text, "eventfd-id: %d", &id) == 1)
			break;
	fclose(info);
	TEST_ASSERT(id >= 0, "%s has no id", path);
	return id;
}

static int next_id(void)
{
	int fd = xen_eventfd(), id = eventfd_id(fd);

	close(fd);
	return id;
}

typedef int (*set_fn)(struct xen_vm *x, int fds[2]);

/* Let @set do something to @x with a new pair, of which the VMM then has no descriptors. */
static int first_id_of_pair(struct xen_vm *x, set_fn set)
{
	int fds[2] = { xen_eventfd(), xen_eventfd() };
	int lowest = eventfd_id(fds[0]);

	set(x, fds);
	close(fds[0]);
	close(fds[1]);
	return lowest;
}

static bool is_held_after(struct xen_vm *x, set_fn set)
{
	int id = first_id_of_pair(x, set);

	return next_id() != id;
}

/* KVM may drop its references in deferred work. */
static bool is_released_after(struct xen_vm *x, set_fn set)
{
	int id = first_id_of_pair(x, set);

	return xen_wait_for(next_id() == id);
}

static int set_pair(struct xen_vm *x, int fds[2])
{
	return xen_set_eventfds(x, fds[0], fds[1]);
}

static int set_vcpu_pair(struct xen_vm *x, int fds[2])
{
	return xen_set_vcpu_eventfds(x->vcpu[0], fds[0], fds[1]);
}

static int set_and_replace(struct xen_vm *x, int fds[2])
{
	return set_pair(x, fds) ?: xen_set_callback(x, &line);
}

static int set_and_take(struct xen_vm *x, int fds[2])
{
	struct kvm_xen_callback none = { .type = KVM_XEN_CALLBACK_NONE };

	return set_vcpu_pair(x, fds) ?: xen_set_vcpu_callback(x->vcpu[0], &none);
}

static int fail_at_second(struct xen_vm *x, int fds[2])
{
	return xen_set_eventfds(x, fds[0], NO_FD);
}

static int fail_at_file(struct xen_vm *x, int fds[2])
{
	return xen_set_eventfds(x, fds[0], x->vm->fd);
}

static int fail_at_twin(struct xen_vm *x, int fds[2])
{
	return xen_set_eventfds(x, fds[0], fds[0]);
}

static int fail_at_gsi(struct xen_vm *x, int fds[2])
{
	return xen_set_callback(x, &(struct kvm_xen_callback) {
		.type = KVM_XEN_CALLBACK_GSI,
		.flags = KVM_XEN_CALLBACK_EVENTFD,
		.gsi = 4096,
		.assert_fd = fds[0],
		.resample_fd = fds[1],
	});
}

TEST_F(eventfds, are_held_no_longer_than_the_callback_is_set)
{
	EXPECT_TRUE(is_released_after(self->x, set_and_replace));
	EXPECT_TRUE(is_released_after(self->x, set_and_take));
	EXPECT_TRUE(is_released_after(self->x, fail_at_second));
	EXPECT_TRUE(is_released_after(self->x, fail_at_file));
	EXPECT_TRUE(is_released_after(self->x, fail_at_twin));
	EXPECT_TRUE(is_released_after(self->x, fail_at_gsi));
	EXPECT_TRUE(is_held_after(self->x, set_pair));
	EXPECT_TRUE(is_held_after(self->x, set_vcpu_pair));
}

TEST(a_vm_that_ends_releases_its_eventfds)
{
	struct xen_vm *x = xen_line_vm_create(1);
	int lowest = next_id();

	EXPECT_TRUE(is_held_after(x, set_pair));
	EXPECT_TRUE(is_held_after(x, set_vcpu_pair));
	xen_vm_free(x);
	EXPECT_TRUE(xen_wait_for(next_id() == lowest));
}

/* KVM goes on to use the pair, though its descriptors are closed. */
TEST_F(eventfds, are_used_after_the_vmm_closed_them)
{
	int assert_fd = dup(self->fds[0]), resample_fd = dup(self->fds[1]);

	ASSERT_EQ(0, xen_set_eventfds(self->x, assert_fd, resample_fd));
	close(assert_fd);
	close(resample_fd);
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_TRUE(xen_wait_for(xen_eventfd_take(self->fds[0]) == 1));
	xen_eventfd_signal(self->fds[1]);
	EXPECT_TRUE(xen_wait_for(xen_eventfd_take(self->fds[0]) == 1));
}

/* KVM waits for the resample eventfd: it is freed when the callback is replaced. */
TEST_F(eventfds, are_replaced_after_the_vmm_closed_them)
{
	int fds[2] = { xen_eventfd(), xen_eventfd() };

	ASSERT_EQ(0, xen_set_eventfds(self->x, fds[0], fds[1]));
	close(fds[0]);
	close(fds[1]);
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	ASSERT_EQ(0, xen_set_callback(self->x, &line));
	EXPECT_TRUE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
}

TEST(a_vm_may_end_with_its_line_up)
{
	int klog = xen_klog_open(), fds[4], turn;
	struct xen_vm *x;

	ASSERT_LE(0, klog);
	for (turn = 0; turn < 4; turn++)
		fds[turn] = xen_eventfd();
	for (turn = 0; turn < 8; turn++) {
		x = xen_line_vm_create(2);
		ASSERT_EQ(0, turn % 2 ? xen_set_callback(x, &line) :
					xen_set_eventfds(x, fds[0], fds[1]));
		if (turn >= 4)
			ASSERT_EQ(0, xen_set_vcpu_eventfds(x->vcpu[1], fds[2], fds[3]));
		ASSERT_EQ(0, xen_send(x, 1, 0));
		ASSERT_EQ(0, xen_send(x, 2, 1));
		xen_eventfd_signal(fds[1]);
		xen_eventfd_signal(fds[3]);
		xen_vm_free(x);

		/* KVM has dropped its references: nothing is signalled any more. */
		xen_eventfd_take(fds[0]);
		xen_eventfd_take(fds[1]);
		xen_eventfd_signal(fds[1]);
		usleep(LATE_US);
		EXPECT_EQ(0, xen_eventfd_take(fds[0]));
		EXPECT_EQ(1, xen_eventfd_take(fds[1]));
	}
	EXPECT_FALSE(xen_klog_has_splat(klog));
	close(klog);
}

static void signal_once(void *fd)
{
	eventfd_write(*(int *)fd, 1);
}

TEST(a_vm_may_end_while_its_eventfd_is_signalled)
{
	int klog = xen_klog_open(), assert_fd = xen_eventfd(), resample_fd = xen_eventfd(), turn;
	struct xen_thread writer;
	struct xen_vm *x;

	ASSERT_LE(0, klog);
	xen_thread_start(&writer, signal_once, &resample_fd);
	for (turn = 0; turn < 10; turn++) {
		x = xen_line_vm_create(1);
		ASSERT_EQ(0, xen_set_eventfds(x, assert_fd, resample_fd));
		ASSERT_EQ(0, xen_send(x, 1, 0));
		ASSERT_TRUE(xen_wait_for(xen_eventfd_take(assert_fd)));
		ASSERT_EQ(0, turn % 2 ? xen_set_no_callback(x) : 0);
		ASSERT_EQ(0, xen_set_eventfds(x, assert_fd, resample_fd));
		xen_vm_free(x);
	}
	xen_thread_stop(&writer);
	EXPECT_FALSE(xen_klog_has_splat(klog));
	close(klog);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
