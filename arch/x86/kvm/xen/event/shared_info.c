// SPDX-License-Identifier: GPL-2.0
/*
 * shared_info: its address, the guest's width, and the wall clock, which Xen keeps there
 * besides the state of events.
 *
 * Owns shinfo_cache and long_mode, which change under xen_lock.
 */
#include "xen/abi/time_abi.h"
#include "xen/base/map.h"
#include "xen/event/pollers.h"
#include "xen/event/shared_info.h"

/*
 * Write the wall clock.  Do not change the guest's system time: reading it from the host
 * again would make it jump by the drift between the two.
 */
static int init_shared_info(struct kvm *kvm)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;
	u64 epoch_ns = kvm_get_wall_clock_epoch(kvm);
	struct xen_map map;
	int r;

	lockdep_assert_held(&kvm->arch.xen.xen_lock);
	guard(srcu)(&kvm->srcu);

	r = xen_map(&map, gpc, PAGE_SIZE);
	if (r)
		return r;

	xen_wall_clock_store(map.khva, xen_layout(kvm), epoch_ns);
	xen_unmap(&map);
	return 0;
}

int xen_set_long_mode(struct kvm *kvm, bool long_mode)
{
	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	if (kvm->arch.xen.long_mode == long_mode)
		return 0;

	WRITE_ONCE(kvm->arch.xen.long_mode, long_mode);
	return kvm->arch.xen.shinfo_cache.active ? init_shared_info(kvm) : 0;
}

static int long_mode_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	if (!IS_ENABLED(CONFIG_64BIT) && data->u.long_mode)
		return -EINVAL;

	return xen_set_long_mode(kvm, data->u.long_mode);
}

static int long_mode_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	data->u.long_mode = kvm->arch.xen.long_mode;
	return 0;
}

const struct xen_vm_attr xen_long_mode_attr = {
	.set = long_mode_set,
	.get = long_mode_get,
};

/*
 * Finish an activation or deactivation of shared_info that returned @r.  Wake all
 * pollers: they have read pending bits at the old address.
 */
static int shared_info_placed(struct kvm *kvm, int r)
{
	xen_poll_wake(kvm, XEN_POLL_ANY);
	if (r || !kvm->arch.xen.shinfo_cache.active)
		return r;

	return init_shared_info(kvm);
}

static int shared_info_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;
	u64 gfn = data->u.shared_info.gfn;
	int r;

	if (gfn == KVM_XEN_INVALID_GFN) {
		kvm_gpc_deactivate(gpc);
		return shared_info_placed(kvm, 0);
	}

	scoped_guard(srcu, &kvm->srcu)
		r = kvm_gpc_activate(gpc, gfn_to_gpa(gfn), PAGE_SIZE);
	return shared_info_placed(kvm, r);
}

static int shared_info_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;

	data->u.shared_info.gfn = kvm_gpc_is_gpa_active(gpc) ?
				  gpa_to_gfn(gpc->gpa) : KVM_XEN_INVALID_GFN;
	return 0;
}

const struct xen_vm_attr xen_shared_info_attr = {
	.set = shared_info_set,
	.get = shared_info_get,
	.places_shinfo = true,
};

static int shared_info_hva_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;
	u64 hva = data->u.shared_info.hva;
	int r;

	if (!PAGE_ALIGNED(hva) || hva != (unsigned long)hva)
		return -EINVAL;

	if (!hva) {
		kvm_gpc_deactivate(gpc);
		return shared_info_placed(kvm, 0);
	}

	scoped_guard(srcu, &kvm->srcu)
		r = kvm_gpc_activate_hva(gpc, hva, PAGE_SIZE);
	return shared_info_placed(kvm, r);
}

static int shared_info_hva_get(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &kvm->arch.xen.shinfo_cache;

	data->u.shared_info.hva = kvm_gpc_is_hva_active(gpc) ? gpc->uhva : 0;
	return 0;
}

const struct xen_vm_attr xen_shared_info_hva_attr = {
	.set = shared_info_hva_set,
	.get = shared_info_hva_get,
	.places_shinfo = true,
};
