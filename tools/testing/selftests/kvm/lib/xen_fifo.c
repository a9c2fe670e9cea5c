// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO event channels as a VMM sees them: the memory of a guest that uses
 * them, hypercalls at its orders, priorities, and the state that is saved.
 */
#include <string.h>
#include <sys/eventfd.h>

#include "test_util.h"
#include "xen_fifo.h"

static void map_slot(struct xen_vm *x, uint32_t slot, uint64_t gpa, unsigned int pages)
{
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, gpa, slot, pages, 0);
	virt_map(x->vm, gpa, gpa, pages);
}

void xen_fifo_init_vcpu(struct xen_vm *x, unsigned int vcpu)
{
	struct xen_fifo_consumer *c = xen_fifo_guest_consumer(x, vcpu);
	struct kvm_sregs sregs;

	c->self = (void *)XEN_CONSUMER_AT(vcpu);
	c->words = (void *)XEN_ARRAY_GPA;
	c->control = (void *)((XEN_CONTROL_GFN(vcpu) << 12) + XEN_CONTROL_OFFSET);
	c->vcpu_info = (void *)XEN_VCPU_INFO_GPA(vcpu);
	c->ports = (void *)XEN_PORTS_GPA;
	c->nr_ports = XEN_GUEST_PORTS;

	vcpu_sregs_get(x->vcpu[vcpu], &sregs);
	sregs.gs.base = XEN_CONSUMER_AT(vcpu);
	vcpu_sregs_set(x->vcpu[vcpu], &sregs);
}

void xen_fifo_map(struct xen_vm *x)
{
	unsigned int i;

	map_slot(x, XEN_ARRAY_SLOT, XEN_ARRAY_GPA, XEN_FIFO_NR_PAGES);
	map_slot(x, XEN_CONTROL_SLOT, XEN_CONTROL_GPA, XEN_MAX_VCPUS);
	map_slot(x, XEN_CONSUMER_SLOT, XEN_CONSUMER_GPA,
		 XEN_CONSUMER_PAGES * XEN_MAX_VCPUS + XEN_PORTS_PAGES);
	for (i = 0; i < x->nr_vcpus; i++)
		xen_fifo_init_vcpu(x, i);
	vm_install_exception_handler(x->vm, XEN_VM_VECTOR, xen_guest_vm_upcall);
	vm_install_exception_handler(x->vm, XEN_VCPU_VECTOR, xen_guest_vcpu_upcall);
}

int xen_fifo_config(struct xen_vm *x)
{
	return xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
			     KVM_XEN_HVM_CONFIG_EVTCHN_SEND | KVM_XEN_HVM_CONFIG_EVTCHN_ENUM |
			     KVM_XEN_HVM_CONFIG_EVTCHN_FIFO);
}

struct xen_vm *xen_fifo_vm_create(unsigned int nr_vcpus, bool wide, void *guest_code)
{
	struct xen_vm *x = xen_vm_create_bare(nr_vcpus, wide, guest_code);

	/* All memslots first: a change of them unmaps Xen's pages for a while. */
	xen_fifo_map(x);
	xen_register_pages(x);
	TEST_ASSERT_EQ(xen_fifo_config(x), 0);
	return x;
}

void xen_fifo_stay_at_2level(struct xen_vm *x)
{
	unsigned int i;

	for (i = 0; i < x->nr_vcpus; i++)
		xen_fifo_guest_consumer(x, i)->shinfo = (void *)XEN_SHINFO_GPA;
}

uint32_t *xen_fifo_word(struct xen_vm *x, uint32_t port)
{
	return (uint32_t *)xen_hva(x, XEN_ARRAY_GPA) + port;
}

struct xen_fifo_control *xen_fifo_control(struct xen_vm *x, unsigned int vcpu)
{
	return xen_hva(x, (XEN_CONTROL_GFN(vcpu) << 12) + XEN_CONTROL_OFFSET);
}

