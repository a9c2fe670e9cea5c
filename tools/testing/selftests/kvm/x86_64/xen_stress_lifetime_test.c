// SPDX-License-Identifier: GPL-2.0
/*
 * Pages and VMs that come and go while events are sent.
 *
 * If this fails, an event is lost while its page is remapped, a sender hangs,
 * or the kernel touches memory of a VM that is no more, which the kernel's log
 * shows.  Stock 6.12 passes.
 */
#include <signal.h>
#include <sys/eventfd.h>

#include "xen_harness.h"
#include "xen.h"

#define IOCTL_PORT	40
#define HCALL_PORT	140
#define IRQFD_PORT	240
#define TIMER_PORT	340
#define ELSEWHERE_GPA	0xe0000000ull
#define SENDS_GPA	0xb0000000ull
#define SENDS_SLOT	30
#define ROUNDS		20
#define LIVES		8
#define MS		1000000ull

/* Number of sends, in a page that stays where it is. */
#define SENDS		((volatile uint64_t *)SENDS_GPA)

static void guest_code_sends(void)
{
	for (;;) {
		xen_guest_send(true, HCALL_PORT);
		++*SENDS;
	}
}

/* The target sleeps, touches none of the pages, and takes no interrupts. */
static void guest_code_sleeps(void)
{
	for (;;)
		asm volatile("hlt");
}

struct life {
	struct xen_vm *x;
	struct xen_runner sender;
	struct xen_runner target;
	struct xen_thread ioctl_thread;
	struct xen_thread irqfd_thread;
	volatile uint64_t *sends;
	uint64_t ioctls;
	int irqfd;
};

static void send_by_ioctl(void *arg)
{
	struct life *life = arg;

	xen_send(life->x, IOCTL_PORT, 1);
	WRITE_ONCE(life->ioctls, life->ioctls + 1);
}

static void send_by_irqfd(void *arg)
{
	struct life *life = arg;

	eventfd_write(life->irqfd, 1);
	usleep(200);
}

static void map_sends(struct life *life)
{
	vm_userspace_mem_region_add(life->x->vm, VM_MEM_SRC_ANONYMOUS, SENDS_GPA, SENDS_SLOT, 1, 0);
	virt_map(life->x->vm, SENDS_GPA, SENDS_GPA, 1);
	life->sends = xen_hva(life->x, SENDS_GPA);
}

/* @irqfd is signalled by somebody else, who may outlive the VM. */
static void begin(struct life *life, int irqfd)
{
	struct kvm_irqfd request = { .fd = irqfd, .gsi = 30 };
	struct xen_routes routes = {};

	life->x = xen_vm_create(2, true, guest_code_sends);
	xen_set_entry_point(life->x->vcpu[1], guest_code_sleeps);
	map_sends(life);

	TEST_ASSERT_EQ(xen_bind_ipi(life->x, HCALL_PORT, 1), 0);
	xen_route_add(&routes, request.gsi, IRQFD_PORT, 1);
	TEST_ASSERT_EQ(xen_route_write(life->x, &routes), 0);
	vm_ioctl(life->x->vm, KVM_IRQFD, &request);
	life->irqfd = irqfd;
}

static void start_senders(struct life *life)
{
	xen_runner_start(&life->target, life->x->vcpu[1]);
	xen_runner_start(&life->sender, life->x->vcpu[0]);
	xen_thread_start(&life->ioctl_thread, send_by_ioctl, life);
	xen_thread_start(&life->irqfd_thread, send_by_irqfd, life);
	TEST_ASSERT(xen_wait_for(*life->sends && READ_ONCE(life->ioctls)), "No sender runs");
}

static void stop_senders(struct life *life)
{
	xen_thread_stop(&life->ioctl_thread);
	xen_thread_stop(&life->irqfd_thread);
	xen_runner_stop(&life->sender);
	xen_runner_stop(&life->target);
}

static void delete_and_add(struct life *life)
{
	xen_place_memslot(life->x, XEN_PAGES_SLOT, XEN_PAGES_GPA, false);
	usleep(500);
	xen_place_memslot(life->x, XEN_PAGES_SLOT, XEN_PAGES_GPA, true);
}

static void move_and_back(struct life *life)
{
	xen_place_memslot(life->x, XEN_PAGES_SLOT, ELSEWHERE_GPA, true);
	usleep(500);
	xen_place_memslot(life->x, XEN_PAGES_SLOT, XEN_PAGES_GPA, true);
}

