// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls: what becomes of one.
 *
 * A call is decoded into a struct once.  A table says who answers it in the
 * kernel; all others, calls that an answerer passes on, and whatever comes
 * from CPL 1 to 3, exit to the VMM as KVM_EXIT_XEN.
 */
#include "xen/base/debug.h"
#include "xen/base/trace.h"
#include "xen/dynhc/targets.h"
#include "xen/event/evtchn.h"
#include "xen/event/fifo_ctl.h"
#include "xen/event/ports.h"
#include "xen/hypercall/args.h"
#include "xen/hypercall/fast_memory.h"
#include "xen/hypercall/hypercall.h"
#include "xen/hypercall/fastpath.h"
#include "xen/hypercall/poll.h"
#include "xen/time/clock.h"
#include "xen/time/timer.h"
#include "hyperv.h"
#include "lapic.h"

#include <trace/events/kvm.h>
#include <xen/interface/xen.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/hvm/hvm_op.h>
#include <xen/interface/hvm/params.h>
#include <xen/interface/sched.h>
#include <xen/interface/vcpu.h>
#include <xen/interface/version.h>

#include "trace.h"

static_assert(sizeof_field(struct kvm_xen_hcall, params) ==
	      sizeof_field(struct kvm_xen_exit, u.hcall.params));

/* One layout for both widths. */
static_assert(sizeof(struct evtchn_send) == sizeof(u32));
static_assert(sizeof(struct evtchn_unmask) == sizeof(u32));
static_assert(sizeof(struct evtchn_close) == sizeof(u32));
static_assert(sizeof(struct xen_hvm_param) == 16);
static_assert(sizeof(struct evtchn_bind_vcpu) == 2 * sizeof(u32));

static noinline s64 read_in_loop(struct kvm_vcpu *vcpu, gva_t gva, void *arg,
				 u32 size)
{
	struct x86_exception e;

	return kvm_read_guest_virt(vcpu, gva, arg, size, &e) ? -EFAULT : 0;
}

s64 xen_hcall_read(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
		   gva_t gva, void *arg, u32 size)
{
	if (hcall->atomic)
		return xen_fast_read(vcpu, gva, arg, size) ? 0 : XEN_HCALL_SLOW;

	return read_in_loop(vcpu, gva, arg, size);
}

/* Read what the second argument points to.  Returns the same. */
static s64 read_arg(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
		    void *arg, u32 size)
{
	return xen_hcall_read(vcpu, hcall, hcall->params[1], arg, size);
}

static noinline s64 read_word_in_loop(struct kvm_vcpu *vcpu, gva_t gva)
{
	u32 word;
	s64 r = read_in_loop(vcpu, gva, &word, sizeof(word));

	return r ?: word;
}

/*
 * The same where it is one word, as it is for what guests do most: returns that, or
 * what is less than 0 in place of an error.
 */
static s64 read_word(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	gva_t gva = hcall->params[1];

	return hcall->atomic ? xen_fast_read_word(vcpu, gva) :
			       read_word_in_loop(vcpu, gva);
}

/* The same for calls that are the VMM's unless it, or the host, offers FIFO. */
static s64 read_fifo_arg(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
			 void *arg, u32 size)
{
	if (!xen_fifo_is_offered(vcpu->kvm))
		return XEN_HCALL_TO_VMM;

	return read_arg(vcpu, hcall, arg, size);
}

static s64 hcall_version(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	return vcpu->kvm->arch.xen.xen_version ?: XEN_HCALL_TO_VMM;
}

static int version_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	kvm->arch.xen.xen_version = data->u.xen_version;
	return 0;
}

static int version_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	data->u.xen_version = kvm->arch.xen.xen_version;
	return 0;
}

const struct xen_vm_attr xen_version_attr = {
	.set = version_set,
	.get = version_get,
};

static s64 hcall_send(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	s64 port = read_word(vcpu, hcall);

	return port < 0 ? port : xen_port_send(vcpu, port, hcall->atomic);
}

/* What waits for other readers of kvm->srcu is called outside of it. */
static s64 init_control(struct kvm_vcpu *vcpu, struct kvm_vcpu *target,
			const struct xen_abi_init_control *init)
{
	s64 r;

	kvm_vcpu_srcu_read_unlock(vcpu);
	r = xen_fifo_init_control(target, init->control_gfn, init->offset);
	kvm_vcpu_srcu_read_lock(vcpu);
	return r;
}

