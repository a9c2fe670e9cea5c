// SPDX-License-Identifier: GPL-2.0
/*
 * One event by each method of upcalls: from the guest's send to its handler, and
 * from the signal of an eventfd to the handler.  See bench.h.
 *
 * The eventfd is signalled by a port of I/O space, so that the guest does it
 * without its VMM.  Prints "exits NAME N" too, the exits from guest mode in a
 * hundred events; the VMM, to which none may go, would end the measurement.
 */
#include "bench.h"
#include "xen_line.h"

#define PORT		1u
#define DOORBELL	0x510

struct method {
	const char *name;
	uint32_t vector;
	void (*eoi)(void);
	int (*choose)(struct xen_vm *x);
	bool split;
	bool addition;			/* not on stock modules */
};

static volatile uint32_t upcalls;
static void (*end_interrupt)(void);

static void eoi_none(void)
{
}

static void eoi_lapic(void)
{
	x2apic_write_reg(APIC_EOI, 0);
}

static void eoi_pic(void)
{
	asm volatile("outb %0, $0x20" : : "a"((uint8_t)0x20));
}

static void upcall_handler(struct ex_regs *regs)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);

	*xen_upcall_pending(vcpu_info) = 0;
	xen_take_sel(vcpu_info, true);
	xen_clear_pending((void *)XEN_SHINFO_GPA, PORT);
	upcalls++;
	end_interrupt();
}

static void prepare(void)
{
	upcalls = 0;
}

static int64_t wait_for_upcall(void)
{
	while (!upcalls)
		;
	asm volatile("cli");
	return upcalls;
}

static int64_t run_send(void)
{
	asm volatile("sti");
	xen_guest_send(true, PORT);
	return wait_for_upcall();
}

static int64_t run_eventfd(void)
{
	asm volatile("sti; outb %b0, %w1" : : "a"(0), "d"(DOORBELL) : "memory");
	return wait_for_upcall();
}

static const struct bench_op ops[] = {
	{ "send-to-handler", 0, prepare, run_send, 1 },
	{ "irqfd-to-handler", 0, prepare, run_eventfd, 1 },
};

static int64_t measure(uint64_t i, uint64_t unused)
{
	bench_results[i] = bench_measure(&ops[i]);
	return 0;
}

static int own_vector(struct xen_vm *x)
{
	return xen_set_vcpu_vector(x->vcpu[0], XEN_VCPU_VECTOR);
}

static int vm_vector(struct xen_vm *x)
{
	return xen_set_vm_vector(x, XEN_VM_VECTOR);
}

static int pin(struct xen_vm *x, uint64_t mode)
{
	xen_line_call(x, 0, xen_guest_write_pin, XEN_LINE_PIN, XEN_LINE_VECTOR | mode);
	return xen_set_line(x, XEN_LINE_PIN);
}

static int level_pin(struct xen_vm *x)
{
	return pin(x, XEN_IOAPIC_LEVEL);
}

static int edge_pin(struct xen_vm *x)
{
	return pin(x, 0);
}

static int pic(struct xen_vm *x)
{
	xen_line_call(x, 0, xen_guest_init_pic, 1, 0);
	return xen_set_line(x, XEN_MASTER_IRQ);
}

/* The VMM's line comes back as an MSI. */
static int eventfds(struct xen_vm *x)
{
	int assert_fd = xen_eventfd();

	return xen_set_eventfds(x, assert_fd, -1) ?:
	       xen_line_irqfd(x, XEN_LINE_MSI_GSI, assert_fd, -1);
}

static const struct method methods[] = {
	{ "lapic", XEN_VCPU_VECTOR, eoi_lapic, own_vector },
	{ "vm-wide", XEN_VM_VECTOR, eoi_none, vm_vector },
	{ "ioapic-level", XEN_LINE_VECTOR, eoi_lapic, level_pin, .addition = true },
	{ "ioapic-edge", XEN_LINE_VECTOR, eoi_lapic, edge_pin, .addition = true },
	{ "pic", XEN_PIC_VECTOR + XEN_MASTER_IRQ, eoi_pic, pic, .addition = true },
	{ "eventfd", XEN_LINE_VECTOR, eoi_lapic, eventfds, .split = true, .addition = true },
};

static void attach_doorbell(struct xen_vm *x)
{
	struct kvm_ioeventfd doorbell = {
		.addr = DOORBELL,
		.len = 1,
		.fd = xen_eventfd(),
		.flags = KVM_IOEVENTFD_FLAG_PIO,
	};

	vm_ioctl(x->vm, KVM_IOEVENTFD, &doorbell);
	TEST_ASSERT_EQ(xen_line_irqfd(x, XEN_LINE_EVENT_GSI, doorbell.fd, -1), 0);
}

/* The exits of @i's measuring, which prepares nothing that exits. */
static uint64_t count_exits(struct xen_vm *x, unsigned int i)
{
	int stats = vcpu_get_stats_fd(x->vcpu[0]);
	uint64_t exits = xen_stat(stats, "exits");

	xen_line_call(x, 0, measure, i, 0);
	exits = xen_stat(stats, "exits") - exits;
	close(stats);
	return exits;
}

static void bench(struct xen_vm *x, unsigned int i, const struct method *method)
{
	uint64_t exits;
	char suffix[32];

	snprintf(suffix, sizeof(suffix), "/%s", method->name);
	bench_choose(x->vm, &ops[i], 1, suffix);
	if (!bench_applies(&ops[i]))
		return;

	exits = count_exits(x, i);
	sync_global_from_guest(x->vm, bench_results);
	bench_print(ops[i].name, suffix, &bench_results[i]);
	printf("exits %s%s %lu\n", ops[i].name, suffix, exits * 100 / BENCH_ROUNDS);
}

static void bench_method(const struct method *method)
{
	struct xen_vm *x = method->split ? xen_line_vm_create_split(1) : xen_line_vm_create(1);
	unsigned int i;

	end_interrupt = method->eoi;
	sync_global_to_guest(x->vm, end_interrupt);
	vm_install_exception_handler(x->vm, method->vector, upcall_handler);
	TEST_ASSERT_EQ(xen_bind_ipi(x, PORT, 0), 0);
	attach_doorbell(x);
	TEST_ASSERT_EQ(method->choose(x), 0);

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		bench(x, i, method);
	xen_vm_free(x);
}

int main(int argc, char **argv)
{
	bool additions = xen_caps() & KVM_XEN_HVM_CONFIG_CALLBACK;
	unsigned int i;

	bench_start(argc, argv);
	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (additions || !methods[i].addition)
			bench_method(&methods[i]);
	return 0;
}
