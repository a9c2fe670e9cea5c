// SPDX-License-Identifier: GPL-2.0
/*
 * Guests whose upcalls come by an interrupt line: see xen_line.h.
 */
#include "apic.h"
#include "test_util.h"
#include "xen_line.h"

#define IOAPIC_SELECT	((volatile uint32_t *)0xfec00000)
#define IOAPIC_WINDOW	((volatile uint32_t *)0xfec00010)
#define PIC_MASTER	0x20
#define PIC_SLAVE	0xa0
#define PIC_EOI		0x20

/* The host let GS point at it. */
struct xen_line_cpu *xen_guest_line_cpu(void)
{
	struct xen_line_cpu *cpu;

	asm volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

static void out8(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "d"(port) : "memory");
}

static void clear_flag(struct xen_line_cpu *cpu, uint64_t vector)
{
	__atomic_store_n(xen_upcall_pending(cpu->vcpu_info), 0, __ATOMIC_SEQ_CST);
}

static void handle_word(struct xen_line_cpu *cpu, unsigned int word)
{
	struct xen_shared_info64 *shinfo = (void *)XEN_SHINFO_GPA;
	uint64_t bits = READ_ONCE(shinfo->evtchn_pending[word]) &
			~READ_ONCE(shinfo->evtchn_mask[word]);
	uint32_t port;

	while (bits) {
		port = word * 64 + __builtin_ctzll(bits);
		bits &= bits - 1;
		xen_clear_pending(shinfo, port);
		cpu->nr_events++;
		/* Last: its sender may send again from here on. */
		if (port < XEN_LINE_NR_PORTS)
			__atomic_fetch_add(&xen_guest_line_port(port)->handled, 1,
					   __ATOMIC_SEQ_CST);
	}
}

static void scan(struct xen_line_cpu *cpu, uint64_t vector)
{
	uint64_t words = xen_take_sel(cpu->vcpu_info, true);

	while (words) {
		handle_word(cpu, __builtin_ctzll(words));
		words &= words - 1;
	}
}

static void eoi_pic(uint64_t vector)
{
	if (vector >= XEN_PIC_VECTOR + 8)
		out8(PIC_SLAVE, PIC_EOI);
	out8(PIC_MASTER, PIC_EOI);
}

/* The VM's vector is injected past the LAPIC: there is nothing to end. */
static void eoi(struct xen_line_cpu *cpu, uint64_t vector)
{
	if (vector == XEN_VM_VECTOR)
		return;
	if (vector - XEN_PIC_VECTOR < 16)
		eoi_pic(vector);
	else if (rdmsr(MSR_IA32_APICBASE) & MSR_IA32_APICBASE_EXTD)
		x2apic_write_reg(APIC_EOI, 0);
	else
		xapic_write_reg(APIC_EOI, 0);
}

static void write_ioapic(uint32_t reg, uint32_t value)
{
	*IOAPIC_SELECT = reg;
	*IOAPIC_WINDOW = value;
}

static void mask_input(struct xen_line_cpu *cpu, uint64_t vector)
{
	uint64_t irq = vector - XEN_PIC_VECTOR;

	if (irq < 16)
		out8((irq < 8 ? PIC_MASTER : PIC_SLAVE) + 1, 1u << irq % 8);
	else
		write_ioapic(0x10 + 2 * cpu->pin, cpu->entry | XEN_IOAPIC_MASKED);
}

static void unmask_input(struct xen_line_cpu *cpu, uint64_t vector)
{
	uint64_t irq = vector - XEN_PIC_VECTOR;

	if (irq < 16)
		out8((irq < 8 ? PIC_MASTER : PIC_SLAVE) + 1, 0);
	else
		write_ioapic(0x10 + 2 * cpu->pin, cpu->entry);
}

static void exit_to_host(struct xen_line_cpu *cpu, uint64_t vector)
{
	GUEST_SYNC(XEN_LINE_AT_HOST);
}

static void (* const steps[])(struct xen_line_cpu *cpu, uint64_t vector) = {
	['C' - 'A'] = clear_flag,
	['E' - 'A'] = eoi,
	['H' - 'A'] = exit_to_host,
	['M' - 'A'] = mask_input,
	['S' - 'A'] = scan,
};

static void do_steps(struct xen_line_cpu *cpu, const char *habit, uint64_t vector)
{
	unsigned int i;

	for (i = 0; i < sizeof(cpu->habit) && habit[i]; i++)
		steps[habit[i] - 'A'](cpu, vector);
}

static void deal_with(struct xen_line_cpu *cpu, uint32_t *count, uint64_t vector)
{
	bool is_first = cpu->nr_first;

	++*count;
	if (is_first)
		cpu->nr_first--;
	do_steps(cpu, is_first ? cpu->first : cpu->habit, vector);
}

void xen_guest_line_upcall(struct ex_regs *regs)
{
	struct xen_line_cpu *cpu = xen_guest_line_cpu();

	deal_with(cpu, &cpu->nr_upcalls, regs->vector);
}

void xen_guest_line_own_upcall(struct ex_regs *regs)
{
	struct xen_line_cpu *cpu = xen_guest_line_cpu();

	deal_with(cpu, &cpu->nr_own, regs->vector);
}

