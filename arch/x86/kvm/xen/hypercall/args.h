/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments of hypercalls in guest memory.
 */
#ifndef _KVM_XEN_HYPERCALL_ARGS_H
#define _KVM_XEN_HYPERCALL_ARGS_H

#include "xen/base/hcall.h"

/*
 * Read @size bytes at @gva as the guest's kernel.  Returns 0 or -EFAULT; if atomic
 * XEN_HCALL_SLOW for all that is not plain.
 */
s64 xen_hcall_read(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall,
		   gva_t gva, void *arg, u32 size);

#endif /* _KVM_XEN_HYPERCALL_ARGS_H */
