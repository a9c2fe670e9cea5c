// SPDX-License-Identifier: GPL-2.0
/*
 * Save and restore of FIFO event channels by the VMM: pages of the event array, control
 * blocks with the tails of their queues, and KVM's part of ports.
 * include/uapi/linux/kvm_xen.h describes the attributes.
 *
 * Owns no state; fifo_lock is held throughout.  Heads and links are in guest memory,
 * which the VMM transfers itself.  The attributes are consistent when read, and safe when
 * set, while events are raised; they are also complete if no vCPU runs and the VMM raises
 * no events.
 */
#include "xen/base/deferred.h"
#include "xen/base/dirty.h"
#include "xen/event/events_fifo.h"
#include "xen/event/evtchn.h"
#include "xen/event/fifo_ctl.h"
#include "xen/event/fifo_log.h"
#include "xen/event/fifo_port.h"
#include "xen/event/fifo_state.h"

#include <linux/nospec.h>

static u64 page_gfn(struct xen_fifo *fifo, u32 i)
{
	struct gfn_to_pfn_cache *gpc = fifo->pages[i];

	return gpa_to_gfn(gpc->gpa);
}

static int fifo_get_array(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_array *array = XEN_ATTR_ARG(data, *array);
	u64 __user *frames = u64_to_user_ptr(array->frames);
	struct xen_fifo *fifo;
	u32 i;

	guard(mutex)(&kvm->arch.xen.state.fifo_lock);

	fifo = kvm->arch.xen.state.fifo;
	for (i = 0; fifo && i < min(array->nr, fifo->nr_pages); i++) {
		if (put_user(page_gfn(fifo, i), &frames[i]))
			return -EFAULT;
	}

	array->active = !!fifo;
	array->nr = fifo ? fifo->nr_pages : 0;
	return 0;
}

/* Check the pages that exist, and add the others. */
static int set_frames(struct kvm *kvm, struct kvm_xen_evtchn_array *array)
{
	u64 __user *frames = u64_to_user_ptr(array->frames);
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	u64 gfn;
	int r = 0;
	u32 i;

	for (i = 0; i < array->nr && !r; i++) {
		if (get_user(gfn, &frames[i]))
			return -EFAULT;

		if (i >= fifo->nr_pages)
			r = xen_fifo_add_page(kvm, gfn);
		else if (gfn != page_gfn(fifo, i))
			r = -EBUSY;
		r = r ?: xen_loop_turn();
	}

	return r;
}

static int fifo_set_array(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_array *array = XEN_ATTR_ARG(data, *array);
	bool was_on;
	int r;

	if (array->active > 1 || (!array->active && array->nr))
		return -EINVAL;
	if (array->nr > XEN_ABI_FIFO_NR_PAGES)
		return -ENOSPC;

	guard(mutex)(&kvm->arch.xen.state.fifo_lock);

	if (!array->active) {
		xen_fifo_switch_off(kvm);
		return 0;
	}

	was_on = xen_fifo_is_on(kvm);
	r = xen_fifo_switch_on(kvm);
	if (!r)
		r = set_frames(kvm, array);
	if (r && !was_on)
		xen_fifo_switch_off(kvm);
	return r;
}

static u32 control_offset(struct xen_fifo_vcpu *mine)
{
	return offset_in_page(mine->control.gpa);
}

static int get_tails(struct xen_fifo_vcpu *mine, u64 to)
{
	u32 __user *tails = u64_to_user_ptr(to);
	unsigned int i;

	for (i = 0; to && i < XEN_ABI_FIFO_NR_QUEUES; i++) {
		if (put_user(READ_ONCE(mine->queues[i].tail), &tails[i]))
			return -EFAULT;
	}

	return 0;
}

/*
 * Do this vCPU's deferred logging: the vCPU may not run again before its VM is saved.
 * Returns -EAGAIN if the VMM has to empty the vCPU's ring first.
 */
static int log_dirty(struct kvm_vcpu *vcpu)
{
	atomic64_t *deferred = &vcpu->arch.xen.state.deferred[XEN_NARROW];

	guard(srcu)(&vcpu->kvm->srcu);

	if (!(atomic64_fetch_andnot(XEN_DEFERRED_LOG, deferred) & XEN_DEFERRED_LOG))
		return 0;

	return xen_fifo_log_dirty(vcpu) ? 0 : -EAGAIN;
}

