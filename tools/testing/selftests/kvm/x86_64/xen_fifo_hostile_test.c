// SPDX-License-Identifier: GPL-2.0
/*
 * Guests that do not keep to the ABI of FIFO event channels, or call what they
 * should not while they should not.
 *
 * If this fails, a guest can harm its host, or one vCPU another's queues, whose
 * memory it leaves alone.  Each bug of Xen's that a guest could use is tried by
 * name.  Stock 6.12 has no FIFO event channels.
 */
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

#include "xen_harness.h"
#include "xen_fifo.h"

#define GSI		100
#define SCRIBBLES	2500
#define GOOD_PORTS	(XEN_FIFO_PAGE_PORTS + 1)	/* vCPU 1's page */
#define NR_GOOD		24
#define HOSTILE_PORT	5
#define NEIGHBOUR	6
#define RESETS		150
#define LIVES		6

struct orders {
	bool stop;
	bool stopped;
	uint64_t turns;
};

#define ORDERS		((volatile struct orders *)XEN_SPARE_GPA(1))

/* Write to the event words of the first page, and to the vCPU's control block. */
static void scribble(uint32_t *seed)
{
	volatile uint32_t *control = (void *)((XEN_CONTROL_GFN(0) << 12) + XEN_CONTROL_OFFSET);
	uint32_t port = 1 + xen_guest_random(seed) % (XEN_FIFO_PAGE_PORTS - 1);
	uint32_t value = xen_guest_random(seed) << 16 ^ xen_guest_random(seed);

	switch (xen_guest_random(seed) % 8) {
	case 0:
		control[xen_guest_random(seed) % 18] = value;
		break;
	case 1:
		xen_guest_send(true, port);
		break;
	case 2:
		xen_guest_unmask_call(true, value % 8 ? port : value);
		break;
	case 3:
		xen_guest_set_priority(true, value % 8 ? port : value, value % 20);
		break;
	case 4:
		*xen_guest_word(port) = 0;
		break;
	default:
		*xen_guest_word(port) = value;
	}
}

static void guest_code_scribbles(void)
{
	uint32_t seed = 1;

	xen_guest_fifo_begin(2, 2);
	GUEST_SYNC(1);
	while (!ORDERS->stop) {
		scribble(&seed);
		ORDERS->turns++;
	}
	GUEST_SYNC(2);
	for (;;)
		asm volatile("hlt");	/* and take no event: these are broken */
}

/* XSA-295: change what the hypervisor is about to change, all the time. */
static void guest_code_flips(void)
{
	volatile uint32_t *word = xen_guest_word(HOSTILE_PORT);
	uint32_t turn;

	xen_guest_fifo_begin(2, 2);
	GUEST_SYNC(1);
	for (turn = 0; !ORDERS->stop; turn++) {
		*word = XEN_FIFO_LINKED | turn % 2;
		*word = XEN_FIFO_LINKED | XEN_FIFO_MASKED | turn % 3;
		*word = XEN_FIFO_LINKED | XEN_FIFO_BUSY;
		if (turn % 64 == 0)
			*word = 0;
		ORDERS->turns = turn;
	}
	GUEST_SYNC(2);
	for (;;)
		asm volatile("hlt");	/* and take no event: these are broken */
}

FIXTURE(hostile) {
	struct xen_vm *x;
	volatile struct orders *orders;
	struct xen_runner r[2];
	struct xen_traffic good;
};

FIXTURE_SETUP(hostile)
{
	uint32_t port;

	self->x = xen_fifo_vm_create(2, true, guest_code_scribbles);
	self->orders = xen_hva(self->x, XEN_SPARE_GPA(1));
	xen_set_entry_point(self->x->vcpu[1], xen_guest_fifo_serve);
	ASSERT_EQ(0, xen_set_vm_vector(self->x, XEN_VM_VECTOR));
	for (port = 1; port < XEN_FIFO_PAGE_PORTS; port += 3)
		ASSERT_EQ(0, xen_bind_ipi(self->x, port, 0));
}

