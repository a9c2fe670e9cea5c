// SPDX-License-Identifier: GPL-2.0
/*
 * The hypercall page: when a guest writes the address of a page to Xen's MSR, KVM fills
 * that page, either with gates of its own or with a page of the VMM, as the VM's
 * configuration says.  The guest's width becomes that of the vCPU that writes.  Owns no
 * state.
 */
#include "xen/base/map.h"
#include "xen/event/shared_info.h"

#define HCALL_GATE_SIZE	32

/*
 * Each gate loads its number into EAX, makes the hypercall and returns; the rest is int3.
 */
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

/* Copy page @nr of those that the VMM provides for each width. */
static int write_blob(struct kvm_vcpu *vcpu, gpa_t page, u32 nr, bool wide)
{
	struct kvm_xen_hvm_config *config = xen_config(vcpu->kvm);
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
 * A write of @data to Xen's MSR: the page at its upper bits is filled with hypercall page
 * number @data modulo 4096, and the guest's width becomes that of the writing vCPU.
 * Returns 0, 1 for #GP, or -errno if the VMM's memory could not be read.  Such an MSR is
 * only written by KVM_RUN and KVM_SET_MSRS, both in a read section of kvm->srcu.  May
 * sleep; takes xen_lock.
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

	if (!(xen_config(kvm)->flags & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL))
		return write_blob(vcpu, page, nr, wide);

	return nr ? 1 : write_gates(vcpu, page);
}
