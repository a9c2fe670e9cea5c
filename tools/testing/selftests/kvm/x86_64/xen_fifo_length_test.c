// SPDX-License-Identifier: GPL-2.0
/*
 * How many ports may be set at once, and how far that came.
 *
 * If this fails, one call works for as long as its caller likes, with a lock of the VM
 * held; or a VMM cannot find out which of its entries was bad.  Stock 6.12 has no FIFO event
 * channels.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kvm_test_harness.h"
#include "xen_fifo.h"
#include "xen_hold.h"

#define NR_PORTS	(XEN_FIFO_MAX_PORT + 1)
#define HELD		3u	/* the entry whose event needs a page that is not there */

FIXTURE(length) {
	struct xen_vm *x;
	struct kvm_xen_evtchn_fifo_port *entries;
	uint32_t done;
};

static void make_vm(FIXTURE_DATA(length) *self)
{
	self->x = xen_fifo_vm_create(1, true, xen_guest_obey);
	xen_order_fifo(self->x, 1);
}

FIXTURE_SETUP(length)
{
	uint32_t i;

	make_vm(self);
	self->entries = calloc(NR_PORTS + 1, sizeof(*self->entries));
	ASSERT_NE(NULL, self->entries);
	for (i = 0; i <= NR_PORTS; i++)
		self->entries[i] = (struct kvm_xen_evtchn_fifo_port) {
			.port = i % XEN_FIFO_MAX_PORT + 1,
			.last_vcpu = KVM_XEN_EVTCHN_NO_VCPU,
			.vcpu_priority = KVM_XEN_EVTCHN_OWN_PRIORITY,
			.priority = 3,
		};
	self->done = 77;
}

FIXTURE_TEARDOWN(length)
{
	xen_vm_free(self->x);
	free(self->entries);
}

static int ports_attr(FIXTURE_DATA(length) *self, bool set, uint32_t nr, uint64_t done)
{
	struct kvm_xen_evtchn_enum arg = {
		.entries = (uintptr_t)self->entries,
		.nr = nr,
		.done = done,
	};

	return xen_vm_arg(self->x, set, KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS, &arg);
}

static int set_ports(FIXTURE_DATA(length) *self, uint32_t nr)
{
	return ports_attr(self, true, nr, (uintptr_t)&self->done);
}

/* Whether the entry of @port was set: its priority then is the port's own. */
static bool is_set(FIXTURE_DATA(length) *self, uint32_t port)
{
	struct kvm_xen_evtchn_fifo_port entry = {};

	return xen_get_fifo_ports(self->x, port, 1, &entry) > 0 && entry.port == port &&
	       entry.priority == 3;
}

TEST_F(length, more_than_there_can_be_are_refused)
{
	EXPECT_EQ(-EINVAL, ports_attr(self, true, NR_PORTS + 1, 0));
	EXPECT_EQ(-EINVAL, set_ports(self, NR_PORTS + 1));
	EXPECT_EQ(-EINVAL, set_ports(self, 1u << 31));
	EXPECT_EQ(77, self->done);
	EXPECT_FALSE(is_set(self, 1));
}

TEST_F(length, as_many_as_there_can_be_are_set)
{
	EXPECT_EQ(0, set_ports(self, NR_PORTS));
	EXPECT_EQ(NR_PORTS, self->done);
	EXPECT_TRUE(is_set(self, 1));
	EXPECT_TRUE(is_set(self, XEN_FIFO_MAX_PORT));
	EXPECT_EQ(0, ports_attr(self, true, 1, 0));
}

TEST_F(length, those_before_a_bad_one_are_set_and_counted)
{
	self->entries[2].priority = XEN_FIFO_NR_QUEUES;
	EXPECT_EQ(-EINVAL, set_ports(self, 5));
	EXPECT_EQ(2, self->done);
	EXPECT_TRUE(is_set(self, 2));
	EXPECT_FALSE(is_set(self, 3));
	EXPECT_FALSE(is_set(self, 4));

	EXPECT_EQ(0, set_ports(self, 0));
	EXPECT_EQ(0, self->done);
}

TEST_F(length, a_place_that_cannot_be_written_is_an_error)
{
	EXPECT_EQ(-EFAULT, ports_attr(self, true, 2, 1));
	EXPECT_TRUE(is_set(self, 2));
	EXPECT_EQ(-EINVAL, ports_attr(self, false, 2, (uintptr_t)&self->done));
}

static void *kill_once_held(void *arg)
{
	int uffd = (intptr_t)arg;

	TEST_ASSERT(xen_page_is_awaited(uffd), "Nobody waits for the page");
	kill(getpid(), SIGKILL);
	return NULL;
}

/*
 * In a process, and so a VM, of its own.  An event that cannot be raised stays saved, which
 * is no error: only the check for a signal ends the call.
 */
static void set_ports_and_be_killed(FIXTURE_DATA(length) *self, uint32_t *done)
{
	pthread_t thread;
	intptr_t uffd;

	make_vm(self);
	self->entries[HELD].saved = 1;
	uffd = xen_withhold_page(xen_hva(self->x, XEN_ARRAY_GPA));
	TEST_ASSERT(!pthread_create(&thread, NULL, kill_once_held, (void *)uffd), "No thread");
	ports_attr(self, true, NR_PORTS, (uintptr_t)done);
}

TEST_F(length, a_killed_caller_ends_at_the_next_one)
{
	uint32_t *done = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (!xen_hold_is_possible())
		SKIP(return, "this kernel has no userfaultfd");
	ASSERT_NE(MAP_FAILED, done);
	*done = 0;
	pid = fork();
	if (!pid) {
		set_ports_and_be_killed(self, done);
		_exit(1);
	}
	ASSERT_LT(0, pid);
	EXPECT_TRUE(xen_process_is_killed(pid));
	EXPECT_EQ(HELD + 1, *done);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
