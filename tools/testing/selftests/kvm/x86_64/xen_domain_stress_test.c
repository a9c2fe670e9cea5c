// SPDX-License-Identifier: GPL-2.0
/*
 * Four vCPUs and the VMM open, bind, move and close ports that KVM keeps, while events fly
 * on them.
 *
 * Each event is sent after the last one of its port was handled, and a port is closed when
 * nothing is outstanding: both counts of a port are equal at the end of each of its lives,
 * and a port that got an event of another life would never be equal again.  If this fails,
 * a guest loses events, or gets some that belong to a port that is no more.  Stock 6.12
 * leaves these calls to the VMM.
 */
#include <pthread.h>

#include "apic.h"
#include "xen_harness.h"
#include "xen_domain.h"

#define NR_VCPUS	4
#define NR_SLOTS	8		/* of each vCPU */
#define NR_OPS		125000		/* of each vCPU: 10^6 in both variants */
#define SENDS		4		/* in the life of a port */

struct orders {
	bool begin;
	uint64_t ops[NR_VCPUS];
};

#define ORDERS		((volatile struct orders *)XEN_SPARE_GPA(1))

/* A port to send on, and the one that gets the events; the same for an IPI. */
struct slot {
	uint32_t from, to;
	unsigned int left;
};

static bool is_idle(uint32_t port)
{
	return xen_guest_port(port)->sent == xen_guest_port(port)->handled;
}

static unsigned int open_ipi(struct slot *slot, uint32_t vcpu)
{
	int64_t port = xen_guest_bind_ipi(vcpu);

	GUEST_ASSERT(port > 0);
	slot->from = port;
	slot->to = port;
	return 1;
}

/* Binding raises an event, on the side that binds. */
static unsigned int open_loopback(struct slot *slot, uint32_t vcpu)
{
	int64_t from = xen_guest_alloc_unbound(DOMID_SELF);
	int64_t to = xen_guest_bind_interdomain(DOMID_SELF, from);

	GUEST_ASSERT(from > 0 && to > 0);
	GUEST_ASSERT(to < XEN_GUEST_PORTS);
	slot->from = from;
	slot->to = to;
	xen_guest_port(to)->sent++;
	GUEST_ASSERT_EQ(xen_guest_bind_vcpu(to, vcpu), 0);
	return 3;
}

static unsigned int close_slot(struct slot *slot)
{
	uint32_t from = slot->from, to = slot->to;

	slot->from = 0;
	GUEST_ASSERT_EQ(xen_guest_close(from), 0);
	if (from == to)
		return 1;

	GUEST_ASSERT_EQ(xen_guest_close(to), 0);
	return 2;
}

static unsigned int send_slot(struct slot *slot)
{
	slot->left--;
	xen_guest_port(slot->to)->sent++;
	GUEST_ASSERT_EQ(xen_guest_send(true, slot->from), 0);
	return 1;
}

/* Also while an event is on its way. */
static unsigned int move_slot(struct slot *slot, uint32_t vcpu)
{
	if (slot->from == slot->to)
		return 0;

	GUEST_ASSERT_EQ(xen_guest_bind_vcpu(slot->to, vcpu), 0);
	return 1;
}

/* The next step of @slot.  Returns how many calls that took. */
static unsigned int go_on(struct slot *slot, uint32_t *seed)
{
	uint32_t random = xen_guest_random(seed), vcpu = random % NR_VCPUS;

	if (!slot->from) {
		slot->left = SENDS;
		return random & 0x100 ? open_ipi(slot, vcpu) : open_loopback(slot, vcpu);
	}
	if (!(random & 0xf00))
		return move_slot(slot, vcpu);
	if (!is_idle(slot->to))
		return 0;

	return slot->left ? send_slot(slot) : close_slot(slot);
}

static void close_all(struct slot *slots)
{
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++) {
		while (slots[i].from && !is_idle(slots[i].to))
			xen_guest_irq_window();
		if (slots[i].from)
			close_slot(&slots[i]);
	}
}

static void guest_code(uint64_t vcpu, uint64_t fifo)
{
	struct slot slots[NR_SLOTS] = { };
	uint32_t seed = vcpu;
	unsigned int i, done;

	x2apic_enable();
	if (!vcpu && fifo)
		xen_guest_fifo_begin(NR_VCPUS, 2);
	GUEST_SYNC(1);
	while (!ORDERS->begin)
		xen_guest_irq_window();

	while (ORDERS->ops[vcpu] < NR_OPS) {
		for (i = 0, done = 0; i < NR_SLOTS; i++)
			done += go_on(&slots[i], &seed);
		ORDERS->ops[vcpu] += done;
		if (!done)
			xen_guest_yield();
		xen_guest_irq_window();
	}

	close_all(slots);
	GUEST_SYNC(2);
	for (;;)
		xen_guest_halt();
}

