/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's system time.
 */
#ifndef _KVM_XEN_TIME_CLOCK_H
#define _KVM_XEN_TIME_CLOCK_H

#include "xen/base/attr.h"

/* The current time in ns, as the guest's system time and as CLOCK_MONOTONIC. */
struct xen_now {
	u64 guest;
	s64 host;
};

struct xen_now xen_now(struct kvm_vcpu *vcpu);

extern const struct xen_vcpu_attr xen_time_info_attr;

#endif /* _KVM_XEN_TIME_CLOCK_H */
