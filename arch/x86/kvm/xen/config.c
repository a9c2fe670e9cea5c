// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_XEN_HVM_CONFIG: the features of a VM, and the value of KVM_CAP_XEN_HVM.
 *
 * Owns xen_config() and state.fifo_offer.  They change under all locks under
 * which objects are created whose existence depends on a flag.
 */
#include "xen/config.h"
#include "xen/dynhc/dynhc.h"
#include "xen/event/domain.h"
#include "xen/event/fifo.h"
#include "xen/upcall/callback.h"

#include <linux/moduleparam.h>

/* Other flags of the capability only report features and are not accepted. */
#define PERMITTED_FLAGS	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |		\
			 KVM_XEN_HVM_CONFIG_EVTCHN_SEND |		\
			 KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE)

/* With these KVM sends events for the guest, and gets its calls. */
#define CALL_FLAGS	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |		\
			 KVM_XEN_HVM_CONFIG_EVTCHN_SEND)

/*
 * Which VMs may use FIFO event channels: none; those whose VMM sets the flag; or all for
 * which KVM sends events, even if the VMM does not support FIFO.  Applies to VMs
 * configured later.
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

/* Flags of KVM_CAP_XEN_HVM and the configuration that Linux does not have. */
u32 kvm_xen_added_caps(void)
{
	u32 caps = KVM_XEN_HVM_CONFIG_EVTCHN_ENUM |
		   KVM_XEN_HVM_CONFIG_CALLBACK |
		   KVM_XEN_HVM_CONFIG_EVTCHN_PORTS |
		   KVM_XEN_HVM_CONFIG_DYNHC;

	if (READ_ONCE(fifo_param) != XEN_FIFO_NOT_OFFERED)
		caps |= KVM_XEN_HVM_CONFIG_EVTCHN_FIFO;
	return caps;
}

static enum xen_fifo_offer fifo_offer(u32 flags)
{
	if (flags & KVM_XEN_HVM_CONFIG_EVTCHN_FIFO)
		return XEN_FIFO_BY_VMM;
	if ((flags & CALL_FLAGS) == CALL_FLAGS && !(flags & KVM_XEN_HVM_CONFIG_EVTCHN_PORTS) &&
	    READ_ONCE(fifo_param) == XEN_FIFO_ALWAYS)
		return XEN_FIFO_ALWAYS;

	return XEN_FIFO_NOT_OFFERED;
}

/*
 * The range of MSRs that is reserved for hypervisors.  KVM writes CPUs' MSRs itself when
 * it resets a vCPU, where it must not access guest memory.
 */
#define HYPERCALL_MSR_MIN	0x40000000u
#define HYPERCALL_MSR_MAX	0x4fffffffu

static bool is_hypercall_msr(u32 msr)
{
	return !msr || (msr >= HYPERCALL_MSR_MIN && msr <= HYPERCALL_MSR_MAX);
}

/* Whether KVM would keep the ports without getting the calls for them. */
static bool misses_calls(u32 flags)
{
	return (flags & KVM_XEN_HVM_CONFIG_EVTCHN_PORTS) && (flags & CALL_FLAGS) != CALL_FLAGS;
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
 * Whether objects exist that neither the VMM nor the guest could access without the flags
 * @lost.
 */
static bool is_in_use(struct kvm *kvm, u32 lost)
{
	const u32 for_fifo = KVM_XEN_HVM_CONFIG_EVTCHN_FIFO | CALL_FLAGS;

	return (lost & KVM_XEN_HVM_CONFIG_EVTCHN_PORTS) ||
	       ((lost & for_fifo) && xen_fifo_is_on(kvm)) ||
	       ((lost & KVM_XEN_HVM_CONFIG_CALLBACK) && xen_callback_has_lines(kvm)) ||
	       ((lost & KVM_XEN_HVM_CONFIG_DYNHC) && xen_dynhc_has_tokens(kvm));
}

/*
 * Replace the configuration, and have KVM keep the ports in @domains unless that is NULL
 * or it keeps them already.  Returns 0, or -EBUSY with nothing changed.
 */
static int replace_config(struct kvm *kvm, const struct kvm_xen_hvm_config *xhc,
			  struct xen_domains *domains)
{
	struct kvm_xen_hvm_config *config = xen_config(kvm);
	int r;

	/* Under these locks no object that depends on a flag can be created. */
	guard(mutex)(&kvm->arch.xen.state.fifo_lock);
	guard(mutex)(&kvm->arch.xen.state.callback_lock);
	guard(mutex)(&kvm->arch.xen.state.dynhc_lock);
	guard(mutex)(&kvm->arch.xen.xen_lock);

	if (is_in_use(kvm, config->flags & ~xhc->flags))
		return -EBUSY;

	if (domains && !xen_keeps_ports(kvm)) {
		r = xen_domains_publish(kvm, domains);
		if (r)
			return r;
	}

	count_vm(counts(config), counts(xhc));
	*config = *xhc;
	WRITE_ONCE(kvm->arch.xen.state.fifo_offer, fifo_offer(xhc->flags));
	return 0;
}

/* replace_config() with domains if @xhc asks for them.  Also returns -ENOMEM. */
static int replace_config_and_domains(struct kvm *kvm, const struct kvm_xen_hvm_config *xhc)
{
	struct xen_domains *domains = NULL;
	int r;

	if ((xhc->flags & KVM_XEN_HVM_CONFIG_EVTCHN_PORTS) && !xen_keeps_ports(kvm)) {
		domains = xen_domains_create(kvm);
		if (!domains)
			return -ENOMEM;
	}

	r = replace_config(kvm, xhc, domains);
	if (xen_domains(kvm) != domains)
		xen_domains_destroy(domains);
	return r;
}

/*
 * KVM_XEN_HVM_CONFIG, which may be called repeatedly.  Returns 0, -EINVAL, -EBUSY or
 * -ENOMEM.
 */
int kvm_xen_hvm_config(struct kvm *kvm, struct kvm_xen_hvm_config *xhc)
{
	u32 old = READ_ONCE(xen_config(kvm)->flags);
	int r;

	if (xhc->flags & ~(PERMITTED_FLAGS | kvm_xen_added_caps()))
		return -EINVAL;
	if (!is_hypercall_msr(xhc->msr))
		return -EINVAL;

	if (misses_calls(xhc->flags))
		return -EINVAL;

	/* If KVM handles hypercalls, it also fills the hypercall page. */
	if ((xhc->flags & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL) && has_blobs(xhc))
		return -EINVAL;

	r = replace_config_and_domains(kvm, xhc);
	if (r)
		return r;

	if ((old ^ xhc->flags) & KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE)
		kvm_make_all_cpus_request(kvm, KVM_REQ_CLOCK_UPDATE);
	return 0;
}

/* The VM is being destroyed. */
void xen_config_destroy(struct kvm *kvm)
{
	count_vm(counts(xen_config(kvm)), false);
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
