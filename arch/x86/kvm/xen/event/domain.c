// SPDX-License-Identifier: GPL-2.0
/*
 * The ports of a guest and of its VMM, if KVM keeps them: each in a table of its own, by
 * the rules in abi/evtchn_table.c.  This unit stores the ports, and makes senders follow
 * each change.
 *
 * Owns the tables, struct xen_domains, and the virq_ports of vCPUs.  They change under
 * xen_lock, inside the domains' lock, which is held from the beginning to the end of an
 * operation, also while that waits for a grace period.
 *
 * A sender reads a port in a read section of kvm->srcu, without a lock: the guest's port
 * that it raises, and the vCPU of that, or its eventfd.  Both belong to the other end,
 * whose changes are stored here, see follow().  A port that was closed stays in its slot.
 * Its number is given out again when a grace period has passed, so that no sender from
 * before is left, and under FIFO when the guest has taken it off its queue.
 */
#include "xen/event/domain.h"
#include "xen/event/fifo_ctl.h"

#include <linux/eventfd.h>

static_assert(KVM_XEN_NR_VIRQS == XEN_ABI_NR_VIRQS);

static struct xen_domain *domain_of(struct evtchn_table *table)
{
	return container_of(table, struct xen_domain, table);
}

static struct xen_port *held_port(struct xen_domain *domain, u32 nr)
{
	return xen_held_port(domain->both->kvm, domain->ports, nr);
}

static struct evtchn_entry *find_entry(struct evtchn_table *table, u32 nr)
{
	struct xen_port *port = held_port(domain_of(table), nr);

	return port ? &port->entry : NULL;
}

static struct evtchn_entry *make_entry(struct evtchn_table *table, u32 nr)
{
	struct evtchn_entry *entry = find_entry(table, nr);
	struct xen_port *port;

	if (entry)
		return entry;

	port = kzalloc_obj(*port, GFP_KERNEL_ACCOUNT);
	if (!port)
		return NULL;

	port->nr = nr;
	port->fd = -1;
	if (xen_insert_port(domain_of(table)->ports, port)) {
		kfree(port);
		return NULL;
	}

	return &port->entry;
}

static bool is_linked(struct kvm *kvm, u32 nr)
{
	const struct xen_evtchn_ops *ops = xen_ops(kvm);

	return ops->view(kvm, nr).linked;
}

/* The closed port @nr of @domain cannot be used again before the grace period @closed. */
static void wait_for(struct xen_domain *domain, u32 nr, unsigned long closed)
{
	if (!domain->waits) {
		domain->waits = closed;
		domain->lowest = nr;
	}
	domain->lowest = min(domain->lowest, nr);
}

/*
 * If a grace period has passed, look for a free port from the lowest of those that waited
 * on.  Those that wait for a later one are counted again when the search meets them.
 */
static void stop_waiting(struct xen_domain *domain)
{
	if (!domain->waits ||
	    !poll_state_synchronize_srcu(&domain->both->kvm->srcu, domain->waits))
		return;

	domain->waits = 0;
	domain->table.first = min(domain->table.first, domain->lowest);
}

static bool is_reusable(struct evtchn_table *table, u32 nr)
{
	struct xen_domain *domain = domain_of(table);
	struct kvm *kvm = domain->both->kvm;
	struct xen_port *port = held_port(domain, nr);

	if (!port || !port->closed)
		return true;

	if (!poll_state_synchronize_srcu(&kvm->srcu, port->closed)) {
		wait_for(domain, nr, port->closed);
		return false;
	}
	if (domain == &domain->both->vmm || !is_linked(kvm, nr))
		return true;

	domain->has_linked = true;
	return false;
}

static bool guest_has_vcpu(struct evtchn_table *table, u32 vcpu)
{
	return xen_find_vcpu(domain_of(table)->both->kvm, vcpu);
}

