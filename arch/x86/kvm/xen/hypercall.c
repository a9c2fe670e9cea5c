// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls: what becomes of one.
 *
 * A call is decoded into a struct once.  A table says who answers it in the
 * kernel; all others, calls that an answerer passes on, and whatever comes
 * from CPL 1 to 3, exit to the VMM as KVM_EXIT_XEN.
 */
#include "internal.h"
#include "fifo.h"
#include "trace.h"
#include "../hyperv.h"
#include "../lapic.h"

#include <trace/events/kvm.h>
#include <xen/interface/xen.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/sched.h>
#include <xen/interface/vcpu.h>
#include <xen/interface/version.h>

#include "../trace.h"

/* Of EAX: a call for Hyper-V, where the guest has both. */
#define HYPERV_HCALL	BIT(31)

struct xen_hcall {
	u64 input;
	u64 params[6];
	bool longmode;
	u8 cpl;
};
static_assert(sizeof_field(struct xen_hcall, params) ==
	      sizeof_field(struct kvm_xen_exit, u.hcall.params));

/* One layout for both widths. */
static_assert(sizeof(struct evtchn_send) == sizeof(u32));
static_assert(sizeof(struct evtchn_unmask) == sizeof(u32));

typedef s64 (*xen_hcall_fn)(struct kvm_vcpu *vcpu,
			    const struct xen_hcall *hcall);

/* Read what the second argument points to.  Returns 0 or -EFAULT. */
static s64 read_arg(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall,
		    void *arg, u32 size)
{
	struct x86_exception e;

	return kvm_read_guest_virt(vcpu, hcall->params[1], arg, size, &e) ?
	       -EFAULT : 0;
}

/* The same for calls that are the VMM's unless it, or the host, offers FIFO. */
static s64 read_fifo_arg(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall,
			 void *arg, u32 size)
{
	if (!xen_fifo_is_offered(vcpu->kvm))
		return XEN_HCALL_TO_VMM;

	return read_arg(vcpu, hcall, arg, size);
}

static s64 hcall_version(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall)
{
	return vcpu->kvm->arch.xen.xen_version ?: XEN_HCALL_TO_VMM;
}

static s64 hcall_send(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall)
{
	struct evtchn_send send;

	if (read_arg(vcpu, hcall, &send, sizeof(send)))
		return -EFAULT;

	return xen_port_send(vcpu, send.port) ? 0 : XEN_HCALL_TO_VMM;
}

static struct kvm_vcpu *find_vcpu(struct kvm *kvm, u32 id)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (xen_vcpu_id(vcpu) == id)
			return vcpu;
	}

	return NULL;
}

/* What waits for other readers of kvm->srcu is called outside of it. */
static s64 init_control(struct kvm_vcpu *vcpu,
			const struct xen_abi_init_control *init)
{
	struct kvm_vcpu *target = find_vcpu(vcpu->kvm, init->vcpu);
	s64 r;

	if (!target)
		return -ENOENT;

	kvm_vcpu_srcu_read_unlock(vcpu);
	r = xen_fifo_init_control(target, init->control_gfn, init->offset);
	kvm_vcpu_srcu_read_lock(vcpu);
	return r;
}

static s64 hcall_init_control(struct kvm_vcpu *vcpu,
			      const struct xen_hcall *hcall)
{
	struct xen_abi_init_control init;
	struct x86_exception e;
	s64 r;

	r = read_fifo_arg(vcpu, hcall, &init, sizeof(init));
	if (!r)
		r = init_control(vcpu, &init);
	if (r)
		return r;

	init.link_bits = XEN_ABI_FIFO_LINK_BITS;
	if (kvm_write_guest_virt_system(vcpu, hcall->params[1], &init,
					sizeof(init), &e))
		return -EFAULT;
	return 0;
}

static s64 hcall_expand_array(struct kvm_vcpu *vcpu,
			      const struct xen_hcall *hcall)
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
			      const struct xen_hcall *hcall)
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
static s64 hcall_unmask(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall)
{
	struct kvm *kvm = vcpu->kvm;
	struct evtchn_unmask unmask;
	s64 r;

	if (!xen_fifo_is_on(kvm) &&
	    kvm->arch.xen.state.fifo_offer != XEN_FIFO_BY_VMM)
		return XEN_HCALL_TO_VMM;

	r = read_arg(vcpu, hcall, &unmask, sizeof(unmask));
	if (r)
		return r;

	r = xen_evtchn_unmask(kvm, xen_port_ipi_target(kvm, unmask.port),
			      unmask.port);
	if (r == -EBUSY)
		return XEN_HCALL_AGAIN;
	if (r == -ENODEV)
		return XEN_HCALL_TO_VMM;
	return min(r, 0);
}

