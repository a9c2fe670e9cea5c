/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sample handler of dynamic hypercalls, samples/kvm-xen-dynhc, under test.
 *
 * Functions return 0 or -errno if nothing else is said.
 */
#ifndef SELFTEST_KVM_XEN_ADDER_H
#define SELFTEST_KVM_XEN_ADDER_H

#include "dynhc_adder.h"
#include "xen_dynhc.h"
#include "xen_stub.h"

/* Parameters of the module: it may be removed while tokens are bound. */
#define XEN_ADDER_NO_PIN	"pin=0"

int xen_adder_load(const char *params);
int xen_adder_unload(void);

/* To begin with: a test that failed may have left the module behind. */
int xen_adder_load_anew(const char *params);

/* What the module has in hand, or had; -1 where it is not loaded. */
int64_t xen_adder_bindings(void);
int64_t xen_adder_under_way(void);
int64_t xen_adder_calls(void);
int64_t xen_adder_refs(void);

/* To end with, all VMs gone: the module has nothing in hand, and goes. */
bool xen_adder_ends_well(void);

int xen_adder_bind(struct xen_vm *x, uint32_t token, uint64_t bias);
int xen_adder_bind_any(struct xen_vm *x, uint32_t *token, uint64_t bias);

/* The call that @stub makes, which must not exit, and its result in the guest. */
int64_t xen_adder_call(struct xen_stub *stub, uint32_t token, uint64_t op, uint64_t arg1,
		       uint64_t arg2, uint64_t arg3);

#endif /* SELFTEST_KVM_XEN_ADDER_H */
