// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments in memory of hypercalls that are answered in the exit fast path: found
 * by a walk that does not wait, or left to the exit loop.
 *
 * Each send is made with the fast path on and off, and comes to the same.  If this
 * fails, a guest gets a fault for memory that it may read, or none where it may
 * not; a page is read that is another one by now; or nothing is fast any more.
 * Stock 6.12 has no fast path.
 */
#include <sys/mman.h>

#include "xen_harness.h"
#include "xen_fast.h"
#include "xen_paging.h"

#define PORT		40
#define FLAGS_AC	(1ull << 18)	/* of RFLAGS */

/* A memslot of the test's own, whose memory the VMM keeps when it drops it. */
#define OWN_SLOT	20
#define OWN_GPA		0xb8000000ull
#define OWN_PAGES	2u

/* Where more of the guest's addresses lead: one of each size. */
#define ALIAS_2M	0x4000000000ull
#define ALIAS_1G	0x8000000000ull

FIXTURE(arg) {
	struct xen_vm *x;
	struct xen_stub stub;
	int stats;
	int fd;
};

FIXTURE_VARIANT(arg) {
	bool off;
};

FIXTURE_VARIANT_ADD(arg, on) { .off = false };
FIXTURE_VARIANT_ADD(arg, off) { .off = true };

FIXTURE_SETUP(arg)
{
	if (!variant->off && !xen_has_fastpath())
		SKIP(return, "%s", xen_no_fastpath());

	self->x = xen_vm_create(1, true, NULL);
	vm_userspace_mem_region_add(self->x->vm, VM_MEM_SRC_SHMEM, OWN_GPA, OWN_SLOT,
				    OWN_PAGES, 0);
	virt_map(self->x->vm, OWN_GPA, OWN_GPA, OWN_PAGES);
	xen_mark_accessed(self->x->vm, OWN_GPA);
	xen_mark_accessed(self->x->vm, OWN_GPA + PAGE_SIZE);
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	self->stats = vcpu_get_stats_fd(self->x->vcpu[0]);
	self->fd = xen_eventfd();
	ASSERT_EQ(0, xen_bind_eventfd(self->x, PORT, self->fd));
	xen_set_fastpath(!variant->off);
}

FIXTURE_TEARDOWN(arg)
{
	xen_set_fastpath(true);
	close(self->stats);
	xen_vm_free(self->x);
}

static struct xen_fast_call send_of(FIXTURE_DATA(arg) *self, uint64_t gva)
{
	struct xen_hcall call = { __HYPERVISOR_event_channel_op, { EVTCHNOP_send, gva } };

	return xen_fast_call(&self->stub, self->stats, &call);
}

/* What became of a send whose argument, a port, is at @gva. */
enum path { FAULT, SLOW, FAST, WRONG };

static enum path path_of(FIXTURE_DATA(arg) *self, uint64_t gva)
{
	struct xen_fast_call call = send_of(self, gva);
	uint64_t rung = xen_eventfd_take(self->fd);

	if (call.nr_calls != 1 || !call.kept)
		return WRONG;
	if (call.result == -XEN_EFAULT && !rung && !call.nr_fast)
		return FAULT;
	if (call.result || rung != 1)
		return WRONG;
	return call.nr_fast ? FAST : SLOW;
}

static void put_port(FIXTURE_DATA(arg) *self, uint64_t gpa)
{
	uint32_t port = PORT;

	memcpy(xen_hva(self->x, gpa), &port, sizeof(port));
}

/* Whatever is fast is so where the fast path is on. */
#define PATH(path)	((path) == FAST && variant->off ? SLOW : (path))

TEST_F(arg, is_read_wherever_it_is_in_a_page)
{
	unsigned int offset;

	for (offset = 0; offset <= PAGE_SIZE - 4; offset += 4 - offset % 3) {
		put_port(self, OWN_GPA + offset);
		ASSERT_EQ(PATH(FAST), path_of(self, OWN_GPA + offset)) {
			TH_LOG("offset %#x", offset);
		}
	}
	put_port(self, OWN_GPA + PAGE_SIZE - 4);
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA + PAGE_SIZE - 4));
}

