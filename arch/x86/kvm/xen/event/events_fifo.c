// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO events inside KVM: finds the queues of an event, and maps the pages that
 * putting it on a queue touches.
 *
 * Those are the array's page with the word of the port, the control block, and the
 * array's page with the word of the queue's tail, which is known only once the queue
 * is locked.  The first two are mapped in this order, then the queues are locked, and
 * the last is mapped only if that needs no waiting: so no two can wait for each
 * other.
 *
 * An event that has no page is kept in struct evtchn_fifo_port as saved: where
 * the guest did not add the page yet, until it does; where memory is gone that
 * should be there, until the thread of its vCPU, or a change of memslots,
 * finds it back.  Pages are marked dirty as they are written.
 */
#include "xen/base/deferred.h"
#include "xen/base/dirty.h"
#include "xen/event/events_fifo.h"

static struct evtchn_fifo_port *leaf_of(struct xen_fifo *fifo, u32 nr)
{
	/* Pairs with the release in xen_fifo_make_port(). */
	return smp_load_acquire(&fifo->leaves[nr / XEN_FIFO_LEAF_PORTS]);
}

struct evtchn_fifo_port *xen_fifo_find_port(struct xen_fifo *fifo, u32 nr)
{
	struct evtchn_fifo_port *leaf = leaf_of(fifo, nr);

	return leaf ? &leaf[nr % XEN_FIFO_LEAF_PORTS] : NULL;
}

struct evtchn_fifo_port *xen_fifo_make_port(struct xen_fifo *fifo, u32 nr,
					    gfp_t gfp)
{
	struct evtchn_fifo_port **slot = &fifo->leaves[nr / XEN_FIFO_LEAF_PORTS];
	struct evtchn_fifo_port *leaf = NULL;
	unsigned int i;

	if (!xen_fifo_find_port(fifo, nr))
		leaf = kcalloc(XEN_FIFO_LEAF_PORTS, sizeof(*leaf), gfp);
	if (leaf) {
		for (i = 0; i < XEN_FIFO_LEAF_PORTS; i++)
			evtchn_fifo_port_init(&leaf[i], &fifo->nowhere);

		/* Implies a release, which pairs with leaf_of(). */
		if (cmpxchg(slot, NULL, leaf))
			kfree(leaf);
	}

	return xen_fifo_find_port(fifo, nr);
}

static void *const *page_of(struct xen_fifo *fifo, u32 nr)
{
	return &fifo->pages[nr / XEN_ABI_FIFO_PAGE_PORTS];
}

static struct gfn_to_pfn_cache *word_gpc(struct xen_fifo *fifo, u32 nr)
{
	/* Pairs with the release in fifo_ctl.c that adds a page. */
	return smp_load_acquire(page_of(fifo, nr));
}

static u32 *word_in(void *page, u32 nr)
{
	return (u32 *)page + nr % XEN_ABI_FIFO_PAGE_PORTS;
}

static struct xen_fifo_vcpu *fifo_vcpu(struct kvm_vcpu *vcpu)
{
	/* Pairs with the release in fifo_ctl.c that places a control block. */
	return smp_load_acquire(&vcpu->arch.xen.state.fifo);
}

/* Log that a word was written, with the page mapped by @gpc that it is in. */
static noinline void log_word(struct kvm_vcpu *vcpu, struct xen_fifo *fifo,
			      u32 nr, struct gfn_to_pfn_cache *gpc)
{
	u32 page = nr / XEN_ABI_FIFO_PAGE_PORTS;

	if (xen_log_write(gpc->kvm, gpc->memslot, gpa_to_gfn(gpc->gpa),
			  &fifo->page_entries[page]))
		return;

	/* Where it was set somebody has yet to clear it, and logs this write too. */
	if (!test_and_set_bit(page, fifo->unlogged))
		xen_defer_work(vcpu, XEN_DEFERRED_LOG);
}

/* The same of the control block of @vcpu. */
static noinline void log_control(struct kvm_vcpu *vcpu,
				 struct xen_fifo_vcpu *mine)
{
	struct gfn_to_pfn_cache *gpc = &mine->control;

