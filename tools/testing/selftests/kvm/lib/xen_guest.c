// SPDX-License-Identifier: GPL-2.0
/*
 * What guests of the Xen tests do themselves: hypercalls out of 64-bit and
 * 32-bit code, and reading the time.
 */
#include "test_util.h"
#include "xen.h"

static int64_t hcall64(const struct xen_hcall *call)
{
	register uint64_t r10 asm("r10") = call->arg[3];
	register uint64_t r8 asm("r8") = call->arg[4];
	register uint64_t r9 asm("r9") = call->arg[5];
	uint64_t rdi = call->arg[0], rsi = call->arg[1], rdx = call->arg[2];
	int64_t rax = call->nr;

	if (host_cpu_is_amd)
		asm volatile("vmmcall" : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx),
			     "+r"(r10), "+r"(r8), "+r"(r9) : : "memory");
	else
		asm volatile("vmcall" : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx),
			     "+r"(r10), "+r"(r8), "+r"(r9) : : "memory");
	return rax;
}

/*
 * hcall32(call, use_vmmcall): load the six registers of Xen's 32-bit ABI, go
 * through the 32-bit code segment for the one instruction and come back.  The
 * stack is not touched there, and interrupts are off, as the stack segment of
 * a selftest's guest cannot be returned to from 64-bit handlers.
 */
asm(".text\n"
	"hcall32:\n"
	"	pushq	%rbx\n"
	"	pushq	%rbp\n"
	"	pushq	%r12\n"
	"	pushq	%r13\n"
	"	pushq	%r14\n"
	"	pushq	%r15\n"
	"	pushfq\n"
	"	cli\n"
	"	leaq	hcall32_vmcall(%rip), %rdx\n"
	"	leaq	hcall32_vmmcall(%rip), %rcx\n"
	"	testl	%esi, %esi\n"
	"	cmovnz	%rcx, %rdx\n"
	"	pushq	$" __stringify(XEN_CS32) "\n"
	"	pushq	%rdx\n"
	"	movl	(%rdi), %eax\n"
	"	movl	8(%rdi), %ebx\n"
	"	movl	16(%rdi), %ecx\n"
	"	movl	24(%rdi), %edx\n"
	"	movl	32(%rdi), %esi\n"
	"	movl	48(%rdi), %ebp\n"
	"	movl	40(%rdi), %edi\n"
	"	lretq\n"
	".code32\n"
	"hcall32_vmcall:\n"
	"	vmcall\n"
	"	ljmp	$" __stringify(XEN_CS64) ", $hcall32_out\n"
	"hcall32_vmmcall:\n"
	"	vmmcall\n"
	"	ljmp	$" __stringify(XEN_CS64) ", $hcall32_out\n"
	".code64\n"
	"hcall32_out:\n"
	"	popfq\n"
	"	popq	%r15\n"
	"	popq	%r14\n"
	"	popq	%r13\n"
	"	popq	%r12\n"
	"	popq	%rbp\n"
	"	popq	%rbx\n"
	"	movslq	%eax, %rax\n"
	"	ret\n");

int64_t hcall32(const struct xen_hcall *call, int use_vmmcall);

int64_t xen_guest_hcall(bool wide, const struct xen_hcall *call)
{
	return wide ? hcall64(call) : hcall32(call, host_cpu_is_amd);
}

int64_t xen_guest_call(bool wide, uint64_t nr, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	struct xen_hcall call = { .nr = nr, .arg = { arg1, arg2, arg3 } };

	return xen_guest_hcall(wide, &call);
}

int64_t xen_guest_send(bool wide, uint32_t port)
{
	volatile uint32_t send = port;

	return xen_guest_call(wide, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
			      (uint64_t)&send, 0);
}

int64_t xen_guest_poll(bool wide, const uint32_t *ports, uint32_t nr_ports, uint64_t timeout)
{
	struct xen_sched_poll32 poll32 = { (uintptr_t)ports, nr_ports, timeout };
	struct xen_sched_poll64 poll64 = { (uintptr_t)ports, nr_ports, 0, timeout };
	void *poll = wide ? (void *)&poll64 : (void *)&poll32;

	asm volatile("" : : "r"(poll) : "memory");
	return xen_guest_call(wide, __HYPERVISOR_sched_op, SCHEDOP_poll, (uintptr_t)poll, 0);
}

int64_t xen_guest_set_timer(bool wide, uint64_t timeout)
{
	if (wide)
		return xen_guest_call(true, __HYPERVISOR_set_timer_op, timeout, 0, 0);
	return xen_guest_call(false, __HYPERVISOR_set_timer_op, (uint32_t)timeout,
			      timeout >> 32, 0);
}

int64_t xen_guest_set_singleshot(bool wide, uint32_t vcpu, uint64_t timeout, uint32_t flags)
{
	struct xen_singleshot_timer timer = { .timeout_abs_ns = timeout, .flags = flags };

	asm volatile("" : : "r"(&timer) : "memory");
	return xen_guest_call(wide, __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, vcpu,
			      (uintptr_t)&timer);
}

int64_t xen_guest_stop_singleshot(bool wide, uint32_t vcpu)
{
	return xen_guest_call(wide, __HYPERVISOR_vcpu_op, VCPUOP_stop_singleshot_timer, vcpu, 0);
}

int64_t xen_guest_yield(void)
{
	return xen_guest_call(true, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
}

static uint64_t scale_tsc(uint64_t ticks, uint32_t mul, int8_t shift)
{
	if (shift < 0)
		ticks >>= -shift;
	else
		ticks <<= shift;
	return (ticks >> 32) * mul + ((ticks & UINT32_MAX) * mul >> 32);
}

uint64_t xen_guest_now(const volatile struct xen_time_info *time)
{
	uint32_t version;
	uint64_t now;

	do {
		version = time->version;
		asm volatile("lfence" : : : "memory");
		now = time->system_time + scale_tsc(rdtsc() - time->tsc_timestamp,
						    time->tsc_to_system_mul, time->tsc_shift);
		asm volatile("lfence" : : : "memory");
	} while (version & 1 || version != time->version);

	return now;
}
