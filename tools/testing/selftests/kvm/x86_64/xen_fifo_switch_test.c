// SPDX-License-Identifier: GPL-2.0
/*
 * The change from 2-level to FIFO event channels, and back.
 *
 * If this fails, an event that is under way while a guest boots is lost, and
 * the device that sent it waits for ever; or a guest that was reset keeps
 * memory mapped that its VMM takes away.  Stock 6.12 has no FIFO event channels.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen_fifo.h"

#define PORT		10
#define NR_TRAFFIC	16
#define IOCTL_PORTS	1
#define IRQFD_PORTS	(IOCTL_PORTS + NR_TRAFFIC)
#define HCALL_PORTS	(IRQFD_PORTS + NR_TRAFFIC)
#define END_PORT	(HCALL_PORTS + NR_TRAFFIC)
#define ROUNDS		60

/* Guest and host agree on the round by these, in a page that neither ABI uses. */
struct rounds {
	uint32_t begin;		/* the last round that the host began... */
	uint32_t quiet;		/* ... in which nobody is to send any more... */
	uint32_t end;		/* ... and of which all is handled */
};

#define ROUNDS_AT	((volatile struct rounds *)XEN_SPARE_GPA(1))

FIXTURE(change) {
	struct xen_vm *x;
	struct xen_fifo_consumer c[2];
};

FIXTURE_SETUP(change)
{
	self->x = xen_fifo_vm_create(2, true, xen_guest_obey);
	xen_fifo_host_consumer(self->x, 0, &self->c[0]);
	xen_fifo_host_consumer(self->x, 1, &self->c[1]);
}

FIXTURE_TEARDOWN(change)
{
	xen_vm_free(self->x);
}

static int64_t expand(struct xen_vm *x, unsigned int page)
{
	return xen_order_expand_array(x, true, XEN_ARRAY_GFN(page));
}

TEST_F(change, hands_over_what_is_pending_as_its_page_is_added)
{
	static const uint32_t ports[] = { 1, 31, 32, 63, 64, 1023, 1024, 2000, 3072, 4095 };
	unsigned int i, page, handled = 0, expected;

	for (i = 0; i < ARRAY_SIZE(ports); i++)
		ASSERT_EQ(0, xen_send(self->x, ports[i], 0));
	xen_order_fifo(self->x, 0);
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));

	for (page = 0; page < 4; page++) {
		ASSERT_EQ(0, expand(self->x, page));
		for (i = expected = 0; i < ARRAY_SIZE(ports); i++)
			expected += ports[i] / XEN_FIFO_PAGE_PORTS == page;
		EXPECT_EQ(expected, xen_fifo_consume(&self->c[0]));
		for (i = 0; i < expected; i++, handled++)
			EXPECT_EQ(ports[handled], self->c[0].log[handled]);
	}
	EXPECT_EQ(0, xen_fifo_consume(&self->c[1]));
}

TEST_F(change, notifies_the_vcpu_of_what_was_pending)
{
	uint8_t *pending = xen_upcall_pending(xen_vcpu_info(self->x, 0));

	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	xen_order_fifo(self->x, 0);
	*pending = 0;
	ASSERT_EQ(0, expand(self->x, 0));
	EXPECT_EQ(1, *pending);
}

TEST_F(change, hands_over_an_ipi_to_its_own_vcpu)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 1));
	ASSERT_EQ(0, xen_order_send(self->x, true, PORT));
	xen_order_fifo(self->x, 1);
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));
	EXPECT_EQ(1, xen_fifo_consume(&self->c[1]));
}

TEST_F(change, hands_over_masked_events_as_pending_ones_that_are_masked)
{
	uint32_t *word = xen_fifo_word(self->x, PORT);

	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	xen_fifo_mask(word);
	xen_order_fifo(self->x, 1);
	EXPECT_EQ(XEN_FIFO_PENDING | XEN_FIFO_MASKED, *word);
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));
	EXPECT_EQ(0, xen_order_unmask(self->x, true, PORT));
	EXPECT_EQ(1, xen_fifo_consume(&self->c[0]));
}

TEST_F(change, takes_no_mask_of_2level_along)
{
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	xen_mask(self->x->shinfo, true, PORT);
	xen_mask(self->x->shinfo, true, PORT + 1);
	xen_order_fifo(self->x, 1);
	EXPECT_EQ(XEN_FIFO_PENDING | XEN_FIFO_LINKED, *xen_fifo_word(self->x, PORT));
	EXPECT_EQ(0, *xen_fifo_word(self->x, PORT + 1));
}

