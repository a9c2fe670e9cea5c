// SPDX-License-Identifier: GPL-2.0
/*
 * Who may use FIFO event channels: nobody, VMs whose VMM asks for it, or any,
 * as the module parameter xen_fifo says.
 *
 * If this fails, a VMM that does not support FIFO gets what it did not ask for,
 * or a guest that was reset finds that its 2-level events go elsewhere.  Stock
 * 6.12 has no FIFO event channels.
 */
#include "xen_harness.h"
#include "xen_fifo.h"

#define PARAMETER	"xen_fifo"
#define PORT		20
#define DOMID_SELF	0x7ff0u
#define OWN_DOMAIN	1u
#define OTHER_DOMAIN	2u
#define XEN_ESRCH	3
#define BASE		(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
#define FIFO		KVM_XEN_HVM_CONFIG_EVTCHN_FIFO

static struct xen_vm *make_vm(const char *parameter, uint32_t flags)
{
	struct xen_vm *x;

	TEST_ASSERT_EQ(xen_write_parameter(PARAMETER, parameter), 0);
	x = xen_vm_create_bare(2, true, xen_guest_obey);
	xen_fifo_map(x);
	xen_register_pages(x);
	TEST_ASSERT_EQ(xen_config(x, flags), 0);
	return x;
}

static bool call_exits(struct xen_vm *x, uint32_t op)
{
	return xen_order_exits(x, true, __HYPERVISOR_event_channel_op, op, XEN_ORDER_DATA,
			       -XEN_ENOSYS);
}

/* Hypercalls of FIFO that exit; unmask, which 2-level has too, is tested by itself. */
static unsigned int nr_exits(struct xen_vm *x)
{
	struct xen_init_control *init = (void *)xen_get_order(x)->data;

	*init = (struct xen_init_control) { .gfn = XEN_CONTROL_GFN(0) };
	return call_exits(x, EVTCHNOP_init_control) + call_exits(x, EVTCHNOP_expand_array) +
	       call_exits(x, EVTCHNOP_set_priority);
}

/* Where the next event is marked: without the flag, a VMM can see nothing else. */
static bool is_at_fifo(struct xen_vm *x)
{
	bool fifo;

	*xen_fifo_word(x, PORT) = 0;
	xen_clear_pending(x->shinfo, PORT);
	xen_send(x, PORT, 0);
	fifo = xen_fifo_is_pending(x, PORT);
	*xen_fifo_word(x, PORT) = 0;
	return fifo;
}

static bool is_at_2level(struct xen_vm *x)
{
	xen_clear_pending(x->shinfo, PORT);
	return !is_at_fifo(x) && xen_is_pending(x->shinfo, PORT);
}

TEST(the_parameter_takes_three_words_and_reads_back)
{
	static const char * const words[] = { "off", "vmm", "always" };
	char value[16], expected[16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		ASSERT_EQ(0, xen_write_parameter(PARAMETER, words[i]));
		EXPECT_EQ(-EINVAL, xen_write_parameter(PARAMETER, "maybe"));
		EXPECT_EQ(-EINVAL, xen_write_parameter(PARAMETER, "1"));
		snprintf(expected, sizeof(expected), "%s\n", words[i]);
		xen_read_parameter(PARAMETER, value);
		EXPECT_STREQ(expected, value);
	}
}

TEST(the_capability_and_the_flag_are_there_unless_the_parameter_is_off)
{
	struct xen_vm *x = xen_vm_create_bare(1, true, xen_guest_obey);

	ASSERT_EQ(0, xen_write_parameter(PARAMETER, "vmm"));
	EXPECT_TRUE(xen_caps() & FIFO);
	EXPECT_EQ(0, xen_config(x, BASE | FIFO));
	ASSERT_EQ(0, xen_write_parameter(PARAMETER, "always"));
	EXPECT_TRUE(xen_caps() & FIFO);
	EXPECT_EQ(0, xen_config(x, BASE | FIFO));
	ASSERT_EQ(0, xen_write_parameter(PARAMETER, "off"));
	EXPECT_FALSE(xen_caps() & FIFO);
	EXPECT_EQ(-EINVAL, xen_config(x, BASE | FIFO));
	EXPECT_EQ(0, xen_config(x, BASE));
	xen_vm_free(x);
}

