// SPDX-License-Identifier: GPL-2.0
/*
 * The callback by which a guest is notified of events, changed while events arrive.
 *
 * If this fails, an event that is raised while a guest or its VMM changes the
 * callback is not notified, and the guest goes on sleeping.  Senders wait for
 * what they sent to be handled, so one event without a notification ends its
 * port's traffic, and the counts are not the same in the end.  The guest's
 * vCPUs sleep when they have nothing to do, and nothing but an upcall wakes
 * them.  Stock 6.12 has no such callback.
 */
#include <string.h>

#include "apic.h"
#include "xen_fifo.h"
#include "xen_harness.h"
#include "xen_line.h"

#define NR_VCPUS	4
#define NR_TRAFFIC	16
#define IOCTL_PORTS	1
#define IRQFD_PORTS	(IOCTL_PORTS + NR_TRAFFIC)
#define HCALL_PORTS	(IRQFD_PORTS + NR_TRAFFIC)
#define NR_OWN		4				/* of each vCPU */
#define END_HCALL	(HCALL_PORTS + NR_VCPUS * NR_OWN)

/* One for each vCPU, which another that looks for events at 2-level does not see. */
#define LAST_PORT(i)	(128 + 64 * (uint32_t)(i))
#define END_PORT	(LAST_PORT(NR_VCPUS - 1) + 1)
#define ROUNDS		14
#define CHANGES		8

/* Time in which what must not happen could. */
#define LATE_US	2000

#define EDGE_PIN	XEN_LINE_PIN
#define LEVEL_PIN	XEN_LINE_PIN2

struct orders {
	bool quiet;
};

#define ORDERS		((volatile struct orders *)XEN_SPARE_GPA(1))

static void guest_code(uint64_t vcpu, uint64_t fifo)
{
	x2apic_enable();
	if (!vcpu && fifo)
		xen_guest_fifo_begin(NR_VCPUS, 1);
	GUEST_SYNC(1);
	for (;;) {
		if (!ORDERS->quiet && xen_guest_send_idle(HCALL_PORTS + vcpu * NR_OWN, NR_OWN))
			xen_guest_irq_window();
		else
			xen_guest_halt();
	}
}

FIXTURE(change) {
	struct xen_vm *x;
	volatile struct orders *orders;
	struct xen_runner r[NR_VCPUS];
	struct xen_traffic t[2];
	int vm_fd;			/* eventfds, each an irqfd of an MSI */
	int vcpu_fd[NR_VCPUS];
	unsigned int seed;
	int klog;
};

FIXTURE_VARIANT(change) {
	bool fifo;
};

FIXTURE_VARIANT_ADD(change, two_level) { .fifo = false };
FIXTURE_VARIANT_ADD(change, fifo) { .fifo = true };

/* By the host, as no guest code here is about controllers. */
static void write_pin(struct xen_vm *x, unsigned int pin, uint64_t entry)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	vm_ioctl(x->vm, KVM_GET_IRQCHIP, &chip);
	chip.chip.ioapic.redirtbl[pin].bits = entry;
	vm_ioctl(x->vm, KVM_SET_IRQCHIP, &chip);
}

static int make_msi_eventfd(struct xen_vm *x, unsigned int vcpu)
{
	int fd = xen_eventfd();

	TEST_ASSERT_EQ(xen_line_irqfd(x, XEN_LINE_MSI_GSI + vcpu, fd, -1), 0);
	return fd;
}

static void prepare_lines(FIXTURE_DATA(change) *self)
{
	unsigned int i;

	write_pin(self->x, EDGE_PIN, XEN_LINE_VECTOR);
	write_pin(self->x, LEVEL_PIN, XEN_LINE_VECTOR2 | XEN_IOAPIC_LEVEL);
	vm_install_exception_handler(self->x->vm, XEN_LINE_VECTOR, xen_guest_fifo_line_upcall);
	vm_install_exception_handler(self->x->vm, XEN_LINE_VECTOR2, xen_guest_fifo_line_upcall);
	self->vm_fd = make_msi_eventfd(self->x, 0);
	for (i = 0; i < NR_VCPUS; i++)
		self->vcpu_fd[i] = make_msi_eventfd(self->x, i);
}

/* The irqfds' routes have to be there with those of the lines. */
static void prepare_traffic(FIXTURE_DATA(change) *self)
{
	uint32_t i;

	xen_traffic_init(&self->t[0], self->x, XEN_BY_IOCTL, IOCTL_PORTS, NR_TRAFFIC);
	xen_traffic_init(&self->t[1], self->x, XEN_BY_IRQFD, IRQFD_PORTS, NR_TRAFFIC);
	self->t[0].wanders = true;
	self->t[1].with_lines = true;
	xen_traffic_route(&self->t[1]);
	for (i = HCALL_PORTS; i < END_HCALL; i++)
		TEST_ASSERT_EQ(xen_bind_ipi(self->x, i, i % NR_VCPUS), 0);
}

