// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes that set the method of upcalls: the vector and the line of a VM, and the
 * lines of its vCPUs.
 *
 * callback_lock serializes changes.  It is taken outside of xen_lock, because removing a
 * line has to wait for its users.  The old method is removed before the new one starts,
 * so that a new line on the same pin causes an edge.  In between, evtchn_upcall_pending
 * may be set without an upcall; after the change each vCPU's flag is checked.
 */
#include "xen/upcall/callback.h"
#include "xen/upcall/line.h"
#include "xen/upcall/upcall.h"

#include <linux/err.h>
#include <linux/nospec.h>

struct kind {
	bool line;
	bool vector;
};

static const struct kind kinds[] = {
	[KVM_XEN_CALLBACK_NONE] = {},
	[KVM_XEN_CALLBACK_GSI] = { .line = true },
	[KVM_XEN_CALLBACK_PCI_INTX] = { .line = true },
	[KVM_XEN_CALLBACK_VECTOR] = { .vector = true },
};

static const struct kind *kind_of(const struct kvm_xen_callback *callback)
{
	return &kinds[array_index_nospec(callback->type, ARRAY_SIZE(kinds))];
}

/* Fields that the type and the flags do not use must be zero. */
static bool has_strays(const struct kvm_xen_callback *callback)
{
	const struct kind *kind = kind_of(callback);
	bool eventfd = callback->flags & KVM_XEN_CALLBACK_EVENTFD;

	return (!kind->line && (callback->flags || callback->gsi)) ||
	       (!kind->vector && callback->vector) ||
	       (!eventfd && (callback->assert_fd || callback->resample_fd));
}

static bool is_valid(const struct kvm_xen_callback *callback)
{
	const u32 flags = KVM_XEN_CALLBACK_EVENTFD | KVM_XEN_CALLBACK_ASSERTED;

	if (callback->type >= ARRAY_SIZE(kinds) || has_strays(callback))
		return false;

	return !(callback->flags & ~flags) &&
	       callback->gsi < KVM_MAX_IRQ_ROUTES &&
	       kind_of(callback)->vector == !!callback->vector &&
	       !xen_is_bad_vector(callback->vector);
}

/* Returns the line for @callback, NULL if it has none, or ERR_PTR(). */
static struct xen_line *make_line(struct kvm *kvm, struct kvm_vcpu *vcpu,
				  const struct kvm_xen_callback *callback)
{
	if (!kind_of(callback)->line)
		return NULL;

	return xen_line_create(kvm, vcpu, callback);
}

/* Destroy a line that was unlinked, after a grace period for its users. */
static void end_line(struct kvm *kvm, struct xen_line *line)
{
	synchronize_srcu(&kvm->srcu);
	xen_line_destroy(line);
}

/* The VM */

/* Give the VM @line and @vector; returns its old line. */
static struct xen_line *replace_vm(struct kvm *kvm, struct xen_line *line,
				   u8 vector)
{
	struct kvm_xen_vm_state *state = &kvm->arch.xen.state;
	struct xen_line *old = state->line;

	guard(mutex)(&kvm->arch.xen.xen_lock);
	WRITE_ONCE(state->line, line);
	WRITE_ONCE(kvm->arch.xen.upcall_vector, vector);
	xen_upcall_choose_all(kvm);
	return old;
}

static void change_vm(struct kvm *kvm, struct xen_line *line, u8 vector)
{
	lockdep_assert_held(&kvm->arch.xen.state.callback_lock);

	if (kvm->arch.xen.state.line)
		end_line(kvm, replace_vm(kvm, NULL, 0));
	if (line)
		xen_line_start(line);
	replace_vm(kvm, line, vector);
	xen_upcall_sync_all(kvm);
}

static int set_callback(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	const struct kvm_xen_callback *callback = XEN_ATTR_ARG(data, *callback);
	struct xen_line *line;

	if (!is_valid(callback))
		return -EINVAL;

	guard(mutex)(&kvm->arch.xen.state.callback_lock);

	if (!xen_has_flag(kvm, KVM_XEN_HVM_CONFIG_CALLBACK))
		return -ENOENT;

	line = make_line(kvm, NULL, callback);
	if (IS_ERR(line))
		return PTR_ERR(line);

	change_vm(kvm, line, callback->vector);
	return 0;
}

static int set_vector(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	u8 vector = data->u.vector;

	if (xen_is_bad_vector(vector))
		return -EINVAL;

	guard(mutex)(&kvm->arch.xen.state.callback_lock);

	/* Removing a vector that is not set must not remove a line. */
	if (vector || !kvm->arch.xen.state.line)
		change_vm(kvm, NULL, vector);
	return 0;
}

