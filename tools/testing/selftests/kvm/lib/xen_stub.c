// SPDX-License-Identifier: GPL-2.0
/*
 * One guest instruction under full control of the host: see xen_stub.h.
 */
#include <string.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_paging.h"
#include "xen_stub.h"

const uint8_t xen_stub_vmcall[3] = { 0x0f, 0x01, 0xc1 };
const uint8_t xen_stub_vmmcall[3] = { 0x0f, 0x01, 0xd9 };
const uint8_t xen_stub_wrmsr[2] = { 0x0f, 0x30 };

static const uint8_t out_al[2] = { 0xe6, XEN_STUB_PORT };

const uint8_t *xen_stub_native(void)
{
	return host_cpu_is_intel ? xen_stub_vmcall : xen_stub_vmmcall;
}

const char *xen_stub_mode_name(enum xen_stub_mode mode)
{
	static const char * const names[XEN_STUB_NR_MODES] = {
		[XEN_STUB_64] = "64-bit code",
		[XEN_STUB_COMPAT] = "32-bit code in long mode",
		[XEN_STUB_32] = "32-bit code without paging",
	};

	return names[mode];
}

void xen_stub_init(struct xen_stub *stub, struct kvm_vcpu *vcpu)
{
	struct kvm_vm *vm = vcpu->vm;
	unsigned int page;

	memset(stub, 0, sizeof(*stub));
	stub->vcpu = vcpu;
	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, XEN_STUB_GPA,
				    XEN_STUB_SLOT, XEN_STUB_NR_PAGES, 0);
	virt_map(vm, XEN_STUB_GPA, XEN_STUB_GPA, XEN_STUB_NR_PAGES);
	for (page = 0; page < XEN_STUB_NR_PAGES; page++)
		xen_allow_user(vm, XEN_STUB_GPA + page * PAGE_SIZE);
	stub->code = addr_gpa2hva(vm, XEN_STUB_GPA);
	stub->data = addr_gpa2hva(vm, XEN_STUB_DATA_GPA);
	vcpu_sregs_get(vcpu, &stub->long_mode);
	xen_stub_set_mode(stub, XEN_STUB_64, 0);
}

static struct kvm_segment flat_segment(uint8_t type, unsigned int index, unsigned int cpl)
{
	return (struct kvm_segment) {
		.limit = 0xffffffff,
		.selector = index << 3 | cpl,
		.type = type,
		.present = 1,
		.dpl = cpl,
		.db = 1,
		.s = 1,
		.g = 1,
	};
}

void xen_stub_set_mode(struct xen_stub *stub, enum xen_stub_mode mode, unsigned int cpl)
{
	struct kvm_sregs sregs = stub->long_mode;

	stub->mode = mode;
	stub->cpl = cpl;
	sregs.cs = flat_segment(0xb, 1, cpl);
	sregs.ss = flat_segment(0x3, 2, cpl);
	sregs.ds = sregs.ss;
	sregs.es = sregs.ss;
	sregs.fs = sregs.ss;
	sregs.gs = sregs.ss;
	if (mode == XEN_STUB_64) {
		sregs.cs.l = 1;
		sregs.cs.db = 0;
	}
	if (mode == XEN_STUB_32) {
		sregs.cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE;
		sregs.cr3 = 0;
		sregs.cr4 = 0;
		sregs.efer = 0;
	}
	vcpu_sregs_set(stub->vcpu, &sregs);
}

uint32_t xen_stub_resume(struct xen_stub *stub)
{
	vcpu_run(stub->vcpu);
	stub->exit_reason = stub->vcpu->run->exit_reason;
	if (stub->exit_reason == KVM_EXIT_IO)
		vcpu_run_complete_io(stub->vcpu);
	vcpu_regs_get(stub->vcpu, &stub->regs);
	return stub->exit_reason;
}

/* OUT works at any privilege level. */
uint64_t xen_stub_flags(const struct xen_stub *stub)
{
	return 2 | 3 << 12 | stub->flags;
}

uint32_t xen_stub_run_at(struct xen_stub *stub, uint64_t rip)
{
	stub->regs.rip = rip;
	stub->regs.rflags = xen_stub_flags(stub);
	vcpu_regs_set(stub->vcpu, &stub->regs);
	return xen_stub_resume(stub);
}

uint32_t xen_stub_run(struct xen_stub *stub, const uint8_t *insn, size_t len)
{
	memcpy(stub->code, insn, len);
	memcpy(stub->code + len, out_al, sizeof(out_al));
	return xen_stub_run_at(stub, XEN_STUB_GPA);
}

void xen_stub_load(struct xen_stub *stub, const struct xen_hcall *call)
{
	struct kvm_regs *regs = &stub->regs;

	regs->rax = call->nr;
	if (stub->mode == XEN_STUB_64) {
		regs->rdi = call->arg[0];
		regs->rsi = call->arg[1];
		regs->rdx = call->arg[2];
		regs->r10 = call->arg[3];
		regs->r8 = call->arg[4];
		regs->r9 = call->arg[5];
	} else {
		regs->rbx = call->arg[0];
		regs->rcx = call->arg[1];
		regs->rdx = call->arg[2];
		regs->rsi = call->arg[3];
		regs->rdi = call->arg[4];
		regs->rbp = call->arg[5];
	}
}

uint32_t xen_stub_hypercall(struct xen_stub *stub, const uint8_t insn[3],
			    const struct xen_hcall *call)
{
	xen_stub_load(stub, call);
	return xen_stub_run(stub, insn, 3);
}

bool xen_stub_passed(struct xen_stub *stub, size_t len)
{
	return stub->exit_reason == KVM_EXIT_IO &&
	       stub->vcpu->run->io.port == XEN_STUB_PORT &&
	       stub->regs.rip == XEN_STUB_GPA + len + sizeof(out_al);
}

bool xen_stub_write_msr(struct xen_stub *stub, uint32_t msr, uint64_t value)
{
	stub->regs.rcx = msr;
	stub->regs.rax = (uint32_t)value;
	stub->regs.rdx = value >> 32;
	xen_stub_run(stub, xen_stub_wrmsr, sizeof(xen_stub_wrmsr));
	return xen_stub_passed(stub, sizeof(xen_stub_wrmsr));
}

int64_t xen_stub_result(struct xen_stub *stub)
{
	if (!xen_stub_passed(stub, 3))
		return XEN_STUB_NO_RESULT;

	return stub->mode == XEN_STUB_64 ? (int64_t)stub->regs.rax : (int32_t)stub->regs.rax;
}