static s64 hcall_init_control(struct kvm_vcpu *vcpu,
			      const struct kvm_xen_hcall *hcall)
{
	struct xen_abi_init_control init;
	struct kvm_vcpu *target;
	struct x86_exception e;
	s64 r;

	r = read_fifo_arg(vcpu, hcall, &init, sizeof(init));
	if (r)
		return r;

	target = xen_find_vcpu(vcpu->kvm, init.vcpu);
	if (!target)
		return -ENOENT;
	if (xen_fifo_is_refused(target))
		return XEN_HCALL_TO_VMM;

	/* First, for a fault to leave all as it was. */
	init.link_bits = XEN_ABI_FIFO_LINK_BITS;
	if (kvm_write_guest_virt_system(vcpu, hcall->params[1], &init,
					sizeof(init), &e))
		return -EFAULT;

	return init_control(vcpu, target, &init);
}

static s64 hcall_expand_array(struct kvm_vcpu *vcpu,
			      const struct kvm_xen_hcall *hcall)
{
	struct xen_abi_expand_array expand;
	s64 r;

	r = read_fifo_arg(vcpu, hcall, &expand, sizeof(expand));
	if (r)
		return r;

	kvm_vcpu_srcu_read_unlock(vcpu);
	r = xen_fifo_expand_array(vcpu->kvm, expand.array_gfn);
	kvm_vcpu_srcu_read_lock(vcpu);
	return r;
}

static s64 hcall_set_priority(struct kvm_vcpu *vcpu,
			      const struct kvm_xen_hcall *hcall)
{
	struct xen_abi_set_priority set;
	s64 r;

	r = read_fifo_arg(vcpu, hcall, &set, sizeof(set));
	return r ?: xen_fifo_set_priority(vcpu->kvm, set.port, set.priority);
}

/*
 * A VMM that does not know of FIFO unmasks by 2-level itself.  Whom to tell is
 * known for IPIs, which are registered; by FIFO, of all that were raised once.
 */
static s64 hcall_unmask(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	struct kvm *kvm = vcpu->kvm;
	struct kvm_vcpu *target;
	s64 port;
	int r;

	if (!xen_fifo_is_on(kvm) &&
	    kvm->arch.xen.state.fifo_offer != XEN_FIFO_BY_VMM)
		return XEN_HCALL_TO_VMM;

	port = read_word(vcpu, hcall);
	if (port < 0)
		return port;

	target = xen_port_ipi_target(kvm, port, hcall->atomic);
	if (IS_ERR(target))
		return XEN_HCALL_SLOW;

	r = xen_evtchn_unmask(kvm, target, port, hcall->atomic);
	if (r == -EWOULDBLOCK)
		return XEN_HCALL_SLOW;
	if (r == -EBUSY)
		return XEN_HCALL_AGAIN;
	if (r == -ENODEV)
		return XEN_HCALL_TO_VMM;
	return min(r, 0);
}

/* Leave the call to the VMM, and let @asked follow where it answers 0. */
static s64 ask_vmm(struct kvm_vcpu *vcpu, struct kvm_xen_asked asked)
{
	vcpu->arch.xen.state.asked = asked;
	return XEN_HCALL_TO_VMM;
}

static void closed(struct kvm_vcpu *vcpu, const struct kvm_xen_asked *asked)
{
	xen_evtchn_closed(vcpu->kvm, asked->port);
}

/* Nothing of the port may be left once the VMM has closed it. */
static s64 hcall_close(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	s64 port;

	if (!xen_fifo_is_on(vcpu->kvm))
		return XEN_HCALL_TO_VMM;

	port = read_word(vcpu, hcall);
	if (port < 0)
		return XEN_HCALL_TO_VMM;

	return ask_vmm(vcpu, (struct kvm_xen_asked) {
		.follow = closed,
		.port = port,
	});
}

static void bound(struct kvm_vcpu *vcpu, const struct kvm_xen_asked *asked)
{
	struct kvm_vcpu *target = xen_find_vcpu(vcpu->kvm, asked->vcpu);

	if (target)
		xen_evtchn_bound(vcpu->kvm, target, asked->port);
}

/* What is pending follows the port, even where the VMM knows nothing of FIFO. */
static s64 hcall_bind_vcpu(struct kvm_vcpu *vcpu,
			   const struct kvm_xen_hcall *hcall)
{
	struct evtchn_bind_vcpu bind;

	if (!xen_fifo_is_on(vcpu->kvm) ||
	    read_arg(vcpu, hcall, &bind, sizeof(bind)))
		return XEN_HCALL_TO_VMM;

	return ask_vmm(vcpu, (struct kvm_xen_asked) {
		.follow = bound,
		.port = bind.port,
		.vcpu = bind.vcpu,
	});
}

