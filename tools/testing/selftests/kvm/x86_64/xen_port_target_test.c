// SPDX-License-Identifier: GPL-2.0
/*
 * The vCPU that a port's events go to, while it changes under its senders.
 *
 * If this fails, events keep going to the vCPU that a port was moved away
 * from, and a guest that balances its interrupts loses devices.  On stock 6.12
 * a sender that looks the old vCPU up can store it over the new one.  Here that
 * look-up walks through many idle vCPUs, and the VMM's thread shares the CPU
 * with the sender, and preempts it, so that it often does so in there.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <time.h>

#include "kvm_test_harness.h"
#include "xen.h"

#define PORT		70
#define NR_IDLE		400
#define FIRST_IDLE_ID	2000
#define TARGET_ID(i)	(1500 + (i))
#define ROUNDS		150
#define LOOK_UP_NS	400000

#define DEBUGFS		"/sys/kernel/debug"

/* Number of sends so far, where the host sees it. */
#define SENDS		((volatile uint64_t *)XEN_SPARE_GPA(0))

static void guest_code(void)
{
	for (;;) {
		GUEST_ASSERT_EQ(xen_guest_send(true, PORT), 0);
		++*SENDS;
	}
}

FIXTURE(target) {
	struct xen_vm *x;
	struct xen_runner r;
	volatile uint64_t *sends;
};

FIXTURE_SETUP(target)
{
	self->x = xen_vm_create(1, true, guest_code);
	self->sends = xen_hva(self->x, XEN_SPARE_GPA(0));
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
}

FIXTURE_TEARDOWN(target)
{
	xen_vm_free(self->x);
}

/* Idle vCPUs are never run; their numbers are not their indices. */
static void add_idle_vcpus(struct kvm_vm *vm)
{
	int nr = min(NR_IDLE, vm_check_cap(vm, KVM_CAP_MAX_VCPUS) - 8);
	int i;

	for (i = 0; i < nr; i++)
		TEST_ASSERT(ioctl(vm->fd, KVM_CREATE_VCPU, (long)FIRST_IDLE_ID + i) >= 0,
			    "No vCPU %d", i);
}

static void add_targets(struct xen_vm *x)
{
	unsigned int i;

	for (i = 1; i < 3; i++) {
		x->vcpu[i] = vm_vcpu_add(x->vm, TARGET_ID(i - 1), guest_code);
		TEST_ASSERT_EQ(xen_set_vcpu_info(x->vcpu[i], XEN_VCPU_INFO_GPA(i)), 0);
	}
}

/* True once every send that is under way now has ended, and one more. */
static bool senders_move_on(FIXTURE_DATA(target) *self)
{
	uint64_t from = *self->sends;

	return xen_wait_for(*self->sends >= from + 2 || READ_ONCE(self->r.done)) &&
	       !READ_ONCE(self->r.done);
}

static void forget_selections(FIXTURE_DATA(target) *self)
{
	int i;

	for (i = 0; i < 2; i++) {
		xen_take_sel(xen_vcpu_info(self->x, 1 + i), true);
		*xen_upcall_pending(xen_vcpu_info(self->x, 1 + i)) = 0;
	}
}

/* Which of the two the next event comes to: a bit each. */
static int who_gets_an_event(FIXTURE_DATA(target) *self)
{
	int i, got = 0;

	forget_selections(self);
	xen_clear_pending(self->x->shinfo, PORT);
	TEST_ASSERT(senders_move_on(self), "The sender stopped: %s", self->r.failure);
	for (i = 0; i < 2; i++)
		if (xen_sel(xen_vcpu_info(self->x, 1 + i), true))
			got |= 1 << i;
	return got;
}

/* The threads made from now on run where this one does... */
static void stay_on_this_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(cpus), &cpus), "No affinity, errno %d", errno);
}

/* ... and those made before have to step aside for it. */
static void go_first(void)
{
	struct sched_param param = { .sched_priority = 1 };

	TEST_ASSERT(!sched_setscheduler(0, SCHED_FIFO, &param), "No priority, errno %d", errno);
}

/* Give the sender some time, another one in each round, to look the vCPU up. */
static void linger(int round)
{
	struct timespec time = { .tv_nsec = round * 37777l % LOOK_UP_NS };

	nanosleep(&time, NULL);
}

