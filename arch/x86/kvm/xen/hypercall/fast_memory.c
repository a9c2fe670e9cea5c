// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of guest memory that do not sleep, for hypercalls in the exit fast path.
 *
 * Owns state.fast_memory, the memslot that was read from last, and state.cached_walk, the
 * page-table walk to the page from which a word was read last.  Only the vCPU's thread
 * uses them, in a read section of kvm->srcu.  If a read needs a fault, or memory that is
 * not present, it fails, and the exit loop reads again.  So does one that the guest's PKRU
 * does not allow, which KVM has loaded here since Linux 7.
 *
 * Guests change page tables without an exit, so a cached walk is not a cached
 * translation: it holds the addresses and values of the page-table entries, and each
 * entry is read again.  If none has changed, they lead to the same page: apart from the
 * entries a translation depends only on CR3, CR4.LA57 and the memslots, which are
 * compared as well.
 */
#include "xen/abi/walk.h"
#include "xen/base/base.h"
#include "xen/hypercall/fast_memory.h"
#include "xen/hypercall/fastpath.h"

#include <linux/nospec.h>
#include <linux/uaccess.h>

/*
 * The state of reading guest memory.  A single section of user access covers all reads,
 * as entering one costs more than a read.
 */
struct view {
	struct kvm_vcpu *vcpu;
	struct kvm_xen_memory memory;
	struct xen_walk walk;
	bool deep;			/* CR4.LA57: five levels of page tables */
	/*
	 * Where to store the next entry; NULL: nowhere.  A pointer, since UBSAN reports an
	 * index that is out of bounds by a call, which must not be made with user access.
	 */
	struct kvm_xen_cached_entry *next;
};

static struct kvm_xen_memory *memory_of(struct kvm_vcpu *vcpu)
{
	return &vcpu->arch.xen.state.fast_memory;
}

static struct kvm_xen_cached_walk *cached_walk_of(struct kvm_vcpu *vcpu)
{
	return &vcpu->arch.xen.state.cached_walk;
}

static bool is_deep(struct kvm_vcpu *vcpu)
{
	return kvm_is_cr4_bit_set(vcpu, X86_CR4_LA57);
}

/* Cache the memslot of @gfn, with the generation by which it is valid. */
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

/* Switch to the memslot of @gpa.  Returns false if there is none. */
static __always_inline bool switch_memslot(struct view *view, gpa_t gpa)
{
	unsigned long access = user_access_save();
	bool found = find_memory(view->vcpu, gpa_to_gfn(gpa));

	user_access_restore(access);
	view->memory = *memory_of(view->vcpu);
	return found;
}

/*
 * Find the address of @gpa in the VMM's memory.  Returns false if there is no memslot.
 * Memslots are whole pages, so an object that starts in a memslot and crosses no page is
 * inside of it.
 */
static __always_inline bool seek(struct view *view, gpa_t gpa, void __user **place)
{
	const struct kvm_xen_memory *memory = &view->memory;

	if (unlikely(gpa - memory->base >= memory->size) && !switch_memslot(view, gpa))
		return false;

	*place = memory->place +
		 array_index_nospec((unsigned long)(gpa - memory->base),
				    (unsigned long)memory->size);
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

static __always_inline bool store_entry(void *ctx, u64 gpa, u64 *entry)
{
	struct view *view = ctx;
	u64 __user *from;

	if (!read_at(view, gpa, entry, &from))
		return false;
	if (!view->next)
		return true;

	view->next->place = from;
	view->next->value = *entry;
	view->next++;
	return true;
}

static __always_inline bool translate(struct view *view, gva_t gva, gpa_t *gpa)
{
	if (unlikely(view->deep))
		return xen_walk(&view->walk, 5, gva, read_entry, view, gpa);

	return xen_walk(&view->walk, KVM_XEN_WALK_LEVELS, gva, store_entry, view, gpa);
}

/*
 * Begin to read guest memory, starting with the cached memslot, and store the walk in
 * @entries unless that is NULL.  A memslot's addresses are in the VMM's address space,
 * which KVM checked when the memslot was made.
 */
static __always_inline void open_view(struct view *view, struct kvm_vcpu *vcpu,
				      struct kvm_xen_cached_entry *entries)
{
	view->vcpu = vcpu;
	view->walk.root = kvm_read_cr3(vcpu);
	view->walk.reserved = vcpu->arch.reserved_gpa_bits & XEN_WALK_ADDRESS;
	view->deep = is_deep(vcpu);
	view->next = entries;

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

/* Complete the cached walk to the page of @gva, which is at @place. */
static __always_inline void finish_cached_walk(const struct view *view, gva_t gva,
					       void __user *place)
{
	struct kvm_xen_cached_walk *cached = cached_walk_of(view->vcpu);
	struct kvm_xen_cached_entry *end = cached->entries + KVM_XEN_WALK_LEVELS;
	struct kvm_xen_cached_entry *entry;

	if (view->deep)
		return;

	for (entry = view->next; unlikely(entry < end); entry++)
		*entry = entry[-1];
	cached->place = place - offset_in_page(gva);
	cached->page = gva & PAGE_MASK;
	cached->root = view->walk.root;
	cached->generation = view->memory.generation;
}

static __always_inline bool walk_to_word(struct view *view, gva_t gva, u32 *word)
{
	void __user *place;
	gpa_t gpa;

	if (!translate(view, gva, &gpa) || !seek(view, gpa, &place))
		return false;

	unsafe_get_user(*word, (u32 __user *)place, fault);
	finish_cached_walk(view, gva, place);
	return true;
fault:
	return false;
}

static noinline s64 read_word_by_walk(struct kvm_vcpu *vcpu, gva_t gva)
{
	struct kvm_xen_cached_walk *cached = cached_walk_of(vcpu);
	struct view view;
	bool done;
	u32 word;

	cached->generation = 0;
	open_view(&view, vcpu, cached->entries);
	done = walk_to_word(&view, gva, &word);
	close_view();
	return done ? word : XEN_HCALL_SLOW;
}

static __always_inline bool is_cached(struct kvm_vcpu *vcpu, gva_t gva)
{
	const struct kvm_xen_cached_walk *cached = cached_walk_of(vcpu);

	return cached->page == (gva & PAGE_MASK) &&
	       cached->root == kvm_read_cr3(vcpu) && !is_deep(vcpu) &&
	       cached->generation == kvm_memslots(vcpu->kvm)->generation;
}

/*
 * Read a word by the cached walk.  Returns false if an entry has changed or cannot be
 * read.
 */
static __always_inline bool read_by_cached_walk(const struct kvm_xen_cached_walk *cached,
						gva_t gva, u32 *word)
{
	u64 entry;
	u32 i;

#pragma GCC unroll 4
	for (i = 0; i < KVM_XEN_WALK_LEVELS; i++) {
		unsafe_get_user(entry, cached->entries[i].place, fault);
		if (unlikely(entry != cached->entries[i].value))
			return false;
	}

	unsafe_get_user(*word, (u32 __user *)(cached->place + offset_in_page(gva)), fault);
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
	if (!is_cached(vcpu, gva))
		return read_word_by_walk(vcpu, gva);

	pagefault_disable();
	__uaccess_begin_nospec();
	done = read_by_cached_walk(cached_walk_of(vcpu), gva, &word);
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
