// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers for the tests of KVM's Xen support: VMs with Xen's pages mapped,
 * attributes, ports, statistics.  How their vCPUs run is in xen_runner.c, and
 * what guests do in xen_guest.c.
 *
 * Attribute helpers report errors as negative errno values, so that a test
 * can check them; what only prepares a test fails it on the spot.
 */
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "test_util.h"
#include "xen.h"

/* A flat 32-bit code segment at CPL 0. */
static void add_cs32(struct kvm_vm *vm)
{
	uint64_t *gdt = addr_gva2hva(vm, vm->arch.gdt);

	gdt[XEN_CS32 / 8] = 0x00cf9b000000ffffull;
}

static void map_pages(struct xen_vm *x)
{
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, XEN_PAGES_GPA,
				    XEN_PAGES_SLOT, XEN_NR_PAGES, 0);
	virt_map(x->vm, XEN_PAGES_GPA, XEN_PAGES_GPA, XEN_NR_PAGES);
	x->shinfo = xen_hva(x, XEN_SHINFO_GPA);
}

unsigned int xen_caps(void)
{
	return kvm_check_cap(KVM_CAP_XEN_HVM);
}

void xen_place_memslot(struct xen_vm *x, uint32_t slot, uint64_t gpa, bool there)
{
	struct kvm_userspace_memory_region2 *region = &memslot2region(x->vm, slot)->region;

	TEST_ASSERT_EQ(__vm_set_user_memory_region(x->vm, slot, 0, gpa,
						   there ? region->memory_size : 0,
						   (void *)region->userspace_addr), 0);
}

int xen_config(struct xen_vm *x, uint32_t flags)
{
	struct kvm_xen_hvm_config config = {
		.flags = flags,
		.msr = XEN_HYPERCALL_MSR,
	};

	return __vm_ioctl(x->vm, KVM_XEN_HVM_CONFIG, &config) ? -errno : 0;
}

static struct xen_vm *alloc_vm(unsigned int nr_vcpus, bool wide)
{
	struct xen_vm *x = calloc(1, sizeof(*x));

	TEST_ASSERT(x && nr_vcpus <= XEN_MAX_VCPUS, "Cannot have %u vCPUs", nr_vcpus);
	x->nr_vcpus = nr_vcpus;
	x->wide = wide;
	return x;
}

static struct xen_vm *make_room(struct xen_vm *x)
{
	add_cs32(x->vm);
	map_pages(x);
	return x;
}

static struct xen_vm *make_xen(struct xen_vm *x)
{
	TEST_ASSERT_EQ(xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
				     KVM_XEN_HVM_CONFIG_EVTCHN_SEND), 0);
	TEST_ASSERT_EQ(xen_set_long_mode(x, x->wide), 0);
	return x;
}

struct xen_vm *xen_vm_create_plain(unsigned int nr_vcpus, bool wide, void *guest_code)
{
	struct xen_vm *x = alloc_vm(nr_vcpus, wide);

	x->vm = vm_create_with_vcpus(nr_vcpus, guest_code, x->vcpu);
	return make_room(x);
}

struct xen_vm *xen_vm_create_bare(unsigned int nr_vcpus, bool wide, void *guest_code)
{
	return make_xen(xen_vm_create_plain(nr_vcpus, wide, guest_code));
}

/* The library gives each VM an irqchip: let it make the VM again, without. */
static struct xen_vm *create_without_irqchip(unsigned int nr_vcpus, bool wide, void *guest_code,
					     bool split)
{
	struct xen_vm *x = alloc_vm(nr_vcpus, wide);
	unsigned int i;

	x->vm = vm_create(nr_vcpus);
	kvm_vm_release(x->vm);
	x->vm->has_irqchip = false;
	kvm_vm_restart(x->vm);
	if (split)
		vm_enable_cap(x->vm, KVM_CAP_SPLIT_IRQCHIP, XEN_NR_PINS);
	for (i = 0; i < nr_vcpus; i++)
		x->vcpu[i] = vm_vcpu_add(x->vm, i, guest_code);
	return make_xen(make_room(x));
}

