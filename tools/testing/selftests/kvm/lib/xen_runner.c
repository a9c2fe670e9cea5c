// SPDX-License-Identifier: GPL-2.0
/*
 * How vCPUs of the Xen tests run: step by step, at the orders of the host, or
 * in a thread of their own.
 */
#include <signal.h>
#include <string.h>

#include "apic.h"
#include "test_util.h"
#include "xen.h"

/* A function is entered by a call, which pushes 8 bytes to a stack that is aligned to 16. */
void xen_set_entry_point(struct kvm_vcpu *vcpu, void *guest_code)
{
	struct kvm_regs regs;

	vcpu_regs_get(vcpu, &regs);
	regs.rip = (uintptr_t)guest_code;
	regs.rsp = ((regs.rsp + 8) & ~15ull) - 8;
	vcpu_regs_set(vcpu, &regs);
}

uint64_t xen_step_with(struct kvm_vcpu *vcpu, xen_answer_fn answer, void *arg)
{
	struct kvm_run *run = vcpu->run;
	struct ucall uc;

	vcpu_run(vcpu);
	while (answer && run->exit_reason == KVM_EXIT_XEN) {
		run->xen.u.hcall.result = answer(&run->xen, arg);
		vcpu_run(vcpu);
	}

	TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_IO);
	switch (get_ucall(vcpu, &uc)) {
	case UCALL_SYNC:
		return uc.args[1];
	case UCALL_ABORT:
		REPORT_GUEST_ASSERT(uc);
		break;
	default:
		TEST_FAIL("Unexpected end of the guest, ucall %lu", uc.cmd);
	}
	return 0;
}

uint64_t xen_step(struct kvm_vcpu *vcpu)
{
	return xen_step_with(vcpu, NULL, NULL);
}

/* Guest: what the host chose. */
static void (*handle_upcall)(void);

static void vm_upcall(struct ex_regs *regs)
{
	handle_upcall();
}

static void vcpu_upcall(struct ex_regs *regs)
{
	x2apic_write_reg(APIC_EOI, 0);
	handle_upcall();
}

void xen_install_upcalls(struct kvm_vm *vm, void (*handler)(void))
{
	handle_upcall = handler;
	sync_global_to_guest(vm, handle_upcall);
	vm_install_exception_handler(vm, XEN_VM_VECTOR, vm_upcall);
	vm_install_exception_handler(vm, XEN_VCPU_VECTOR, vcpu_upcall);
}

void xen_guest_obey(void)
{
	struct xen_hcall call;

	for (;;) {
		call = XEN_ORDER->call;
		XEN_ORDER->result = xen_guest_hcall(XEN_ORDER->wide, &call);
		XEN_ORDER->turns++;
		GUEST_SYNC(XEN_ORDER->turns);
	}
}

struct xen_order *xen_get_order(struct xen_vm *x)
{
	return xen_hva(x, XEN_SPARE_GPA(0));
}

static struct xen_order *give_order(struct xen_vm *x, bool wide, uint64_t nr, uint64_t arg1,
				    uint64_t arg2, uint64_t arg3)
{
	struct xen_order *order = xen_get_order(x);

	order->wide = wide;
	order->call = (struct xen_hcall) { .nr = nr, .arg = { arg1, arg2, arg3 } };
	return order;
}

int64_t xen_order(struct xen_vm *x, bool wide, uint64_t nr, uint64_t arg1, uint64_t arg2,
		  uint64_t arg3)
{
	struct xen_order *order = give_order(x, wide, nr, arg1, arg2, arg3);

	xen_step(x->vcpu[0]);
	return order->result;
}

int64_t xen_order_send(struct xen_vm *x, bool wide, uint32_t port)
{
	*(uint32_t *)xen_get_order(x)->data = port;
	return xen_order(x, wide, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
			 XEN_ORDER_DATA, 0);
}

bool xen_order_exits(struct xen_vm *x, bool wide, uint64_t nr, uint64_t arg1, uint64_t arg2,
		     uint64_t answer)
{
	struct xen_order *order = give_order(x, wide, nr, arg1, arg2, 0);
	struct kvm_run *run = x->vcpu[0]->run;
	struct ucall uc;

	vcpu_run(x->vcpu[0]);
	if (run->exit_reason != KVM_EXIT_XEN) {
		get_ucall(x->vcpu[0], &uc);
		return false;
	}

	TEST_ASSERT_EQ(run->xen.type, KVM_EXIT_XEN_HCALL);
	TEST_ASSERT_EQ(run->xen.u.hcall.input, nr);
	TEST_ASSERT_EQ(run->xen.u.hcall.longmode, wide);
	TEST_ASSERT_EQ(run->xen.u.hcall.cpl, 0);
	TEST_ASSERT_EQ(run->xen.u.hcall.params[0], arg1);
	TEST_ASSERT_EQ(run->xen.u.hcall.params[1], arg2);
	run->xen.u.hcall.result = answer;
	xen_step(x->vcpu[0]);
	TEST_ASSERT_EQ(order->result, answer);
	return true;
}

