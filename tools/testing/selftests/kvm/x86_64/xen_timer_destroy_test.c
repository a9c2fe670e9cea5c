// SPDX-License-Identifier: GPL-2.0
/*
 * A VM that goes while the interrupt of its timer is about to kick the vCPU.
 *
 * If this fails, the interrupt touches a vCPU that was freed, which KASAN reports in
 * the log.  The event was delivered by then, so nothing but the hrtimer itself knows
 * that its interrupt is not over.  Needs a kernel that makes this window wide, by the
 * module parameter xen_delay_kick.
 */
#include <sys/wait.h>

#include "xen_harness.h"
#include "xen.h"

#define PORT		13
#define MS		1000000ull
#define PARAMETER	"xen_delay_kick"
#define DELAY_MS	"2000"

/*
 * Have another process run on @cpu, so that nothing is left there of this one's memory:
 * to unmap some would have to wait for the interrupt, too.
 */
static void leave(int cpu)
{
	pid_t pid = fork();

	if (!pid) {
		pin_self_to_cpu(cpu);
		_exit(0);
	}
	TEST_ASSERT(pid > 0 && waitpid(pid, NULL, 0) == pid, "No other process");
}

/* Calls bring the vCPU to where KVM looks at its timer. */
static void guest_code(void)
{
	GUEST_SYNC(1);
	while (!xen_is_pending((void *)XEN_SHINFO_GPA, PORT))
		xen_guest_yield();
	GUEST_SYNC(2);
}

/*
 * An hrtimer expires on the CPU that armed it: let the vCPU run on the other.  It has
 * run with a timer port before, as KVM takes a new vCPU's clock anew, after which the
 * vCPU's own thread arms the timer once more.
 */
static struct xen_vm *deliver_elsewhere(void)
{
	struct xen_vm *x = xen_vm_create(1, true, guest_code);
	uint64_t expires;

	TEST_ASSERT_EQ(xen_set_timer(x->vcpu[0], PORT, 0), 0);
	TEST_ASSERT_EQ(xen_step(x->vcpu[0]), 1);
	pin_self_to_cpu(1);
	expires = xen_vm_now(x) + 20000 * MS;
	TEST_ASSERT_EQ(xen_set_timer(x->vcpu[0], PORT, expires), 0);
	pin_self_to_cpu(0);
	leave(1);
	TEST_ASSERT(xen_vm_now(x) < expires, "Too late to meet the interrupt");
	TEST_ASSERT_EQ(xen_step(x->vcpu[0]), 2);
	return x;
}

TEST(vm_that_goes_waits_for_the_interrupt_of_its_timer)
{
	int log = xen_klog_open();
	struct xen_vm *x;
	uint64_t begin;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "the interrupt needs another CPU than the vCPU");
	if (xen_write_parameter(PARAMETER, DELAY_MS))
		SKIP(return, "this kernel cannot delay the interrupt");

	x = deliver_elsewhere();
	begin = xen_ms();
	xen_vm_free(x);

	TH_LOG("the VM's end took %lu ms", xen_ms() - begin);
	/* A wait for the other CPU shows that its interrupt was not over. */
	EXPECT_GE(xen_ms(), begin + atoi(DELAY_MS) / 20);
	while (xen_ms() < begin + atoi(DELAY_MS))
		usleep(10000);
	EXPECT_EQ(0, xen_write_parameter(PARAMETER, "0"));
	EXPECT_FALSE(xen_klog_has_splat(log));
	close(log);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
