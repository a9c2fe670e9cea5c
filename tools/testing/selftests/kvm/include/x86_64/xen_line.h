/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Upcalls by an interrupt line: the callback as a VMM sets it, and guests that
 * have interrupt controllers to program.
 *
 * Owns what a vCPU of such a guest shares with its host: a call that the host
 * wants made, how the guest deals with an upcall, and what came of it.  Guests
 * do one call at a time, so that a test is a list of steps in one place.
 *
 * Functions named xen_guest_*() run in the guest, all others on the host.
 */
#ifndef SELFTEST_KVM_XEN_LINE_H
#define SELFTEST_KVM_XEN_LINE_H

#include "xen.h"

/* A page for each vCPU, and one for ports; the first spare page has orders. */
#define XEN_LINE_CPU_GPA(i)	XEN_SPARE_GPA(1 + (i))
#define XEN_LINE_PORTS_GPA	XEN_SPARE_GPA(1 + XEN_MAX_VCPUS)
#define XEN_LINE_NR_PORTS	512u

/* Pins of the IOAPIC that are not the PIC's, and IRQs of master and slave. */
#define XEN_LINE_PIN		20u
#define XEN_LINE_PIN2		21u
#define XEN_MASTER_IRQ		5u
#define XEN_SLAVE_IRQ		10u

#define XEN_LINE_VECTOR		0x71u
#define XEN_LINE_VECTOR2	0x81u
#define XEN_PIC_VECTOR		0x30u	/* of IRQ 0; of IRQ 8 at the slave: + 8 */

/* GSIs behind the irqchip's: events of the ports from 1 on, for vCPU 0. */
#define XEN_LINE_EVENT_GSI	40u
#define XEN_LINE_NR_EVENT_GSIS	8u
/* An MSI of XEN_LINE_VECTOR, for the vCPU whose number is added. */
#define XEN_LINE_MSI_GSI	60u

/* Redirection entries of the IOAPIC. */
#define XEN_IOAPIC_LEVEL	(1ull << 15)
#define XEN_IOAPIC_MASKED	(1ull << 16)
#define XEN_IOAPIC_DEST(id)	((uint64_t)(id) << 56)

/* The PIC: masks, and the bits of ICW4. */
#define XEN_PIC_MASTER_IMR	0x21u
#define XEN_PIC_SLAVE_IMR	0xa1u
#define XEN_PIC_8086		0x1u
#define XEN_PIC_AUTO_EOI	0x2u

typedef int64_t (*xen_line_fn)(uint64_t arg1, uint64_t arg2);

/*
 * How a vCPU deals with an interrupt, one letter for each step, in order:
 *   C  clear evtchn_upcall_pending
 *   S  scan for events, and handle them
 *   E  end the interrupt: at the PIC, for its vectors, or at the LAPIC
 *   M  mask the input of the PIC, or the pin of the IOAPIC that was written last
 *   H  exit to the host, where xen_step() returns XEN_LINE_AT_HOST
 */
#define XEN_LINE_AT_HOST	0xabcdu

struct xen_line_cpu {
	struct xen_line_cpu *self;
	struct xen_vcpu_info64 *vcpu_info;	/* whose events it handles */

	xen_line_fn fn;
	uint64_t arg1, arg2;
	int64_t result;
	uint64_t turns;

	bool stop;
	uint32_t pin;				/* that was written last */
	uint64_t entry;

	char first[8];				/* for the first of them... */
	uint32_t nr_first;
	char habit[8];				/* ... and for all others */
	uint32_t nr_upcalls;
	uint32_t nr_spurious;			/* of the PIC */
	uint32_t nr_own;			/* by the vCPU's own vector */
	uint32_t nr_vector;			/* by the VM's vector */
	uint64_t nr_events;
};
static_assert(sizeof(struct xen_line_cpu) <= 0x1000, "one page");

struct xen_line_port {
	uint32_t sent;
	uint32_t handled;
};
static_assert(sizeof(struct xen_line_port) * XEN_LINE_NR_PORTS <= 0x1000, "one page");

/* Guest: its entry, which does what the host calls for. */
void xen_guest_line_main(void);

/* Guest: its handlers: of the line, of a vCPU's own vector, of the VM's, of IRQ 7. */
void xen_guest_line_upcall(struct ex_regs *regs);
void xen_guest_line_own_upcall(struct ex_regs *regs);
void xen_guest_line_vm_upcall(struct ex_regs *regs);
void xen_guest_pic_spurious(struct ex_regs *regs);

/* Guest: the vCPU that asks; the port as guests see it. */
struct xen_line_cpu *xen_guest_line_cpu(void);

static inline volatile struct xen_line_port *xen_guest_line_port(uint32_t port)
{
	return (struct xen_line_port *)XEN_LINE_PORTS_GPA + port;
}