TEST_F(change, hands_over_nothing_that_is_not_pending)
{
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	xen_clear_pending(self->x->shinfo, PORT);
	xen_order_fifo(self->x, 4);
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));
	EXPECT_EQ(0, xen_fifo_consume(&self->c[1]));
}

/* Xen a4e0cea6fc: an event without a page of the array was lost. */
TEST_F(change, keeps_what_is_sent_before_there_is_a_page_with_its_vcpu_and_priority)
{
	xen_order_fifo(self->x, 0);
	ASSERT_EQ(0, xen_send_prio(self->x, PORT, 1, 3));
	ASSERT_EQ(0, xen_send_prio(self->x, PORT, 1, 3));
	ASSERT_EQ(0, expand(self->x, 0));
	EXPECT_EQ(1 << 3, self->c[1].control->ready);
	EXPECT_EQ(1, xen_fifo_consume(&self->c[1]));
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));
}

TEST_F(change, leaves_shared_info_alone_from_then_on)
{
	xen_order_fifo(self->x, 1);
	xen_take_sel(xen_vcpu_info(self->x, 0), true);
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT));
	EXPECT_EQ(0, xen_sel(xen_vcpu_info(self->x, 0), true));
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(self->x, 0)));
}

TEST_F(change, back_by_a_reset_of_all_ports_lets_2level_events_arrive)
{
	void *vi = xen_vcpu_info(self->x, 0);

	xen_order_fifo(self->x, 2);
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	ASSERT_EQ(0, xen_reset_ports(self->x));
	EXPECT_FALSE(xen_is_fifo(self->x));
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT));

	*xen_upcall_pending(vi) = 0;
	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
	EXPECT_EQ(xen_sel_bit(true, PORT), xen_sel(vi, true));
	EXPECT_EQ(1, *xen_upcall_pending(vi));
	EXPECT_EQ(-EINVAL, xen_send(self->x, XEN_NR_PORTS_WIDE, 0));
	EXPECT_EQ(-XEN_EOPNOTSUPP, expand(self->x, 2));
}

TEST_F(change, there_and_back_and_there_again_starts_anew)
{
	struct kvm_xen_evtchn_fifo_port entry;
	struct xen_control control;
	int turn;

	for (turn = 0; turn < 5; turn++) {
		xen_order_fifo(self->x, 1);
		EXPECT_EQ(0, xen_get_fifo_ports(self->x, 0, 1, &entry));
		ASSERT_EQ(0, xen_get_control(self->x->vcpu[0], &control));
		EXPECT_EQ(0, control.tails[XEN_FIFO_OWN]);

		/* Priorities and saved events are of this turn alone. */
		ASSERT_EQ(0, xen_order_set_priority(self->x, true, PORT, turn));
		ASSERT_EQ(0, xen_send(self->x, XEN_FIFO_PAGE_PORTS, 0));
		ASSERT_EQ(0, xen_send(self->x, PORT, 0));
		EXPECT_EQ(1 << turn, self->c[0].control->ready);
		EXPECT_EQ(1, xen_fifo_consume(&self->c[0]));
		ASSERT_EQ(0, xen_reset_ports(self->x));
	}
}

/* Memory can go and be written to without the kernel taking note. */
TEST_F(change, back_leaves_no_page_in_use)
{
	struct xen_vm *x = self->x;
	uint32_t *word = xen_fifo_word(x, PORT);

	xen_order_fifo(x, 2);
	ASSERT_EQ(0, xen_send(x, PORT, 0));
	EXPECT_NE(0, *word);
	ASSERT_EQ(0, xen_reset_ports(x));

	*word = 0x12345678;
	self->c[0].control->ready = 0;
	self->c[0].control->head[XEN_FIFO_OWN] = 0x9abcdef;
	ASSERT_EQ(0, xen_send(x, PORT, 0));
	EXPECT_EQ(0x12345678, *word);
	EXPECT_EQ(0x9abcdef, self->c[0].control->head[XEN_FIFO_OWN]);
	EXPECT_EQ(0, self->c[0].control->ready);

	vm_mem_region_delete(x->vm, XEN_ARRAY_SLOT);
	vm_mem_region_delete(x->vm, XEN_CONTROL_SLOT);
	EXPECT_EQ(0, xen_send(x, PORT + 1, 0));
	EXPECT_EQ(0, xen_order(x, true, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0));
	EXPECT_TRUE(xen_is_pending(x->shinfo, PORT + 1));
}