static void unregister_and_register(struct life *life)
{
	TEST_ASSERT_EQ(xen_set_shared_info(life->x, KVM_XEN_INVALID_GFN), 0);
	usleep(500);
	TEST_ASSERT_EQ(xen_set_shared_info(life->x, XEN_SHINFO_GPA >> PAGE_SHIFT), 0);
}

/* Whether the next event on @port becomes pending, selected and announced. */
static bool arrives(struct life *life, uint32_t port)
{
	void *vi = xen_vcpu_info(life->x, 1);

	*xen_upcall_pending(vi) = 0;
	xen_take_sel(vi, true);
	xen_clear_pending(life->x->shinfo, port);
	return xen_wait_for(xen_is_pending(life->x->shinfo, port)) &&
	       xen_wait_for(xen_sel(vi, true) & xen_sel_bit(true, port)) &&
	       xen_wait_for(*xen_upcall_pending(vi));
}

static int survive(void (*change)(struct life *life))
{
	struct life life = {};
	int round, lost = 0;

	begin(&life, eventfd(0, 0));
	start_senders(&life);
	for (round = 0; round < ROUNDS && !lost; round++) {
		change(&life);
		lost += !arrives(&life, IOCTL_PORT);
		lost += !arrives(&life, HCALL_PORT);
		lost += !arrives(&life, IRQFD_PORT);
	}
	stop_senders(&life);
	TEST_ASSERT(!life.sender.done, "The sender ended: %s", life.sender.failure);
	xen_vm_free(life.x);
	close(life.irqfd);
	return lost;
}

FIXTURE(lifetime) {
};

FIXTURE_SETUP(lifetime)
{
}

FIXTURE_TEARDOWN(lifetime)
{
}

TEST_F(lifetime, events_survive_pages_that_are_deleted_and_added)
{
	EXPECT_EQ(0, survive(delete_and_add));
}

TEST_F(lifetime, events_survive_pages_that_are_moved_and_moved_back)
{
	EXPECT_EQ(0, survive(move_and_back));
}

TEST_F(lifetime, events_survive_a_shared_info_that_is_registered_anew)
{
	EXPECT_EQ(0, survive(unregister_and_register));
}

/* In a process of its own: all senders at work, a timer about to fire. */
static void start_life(void *irqfd)
{
	static struct life life;
	uint64_t now;

	begin(&life, *(int *)irqfd);
	TEST_ASSERT_EQ(xen_set_vcpu_info(life.x->vcpu[0], KVM_XEN_INVALID_GPA), 0);
	now = xen_vm_now(life.x);
	TEST_ASSERT_EQ(xen_set_timer(life.x->vcpu[0], TIMER_PORT, now + 20 * MS), 0);
	TEST_ASSERT_EQ(xen_set_timer(life.x->vcpu[1], TIMER_PORT, now + 40 * MS), 0);
	start_senders(&life);
}

static void signal_some(int irqfd, int times)
{
	while (times-- > 0)
		eventfd_write(irqfd, 1);
}

TEST_F(lifetime, a_vm_can_end_while_events_fly)
{
	int life, irqfd = eventfd(0, EFD_NONBLOCK);
	pid_t child;

	for (life = 0; life < LIVES; life++) {
		child = xen_process_start(start_life, &irqfd);
		signal_some(irqfd, 100 * life);
		ASSERT_EQ(0, kill(child, SIGKILL));
		signal_some(irqfd, 2000);
		EXPECT_TRUE(xen_process_is_killed(child));
		signal_some(irqfd, 100);
	}
}

TEST_F(lifetime, a_vm_can_end_with_timers_armed_and_selections_waiting)
{
	struct xen_vm *x;
	int life;

	for (life = 0; life < LIVES; life++) {
		x = xen_vm_create_bare(2, life % 2, guest_code_sleeps);
		ASSERT_EQ(0, xen_set_shared_info(x, XEN_SHINFO_GPA >> PAGE_SHIFT));
		ASSERT_EQ(0, xen_send(x, 1, 0));
		ASSERT_EQ(0, xen_send(x, 1000, 1));
		ASSERT_EQ(0, xen_set_timer(x->vcpu[0], TIMER_PORT, xen_vm_now(x) + life * MS));
		ASSERT_EQ(0, xen_set_timer(x->vcpu[1], TIMER_PORT, UINT64_MAX / 4));
		xen_vm_free(x);
	}
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
