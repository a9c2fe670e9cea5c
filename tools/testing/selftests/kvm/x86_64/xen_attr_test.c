// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes of a VM and of a vCPU: what may be set, what is read back,
 * and the error of everything else.
 *
 * If this fails, a VMM cannot set up, save or restore a Xen guest: each row is
 * a promise of Linux's ABI, an error code as much as a value.
 */
#include <errno.h>
#include <sys/eventfd.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"

#define NO_MEMORY_GPA	0xe0000000ull
#define FAR_FUTURE	(1ull << 45)
#define WIDE_ONLY_PORT	XEN_NR_PORTS_NARROW

FIXTURE(attr) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	uint8_t *spare;			/* XEN_SPARE_GPA(0), as the host sees it */
};

static void count_to_two(void)
{
	GUEST_SYNC(1);
	GUEST_SYNC(2);
}

FIXTURE_SETUP(attr)
{
	self->x = xen_vm_create_bare(1, false, count_to_two);
	self->vcpu = self->x->vcpu[0];
	self->spare = xen_hva(self->x, XEN_SPARE_GPA(0));
}

FIXTURE_TEARDOWN(attr)
{
	xen_vm_free(self->x);
}

/* Of the VM: one value, set and read. */
static int vm_set(struct xen_vm *x, uint16_t type, uint64_t value)
{
	struct kvm_xen_hvm_attr attr = { .type = type };

	attr.u.pad[0] = value;
	return xen_vm_set(x, &attr);
}

static int vm_get(struct xen_vm *x, uint16_t type, uint64_t *value)
{
	struct kvm_xen_hvm_attr attr = { .type = type };
	int r = xen_vm_get(x, &attr);

	*value = attr.u.pad[0];
	return r;
}

static uint64_t vm_value(struct xen_vm *x, uint16_t type)
{
	uint64_t value;

	TEST_ASSERT_EQ(vm_get(x, type, &value), 0);
	return value;
}

/* Of a vCPU: one value, set and read. */
static int vcpu_set(struct kvm_vcpu *vcpu, uint16_t type, uint64_t value)
{
	struct kvm_xen_vcpu_attr attr = { .type = type };

	attr.u.pad[0] = value;
	return xen_vcpu_set(vcpu, &attr);
}

static int vcpu_get(struct kvm_vcpu *vcpu, uint16_t type, uint64_t *value)
{
	struct kvm_xen_vcpu_attr attr = { .type = type };
	int r = xen_vcpu_get(vcpu, &attr);

	*value = attr.u.pad[0];
	return r;
}

static uint64_t vcpu_value(struct kvm_vcpu *vcpu, uint16_t type)
{
	uint64_t value;

	TEST_ASSERT_EQ(vcpu_get(vcpu, type, &value), 0);
	return value;
}

/* Values that are kept as they are, or turned into a bool. */
static const struct {
	const char *name;
	uint16_t type;
	uint64_t set, get;
} vm_values[] = {
	{ "LONG_MODE", KVM_XEN_ATTR_TYPE_LONG_MODE, 1, 1 },
	{ "LONG_MODE", KVM_XEN_ATTR_TYPE_LONG_MODE, 0, 0 },
	{ "LONG_MODE", KVM_XEN_ATTR_TYPE_LONG_MODE, 0xff, 1 },
	{ "SHARED_INFO", KVM_XEN_ATTR_TYPE_SHARED_INFO,
	  XEN_SHINFO_GPA / PAGE_SIZE, XEN_SHINFO_GPA / PAGE_SIZE },
	{ "SHARED_INFO", KVM_XEN_ATTR_TYPE_SHARED_INFO,
	  XEN_SPARE_GPA(0) / PAGE_SIZE, XEN_SPARE_GPA(0) / PAGE_SIZE },
	{ "SHARED_INFO", KVM_XEN_ATTR_TYPE_SHARED_INFO,
	  KVM_XEN_INVALID_GFN, KVM_XEN_INVALID_GFN },
	{ "SHARED_INFO", KVM_XEN_ATTR_TYPE_SHARED_INFO,
	  KVM_XEN_INVALID_GFN, KVM_XEN_INVALID_GFN },
	{ "UPCALL_VECTOR", KVM_XEN_ATTR_TYPE_UPCALL_VECTOR, 0x10, 0x10 },
	{ "UPCALL_VECTOR", KVM_XEN_ATTR_TYPE_UPCALL_VECTOR, 0xff, 0xff },
	{ "UPCALL_VECTOR", KVM_XEN_ATTR_TYPE_UPCALL_VECTOR, 0, 0 },
	{ "XEN_VERSION", KVM_XEN_ATTR_TYPE_XEN_VERSION, 0x40011, 0x40011 },
	{ "XEN_VERSION", KVM_XEN_ATTR_TYPE_XEN_VERSION, UINT32_MAX, UINT32_MAX },
	{ "XEN_VERSION", KVM_XEN_ATTR_TYPE_XEN_VERSION, 0, 0 },
	{ "RUNSTATE_UPDATE_FLAG", KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG, 1, 1 },
	{ "RUNSTATE_UPDATE_FLAG", KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG, 0, 0 },
	{ "RUNSTATE_UPDATE_FLAG", KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG, 2, 1 },
};