/* Go to FIFO as the host begins a round, while everybody sends. */
static void guest_code_changes(void)
{
	uint32_t round;

	for (round = 1;; round++) {
		GUEST_SYNC(2 * round - 1);
		while (ROUNDS_AT->begin < round)
			cpu_relax();

		xen_guest_send_idle(HCALL_PORTS, NR_TRAFFIC / 2);
		xen_guest_fifo_begin(2, 1);
		while (ROUNDS_AT->quiet < round) {
			xen_guest_send_idle(HCALL_PORTS, NR_TRAFFIC);
			xen_guest_irq_window();
		}

		GUEST_SYNC(2 * round);
		while (ROUNDS_AT->end < round)
			xen_guest_irq_window();
	}
}

FIXTURE(traffic) {
	struct xen_vm *x;
	volatile struct rounds *rounds;
	struct xen_runner r[2];
	struct xen_traffic t[2];
};

FIXTURE_SETUP(traffic)
{
	self->x = xen_fifo_vm_create(2, true, guest_code_changes);
	xen_set_entry_point(self->x->vcpu[1], xen_guest_fifo_serve);
	self->rounds = xen_hva(self->x, XEN_SPARE_GPA(1));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
}

FIXTURE_TEARDOWN(traffic)
{
	xen_vm_free(self->x);
}

/* What a guest finds after a reset; all that is in shared_info is the VMM's. */
static void prepare_round(FIXTURE_DATA(traffic) *self)
{
	struct xen_shared_info64 *shinfo = (void *)self->x->shinfo;
	uint32_t port;

	memset(xen_fifo_word(self->x, 0), 0, PAGE_SIZE);
	memset(xen_fifo_control(self->x, 0), 0, sizeof(struct xen_fifo_control));
	memset(xen_fifo_control(self->x, 1), 0, sizeof(struct xen_fifo_control));
	memset(shinfo->evtchn_pending, 0, sizeof(shinfo->evtchn_pending));
	for (port = HCALL_PORTS; port < END_PORT; port++)
		TEST_ASSERT_EQ(xen_bind_ipi(self->x, port, port % 2), 0);
}

/* All send from before the change until an event of each has come by FIFO. */
static bool round_goes_well(FIXTURE_DATA(traffic) *self, uint32_t round)
{
	uint64_t sent[2];
	bool alive;
	int i;

	for (i = 0; i < 2; i++) {
		sent[i] = self->t[i].nr_sent;
		xen_traffic_start(&self->t[i]);
	}
	usleep(round * 377 % 1000);
	self->rounds->begin = round;
	alive = xen_wait_for(READ_ONCE(self->t[0].nr_sent) >= sent[0] + 2 * NR_TRAFFIC &&
			     READ_ONCE(self->t[1].nr_sent) >= sent[1] + 2 * NR_TRAFFIC);
	for (i = 0; i < 2; i++)
		xen_traffic_stop(&self->t[i]);
	self->rounds->quiet = round;
	return xen_runner_reaches(&self->r[0], 2 * round) && alive &&
	       xen_fifo_drains(self->x, END_PORT);
}

TEST_F(traffic, loses_and_doubles_no_event_however_often_the_guest_changes)
{
	uint32_t round;
	int i;

	xen_traffic_init(&self->t[0], self->x, XEN_BY_IOCTL, IOCTL_PORTS, NR_TRAFFIC);
	xen_traffic_init(&self->t[1], self->x, XEN_BY_IRQFD, IRQFD_PORTS, NR_TRAFFIC);
	for (i = 0; i < 2; i++)
		xen_runner_start(&self->r[i], self->x->vcpu[i]);

	for (round = 1; round <= ROUNDS; round++) {
		ASSERT_TRUE(xen_runner_reaches(&self->r[0], 2 * round - 1));
		ASSERT_EQ(0, xen_reset_ports(self->x));
		prepare_round(self);
		ASSERT_TRUE(round_goes_well(self, round)) {
			TH_LOG("Round %u: %s %s", round, self->r[0].failure, self->r[1].failure);
		}
		self->rounds->end = round;
	}
	for (i = 0; i < 2; i++) {
		xen_runner_stop(&self->r[i]);
		EXPECT_EQ(0, self->t[i].nr_failed);
		EXPECT_EQ(0, xen_fifo_guest_consumer(self->x, i)->nr_bad);
	}
	EXPECT_LT(0, xen_fifo_guest_consumer(self->x, 1)->nr_handled);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
