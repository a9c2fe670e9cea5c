// SPDX-License-Identifier: GPL-2.0
/*
 * Logging writes to guest pages in KVM's dirty bitmaps and dirty rings, for migration.
 *
 * Owns nothing but the union xen_ring_entry that callers keep per page, read and written
 * as one word.  shared_info and vcpu_info are not logged when events are delivered: KVM's
 * ABI says that VMMs treat them as always dirty.
 */
#include "xen/base/dirty.h"

static u32 ring_used(const struct kvm_dirty_ring *ring)
{
	return READ_ONCE(ring->dirty_index) - READ_ONCE(ring->reset_index);
}

bool xen_ring_is_full(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->dirty_ring_size &&
	       ring_used(&vcpu->dirty_ring) >= vcpu->dirty_ring.soft_limit;
}

/*
 * The most entries that one vCPU attribute logs: two pages of a runstate area, and
 * vcpu_info, plus two more when the runstate changes as the vCPU is put, if the area was
 * moved to other pages in between.
 */
#define ATTR_ENTRIES	5

bool xen_ring_has_room(struct kvm_vcpu *vcpu)
{
	return !vcpu->kvm->dirty_ring_size ||
	       ring_used(&vcpu->dirty_ring) + ATTR_ENTRIES <= vcpu->dirty_ring.size;
}

/*
 * Whether the entry @at is for this page and the VMM has yet to reset it.  The VMM copies
 * a page after it has reset the page's entry, so its copy contains all writes made before
 * reset_index was read here.  An entry is reused only after its reset: until then it
 * describes the same page; if it was reused, its slot or offset differ, or it describes
 * this page again.
 */
static bool is_in_ring(struct kvm *kvm, const struct kvm_memory_slot *slot,
		       gfn_t gfn, union xen_ring_entry at)
{
	struct kvm_vcpu *vcpu = at.valid ? kvm_get_vcpu(kvm, at.vcpu) : NULL;
	const struct kvm_dirty_ring *ring;
	const struct kvm_dirty_gfn *entry;

	if (!vcpu)
		return false;

	/* Pairs with the locked release of slots_lock by KVM_RESET_DIRTY_RINGS. */
	smp_mb();
	ring = &vcpu->dirty_ring;
	if (at.index - READ_ONCE(ring->reset_index) >= ring_used(ring))
		return false;

	entry = &ring->dirty_gfns[at.index & (ring->size - 1)];
	return READ_ONCE(entry->slot) == (slot->as_id << 16 | slot->id) &&
	       READ_ONCE(entry->offset) == gfn - slot->base_gfn;
}

/*
 * Push an entry to the ring of @vcpu, called by the vCPU's own thread, and remember it in
 * *@entry.
 */
static void push(struct kvm_vcpu *vcpu, const struct kvm_memory_slot *slot,
		 gfn_t gfn, u64 *entry)
{
	union xen_ring_entry at = {
		.index = vcpu->dirty_ring.dirty_index,
		.vcpu = vcpu->vcpu_idx,
		.valid = true,
	};

	mark_page_dirty_in_slot(vcpu->kvm, slot, gfn);
	WRITE_ONCE(*entry, at.raw);
}

/* Returns false if an entry has to be pushed to a dirty ring, as xen_log_write() says. */
static bool is_logged(struct kvm *kvm, const struct kvm_memory_slot *slot,
		      gfn_t gfn, u64 entry)
{
	union xen_ring_entry at = { .raw = entry };

	if (!slot || !kvm_slot_dirty_track_enabled(slot))
		return true;

	/* Any thread may write to a bitmap. */
	if (slot->dirty_bitmap) {
		set_bit_le(gfn - slot->base_gfn, slot->dirty_bitmap);
		return true;
	}

	return is_in_ring(kvm, slot, gfn, at);
}

bool xen_log_write(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn,
		   u64 *entry)
{
	struct kvm_vcpu *vcpu = kvm_get_running_vcpu();

	if (is_logged(kvm, slot, gfn, READ_ONCE(*entry)))
		return true;

	/*
	 * Only the vCPU's thread may push to its ring, and not from an interrupt handler.
	 */
	if (!in_task() || !vcpu || vcpu->kvm != kvm || xen_ring_is_full(vcpu))
		return false;

	push(vcpu, slot, gfn, entry);
	return true;
}

/*
 * Push even if the ring has reached its soft limit.  Per iteration of the vCPU's loop
 * this logs vcpu_info once, and two pages for each change of the runstate (start,
 * preemption, block): the ring's reserved entries are for this.
 */
static noinline void log_unmapped(const struct gfn_to_pfn_cache *gpc, u64 *entry)
{
	struct kvm_vcpu *vcpu = kvm_get_running_vcpu();
	gfn_t gfn = gpa_to_gfn(gpc->gpa);

	if (!is_logged(gpc->kvm, gpc->memslot, gfn, READ_ONCE(*entry)) && vcpu)
		push(vcpu, gpc->memslot, gfn, entry);
}

void xen_unmap_dirty(struct xen_map *map, u64 *entry)
{
	const struct kvm_memory_slot *slot = map->gpc->memslot;

	if (unlikely(slot && kvm_slot_dirty_track_enabled(slot)))
		log_unmapped(map->gpc, entry);
	xen_unmap(map);
}