FIXTURE(stress) {
	struct xen_vm *x;
	volatile struct orders *orders;
	struct xen_runner r[NR_VCPUS];
	uint64_t vmm_lives;
};

FIXTURE_VARIANT(stress) {
	bool fifo;
};

FIXTURE_VARIANT_ADD(stress, two_level) { .fifo = false };
FIXTURE_VARIANT_ADD(stress, fifo) { .fifo = true };

FIXTURE_SETUP(stress)
{
	unsigned int i;

	self->x = xen_domain_vm_create(NR_VCPUS, true, true, guest_code);
	if (!variant->fifo)
		xen_fifo_stay_at_2level(self->x);
	else
		ASSERT_EQ(0, xen_set_limit(self->x, XEN_GUEST_PORTS - 1));
	self->orders = xen_hva(self->x, XEN_SPARE_GPA(1));
	for (i = 0; i < NR_VCPUS; i++) {
		vcpu_args_set(self->x->vcpu[i], 2, (uint64_t)i, (uint64_t)variant->fifo);
		ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[i], XEN_VCPU_VECTOR));
	}
	for (i = 0; i < NR_VCPUS; i++) {
		xen_runner_start(&self->r[i], self->x->vcpu[i]);
		ASSERT_TRUE(xen_runner_reaches(&self->r[i], 1));
	}
}

FIXTURE_TEARDOWN(stress)
{
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++) {
		xen_runner_stop(&self->r[i]);
		EXPECT_FALSE(self->r[i].done) {
			TH_LOG("vCPU %u: %s", i, self->r[i].failure);
		}
		EXPECT_EQ(0, xen_fifo_guest_consumer(self->x, i)->nr_bad);
	}
	xen_vm_free(self->x);
}

static bool is_handled(struct xen_vm *x, uint32_t port)
{
	return READ_ONCE(xen_fifo_port(x, port)->sent) ==
	       READ_ONCE(xen_fifo_port(x, port)->handled);
}

/* The VMM's part: a life of a port of the guest that is bound to one of its own. */
static void live_once(FIXTURE_DATA(stress) *self, unsigned int *seed)
{
	int fd = xen_eventfd(), guest, vmm, i;

	guest = xen_vmm_alloc_guest(self->x);
	TEST_ASSERT(guest > 0 && guest < XEN_GUEST_PORTS, "no port: %d", guest);
	vmm = xen_vmm_bind(self->x, guest, fd);
	TEST_ASSERT(vmm > 0, "not bound: %d", vmm);

	for (i = 0; i < SENDS; i++) {
		xen_fifo_port(self->x, guest)->sent++;
		TEST_ASSERT_EQ(xen_vmm_send(self->x, vmm), 0);
		TEST_ASSERT(xen_wait_for(is_handled(self->x, guest)), "event of port %d is lost",
			    guest);
	}

	if (rand_r(seed) & 1)
		TEST_ASSERT_EQ(xen_vmm_close(self->x, vmm), 0);
	TEST_ASSERT_EQ(xen_vmm_close_guest(self->x, guest), 0);
	if (xen_vmm_close(self->x, vmm))
		TEST_ASSERT(errno == EINVAL, "not closed");
	close(fd);
	self->vmm_lives++;
}

static uint64_t nr_ops(FIXTURE_DATA(stress) *self)
{
	uint64_t ops = 0;
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		ops += self->orders->ops[i];
	return ops;
}

static bool are_done(FIXTURE_DATA(stress) *self)
{
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++) {
		if (READ_ONCE(self->r[i].stage) != 2 && !READ_ONCE(self->r[i].done))
			return false;
	}
	return true;
}

TEST_F(stress, counts_are_equal)
{
	struct kvm_xen_evtchn_port_entry entry;
	unsigned int seed = 1;
	uint32_t port;
	uint64_t ops;

	self->orders->begin = true;
	while (!are_done(self)) {
		ops = nr_ops(self);
		live_once(self, &seed);
		ASSERT_TRUE(xen_wait_for(nr_ops(self) != ops || are_done(self)));
	}
	EXPECT_LE(NR_VCPUS * NR_OPS, nr_ops(self));
	EXPECT_LT(0, self->vmm_lives);

	for (port = 1; port < XEN_GUEST_PORTS; port++) {
		EXPECT_TRUE(is_handled(self->x, port)) {
			TH_LOG("port %u: %u sent, %u handled", port,
			       xen_fifo_port(self->x, port)->sent,
			       xen_fifo_port(self->x, port)->handled);
		}
	}
	EXPECT_EQ(0, xen_enumerate_ports(self->x, false, 0, &entry, 1));
	EXPECT_EQ(0, xen_enumerate_ports(self->x, true, 0, &entry, 1));
	TH_LOG("%lu operations, %lu lives of the VMM's ports", nr_ops(self), self->vmm_lives);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