TEST_F(attr, vm_values_are_read_back)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_values); i++) {
		EXPECT_EQ(0, vm_set(self->x, vm_values[i].type, vm_values[i].set)) {
			TH_LOG("%s := %#lx", vm_values[i].name, vm_values[i].set);
		}
		EXPECT_EQ(vm_values[i].get, vm_value(self->x, vm_values[i].type)) {
			TH_LOG("%s", vm_values[i].name);
		}
	}
}

TEST_F(attr, vm_values_begin_as_documented)
{
	EXPECT_EQ(0, vm_value(self->x, KVM_XEN_ATTR_TYPE_LONG_MODE));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, vm_value(self->x, KVM_XEN_ATTR_TYPE_SHARED_INFO));
	EXPECT_EQ(0, vm_value(self->x, KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA));
	EXPECT_EQ(0, vm_value(self->x, KVM_XEN_ATTR_TYPE_UPCALL_VECTOR));
	EXPECT_EQ(0, vm_value(self->x, KVM_XEN_ATTR_TYPE_XEN_VERSION));
	EXPECT_EQ(0, vm_value(self->x, KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG));
}

static const struct {
	const char *name;
	uint16_t type;
	uint64_t value;
	int error;
} vm_errors[] = {
	{ "SHARED_INFO without memory", KVM_XEN_ATTR_TYPE_SHARED_INFO,
	  NO_MEMORY_GPA / PAGE_SIZE, -EFAULT },
	{ "SHARED_INFO_HVA unaligned", KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA, 1, -EINVAL },
	{ "SHARED_INFO_HVA unaligned", KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA, 0x1004, -EINVAL },
	{ "SHARED_INFO_HVA unmapped", KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA, 0x1000, -EFAULT },
	{ "SHARED_INFO_HVA of the kernel", KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA,
	  0xffff888000000000ull, -EINVAL },
};

TEST_F(attr, vm_values_out_of_bounds_are_refused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_errors); i++) {
		EXPECT_EQ(vm_errors[i].error, vm_set(self->x, vm_errors[i].type,
						     vm_errors[i].value)) {
			TH_LOG("%s", vm_errors[i].name);
		}
	}
}

TEST_F(attr, the_vectors_of_exceptions_are_no_upcall_vectors)
{
	unsigned int vector;

	ASSERT_EQ(0, vm_set(self->x, KVM_XEN_ATTR_TYPE_UPCALL_VECTOR, 0x20));
	ASSERT_EQ(0, vcpu_set(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR, 0x21));
	for (vector = 1; vector < 0x10; vector++) {
		EXPECT_EQ(-EINVAL, vm_set(self->x, KVM_XEN_ATTR_TYPE_UPCALL_VECTOR, vector));
		EXPECT_EQ(-EINVAL, vcpu_set(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR,
					    vector));
	}
	EXPECT_EQ(0x20, vm_value(self->x, KVM_XEN_ATTR_TYPE_UPCALL_VECTOR));
	EXPECT_EQ(0x21, vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR));
}

TEST_F(attr, unknown_types_do_not_exist)
{
	const uint16_t vm_types[] = { 7, 8, 0x3f, 0x40, 0x41, 0x7fff, 0xffff };
	const uint16_t vcpu_types[] = { 0xa, 0xb, 0x3f, 0x40, 0x41, 0x7fff, 0xffff };
	uint64_t value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_types); i++) {
		EXPECT_EQ(-ENOENT, vm_set(self->x, vm_types[i], 0));
		EXPECT_EQ(-ENOENT, vm_get(self->x, vm_types[i], &value));
	}
	for (i = 0; i < ARRAY_SIZE(vcpu_types); i++) {
		EXPECT_EQ(-ENOENT, vcpu_set(self->vcpu, vcpu_types[i], 0));
		EXPECT_EQ(-ENOENT, vcpu_get(self->vcpu, vcpu_types[i], &value));
	}
}

