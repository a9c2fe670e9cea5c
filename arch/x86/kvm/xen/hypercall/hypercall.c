// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls: decoding and dispatch.
 *
 * A call is decoded once, into a struct.  Tables contain the handlers of the calls that
 * KVM answers.  All other calls, those that a handler leaves to the VMM, and calls from
 * CPL 1 to 3, exit to the VMM as KVM_EXIT_XEN.  Owns state.hcall, used by the vCPU's
 * thread only.
 */
#include "xen/base/debug.h"
#include "xen/base/trace.h"
#include "xen/dynhc/targets.h"
#include "xen/hypercall/completion.h"
#include "xen/hypercall/event_channel_op.h"
#include "xen/hypercall/fastpath.h"
#include "xen/hypercall/hvm_op.h"
#include "xen/hypercall/sched_op.h"
#include "xen/hypercall/timer_op.h"

#include "hyperv.h"
#include "lapic.h"

#include <trace/events/kvm.h>

#include "trace.h"

static_assert(sizeof_field(struct kvm_xen_hcall, params) ==
	      sizeof_field(struct kvm_xen_exit, u.hcall.params));

/* Calls without sub-operations have a table of length one. */
static const struct xen_hcall_op dynhc_ops[] = {
	XEN_HCALL_ANYWHERE(xen_hcall_dynhc),
};

/* The sub-operation is an int, in the first argument. */
static const struct xen_hcall_row {
	const struct xen_hcall_op *ops;
	u8 nr_ops;
	bool plain;
} xen_hcalls[] = {
#define OPS(table)	{ .ops = table, .nr_ops = ARRAY_SIZE(table) }
#define PLAIN(table)	{ .ops = table, .nr_ops = 1, .plain = true }
	[__HYPERVISOR_set_timer_op]	= PLAIN(xen_timer_ops),
	[__HYPERVISOR_xen_version]	= OPS(xen_version_ops),
	[__HYPERVISOR_vcpu_op]		= OPS(xen_vcpu_ops),
	[__HYPERVISOR_sched_op]		= OPS(xen_sched_ops),
	[__HYPERVISOR_event_channel_op]	= OPS(xen_event_channel_ops),
	[__HYPERVISOR_hvm_op]		= OPS(xen_hvm_ops),
	[DYNHC_HYPERCALL]		= PLAIN(dynhc_ops),
#undef OPS
#undef PLAIN
};

static __always_inline const struct xen_hcall_op *
find_op(const struct kvm_xen_hcall *hcall)
{
	static const struct xen_hcall_op none;
	const struct xen_hcall_row *row;
	u64 nr = hcall->input;
	u32 op;

	/* The few calls that Xen allows in user mode are left to the VMM. */
	if (unlikely(hcall->cpl) && nr != DYNHC_HYPERCALL)
		return &none;
	if (nr >= ARRAY_SIZE(xen_hcalls))
		return &none;

	row = &xen_hcalls[array_index_nospec((u32)nr, ARRAY_SIZE(xen_hcalls))];
	op = row->plain ? 0 : hcall->params[0];
	if (op >= row->nr_ops)
		return &none;

	return &row->ops[array_index_nospec(op, row->nr_ops)];
}

static void decode_narrow(struct kvm_vcpu *vcpu, u64 *params)
{
	params[0] = kvm_ebx_read(vcpu);
	params[1] = kvm_ecx_read(vcpu);
	params[2] = kvm_edx_read(vcpu);
	params[3] = kvm_esi_read(vcpu);
	params[4] = kvm_edi_read(vcpu);
	params[5] = kvm_ebp_read(vcpu);
}

#ifdef CONFIG_X86_64
static void decode_wide(struct kvm_vcpu *vcpu, u64 *params)
{
	params[0] = kvm_rdi_read_raw(vcpu);
	params[1] = kvm_rsi_read_raw(vcpu);
	params[2] = kvm_rdx_read_raw(vcpu);
	params[3] = kvm_r10_read_raw(vcpu);
	params[4] = kvm_r8_read_raw(vcpu);
	params[5] = kvm_r9_read_raw(vcpu);
}
#else
#define decode_wide decode_narrow
#endif