struct xen_vm *xen_vm_create_split(unsigned int nr_vcpus, bool wide, void *guest_code)
{
	return create_without_irqchip(nr_vcpus, wide, guest_code, true);
}

struct xen_vm *xen_vm_create_no_irqchip(unsigned int nr_vcpus, bool wide, void *guest_code)
{
	return create_without_irqchip(nr_vcpus, wide, guest_code, false);
}

void xen_register_pages(struct xen_vm *x)
{
	unsigned int i;

	TEST_ASSERT_EQ(xen_set_shared_info(x, XEN_SHINFO_GPA >> PAGE_SHIFT), 0);
	for (i = 0; i < x->nr_vcpus; i++)
		TEST_ASSERT_EQ(xen_set_vcpu_info(x->vcpu[i], XEN_VCPU_INFO_GPA(i)), 0);
}

struct xen_vm *xen_vm_create(unsigned int nr_vcpus, bool wide, void *guest_code)
{
	struct xen_vm *x = xen_vm_create_bare(nr_vcpus, wide, guest_code);

	xen_register_pages(x);
	return x;
}

void xen_vm_free(struct xen_vm *x)
{
	kvm_vm_free(x->vm);
	free(x);
}

void *xen_hva(struct xen_vm *x, uint64_t gpa)
{
	return addr_gpa2hva(x->vm, gpa);
}

void *xen_vcpu_info(struct xen_vm *x, unsigned int vcpu)
{
	return xen_hva(x, XEN_VCPU_INFO_GPA(vcpu));
}

int xen_vm_set(struct xen_vm *x, struct kvm_xen_hvm_attr *attr)
{
	return __vm_ioctl(x->vm, KVM_XEN_HVM_SET_ATTR, attr) ? -errno : 0;
}

int xen_vm_get(struct xen_vm *x, struct kvm_xen_hvm_attr *attr)
{
	return __vm_ioctl(x->vm, KVM_XEN_HVM_GET_ATTR, attr) ? -errno : 0;
}

int xen_vcpu_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *attr)
{
	return __vcpu_ioctl(vcpu, KVM_XEN_VCPU_SET_ATTR, attr) ? -errno : 0;
}

int xen_vcpu_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *attr)
{
	return __vcpu_ioctl(vcpu, KVM_XEN_VCPU_GET_ATTR, attr) ? -errno : 0;
}

int xen_vm_arg(struct xen_vm *x, bool set, uint16_t type, void *arg)
{
	struct kvm_xen_hvm_attr attr = { .type = type };
	int r;

	kvm_xen_hvm_attr_put(&attr, arg);
	r = set ? xen_vm_set(x, &attr) : xen_vm_get(x, &attr);
	kvm_xen_hvm_attr_take(&attr, arg);
	return r;
}

int xen_vcpu_arg(struct kvm_vcpu *vcpu, bool set, uint16_t type, void *arg)
{
	struct kvm_xen_vcpu_attr attr = { .type = type };
	int r;

	kvm_xen_vcpu_attr_put(&attr, arg);
	r = set ? xen_vcpu_set(vcpu, &attr) : xen_vcpu_get(vcpu, &attr);
	kvm_xen_vcpu_attr_take(&attr, arg);
	return r;
}

/* The members of the union that are one value begin where it does, and x86 is little-endian. */
int xen_vm_set_value(struct xen_vm *x, uint16_t type, uint64_t value)
{
	struct kvm_xen_hvm_attr attr = { .type = type };

	attr.u.pad[0] = value;
	return xen_vm_set(x, &attr);
}

int xen_vm_get_value(struct xen_vm *x, uint16_t type, uint64_t *value)
{
	struct kvm_xen_hvm_attr attr = { .type = type };
	int r = xen_vm_get(x, &attr);

	*value = attr.u.pad[0];
	return r;
}

uint64_t xen_vm_value(struct xen_vm *x, uint16_t type)
{
	uint64_t value;

	TEST_ASSERT_EQ(xen_vm_get_value(x, type, &value), 0);
	return value;
}

