// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is needed for a VM's events is charged to the owner of the VM, whichever
 * thread raises them.
 *
 * If this fails, the first events of ports that come by irqfds, and are raised by a
 * worker of the kernel, take memory past the limit of the VMM's cgroup.  Stock 6.12 has
 * no FIFO event channels.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "kvm_util.h"
#include "xen_fifo.h"
#include "xen_harness.h"

#define GSI		24
#define STEP		256u		/* ports, with a page of the kernel's for so many */
#define NR_STEPS	400u

FIXTURE(memcg) {
	struct xen_vm *x;
	char root[32];
	char group[64];
	int fd;
};

static bool write_to(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f)
		return false;
	ok = fputs(text, f) >= 0;
	return !fclose(f) && ok;
}

/* What the kernel took for the group, in bytes. */
static unsigned long kernel_memory(FIXTURE_DATA(memcg) *self)
{
	unsigned long value, kernel = 0;
	char path[128], name[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.stat", self->group);
	f = fopen(path, "r");
	TEST_ASSERT(f, "No %s", path);
	while (fscanf(f, "%63s %lu", name, &value) == 2)
		if (!strcmp(name, "kernel"))
			kernel = value;
	fclose(f);
	return kernel;
}

FIXTURE_SETUP(memcg)
{
	struct xen_routes routes = {};

	snprintf(self->root, sizeof(self->root), "/tmp/cgroup-XXXXXX");
	mkdir("/tmp", 0777);
	ASSERT_NE(NULL, mkdtemp(self->root));
	if (mount("none", self->root, "cgroup2", 0, NULL)) {
		ASSERT_EQ(ENODEV, errno);
		SKIP(return, "this kernel has no cgroups");
	}
	if (!write_to(self->root, "cgroup.subtree_control", "+memory"))
		SKIP(return, "no memory controller for cgroups");
	snprintf(self->group, sizeof(self->group), "%s/vmm", self->root);
	ASSERT_EQ(0, mkdir(self->group, 0755));
	ASSERT_TRUE(write_to(self->group, "cgroup.procs", "0"));

	self->x = xen_fifo_vm_create(1, true, xen_guest_obey);
	xen_order_fifo(self->x, 1);
	xen_route_add(&routes, GSI, STEP, 0);
	ASSERT_EQ(0, xen_route_write(self->x, &routes));
	self->fd = xen_irqfd(self->x, GSI);
}

FIXTURE_TEARDOWN(memcg)
{
	if (self->x)
		xen_vm_free(self->x);
	write_to(self->root, "cgroup.procs", "0");
	rmdir(self->group);
	umount(self->root);
	rmdir(self->root);
}

/* Raise the first event of @port, by a worker: what is kept of the port was not there. */
static void raise_port(FIXTURE_DATA(memcg) *self, uint32_t port)
{
	struct kvm_xen_evtchn_fifo_port entry;
	struct xen_routes routes = {};

	xen_route_add(&routes, GSI, port, 0);
	TEST_ASSERT_EQ(xen_route_write(self->x, &routes), 0);
	TEST_ASSERT_EQ(eventfd_write(self->fd, 1), 0);
	TEST_ASSERT(xen_wait_for(xen_get_fifo_ports(self->x, port, 1, &entry) > 0),
		    "Port %u is not raised", port);
}

TEST_F(memcg, what_a_worker_allocates_is_charged_to_the_owner_of_the_vm)
{
	unsigned long before, after;
	unsigned int i;

	raise_port(self, 5 * STEP);
	before = kernel_memory(self);
	for (i = 6; i < 6 + NR_STEPS; i++)
		raise_port(self, i * STEP);
	after = kernel_memory(self);
	/* Half of it: what else the group holds is given back meanwhile. */
	EXPECT_LE(before + NR_STEPS * 4096 / 2, after)
		TH_LOG("%lu bytes, then %lu", before, after);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
