/* SPDX-License-Identifier: GPL-2.0 */
/* The log of dirty memory of a VM with one vCPU, as bitmap or as ring. */
#ifndef SELFTEST_KVM_XEN_DIRTY_H
#define SELFTEST_KVM_XEN_DIRTY_H

#include "xen.h"

#define XEN_DIRTY_MAX_PAGES	512

/* Of a memslot: a bit for each page that was logged since it was taken last. */
struct xen_dirty_slot {
	uint32_t slot;
	unsigned int nr_pages;
	unsigned long pages[XEN_DIRTY_MAX_PAGES / 64];
	unsigned int nr_entries;	/* of a ring, where a page may have several */
};

bool xen_has_dirty_ring(void);

/* A wide VM with a ring, or without, and without any of Xen's pages. */
struct xen_vm *xen_vm_create_logged(bool ring, void *guest_code);

/* The same with a ring of so many entries, or 0 for none. */
struct xen_vm *xen_vm_create_ring(unsigned int entries, void *guest_code);
void xen_add_logged_slot(struct xen_vm *x, uint32_t slot, uint64_t gpa, unsigned int pages);

/* Take the log of these memslots; what is logged of others gets lost. */
void xen_take_dirty(struct xen_vm *x, struct xen_dirty_slot *slots, unsigned int nr);

static inline bool xen_is_dirty(const struct xen_dirty_slot *slot, unsigned int page)
{
	return slot->pages[page / 64] & 1ul << page % 64;
}

#endif /* SELFTEST_KVM_XEN_DIRTY_H */
