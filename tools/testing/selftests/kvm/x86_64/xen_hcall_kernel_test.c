// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls that KVM answers itself: results, errors, and what switches each
 * of them on.
 *
 * If this fails, a guest gets a wrong result or error code, or the VMM gets a
 * call that it relies on KVM to answer (or the reverse).
 */
#include <sys/eventfd.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"
#include "xen_stub.h"

#define VERSION		0x40011
#define TIMER_PORT	3
#define IPI_PORT	4
#define UNBOUND_PORT	5
#define FAR_FUTURE	(1ull << 45)	/* some 9 hours of system time */

FIXTURE(hcall) {
	struct xen_vm *x;
	struct xen_stub stub;
};

FIXTURE_VARIANT(hcall) {
	enum xen_stub_mode mode;
};

FIXTURE_VARIANT_ADD(hcall, wide) { .mode = XEN_STUB_64 };
FIXTURE_VARIANT_ADD(hcall, compat) { .mode = XEN_STUB_COMPAT };
FIXTURE_VARIANT_ADD(hcall, narrow) { .mode = XEN_STUB_32 };

FIXTURE_SETUP(hcall)
{
	self->x = xen_vm_create(1, variant->mode == XEN_STUB_64, NULL);
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	xen_stub_set_mode(&self->stub, variant->mode, 0);
}

FIXTURE_TEARDOWN(hcall)
{
	xen_vm_free(self->x);
}

/* Make a call; did KVM leave it to the VMM?  Answers it then, with 0x77. */
static bool exits(struct xen_stub *stub, struct xen_hcall call)
{
	xen_stub_hypercall(stub, xen_stub_native(), &call);
	if (stub->exit_reason != KVM_EXIT_XEN)
		return false;
	TEST_ASSERT_EQ(stub->vcpu->run->xen.u.hcall.input, call.nr);
	stub->vcpu->run->xen.u.hcall.result = 0x77;
	xen_stub_resume(stub);
	return true;
}

#define NOT_ANSWERED	XEN_STUB_NO_RESULT

/* The result of a call that KVM answers. */
static int64_t answer(struct xen_stub *stub, struct xen_hcall call)
{
	return exits(stub, call) ? NOT_ANSWERED : xen_stub_result(stub);
}

#define CALL(_nr, ...) ((struct xen_hcall) { (_nr), { __VA_ARGS__ } })

/* The last bytes before an address that cannot be read. */
static uint64_t straddle(unsigned int readable)
{
	return XEN_STUB_GPA + XEN_STUB_NR_PAGES * PAGE_SIZE - readable;
}

static void set_version(struct xen_vm *x, uint32_t version)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_XEN_VERSION,
		.u.xen_version = version,
	};

	TEST_ASSERT_EQ(xen_vm_set(x, &attr), 0);
}

TEST_F(hcall, the_version_is_the_one_that_the_vmm_set)
{
	struct xen_hcall call = CALL(__HYPERVISOR_xen_version, XENVER_version, 0);

	EXPECT_TRUE(exits(&self->stub, call));
	set_version(self->x, VERSION);
	EXPECT_EQ(VERSION, answer(&self->stub, call));
	set_version(self->x, 0);
	EXPECT_TRUE(exits(&self->stub, call));
}

TEST_F(hcall, all_else_about_the_version_is_left_to_the_vmm)
{
	unsigned int cmd;

	set_version(self->x, VERSION);
	for (cmd = XENVER_extraversion; cmd < 16; cmd++)
		EXPECT_TRUE(exits(&self->stub, CALL(__HYPERVISOR_xen_version, cmd)));
	EXPECT_TRUE(exits(&self->stub, CALL(__HYPERVISOR_xen_version, 0xffffffff)));
}

TEST_F(hcall, a_yield_succeeds)
{
	EXPECT_EQ(0, answer(&self->stub, CALL(__HYPERVISOR_sched_op, SCHEDOP_yield)));
	EXPECT_EQ(0, answer(&self->stub, CALL(__HYPERVISOR_sched_op, SCHEDOP_yield,
					      XEN_STUB_NOWHERE)));
}

TEST_F(hcall, other_scheduling_calls_are_left_to_the_vmm)
{
	unsigned int cmd;

	for (cmd = SCHEDOP_block; cmd < 16; cmd++) {
		if (cmd == SCHEDOP_poll)
			continue;
		EXPECT_TRUE(exits(&self->stub, CALL(__HYPERVISOR_sched_op, cmd,
						    XEN_STUB_DATA_GPA))) {
			TH_LOG("command %u", cmd);
		}
	}
}