static int get_vector(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	data->u.vector = kvm->arch.xen.upcall_vector;
	return 0;
}

const struct xen_vm_attr xen_vm_vector_attr = {
	.set = set_vector,
	.get = get_vector,
	.locks = true,
};

static struct kvm_xen_callback vm_callback(struct kvm *kvm)
{
	u8 vector = kvm->arch.xen.upcall_vector;

	if (kvm->arch.xen.state.line)
		return xen_line_callback(kvm->arch.xen.state.line);

	return (struct kvm_xen_callback) {
		.type = vector ? KVM_XEN_CALLBACK_VECTOR : KVM_XEN_CALLBACK_NONE,
		.vector = vector,
	};
}

static int get_callback(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_callback *callback = XEN_ATTR_ARG(data, *callback);

	guard(mutex)(&kvm->arch.xen.state.callback_lock);
	*callback = vm_callback(kvm);
	return 0;
}

const struct xen_vm_attr xen_callback_attr = {
	.set = set_callback,
	.get = get_callback,
	.config_flag = KVM_XEN_HVM_CONFIG_CALLBACK,
	.pad = XEN_ATTR_PAD(kvm_xen_callback, pad),
	.locks = true,
};

/* vCPUs: only lines owned by the VMM, since a pin serves one vCPU only */

static struct xen_line *replace_vcpu(struct kvm_vcpu *vcpu, struct xen_line *line)
{
	struct xen_line *old = vcpu->arch.xen.state.line;

	guard(mutex)(&vcpu->kvm->arch.xen.xen_lock);
	guard(srcu)(&vcpu->kvm->srcu);
	WRITE_ONCE(vcpu->arch.xen.state.line, line);
	xen_upcall_reevaluate(vcpu);
	return old;
}

static void change_vcpu(struct kvm_vcpu *vcpu, struct xen_line *line)
{
	lockdep_assert_held(&vcpu->kvm->arch.xen.state.callback_lock);

	if (vcpu->arch.xen.state.line)
		end_line(vcpu->kvm, replace_vcpu(vcpu, NULL));
	if (!line)
		return;

	xen_line_start(line);
	replace_vcpu(vcpu, line);
}

static bool is_valid_of_vcpu(const struct kvm_xen_callback *callback)
{
	return is_valid(callback) &&
	       (callback->type == KVM_XEN_CALLBACK_NONE ||
		(callback->type == KVM_XEN_CALLBACK_GSI &&
		 (callback->flags & KVM_XEN_CALLBACK_EVENTFD)));
}

static int set_vcpu_callback(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	const struct kvm_xen_callback *callback = XEN_ATTR_ARG(data, *callback);
	struct xen_line *line;

	if (!is_valid_of_vcpu(callback))
		return -EINVAL;

	guard(mutex)(&vcpu->kvm->arch.xen.state.callback_lock);

	if (!xen_has_flag(vcpu->kvm, KVM_XEN_HVM_CONFIG_CALLBACK))
		return -ENOENT;

	line = make_line(vcpu->kvm, vcpu, callback);
	if (IS_ERR(line))
		return PTR_ERR(line);

	change_vcpu(vcpu, line);
	return 0;
}

static int get_vcpu_callback(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	struct kvm_xen_callback *callback = XEN_ATTR_ARG(data, *callback);
	struct kvm_xen_vcpu_state *state = &vcpu->arch.xen.state;

	guard(mutex)(&vcpu->kvm->arch.xen.state.callback_lock);
	*callback = (struct kvm_xen_callback) {};
	if (state->line)
		*callback = xen_line_callback(state->line);
	return 0;
}

const struct xen_vcpu_attr xen_vcpu_callback_attr = {
	.set = set_vcpu_callback,
	.get = get_vcpu_callback,
	.config_flag = KVM_XEN_HVM_CONFIG_CALLBACK,
	.pad = XEN_ATTR_PAD(kvm_xen_callback, pad),
	.locks = true,
};

bool xen_callback_has_lines(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	lockdep_assert_held(&kvm->arch.xen.state.callback_lock);

	if (kvm->arch.xen.state.line)
		return true;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (vcpu->arch.xen.state.line)
			return true;
	}

	return false;
}

/*
 * The VM is being destroyed, and its irqchips are freed before the rest of the Xen state.
 * No vCPU runs and no irqfd is left, but the VMM may still write to an eventfd.
 */
void kvm_xen_stop(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	xen_line_destroy(kvm->arch.xen.state.line);
	kvm->arch.xen.state.line = NULL;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		xen_line_destroy(vcpu->arch.xen.state.line);
		vcpu->arch.xen.state.line = NULL;
	}
}
