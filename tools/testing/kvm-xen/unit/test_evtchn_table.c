// SPDX-License-Identifier: GPL-2.0
/*
 * The states of event channels: each operation on a port in each state, each error, and
 * which of two; VIRQs of vCPUs and of the domain.
 *
 * If this fails, a guest sends to whom it may not, gets interrupts on another vCPU, or is
 * refused what Xen grants.
 */
#include "evtchn_table.h"
#include "table_bed.h"
#include "test.h"

#define PORTS		16u

/* One VIRQ of either kind. */
#define TIMER		0u
#define CONSOLE		2u

static void start(void)
{
	bed_start(PORTS);
}

static int close_port(u32 port)
{
	return evtchn_close(&guest.table, &vmm.table, port);
}

/* A port of the guest, by the state that it is brought to. */

static u32 never_used(void)
{
	return PORTS - 1;
}

static u32 port_0(void)
{
	return 0;
}

static u32 first_beyond(void)
{
	return PORTS;
}

static u32 far_beyond(void)
{
	return ~0u;
}

static u32 unbound_for_vmm(void)
{
	return evtchn_alloc_unbound(&guest.table, VMM_DOMID);
}

static u32 unbound_for_itself(void)
{
	return evtchn_alloc_unbound(&guest.table, GUEST_DOMID);
}

static u32 unbound_for_another(void)
{
	return evtchn_alloc_unbound(&guest.table, OTHER_DOMID);
}

static u32 closed_again(void)
{
	u32 port = unbound_for_itself();

	close_port(port);
	return port;
}

/* The VMM's end of it is one port higher. */
static u32 bound_by_vmm(void)
{
	u32 port = unbound_for_vmm();

	evtchn_alloc_unbound(&vmm.table, OTHER_DOMID);
	evtchn_bind_interdomain(&vmm.table, &guest.table, port);
	return port;
}

static u32 bound_to_vmm(void)
{
	u32 port = evtchn_alloc_unbound(&vmm.table, GUEST_DOMID);

	return evtchn_bind_interdomain(&guest.table, &vmm.table, port);
}

static u32 first_of_loop(void)
{
	u32 port = unbound_for_itself();

	evtchn_bind_interdomain(&guest.table, &guest.table, port);
	return port;
}

static u32 second_of_loop(void)
{
	return first_of_loop() + 1;
}

static u32 pirq(void)
{
	return evtchn_bind_pirq(&guest.table, 23);
}

static u32 virq_of_domain(void)
{
	return evtchn_bind_virq(&guest.table, CONSOLE, 0);
}

static u32 virq_of_vcpu(void)
{
	return evtchn_bind_virq(&guest.table, TIMER, 1);
}

static u32 ipi(void)
{
	return evtchn_bind_ipi(&guest.table, 1);
}

/* What can be done to a port. */

static int move(u32 port)
{
	return evtchn_bind_vcpu(&guest.table, port, 2);
}

static int move_to_none(u32 port)
{
	return evtchn_bind_vcpu(&guest.table, port, MISSING_VCPU);
}

static int send(u32 port)
{
	return evtchn_may_send(evtchn_open_entry(&guest.table, port));
}

static int bind_by_vmm(u32 port)
{
	return evtchn_bind_interdomain(&vmm.table, &guest.table, port);
}

static int bind_by_itself(u32 port)
{
	return evtchn_bind_interdomain(&guest.table, &guest.table, port);
}

static const struct {
	const char *name;
	int (*run)(u32 port);
} operations[] = {
	{ "close", close_port }, { "move", move }, { "move to none", move_to_none },
	{ "send", send }, { "bind by VMM", bind_by_vmm },
	{ "bind by itself", bind_by_itself },
};

#define NR_OPERATIONS	ARRAY_SIZE(operations)

/* A result that stands for the lowest free port. */
#define PORT	1000

#define INVAL	(-EINVAL)
#define NOENT	(-ENOENT)

