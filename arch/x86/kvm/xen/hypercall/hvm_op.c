// SPDX-License-Identifier: GPL-2.0
/*
 * HVMOP_set_param of the callback, which determines who raises events, and
 * XENVER_version.
 *
 * Owns xen_version, one word, and state.by_line, which vCPU threads and a reset write as
 * one word.
 */
#include "xen/base/base.h"
#include "xen/event/fifo.h"
#include "xen/hypercall/completion.h"
#include "xen/hypercall/args.h"
#include "xen/hypercall/hvm_op.h"

#include <xen/interface/hvm/params.h>

static_assert(sizeof(struct xen_hvm_param) == 16);

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

static s64 hcall_version(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	return vcpu->kvm->arch.xen.xen_version ?: XEN_HCALL_TO_VMM;
}

const struct xen_hcall_op xen_version_ops[XEN_NR_VERSION_OPS] = {
	[XENVER_version]		= XEN_HCALL_ANYWHERE(hcall_version),
};

/* The type of a HVM_PARAM_CALLBACK_IRQ value is in the bits from this one on. */
#define CALLBACK_TYPE_SHIFT	56

static bool is_for_line(const struct xen_hvm_param *param)
{
	return param->value && param->value >> CALLBACK_TYPE_SHIFT !=
			       HVM_PARAM_CALLBACK_TYPE_VECTOR;
}

/* If the guest uses FIFO, it loses all events that the VMM raises by 2-level: warn. */
static void line_requested(struct kvm_vcpu *vcpu, const struct kvm_xen_completion *completion)
{
	struct kvm_vcpu *boot = xen_find_vcpu(vcpu->kvm, 0);

	WRITE_ONCE(vcpu->kvm->arch.xen.state.by_line, true);
	if (boot && xen_fifo_is_on(vcpu->kvm) && xen_fifo_is_bypassed(boot))
		pr_warn_ratelimited("kvm [%i]: Xen guest with FIFO event channels takes upcalls by a line: its VMM raises events by 2-level, which the guest will not see\n",
				    task_pid_nr(current));
}

static void vector_requested(struct kvm_vcpu *vcpu,
			     const struct kvm_xen_completion *completion)
{
	WRITE_ONCE(vcpu->kvm->arch.xen.state.by_line, false);
}

/*
 * The callback determines whether the VMM raises events itself: see
 * xen_fifo_is_bypassed().
 */
static s64 hcall_set_param(struct kvm_vcpu *vcpu,
			   const struct kvm_xen_hcall *hcall)
{
	struct xen_hvm_param param;

	if (vcpu->kvm->arch.xen.state.fifo_offer != XEN_FIFO_ALWAYS ||
	    xen_hcall_read_arg(vcpu, hcall, &param, sizeof(param)) ||
	    param.index != HVM_PARAM_CALLBACK_IRQ)
		return XEN_HCALL_TO_VMM;

	return xen_hcall_complete_after_vmm(vcpu, (struct kvm_xen_completion) {
		.complete = is_for_line(&param) ? line_requested : vector_requested,
	});
}

const struct xen_hcall_op xen_hvm_ops[XEN_NR_HVM_OPS] = {
	[HVMOP_set_param]		= XEN_HCALL_IN_LOOP(hcall_set_param),
};
