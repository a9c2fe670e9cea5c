// SPDX-License-Identifier: GPL-2.0
/*
 * Ports that the VMM registered for EVTCHNOP_send: where a send on each of
 * them goes, a port of the guest itself or an eventfd.
 *
 * Owns the table kvm->arch.xen.state.ports.  Changes hold xen_lock; senders
 * look up under kvm->srcu, which their vCPU holds, so that a port that was
 * taken out is freed one grace period later, however many go at once.  Its
 * target may change at any time and is one word.  The table and its leaves
 * are made as they are needed and stay until the VM goes: a lookup is three
 * loads.
 */
#include "internal.h"
#include "fifo.h"

#include <linux/eventfd.h>
#include <linux/nospec.h>
#include <xen/interface/xen.h>
#include <xen/interface/event_channel.h>

/*
 * Which vCPU a port's events are for, and how urgent they are.  Read and
 * written as one word: the index is a memory of the search for the id, and
 * must never meet the id of another target.
 */
union xen_target {
	u64 raw;
	struct {
		u32 vcpu_id;
		u16 idx;	/* vcpu_idx, or TARGET_UNKNOWN */
		u16 priority;
	};
};
static_assert(sizeof(union xen_target) == sizeof(u64));

#define TARGET_UNKNOWN	0xffff
static_assert(KVM_MAX_VCPUS < TARGET_UNKNOWN);

struct xen_port {
	u32 send_port;
	u32 type;
	u32 port;			/* 0: send to the eventfd */
	int fd;				/* as the VMM named it */
	struct eventfd_ctx *eventfd;
	u64 target;			/* union xen_target */
	struct xen_port *next;		/* while a set of them is removed */
};

static union xen_target new_target(u32 vcpu_id, u32 priority)
{
	return (union xen_target) {
		.vcpu_id = vcpu_id,
		.idx = TARGET_UNKNOWN,
		.priority = priority,
	};
}

/* The sign of KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL survives in 16 bits. */
static u32 target_priority(union xen_target target)
{
	return (s16)target.priority;
}

/* Either ABI has room for no more. */
#define MAX_PORTS	XEN_ABI_FIFO_NR_PORTS
#define LEAF_PORTS	(PAGE_SIZE / sizeof(struct xen_port *))
#define NR_LEAVES	(MAX_PORTS / LEAF_PORTS)

struct xen_ports {
	struct xen_port __rcu **leaves[NR_LEAVES];
};

#define slot_held(kvm)	lockdep_is_held(&(kvm)->arch.xen.xen_lock)

/* The leaf for @send_port; NULL where no port near it ever was registered. */
static struct xen_port __rcu **find_leaf(struct kvm *kvm, u32 send_port)
{
	struct xen_ports *ports;

	/* Pairs with the release in make_table(): what is seen is zeroed. */
	ports = smp_load_acquire(&kvm->arch.xen.state.ports);
	if (unlikely(!ports))
		return NULL;

	/* Likewise, in make_slot(). */
	return smp_load_acquire(&ports->leaves[send_port / LEAF_PORTS]);
}

/* Where @send_port is kept, or NULL. */
static struct xen_port __rcu **find_slot(struct kvm *kvm, u32 send_port)
{
	struct xen_port __rcu **leaf;

	if (send_port >= MAX_PORTS)
		return NULL;

	send_port = array_index_nospec(send_port, MAX_PORTS);
	leaf = find_leaf(kvm, send_port);
	return leaf ? &leaf[send_port % LEAF_PORTS] : NULL;
}

static struct xen_ports *make_table(struct kvm *kvm)
{
	struct xen_ports *ports = kvm->arch.xen.state.ports;

	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	if (ports)
		return ports;

	ports = kzalloc(sizeof(*ports), GFP_KERNEL_ACCOUNT);
	if (!ports)
		return NULL;

	/* Pairs with the acquire in find_leaf(). */
	smp_store_release(&kvm->arch.xen.state.ports, ports);
	return ports;
}

