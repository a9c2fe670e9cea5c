// SPDX-License-Identifier: GPL-2.0
/* The table of dynamic hypercalls, as a VMM changes and reads it. */
#include <string.h>

#include "test_util.h"
#include "xen_dynhc.h"

int xen_dynhc_assign(struct xen_vm *x, struct kvm_xen_dynhc binding)
{
	return xen_vm_arg(x, true, KVM_XEN_ATTR_TYPE_DYNHC, &binding);
}

int xen_dynhc_eventfd(struct xen_vm *x, uint32_t token, int fd)
{
	return xen_dynhc_assign(x, (struct kvm_xen_dynhc) {
		.token = token,
		.target = KVM_XEN_DYNHC_EVENTFD,
		.u.fd = fd,
	});
}

int xen_dynhc_match(struct xen_vm *x, uint32_t token, uint64_t match, int fd)
{
	return xen_dynhc_assign(x, (struct kvm_xen_dynhc) {
		.token = token,
		.target = KVM_XEN_DYNHC_EVENTFD,
		.flags = KVM_XEN_DYNHC_MATCH,
		.match = match,
		.u.fd = fd,
	});
}

int xen_dynhc_evtchn(struct xen_vm *x, uint32_t token, uint32_t port, uint32_t vcpu)
{
	return xen_dynhc_assign(x, (struct kvm_xen_dynhc) {
		.token = token,
		.target = KVM_XEN_DYNHC_EVTCHN,
		.u.evtchn = {
			.port = port,
			.vcpu = vcpu,
			.priority = KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL,
		},
	});
}

int xen_dynhc_vmm(struct xen_vm *x, uint32_t token)
{
	return xen_dynhc_assign(x, (struct kvm_xen_dynhc) {
		.token = token,
		.target = KVM_XEN_DYNHC_VMM,
	});
}

int xen_dynhc_handler(struct xen_vm *x, uint32_t token, const char *name, uint64_t data)
{
	struct kvm_xen_dynhc binding = {
		.token = token,
		.target = KVM_XEN_DYNHC_HANDLER,
		.u.handler.data = data,
	};

	size_t len = strlen(name);

	TEST_ASSERT(len < sizeof(binding.u.handler.name), "no name: %s", name);
	memcpy(binding.u.handler.name, name, len);
	return xen_dynhc_assign(x, binding);
}

int xen_dynhc_deassign(struct xen_vm *x, uint32_t token)
{
	return xen_dynhc_assign(x, (struct kvm_xen_dynhc) {
		.token = token,
		.op = KVM_XEN_DYNHC_DEASSIGN,
	});
}

int xen_dynhc_deassign_match(struct xen_vm *x, uint32_t token, uint64_t match)
{
	return xen_dynhc_assign(x, (struct kvm_xen_dynhc) {
		.token = token,
		.op = KVM_XEN_DYNHC_DEASSIGN,
		.flags = KVM_XEN_DYNHC_MATCH,
		.match = match,
	});
}

int xen_dynhc_reset(struct xen_vm *x)
{
	return xen_dynhc_assign(x, (struct kvm_xen_dynhc) {
		.op = KVM_XEN_DYNHC_RESET,
	});
}

int xen_dynhc_enum(struct xen_vm *x, struct kvm_xen_dynhc *entries, uint32_t *nr)
{
	struct kvm_xen_dynhc_enum table = {
		.entries = (uintptr_t)entries,
		.nr = *nr,
	};
	int r = xen_vm_arg(x, false, KVM_XEN_ATTR_TYPE_DYNHC_ENUM, &table);

	*nr = table.nr;
	return r;
}

uint32_t xen_dynhc_nr(struct xen_vm *x)
{
	uint32_t nr = 0;

	TEST_ASSERT_EQ(xen_dynhc_enum(x, NULL, &nr), 0);
	return nr;
}

int xen_dynhc_pick(struct xen_vm *x, struct kvm_xen_dynhc binding)
{
	uint32_t token = 0;
	int r;

	binding.token = KVM_XEN_DYNHC_ANY_TOKEN;
	binding.token_addr = (uintptr_t)&token;
	r = xen_dynhc_assign(x, binding);
	return r ? r : (int)token;
}

struct xen_vm *xen_dynhc_vm_create(unsigned int nr_vcpus, void *guest_code)
{
	struct xen_vm *x = xen_vm_create_bare(nr_vcpus, true, guest_code);
	struct kvm_xen_hvm_config config = { .flags = KVM_XEN_HVM_CONFIG_DYNHC };

	vm_ioctl(x->vm, KVM_XEN_HVM_CONFIG, &config);
	return x;
}