TEST_F(attr, an_unreadable_argument_is_a_fault)
{
	const unsigned long vm_ioctls[] = { KVM_XEN_HVM_SET_ATTR, KVM_XEN_HVM_GET_ATTR,
					    KVM_XEN_HVM_EVTCHN_SEND };
	const unsigned long vcpu_ioctls[] = { KVM_XEN_VCPU_SET_ATTR, KVM_XEN_VCPU_GET_ATTR };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_ioctls); i++) {
		EXPECT_EQ(-1, ioctl(self->x->vm->fd, vm_ioctls[i], NULL));
		EXPECT_EQ(EFAULT, errno);
	}
	for (i = 0; i < ARRAY_SIZE(vcpu_ioctls); i++) {
		EXPECT_EQ(-1, ioctl(self->vcpu->fd, vcpu_ioctls[i], NULL));
		EXPECT_EQ(EFAULT, errno);
	}
}

/* shared_info by GFN and by HVA: one registration, named either way. */
static uint64_t shinfo_gfn(struct xen_vm *x)
{
	return vm_value(x, KVM_XEN_ATTR_TYPE_SHARED_INFO);
}

static uint64_t shinfo_hva(struct xen_vm *x)
{
	return vm_value(x, KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA);
}

TEST_F(attr, shared_info_is_read_back_only_as_it_was_set)
{
	uint64_t gfn = XEN_SHINFO_GPA / PAGE_SIZE;

	ASSERT_EQ(0, xen_set_shared_info(self->x, gfn));
	EXPECT_EQ(gfn, shinfo_gfn(self->x));
	EXPECT_EQ(0, shinfo_hva(self->x));
	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, self->spare));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, shinfo_gfn(self->x));
	EXPECT_EQ((uintptr_t)self->spare, shinfo_hva(self->x));
	ASSERT_EQ(0, xen_set_shared_info(self->x, gfn));
	EXPECT_EQ(gfn, shinfo_gfn(self->x));
	EXPECT_EQ(0, shinfo_hva(self->x));
}

/* Does an event reach the page that was registered? */
static bool events_arrive(struct xen_vm *x, void *shinfo)
{
	int r = xen_send(x, 1, 0);

	return r == 0 && xen_clear_pending(shinfo, 1);
}

TEST_F(attr, hva_0_takes_shared_info_away)
{
	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, self->spare));
	xen_mask(self->spare, false, 1);
	EXPECT_TRUE(events_arrive(self->x, self->spare));

	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, NULL));
	EXPECT_EQ(0, shinfo_hva(self->x));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, shinfo_gfn(self->x));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 1, 0));
	EXPECT_FALSE(xen_is_pending(self->spare, 1));

	memset(self->spare, 0, PAGE_SIZE);
	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	ASSERT_EQ(0, xen_set_long_mode(self->x, false));
	EXPECT_EQ(0, ((struct xen_shared_info32 *)self->spare)->wc.version);
	EXPECT_EQ(0, ((struct xen_shared_info64 *)self->spare)->wc.version);
}

TEST_F(attr, the_invalid_gfn_takes_shared_info_away)
{
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SPARE_GPA(0) / PAGE_SIZE));
	xen_mask(self->spare, false, 1);
	EXPECT_TRUE(events_arrive(self->x, self->spare));

	ASSERT_EQ(0, xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, shinfo_gfn(self->x));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 1, 0));
	EXPECT_FALSE(xen_is_pending(self->spare, 1));
}

/* Either way of taking it away works on either way of setting it. */
TEST_F(attr, shared_info_goes_away_the_other_way_too)
{
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SPARE_GPA(0) / PAGE_SIZE));
	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, NULL));
	EXPECT_EQ(KVM_XEN_INVALID_GFN, shinfo_gfn(self->x));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 1, 0));

	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, self->spare));
	ASSERT_EQ(0, xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
	EXPECT_EQ(0, shinfo_hva(self->x));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 1, 0));
}

TEST_F(attr, shared_info_moves)
{
	uint8_t *other = xen_hva(self->x, XEN_SPARE_GPA(1));

	xen_mask(self->spare, false, 1);
	xen_mask(other, false, 1);
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SPARE_GPA(0) / PAGE_SIZE));
	EXPECT_TRUE(events_arrive(self->x, self->spare));
	ASSERT_EQ(0, xen_set_shared_info_hva(self->x, other));
	EXPECT_TRUE(events_arrive(self->x, other));
	EXPECT_FALSE(xen_is_pending(self->spare, 1));
}

/* Ports: all that is wrong with a request, beginning from no port at all. */
struct port_row {
	const char *name;
	uint32_t flags, send_port, type, port, priority;
	int error;
};