static void put_poll(struct xen_stub *stub, uint64_t gva, uint64_t ports, uint32_t nr_ports)
{
	void *poll = addr_gpa2hva(stub->vcpu->vm, gva);

	if (stub->mode == XEN_STUB_64)
		*(struct xen_sched_poll64 *)poll = (struct xen_sched_poll64) {
			.ports = ports, .nr_ports = nr_ports, .timeout = 1,
		};
	else
		*(struct xen_sched_poll32 *)poll = (struct xen_sched_poll32) {
			.ports = ports, .nr_ports = nr_ports, .timeout = 1,
		};
}

static int64_t poll_of(struct xen_stub *stub, uint64_t ports, uint32_t nr_ports)
{
	put_poll(stub, XEN_STUB_DATA_GPA, ports, nr_ports);
	return answer(stub, CALL(__HYPERVISOR_sched_op, SCHEDOP_poll, XEN_STUB_DATA_GPA));
}

TEST_F(hcall, a_poll_that_cannot_be_read_is_a_fault)
{
	uint32_t size = variant->mode == XEN_STUB_64 ? sizeof(struct xen_sched_poll64) :
						       sizeof(struct xen_sched_poll32);
	uint64_t ports = XEN_STUB_DATA_GPA + 0x100;

	EXPECT_EQ(-XEN_EFAULT, answer(&self->stub, CALL(__HYPERVISOR_sched_op, SCHEDOP_poll,
							XEN_STUB_NOWHERE)));
	EXPECT_EQ(-XEN_EFAULT, answer(&self->stub, CALL(__HYPERVISOR_sched_op, SCHEDOP_poll,
							straddle(size - 1))));
	put_poll(&self->stub, straddle(size), ports, 1);
	EXPECT_EQ(0, answer(&self->stub, CALL(__HYPERVISOR_sched_op, SCHEDOP_poll,
					      straddle(size))));
}

TEST_F(hcall, polled_ports_that_cannot_be_read_are_a_fault)
{
	EXPECT_EQ(-XEN_EFAULT, poll_of(&self->stub, XEN_STUB_NOWHERE, 1));
	EXPECT_EQ(-XEN_EFAULT, poll_of(&self->stub, XEN_STUB_NOWHERE, 2));
	EXPECT_EQ(-XEN_EFAULT, poll_of(&self->stub, XEN_STUB_NOWHERE, XEN_MAX_POLL_PORTS));
	EXPECT_EQ(-XEN_EFAULT, poll_of(&self->stub, straddle(4 * 4 - 1), 4));
	EXPECT_EQ(0, poll_of(&self->stub, straddle(4 * 4), 4));
}

TEST_F(hcall, a_poll_takes_up_to_128_ports)
{
	uint64_t ports = XEN_STUB_DATA_GPA + 0x100;

	EXPECT_EQ(0, poll_of(&self->stub, ports, XEN_MAX_POLL_PORTS));
	EXPECT_EQ(-XEN_EINVAL, poll_of(&self->stub, ports, XEN_MAX_POLL_PORTS + 1));
	EXPECT_EQ(-XEN_EINVAL, poll_of(&self->stub, ports, UINT32_MAX));
	EXPECT_EQ(-XEN_EINVAL, poll_of(&self->stub, XEN_STUB_NOWHERE, UINT32_MAX));
}

TEST_F(hcall, a_poll_takes_no_port_out_of_range)
{
	uint32_t *ports = (uint32_t *)(self->stub.data + 0x100);
	uint32_t limit = xen_nr_ports(self->x->wide);

	ports[0] = limit - 1;
	EXPECT_EQ(0, poll_of(&self->stub, XEN_STUB_DATA_GPA + 0x100, 1));
	ports[0] = limit;
	EXPECT_EQ(-XEN_EINVAL, poll_of(&self->stub, XEN_STUB_DATA_GPA + 0x100, 1));
	ports[0] = UINT32_MAX;
	EXPECT_EQ(-XEN_EINVAL, poll_of(&self->stub, XEN_STUB_DATA_GPA + 0x100, 1));
	ports[0] = 1;
	ports[1] = limit;
	EXPECT_EQ(-XEN_EINVAL, poll_of(&self->stub, XEN_STUB_DATA_GPA + 0x100, 2));
}

/* Without the flag a poll is a yield: its argument is not looked at. */
TEST_F(hcall, a_poll_without_evtchn_send_is_a_yield)
{
	ASSERT_EQ(0, xen_config(self->x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL));
	EXPECT_EQ(0, answer(&self->stub, CALL(__HYPERVISOR_sched_op, SCHEDOP_poll,
					      XEN_STUB_NOWHERE)));
}

static int64_t send(struct xen_stub *stub, uint32_t port)
{
	*(uint32_t *)stub->data = port;
	return answer(stub, CALL(__HYPERVISOR_event_channel_op, EVTCHNOP_send,
				 XEN_STUB_DATA_GPA));
}