static struct xen_port __rcu **make_slot(struct kvm *kvm, u32 send_port)
{
	struct xen_port __rcu **slot = find_slot(kvm, send_port);
	struct xen_port __rcu **leaf;
	struct xen_ports *ports;

	if (slot)
		return slot;

	ports = make_table(kvm);
	leaf = ports ? kcalloc(LEAF_PORTS, sizeof(*leaf), GFP_KERNEL_ACCOUNT) :
		       NULL;
	if (!leaf)
		return NULL;

	/* Pairs with the acquire in find_leaf(). */
	smp_store_release(&ports->leaves[send_port / LEAF_PORTS], leaf);
	return find_slot(kvm, send_port);
}

/* For whoever changes ports: what is registered at @send_port. */
static struct xen_port *held_port(struct kvm *kvm, u32 send_port)
{
	struct xen_port __rcu **slot = find_slot(kvm, send_port);

	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	return slot ? rcu_dereference_protected(*slot, slot_held(kvm)) : NULL;
}

/* The first that is registered at or above @from; NULL where there is none. */
static struct xen_port *next_port(struct kvm *kvm, u32 from)
{
	struct xen_port *port;

	while (from < MAX_PORTS) {
		if (!find_leaf(kvm, from)) {
			from = round_up(from + 1, LEAF_PORTS);
			continue;
		}

		port = held_port(kvm, from++);
		if (port)
			return port;
	}

	return NULL;
}

/* For senders, in a read section of kvm->srcu. */
static struct xen_port *sender_port(struct kvm *kvm, u32 send_port)
{
	struct xen_port __rcu **slot = find_slot(kvm, send_port);

	return slot ? srcu_dereference(*slot, &kvm->srcu) : NULL;
}

/* Take out what is registered at @send_port, which may still be in use. */
static struct xen_port *remove_port(struct kvm *kvm, u32 send_port)
{
	struct xen_port *port = held_port(kvm, send_port);

	if (port)
		RCU_INIT_POINTER(*find_slot(kvm, send_port), NULL);
	return port;
}

static struct kvm_vcpu *search_target(struct kvm *kvm, struct xen_port *port,
				      union xen_target target)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu_by_id(kvm, target.vcpu_id);
	union xen_target found = target;

	if (!vcpu)
		return NULL;

	/* An update in between has the last word: it fails the exchange. */
	found.idx = vcpu->vcpu_idx;
	cmpxchg64(&port->target, target.raw, found.raw);
	return vcpu;
}

static struct kvm_vcpu *target_vcpu(struct kvm *kvm, struct xen_port *port,
				    union xen_target target)
{
	if (likely(target.idx != TARGET_UNKNOWN))
		return kvm_get_vcpu(kvm, target.idx);

	return search_target(kvm, port, target);
}

static bool raise_port(struct kvm *kvm, struct xen_port *port)
{
	union xen_target target = { .raw = READ_ONCE(port->target) };
	struct kvm_vcpu *vcpu = target_vcpu(kvm, port, target);

	return vcpu && xen_evtchn_raise(vcpu, port->port,
					target_priority(target)) >= 0;
}

bool xen_port_send(struct kvm_vcpu *vcpu, u32 send_port)
{
	struct xen_port *port = sender_port(vcpu->kvm, send_port);

	if (!port)
		return false;

	++vcpu->stat.xen_sends;
	if (port->port)
		return raise_port(vcpu->kvm, port);

	eventfd_signal(port->eventfd);
	return true;
}

struct kvm_vcpu *xen_port_ipi_target(struct kvm *kvm, u32 nr)
{
	struct xen_port *port = sender_port(kvm, nr);
	union xen_target target;

	if (!port || port->type != EVTCHNSTAT_ipi)
		return NULL;

	target.raw = READ_ONCE(port->target);
	return target_vcpu(kvm, port, target);
}

