/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's system time.
 */
#ifndef _KVM_XEN_TIME_CLOCK_H
#define _KVM_XEN_TIME_CLOCK_H

#include "xen/base/attr.h"

/* The moment now, in the guest's system time and in CLOCK_MONOTONIC ns. */
struct xen_now {
	u64 guest;
	s64 host;
};

struct xen_now xen_now(struct kvm_vcpu *vcpu);

extern const struct xen_vcpu_attr xen_time_info_attr;

#endif /* _KVM_XEN_TIME_CLOCK_H */
