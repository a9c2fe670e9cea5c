/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One guest instruction under full control of the host.
 *
 * Owns a small identity-mapped region of the guest: the host puts an
 * instruction there, chooses the mode of the CPU, its privilege level and all
 * registers, and runs it.  An OUT behind the instruction shows that the guest
 * got past it.  Tests that care about registers and modes need no guest code
 * of their own, and can be tables.
 */
#ifndef SELFTEST_KVM_XEN_STUB_H
#define SELFTEST_KVM_XEN_STUB_H

#include "xen.h"

#define XEN_STUB_SLOT		12
#define XEN_STUB_GPA		0xd0000000ull
#define XEN_STUB_DATA_GPA	(XEN_STUB_GPA + 0x1000)
#define XEN_STUB_NR_PAGES	8
#define XEN_STUB_PORT		0x80

/* Below 4 GiB, in no memslot and in no page table. */
#define XEN_STUB_NOWHERE	0xe0000000ull

enum xen_stub_mode {
	XEN_STUB_64,		/* long mode, 64-bit code segment */
	XEN_STUB_COMPAT,	/* long mode, 32-bit code segment */
	XEN_STUB_32,		/* protected mode, no paging */
	XEN_STUB_NR_MODES,
};

struct xen_stub {
	struct kvm_vcpu *vcpu;
	enum xen_stub_mode mode;
	unsigned int cpl;
	struct kvm_sregs long_mode;	/* as the library set them up */
	uint64_t flags;			/* of RFLAGS, beside what a stub needs */
	struct kvm_regs regs;		/* in: all but RIP, RFLAGS; out: after the run */
	uint32_t exit_reason;		/* of the last run */
	uint8_t *code;			/* XEN_STUB_GPA, as the host sees it */
	uint8_t *data;			/* XEN_STUB_DATA_GPA */
};

extern const uint8_t xen_stub_vmcall[3];
extern const uint8_t xen_stub_vmmcall[3];
extern const uint8_t xen_stub_wrmsr[2];

void xen_stub_init(struct xen_stub *stub, struct kvm_vcpu *vcpu);
void xen_stub_set_mode(struct xen_stub *stub, enum xen_stub_mode mode, unsigned int cpl);
const char *xen_stub_mode_name(enum xen_stub_mode mode);

/* The instruction that makes a hypercall on this CPU. */
const uint8_t *xen_stub_native(void);

/* RFLAGS that it runs with; load the registers of a call, as a call does. */
uint64_t xen_stub_flags(const struct xen_stub *stub);
void xen_stub_load(struct xen_stub *stub, const struct xen_hcall *call);

/* Each runs the vCPU once, fetches its registers and returns the exit reason. */
uint32_t xen_stub_run(struct xen_stub *stub, const uint8_t *insn, size_t len);
uint32_t xen_stub_run_at(struct xen_stub *stub, uint64_t rip);
uint32_t xen_stub_resume(struct xen_stub *stub);
uint32_t xen_stub_hypercall(struct xen_stub *stub, const uint8_t insn[3],
			    const struct xen_hcall *call);

/* WRMSR; false where the guest did not get past it. */
bool xen_stub_write_msr(struct xen_stub *stub, uint32_t msr, uint64_t value);

/* Did the last run end behind an instruction of @len bytes at the start? */
bool xen_stub_passed(struct xen_stub *stub, size_t len);

/*
 * The result of the hypercall that the last run made, sign-extended from the
 * guest's width; or that the guest did not get past the instruction.
 */
#define XEN_STUB_NO_RESULT	INT64_MAX

int64_t xen_stub_result(struct xen_stub *stub);

/* What the mode of the stub lets the guest see of a register. */
static inline uint64_t xen_stub_value(const struct xen_stub *stub, uint64_t value)
{
	return stub->mode == XEN_STUB_64 ? value : (uint32_t)value;
}

#endif /* SELFTEST_KVM_XEN_STUB_H */
