/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An interrupt line that is asserted while a vCPU's evtchn_upcall_pending is set: a GSI
 * of KVM's interrupt controllers, or a pair of eventfds shared with a VMM that owns the
 * line.
 *
 * Users get a line from struct kvm_xen_vm_state or struct kvm_xen_vcpu_state in a read
 * section of kvm->srcu.  Before xen_line_destroy(), the caller clears that pointer and
 * waits for a grace period.
 */
#ifndef _KVM_XEN_LINE_H
#define _KVM_XEN_LINE_H

#include <linux/kvm_host.h>
#include <linux/kvm_xen.h>

#include "xen/abi/level.h"

struct xen_line;

/*
 * Create the line that @callback describes, which follows the flag of @vcpu or, if that
 * is NULL, of Xen vCPU 0.  It is inactive until xen_line_start().  Sleeps.  Returns the
 * line or an ERR_PTR(): see KVM_XEN_ATTR_TYPE_CALLBACK.
 */
struct xen_line *xen_line_create(struct kvm *kvm, struct kvm_vcpu *vcpu,
				 const struct kvm_xen_callback *callback);

/* Register for EOIs.  Sleeps. */
void xen_line_start(struct xen_line *line);

/* Deassert and free a line that has no users.  NULL is allowed.  Sleeps. */
void xen_line_destroy(struct xen_line *line);

/*
 * The line as the VMM configured it, and whether it is asserted, after all pending events
 * are handled.  Sleeps.
 */
struct kvm_xen_callback xen_line_callback(struct xen_line *line);

/*
 * Post @events (XEN_LEVEL_*, or 0 for those already posted) and handle them: before
 * returning if the caller may sleep, in a worker if interrupts are off or an eventfd is
 * being signalled.  Any context.
 */
void xen_line_post(struct xen_line *line, u32 events);

#endif /* _KVM_XEN_LINE_H */
