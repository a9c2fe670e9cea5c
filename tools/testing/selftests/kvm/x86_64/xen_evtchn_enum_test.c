// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the table of ports: KVM_XEN_ATTR_TYPE_EVTCHN_ENUM.
 *
 * If this fails, a VMM cannot take a guest's ports along, or takes other ones
 * than KVM has.  Stock 6.12 has no such attribute.
 */
#include <string.h>
#include <sys/eventfd.h>

#include "xen_harness.h"
#include "xen.h"

#define FLAGS	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)

FIXTURE(ports) {
	struct xen_vm *x;
	struct kvm_xen_evtchn_entry entries[XEN_NR_PORTS_WIDE];
	struct kvm_xen_evtchn_enum request;
};

FIXTURE_SETUP(ports)
{
	self->x = xen_vm_create(2, true, xen_guest_obey);
	ASSERT_EQ(0, xen_config(self->x, FLAGS | KVM_XEN_HVM_CONFIG_EVTCHN_ENUM));
}

FIXTURE_TEARDOWN(ports)
{
	xen_vm_free(self->x);
}

static int ask(FIXTURE_DATA(ports) *self, bool set)
{
	return xen_vm_arg(self->x, set, KVM_XEN_ATTR_TYPE_EVTCHN_ENUM, &self->request);
}

/* Read up to @nr entries from port @first on; returns 0 or a negative errno. */
static int enumerate(FIXTURE_DATA(ports) *self, struct xen_vm *x, uint32_t first, uint32_t nr)
{
	self->request = (struct kvm_xen_evtchn_enum) {
		.entries = (uintptr_t)self->entries,
		.first = first,
		.nr = nr,
	};
	memset(self->entries, 0xee, sizeof(self->entries));
	return xen_vm_arg(x, false, KVM_XEN_ATTR_TYPE_EVTCHN_ENUM, &self->request);
}

/* All entries, however many; -1 where they cannot be read. */
static int nr_ports(FIXTURE_DATA(ports) *self, struct xen_vm *x)
{
	return enumerate(self, x, 0, XEN_NR_PORTS_WIDE) ? -1 : (int)self->request.nr;
}

static int set_again(struct xen_vm *x, const struct kvm_xen_evtchn_entry *entry)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.send_port = entry->send_port,
			.type = entry->type,
		},
	};

	if (entry->port) {
		attr.u.evtchn.deliver.port.port = entry->port;
		attr.u.evtchn.deliver.port.vcpu = entry->vcpu;
		attr.u.evtchn.deliver.port.priority = entry->priority;
	} else {
		attr.u.evtchn.deliver.eventfd.fd = entry->fd;
	}
	return xen_vm_set(x, &attr);
}

TEST_F(ports, are_offered_by_the_capability)
{
	EXPECT_TRUE(xen_caps() & KVM_XEN_HVM_CONFIG_EVTCHN_ENUM);
}

TEST_F(ports, cannot_be_read_before_the_flag_is_set)
{
	ASSERT_EQ(0, xen_config(self->x, FLAGS));
	EXPECT_EQ(-ENOENT, enumerate(self, self->x, 0, 1));
	ASSERT_EQ(0, xen_config(self->x, FLAGS | KVM_XEN_HVM_CONFIG_EVTCHN_ENUM));
	EXPECT_EQ(0, enumerate(self, self->x, 0, 1));
}

TEST_F(ports, come_with_no_other_new_flag)
{
	uint32_t flag;

	for (flag = 1u << 16; flag; flag <<= 1) {
		if (flag & xen_caps())
			continue;
		EXPECT_EQ(-EINVAL, xen_config(self->x, FLAGS | flag));
	}
}

/* The member is of attributes that are set in part. */
TEST_F(ports, cannot_be_read_from_an_entry_that_is_done)
{
	self->request = (struct kvm_xen_evtchn_enum) { .done = 1 };
	EXPECT_EQ(-EINVAL, ask(self, false));
}

