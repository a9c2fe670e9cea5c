/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kselftest harness, as the Xen tests use it.
 *
 * The harness runs each test in a process of its own, so a test that fails
 * takes no other one with it.  Its time limit becomes a mere guard against
 * hangs: tests run in emulated machines, where 30 s say nothing.
 */
#ifndef SELFTEST_KVM_XEN_HARNESS_H
#define SELFTEST_KVM_XEN_HARNESS_H

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "kvm_util.h"
#include "xen_compat.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

/*
 * The kernel's log from now on.  A test that provokes a warning looks itself,
 * as the log of the whole boot does not show which test it was.
 */
static inline int xen_klog_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* Has the kernel warned since?  Takes what it reads. */
static inline bool xen_klog_has_splat(int fd)
{
	char line[4096];
	bool splat = false;
	ssize_t len;

	while ((len = read(fd, line, sizeof(line) - 1)) > 0) {
		line[len] = 0;
		if (strstr(line, "WARNING:") || strstr(line, "BUG:"))
			splat = true;
	}
	return splat;
}

/* Skip all of the test unless KVM_CAP_XEN_HVM has all of the flags @caps. */
static inline void xen_require_caps(unsigned int caps)
{
	unsigned int missing = caps & ~(unsigned int)kvm_check_cap(KVM_CAP_XEN_HVM);

	if (missing)
		ksft_exit_skip("KVM_CAP_XEN_HVM lacks flags %#x\n", missing);
}

/* main() of a test that needs all of @caps. */
#define XEN_TEST_MAIN(caps)						\
int main(int argc, char **argv)						\
{									\
	xen_require_caps(caps);						\
	return test_harness_run(argc, argv);				\
}

/* The same of a test that writes the parameter @name of kvm.ko: it is put back. */
#define XEN_TEST_MAIN_WITH_PARAMETER(caps, name)			\
int main(int argc, char **argv)						\
{									\
	char before[XEN_PARAMETER_SIZE];				\
	int r;								\
									\
	xen_require_caps(caps);						\
	xen_read_parameter(name, before);				\
	r = test_harness_run(argc, argv);				\
	if (before[0])							\
		xen_write_parameter(name, before);			\
	return r;							\
}

#endif /* SELFTEST_KVM_XEN_HARNESS_H */