static const struct state_case {
	const char *name;
	u32 (*make)(void);
	u8 state;
	int results[NR_OPERATIONS];
} states[] = {
	/*			close	move	to none	send	by VMM	by itself */
	{ "port 0", port_0, EVTCHN_CLOSED,
				{ INVAL, INVAL, NOENT,	INVAL,	INVAL,	INVAL } },
	{ "first beyond", first_beyond, EVTCHN_CLOSED,
				{ INVAL, INVAL, NOENT,	INVAL,	INVAL,	INVAL } },
	{ "far beyond", far_beyond, EVTCHN_CLOSED,
				{ INVAL, INVAL, NOENT,	INVAL,	INVAL,	INVAL } },
	{ "never used", never_used, EVTCHN_CLOSED,
				{ INVAL, INVAL, NOENT,	INVAL,	INVAL,	INVAL } },
	{ "closed again", closed_again, EVTCHN_CLOSED,
				{ INVAL, INVAL, NOENT,	INVAL,	INVAL,	INVAL } },
	{ "unbound for VMM", unbound_for_vmm, EVTCHN_UNBOUND,
				{ 0,	0,	NOENT,	0,	PORT,	INVAL } },
	{ "unbound for itself", unbound_for_itself, EVTCHN_UNBOUND,
				{ 0,	0,	NOENT,	0,	INVAL,	PORT } },
	{ "unbound for another", unbound_for_another, EVTCHN_UNBOUND,
				{ 0,	0,	NOENT,	0,	INVAL,	INVAL } },
	{ "bound by VMM", bound_by_vmm, EVTCHN_INTERDOMAIN,
				{ 0,	0,	NOENT,	1,	INVAL,	INVAL } },
	{ "bound to VMM", bound_to_vmm, EVTCHN_INTERDOMAIN,
				{ 0,	0,	NOENT,	1,	INVAL,	INVAL } },
	{ "first of loop", first_of_loop, EVTCHN_INTERDOMAIN,
				{ 0,	0,	NOENT,	1,	INVAL,	INVAL } },
	{ "second of loop", second_of_loop, EVTCHN_INTERDOMAIN,
				{ 0,	0,	NOENT,	1,	INVAL,	INVAL } },
	{ "PIRQ", pirq, EVTCHN_PIRQ,
				{ 0,	0,	NOENT,	INVAL,	INVAL,	INVAL } },
	{ "VIRQ of the domain", virq_of_domain, EVTCHN_VIRQ,
				{ 0,	0,	NOENT,	INVAL,	INVAL,	INVAL } },
	{ "VIRQ of a vCPU", virq_of_vcpu, EVTCHN_VIRQ,
				{ 0,	INVAL,	NOENT,	INVAL,	INVAL,	INVAL } },
	{ "IPI", ipi, EVTCHN_IPI,
				{ 0,	INVAL,	NOENT,	1,	INVAL,	INVAL } },
};

/* A binding gives out the port behind those that are in use. */
static int expected(const struct state_case *c, size_t op)
{
	if (c->results[op] != PORT)
		return c->results[op];
	return operations[op].run == bind_by_vmm ? 1 : 2;
}

static void do_operation(const struct state_case *c, size_t op)
{
	struct evtchn_entry *entry;
	int result;
	u32 port;

	start();
	port = c->make();
	about("%s, port %u: %s", c->name, port, operations[op].name);

	entry = evtchn_open_entry(&guest.table, port);
	CHECK_EQ(entry ? entry->state : EVTCHN_CLOSED, c->state);

	bed_keep();
	result = operations[op].run(port);
	CHECK_EQ(result, expected(c, op));
	if (result < 0 || operations[op].run == send)
		bed_is_unchanged();
	else
		bed_drop();
	bed_stop();
}

static void each_operation_in_each_state_does_what_the_table_says(void)
{
	size_t i, op;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		for (op = 0; op < NR_OPERATIONS; op++)
			do_operation(&states[i], op);
}

static void the_table_has_each_state(void)
{
	u32 seen = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		seen |= 1u << states[i].state;
	CHECK_EQ(seen, (1u << EVTCHN_NR_STATES) - 1);
}

/* EVTCHNOP_status gives a guest these numbers, and hypercalls those errors. */
static void numbers_are_those_of_xen(void)
{
	CHECK_EQ(EVTCHN_CLOSED, 0);
	CHECK_EQ(EVTCHN_UNBOUND, 1);
	CHECK_EQ(EVTCHN_INTERDOMAIN, 2);
	CHECK_EQ(EVTCHN_PIRQ, 3);
	CHECK_EQ(EVTCHN_VIRQ, 4);
	CHECK_EQ(EVTCHN_IPI, 5);
	CHECK_EQ(ENOENT, 2);
	CHECK_EQ(ENOMEM, 12);
	CHECK_EQ(EEXIST, 17);
	CHECK_EQ(EINVAL, 22);
	CHECK_EQ(ENOSPC, 28);
}

/* What gives out a port. */

static int open_unbound(void)
{
	return evtchn_alloc_unbound(&guest.table, VMM_DOMID);
}

static int open_interdomain(void)
{
	return evtchn_bind_interdomain(&guest.table, &vmm.table, 1);
}