static u32 *guest_virq_port(struct evtchn_table *table, u32 virq, u32 vcpu)
{
	static u32 unbound;
	struct kvm_vcpu *owner = xen_find_vcpu(domain_of(table)->both->kvm, vcpu);

	return owner ? &owner->arch.xen.state.virq_ports[virq] : &unbound;
}

static const struct evtchn_table_ops guest_ops = {
	.find		= find_entry,
	.make		= make_entry,
	.is_reusable	= is_reusable,
	.has_vcpu	= guest_has_vcpu,
	.virq_port	= guest_virq_port,
};

/* The VMM's ports have no vCPU, and no VIRQs. */
static const struct evtchn_table_ops vmm_ops = {
	.find		= find_entry,
	.make		= make_entry,
	.is_reusable	= is_reusable,
};

/* The domain with the other end of an interdomain port. */
static struct xen_domain *peer_domain(struct xen_domains *domains,
				      const struct evtchn_entry *entry)
{
	return entry->domid == domains->guest.table.domid ? &domains->guest : &domains->vmm;
}

static struct xen_port *peer_port(struct xen_domains *domains, const struct evtchn_entry *entry)
{
	return entry->state == EVTCHN_INTERDOMAIN ?
	       held_port(peer_domain(domains, entry), entry->peer) : NULL;
}

/* The port of the guest that a send on @port raises, or NULL. */
static struct xen_port *raised_port(struct xen_domains *domains, struct xen_port *port)
{
	if (port->entry.state == EVTCHN_IPI)
		return port;
	if (peer_domain(domains, &port->entry) == &domains->vmm)
		return NULL;

	return peer_port(domains, &port->entry);
}

/*
 * Store what a send on port @nr does: raise a port of the guest, or signal the eventfd of
 * a port of the VMM, or nothing.  A port of the VMM keeps its own eventfd.
 */
static void follow(struct xen_domains *domains, struct xen_domain *domain, u32 nr)
{
	struct xen_port *port = held_port(domain, nr);
	struct xen_port *raised = raised_port(domains, port);
	struct xen_port *peer = peer_port(domains, &port->entry);

	if (domain == &domains->guest)
		WRITE_ONCE(port->eventfd, peer && !raised ? peer->eventfd : NULL);

	if (raised)
		xen_target_set_vcpu(&port->target,
				    xen_find_vcpu(domains->kvm, raised->entry.vcpu),
				    KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL);

	/* Pairs with the acquire in xen_port_raises(). */
	smp_store_release(&port->port, raised ? raised->nr : 0);
}

/* The same for the other end of @entry, if it has one. */
static void follow_peer(struct xen_domains *domains, const struct evtchn_entry *entry)
{
	if (entry->state == EVTCHN_INTERDOMAIN)
		follow(domains, peer_domain(domains, entry), entry->peer);
}

/*
 * Port @nr was opened, if it is one: it starts without an event from its previous use.
 * Returns @nr.
 */
static int opened(struct xen_domains *domains, struct xen_domain *domain, int nr)
{
	struct xen_port *port;

	if (nr < 0)
		return nr;

	port = held_port(domain, nr);
	if (port->closed && domain == &domains->guest)
		xen_evtchn_closed(domains->kvm, nr);
	port->closed = 0;
	follow(domains, domain, nr);
	follow_peer(domains, &port->entry);

	/* It was the lowest.  What is on a queue can be free at any time. */
	if (!domain->has_linked)
		domain->table.first = nr + 1;
	return nr;
}

/* Close port @nr of @domain.  Returns 0 or -EINVAL. */
static int close_port(struct xen_domains *domains, struct xen_domain *domain, u32 nr)
{
	struct xen_domain *other = domain == &domains->guest ? &domains->vmm : &domains->guest;
	struct xen_port *port = held_port(domain, nr);
	u32 first = domain->table.first;
	struct evtchn_entry was;
	int r;

	if (port)
		was = port->entry;
	r = evtchn_close(&domain->table, &other->table, nr);
	if (r)
		return r;

	follow(domains, domain, nr);
	follow_peer(domains, &was);
	if (domain == &domains->guest)
		xen_evtchn_closed(domains->kvm, nr);

	/* From here on no sender finds the port, or what it raised. */
	port->closed = start_poll_synchronize_srcu(&domains->kvm->srcu);
	domain->table.first = first;
	wait_for(domain, nr, port->closed);
	return 0;
}

