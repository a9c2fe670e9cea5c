// SPDX-License-Identifier: GPL-2.0
/*
 * The ports of event channels as a whole: what becomes of the other end, which port is
 * given out, and how many there are.
 *
 * If this fails, the ends of a channel lead elsewhere, ports get lost, or guests find other
 * numbers than on Xen.
 */
#include "evtchn_table.h"
#include "table_bed.h"
#include "test.h"

#define PORTS		16u

static int close_port(u32 port)
{
	return evtchn_close(&guest.table, &vmm.table, port);
}

static int alloc(u16 domid)
{
	return evtchn_alloc_unbound(&guest.table, domid);
}

static int open_ipi(void)
{
	return evtchn_bind_ipi(&guest.table, 2);
}

static int bind_by_vmm(u32 port)
{
	return evtchn_bind_interdomain(&vmm.table, &guest.table, port);
}

static int bind_by_itself(u32 port)
{
	return evtchn_bind_interdomain(&guest.table, &guest.table, port);
}

/* Interdomain ports: two ends in two tables, or in one. */

static struct evtchn_entry interdomain(u16 domid, u32 peer, u32 vcpu)
{
	return (struct evtchn_entry) { EVTCHN_INTERDOMAIN, domid, peer, vcpu };
}

static struct evtchn_entry unbound(u16 domid, u32 vcpu)
{
	return (struct evtchn_entry) { EVTCHN_UNBOUND, domid, 0, vcpu };
}

static const struct evtchn_entry closed;

/* The end that was unbound keeps the vCPU that it was moved to. */
static void both_ends_lead_to_each_other(void)
{
	bed_start(PORTS);
	CHECK_EQ(alloc(VMM_DOMID), 1);
	CHECK_EQ(evtchn_bind_vcpu(&guest.table, 1, 2), 0);
	evtchn_alloc_unbound(&vmm.table, OTHER_DOMID);
	CHECK_EQ(bind_by_vmm(1), 2);
	bed_expect(&guest, 1, interdomain(VMM_DOMID, 2, 2));
	bed_expect(&vmm, 2, interdomain(GUEST_DOMID, 1, 0));
	CHECK_EQ(alloc(GUEST_DOMID), 2);
	CHECK_EQ(bind_by_itself(2), 3);
	bed_expect(&guest, 2, interdomain(GUEST_DOMID, 3, 0));
	bed_expect(&guest, 3, interdomain(GUEST_DOMID, 2, 0));
	bed_stop();
}

static void the_end_that_stays_is_unbound_for_the_domain_that_closed(void)
{
	bed_start(PORTS);
	CHECK_EQ(alloc(VMM_DOMID), 1);
	evtchn_alloc_unbound(&vmm.table, OTHER_DOMID);
	CHECK_EQ(bind_by_vmm(1), 2);
	CHECK_EQ(evtchn_bind_vcpu(&vmm.table, 2, 1), 0);
	CHECK_EQ(close_port(1), 0);
	bed_expect(&guest, 1, closed);
	bed_expect(&vmm, 2, unbound(GUEST_DOMID, 1));

	/* Only that domain can bind it again; then the other one closes. */
	CHECK_EQ(evtchn_bind_interdomain(&vmm.table, &vmm.table, 2), -EINVAL);
	CHECK_EQ(evtchn_bind_interdomain(&guest.table, &vmm.table, 2), 1);
	bed_expect(&vmm, 2, interdomain(GUEST_DOMID, 1, 1));
	CHECK_EQ(evtchn_close(&vmm.table, &guest.table, 2), 0);
	bed_expect(&vmm, 2, closed);
	bed_expect(&guest, 1, unbound(VMM_DOMID, 0));
	CHECK_EQ(close_port(1), 0);
	bed_expect(&guest, 1, closed);
	bed_stop();
}

/* The same ports of the other domain are in use, which is of no concern. */
static void close_loop(u32 port)
{
	u32 stays = 3 - port;

	about("port %u", port);
	bed_start(PORTS);
	CHECK_EQ(alloc(GUEST_DOMID), 1);
	CHECK_EQ(bind_by_itself(1), 2);
	CHECK_EQ(evtchn_bind_ipi(&vmm.table, 0), 1);
	CHECK_EQ(evtchn_bind_ipi(&vmm.table, 0), 2);
	CHECK_EQ(evtchn_bind_vcpu(&guest.table, stays, 2), 0);
	CHECK_EQ(close_port(port), 0);
	bed_expect(&guest, port, closed);
	bed_expect(&guest, stays, unbound(GUEST_DOMID, 2));
	CHECK_EQ(bind_by_itself(stays), port);
	bed_expect(&vmm, 1, (struct evtchn_entry) { EVTCHN_IPI, 0, 0, 0 });
	bed_expect(&vmm, 2, (struct evtchn_entry) { EVTCHN_IPI, 0, 0, 0 });
	bed_stop();
}

static void a_loop_is_closed_in_one_table(void)
{
	close_loop(1);
	close_loop(2);
}

/* No call can have made that port an unbound one before. */
static void a_port_cannot_be_bound_to_itself(void)
{
	bed_start(PORTS);
	bed_fill(3);
	close_port(2);
	bed_keep();
	CHECK_EQ(bind_by_itself(2), -EINVAL);
	bed_is_unchanged();
	bed_stop();
}