int xen_vcpu_set_value(struct kvm_vcpu *vcpu, uint16_t type, uint64_t value)
{
	struct kvm_xen_vcpu_attr attr = { .type = type };

	attr.u.pad[0] = value;
	return xen_vcpu_set(vcpu, &attr);
}

int xen_vcpu_get_value(struct kvm_vcpu *vcpu, uint16_t type, uint64_t *value)
{
	struct kvm_xen_vcpu_attr attr = { .type = type };
	int r = xen_vcpu_get(vcpu, &attr);

	*value = attr.u.pad[0];
	return r;
}

uint64_t xen_vcpu_value(struct kvm_vcpu *vcpu, uint16_t type)
{
	uint64_t value;

	TEST_ASSERT_EQ(xen_vcpu_get_value(vcpu, type, &value), 0);
	return value;
}

int xen_set_long_mode(struct xen_vm *x, bool wide)
{
	return xen_vm_set_value(x, KVM_XEN_ATTR_TYPE_LONG_MODE, wide);
}

int xen_set_shared_info(struct xen_vm *x, uint64_t gfn)
{
	return xen_vm_set_value(x, KVM_XEN_ATTR_TYPE_SHARED_INFO, gfn);
}

int xen_set_shared_info_hva(struct xen_vm *x, void *hva)
{
	return xen_vm_set_value(x, KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA, (uintptr_t)hva);
}

int xen_set_vm_vector(struct xen_vm *x, uint8_t vector)
{
	return xen_vm_set_value(x, KVM_XEN_ATTR_TYPE_UPCALL_VECTOR, vector);
}

int xen_set_vcpu_vector(struct kvm_vcpu *vcpu, uint8_t vector)
{
	return xen_vcpu_set_value(vcpu, KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR, vector);
}

int xen_set_vcpu_info(struct kvm_vcpu *vcpu, uint64_t gpa)
{
	return xen_vcpu_set_value(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO, gpa);
}

int xen_set_vcpu_info_hva(struct kvm_vcpu *vcpu, void *hva)
{
	return xen_vcpu_set_value(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA, (uintptr_t)hva);
}

int xen_set_vcpu_id(struct kvm_vcpu *vcpu, uint32_t id)
{
	return xen_vcpu_set_value(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID, id);
}

int xen_set_timer(struct kvm_vcpu *vcpu, uint32_t port, uint64_t expires_ns)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER,
		.u.timer.port = port,
		.u.timer.priority = XEN_PRIO_2LEVEL,
		.u.timer.expires_ns = expires_ns,
	};

	return xen_vcpu_set(vcpu, &attr);
}

uint64_t xen_timer_expires(struct kvm_vcpu *vcpu)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER,
	};

	TEST_ASSERT_EQ(xen_vcpu_get(vcpu, &attr), 0);
	return attr.u.timer.expires_ns;
}

int xen_evtchn(struct xen_vm *x, uint32_t flags, uint32_t send_port, uint32_t type,
	       uint32_t port, uint32_t vcpu)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.send_port = send_port,
			.type = type,
			.flags = flags,
			.deliver.port = { port, vcpu, XEN_PRIO_2LEVEL },
		},
	};

	return xen_vm_set(x, &attr);
}

int xen_bind_ipi(struct xen_vm *x, uint32_t port, uint32_t vcpu)
{
	return xen_evtchn(x, 0, port, EVTCHNSTAT_ipi, port, vcpu);
}

int xen_bind_loopback(struct xen_vm *x, uint32_t send_port, uint32_t port, uint32_t vcpu)
{
	return xen_evtchn(x, 0, send_port, EVTCHNSTAT_interdomain, port, vcpu);
}

int xen_bind_eventfd(struct xen_vm *x, uint32_t send_port, int fd)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.send_port = send_port,
			.type = EVTCHNSTAT_interdomain,
			.deliver.eventfd = { .port = 0, .fd = fd },
		},
	};

	return xen_vm_set(x, &attr);
}