	if (xen_log_write(gpc->kvm, gpc->memslot, gpa_to_gfn(gpc->gpa),
			  &mine->control_entry))
		return;

	if (!xchg(&mine->control_unlogged, true))
		xen_defer_work(vcpu, XEN_DEFERRED_LOG);
}

typedef enum xen_evtchn_verdict (*queue_fn)(struct evtchn_fifo_event *event,
					    u32 *word, u32 *tail_word,
					    struct xen_abi_fifo_control *control);

/*
 * With the queues locked, and the word of @tail in another page of the array than
 * @page, where that of the event is.  By value, as the event of who has no use for this
 * is in registers.
 */
static noinline int queue_across(struct xen_fifo *fifo, struct kvm_vcpu *vcpu,
				 struct evtchn_fifo_event event, void *page,
				 struct xen_abi_fifo_control *control,
				 queue_fn fn)
{
	u32 tail = evtchn_fifo_tail(&event);
	struct xen_map map;
	int verdict;

	if (!xen_try_map_second(&map, word_gpc(fifo, tail)))
		return -EWOULDBLOCK;

	verdict = fn(&event, word_in(page, event.nr), word_in(map.khva, tail),
		     control);
	if (xen_logs_writes(vcpu->kvm))
		log_word(vcpu, fifo, tail, map.gpc);
	xen_unmap(&map);
	return verdict;
}

/* Whether the words of two ports are in one page of the array. */
static bool is_near(u32 nr, u32 other)
{
	return (nr ^ other) < XEN_ABI_FIFO_PAGE_PORTS;
}

/* With all mapped but the word of the tail; @gpc is what maps the control block. */
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
		r = fn(event, word_in(page, event->nr), word_in(page, tail),
		       gpc->khva);
	else
		r = queue_across(fifo, vcpu, *event, page, gpc->khva, fn);
	evtchn_fifo_unlock(event);
	return r;
}

/*
 * An event that waits for another vCPU to take its port off.  Nobody hears of that, so
 * the vCPU that the event is for looks again with each tick, which as a rule is once.
 */
static noinline void hold(struct xen_fifo *fifo, struct xen_fifo_vcpu *mine)
{
	WRITE_ONCE(mine->holds, 1);
	queue_delayed_work(system_wq, &fifo->held_work, 1);
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
		mine = fifo_vcpu(vcpu);
		if (mine && READ_ONCE(mine->holds))
			xen_defer_work(vcpu, XEN_DEFERRED_RETRY);
	}
}

/*
 * With @map of the page where the word of @port is, number @nr.  As
 * xen_evtchn_ops::unmask() for either of @fn; @overtaken where others raised the port
 * at the same time.
 */
static __always_inline int queue(struct xen_fifo *fifo, struct kvm_vcpu *vcpu,
				 struct evtchn_fifo_port *port, u32 nr,
				 u32 priority, const struct xen_map *map,
				 queue_fn fn, int overtaken)
{
	struct evtchn_fifo_event event __uninitialized;
	struct xen_fifo_vcpu *mine = fifo_vcpu(vcpu);
	int r;

	/* As in Xen: the guest must not bind ports before. */
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
		log_word(vcpu, fifo, nr, map->gpc);
		log_control(vcpu, mine);
	}
	xen_unmap_under(&mine->control);
	return r;
}