static int open_pirq(void)
{
	return evtchn_bind_pirq(&guest.table, 16);
}

static int open_virq(void)
{
	return evtchn_bind_virq(&guest.table, TIMER, 2);
}

static int open_global_virq(void)
{
	return evtchn_bind_virq(&guest.table, CONSOLE, 0);
}

static int open_ipi(void)
{
	return evtchn_bind_ipi(&guest.table, 2);
}

static const struct {
	const char *name;
	int (*run)(void);
	struct evtchn_entry as;
} openers[] = {
	{ "alloc_unbound", open_unbound, { EVTCHN_UNBOUND, VMM_DOMID, 0, 0 } },
	{ "bind_interdomain", open_interdomain, { EVTCHN_INTERDOMAIN, VMM_DOMID, 1, 0 } },
	{ "bind_pirq", open_pirq, { EVTCHN_PIRQ, 0, 16, 0 } },
	{ "bind_virq", open_virq, { EVTCHN_VIRQ, 0, TIMER, 2 } },
	{ "bind_virq, global", open_global_virq, { EVTCHN_VIRQ, 0, CONSOLE, 0 } },
	{ "bind_ipi", open_ipi, { EVTCHN_IPI, 0, 0, 2 } },
};

/* With what open_interdomain() binds to. */
static void start_to_open(void)
{
	start();
	evtchn_alloc_unbound(&vmm.table, GUEST_DOMID);
}

static void a_port_becomes_what_it_is_given_out_as(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(openers); i++) {
		about("%s", openers[i].name);
		start_to_open();
		CHECK_EQ(openers[i].run(), 1);
		bed_expect(&guest, 1, openers[i].as);
		bed_stop();
	}
}

/* Of its former life nothing is left. */
static void a_port_used_again_becomes_what_it_is_given_out_as(void)
{
	size_t i, before;

	for (i = 0; i < ARRAY_SIZE(openers); i++) {
		for (before = 0; before < ARRAY_SIZE(openers); before++) {
			about("%s, before: %s", openers[i].name, openers[before].name);
			start_to_open();
			CHECK_EQ(openers[before].run(), 1);
			evtchn_bind_vcpu(&guest.table, 1, 1);
			CHECK_EQ(close_port(1), 0);
			bed_expect(&guest, 1, (struct evtchn_entry) { .state = EVTCHN_CLOSED });
			CHECK_EQ(openers[i].run(), 1);
			bed_expect(&guest, 1, openers[i].as);
			bed_stop();
		}
	}
}

static void no_opener_succeeds(int error)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(openers); i++) {
		about("%s", openers[i].name);
		bed_keep();
		CHECK_EQ(openers[i].run(), error);
		bed_is_unchanged();
	}
}

static void without_a_free_port_nothing_changes(void)
{
	start_to_open();
	bed_fill(PORTS - 1);
	no_opener_succeeds(-ENOSPC);
	bed_stop();
}

static void without_memory_nothing_changes(void)
{
	start_to_open();
	bed_fill(2);
	guest.no_memory = true;
	no_opener_succeeds(-ENOMEM);
	bed_stop();
}

/* The entry of a port that was used before is there. */
static void a_port_used_again_needs_no_memory(void)
{
	start();
	bed_fill(2);
	close_port(1);
	guest.no_memory = true;
	CHECK_EQ(open_ipi(), 1);
	CHECK_EQ(open_ipi(), -ENOMEM);
	bed_stop();
}

/* Which of two errors is returned. */

static int bad_peer(void)
{
	return evtchn_bind_interdomain(&guest.table, &vmm.table, PORTS);
}

static int bad_virq_of_no_vcpu(void)
{
	return evtchn_bind_virq(&guest.table, XEN_ABI_NR_VIRQS, MISSING_VCPU);
}

static int global_virq_of_no_vcpu(void)
{
	return evtchn_bind_virq(&guest.table, CONSOLE, MISSING_VCPU);
}

static int virq_of_no_vcpu(void)
{
	return evtchn_bind_virq(&guest.table, TIMER, MISSING_VCPU);
}

static int ipi_of_no_vcpu(void)
{
	return evtchn_bind_ipi(&guest.table, MISSING_VCPU);
}

static int virq_that_is_bound(void)
{
	return evtchn_bind_virq(&guest.table, TIMER, 0);
}