TEST_F(hcall, a_send_to_a_known_port_succeeds)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, IPI_PORT, 0));
	EXPECT_EQ(0, send(&self->stub, IPI_PORT));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, IPI_PORT));
	EXPECT_EQ(0, send(&self->stub, IPI_PORT));
}

TEST_F(hcall, a_send_to_a_masked_port_succeeds)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, IPI_PORT, 0));
	xen_mask(self->x->shinfo, self->x->wide, IPI_PORT);
	EXPECT_EQ(0, send(&self->stub, IPI_PORT));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, IPI_PORT));
}

TEST_F(hcall, a_send_to_an_eventfd_signals_it)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	eventfd_t value;

	ASSERT_EQ(0, xen_bind_eventfd(self->x, IPI_PORT, fd));
	EXPECT_EQ(0, send(&self->stub, IPI_PORT));
	EXPECT_EQ(0, send(&self->stub, IPI_PORT));
	EXPECT_EQ(0, eventfd_read(fd, &value));
	EXPECT_EQ(2, value);
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, IPI_PORT));
}

TEST_F(hcall, a_send_to_an_unknown_port_is_left_to_the_vmm)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, IPI_PORT, 0));
	EXPECT_EQ(NOT_ANSWERED, send(&self->stub, UNBOUND_PORT));
	EXPECT_EQ(NOT_ANSWERED, send(&self->stub, 0));
	EXPECT_EQ(NOT_ANSWERED, send(&self->stub, UINT32_MAX));
	ASSERT_EQ(0, xen_unbind(self->x, IPI_PORT));
	EXPECT_EQ(NOT_ANSWERED, send(&self->stub, IPI_PORT));
}

TEST_F(hcall, a_send_without_shared_info_is_left_to_the_vmm)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, IPI_PORT, 0));
	ASSERT_EQ(0, xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
	EXPECT_EQ(NOT_ANSWERED, send(&self->stub, IPI_PORT));
}

TEST_F(hcall, a_send_to_a_missing_vcpu_is_left_to_the_vmm)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, IPI_PORT, 77));
	EXPECT_EQ(NOT_ANSWERED, send(&self->stub, IPI_PORT));
}

TEST_F(hcall, a_send_that_cannot_be_read_is_a_fault)
{
	EXPECT_EQ(-XEN_EFAULT, answer(&self->stub, CALL(__HYPERVISOR_event_channel_op,
							EVTCHNOP_send, XEN_STUB_NOWHERE)));
	EXPECT_EQ(-XEN_EFAULT, answer(&self->stub, CALL(__HYPERVISOR_event_channel_op,
							EVTCHNOP_send, straddle(3))));
}

TEST_F(hcall, other_event_channel_calls_are_left_to_the_vmm)
{
	unsigned int cmd;

	ASSERT_EQ(0, xen_bind_ipi(self->x, IPI_PORT, 0));
	*(uint32_t *)self->stub.data = IPI_PORT;
	for (cmd = 0; cmd < 16; cmd++) {
		if (cmd == EVTCHNOP_send)
			continue;
		EXPECT_TRUE(exits(&self->stub, CALL(__HYPERVISOR_event_channel_op, cmd,
						    XEN_STUB_DATA_GPA))) {
			TH_LOG("command %u", cmd);
		}
	}
}

static struct xen_hcall set_timer(const struct xen_stub *stub, uint64_t timeout)
{
	if (stub->mode == XEN_STUB_64)
		return CALL(__HYPERVISOR_set_timer_op, timeout);
	return CALL(__HYPERVISOR_set_timer_op, (uint32_t)timeout, timeout >> 32);
}

static struct xen_hcall vcpu_op(unsigned int cmd, uint32_t vcpu)
{
	return CALL(__HYPERVISOR_vcpu_op, cmd, vcpu, XEN_STUB_DATA_GPA);
}

static void put_singleshot(struct xen_stub *stub, uint64_t timeout)
{
	*(struct xen_singleshot_timer *)stub->data = (struct xen_singleshot_timer) {
		.timeout_abs_ns = timeout,
	};
}

TEST_F(hcall, timers_are_left_to_the_vmm_until_they_have_a_port)
{
	put_singleshot(&self->stub, FAR_FUTURE);
	EXPECT_TRUE(exits(&self->stub, set_timer(&self->stub, FAR_FUTURE)));
	EXPECT_TRUE(exits(&self->stub, set_timer(&self->stub, 0)));
	EXPECT_TRUE(exits(&self->stub, vcpu_op(VCPUOP_set_singleshot_timer, 0)));
	EXPECT_TRUE(exits(&self->stub, vcpu_op(VCPUOP_stop_singleshot_timer, 0)));

	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[0], TIMER_PORT, 0));
	EXPECT_EQ(0, answer(&self->stub, set_timer(&self->stub, FAR_FUTURE)));
	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[0], 0, 0));
	EXPECT_TRUE(exits(&self->stub, set_timer(&self->stub, FAR_FUTURE)));
}

