// SPDX-License-Identifier: GPL-2.0
/*
 * What a VMM asks of KVM: an event sent by ioctl, ports bound and given up.
 * See bench.h.
 *
 * For what can sleep the clock is the time of the VMM's thread on the CPU, where
 * a nanosecond is an instruction as a tick of the TSC is: what the CPU does or
 * skips meanwhile is not part of it.
 */
#include <time.h>

#include "bench.h"

#define PORT		5u
#define FIRST_PORT	1u
#define NR_PORTS	(XEN_NR_PORTS_WIDE - FIRST_PORT)
#define PORT_ROUNDS	21

struct host_op {
	const char *name;
	unsigned int rounds;
	unsigned int each;		/* so many are done in one go */
	uint64_t (*clock)(void);
	void (*prepare)(struct xen_vm *x);
	void (*run)(struct xen_vm *x);
};

static uint64_t thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void prepare_nothing(struct xen_vm *x)
{
}

static void clear_event(struct xen_vm *x)
{
	*xen_upcall_pending(xen_vcpu_info(x, 0)) = 0;
	xen_take_sel(xen_vcpu_info(x, 0), true);
	xen_clear_pending(x->shinfo, PORT);
}

static void run_send(struct xen_vm *x)
{
	TEST_ASSERT_EQ(xen_send(x, PORT, 0), 0);
}

static void bind_ports(struct xen_vm *x)
{
	uint32_t port;

	for (port = FIRST_PORT; port < FIRST_PORT + NR_PORTS; port++)
		TEST_ASSERT_EQ(xen_bind_ipi(x, port, 0), 0);
}

static void reset_ports(struct xen_vm *x)
{
	TEST_ASSERT_EQ(xen_reset_ports(x), 0);
}

static void bind_again(struct xen_vm *x)
{
	reset_ports(x);
	bind_ports(x);
}

static const struct host_op ops[] = {
	{ "ioctl-send-sets-pending", BENCH_ROUNDS, 1, rdtsc, clear_event, run_send },
	{ "ioctl-send-all-pending", BENCH_ROUNDS, 1, rdtsc, prepare_nothing, run_send },
	{ "port-bind/of-4095", PORT_ROUNDS, NR_PORTS, thread_ns, reset_ports, bind_ports },
	{ "port-reset/of-4095", PORT_ROUNDS, NR_PORTS, thread_ns, bind_again, reset_ports },
};

static uint64_t sample(struct xen_vm *x, const struct host_op *op)
{
	uint64_t start;

	op->prepare(x);
	start = op->clock();
	op->run(x);
	return (op->clock() - start) / op->each;
}

static uint64_t marked_sample(struct xen_vm *x, const struct host_op *op)
{
	op->prepare(x);
	BENCH_MARK(1);
	op->run(x);
	BENCH_MARK(2);
	return 0;
}

static void measure(struct xen_vm *x, const struct host_op *op)
{
	bool marked = bench_wants(op->name, "");
	uint64_t samples[BENCH_ROUNDS];
	struct bench_result result;
	unsigned int i;

	for (i = 0; i < op->rounds; i++)
		samples[i] = marked ? marked_sample(x, op) : sample(x, op);
	if (marked)
		BENCH_MARK(3);

	bench_sort(samples, op->rounds);
	result = (struct bench_result) { samples[op->rounds / 2], samples[0] };
	bench_print(op->name, "", &result);
}

int main(int argc, char **argv)
{
	struct xen_vm *x = xen_vm_create(1, true, NULL);
	unsigned int i;

	bench_start(argc, argv);
	TEST_ASSERT_EQ(xen_set_vm_vector(x, XEN_VM_VECTOR), 0);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		measure(x, &ops[i]);
	xen_vm_free(x);
	return 0;
}
