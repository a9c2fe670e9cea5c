// SPDX-License-Identifier: GPL-2.0
/* The guest's page tables, entry by entry: see xen_paging.h. */
#include "test_util.h"
#include "xen_paging.h"

static uint64_t *entry_of(struct kvm_vm *vm, uint64_t table, uint64_t gva, int level)
{
	uint64_t *entries = addr_gpa2hva(vm, table & PHYSICAL_PAGE_MASK);

	return &entries[gva >> PG_LEVEL_SHIFT(level) & 511];
}

uint64_t *xen_page_entry(struct kvm_vm *vm, uint64_t gva, int level)
{
	int at = xen_page_levels(vm);
	uint64_t *entry = entry_of(vm, xen_mmu(vm)->pgd, gva, at);

	while (at > level && !(*entry & PTE_HUGE_MASK(xen_mmu(vm)))) {
		TEST_ASSERT(*entry & PTE_PRESENT_MASK(xen_mmu(vm)),
			    "no table of level %d for address %#lx", at - 1, gva);
		entry = entry_of(vm, *entry, gva, --at);
	}

	return entry;
}

/* In the entries of all levels for @gva. */
static void set_bits(struct kvm_vm *vm, uint64_t gva, uint64_t bits)
{
	int level;

	for (level = xen_page_levels(vm); level >= PG_LEVEL_4K; level--)
		*xen_page_entry(vm, gva, level) |= bits;
}

void xen_mark_accessed(struct kvm_vm *vm, uint64_t gva)
{
	set_bits(vm, gva, PTE_ACCESSED_MASK(xen_mmu(vm)));
}

void xen_allow_user(struct kvm_vm *vm, uint64_t gva)
{
	set_bits(vm, gva, PTE_USER_MASK(xen_mmu(vm)));
}
