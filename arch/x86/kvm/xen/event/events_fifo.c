// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO events inside KVM: find the queues of an event, and map the pages it touches.
 *
 * These are the event array's page with the word of the port, the control block, and the
 * event array's page with the word of the queue's tail, which is known only once the
 * queue is locked.  The first two are mapped in this order, then the queues are locked,
 * and the last is mapped only if that needs no waiting, so no two callers can wait for
 * each other.
 *
 * If a page is missing, the event is saved in struct evtchn_fifo_port.  It is
 * raised again when the guest adds the page or, if memory that was there is gone, by the
 * vCPU's thread after the memslots have changed.  Written pages are marked dirty.
 *
 * Owns the contents of struct evtchn_fifo_port in fifo->leaves; fifo.h says what guards
 * them.
 */
#include "xen/base/deferred.h"
#include "xen/base/dirty.h"
#include "xen/event/events_fifo.h"
#include "xen/event/fifo_log.h"
#include "xen/event/fifo_port.h"

typedef enum xen_evtchn_verdict (*queue_fn)(struct evtchn_fifo_event *event,
					    u32 *word, u32 *tail_word,
					    struct xen_abi_fifo_control *control);

/*
 * Apply @fn with the queues locked, if the tail's word is in another page of the event
 * array than @page, which has the word of the event.  The event is passed by value, so
 * that it stays in registers for callers that do not get here.
 */
static noinline int queue_across(struct xen_fifo *fifo, struct kvm_vcpu *vcpu,
				 struct evtchn_fifo_event event, void *page,
				 struct xen_abi_fifo_control *control,
				 queue_fn fn)
{
	u32 tail = evtchn_fifo_tail(&event);
	struct xen_map map;
	int verdict;

	if (!xen_try_map_second(&map, xen_fifo_word_gpc(fifo, tail)))
		return -EWOULDBLOCK;

	verdict = fn(&event, xen_fifo_word(page, event.nr), xen_fifo_word(map.khva, tail),
		     control);
	if (xen_logs_writes(vcpu->kvm))
		xen_fifo_log_word(vcpu, fifo, tail, map.gpc);
	xen_unmap(&map);
	return verdict;
}

/* Whether the words of two ports are in one page of the array. */
static bool is_near(u32 nr, u32 other)
{
	return (nr ^ other) < XEN_ABI_FIFO_PAGE_PORTS;
}

/*
 * Apply @fn with all mapped except the word of the tail; @gpc maps the control block.
 * Returns @overtaken if other callers raised the port concurrently.
 */
static __always_inline int queue_mapped(struct xen_fifo *fifo,
					struct kvm_vcpu *vcpu,
					struct evtchn_fifo_event *event,
					void *page,
					const struct gfn_to_pfn_cache *gpc,
					queue_fn fn, int overtaken)
{
	u32 tail;
	int r;

	if (unlikely(!evtchn_fifo_lock(event)))
		return overtaken;

	tail = evtchn_fifo_tail(event);
	if (likely(!tail || is_near(tail, event->nr)))
		r = fn(event, xen_fifo_word(page, event->nr), xen_fifo_word(page, tail),
		       gpc->khva);
	else
		r = queue_across(fifo, vcpu, *event, page, gpc->khva, fn);
	evtchn_fifo_unlock(event);
	return r;
}

/*
 * Hold an event until another vCPU has taken its port off.  KVM is not notified of that,
 * so the destination vCPU tries again at each tick, which usually is once.
 */
static noinline void hold(struct xen_fifo *fifo, struct xen_fifo_vcpu *mine)
{
	WRITE_ONCE(mine->holds, 1);
	queue_delayed_work(system_percpu_wq, &fifo->held_work, 1);
}

void xen_fifo_retry_held(struct work_struct *work)
{
	struct xen_fifo *fifo = container_of(to_delayed_work(work),
					     struct xen_fifo, held_work);
	struct xen_fifo_vcpu *mine;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	guard(srcu)(&fifo->kvm->srcu);

	kvm_for_each_vcpu(i, vcpu, fifo->kvm) {
		mine = xen_fifo_vcpu_of(vcpu);
		if (mine && READ_ONCE(mine->holds))
			xen_defer_work(vcpu, XEN_DEFERRED_RETRY);
	}
}