static const struct {
	const char *name;
	int (*run)(void);
	int usually;		/* the error where a port is free, and memory */
	int full;		/* and else */
	int no_memory;
} mistakes[] = {
	{ "bad peer", bad_peer, -EINVAL, -ENOSPC, -ENOMEM },
	{ "bad VIRQ, no vCPU", bad_virq_of_no_vcpu, -EINVAL, -EINVAL, -EINVAL },
	{ "global VIRQ, no vCPU", global_virq_of_no_vcpu, -EINVAL, -EINVAL, -EINVAL },
	{ "VIRQ, no vCPU", virq_of_no_vcpu, -ENOENT, -ENOENT, -ENOENT },
	{ "IPI, no vCPU", ipi_of_no_vcpu, -ENOENT, -ENOENT, -ENOENT },
	{ "VIRQ that is bound", virq_that_is_bound, -EEXIST, -EEXIST, -EEXIST },
};

static void fails_with(size_t i, const char *when, int error)
{
	about("%s, %s", mistakes[i].name, when);
	bed_keep();
	CHECK_EQ(mistakes[i].run(), error);
	bed_is_unchanged();
}

static void of_several_errors_it_is_that_of_xen(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		start();
		CHECK_EQ(virq_that_is_bound(), 1);
		guest.no_memory = true;
		fails_with(i, "without memory", mistakes[i].no_memory);
		guest.no_memory = false;
		fails_with(i, "usually", mistakes[i].usually);
		bed_fill(PORTS - 2);
		fails_with(i, "without a free port", mistakes[i].full);
		bed_stop();
	}
}

/* By Xen's public header: V. stands there beside VIRQs of vCPUs. */
static bool each_vcpu_has(u32 virq)
{
	return virq == 0 || virq == 1 || virq == 7 || virq == 13;
}

static int expected_of_virq(u32 virq, u32 vcpu)
{
	if (virq > 23)
		return -EINVAL;
	if (!each_vcpu_has(virq))
		return vcpu ? -EINVAL : 0;
	return vcpu < BED_VCPUS ? 0 : -ENOENT;
}

/* Closed, and bound by another port, which is free by then. */
static void bind_virq_again(u32 virq, u32 vcpu)
{
	bed_expect(&guest, 4, (struct evtchn_entry) { EVTCHN_VIRQ, 0, virq, vcpu });
	close_port(2);
	CHECK_EQ(close_port(4), 0);
	CHECK_EQ(evtchn_virq_port(&guest.table, virq, vcpu), 0);
	CHECK_EQ(evtchn_bind_virq(&guest.table, virq, vcpu), 2);
	CHECK_EQ(evtchn_virq_port(&guest.table, virq, vcpu), 2);
}

static void bind_virq(u32 virq, u32 vcpu)
{
	int error = expected_of_virq(virq, vcpu);

	about("VIRQ %u of vCPU %u", virq, vcpu);
	start();
	bed_fill(3);
	CHECK_EQ(evtchn_bind_virq(&guest.table, virq, vcpu), error ?: 4);
	CHECK_EQ(evtchn_bind_virq(&guest.table, virq, vcpu), error ?: -EEXIST);
	CHECK_EQ(evtchn_virq_port(&guest.table, virq, vcpu), error ? 0 : 4);
	if (!error)
		bind_virq_again(virq, vcpu);
	bed_stop();
}

static void virqs_are_bound_once_by_vcpu_or_domain(void)
{
	static const u32 beyond[] = { 24, 25, 31, 32, 33, 255, 0x80000000, ~0u };
	u32 virq, vcpu, i;

	for (vcpu = 0; vcpu <= BED_VCPUS; vcpu++) {
		for (virq = 0; virq < XEN_ABI_NR_VIRQS; virq++)
			bind_virq(virq, vcpu);
		for (i = 0; i < ARRAY_SIZE(beyond); i++)
			bind_virq(beyond[i], vcpu);
	}
	bind_virq(TIMER, ~0u);
	bind_virq(CONSOLE, ~0u);
}

static void each_vcpu_has_its_virqs(void)
{
	u32 vcpu;

	start();
	for (vcpu = 0; vcpu < BED_VCPUS; vcpu++)
		CHECK_EQ(evtchn_bind_virq(&guest.table, TIMER, vcpu), vcpu + 1);
	CHECK_EQ(close_port(2), 0);
	CHECK_EQ(evtchn_virq_port(&guest.table, TIMER, 0), 1);
	CHECK_EQ(evtchn_virq_port(&guest.table, TIMER, 1), 0);
	CHECK_EQ(evtchn_virq_port(&guest.table, TIMER, 2), 3);
	CHECK_EQ(evtchn_virq_port(&guest.table, TIMER, MISSING_VCPU), 0);
	CHECK_EQ(evtchn_virq_port(&vmm.table, TIMER, 0), 0);
	bed_stop();
}