/* Remember who it is for: it may have to be raised again, by unmask. */
static u32 set_dest(struct evtchn_fifo_port *port, struct kvm_vcpu *vcpu,
		     u32 priority)
{
	/* All that is no priority of its own is the port's: xen_is_priority(). */
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
 * Mark the event unless there is nothing to be done for it, which is told without a
 * lock of a queue.  To map the page is a full barrier on x86: it locks.
 */
static __always_inline int mark(struct xen_fifo *fifo, struct kvm_vcpu *vcpu,
				struct evtchn_fifo_port *port, u32 nr,
				u32 priority, struct gfn_to_pfn_cache *gpc)
{
	struct xen_map map __uninitialized;
	int r;

	if (unlikely(!xen_try_map(&map, gpc)))
		return -EWOULDBLOCK;

	if (evtchn_fifo_is_due(word_in(map.khva, nr))) {
		xen_unmap(&map);
		return XEN_EVTCHN_COALESCED;
	}

	r = queue(fifo, vcpu, port, nr, priority, &map, evtchn_fifo_mark,
		  XEN_EVTCHN_COALESCED);
	xen_unmap(&map);
	return r;
}

/*
 * The caller may come again for another port: an argument or a routing entry that is
 * read anew may have changed.
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
	struct evtchn_fifo_port *state = leaf_of(fifo, port);
	struct gfn_to_pfn_cache *gpc = word_gpc(fifo, port);
	bool was_saved;
	int r;

	if (unlikely(!state))
		return -EWOULDBLOCK;

	state += port % XEN_FIFO_LEAF_PORTS;
	priority = set_dest(state, vcpu, priority);
	if (unlikely(!gpc)) {
		if (evtchn_fifo_save(state, page_of(fifo, port)))
			return XEN_EVTCHN_SAVED;
		gpc = word_gpc(fifo, port);
	}

	/*
	 * One that still waits to be raised again is this one from now on, if it can
	 * be marked.  One that is saved later than here is not.
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

	if (!word_gpc(fifo, port))
		return XEN_EVTCHN_COALESCED;
	if (!state || !xen_try_map(&map, word_gpc(fifo, port)))
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

/* Whatever is saved for the vCPU may have its page too by now. */
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
 * A vCPU that takes interrupts takes ports off long before.  One that did not in so
 * many ticks of this vCPU's is offline with its queues left as they were.  Not earlier:
 * a guest that is only slow to come to the port would go on with what follows it on
 * the new queue.
 */
#define HELD_TICKS	HZ

void xen_fifo_begin_retry(struct kvm_vcpu *vcpu)
{
	struct xen_fifo_vcpu *mine = fifo_vcpu(vcpu);

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
	struct xen_fifo_vcpu *mine = fifo_vcpu(vcpu);

	return mine && mine->retries_held;
}

static bool gives_up(struct kvm_vcpu *vcpu)
{
	struct xen_fifo_vcpu *mine = fifo_vcpu(vcpu);

	return mine && mine->nr_held > HELD_TICKS;
}

/* Where a page cannot be mapped, remember with which memslots: see map_or_stall(). */
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
 * The tails are not known without the locks of their queues.  Look at all of
 * the vCPU's: those that changed since are waited for in the next round.
 */
static int refresh_tails(struct xen_fifo *fifo, struct kvm_vcpu *vcpu,
			 struct xen_fifo_vcpu *mine)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < XEN_ABI_FIFO_NR_QUEUES && !r; i++)
		r = refresh(vcpu, word_gpc(fifo, READ_ONCE(mine->queues[i].tail)),
			    PAGE_SIZE);
	return r;
}

static int xen_fifo_wait(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct xen_fifo_vcpu *mine = fifo_vcpu(vcpu);
	int r;

	might_sleep();

	/* A page at most for each 256 ports of the VM: it must not fail. */
	xen_fifo_make_port(fifo, port, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	if (!mine)
		return 0;

	r = refresh(vcpu, word_gpc(fifo, port), PAGE_SIZE) ?:
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

	/* Where this is the port's first event, xen_fifo_wait() made it. */
	set_dest(state, vcpu, priority);
	return evtchn_fifo_save(state, &no_page);
}

/* A port that is bound anew must not begin with an event of its former life. */
static void xen_fifo_forget(struct kvm *kvm, u32 port)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *state = xen_fifo_find_port(fifo, port);
	struct gfn_to_pfn_cache *gpc = word_gpc(fifo, port);
	struct xen_map map;

	might_sleep();

	if (!state)
		return;

	evtchn_fifo_unbind(state);
	evtchn_fifo_take_saved(state);
	if (!gpc || xen_map(&map, gpc, PAGE_SIZE))
		return;

	evtchn_fifo_forget(word_in(map.khva, port));
	if (xen_logs_writes(kvm))
		log_word(kvm_get_vcpu(kvm, READ_ONCE(state->dest.vcpu)),
			 fifo, port, gpc);
	xen_unmap(&map);
}

