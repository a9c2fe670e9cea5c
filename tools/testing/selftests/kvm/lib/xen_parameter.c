// SPDX-License-Identifier: GPL-2.0
/* What the host is, and parameters of KVM's modules, some of which tests may change. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "test_util.h"
#include "xen.h"

/* "#1 SMP PREEMPT_RT Debian ..." */
bool xen_host_is_rt(void)
{
	struct utsname name;

	TEST_ASSERT_EQ(uname(&name), 0);
	return strstr(name.version, "PREEMPT_RT");
}

static int open_parameter(const char *module, const char *name, int flags)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module, name);
	return open(path, flags | O_CLOEXEC);
}

bool xen_has_parameter(const char *name)
{
	int fd = open_parameter("kvm", name, O_RDONLY);

	close(fd);
	return fd >= 0;
}

int xen_write_parameter(const char *name, const char *value)
{
	int fd = open_parameter("kvm", name, O_WRONLY);
	int r = fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;

	close(fd);
	return r;
}

static void read_parameter(const char *module, const char *name, char value[XEN_PARAMETER_SIZE])
{
	int fd = open_parameter(module, name, O_RDONLY);
	ssize_t len = fd < 0 ? 0 : read(fd, value, XEN_PARAMETER_SIZE - 1);

	value[len > 0 ? len : 0] = '\0';
	close(fd);
}

void xen_read_parameter(const char *name, char value[XEN_PARAMETER_SIZE])
{
	read_parameter("kvm", name, value);
}

bool xen_has_apicv(void)
{
	char value[XEN_PARAMETER_SIZE];

	if (host_cpu_is_intel)
		read_parameter("kvm_intel", "enable_apicv", value);
	else
		read_parameter("kvm_amd", "avic", value);
	return value[0] == 'Y';
}