/* No sender can see @port any more, or never could. */
static void free_port(struct xen_port *port)
{
	if (port->eventfd)
		eventfd_ctx_put(port->eventfd);
	kfree(port);
}

/* Take over where events are to go.  Returns 0 or -errno. */
static int set_delivery(struct kvm *kvm, struct xen_port *port,
			const struct kvm_xen_hvm_attr *data)
{
	u32 to = data->u.evtchn.deliver.port.port;
	struct eventfd_ctx *eventfd;

	port->fd = -1;
	if (port->type == EVTCHNSTAT_interdomain && !to) {
		port->fd = data->u.evtchn.deliver.eventfd.fd;
		eventfd = eventfd_ctx_fdget(port->fd);
		if (IS_ERR(eventfd))
			return PTR_ERR(eventfd);
		port->eventfd = eventfd;
		return 0;
	}

	if (!xen_is_priority(kvm, data->u.evtchn.deliver.port.priority))
		return -EINVAL;

	port->port = to;
	port->target = new_target(data->u.evtchn.deliver.port.vcpu,
				  data->u.evtchn.deliver.port.priority).raw;
	return 0;
}

/* -ENOSPC where it is the VMM's own limit that leaves no room. */
static int check_room(struct kvm *kvm, u32 port)
{
	if (port < xen_nr_ports(kvm, xen_layout(kvm)))
		return 0;

	return xen_fifo_is_on(kvm) && port < MAX_PORTS ? -ENOSPC : -EINVAL;
}

static int check_type(struct kvm *kvm, const struct kvm_xen_hvm_attr *data)
{
	u32 to = data->u.evtchn.deliver.port.port;

	switch (data->u.evtchn.type) {
	case EVTCHNSTAT_ipi:
		return to == data->u.evtchn.send_port ? 0 : -EINVAL;
	case EVTCHNSTAT_interdomain:
		return check_room(kvm, to);
	default:
		return -EINVAL;
	}
}

/* Under xen_lock, for the limit not to be lowered meanwhile. */
static int insert_port(struct kvm *kvm, struct xen_port *port)
{
	struct xen_port __rcu **slot;
	int r;

	guard(mutex)(&kvm->arch.xen.xen_lock);

	r = check_room(kvm, max(port->send_port, port->port));
	if (r)
		return r;

	slot = make_slot(kvm, port->send_port);
	if (!slot)
		return -ENOMEM;
	if (rcu_access_pointer(*slot))
		return -EEXIST;

	rcu_assign_pointer(*slot, port);
	return 0;
}

static int assign(struct kvm *kvm, const struct kvm_xen_hvm_attr *data)
{
	struct xen_port *port;
	int r;

	r = check_type(kvm, data);
	if (r)
		return r;

	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return -ENOMEM;

	port->send_port = data->u.evtchn.send_port;
	port->type = data->u.evtchn.type;
	r = set_delivery(kvm, port, data);
	if (!r)
		r = insert_port(kvm, port);
	if (r)
		free_port(port);
	return r;
}

/* Only the vCPU and the priority of a port may change, not what it is. */
static int update(struct kvm *kvm, const struct kvm_xen_hvm_attr *data)
{
	struct xen_port *port;

	guard(mutex)(&kvm->arch.xen.xen_lock);

	port = held_port(kvm, data->u.evtchn.send_port);
	if (!port)
		return -ENOENT;
	if (port->type != data->u.evtchn.type || !port->port ||
	    port->port != data->u.evtchn.deliver.port.port)
		return -EINVAL;
	if (!xen_is_priority(kvm, data->u.evtchn.deliver.port.priority))
		return -EINVAL;

	/* Pairs with the exchange in search_target(). */
	xchg(&port->target, new_target(data->u.evtchn.deliver.port.vcpu,
				       data->u.evtchn.deliver.port.priority).raw);
	return 0;
}

