// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls by an interrupt line as a VMM sets them up: see xen_line.h.
 */
#include <string.h>

#include "apic.h"
#include "test_util.h"
#include "xen_line.h"

#define IOAPIC_GPA	0xfec00000ull
#define ELCR		0x4d0

struct xen_line_cpu *xen_line_cpu(struct xen_vm *x, unsigned int vcpu)
{
	return xen_hva(x, XEN_LINE_CPU_GPA(vcpu));
}

struct xen_line_port *xen_line_port(struct xen_vm *x, uint32_t port)
{
	return (struct xen_line_port *)xen_hva(x, XEN_LINE_PORTS_GPA) + port;
}

int xen_line_config(struct xen_vm *x)
{
	return xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
			     KVM_XEN_HVM_CONFIG_EVTCHN_SEND |
			     (KVM_XEN_HVM_CONFIG_CALLBACK & xen_caps()));
}

static void init_cpu(struct xen_vm *x, unsigned int i)
{
	struct xen_line_cpu *cpu = xen_line_cpu(x, i);
	struct kvm_sregs sregs;

	cpu->self = (void *)XEN_LINE_CPU_GPA(i);
	cpu->vcpu_info = (void *)XEN_VCPU_INFO_GPA(i);
	xen_line_habit(x, i, "CSE");

	vcpu_sregs_get(x->vcpu[i], &sregs);
	sregs.gs.base = XEN_LINE_CPU_GPA(i);
	vcpu_sregs_set(x->vcpu[i], &sregs);
}

static void install_handlers(struct kvm_vm *vm)
{
	int irq;

	for (irq = 0; irq < 16; irq++)
		vm_install_exception_handler(vm, XEN_PIC_VECTOR + irq, irq % 8 == 7 ?
					     xen_guest_pic_spurious : xen_guest_line_upcall);
	vm_install_exception_handler(vm, XEN_LINE_VECTOR, xen_guest_line_upcall);
	vm_install_exception_handler(vm, XEN_LINE_VECTOR2, xen_guest_line_upcall);
	vm_install_exception_handler(vm, XEN_VCPU_VECTOR, xen_guest_line_own_upcall);
	vm_install_exception_handler(vm, XEN_VM_VECTOR, xen_guest_line_vm_upcall);
}

static struct kvm_irq_routing_entry *add_route(struct xen_routes *routes, uint32_t gsi,
					       uint32_t type)
{
	struct kvm_irq_routing_entry *entry;

	xen_route_add(routes, gsi, 0, 0);
	entry = &routes->table->entries[routes->table->nr - 1];
	memset(entry, 0, sizeof(*entry));
	entry->gsi = gsi;
	entry->type = type;
	return entry;
}

/* The routes that KVM has until the VMM sets some. */
static void add_irqchip_routes(struct xen_routes *routes)
{
	struct kvm_irq_routing_entry *entry;
	uint32_t gsi;

	for (gsi = 0; gsi < XEN_NR_PINS; gsi++) {
		entry = add_route(routes, gsi, KVM_IRQ_ROUTING_IRQCHIP);
		entry->u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
		entry->u.irqchip.pin = gsi;
		if (gsi >= 16)
			continue;
		entry = add_route(routes, gsi, KVM_IRQ_ROUTING_IRQCHIP);
		entry->u.irqchip.irqchip = gsi < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE;
		entry->u.irqchip.pin = gsi % 8;
	}
}

void xen_line_add_routes(struct xen_vm *x, struct xen_routes *routes)
{
	struct kvm_irq_routing_entry *entry;
	uint32_t i;

	for (i = 0; i < x->nr_vcpus; i++) {
		entry = add_route(routes, XEN_LINE_MSI_GSI + i, KVM_IRQ_ROUTING_MSI);
		entry->u.msi.address_lo = APIC_DEFAULT_GPA | i << 12;
		entry->u.msi.data = XEN_LINE_VECTOR;
	}
	if (x->vm->has_irqchip)
		add_irqchip_routes(routes);
}

