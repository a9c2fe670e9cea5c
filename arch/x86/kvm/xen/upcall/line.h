/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line that is up while a vCPU's evtchn_upcall_pending is: a GSI of KVM's own
 * interrupt controllers, or a pair of eventfds to a VMM that has the line.
 *
 * Whoever uses a line found it in struct kvm_xen_vm_state or struct
 * kvm_xen_vcpu_state, in a read section of kvm->srcu.  Who takes it away from
 * there waits for those before xen_line_destroy().
 */
#ifndef _KVM_XEN_LINE_H
#define _KVM_XEN_LINE_H

#include <linux/kvm_host.h>

#include "xen/abi/level.h"

struct xen_line;

/*
 * Make what @callback asks for, with @vcpu's flag or, for NULL, that of the vCPU
 * that the guest knows as 0.  It does nothing yet.  Sleeps.  Returns the line or
 * ERR_PTR(): see KVM_XEN_ATTR_TYPE_CALLBACK.
 */
struct xen_line *xen_line_create(struct kvm *kvm, struct kvm_vcpu *vcpu,
				 const struct kvm_xen_callback *callback);

/* Let it hear of interrupts that end.  Sleeps. */
void xen_line_start(struct xen_line *line);

/* Take it down and away.  Nobody uses it any more.  Sleeps.  NULL: nothing. */
void xen_line_destroy(struct xen_line *line);

/* As the VMM gave it, and whether it is up, with all events seen to.  Sleeps. */
struct kvm_xen_callback xen_line_callback(struct xen_line *line);

/*
 * Post @events (XEN_LEVEL_*) and see to them: now, where that may sleep, later
 * with interrupts off or inside of the signal of an eventfd.  0: those that wait.
 */
void xen_line_post(struct xen_line *line, u32 events);

#endif /* _KVM_XEN_LINE_H */