FIXTURE_SETUP(change)
{
	uint64_t i;

	self->klog = xen_klog_open();
	ASSERT_LE(0, self->klog);
	self->seed = 1;
	self->x = xen_fifo_vm_create(NR_VCPUS, true, guest_code);
	ASSERT_EQ(0, xen_config(self->x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
					 KVM_XEN_HVM_CONFIG_EVTCHN_SEND |
					 KVM_XEN_HVM_CONFIG_EVTCHN_FIFO |
					 KVM_XEN_HVM_CONFIG_CALLBACK));
	if (!variant->fifo)
		xen_fifo_stay_at_2level(self->x);
	self->orders = xen_hva(self->x, XEN_SPARE_GPA(1));
	self->orders->quiet = true;
	prepare_traffic(self);
	prepare_lines(self);
	for (i = 0; i < NR_VCPUS; i++) {
		vcpu_args_set(self->x->vcpu[i], 2, i, (uint64_t)variant->fifo);
		xen_runner_start(&self->r[i], self->x->vcpu[i]);
		ASSERT_TRUE(xen_runner_reaches(&self->r[i], 1));
	}
}

FIXTURE_TEARDOWN(change)
{
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		xen_runner_stop(&self->r[i]);
		EXPECT_FALSE(self->r[i].done) {
			TH_LOG("vCPU %d: %s", i, self->r[i].failure);
		}
		EXPECT_EQ(0, xen_fifo_guest_consumer(self->x, i)->nr_bad);
	}
	EXPECT_FALSE(xen_klog_has_splat(self->klog));
	close(self->klog);
	xen_vm_free(self->x);
	close(self->vm_fd);
	for (i = 0; i < NR_VCPUS; i++)
		close(self->vcpu_fd[i]);
}

/* Callbacks of the VM, which notify vCPU 0 alone or all vCPUs. */
static const struct vm_callback {
	struct kvm_xen_callback callback;	/* its assert_fd is the VM's */
	bool notifies_all;
} vm_callbacks[] = {
	{ { .type = KVM_XEN_CALLBACK_NONE } },
	{ { .type = KVM_XEN_CALLBACK_VECTOR, .vector = XEN_VM_VECTOR }, .notifies_all = true },
	{ { .type = KVM_XEN_CALLBACK_GSI, .gsi = EDGE_PIN } },
	{ { .type = KVM_XEN_CALLBACK_GSI, .gsi = LEVEL_PIN } },
	{ { .type = KVM_XEN_CALLBACK_PCI_INTX, .gsi = LEVEL_PIN } },
	{ { .type = KVM_XEN_CALLBACK_GSI, .flags = KVM_XEN_CALLBACK_EVENTFD,
	    .resample_fd = -1 } },
};

static void set_vm(FIXTURE_DATA(change) *self, unsigned int which)
{
	struct kvm_xen_callback callback = vm_callbacks[which].callback;

	if (callback.flags & KVM_XEN_CALLBACK_EVENTFD)
		callback.assert_fd = self->vm_fd;
	TEST_ASSERT_EQ(xen_set_callback(self->x, &callback), 0);
}

/* What a vCPU has for itself. */
enum own { OWN_NOTHING, OWN_VECTOR, OWN_EVENTFD, OWN_BOTH, NR_OWN_METHODS };

/* A vCPU's attributes are set while it is out of KVM_RUN. */
static void set_own(FIXTURE_DATA(change) *self, unsigned int i, enum own own)
{
	struct kvm_vcpu *vcpu = self->x->vcpu[i];

	xen_runner_stop(&self->r[i]);
	TEST_ASSERT(!self->r[i].done, "vCPU %u: %s", i, self->r[i].failure);
	TEST_ASSERT_EQ(xen_set_vcpu_vector(vcpu, own & OWN_VECTOR ? XEN_VCPU_VECTOR : 0), 0);
	if (own & OWN_EVENTFD)
		TEST_ASSERT_EQ(xen_set_vcpu_eventfds(vcpu, self->vcpu_fd[i], -1), 0);
	else
		TEST_ASSERT_EQ(xen_set_vcpu_callback(vcpu, &(struct kvm_xen_callback) {}), 0);
	xen_runner_start(&self->r[i], vcpu);
}

static void set_all(FIXTURE_DATA(change) *self, enum own own)
{
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		set_own(self, i, own);
}