TEST_F(arg, that_crosses_pages_is_read_by_the_exit_loop)
{
	unsigned int first;

	for (first = 1; first < 4; first++) {
		put_port(self, OWN_GPA + PAGE_SIZE - first);
		EXPECT_EQ(SLOW, path_of(self, OWN_GPA + PAGE_SIZE - first));
	}
}

/* Behind it there is no memory. */
TEST_F(arg, is_read_at_the_end_of_a_memslot)
{
	uint64_t end = OWN_GPA + OWN_PAGES * PAGE_SIZE;
	unsigned int missing;

	put_port(self, end - 4);
	EXPECT_EQ(PATH(FAST), path_of(self, end - 4));
	for (missing = 1; missing < 4; missing++)
		EXPECT_EQ(FAULT, path_of(self, end - 4 + missing));
	EXPECT_EQ(FAULT, path_of(self, end));
}

/*
 * The exit loop marks what it walks, as the CPU does, and next time it is fast.  The
 * highest entry leads to the code as well, so that the CPU marks it.
 */
TEST_F(arg, that_was_not_accessed_is_marked_and_read)
{
	uint64_t *entry;
	int level;

	put_port(self, OWN_GPA);
	for (level = PG_LEVEL_1G; level >= PG_LEVEL_4K; level--) {
		entry = xen_page_entry(self->x->vm, OWN_GPA, level);
		EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
		*entry &= ~PTE_ACCESSED_MASK(xen_mmu(self->x->vm));
		EXPECT_EQ(SLOW, path_of(self, OWN_GPA));
		EXPECT_TRUE(*entry & PTE_ACCESSED_MASK(xen_mmu(self->x->vm)));
		EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
	}
}

TEST_F(arg, that_is_not_mapped_is_a_fault)
{
	uint64_t *entry;
	int level;

	put_port(self, OWN_GPA);
	for (level = PG_LEVEL_2M; level >= PG_LEVEL_4K; level--) {
		entry = xen_page_entry(self->x->vm, OWN_GPA, level);
		*entry &= ~PTE_PRESENT_MASK(xen_mmu(self->x->vm));
		EXPECT_EQ(FAULT, path_of(self, OWN_GPA));
		*entry |= PTE_PRESENT_MASK(xen_mmu(self->x->vm));
		EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
	}
	EXPECT_EQ(FAULT, path_of(self, XEN_STUB_NOWHERE));
	EXPECT_EQ(FAULT, path_of(self, ALIAS_1G));
}

static void point(uint64_t *entry, uint64_t gpa)
{
	*entry = (*entry & ~PHYSICAL_PAGE_MASK) | gpa;
}

/* A copy of the table of @level for @gva, that leads to @gpa there: returns where. */
static uint64_t copy_table(struct kvm_vm *vm, uint64_t gva, int level, uint64_t gpa)
{
	uint64_t *entry = xen_page_entry(vm, gva, level);
	uint64_t offset = (uintptr_t)entry % PAGE_SIZE;
	uint64_t copy = vm_alloc_page_table(vm);
	void *hva = addr_gpa2hva(vm, copy);

	memcpy(hva, (void *)entry - offset, PAGE_SIZE);
	point(hva + offset, gpa);
	return copy;
}

/* What an entry of @level has to lead to, for @gva to be the page @gpa. */
static uint64_t copy_tables(struct kvm_vm *vm, uint64_t gva, int level, uint64_t gpa)
{
	int i;

	for (i = PG_LEVEL_4K; i < level; i++)
		gpa = copy_table(vm, gva, i, gpa);

	return gpa;
}

