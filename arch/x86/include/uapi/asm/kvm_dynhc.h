/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Dynamic hypercalls, the guest's interface: calls of devices, by a token that the host
 * bound to a device at run time.
 *
 * A driver gets the token of its device from the device's own discovery, and the
 * hypervisor's number for such calls from CPUID; then it makes the call.  The driver need
 * not know the hypervisor, nor the hypervisor the device.
 *
 * For x86 guests of any kind: kernels, firmware and user space.  The header needs a
 * compiler and no other header.  Documentation/virt/kvm/x86/dynhc.rst has the rules for
 * authors of drivers and of hypervisors.
 */
#ifndef _UAPI_ASM_X86_KVM_DYNHC_H
#define _UAPI_ASM_X86_KVM_DYNHC_H

/*
 * One range of hypervisor leaves of CPUID; ranges begin at multiples of DYNHC_CPUID_STEP
 * from DYNHC_CPUID_FIRST:
 *
 *   leaf + 0	EAX: highest leaf of the range, at least leaf + 1
 *		EBX, ECX, EDX: DYNHC_SIGNATURE_*, "DynHypercall"
 *   leaf + 1	EAX: DYNHC_VERSION, or higher if compatible with it
 *		EBX: the number to call
 *		ECX: the highest possible token
 *		EDX: zero, reserved for features
 */
#define DYNHC_CPUID_FIRST	0x40000000u
#define DYNHC_CPUID_LAST	0x4000ff00u
#define DYNHC_CPUID_STEP	0x100u
#define DYNHC_SIGNATURE_EBX	0x486e7944u	/* "DynH" */
#define DYNHC_SIGNATURE_ECX	0x72657079u	/* "yper" */
#define DYNHC_SIGNATURE_EDX	0x6c6c6163u	/* "call" */
#define DYNHC_VERSION		1u

/* KVM's values: the number is Xen's hypercall arch_7.  Token 0 is invalid. */
#define DYNHC_HYPERCALL		55u
#define DYNHC_NO_TOKEN		0u
#define DYNHC_MAX_TOKEN		4095u

/*
 * Vendor-specific capabilities in PCI configuration space hold the tokens of a device,
 * one per token.  All fields are little-endian; reserved fields are zero and ignored.
 */
#define DYNHC_PCI_CAP_ID	0x09u		/* vendor-specific */
#define DYNHC_PCI_CAP_LEN	16u
#define DYNHC_PCI_CAP_TYPE	0xd1u
#define DYNHC_PCI_SIGNATURE	0x43487944u	/* "DyHC" */

struct dynhc_pci_cap {
	unsigned char cap_id;		/* DYNHC_PCI_CAP_ID */
	unsigned char next;		/* offset of the next capability */
	unsigned char len;		/* DYNHC_PCI_CAP_LEN or more */
	unsigned char type;		/* DYNHC_PCI_CAP_TYPE */
	unsigned int signature;		/* DYNHC_PCI_SIGNATURE */
	unsigned short index;		/* number of the device's call */
	unsigned short reserved;
	unsigned int token;		/* DYNHC_NO_TOKEN: not bound */
};

/* Negative results; all others are defined by the device. */
#define DYNHC_EPERM	1	/* not allowed at this privilege level */
#define DYNHC_ENOENT	2	/* no such token */
#define DYNHC_ENODEV	19	/* the handler of the calls is gone */
#define DYNHC_EINVAL	22	/* nothing is bound for the first argument */

struct dynhc {
	unsigned int nr;		/* the number to call; 0: not available */
	unsigned int max_token;
	unsigned int version;
	unsigned int by_vmmcall;	/* 1: VMMCALL, 0: VMCALL */
};

struct dynhc_regs {
	unsigned int eax, ebx, ecx, edx;
};

static __inline__ struct dynhc_regs dynhc_cpuid(unsigned int leaf)
{
	struct dynhc_regs r;

	__asm__ __volatile__("cpuid"
			     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			     : "0"(leaf), "2"(0));
	return r;
}