static void was_reset(struct kvm_vcpu *vcpu, const struct kvm_xen_asked *asked)
{
	kvm_vcpu_srcu_read_unlock(vcpu);
	xen_fifo_reset_unknown(vcpu->kvm);
	kvm_vcpu_srcu_read_lock(vcpu);
}

/*
 * The VMM closes the ports; it may not know that this ends FIFO, too.  Whose ports
 * is for it to tell: no guest gets 0 for those of another.
 */
static s64 hcall_reset(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	if (!xen_fifo_is_on(vcpu->kvm))
		return XEN_HCALL_TO_VMM;

	return ask_vmm(vcpu, (struct kvm_xen_asked) { .follow = was_reset });
}

/* Of HVM_PARAM_CALLBACK_IRQ: the type is above. */
#define CALLBACK_TYPE_SHIFT	56

static bool is_for_line(const struct xen_hvm_param *param)
{
	return param->value && param->value >> CALLBACK_TYPE_SHIFT !=
			       HVM_PARAM_CALLBACK_TYPE_VECTOR;
}

/* All of its events but those of the kernel are lost where the guest uses FIFO. */
static void line_asked_for(struct kvm_vcpu *vcpu, const struct kvm_xen_asked *asked)
{
	struct kvm_vcpu *boot = xen_find_vcpu(vcpu->kvm, 0);

	WRITE_ONCE(vcpu->kvm->arch.xen.state.by_line, true);
	if (boot && xen_fifo_is_on(vcpu->kvm) && xen_fifo_is_bypassed(boot))
		pr_warn_ratelimited("kvm [%i]: Xen guest with FIFO event channels takes upcalls by a line: its VMM raises events by 2-level, which the guest will not see\n",
				    task_pid_nr(current));
}

static void vector_asked_for(struct kvm_vcpu *vcpu,
			     const struct kvm_xen_asked *asked)
{
	WRITE_ONCE(vcpu->kvm->arch.xen.state.by_line, false);
}

/* How the guest wants its upcalls says who raises events: see xen_fifo_is_bypassed(). */
static s64 hcall_set_param(struct kvm_vcpu *vcpu,
			   const struct kvm_xen_hcall *hcall)
{
	struct xen_hvm_param param;

	if (vcpu->kvm->arch.xen.state.fifo_offer != XEN_FIFO_ALWAYS ||
	    read_arg(vcpu, hcall, &param, sizeof(param)) ||
	    param.index != HVM_PARAM_CALLBACK_IRQ)
		return XEN_HCALL_TO_VMM;

	return ask_vmm(vcpu, (struct kvm_xen_asked) {
		.follow = is_for_line(&param) ? line_asked_for : vector_asked_for,
	});
}

/* As many vCPUs are looked at with interrupts off. */
#define YIELD_FEW	8

/*
 * Whether no other vCPU waits for a CPU, so that a yield has nobody to go to; not
 * known of more than a few.
 */
static bool nobody_waits(struct kvm_vcpu *me)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	if (atomic_read(&me->kvm->online_vcpus) > YIELD_FEW)
		return false;

	kvm_for_each_vcpu(i, vcpu, me->kvm) {
		if (vcpu != me && READ_ONCE(vcpu->ready))
			return false;
	}

	return true;
}

static s64 hcall_yield(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	if (hcall->atomic)
		return nobody_waits(vcpu) ? 0 : XEN_HCALL_SLOW;

	kvm_vcpu_on_spin(vcpu, true);
	return 0;
}

/* Without events sent by the kernel a poll can only try again later. */
static s64 hcall_poll(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	if (!lapic_in_kernel(vcpu) ||
	    !(vcpu->kvm->arch.xen_hvm_config.flags &
	      KVM_XEN_HVM_CONFIG_EVTCHN_SEND))
		return hcall_yield(vcpu, hcall);

	return xen_hcall_poll(vcpu, hcall);
}

/* Timers are the kernel's where the VMM gave the vCPU a port for them. */
static s64 check_singleshot(struct kvm_vcpu *vcpu,
			    const struct kvm_xen_hcall *hcall)
{
	if (!kvm_xen_timer_enabled(vcpu))
		return XEN_HCALL_TO_VMM;

	return (u32)hcall->params[1] == xen_vcpu_id(vcpu) ? 0 : -EINVAL;
}

