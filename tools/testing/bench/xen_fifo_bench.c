// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO event channels against 2-level ones, and against themselves: at the
 * first and the last port, behind one event and behind a hundred thousand.
 * See bench.h; stock modules have nothing to compare.
 */
#include "bench.h"

#define NR_PAGES	128
#define PAGE_PORTS	1024
#define NR_PORTS	(NR_PAGES * PAGE_PORTS)
#define ARRAY_GPA	0xd0000000ull
#define CONTROL_GPA	(ARRAY_GPA + NR_PAGES * PAGE_SIZE)
#define ARRAY_SLOT	20

#define FIFO_PENDING	(1u << 31)
#define FIFO_MASKED	(1u << 30)

#define EVTCHN_UNMASK		9
#define EVTCHN_INIT_CONTROL	11
#define EVTCHN_EXPAND_ARRAY	12

#define PORT_2LEVEL	5
#define PORT_LAST	(NR_PORTS - 2)

#define IS_2LEVEL	(1u << 8)
#define IS_FIFO		(1u << 9)

struct fifo_control {
	uint32_t ready;
	uint32_t pad;
	uint32_t head[16];
};

struct fifo_init {
	uint64_t gfn;
	uint32_t offset;
	uint32_t vcpu;
	uint8_t link_bits;
	uint8_t pad[7];
};

static volatile uint32_t port;
static bool fifo;

static uint32_t *words(void)
{
	return (uint32_t *)ARRAY_GPA;
}

static int64_t evtchn_op(uint64_t op, void *arg)
{
	asm volatile("" : : "r"(arg) : "memory");
	return xen_guest_call(true, __HYPERVISOR_event_channel_op, op, (uintptr_t)arg, 0);
}

/* The guest handled the event of the port, by either ABI. */
static void consume(void)
{
	struct fifo_control *control = (void *)CONTROL_GPA;

	*xen_upcall_pending((void *)XEN_VCPU_INFO_GPA(0)) = 0;
	if (fifo) {
		control->ready = 0;
		words()[port] = 0;
	} else {
		xen_take_sel((void *)XEN_VCPU_INFO_GPA(0), true);
		xen_clear_pending((void *)XEN_SHINFO_GPA, port);
	}
}

static int64_t send(void)
{
	return xen_guest_send(true, port);
}

static void send_once(void)
{
	consume();
	send();
}

static void use_port(uint32_t arg)
{
	port = arg;
}

/* Each event waits behind those of the ports before. */
static void next_port(void)
{
	port++;
}

/* Those before the first that is measured; operations go by rising depth. */
static void fill_queue(uint32_t depth)
{
	while (port < depth) {
		next_port();
		GUEST_ASSERT_EQ(send(), 0);
	}
}

/* Nothing is pending that others could wait behind. */
static void begin_queue(uint32_t depth)
{
	consume();
	port = 0;
	fill_queue(depth);
}

static void prepare_unmask(void)
{
	consume();
	words()[port] = FIFO_PENDING | FIFO_MASKED;
}

static int64_t unmask(void)
{
	uint32_t arg = port;

	return evtchn_op(EVTCHN_UNMASK, &arg);
}

static const struct bench_op ops[] = {
	{ "2-level-send", IS_2LEVEL, consume, send, 0, use_port, PORT_2LEVEL },
	{ "2-level-send-pending", IS_2LEVEL, send_once, send, 0, use_port, PORT_2LEVEL },
	{ "fifo-send/port-1", IS_FIFO, consume, send, 0, use_port, 1, consume },
	{ "fifo-send/port-1000", IS_FIFO, consume, send, 0, use_port, 1000, consume },
	{ "fifo-send/port-10000", IS_FIFO, consume, send, 0, use_port, 10000, consume },
	{ "fifo-send/port-131070", IS_FIFO, consume, send, 0, use_port, PORT_LAST, consume },
	{ "fifo-send-pending", IS_FIFO, send_once, send, 0, use_port, 1, consume },
	{ "fifo-unmask", IS_FIFO, consume, unmask, 0, use_port, 1, consume },
	{ "fifo-unmask-pending", IS_FIFO, prepare_unmask, unmask, 0, use_port, 1, consume },
	{ "fifo-append/depth-1", IS_FIFO, next_port, send, 0, begin_queue, 1 },
	{ "fifo-append/depth-1000", IS_FIFO, next_port, send, 0, fill_queue, 1000 },
	{ "fifo-append/depth-10000", IS_FIFO, next_port, send, 0, fill_queue, 10000 },
	{ "fifo-append/depth-100000", IS_FIFO, next_port, send, 0, fill_queue, 100000 },
};

static void start_fifo(void)
{
	struct fifo_init init = { .gfn = CONTROL_GPA / PAGE_SIZE };
	uint64_t gfn;
	int i;

	GUEST_ASSERT_EQ(evtchn_op(EVTCHN_INIT_CONTROL, &init), 0);
	for (i = 0; i < NR_PAGES; i++) {
		gfn = ARRAY_GPA / PAGE_SIZE + i;
		GUEST_ASSERT_EQ(evtchn_op(EVTCHN_EXPAND_ARRAY, &gfn), 0);
	}
	fifo = true;
}

static void guest_2level(void)
{
	bench_measure_all(ops, ARRAY_SIZE(ops));
	GUEST_DONE();
}

static void guest_fifo(void)
{
	asm volatile("cli");
	start_fifo();
	GUEST_SYNC(0);
	bench_measure_all(ops, ARRAY_SIZE(ops));
	GUEST_DONE();
}

static struct xen_vm *create(void *guest_code, bool lapic)
{
	struct xen_vm *x = xen_vm_create(1, true, guest_code);

	TEST_ASSERT_EQ(xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
				  KVM_XEN_HVM_CONFIG_EVTCHN_SEND |
				  KVM_XEN_HVM_CONFIG_EVTCHN_FIFO), 0);
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, ARRAY_GPA,
				    ARRAY_SLOT, NR_PAGES + 1, 0);
	virt_map(x->vm, ARRAY_GPA, ARRAY_GPA, NR_PAGES + 1);
	if (lapic)
		TEST_ASSERT_EQ(xen_set_vcpu_vector(x->vcpu[0], XEN_VCPU_VECTOR), 0);
	else
		TEST_ASSERT_EQ(xen_set_vm_vector(x, XEN_VM_VECTOR), 0);
	TEST_ASSERT_EQ(xen_bind_ipi(x, PORT_2LEVEL, 0), 0);
	return x;
}

static void bench_2level(unsigned int lapic, const char *suffix)
{
	struct xen_vm *x = create(guest_2level, lapic);

	bench_table(x->vcpu[0], ops, ARRAY_SIZE(ops), IS_2LEVEL | lapic, suffix);
	xen_vm_free(x);
}

/* Ports beyond those of 2-level are there once the guest has FIFO. */
static void bench_fifo(unsigned int lapic, const char *suffix)
{
	struct xen_vm *x = create(guest_fifo, lapic);
	uint32_t i;

	bench_run(x->vcpu[0]);
	for (i = 1; i < NR_PORTS; i++) {
		if (i != PORT_2LEVEL)
			TEST_ASSERT_EQ(xen_bind_ipi(x, i, 0), 0);
	}

	bench_table(x->vcpu[0], ops, ARRAY_SIZE(ops), IS_FIFO | lapic, suffix);
	xen_vm_free(x);
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	bench_2level(0, "/vm-wide");
	bench_2level(BENCH_LAPIC, "/lapic");
	bench_fifo(0, "/vm-wide");
	bench_fifo(BENCH_LAPIC, "/lapic");
	return 0;
}