static int run_op(struct xen_domains *domains, xen_port_op op, const struct xen_port_args *args)
{
	struct kvm *kvm = domains->kvm;

	lockdep_assert_held(&domains->lock);

	guard(mutex)(&kvm->arch.xen.xen_lock);
	guard(srcu)(&kvm->srcu);

	domains->guest.table.nr_ports = xen_nr_ports(kvm, xen_layout(kvm));
	domains->guest.has_linked = false;
	domains->vmm.has_linked = false;
	stop_waiting(&domains->guest);
	stop_waiting(&domains->vmm);
	return op(domains, args);
}

int xen_port_do(struct xen_domains *domains, xen_port_op op, const struct xen_port_args *args)
{
	int r;

	guard(mutex)(&domains->lock);

	r = run_op(domains, op, args);
	if (r != -ENOSPC || !(domains->guest.waits || domains->vmm.waits))
		return r;

	/* The ports that are left only wait for senders. */
	synchronize_srcu_expedited(&domains->kvm->srcu);
	return run_op(domains, op, args);
}

int xen_port_alloc_unbound(struct xen_domains *domains, const struct xen_port_args *args)
{
	struct xen_domain *guest = &domains->guest;

	return opened(domains, guest, evtchn_alloc_unbound(&guest->table, args->domid));
}

/* Raise port @nr of the guest, which was bound to a port that may have been sent to. */
static int raise_bound(struct xen_domains *domains, int nr)
{
	struct kvm_vcpu *vcpu = xen_port_receiver(domains->kvm, nr, false);

	if (vcpu)
		xen_evtchn_raise(vcpu, nr, KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL);
	return nr;
}

int xen_port_bind_interdomain(struct xen_domains *domains, const struct xen_port_args *args)
{
	struct xen_domain *guest = &domains->guest;
	struct xen_domain *other = args->domid == guest->table.domid ? guest : &domains->vmm;
	int nr;

	nr = opened(domains, guest,
		    evtchn_bind_interdomain(&guest->table, &other->table, args->nr));
	return nr < 0 ? nr : raise_bound(domains, nr);
}

int xen_port_bind_virq(struct xen_domains *domains, const struct xen_port_args *args)
{
	struct xen_domain *guest = &domains->guest;

	return opened(domains, guest, evtchn_bind_virq(&guest->table, args->nr, args->vcpu));
}

int xen_port_bind_ipi(struct xen_domains *domains, const struct xen_port_args *args)
{
	struct xen_domain *guest = &domains->guest;

	return opened(domains, guest, evtchn_bind_ipi(&guest->table, args->vcpu));
}

int xen_port_bind_pirq(struct xen_domains *domains, const struct xen_port_args *args)
{
	struct xen_domain *guest = &domains->guest;

	return opened(domains, guest, evtchn_bind_pirq(&guest->table, args->nr));
}

/*
 * The other end raises the port, and an IPI, which raises itself, does not move.  A pending
 * event moves along: it is what unmasking the port raises.
 */
int xen_port_bind_vcpu(struct xen_domains *domains, const struct xen_port_args *args)
{
	struct xen_domain *guest = &domains->guest;
	int r;

	r = evtchn_bind_vcpu(&guest->table, args->nr, args->vcpu);
	if (r)
		return r;

	follow_peer(domains, &held_port(guest, args->nr)->entry);
	xen_evtchn_bound(domains->kvm, xen_find_vcpu(domains->kvm, args->vcpu), args->nr);
	return 0;
}

