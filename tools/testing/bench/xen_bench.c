// SPDX-License-Identifier: GPL-2.0
/* What a Xen guest does, on stock modules and on ours: see bench.h. */
#include <sys/eventfd.h>

#include "bench.h"

#define PORT_LOCAL	5u
#define PORT_EVENTFD	6u
#define PORT_TIMER	7u
#define PORT_OTHER	8u		/* of another vCPU, which does not run */
#define XEN_VERSION	0x40011
#define FAR_AHEAD	(1000ull * 1000 * 1000 * 1000)

#define HAS_MORE	(1u << 8)

static volatile uint32_t upcalls;
static volatile uint32_t port;
static uint32_t local_port = PORT_LOCAL;

static void *shinfo(void)
{
	return (void *)XEN_SHINFO_GPA;
}

static void *vcpu_info(void)
{
	return (void *)XEN_VCPU_INFO_GPA(0);
}

static void clear(void *vi, uint32_t port)
{
	*xen_upcall_pending(vi) = 0;
	xen_take_sel(vi, true);
	xen_clear_pending(shinfo(), port);
}

static void clear_event(void)
{
	clear(vcpu_info(), PORT_LOCAL);
}

static void use_port(uint32_t arg)
{
	port = arg;
}

static void clear_port(void)
{
	clear(vcpu_info(), port);
}

static void clear_other(void)
{
	clear((void *)XEN_VCPU_INFO_GPA(1), PORT_OTHER);
}

static void upcall_handler(struct ex_regs *regs)
{
	clear_event();
	upcalls++;
	if (bench_conditions & BENCH_LAPIC)
		x2apic_write_reg(APIC_EOI, 0);
}

static int64_t run_cpuid(void)
{
	uint32_t eax, ebx, ecx, edx;

	__cpuid(0, 0, &eax, &ebx, &ecx, &edx);
	return 0;
}

static int64_t run_version(void)
{
	return xen_guest_call(true, __HYPERVISOR_xen_version, XENVER_version, 0, 0);
}

static int64_t run_yield(void)
{
	return xen_guest_yield();
}

static int64_t run_send(void)
{
	return xen_guest_send(true, PORT_LOCAL);
}

static int64_t run_send_port(void)
{
	return xen_guest_send(true, port);
}

static int64_t run_send_other(void)
{
	return xen_guest_send(true, PORT_OTHER);
}

static int64_t run_send_eventfd(void)
{
	return xen_guest_send(true, PORT_EVENTFD);
}

/* From another page than before: ours remember the last one. */
static uint32_t page_elsewhere[4096 / sizeof(uint32_t)] __attribute__((aligned(4096))) = {
	PORT_EVENTFD,
};

static void prepare_elsewhere(void)
{
	xen_guest_call(true, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
		       (uintptr_t)page_elsewhere, 0);
}

/* Everything is up already: nothing is left to do but to find that out. */
static void prepare_all_pending(void)
{
	run_send();
}

/* The port is pending, but its upcall was taken. */
static void prepare_port_pending(void)
{
	run_send();
	*xen_upcall_pending(vcpu_info()) = 0;
	xen_take_sel(vcpu_info(), true);
}

/* What the LAPIC still holds of sends before is taken first. */
static void prepare_upcall(void)
{
	xen_guest_irq_window();
	clear_event();
	upcalls = 0;
}

static int64_t run_send_upcall(void)
{
	asm volatile("sti");
	run_send();
	asm volatile("nop; cli");
	return upcalls;
}

static void prepare_pending(void)
{
	clear_event();
	run_send();
}

static void prepare_masked(void)
{
	clear_event();
	xen_mask(shinfo(), true, PORT_LOCAL);
}

static void prepare_masked_pending(void)
{
	prepare_masked();
	run_send();
}

/* Stock has its VMM do it. */
static int64_t run_unmask(void)
{
	return xen_guest_call(true, __HYPERVISOR_event_channel_op, EVTCHNOP_unmask,
			      (uintptr_t)&local_port, 0);
}

static void end_unmask(void)
{
	clear_event();
	xen_unmask(shinfo(), true, PORT_LOCAL);
}

static int64_t run_poll_ready(void)
{
	return xen_guest_poll(true, &local_port, 1, 0);
}

static int64_t run_set_singleshot(void)
{
	return xen_guest_set_singleshot(true, 0, FAR_AHEAD, 0);
}

static int64_t run_set_timer(void)
{
	return xen_guest_set_timer(true, FAR_AHEAD);
}

static int64_t run_vmm_call(void)
{
	return xen_guest_call(true, __HYPERVISOR_event_channel_op, EVTCHNOP_status, 0, 0);
}

