// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of guest memory that never wait, for hypercalls that are answered right
 * behind the exit.
 *
 * Owns the memslot that was read from last, and the way to the page that a word was
 * read from last; only the vCPU's own thread looks at them, in a read section of
 * kvm->srcu.  Where a read is not plain it is left to the exit loop, which can raise
 * faults and wait for memory.
 *
 * Guests change page tables without an exit, so a way is not a translation: it says
 * where the entries are, and each is read again.  Where all are as they were, they
 * lead to the same page: what else they are read by does not change, but with CR3,
 * LA57 and the memslots, which are compared as well.
 */
#include "xen/abi/walk.h"
#include "xen/base/base.h"
#include "xen/hypercall/fast_memory.h"
#include "xen/hypercall/fastpath.h"

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
	struct kvm_xen_cached_walk *way;	/* to note the entries in, or NULL */
	u32 nr_entries;			/* that were noted */
};

static struct kvm_xen_memory *memory_of(struct kvm_vcpu *vcpu)
{
	return &vcpu->arch.xen.state.fast_memory;
}

static struct kvm_xen_cached_walk *way_of(struct kvm_vcpu *vcpu)
{
	return &vcpu->arch.xen.state.cached_walk;
}

static bool is_deep(struct kvm_vcpu *vcpu)
{
	return kvm_is_cr4_bit_set(vcpu, X86_CR4_LA57);
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

static __always_inline bool read_at(struct view *view, u64 gpa, u64 *entry,
				    u64 __user **from)
{
	void __user *place;

	if (!seek(view, gpa, &place))
		return false;

	*from = place;
	unsafe_get_user(*entry, *from, fault);
	return true;
fault:
	return false;
}

static __always_inline bool read_entry(void *view, u64 gpa, u64 *entry)
{
	u64 __user *from;

	return read_at(view, gpa, entry, &from);
}

static __always_inline bool note_entry(void *ctx, u64 gpa, u64 *entry)
{
	struct view *view = ctx;
	u64 __user *from;

	if (!read_at(view, gpa, entry, &from))
		return false;
	if (!view->way)
		return true;

	view->way->entries[view->nr_entries] = from;
	view->way->values[view->nr_entries] = *entry;
	view->nr_entries++;
	return true;
}

static __always_inline bool translate(struct view *view, gva_t gva, gpa_t *gpa)
{
	if (unlikely(view->deep))
		return xen_walk(&view->walk, 5, gva, read_entry, view, gpa);

	return xen_walk(&view->walk, KVM_XEN_WALK_LEVELS, gva, note_entry, view, gpa);
}

/*
 * Begin to look at the guest's memory, at the memslot that served last, and to note
 * the way in @way unless that is NULL.  A memslot is the VMM's to read, as it was
 * checked when it was made.
 */
static __always_inline void open_view(struct view *view, struct kvm_vcpu *vcpu,
				      struct kvm_xen_cached_walk *way)
{
	view->vcpu = vcpu;
	view->walk.root = kvm_read_cr3(vcpu);
	view->walk.reserved = vcpu->arch.reserved_gpa_bits & XEN_WALK_ADDRESS;
	view->deep = is_deep(vcpu);
	view->way = way;
	view->nr_entries = 0;

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

/* The way to the page of @gva, which is at @place, is all there. */
static __always_inline void finish_way(const struct view *view, gva_t gva,
				       void __user *place)
{
	struct kvm_xen_cached_walk *way = view->way;
	u32 i;

	if (view->deep)
		return;

	for (i = view->nr_entries; unlikely(i < KVM_XEN_WALK_LEVELS); i++) {
		way->entries[i] = way->entries[i - 1];
		way->values[i] = way->values[i - 1];
	}
	way->place = place - offset_in_page(gva);
	way->page = gva & PAGE_MASK;
	way->root = view->walk.root;
	way->generation = view->memory.generation;
}

static __always_inline bool walk_to_word(struct view *view, gva_t gva, u32 *word)
{
	void __user *place;
	gpa_t gpa;

	if (!translate(view, gva, &gpa) || !seek(view, gpa, &place))
		return false;

	unsafe_get_user(*word, (u32 __user *)place, fault);
	finish_way(view, gva, place);
	return true;
fault:
	return false;
}

static noinline s64 read_word_by_walk(struct kvm_vcpu *vcpu, gva_t gva)
{
	struct kvm_xen_cached_walk *way = way_of(vcpu);
	struct view view;
	bool done;
	u32 word;

	way->generation = 0;
	open_view(&view, vcpu, way);
	done = walk_to_word(&view, gva, &word);
	close_view();
	return done ? word : XEN_HCALL_SLOW;
}

static __always_inline bool is_on_way(struct kvm_vcpu *vcpu, gva_t gva)
{
	const struct kvm_xen_cached_walk *way = way_of(vcpu);

	return way->page == (gva & PAGE_MASK) &&
	       way->root == kvm_read_cr3(vcpu) && !is_deep(vcpu) &&
	       way->generation == kvm_memslots(vcpu->kvm)->generation;
}

/* Returns false where an entry is another now, or out of reach. */
static __always_inline bool go_way(const struct kvm_xen_cached_walk *way, gva_t gva, u32 *word)
{
	u64 entry;
	u32 i;

#pragma GCC unroll 4
	for (i = 0; i < KVM_XEN_WALK_LEVELS; i++) {
		unsafe_get_user(entry, way->entries[i], fault);
		if (unlikely(entry != way->values[i]))
			return false;
	}

	unsafe_get_user(*word, (u32 __user *)(way->place + offset_in_page(gva)), fault);
	return true;
fault:
	return false;
}

s64 xen_fast_read_word(struct kvm_vcpu *vcpu, gva_t gva)
{
	bool done;
	u32 word;

	if (offset_in_page(gva) > PAGE_SIZE - sizeof(word))
		return XEN_HCALL_SLOW;
	if (!is_on_way(vcpu, gva))
		return read_word_by_walk(vcpu, gva);

	pagefault_disable();
	__uaccess_begin_nospec();
	done = go_way(way_of(vcpu), gva, &word);
	close_view();
	return done ? word : read_word_by_walk(vcpu, gva);
}

bool xen_fast_read(struct kvm_vcpu *vcpu, gva_t gva, void *arg, u32 size)
{
	void __user *place;
	struct view view;
	gpa_t gpa;
	bool done;

	if (offset_in_page(gva) + size > PAGE_SIZE)
		return false;

	open_view(&view, vcpu, NULL);
	done = translate(&view, gva, &gpa) && seek(&view, gpa, &place);
	__uaccess_end();

	done = done && !__copy_from_user_inatomic(arg, place, size);
	pagefault_enable();
	return done;
}