static int fifo_get_control(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	struct kvm_xen_evtchn_control *control = XEN_ATTR_ARG(data, *control);
	struct xen_fifo_vcpu *mine;
	int r;

	guard(mutex)(&vcpu->kvm->arch.xen.state.fifo_lock);

	r = log_dirty(vcpu);
	if (r)
		return r;

	mine = vcpu->arch.xen.state.fifo;
	if (!mine) {
		control->gfn = KVM_XEN_INVALID_GFN;
		return 0;
	}

	control->gfn = gpa_to_gfn(mine->control.gpa);
	control->offset = control_offset(mine);
	return get_tails(mine, control->tails);
}

/* A tail is 0 or a port whose page was added, because KVM writes to the tail's word. */
static int read_tails(struct kvm *kvm, u64 from, u32 *tails)
{
	u32 end = kvm->arch.xen.state.fifo->nr_pages * XEN_ABI_FIFO_PAGE_PORTS;
	unsigned int i;

	if (copy_from_user(tails, u64_to_user_ptr(from),
			   XEN_ABI_FIFO_NR_QUEUES * sizeof(*tails)))
		return -EFAULT;

	for (i = 0; i < XEN_ABI_FIFO_NR_QUEUES; i++) {
		if (tails[i] && tails[i] >= end)
			return -EINVAL;
	}

	return 0;
}

static void set_tails(struct xen_fifo_vcpu *mine, const u32 *tails)
{
	unsigned long flags = xen_irqs_off();
	struct evtchn_fifo_queue *queue;
	unsigned int i;

	for (i = 0; i < XEN_ABI_FIFO_NR_QUEUES; i++) {
		queue = &mine->queues[i];
		seam_lock_pair(&queue->lock, &queue->lock);
		queue->tail = tails[i];
		seam_unlock_pair(&queue->lock, &queue->lock);
	}
	xen_irqs_restore(flags);
}

/*
 * If the control block has ready queues, an upcall was due when the guest was saved:
 * raise it.
 */
static void raise_if_ready(struct kvm_vcpu *vcpu)
{
	struct xen_fifo_vcpu *mine = vcpu->arch.xen.state.fifo;
	struct xen_abi_fifo_control *control;
	struct kvm *kvm = vcpu->kvm;
	struct xen_map map;
	bool ready;

	guard(srcu)(&kvm->srcu);

	if (xen_map(&map, &mine->control, sizeof(*control)))
		return;

	control = map.khva;
	ready = READ_ONCE(control->ready);
	xen_unmap(&map);
	if (ready)
		xen_upcall_select(vcpu, xen_ops(kvm), xen_layout(kvm), 0);
}

/* Returns 0 if the vCPU has its control block at that address. */
static int place_control(struct kvm_vcpu *vcpu,
			 const struct kvm_xen_evtchn_control *control)
{
	struct xen_fifo_vcpu *mine = vcpu->arch.xen.state.fifo;
	gpa_t gpa = gfn_to_gpa(control->gfn) + control->offset;

	if (!mine)
		return xen_fifo_place_control(vcpu, control->gfn,
					      control->offset);

	return mine->control.gpa == gpa ? 0 : -EBUSY;
}

static int fifo_set_control(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *data)
{
	struct kvm_xen_evtchn_control *control = XEN_ATTR_ARG(data, *control);
	u32 tails[XEN_ABI_FIFO_NR_QUEUES];
	int r;

	guard(mutex)(&vcpu->kvm->arch.xen.state.fifo_lock);

	if (control->gfn == KVM_XEN_INVALID_GFN)
		return vcpu->arch.xen.state.fifo ? -EBUSY : 0;
	if (!xen_fifo_is_on(vcpu->kvm))
		return -EOPNOTSUPP;

	r = control->tails ? read_tails(vcpu->kvm, control->tails, tails) : 0;
	if (!r)
		r = place_control(vcpu, control);
	if (r)
		return r;

	if (control->tails)
		set_tails(vcpu->arch.xen.state.fifo, tails);
	raise_if_ready(vcpu);
	return 0;
}

/* Ports */

