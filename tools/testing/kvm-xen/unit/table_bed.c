// SPDX-License-Identifier: GPL-2.0
/* See table_bed.h.  The ops also check what the unit asks of them. */
#include <stdlib.h>

#include "table_bed.h"
#include "test.h"

static struct table_bed *bed_of(struct evtchn_table *table)
{
	return (struct table_bed *)table;
}

/* The unit looks for ports that are there, and never for port 0. */
static bool is_port(const struct table_bed *bed, u32 port)
{
	return CHECK(port && port < bed->table.nr_ports);
}

static struct evtchn_entry *find(struct evtchn_table *table, u32 port)
{
	struct table_bed *bed = bed_of(table);

	bed->nr_finds++;
	if (!is_port(bed, port))
		return &bed->entries[0];

	return bed->made[port] ? &bed->entries[port] : NULL;
}

static struct evtchn_entry *make(struct evtchn_table *table, u32 port)
{
	struct table_bed *bed = bed_of(table);

	if (!is_port(bed, port))
		return &bed->entries[0];
	if (bed->no_memory && !bed->made[port])
		return NULL;

	bed->made[port] = true;
	return &bed->entries[port];
}

static bool is_reusable(struct evtchn_table *table, u32 port)
{
	struct table_bed *bed = bed_of(table);

	CHECK_EQ(bed->entries[port].state, EVTCHN_CLOSED);
	return is_port(bed, port) && !bed->busy[port];
}

static bool has_vcpu(struct evtchn_table *table, u32 vcpu)
{
	return vcpu < bed_of(table)->nr_vcpus;
}

static u32 *virq_port(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	struct table_bed *bed = bed_of(table);

	if (!CHECK(virq < XEN_ABI_NR_VIRQS && vcpu < bed->nr_vcpus))
		return &bed->virqs[0][0];

	return &bed->virqs[virq][vcpu];
}

static const struct evtchn_table_ops ops = {
	.find = find,
	.make = make,
	.is_reusable = is_reusable,
	.has_vcpu = has_vcpu,
	.virq_port = virq_port,
};

static void alloc_arrays(struct table_bed *bed)
{
	bed->entries = calloc(bed->capacity, sizeof(*bed->entries));
	bed->made = calloc(bed->capacity, sizeof(*bed->made));
	bed->busy = calloc(bed->capacity, sizeof(*bed->busy));
}

void bed_init(struct table_bed *bed, u16 domid, u32 nr_ports, u32 capacity)
{
	*bed = (struct table_bed) {
		.table = {
			.ops = &ops,
			.nr_ports = nr_ports,
			.first = 1,
			.domid = domid,
		},
		.capacity = capacity,
		.nr_vcpus = BED_VCPUS,
	};
	alloc_arrays(bed);
}

void bed_free(struct table_bed *bed)
{
	free(bed->busy);
	free(bed->made);
	free(bed->entries);
}

void bed_make_all(struct table_bed *bed)
{
	memset(bed->made, true, bed->capacity);
}

void bed_expect(const struct table_bed *bed, u32 port, struct evtchn_entry entry)
{
	const struct evtchn_entry *is = &bed->entries[port];

	CHECK_EQ(is->state, entry.state);
	CHECK_EQ(is->domid, entry.domid);
	CHECK_EQ(is->peer, entry.peer);
	CHECK_EQ(is->vcpu, entry.vcpu);
}

struct table_bed guest, vmm;
static struct table_bed old_guest, old_vmm;

void bed_start(u32 nr_ports)
{
	bed_init(&vmm, VMM_DOMID, nr_ports, nr_ports + 1);
	bed_init(&guest, GUEST_DOMID, nr_ports, nr_ports + 1);
}

void bed_stop(void)
{
	bed_free(&guest);
	bed_free(&vmm);
}

void bed_fill(u32 nr)
{
	while (nr && CHECK(evtchn_alloc_unbound(&guest.table, GUEST_DOMID) > 0))
		nr--;
}

static void copy(struct table_bed *to, const struct table_bed *bed)
{
	*to = *bed;
	alloc_arrays(to);
	memcpy(to->entries, bed->entries, bed->capacity * sizeof(*bed->entries));
}

void bed_keep(void)
{
	copy(&old_guest, &guest);
	copy(&old_vmm, &vmm);
}

void bed_drop(void)
{
	bed_free(&old_vmm);
	bed_free(&old_guest);
}

static void is_same(const struct table_bed *bed, const struct table_bed *old)
{
	u32 port;

	for (port = 0; port < bed->capacity; port++)
		bed_expect(bed, port, old->entries[port]);
	CHECK(!memcmp(bed->virqs, old->virqs, sizeof(bed->virqs)));
}

void bed_is_unchanged(void)
{
	is_same(&guest, &old_guest);
	is_same(&vmm, &old_vmm);
	bed_drop();
}