#define P2L XEN_PRIO_2LEVEL
#define IPI EVTCHNSTAT_ipi
#define INTERDOMAIN EVTCHNSTAT_interdomain

static const struct port_row assign_errors[] = {
	{ "port 0", 0, 0, IPI, 0, P2L, -EINVAL },
	{ "port beyond a narrow guest", 0, 1024, IPI, 1024, P2L, -EINVAL },
	{ "port beyond any guest", 0, UINT32_MAX, IPI, UINT32_MAX, P2L, -EINVAL },
	{ "IPI to another port", 0, 5, IPI, 6, P2L, -EINVAL },
	{ "IPI to port 0", 0, 5, IPI, 0, P2L, -EINVAL },
	{ "IPI with a FIFO priority", 0, 5, IPI, 5, 7, -EINVAL },
	{ "target beyond a narrow guest", 0, 5, INTERDOMAIN, 1024, P2L, -EINVAL },
	{ "interdomain with a FIFO priority", 0, 5, INTERDOMAIN, 6, 0, -EINVAL },
	{ "a closed port", 0, 5, EVTCHNSTAT_closed, 5, P2L, -EINVAL },
	{ "an unbound port", 0, 5, EVTCHNSTAT_unbound, 5, P2L, -EINVAL },
	{ "a PIRQ", 0, 5, EVTCHNSTAT_pirq, 5, P2L, -EINVAL },
	{ "a VIRQ", 0, 5, EVTCHNSTAT_virq, 5, P2L, -EINVAL },
	{ "an unknown type", 0, 5, 6, 5, P2L, -EINVAL },
	{ "an unknown type", 0, 5, UINT32_MAX, 5, P2L, -EINVAL },
	{ "an unknown flag", 8, 5, IPI, 5, P2L, -EINVAL },
	{ "all flags", UINT32_MAX, 5, IPI, 5, P2L, -EINVAL },
	{ "deassign and update", 3, 5, IPI, 5, P2L, -EINVAL },
	{ "deassign and reset", 5, 5, IPI, 5, P2L, -EINVAL },
	{ "update and reset", 6, 5, IPI, 5, P2L, -EINVAL },
	{ "update of no port", KVM_XEN_EVTCHN_UPDATE, 5, IPI, 5, P2L, -ENOENT },
	{ "deassign of no port", KVM_XEN_EVTCHN_DEASSIGN, 5, IPI, 5, P2L, -ENOENT },
	{ "deassign of port 0", KVM_XEN_EVTCHN_DEASSIGN, 0, IPI, 0, P2L, -EINVAL },
	{ "deassign beyond a narrow guest", KVM_XEN_EVTCHN_DEASSIGN, 1024, IPI, 0, P2L, -EINVAL },
	{ "update beyond a narrow guest", KVM_XEN_EVTCHN_UPDATE, 1024, IPI, 0, P2L, -EINVAL },
};

static int set_port(struct xen_vm *x, const struct port_row *row)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.flags = row->flags,
			.send_port = row->send_port,
			.type = row->type,
			.deliver.port = { .port = row->port, .priority = row->priority },
		},
	};

	return xen_vm_set(x, &attr);
}

TEST_F(attr, wrong_requests_about_ports_are_refused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(assign_errors); i++) {
		EXPECT_EQ(assign_errors[i].error, set_port(self->x, &assign_errors[i])) {
			TH_LOG("%s", assign_errors[i].name);
		}
	}
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 5));
}

TEST_F(attr, a_port_is_assigned_once)
{
	EXPECT_EQ(0, xen_bind_ipi(self->x, 5, 0));
	EXPECT_EQ(-EEXIST, xen_bind_ipi(self->x, 5, 0));
	EXPECT_EQ(-EEXIST, xen_bind_loopback(self->x, 5, 6, 0));
	EXPECT_EQ(-EEXIST, xen_bind_eventfd(self->x, 5, eventfd(0, 0)));
	EXPECT_EQ(0, xen_unbind(self->x, 5));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 5));
	EXPECT_EQ(0, xen_bind_loopback(self->x, 5, 6, 0));
}