static void kick_handler(int sig)
{
}

static void runner_fails(struct xen_runner *r, const char *text)
{
	snprintf(r->failure, sizeof(r->failure), "%.*s", (int)sizeof(r->failure) - 1, text);
	WRITE_ONCE(r->done, true);
}

/* False: the guest will not be run again. */
static bool runner_handles_exit(struct xen_runner *r)
{
	struct ucall uc;

	if (r->handle_exit && r->handle_exit(r, r->arg))
		return true;
	if (r->vcpu->run->exit_reason == KVM_EXIT_XEN) {
		r->vcpu->run->xen.u.hcall.result = -XEN_ENOSYS;
		return true;
	}
	if (r->vcpu->run->exit_reason != KVM_EXIT_IO) {
		runner_fails(r, exit_reason_str(r->vcpu->run->exit_reason));
		return false;
	}

	switch (get_ucall(r->vcpu, &uc)) {
	case UCALL_SYNC:
		WRITE_ONCE(r->stage, uc.args[1]);
		return true;
	case UCALL_DONE:
		WRITE_ONCE(r->done, true);
		return false;
	default:
		runner_fails(r, uc.buffer);
		return false;
	}
}

static void *runner_thread(void *arg)
{
	struct xen_runner *r = arg;

	while (!READ_ONCE(r->stop)) {
		if (__vcpu_run(r->vcpu)) {
			if (errno == EINTR)
				continue;
			runner_fails(r, strerror(errno));
			break;
		}
		if (!runner_handles_exit(r))
			break;
	}
	return NULL;
}

void xen_runner_start_with(struct xen_runner *r, struct kvm_vcpu *vcpu, xen_exit_fn handle_exit,
			   void *arg)
{
	struct sigaction action = { .sa_handler = kick_handler };

	memset(r, 0, sizeof(*r));
	r->vcpu = vcpu;
	r->handle_exit = handle_exit;
	r->arg = arg;
	r->stats = vcpu_get_stats_fd(vcpu);
	vcpu->run->immediate_exit = 0;
	sigaction(SIGUSR1, &action, NULL);
	TEST_ASSERT(!pthread_create(&r->thread, NULL, runner_thread, r), "No thread");
}

void xen_runner_start(struct xen_runner *r, struct kvm_vcpu *vcpu)
{
	xen_runner_start_with(r, vcpu, NULL, NULL);
}

void xen_runner_start_delayed(struct xen_runner *r, struct kvm_vcpu *vcpu, const char *parameter,
			      const char *delay_ms, volatile uint32_t *begun)
{
	TEST_ASSERT_EQ(xen_write_parameter(parameter, delay_ms), 0);
	pin_self_to_cpu(1);
	xen_runner_start(r, vcpu);
	pin_self_to_cpu(0);
	TEST_ASSERT(xen_wait_for(*begun), "The guest does not run");
	usleep(atoi(delay_ms) * 1000 / 10);
}

/* Make KVM_RUN return -EINTR once; the thread enters the guest again. */
void xen_runner_kick(struct xen_runner *r)
{
	pthread_kill(r->thread, SIGUSR1);
}

void xen_runner_stop(struct xen_runner *r)
{
	WRITE_ONCE(r->stop, true);
	WRITE_ONCE(r->vcpu->run->immediate_exit, 1);
	pthread_kill(r->thread, SIGUSR1);
	pthread_join(r->thread, NULL);
	close(r->stats);
	r->vcpu->run->immediate_exit = 0;
}

bool xen_runner_reaches(struct xen_runner *r, uint64_t stage)
{
	return xen_wait_for(READ_ONCE(r->stage) >= stage || READ_ONCE(r->done)) &&
	       READ_ONCE(r->stage) >= stage;
}

bool xen_runner_blocks(struct xen_runner *r)
{
	return xen_wait_for(xen_stat(r->stats, "blocking"));
}