void xen_line_route(struct xen_vm *x)
{
	struct xen_routes routes = {};
	uint32_t i;

	for (i = 0; i < XEN_LINE_NR_EVENT_GSIS; i++)
		xen_route_add(&routes, XEN_LINE_EVENT_GSI + i, 1 + i, 0);
	xen_line_add_routes(x, &routes);
	TEST_ASSERT_EQ(xen_route_write(x, &routes), 0);
}

static struct xen_vm *set_up(struct xen_vm *x)
{
	unsigned int i;

	xen_register_pages(x);
	virt_map(x->vm, IOAPIC_GPA, IOAPIC_GPA, 1);
	virt_map(x->vm, APIC_DEFAULT_GPA, APIC_DEFAULT_GPA, 1);
	TEST_ASSERT_EQ(xen_line_config(x), 0);
	install_handlers(x->vm);
	xen_line_route(x);
	for (i = 0; i < x->nr_vcpus; i++) {
		init_cpu(x, i);
		TEST_ASSERT_EQ(xen_step(x->vcpu[i]), 0);
	}
	return x;
}

struct xen_vm *xen_line_vm_create(unsigned int nr_vcpus)
{
	return set_up(xen_vm_create_bare(nr_vcpus, true, xen_guest_line_main));
}

struct xen_vm *xen_line_vm_create_split(unsigned int nr_vcpus)
{
	return set_up(xen_vm_create_split(nr_vcpus, true, xen_guest_line_main));
}

void xen_line_order(struct xen_vm *x, unsigned int vcpu, xen_line_fn fn, uint64_t arg1,
		    uint64_t arg2)
{
	struct xen_line_cpu *cpu = xen_line_cpu(x, vcpu);

	cpu->fn = fn;
	cpu->arg1 = arg1;
	cpu->arg2 = arg2;
}

int64_t xen_line_call(struct xen_vm *x, unsigned int vcpu, xen_line_fn fn, uint64_t arg1,
		      uint64_t arg2)
{
	struct xen_line_cpu *cpu = xen_line_cpu(x, vcpu);

	xen_line_order(x, vcpu, fn, arg1, arg2);
	TEST_ASSERT_EQ(xen_step(x->vcpu[vcpu]), cpu->turns);
	return cpu->result;
}

void xen_line_program_pic(struct xen_vm *x, unsigned int irq, bool level)
{
	uint16_t elcr = level ? 1u << irq : 0;

	xen_line_call(x, 0, xen_guest_init_pic, XEN_PIC_8086, 0);
	xen_line_call(x, 0, xen_guest_out, ELCR, elcr & 0xff);
	xen_line_call(x, 0, xen_guest_out, ELCR + 1, elcr >> 8);
}

void xen_line_mask_pic(struct xen_vm *x, unsigned int irq, bool masked)
{
	xen_line_call(x, 0, xen_guest_out, irq < 8 ? XEN_PIC_MASTER_IMR : XEN_PIC_SLAVE_IMR,
		      masked ? 1u << irq % 8 : 0);
}

static void set_habit(char to[8], const char *habit)
{
	TEST_ASSERT(strlen(habit) < 8 && !habit[strspn(habit, "CSEMH")], "Habit %s", habit);
	snprintf(to, 8, "%s", habit);
}

void xen_line_habit(struct xen_vm *x, unsigned int vcpu, const char *habit)
{
	set_habit(xen_line_cpu(x, vcpu)->habit, habit);
}

void xen_line_first(struct xen_vm *x, unsigned int vcpu, unsigned int nr, const char *first)
{
	set_habit(xen_line_cpu(x, vcpu)->first, first);
	xen_line_cpu(x, vcpu)->nr_first = nr;
}

int xen_set_callback(struct xen_vm *x, const struct kvm_xen_callback *callback)
{
	struct kvm_xen_callback arg = *callback;

	return xen_vm_arg(x, true, KVM_XEN_ATTR_TYPE_CALLBACK, &arg);
}

