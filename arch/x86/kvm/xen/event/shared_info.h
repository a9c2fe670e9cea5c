/* SPDX-License-Identifier: GPL-2.0 */
/* shared_info: its address, the guest's width, and the wall clock. */
#ifndef _KVM_XEN_EVENT_SHARED_INFO_H
#define _KVM_XEN_EVENT_SHARED_INFO_H

#include "xen/base/attr.h"

/*
 * Set the width; if it changes, write the wall clock again, whose offset depends on it.
 * Under xen_lock.  May sleep.
 */
int xen_set_long_mode(struct kvm *kvm, bool long_mode);

extern const struct xen_vm_attr xen_long_mode_attr;
extern const struct xen_vm_attr xen_shared_info_attr;
extern const struct xen_vm_attr xen_shared_info_hva_attr;

#endif /* _KVM_XEN_EVENT_SHARED_INFO_H */