/* Returns after the last event that is being sent on the port. */
static int deassign(struct kvm *kvm, const struct kvm_xen_hvm_attr *data)
{
	struct xen_port *port;

	scoped_guard(mutex, &kvm->arch.xen.xen_lock)
		port = remove_port(kvm, data->u.evtchn.send_port);
	if (!port)
		return -ENOENT;

	/* Not under xen_lock, for which vCPUs wait in a section of srcu. */
	synchronize_srcu(&kvm->srcu);
	free_port(port);
	return 0;
}

static struct xen_port *remove_all_ports(struct kvm *kvm)
{
	struct xen_port *port, *list = NULL;

	while ((port = next_port(kvm, list ? list->send_port : 0))) {
		remove_port(kvm, port->send_port);
		port->next = list;
		list = port;
	}

	return list;
}

static void free_ports(struct xen_port *list)
{
	struct xen_port *port;

	while ((port = list)) {
		list = port->next;
		free_port(port);
	}
}

void xen_ports_reset(struct kvm *kvm)
{
	struct xen_port *list;

	scoped_guard(mutex, &kvm->arch.xen.xen_lock)
		list = remove_all_ports(kvm);

	if (list)
		synchronize_srcu(&kvm->srcu);
	free_ports(list);
}

u32 xen_ports_highest(struct kvm *kvm)
{
	struct xen_port *port;
	u32 highest = 0;

	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	for (port = next_port(kvm, 0); port;
	     port = next_port(kvm, port->send_port + 1))
		highest = max3(highest, port->send_port, port->port);

	return highest;
}

/* KVM_XEN_ATTR_TYPE_EVTCHN but for a reset.  Takes xen_lock itself. */
int xen_port_set_attr(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	u32 port = data->u.evtchn.send_port;

	int r;

	if (!port)
		return -EINVAL;

	r = check_room(kvm, port);
	if (r)
		return r;

	switch (data->u.evtchn.flags) {
	case 0:
		return assign(kvm, data);
	case KVM_XEN_EVTCHN_UPDATE:
		return update(kvm, data);
	case KVM_XEN_EVTCHN_DEASSIGN:
		return deassign(kvm, data);
	default:
		return -EINVAL;
	}
}

static struct kvm_xen_evtchn_entry port_entry(struct xen_port *port)
{
	union xen_target target = { .raw = READ_ONCE(port->target) };

	return (struct kvm_xen_evtchn_entry) {
		.send_port = port->send_port,
		.type = port->type,
		.port = port->port,
		.vcpu = target.vcpu_id,
		.priority = target_priority(target),
		.fd = port->fd,
	};
}

/* KVM_XEN_ATTR_TYPE_EVTCHN_ENUM, see its description in linux/kvm_xen.h. */
int xen_port_enumerate(struct kvm *kvm, struct kvm_xen_evtchn_enum *request)
{
	struct kvm_xen_evtchn_entry __user *entries =
		u64_to_user_ptr(request->entries);
	struct kvm_xen_evtchn_entry entry;
	struct xen_port *port;
	u32 nr = 0;

	lockdep_assert_held(&kvm->arch.xen.xen_lock);

	if (memchr_inv(request->pad, 0, sizeof(request->pad)))
		return -EINVAL;

	for (port = next_port(kvm, request->first); port && nr < request->nr;
	     port = next_port(kvm, port->send_port + 1)) {
		entry = port_entry(port);
		if (copy_to_user(&entries[nr], &entry, sizeof(entry)))
			return -EFAULT;
		nr++;
	}

	request->nr = nr;
	return 0;
}

/* The VM is gone: nobody sends, nobody else changes the table. */
void xen_ports_destroy(struct kvm *kvm)
{
	struct xen_ports *ports = kvm->arch.xen.state.ports;
	u32 i;

	if (!ports)
		return;

	scoped_guard(mutex, &kvm->arch.xen.xen_lock)
		free_ports(remove_all_ports(kvm));

	for (i = 0; i < NR_LEAVES; i++)
		kfree(ports->leaves[i]);
	kfree(ports);
}