/*
 * Decode the hypercall that the vCPU is making with privilege @cpl; @longmode: in 64-bit
 * code.
 */
static __always_inline void decode(struct kvm_vcpu *vcpu,
				   struct kvm_xen_hcall *hcall, bool longmode,
				   u8 cpl)
{
	hcall->longmode = longmode;
	hcall->input = longmode ? kvm_rax_read_raw(vcpu) : kvm_eax_read(vcpu);
	hcall->cpl = cpl;
	if (likely(hcall->longmode))
		decode_wide(vcpu, hcall->params);
	else
		decode_narrow(vcpu, hcall->params);

	hcall->op = find_op(hcall);
}

static __always_inline void trace_hcall(const struct kvm_xen_hcall *hcall)
{
	const u64 *params = hcall->params;

	trace_kvm_xen_hypercall(hcall->cpl, hcall->input, params[0], params[1],
				params[2], params[3], params[4], params[5]);
}

static int complete_hcall(struct kvm_vcpu *vcpu, u64 result)
{
	kvm_rax_write_raw(vcpu, result);
	return xen_skip(vcpu);
}

/* If the VMM has moved RIP, for example to reset the vCPU, drop the result. */
static int complete_exit(struct kvm_vcpu *vcpu)
{
	bool stays = kvm_is_linear_rip(vcpu, vcpu->arch.xen.hypercall_rip);
	u64 result = vcpu->run->xen.u.hcall.result;

	xen_hcall_run_completion(vcpu, stays && !result);
	return stays ? complete_hcall(vcpu, result) : 1;
}

static int exit_to_vmm(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_XEN;
	run->xen.type = KVM_EXIT_XEN_HCALL;
	run->xen.u.hcall.longmode = hcall->longmode;
	run->xen.u.hcall.cpl = hcall->cpl;
	run->xen.u.hcall.input = hcall->input;
	memcpy(run->xen.u.hcall.params, hcall->params, sizeof(hcall->params));

	++vcpu->stat.xen_hypercall_exits;
	vcpu->arch.xen.hypercall_rip = kvm_get_linear_rip(vcpu);
	vcpu->arch.complete_userspace_io = complete_exit;
	return 0;
}

/* Bit of EAX in calls for Hyper-V, if the guest has both interfaces. */
#define HYPERV_HCALL	BIT(31)

static bool is_for_hyperv(struct kvm_vcpu *vcpu, u64 input)
{
	return (input & HYPERV_HCALL) && kvm_hv_hypercall_enabled(vcpu);
}

/*
 * In 32-bit code EAX is half of Hyper-V's input, where the bit must be zero.  A call from
 * user mode ends in #UD, and must not change RAX.
 */
static int pass_to_hyperv(struct kvm_vcpu *vcpu,
			  const struct kvm_xen_hcall *hcall)
{
	if (!hcall->longmode && !hcall->cpl)
		kvm_rax_write_raw(vcpu, hcall->input & ~(u64)HYPERV_HCALL);
	return kvm_hv_hypercall(vcpu);
}

/*
 * Whether a hypercall is handled here in a VM with dynamic hypercalls and without Xen's.
 * All others are KVM's own, or Hyper-V's if they do not have Hyper-V's bit.
 */
bool __kvm_xen_takes_hypercall(struct kvm_vcpu *vcpu)
{
	u64 input = kvm_rax_read_raw(vcpu);

	if ((u32)input == DYNHC_HYPERCALL)
		return input == DYNHC_HYPERCALL || !is_64_bit_hypercall(vcpu);

	return is_for_hyperv(vcpu, input);
}

static noinline void decode_in_loop(struct kvm_vcpu *vcpu)
{
	decode(vcpu, &vcpu->arch.xen.state.hcall, is_64_bit_hypercall(vcpu),
	       kvm_x86_call(get_cpl)(vcpu));
}

/*
 * Whether a handler gave up on this call in the exit fast path, where it was traced
 * already.
 */
static bool is_begun(struct kvm_vcpu *vcpu)
{
	return xen_fast_has_decoded(vcpu) && vcpu->arch.xen.state.hcall.atomic;
}

