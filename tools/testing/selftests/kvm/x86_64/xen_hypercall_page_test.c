// SPDX-License-Identifier: GPL-2.0
/*
 * The hypercall page, which the guest asks for by writing an MSR.
 *
 * If this fails, guests that use the page (FreeBSD, NetBSD, Windows, older
 * Linux) crash at their first hypercall, or KVM takes them for a guest of the
 * other width and misplaces all that it shares with them.
 */
#include <errno.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"
#include "xen_stub.h"

#define STUB_SIZE	32
#define NR_STUBS	(PAGE_SIZE / STUB_SIZE)
#define PAGE_GPA	XEN_SPARE_GPA(0)
#define BLOB_PAGES	2
#define READONLY_GPA	0xb0000000ull
#define READONLY_SLOT	13

FIXTURE(page) {
	struct xen_vm *x;
	struct xen_stub stub;
	uint8_t *page;
	uint8_t *blob[2];		/* of the 32-bit and of the 64-bit guest */
};

static void write_msr(uint64_t value)
{
	for (;;)
		GUEST_SYNC(wrmsr_safe(XEN_HYPERCALL_MSR, value));
}

static uint8_t *new_blob(uint8_t seed)
{
	uint8_t *blob = mmap(NULL, BLOB_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	TEST_ASSERT(blob != MAP_FAILED, "no memory for a blob");
	for (i = 0; i < BLOB_PAGES * PAGE_SIZE; i++)
		blob[i] = seed + i + i / PAGE_SIZE;
	return blob;
}

FIXTURE_SETUP(page)
{
	self->x = xen_vm_create_bare(1, false, write_msr);
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	self->page = xen_hva(self->x, PAGE_GPA);
	self->blob[0] = new_blob(0x32);
	self->blob[1] = new_blob(0x64);
}

FIXTURE_TEARDOWN(page)
{
	xen_vm_free(self->x);
}

/* The vector that a write by a 64-bit guest raises; 0 if it succeeds. */
static uint64_t guest_write(struct xen_vm *x, uint64_t value)
{
	vcpu_args_set(x->vcpu[0], 1, value);
	xen_set_entry_point(x->vcpu[0], write_msr);
	return xen_step(x->vcpu[0]);
}

/* Does a write by a guest in the stub's mode succeed? */
static bool stub_write(struct xen_stub *stub, uint64_t value)
{
	return xen_stub_write_msr(stub, XEN_HYPERCALL_MSR, value);
}

static int use_blobs(struct xen_vm *x, void *blob32, uint8_t size32, void *blob64, uint8_t size64)
{
	struct kvm_xen_hvm_config config = {
		.msr = XEN_HYPERCALL_MSR,
		.blob_addr_32 = (uintptr_t)blob32,
		.blob_size_32 = size32,
		.blob_addr_64 = (uintptr_t)blob64,
		.blob_size_64 = size64,
	};

	return __vm_ioctl(x->vm, KVM_XEN_HVM_CONFIG, &config) ? -errno : 0;
}

static bool is_wide(struct xen_vm *x)
{
	return xen_vm_value(x, KVM_XEN_ATTR_TYPE_LONG_MODE);
}

static void expected_stub(uint8_t *stub, uint32_t nr)
{
	memset(stub, 0xcc, STUB_SIZE);
	stub[0] = 0xb8;				/* mov $nr, %eax */
	memcpy(stub + 1, &nr, sizeof(nr));
	memcpy(stub + 5, xen_stub_native(), 3);
	stub[8] = 0xc3;				/* ret */
}

TEST_F(page, it_has_128_stubs_that_make_the_hypercall_of_their_number)
{
	uint8_t stub[STUB_SIZE];
	uint32_t nr;

	ASSERT_EQ(0, guest_write(self->x, PAGE_GPA));
	for (nr = 0; nr < NR_STUBS; nr++) {
		expected_stub(stub, nr);
		EXPECT_EQ(0, memcmp(self->page + nr * STUB_SIZE, stub, STUB_SIZE)) {
			TH_LOG("stub %u", nr);
		}
	}
}

TEST_F(page, it_is_the_same_for_a_32_bit_guest)
{
	uint8_t stub[STUB_SIZE];
	uint32_t nr;

	xen_stub_set_mode(&self->stub, XEN_STUB_32, 0);
	ASSERT_TRUE(stub_write(&self->stub, PAGE_GPA));
	for (nr = 0; nr < NR_STUBS; nr++) {
		expected_stub(stub, nr);
		EXPECT_EQ(0, memcmp(self->page + nr * STUB_SIZE, stub, STUB_SIZE)) {
			TH_LOG("stub %u", nr);
		}
	}
}

TEST_F(page, it_fills_one_page_and_no_more)
{
	memset(self->page - PAGE_SIZE, 0x5a, PAGE_SIZE);
	memset(self->page + PAGE_SIZE, 0x5a, PAGE_SIZE);
	ASSERT_EQ(0, guest_write(self->x, PAGE_GPA));
	EXPECT_EQ(0x5a, self->page[-1]);
	EXPECT_EQ(0x5a, self->page[PAGE_SIZE]);
}

/* Call stub @nr as a guest would, with a stack that returns to an OUT. */
static void call_stub(struct xen_stub *stub, uint32_t nr)
{
	memcpy(stub->code, (uint8_t[]) { 0xe6, XEN_STUB_PORT }, 2);
	*(uint64_t *)stub->data = XEN_STUB_GPA;
	stub->regs.rsp = XEN_STUB_DATA_GPA;
	xen_stub_run_at(stub, PAGE_GPA + nr * STUB_SIZE);
}

static void call_all_stubs(struct __test_metadata *_metadata, struct xen_stub *stub)
{
	uint32_t nr;

	for (nr = 0; nr < NR_STUBS; nr++) {
		if (nr == __HYPERVISOR_sched_op)
			continue;
		call_stub(stub, nr);
		ASSERT_EQ(KVM_EXIT_XEN, stub->exit_reason);
		EXPECT_EQ(nr, stub->vcpu->run->xen.u.hcall.input);
		stub->vcpu->run->xen.u.hcall.result = nr + 1;
		EXPECT_EQ(KVM_EXIT_IO, xen_stub_resume(stub));
		EXPECT_EQ(XEN_STUB_GPA + 2, stub->regs.rip);
		EXPECT_EQ(nr + 1, stub->regs.rax);
	}
}

TEST_F(page, each_stub_works_for_a_64_bit_guest)
{
	ASSERT_EQ(0, guest_write(self->x, PAGE_GPA));
	xen_stub_set_mode(&self->stub, XEN_STUB_64, 0);
	call_all_stubs(_metadata, &self->stub);
}

TEST_F(page, each_stub_works_for_a_32_bit_guest)
{
	xen_stub_set_mode(&self->stub, XEN_STUB_32, 0);
	ASSERT_TRUE(stub_write(&self->stub, PAGE_GPA));
	call_all_stubs(_metadata, &self->stub);
}

TEST_F(page, there_is_only_one)
{
	unsigned int index;

	for (index = 1; index < PAGE_SIZE; index <<= 1)
		EXPECT_EQ(GP_VECTOR, guest_write(self->x, PAGE_GPA + index));
	EXPECT_EQ(GP_VECTOR, guest_write(self->x, PAGE_GPA + PAGE_SIZE - 1));
	EXPECT_EQ(0, self->page[0]);
}

TEST_F(page, an_address_without_memory_is_a_gp_fault)
{
	EXPECT_EQ(GP_VECTOR, guest_write(self->x, XEN_STUB_NOWHERE));
	EXPECT_EQ(GP_VECTOR, guest_write(self->x, ~0ull << 12));
	EXPECT_EQ(0, guest_write(self->x, PAGE_GPA));
}

TEST_F(page, read_only_memory_is_a_gp_fault)
{
	if (!kvm_has_cap(KVM_CAP_READONLY_MEM))
		SKIP(return, "KVM has no read-only memory");
	vm_userspace_mem_region_add(self->x->vm, VM_MEM_SRC_ANONYMOUS, READONLY_GPA,
				    READONLY_SLOT, 1, KVM_MEM_READONLY);
	EXPECT_EQ(GP_VECTOR, guest_write(self->x, READONLY_GPA));
}

TEST_F(page, the_vmm_may_write_the_msr)
{
	EXPECT_EQ(1, _vcpu_set_msr(self->x->vcpu[0], XEN_HYPERCALL_MSR, PAGE_GPA));
	EXPECT_EQ(XEN_VMM_FILLS_PAGE ? 0xb8 : 0, self->page[0]);
	EXPECT_EQ(XEN_VMM_FILLS_PAGE ? 0 : 1,
		  _vcpu_set_msr(self->x->vcpu[0], XEN_HYPERCALL_MSR, PAGE_GPA + 1));
}

TEST_F(page, blobs_of_the_vmm_are_copied_by_page)
{
	unsigned int index;

	ASSERT_EQ(0, use_blobs(self->x, self->blob[0], BLOB_PAGES, self->blob[1], BLOB_PAGES));
	for (index = 0; index < BLOB_PAGES; index++) {
		ASSERT_EQ(0, guest_write(self->x, PAGE_GPA + index));
		EXPECT_EQ(0, memcmp(self->page, self->blob[1] + index * PAGE_SIZE, PAGE_SIZE));
	}
	EXPECT_EQ(GP_VECTOR, guest_write(self->x, PAGE_GPA + BLOB_PAGES));
	EXPECT_EQ(GP_VECTOR, guest_write(self->x, PAGE_GPA + PAGE_SIZE - 1));
}

TEST_F(page, the_blob_is_the_one_for_the_mode_of_the_vcpu)
{
	unsigned int index;

	ASSERT_EQ(0, use_blobs(self->x, self->blob[0], BLOB_PAGES, self->blob[1], BLOB_PAGES));
	xen_stub_set_mode(&self->stub, XEN_STUB_32, 0);
	for (index = 0; index < BLOB_PAGES; index++) {
		ASSERT_TRUE(stub_write(&self->stub, PAGE_GPA + index));
		EXPECT_EQ(0, memcmp(self->page, self->blob[0] + index * PAGE_SIZE, PAGE_SIZE));
	}

	/* 32-bit code of a guest in long mode does not make it a 32-bit guest. */
	xen_stub_set_mode(&self->stub, XEN_STUB_COMPAT, 0);
	ASSERT_TRUE(stub_write(&self->stub, PAGE_GPA));
	EXPECT_EQ(0, memcmp(self->page, self->blob[1], PAGE_SIZE));
}

TEST_F(page, each_width_has_a_blob_size_of_its_own)
{
	ASSERT_EQ(0, use_blobs(self->x, self->blob[0], BLOB_PAGES, self->blob[1], 1));
	EXPECT_EQ(0, guest_write(self->x, PAGE_GPA));
	EXPECT_EQ(GP_VECTOR, guest_write(self->x, PAGE_GPA + 1));
	ASSERT_EQ(0, use_blobs(self->x, self->blob[0], BLOB_PAGES, NULL, 0));
	EXPECT_EQ(GP_VECTOR, guest_write(self->x, PAGE_GPA));
	xen_stub_set_mode(&self->stub, XEN_STUB_32, 0);
	EXPECT_TRUE(stub_write(&self->stub, PAGE_GPA + 1));
}

TEST_F(page, a_blob_without_memory_for_it_is_a_gp_fault)
{
	ASSERT_EQ(0, use_blobs(self->x, self->blob[0], BLOB_PAGES, self->blob[1], BLOB_PAGES));
	EXPECT_EQ(GP_VECTOR, guest_write(self->x, XEN_STUB_NOWHERE));
}

/* The VMM's own mistake goes to the VMM: KVM_RUN fails. */
TEST_F(page, a_blob_that_cannot_be_read_fails_the_run)
{
	munmap(self->blob[1], BLOB_PAGES * PAGE_SIZE);
	ASSERT_EQ(0, use_blobs(self->x, NULL, 0, self->blob[1], BLOB_PAGES));
	vcpu_args_set(self->x->vcpu[0], 1, PAGE_GPA);
	EXPECT_EQ(-1, __vcpu_run(self->x->vcpu[0]));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, self->page[0]);
}