static void change_something(FIXTURE_DATA(change) *self)
{
	unsigned int chance = rand_r(&self->seed);

	if (chance % 3)
		set_vm(self, chance / 3 % ARRAY_SIZE(vm_callbacks));
	else
		set_own(self, chance / 3 % NR_VCPUS, chance / 16 % NR_OWN_METHODS);
	usleep(rand_r(&self->seed) % 1000);
}

static void change_under_traffic(FIXTURE_DATA(change) *self)
{
	unsigned int i;

	self->orders->quiet = false;
	for (i = 0; i < 2; i++)
		xen_traffic_start(&self->t[i]);
	for (i = 0; i < CHANGES; i++)
		change_something(self);
}

static void stop_traffic(FIXTURE_DATA(change) *self)
{
	int i;

	for (i = 0; i < 2; i++) {
		xen_traffic_stop(&self->t[i]);
		TEST_ASSERT_EQ(self->t[i].nr_failed, 0);
	}
	self->orders->quiet = true;
}

static bool is_notified(FIXTURE_DATA(change) *self, unsigned int vcpu)
{
	struct xen_fifo_port *port = xen_fifo_port(self->x, LAST_PORT(vcpu));

	return xen_wait_for(port->sent == READ_ONCE(port->handled));
}

static bool waits(FIXTURE_DATA(change) *self, unsigned int vcpu)
{
	struct xen_fifo_port *port = xen_fifo_port(self->x, LAST_PORT(vcpu));

	return port->sent != READ_ONCE(port->handled) &&
	       READ_ONCE(*xen_upcall_pending(xen_vcpu_info(self->x, vcpu)));
}

/* Remove all callbacks: afterwards no upcall is delivered. */
static void remove_all(FIXTURE_DATA(change) *self)
{
	set_vm(self, 0);
	set_all(self, OWN_NOTHING);
}

static bool all_wait(FIXTURE_DATA(change) *self)
{
	struct xen_fifo_port *port;
	unsigned int i, waiting = 0;

	for (i = 0; i < NR_VCPUS; i++) {
		port = xen_fifo_port(self->x, LAST_PORT(i));
		if (port->sent != READ_ONCE(port->handled))
			continue;
		port->sent++;
		TEST_ASSERT_EQ(xen_send(self->x, LAST_PORT(i), i), 0);
	}
	usleep(LATE_US);
	for (i = 0; i < NR_VCPUS; i++)
		waiting += waits(self, i);
	return waiting == NR_VCPUS;
}

/*
 * Let each vCPU have an event that is not notified.  For a short time, interrupts of
 * earlier events may be under way, by which the guest handles it.
 */
static bool pend_on_all(FIXTURE_DATA(change) *self)
{
	return xen_wait_for(all_wait(self));
}

/* Methods that serve every vCPU, in the order in which they are given. */
static void set_for_all(FIXTURE_DATA(change) *self, unsigned int which)
{
	unsigned int i;

	if (which < ARRAY_SIZE(vm_callbacks)) {
		set_vm(self, which);
		/* NONE notifies no vCPU, a line only vCPU 0. */
		for (i = !!which; i < NR_VCPUS && !vm_callbacks[which].notifies_all; i++)
			set_own(self, i, OWN_VECTOR);
	} else {
		set_all(self, OWN_EVENTFD);
	}
}

#define NR_METHODS	(ARRAY_SIZE(vm_callbacks) + 1)

TEST_F(change, of_the_callback_while_events_fly_loses_and_doubles_none)
{
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		change_under_traffic(self);
		remove_all(self);
		stop_traffic(self);
		ASSERT_TRUE(pend_on_all(self)) {
			TH_LOG("In round %u a vCPU was notified", round);
		}
		set_for_all(self, round % NR_METHODS);
		ASSERT_TRUE(xen_fifo_drains(self->x, END_PORT)) {
			TH_LOG("In round %u, after the change to method %lu", round,
			       round % NR_METHODS);
		}
	}
	for (round = 0; round < NR_VCPUS; round++)
		EXPECT_LT(ROUNDS, xen_fifo_guest_consumer(self->x, round)->nr_handled);
}

/* The line is vCPU 0's: others are not notified by it, but by callbacks of their own. */
TEST_F(change, to_a_line_notifies_vcpu_0_alone)
{
	unsigned int which, i;

	for (which = 2; which < ARRAY_SIZE(vm_callbacks); which++) {
		remove_all(self);
		ASSERT_TRUE(pend_on_all(self));
		set_vm(self, which);
		EXPECT_TRUE(is_notified(self, 0));
		usleep(LATE_US);
		for (i = 1; i < NR_VCPUS; i++)
			EXPECT_TRUE(waits(self, i));
		for (i = 1; i < NR_VCPUS; i++) {
			set_own(self, i, i % 2 ? OWN_VECTOR : OWN_EVENTFD);
			EXPECT_TRUE(is_notified(self, i));
		}
	}
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
