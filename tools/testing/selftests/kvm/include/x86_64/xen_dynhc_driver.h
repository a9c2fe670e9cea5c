/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's driver of a toy device that is called by dynamic hypercalls.
 *
 * It knows the device and <asm/kvm_dynhc.h>, and nothing else: neither KVM nor
 * Xen, as drivers are meant to.
 */
#ifndef SELFTEST_KVM_XEN_DYNHC_DRIVER_H
#define SELFTEST_KVM_XEN_DYNHC_DRIVER_H

#include <asm/kvm_dynhc.h>

#define TOY_PCI_ID	0x5aa51234u	/* device and vendor */

/* Its calls. */
enum toy_call {
	TOY_DOORBELL,		/* of the queue that the first argument names */
	TOY_SUM,		/* of its arguments, each times its place from 1 on */
	TOY_EVENT,		/* have an event back */
	TOY_EXTRA,		/* that a device may leave out */
	TOY_NR_CALLS,
};

struct toy_driver {
	struct dynhc hc;
	unsigned int slot;
	unsigned int nr_caps;		/* of any kind */
	unsigned int token[TOY_NR_CALLS];
};

/* What toy_probe() returns. */
#define TOY_READY	0
#define TOY_NO_CALLS	1
#define TOY_NO_DEVICE	2

int toy_probe(struct toy_driver *toy);
long toy_call(const struct toy_driver *toy, enum toy_call call, unsigned long arg0,
	      unsigned long arg1, unsigned long arg2, unsigned long arg3);

#endif /* SELFTEST_KVM_XEN_DYNHC_DRIVER_H */