TEST_F(page, a_write_sets_the_width_of_the_guest)
{
	EXPECT_FALSE(is_wide(self->x));
	ASSERT_EQ(0, guest_write(self->x, PAGE_GPA));
	EXPECT_TRUE(is_wide(self->x));

	xen_stub_set_mode(&self->stub, XEN_STUB_32, 0);
	ASSERT_TRUE(stub_write(&self->stub, PAGE_GPA));
	EXPECT_FALSE(is_wide(self->x));

	xen_stub_set_mode(&self->stub, XEN_STUB_COMPAT, 0);
	ASSERT_TRUE(stub_write(&self->stub, PAGE_GPA));
	EXPECT_TRUE(is_wide(self->x));
}

TEST_F(page, a_write_of_a_blob_sets_the_width_too)
{
	ASSERT_EQ(0, use_blobs(self->x, self->blob[0], 1, self->blob[1], 1));
	ASSERT_EQ(0, guest_write(self->x, PAGE_GPA));
	EXPECT_TRUE(is_wide(self->x));
	xen_stub_set_mode(&self->stub, XEN_STUB_32, 0);
	ASSERT_TRUE(stub_write(&self->stub, PAGE_GPA));
	EXPECT_FALSE(is_wide(self->x));
}

TEST_F(page, a_change_of_width_moves_the_wall_clock)
{
	struct xen_shared_info64 *wide = (void *)self->x->shinfo;
	struct xen_shared_info32 *narrow = (void *)self->x->shinfo;

	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	EXPECT_NE(0, narrow->wc.sec);

	memset(wide, 0, PAGE_SIZE);
	ASSERT_EQ(0, guest_write(self->x, PAGE_GPA));
	EXPECT_NE(0, wide->wc.sec);
	EXPECT_EQ(0, wide->wc.version & 1);
	EXPECT_EQ(0, narrow->wc.version);

	memset(narrow, 0, PAGE_SIZE);
	xen_stub_set_mode(&self->stub, XEN_STUB_32, 0);
	ASSERT_TRUE(stub_write(&self->stub, PAGE_GPA));
	EXPECT_NE(0, narrow->wc.sec);
	EXPECT_EQ(0, narrow->wc.version & 1);
	EXPECT_EQ(0, wide->wc.version);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_HYPERCALL_MSR | KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL)
