/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Logging what is written to guest pages for events, which a migration has to see.
 */
#ifndef _KVM_XEN_BASE_DIRTY_H
#define _KVM_XEN_BASE_DIRTY_H

#include "xen/base/map.h"

/*
 * An entry of a vCPU's dirty ring, for who logged a page there to see whether that
 * still stands.  In one word: whoever writes to the page may read and replace it.
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
 * Unmap after a write that migration must see; needs a running vCPU.  @entry is kept
 * for this page, or for whichever is mapped in its place.
 */
void xen_unmap_dirty(struct xen_map *map, u64 *entry);

/*
 * Whether writes to any guest page have to be logged.  Until that is counted, the ioctl
 * by which it begins has not returned.
 */
static inline bool xen_logs_writes(struct kvm *kvm)
{
	return unlikely(atomic_read(&kvm->nr_memslots_dirty_logging));
}

/*
 * Log a write to @gfn of @slot, which migration must see, in any context.  In a ring
 * that is once, until the VMM has reset its entry, which @entry remembers.  Returns false
 * where the thread of a vCPU has yet to do that, or has to wait for the VMM to empty
 * its ring: what is written for events takes none of the entries that KVM keeps in
 * reserve.
 */
bool xen_log_write(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn,
		   u64 *entry);

/* Whether the ring of @vcpu, if it has one, has reached its soft limit. */
bool xen_ring_is_full(struct kvm_vcpu *vcpu);

/* Whether it has room for all that one attribute of the vCPU may log. */
bool xen_ring_has_room(struct kvm_vcpu *vcpu);

#endif /* _KVM_XEN_BASE_DIRTY_H */
