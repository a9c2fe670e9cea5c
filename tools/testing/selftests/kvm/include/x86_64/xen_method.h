/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The methods by which vCPU 0 of a guest can be notified of events, as a table: for
 * tests whose subject is the same in each.
 *
 * Owns what a method needs of the guest's interrupt controllers and of the
 * VMM's own line.  For the guests of xen_line.h.
 */
#ifndef SELFTEST_KVM_XEN_METHOD_H
#define SELFTEST_KVM_XEN_METHOD_H

#include "xen_line.h"

enum xen_method_id {
	XEN_VIA_IOAPIC_EDGE,
	XEN_VIA_IOAPIC_LEVEL,
	XEN_VIA_PIC,
	XEN_VIA_MSI,		/* the VMM's line is an MSI, which has no EOI */
	XEN_VIA_PIN,		/* it is a pin, which does */
	XEN_VIA_VCPU_MSI,	/* the same, with eventfds of the vCPU */
	XEN_VIA_VCPU_PIN,
	XEN_VIA_VM_VECTOR,
	XEN_VIA_VCPU_VECTOR,
	XEN_NR_METHODS
};

struct xen_method {
	uint64_t entry;		/* of XEN_LINE_PIN; 0: it is not used */
	bool pic;
	uint32_t irqfd_gsi;	/* where the VMM's line leads; 0: there is none */
	bool resamples;
	bool of_vcpu;		/* the callback, else of the VM */
	struct kvm_xen_callback callback;
	uint8_t vcpu_vector;
};

extern const struct xen_method xen_methods[XEN_NR_METHODS];

static inline bool xen_method_has_pin(const struct xen_method *method)
{
	return method->entry || method->pic;
}

/* KVM drives a line, and knows whether it is asserted. */
static inline bool xen_method_is_line(const struct xen_method *method)
{
	return method->callback.type == KVM_XEN_CALLBACK_GSI ||
	       method->callback.type == KVM_XEN_CALLBACK_PCI_INTX;
}

/* Host: a method in use, with its eventfds; -1 where there is none. */
struct xen_via {
	const struct xen_method *method;
	struct xen_vm *x;
	int assert_fd;
	int resample_fd;
};

/* Host: let the guest, the VMM and KVM use the method. */
void xen_via_begin(struct xen_via *via, struct xen_vm *x, enum xen_method_id id);
void xen_via_end(struct xen_via *via);

/* Host: the VMM's line, which each VM needs anew. */
void xen_via_make_line(struct xen_via *via);

/* Host: mask or unmask the pin, by the guest. */
void xen_via_mask(struct xen_via *via, bool masked);

/* Host: upcalls that vCPU 0 had, by whichever method. */
uint32_t xen_via_nr_taken(struct xen_via *via);

#endif /* SELFTEST_KVM_XEN_METHOD_H */
