// SPDX-License-Identifier: GPL-2.0
/*
 * Xen guests on KVM: life cycle, configuration, and where to read on.
 *
 * The units are in xen/, listed from the ground up in xen/internal.h.  An
 * event goes from a port (ports.c), the VMM or an irqfd (evtchn.c), through
 * the event channel ABI (evtchn_core.h, evtchn_2l.c), to an upcall (upcall.c).
 * A hypercall goes through hypercall.c, an attribute through attr.c.
 *
 * Locks, a lock being taken inside those it is indented under:
 *
 *   vcpu->mutex		what a vCPU's thread owns: timer, runstate, poll
 *     kvm->srcu (read)		memslots, and every struct xen_port in use
 *     kvm->arch.xen.xen_lock	configuration, attributes, changes of ports
 *       kvm->srcu (read)	for whoever maps a page under xen_lock
 *         gpc->refresh_lock	a mapping that is made; sleeps
 *         gpc->lock (read)	a mapping that is used; interrupts off
 *           gpc->lock (read)	the second page of a runstate area only
 *
 * xen_lock is taken by vCPUs inside a read section of kvm->srcu, when they
 * write the hypercall MSR: synchronize_srcu() must not be called under it.
 *
 * Without locks: shared_info and vcpu_info themselves, by locked operations of
 * the guest's own kind; long_mode, the vectors and a port's target, one word
 * each, read once per operation; parked selections, atomics, see upcall.c;
 * poll_mask and its counter, see poll.c; timer_pending, see timer.c.
 *
 * In hard interrupt context run hrtimer callbacks, which touch no guest page,
 * and events of irqfds, which take gpc->lock where it spins and are put off to
 * a worker where it sleeps.
 */
#include "xen/internal.h"

#define CREATE_TRACE_POINTS
#include "xen/trace.h"

/* Counts VMs with a hypercall MSR: where there are none, hooks cost nothing. */
DEFINE_STATIC_KEY_DEFERRED_FALSE(kvm_xen_enabled, HZ);

/* Other flags of the capability say what is there, and need not be set. */
#define PERMITTED_FLAGS	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |		\
			 KVM_XEN_HVM_CONFIG_EVTCHN_SEND |		\
			 KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE |	\
			 KVM_XEN_ADDED_CAPS)

static bool has_blobs(const struct kvm_xen_hvm_config *xhc)
{
	return xhc->blob_addr_32 || xhc->blob_addr_64 ||
	       xhc->blob_size_32 || xhc->blob_size_64;
}

static void count_vm(bool was, bool is)
{
	if (is && !was)
		static_branch_inc(&kvm_xen_enabled.key);
	else if (was && !is)
		static_branch_slow_dec_deferred(&kvm_xen_enabled);
}

/* KVM_XEN_HVM_CONFIG, may be repeated.  Returns 0 or -EINVAL. */
int kvm_xen_hvm_config(struct kvm *kvm, struct kvm_xen_hvm_config *xhc)
{
	struct kvm_xen_hvm_config *config = &kvm->arch.xen_hvm_config;
	u32 changed;

	if (xhc->flags & ~PERMITTED_FLAGS)
		return -EINVAL;

	/* The kernel writes hypercall pages itself where it takes the calls. */
	if ((xhc->flags & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL) && has_blobs(xhc))
		return -EINVAL;

	scoped_guard(mutex, &kvm->arch.xen.xen_lock) {
		count_vm(config->msr, xhc->msr);
		changed = config->flags ^ xhc->flags;
		*config = *xhc;
	}

	if (changed & KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE)
		kvm_make_all_cpus_request(kvm, KVM_REQ_CLOCK_UPDATE);
	return 0;
}

void kvm_xen_init_vcpu(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	xen->vcpu_id = XEN_VCPU_ID_DEFAULT;
	hrtimer_init(&xen->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	xen->timer.function = xen_timer_fire;
	hrtimer_init(&xen->state.poll_timer, CLOCK_MONOTONIC,
		     HRTIMER_MODE_ABS_HARD);
	xen->state.poll_timer.function = xen_poll_timeout;

	kvm_gpc_init(&xen->vcpu_info_cache, vcpu->kvm);
	kvm_gpc_init(&xen->vcpu_time_info_cache, vcpu->kvm);
	kvm_gpc_init(&xen->runstate_cache, vcpu->kvm);
	kvm_gpc_init(&xen->runstate2_cache, vcpu->kvm);
}

void kvm_xen_destroy_vcpu(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	xen_timer_stop(vcpu);

	kvm_gpc_deactivate(&xen->vcpu_info_cache);
	kvm_gpc_deactivate(&xen->vcpu_time_info_cache);
	kvm_gpc_deactivate(&xen->runstate_cache);
	kvm_gpc_deactivate(&xen->runstate2_cache);
}

void kvm_xen_init_vm(struct kvm *kvm)
{
	struct kvm_xen *xen = &kvm->arch.xen;

	mutex_init(&xen->xen_lock);
	xen->state.evtchn_ops = &evtchn_2l_ops;
	kvm_gpc_init(&xen->shinfo_cache, kvm);
}

void kvm_xen_destroy_vm(struct kvm *kvm)
{
	kvm_gpc_deactivate(&kvm->arch.xen.shinfo_cache);
	xen_ports_destroy(kvm);
	count_vm(kvm->arch.xen_hvm_config.msr, false);
}
