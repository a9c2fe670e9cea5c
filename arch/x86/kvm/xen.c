// SPDX-License-Identifier: GPL-2.0
/*
 * Xen guests on KVM: life cycle, configuration, and where to read on.
 *
 * The units are in xen/, listed from the ground up in xen/internal.h.  An
 * event goes from a port (ports.c), the VMM or an irqfd (evtchn.c), through
 * the event channel ABI in use (events.h: events_2l.c over evtchn_2l.c, or
 * events_fifo.c over evtchn_fifo.c), to an upcall (upcall.c).  A hypercall goes
 * through hypercall.c, an attribute through attr.c.
 *
 * Locks, a lock being taken inside those it is indented under:
 *
 *   vcpu->mutex		what a vCPU's thread owns: timer, runstate, poll
 *     state.fifo_lock		pages, control blocks, the ABI in use
 *       kvm->srcu (read)	as below
 *     state.callback_lock	the method of upcalls that the VM, or a vCPU, has
 *       kvm->arch.xen.xen_lock	as below
 *     state.dynhc_lock		the table of dynamic hypercalls
 *       kvm->srcu (read)	as below
 *       registry_lock		handlers of other modules, and all their uses: of
 *				all VMs, so nothing is waited for under it
 *     kvm->srcu (read)		memslots, and what events are raised through
 *     kvm->arch.xen.xen_lock	configuration, attributes, changes of ports
 *       kvm->srcu (read)	for whoever maps a page under xen_lock
 *         gpc->refresh_lock	a mapping that is made; sleeps
 *         gpc->lock (read)	a page of the event array; interrupts off
 *           gpc->lock (read)	a control block
 *             evtchn_fifo_queue.lock  two by their addresses
 *               gpc->lock (try)	another page of the array
 *         gpc->lock (read)	any other mapping; interrupts off
 *           gpc->lock (read)	the second page of a runstate area only
 *
 * xen_lock is taken by vCPUs inside a read section of kvm->srcu, when they
 * write the hypercall MSR: synchronize_srcu() must not be called under it.  It
 * is called under fifo_lock, callback_lock and dynhc_lock, which are taken outside of
 * them.
 *
 * Locks of KVM's irqchips are taken by the driver of a line, see line.c, under
 * the line's own mutex, which is taken last of all that is above gpc->lock.
 *
 * Without locks: shared_info, vcpu_info and the event array, by locked
 * operations of the guest's own kind; long_mode, the vectors, the method of
 * upcalls, a port's target and its priority, one word each, read once per
 * operation; parked selections, atomics, see vcpu_info.c; poll_mask and its
 * counter, see poll.c; timer_pending, see timer.c.
 *
 * In hard interrupt context run hrtimer callbacks, which touch no guest page,
 * and events of irqfds, which take gpc->lock where it spins and are put off to
 * a worker where it sleeps.
 */
#include "xen/base/base.h"
#include "xen/dynhc/dynhc.h"
#include "xen/event/events_2l.h"
#include "xen/event/fifo_ctl.h"
#include "xen/event/pollers.h"
#include "xen/event/ports.h"
#include "xen/hypercall/poll.h"
#include "xen/time/timer.h"
#include "xen/upcall/callback.h"

#include <linux/moduleparam.h>

/* Other flags of the capability say what is there, and need not be set. */
#define PERMITTED_FLAGS	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |		\
			 KVM_XEN_HVM_CONFIG_EVTCHN_SEND |		\
			 KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE)

/*
 * Which VMs may use FIFO event channels: none, those whose VMM sets the flag,
 * or any where the kernel sends events, though their VMM knows nothing of it.
 * Holds for VMs that are configured from then on.
 */
static const char *const fifo_offers[] = {
	[XEN_FIFO_NOT_OFFERED]	= "off",
	[XEN_FIFO_BY_VMM]	= "vmm",
	[XEN_FIFO_ALWAYS]	= "always",
};

static int fifo_param = XEN_FIFO_BY_VMM;

static int set_fifo_param(const char *val, const struct kernel_param *kp)
{
	int offer = sysfs_match_string(fifo_offers, val);

	if (offer < 0)
		return offer;

	WRITE_ONCE(fifo_param, offer);
	return 0;
}

static int get_fifo_param(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", fifo_offers[READ_ONCE(fifo_param)]);
}

static const struct kernel_param_ops fifo_param_ops = {
	.set = set_fifo_param,
	.get = get_fifo_param,
};

module_param_cb(xen_fifo, &fifo_param_ops, NULL, 0644);
MODULE_PARM_DESC(xen_fifo, "FIFO event channels for Xen guests: off, vmm (default) or always");

/* What KVM_CAP_XEN_HVM reports, and the configuration takes, beyond Linux. */
u32 kvm_xen_added_caps(void)
{
	u32 caps = KVM_XEN_HVM_CONFIG_EVTCHN_ENUM |
		   KVM_XEN_HVM_CONFIG_CALLBACK |
		   KVM_XEN_HVM_CONFIG_DYNHC;

	if (READ_ONCE(fifo_param) != XEN_FIFO_NOT_OFFERED)
		caps |= KVM_XEN_HVM_CONFIG_EVTCHN_FIFO;
	return caps;
}

static enum xen_fifo_offer fifo_offer(u32 flags)
{
	const u32 needed = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
			   KVM_XEN_HVM_CONFIG_EVTCHN_SEND;

