// SPDX-License-Identifier: GPL-2.0
/*
 * Long random sequences of what domains do with event channels, done by the table and by
 * the model: after each step every result, every port and every VIRQ of both domains must
 * be the same.  Ports and vCPUs are few, so that operations meet.  SEED= repeats a run.
 *
 * If this fails, the unit does not do what Xen's rules say.  Bugs are planted in it, too,
 * and have to be found in the same way.
 */
#include "sequence.h"
#include "table_bed.h"
#include "table_model.h"
#include "table_unit.h"
#include "test.h"

#define ROUNDS		200
#define OPERATIONS	1000

/* Rounds in which a planted bug has to be found: the slowest ones are within three. */
#define TRIES		100

static struct table_unit unit;
static struct table_bed beds[MODEL_DOMAINS];
static bool makes_all;

/* How often each result came about, by -errno; 0: none was needed. */
static u32 results[64];

static struct evtchn_table *table(u32 domain)
{
	return &beds[domain].table;
}

static void same(int is, int shall)
{
	CHECK_EQ(is, shall);
	results[shall < 0 ? -shall : 0]++;
}

/* Also one that there is not. */
static u32 pick_vcpu(void)
{
	return pick(model.nr_vcpus + 1);
}

/* Those of vCPUs, some of the domain, and some that there are not. */
static const u32 virqs[] = { 0, 1, 7, 13, 2, 16, 23, 24, ~0u };

/* Each but bind_interdomain is done by a random domain. */

static void op_alloc_unbound(u32 unused)
{
	u32 domain = pick(MODEL_DOMAINS), remote = pick(MODEL_DOMAINS + 1);

	(void)unused;
	same(unit.alloc_unbound(table(domain), remote), model_alloc_unbound(domain, remote));
}

static void op_bind_interdomain(u32 port)
{
	u32 domain = pick(MODEL_DOMAINS), remote = pick(MODEL_DOMAINS);

	same(unit.bind_interdomain(table(domain), table(remote), port),
	     model_bind_interdomain(domain, remote, port));
}

static void op_bind_virq(u32 unused)
{
	u32 domain = pick(MODEL_DOMAINS), vcpu = pick_vcpu();
	u32 virq = virqs[pick(ARRAY_SIZE(virqs))];

	(void)unused;
	same(unit.bind_virq(table(domain), virq, vcpu), model_bind_virq(domain, virq, vcpu));
}

static void op_bind_ipi(u32 unused)
{
	u32 domain = pick(MODEL_DOMAINS), vcpu = pick_vcpu();

	(void)unused;
	same(unit.bind_ipi(table(domain), vcpu), model_bind_ipi(domain, vcpu));
}

static void op_bind_pirq(u32 unused)
{
	u32 domain = pick(MODEL_DOMAINS), pirq = pick(256);

	(void)unused;
	same(unit.bind_pirq(table(domain), pirq), model_bind_pirq(domain, pirq));
}

static void op_close(u32 port)
{
	u32 domain = pick(MODEL_DOMAINS);

	same(unit.close(table(domain), table(!domain), port), model_close(domain, port));
}

static void op_bind_vcpu(u32 port)
{
	u32 domain = pick(MODEL_DOMAINS), vcpu = pick_vcpu();

	same(unit.bind_vcpu(table(domain), port, vcpu), model_bind_vcpu(domain, port, vcpu));
}

static void op_send(u32 port)
{
	u32 domain = pick(MODEL_DOMAINS);

	same(unit.may_send(evtchn_open_entry(table(domain), port)), model_send(domain, port));
}

/* What the caller of the unit, or the guest, changes about it. */

static void op_busy(u32 port)
{
	u32 domain = pick(MODEL_DOMAINS);

	if (port >= MODEL_PORTS)
		return;
	model.domains[domain].busy[port] ^= true;
	beds[domain].busy[port] ^= true;
}

static void op_memory(u32 unused)
{
	u32 domain = pick(MODEL_DOMAINS);

	(void)unused;
	model.domains[domain].no_memory ^= true;
	beds[domain].no_memory ^= true;
}

static void op_raise_limit(u32 unused)
{
	u32 domain = pick(MODEL_DOMAINS);

	(void)unused;
	if (model.domains[domain].nr_ports == MODEL_PORTS)
		return;
	model.domains[domain].nr_ports++;
	table(domain)->nr_ports++;
}

