// SPDX-License-Identifier: GPL-2.0
/* A vCPU that is held in a hypercall: see xen_hold.h. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "test_util.h"
#include "xen_hold.h"

static int open_uffd(void)
{
	return syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
}

bool xen_hold_is_possible(void)
{
	int uffd = open_uffd();

	if (uffd < 0)
		return false;

	close(uffd);
	return true;
}

int xen_withhold_page(void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)page, .len = PAGE_SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = open_uffd();

	TEST_ASSERT(uffd >= 0, "userfaultfd: %d", errno);
	TEST_ASSERT(!ioctl(uffd, UFFDIO_API, &api), "UFFDIO_API: %d", errno);
	TEST_ASSERT(!madvise(page, PAGE_SIZE, MADV_DONTNEED), "madvise: %d", errno);
	TEST_ASSERT(!ioctl(uffd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER: %d", errno);
	return uffd;
}

bool xen_page_is_awaited(int uffd)
{
	struct pollfd fault = { .fd = uffd, .events = POLLIN };

	return xen_wait_for(poll(&fault, 1, 0) == 1 && fault.revents == POLLIN);
}

static void *call(void *arg)
{
	const struct xen_hcall send = {
		.nr = __HYPERVISOR_event_channel_op,
		.arg = { EVTCHNOP_send, XEN_STUB_DATA_GPA },
	};
	struct xen_hold *hold = arg;

	xen_stub_hypercall(hold->stub, xen_stub_native(), &send);
	return NULL;
}

bool xen_hold_begin(struct xen_hold *hold, struct xen_stub *stub)
{
	hold->stub = stub;
	hold->uffd = xen_withhold_page(stub->data);
	hold->held = true;
	pthread_create(&hold->thread, NULL, call, hold);
	return xen_page_is_awaited(hold->uffd);
}

void xen_hold_end(struct xen_hold *hold)
{
	struct uffdio_range range = { .start = (uintptr_t)hold->stub->data, .len = PAGE_SIZE };

	if (!hold->held)
		return;

	/* Faults that waited go on, by the kernel's own page. */
	ioctl(hold->uffd, UFFDIO_UNREGISTER, &range);
	ioctl(hold->uffd, UFFDIO_WAKE, &range);
	pthread_join(hold->thread, NULL);
	close(hold->uffd);
	hold->held = false;
}
