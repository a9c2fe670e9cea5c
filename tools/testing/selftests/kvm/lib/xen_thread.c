// SPDX-License-Identifier: GPL-2.0
/* Threads and processes beside a test: see xen_thread.h. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_thread.h"

static void *repeat(void *arg)
{
	struct xen_thread *t = arg;

	while (!READ_ONCE(t->stop))
		t->step(t->arg);
	return NULL;
}

void xen_thread_start(struct xen_thread *t, void (*step)(void *arg), void *arg)
{
	*t = (struct xen_thread) { .step = step, .arg = arg };
	TEST_ASSERT(!pthread_create(&t->thread, NULL, repeat, t), "No thread");
}

void xen_thread_stop(struct xen_thread *t)
{
	WRITE_ONCE(t->stop, true);
	pthread_join(t->thread, NULL);
}

void xen_spin(void *unused)
{
	cpu_relax();
}

static void run_until_killed(void (*live)(void *arg), void *arg, int ready)
{
	live(arg);
	TEST_ASSERT(write(ready, "", 1) == 1, "No pipe");
	for (;;)
		pause();
}

pid_t xen_process_start(void (*live)(void *arg), void *arg)
{
	int ready[2];
	pid_t pid;
	char byte;

	TEST_ASSERT(!pipe(ready), "No pipe");
	pid = fork();
	if (!pid)
		run_until_killed(live, arg, ready[1]);
	TEST_ASSERT(pid > 0, "No process");
	close(ready[1]);
	TEST_ASSERT(read(ready[0], &byte, 1) == 1, "The process ended early");
	close(ready[0]);
	return pid;
}

bool xen_process_is_killed(pid_t pid)
{
	int status;

	TEST_ASSERT(waitpid(pid, &status, 0) == pid, "No such process");
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}
