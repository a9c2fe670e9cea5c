/* SPDX-License-Identifier: GPL-2.0 */
/* Logging writes to guest pages, so that migration sees them; see dirty.c. */
#ifndef _KVM_XEN_BASE_DIRTY_H
#define _KVM_XEN_BASE_DIRTY_H

#include "xen/base/map.h"

/*
 * The entry of a vCPU's dirty ring in which a page was logged, kept to check whether the
 * VMM has reset it since.  One word, because any writer of the page may read and replace
 * it.
 */
union xen_ring_entry {
	u64 raw;
	struct {
		u32 index;		/* as kvm_dirty_ring::dirty_index counts */
		u16 vcpu;
		u16 valid;
	};
};
static_assert(sizeof(union xen_ring_entry) == sizeof(u64));

/*
 * Unmap after a write that migration must see.  Needs a running vCPU.  @entry is kept per
 * page, also if another guest page is mapped in its place.
 */
void xen_unmap_dirty(struct xen_map *map, u64 *entry);

/*
 * Whether writes to any guest page have to be logged.  If logging has been enabled but is
 * not counted here yet, the ioctl that enables it has not returned.
 */
static inline bool xen_logs_writes(struct kvm *kvm)
{
	return unlikely(atomic_read(&kvm->nr_memslots_dirty_logging));
}

/*
 * Log a write to @gfn of @slot that migration must see.  Any context.  In a ring the page
 * is logged once until the VMM resets the entry, which @entry remembers.  Returns false
 * if only a vCPU's thread can log the page, or if that has to wait until the VMM has
 * emptied the ring: event delivery does not use the entries that KVM reserves above the
 * soft limit.
 */
bool xen_log_write(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn,
		   u64 *entry);

/* Whether @vcpu has a ring that has reached its soft limit. */
bool xen_ring_is_full(struct kvm_vcpu *vcpu);

/* Whether the ring of @vcpu, if any, has room for all entries of one vCPU attribute. */
bool xen_ring_has_room(struct kvm_vcpu *vcpu);

#endif /* _KVM_XEN_BASE_DIRTY_H */
