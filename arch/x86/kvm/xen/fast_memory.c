// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of guest memory that never wait, for hypercalls that are answered right
 * behind the exit.
 *
 * Owns the memslot that was read from last, which only the vCPU's own thread looks
 * at, in a read section of kvm->srcu.  Where a read is not plain it is left to the
 * exit loop, which can raise faults and wait for memory.
 */
#include "fastpath.h"
#include "walk.h"

#include <linux/nospec.h>
#include <linux/uaccess.h>

/*
 * Memory of the guest, while it is read: in one section of user access from first to
 * last, as each costs more than what is read in it.
 */
struct view {
	struct kvm_vcpu *vcpu;
	struct kvm_xen_memory memory;
	struct xen_walk walk;
	bool deep;			/* five levels of page tables */
};

static struct kvm_xen_memory *memory_of(struct kvm_vcpu *vcpu)
{
	return &vcpu->arch.xen.state.fast_memory;
}

/* Remember the memslot of @gfn, to be told by the generation if it goes. */
static noinline bool find_memory(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	struct kvm_memslots *slots = kvm_memslots(vcpu->kvm);
	struct kvm_memory_slot *slot = __gfn_to_memslot(slots, gfn);

	if (!slot || (slot->flags & KVM_MEMSLOT_INVALID))
		return false;

	*memory_of(vcpu) = (struct kvm_xen_memory) {
		.generation = slots->generation,
		.base = gfn_to_gpa(slot->base_gfn),
		.size = (u64)slot->npages << PAGE_SHIFT,
		.place = (void __user *)slot->userspace_addr,
	};
	return true;
}

/* Look at the memory of @gpa instead.  Returns false where there is none. */
static __always_inline bool turn_to(struct view *view, gpa_t gpa)
{
	unsigned long access = user_access_save();
	bool found = find_memory(view->vcpu, gpa_to_gfn(gpa));

	user_access_restore(access);
	view->memory = *memory_of(view->vcpu);
	return found;
}

/*
 * Look for @gpa in the VMM's memory.  Returns false where nothing may be read.
 * Memslots are whole pages, so what begins in one and crosses no page is all in it.
 */
static __always_inline bool seek(struct view *view, gpa_t gpa, void __user **place)
{
	const struct kvm_xen_memory *memory = &view->memory;

	if (unlikely(gpa - memory->base >= memory->size) && !turn_to(view, gpa))
		return false;

	*place = memory->place +
		 array_index_nospec(gpa - memory->base, memory->size);
	return true;
}

static __always_inline bool read_entry(void *view, u64 gpa, u64 *entry)
{
	void __user *place;

	if (!seek(view, gpa, &place))
		return false;

	unsafe_get_user(*entry, (u64 __user *)place, fault);
	return true;
fault:
	return false;
}

static __always_inline bool translate(struct view *view, gva_t gva, gpa_t *gpa)
{
	if (unlikely(view->deep))
		return xen_walk(&view->walk, 5, gva, read_entry, view, gpa);

	return xen_walk(&view->walk, 4, gva, read_entry, view, gpa);
}

/*
 * Begin to look at the guest's memory, at the memslot that served last.  A memslot
 * is the VMM's to read, as it was checked when it was made.
 */
static __always_inline void open_view(struct view *view, struct kvm_vcpu *vcpu)
{
	view->vcpu = vcpu;
	view->walk.root = kvm_read_cr3(vcpu);
	view->walk.reserved = vcpu->arch.reserved_gpa_bits & XEN_WALK_ADDRESS;
	view->deep = kvm_is_cr4_bit_set(vcpu, X86_CR4_LA57);

	view->memory = *memory_of(vcpu);
	if (unlikely(view->memory.generation != kvm_memslots(vcpu->kvm)->generation))
		view->memory.size = 0;

	pagefault_disable();
	__uaccess_begin_nospec();
}

static __always_inline void close_view(void)
{
	__uaccess_end();
	pagefault_enable();
}

static __always_inline bool read_word(struct view *view, gva_t gva, u32 *word)
{
	void __user *place;
	gpa_t gpa;

	if (!translate(view, gva, &gpa) || !seek(view, gpa, &place))
		return false;

	unsafe_get_user(*word, (u32 __user *)place, fault);
	return true;
fault:
	return false;
}

s64 xen_fast_read_word(struct kvm_vcpu *vcpu, gva_t gva)
{
	struct view view;
	bool done;
	u32 word;

	if (offset_in_page(gva) > PAGE_SIZE - sizeof(word))
		return XEN_HCALL_SLOW;

	open_view(&view, vcpu);
	done = read_word(&view, gva, &word);
	close_view();
	return done ? word : XEN_HCALL_SLOW;
}

bool xen_fast_read(struct kvm_vcpu *vcpu, gva_t gva, void *arg, u32 size)
{
	void __user *place;
	struct view view;
	gpa_t gpa;
	bool done;

	if (offset_in_page(gva) + size > PAGE_SIZE)
		return false;

	open_view(&view, vcpu);
	done = translate(&view, gva, &gpa) && seek(&view, gpa, &place);
	__uaccess_end();

	done = done && !__copy_from_user_inatomic(arg, place, size);
	pagefault_enable();
	return done;
}