static u32 id_of(struct kvm *kvm, u16 vcpu_idx)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu(kvm, vcpu_idx);

	return vcpu ? vcpu->vcpu_id : KVM_XEN_EVTCHN_NO_VCPU;
}

static struct kvm_xen_evtchn_fifo_port port_entry(struct kvm *kvm,
						  struct evtchn_fifo_port *port,
						  u32 nr)
{
	union evtchn_fifo_dest dest = { .raw = READ_ONCE(port->dest.raw) };
	struct evtchn_fifo_queue *last = READ_ONCE(port->last);

	return (struct kvm_xen_evtchn_fifo_port) {
		.port = nr,
		.vcpu = id_of(kvm, evtchn_fifo_owner(port)),
		.vcpu_priority = dest.priority,
		.last_vcpu = id_of(kvm, last->vcpu),
		.last_priority = last->priority,
		.priority = READ_ONCE(port->priority),
		.saved = READ_ONCE(port->saved),
	};
}

/* Whether the port has only default values, so that it need not be saved. */
static bool is_plain(const struct kvm *kvm, const struct evtchn_fifo_port *port)
{
	struct evtchn_fifo_port plain;

	evtchn_fifo_port_init(&plain, &kvm->arch.xen.state.fifo->nowhere);
	return port->last == plain.last && port->dest.raw == plain.dest.raw &&
	       port->priority == plain.priority && port->saved == plain.saved &&
	       port->bound == plain.bound;
}

/* The first port from *@nr on that has to be saved, or NULL. */
static struct evtchn_fifo_port *next_port(struct kvm *kvm, u32 *nr)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *port;

	while (fifo && *nr < XEN_ABI_FIFO_NR_PORTS) {
		port = xen_fifo_find_port(fifo, array_index_nospec(*nr,
								   XEN_ABI_FIFO_NR_PORTS));
		if (port && !is_plain(kvm, port))
			return port;
		*nr = port ? *nr + 1 : round_up(*nr + 1, XEN_FIFO_LEAF_PORTS);
	}

	return NULL;
}

static int fifo_get_ports(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_enum *request = XEN_ATTR_ARG(data, *request);
	struct kvm_xen_evtchn_fifo_port __user *entries =
		u64_to_user_ptr(request->entries);
	struct kvm_xen_evtchn_fifo_port entry;
	struct evtchn_fifo_port *port;
	u32 port_nr = request->first;
	u32 nr = 0;
	int r;

	if (request->done)
		return -EINVAL;

	guard(mutex)(&kvm->arch.xen.state.fifo_lock);

	for (; (port = next_port(kvm, &port_nr)); nr++) {
		entry = port_entry(kvm, port, port_nr++);
		if (nr < request->nr &&
		    copy_to_user(&entries[nr], &entry, sizeof(entry)))
			return -EFAULT;
		r = xen_loop_turn();
		if (r)
			return r;
	}

	request->nr = nr;
	return 0;
}

/* The queue that a port was on last, or ERR_PTR() if it does not exist. */
static struct evtchn_fifo_queue *
last_queue(struct kvm *kvm, const struct kvm_xen_evtchn_fifo_port *entry)
{
	struct kvm_vcpu *vcpu;
	u32 priority;

	if (entry->last_vcpu == KVM_XEN_EVTCHN_NO_VCPU)
		return &kvm->arch.xen.state.fifo->nowhere;

	vcpu = kvm_get_vcpu_by_id(kvm, entry->last_vcpu);
	if (!vcpu || !vcpu->arch.xen.state.fifo ||
	    entry->last_priority >= XEN_ABI_FIFO_NR_QUEUES)
		return ERR_PTR(-EINVAL);

	priority = array_index_nospec(entry->last_priority, XEN_ABI_FIFO_NR_QUEUES);
	return &vcpu->arch.xen.state.fifo->queues[priority];
}

static bool is_bad_entry(struct kvm *kvm,
			 const struct kvm_xen_evtchn_fifo_port *entry)
{
	return !entry->port ||
	       entry->port > kvm->arch.xen.state.max_port ||
	       entry->priority >= XEN_ABI_FIFO_NR_QUEUES ||
	       (entry->vcpu_priority >= XEN_ABI_FIFO_NR_QUEUES &&
		entry->vcpu_priority != EVTCHN_FIFO_OWN_PRIORITY) ||
	       entry->saved > 1;
}

