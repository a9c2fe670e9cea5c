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
#define PORT_FIRST	1
#define PORT_LAST	(NR_PORTS - 2)
#define DEPTH		100000

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

struct fifo_bench {
	const char *name;
	bool fifo;
	uint32_t port;
	void (*prepare)(void);
	void (*run)(void);
};

static struct bench_result results[16];
static volatile uint32_t port;
static bool fifo;

static uint32_t *words(void)
{
	return (uint32_t *)ARRAY_GPA;
}

static void evtchn_op(uint64_t op, void *arg)
{
	int64_t r;

	asm volatile("" : : "r"(arg) : "memory");
	r = xen_guest_call(true, __HYPERVISOR_event_channel_op, op, (uintptr_t)arg, 0);
	GUEST_ASSERT_EQ(r, 0);
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

static void send(void)
{
	xen_guest_send(true, port);
}

static void send_once(void)
{
	consume();
	send();
}

static void next_port(void)
{
	port++;
}

static void prepare_unmask(void)
{
	consume();
	words()[port] = FIFO_PENDING | FIFO_MASKED;
}

static void unmask(void)
{
	uint32_t arg = port;

	evtchn_op(EVTCHN_UNMASK, &arg);
}

static const struct fifo_bench benches[] = {
	{ "2-level-send", false, PORT_2LEVEL, consume, send },
	{ "2-level-send-pending", false, PORT_2LEVEL, send_once, send },
	{ "fifo-send/first-port", true, PORT_FIRST, consume, send },
	{ "fifo-send/last-port", true, PORT_LAST, consume, send },
	{ "fifo-send-pending", true, PORT_FIRST, send_once, send },
	{ "fifo-unmask-pending", true, PORT_FIRST, prepare_unmask, unmask },
	{ "fifo-append/depth-1", true, 1, next_port, send },
	{ "fifo-append/depth-100000", true, DEPTH, next_port, send },
};

static void start_fifo(void)
{
	struct fifo_init init = { .gfn = CONTROL_GPA / PAGE_SIZE };
	uint64_t gfn;
	int i;

	evtchn_op(EVTCHN_INIT_CONTROL, &init);
	for (i = 0; i < NR_PAGES; i++) {
		gfn = ARRAY_GPA / PAGE_SIZE + i;
		evtchn_op(EVTCHN_EXPAND_ARRAY, &gfn);
	}
	fifo = true;
}

/* The events before the first that is measured. */
static void fill_queue(uint32_t depth)
{
	for (port = 1; port < depth; port++)
		send();
	send();
}

static void empty_queue(void)
{
	for (port = 1; port < NR_PORTS; port++)
		words()[port] = 0;
	port = 1;
	consume();
}

static void guest_code(void)
{
	const struct fifo_bench *bench;
	unsigned int i;

	asm volatile("cli");
	for (i = 0; i < ARRAY_SIZE(benches); i++) {
		bench = &benches[i];
		if (bench->fifo && !fifo) {
			start_fifo();
			GUEST_SYNC(0);
		}

		port = bench->port;
		if (bench->prepare == next_port)
			fill_queue(bench->port);
		results[i] = bench_measure(bench->prepare, bench->run);
		if (bench->prepare == next_port)
			empty_queue();
		else
			consume();
	}

	GUEST_DONE();
}

static struct xen_vm *create(void)
{
	struct xen_vm *x = xen_vm_create(1, true, guest_code);

	TEST_ASSERT_EQ(xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
				  KVM_XEN_HVM_CONFIG_EVTCHN_SEND |
				  KVM_XEN_HVM_CONFIG_EVTCHN_FIFO), 0);
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, ARRAY_GPA,
				    ARRAY_SLOT, NR_PAGES + 1, 0);
	virt_map(x->vm, ARRAY_GPA, ARRAY_GPA, NR_PAGES + 1);
	TEST_ASSERT_EQ(xen_set_vm_vector(x, XEN_VM_VECTOR), 0);
	TEST_ASSERT_EQ(xen_bind_ipi(x, PORT_2LEVEL, 0), 0);
	return x;
}

int main(void)
{
	struct xen_vm *x = create();
	unsigned int i;

	/* Ports beyond those of 2-level are there once the guest has FIFO. */
	bench_run(x->vcpu[0]);
	for (i = 1; i < NR_PORTS; i++) {
		if (i != PORT_2LEVEL)
			TEST_ASSERT_EQ(xen_bind_ipi(x, i, 0), 0);
	}

	bench_run(x->vcpu[0]);
	sync_global_from_guest(x->vm, results);
	for (i = 0; i < ARRAY_SIZE(benches); i++)
		bench_print(benches[i].name, "", &results[i]);

	xen_vm_free(x);
	return 0;
}
