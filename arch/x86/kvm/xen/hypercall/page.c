// SPDX-License-Identifier: GPL-2.0
/*
 * The page by which guests make hypercalls: filled when they write its address to an
 * MSR, with gates of KVM's own or with what the VMM brought.  Which of the two is in
 * the VM's configuration; the width is taken from the vCPU that writes.
 */
#include "xen/base/map.h"
#include "xen/event/shared_info.h"

#define HCALL_GATE_SIZE	32

/* Each gate in the page loads its number, calls and returns; traps behind. */
static int write_gates(struct kvm_vcpu *vcpu, gpa_t page)
{
	u8 gate[HCALL_GATE_SIZE];
	u32 i;

	memset(gate, 0xcc, sizeof(gate));		/* int3 */
	gate[0] = 0xb8;					/* mov imm32, %eax */
	kvm_x86_call(patch_hypercall)(vcpu, gate + 5);	/* 3 bytes */
	gate[8] = 0xc3;					/* ret */

	for (i = 0; i < PAGE_SIZE / sizeof(gate); i++) {
		memcpy(gate + 1, &i, sizeof(i));
		if (kvm_vcpu_write_guest(vcpu, page + i * sizeof(gate), gate,
					 sizeof(gate)))
			return 1;
	}

	return 0;
}

/* The VMM brought its own pages, per width, at addresses of its own. */
static int write_blob(struct kvm_vcpu *vcpu, gpa_t page, u32 nr, bool wide)
{
	struct kvm_xen_hvm_config *config = &vcpu->kvm->arch.xen_hvm_config;
	u64 addr = wide ? config->blob_addr_64 : config->blob_addr_32;
	u8 size = wide ? config->blob_size_64 : config->blob_size_32;
	void *blob;
	int r;

	if (nr >= size)
		return 1;

	blob = memdup_user(u64_to_user_ptr(addr + nr * PAGE_SIZE), PAGE_SIZE);
	if (IS_ERR(blob))
		return PTR_ERR(blob);

	r = kvm_vcpu_write_guest(vcpu, page, blob, PAGE_SIZE);
	kfree(blob);
	return r ? 1 : 0;
}

/*
 * A write to Xen's MSR: fill the page that it names with page number @data
 * modulo 4096, and take the guest for as wide as the vCPU that wrote.  Returns
 * as MSR handlers do: 0, 1 for #GP, or -errno where the VMM's memory failed.
 * KVM_RUN and KVM_SET_MSRS, by which alone such an MSR is written, hold kvm->srcu.
 */
int kvm_xen_write_hypercall_page(struct kvm_vcpu *vcpu, u64 data)
{
	struct kvm *kvm = vcpu->kvm;
	gpa_t page = data & PAGE_MASK;
	u32 nr = data & ~PAGE_MASK;
	bool wide = is_long_mode(vcpu);

	xen_assert_reader(kvm);

	scoped_guard(mutex, &kvm->arch.xen.xen_lock) {
		if (xen_set_long_mode(kvm, wide))
			return 1;
	}

	if (!(kvm->arch.xen_hvm_config.flags & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL))
		return write_blob(vcpu, page, nr, wide);

	return nr ? 1 : write_gates(vcpu, page);
}
