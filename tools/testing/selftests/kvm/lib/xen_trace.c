// SPDX-License-Identifier: GPL-2.0
/* The kernel's trace: see xen_trace.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "test_util.h"
#include "xen_trace.h"

#define TRACING		"/sys/kernel/tracing"

/* Once more does no harm. */
static void mount_tracefs(void)
{
	if (access(TRACING "/trace", F_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
}

void xen_trace_write(const char *file, const char *text)
{
	char path[128];
	int fd;

	mount_tracefs();
	snprintf(path, sizeof(path), TRACING "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	TEST_ASSERT(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text),
		    "%s: %d", path, errno);
	close(fd);
}

static void switch_event(const char *event, const char *on)
{
	char file[96];

	snprintf(file, sizeof(file), "events/%s/enable", event);
	xen_trace_write(file, on);
}

void xen_trace_begin(const char *event)
{
	xen_trace_write("trace", "\n");
	switch_event(event, "1");
}

FILE *xen_trace_open(void)
{
	FILE *trace = fopen(TRACING "/trace", "r");

	TEST_ASSERT(trace, "trace: %d", errno);
	return trace;
}

FILE *xen_trace_end(const char *event)
{
	switch_event(event, "0");
	return xen_trace_open();
}