int xen_port_close(struct xen_domains *domains, const struct xen_port_args *args)
{
	return close_port(domains, &domains->guest, args->nr);
}

/* Give the VMM's port @nr, unless it is an error, its eventfd. */
static int vmm_opened(struct xen_domains *domains, int nr, const struct xen_port_args *args)
{
	struct xen_port *port;

	if (nr < 0)
		return nr;

	port = held_port(&domains->vmm, nr);
	port->fd = args->fd;
	port->eventfd = args->eventfd;
	return opened(domains, &domains->vmm, nr);
}

int xen_port_vmm_alloc(struct xen_domains *domains, const struct xen_port_args *args)
{
	int nr = evtchn_alloc_unbound(&domains->vmm.table, domains->guest.table.domid);

	return vmm_opened(domains, nr, args);
}

/* Events that the guest has sent before are lost: signal once. */
int xen_port_vmm_bind(struct xen_domains *domains, const struct xen_port_args *args)
{
	int nr;

	nr = vmm_opened(domains, evtchn_bind_interdomain(&domains->vmm.table,
							 &domains->guest.table, args->nr), args);
	if (nr > 0 && args->eventfd)
		eventfd_signal(args->eventfd);
	return nr;
}

/* Close the VMM's port, which keeps its eventfd until the caller takes it. */
static int vmm_close(struct xen_domains *domains, const struct xen_port_args *args)
{
	return close_port(domains, &domains->vmm, args->nr);
}

static struct eventfd_ctx *take_eventfd(struct xen_domains *domains, u32 nr)
{
	struct xen_port *port;

	guard(mutex)(&domains->kvm->arch.xen.xen_lock);

	port = held_port(&domains->vmm, nr);
	port->fd = -1;
	return xchg(&port->eventfd, NULL);
}

int xen_port_vmm_close(struct xen_domains *domains, u32 nr)
{
	const struct xen_port_args args = { .nr = nr };
	struct eventfd_ctx *eventfd;
	int r;

	guard(mutex)(&domains->lock);

	r = run_op(domains, vmm_close, &args);
	if (r)
		return r;

	eventfd = take_eventfd(domains, nr);
	if (eventfd) {
		synchronize_srcu_expedited(&domains->kvm->srcu);
		eventfd_ctx_put(eventfd);
	}
	return 0;
}

/* Close the first port from @args->nr on that is open.  Returns it, or 0. */
static int close_next(struct xen_domains *domains, const struct xen_port_args *args)
{
	struct xen_domain *guest = &domains->guest;
	u32 from = args->nr;
	struct xen_port *port;

	/* Also ports beyond the limit that now applies. */
	guest->table.nr_ports = XEN_MAX_PORTS;
	while ((port = xen_next_port(domains->kvm, guest->ports, from))) {
		if (!close_port(domains, guest, port->nr))
			return port->nr;
		from = port->nr + 1;
	}

	return 0;
}

int xen_domain_reset(struct xen_domains *domains)
{
	struct xen_port_args args = { };
	int r;

	guard(mutex)(&domains->lock);

	while ((args.nr = run_op(domains, close_next, &args))) {
		r = xen_loop_turn();
		if (r)
			return r;
	}

	xen_fifo_reset(domains->kvm);
	return 0;
}

int xen_port_status(struct xen_domains *domains, u32 nr, struct evtchn_entry *entry)
{
	struct kvm *kvm = domains->kvm;
	struct xen_port *port;

	guard(mutex)(&kvm->arch.xen.xen_lock);

	if (nr >= xen_nr_ports(kvm, xen_layout(kvm)))
		return -EINVAL;

	port = held_port(&domains->guest, nr);
	*entry = port ? port->entry : (struct evtchn_entry) { .state = EVTCHN_CLOSED };
	return 0;
}