/*
 * Apply @fn, evtchn_fifo_mark() or evtchn_fifo_unmask(), to port @nr, whose word is in
 * @map.  Returns as xen_evtchn_ops::unmask(), or @overtaken if other callers raised the
 * port concurrently.
 */
static __always_inline int queue(struct xen_fifo *fifo, struct kvm_vcpu *vcpu,
				 struct evtchn_fifo_port *port, u32 nr,
				 u32 priority, const struct xen_map *map,
				 queue_fn fn, int overtaken)
{
	struct evtchn_fifo_event event __uninitialized;
	struct xen_fifo_vcpu *mine = xen_fifo_vcpu_of(vcpu);
	int r;

	/* As in Xen: a guest must not bind ports to a vCPU without a control block. */
	if (unlikely(!mine))
		return XEN_EVTCHN_DROPPED;
	if (unlikely(!xen_try_map_under(&mine->control)))
		return -EWOULDBLOCK;

	if (likely(priority == EVTCHN_FIFO_OWN_PRIORITY))
		priority = READ_ONCE(port->priority);

	event.port = port;
	event.nr = nr;
	event.to = &mine->queues[priority];
	r = queue_mapped(fifo, vcpu, &event, map->khva, &mine->control, fn,
			 overtaken);
	if (unlikely(r == XEN_EVTCHN_SAVED))
		hold(fifo, mine);

	if (xen_logs_writes(vcpu->kvm)) {
		xen_fifo_log_word(vcpu, fifo, nr, map->gpc);
		xen_fifo_log_control(vcpu, mine);
	}
	xen_unmap_under(&mine->control);
	return r;
}

/* Remember the destination: unmask may have to raise the event again. */
static u32 set_dest(struct evtchn_fifo_port *port, struct kvm_vcpu *vcpu,
		    u32 priority)
{
	/*
	 * KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL truncates to the port's own priority;
	 * other values were checked by xen_is_priority().
	 */
	static_assert((u8)KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL ==
		      EVTCHN_FIFO_OWN_PRIORITY);
	union evtchn_fifo_dest dest = {
		.vcpu = vcpu->vcpu_idx,
		.priority = priority,
	};

	if (READ_ONCE(port->dest.raw) != dest.raw)
		WRITE_ONCE(port->dest.raw, dest.raw);
	return dest.priority;
}

/*
 * Mark the event, unless it coalesces, which is checked without locking a queue.  Mapping
 * the page takes a lock, on x86 a full barrier, as evtchn_fifo_is_due() requires.
 */
static __always_inline int mark(struct xen_fifo *fifo, struct kvm_vcpu *vcpu,
				struct evtchn_fifo_port *port, u32 nr,
				u32 priority, struct gfn_to_pfn_cache *gpc)
{
	struct xen_map map __uninitialized;
	int r;

	if (unlikely(!xen_try_map(&map, gpc)))
		return -EWOULDBLOCK;

	if (evtchn_fifo_is_due(xen_fifo_word(map.khva, nr))) {
		xen_unmap(&map);
		return XEN_EVTCHN_COALESCED;
	}

	r = queue(fifo, vcpu, port, nr, priority, &map, evtchn_fifo_mark,
		  XEN_EVTCHN_COALESCED);
	xen_unmap(&map);
	return r;
}

/*
 * Save the event again, because the caller may retry with another port: it may read a
 * changed argument or routing entry.
 */
static noinline void put_back(struct kvm_vcpu *vcpu, struct evtchn_fifo_port *port)
{
	WRITE_ONCE(port->saved, 1);
	xen_defer_work_again(vcpu, XEN_DEFERRED_RETRY, xen_fifo_is_stalled);
}