static const struct bench_op ops[] = {
	{ "cpuid", 0, NULL, run_cpuid },
	{ "version", 0, NULL, run_version, XEN_VERSION },
	{ "yield", 0, NULL, run_yield },
	{ "send-all-pending", 0, prepare_all_pending, run_send, .end = clear_event },
	{ "send-port-pending", 0, prepare_port_pending, run_send, .end = clear_event },
	{ "send-sets-pending", 0, clear_event, run_send, .end = clear_event },
	{ "send-sets-pending/port-1", 0, clear_port, run_send_port, 0, use_port, 1, clear_port },
	{ "send-sets-pending/port-64", 0, clear_port, run_send_port, 0, use_port, 64, clear_port },
	{ "send-sets-pending/port-1000", 0, clear_port, run_send_port, 0, use_port, 1000,
	  clear_port },
	{ "send-sets-pending/port-4095", 0, clear_port, run_send_port, 0, use_port, 4095,
	  clear_port },
	{ "send-upcall", 0, prepare_upcall, run_send_upcall, 1, .end = clear_event },
	{ "send-eventfd", 0, NULL, run_send_eventfd },
	{ "send-eventfd/other-page", 0, prepare_elsewhere, run_send_eventfd },
	{ "unmask", 0, prepare_masked, run_unmask, .end = end_unmask },
	{ "unmask/pending", 0, prepare_masked_pending, run_unmask, .end = end_unmask },
	{ "poll-ready", 0, prepare_pending, run_poll_ready, .end = clear_event },
	{ "set-singleshot", 0, NULL, run_set_singleshot },
	{ "set-timer-op", 0, NULL, run_set_timer },
	{ "vmm-call", 0, NULL, run_vmm_call },
};

/* With a second vCPU that does not run, and a runstate to keep up to date. */
static const struct bench_op more_ops[] = {
	{ "yield/two-vcpus", 0, NULL, run_yield },
	{ "send-other-vcpu", 0, clear_other, run_send_other, .end = clear_other },
	{ "vmm-call/runstate", 0, NULL, run_vmm_call },
};

static void guest_code(void)
{
	if (bench_conditions & HAS_MORE)
		bench_measure_all(more_ops, ARRAY_SIZE(more_ops));
	else
		bench_measure_all(ops, ARRAY_SIZE(ops));
	GUEST_DONE();
}

static int set_version(struct xen_vm *x, uint32_t version)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_XEN_VERSION,
		.u.xen_version = version,
	};

	return xen_vm_set(x, &attr);
}

static int set_runstate(struct kvm_vcpu *vcpu)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
		.u.gpa = XEN_SPARE_GPA(0),
	};

	return xen_vcpu_set(vcpu, &attr);
}

/* Ours unmask for who asks for FIFO event channels, and those who stay at 2-level too. */
static int let_unmask(struct xen_vm *x)
{
	return xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
			  KVM_XEN_HVM_CONFIG_EVTCHN_SEND |
			  (xen_caps() & KVM_XEN_HVM_CONFIG_EVTCHN_FIFO));
}

static void choose_vector(struct xen_vm *x, bool lapic)
{
	vm_install_exception_handler(x->vm, XEN_VM_VECTOR, upcall_handler);
	vm_install_exception_handler(x->vm, XEN_VCPU_VECTOR, upcall_handler);
	if (lapic)
		TEST_ASSERT_EQ(xen_set_vcpu_vector(x->vcpu[0], XEN_VCPU_VECTOR), 0);
	else
		TEST_ASSERT_EQ(xen_set_vm_vector(x, XEN_VM_VECTOR), 0);
}

static void bind_ports(struct xen_vm *x, int fd)
{
	unsigned int i;

	TEST_ASSERT_EQ(xen_bind_ipi(x, PORT_LOCAL, 0), 0);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (ops[i].begin == use_port)
			TEST_ASSERT_EQ(xen_bind_ipi(x, ops[i].arg, 0), 0);
	TEST_ASSERT_EQ(xen_bind_eventfd(x, PORT_EVENTFD, fd), 0);
	TEST_ASSERT_EQ(xen_set_vcpu_id(x->vcpu[0], 0), 0);
	TEST_ASSERT_EQ(xen_set_timer(x->vcpu[0], PORT_TIMER, 0), 0);
}

static void prepare_more(struct xen_vm *x)
{
	TEST_ASSERT_EQ(xen_bind_ipi(x, PORT_OTHER, 1), 0);
	TEST_ASSERT_EQ(set_runstate(x->vcpu[0]), 0);
}

static void bench(unsigned int conditions, const char *suffix)
{
	bool more = conditions & HAS_MORE;
	struct xen_vm *x = xen_vm_create(more ? 2 : 1, true, guest_code);
	int fd = eventfd(0, EFD_NONBLOCK);

	TEST_ASSERT(fd >= 0, "eventfd: %d", errno);
	TEST_ASSERT_EQ(let_unmask(x), 0);
	choose_vector(x, conditions & BENCH_LAPIC);
	TEST_ASSERT_EQ(set_version(x, XEN_VERSION), 0);
	bind_ports(x, fd);
	if (more) {
		prepare_more(x);
		bench_table(x->vcpu[0], more_ops, ARRAY_SIZE(more_ops), conditions, suffix);
	} else {
		bench_table(x->vcpu[0], ops, ARRAY_SIZE(ops), conditions, suffix);
	}
	xen_vm_free(x);
	close(fd);
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	bench(0, "/vm-wide");
	bench(BENCH_LAPIC, "/lapic");
	bench(HAS_MORE, "/vm-wide");
	bench(HAS_MORE | BENCH_LAPIC, "/lapic");
	return 0;
}