TEST_F(attr, an_update_changes_only_where_a_port_goes)
{
	const struct port_row errors[] = {
		{ "to another type", KVM_XEN_EVTCHN_UPDATE, 5, IPI, 6, P2L, -EINVAL },
		{ "to another port", KVM_XEN_EVTCHN_UPDATE, 5, INTERDOMAIN, 7, P2L, -EINVAL },
		{ "to an eventfd", KVM_XEN_EVTCHN_UPDATE, 5, INTERDOMAIN, 0, P2L, -EINVAL },
		{ "to a FIFO priority", KVM_XEN_EVTCHN_UPDATE, 5, INTERDOMAIN, 6, 3, -EINVAL },
		{ "of an eventfd", KVM_XEN_EVTCHN_UPDATE, 8, INTERDOMAIN, 0, P2L, -EINVAL },
		{ "to what it is", KVM_XEN_EVTCHN_UPDATE, 5, INTERDOMAIN, 6, P2L, 0 },
	};
	unsigned int i;

	ASSERT_EQ(0, xen_bind_loopback(self->x, 5, 6, 0));
	ASSERT_EQ(0, xen_bind_eventfd(self->x, 8, eventfd(0, 0)));
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		EXPECT_EQ(errors[i].error, set_port(self->x, &errors[i])) {
			TH_LOG("%s", errors[i].name);
		}
	}
}

TEST_F(attr, what_is_no_eventfd_cannot_be_signalled)
{
	EXPECT_EQ(-EBADF, xen_bind_eventfd(self->x, 5, -1));
	EXPECT_EQ(-EINVAL, xen_bind_eventfd(self->x, 5, self->x->vm->fd));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 5));
}

TEST_F(attr, the_width_of_the_guest_limits_its_ports)
{
	EXPECT_EQ(-EINVAL, xen_bind_ipi(self->x, WIDE_ONLY_PORT, 0));
	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	EXPECT_EQ(0, xen_bind_ipi(self->x, WIDE_ONLY_PORT, 0));
	EXPECT_EQ(0, xen_bind_ipi(self->x, XEN_NR_PORTS_WIDE - 1, 0));
	EXPECT_EQ(-EINVAL, xen_bind_ipi(self->x, XEN_NR_PORTS_WIDE, 0));
}

TEST_F(attr, a_reset_forgets_all_ports)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 5, 0));
	ASSERT_EQ(0, xen_bind_eventfd(self->x, 6, eventfd(0, 0)));
	EXPECT_EQ(0, xen_reset_ports(self->x));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 5));
	EXPECT_EQ(-ENOENT, xen_unbind(self->x, 6));
	EXPECT_EQ(0, xen_reset_ports(self->x));
}

TEST_F(attr, ports_are_not_read_by_the_attribute_that_sets_them)
{
	uint64_t value;

	ASSERT_EQ(0, xen_bind_ipi(self->x, 5, 0));
	EXPECT_EQ(-ENOENT, vm_get(self->x, KVM_XEN_ATTR_TYPE_EVTCHN, &value));
}

TEST_F(attr, wrong_sends_are_refused)
{
	struct kvm_irq_routing_xen_evtchn send = { .port = 5, .priority = 7 };

	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	xen_mask(self->x->shinfo, false, 5);
	EXPECT_EQ(0, xen_send(self->x, 5, 0));
	EXPECT_EQ(0, xen_send(self->x, 5, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 0, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, XEN_NR_PORTS_NARROW, 0));
	EXPECT_EQ(-EINVAL, xen_send(self->x, 5, 77));
	EXPECT_EQ(-1, __vm_ioctl(self->x->vm, KVM_XEN_HVM_EVTCHN_SEND, &send));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, xen_set_long_mode(self->x, true));
	EXPECT_EQ(-EINVAL, xen_send(self->x, XEN_NR_PORTS_WIDE, 0));
}