static int restore_port(struct evtchn_fifo_event *event, struct kvm_vcpu *vcpu,
			const struct kvm_xen_evtchn_fifo_port *entry)
{
	union evtchn_fifo_dest dest = {
		.vcpu = vcpu->vcpu_idx,
		.priority = entry->vcpu_priority,
	};
	struct evtchn_fifo_port *port = event->port;
	unsigned long flags = xen_irqs_off();
	bool locked = evtchn_fifo_lock(event);

	if (locked) {
		WRITE_ONCE(port->last, event->to);
		evtchn_fifo_unbind(port);
		WRITE_ONCE(port->dest.raw, dest.raw);
		WRITE_ONCE(port->priority, entry->priority);
		WRITE_ONCE(port->saved, entry->saved);
		evtchn_fifo_unlock(event);
	}

	xen_irqs_restore(flags);
	return locked ? 0 : -EBUSY;
}

static int set_port(struct kvm *kvm,
		    const struct kvm_xen_evtchn_fifo_port *entry)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu_by_id(kvm, entry->vcpu);
	struct evtchn_fifo_event event;
	u32 nr;
	int r;

	event.to = last_queue(kvm, entry);
	if (!vcpu || IS_ERR(event.to) || is_bad_entry(kvm, entry))
		return -EINVAL;

	nr = array_index_nospec(entry->port, XEN_ABI_FIFO_NR_PORTS);
	event.nr = nr;
	event.port = xen_fifo_make_port(kvm->arch.xen.state.fifo, nr,
					GFP_KERNEL_ACCOUNT);
	if (!event.port)
		return -ENOMEM;

	r = restore_port(&event, vcpu, entry);
	if (r)
		return r;

	guard(srcu)(&kvm->srcu);
	xen_evtchn_raise_saved(kvm, nr, nr + 1, NULL);
	return 0;
}

/* Sets the number of restored entries in *@done, also if it fails. */
static int set_entries(struct kvm *kvm, const struct kvm_xen_evtchn_enum *request,
		       u32 *done)
{
	struct kvm_xen_evtchn_fifo_port __user *entries =
		u64_to_user_ptr(request->entries);
	struct kvm_xen_evtchn_fifo_port entry;
	int r = 0;

	lockdep_assert_held(&kvm->arch.xen.state.fifo_lock);

	for (*done = 0; *done < request->nr; ++*done) {
		r = xen_loop_turn();
		if (!r && copy_from_user(&entry, &entries[*done], sizeof(entry)))
			r = -EFAULT;
		if (!r)
			r = set_port(kvm, &entry);
		if (r)
			break;
	}

	return r;
}

static int fifo_set_ports(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_evtchn_enum *request = XEN_ATTR_ARG(data, *request);
	u32 __user *to = u64_to_user_ptr(request->done);
	u32 done;
	int r;

	if (request->nr > XEN_ABI_FIFO_NR_PORTS)
		return -EINVAL;

	guard(mutex)(&kvm->arch.xen.state.fifo_lock);

	if (!xen_fifo_is_on(kvm))
		return -EOPNOTSUPP;

	r = set_entries(kvm, request, &done);
	return to && put_user(done, to) ? -EFAULT : r;
}

const struct xen_vm_attr xen_fifo_array_attr = {
	.set = fifo_set_array,
	.get = fifo_get_array,
	.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_FIFO,
	.pad = XEN_ATTR_PAD(kvm_xen_evtchn_array, pad),
	.locks = true,
};

const struct xen_vm_attr xen_fifo_ports_attr = {
	.set = fifo_set_ports,
	.get = fifo_get_ports,
	.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_FIFO,
	.pad = XEN_ATTR_PAD(kvm_xen_evtchn_enum, pad),
	.locks = true,
};

const struct xen_vcpu_attr xen_fifo_control_attr = {
	.set = fifo_set_control,
	.get = fifo_get_control,
	.config_flag = KVM_XEN_HVM_CONFIG_EVTCHN_FIFO,
	.pad = XEN_ATTR_PAD(kvm_xen_evtchn_control, pad1),
	.locks = true,
};
