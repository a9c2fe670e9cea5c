/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An attribute of a VM or a vCPU: declared beside what it is about, listed in attr.c.
 */
#ifndef _KVM_XEN_BASE_ATTR_H
#define _KVM_XEN_BASE_ATTR_H

#include <linux/kvm_host.h>
#include <linux/kvm_xen.h>

typedef int (*xen_vm_attr_fn)(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
typedef int (*xen_vcpu_attr_fn)(struct kvm_vcpu *vcpu,
				struct kvm_xen_vcpu_attr *data);

/*
 * Handlers run under kvm->arch.xen.xen_lock, but for an attribute that says it takes that
 * itself; those of a vCPU also in a read section of kvm->srcu, with the vCPU loaded and
 * its mutex held by the ioctl.  A getter changes nothing.  They return 0 or -errno; a
 * handler that is NULL stands for -ENOENT.
 */
struct xen_vm_attr {
	xen_vm_attr_fn set;
	xen_vm_attr_fn get;
	u32 config_flag;	/* unknown until the VMM set this flag */
	u32 pad;		/* where padding begins; 0: none, or the handlers check it */
	bool sched_info;	/* needs the scheduler's own accounting */
	bool locks;		/* takes its locks itself */
	bool places_shinfo;
};

struct xen_vcpu_attr {
	xen_vcpu_attr_fn set;
	xen_vcpu_attr_fn get;
	u32 config_flag;
	u32 pad;
	bool sched_info;
	bool locks;
	bool places_info;
};

/* Where the padding of an argument begins, which goes on to its end. */
#define XEN_ATTR_PAD(arg, field)	offsetof(struct arg, field)

/*
 * The argument of an attribute that is one of this project's, in the place of
 * the union of @data: a pointer to the type of @arg.
 */
#define XEN_ATTR_ARG(data, arg) ({					\
	static_assert(sizeof(arg) == sizeof((data)->u));		\
	(typeof(arg) *)&(data)->u;					\
})

/* The place of what @gpc maps, as attributes say it. */
static inline gpa_t xen_attr_gpa(struct gfn_to_pfn_cache *gpc)
{
	return kvm_gpc_is_gpa_active(gpc) ? gpc->gpa : KVM_XEN_INVALID_GPA;
}

#endif /* _KVM_XEN_BASE_ATTR_H */
