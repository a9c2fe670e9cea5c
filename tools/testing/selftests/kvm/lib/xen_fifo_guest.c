// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's side of FIFO event channels, written from the description of the
 * ABI: taking events off their queues, masks, hypercalls, upcalls.  And 2-level,
 * for tests that do the same with both.
 */
#include "apic.h"
#include "test_util.h"
#include "xen_fifo.h"

/* Take the port of @word off its queue; returns the one behind it. */
static uint32_t take_off(uint32_t *word)
{
	uint32_t old = READ_ONCE(*word);

	while (!__atomic_compare_exchange_n(word, &old, old & ~(XEN_FIFO_LINKED | XEN_FIFO_LINK),
					    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	return old & XEN_FIFO_LINK;
}

/* Events of one queue have rising turns, where their sender gave them any. */
static void check_turn(struct xen_fifo_consumer *c, unsigned int queue, uint32_t turn)
{
	if (turn && turn != c->turn[queue] + 1)
		c->nr_disordered++;
	if (turn)
		c->turn[queue] = turn;
}

/* What is seen only rises, though two vCPUs may handle events of one port. */
static void see(struct xen_fifo_port *port)
{
	uint32_t sent = READ_ONCE(port->sent), seen = READ_ONCE(port->seen);

	while (seen < sent && !__atomic_compare_exchange_n(&port->seen, &seen, sent, false,
							   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

/* Its event was taken before, so that it can be raised anew. */
static void note_handled(struct xen_fifo_consumer *c, uint32_t port)
{
	c->log[c->nr_handled++ % XEN_FIFO_LOG_SIZE] = port;
	see(&c->ports[port]);

	/* Last: its sender may send again from here on. */
	__atomic_fetch_add(&c->ports[port].handled, 1, __ATOMIC_SEQ_CST);
}

/*
 * An event is whose PENDING was cleared: a port that is masked and unmasked while it is
 * off its queue is put on another one, so that two vCPUs may find the same event.
 */
static bool handle(struct xen_fifo_consumer *c, unsigned int queue, uint32_t port)
{
	uint32_t old;

	if (c->before_taking)
		c->before_taking(c, port);

	old = __atomic_fetch_and(&c->words[port], ~XEN_FIFO_PENDING, __ATOMIC_SEQ_CST);
	if (!(old & XEN_FIFO_PENDING))
		return false;

	check_turn(c, queue, READ_ONCE(c->ports[port].turn));
	note_handled(c, port);
	return true;
}

/* Take the first event of @queue; returns false where it was the last. */
static bool consume_one(struct xen_fifo_consumer *c, unsigned int queue, unsigned int *handled)
{
	uint32_t port = c->head[queue] ?: READ_ONCE(c->control->head[queue]);
	uint32_t word;

	if (!port || port >= c->nr_ports) {
		c->head[queue] = 0;
		c->nr_bad++;
		return false;
	}

	c->head[queue] = take_off(&c->words[port]);
	word = READ_ONCE(c->words[port]);
	if ((word & XEN_FIFO_PENDING) && !(word & XEN_FIFO_MASKED))
		*handled += handle(c, queue, port);
	return c->head[queue];
}

static uint32_t take_ready(struct xen_fifo_consumer *c)
{
	return __atomic_exchange_n(&c->control->ready, 0, __ATOMIC_SEQ_CST);
}

unsigned int xen_fifo_consume(struct xen_fifo_consumer *c)
{
	uint32_t ready = take_ready(c) & ((1u << XEN_FIFO_NR_QUEUES) - 1);
	unsigned int handled = 0, queue;

	while (ready) {
		queue = __builtin_ctz(ready);
		if (!consume_one(c, queue, &handled))
			ready &= ~(1u << queue);
		ready |= take_ready(c) & ((1u << XEN_FIFO_NR_QUEUES) - 1);
	}
	return handled;
}

/* Take what is pending and not masked of the ports behind bit @sel. */
static unsigned int consume_2l_word(struct xen_fifo_consumer *c, unsigned int sel)
{
	struct xen_shared_info64 *shinfo = c->shinfo;
	uint64_t ready = READ_ONCE(shinfo->evtchn_pending[sel]) &
			 ~READ_ONCE(shinfo->evtchn_mask[sel]);
	unsigned int handled = 0;
	uint32_t port;

	for (; ready; ready &= ready - 1) {
		port = 64 * sel + __builtin_ctzll(ready);
		if (port >= c->nr_ports || !xen_clear_pending(shinfo, port))
			continue;
		note_handled(c, port);
		handled++;
	}
	return handled;
}

unsigned int xen_2l_consume(struct xen_fifo_consumer *c)
{
	uint64_t sel = xen_take_sel(c->vcpu_info, true);
	unsigned int handled = 0;

	for (; sel; sel &= sel - 1)
		handled += consume_2l_word(c, __builtin_ctzll(sel));
	return handled;
}

bool xen_fifo_try_unmask(uint32_t *word)
{
	uint32_t old = READ_ONCE(*word);

	do {
		if (old & XEN_FIFO_PENDING)
			return false;
		old &= ~XEN_FIFO_BUSY;
	} while (!__atomic_compare_exchange_n(word, &old, old & ~XEN_FIFO_MASKED, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

static int64_t event_channel_op(bool wide, uint32_t op, void *arg)
{
	asm volatile("" : : "r"(arg) : "memory");
	return xen_guest_call(wide, __HYPERVISOR_event_channel_op, op, (uintptr_t)arg, 0);
}

int64_t xen_guest_init_control(bool wide, uint32_t vcpu, uint64_t gfn, uint32_t offset)
{
	struct xen_init_control init = { .gfn = gfn, .offset = offset, .vcpu = vcpu };

	return event_channel_op(wide, EVTCHNOP_init_control, &init);
}

int64_t xen_guest_expand_array(bool wide, uint64_t gfn)
{
	return event_channel_op(wide, EVTCHNOP_expand_array, &gfn);
}

int64_t xen_guest_set_priority(bool wide, uint32_t port, uint32_t priority)
{
	struct xen_set_priority set = { .port = port, .priority = priority };

	return event_channel_op(wide, EVTCHNOP_set_priority, &set);
}

int64_t xen_guest_unmask_call(bool wide, uint32_t port)
{
	return event_channel_op(wide, EVTCHNOP_unmask, &port);
}

void xen_guest_fifo_unmask(uint32_t port)
{
	if (!xen_fifo_try_unmask(xen_guest_word(port)))
		GUEST_ASSERT_EQ(xen_guest_unmask_call(true, port), 0);
}

void xen_guest_fifo_begin(unsigned int vcpus, unsigned int pages)
{
	unsigned int i;

	for (i = 0; i < vcpus; i++)
		GUEST_ASSERT_EQ(xen_guest_init_control(true, i, XEN_CONTROL_GFN(i),
						       XEN_CONTROL_OFFSET), 0);
	for (i = 0; i < pages; i++)
		GUEST_ASSERT_EQ(xen_guest_expand_array(true, XEN_ARRAY_GFN(i)), 0);
}

/* The host let GS point at it. */
struct xen_fifo_consumer *xen_guest_consumer(void)
{
	struct xen_fifo_consumer *c;

	asm volatile("movq %%gs:0, %0" : "=r"(c));
	return c;
}

static void upcall(void)
{
	struct xen_fifo_consumer *c = xen_guest_consumer();

	c->nr_upcalls++;
	__atomic_store_n(xen_upcall_pending(c->vcpu_info), 0, __ATOMIC_SEQ_CST);
	if (c->shinfo)
		xen_2l_consume(c);
	else
		xen_fifo_consume(c);
}

void xen_guest_vm_upcall(struct ex_regs *regs)
{
	upcall();
}

void xen_guest_vcpu_upcall(struct ex_regs *regs)
{
	x2apic_write_reg(APIC_EOI, 0);
	upcall();
}

/* A line that is level-triggered has to be down before it is ended. */
void xen_guest_fifo_line_upcall(struct ex_regs *regs)
{
	upcall();
	x2apic_write_reg(APIC_EOI, 0);
}

unsigned int xen_guest_send_idle(uint32_t first, unsigned int nr)
{
	volatile struct xen_fifo_port *port;
	unsigned int sent = 0;
	uint32_t i;

	for (i = first; i < first + nr; i++) {
		port = xen_guest_port(i);
		if (port->sent != port->handled)
			continue;
		port->sent++;
		GUEST_ASSERT_EQ(xen_guest_send(true, i), 0);
		sent++;
	}
	return sent;
}

void xen_guest_fifo_serve(void)
{
	x2apic_enable();
	for (;;)
		xen_guest_halt();
}