TEST_F(target, is_the_new_vcpu_once_an_update_has_returned)
{
	int round, target, wrong = 0;

	add_idle_vcpus(self->x->vm);
	add_targets(self->x);
	stay_on_this_cpu();
	xen_runner_start(&self->r, self->x->vcpu[0]);
	go_first();
	ASSERT_TRUE(senders_move_on(self));

	for (round = 0; round < ROUNDS && !wrong; round++) {
		target = round % 2;
		ASSERT_EQ(0, xen_update_port(self->x, PORT, TARGET_ID(target)));
		ASSERT_EQ(0, xen_update_port(self->x, PORT, TARGET_ID(!target)));
		linger(round);
		ASSERT_EQ(0, xen_update_port(self->x, PORT, TARGET_ID(target)));
		ASSERT_TRUE(senders_move_on(self));
		wrong += who_gets_an_event(self) != 1 << target;
	}
	xen_runner_stop(&self->r);
	EXPECT_EQ(0, wrong) {
		TH_LOG("Events went to the old vCPU in round %d", round);
	}
}

TEST_F(target, of_an_unknown_port_cannot_be_updated)
{
	EXPECT_EQ(-ENOENT, xen_update_port(self->x, PORT + 1, 0));
	EXPECT_EQ(-ENOENT, xen_update_port(self->x, 4095, 0));
	EXPECT_EQ(-EINVAL, xen_update_port(self->x, 4096, 0));
	EXPECT_EQ(-EINVAL, xen_update_port(self->x, 0, 0));
}

TEST_F(target, is_all_that_an_update_may_change)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.send_port = PORT,
			.type = EVTCHNSTAT_ipi,
			.flags = KVM_XEN_EVTCHN_UPDATE,
			.deliver.port = { PORT, 0, 0 },
		},
	};

	EXPECT_EQ(-EINVAL, xen_vm_set(self->x, &attr));
	EXPECT_EQ(-EINVAL, xen_evtchn(self->x, KVM_XEN_EVTCHN_UPDATE, PORT,
				      EVTCHNSTAT_interdomain, PORT, 0));
	EXPECT_EQ(-EINVAL, xen_evtchn(self->x, KVM_XEN_EVTCHN_UPDATE, PORT,
				      EVTCHNSTAT_ipi, PORT + 1, 0));
	EXPECT_EQ(0, xen_update_port(self->x, PORT, 1));
}

TEST_F(target, of_an_eventfd_cannot_be_updated)
{
	int fd = xen_irqfd(self->x, 30);

	ASSERT_EQ(0, xen_bind_eventfd(self->x, 80, fd));
	EXPECT_EQ(-EINVAL, xen_evtchn(self->x, KVM_XEN_EVTCHN_UPDATE, 80,
				      EVTCHNSTAT_interdomain, 0, 0));
	EXPECT_EQ(-EINVAL, xen_evtchn(self->x, KVM_XEN_EVTCHN_UPDATE, 80,
				      EVTCHNSTAT_interdomain, 80, 0));
}

TEST_F(target, takes_one_flag_at_a_time)
{
	uint32_t flags;

	for (flags = 0; flags < 16; flags++) {
		if (flags == 0 || flags == KVM_XEN_EVTCHN_DEASSIGN ||
		    flags == KVM_XEN_EVTCHN_UPDATE || flags == KVM_XEN_EVTCHN_RESET)
			continue;
		EXPECT_EQ(-EINVAL, xen_evtchn(self->x, flags, PORT, EVTCHNSTAT_ipi, PORT, 0));
	}
}

static char preemption[64];

/* False where the kernel does not let its preemption be chosen. */
static bool choose_preemption(const char *mode)
{
	int fd = open(DEBUGFS "/sched/preempt", O_WRONLY);
	bool chosen = fd >= 0 && write(fd, mode, strlen(mode)) > 0;

	close(fd);
	return chosen;
}

static void restore_preemption(void)
{
	choose_preemption(preemption);
}

/* The mode in use is the one in brackets. */
static void save_preemption(void)
{
	FILE *file = fopen(DEBUGFS "/sched/preempt", "r");

	if (!file || fscanf(file, "%*[^(](%63[^)])", preemption) != 1)
		preemption[0] = '\0';
	if (file)
		fclose(file);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(xen_caps() & KVM_XEN_HVM_CONFIG_EVTCHN_SEND);

	mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	save_preemption();
	if (preemption[0] && choose_preemption("full"))
		atexit(restore_preemption);
	else
		printf("# Preemption stays as it is: the race is less likely to be met\n");

	return test_harness_run(argc, argv);
}