static unsigned int nr_unknown_attributes(struct xen_vm *x)
{
	struct kvm_xen_evtchn_fifo_port entry = {};
	struct xen_array array = {};
	struct xen_control control = { .gfn = KVM_XEN_INVALID_GFN };
	uint32_t limit;

	return (xen_get_limit(x, &limit) == -ENOENT) +
	       (xen_set_limit(x, XEN_FIFO_MAX_PORT) == -ENOENT) +
	       (xen_get_array(x, &array) == -ENOENT) +
	       (xen_set_array(x, &(struct xen_array) {}) == -ENOENT) +
	       (xen_get_fifo_ports(x, 0, 1, &entry) == -ENOENT) +
	       (xen_set_fifo_ports(x, 0, &entry) == -ENOENT) +
	       (xen_get_control(x->vcpu[0], &control) == -ENOENT) +
	       (xen_set_control(x->vcpu[0], &control) == -ENOENT);
}

TEST(the_attributes_are_unknown_until_the_flag_is_set)
{
	struct xen_vm *x = make_vm("always", BASE);

	EXPECT_EQ(8, nr_unknown_attributes(x));
	ASSERT_EQ(0, xen_config(x, BASE | FIFO));
	EXPECT_EQ(0, nr_unknown_attributes(x));
	ASSERT_EQ(0, xen_config(x, BASE));
	EXPECT_EQ(8, nr_unknown_attributes(x));
	xen_vm_free(x);
}

TEST(the_calls_are_the_vmms_without_the_flag)
{
	static const char * const words[] = { "off", "vmm" };
	struct xen_vm *x;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		x = make_vm(words[i], BASE);
		EXPECT_EQ(3, nr_exits(x));
		*(uint32_t *)xen_get_order(x)->data = PORT;
		EXPECT_TRUE(call_exits(x, EVTCHNOP_unmask));
		EXPECT_TRUE(call_exits(x, EVTCHNOP_reset));
		EXPECT_TRUE(is_at_2level(x));
		xen_vm_free(x);
	}
}

TEST(the_calls_are_the_vmms_where_the_kernel_sends_no_events)
{
	struct xen_vm *x = make_vm("always", KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL);

	EXPECT_EQ(3, nr_exits(x));
	xen_vm_free(x);
}

static bool has_priorities(struct xen_vm *x, uint32_t priority)
{
	struct xen_routes routes = {};
	int by_ioctl, by_port, by_route;

	xen_route_add(&routes, 30, PORT, 0);
	routes.table->entries[0].u.xen_evtchn.priority = priority;
	by_route = xen_route_write(x, &routes);
	by_ioctl = xen_send_prio(x, PORT, 0, priority);
	by_port = xen_evtchn_prio(x, 0, PORT + 1, 0, priority);
	xen_unbind(x, PORT + 1);
	TEST_ASSERT(by_ioctl == by_port && by_port == by_route, "%d, %d and %d", by_ioctl, by_port,
		    by_route);
	return !by_ioctl;
}

TEST(priorities_are_refused_without_the_flag)
{
	struct xen_vm *x = make_vm("always", BASE);
	uint32_t priority;

	xen_order_fifo(x, 1);
	for (priority = 0; priority <= XEN_FIFO_NR_QUEUES; priority++)
		EXPECT_FALSE(has_priorities(x, priority));
	EXPECT_TRUE(has_priorities(x, XEN_PRIO_2LEVEL));
	xen_vm_free(x);
}

TEST(priorities_are_taken_with_the_flag_by_2level_too)
{
	struct xen_vm *x = make_vm("vmm", BASE | FIFO);
	uint32_t priority;

	for (priority = 0; priority < XEN_FIFO_NR_QUEUES; priority++)
		EXPECT_TRUE(has_priorities(x, priority));
	EXPECT_FALSE(has_priorities(x, XEN_FIFO_NR_QUEUES));
	EXPECT_TRUE(is_at_2level(x));
	xen_vm_free(x);
}

FIXTURE(always) {
	struct xen_vm *x;
};

FIXTURE_SETUP(always)
{
	self->x = make_vm("always", BASE);
	ASSERT_TRUE(is_at_2level(self->x));
}

