// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of a vCPU that determine its method of upcalls: the address of vcpu_info,
 * the Xen vCPU id and the vCPU's own vector.  Owns no state; xen_lock is held by the
 * caller.
 */
#include "xen/upcall/callback.h"
#include "xen/upcall/upcall.h"
#include "xen/upcall/upcall_attr.h"

/* Without vcpu_info there is no flag: a line that follows it is deasserted. */
static int vcpu_info_taken_away(struct kvm_vcpu *vcpu)
{
	kvm_gpc_deactivate(&vcpu->arch.xen.vcpu_info_cache);
	xen_upcall_reevaluate(vcpu);
	return 0;
}

/* Finish an activation of vcpu_info that returned @r. */
static int vcpu_info_placed(struct kvm_vcpu *vcpu, int r)
{
	if (r)
		return r;

	kvm_make_request(KVM_REQ_CLOCK_UPDATE, vcpu);
	xen_upcall_reevaluate(vcpu);
	return 0;
}

static int vcpu_info_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &vcpu->arch.xen.vcpu_info_cache;
	gpa_t gpa = data->u.gpa;

	if (gpa == KVM_XEN_INVALID_GPA)
		return vcpu_info_taken_away(vcpu);
	if (!IS_ALIGNED(gpa, XEN_ABI_VCPU_INFO_ALIGN))
		return -ENXIO;

	return vcpu_info_placed(vcpu, kvm_gpc_activate(gpc, gpa,
						       XEN_ABI_VCPU_INFO_SIZE));
}

static int vcpu_info_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	data->u.gpa = xen_attr_gpa(&vcpu->arch.xen.vcpu_info_cache);
	return 0;
}

const struct xen_vcpu_attr xen_vcpu_info_attr = {
	.set = vcpu_info_set,
	.get = vcpu_info_get,
	.places_info = true,
};

static int vcpu_info_hva_set(struct kvm_vcpu *vcpu,
			     struct kvm_xen_vcpu_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &vcpu->arch.xen.vcpu_info_cache;
	u64 hva = data->u.hva;

	if (!hva)
		return vcpu_info_taken_away(vcpu);
	if (!IS_ALIGNED(hva, XEN_ABI_VCPU_INFO_ALIGN))
		return -ENXIO;

	return vcpu_info_placed(vcpu,
				kvm_gpc_activate_hva(gpc, hva,
						     XEN_ABI_VCPU_INFO_SIZE));
}

static int vcpu_info_hva_get(struct kvm_vcpu *vcpu,
			     struct kvm_xen_vcpu_attr *data)
{
	struct gfn_to_pfn_cache *gpc = &vcpu->arch.xen.vcpu_info_cache;

	data->u.hva = kvm_gpc_is_hva_active(gpc) ? gpc->uhva : 0;
	return 0;
}

const struct xen_vcpu_attr xen_vcpu_info_hva_attr = {
	.set = vcpu_info_hva_set,
	.get = vcpu_info_hva_get,
	.places_info = true,
};

static int vcpu_id_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	if (data->u.vcpu_id >= KVM_MAX_VCPUS)
		return -EINVAL;

	vcpu->arch.xen.vcpu_id = data->u.vcpu_id;

	/* The line of the VM follows the flag of Xen vCPU 0. */
	xen_upcall_reevaluate(vcpu);
	return 0;
}

static int vcpu_id_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	data->u.vcpu_id = xen_has_vcpu_id(vcpu) ? xen_vcpu_id(vcpu) :
						  XEN_VCPU_ID_DEFAULT;
	return 0;
}

const struct xen_vcpu_attr xen_vcpu_id_attr = {
	.set = vcpu_id_set,
	.get = vcpu_id_get,
};

static int vcpu_vector_set(struct kvm_vcpu *vcpu,
			   struct kvm_xen_vcpu_attr *data)
{
	if (xen_is_bad_vector(data->u.vector))
		return -EINVAL;

	WRITE_ONCE(vcpu->arch.xen.upcall_vector, data->u.vector);
	xen_upcall_reevaluate(vcpu);
	return 0;
}

static int vcpu_vector_get(struct kvm_vcpu *vcpu,
			   struct kvm_xen_vcpu_attr *data)
{
	data->u.vector = vcpu->arch.xen.upcall_vector;
	return 0;
}

const struct xen_vcpu_attr xen_vcpu_vector_attr = {
	.set = vcpu_vector_set,
	.get = vcpu_vector_get,
};