/* Whether the CPU has AMD's instruction: "AuthenticAMD", "HygonGenuine". */
static __inline__ unsigned int dynhc_has_vmmcall(void)
{
	struct dynhc_regs r = dynhc_cpuid(0);

	return (r.ebx == 0x68747541u && r.edx == 0x69746e65u &&
		r.ecx == 0x444d4163u) ||
	       (r.ebx == 0x6f677948u && r.edx == 0x6e65476eu &&
		r.ecx == 0x656e6975u);
}

/* Whether CPUID has hypervisor leaves at all. */
static __inline__ unsigned int dynhc_has_hypervisor(void)
{
	return dynhc_cpuid(1).ecx >> 31;
}

/* The first leaf of the range, or 0 if there is none. */
static __inline__ unsigned int dynhc_find_leaf(void)
{
	unsigned int leaf;
	struct dynhc_regs r;

	if (!dynhc_has_hypervisor())
		return 0;

	for (leaf = DYNHC_CPUID_FIRST; leaf <= DYNHC_CPUID_LAST;
	     leaf += DYNHC_CPUID_STEP) {
		r = dynhc_cpuid(leaf);
		if (r.ebx == DYNHC_SIGNATURE_EBX &&
		    r.ecx == DYNHC_SIGNATURE_ECX &&
		    r.edx == DYNHC_SIGNATURE_EDX && r.eax > leaf)
			return leaf;
	}

	return 0;
}

/* Find out how to make calls.  Returns 0, or -DYNHC_ENOENT if they are not available. */
static __inline__ int dynhc_find(struct dynhc *hc)
{
	unsigned int leaf = dynhc_find_leaf();
	struct dynhc_regs r;

	hc->nr = 0;
	if (!leaf)
		return -DYNHC_ENOENT;

	r = dynhc_cpuid(leaf + 1);
	if (r.eax < DYNHC_VERSION || !r.ebx)
		return -DYNHC_ENOENT;

	hc->nr = r.ebx;
	hc->max_token = r.ecx;
	hc->version = r.eax;
	hc->by_vmmcall = dynhc_has_vmmcall();
	return 0;
}

/*
 * Call @token with four arguments, after dynhc_find() has returned 0.  Registers have the
 * width of the guest; all but that of the result keep their values.
 */
static __inline__ long dynhc_call(const struct dynhc *hc, unsigned int token,
				  unsigned long arg0, unsigned long arg1,
				  unsigned long arg2, unsigned long arg3)
{
	unsigned long result = hc->nr;
#ifdef __x86_64__
	register unsigned long r10 __asm__("r10") = arg2;
	register unsigned long r8 __asm__("r8") = arg3;
	unsigned long rdi = token;

#define DYNHC_CALL(insn)						\
	__asm__ __volatile__(insn : "+a"(result)			\
			     : "D"(rdi), "S"(arg0), "d"(arg1),		\
			       "r"(r10), "r"(r8) : "memory")
#else
#define DYNHC_CALL(insn)						\
	__asm__ __volatile__(insn : "+a"(result)			\
			     : "b"(token), "c"(arg0), "d"(arg1),	\
			       "S"(arg2), "D"(arg3) : "memory")
#endif
	if (hc->by_vmmcall)
		DYNHC_CALL("vmmcall");
	else
		DYNHC_CALL("vmcall");
#undef DYNHC_CALL

	return (long)result;
}

/* The token in a copy of a capability, or DYNHC_NO_TOKEN if it is another capability. */
static __inline__ unsigned int dynhc_pci_token(const struct dynhc_pci_cap *cap)
{
	if (cap->cap_id != DYNHC_PCI_CAP_ID || cap->len < DYNHC_PCI_CAP_LEN ||
	    cap->type != DYNHC_PCI_CAP_TYPE ||
	    cap->signature != DYNHC_PCI_SIGNATURE)
		return DYNHC_NO_TOKEN;

	return cap->token;
}

#endif /* _UAPI_ASM_X86_KVM_DYNHC_H */
