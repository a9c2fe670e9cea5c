// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes that are easily made with the states of event channels, each of them alone, as
 * the real unit with what one wrong line would change.  The comparison with the model has
 * to find every one, or it would not find the next real one.
 */
#include "table_unit.h"
#include "test.h"

/* The port as it was, closed if it is not open. */
static struct evtchn_entry status(struct evtchn_table *table, u32 port)
{
	const struct evtchn_entry *entry = evtchn_open_entry(table, port);

	return entry ? *entry : (struct evtchn_entry) { .state = EVTCHN_CLOSED };
}

static bool is_of_vcpu(u32 virq)
{
	return virq == 0 || virq == 1 || virq == 7 || virq == 13;
}

static u32 *slot(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	return table->ops->virq_port(table, virq, is_of_vcpu(virq) ? vcpu : 0);
}

static bool has_vcpu(struct evtchn_table *table, u32 vcpu)
{
	return table->ops->has_vcpu(table, vcpu);
}

/* Which port is given out. */

static int reusable_is_ignored(struct evtchn_table *table, u16 domid)
{
	const struct evtchn_table_ops *ops = table->ops;
	struct evtchn_table_ops careless = *ops;
	int port;

	careless.is_reusable = NULL;
	table->ops = &careless;
	port = evtchn_alloc_unbound(table, domid);
	table->ops = ops;
	return port;
}

static int first_passes_busy_ports(struct evtchn_table *table, u16 domid)
{
	int port = evtchn_alloc_unbound(table, domid);

	if (port > 0)
		table->first = port + 1;
	return port;
}

static int last_port_is_kept_back(struct evtchn_table *table, u16 domid)
{
	int port;

	table->nr_ports--;
	port = evtchn_alloc_unbound(table, domid);
	table->nr_ports++;
	return port;
}

static int limit_is_given_out(struct evtchn_table *table, u16 domid)
{
	int port;

	table->nr_ports++;
	port = evtchn_alloc_unbound(table, domid);
	table->nr_ports--;
	return port;
}

static int port_0_is_given_out(struct evtchn_table *table, u16 domid)
{
	table->first = 0;
	return evtchn_alloc_unbound(table, domid);
}

/* Both ends. */

static int bound_by_any_domain(struct evtchn_table *table, struct evtchn_table *other,
			       u32 port)
{
	struct evtchn_entry *end = evtchn_open_entry(other, port);

	if (end && end->state == EVTCHN_UNBOUND)
		end->domid = table->domid;
	return evtchn_bind_interdomain(table, other, port);
}

static int bound_twice(struct evtchn_table *table, struct evtchn_table *other, u32 port)
{
	struct evtchn_entry *end = evtchn_open_entry(other, port);

	if (end && end->state == EVTCHN_INTERDOMAIN)
		end->state = EVTCHN_UNBOUND;
	return evtchn_bind_interdomain(table, other, port);
}

static int end_is_bound_before_it_fails(struct evtchn_table *table,
					struct evtchn_table *other, u32 port)
{
	struct evtchn_entry was = status(other, port);
	int result = evtchn_bind_interdomain(table, other, port);

	if (result < 0 && was.state == EVTCHN_UNBOUND)
		evtchn_open_entry(other, port)->state = EVTCHN_INTERDOMAIN;
	return result;
}

static int binding_moves_the_end(struct evtchn_table *table, struct evtchn_table *other,
				 u32 port)
{
	int result = evtchn_bind_interdomain(table, other, port);

	if (result > 0)
		evtchn_open_entry(other, port)->vcpu = 0;
	return result;
}

static int bad_end_before_full_table(struct evtchn_table *table,
				     struct evtchn_table *other, u32 port)
{
	struct evtchn_entry end = status(other, port);

	if (end.state != EVTCHN_UNBOUND || end.domid != table->domid)
		return -EINVAL;
	return evtchn_bind_interdomain(table, other, port);
}

/* VIRQs and IPIs. */

static int virq_is_bound_twice(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	if (virq < XEN_ABI_NR_VIRQS && has_vcpu(table, vcpu))
		*slot(table, virq, vcpu) = 0;
	return evtchn_bind_virq(table, virq, vcpu);
}

static int virq_is_bound_before_it_fails(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	int port = evtchn_bind_virq(table, virq, vcpu);

	if (port == -ENOSPC || port == -ENOMEM)
		*slot(table, virq, vcpu) = 1;
	return port;
}

static int global_virq_is_bound_by_any_vcpu(struct evtchn_table *table, u32 virq,
					    u32 vcpu)
{
	return evtchn_bind_virq(table, virq, is_of_vcpu(virq) ? vcpu : 0);
}

static int virq_exists_once(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	return vcpu ? -EINVAL : evtchn_bind_virq(table, virq, vcpu);
}

static int virq_of_the_wrong_vcpu(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	int port = evtchn_bind_virq(table, virq, vcpu);

	if (port > 0)
		evtchn_open_entry(table, port)->vcpu = 0;
	return port;
}