FIXTURE_TEARDOWN(hostile)
{
	xen_vm_free(self->x);
}

/* vCPU 1 keeps to the ABI, and its senders know what they sent. */
static void begin(FIXTURE_DATA(hostile) *self, void *guest_code)
{
	int i;

	xen_set_entry_point(self->x->vcpu[0], guest_code);
	for (i = 0; i < 2; i++)
		xen_runner_start(&self->r[i], self->x->vcpu[i]);
	TEST_ASSERT(xen_runner_reaches(&self->r[0], 1), "No FIFO: %s", self->r[0].failure);
	xen_traffic_init(&self->good, self->x, XEN_BY_IOCTL, GOOD_PORTS, NR_GOOD);
	self->good.vcpu = 1;
	self->good.ordered = true;
	xen_traffic_start(&self->good);
}

/* vCPU 1 got all that it was sent, in its order, and more meanwhile. */
static void expect_a_good_end(struct __test_metadata *_metadata, FIXTURE_DATA(hostile) *self)
{
	struct xen_fifo_consumer *c = xen_fifo_guest_consumer(self->x, 1);
	int i;

	EXPECT_TRUE(xen_fifo_handles(self->x, 2 * NR_GOOD));
	xen_traffic_stop(&self->good);
	self->orders->stop = true;
	EXPECT_TRUE(xen_runner_reaches(&self->r[0], 2));
	EXPECT_TRUE(xen_fifo_drains(self->x, GOOD_PORTS + NR_GOOD));
	for (i = 0; i < 2; i++) {
		xen_runner_stop(&self->r[i]);
		EXPECT_FALSE(self->r[i].done) {
			TH_LOG("vCPU %d: %s", i, self->r[i].failure);
		}
	}
	EXPECT_EQ(0, self->good.nr_failed);
	EXPECT_EQ(0, c->nr_bad);
	EXPECT_EQ(0, c->nr_disordered);
}

/* A vCPU that is kicked all the time hardly runs: wait for its next turn. */
static bool guest_moves_on(FIXTURE_DATA(hostile) *self)
{
	uint64_t from = self->orders->turns;

	return xen_wait_for(self->orders->turns > from);
}

static int make_irqfd(struct xen_vm *x, uint32_t port)
{
	struct xen_routes routes = {};

	xen_route_add(&routes, GSI, port, 0);
	TEST_ASSERT_EQ(xen_route_write(x, &routes), 0);
	return xen_irqfd(x, GSI);
}

TEST_F(hostile, words_heads_and_ready_bits_harm_their_own_vcpu_alone)
{
	unsigned int i, seed = 1;
	int fd;

	fd = make_irqfd(self->x, HOSTILE_PORT);
	begin(self, guest_code_scribbles);
	for (i = 0; i < SCRIBBLES; i++) {
		ASSERT_EQ(0, xen_send_prio(self->x, 1 + rand_r(&seed) % 1023, 0,
					   rand_r(&seed) % XEN_FIFO_NR_QUEUES));
		ASSERT_EQ(0, eventfd_write(fd, 1));
		ASSERT_TRUE(i % 50 || guest_moves_on(self));
	}
	expect_a_good_end(_metadata, self);
}

/* Each returns: a sender that waits for the guest would hang here. */
TEST_F(hostile, words_that_change_all_the_time_hold_up_no_sender_xsa_295)
{
	unsigned int i;
	int fd;

	fd = make_irqfd(self->x, NEIGHBOUR);
	begin(self, guest_code_flips);
	for (i = 0; i < SCRIBBLES; i++) {
		ASSERT_EQ(0, xen_send(self->x, HOSTILE_PORT, 0));
		ASSERT_EQ(0, xen_send(self->x, NEIGHBOUR, 0));
		ASSERT_EQ(0, eventfd_write(fd, 1));
		*xen_fifo_word(self->x, NEIGHBOUR) = 0;
		ASSERT_TRUE(i % 50 || guest_moves_on(self));
	}
	expect_a_good_end(_metadata, self);
}

