// SPDX-License-Identifier: GPL-2.0
/*
 * The methods by which vCPU 0 of a guest can be notified of events: see xen_method.h.
 */
#include "test_util.h"
#include "xen_method.h"

#define LEVEL_ENTRY	(XEN_LINE_VECTOR | XEN_IOAPIC_LEVEL)

#define EVENTFDS							\
	{								\
		.type = KVM_XEN_CALLBACK_GSI,				\
		.flags = KVM_XEN_CALLBACK_EVENTFD,			\
	}

const struct xen_method xen_methods[XEN_NR_METHODS] = {
	[XEN_VIA_IOAPIC_EDGE] = {
		.entry = XEN_LINE_VECTOR,
		.callback = { .type = KVM_XEN_CALLBACK_GSI, .gsi = XEN_LINE_PIN },
	},
	[XEN_VIA_IOAPIC_LEVEL] = {
		.entry = LEVEL_ENTRY,
		.callback = { .type = KVM_XEN_CALLBACK_PCI_INTX, .gsi = XEN_LINE_PIN },
	},
	[XEN_VIA_PIC] = {
		.pic = true,
		.callback = { .type = KVM_XEN_CALLBACK_GSI, .gsi = XEN_MASTER_IRQ },
	},
	[XEN_VIA_MSI] = {
		.irqfd_gsi = XEN_LINE_MSI_GSI,
		.callback = EVENTFDS,
	},
	[XEN_VIA_PIN] = {
		.entry = LEVEL_ENTRY,
		.irqfd_gsi = XEN_LINE_PIN,
		.resamples = true,
		.callback = EVENTFDS,
	},
	[XEN_VIA_VCPU_MSI] = {
		.irqfd_gsi = XEN_LINE_MSI_GSI,
		.of_vcpu = true,
		.callback = EVENTFDS,
	},
	[XEN_VIA_VCPU_PIN] = {
		.entry = LEVEL_ENTRY,
		.irqfd_gsi = XEN_LINE_PIN,
		.resamples = true,
		.of_vcpu = true,
		.callback = EVENTFDS,
	},
	[XEN_VIA_VM_VECTOR] = {
		.callback = { .type = KVM_XEN_CALLBACK_VECTOR, .vector = XEN_VM_VECTOR },
	},
	[XEN_VIA_VCPU_VECTOR] = {
		.vcpu_vector = XEN_VCPU_VECTOR,
	},
};

static void write_pin(struct xen_vm *x, uint64_t entry)
{
	xen_line_call(x, 0, xen_guest_write_pin, XEN_LINE_PIN, entry);
}

void xen_via_make_line(struct xen_via *via)
{
	if (via->method->irqfd_gsi)
		TEST_ASSERT_EQ(xen_line_irqfd(via->x, via->method->irqfd_gsi, via->assert_fd,
					      via->resample_fd), 0);
}

static void set_up_controllers(struct xen_via *via)
{
	if (via->method->pic)
		xen_line_program_pic(via->x, XEN_MASTER_IRQ, false);
	if (via->method->entry)
		write_pin(via->x, via->method->entry);
	xen_via_make_line(via);
}

static struct kvm_xen_callback callback_of(struct xen_via *via)
{
	struct kvm_xen_callback callback = via->method->callback;

	if (callback.flags & KVM_XEN_CALLBACK_EVENTFD) {
		callback.assert_fd = via->assert_fd;
		callback.resample_fd = via->resample_fd;
	}
	return callback;
}

void xen_via_begin(struct xen_via *via, struct xen_vm *x, enum xen_method_id id)
{
	const struct xen_method *method = &xen_methods[id];
	struct kvm_xen_callback callback;

	*via = (struct xen_via) {
		.method = method,
		.x = x,
		.assert_fd = method->irqfd_gsi ? xen_eventfd() : -1,
		.resample_fd = method->resamples ? xen_eventfd() : -1,
	};
	set_up_controllers(via);

	callback = callback_of(via);
	TEST_ASSERT_EQ(method->of_vcpu ? xen_set_vcpu_callback(x->vcpu[0], &callback) :
					 xen_set_callback(x, &callback), 0);
	TEST_ASSERT_EQ(xen_set_vcpu_vector(x->vcpu[0], method->vcpu_vector), 0);
}

void xen_via_end(struct xen_via *via)
{
	if (via->assert_fd >= 0)
		close(via->assert_fd);
	if (via->resample_fd >= 0)
		close(via->resample_fd);
}

void xen_via_mask(struct xen_via *via, bool masked)
{
	if (via->method->pic)
		xen_line_mask_pic(via->x, XEN_MASTER_IRQ, masked);
	else
		write_pin(via->x, via->method->entry | (masked ? XEN_IOAPIC_MASKED : 0));
}

uint32_t xen_via_nr_taken(struct xen_via *via)
{
	struct xen_line_cpu *cpu = xen_line_cpu(via->x, 0);

	return cpu->nr_upcalls + cpu->nr_own + cpu->nr_vector;
}