/* What has passed is raised at once, which may have to wait for a page. */
static s64 arm_timer(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
		     struct xen_deadline deadline, s64 host_now)
{
	if (hcall->atomic && deadline.delta <= 0)
		return XEN_HCALL_SLOW;

	xen_timer_arm(vcpu, deadline, host_now);
	return 0;
}

static s64 hcall_set_singleshot(struct kvm_vcpu *vcpu,
				const struct kvm_xen_hcall *hcall)
{
	struct xen_abi_singleshot_timer timer;
	struct xen_deadline deadline;
	struct xen_now now;
	s64 r;

	r = check_singleshot(vcpu, hcall);
	if (r)
		return r;

	/* A 64-bit guest owns the padding too: a fault there is a fault. */
	r = xen_hcall_read(vcpu, hcall, hcall->params[2], &timer,
			   hcall->longmode ? sizeof(timer) :
			   offsetof(struct xen_abi_singleshot_timer, pad));
	if (r)
		return r;

	now = xen_now(vcpu);
	deadline = xen_deadline(timer.timeout_abs_ns, now.guest);
	if ((timer.flags & VCPU_SSHOTTMR_future) && deadline.delta < 0)
		return -ETIME;

	return arm_timer(vcpu, hcall, deadline, now.host);
}

static s64 hcall_stop_singleshot(struct kvm_vcpu *vcpu,
				 const struct kvm_xen_hcall *hcall)
{
	s64 r = check_singleshot(vcpu, hcall);

	if (!r)
		xen_timer_stop(vcpu);
	return r;
}

static s64 hcall_set_timer(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	u64 expires = hcall->params[0];
	struct xen_now now;

	if (!kvm_xen_timer_enabled(vcpu))
		return XEN_HCALL_TO_VMM;

	if (!hcall->longmode)
		expires |= hcall->params[1] << 32;

	if (!expires) {
		xen_timer_stop(vcpu);
		return 0;
	}

	now = xen_now(vcpu);
	return arm_timer(vcpu, hcall,
			 xen_deadline_set_timer_op(expires, now.guest),
			 now.host);
}

/* Who answers a call, and whether also right behind the exit. */
struct xen_hcall_op {
	xen_hcall_fn fn;
	bool atomic;
};

#define ANYWHERE(handler)	{ .fn = handler, .atomic = true }
#define IN_LOOP(handler)	{ .fn = handler }

static const struct xen_hcall_op version_ops[] = {
	[XENVER_version]		= ANYWHERE(hcall_version),
};

static const struct xen_hcall_op event_channel_ops[] = {
	[EVTCHNOP_send]			= ANYWHERE(hcall_send),
	[EVTCHNOP_close]		= IN_LOOP(hcall_close),
	[EVTCHNOP_bind_vcpu]		= IN_LOOP(hcall_bind_vcpu),
	[EVTCHNOP_unmask]		= ANYWHERE(hcall_unmask),
	[EVTCHNOP_reset]		= IN_LOOP(hcall_reset),
	[EVTCHNOP_init_control]		= IN_LOOP(hcall_init_control),
	[EVTCHNOP_expand_array]		= IN_LOOP(hcall_expand_array),
	[EVTCHNOP_set_priority]		= IN_LOOP(hcall_set_priority),
};

static const struct xen_hcall_op sched_ops[] = {
	[SCHEDOP_yield]			= ANYWHERE(hcall_yield),
	[SCHEDOP_poll]			= ANYWHERE(hcall_poll),
};

static const struct xen_hcall_op vcpu_ops[] = {
	[VCPUOP_set_singleshot_timer]	= ANYWHERE(hcall_set_singleshot),
	[VCPUOP_stop_singleshot_timer]	= ANYWHERE(hcall_stop_singleshot),
};

static const struct xen_hcall_op hvm_ops[] = {
	[HVMOP_set_param]		= IN_LOOP(hcall_set_param),
};

/* Calls without a sub-operation have a table of one, whatever their argument. */
static const struct xen_hcall_op timer_ops[] = {
	ANYWHERE(hcall_set_timer),
};

static const struct xen_hcall_op dynhc_ops[] = {
	ANYWHERE(xen_hcall_dynhc),
};