TEST_F(ports, are_none_in_a_new_vm)
{
	EXPECT_EQ(0, nr_ports(self, self->x));
}

TEST_F(ports, read_back_as_they_were_set)
{
	ASSERT_EQ(0, xen_bind_loopback(self->x, 4095, 7, 1));
	ASSERT_EQ(0, xen_bind_ipi(self->x, 3, 0));
	ASSERT_EQ(2, nr_ports(self, self->x));

	EXPECT_EQ(3, self->entries[0].send_port);
	EXPECT_EQ(EVTCHNSTAT_ipi, self->entries[0].type);
	EXPECT_EQ(3, self->entries[0].port);
	EXPECT_EQ(0, self->entries[0].vcpu);
	EXPECT_EQ(XEN_PRIO_2LEVEL, self->entries[0].priority);
	EXPECT_EQ(-1, self->entries[0].fd);
	EXPECT_EQ(0, self->entries[0].pad);

	EXPECT_EQ(4095, self->entries[1].send_port);
	EXPECT_EQ(EVTCHNSTAT_interdomain, self->entries[1].type);
	EXPECT_EQ(7, self->entries[1].port);
	EXPECT_EQ(1, self->entries[1].vcpu);
	EXPECT_EQ(-1, self->entries[1].fd);
	EXPECT_EQ(0xeeeeeeeeu, self->entries[2].send_port);
}

TEST_F(ports, of_eventfds_name_the_descriptor_they_were_set_with)
{
	int fd = eventfd(0, 0);

	ASSERT_EQ(0, xen_bind_eventfd(self->x, 9, fd));
	ASSERT_EQ(1, nr_ports(self, self->x));
	EXPECT_EQ(9, self->entries[0].send_port);
	EXPECT_EQ(EVTCHNSTAT_interdomain, self->entries[0].type);
	EXPECT_EQ(0, self->entries[0].port);
	EXPECT_EQ(fd, self->entries[0].fd);
}

TEST_F(ports, show_the_vcpu_of_their_last_update)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 3, 0));
	ASSERT_EQ(0, xen_update_port(self->x, 3, 1));
	ASSERT_EQ(1, nr_ports(self, self->x));
	EXPECT_EQ(1, self->entries[0].vcpu);
}

TEST_F(ports, are_read_page_by_page_in_rising_order)
{
	uint32_t port, first = 0, seen = 0, left, i;

	for (port = XEN_NR_PORTS_WIDE - 1; port; port--)
		ASSERT_EQ(0, xen_bind_ipi(self->x, port, port % 2));

	do {
		ASSERT_EQ(0, enumerate(self, self->x, first, 100));
		left = XEN_NR_PORTS_WIDE - 1 - seen;
		ASSERT_EQ(left, self->request.nr);
		for (i = 0; i < 100 && i < left; i++) {
			ASSERT_EQ(++seen, self->entries[i].send_port);
			ASSERT_EQ(seen % 2, self->entries[i].vcpu);
		}
		EXPECT_EQ(0xeeeeeeeeu, self->entries[i].send_port);
		first = seen + 1;
	} while (left > 100);
	EXPECT_EQ(XEN_NR_PORTS_WIDE - 1, seen);
}

TEST_F(ports, below_the_first_of_interest_are_left_out)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 3, 0));
	ASSERT_EQ(0, xen_bind_ipi(self->x, 30, 0));
	ASSERT_EQ(0, enumerate(self, self->x, 4, 10));
	EXPECT_EQ(1, self->request.nr);
	EXPECT_EQ(30, self->entries[0].send_port);
	ASSERT_EQ(0, enumerate(self, self->x, 30, 10));
	EXPECT_EQ(1, self->request.nr);
	ASSERT_EQ(0, enumerate(self, self->x, 31, 10));
	EXPECT_EQ(0, self->request.nr);
	ASSERT_EQ(0, enumerate(self, self->x, UINT32_MAX, 10));
	EXPECT_EQ(0, self->request.nr);
}