static int missing_vcpu_is_invalid(struct evtchn_table *table, u32 vcpu)
{
	return has_vcpu(table, vcpu) ? evtchn_bind_ipi(table, vcpu) : -EINVAL;
}

static u32 virq_of_vcpu_0(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	(void)vcpu;
	return evtchn_virq_port(table, virq, 0);
}

/* What closing leaves behind. */

static int closes_twice(struct evtchn_table *table, struct evtchn_table *other, u32 port)
{
	evtchn_close(table, other, port);
	return 0;
}

static int first_is_not_lowered(struct evtchn_table *table, struct evtchn_table *other,
				u32 port)
{
	u32 first = table->first;
	int result = evtchn_close(table, other, port);

	table->first = first;
	return result;
}

static int keeps_its_vcpu(struct evtchn_table *table, struct evtchn_table *other, u32 port)
{
	struct evtchn_entry *entry = evtchn_open_entry(table, port);
	struct evtchn_entry was = status(table, port);
	int result = evtchn_close(table, other, port);

	if (entry)
		entry->vcpu = was.vcpu;
	return result;
}

static int virq_stays_bound(struct evtchn_table *table, struct evtchn_table *other,
			    u32 port)
{
	struct evtchn_entry was = status(table, port);
	int result = evtchn_close(table, other, port);

	if (was.state == EVTCHN_VIRQ)
		*slot(table, was.peer, was.vcpu) = port;
	return result;
}

/* Looks for it at the vCPU that it was moved to. */
static int moved_virq_stays_bound(struct evtchn_table *table, struct evtchn_table *other,
				  u32 port)
{
	struct evtchn_entry was = status(table, port);

	if (was.state == EVTCHN_VIRQ && !is_of_vcpu(was.peer) && was.vcpu)
		return virq_stays_bound(table, other, port);
	return evtchn_close(table, other, port);
}

/* The other end as @change leaves it, which is given what it was and what it became. */
static int closes_other_end(struct evtchn_table *table, struct evtchn_table *other,
			    u32 port, void (*change)(struct evtchn_entry *end,
						     struct evtchn_entry was))
{
	struct evtchn_entry entry = status(table, port), was, *end;
	int result;

	if (entry.state != EVTCHN_INTERDOMAIN)
		return evtchn_close(table, other, port);

	end = evtchn_open_entry(entry.domid == table->domid ? table : other, entry.peer);
	if (!end)
		return evtchn_close(table, other, port);

	was = *end;
	result = evtchn_close(table, other, port);
	change(end, was);
	return result;
}

static void restore(struct evtchn_entry *end, struct evtchn_entry was)
{
	*end = was;
}

static int other_end_stays_bound(struct evtchn_table *table, struct evtchn_table *other,
				 u32 port)
{
	return closes_other_end(table, other, port, restore);
}

static void invert_domid(struct evtchn_entry *end, struct evtchn_entry was)
{
	(void)was;
	end->domid = !end->domid;
}

static int other_end_is_for_another_domain(struct evtchn_table *table,
					   struct evtchn_table *other, u32 port)
{
	return closes_other_end(table, other, port, invert_domid);
}

static void forget_vcpu(struct evtchn_entry *end, struct evtchn_entry was)
{
	(void)was;
	end->vcpu = 0;
}

static int other_end_moves(struct evtchn_table *table, struct evtchn_table *other, u32 port)
{
	return closes_other_end(table, other, port, forget_vcpu);
}

static void close_too(struct evtchn_entry *end, struct evtchn_entry was)
{
	(void)was;
	*end = (struct evtchn_entry) { .state = EVTCHN_CLOSED };
}

static int other_end_is_closed(struct evtchn_table *table, struct evtchn_table *other,
			       u32 port)
{
	return closes_other_end(table, other, port, close_too);
}

/* As if all ends were in the other domain. */
static int loop_is_closed_elsewhere(struct evtchn_table *table, struct evtchn_table *other,
				    u32 port)
{
	struct evtchn_entry *entry = evtchn_open_entry(table, port);

	if (entry && entry->state == EVTCHN_INTERDOMAIN)
		entry->domid = other->domid;
	return evtchn_close(table, other, port);
}

/* Moving and sending. */

static int moves(struct evtchn_table *table, u32 port, u32 vcpu, enum evtchn_state state)
{
	struct evtchn_entry *entry = evtchn_open_entry(table, port);

	if (!entry || entry->state != state || !has_vcpu(table, vcpu))
		return evtchn_bind_vcpu(table, port, vcpu);
	entry->vcpu = vcpu;
	return 0;
}

static int ipi_moves(struct evtchn_table *table, u32 port, u32 vcpu)
{
	return moves(table, port, vcpu, EVTCHN_IPI);
}

static int virq_of_vcpu_moves(struct evtchn_table *table, u32 port, u32 vcpu)
{
	return moves(table, port, vcpu, EVTCHN_VIRQ);
}

static int stays(struct evtchn_table *table, u32 port, u32 vcpu, enum evtchn_state state)
{
	if (has_vcpu(table, vcpu) && status(table, port).state == state)
		return -EINVAL;
	return evtchn_bind_vcpu(table, port, vcpu);
}