/* Its port gets the events of all vCPUs, wherever it was moved. */
static void a_global_virq_that_moved_is_still_the_domains(void)
{
	u32 vcpu;

	start();
	CHECK_EQ(virq_of_domain(), 1);
	CHECK_EQ(evtchn_bind_vcpu(&guest.table, 1, 2), 0);
	for (vcpu = 0; vcpu <= MISSING_VCPU; vcpu++)
		CHECK_EQ(evtchn_virq_port(&guest.table, CONSOLE, vcpu), 1);
	CHECK_EQ(evtchn_bind_virq(&guest.table, CONSOLE, 0), -EEXIST);
	CHECK_EQ(close_port(1), 0);
	CHECK_EQ(evtchn_virq_port(&guest.table, CONSOLE, 0), 0);
	CHECK_EQ(virq_of_domain(), 1);
	bed_expect(&guest, 1, (struct evtchn_entry) { EVTCHN_VIRQ, 0, CONSOLE, 0 });
	bed_stop();
}

static void moving_a_port_changes_its_vcpu_alone(void)
{
	struct evtchn_entry entry;
	size_t i;
	u32 port;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		start();
		port = states[i].make();
		about("%s", states[i].name);
		if (move(port) == 0) {
			entry = *evtchn_open_entry(&guest.table, port);
			CHECK_EQ(entry.vcpu, 2);
			entry.vcpu = 1;
			CHECK_EQ(evtchn_bind_vcpu(&guest.table, port, 1), 0);
			bed_expect(&guest, port, entry);
		}
		bed_stop();
	}
}

static void what_has_no_other_end_is_closed_without_the_other_table(void)
{
	u32 (*const make[])(void) = {
		unbound_for_vmm, first_of_loop, pirq, virq_of_domain, virq_of_vcpu, ipi,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(make); i++) {
		start();
		CHECK_EQ(evtchn_close(&guest.table, NULL, make[i]()), 0);
		bed_stop();
	}
}

/* Others read a vCPU and the port of a VIRQ without the caller's lock. */

static const volatile void *watched;
static enum seam_access wanted;
static u32 nr_seen;

static void count_access(const volatile void *addr, size_t len, enum seam_access how)
{
	if (addr != watched || how != wanted)
		return;
	CHECK_EQ(len, 4);
	nr_seen++;
}

static void watch(const volatile void *addr, enum seam_access how)
{
	watched = addr;
	wanted = how;
	nr_seen = 0;
	seam_hook = count_access;
}

static void was_accessed_once(void)
{
	CHECK_EQ(nr_seen, 1);
	nr_seen = 0;
}

static void a_vcpu_is_written_by_one_access(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(openers); i++) {
		about("%s", openers[i].name);
		start_to_open();
		watch(&guest.entries[1].vcpu, SEAM_WRITE);
		openers[i].run();
		was_accessed_once();
		if (move(1) == 0)
			was_accessed_once();
		close_port(1);
		was_accessed_once();
		seam_hook = NULL;
		bed_stop();
	}
}

static void the_port_of_a_virq_is_accessed_at_once(void)
{
	start();
	watch(&guest.virqs[TIMER][1], SEAM_WRITE);
	virq_of_vcpu();
	was_accessed_once();
	close_port(1);
	was_accessed_once();
	watch(&guest.virqs[TIMER][1], SEAM_READ);
	evtchn_virq_port(&guest.table, TIMER, 1);
	was_accessed_once();
	seam_hook = NULL;
	bed_stop();
}

static const struct test tests[] = {
	TEST(each_operation_in_each_state_does_what_the_table_says),
	TEST(the_table_has_each_state),
	TEST(numbers_are_those_of_xen),
	TEST(a_port_becomes_what_it_is_given_out_as),
	TEST(a_port_used_again_becomes_what_it_is_given_out_as),
	TEST(without_a_free_port_nothing_changes),
	TEST(without_memory_nothing_changes),
	TEST(a_port_used_again_needs_no_memory),
	TEST(of_several_errors_it_is_that_of_xen),
	TEST(virqs_are_bound_once_by_vcpu_or_domain),
	TEST(each_vcpu_has_its_virqs),
	TEST(a_global_virq_that_moved_is_still_the_domains),
	TEST(moving_a_port_changes_its_vcpu_alone),
	TEST(what_has_no_other_end_is_closed_without_the_other_table),
	TEST(a_vcpu_is_written_by_one_access),
	TEST(the_port_of_a_virq_is_accessed_at_once),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