/* By another entry of whichever level, and of nothing else. */
TEST_F(arg, is_read_from_the_page_that_is_there_by_now)
{
	uint64_t other = OWN_GPA + PAGE_SIZE, *entry, old;
	uint32_t *word = xen_hva(self->x, other);
	struct kvm_vm *vm = self->x->vm;
	int level;

	put_port(self, OWN_GPA);
	for (level = PG_LEVEL_4K; level <= xen_page_levels(vm); level++) {
		entry = xen_page_entry(vm, OWN_GPA, level);
		old = *entry;
		EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
		EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));

		*word = PORT + 1;
		point(entry, copy_tables(vm, OWN_GPA, level, other));
		EXPECT_EQ(XEN_FAST_BY_VMM, send_of(self, OWN_GPA).result);
		*word = PORT;
		EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));

		*entry = old;
		*word = PORT + 1;
		EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
	}
}

static void use_tables(struct xen_stub *stub, uint64_t cr3)
{
	stub->long_mode.cr3 = cr3;
	xen_stub_set_mode(stub, XEN_STUB_64, 0);
}

/* The same, by CR3. */
TEST_F(arg, is_read_by_the_tables_that_there_are_now)
{
	uint64_t other = OWN_GPA + PAGE_SIZE, old = self->stub.long_mode.cr3;
	uint32_t *word = xen_hva(self->x, other);
	struct kvm_vm *vm = self->x->vm;

	put_port(self, OWN_GPA);
	*word = PORT + 1;
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));

	use_tables(&self->stub, copy_tables(vm, OWN_GPA, xen_page_levels(vm) + 1, other));
	EXPECT_EQ(XEN_FAST_BY_VMM, send_of(self, OWN_GPA).result);
	*word = PORT;
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));

	*word = PORT + 1;
	use_tables(&self->stub, old);
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
}

/* Large pages over the pages that are shared with KVM. */
TEST_F(arg, is_read_through_large_pages)
{
	uint64_t gpa = XEN_SPARE_GPA(0) + 8;
	struct kvm_vm *vm = self->x->vm;

	put_port(self, gpa);
	__virt_pg_map(vm, xen_mmu(vm), ALIAS_2M, XEN_PAGES_GPA, PG_LEVEL_2M);
	__virt_pg_map(vm, xen_mmu(vm), ALIAS_1G, XEN_PAGES_GPA, PG_LEVEL_1G);
	EXPECT_EQ(SLOW, path_of(self, ALIAS_2M + gpa - XEN_PAGES_GPA));
	EXPECT_EQ(PATH(FAST), path_of(self, ALIAS_2M + gpa - XEN_PAGES_GPA));
	EXPECT_EQ(PATH(FAST), path_of(self, ALIAS_2M + gpa - XEN_PAGES_GPA));
	EXPECT_EQ(SLOW, path_of(self, ALIAS_1G + gpa - XEN_PAGES_GPA));
	EXPECT_EQ(PATH(FAST), path_of(self, ALIAS_1G + gpa - XEN_PAGES_GPA));
	EXPECT_EQ(PATH(FAST), path_of(self, ALIAS_1G + gpa - XEN_PAGES_GPA));

	/* No memory behind the few pages. */
	EXPECT_EQ(FAULT, path_of(self, ALIAS_2M + XEN_NR_PAGES * PAGE_SIZE));
}

TEST_F(arg, whose_entry_has_reserved_bits_is_a_fault)
{
	uint64_t *entry = xen_page_entry(self->x->vm, OWN_GPA, PG_LEVEL_4K);
	unsigned int bits = self->x->vm->pa_bits;

	put_port(self, OWN_GPA);
	if (bits < 52) {
		*entry |= 1ull << bits;
		EXPECT_EQ(FAULT, path_of(self, OWN_GPA));
		*entry &= ~(1ull << bits);
	}
	*entry |= PTE_NX_MASK(xen_mmu(self->x->vm));
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));

	/* Of no memory, but nothing else is wrong with it. */
	*entry |= 1ull << (bits - 1);
	EXPECT_EQ(FAULT, path_of(self, OWN_GPA));
}