/* The current call; decode it unless the exit fast path has done so. */
static const struct kvm_xen_hcall *take_hcall(struct kvm_vcpu *vcpu)
{
	struct kvm_xen_hcall *hcall = &vcpu->arch.xen.state.hcall;

	if (unlikely(!xen_fast_has_decoded(vcpu)))
		decode_in_loop(vcpu);

	xen_fast_set_decoded(vcpu, false);
	hcall->atomic = false;
	return hcall;
}

/* Returns as exit handlers do: 1 to reenter the guest, 0 to exit to the VMM. */
int kvm_xen_hypercall(struct kvm_vcpu *vcpu)
{
	bool is_traced = is_begun(vcpu);
	const struct kvm_xen_hcall *hcall = take_hcall(vcpu);
	xen_hcall_fn fn = hcall->op->fn;
	s64 r;

	if (is_for_hyperv(vcpu, hcall->input))
		return pass_to_hyperv(vcpu, hcall);

	++vcpu->stat.xen_hypercalls;
	if (!is_traced)
		trace_hcall(hcall);
	r = fn ? fn(vcpu, hcall) : XEN_HCALL_TO_VMM;

	if (r == XEN_HCALL_AGAIN)
		return 1;
	if (r == XEN_HCALL_TO_VMM)
		return exit_to_vmm(vcpu, hcall);

	trace_kvm_xen_hypercall_done(hcall->input, hcall->params[0], r);
	return complete_hcall(vcpu, r);
}

#ifdef CONFIG_KVM_XEN_FASTPATH
/*
 * Run a call's handler in the exit fast path, if it can run there.  Returns the result,
 * or XEN_HCALL_SLOW or another special value.
 */
static s64 call_atomic(struct kvm_vcpu *vcpu, struct kvm_xen_hcall *hcall)
{
	s64 r;

	hcall->atomic = hcall->op->atomic & xen_fast_is_on();
	if (!hcall->atomic)
		return XEN_HCALL_SLOW;

	trace_hcall(hcall);
	WRITE_ONCE(vcpu->arch.xen.state.in_fast_call, true);
	kvm_vcpu_srcu_read_lock(vcpu);
	r = hcall->op->fn(vcpu, hcall);
	kvm_vcpu_srcu_read_unlock(vcpu);
	WRITE_ONCE(vcpu->arch.xen.state.in_fast_call, false);
	return r;
}

/* Complete a call that was handled in the exit fast path. */
static fastpath_t complete_atomic(struct kvm_vcpu *vcpu,
				  const struct kvm_xen_hcall *hcall, s64 result)
{
	unsigned long rflags = kvm_x86_call(get_rflags)(vcpu);

	++vcpu->stat.xen_hypercalls;
	++vcpu->stat.xen_fast_hypercalls;
	trace_kvm_xen_hypercall_done(hcall->input, hcall->params[0], result);

	kvm_rax_write_raw(vcpu, result);
	if (unlikely(!xen_fast_skip(vcpu, rflags)))
		return EXIT_FASTPATH_EXIT_USERSPACE;

	xen_fast_inject(vcpu, rflags);
	return EXIT_FASTPATH_REENTER_GUEST;
}

/*
 * Handle a hypercall in the exit fast path, with interrupts off, and reenter the guest,
 * if no sleep is needed.  Otherwise kvm_xen_hypercall() handles it in the exit loop.  On
 * AMD the caller has updated CR3.
 */
fastpath_t kvm_xen_fast_hypercall(struct kvm_vcpu *vcpu)
{
	struct kvm_xen_hcall *hcall = &vcpu->arch.xen.state.hcall;
	int db, l;
	s64 r;

	xen_fast_set_decoded(vcpu, false);
	if (!xen_fast_is_possible(vcpu))
		return EXIT_FASTPATH_NONE;

	kvm_x86_call(get_cs_db_l_bits)(vcpu, &db, &l);
	decode(vcpu, hcall, l, kvm_x86_call(get_cpl)(vcpu));

	/* A handler that gives up has done nothing. */
	r = call_atomic(vcpu, hcall);
	if (xen_hcall_is_left(r)) {
		xen_debug_delay(loop);
		xen_fast_set_decoded(vcpu, true);
		return EXIT_FASTPATH_NONE;
	}

	return complete_atomic(vcpu, hcall, r);
}
#endif /* CONFIG_KVM_XEN_FASTPATH */