static int unbound_does_not_move(struct evtchn_table *table, u32 port, u32 vcpu)
{
	return stays(table, port, vcpu, EVTCHN_UNBOUND);
}

static int pirq_does_not_move(struct evtchn_table *table, u32 port, u32 vcpu)
{
	return stays(table, port, vcpu, EVTCHN_PIRQ);
}

static int global_virq_does_not_move(struct evtchn_table *table, u32 port, u32 vcpu)
{
	return stays(table, port, vcpu, EVTCHN_VIRQ);
}

static int bad_port_before_missing_vcpu(struct evtchn_table *table, u32 port, u32 vcpu)
{
	if (!evtchn_open_entry(table, port))
		return -EINVAL;
	return evtchn_bind_vcpu(table, port, vcpu);
}

static int unbound_refuses_to_send(const struct evtchn_entry *entry)
{
	return evtchn_may_send(entry) ?: -EINVAL;
}

static int interrupts_are_sent(const struct evtchn_entry *entry)
{
	return entry ? entry->state != EVTCHN_UNBOUND : -EINVAL;
}

/* One wrong operation, in the words of the report. */
struct planted {
	const char *bug;
	struct table_unit unit;
};

#define PLANTED(name, member)	{ #name, .unit = { .member = name } }

static const struct planted planted[] = {
	PLANTED(reusable_is_ignored, alloc_unbound),
	PLANTED(first_passes_busy_ports, alloc_unbound),
	PLANTED(last_port_is_kept_back, alloc_unbound),
	PLANTED(limit_is_given_out, alloc_unbound),
	PLANTED(port_0_is_given_out, alloc_unbound),
	PLANTED(bound_by_any_domain, bind_interdomain),
	PLANTED(bound_twice, bind_interdomain),
	PLANTED(end_is_bound_before_it_fails, bind_interdomain),
	PLANTED(binding_moves_the_end, bind_interdomain),
	PLANTED(bad_end_before_full_table, bind_interdomain),
	PLANTED(virq_is_bound_twice, bind_virq),
	PLANTED(virq_is_bound_before_it_fails, bind_virq),
	PLANTED(global_virq_is_bound_by_any_vcpu, bind_virq),
	PLANTED(virq_exists_once, bind_virq),
	PLANTED(virq_of_the_wrong_vcpu, bind_virq),
	PLANTED(missing_vcpu_is_invalid, bind_ipi),
	PLANTED(virq_of_vcpu_0, virq_port),
	PLANTED(closes_twice, close),
	PLANTED(first_is_not_lowered, close),
	PLANTED(keeps_its_vcpu, close),
	PLANTED(virq_stays_bound, close),
	PLANTED(moved_virq_stays_bound, close),
	PLANTED(other_end_stays_bound, close),
	PLANTED(other_end_is_for_another_domain, close),
	PLANTED(other_end_moves, close),
	PLANTED(other_end_is_closed, close),
	PLANTED(loop_is_closed_elsewhere, close),
	PLANTED(ipi_moves, bind_vcpu),
	PLANTED(virq_of_vcpu_moves, bind_vcpu),
	PLANTED(unbound_does_not_move, bind_vcpu),
	PLANTED(pirq_does_not_move, bind_vcpu),
	PLANTED(global_virq_does_not_move, bind_vcpu),
	PLANTED(bad_port_before_missing_vcpu, bind_vcpu),
	PLANTED(unbound_refuses_to_send, may_send),
	PLANTED(interrupts_are_sent, may_send),
};

struct table_unit real_table_unit(void)
{
	return (struct table_unit) {
		.alloc_unbound = evtchn_alloc_unbound,
		.bind_interdomain = evtchn_bind_interdomain,
		.bind_virq = evtchn_bind_virq,
		.bind_ipi = evtchn_bind_ipi,
		.bind_pirq = evtchn_bind_pirq,
		.close = evtchn_close,
		.bind_vcpu = evtchn_bind_vcpu,
		.may_send = evtchn_may_send,
		.virq_port = evtchn_virq_port,
	};
}

bool planted_table_unit(unsigned int nr, struct table_unit *unit)
{
	const struct table_unit real = real_table_unit();

	if (nr >= ARRAY_SIZE(planted))
		return false;

	/* What the row does not name is real. */
	*unit = planted[nr].unit;
	unit->bug = planted[nr].bug;
	unit->alloc_unbound = unit->alloc_unbound ?: real.alloc_unbound;
	unit->bind_interdomain = unit->bind_interdomain ?: real.bind_interdomain;
	unit->bind_virq = unit->bind_virq ?: real.bind_virq;
	unit->bind_ipi = unit->bind_ipi ?: real.bind_ipi;
	unit->bind_pirq = unit->bind_pirq ?: real.bind_pirq;
	unit->close = unit->close ?: real.close;
	unit->bind_vcpu = unit->bind_vcpu ?: real.bind_vcpu;
	unit->may_send = unit->may_send ?: real.may_send;
	unit->virq_port = unit->virq_port ?: real.virq_port;
	return true;
}