/* KVM's own walk, in the exit loop, takes no notice of the bits above. */
TEST_F(arg, that_is_not_canonical_is_left_to_the_exit_loop)
{
	uint64_t half = 1ull << (11 + 9 * xen_page_levels(self->x->vm));

	put_port(self, OWN_GPA);
	EXPECT_EQ(0, send_of(self, OWN_GPA | 1ull << 63).nr_fast);
	EXPECT_EQ(0, send_of(self, OWN_GPA | 1ull << 48).nr_fast);
	EXPECT_EQ(0, send_of(self, OWN_GPA | 0xffffull << 48).nr_fast);
	xen_eventfd_take(self->fd);
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));

	/* The highest of the lower half, and what is no address on either side. */
	EXPECT_EQ(FAULT, path_of(self, half - 4));
	EXPECT_EQ(FAULT, path_of(self, half));
	EXPECT_EQ(FAULT, path_of(self, -half - 4));
}

/* A page of the user: the kernel's to read, unless SMAP keeps it from it. */
TEST_F(arg, in_a_page_of_the_user_is_read_as_smap_has_it)
{
	struct kvm_sregs sregs;

	put_port(self, XEN_STUB_DATA_GPA);
	EXPECT_EQ(SLOW, path_of(self, XEN_STUB_DATA_GPA));
	EXPECT_EQ(SLOW, path_of(self, XEN_STUB_DATA_GPA));
	if (!this_cpu_has(X86_FEATURE_SMAP))
		return;

	vcpu_sregs_get(self->x->vcpu[0], &sregs);
	sregs.cr4 |= X86_CR4_SMAP;
	vcpu_sregs_set(self->x->vcpu[0], &sregs);
	EXPECT_EQ(FAULT, path_of(self, XEN_STUB_DATA_GPA));
	self->stub.flags = FLAGS_AC;
	EXPECT_EQ(SLOW, path_of(self, XEN_STUB_DATA_GPA));
	self->stub.flags = 0;

	/* SMAP says nothing of the kernel's own. */
	put_port(self, OWN_GPA);
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
}

/* One that is the user's by some entries only is the kernel's. */
TEST_F(arg, in_a_page_that_not_all_entries_give_to_the_user_is_the_kernels)
{
	struct kvm_vm *vm = self->x->vm;

	put_port(self, OWN_GPA);
	*xen_page_entry(vm, OWN_GPA, PG_LEVEL_4K) |= PTE_USER_MASK(xen_mmu(vm));
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
	xen_allow_user(vm, OWN_GPA);
	EXPECT_EQ(SLOW, path_of(self, OWN_GPA));
}

/* The kernel cannot wait for the VMM's page there. */
TEST_F(arg, that_the_vmm_has_not_faulted_in_is_read_by_the_exit_loop)
{
	void *hva = xen_hva(self->x, OWN_GPA);
	unsigned int i;

	put_port(self, OWN_GPA);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
		ASSERT_EQ(0, madvise(hva, PAGE_SIZE, MADV_DONTNEED));
		EXPECT_EQ(SLOW, path_of(self, OWN_GPA));
	}
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
}

static void place_memslot(FIXTURE_DATA(arg) *self, uint64_t size, void *hva)
{
	TEST_ASSERT_EQ(__vm_set_user_memory_region(self->x->vm, OWN_SLOT, 0, OWN_GPA, size,
						   hva), 0);
}

/* What was found in a memslot before says nothing about the next one there. */
TEST_F(arg, is_looked_for_in_the_memslots_as_they_are)
{
	void *hva = xen_hva(self->x, OWN_GPA);
	uint64_t size = OWN_PAGES * PAGE_SIZE;
	uint32_t *other;

	other = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, other);
	put_port(self, OWN_GPA);
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));

	place_memslot(self, 0, hva);
	EXPECT_EQ(FAULT, path_of(self, OWN_GPA));

	other[0] = PORT + 1;
	place_memslot(self, size, other);
	EXPECT_EQ(XEN_FAST_BY_VMM, send_of(self, OWN_GPA).result);
	other[0] = PORT;
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));

	/* Shorter than before. */
	other[PAGE_SIZE / 4] = PORT;
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA + PAGE_SIZE));
	place_memslot(self, 0, other);
	place_memslot(self, PAGE_SIZE, other);
	EXPECT_EQ(FAULT, path_of(self, OWN_GPA + PAGE_SIZE));
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
}

