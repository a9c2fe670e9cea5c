// SPDX-License-Identifier: GPL-2.0
/* Hypercalls that KVM answers in the exit fast path: see xen_fast.h. */
#include <string.h>

#include "test_util.h"
#include "xen_fast.h"

/* Modules built with FAST=n lack the parameter; stock ones lack all of ours. */
static bool is_built_without(void)
{
	return !xen_has_parameter("xen_fastpath") && xen_has_parameter("xen_fifo");
}

void xen_set_fastpath(bool on)
{
	if (!is_built_without())
		TEST_ASSERT_EQ(xen_write_parameter("xen_fastpath", on ? "Y" : "N"), 0);
}

const char *xen_no_fastpath(void)
{
	if (xen_host_is_rt())
		return "a kernel with PREEMPT_RT has no fast path";

	return is_built_without() ? "KVM was built with FAST=n, without the fast path" : NULL;
}

bool xen_has_fastpath(void)
{
	return !xen_no_fastpath();
}

void xen_require_fastpath(void)
{
	if (!xen_has_fastpath())
		ksft_exit_skip("%s\n", xen_no_fastpath());
}

uint64_t xen_fast_stat(int stats)
{
	return is_built_without() ? 0 : xen_stat(stats, "xen_fast_hypercalls");
}

/* Something to be kept, in registers of either width. */
static const struct kvm_regs patterns = {
	.rbx = 0x1b1b1b1b, .rcx = 0x1c1c1c1c, .rdx = 0x1d1d1d1d, .rsi = 0x15151515,
	.rdi = 0x1f1f1f1f, .rsp = 0x10101010, .rbp = 0x1a1a1a1a, .r8 = 0x08080808,
	.r9 = 0x09090909, .r10 = 0x0a0a0a0a, .r11 = 0x0b0b0b0b, .r12 = 0x0c0c0c0c,
	.r13 = 0x0d0d0d0d, .r14 = 0x0e0e0e0e, .r15 = 0x0f0f0f0f,
};

static bool is_kept(struct xen_stub *stub, struct kvm_regs before)
{
	before.rax = stub->regs.rax;
	before.rip = stub->regs.rip;
	before.rflags = xen_stub_flags(stub);
	return xen_stub_passed(stub, 3) &&
	       !memcmp(&before, &stub->regs, sizeof(before));
}

struct xen_fast_call xen_fast_call(struct xen_stub *stub, int stats,
				   const struct xen_hcall *call)
{
	uint64_t fast = xen_fast_stat(stats);
	uint64_t calls = xen_stat(stats, "xen_hypercalls");
	struct kvm_regs before;

	stub->regs = patterns;
	xen_stub_load(stub, call);
	before = stub->regs;
	if (xen_stub_hypercall(stub, xen_stub_native(), call) == KVM_EXIT_XEN) {
		stub->vcpu->run->xen.u.hcall.result = XEN_FAST_BY_VMM;
		xen_stub_resume(stub);
	}

	return (struct xen_fast_call) {
		.result = xen_stub_result(stub),
		.nr_fast = xen_fast_stat(stats) - fast,
		.nr_calls = xen_stat(stats, "xen_hypercalls") - calls,
		.kept = is_kept(stub, before),
	};
}
