// SPDX-License-Identifier: GPL-2.0
/* What a Xen guest does, on stock modules and on ours: see bench.h. */
#include <sys/eventfd.h>

#include "apic.h"
#include "bench.h"

#define PORT_LOCAL	5u
#define PORT_EVENTFD	6u
#define PORT_TIMER	7u
#define FAR_AHEAD	(1000ull * 1000 * 1000 * 1000)

struct bench {
	const char *name;
	bool vectors;			/* measured once for each kind of upcall */
	void (*prepare)(void);		/* before each sample, not counted */
	void (*run)(void);
};

static struct bench_result results[32];
static volatile uint32_t upcalls;
static uint32_t poll_port = PORT_LOCAL;
static bool lapic_vector;

static void *shinfo(void)
{
	return (void *)XEN_SHINFO_GPA;
}

static void *vcpu_info(void)
{
	return (void *)XEN_VCPU_INFO_GPA(0);
}

static void clear_event(void)
{
	*xen_upcall_pending(vcpu_info()) = 0;
	xen_take_sel(vcpu_info(), true);
	xen_clear_pending(shinfo(), PORT_LOCAL);
}

static void upcall_handler(struct ex_regs *regs)
{
	clear_event();
	upcalls++;
	if (lapic_vector)
		x2apic_write_reg(APIC_EOI, 0);
}

static void run_cpuid(void)
{
	uint32_t eax, ebx, ecx, edx;

	__cpuid(0, 0, &eax, &ebx, &ecx, &edx);
}

static void run_version(void)
{
	xen_guest_call(true, __HYPERVISOR_xen_version, XENVER_version, 0, 0);
}

static void run_yield(void)
{
	xen_guest_yield();
}

static void run_send(void)
{
	xen_guest_send(true, PORT_LOCAL);
}

static void run_send_eventfd(void)
{
	xen_guest_send(true, PORT_EVENTFD);
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

static void run_send_upcall(void)
{
	asm volatile("sti");
	run_send();
	asm volatile("nop; cli");
	GUEST_ASSERT_EQ(upcalls, 1);
}

static void prepare_pending(void)
{
	clear_event();
	run_send();
}

static void run_poll_ready(void)
{
	xen_guest_poll(true, &poll_port, 1, 0);
}

static void run_set_singleshot(void)
{
	xen_guest_set_singleshot(true, 0, FAR_AHEAD, 0);
}

static void run_set_timer(void)
{
	xen_guest_set_timer(true, FAR_AHEAD);
}

static void run_vmm_call(void)
{
	xen_guest_call(true, __HYPERVISOR_event_channel_op, EVTCHNOP_status, 0, 0);
}

static void prepare_nothing(void)
{
}

static const struct bench benches[] = {
	{ "cpuid", false, prepare_nothing, run_cpuid },
	{ "version", false, prepare_nothing, run_version },
	{ "yield", false, prepare_nothing, run_yield },
	{ "send-all-pending", true, prepare_all_pending, run_send },
	{ "send-port-pending", true, prepare_port_pending, run_send },
	{ "send-sets-pending", true, clear_event, run_send },
	{ "send-upcall", true, prepare_upcall, run_send_upcall },
	{ "send-eventfd", false, prepare_nothing, run_send_eventfd },
	{ "poll-ready", false, prepare_pending, run_poll_ready },
	{ "set-singleshot", false, prepare_nothing, run_set_singleshot },
	{ "set-timer-op", false, prepare_nothing, run_set_timer },
	{ "vmm-call", false, prepare_nothing, run_vmm_call },
};

static struct bench_result measure(const struct bench *bench)
{
	struct bench_result result = bench_measure(bench->prepare, bench->run);

	clear_event();
	return result;
}

static void guest_code(void)
{
	unsigned int i;

	asm volatile("cli");
	if (lapic_vector)
		x2apic_enable();

	for (i = 0; i < ARRAY_SIZE(benches); i++) {
		if (benches[i].vectors || !lapic_vector)
			results[i] = measure(&benches[i]);
	}

	GUEST_DONE();
}

static void report(struct xen_vm *x, const char *suffix)
{
	const struct bench_result *r;
	unsigned int i;

	sync_global_from_guest(x->vm, results);
	for (i = 0; i < ARRAY_SIZE(benches); i++) {
		r = &results[i];
		if (r->median && (benches[i].vectors || !lapic_vector))
			bench_print(benches[i].name,
				    benches[i].vectors ? suffix : "", r);
	}
}

static int xen_set_version(struct xen_vm *x, uint32_t version)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_XEN_VERSION,
		.u.xen_version = version,
	};

	return xen_vm_set(x, &attr);
}

static void bench(bool lapic)
{
	struct xen_vm *x = xen_vm_create(1, true, guest_code);
	int fd = eventfd(0, EFD_NONBLOCK);

	TEST_ASSERT(fd >= 0, "eventfd: %d", errno);
	lapic_vector = lapic;
	sync_global_to_guest(x->vm, lapic_vector);

	vm_install_exception_handler(x->vm, XEN_VM_VECTOR, upcall_handler);
	vm_install_exception_handler(x->vm, XEN_VCPU_VECTOR, upcall_handler);
	if (lapic)
		TEST_ASSERT_EQ(xen_set_vcpu_vector(x->vcpu[0], XEN_VCPU_VECTOR), 0);
	else
		TEST_ASSERT_EQ(xen_set_vm_vector(x, XEN_VM_VECTOR), 0);

	TEST_ASSERT_EQ(xen_set_version(x, 0x40011), 0);
	TEST_ASSERT_EQ(xen_bind_ipi(x, PORT_LOCAL, 0), 0);
	TEST_ASSERT_EQ(xen_bind_eventfd(x, PORT_EVENTFD, fd), 0);
	TEST_ASSERT_EQ(xen_set_timer(x->vcpu[0], PORT_TIMER, 0), 0);

	bench_run(x->vcpu[0]);
	report(x, lapic ? "/lapic" : "/vm-wide");
	xen_vm_free(x);
	close(fd);
}

int main(void)
{
	bench(false);
	bench(true);
	return 0;
}