/* vCPUs. */
static const struct {
	const char *name;
	uint16_t type;
	uint64_t set, get;
} vcpu_values[] = {
	{ "VCPU_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO, XEN_SPARE_GPA(0), XEN_SPARE_GPA(0) },
	{ "VCPU_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(0) + 0x44, XEN_SPARE_GPA(0) + 0x44 },
	{ "VCPU_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(1) - 64, XEN_SPARE_GPA(1) - 64 },
	{ "VCPU_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  KVM_XEN_INVALID_GPA, KVM_XEN_INVALID_GPA },
	{ "VCPU_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  KVM_XEN_INVALID_GPA, KVM_XEN_INVALID_GPA },
	{ "VCPU_TIME_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  XEN_SPARE_GPA(0), XEN_SPARE_GPA(0) },
	{ "VCPU_TIME_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  XEN_SPARE_GPA(1) - 32, XEN_SPARE_GPA(1) - 32 },
	{ "VCPU_TIME_INFO", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  KVM_XEN_INVALID_GPA, KVM_XEN_INVALID_GPA },
	{ "RUNSTATE_ADDR", KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
	  XEN_SPARE_GPA(0) + 3, XEN_SPARE_GPA(0) + 3 },
	{ "RUNSTATE_ADDR", KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
	  XEN_SPARE_GPA(1) - 1, XEN_SPARE_GPA(1) - 1 },
	{ "VCPU_ID", KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID, 7, 7 },
	{ "VCPU_ID", KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID, 0, 0 },
	{ "UPCALL_VECTOR", KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR, 0x10, 0x10 },
	{ "UPCALL_VECTOR", KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR, 0xff, 0xff },
	{ "UPCALL_VECTOR", KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR, 0, 0 },
};

TEST_F(attr, vcpu_values_are_read_back)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vcpu_values); i++) {
		EXPECT_EQ(0, vcpu_set(self->vcpu, vcpu_values[i].type, vcpu_values[i].set)) {
			TH_LOG("%s := %#lx", vcpu_values[i].name, vcpu_values[i].set);
		}
		EXPECT_EQ(vcpu_values[i].get, vcpu_value(self->vcpu, vcpu_values[i].type)) {
			TH_LOG("%s", vcpu_values[i].name);
		}
	}
}

TEST_F(attr, vcpu_values_begin_as_documented)
{
	uint64_t value;

	EXPECT_EQ(KVM_XEN_INVALID_GPA, vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO));
	EXPECT_EQ(0, vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA));
	EXPECT_EQ(KVM_XEN_INVALID_GPA,
		  vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO));
	EXPECT_EQ(-ENOENT, vcpu_get(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR, &value));
	EXPECT_EQ(0, vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
}

static const struct {
	const char *name;
	uint16_t type;
	uint64_t value;
	int error;
} vcpu_errors[] = {
	{ "VCPU_INFO without memory", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO, NO_MEMORY_GPA, -EFAULT },
	{ "VCPU_INFO at 1 mod 4", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(0) + 1, -ENXIO },
	{ "VCPU_INFO at 2 mod 4", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(0) + 2, -ENXIO },
	{ "VCPU_INFO on two pages", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(1) - 60, -EINVAL },
	{ "VCPU_INFO on two pages", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
	  XEN_SPARE_GPA(1) - 4, -EINVAL },
	{ "VCPU_INFO_HVA at 1 mod 4", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA, 0x1001, -ENXIO },
	{ "VCPU_INFO_HVA at 2 mod 4", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA, 0x1002, -ENXIO },
	{ "VCPU_INFO_HVA on two pages", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA, 0x1fc4, -EINVAL },
	{ "VCPU_INFO_HVA unmapped", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA, 0x1000, -EFAULT },
	{ "VCPU_INFO_HVA of the kernel", KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA,
	  0xffff888000000000ull, -EINVAL },
	{ "VCPU_TIME_INFO without memory", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  NO_MEMORY_GPA, -EFAULT },
	{ "VCPU_TIME_INFO on two pages", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  XEN_SPARE_GPA(1) - 31, -EINVAL },
	{ "VCPU_TIME_INFO on two pages", KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
	  XEN_SPARE_GPA(1) - 1, -EINVAL },
	{ "VCPU_ID", KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID, UINT32_MAX, -EINVAL },
	{ "VCPU_ID", KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID, 0x80000000, -EINVAL },
	{ "RUNSTATE_ADDR without memory", KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
	  NO_MEMORY_GPA, -EFAULT },
};

TEST_F(attr, vcpu_values_out_of_bounds_are_refused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vcpu_errors); i++) {
		EXPECT_EQ(vcpu_errors[i].error, vcpu_set(self->vcpu, vcpu_errors[i].type,
							 vcpu_errors[i].value)) {
			TH_LOG("%s := %#lx", vcpu_errors[i].name, vcpu_errors[i].value);
		}
	}
}

TEST_F(attr, a_vcpu_id_is_below_the_number_of_vcpus_that_kvm_can_have)
{
	uint32_t max = kvm_check_cap(KVM_CAP_MAX_VCPUS);

	EXPECT_EQ(0, xen_set_vcpu_id(self->vcpu, max - 1));
	EXPECT_EQ(-EINVAL, xen_set_vcpu_id(self->vcpu, max));
	EXPECT_EQ(max - 1, vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID) & UINT32_MAX);
}

TEST_F(attr, vcpu_info_is_read_back_only_as_it_was_set)
{
	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_SPARE_GPA(1)));
	EXPECT_EQ(XEN_SPARE_GPA(1), vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO));
	EXPECT_EQ(0, vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA));
	ASSERT_EQ(0, xen_set_vcpu_info_hva(self->vcpu, self->spare + 0x40));
	EXPECT_EQ(KVM_XEN_INVALID_GPA, vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO));
	EXPECT_EQ((uintptr_t)self->spare + 0x40,
		  vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA));
}