FIXTURE_TEARDOWN(always)
{
	xen_vm_free(self->x);
}

TEST_F(always, lets_a_guest_use_it_whose_vmm_knows_nothing)
{
	xen_order_fifo(self->x, 2);
	EXPECT_TRUE(is_at_fifo(self->x));
	EXPECT_EQ(0, xen_order_set_priority(self->x, true, PORT, 3));
	EXPECT_EQ(0, xen_order_unmask(self->x, true, PORT));
	EXPECT_EQ(-XEN_EINVAL, xen_order_init_control(self->x, true, 0, XEN_CONTROL_GFN(0), 0));
	EXPECT_EQ(0, xen_send(self->x, 2000, 0));
	EXPECT_TRUE(xen_fifo_is_pending(self->x, 2000));
}

TEST_F(always, leaves_unmask_by_2level_to_the_vmm)
{
	*(uint32_t *)xen_get_order(self->x)->data = PORT;
	EXPECT_TRUE(call_exits(self->x, EVTCHNOP_unmask));
}

TEST_F(always, holds_for_vms_that_are_configured_then)
{
	ASSERT_EQ(0, xen_write_parameter(PARAMETER, "off"));
	xen_order_fifo(self->x, 1);
	EXPECT_TRUE(is_at_fifo(self->x));
}

/* EVTCHNOP_reset, which the VMM answers @answer. */
static bool reset_exits(struct xen_vm *x, uint16_t dom, int64_t answer)
{
	*(uint16_t *)xen_get_order(x)->data = dom;
	return xen_order_exits(x, true, __HYPERVISOR_event_channel_op, EVTCHNOP_reset,
			       XEN_ORDER_DATA, answer);
}

/* A VMM that refuses has closed no port. */
TEST_F(always, goes_on_where_the_vmm_refuses_a_reset)
{
	xen_order_fifo(self->x, 1);
	EXPECT_TRUE(reset_exits(self->x, DOMID_SELF, -XEN_EPERM));
	EXPECT_TRUE(is_at_fifo(self->x));
	EXPECT_TRUE(reset_exits(self->x, OTHER_DOMAIN, -XEN_ESRCH));
	EXPECT_TRUE(is_at_fifo(self->x));
	EXPECT_EQ(-XEN_EINVAL, xen_order_init_control(self->x, true, 0, XEN_CONTROL_GFN(0), 0));
}

/* The guest names itself by DOMID_SELF or by its ID, which only the VMM knows. */
TEST_F(always, ends_as_the_vmm_resets_the_ports_for_the_guest)
{
	static const uint16_t names[] = { DOMID_SELF, OWN_DOMAIN };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		xen_order_fifo(self->x, 1);
		EXPECT_TRUE(is_at_fifo(self->x));
		EXPECT_TRUE(reset_exits(self->x, names[i], 0));
		EXPECT_TRUE(is_at_2level(self->x));
	}
}

/* An answer to another call of the vCPU is not the answer to an earlier reset. */
TEST_F(always, goes_on_where_another_call_is_answered)
{
	xen_order_fifo(self->x, 1);
	EXPECT_TRUE(reset_exits(self->x, DOMID_SELF, -XEN_EPERM));
	EXPECT_TRUE(xen_order_exits(self->x, true, __HYPERVISOR_event_channel_op,
				    EVTCHNOP_status, XEN_ORDER_DATA, 0));
	EXPECT_TRUE(is_at_fifo(self->x));
}

TEST_F(always, ends_as_the_vmm_resets_all_ports)
{
	xen_order_fifo(self->x, 1);
	ASSERT_EQ(0, xen_reset_ports(self->x));
	EXPECT_TRUE(is_at_2level(self->x));
	xen_order_fifo(self->x, 1);
	EXPECT_TRUE(is_at_fifo(self->x));
}

TEST_F(always, ends_as_shared_info_is_taken_away)
{
	int turn;

	for (turn = 0; turn < 2; turn++) {
		xen_order_fifo(self->x, 1);
		ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA >> 12));
		EXPECT_TRUE(is_at_fifo(self->x));
		ASSERT_EQ(0, turn ? xen_set_shared_info_hva(self->x, NULL) :
				    xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
		EXPECT_FALSE(is_at_fifo(self->x));
		ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA >> 12));
		EXPECT_TRUE(is_at_2level(self->x));
	}
}