void xen_guest_line_vm_upcall(struct ex_regs *regs)
{
	struct xen_line_cpu *cpu = xen_guest_line_cpu();

	deal_with(cpu, &cpu->nr_vector, regs->vector);
}

/* IRQ 7 and 15, which nothing here uses: the PIC found no other to name. */
void xen_guest_pic_spurious(struct ex_regs *regs)
{
	xen_guest_line_cpu()->nr_spurious++;
	if (regs->vector >= XEN_PIC_VECTOR + 8)
		out8(PIC_MASTER, PIC_EOI);
}

int64_t xen_guest_take_irqs(uint64_t arg1, uint64_t arg2)
{
	xen_guest_irq_window();
	return xen_guest_line_cpu()->nr_upcalls;
}

static uint64_t deadline(void)
{
	return rdtsc() + guest_tsc_khz * XEN_PATIENCE_MS;
}

int64_t xen_guest_wait_events(uint64_t nr, uint64_t arg2)
{
	volatile struct xen_line_cpu *cpu = xen_guest_line_cpu();
	uint64_t end = deadline();

	while (cpu->nr_events < nr && rdtsc() < end)
		xen_guest_irq_window();
	return cpu->nr_events;
}

/* The half with the mask last. */
int64_t xen_guest_write_pin(uint64_t pin, uint64_t entry)
{
	write_ioapic(0x11 + 2 * pin, entry >> 32);
	write_ioapic(0x10 + 2 * pin, entry);
	xen_guest_line_cpu()->pin = pin;
	xen_guest_line_cpu()->entry = entry;
	return 0;
}

int64_t xen_guest_touch_ioapic(uint64_t arg1, uint64_t arg2)
{
	*IOAPIC_SELECT = 0;
	return 0;
}

int64_t xen_guest_out(uint64_t port, uint64_t value)
{
	out8(port, value);
	return 0;
}

int64_t xen_guest_init_pic(uint64_t icw4, uint64_t arg2)
{
	out8(PIC_MASTER, 0x11);
	out8(PIC_MASTER + 1, XEN_PIC_VECTOR);
	out8(PIC_MASTER + 1, 1 << 2);
	out8(PIC_MASTER + 1, icw4);
	out8(PIC_SLAVE, 0x11);
	out8(PIC_SLAVE + 1, XEN_PIC_VECTOR + 8);
	out8(PIC_SLAVE + 1, 2);
	out8(PIC_SLAVE + 1, icw4);
	out8(PIC_MASTER + 1, 0);
	out8(PIC_SLAVE + 1, 0);
	return 0;
}

int64_t xen_guest_use_xapic(uint64_t arg1, uint64_t arg2)
{
	xapic_enable();
	return 0;
}

int64_t xen_guest_clear_quietly(uint64_t arg1, uint64_t arg2)
{
	do_steps(xen_guest_line_cpu(), "CS", 0);
	return 0;
}

int64_t xen_guest_line_send(uint64_t port, uint64_t arg2)
{
	xen_guest_line_port(port)->sent++;
	return xen_guest_send(true, port);
}

static int64_t ping(uint32_t port, uint64_t times, bool takes_irqs)
{
	volatile struct xen_line_port *p = xen_guest_line_port(port);
	int64_t i;

	for (i = 0; i < times; i++) {
		uint64_t end = deadline();

		GUEST_ASSERT_EQ(xen_guest_line_send(port, 0), 0);
		while (p->handled != p->sent && rdtsc() < end)
			if (takes_irqs)
				xen_guest_irq_window();
		if (p->handled != p->sent)
			break;
	}
	return i;
}

int64_t xen_guest_ping(uint64_t port, uint64_t times)
{
	return ping(port, times, true);
}

int64_t xen_guest_ping_far(uint64_t port, uint64_t times)
{
	return ping(port, times, false);
}

int64_t xen_guest_serve(uint64_t arg1, uint64_t arg2)
{
	for (;;)
		xen_guest_halt();
}

int64_t xen_guest_fidget(uint64_t vector, uint64_t arg2)
{
	struct xen_line_cpu *cpu = xen_guest_line_cpu();

	for (;;) {
		xen_guest_halt();
		do_steps(cpu, "CSM", vector);
		xen_guest_irq_window();
		unmask_input(cpu, vector);
	}
}

int64_t xen_guest_storm(uint64_t first, uint64_t nr)
{
	volatile struct xen_line_cpu *cpu = xen_guest_line_cpu();
	volatile struct xen_line_port *port;
	uint64_t i;

	for (i = 0; !cpu->stop; i = (i + 1) % nr) {
		port = xen_guest_line_port(first + i);
		if (port->sent == port->handled)
			GUEST_ASSERT_EQ(xen_guest_line_send(first + i, 0), 0);
		else
			xen_guest_yield();
	}
	GUEST_DONE();
	return 0;
}

void xen_guest_line_main(void)
{
	struct xen_line_cpu *cpu = xen_guest_line_cpu();

	x2apic_enable();
	for (;;) {
		GUEST_SYNC(cpu->turns);
		cpu->result = cpu->fn(cpu->arg1, cpu->arg2);
		cpu->turns++;
	}
}
