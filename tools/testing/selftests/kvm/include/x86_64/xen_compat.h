/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's selftest library by one set of names on all kernel lines, and what of the
 * lines' KVM differs.
 *
 * The tests use what the newest line has.  This gives it to them where the library is
 * that of an older one, and is the only file that asks which line it is.
 */
#ifndef SELFTEST_KVM_XEN_COMPAT_H
#define SELFTEST_KVM_XEN_COMPAT_H

#include <linux/version.h>

#include "kvm_util.h"
#include "processor.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 2, 0)

typedef vm_paddr_t gpa_t;
typedef vm_vaddr_t gva_t;

#define vm_alloc_page(vm)	vm_vaddr_alloc_page(vm)
#define pin_self_to_cpu(cpu)	kvm_pin_this_task_to_pcpu(cpu)

static inline uint64_t get_cr8(void)
{
	uint64_t level;

	asm volatile("mov %%cr8, %0" : "=r"(level) : : "memory");
	return level;
}

static inline void set_cr8(uint64_t level)
{
	asm volatile("mov %0, %%cr8" : : "r"(level) : "memory");
}

/* A VM has one set of page tables, and all their entries have one format. */
#define xen_mmu(vm)		(vm)
#define __virt_pg_map(vm, mmu, gva, gpa, level)	__virt_pg_map(vm, gva, gpa, level)

#undef PTE_PRESENT_MASK
#undef PTE_USER_MASK
#undef PTE_ACCESSED_MASK
#undef PTE_NX_MASK
#define PTE_PRESENT_MASK(mmu)	BIT_ULL(0)
#define PTE_USER_MASK(mmu)	BIT_ULL(2)
#define PTE_ACCESSED_MASK(mmu)	BIT_ULL(5)
#define PTE_HUGE_MASK(mmu)	BIT_ULL(7)
#define PTE_NX_MASK(mmu)	BIT_ULL(63)

#else

/* The page tables of the VM's own addresses, not those of a guest in it. */
#define xen_mmu(vm)		(&(vm)->mmu)

#endif

/*
 * What KVM does for Xen guests on some lines alone: see "Lines of Linux" in xen.rst.
 */
#define XEN_BEFORE_7_2	(LINUX_VERSION_CODE < KERNEL_VERSION(7, 2, 0))
#define XEN_BEFORE_7_3	(LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0))

/* Is the hypercall page filled when the VMM writes its MSR, as when the guest does? */
#define XEN_VMM_FILLS_PAGE	XEN_BEFORE_7_2

/* Does KVM fill in CPUID's leaf about time, or is all of it the VMM's? */
#define XEN_KVM_FILLS_TIME_LEAF	XEN_BEFORE_7_3

/* The Xen vCPU id of the vCPU with that index, if the VMM gave it none. */
#define XEN_DEFAULT_VCPU_ID(index)	(XEN_BEFORE_7_3 ? (index) : UINT32_MAX)

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)

#include "svm_util.h"
#include "vmx.h"

/* A guest in the guest is given its stack, where later the library has one for it. */
static inline void *xen_nested_stack(void)
{
	static uint64_t stack[512] __attribute__((aligned(16)));

	return &stack[511];
}

#define generic_svm_setup(svm, rip)	generic_svm_setup(svm, rip, xen_nested_stack())
#define prepare_vmcs(vmx, rip)		prepare_vmcs(vmx, rip, xen_nested_stack())

#endif

#endif /* SELFTEST_KVM_XEN_COMPAT_H */