/* Whichever vCPU's that is. */
TEST_F(always, ends_as_the_last_vcpu_info_is_taken_away)
{
	struct xen_vm *x = self->x;
	unsigned int last;

	for (last = 0; last < 2; last++) {
		xen_order_fifo(x, 1);
		ASSERT_EQ(0, xen_set_vcpu_info(x->vcpu[!last], KVM_XEN_INVALID_GPA));
		EXPECT_TRUE(is_at_fifo(x));
		ASSERT_EQ(0, last ? xen_set_vcpu_info_hva(x->vcpu[last], NULL) :
				    xen_set_vcpu_info(x->vcpu[last], KVM_XEN_INVALID_GPA));
		EXPECT_TRUE(is_at_2level(x));
		ASSERT_EQ(0, xen_set_vcpu_info(x->vcpu[0], XEN_VCPU_INFO_GPA(0)));
		ASSERT_EQ(0, xen_set_vcpu_info(x->vcpu[1], XEN_VCPU_INFO_GPA(1)));
	}
}

/* What a VMM does for a kernel that takes another's place, by a soft reset. */
static void place_anew(struct xen_vm *x)
{
	TEST_ASSERT_EQ(xen_reset_ports(x), 0);
	TEST_ASSERT_EQ(xen_set_shared_info(x, KVM_XEN_INVALID_GFN), 0);
	TEST_ASSERT_EQ(xen_set_shared_info(x, XEN_SHINFO_GPA >> 12), 0);
}

/* The thread of an idle vCPU is the last to take its part in the reset. */
TEST_F(always, goes_on_where_vcpu_0_comes_late_to_a_reset)
{
	struct xen_vm *x = self->x;

	xen_order_fifo(x, 1);
	place_anew(x);
	EXPECT_TRUE(is_at_2level(x));
	xen_order_fifo(x, 1);
	ASSERT_EQ(0, xen_set_vcpu_info(x->vcpu[0], KVM_XEN_INVALID_GPA));
	ASSERT_EQ(0, xen_set_vcpu_info(x->vcpu[0], XEN_VCPU_INFO_GPA(0)));
	EXPECT_TRUE(is_at_fifo(x));
}

/*
 * A crash kernel on vCPU 1: the VMM looks for a vector at vCPU 0, finds none, and
 * raises events itself.
 */
TEST_F(always, is_refused_to_a_kernel_that_begins_on_another_vcpu)
{
	struct xen_vm *x = self->x;

	xen_order_fifo(x, 1);
	place_anew(x);
	*(struct xen_init_control *)xen_get_order(x)->data = (struct xen_init_control) {
		.gfn = XEN_CONTROL_GFN(1),
		.vcpu = 1,
	};
	EXPECT_TRUE(call_exits(x, EVTCHNOP_init_control));
	EXPECT_TRUE(is_at_2level(x));

	/* Not so by a VMM that knows of FIFO, nor for those that follow vCPU 0. */
	xen_order_fifo(x, 1);
	EXPECT_TRUE(is_at_fifo(x));
	ASSERT_EQ(0, xen_reset_ports(x));
	ASSERT_EQ(0, xen_config(x, BASE | FIFO));
	EXPECT_EQ(0, xen_order_init_control(x, true, 1, XEN_CONTROL_GFN(1), 0));
}

/* Such a VMM ends FIFO explicitly, and does these things for other reasons. */
TEST_F(always, leaves_a_vmm_that_set_the_flag_alone)
{
	struct xen_vm *x = self->x;

	ASSERT_EQ(0, xen_config(x, BASE | FIFO));
	xen_order_fifo(x, 1);
	EXPECT_TRUE(reset_exits(x, DOMID_SELF, 0));
	EXPECT_TRUE(is_at_fifo(x));
	ASSERT_EQ(0, xen_set_shared_info(x, KVM_XEN_INVALID_GFN));
	EXPECT_TRUE(is_at_fifo(x));
	ASSERT_EQ(0, xen_set_vcpu_info(x->vcpu[0], KVM_XEN_INVALID_GPA));
	EXPECT_TRUE(is_at_fifo(x));
	EXPECT_TRUE(has_priorities(x, 3));
}