/* Let memslot 0 have its memory at @to, with all that is there. */
static void move_memory(struct kvm_vm *vm, void *to, const void *from)
{
	struct kvm_userspace_memory_region2 *region = &memslot2region(vm, 0)->region;

	memcpy(to, from, region->memory_size);
	vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION2, &(struct kvm_userspace_memory_region2) {});
	region->userspace_addr = (uintptr_t)to;
	vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION2, region);
}

/* The tables and the argument, which one memslot holds, are elsewhere by now. */
TEST_F(arg, is_looked_for_where_the_memory_is_that_has_its_tables)
{
	struct kvm_vm *vm = self->x->vm;
	uint64_t size = memslot2region(vm, 0)->region.memory_size;
	uint64_t gva = vm_alloc_page(vm);
	void *old = memslot2region(vm, 0)->host_mem, *new;
	uint32_t *arg = addr_gva2hva(vm, gva), *moved;

	new = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, new);
	moved = new + ((void *)arg - old);
	xen_mark_accessed(vm, gva);
	*arg = PORT;
	EXPECT_EQ(PATH(FAST), path_of(self, gva));
	EXPECT_EQ(PATH(FAST), path_of(self, gva));

	move_memory(vm, new, old);
	*moved = PORT + 1;
	EXPECT_EQ(XEN_FAST_BY_VMM, send_of(self, gva).result);
	EXPECT_EQ(0, xen_eventfd_take(self->fd));
	*moved = PORT;
	*arg = PORT + 1;
	EXPECT_EQ(PATH(FAST), path_of(self, gva));
	move_memory(vm, old, new);
}

/* Memory that the VMM took away from itself. */
TEST_F(arg, that_the_vmm_cannot_read_is_a_fault)
{
	void *hva = xen_hva(self->x, OWN_GPA);

	put_port(self, OWN_GPA);
	ASSERT_EQ(0, mprotect(hva, PAGE_SIZE, PROT_NONE));
	EXPECT_EQ(FAULT, path_of(self, OWN_GPA));
	ASSERT_EQ(0, mprotect(hva, PAGE_SIZE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
}

/* By a debugger, the guest stops behind the call, which is made all the same. */
TEST_F(arg, of_a_call_that_is_single_stepped_is_read_by_the_exit_loop)
{
	struct kvm_vcpu *vcpu = self->x->vcpu[0];
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	};
	uint64_t before = xen_fast_stat(self->stats);
	struct xen_hcall call = {
		__HYPERVISOR_event_channel_op, { EVTCHNOP_send, OWN_GPA }
	};

	put_port(self, OWN_GPA);
	self->stub.regs.rip = XEN_STUB_GPA;	/* where stepping begins */
	vcpu_regs_set(vcpu, &self->stub.regs);
	vcpu_guest_debug_set(vcpu, &debug);
	EXPECT_EQ(KVM_EXIT_DEBUG, xen_stub_hypercall(&self->stub, xen_stub_native(), &call));
	EXPECT_EQ(XEN_STUB_GPA + 3, self->stub.regs.rip);
	EXPECT_EQ(0, self->stub.regs.rax);
	EXPECT_EQ(1, xen_eventfd_take(self->fd));
	EXPECT_EQ(before, xen_fast_stat(self->stats));

	debug.control = 0;
	vcpu_guest_debug_set(vcpu, &debug);
	EXPECT_EQ(PATH(FAST), path_of(self, OWN_GPA));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
