// SPDX-License-Identifier: GPL-2.0
/*
 * ports CPUS ROUNDS [MAX FAULT]: takes as many event channels as the platform
 * has left, in pairs whose ends are both here, and counts what arrives on
 * each. One process for each CPU has its share of them, MAX if that is given,
 * and sends on its own, so that all CPUs put events on all queues at the same
 * time. A FAULT is planted, which has to be found.
 *
 * /dev/xen/evtchn keeps a port masked from an event's arrival until a write
 * to it unmasks it. So the number of arrivals is known exactly: one for a send, no
 * matter how busy the system is; none for sends while the port is masked; and
 * one for all of these when it is unmasked. Prints how many ports and arrivals
 * there were, and fails at the first count that is another.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kernel's header leaves it to its user. */
typedef uint16_t domid_t;
#include <xen/evtchn.h>

#define DEVICE		"/dev/xen/evtchn"
#define DOMID_SELF	0x7ff0
#define MAX_PORTS	131072
#define MAX_CPUS	64

/* Longer than any delay; what has not arrived by then is lost. */
#define LOST_MS		60000
#define PLANTED_LOST_MS	100

/* What the processes share; arrivals are those on ports that are still there. */
struct total {
	pthread_barrier_t barrier;
	unsigned int ports[MAX_CPUS];
	unsigned long arrivals[MAX_CPUS];
};

static struct total *total;

/* Of one process: its CPU, and its ports, the two of a pair side by side. */
static unsigned int me;
static int fd;
static uint32_t ports[MAX_PORTS];
static unsigned int nr_ports;

/* By port: how often it has arrived, in all and since the last reset. */
static unsigned int arrivals[MAX_PORTS];
static unsigned char arrived[MAX_PORTS];

static unsigned int max_ports = MAX_PORTS;
static const char *fault = "none";

static int is_planted(const char *name)
{
	return !strcmp(fault, name);
}

static void meet(void)
{
	pthread_barrier_wait(&total->barrier);
}

static int bind_unbound(void)
{
	struct ioctl_evtchn_bind_unbound_port bind = { DOMID_SELF };

	return ioctl(fd, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &bind);
}

static int bind_interdomain(unsigned int port)
{
	struct ioctl_evtchn_bind_interdomain bind = { DOMID_SELF, port };

	return ioctl(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);
}

static void unbind(unsigned int port)
{
	struct ioctl_evtchn_unbind close = { port };

	if (ioctl(fd, IOCTL_EVTCHN_UNBIND, &close))
		err(1, "unbinding port %u", port);
	total->arrivals[me] -= arrivals[port];
	arrivals[port] = 0;
}

static void send_event(unsigned int port)
{
	struct ioctl_evtchn_notify notify = { port };

	if (ioctl(fd, IOCTL_EVTCHN_NOTIFY, &notify))
		err(1, "sending on port %u", port);
}

static void must_be_full(void)
{
	if (errno != ENOSPC)
		err(1, "after %u ports", nr_ports);
}

/* False when there are none left. */
static int bind_pair(void)
{
	int one = bind_unbound();
	int other = one < 0 ? -1 : bind_interdomain(one);

	if (other < 0) {
		must_be_full();
		if (one >= 0)
			unbind(one);
		return 0;
	}
	ports[nr_ports++] = one;
	ports[nr_ports++] = other;
	return 1;
}

static void send_to_all(unsigned int times)
{
	unsigned int i, n;

	for (n = 0; n < times; n++) {
		for (i = is_planted("lost"); i < nr_ports; i++)
			send_event(ports[i]);
	}
}

static void wait_for_more(unsigned int got)
{
	int limit = is_planted("lost") ? PLANTED_LOST_MS : LOST_MS;
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	if (poll(&poller, 1, limit) != 1)
		errx(1, "CPU %u: %u of %u ports are lost", me, nr_ports - got, nr_ports);
}

/* Reads which ports have arrived; returns how many. */
static unsigned int take(void)
{
	uint32_t got[1024];
	ssize_t size = read(fd, got, sizeof(got));
	unsigned int i, n;

	if (size < 0 && errno != EAGAIN)
		err(1, "reading %s", DEVICE);
	n = size < 0 ? 0 : size / sizeof(*got);
	for (i = 0; i < n; i++) {
		if (arrived[got[i]]++)
			errx(1, "CPU %u: port %u has arrived twice", me, got[i]);
		arrivals[got[i]]++;
	}
	total->arrivals[me] += n;
	return n;
}

static void forget_arrivals(void)
{
	memset(arrived, 0, sizeof(arrived));
}

static void expect_none(const char *when)
{
	forget_arrivals();
	if (take())
		errx(1, "CPU %u: events %s", me, when);
}