int xen_fifo_mark(struct kvm_vcpu *vcpu, const struct xen_layout *layout,
		  u32 port, u32 priority)
{
	struct xen_fifo *fifo = vcpu->kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *state = xen_fifo_leaf(fifo, port);
	struct gfn_to_pfn_cache *gpc = xen_fifo_word_gpc(fifo, port);
	bool was_saved;
	int r;

	if (unlikely(!state))
		return -EWOULDBLOCK;

	state += port % XEN_FIFO_LEAF_PORTS;
	priority = set_dest(state, vcpu, priority);
	if (unlikely(!gpc)) {
		if (evtchn_fifo_save(state, xen_fifo_page(fifo, port)))
			return XEN_EVTCHN_SAVED;
		gpc = xen_fifo_word_gpc(fifo, port);
	}

	/*
	 * A saved event of this port coalesces with this one, if this one can be
	 * marked.  An event saved after this point does not.
	 */
	was_saved = evtchn_fifo_take_saved(state);
	r = mark(fifo, vcpu, state, port, priority, gpc);
	if (unlikely(r == -EWOULDBLOCK && was_saved))
		put_back(vcpu, state);
	return r;
}

static int xen_fifo_unmask(struct kvm *kvm, struct kvm_vcpu *vcpu,
			   const struct xen_layout *layout, u32 port)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *state = xen_fifo_find_port(fifo, port);
	struct xen_map map;
	int r;

	if (!xen_fifo_word_gpc(fifo, port))
		return XEN_EVTCHN_COALESCED;
	if (!state || !xen_try_map(&map, xen_fifo_word_gpc(fifo, port)))
		return -EWOULDBLOCK;

	r = queue(fifo, vcpu, state, port, READ_ONCE(state->dest.priority),
		  &map, evtchn_fifo_unmask, -EBUSY);
	xen_unmap(&map);
	return r;
}

bool xen_fifo_is_stalled(struct kvm_vcpu *vcpu)
{
	return xen_is_stalled(vcpu->kvm, &vcpu->arch.xen.state.fifo_stalled_generation);
}

/* The pages of other saved events for the vCPU may be back, too: raise them again. */
static void end_stall(struct kvm_vcpu *vcpu)
{
	struct kvm_xen_vcpu_state *state = &vcpu->arch.xen.state;

	if (likely(!READ_ONCE(state->fifo_stalled_generation)))
		return;

	WRITE_ONCE(state->fifo_stalled_generation, 0);
	if (atomic64_read(&state->deferred[XEN_NARROW]) & XEN_DEFERRED_RETRY)
		xen_kick(vcpu);
}

/*
 * How many ticks an event is held, one second.  A vCPU that takes interrupts takes its
 * ports off much earlier; one that has not done so by then is offline and left its queues
 * as they were.  Do not give up earlier: a guest that is merely slow to reach the port
 * would continue with the port that follows it on the new queue.
 */
#define HELD_TICKS	HZ

void xen_fifo_begin_retry(struct kvm_vcpu *vcpu)
{
	struct xen_fifo_vcpu *mine = xen_fifo_vcpu_of(vcpu);

	WRITE_ONCE(vcpu->arch.xen.state.fifo_stalled_generation, 0);
	if (!mine)
		return;

	mine->retries_held = xchg(&mine->holds, 0);
	if (!mine->retries_held || mine->nr_held > HELD_TICKS)
		mine->nr_held = 0;
	else
		mine->nr_held++;
}

static bool retries_held(struct kvm_vcpu *vcpu)
{
	struct xen_fifo_vcpu *mine = xen_fifo_vcpu_of(vcpu);

	return mine && mine->retries_held;
}

static bool gives_up(struct kvm_vcpu *vcpu)
{
	struct xen_fifo_vcpu *mine = xen_fifo_vcpu_of(vcpu);

	return mine && mine->nr_held > HELD_TICKS;
}

/* Refresh @gpc.  On failure record the generation of the memslots: see map_or_stall(). */
static int refresh(struct kvm_vcpu *vcpu, struct gfn_to_pfn_cache *gpc,
		   unsigned long len)
{
	u64 generation = kvm_memslots(vcpu->kvm)->generation;
	int r = gpc ? kvm_gpc_refresh(gpc, len) : 0;

	if (r)
		WRITE_ONCE(vcpu->arch.xen.state.fifo_stalled_generation,
			   generation);
	return r;
}

