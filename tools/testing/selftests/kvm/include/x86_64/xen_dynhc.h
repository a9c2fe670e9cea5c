/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dynamic hypercalls, for tests: the table of a VM as a VMM changes and reads it.
 *
 * Functions that return int return 0 or -errno.
 */
#ifndef SELFTEST_KVM_XEN_DYNHC_H
#define SELFTEST_KVM_XEN_DYNHC_H

#include "xen.h"

int xen_dynhc_assign(struct xen_vm *x, struct kvm_xen_dynhc binding);
int xen_dynhc_eventfd(struct xen_vm *x, uint32_t token, int fd);
int xen_dynhc_match(struct xen_vm *x, uint32_t token, uint64_t match, int fd);
int xen_dynhc_evtchn(struct xen_vm *x, uint32_t token, uint32_t port, uint32_t vcpu);
int xen_dynhc_vmm(struct xen_vm *x, uint32_t token);
int xen_dynhc_handler(struct xen_vm *x, uint32_t token, const char *name, uint64_t data);
int xen_dynhc_deassign(struct xen_vm *x, uint32_t token);
int xen_dynhc_deassign_match(struct xen_vm *x, uint32_t token, uint64_t match);
int xen_dynhc_reset(struct xen_vm *x);

/* The same as an assignment that lets the kernel pick the token; it or -errno. */
int xen_dynhc_pick(struct xen_vm *x, struct kvm_xen_dynhc binding);

/* Read the table; *@nr is the room, then how many there are. */
int xen_dynhc_enum(struct xen_vm *x, struct kvm_xen_dynhc *entries, uint32_t *nr);
uint32_t xen_dynhc_nr(struct xen_vm *x);

/* A VM that has dynamic hypercalls, and nothing else of Xen. */
struct xen_vm *xen_dynhc_vm_create(unsigned int nr_vcpus, void *guest_code);

#endif /* SELFTEST_KVM_XEN_DYNHC_H */