/* Nothing of the port may be left once the VMM has closed it. */
static s64 hcall_close(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall)
{
	struct evtchn_close close;

	if (xen_fifo_is_on(vcpu->kvm) &&
	    !read_arg(vcpu, hcall, &close, sizeof(close)))
		vcpu->arch.xen.state.closing_port = close.port;
	return XEN_HCALL_TO_VMM;
}

/* The VMM closes the ports; it may not know that this ends FIFO, too. */
static s64 hcall_reset(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall)
{
	domid_t dom;

	if (!xen_fifo_is_on(vcpu->kvm) ||
	    read_arg(vcpu, hcall, &dom, sizeof(dom)) || dom != DOMID_SELF)
		return XEN_HCALL_TO_VMM;

	kvm_vcpu_srcu_read_unlock(vcpu);
	xen_fifo_reset_unknown(vcpu->kvm);
	kvm_vcpu_srcu_read_lock(vcpu);
	return XEN_HCALL_TO_VMM;
}

static s64 hcall_yield(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall)
{
	kvm_vcpu_on_spin(vcpu, true);
	return 0;
}

/* Without events sent by the kernel a poll can only try again later. */
static s64 hcall_poll(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall)
{
	if (!lapic_in_kernel(vcpu) ||
	    !(vcpu->kvm->arch.xen_hvm_config.flags &
	      KVM_XEN_HVM_CONFIG_EVTCHN_SEND))
		return hcall_yield(vcpu, hcall);

	return xen_hcall_poll(vcpu, hcall->longmode, hcall->params[1]);
}

/* Timers are the kernel's where the VMM gave the vCPU a port for them. */
static s64 check_singleshot(struct kvm_vcpu *vcpu,
			    const struct xen_hcall *hcall)
{
	if (!kvm_xen_timer_enabled(vcpu))
		return XEN_HCALL_TO_VMM;

	return (u32)hcall->params[1] == xen_vcpu_id(vcpu) ? 0 : -EINVAL;
}

static s64 hcall_set_singleshot(struct kvm_vcpu *vcpu,
				const struct xen_hcall *hcall)
{
	struct xen_abi_singleshot_timer timer;
	struct xen_deadline deadline;
	struct x86_exception e;
	struct xen_now now;
	s64 r;

	r = check_singleshot(vcpu, hcall);
	if (r)
		return r;

	/* A 64-bit guest owns the padding too: a fault there is a fault. */
	if (kvm_read_guest_virt(vcpu, hcall->params[2], &timer,
				hcall->longmode ? sizeof(timer) :
				offsetof(struct xen_abi_singleshot_timer, pad),
				&e))
		return -EFAULT;

	now = xen_now(vcpu);
	deadline = xen_deadline(timer.timeout_abs_ns, now.guest);
	if ((timer.flags & VCPU_SSHOTTMR_future) && deadline.delta < 0)
		return -ETIME;

	xen_timer_arm(vcpu, deadline, now.host);
	return 0;
}

static s64 hcall_stop_singleshot(struct kvm_vcpu *vcpu,
				 const struct xen_hcall *hcall)
{
	s64 r = check_singleshot(vcpu, hcall);

	if (!r)
		xen_timer_stop(vcpu);
	return r;
}

static s64 hcall_set_timer(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall)
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
	xen_timer_arm(vcpu, xen_deadline_set_timer_op(expires, now.guest),
		      now.host);
	return 0;
}

static const xen_hcall_fn version_ops[] = {
	[XENVER_version]		= hcall_version,
};

static const xen_hcall_fn event_channel_ops[] = {
	[EVTCHNOP_send]			= hcall_send,
	[EVTCHNOP_close]		= hcall_close,
	[EVTCHNOP_unmask]		= hcall_unmask,
	[EVTCHNOP_reset]		= hcall_reset,
	[EVTCHNOP_init_control]		= hcall_init_control,
	[EVTCHNOP_expand_array]		= hcall_expand_array,
	[EVTCHNOP_set_priority]		= hcall_set_priority,
};

