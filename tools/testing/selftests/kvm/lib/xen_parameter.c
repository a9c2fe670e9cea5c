// SPDX-License-Identifier: GPL-2.0
/* Parameters of kvm.ko, which tests may change while it is loaded. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "xen.h"

static int open_parameter(const char *name, int flags)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/module/kvm/parameters/%s", name);
	return open(path, flags | O_CLOEXEC);
}

int xen_write_parameter(const char *name, const char *value)
{
	int fd = open_parameter(name, O_WRONLY);
	int r = fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;

	close(fd);
	return r;
}

void xen_read_parameter(const char *name, char value[XEN_PARAMETER_SIZE])
{
	int fd = open_parameter(name, O_RDONLY);
	ssize_t len = fd < 0 ? 0 : read(fd, value, XEN_PARAMETER_SIZE - 1);

	value[len > 0 ? len : 0] = '\0';
	close(fd);
}
