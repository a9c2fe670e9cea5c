// SPDX-License-Identifier: GPL-2.0
/*
 * A poll that others wake, and that goes on, asks in each turn whether somebody else is
 * to run.
 *
 * On a kernel without preemption nothing else does.  If this fails, a guest whose vCPUs
 * wake one of them all the time keeps a CPU of the host for itself.  How long depends on
 * who wakes when; so this looks for the question, in the trace of functions.
 */
#include <string.h>
#include <sys/syscall.h>

#include "xen_harness.h"
#include "xen.h"
#include "xen_trace.h"

#define PREEMPT		"/sys/kernel/debug/sched/preempt"
#define POINT		"__cond_resched"

#define FIRST_PORT	20u
#define NR_PORTS	2u
#define WAKE_PORT	30u		/* another one, by which it is woken */
#define NR_TURNS	20u

static uint32_t ports[NR_PORTS] = { FIRST_PORT, FIRST_PORT + 1 };

/* Who polls for several ports is woken by any. */
static void guest_code(void)
{
	GUEST_SYNC(1);
	GUEST_ASSERT_EQ(xen_guest_poll(true, ports, NR_PORTS, 0), 0);
	GUEST_DONE();
}

FIXTURE(poll) {
	struct xen_vm *x;
	struct xen_runner r;
	pid_t tid;			/* of the runner */
};

/* Whether the kernel preempts; also true where it has no choice of models. */
static bool preempts(void)
{
	char modes[64] = "";
	int fd = open(PREEMPT, O_RDONLY);

	if (fd >= 0) {
		TEST_ASSERT(read(fd, modes, sizeof(modes) - 1) > 0, PREEMPT ": %d", errno);
		close(fd);
	}
	return !strstr(modes, "(none)");
}

static bool note_thread(struct xen_runner *r, void *tid)
{
	*(pid_t *)tid = syscall(SYS_gettid);
	return false;
}

FIXTURE_SETUP(poll)
{
	self->x = xen_vm_create(1, true, guest_code);
	xen_mask(self->x->shinfo, true, WAKE_PORT);
	xen_runner_start_with(&self->r, self->x->vcpu[0], note_thread, &self->tid);
	ASSERT_TRUE(xen_runner_reaches(&self->r, 1) && xen_runner_blocks(&self->r));
}

FIXTURE_TEARDOWN(poll)
{
	xen_trace_write("current_tracer", "nop");
	xen_trace_write("set_ftrace_filter", "\n");
	xen_trace_write("set_ftrace_pid", "\n");
	xen_runner_stop(&self->r);
	EXPECT_STREQ("", self->r.failure);
	xen_vm_free(self->x);
}

static void trace_points(pid_t tid)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", tid);
	xen_trace_write("set_ftrace_filter", POINT);
	xen_trace_write("set_ftrace_pid", pid);
	xen_trace_write("current_tracer", "function");
}

static unsigned int nr_points(void)
{
	FILE *trace = xen_trace_open();
	unsigned int nr = 0;
	char line[300];

	while (fgets(line, sizeof(line), trace))
		nr += line[0] != '#' && strstr(line, POINT);
	fclose(trace);
	return nr;
}

/* The event stays pending and masked: pollers are woken, and there is no upcall. */
static bool wake(FIXTURE_DATA(poll) *self)
{
	xen_clear_pending(self->x->shinfo, WAKE_PORT);
	TEST_ASSERT_EQ(xen_send(self->x, WAKE_PORT, 0), 0);
	return true;
}

TEST_F(poll, asks_in_each_turn_whether_others_are_to_run)
{
	trace_points(self->tid);
	EXPECT_TRUE(xen_wait_for(wake(self) && nr_points() >= NR_TURNS));
	EXPECT_TRUE(xen_runner_blocks(&self->r));
	EXPECT_FALSE(self->r.done);
}

int main(int argc, char **argv)
{
	xen_require_caps(KVM_XEN_HVM_CONFIG_EVTCHN_SEND);
	if (preempts())
		ksft_exit_skip("this kernel preempts\n");
	return test_harness_run(argc, argv);
}