FIXTURE(xsa) {
	struct xen_vm *x;
	struct xen_fifo_consumer c[2];
	volatile struct orders *orders;
};

FIXTURE_SETUP(xsa)
{
	self->x = xen_fifo_vm_create(2, true, xen_guest_obey);
	self->orders = xen_hva(self->x, XEN_SPARE_GPA(1));
	xen_fifo_host_consumer(self->x, 0, &self->c[0]);
	xen_fifo_host_consumer(self->x, 1, &self->c[1]);
}

FIXTURE_TEARDOWN(xsa)
{
	xen_vm_free(self->x);
}

static bool works(FIXTURE_DATA(xsa) *self)
{
	return !xen_send(self->x, 100, 0) && xen_fifo_consume(&self->c[0]) == 1 &&
	       !xen_send(self->x, 101, 1) && xen_fifo_consume(&self->c[1]) == 1;
}

/* The first call failed and left freed memory behind for the second. */
TEST_F(xsa, of_188_init_control_can_fail_and_be_made_again)
{
	int turn;

	for (turn = 0; turn < 50; turn++) {
		ASSERT_EQ(-XEN_EINVAL, xen_order_init_control(self->x, true, turn % 2, 0xb0000, 0));
		ASSERT_EQ(0, xen_send(self->x, 100, 0));
		ASSERT_EQ(-XEN_EINVAL, xen_order_init_control(self->x, true, 0,
							      XEN_CONTROL_GFN(0), 4));
		ASSERT_EQ(-XEN_EOPNOTSUPP, xen_order_expand_array(self->x, true,
								  XEN_ARRAY_GFN(0)));
	}
	xen_order_fifo(self->x, 1);
	EXPECT_EQ(1, xen_fifo_consume(&self->c[0]));
	EXPECT_TRUE(works(self));
}

/* Without a page or a control block, an event is kept and no NULL pointer followed. */
TEST_F(xsa, of_107_events_without_a_page_or_a_control_block_harm_nobody)
{
	uint32_t port;

	ASSERT_EQ(0, xen_order_init_control(self->x, true, 0, XEN_CONTROL_GFN(0),
					    XEN_CONTROL_OFFSET));
	for (port = 1; port < 300; port++) {
		ASSERT_EQ(0, xen_send(self->x, port, 1));
		ASSERT_EQ(0, xen_order_unmask(self->x, true, port));
	}
	ASSERT_EQ(0, xen_order_expand_array(self->x, true, XEN_ARRAY_GFN(0)));
	for (port = 1; port < 300; port++) {
		ASSERT_EQ(0, xen_send(self->x, port, 1));
		ASSERT_EQ(0, xen_order_unmask(self->x, true, port));
	}
	EXPECT_EQ(0, xen_fifo_consume(&self->c[0]));
	ASSERT_EQ(0, xen_order_init_control(self->x, true, 1, XEN_CONTROL_GFN(1),
					    XEN_CONTROL_OFFSET));
	EXPECT_TRUE(works(self));
}

/* Poll on each port there is, and on some that there are not. */
static void guest_code_polls(void)
{
	uint32_t ports[XEN_MAX_POLL_PORTS], first, i;

	for (first = 0; first <= XEN_FIFO_MAX_PORT; first += XEN_MAX_POLL_PORTS) {
		for (i = 0; i < XEN_MAX_POLL_PORTS; i++)
			ports[i] = first + i;
		GUEST_ASSERT_EQ(xen_guest_poll(true, ports, XEN_MAX_POLL_PORTS, 1), 0);
		GUEST_ASSERT_EQ(xen_guest_poll(true, ports, 1, 1), 0);
	}
	for (i = 17; i <= 32; i++) {
		ports[0] = (1ull << i) - (i == 32);
		GUEST_ASSERT_EQ(xen_guest_poll(true, ports, 1, 1), -XEN_EINVAL);
	}
	GUEST_SYNC(1);
}

