// SPDX-License-Identifier: GPL-2.0
/* Owns the size of the ring, and that one log reads like the other. */
#include <string.h>

#include "test_util.h"
#include "xen_dirty.h"

#define RING_ENTRIES	1024

bool xen_has_dirty_ring(void)
{
	return kvm_has_cap(KVM_CAP_DIRTY_LOG_RING) || kvm_has_cap(KVM_CAP_DIRTY_LOG_RING_ACQ_REL);
}

/* A ring has to be there before the first vCPU is. */
struct xen_vm *xen_vm_create_ring(unsigned int entries, void *guest_code)
{
	struct xen_vm *x = calloc(1, sizeof(*x));

	TEST_ASSERT(x, "No memory");
	x->nr_vcpus = 1;
	x->wide = true;
	x->vm = vm_create(1);
	if (entries)
		vm_enable_dirty_ring(x->vm, entries * sizeof(struct kvm_dirty_gfn));
	x->vcpu[0] = vm_vcpu_add(x->vm, 0, guest_code);
	return x;
}

struct xen_vm *xen_vm_create_logged(bool ring, void *guest_code)
{
	return xen_vm_create_ring(ring ? RING_ENTRIES : 0, guest_code);
}

void xen_add_logged_slot(struct xen_vm *x, uint32_t slot, uint64_t gpa, unsigned int pages)
{
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, gpa, slot, pages,
				    KVM_MEM_LOG_DIRTY_PAGES);
}

static void note(struct xen_dirty_slot *slots, unsigned int nr, const struct kvm_dirty_gfn *entry)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (entry->slot != slots[i].slot)
			continue;
		TEST_ASSERT(entry->offset < slots[i].nr_pages, "Page %llu of slot %u is logged",
			    entry->offset, entry->slot);
		slots[i].pages[entry->offset / 64] |= 1ul << entry->offset % 64;
		slots[i].nr_entries++;
	}
}

static void take_ring(struct kvm_vcpu *vcpu, struct xen_dirty_slot *slots, unsigned int nr)
{
	struct kvm_dirty_gfn *ring = vcpu_map_dirty_ring(vcpu), *entry;
	uint32_t size = vcpu->vm->dirty_ring_size / sizeof(*entry);

	for (;; vcpu->fetch_index++) {
		entry = &ring[vcpu->fetch_index % size];
		if (!(__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) & KVM_DIRTY_GFN_F_DIRTY))
			break;
		note(slots, nr, entry);
		__atomic_store_n(&entry->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
	}
	kvm_vm_reset_dirty_ring(vcpu->vm);
}

void xen_take_dirty(struct xen_vm *x, struct xen_dirty_slot *slots, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		TEST_ASSERT(slots[i].nr_pages <= XEN_DIRTY_MAX_PAGES, "Too many pages");
		memset(slots[i].pages, 0, sizeof(slots[i].pages));
		slots[i].nr_entries = 0;
		if (!x->vm->dirty_ring_size)
			kvm_vm_get_dirty_log(x->vm, slots[i].slot, slots[i].pages);
	}
	if (x->vm->dirty_ring_size)
		take_ring(x->vcpu[0], slots, nr);
}
