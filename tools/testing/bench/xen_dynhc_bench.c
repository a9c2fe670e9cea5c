// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells and calls of a device: by dynamic hypercalls, and by what a VMM has
 * without them, which is I/O space, memory without a memslot and Xen's own
 * hypercalls.  See bench.h.
 *
 * In three kinds of VM: one that has nothing of Xen, one that has dynamic
 * hypercalls alone, and one that is a Xen guest as well; each with its LAPIC
 * enabled and not.  The second also with its hypercalls answered in the exit loop.
 */
#include <asm/kvm_dynhc.h>

#include "bench.h"
#include "xen_dynhc.h"
#include "xen_fast.h"
#include "xen_line.h"

#define HAS_DYNHC	(1u << 8)
#define HAS_XEN		(1u << 9)
#define HAS_EVENTS	(1u << 10)	/* both, and so a port to raise */

#define PIO_DOORBELL	0x510
#define PIO_DOORBELL_L	0x520
#define MMIO_DOORBELL	0xe0000000ull

#define PORT_EVENTFD	6u
#define PORT_EVENT	7u

enum token { PLAIN = 1, MATCH_1, MATCH_64, MATCH_1024, EVENT, BY_VMM, UNKNOWN };

struct vm_kind {
	const char *name;
	unsigned int conditions;
	uint32_t config;
	bool in_loop;			/* handles no hypercall in the exit fast path */
};

static struct dynhc hc;
static volatile uint64_t match;

static int64_t run_nothing(void)
{
	return 0;
}

static int64_t run_cpuid(void)
{
	uint32_t eax, ebx, ecx, edx;

	__cpuid(0, 0, &eax, &ebx, &ecx, &edx);
	return 0;
}

static int64_t run_outb(void)
{
	asm volatile("outb %b0, %w1" : : "a"(0), "d"(PIO_DOORBELL) : "memory");
	return 0;
}

static int64_t run_outl(void)
{
	asm volatile("outl %0, %w1" : : "a"(0), "d"(PIO_DOORBELL_L) : "memory");
	return 0;
}

static int64_t run_movl(void)
{
	asm volatile("movl %1, %0" : "=m"(*(uint32_t *)MMIO_DOORBELL) : "r"(0) : "memory");
	return 0;
}

static int64_t run_inl(void)
{
	uint32_t value;

	asm volatile("inl %w1, %0" : "=a"(value) : "d"(BENCH_NO_PORT) : "memory");
	return value;
}

static int64_t run_send_eventfd(void)
{
	return xen_guest_send(true, PORT_EVENTFD);
}

static int64_t run_vmm_call(void)
{
	return xen_guest_call(true, __HYPERVISOR_event_channel_op, EVTCHNOP_status, 0, 0);
}

static int64_t run_plain(void)
{
	return dynhc_call(&hc, PLAIN, 0, 0, 0, 0);
}

static int64_t run_match_1(void)
{
	return dynhc_call(&hc, MATCH_1, 0, 0, 0, 0);
}

static int64_t run_match_64(void)
{
	return dynhc_call(&hc, MATCH_64, match, 0, 0, 0);
}

static int64_t run_match_1024(void)
{
	return dynhc_call(&hc, MATCH_1024, match, 0, 0, 0);
}

static int64_t run_event(void)
{
	return dynhc_call(&hc, EVENT, 0, 0, 0, 0);
}

static int64_t run_by_vmm(void)
{
	return dynhc_call(&hc, BY_VMM, 0, 0, 0, 0);
}

static int64_t run_unknown(void)
{
	return dynhc_call(&hc, UNKNOWN, 0, 0, 0, 0);
}

/* All of them in turn, in no order, so that the median is that of a typical one. */
static void prepare_match_64(void)
{
	match = (match + 27) % 64;
}

static void prepare_match_1024(void)
{
	match = (match + 395) % 1024;
}

static void clear_event(void)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);

	*xen_upcall_pending(vcpu_info) = 0;
	xen_take_sel(vcpu_info, true);
	xen_clear_pending((void *)XEN_SHINFO_GPA, PORT_EVENT);
}

static void make_pending(void)
{
	run_event();
}

static const struct bench_op ops[] = {
	{ "nothing", 0, NULL, run_nothing },
	{ "cpuid-exit", 0, NULL, run_cpuid },
	{ "pio-ioeventfd/outb", 0, NULL, run_outb },
	{ "pio-ioeventfd/outl", 0, NULL, run_outl },
	{ "mmio-ioeventfd", 0, NULL, run_movl },
	{ "pio-exit-to-vmm", 0, NULL, run_inl },
	{ "xen-send-eventfd", HAS_XEN, NULL, run_send_eventfd },
	{ "xen-call-by-vmm", HAS_XEN, NULL, run_vmm_call },
	{ "doorbell", HAS_DYNHC, NULL, run_plain },
	{ "doorbell-match/1", HAS_DYNHC, NULL, run_match_1 },
	{ "doorbell-match/64", HAS_DYNHC, prepare_match_64, run_match_64 },
	{ "doorbell-match/1024", HAS_DYNHC, prepare_match_1024, run_match_1024 },
	{ "dynhc-event", HAS_EVENTS, clear_event, run_event, .end = clear_event },
	{ "dynhc-event-pending", HAS_EVENTS, make_pending, run_event, .end = clear_event },
	{ "dynhc-call-by-vmm", HAS_DYNHC, NULL, run_by_vmm },
	{ "dynhc-unknown-token", HAS_DYNHC, NULL, run_unknown, -DYNHC_ENOENT },
};