/*
 * Guest, for xen_line_call():
 *   take_irqs          those that are due; returns nr_upcalls
 *   wait_events        until nr_events is arg1; returns nr_events
 *   write_pin          of the IOAPIC, arg1, the entry arg2
 *   touch_ioapic       a write that changes nothing
 *   out                arg2 to port arg1
 *   init_pic           vectors from XEN_PIC_VECTOR on, ICW4 arg1, all unmasked
 *   use_xapic          in place of the x2APIC
 *   clear_quietly      the flag, and take the events, but no interrupt
 *   send               on port arg1
 *   ping               arg2 times: send on port arg1 and wait until it is handled,
 *                      taking interrupts; returns how often it was
 *   ping_far           the same, where another vCPU handles it
 *   serve              sleep for ever, taking interrupts
 *   fidget             the same, but after each of them clear the flag with interrupts
 *                      off, and mask and unmask the input of vector arg1
 *   storm              send on each of arg2 ports, from arg1 on, whose last event was
 *                      handled, until the host sets @stop of the vCPU; then the guest is done
 */
int64_t xen_guest_take_irqs(uint64_t arg1, uint64_t arg2);
int64_t xen_guest_wait_events(uint64_t nr, uint64_t arg2);
int64_t xen_guest_write_pin(uint64_t pin, uint64_t entry);
int64_t xen_guest_touch_ioapic(uint64_t arg1, uint64_t arg2);
int64_t xen_guest_out(uint64_t port, uint64_t value);
int64_t xen_guest_init_pic(uint64_t icw4, uint64_t arg2);
int64_t xen_guest_use_xapic(uint64_t arg1, uint64_t arg2);
int64_t xen_guest_clear_quietly(uint64_t arg1, uint64_t arg2);
int64_t xen_guest_line_send(uint64_t port, uint64_t arg2);
int64_t xen_guest_ping(uint64_t port, uint64_t times);
int64_t xen_guest_ping_far(uint64_t port, uint64_t times);
int64_t xen_guest_serve(uint64_t arg1, uint64_t arg2);
int64_t xen_guest_fidget(uint64_t vector, uint64_t arg2);
int64_t xen_guest_storm(uint64_t first, uint64_t nr);

/*
 * Host: a VM with the flag of callbacks set, wide, with its pages registered,
 * the routes as above, and vCPUs that await calls.  A split one has no PIC and
 * no IOAPIC.
 */
struct xen_vm *xen_line_vm_create(unsigned int nr_vcpus);
struct xen_vm *xen_line_vm_create_split(unsigned int nr_vcpus);
int xen_line_config(struct xen_vm *x);
void xen_line_route(struct xen_vm *x);

/* Host: the routes of irqchips and of MSIs, in a table with others. */
void xen_line_add_routes(struct xen_vm *x, struct xen_routes *routes);

struct xen_line_cpu *xen_line_cpu(struct xen_vm *x, unsigned int vcpu);
struct xen_line_port *xen_line_port(struct xen_vm *x, uint32_t port);

/* Host: let @vcpu make a call, with one entry to it, and return the result. */
int64_t xen_line_call(struct xen_vm *x, unsigned int vcpu, xen_line_fn fn, uint64_t arg1,
		      uint64_t arg2);
/* Host: only say which, for when it runs. */
void xen_line_order(struct xen_vm *x, unsigned int vcpu, xen_line_fn fn, uint64_t arg1,
		    uint64_t arg2);

/* Host: by vCPU 0: the PIC, all unmasked, with @irq level- or edge-triggered; the mask of @irq. */
void xen_line_program_pic(struct xen_vm *x, unsigned int irq, bool level);
void xen_line_mask_pic(struct xen_vm *x, unsigned int irq, bool masked);

/* Host: the habit of @vcpu from now on, and that of its next @nr interrupts. */
void xen_line_habit(struct xen_vm *x, unsigned int vcpu, const char *habit);
void xen_line_first(struct xen_vm *x, unsigned int vcpu, unsigned int nr, const char *first);

/* Host: attributes.  All return 0 or a negative errno. */
int xen_set_callback(struct xen_vm *x, const struct kvm_xen_callback *callback);
int xen_get_callback(struct xen_vm *x, struct kvm_xen_callback *callback);
int xen_set_vcpu_callback(struct kvm_vcpu *vcpu, const struct kvm_xen_callback *callback);
int xen_get_vcpu_callback(struct kvm_vcpu *vcpu, struct kvm_xen_callback *callback);
int xen_set_line(struct xen_vm *x, uint32_t gsi);
int xen_set_no_callback(struct xen_vm *x);
int xen_set_eventfds(struct xen_vm *x, int assert_fd, int resample_fd);
int xen_set_vcpu_eventfds(struct kvm_vcpu *vcpu, int assert_fd, int resample_fd);

/* Host: send on @port to vCPU 0 and count it; 0 or a negative errno. */
int xen_line_send(struct xen_vm *x, uint32_t port);
/* Host: true once all that was counted as sent on @port is handled. */
bool xen_line_is_handled(struct xen_vm *x, uint32_t port);

/* Host: whether the VM's line is up, as KVM has it. */
bool xen_line_is_up(struct xen_vm *x);

/*
 * Host: whether an input of an irqchip is high or latched; of an edge at the
 * IOAPIC only where it was not delivered.
 */
bool xen_ioapic_irr(struct xen_vm *x, unsigned int pin);
bool xen_pic_irr(struct xen_vm *x, unsigned int irq);

/* Host: @fd raises @gsi; with @resample_fd, for as long as the guest needs. */
int xen_line_irqfd(struct xen_vm *x, uint32_t gsi, int fd, int resample_fd);

#endif /* SELFTEST_KVM_XEN_LINE_H */