/* KVM writes the time into a registered vcpu_info when the vCPU runs next. */
static int make_kvm_write_the_time(struct xen_vm *x)
{
	return xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
			     KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE);
}

TEST_F(attr, a_registered_vcpu_info_gets_the_time)
{
	struct xen_vcpu_info64 *vi = (void *)self->spare;
	uint32_t version;

	ASSERT_EQ(0, xen_set_vcpu_info_hva(self->vcpu, vi));
	ASSERT_EQ(1, xen_step(self->vcpu));
	version = vi->time.version;
	EXPECT_NE(0, version);
	ASSERT_EQ(0, make_kvm_write_the_time(self->x));
	ASSERT_EQ(2, xen_step(self->vcpu));
	EXPECT_NE(version, vi->time.version);
}

TEST_F(attr, hva_0_takes_vcpu_info_away)
{
	struct xen_vcpu_info64 *vi = (void *)self->spare;
	uint32_t version;

	ASSERT_EQ(0, xen_set_vcpu_info_hva(self->vcpu, vi));
	ASSERT_EQ(1, xen_step(self->vcpu));
	EXPECT_NE(0, vi->time.version);

	ASSERT_EQ(0, xen_set_vcpu_info_hva(self->vcpu, NULL));
	EXPECT_EQ(0, vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA));
	EXPECT_EQ(KVM_XEN_INVALID_GPA, vcpu_value(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO));
	version = vi->time.version;
	ASSERT_EQ(0, make_kvm_write_the_time(self->x));
	ASSERT_EQ(2, xen_step(self->vcpu));
	EXPECT_EQ(version, vi->time.version);
}

TEST_F(attr, the_invalid_gpa_takes_vcpu_info_away)
{
	struct xen_vcpu_info64 *vi = (void *)self->spare;
	uint32_t version;

	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_SPARE_GPA(0)));
	ASSERT_EQ(1, xen_step(self->vcpu));
	EXPECT_NE(0, vi->time.version);

	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, KVM_XEN_INVALID_GPA));
	version = vi->time.version;
	ASSERT_EQ(0, make_kvm_write_the_time(self->x));
	ASSERT_EQ(2, xen_step(self->vcpu));
	EXPECT_EQ(version, vi->time.version);
}

TEST_F(attr, the_runstate_area_is_known_only_while_there_is_one)
{
	uint16_t type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR;
	uint64_t value;

	EXPECT_EQ(0, vcpu_set(self->vcpu, type, KVM_XEN_INVALID_GPA));
	EXPECT_EQ(-ENOENT, vcpu_get(self->vcpu, type, &value));
	ASSERT_EQ(0, vcpu_set(self->vcpu, type, XEN_SPARE_GPA(0)));
	EXPECT_EQ(XEN_SPARE_GPA(0), vcpu_value(self->vcpu, type));
	EXPECT_EQ(0, vcpu_set(self->vcpu, type, KVM_XEN_INVALID_GPA));
	EXPECT_EQ(-ENOENT, vcpu_get(self->vcpu, type, &value));

	/* A refused area takes the old one away: first page, second page. */
	ASSERT_EQ(0, vcpu_set(self->vcpu, type, XEN_SPARE_GPA(0)));
	EXPECT_EQ(-EFAULT, vcpu_set(self->vcpu, type, NO_MEMORY_GPA));
	EXPECT_EQ(-ENOENT, vcpu_get(self->vcpu, type, &value));
	EXPECT_EQ(-EFAULT, vcpu_set(self->vcpu, type, XEN_SPARE_GPA(XEN_NR_SPARE) - 4));
	EXPECT_EQ(-ENOENT, vcpu_get(self->vcpu, type, &value));
}

TEST_F(attr, runstates_are_written_by_running_and_adjusting_only)
{
	uint64_t value;

	EXPECT_EQ(-EINVAL, vcpu_get(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST, &value));
	EXPECT_EQ(-EINVAL, vcpu_set(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT,
				    RUNSTATE_offline + 1));
	EXPECT_EQ(-EINVAL, vcpu_set(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT, -1));
	EXPECT_EQ(-EINVAL, vcpu_set(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA,
				    RUNSTATE_offline + 1));
	EXPECT_EQ(-EINVAL, vcpu_set(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA, -1));
	EXPECT_EQ(-EINVAL, vcpu_set(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST,
				    RUNSTATE_offline + 1));
	EXPECT_EQ(0, vcpu_set(self->vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST, -1));
}

