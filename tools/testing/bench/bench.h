/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions per operation of a guest, counted by its own TSC.
 *
 * Meant for an emulator on which one instruction is one tick (-icount), where
 * the difference of two readings is what guest and hypervisor ran in between,
 * whatever else the machine does.  Each round is a sample of its own; median
 * and minimum are printed, as "bench NAME MEDIAN MINIMUM".  A mean would count
 * the host's timer ticks.
 *
 * A benchmark is a table of operations, which it measures once for each of its
 * conditions: a LAPIC that is enabled or not, a kind of VM, what the modules
 * have.
 */
#ifndef _XEN_BENCH_H
#define _XEN_BENCH_H

#include <string.h>
#include <sys/ioctl.h>

#include "apic.h"
#include "test_util.h"
#include "xen.h"

#define BENCH_ROUNDS	301
#define BENCH_MAX_OPS	32

/* Conditions; those from 1 << 8 on are a benchmark's own. */
#define BENCH_LAPIC	(1u << 0)	/* the guest has enabled its LAPIC */
#define BENCH_ADDITIONS	(1u << 1)	/* the modules have more than Linux */

/* A port of I/O space at which there is nothing. */
#define BENCH_NO_PORT	0x600

struct bench_op {
	const char *name;
	unsigned int needs;		/* conditions without which it is left out */
	void (*prepare)(void);		/* before each sample, not counted; may be NULL */
	int64_t (*run)(void);
	int64_t result;			/* of run(): a failed call is another one */
	void (*begin)(uint32_t arg);	/* before the first sample; may be NULL */
	uint32_t arg;
	void (*end)(void);		/* after the last; may be NULL */
};

struct bench_result {
	uint64_t median;
	uint64_t minimum;
};

static inline void bench_sort(uint64_t *samples, unsigned int nr)
{
	unsigned int i, j;
	uint64_t sample;

	for (i = 1; i < nr; i++) {
		sample = samples[i];
		for (j = i; j && samples[j - 1] > sample; j--)
			samples[j] = samples[j - 1];
		samples[j] = sample;
	}
}

/* Where guest and host meet: what holds, the one that is profiled, what came of it. */
static unsigned int bench_conditions;
static bool bench_profiles;
static const struct bench_op *bench_profiled;
static struct bench_result bench_results[BENCH_MAX_OPS];

/* What profile_plugin.c of the emulator knows the samples by. */
#define BENCH_MARK(nr)	asm volatile("nopl 0x6b787000 + " #nr "(%%rax)" : : : "memory")

static inline uint64_t bench_sample(const struct bench_op *op)
{
	uint64_t start, end;
	int64_t result;

	start = rdtsc();
	result = op->run();
	end = rdtsc();
	GUEST_ASSERT_EQ(result, op->result);
	return end - start;
}

static inline uint64_t bench_marked_sample(const struct bench_op *op)
{
	int64_t result;

	BENCH_MARK(1);
	result = op->run();
	BENCH_MARK(2);
	GUEST_ASSERT_EQ(result, op->result);
	return 0;
}

static inline struct bench_result bench_sample_all(const struct bench_op *op)
{
	static uint64_t samples[BENCH_ROUNDS];
	unsigned int i;

	for (i = 0; i < BENCH_ROUNDS; i++) {
		if (op->prepare)
			op->prepare();
		samples[i] = op == bench_profiled ? bench_marked_sample(op) : bench_sample(op);
	}
	if (op == bench_profiled)
		BENCH_MARK(3);

	bench_sort(samples, BENCH_ROUNDS);
	return (struct bench_result) { samples[BENCH_ROUNDS / 2], samples[0] };
}

static inline struct bench_result bench_measure(const struct bench_op *op)
{
	struct bench_result result;

	if (op->begin)
		op->begin(op->arg);
	result = bench_sample_all(op);
	if (op->end)
		op->end();
	return result;
}

static inline bool bench_applies(const struct bench_op *op)
{
	if (bench_profiles && op != bench_profiled)
		return false;
	return !(op->needs & ~bench_conditions);
}

/* In the guest. */
static inline void bench_measure_all(const struct bench_op *ops, unsigned int nr)
{
	unsigned int i;

	asm volatile("cli");
	if (bench_conditions & BENCH_LAPIC)
		x2apic_enable();

	for (i = 0; i < nr; i++) {
		if (bench_applies(&ops[i]))
			bench_results[i] = bench_measure(&ops[i]);
	}
}

static inline void bench_print(const char *name, const char *suffix,
			       const struct bench_result *r)
{
	printf("bench %s%s %lu %lu\n", name, suffix, r->median, r->minimum);
}

/* What a VMM emulates, as the cheapest one would: with 0. */
static inline bool bench_answer(struct kvm_run *run)
{
	if (run->exit_reason == KVM_EXIT_XEN) {
		run->xen.u.hcall.result = 0;
		return true;
	}
	if (run->exit_reason == KVM_EXIT_IO && run->io.port == BENCH_NO_PORT) {
		*(uint32_t *)((uint8_t *)run + run->io.data_offset) = 0;
		return true;
	}
	return false;
}

/* Run the guest to its GUEST_SYNC() or GUEST_DONE(). */
static inline void bench_run(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	do {
		TEST_ASSERT(!ioctl(vcpu->fd, KVM_RUN, NULL), "KVM_RUN: %d", errno);
	} while (bench_answer(vcpu->run));

	switch (get_ucall(vcpu, &uc)) {
	case UCALL_SYNC:
	case UCALL_DONE:
		return;
	case UCALL_ABORT:
		REPORT_GUEST_ASSERT(uc);
	default:
		TEST_FAIL("unexpected exit %u", vcpu->run->exit_reason);
	}
}

/* The program's argument is the operation that is to be profiled, and no other. */
static const char *bench_wanted = "";

static inline void bench_start(int argc, char **argv)
{
	if (argc > 1) {
		bench_wanted = argv[1];
		bench_profiles = true;
	}
}

static inline bool bench_wants(const char *name, const char *suffix)
{
	size_t len = strlen(name);

	return !strncmp(bench_wanted, name, len) && !strcmp(bench_wanted + len, suffix);
}

/* What is to be profiled of @ops, before the guest runs. */
static inline void bench_choose(struct kvm_vm *vm, const struct bench_op *ops, unsigned int nr,
				const char *suffix)
{
	unsigned int i;

	bench_profiled = NULL;
	for (i = 0; i < nr; i++) {
		if (bench_wants(ops[i].name, suffix))
			bench_profiled = &ops[i];
	}
	sync_global_to_guest(vm, bench_profiles);
	sync_global_to_guest(vm, bench_profiled);
}

/* Let the guest measure its table, and print what applied. */
static inline void bench_table(struct kvm_vcpu *vcpu, const struct bench_op *ops,
			       unsigned int nr, unsigned int conditions, const char *suffix)
{
	unsigned int i;

	TEST_ASSERT(nr <= BENCH_MAX_OPS, "%u operations", nr);
	bench_conditions = conditions;
	sync_global_to_guest(vcpu->vm, bench_conditions);
	bench_choose(vcpu->vm, ops, nr, suffix);
	bench_run(vcpu);
	sync_global_from_guest(vcpu->vm, bench_results);
	for (i = 0; i < nr; i++) {
		if (bench_applies(&ops[i]))
			bench_print(ops[i].name, suffix, &bench_results[i]);
	}
}

#endif /* _XEN_BENCH_H */