int xen_domain_raise_virq(struct xen_domains *domains, u32 virq, u32 vcpu)
{
	struct kvm *kvm = domains->kvm;
	u32 nr;

	if (virq >= XEN_ABI_NR_VIRQS)
		return -EINVAL;

	guard(srcu)(&kvm->srcu);

	nr = evtchn_virq_port(&domains->guest.table, array_index_nospec(virq, XEN_ABI_NR_VIRQS),
			      vcpu);
	if (nr)
		raise_bound(domains, nr);
	return 0;
}

/* The vCPU of what the VMM's port @nr is bound to, which becomes @nr. */
static struct kvm_vcpu *vcpu_of_vmm_port(struct xen_domains *domains, u32 *nr, bool atomic)
{
	struct xen_port *port = xen_sender_port(domains->kvm, domains->vmm.ports, *nr);
	u32 raises;

	raises = port ? xen_port_raises(port) : 0;
	if (!raises)
		return evtchn_may_send(port ? &port->entry : NULL) < 0 ? ERR_PTR(-EINVAL) : NULL;

	*nr = raises;
	return xen_target_vcpu(domains->kvm, &port->target, atomic);
}

struct kvm_vcpu *xen_domain_find_vcpu(struct kvm *kvm, u32 vcpu_id, u32 *port, bool atomic)
{
	struct xen_domains *domains = xen_domains(kvm);
	struct xen_port *guest_port;

	if (!domains)
		return ERR_PTR(-EINVAL);
	if (vcpu_id == KVM_XEN_EVTCHN_VMM_PORT)
		return vcpu_of_vmm_port(domains, port, atomic);

	guest_port = xen_sender_port(kvm, domains->guest.ports, *port);
	if (!guest_port || READ_ONCE(guest_port->entry.state) == EVTCHN_CLOSED)
		return ERR_PTR(-EINVAL);

	return xen_port_receiver(kvm, *port, atomic) ?: ERR_PTR(-EINVAL);
}

struct xen_domains *xen_domains_create(struct kvm *kvm)
{
	struct xen_domains *domains = kzalloc_obj(*domains, GFP_KERNEL_ACCOUNT);

	if (!domains)
		return NULL;

	domains->kvm = kvm;
	mutex_init(&domains->lock);
	domains->changed_fd = -1;
	domains->guest = (struct xen_domain) {
		.table = { .ops = &guest_ops, .first = 1, .domid = 1 },
		.both = domains,
		.ports = &kvm->arch.xen.state.ports,
	};
	domains->vmm = (struct xen_domain) {
		.table = { .ops = &vmm_ops, .first = 1, .nr_ports = XEN_MAX_PORTS },
		.both = domains,
		.ports = &domains->vmm_ports,
	};
	return domains;
}

int xen_domains_publish(struct kvm *kvm, struct xen_domains *domains)
{
	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	if (xen_next_port(kvm, domains->guest.ports, 0))
		return -EBUSY;

	/* Pairs with the acquire in xen_domains(). */
	smp_store_release(&kvm->arch.xen.state.domains, domains);
	return 0;
}

/* Free the ports of @domain, which nobody uses, and those eventfds that are its own. */
static void free_ports(struct xen_domain *domain)
{
	bool owns_eventfds = domain == &domain->both->vmm;
	struct kvm *kvm = domain->both->kvm;
	struct xen_port *port;
	u32 nr = 0;

	guard(mutex)(&kvm->arch.xen.xen_lock);

	while ((port = xen_next_port(kvm, domain->ports, nr))) {
		nr = port->nr + 1;
		if (!owns_eventfds)
			port->eventfd = NULL;
		xen_free_port(port);
		cond_resched();
	}

	xen_free_slots(*domain->ports, XEN_MAX_PORTS);
	*domain->ports = NULL;
}

void xen_domains_destroy(struct xen_domains *domains)
{
	if (!domains)
		return;

	if (domains->kvm->arch.xen.state.domains == domains)
		free_ports(&domains->guest);
	free_ports(&domains->vmm);
	if (domains->changed)
		eventfd_ctx_put(domains->changed);
	kfree(domains);
}
