/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions per operation of a guest, counted by its own TSC.
 *
 * Meant for an emulator on which one instruction is one tick (-icount), where
 * the difference of two readings is what guest and hypervisor ran in between,
 * whatever else the machine does.  Each round is a sample of its own; median
 * and minimum are printed, as "bench NAME MEDIAN MINIMUM".  A mean would count
 * the host's timer ticks.
 */
#ifndef _XEN_BENCH_H
#define _XEN_BENCH_H

#include "test_util.h"
#include "xen.h"

#define BENCH_ROUNDS	301

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

/* In the guest: @prepare goes before each sample, and is not counted. */
static inline struct bench_result bench_measure(void (*prepare)(void),
						void (*run)(void))
{
	static uint64_t samples[BENCH_ROUNDS];
	unsigned int i;
	uint64_t start;

	for (i = 0; i < BENCH_ROUNDS; i++) {
		prepare();
		start = rdtsc();
		run();
		samples[i] = rdtsc() - start;
	}

	bench_sort(samples, BENCH_ROUNDS);
	return (struct bench_result) { samples[BENCH_ROUNDS / 2], samples[0] };
}

static inline void bench_print(const char *name, const char *suffix,
			       const struct bench_result *r)
{
	printf("bench %s%s %lu %lu\n", name, suffix, r->median, r->minimum);
}

/*
 * Run the guest to its GUEST_SYNC() or GUEST_DONE(), and answer what is the VMM's with 0, as
 * the cheapest VMM would.
 */
static inline void bench_run(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	for (;;) {
		vcpu_run(vcpu);
		if (vcpu->run->exit_reason == KVM_EXIT_XEN) {
			vcpu->run->xen.u.hcall.result = 0;
			continue;
		}

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
}

#endif /* _XEN_BENCH_H */
