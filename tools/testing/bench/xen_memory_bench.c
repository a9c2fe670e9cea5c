// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's memory for a VM, a vCPU, a bound port and a dynamic hypercall.
 *
 * Counted exactly: the tracepoints of kmalloc() and of the slab caches show what
 * this process allocated and did not free, in bytes as the allocator rounds
 * them; /proc/vmallocinfo has what KVM got from vmalloc().  Single pages are not
 * counted, of which KVM takes the same number in all cases.  Prints "bytes NAME
 * N", for each of those of which there are many the average.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "xen_dynhc.h"
#include "xen_trace.h"

#define NR_PORTS	4095u
#define NR_TOKENS	1000u
#define MAX_OBJECTS	(1u << 16)

struct object {
	char ptr[24];
	long bytes;
};

static struct object *objects;		/* not in the guest, so not static */
static unsigned int nr_objects;

static void start_trace(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	xen_trace_write("tracing_on", "0");
	xen_trace_write("set_event_pid", pid);
	xen_trace_write("buffer_size_kb", "32768");
	xen_trace_write("events/kmem/kmalloc/enable", "1");
	xen_trace_write("events/kmem/kmem_cache_alloc/enable", "1");
	xen_trace_write("events/kmem/kfree/enable", "1");
	xen_trace_write("events/kmem/kmem_cache_free/enable", "1");
}

/* The last one at @ptr, which is another one each time that it is allocated. */
static struct object *find(const char *ptr)
{
	unsigned int i = nr_objects;

	while (i--)
		if (!strcmp(objects[i].ptr, ptr))
			return &objects[i];
	return NULL;
}

static void note(const char *line)
{
	const char *ptr = strstr(line, "ptr="), *bytes = strstr(line, "bytes_alloc=");
	struct object key, *o;

	if (!ptr || sscanf(ptr, "ptr=%23s", key.ptr) != 1)
		return;
	if (bytes) {
		TEST_ASSERT(nr_objects < MAX_OBJECTS, "Too many objects");
		key.bytes = atol(bytes + strlen("bytes_alloc="));
		objects[nr_objects++] = key;
	} else {
		o = find(key.ptr);
		if (o)
			*o = objects[--nr_objects];
	}
}

static void read_lines(FILE *file, void (*fn)(const char *line))
{
	char line[512];

	TEST_ASSERT(file, "Cannot open: %d", errno);
	while (fgets(line, sizeof(line), file))
		fn(line);
	fclose(file);
}

static long slab_bytes(void)
{
	unsigned int i;
	long bytes = 0;

	nr_objects = 0;
	read_lines(xen_trace_open(), note);
	for (i = 0; i < nr_objects; i++)
		bytes += objects[i].bytes;
	return bytes;
}

static long areas;

static void note_area(const char *line)
{
	long size;

	if (strstr(line, "kvm") && sscanf(line, "%*s %ld", &size) == 1)
		areas += size;
}

static long vmalloc_bytes(void)
{
	areas = 0;
	read_lines(fopen("/proc/vmallocinfo", "r"), note_area);
	return areas;
}

/* What @make(@arg) leaves allocated, divided among @each. */
static void measure(const char *name, void (*make)(void *arg), void *arg, unsigned int each)
{
	long before = vmalloc_bytes(), bytes;

	xen_trace_write("trace", "\n");
	xen_trace_write("tracing_on", "1");
	make(arg);
	xen_trace_write("tracing_on", "0");
	bytes = slab_bytes() + vmalloc_bytes() - before;
	printf("bytes %s %ld\n", name, bytes / each);
}

/* A VM by hand, as the library's has memory and much else of its own. */
struct machine {
	int kvm, vm, vcpu;
	uint32_t config;
};

static int must(int fd, unsigned long nr, const void *arg, const char *what)
{
	int r = ioctl(fd, nr, arg);

	TEST_ASSERT(r >= 0, "%s: %d", what, errno);
	return r;
}

static void create_vm(void *arg)
{
	struct machine *m = arg;
	struct kvm_xen_hvm_config config = { .flags = m->config, .msr = XEN_HYPERCALL_MSR };

	m->vm = must(m->kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	must(m->vm, KVM_CREATE_IRQCHIP, NULL, "KVM_CREATE_IRQCHIP");
	if (m->config)
		must(m->vm, KVM_XEN_HVM_CONFIG, &config, "KVM_XEN_HVM_CONFIG");
}

static void create_vcpu(void *arg)
{
	struct machine *m = arg;

	m->vcpu = must(m->vm, KVM_CREATE_VCPU, NULL, "KVM_CREATE_VCPU");
}

static void destroy(struct machine *m)
{
	close(m->vcpu);
	close(m->vm);
	close(m->kvm);
}

/* What the first VM after boot allocates for all. */
static void warm_up(void)
{
	struct machine m = { .kvm = open_kvm_dev_path_or_exit() };

	create_vm(&m);
	create_vcpu(&m);
	destroy(&m);
}

static void bind_ports(void *arg)
{
	uint32_t port;

	for (port = 1; port <= NR_PORTS; port++)
		TEST_ASSERT_EQ(xen_bind_ipi(arg, port, 0), 0);
}

static void bind_tokens(void *arg)
{
	uint32_t token;

	for (token = 1; token <= NR_TOKENS; token++)
		TEST_ASSERT_EQ(xen_dynhc_vmm(arg, token), 0);
}

static void measure_machine(uint32_t config, const char *suffix)
{
	struct machine m = { .kvm = open_kvm_dev_path_or_exit(), .config = config };
	char name[32];

	snprintf(name, sizeof(name), "vm/%s", suffix);
	measure(name, create_vm, &m, 1);
	snprintf(name, sizeof(name), "vcpu/%s", suffix);
	measure(name, create_vcpu, &m, 1);
	destroy(&m);
}

static void measure_table(const char *name, void (*fill)(void *x), unsigned int nr, uint32_t flag)
{
	struct xen_vm *x = xen_vm_create(1, true, NULL);

	TEST_ASSERT_EQ(xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
				     KVM_XEN_HVM_CONFIG_EVTCHN_SEND | flag), 0);
	measure(name, fill, x, nr);
	xen_vm_free(x);
}

int main(void)
{
	objects = calloc(MAX_OBJECTS, sizeof(*objects));
	TEST_ASSERT(objects, "No memory");
	start_trace();
	warm_up();
	measure_machine(0, "no-xen");
	measure_machine(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND,
			"xen");
	measure_table("port", bind_ports, NR_PORTS, 0);
	if (xen_caps() & KVM_XEN_HVM_CONFIG_DYNHC)
		measure_table("dynhc-token", bind_tokens, NR_TOKENS, KVM_XEN_HVM_CONFIG_DYNHC);
	return 0;
}
