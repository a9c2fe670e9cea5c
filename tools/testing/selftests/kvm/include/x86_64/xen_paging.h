/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's page tables, entry by entry: all on the host. */
#ifndef SELFTEST_KVM_XEN_PAGING_H
#define SELFTEST_KVM_XEN_PAGING_H

#include <stdint.h>

#include "xen_compat.h"

/* The level of the highest tables: 4, or 5 with CR4.LA57. */
static inline int xen_page_levels(struct kvm_vm *vm)
{
	return xen_mmu(vm)->pgtable_levels;
}

/* The entry of @level that leads to @gva, or the one of a large page above. */
uint64_t *xen_page_entry(struct kvm_vm *vm, uint64_t gva, int level);

/* Mark all of them as accessed, as the CPU does when the guest uses @gva. */
void xen_mark_accessed(struct kvm_vm *vm, uint64_t gva);

/* Let privilege level 3 use the page at @gva. */
void xen_allow_user(struct kvm_vm *vm, uint64_t gva);

#endif /* SELFTEST_KVM_XEN_PAGING_H */