static void each_domain_has_its_ports(void)
{
	bed_start(PORTS);
	CHECK_EQ(open_ipi(), 1);
	CHECK_EQ(evtchn_bind_ipi(&vmm.table, 0), 1);
	CHECK_EQ(open_ipi(), 2);
	CHECK_EQ(close_port(1), 0);
	bed_expect(&vmm, 1, (struct evtchn_entry) { EVTCHN_IPI, 0, 0, 0 });
	bed_stop();
}

/* Which port is given out. */

static void the_lowest_free_port_is_given_out_first(void)
{
	static const u32 holes[] = { 9, 3, 12, 1 }, in_order[] = { 1, 3, 9, 12 };
	size_t i;

	bed_start(PORTS);
	bed_fill(PORTS - 1);
	for (i = 0; i < ARRAY_SIZE(holes); i++)
		CHECK_EQ(close_port(holes[i]), 0);
	for (i = 0; i < ARRAY_SIZE(in_order); i++)
		CHECK_EQ(open_ipi(), in_order[i]);
	CHECK_EQ(open_ipi(), -ENOSPC);
	bed_stop();
}

static void a_port_that_may_not_be_used_again_is_passed(void)
{
	bed_start(PORTS);
	bed_fill(5);
	close_port(2);
	close_port(4);
	guest.busy[2] = true;
	guest.busy[6] = true;
	CHECK_EQ(open_ipi(), 4);
	CHECK_EQ(open_ipi(), 7);
	guest.busy[2] = false;
	CHECK_EQ(open_ipi(), 2);
	bed_fill(PORTS - 8);
	CHECK_EQ(open_ipi(), -ENOSPC);
	guest.busy[6] = false;
	CHECK_EQ(open_ipi(), 6);
	CHECK_EQ(open_ipi(), -ENOSPC);
	bed_stop();
}

/* What KVM finds on a queue, say: it matters once the port is closed. */
static void a_port_may_become_busy_while_it_is_open(void)
{
	bed_start(PORTS);
	CHECK_EQ(open_ipi(), 1);
	guest.busy[1] = true;
	CHECK_EQ(close_port(1), 0);
	CHECK_EQ(open_ipi(), 2);
	bed_stop();
}

static void without_is_reusable_each_closed_port_may_be_used(void)
{
	struct evtchn_table_ops ops;

	bed_start(PORTS);
	ops = *guest.table.ops;
	ops.is_reusable = NULL;
	guest.table.ops = &ops;
	guest.busy[1] = true;
	CHECK_EQ(open_ipi(), 1);
	bed_stop();
}

/* Each step of binding all ports, and of one more, is a few looks at the entries. */
static void bind_all(u32 nr_ports)
{
	u32 port;

	about("%u ports", nr_ports);
	bed_start(nr_ports);
	for (port = 1; port < nr_ports; port++) {
		if (!CHECK_EQ(open_ipi(), port) || !CHECK(guest.nr_finds <= 4ull * port))
			break;
	}
	CHECK_EQ(open_ipi(), -ENOSPC);
	CHECK(guest.nr_finds <= 4ull * nr_ports);

	CHECK_EQ(close_port(nr_ports / 2), 0);
	CHECK_EQ(open_ipi(), nr_ports / 2);
	CHECK_EQ(close_port(nr_ports - 1), 0);
	CHECK_EQ(open_ipi(), nr_ports - 1);
	CHECK_EQ(open_ipi(), -ENOSPC);

	guest.table.nr_ports++;
	CHECK_EQ(open_ipi(), nr_ports);
	CHECK_EQ(open_ipi(), -ENOSPC);
	bed_stop();
}

static void all_ports_below_the_limit_are_given_out(void)
{
	static const u32 limits[] = { 1024, 4096, 131072 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++)
		bind_all(limits[i]);
}

/* What a guest can make a call take, by a port that it never lets go. */
static void a_call_takes_no_more_steps_than_there_are_ports(void)
{
	bed_start(1024);
	guest.busy[1] = true;
	bed_fill(1022);
	guest.nr_finds = 0;
	CHECK_EQ(open_ipi(), -ENOSPC);
	CHECK(guest.nr_finds <= 1024);
	bed_stop();
}

static void a_domain_may_have_no_ports(void)
{
	u32 nr;

	for (nr = 0; nr < 2; nr++) {
		bed_start(PORTS);
		guest.table.nr_ports = nr;
		CHECK_EQ(open_ipi(), -ENOSPC);
		CHECK_EQ(close_port(0), -EINVAL);
		CHECK_EQ(close_port(1), -EINVAL);
		bed_stop();
	}
}

static const struct test tests[] = {
	TEST(both_ends_lead_to_each_other),
	TEST(the_end_that_stays_is_unbound_for_the_domain_that_closed),
	TEST(a_loop_is_closed_in_one_table),
	TEST(a_port_cannot_be_bound_to_itself),
	TEST(each_domain_has_its_ports),
	TEST(the_lowest_free_port_is_given_out_first),
	TEST(a_port_that_may_not_be_used_again_is_passed),
	TEST(a_port_may_become_busy_while_it_is_open),
	TEST(without_is_reusable_each_closed_port_may_be_used),
	TEST(all_ports_below_the_limit_are_given_out),
	TEST(a_call_takes_no_more_steps_than_there_are_ports),
	TEST(a_domain_may_have_no_ports),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
