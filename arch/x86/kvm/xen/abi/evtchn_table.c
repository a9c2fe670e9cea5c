// SPDX-License-Identifier: GPL-2.0
/*
 * States of event channels.  Owns nothing: the caller's lock guards the entries.
 */
#include "evtchn_table.h"

/* What may be done to an open port besides closing it, by its state. */
#define MAY_MOVE	(1u << 0)	/* to another vCPU */
#define MAY_SEND	(1u << 1)

static const u8 may[EVTCHN_NR_STATES] = {
	[EVTCHN_UNBOUND]	= MAY_MOVE | MAY_SEND,
	[EVTCHN_INTERDOMAIN]	= MAY_MOVE | MAY_SEND,
	[EVTCHN_PIRQ]		= MAY_MOVE,
	[EVTCHN_IPI]		= MAY_SEND,
};

/* Interrupts of which each vCPU has one: timer, debug, profiling, counters. */
#define VIRQS_OF_VCPUS	(1u << 0 | 1u << 1 | 1u << 7 | 1u << 13)

static bool is_of_vcpu(u32 virq)
{
	return VIRQS_OF_VCPUS & (1u << virq);
}

/* Where the port of @virq is kept, which exists once in a domain or once per vCPU. */
static u32 *virq_slot(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	return table->ops->virq_port(table, virq, is_of_vcpu(virq) ? vcpu : 0);
}

static bool is_open(const struct evtchn_entry *entry)
{
	return entry && entry->state != EVTCHN_CLOSED;
}

struct evtchn_entry *evtchn_open_entry(struct evtchn_table *table, u32 port)
{
	struct evtchn_entry *entry;

	if (!port || port >= table->nr_ports)
		return NULL;

	entry = table->ops->find(table, port);
	return is_open(entry) ? entry : NULL;
}

static bool is_free(struct evtchn_table *table, u32 port)
{
	if (is_open(table->ops->find(table, port)))
		return false;

	return !table->ops->is_reusable || table->ops->is_reusable(table, port);
}

/*
 * The lowest port that may be given out, as Xen does it; if there is none, nr_ports or
 * above.  Ports that are open are passed once, so binding all of them takes linear time.
 * What is closed but may not be used again is passed each time, unless the caller raises
 * table->first beyond it: a guest can make a call take nr_ports steps that way, which in
 * Xen is what each takes.
 */
static u32 find_free(struct evtchn_table *table)
{
	u32 port;

	while (table->first < table->nr_ports &&
	       is_open(table->ops->find(table, table->first)))
		table->first++;

	for (port = table->first; port < table->nr_ports; port++) {
		if (is_free(table, port))
			break;
	}

	return port;
}

/* The port that is given out next, and its entry, still closed.  Returns it or -errno. */
static int next_port(struct evtchn_table *table, struct evtchn_entry **entry)
{
	u32 port = find_free(table);

	if (port >= table->nr_ports)
		return -ENOSPC;

	*entry = table->ops->make(table, port);
	return *entry ? (int)port : -ENOMEM;
}

/* No plain copy of the struct: others may be reading the vCPU. */
static void set_entry(struct evtchn_entry *entry, struct evtchn_entry as)
{
	WRITE_ONCE(entry->state, as.state);
	entry->domid = as.domid;
	entry->peer = as.peer;
	WRITE_ONCE(entry->vcpu, as.vcpu);
}

/* Give out a port, which becomes @as.  Returns the port or -errno. */
static int open_port(struct evtchn_table *table, struct evtchn_entry as)
{
	struct evtchn_entry *entry;
	int port = next_port(table, &entry);

	if (port > 0)
		set_entry(entry, as);
	return port;
}

int evtchn_alloc_unbound(struct evtchn_table *table, u16 domid)
{
	return open_port(table, (struct evtchn_entry) {
		.state = EVTCHN_UNBOUND,
		.domid = domid,
	});
}

static bool is_unbound_for(const struct evtchn_entry *entry, u16 domid)
{
	return entry && entry->state == EVTCHN_UNBOUND && entry->domid == domid;
}

