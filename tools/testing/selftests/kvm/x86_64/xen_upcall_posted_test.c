// SPDX-License-Identifier: GPL-2.0
/*
 * Events for a vCPU that is in the guest, and whose upcalls come by a vector of its LAPIC:
 * with APICv each is posted, and the vCPU does not leave the guest for it.
 *
 * If this fails, each event for a busy vCPU costs an exit, on hosts that could do without.
 * The same as on stock modules.
 */
#include "apic.h"
#include "xen_harness.h"
#include "xen.h"

#define TARGET		0
#define SENDER		1
#define PORT		40
#define GSI		24u
#define NR_EVENTS	1000u
#define NR_ROUNDS	3

struct shared {
	uint32_t upcalls;		/* that the target took */
	uint32_t wanted;		/* events that the sender is to send */
};

#define SHARED_GPA	XEN_SPARE_GPA(0)
#define SHARED		((volatile struct shared *)SHARED_GPA)

/* The handler clears the flag before it says so: the next event is an upcall of its own. */
static void handle_upcall(void)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(TARGET);

	WRITE_ONCE(*xen_upcall_pending(vcpu_info), 0);
	xen_take_sel(vcpu_info, true);
	GUEST_ASSERT(xen_clear_pending((void *)XEN_SHINFO_GPA, PORT));
	SHARED->upcalls++;
}

/* No PAUSE, of which many are an exit. */
static void target_code(void)
{
	x2apic_enable();
	GUEST_SYNC(1);
	asm volatile("sti");
	for (;;)
		asm volatile("nop");
}

static void sender_code(void)
{
	uint32_t sent = 0;

	for (;;) {
		if (sent == SHARED->wanted)
			continue;
		GUEST_ASSERT_EQ(xen_guest_send(true, PORT), 0);
		sent++;
	}
}

FIXTURE(posted) {
	struct xen_vm *x;
	volatile struct shared *shared;
	struct xen_runner target;
	int eventfd;
};

FIXTURE_SETUP(posted)
{
	struct xen_routes routes = {};

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "the sender needs another CPU than the target");

	self->x = xen_vm_create(2, true, target_code);
	self->shared = xen_hva(self->x, SHARED_GPA);
	xen_install_upcalls(self->x->vm, handle_upcall);
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, TARGET));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[TARGET], XEN_VCPU_VECTOR));
	xen_route_add(&routes, GSI, PORT, TARGET);
	ASSERT_EQ(0, xen_route_write(self->x, &routes));
	self->eventfd = xen_irqfd(self->x, GSI);

	pin_self_to_cpu(1);
	xen_runner_start(&self->target, self->x->vcpu[TARGET]);
	pin_self_to_cpu(0);
	ASSERT_TRUE(xen_runner_reaches(&self->target, 1));
}

FIXTURE_TEARDOWN(posted)
{
	xen_runner_stop(&self->target);
	EXPECT_FALSE(self->target.done) {
		TH_LOG("The target: %s", self->target.failure);
	}
	close(self->eventfd);
	xen_vm_free(self->x);
}

/* Interrupts of a CPU but those that KVM sends: each is an exit of a vCPU that runs there. */
static uint64_t count_interrupts(unsigned int cpu)
{
	char line[1024], name[16];
	uint64_t counts[2], sum = 0;
	FILE *file = fopen("/proc/interrupts", "r");

	TEST_ASSERT(file, "/proc/interrupts: %d", errno);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %15[^:]: %lu %lu", name, &counts[0], &counts[1]) != 3)
			continue;
		/* Kicks, and notifications of what was posted. */
		if (strcmp(name, "RES") && strcmp(name, "PIN"))
			sum += counts[cpu];
	}
	fclose(file);
	return sum;
}

typedef void (*send_fn)(FIXTURE_DATA(posted) *self);

/* An upcall at a time; returns the exits of the target that no interrupt explains. */
static uint64_t count_exits(FIXTURE_DATA(posted) *self, send_fn send, uint32_t nr)
{
	uint32_t i, before = self->shared->upcalls;
	uint64_t exits, interrupts;

	interrupts = count_interrupts(1);
	exits = xen_stat(self->target.stats, "exits");
	for (i = 1; i <= nr; i++) {
		send(self);
		TEST_ASSERT(xen_wait_for(self->shared->upcalls == before + i), "Event %u", i);
	}
	exits = xen_stat(self->target.stats, "exits") - exits;
	interrupts = count_interrupts(1) - interrupts;
	return exits > interrupts ? exits - interrupts : 0;
}

/*
 * The first events have the target touch its pages.  Reschedule IPIs of the scheduler look
 * like kicks, but are rare: an exit that events cause is there in every round.
 */
static void check_exits(FIXTURE_DATA(posted) *self, send_fn send)
{
	uint64_t exits;
	int round;

	count_exits(self, send, 10);
	for (round = 0; round < NR_ROUNDS; round++) {
		exits = count_exits(self, send, NR_EVENTS);
		printf("# metric exits_in_%u_events %lu\n", NR_EVENTS, exits);
		if (!exits || !xen_has_apicv())
			break;
	}
	if (xen_has_apicv())
		TEST_ASSERT_EQ(exits, 0);
	else
		TEST_ASSERT(exits >= NR_EVENTS / 2, "%lu exits, of events that are kicks", exits);
}

static void signal_irqfd(FIXTURE_DATA(posted) *self)
{
	xen_eventfd_signal(self->eventfd);
}

TEST_F(posted, event_of_an_irqfd_makes_no_exit)
{
	check_exits(self, signal_irqfd);
}

static void send_by_ioctl(FIXTURE_DATA(posted) *self)
{
	TEST_ASSERT_EQ(xen_send(self->x, PORT, TARGET), 0);
}

TEST_F(posted, event_of_the_vmm_makes_no_exit)
{
	check_exits(self, send_by_ioctl);
}

static void have_it_sent(FIXTURE_DATA(posted) *self)
{
	self->shared->wanted++;
}

TEST_F(posted, event_of_another_vcpu_makes_no_exit)
{
	struct xen_runner sender;

	xen_set_entry_point(self->x->vcpu[SENDER], sender_code);
	xen_runner_start(&sender, self->x->vcpu[SENDER]);
	check_exits(self, have_it_sent);
	xen_runner_stop(&sender);
	EXPECT_FALSE(sender.done) {
		TH_LOG("The sender: %s", sender.failure);
	}
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