static void op_add_vcpu(u32 unused)
{
	(void)unused;
	if (model.nr_vcpus == MODEL_VCPUS)
		return;
	model.nr_vcpus++;
	beds[0].nr_vcpus++;
	beds[1].nr_vcpus++;
}

static const struct operation operations[] = {
	{ "alloc_unbound", op_alloc_unbound, 150 },
	{ "bind_interdomain", op_bind_interdomain, 350 },
	{ "bind_virq", op_bind_virq, 250 },
	{ "bind_ipi", op_bind_ipi, 40 },
	{ "bind_pirq", op_bind_pirq, 40 },
	{ "close", op_close, 500 },
	{ "bind_vcpu", op_bind_vcpu, 150 },
	{ "send", op_send, 60 },
	{ "busy", op_busy, 50 },
	{ "memory", op_memory, 30 },
	{ "raise limit", op_raise_limit, 3 },
	{ "add vCPU", op_add_vcpu, 3 },
};

/* Port 0 and the first beyond any limit too, and seldom one that is far from all. */
static u32 pick_port(void)
{
	return pick(50) ? pick(MODEL_PORTS + 1) : ~pick(2);
}

static void compare_port(u32 domain, u32 port)
{
	struct model_channel c = model_status(domain, port);

	bed_expect(&beds[domain], port, (struct evtchn_entry) {
		.state = c.kind,
		.domid = c.remote,
		.peer = c.number,
		.vcpu = c.vcpu,
	});
}

static void compare_virq(u32 domain, u32 virq)
{
	u32 vcpu;

	for (vcpu = 0; vcpu <= model.nr_vcpus; vcpu++)
		CHECK_EQ(unit.virq_port(table(domain), virq, vcpu),
			 model_virq(domain, virq, vcpu));
}

static void compare_all(void)
{
	u32 domain, i;

	for (domain = 0; domain < MODEL_DOMAINS; domain++) {
		for (i = 0; i < MODEL_PORTS; i++)
			compare_port(domain, i);
		for (i = 0; i < ARRAY_SIZE(virqs); i++)
			compare_virq(domain, virqs[i]);
	}
}

static const struct sequence sequence = {
	.operations = operations,
	.nr_operations = ARRAY_SIZE(operations),
	.pick_port = pick_port,
	.compare = compare_all,
	.length = OPERATIONS,
	.compare_every = 1,
};

static void start(void)
{
	u32 nr_ports = 2 + pick(MODEL_PORTS - 1), nr_vcpus = 1 + pick(MODEL_VCPUS), i;

	model_reset(nr_ports, nr_vcpus);
	for (i = 0; i < MODEL_DOMAINS; i++) {
		bed_init(&beds[i], i, nr_ports, MODEL_PORTS + 1);
		beds[i].nr_vcpus = nr_vcpus;
		if (makes_all)
			bed_make_all(&beds[i]);
	}
}

static void run_round(void)
{
	u32 i;

	start();
	run_sequence(&sequence, "sequence of", OPERATIONS);
	for (i = 0; i < MODEL_DOMAINS; i++)
		bed_free(&beds[i]);
}

static void unit_does_as_the_model(void)
{
	static const u32 errors[] = { 0, ENOENT, ENOMEM, EEXIST, EINVAL, ENOSPC };
	u32 i;

	unit = real_table_unit();
	makes_all = false;
	for (i = 0; i < ROUNDS; i++)
		run_round();

	/* A sequence in which little happens compares little. */
	printf("# %u operations", ROUNDS * OPERATIONS);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		printf(", %u with %u", results[errors[i]], errors[i]);
		about("error %u", errors[i]);
		CHECK(results[errors[i]] > ROUNDS);
	}
	printf("\n");
}

static bool is_found(void)
{
	u32 i;

	for (i = 0; i < TRIES; i++) {
		if (count_failures(run_round))
			return true;
	}
	return false;
}

/* An end that a bug leads to must be there, or the unit itself goes astray. */
static void planted_bugs_are_found(void)
{
	char line[200];
	u32 i;

	makes_all = true;
	for (i = 0; planted_table_unit(i, &unit); i++) {
		snprintf(line, sizeof(line), "planted %s is found", unit.bug);
		report(is_found(), line);
	}
	CHECK(i > 0);
}

static const struct test tests[] = {
	TEST(unit_does_as_the_model),
	TEST(planted_bugs_are_found),
};

int main(void)
{
	return run_seeded_tests(tests, ARRAY_SIZE(tests));
}