int evtchn_bind_interdomain(struct evtchn_table *table, struct evtchn_table *other,
			    u32 peer)
{
	struct evtchn_entry *entry, *end;
	int port = next_port(table, &entry);

	if (port < 0)
		return port;

	end = evtchn_open_entry(other, peer);
	if (!is_unbound_for(end, table->domid))
		return -EINVAL;

	set_entry(entry, (struct evtchn_entry) {
		.state = EVTCHN_INTERDOMAIN,
		.domid = other->domid,
		.peer = peer,
	});
	WRITE_ONCE(end->state, EVTCHN_INTERDOMAIN);
	end->peer = port;
	return port;
}

int evtchn_bind_virq(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	u32 *bound;
	int port;

	if (virq >= XEN_ABI_NR_VIRQS || (vcpu && !is_of_vcpu(virq)))
		return -EINVAL;
	if (!table->ops->has_vcpu(table, vcpu))
		return -ENOENT;

	bound = virq_slot(table, virq, vcpu);
	if (*bound)
		return -EEXIST;

	port = open_port(table, (struct evtchn_entry) {
		.state = EVTCHN_VIRQ,
		.peer = virq,
		.vcpu = vcpu,
	});
	if (port > 0)
		WRITE_ONCE(*bound, port);
	return port;
}

int evtchn_bind_ipi(struct evtchn_table *table, u32 vcpu)
{
	if (!table->ops->has_vcpu(table, vcpu))
		return -ENOENT;

	return open_port(table, (struct evtchn_entry) {
		.state = EVTCHN_IPI,
		.vcpu = vcpu,
	});
}

int evtchn_bind_pirq(struct evtchn_table *table, u32 pirq)
{
	return open_port(table, (struct evtchn_entry) {
		.state = EVTCHN_PIRQ,
		.peer = pirq,
	});
}

/*
 * Leave the other end of @entry, in either table, to be bound again: by @table's domain,
 * which its domid has been all the time.
 */
static void unbind_other_end(struct evtchn_table *table, struct evtchn_table *other,
			     const struct evtchn_entry *entry)
{
	struct evtchn_table *where = entry->domid == table->domid ? table : other;
	struct evtchn_entry *end = where->ops->find(where, entry->peer);

	WRITE_ONCE(end->state, EVTCHN_UNBOUND);
	end->peer = 0;
}

int evtchn_close(struct evtchn_table *table, struct evtchn_table *other, u32 port)
{
	struct evtchn_entry *entry = evtchn_open_entry(table, port);

	if (!entry)
		return -EINVAL;

	if (entry->state == EVTCHN_INTERDOMAIN)
		unbind_other_end(table, other, entry);
	else if (entry->state == EVTCHN_VIRQ)
		WRITE_ONCE(*virq_slot(table, entry->peer, entry->vcpu), 0);

	set_entry(entry, (struct evtchn_entry) { .state = EVTCHN_CLOSED });
	table->first = min(table->first, port);
	return 0;
}

/* An interrupt of a vCPU's own cannot move, and an IPI is for its vCPU. */
static bool may_move(const struct evtchn_entry *entry)
{
	if (entry->state == EVTCHN_VIRQ)
		return !is_of_vcpu(entry->peer);

	return may[entry->state] & MAY_MOVE;
}

int evtchn_bind_vcpu(struct evtchn_table *table, u32 port, u32 vcpu)
{
	struct evtchn_entry *entry;

	if (!table->ops->has_vcpu(table, vcpu))
		return -ENOENT;

	entry = evtchn_open_entry(table, port);
	if (!entry || !may_move(entry))
		return -EINVAL;

	WRITE_ONCE(entry->vcpu, vcpu);
	return 0;
}

int evtchn_may_send(const struct evtchn_entry *entry)
{
	u8 state = entry ? READ_ONCE(entry->state) : EVTCHN_CLOSED;

	return may[state] & MAY_SEND ? state != EVTCHN_UNBOUND : -EINVAL;
}

u32 evtchn_virq_port(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	if (virq >= XEN_ABI_NR_VIRQS)
		return 0;
	if (is_of_vcpu(virq) && !table->ops->has_vcpu(table, vcpu))
		return 0;

	return READ_ONCE(*virq_slot(table, virq, vcpu));
}