/*
 * Refresh the pages of the tails' words.  A tail is known only under its queue's lock, so
 * refresh those of all queues of the vCPU; the next iteration waits for tails that have
 * changed meanwhile.
 */
static int refresh_tails(struct xen_fifo *fifo, struct kvm_vcpu *vcpu,
			 struct xen_fifo_vcpu *mine)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < XEN_ABI_FIFO_NR_QUEUES && !r; i++)
		r = refresh(vcpu, xen_fifo_word_gpc(fifo, READ_ONCE(mine->queues[i].tail)),
			    PAGE_SIZE);
	return r;
}

static int xen_fifo_wait(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct xen_fifo_vcpu *mine = xen_fifo_vcpu_of(vcpu);
	int r;

	might_sleep();

	/* At most one page per leaf of ports, and it must not fail. */
	xen_fifo_make_port(fifo, port, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	if (!mine)
		return 0;

	r = refresh(vcpu, xen_fifo_word_gpc(fifo, port), PAGE_SIZE) ?:
	    refresh_tails(fifo, vcpu, mine) ?:
	    refresh(vcpu, &mine->control, sizeof(struct xen_abi_fifo_control));
	if (!r)
		end_stall(vcpu);
	return r;
}

static bool xen_fifo_save(struct kvm_vcpu *vcpu, u32 port, u32 priority)
{
	struct xen_fifo *fifo = vcpu->kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *state = xen_fifo_find_port(fifo, port);
	static void *const no_page;

	/* The port exists: xen_fifo_wait() has made it. */
	set_dest(state, vcpu, priority);
	return evtchn_fifo_save(state, &no_page);
}

/* A port that is bound again must not start with an event from its previous use. */
static void xen_fifo_forget(struct kvm *kvm, u32 port)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *state = xen_fifo_find_port(fifo, port);
	struct gfn_to_pfn_cache *gpc = xen_fifo_word_gpc(fifo, port);
	struct xen_map map;

	might_sleep();

	if (!state)
		return;

	evtchn_fifo_unbind(state);
	evtchn_fifo_take_saved(state);
	WRITE_ONCE(state->priority, XEN_ABI_FIFO_PRIORITY);
	if (!gpc || xen_map(&map, gpc, PAGE_SIZE))
		return;

	evtchn_fifo_forget(xen_fifo_word(map.khva, port));
	if (xen_logs_writes(kvm))
		xen_fifo_log_word(kvm_get_vcpu(kvm, READ_ONCE(state->dest.vcpu)),
				  fifo, port, gpc);
	xen_unmap(&map);
}

static struct xen_port_view xen_fifo_view(struct kvm *kvm, u32 port)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *state = xen_fifo_find_port(fifo, port);
	struct gfn_to_pfn_cache *gpc = xen_fifo_word_gpc(fifo, port);
	struct xen_port_view view = {
		.pending = state && READ_ONCE(state->saved),
		.priority = state ? READ_ONCE(state->priority) :
				    XEN_ABI_FIFO_PRIORITY,
	};
	struct xen_map map;
	u32 word;

	if (!gpc || xen_map(&map, gpc, PAGE_SIZE))
		return view;

	word = READ_ONCE(*xen_fifo_word(map.khva, port));
	xen_unmap(&map);

	view.pending |= word & EVTCHN_WORD_PENDING;
	view.masked = word & EVTCHN_WORD_MASKED;
	view.linked = word & EVTCHN_WORD_LINKED;
	return view;
}