/* The callback that the guest asks for: HVM_PARAM_CALLBACK_IRQ, and who answers. */
#define CALLBACK_IRQ	0
#define CALLBACK_GSI	0x23ull
#define CALLBACK_VECTOR	(2ull << 56 | XEN_VM_VECTOR)

static bool asks_for_upcalls(struct xen_vm *x, uint64_t by, int64_t answer)
{
	struct {
		uint16_t dom;
		uint32_t index;
		uint64_t value;
	} *param = (void *)xen_get_order(x)->data;

	param->dom = DOMID_SELF;
	param->index = CALLBACK_IRQ;
	param->value = by;
	return xen_order_exits(x, true, __HYPERVISOR_hvm_op, 0, XEN_ORDER_DATA, answer);
}

static bool may_begin(struct xen_vm *x)
{
	*(struct xen_init_control *)xen_get_order(x)->data = (struct xen_init_control) {
		.gfn = XEN_CONTROL_GFN(0),
	};
	if (call_exits(x, EVTCHNOP_init_control))
		return false;

	TEST_ASSERT_EQ(xen_order_expand_array(x, true, XEN_ARRAY_GFN(0)), 0);
	return true;
}

/* The VMM raises events for such a guest itself, by 2-level. */
TEST_F(always, is_refused_to_a_guest_with_a_line)
{
	struct xen_vm *x = self->x;

	ASSERT_TRUE(asks_for_upcalls(x, CALLBACK_GSI, 0));
	EXPECT_FALSE(may_begin(x));
	EXPECT_TRUE(is_at_2level(x));
	ASSERT_TRUE(asks_for_upcalls(x, CALLBACK_VECTOR, -XEN_EINVAL));
	EXPECT_FALSE(may_begin(x));
	ASSERT_TRUE(asks_for_upcalls(x, CALLBACK_VECTOR, 0));
	EXPECT_TRUE(may_begin(x));
	EXPECT_TRUE(is_at_fifo(x));
}

TEST_F(always, is_there_for_a_guest_with_a_line_and_a_vector)
{
	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	ASSERT_TRUE(asks_for_upcalls(self->x, CALLBACK_GSI, 0));
	EXPECT_TRUE(may_begin(self->x));
	EXPECT_TRUE(is_at_fifo(self->x));
}

TEST_F(always, is_there_again_after_a_reset)
{
	ASSERT_TRUE(asks_for_upcalls(self->x, CALLBACK_GSI, 0));
	EXPECT_FALSE(may_begin(self->x));
	place_anew(self->x);
	EXPECT_TRUE(may_begin(self->x));
}

/* What the kernel has logged since, of this. */
static unsigned int nr_logged(int klog)
{
	unsigned int nr = 0;
	char line[1024];
	ssize_t len;

	while ((len = read(klog, line, sizeof(line) - 1)) > 0) {
		line[len] = 0;
		nr += !!strstr(line, "takes upcalls by a line");
	}
	return nr;
}

/* Too late to be refused: the log shows why the guest hangs. */
TEST_F(always, is_logged_where_the_guest_asks_for_a_line_later)
{
	int klog = xen_klog_open();

	ASSERT_LE(0, klog);
	xen_order_fifo(self->x, 1);
	ASSERT_TRUE(asks_for_upcalls(self->x, CALLBACK_VECTOR, 0));
	ASSERT_TRUE(asks_for_upcalls(self->x, CALLBACK_GSI, -XEN_EINVAL));
	EXPECT_EQ(0, nr_logged(klog));
	ASSERT_TRUE(asks_for_upcalls(self->x, CALLBACK_GSI, 0));
	EXPECT_EQ(1, nr_logged(klog));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	ASSERT_TRUE(asks_for_upcalls(self->x, CALLBACK_GSI, 0));
	EXPECT_EQ(0, nr_logged(klog));
	close(klog);
}

int main(int argc, char *argv[])
{
	char before[16];
	int r;

	TEST_REQUIRE(xen_caps() & KVM_XEN_HVM_CONFIG_EVTCHN_SEND);

	xen_read_parameter(PARAMETER, before);
	r = test_harness_run(argc, argv);
	if (before[0])
		xen_write_parameter(PARAMETER, before);
	return r;
}