struct xen_fifo_port *xen_fifo_port(struct xen_vm *x, uint32_t port)
{
	return (struct xen_fifo_port *)xen_hva(x, XEN_PORTS_GPA) + port;
}

bool xen_fifo_is_pending(struct xen_vm *x, uint32_t port)
{
	return READ_ONCE(*xen_fifo_word(x, port)) & XEN_FIFO_PENDING;
}

struct xen_fifo_consumer *xen_fifo_guest_consumer(struct xen_vm *x, unsigned int vcpu)
{
	return xen_hva(x, XEN_CONSUMER_AT(vcpu));
}

void xen_fifo_host_consumer(struct xen_vm *x, unsigned int vcpu, struct xen_fifo_consumer *c)
{
	memset(c, 0, sizeof(*c));
	c->self = c;
	c->words = xen_fifo_word(x, 0);
	c->control = xen_fifo_control(x, vcpu);
	c->vcpu_info = xen_vcpu_info(x, vcpu);
	c->nr_ports = XEN_FIFO_MAX_PORT + 1;
	c->ports = calloc(c->nr_ports, sizeof(*c->ports));
	TEST_ASSERT(c->ports, "No memory");
}

static int64_t order(struct xen_vm *x, bool wide, uint32_t op)
{
	return xen_order(x, wide, __HYPERVISOR_event_channel_op, op, XEN_ORDER_DATA, 0);
}

int64_t xen_order_init_control(struct xen_vm *x, bool wide, uint32_t vcpu, uint64_t gfn,
			       uint32_t offset)
{
	struct xen_init_control *init = (void *)xen_get_order(x)->data;

	*init = (struct xen_init_control) { .gfn = gfn, .offset = offset, .vcpu = vcpu };
	return order(x, wide, EVTCHNOP_init_control);
}

int64_t xen_order_expand_array(struct xen_vm *x, bool wide, uint64_t gfn)
{
	xen_get_order(x)->data[0] = gfn;
	return order(x, wide, EVTCHNOP_expand_array);
}

int64_t xen_order_set_priority(struct xen_vm *x, bool wide, uint32_t port, uint32_t priority)
{
	struct xen_set_priority *set = (void *)xen_get_order(x)->data;

	*set = (struct xen_set_priority) { .port = port, .priority = priority };
	return order(x, wide, EVTCHNOP_set_priority);
}

int64_t xen_order_unmask(struct xen_vm *x, bool wide, uint32_t port)
{
	*(uint32_t *)xen_get_order(x)->data = port;
	return order(x, wide, EVTCHNOP_unmask);
}

void xen_order_fifo(struct xen_vm *x, unsigned int pages)
{
	unsigned int i;

	for (i = 0; i < x->nr_vcpus; i++)
		TEST_ASSERT_EQ(xen_order_init_control(x, true, i, XEN_CONTROL_GFN(i),
						      XEN_CONTROL_OFFSET), 0);
	for (i = 0; i < pages; i++)
		TEST_ASSERT_EQ(xen_order_expand_array(x, true, XEN_ARRAY_GFN(i)), 0);
}

int xen_send_prio(struct xen_vm *x, uint32_t port, uint32_t vcpu, uint32_t priority)
{
	struct kvm_irq_routing_xen_evtchn event = { port, vcpu, priority };

	return __vm_ioctl(x->vm, KVM_XEN_HVM_EVTCHN_SEND, &event) ? -errno : 0;
}

int xen_evtchn_prio(struct xen_vm *x, uint32_t flags, uint32_t port, uint32_t vcpu,
		    uint32_t priority)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.send_port = port,
			.type = EVTCHNSTAT_ipi,
			.flags = flags,
			.deliver.port = { port, vcpu, priority },
		},
	};

	return xen_vm_set(x, &attr);
}

struct xen_vm *xen_fifo_vm_obeying(const char *parameter, uint32_t flags,
				   struct xen_fifo_consumer c[2])
{
	struct xen_vm *x;
	unsigned int i;