	if (flags & KVM_XEN_HVM_CONFIG_EVTCHN_FIFO)
		return XEN_FIFO_BY_VMM;
	if ((flags & needed) == needed &&
	    READ_ONCE(fifo_param) == XEN_FIFO_ALWAYS)
		return XEN_FIFO_ALWAYS;

	return XEN_FIFO_NOT_OFFERED;
}

/*
 * MSRs that CPUs leave to hypervisors.  KVM writes those of CPUs itself, as a vCPU is
 * reset, where no page of the guest may be touched.
 */
#define HYPERCALL_MSR_MIN	0x40000000u
#define HYPERCALL_MSR_MAX	0x4fffffffu

static bool is_hypercall_msr(u32 msr)
{
	return !msr || (msr >= HYPERCALL_MSR_MIN && msr <= HYPERCALL_MSR_MAX);
}

static bool has_blobs(const struct kvm_xen_hvm_config *xhc)
{
	return xhc->blob_addr_32 || xhc->blob_addr_64 ||
	       xhc->blob_size_32 || xhc->blob_size_64;
}

static bool counts(const struct kvm_xen_hvm_config *xhc)
{
	return xhc->msr || (xhc->flags & KVM_XEN_HVM_CONFIG_DYNHC);
}

static void count_vm(bool was, bool is)
{
	if (is && !was)
		static_branch_inc(&kvm_xen_enabled.key);
	else if (was && !is)
		static_branch_slow_dec_deferred(&kvm_xen_enabled);
}

/*
 * Whether a configuration without the flags in @lost would leave something behind that
 * neither the VMM nor the guest can reach any more.
 */
static bool is_in_use(struct kvm *kvm, u32 lost)
{
	const u32 for_fifo = KVM_XEN_HVM_CONFIG_EVTCHN_FIFO |
			     KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
			     KVM_XEN_HVM_CONFIG_EVTCHN_SEND;

	return ((lost & for_fifo) && xen_fifo_is_on(kvm)) ||
	       ((lost & KVM_XEN_HVM_CONFIG_CALLBACK) && xen_callback_has_lines(kvm)) ||
	       ((lost & KVM_XEN_HVM_CONFIG_DYNHC) && xen_dynhc_has_tokens(kvm));
}

/* Replace the configuration.  Returns 0, or -EBUSY and it is what it was. */
static int replace_config(struct kvm *kvm, const struct kvm_xen_hvm_config *xhc)
{
	struct kvm_xen_hvm_config *config = &kvm->arch.xen_hvm_config;

	/* So that nothing is made by the flags that are taken away. */
	guard(mutex)(&kvm->arch.xen.state.fifo_lock);
	guard(mutex)(&kvm->arch.xen.state.callback_lock);
	guard(mutex)(&kvm->arch.xen.state.dynhc_lock);
	guard(mutex)(&kvm->arch.xen.xen_lock);

	if (is_in_use(kvm, config->flags & ~xhc->flags))
		return -EBUSY;

	count_vm(counts(config), counts(xhc));
	*config = *xhc;
	WRITE_ONCE(kvm->arch.xen.state.fifo_offer, fifo_offer(xhc->flags));
	return 0;
}

/* KVM_XEN_HVM_CONFIG, may be repeated.  Returns 0, -EINVAL or -EBUSY. */
int kvm_xen_hvm_config(struct kvm *kvm, struct kvm_xen_hvm_config *xhc)
{
	u32 old = READ_ONCE(kvm->arch.xen_hvm_config.flags);
	int r;

	if (xhc->flags & ~(PERMITTED_FLAGS | kvm_xen_added_caps()))
		return -EINVAL;
	if (!is_hypercall_msr(xhc->msr))
		return -EINVAL;

	/* The kernel writes hypercall pages itself where it takes the calls. */
	if ((xhc->flags & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL) && has_blobs(xhc))
		return -EINVAL;

	r = replace_config(kvm, xhc);
	if (r)
		return r;

	if ((old ^ xhc->flags) & KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE)
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

	/* Either may be about to kick the vCPU, also one that was delivered. */
	hrtimer_cancel(&xen->timer);
	hrtimer_cancel(&xen->state.poll_timer);
	xen_fifo_destroy_vcpu(vcpu);

	kvm_gpc_deactivate(&xen->vcpu_info_cache);
	kvm_gpc_deactivate(&xen->vcpu_time_info_cache);
	kvm_gpc_deactivate(&xen->runstate_cache);
	kvm_gpc_deactivate(&xen->runstate2_cache);
}

void kvm_xen_init_vm(struct kvm *kvm)
{
	struct kvm_xen *xen = &kvm->arch.xen;

	mutex_init(&xen->xen_lock);
	mutex_init(&xen->state.fifo_lock);
	mutex_init(&xen->state.callback_lock);
	mutex_init(&xen->state.dynhc_lock);
	xen->state.evtchn_ops = &xen_2l_ops;
	xen->state.max_port = XEN_ABI_FIFO_NR_PORTS - 1;
	xen->state.first_offset = kvm->arch.kvmclock_offset;
	kvm_gpc_init(&xen->shinfo_cache, kvm);
}

void kvm_xen_destroy_vm(struct kvm *kvm)
{
	kvm_gpc_deactivate(&kvm->arch.xen.shinfo_cache);
	xen_ports_destroy(kvm);
	xen_dynhc_destroy(kvm);
	xen_fifo_destroy(kvm);
	count_vm(counts(&kvm->arch.xen_hvm_config), false);
}