/* The sub-operation is an int and the first argument. */
static const struct xen_hcall_row {
	const struct xen_hcall_op *ops;
	u8 nr_ops;
	bool plain;
} xen_hcalls[] = {
#define OPS(table)	{ .ops = table, .nr_ops = ARRAY_SIZE(table) }
#define PLAIN(table)	{ .ops = table, .nr_ops = 1, .plain = true }
	[__HYPERVISOR_set_timer_op]	= PLAIN(timer_ops),
	[__HYPERVISOR_xen_version]	= OPS(version_ops),
	[__HYPERVISOR_vcpu_op]		= OPS(vcpu_ops),
	[__HYPERVISOR_sched_op]		= OPS(sched_ops),
	[__HYPERVISOR_event_channel_op]	= OPS(event_channel_ops),
	[__HYPERVISOR_hvm_op]		= OPS(hvm_ops),
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

	/* The few calls that Xen grants to user mode are the VMM's. */
	if (unlikely(hcall->cpl) && nr != DYNHC_HYPERCALL)
		return &none;
	if (nr >= ARRAY_SIZE(xen_hcalls))
		return &none;

	row = &xen_hcalls[array_index_nospec(nr, ARRAY_SIZE(xen_hcalls))];
	op = row->plain ? 0 : hcall->params[0];
	if (op >= row->nr_ops)
		return &none;

	return &row->ops[array_index_nospec(op, row->nr_ops)];
}

static void decode_narrow(struct kvm_vcpu *vcpu, u64 *params)
{
	params[0] = (u32)kvm_rbx_read(vcpu);
	params[1] = (u32)kvm_rcx_read(vcpu);
	params[2] = (u32)kvm_rdx_read(vcpu);
	params[3] = (u32)kvm_rsi_read(vcpu);
	params[4] = (u32)kvm_rdi_read(vcpu);
	params[5] = (u32)kvm_rbp_read(vcpu);
}

#ifdef CONFIG_X86_64
static void decode_wide(struct kvm_vcpu *vcpu, u64 *params)
{
	params[0] = kvm_rdi_read(vcpu);
	params[1] = kvm_rsi_read(vcpu);
	params[2] = kvm_rdx_read(vcpu);
	params[3] = kvm_r10_read(vcpu);
	params[4] = kvm_r8_read(vcpu);
	params[5] = kvm_r9_read(vcpu);
}
#else
#define decode_wide decode_narrow
#endif

/* Decode the call that the vCPU makes, in 64-bit code or not, with privilege @cpl. */
static __always_inline void decode(struct kvm_vcpu *vcpu,
				   struct kvm_xen_hcall *hcall, bool longmode,
				   u8 cpl)
{
	hcall->longmode = longmode;
	hcall->input = kvm_rax_read(vcpu);
	if (!hcall->longmode)
		hcall->input = (u32)hcall->input;

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
	kvm_rax_write(vcpu, result);
	return xen_skip(vcpu);
}

/* Do the kernel's part of a call that the VMM has answered, if @done. */
static noinline void follow_answer(struct kvm_vcpu *vcpu, bool done)
{
	struct kvm_xen_asked asked = vcpu->arch.xen.state.asked;

	vcpu->arch.xen.state.asked.follow = NULL;
	if (done)
		asked.follow(vcpu, &asked);
}