	TEST_ASSERT_EQ(xen_write_parameter("xen_fifo", parameter), 0);
	x = xen_vm_create_bare(2, true, xen_guest_obey);
	xen_fifo_map(x);
	xen_register_pages(x);
	TEST_ASSERT_EQ(xen_config(x, flags), 0);
	for (i = 0; i < 2; i++)
		xen_fifo_host_consumer(x, i, &c[i]);
	xen_order_fifo(x, 1);
	return x;
}

int xen_get_limit(struct xen_vm *x, uint32_t *max_port)
{
	struct kvm_xen_evtchn_limit limit = {};
	int r = xen_vm_arg(x, false, KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT, &limit);

	*max_port = limit.max_port;
	return r;
}

int xen_set_limit(struct xen_vm *x, uint32_t max_port)
{
	struct kvm_xen_evtchn_limit limit = { .max_port = max_port };

	return xen_vm_arg(x, true, KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT, &limit);
}

int xen_get_array(struct xen_vm *x, struct xen_array *array)
{
	struct kvm_xen_evtchn_array arg = {
		.frames = (uintptr_t)array->gfns,
		.nr = ARRAY_SIZE(array->gfns),
	};
	int r = xen_vm_arg(x, false, KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY, &arg);

	array->active = arg.active;
	array->nr = arg.nr;
	return r;
}

int xen_set_array(struct xen_vm *x, const struct xen_array *array)
{
	struct kvm_xen_evtchn_array arg = {
		.frames = (uintptr_t)array->gfns,
		.nr = array->nr,
		.active = array->active,
	};

	return xen_vm_arg(x, true, KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY, &arg);
}

int xen_get_control(struct kvm_vcpu *vcpu, struct xen_control *control)
{
	struct kvm_xen_evtchn_control arg = { .tails = (uintptr_t)control->tails };
	int r = xen_vcpu_arg(vcpu, false, KVM_XEN_VCPU_ATTR_TYPE_EVTCHN_CONTROL, &arg);

	control->gfn = arg.gfn;
	control->offset = arg.offset;
	return r;
}

int xen_set_control(struct kvm_vcpu *vcpu, const struct xen_control *control)
{
	struct kvm_xen_evtchn_control arg = {
		.gfn = control->gfn,
		.offset = control->offset,
		.tails = (uintptr_t)control->tails,
	};

	return xen_vcpu_arg(vcpu, true, KVM_XEN_VCPU_ATTR_TYPE_EVTCHN_CONTROL, &arg);
}

static int enum_attr(struct xen_vm *x, bool set, uint16_t type, uint32_t first, uint32_t nr,
		     const void *entries)
{
	struct kvm_xen_evtchn_enum arg = {
		.entries = (uintptr_t)entries,
		.first = first,
		.nr = nr,
	};

	return xen_vm_arg(x, set, type, &arg) ?: (int)arg.nr;
}

int xen_get_fifo_ports(struct xen_vm *x, uint32_t first, uint32_t nr,
		       struct kvm_xen_evtchn_fifo_port *entries)
{
	return enum_attr(x, false, KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS, first, nr, entries);
}

int xen_set_fifo_ports(struct xen_vm *x, uint32_t nr,
		       const struct kvm_xen_evtchn_fifo_port *entries)
{
	int r = enum_attr(x, true, KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS, 0, nr, entries);

	return r < 0 ? r : 0;
}

int xen_get_ports(struct xen_vm *x, uint32_t first, uint32_t nr,
		  struct kvm_xen_evtchn_entry *entries)
{
	return enum_attr(x, false, KVM_XEN_ATTR_TYPE_EVTCHN_ENUM, first, nr, entries);
}

bool xen_is_fifo(struct xen_vm *x)
{
	struct xen_array array;

	TEST_ASSERT_EQ(xen_get_array(x, &array), 0);
	return array.active;
}
