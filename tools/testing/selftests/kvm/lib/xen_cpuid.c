// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID of a vCPU with Xen's leaves: see xen_cpuid.h.
 */
#include <string.h>

#include "test_util.h"
#include "xen.h"
#include "xen_cpuid.h"

#define ROOM	8

static void add(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t index, uint32_t flags,
		struct xen_cpuid_regs regs)
{
	TEST_ASSERT(cpuid->nent < kvm_get_supported_cpuid()->nent + ROOM, "no room for leaf %#x",
		    leaf);
	cpuid->entries[cpuid->nent++] = (struct kvm_cpuid_entry2) {
		.function = leaf,
		.index = index,
		.flags = flags,
		.eax = regs.eax,
		.ebx = regs.ebx,
		.ecx = regs.ecx,
		.edx = regs.edx,
	};
}

void xen_cpuid_add(struct kvm_cpuid2 *cpuid, uint32_t leaf, struct xen_cpuid_regs regs)
{
	add(cpuid, leaf, 0, 0, regs);
}

void xen_cpuid_add_index(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t index,
			 struct xen_cpuid_regs regs)
{
	add(cpuid, leaf, index, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, regs);
}

struct kvm_cpuid2 *xen_cpuid_new(uint32_t base, uint32_t limit, const char *signature)
{
	const struct kvm_cpuid2 *host = kvm_get_supported_cpuid();
	struct kvm_cpuid2 *cpuid = allocate_kvm_cpuid2(host->nent + ROOM);
	struct xen_cpuid_regs first = { .eax = limit };
	unsigned int i;

	cpuid->nent = 0;
	for (i = 0; i < host->nent; i++)
		if (host->entries[i].function >> 16 != 0x4000)
			cpuid->entries[cpuid->nent++] = host->entries[i];

	memcpy(&first.ebx, signature, 12);
	xen_cpuid_add(cpuid, base, first);
	xen_cpuid_add(cpuid, base + 1, (struct xen_cpuid_regs) {});
	xen_cpuid_add(cpuid, base + 2, (struct xen_cpuid_regs) {});
	return cpuid;
}

static void show_cpuid(uint32_t leaf, uint32_t index)
{
	struct xen_cpuid_regs regs;

	__cpuid(leaf, index, &regs.eax, &regs.ebx, &regs.ecx, &regs.edx);
	GUEST_SYNC((uint64_t)regs.ebx << 32 | regs.eax);
	GUEST_SYNC((uint64_t)regs.edx << 32 | regs.ecx);
}

struct xen_cpuid_regs xen_cpuid_read(struct kvm_vcpu *vcpu, uint32_t leaf, uint32_t index)
{
	uint64_t ebx_eax, edx_ecx;

	vcpu_args_set(vcpu, 2, leaf, index);
	xen_set_entry_point(vcpu, show_cpuid);
	ebx_eax = xen_step(vcpu);
	edx_ecx = xen_step(vcpu);
	return (struct xen_cpuid_regs) {
		.eax = ebx_eax,
		.ebx = ebx_eax >> 32,
		.ecx = edx_ecx,
		.edx = edx_ecx >> 32,
	};
}