static const xen_hcall_fn sched_ops[] = {
	[SCHEDOP_yield]			= hcall_yield,
	[SCHEDOP_poll]			= hcall_poll,
};

static const xen_hcall_fn vcpu_ops[] = {
	[VCPUOP_set_singleshot_timer]	= hcall_set_singleshot,
	[VCPUOP_stop_singleshot_timer]	= hcall_stop_singleshot,
};

/* Calls without a sub-operation have a table of one, whatever their argument. */
static const xen_hcall_fn timer_ops[] = {
	hcall_set_timer,
};

/* The sub-operation is an int and the first argument. */
static const struct xen_hcall_row {
	const xen_hcall_fn *ops;
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
#undef OPS
#undef PLAIN
};

static xen_hcall_fn find_handler(const struct xen_hcall *hcall)
{
	const struct xen_hcall_row *row;
	u64 nr = hcall->input;
	u32 op;

	if (nr >= ARRAY_SIZE(xen_hcalls))
		return NULL;

	row = &xen_hcalls[array_index_nospec(nr, ARRAY_SIZE(xen_hcalls))];
	op = row->plain ? 0 : hcall->params[0];
	if (op >= row->nr_ops)
		return NULL;

	return row->ops[array_index_nospec(op, row->nr_ops)];
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

static void decode_params(struct kvm_vcpu *vcpu, struct xen_hcall *hcall)
{
	u64 *params = hcall->params;

	hcall->cpl = kvm_x86_call(get_cpl)(vcpu);
	if (hcall->longmode)
		decode_wide(vcpu, params);
	else
		decode_narrow(vcpu, params);

	trace_kvm_xen_hypercall(hcall->cpl, hcall->input, params[0], params[1],
				params[2], params[3], params[4], params[5]);
}

static int complete_hcall(struct kvm_vcpu *vcpu, u64 result)
{
	kvm_rax_write(vcpu, result);
	return kvm_skip_emulated_instruction(vcpu);
}

/* A VMM that moved the vCPU elsewhere, to reset it say, wants no result. */
static int complete_exit(struct kvm_vcpu *vcpu)
{
	u64 result = vcpu->run->xen.u.hcall.result;
	u32 closed = vcpu->arch.xen.state.closing_port;

	vcpu->arch.xen.state.closing_port = 0;
	if (!kvm_is_linear_rip(vcpu, vcpu->arch.xen.hypercall_rip))
		return 1;

	if (closed && !result)
		xen_evtchn_closed(vcpu->kvm, closed);
	return complete_hcall(vcpu, result);
}

static int exit_to_vmm(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall)
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

static s64 run_handler(struct kvm_vcpu *vcpu, const struct xen_hcall *hcall)
{
	xen_hcall_fn handler;

	/* The few calls that Xen grants to user mode are the VMM's. */
	if (unlikely(hcall->cpl))
		return XEN_HCALL_TO_VMM;

	handler = find_handler(hcall);
	return handler ? handler(vcpu, hcall) : XEN_HCALL_TO_VMM;
}

/* Returns what exit handlers do: 1 to go on in the guest, 0 for the VMM. */
int kvm_xen_hypercall(struct kvm_vcpu *vcpu)
{
	struct xen_hcall hcall __uninitialized;
	s64 r;

	hcall.longmode = is_64_bit_hypercall(vcpu);
	hcall.input = kvm_rax_read(vcpu);
	if (!hcall.longmode)
		hcall.input = (u32)hcall.input;

	if ((hcall.input & HYPERV_HCALL) && kvm_hv_hypercall_enabled(vcpu))
		return kvm_hv_hypercall(vcpu);

	++vcpu->stat.xen_hypercalls;
	decode_params(vcpu, &hcall);
	r = run_handler(vcpu, &hcall);

	if (r == XEN_HCALL_AGAIN)
		return 1;
	if (r == XEN_HCALL_TO_VMM)
		return exit_to_vmm(vcpu, &hcall);

	trace_kvm_xen_hypercall_done(hcall.input, hcall.params[0], r);
	return complete_hcall(vcpu, r);
}