/* All but padding, which has to be zero: anything that KVM leaves alone shows. */
static const struct kvm_xen_callback unread = {
	.type = 0xeeeeeeee,
	.flags = 0xeeeeeeee,
	.gsi = 0xeeeeeeee,
	.vector = 0xeeeeeeee,
	.assert_fd = 0xeeeeeee,
	.resample_fd = 0xeeeeeee,
};

int xen_get_callback(struct xen_vm *x, struct kvm_xen_callback *callback)
{
	*callback = unread;
	return xen_vm_arg(x, false, KVM_XEN_ATTR_TYPE_CALLBACK, callback);
}

int xen_set_vcpu_callback(struct kvm_vcpu *vcpu, const struct kvm_xen_callback *callback)
{
	struct kvm_xen_callback arg = *callback;

	return xen_vcpu_arg(vcpu, true, KVM_XEN_VCPU_ATTR_TYPE_CALLBACK, &arg);
}

int xen_get_vcpu_callback(struct kvm_vcpu *vcpu, struct kvm_xen_callback *callback)
{
	*callback = unread;
	return xen_vcpu_arg(vcpu, false, KVM_XEN_VCPU_ATTR_TYPE_CALLBACK, callback);
}

int xen_set_line(struct xen_vm *x, uint32_t gsi)
{
	return xen_set_callback(x, &(struct kvm_xen_callback) {
		.type = KVM_XEN_CALLBACK_GSI,
		.gsi = gsi,
	});
}

int xen_set_no_callback(struct xen_vm *x)
{
	return xen_set_callback(x, &(struct kvm_xen_callback) {});
}

bool xen_line_is_up(struct xen_vm *x)
{
	struct kvm_xen_callback callback;

	TEST_ASSERT_EQ(xen_get_callback(x, &callback), 0);
	return callback.flags & KVM_XEN_CALLBACK_ASSERTED;
}

static struct kvm_xen_callback eventfds(int assert_fd, int resample_fd)
{
	return (struct kvm_xen_callback) {
		.type = KVM_XEN_CALLBACK_GSI,
		.flags = KVM_XEN_CALLBACK_EVENTFD,
		.gsi = XEN_LINE_PIN,
		.assert_fd = assert_fd,
		.resample_fd = resample_fd,
	};
}

int xen_set_eventfds(struct xen_vm *x, int assert_fd, int resample_fd)
{
	struct kvm_xen_callback callback = eventfds(assert_fd, resample_fd);

	return xen_set_callback(x, &callback);
}

int xen_set_vcpu_eventfds(struct kvm_vcpu *vcpu, int assert_fd, int resample_fd)
{
	struct kvm_xen_callback callback = eventfds(assert_fd, resample_fd);

	return xen_set_vcpu_callback(vcpu, &callback);
}

int xen_line_send(struct xen_vm *x, uint32_t port)
{
	xen_line_port(x, port)->sent++;
	return xen_send(x, port, 0);
}

bool xen_line_is_handled(struct xen_vm *x, uint32_t port)
{
	struct xen_line_port *p = xen_line_port(x, port);

	return READ_ONCE(p->handled) == READ_ONCE(p->sent);
}

bool xen_ioapic_irr(struct xen_vm *x, unsigned int pin)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	vm_ioctl(x->vm, KVM_GET_IRQCHIP, &chip);
	return chip.chip.ioapic.irr & 1u << pin;
}

bool xen_pic_irr(struct xen_vm *x, unsigned int irq)
{
	struct kvm_irqchip chip = {
		.chip_id = irq < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE,
	};

	vm_ioctl(x->vm, KVM_GET_IRQCHIP, &chip);
	return chip.chip.pic.irr & 1u << irq % 8;
}

int xen_line_irqfd(struct xen_vm *x, uint32_t gsi, int fd, int resample_fd)
{
	struct kvm_irqfd irqfd = {
		.fd = fd,
		.gsi = gsi,
		.flags = resample_fd < 0 ? 0 : KVM_IRQFD_FLAG_RESAMPLE,
		.resamplefd = resample_fd,
	};

	return __vm_ioctl(x->vm, KVM_IRQFD, &irqfd) ? -errno : 0;
}
