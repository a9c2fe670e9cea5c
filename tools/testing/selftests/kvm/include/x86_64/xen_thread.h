/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that do the same thing until they are stopped, and processes that do so until
 * they are killed: for tests of what KVM does meanwhile.
 */
#ifndef SELFTEST_KVM_XEN_THREAD_H
#define SELFTEST_KVM_XEN_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct xen_thread {
	pthread_t thread;
	void (*step)(void *arg);
	void *arg;
	bool stop;
};

/* Call @step over and over in a new thread.  It inherits the CPUs of the calling thread. */
void xen_thread_start(struct xen_thread *t, void (*step)(void *arg), void *arg);
/* Wait for the step under way, and end the thread. */
void xen_thread_stop(struct xen_thread *t);

/* A step that only uses its CPU. */
void xen_spin(void *unused);

/* Call @live in a new process, and return when it has; its threads go on in that process. */
pid_t xen_process_start(void (*live)(void *arg), void *arg);
/* Wait for the end of @pid; returns whether SIGKILL was the cause. */
bool xen_process_is_killed(pid_t pid);

#endif /* SELFTEST_KVM_XEN_THREAD_H */