TEST_F(ports, no_more_than_there_is_room_for_are_written_but_all_are_counted)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 3, 0));
	ASSERT_EQ(0, xen_bind_ipi(self->x, 4, 0));
	ASSERT_EQ(0, enumerate(self, self->x, 0, 0));
	EXPECT_EQ(2, self->request.nr);
	EXPECT_EQ(0xeeeeeeeeu, self->entries[0].send_port);
	ASSERT_EQ(0, enumerate(self, self->x, 0, 1));
	EXPECT_EQ(2, self->request.nr);
	EXPECT_EQ(0xeeeeeeeeu, self->entries[1].send_port);
	ASSERT_EQ(0, enumerate(self, self->x, 0, UINT32_MAX));
	EXPECT_EQ(2, self->request.nr);
}

TEST_F(ports, set_in_another_vm_from_what_was_read_work_there)
{
	struct xen_vm *other = xen_vm_create(2, true, xen_guest_obey);
	struct kvm_xen_evtchn_entry *first;
	int fd = eventfd(0, 0), i, nr;

	ASSERT_EQ(0, xen_config(other, FLAGS | KVM_XEN_HVM_CONFIG_EVTCHN_ENUM));
	ASSERT_EQ(0, xen_bind_ipi(self->x, 3, 1));
	ASSERT_EQ(0, xen_bind_loopback(self->x, 4, 2000, 0));
	ASSERT_EQ(0, xen_bind_eventfd(self->x, 5, fd));
	nr = nr_ports(self, self->x);
	ASSERT_EQ(3, nr);
	for (i = 0; i < nr; i++)
		ASSERT_EQ(0, set_again(other, &self->entries[i]));

	first = malloc(sizeof(self->entries));
	memcpy(first, self->entries, sizeof(self->entries));
	EXPECT_EQ(nr, nr_ports(self, other));
	EXPECT_EQ(0, memcmp(first, self->entries, nr * sizeof(*first)));
	free(first);

	EXPECT_EQ(0, xen_order_send(other, true, 4));
	EXPECT_TRUE(xen_is_pending(other->shinfo, 2000));
	EXPECT_EQ(0, xen_order_send(other, true, 3));
	EXPECT_EQ(1, xen_sel(xen_vcpu_info(other, 1), true));
	xen_vm_free(other);
}

TEST_F(ports, are_gone_once_taken_away)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 3, 0));
	ASSERT_EQ(0, xen_bind_ipi(self->x, 4, 0));
	ASSERT_EQ(0, xen_unbind(self->x, 3));
	ASSERT_EQ(1, nr_ports(self, self->x));
	EXPECT_EQ(4, self->entries[0].send_port);
	ASSERT_EQ(0, xen_reset_ports(self->x));
	EXPECT_EQ(0, nr_ports(self, self->x));
}

TEST_F(ports, are_not_read_where_padding_is_set)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(self->request.pad); i++) {
		ASSERT_EQ(0, enumerate(self, self->x, 0, 1));
		self->request.pad[i] = 1;
		EXPECT_EQ(-EINVAL, ask(self, false));
	}
}

TEST_F(ports, are_not_read_to_a_bad_address)
{
	ASSERT_EQ(0, xen_bind_ipi(self->x, 3, 0));
	ASSERT_EQ(0, enumerate(self, self->x, 0, 1));
	self->request.nr = 1;
	self->request.entries = 8;
	EXPECT_EQ(-EFAULT, ask(self, false));
	self->request.entries = UINT64_MAX & ~7ull;
	EXPECT_EQ(-EFAULT, ask(self, false));
}

TEST_F(ports, cannot_be_set_through_it)
{
	ASSERT_EQ(0, enumerate(self, self->x, 0, 1));
	EXPECT_EQ(-ENOENT, ask(self, true));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