#define XEN_FLAGS	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)

/* The first of them that applies to the modules is measured first. */
static const struct vm_kind kinds[] = {
	{ "no-xen", 0, 0 },
	{ "dynhc", BENCH_ADDITIONS | HAS_DYNHC, KVM_XEN_HVM_CONFIG_DYNHC },
	{ "dynhc/in-loop", BENCH_ADDITIONS | HAS_DYNHC, KVM_XEN_HVM_CONFIG_DYNHC, true },
	{ "xen", HAS_XEN, XEN_FLAGS },
	{ "xen-and-dynhc", BENCH_ADDITIONS | HAS_XEN | HAS_DYNHC | HAS_EVENTS,
	  XEN_FLAGS | KVM_XEN_HVM_CONFIG_DYNHC },
};

static void guest_code(void)
{
	hc = (struct dynhc) { .nr = DYNHC_HYPERCALL, .by_vmmcall = host_cpu_is_amd };
	bench_measure_all(ops, ARRAY_SIZE(ops));
	GUEST_DONE();
}

static void add_doorbell(struct kvm_vm *vm, uint64_t addr, uint32_t len, uint32_t flags, int fd)
{
	struct kvm_ioeventfd doorbell = {
		.addr = addr,
		.len = len,
		.fd = fd,
		.flags = flags,
	};

	vm_ioctl(vm, KVM_IOEVENTFD, &doorbell);
}

static void add_doorbells(struct kvm_vm *vm, int fd)
{
	add_doorbell(vm, PIO_DOORBELL, 1, KVM_IOEVENTFD_FLAG_PIO, fd);
	add_doorbell(vm, PIO_DOORBELL_L, 4, KVM_IOEVENTFD_FLAG_PIO, fd);
	add_doorbell(vm, MMIO_DOORBELL, 4, 0, fd);
	virt_map(vm, MMIO_DOORBELL, MMIO_DOORBELL, 1);
}

static void add_matches(struct xen_vm *x, uint32_t token, uint64_t nr, int fd)
{
	uint64_t i;

	for (i = 0; i < nr; i++)
		TEST_ASSERT_EQ(xen_dynhc_match(x, token, i, fd), 0);
}

static void add_tokens(struct xen_vm *x, int fd)
{
	TEST_ASSERT_EQ(xen_dynhc_eventfd(x, PLAIN, fd), 0);
	TEST_ASSERT_EQ(xen_dynhc_vmm(x, BY_VMM), 0);
	add_matches(x, MATCH_1, 1, fd);
	add_matches(x, MATCH_64, 64, fd);
	add_matches(x, MATCH_1024, 1024, fd);
}

static void add_xen(struct xen_vm *x, bool lapic, int fd)
{
	xen_register_pages(x);
	TEST_ASSERT_EQ(xen_bind_eventfd(x, PORT_EVENTFD, fd), 0);
	if (lapic)
		TEST_ASSERT_EQ(xen_set_vcpu_vector(x->vcpu[0], XEN_VCPU_VECTOR), 0);
	else
		TEST_ASSERT_EQ(xen_set_vm_vector(x, XEN_VM_VECTOR), 0);
}

/* Without an MSR where there is nothing of Xen that needs one. */
static int config(struct xen_vm *x, uint32_t flags)
{
	struct kvm_xen_hvm_config config = { .flags = flags };

	if (flags & XEN_FLAGS)
		return xen_config(x, flags) ?: xen_set_long_mode(x, true);
	return __vm_ioctl(x->vm, KVM_XEN_HVM_CONFIG, &config) ? -errno : 0;
}

static void prepare_vm(struct xen_vm *x, unsigned int conditions, int fd)
{
	add_doorbells(x->vm, fd);
	if (conditions & HAS_XEN)
		add_xen(x, conditions & BENCH_LAPIC, fd);
	if (conditions & HAS_DYNHC)
		add_tokens(x, fd);
	if (conditions & HAS_EVENTS)
		TEST_ASSERT_EQ(xen_dynhc_evtchn(x, EVENT, PORT_EVENT, 0), 0);
}

static void bench(const struct vm_kind *kind, unsigned int lapic)
{
	struct xen_vm *x = xen_vm_create_plain(1, true, guest_code);
	unsigned int conditions = kind->conditions | lapic;
	int fd = xen_eventfd();
	char suffix[32];

	if (kind->config)
		TEST_ASSERT_EQ(config(x, kind->config), 0);
	prepare_vm(x, conditions, fd);
	snprintf(suffix, sizeof(suffix), "/%s%s", kind->name, lapic ? "/lapic" : "");
	bench_table(x->vcpu[0], ops, ARRAY_SIZE(ops), conditions, suffix);
	xen_vm_free(x);
	close(fd);
}

int main(int argc, char **argv)
{
	unsigned int have = xen_caps() & KVM_XEN_HVM_CONFIG_DYNHC ? BENCH_ADDITIONS : 0;
	unsigned int i;

	bench_start(argc, argv);
	/* Until KVM takes back what it patched into itself for Xen guests before. */
	sleep(2);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].conditions & BENCH_ADDITIONS & ~have)
			continue;
		if (kinds[i].in_loop)
			xen_set_fastpath(false);
		bench(&kinds[i], 0);
		bench(&kinds[i], BENCH_LAPIC);
		if (kinds[i].in_loop)
			xen_set_fastpath(true);
	}
	return 0;
}
