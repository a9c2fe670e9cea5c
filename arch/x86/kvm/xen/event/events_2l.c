// SPDX-License-Identifier: GPL-2.0
/*
 * 2-level events inside KVM.  Owns no state: all of it is in shared_info and vcpu_info.
 * shared_info is not marked dirty when an event is delivered, because KVM's ABI says that
 * VMMs treat it as always dirty.
 */
#include "xen/event/events_2l.h"

static u32 xen_2l_nr_ports(struct kvm *kvm, const struct xen_layout *layout)
{
	return evtchn_2l_nr_ports(layout);
}

/*
 * Unmask a port whose vCPU is unknown, unless it is pending.  If the port becomes pending
 * while it is unmasked, mask it again and return -ENODEV: its sender relied on the unmask
 * to deliver the event, and the VMM will do that.
 */
static int unmask_for_nobody(void *shinfo, const struct xen_layout *layout,
			     u32 port)
{
	if (evtchn_2l_is_pending(shinfo, layout, port))
		return -ENODEV;
	if (evtchn_2l_unmask(shinfo, layout, port) == XEN_EVTCHN_COALESCED)
		return XEN_EVTCHN_COALESCED;

	evtchn_2l_mask(shinfo, layout, port);
	return -ENODEV;
}

static int xen_2l_unmask(struct kvm *kvm, struct kvm_vcpu *vcpu,
			 const struct xen_layout *layout, u32 port)
{
	struct xen_map map;
	int r;

	if (!xen_try_map(&map, &kvm->arch.xen.shinfo_cache))
		return -EWOULDBLOCK;

	r = vcpu ? (int)evtchn_2l_unmask(map.khva, layout, port) :
		   unmask_for_nobody(map.khva, layout, port);
	xen_unmap(&map);
	return r;
}

static int xen_2l_wait(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;

	might_sleep();

	/* A cache that was never activated must not be refreshed. */
	if (!READ_ONCE(gpc->active))
		return -EINVAL;

	return kvm_gpc_refresh(gpc, PAGE_SIZE);
}

static bool xen_2l_save(struct kvm_vcpu *vcpu, u32 port, u32 priority)
{
	return false;
}

static bool xen_2l_is_pending(struct kvm *kvm, const struct xen_layout *layout,
			      u32 port)
{
	struct xen_map map;
	bool pending;

	if (!xen_try_map_to_read(&map, &kvm->arch.xen.shinfo_cache))
		return true;

	pending = evtchn_2l_is_pending(map.khva, layout, port);
	xen_unmap(&map);
	return pending;
}

static void xen_2l_forget(struct kvm *kvm, u32 port)
{
	struct xen_map map;

	if (xen_map(&map, &kvm->arch.xen.shinfo_cache, PAGE_SIZE))
		return;

	evtchn_2l_forget(map.khva, xen_layout(kvm), port);
	xen_unmap(&map);
}

static struct xen_port_view xen_2l_view(struct kvm *kvm, u32 port)
{
	const struct xen_layout *layout = xen_layout(kvm);
	struct xen_port_view view = { };
	struct xen_map map;

	if (xen_map(&map, &kvm->arch.xen.shinfo_cache, PAGE_SIZE))
		return view;

	view.pending = evtchn_2l_is_pending(map.khva, layout, port);
	view.masked = evtchn_2l_is_masked(map.khva, layout, port);
	xen_unmap(&map);
	return view;
}

static struct kvm_vcpu *xen_2l_owner(struct kvm *kvm, u32 port)
{
	return NULL;
}

const struct xen_evtchn_ops xen_2l_ops = {
	.nr_ports	= xen_2l_nr_ports,
	.mark		= xen_2l_mark,
	.unmask		= xen_2l_unmask,
	.wait		= xen_2l_wait,
	.save		= xen_2l_save,
	.is_pending	= xen_2l_is_pending,
	.forget		= xen_2l_forget,
	.view		= xen_2l_view,
	.owner		= xen_2l_owner,
	.has_selectors	= true,
};