TEST_F(xsa, of_221_every_port_can_be_polled_that_was_never_used)
{
	xen_order_fifo(self->x, 3);
	ASSERT_EQ(0, xen_send(self->x, 60000, 0));
	xen_set_entry_point(self->x->vcpu[0], guest_code_polls);
	EXPECT_EQ(1, xen_step(self->x->vcpu[0]));
	EXPECT_TRUE(works(self));
}

/* Expand the array over and over, which raced with a reset. */
static void guest_code_expands(void)
{
	uint32_t page = 0;

	while (!ORDERS->stop) {
		xen_guest_init_control(true, 0, XEN_CONTROL_GFN(0), XEN_CONTROL_OFFSET);
		xen_guest_init_control(true, 1, XEN_CONTROL_GFN(1), XEN_CONTROL_OFFSET);
		xen_guest_expand_array(true, XEN_ARRAY_GFN(page++ % XEN_FIFO_NR_PAGES));
		xen_guest_set_priority(true, 1 + page % 5000, page % 16);
		xen_guest_unmask_call(true, 1 + page % 5000);
		ORDERS->turns++;
	}
	GUEST_SYNC(1);
	for (;;)
		xen_guest_yield();
}

struct noise {
	struct xen_vm *x;
	struct xen_thread thread;
	unsigned int seed;
};

static void make_noise(void *arg)
{
	struct kvm_xen_evtchn_fifo_port entries[16];
	struct noise *noise = arg;
	struct xen_array array;

	xen_send_prio(noise->x, 1 + rand_r(&noise->seed) % 5000, rand_r(&noise->seed) % 2,
		      rand_r(&noise->seed) % 16);
	xen_get_array(noise->x, &array);
	xen_get_fifo_ports(noise->x, 0, ARRAY_SIZE(entries), entries);
	xen_set_limit(noise->x, 5000 + rand_r(&noise->seed) % 5000);
}

TEST_F(xsa, of_343_and_505_resets_may_meet_every_call)
{
	struct noise noise = { .x = self->x, .seed = 1 };
	uint32_t turn;
	struct xen_runner r;
	uint64_t from;

	xen_set_entry_point(self->x->vcpu[0], guest_code_expands);
	xen_runner_start(&r, self->x->vcpu[0]);
	xen_thread_start(&noise.thread, make_noise, &noise);
	for (turn = 0; turn < RESETS; turn++) {
		from = self->orders->turns;
		ASSERT_EQ(0, turn % 2 ? xen_reset_ports(self->x) :
					xen_set_array(self->x, &(struct xen_array) {}));
		ASSERT_TRUE(turn % 4 || xen_wait_for(self->orders->turns > from));
	}
	self->orders->stop = true;
	EXPECT_TRUE(xen_runner_reaches(&r, 1));
	xen_thread_stop(&noise.thread);
	xen_runner_stop(&r);
	EXPECT_FALSE(r.done) {
		TH_LOG("%s", r.failure);
	}

	ASSERT_EQ(0, xen_reset_ports(self->x));
	ASSERT_EQ(0, xen_set_limit(self->x, XEN_FIFO_MAX_PORT));
	memset(xen_fifo_word(self->x, 0), 0, PAGE_SIZE);
	memset(self->c[0].control, 0, sizeof(struct xen_fifo_control));
	memset(self->c[1].control, 0, sizeof(struct xen_fifo_control));
	xen_set_entry_point(self->x->vcpu[0], xen_guest_obey);
	xen_order_fifo(self->x, 1);
	xen_fifo_consume(&self->c[0]);		/* what 2-level left */
	EXPECT_TRUE(works(self));
}

static void guest_code_counts(void)
{
	for (;;)
		ORDERS->turns++;
}