static void xen_fifo_bind(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *state;

	might_sleep();

	/*
	 * As in xen_fifo_wait(): at most one page per leaf of ports, and it must not
	 * fail.
	 */
	state = xen_fifo_make_port(fifo, port, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	if (vcpu)
		evtchn_fifo_bind(state, vcpu->vcpu_idx);
	else
		evtchn_fifo_unbind(state);
}

static struct kvm_vcpu *xen_fifo_owner(struct kvm *kvm, u32 port)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *state = xen_fifo_find_port(fifo, port);

	return kvm_get_vcpu(kvm, state ? evtchn_fifo_owner(state) : 0);
}

/* If the port of an event for @vcpu is still on a queue of another vCPU, take it off. */
static void cut(struct kvm_vcpu *vcpu, struct evtchn_fifo_port *port, u32 nr)
{
	struct xen_fifo *fifo = vcpu->kvm->arch.xen.state.fifo;
	struct evtchn_fifo_event event = {
		.port = port,
		.nr = nr,
		.to = &fifo->nowhere,
	};
	struct xen_map map;

	if (xen_map(&map, xen_fifo_word_gpc(fifo, nr), PAGE_SIZE))
		return;

	if (evtchn_fifo_lock(&event)) {
		evtchn_fifo_cut(&event, xen_fifo_word(map.khva, nr), vcpu->vcpu_idx);
		evtchn_fifo_unlock(&event);
	}
	if (xen_logs_writes(vcpu->kvm))
		xen_fifo_log_word(vcpu, fifo, nr, map.gpc);
	xen_unmap(&map);
}

/*
 * Take the saved event of @port if it is for @only, if @only is NULL, or if @only
 * retries held events: a held event may have got another destination, which holds nothing
 * and would not retry.
 */
static bool take_saved(struct kvm *kvm, struct evtchn_fifo_port *port, u32 nr,
		       struct kvm_vcpu *only, struct xen_saved_event *saved)
{
	union evtchn_fifo_dest dest = { .raw = READ_ONCE(port->dest.raw) };
	u16 owner = evtchn_fifo_owner(port);
	bool is_own = only && owner == only->vcpu_idx;

	if (only && !is_own && !retries_held(only))
		return false;
	if (!evtchn_fifo_take_saved(port))
		return false;

	if (is_own && gives_up(only))
		cut(only, port, nr);

	saved->port = nr;
	saved->vcpu = kvm_get_vcpu(kvm, owner);
	saved->priority = dest.priority == EVTCHN_FIFO_OWN_PRIORITY ?
			  KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL : dest.priority;
	return true;
}

static bool xen_fifo_take_saved(struct kvm *kvm, u32 first, u32 end,
				struct kvm_vcpu *only,
				struct xen_saved_event *saved)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *port;
	u32 nr = first;

	while (nr < end) {
		port = xen_fifo_find_port(fifo, nr);
		if (port && xen_fifo_word_gpc(fifo, nr) &&
		    take_saved(kvm, port, nr, only, saved))
			return true;
		nr = port ? nr + 1 : round_up(nr + 1, XEN_FIFO_LEAF_PORTS);
	}

	return false;
}

static bool xen_fifo_is_pending(struct kvm *kvm,
				const struct xen_layout *layout, u32 port)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *state = xen_fifo_find_port(fifo, port);
	struct gfn_to_pfn_cache *gpc = xen_fifo_word_gpc(fifo, port);
	struct xen_map map;
	bool pending;

	if (state && READ_ONCE(state->saved))
		return true;
	if (!gpc)
		return false;
	if (!xen_try_map_to_read(&map, gpc))
		return true;

	pending = evtchn_fifo_is_pending(xen_fifo_word(map.khva, port));
	xen_unmap(&map);
	return pending;
}

const struct xen_evtchn_ops xen_fifo_ops = {
	.nr_ports	= xen_fifo_nr_ports,
	.mark		= xen_fifo_mark,
	.unmask		= xen_fifo_unmask,
	.wait		= xen_fifo_wait,
	.save		= xen_fifo_save,
	.take_saved	= xen_fifo_take_saved,
	.is_pending	= xen_fifo_is_pending,
	.forget		= xen_fifo_forget,
	.view		= xen_fifo_view,
	.bind		= xen_fifo_bind,
	.owner		= xen_fifo_owner,
};
