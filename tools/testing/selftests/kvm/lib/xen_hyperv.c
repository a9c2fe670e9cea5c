// SPDX-License-Identifier: GPL-2.0
/*
 * Hyper-V beside what shares its instruction: see xen_hyperv.h.
 */
#include <string.h>

#include "hyperv.h"
#include "xen_hyperv.h"

bool xen_hyperv_name_guest(struct xen_stub *stub)
{
	return xen_stub_write_msr(stub, HV_X64_MSR_GUEST_OS_ID, 0x5a);
}

bool xen_hyperv_enable_page(struct xen_stub *stub)
{
	return xen_stub_write_msr(stub, HV_X64_MSR_HYPERCALL,
				  XEN_HYPERV_PAGE_GPA | XEN_HYPERV_ENABLE);
}

/*
 * Hyper-V's ABI: the input is in RCX, or in EDX:EAX.  RAX is nobody's in 64-bit
 * code: it is given the low half too, so that tests can have any value there.
 */
uint32_t xen_hyperv_run_page(struct xen_stub *stub, uint64_t input)
{
	memcpy(stub->code, (uint8_t[]) { 0xe6, XEN_STUB_PORT }, 2);
	*(uint64_t *)stub->data = XEN_STUB_GPA;
	stub->regs.rsp = XEN_STUB_DATA_GPA;
	stub->regs.rax = (uint32_t)input;
	stub->regs.rcx = stub->mode == XEN_STUB_64 ? input : 0;
	stub->regs.rdx = stub->mode == XEN_STUB_64 ? 0 : input >> 32;
	stub->regs.r8 = 0;
	return xen_stub_run_at(stub, XEN_HYPERV_PAGE_GPA);
}

uint32_t xen_hyperv_status(struct xen_stub *stub, uint64_t input)
{
	xen_hyperv_run_page(stub, input);
	return xen_stub_passed(stub, 0) ? (uint16_t)stub->regs.rax : XEN_HYPERV_NO_STATUS;
}
