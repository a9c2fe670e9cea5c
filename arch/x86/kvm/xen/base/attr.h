/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An attribute of a VM or a vCPU: its handlers are declared in the unit that it
 * configures, and listed in attr.c.
 */
#ifndef _KVM_XEN_BASE_ATTR_H
#define _KVM_XEN_BASE_ATTR_H

#include <linux/kvm_host.h>
#include <linux/kvm_xen.h>

typedef int (*xen_vm_attr_fn)(struct kvm *kvm, struct kvm_xen_hvm_attr *data);
typedef int (*xen_vcpu_attr_fn)(struct kvm_vcpu *vcpu,
				struct kvm_xen_vcpu_attr *data);

/*
 * Handlers run under kvm->arch.xen.xen_lock, except those of an attribute with @locks,
 * which take it themselves.  Handlers of a vCPU's attributes also run in a read section
 * of kvm->srcu, with the vCPU loaded and its mutex held by the ioctl.  A getter changes
 * nothing.  Handlers return 0 or -errno; where a handler is NULL, the ioctl returns
 * -ENOENT.
 */
struct xen_vm_attr {
	xen_vm_attr_fn set;
	xen_vm_attr_fn get;
	u32 config_flag;	/* unavailable until the VMM has set this flag */
	u32 pad;		/* offset of padding; 0: none, or checked by the handlers */
	bool sched_info;	/* needs the scheduler's accounting (sched_info) */
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

/* The offset of the padding of an argument, which extends to the argument's end. */
#define XEN_ATTR_PAD(arg, field)	offsetof(struct arg, field)

/*
 * The argument of an attribute that Linux does not define, in place of the union of
 * @data: a pointer to the type of @arg.
 */
#define XEN_ATTR_ARG(data, arg) ({					\
	static_assert(sizeof(arg) == sizeof((data)->u));		\
	(typeof(arg) *)&(data)->u;					\
})

/* The guest physical address that @gpc maps, in the form that attributes use. */
static inline gpa_t xen_attr_gpa(struct gfn_to_pfn_cache *gpc)
{
	return kvm_gpc_is_gpa_active(gpc) ? gpc->gpa : KVM_XEN_INVALID_GPA;
}

#endif /* _KVM_XEN_BASE_ATTR_H */
