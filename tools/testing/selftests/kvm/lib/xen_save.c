// SPDX-License-Identifier: GPL-2.0
/*
 * A VM that ends, and goes on in a new one: what a VMM saves of its vCPUs, and
 * of FIFO event channels, and sets again in the order that linux/kvm_xen.h asks
 * for.
 */
#include <string.h>

#include "test_util.h"
#include "xen_fifo.h"

void xen_vcpu_save(struct kvm_vcpu *vcpu, struct xen_vcpu_save *save)
{
	save->state = vcpu_save_state(vcpu);
	vcpu_ioctl(vcpu, KVM_GET_LAPIC, &save->lapic);
	save->vector = xen_vcpu_value(vcpu, KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR);
}

void xen_vcpu_restore(struct kvm_vcpu *vcpu, struct xen_vcpu_save *save)
{
	vcpu_load_state(vcpu, save->state);
	vcpu_ioctl(vcpu, KVM_SET_LAPIC, &save->lapic);
	TEST_ASSERT_EQ(xen_set_vcpu_vector(vcpu, save->vector), 0);
	kvm_x86_state_cleanup(save->state);
}

void xen_vm_begin_anew(struct xen_vm *x)
{
	unsigned int i;

	kvm_vm_release(x->vm);
	kvm_vm_restart(x->vm);
	for (i = 0; i < x->nr_vcpus; i++)
		x->vcpu[i] = vm_vcpu_recreate(x->vm, i);
}

void xen_fifo_save(struct xen_vm *x, struct xen_save *save)
{
	unsigned int i;
	int nr;

	memset(save, 0, sizeof(*save));
	for (i = 0; i < x->nr_vcpus; i++) {
		xen_vcpu_save(x->vcpu[i], &save->vcpu[i]);
		TEST_ASSERT_EQ(xen_get_control(x->vcpu[i], &save->control[i]), 0);
	}
	save->vm_vector = xen_vm_value(x, KVM_XEN_ATTR_TYPE_UPCALL_VECTOR);
	TEST_ASSERT_EQ(xen_get_limit(x, &save->limit), 0);
	TEST_ASSERT_EQ(xen_get_array(x, &save->array), 0);

	nr = xen_get_fifo_ports(x, 0, XEN_SAVE_PORTS, save->fifo_ports);
	TEST_ASSERT(nr >= 0 && nr < XEN_SAVE_PORTS, "%d FIFO ports", nr);
	save->nr_fifo_ports = nr;
	nr = xen_get_ports(x, 0, XEN_SAVE_PORTS, save->ports);
	TEST_ASSERT(nr >= 0 && nr < XEN_SAVE_PORTS, "%d ports", nr);
	save->nr_ports = nr;
}

int xen_fifo_set_saved(struct xen_vm *x, const struct xen_save *save)
{
	unsigned int i;
	int r;

	r = xen_set_limit(x, save->limit) ?: xen_set_array(x, &save->array);
	for (i = 0; i < x->nr_vcpus && !r; i++)
		r = xen_set_control(x->vcpu[i], &save->control[i]);
	if (!r && save->array.active)
		r = xen_set_fifo_ports(x, save->nr_fifo_ports, save->fifo_ports);
	return r;
}

static void set_port(struct xen_vm *x, const struct kvm_xen_evtchn_entry *entry)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.send_port = entry->send_port,
			.type = entry->type,
			.deliver.port = { entry->port, entry->vcpu, entry->priority },
		},
	};

	TEST_ASSERT_EQ(xen_vm_set(x, &attr), 0);
}

void xen_fifo_restore(struct xen_vm *x, struct xen_save *save)
{
	unsigned int i;

	xen_vm_begin_anew(x);
	TEST_ASSERT_EQ(xen_fifo_config(x), 0);
	TEST_ASSERT_EQ(xen_set_long_mode(x, x->wide), 0);
	xen_register_pages(x);
	TEST_ASSERT_EQ(xen_set_vm_vector(x, save->vm_vector), 0);
	for (i = 0; i < x->nr_vcpus; i++)
		xen_vcpu_restore(x->vcpu[i], &save->vcpu[i]);
	TEST_ASSERT_EQ(xen_fifo_set_saved(x, save), 0);
	for (i = 0; i < save->nr_ports; i++)
		set_port(x, &save->ports[i]);
}