/* Each port arrives once, and none stands for another. */
static void expect_all(void)
{
	unsigned int got = 0;

	forget_arrivals();
	while (got < nr_ports) {
		wait_for_more(got);
		got += take();
	}
	expect_none("after all have arrived");
}

static void unmask(unsigned int from, unsigned int n)
{
	ssize_t size = n * sizeof(*ports);

	if (write(fd, ports + from, size) != size)
		err(1, "writing to %s", DEVICE);
}

/* The device takes up to a page of them at once. */
static void unmask_all(void)
{
	unsigned int i, n;

	for (i = 0; i < nr_ports; i += n) {
		n = nr_ports - i < 1024 ? nr_ports - i : 1024;
		unmask(i, n);
	}
}

/* An event that nobody is to expect, of the first pair; it has come on return. */
static void plant(const char *name)
{
	if (!is_planted(name))
		return;
	unmask(1, 1);
	send_event(ports[0]);
	wait_for_more(0);
}

/* The last pair makes room for a new one; what it left must not reach that. */
static void replace_pair(void)
{
	if (!nr_ports)
		return;
	nr_ports -= 2;
	send_event(ports[nr_ports]);
	send_event(ports[nr_ports + 1]);
	unbind(ports[nr_ports]);
	unbind(ports[nr_ports + 1]);
	bind_pair();
}

static void run_round(void)
{
	plant("twice");
	plant("twice");
	send_to_all(1);
	expect_all();
	plant("masked");
	send_to_all(2);
	expect_none("of masked ports");
	unmask_all();
	expect_all();
	replace_pair();
	unmask_all();
	plant("unasked");
	expect_none("that nobody sent");
}

static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(me, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "cannot run on CPU %u", me);
}

static void take_ports(void)
{
	fd = open(DEVICE, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		err(1, "%s", DEVICE);
	while (nr_ports < max_ports && bind_pair())
		;
}

/* The interrupts of its ports can be counted until it ends. */
static void work(unsigned int rounds)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin();
	take_ports();
	meet();
	while (rounds--)
		run_round();
	total->ports[me] = nr_ports;
	total->arrivals[me] += is_planted("counted");
	meet();
	meet();
	exit(0);
}

/* The numbers of a line of /proc/interrupts. */
static unsigned long sum_line(char *line)
{
	unsigned long sum = 0, number;
	char *at = strchr(line, ':') + 1, *end;

	for (;; at = end) {
		number = strtoul(at, &end, 10);
		if (end == at)
			return sum;
		sum += number;
	}
}

/* What the kernel has counted as interrupts of these ports. */
static unsigned long count_interrupts(void)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long sum = 0;
	char line[4096];

	if (!file)
		err(1, "/proc/interrupts");
	while (fgets(line, sizeof(line), file)) {
		if (strstr(line, "evtchn:ports"))
			sum += sum_line(line);
	}
	fclose(file);
	return sum;
}

static void report(unsigned int cpus)
{
	unsigned long all = 0, events = 0, counted = count_interrupts();
	unsigned int i;

	for (i = 0; i < cpus; i++) {
		all += total->ports[i];
		events += total->arrivals[i];
	}
	if (counted != events)
		errx(1, "%lu arrivals, but %lu interrupts", events, counted);
	printf("%lu %lu\n", all, events);
}

/* A process that has failed never comes to the barrier; the others end with this one. */
static void child_failed(int signal)
{
	(void)signal;
	_exit(1);
}

static void start(unsigned int cpus, unsigned int rounds)
{
	signal(SIGCHLD, child_failed);
	for (me = 0; me < cpus; me++) {
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			work(rounds);
		}
	}
}

/* Only then are all ports free again. */
static void finish(void)
{
	signal(SIGCHLD, SIG_DFL);
	meet();
	while (wait(NULL) > 0)
		;
}

static void share_total(unsigned int cpus)
{
	pthread_barrierattr_t attr;

	total = mmap(NULL, sizeof(*total), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (total == MAP_FAILED)
		err(1, "mmap");
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&total->barrier, &attr, cpus + 1);
}

int main(int argc, char **argv)
{
	unsigned int cpus = argc > 2 ? atoi(argv[1]) : 0;

	if (!cpus || cpus > MAX_CPUS || (argc != 3 && argc != 5))
		errx(2, "usage: ports CPUS ROUNDS [MAX FAULT]");
	if (argc == 5) {
		max_ports = atoi(argv[3]);
		fault = argv[4];
	}
	share_total(cpus);
	start(cpus, atoi(argv[2]));
	meet();
	meet();
	report(cpus);
	finish();
	return 0;
}