int xen_update_port(struct xen_vm *x, uint32_t port, uint32_t vcpu)
{
	return xen_evtchn(x, KVM_XEN_EVTCHN_UPDATE, port, EVTCHNSTAT_ipi, port, vcpu);
}

int xen_unbind(struct xen_vm *x, uint32_t send_port)
{
	return xen_evtchn(x, KVM_XEN_EVTCHN_DEASSIGN, send_port, 0, 0, 0);
}

int xen_reset_ports(struct xen_vm *x)
{
	return xen_evtchn(x, KVM_XEN_EVTCHN_RESET, 0, 0, 0, 0);
}

int xen_send(struct xen_vm *x, uint32_t port, uint32_t vcpu)
{
	struct kvm_irq_routing_xen_evtchn event = { port, vcpu, XEN_PRIO_2LEVEL };

	return __vm_ioctl(x->vm, KVM_XEN_HVM_EVTCHN_SEND, &event) ? -errno : 0;
}

void xen_route_add(struct xen_routes *routes, uint32_t gsi, uint32_t port, uint32_t vcpu)
{
	struct kvm_irq_routing_entry *entry;

	if (!routes->table)
		routes->table = kvm_gsi_routing_create();
	TEST_ASSERT(routes->table->nr < KVM_MAX_IRQ_ROUTES, "Too many routes");

	entry = &routes->table->entries[routes->table->nr++];
	entry->gsi = gsi;
	entry->type = KVM_IRQ_ROUTING_XEN_EVTCHN;
	entry->u.xen_evtchn.port = port;
	entry->u.xen_evtchn.vcpu = vcpu;
	entry->u.xen_evtchn.priority = XEN_PRIO_2LEVEL;
}

/* The table is spent: the library's writer frees it. */
int xen_route_write(struct xen_vm *x, struct xen_routes *routes)
{
	int rc = _kvm_gsi_routing_write(x->vm, routes->table) ? -errno : 0;

	routes->table = NULL;
	return rc;
}

int xen_irqfd(struct xen_vm *x, uint32_t gsi)
{
	struct kvm_irqfd irqfd = { .gsi = gsi };
	int fd = eventfd(0, 0);

	TEST_ASSERT(fd >= 0, "eventfd() failed, errno %d", errno);
	irqfd.fd = fd;
	vm_ioctl(x->vm, KVM_IRQFD, &irqfd);
	return fd;
}

uint64_t xen_vm_now(struct xen_vm *x)
{
	struct kvm_clock_data data = {};

	vm_ioctl(x->vm, KVM_GET_CLOCK, &data);
	return data.clock;
}

static struct kvm_stats_desc *find_stat(struct kvm_stats_header *header,
					struct kvm_stats_desc *descs, const char *name)
{
	struct kvm_stats_desc *desc;
	uint32_t i;

	for (i = 0; i < header->num_desc; i++) {
		desc = get_stats_descriptor(descs, i, header);
		if (!strcmp(desc->name, name))
			return desc;
	}
	TEST_FAIL("No statistic is named %s", name);
	return NULL;
}

uint64_t xen_stat(int stats, const char *name)
{
	struct kvm_stats_header header;
	struct kvm_stats_desc *descs;
	uint64_t value = 0;

	read_stats_header(stats, &header);
	descs = read_stats_descriptors(stats, &header);
	read_stat_data(stats, &header, find_stat(&header, descs, name), &value, 1);
	free(descs);
	return value;
}

int xen_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	TEST_ASSERT(fd >= 0, "eventfd() failed, errno %d", errno);
	return fd;
}

uint64_t xen_eventfd_take(int fd)
{
	uint64_t count = 0;

	if (read(fd, &count, sizeof(count)) < 0)
		TEST_ASSERT_EQ(errno, EAGAIN);
	return count;
}

void xen_eventfd_signal(int fd)
{
	TEST_ASSERT(!eventfd_write(fd, 1), "Cannot signal, errno %d", errno);
}

uint64_t xen_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}