/* A VMM that moved the vCPU elsewhere, to reset it say, wants no result. */
static int complete_exit(struct kvm_vcpu *vcpu)
{
	bool stays = kvm_is_linear_rip(vcpu, vcpu->arch.xen.hypercall_rip);
	u64 result = vcpu->run->xen.u.hcall.result;

	if (unlikely(vcpu->arch.xen.state.asked.follow))
		follow_answer(vcpu, stays && !result);
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

/* Of EAX: a call for Hyper-V, where the guest has both. */
#define HYPERV_HCALL	BIT(31)

static bool is_for_hyperv(struct kvm_vcpu *vcpu, u64 input)
{
	return (input & HYPERV_HCALL) && kvm_hv_hypercall_enabled(vcpu);
}

/*
 * EAX is half of its input in 32-bit code, where the bit has to be zero.  A call
 * from a program ends in #UD, and must leave RAX as it is.
 */
static int pass_to_hyperv(struct kvm_vcpu *vcpu,
			  const struct kvm_xen_hcall *hcall)
{
	if (!hcall->longmode && !hcall->cpl)
		kvm_rax_write(vcpu, hcall->input & ~(u64)HYPERV_HCALL);
	return kvm_hv_hypercall(vcpu);
}

/*
 * Whether a call in a VM that has dynamic hypercalls, but whose other calls are
 * not Xen's, comes here.  All else is Hyper-V's, as far as it is not told apart by
 * the bit, or KVM's own.
 */
bool __kvm_xen_takes_hypercall(struct kvm_vcpu *vcpu)
{
	u64 input = kvm_rax_read(vcpu);

	if ((u32)input == DYNHC_HYPERCALL)
		return input == DYNHC_HYPERCALL || !is_64_bit_hypercall(vcpu);

	return is_for_hyperv(vcpu, input);
}

static noinline void decode_in_loop(struct kvm_vcpu *vcpu)
{
	decode(vcpu, &vcpu->arch.xen.state.hcall, is_64_bit_hypercall(vcpu),
	       kvm_x86_call(get_cpl)(vcpu));
}

/* Whether a handler gave up on the call right behind the exit: it is traced then. */
static bool is_begun(struct kvm_vcpu *vcpu)
{
	const struct kvm_xen_vcpu_state *state = &vcpu->arch.xen.state;

	return state->decoded && state->hcall.atomic;
}

/* The call that is being made; decoded right behind the exit, or now. */
static const struct kvm_xen_hcall *take_hcall(struct kvm_vcpu *vcpu)
{
	struct kvm_xen_hcall *hcall = &vcpu->arch.xen.state.hcall;

	if (unlikely(!vcpu->arch.xen.state.decoded))
		decode_in_loop(vcpu);

	vcpu->arch.xen.state.decoded = false;
	hcall->atomic = false;
	return hcall;
}

/* Returns what exit handlers do: 1 to go on in the guest, 0 for the VMM. */
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

/*
 * Answer a call in a context that must not wait, if its handler can: the result, or
 * XEN_HCALL_SLOW and its like.  Says in @due whether the caller has an upcall by it.
 */
static s64 call_atomic(struct kvm_vcpu *vcpu, struct kvm_xen_hcall *hcall,
		       bool *due)
{
	s64 r;

	hcall->atomic = hcall->op->atomic & xen_fast_is_on();
	if (!hcall->atomic)
		return XEN_HCALL_SLOW;

	trace_hcall(hcall);
	xen_fast_begin(vcpu);
	kvm_vcpu_srcu_read_lock(vcpu);
	r = hcall->op->fn(vcpu, hcall);
	kvm_vcpu_srcu_read_unlock(vcpu);
	*due = xen_fast_end(vcpu);
	return r;
}

/* What follows a call that was answered. */
static fastpath_t complete_atomic(struct kvm_vcpu *vcpu,
				  const struct kvm_xen_hcall *hcall, s64 result,
				  bool due, unsigned long rflags)
{
	++vcpu->stat.xen_hypercalls;
	++vcpu->stat.xen_fast_hypercalls;
	trace_kvm_xen_hypercall_done(hcall->input, hcall->params[0], result);

	kvm_rax_write(vcpu, result);
	if (likely(xen_fast_skip(vcpu, rflags))) {
		xen_fast_settle(vcpu, due, rflags);
		return EXIT_FASTPATH_REENTER_GUEST;
	}

	if (due)
		xen_kick(vcpu);
	return EXIT_FASTPATH_EXIT_USERSPACE;
}

/*
 * A hypercall right behind the exit that it made, with interrupts off: answer it
 * and enter the guest again, if that takes no waiting.  If not, kvm_xen_hypercall()
 * follows in the exit loop.  @cpl and @rflags are the guest's.  On AMD the caller has
 * brought CR3 up to date.  It has made sure of kvm_xen_hypercall_enabled().
 */
fastpath_t kvm_xen_fast_hypercall(struct kvm_vcpu *vcpu, bool in_64_bit_code,
				  u8 cpl, unsigned long rflags)
{
	struct kvm_xen_hcall *hcall = &vcpu->arch.xen.state.hcall;
	bool due;
	s64 r;

	vcpu->arch.xen.state.decoded = false;
	if (!kvm_xen_takes_hypercall(vcpu) || !xen_fast_is_possible(vcpu))
		return EXIT_FASTPATH_NONE;

	decode(vcpu, hcall, in_64_bit_code, cpl);

	/* What a handler gives up on it did not begin: nothing is due. */
	r = call_atomic(vcpu, hcall, &due);
	if (xen_hcall_is_left(r)) {
		xen_debug_delay(loop);
		vcpu->arch.xen.state.decoded = true;
		return EXIT_FASTPATH_NONE;
	}

	return complete_atomic(vcpu, hcall, r, due, rflags);
}
EXPORT_SYMBOL_GPL(kvm_xen_fast_hypercall);
