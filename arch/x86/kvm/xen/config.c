// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_XEN_HVM_CONFIG: which parts of Xen a VM has, and what KVM_CAP_XEN_HVM reports.
 *
 * Owns kvm->arch.xen_hvm_config, which changes under all locks of the core that guard what
 * a flag stands for, and state.fifo_offer.
 */
#include "xen/config.h"
#include "xen/dynhc/dynhc.h"
#include "xen/event/fifo.h"
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

/* The VM is gone. */
void xen_config_destroy(struct kvm *kvm)
{
	count_vm(counts(&kvm->arch.xen_hvm_config), false);
}

static int additions_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_additions *additions = XEN_ATTR_ARG(data, *additions);

	additions->magic = KVM_XEN_ADDITIONS_MAGIC;
	additions->version = KVM_XEN_ADDITIONS_VERSION;
	additions->config_flags = kvm_xen_added_caps();
	return 0;
}

const struct xen_vm_attr xen_additions_attr = {
	.get = additions_get,
	.pad = XEN_ATTR_PAD(kvm_xen_additions, pad0),
};
