// SPDX-License-Identifier: GPL-2.0
/* Kernel modules that a test loads and unloads itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xen_module.h"

int xen_module_load(const char *name, const char *params)
{
	char path[100];
	int fd, r;

	snprintf(path, sizeof(path), "/samples/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	r = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return r;
}

int xen_module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static int64_t read_number(const char *path)
{
	int64_t number = -1;
	FILE *file = fopen(path, "re");

	if (!file)
		return -1;

	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

int64_t xen_module_refs(const char *name)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return read_number(path);
}

int64_t xen_module_counter(const char *name, const char *counter)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", name, counter);
	return read_number(path);
}