static void xen_fifo_bind(struct kvm *kvm, struct kvm_vcpu *vcpu, u32 port)
{
	struct xen_fifo *fifo = kvm->arch.xen.state.fifo;
	struct evtchn_fifo_port *state;

	might_sleep();

	/* As few pages as xen_fifo_wait() makes: it must not fail. */
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

/* Where the port of an event for @vcpu is held by another vCPU's queue, end that. */
static void cut(struct kvm_vcpu *vcpu, struct evtchn_fifo_port *port, u32 nr)
{
	struct xen_fifo *fifo = vcpu->kvm->arch.xen.state.fifo;
	struct evtchn_fifo_event event = {
		.port = port,
		.nr = nr,
		.to = &fifo->nowhere,
	};
	struct xen_map map;

	if (xen_map(&map, word_gpc(fifo, nr), PAGE_SIZE))
		return;

	if (evtchn_fifo_lock(&event)) {
		evtchn_fifo_cut(&event, word_in(map.khva, nr), vcpu->vcpu_idx);
		evtchn_fifo_unlock(&event);
	}
	if (xen_logs_writes(vcpu->kvm))
		log_word(vcpu, fifo, nr, map.gpc);
	xen_unmap(&map);
}

/*
 * An event that was held may be for another vCPU by now, for which nothing is held: who
 * looks again takes whatever is saved, for anybody.
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
		if (port && word_gpc(fifo, nr) &&
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
	struct gfn_to_pfn_cache *gpc = word_gpc(fifo, port);
	struct xen_map map;
	bool pending;

	if (state && READ_ONCE(state->saved))
		return true;
	if (!gpc)
		return false;
	if (!xen_try_map_to_read(&map, gpc))
		return true;

	pending = evtchn_fifo_is_pending(word_in(map.khva, port));
	xen_unmap(&map);
	return pending;
}

/* By its memslot, for the mapping may be gone, of which the log needs nothing. */
static bool log_page(struct gfn_to_pfn_cache *gpc, u64 *entry)
{
	gfn_t gfn = gpa_to_gfn(gpc->gpa);

	return xen_log_write(gpc->kvm, gfn_to_memslot(gpc->kvm, gfn), gfn, entry);
}

static bool log_pages(struct xen_fifo *fifo)
{
	unsigned int i;

	for_each_set_bit(i, fifo->unlogged, XEN_ABI_FIFO_NR_PAGES) {
		if (!test_and_clear_bit(i, fifo->unlogged))
			continue;
		if (!log_page(fifo->pages[i], &fifo->page_entries[i])) {
			set_bit(i, fifo->unlogged);
			return false;
		}
	}

	return true;
}

static bool log_own_control(struct xen_fifo_vcpu *mine)
{
	if (!xchg(&mine->control_unlogged, false))
		return true;
	if (log_page(&mine->control, &mine->control_entry))
		return true;

	WRITE_ONCE(mine->control_unlogged, true);
	return false;
}

/* In the thread of the vCPU, so that what fails does so for the ring being full. */
bool xen_fifo_log_dirty(struct kvm_vcpu *vcpu)
{
	struct xen_fifo *fifo = vcpu->kvm->arch.xen.state.fifo;
	struct xen_fifo_vcpu *mine = fifo_vcpu(vcpu);

	if ((!mine || log_own_control(mine)) && (!fifo || log_pages(fifo)))
		return true;

	/* The ring ends KVM_RUN, and the request the entry that follows. */
	xen_defer_work(vcpu, XEN_DEFERRED_LOG);
	return false;
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
	.bind		= xen_fifo_bind,
	.owner		= xen_fifo_owner,
};