TEST_F(hcall, set_timer_op_takes_all_64_bits_of_the_time)
{
	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[0], TIMER_PORT, 0));
	EXPECT_EQ(0, answer(&self->stub, set_timer(&self->stub, FAR_FUTURE + 0x1234)));
	EXPECT_EQ(FAR_FUTURE + 0x1234, xen_timer_expires(self->x->vcpu[0]));
	EXPECT_EQ(0, answer(&self->stub, set_timer(&self->stub, 0)));
	EXPECT_EQ(0, xen_timer_expires(self->x->vcpu[0]));
}

TEST_F(hcall, the_singleshot_timer_is_set_and_stopped)
{
	ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[0], 0));
	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[0], TIMER_PORT, 0));
	put_singleshot(&self->stub, FAR_FUTURE + 0x5678);
	EXPECT_EQ(0, answer(&self->stub, vcpu_op(VCPUOP_set_singleshot_timer, 0)));
	EXPECT_EQ(FAR_FUTURE + 0x5678, xen_timer_expires(self->x->vcpu[0]));
	EXPECT_EQ(0, answer(&self->stub, vcpu_op(VCPUOP_stop_singleshot_timer, 0)));
	EXPECT_EQ(0, xen_timer_expires(self->x->vcpu[0]));
	EXPECT_EQ(0, answer(&self->stub, vcpu_op(VCPUOP_stop_singleshot_timer, 0)));
}

TEST_F(hcall, the_timer_of_another_vcpu_cannot_be_set)
{
	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[0], TIMER_PORT, 0));
	ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[0], 6));
	put_singleshot(&self->stub, FAR_FUTURE);
	EXPECT_EQ(-XEN_EINVAL, answer(&self->stub, vcpu_op(VCPUOP_set_singleshot_timer, 0)));
	EXPECT_EQ(-XEN_EINVAL, answer(&self->stub, vcpu_op(VCPUOP_stop_singleshot_timer, 0)));
	EXPECT_EQ(0, xen_timer_expires(self->x->vcpu[0]));
	EXPECT_EQ(0, answer(&self->stub, vcpu_op(VCPUOP_set_singleshot_timer, 6)));
	EXPECT_EQ(-XEN_EINVAL, answer(&self->stub, vcpu_op(VCPUOP_stop_singleshot_timer, 7)));
	EXPECT_EQ(FAR_FUTURE, xen_timer_expires(self->x->vcpu[0]));
}

/* A 64-bit caller's padding is read too, as Xen does. */
TEST_F(hcall, a_singleshot_timer_that_cannot_be_read_is_a_fault)
{
	uint32_t size = variant->mode == XEN_STUB_64 ? 16 : 12;
	uint64_t args[] = { XEN_STUB_NOWHERE, straddle(1), straddle(size - 1) };
	unsigned int i;

	ASSERT_EQ(0, xen_set_vcpu_id(self->x->vcpu[0], 0));
	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[0], TIMER_PORT, 0));
	for (i = 0; i < ARRAY_SIZE(args); i++)
		EXPECT_EQ(-XEN_EFAULT, answer(&self->stub, CALL(__HYPERVISOR_vcpu_op,
								VCPUOP_set_singleshot_timer,
								0, args[i])));
	EXPECT_EQ(0, answer(&self->stub, CALL(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer,
					      0, straddle(size))));
}

TEST_F(hcall, other_vcpu_calls_are_left_to_the_vmm)
{
	unsigned int cmd;

	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[0], TIMER_PORT, 0));
	for (cmd = 0; cmd < 20; cmd++) {
		if (cmd == VCPUOP_set_singleshot_timer || cmd == VCPUOP_stop_singleshot_timer)
			continue;
		EXPECT_TRUE(exits(&self->stub, vcpu_op(cmd, 0))) {
			TH_LOG("command %u", cmd);
		}
	}
}

/* Interception off: the instruction belongs to KVM's own hypercalls again. */
TEST_F(hcall, nothing_is_answered_without_interception)
{
	struct xen_hcall call = CALL(__HYPERVISOR_xen_version, XENVER_version);

	set_version(self->x, VERSION);
	ASSERT_EQ(0, xen_config(self->x, 0));
	EXPECT_EQ(-1000, answer(&self->stub, call));	/* KVM_ENOSYS */
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