/* A reset of all ports is long; nobody else waits for it. */
TEST_F(xsa, of_344_a_reset_of_many_ports_ends_with_none_left)
{
	struct kvm_xen_evtchn_entry entry;
	struct xen_runner r;
	uint32_t port;
	uint64_t from;

	xen_order_fifo(self->x, XEN_FIFO_NR_PAGES);
	for (port = 1; port <= XEN_FIFO_MAX_PORT; port += 7)
		ASSERT_EQ(0, xen_bind_ipi(self->x, port, port % 2));
	xen_set_entry_point(self->x->vcpu[1], guest_code_counts);
	xen_runner_start(&r, self->x->vcpu[1]);
	ASSERT_TRUE(xen_wait_for(self->orders->turns));

	ASSERT_EQ(0, xen_reset_ports(self->x));
	from = self->orders->turns;
	EXPECT_TRUE(xen_wait_for(self->orders->turns > from));
	xen_runner_stop(&r);
	EXPECT_EQ(0, xen_get_ports(self->x, 0, 1, &entry));
	EXPECT_FALSE(xen_is_fifo(self->x));
}

/* A guest may use one page for two purposes: KVM must not be harmed. */
TEST_F(xsa, or_not_pages_may_serve_two_purposes)
{
	struct xen_vm *x = self->x;
	uint32_t port;

	ASSERT_EQ(0, xen_order_init_control(x, true, 0, XEN_ARRAY_GFN(0), 0));
	ASSERT_EQ(0, xen_order_init_control(x, true, 1, XEN_ARRAY_GFN(0), 0));
	ASSERT_EQ(0, xen_order_expand_array(x, true, XEN_ARRAY_GFN(0)));
	ASSERT_EQ(0, xen_order_expand_array(x, true, XEN_ARRAY_GFN(0)));
	ASSERT_EQ(0, xen_order_expand_array(x, true, XEN_SHINFO_GPA >> 12));
	for (port = 1; port < 3 * XEN_FIFO_PAGE_PORTS; port++)
		ASSERT_EQ(0, xen_send_prio(x, port, port % 2, port % 16));
	ASSERT_EQ(0, xen_reset_ports(x));
	memset(xen_fifo_word(x, 0), 0, PAGE_SIZE);
	memset(x->shinfo, 0, PAGE_SIZE);
	xen_order_fifo(x, 1);
	EXPECT_TRUE(works(self));
}

/* In a process of its own, with all senders at work. */
static void start_all(void *unused)
{
	static struct xen_traffic t[2];
	static struct xen_runner r[2];
	static struct noise noise;
	struct xen_vm *x;
	int i;

	x = xen_fifo_vm_create(2, true, guest_code_scribbles);
	xen_set_entry_point(x->vcpu[1], xen_guest_fifo_serve);
	TEST_ASSERT_EQ(xen_set_vm_vector(x, XEN_VM_VECTOR), 0);
	xen_traffic_init(&t[0], x, XEN_BY_IOCTL, 1, 16);
	xen_traffic_init(&t[1], x, XEN_BY_IRQFD, 17, 16);
	for (i = 0; i < 2; i++)
		xen_runner_start(&r[i], x->vcpu[i]);
	TEST_ASSERT(xen_runner_reaches(&r[0], 1), "No FIFO");
	for (i = 0; i < 2; i++)
		xen_traffic_start(&t[i]);
	noise = (struct noise) { .x = x, .seed = 1 };
	xen_thread_start(&noise.thread, make_noise, &noise);
}

TEST(a_vm_can_end_while_its_fifo_events_fly)
{
	pid_t child;
	int life;

	for (life = 0; life < LIVES; life++) {
		child = xen_process_start(start_all, NULL);
		usleep(life * 1000);
		ASSERT_EQ(0, kill(child, SIGKILL));
		EXPECT_TRUE(xen_process_is_killed(child));
	}
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