static int set_timer(struct kvm_vcpu *vcpu, uint32_t port, uint32_t priority, uint64_t expires)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER,
		.u.timer = { .port = port, .priority = priority, .expires_ns = expires },
	};

	return xen_vcpu_set(vcpu, &attr);
}

TEST_F(attr, the_timer_is_read_back)
{
	struct kvm_xen_vcpu_attr attr = { .type = KVM_XEN_VCPU_ATTR_TYPE_TIMER };

	ASSERT_EQ(0, set_timer(self->vcpu, 5, P2L, FAR_FUTURE));
	ASSERT_EQ(0, xen_vcpu_get(self->vcpu, &attr));
	EXPECT_EQ(5, attr.u.timer.port);
	EXPECT_EQ(P2L, attr.u.timer.priority);
	EXPECT_EQ(FAR_FUTURE, attr.u.timer.expires_ns);

	ASSERT_EQ(0, set_timer(self->vcpu, 6, P2L, 0));
	ASSERT_EQ(0, xen_vcpu_get(self->vcpu, &attr));
	EXPECT_EQ(6, attr.u.timer.port);
	EXPECT_EQ(0, attr.u.timer.expires_ns);

	/* What was read can be set. */
	ASSERT_EQ(0, xen_vcpu_set(self->vcpu, &attr));
	ASSERT_EQ(0, set_timer(self->vcpu, 0, P2L, 0));
	ASSERT_EQ(0, xen_vcpu_get(self->vcpu, &attr));
	EXPECT_EQ(0, attr.u.timer.port);
	EXPECT_EQ(0, attr.u.timer.expires_ns);
	ASSERT_EQ(0, xen_vcpu_set(self->vcpu, &attr));
}

TEST_F(attr, the_timer_has_2_level_ports_only)
{
	EXPECT_EQ(-EINVAL, set_timer(self->vcpu, 5, 0, 0));
	EXPECT_EQ(-EINVAL, set_timer(self->vcpu, 5, 7, FAR_FUTURE));
	EXPECT_EQ(0, set_timer(self->vcpu, 0, 0, 0));
	EXPECT_EQ(0, set_timer(self->vcpu, 0, 7, FAR_FUTURE));
	EXPECT_EQ(0, xen_timer_expires(self->vcpu));
}

static void count_for_ever(void)
{
	uint64_t turn;

	for (turn = 0; ; turn++)
		GUEST_SYNC(turn);
}

static bool raises_port(struct xen_vm *x)
{
	xen_step(x->vcpu[0]);
	return xen_clear_pending(x->shinfo, 5);
}

/* Run the vCPU until its timer has raised its port, however late the host's are. */
static bool timer_fires(struct xen_vm *x)
{
	TEST_ASSERT_EQ(set_timer(x->vcpu[0], 5, P2L, xen_vm_now(x) + 1000 * 1000), 0);
	vcpu_arch_set_entry_point(x->vcpu[0], count_for_ever);
	return xen_wait_for(raises_port(x));
}

TEST_F(attr, the_timer_needs_no_interception_of_hypercalls)
{
	ASSERT_EQ(0, xen_config(self->x, KVM_XEN_HVM_CONFIG_EVTCHN_SEND));
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_VCPU_INFO_GPA(0)));
	EXPECT_TRUE(timer_fires(self->x));
}

TEST_F(attr, the_timer_needs_no_hypercall_msr)
{
	struct kvm_xen_hvm_config none = {};

	vm_ioctl(self->x->vm, KVM_XEN_HVM_CONFIG, &none);
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	ASSERT_EQ(0, xen_set_vcpu_info(self->vcpu, XEN_VCPU_INFO_GPA(0)));
	EXPECT_TRUE(timer_fires(self->x));
}

TEST_F(attr, attributes_work_before_the_vm_is_configured)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, count_to_two);
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_XEN_VERSION,
		.u.xen_version = 0x40012,
	};

	EXPECT_EQ(0, __vm_ioctl(vm, KVM_XEN_HVM_SET_ATTR, &attr));
	attr.u.xen_version = 0;
	EXPECT_EQ(0, __vm_ioctl(vm, KVM_XEN_HVM_GET_ATTR, &attr));
	EXPECT_EQ(0x40012, attr.u.xen_version);
	EXPECT_EQ(0, xen_set_vcpu_id(vcpu, 3));
	EXPECT_EQ(3, vcpu_value(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID));
	kvm_vm_free(vm);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO | KVM_XEN_HVM_CONFIG_RUNSTATE |
	      KVM_XEN_HVM_CONFIG_EVTCHN_SEND | KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA)
