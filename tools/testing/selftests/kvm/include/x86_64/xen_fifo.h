/* SPDX-License-Identifier: GPL-2.0 */
/*
 * FIFO event channels: the guest's side of the ABI, and what a VMM does.
 *
 * Owns the layouts that guests and KVM share, a consumer of events written
 * from their description, and the memory in which a test VM has all that.  The
 * consumer works on either side: a test whose guest need not run consumes the
 * events itself.
 */
#ifndef SELFTEST_KVM_XEN_FIFO_H
#define SELFTEST_KVM_XEN_FIFO_H

#include "xen.h"

#define EVTCHNOP_bind_vcpu			8
#define EVTCHNOP_reset				10
#define EVTCHNOP_expand_array			12
#define EVTCHNOP_set_priority			13

#define XEN_ENOSPC				28
#define XEN_EOPNOTSUPP				95

/* A word for each port. */
#define XEN_FIFO_PENDING			(1u << 31)
#define XEN_FIFO_MASKED				(1u << 30)
#define XEN_FIFO_LINKED				(1u << 29)
#define XEN_FIFO_BUSY				(1u << 28)
#define XEN_FIFO_LINK				0x1ffffu
#define XEN_FIFO_LINK_BITS			17

#define XEN_FIFO_MAX_PORT			131071u
#define XEN_FIFO_PAGE_PORTS			1024u
#define XEN_FIFO_NR_PAGES			128u
#define XEN_FIFO_NR_QUEUES			16u
#define XEN_FIFO_OWN				7u	/* unless set otherwise */

struct xen_fifo_control {
	uint32_t ready;
	uint32_t reserved;
	uint32_t head[XEN_FIFO_NR_QUEUES];
};
static_assert(sizeof(struct xen_fifo_control) == 72, "control block");

struct xen_init_control {
	uint64_t gfn;
	uint32_t offset;
	uint32_t vcpu;
	uint8_t link_bits;
	uint8_t reserved[7];
};
static_assert(sizeof(struct xen_init_control) == 24, "init_control");

struct xen_set_priority {
	uint32_t port;
	uint32_t priority;
};

/*
 * Memory, mapped at the same guest virtual address, in memslots that can come
 * and go one by one: the array, a page for each control block, and what the
 * consumers keep for themselves.
 */
#define XEN_ARRAY_GPA		0xc4000000ull
#define XEN_ARRAY_SLOT		13
#define XEN_CONTROL_GPA		0xc5000000ull
#define XEN_CONTROL_SLOT	14
#define XEN_CONSUMER_GPA	0xc6000000ull
#define XEN_CONSUMER_SLOT	15

#define XEN_ARRAY_GFN(i)	((XEN_ARRAY_GPA >> 12) + (uint64_t)(i))
#define XEN_CONTROL_GFN(i)	((XEN_CONTROL_GPA >> 12) + (uint64_t)(i))
#define XEN_CONTROL_OFFSET	0x108u		/* in its page */
#define XEN_CONSUMER_PAGES	2u
#define XEN_CONSUMER_AT(i)	(XEN_CONSUMER_GPA + XEN_CONSUMER_PAGES * 0x1000 * (uint64_t)(i))
#define XEN_PORTS_GPA		XEN_CONSUMER_AT(XEN_MAX_VCPUS)

/* Of a port, shared by its senders and consumers. */
struct xen_fifo_port {
	uint32_t sent;			/* times */
	uint32_t handled;
	uint32_t turn;			/* of its next event in its queue, or 0: unknown */
	uint32_t seen;			/* of sent, when it was last handled */
};

/* The ports that consumers in the guest know. */
#define XEN_GUEST_PORTS		2048u
#define XEN_PORTS_PAGES		(XEN_GUEST_PORTS * sizeof(struct xen_fifo_port) / 0x1000)

#define XEN_FIFO_LOG_SIZE	1024u

/* One vCPU's consumer of events. */
struct xen_fifo_consumer {
	struct xen_fifo_consumer *self;
	uint32_t *words;
	struct xen_fifo_control *control;
	void *vcpu_info;
	void *shinfo;				/* at 2-level only, whose ports it then takes */
	struct xen_fifo_port *ports;
	uint32_t nr_ports;
	uint32_t head[XEN_FIFO_NR_QUEUES];
	uint32_t turn[XEN_FIFO_NR_QUEUES];	/* of the last event that had one */
	uint32_t nr_disordered;
	uint32_t nr_bad;			/* heads and links that are none */
	uint64_t nr_handled;
	uint64_t nr_upcalls;
	uint32_t log[XEN_FIFO_LOG_SIZE];	/* the last that were handled */

	/* Host: called for an event that was found pending, before it is taken. */
	void (*before_taking)(struct xen_fifo_consumer *c, uint32_t port);
	void *arg;
};
static_assert(sizeof(struct xen_fifo_consumer) <= XEN_CONSUMER_PAGES * 0x1000, "consumer");

/* Either side: take all that is ready; returns how many events were handled. */
unsigned int xen_fifo_consume(struct xen_fifo_consumer *c);

/* Either side, the same at 2-level, of a wide guest. */
unsigned int xen_2l_consume(struct xen_fifo_consumer *c);

/* Either side: the guest's operations on words. */
static inline void xen_fifo_mask(uint32_t *word)
{
	__atomic_fetch_or(word, XEN_FIFO_MASKED, __ATOMIC_SEQ_CST);
}

/* False where the port is pending: then the hypervisor has to unmask it. */
bool xen_fifo_try_unmask(uint32_t *word);

/* Guest: the four calls, out of code of either width. */
int64_t xen_guest_init_control(bool wide, uint32_t vcpu, uint64_t gfn, uint32_t offset);
int64_t xen_guest_expand_array(bool wide, uint64_t gfn);
int64_t xen_guest_set_priority(bool wide, uint32_t port, uint32_t priority);
int64_t xen_guest_unmask_call(bool wide, uint32_t port);

/* Guest: unmask as the protocol has it, by a call only where it is needed. */
void xen_guest_fifo_unmask(uint32_t port);

/* Guest: go to FIFO, with control blocks for all of @vcpus and an array of @pages. */
void xen_guest_fifo_begin(unsigned int vcpus, unsigned int pages);

/* Guest: the consumer of the vCPU that asks; its upcall handlers, by vector. */
struct xen_fifo_consumer *xen_guest_consumer(void);
void xen_guest_vm_upcall(struct ex_regs *regs);
void xen_guest_vcpu_upcall(struct ex_regs *regs);
void xen_guest_fifo_line_upcall(struct ex_regs *regs);

/*
 * Guest: send once on each port from @first on that is not waited for.  Ports
 * are registered, and each has one sender.  Returns how many were sent.
 */
unsigned int xen_guest_send_idle(uint32_t first, unsigned int nr);

/* Guest: sleep for ever, handling events. */
void xen_guest_fifo_serve(void);

static inline uint32_t *xen_guest_word(uint32_t port)
{
	return (uint32_t *)XEN_ARRAY_GPA + port;
}

static inline volatile struct xen_fifo_port *xen_guest_port(uint32_t port)
{
	return (struct xen_fifo_port *)XEN_PORTS_GPA + port;
}

/* Host: xen_vm_create() with the memory and the flag, still at 2-level. */
struct xen_vm *xen_fifo_vm_create(unsigned int nr_vcpus, bool wide, void *guest_code);

/* Host: the memory alone; what a vCPU needs to handle upcalls. */
void xen_fifo_map(struct xen_vm *x);
void xen_fifo_init_vcpu(struct xen_vm *x, unsigned int vcpu);
int xen_fifo_config(struct xen_vm *x);

/* Host: let the guest's consumers take events of 2-level, where it stays. */
void xen_fifo_stay_at_2level(struct xen_vm *x);

uint32_t *xen_fifo_word(struct xen_vm *x, uint32_t port);
struct xen_fifo_control *xen_fifo_control(struct xen_vm *x, unsigned int vcpu);
struct xen_fifo_port *xen_fifo_port(struct xen_vm *x, uint32_t port);
bool xen_fifo_is_pending(struct xen_vm *x, uint32_t port);

/* Host: what the guest's own consumer keeps... */
struct xen_fifo_consumer *xen_fifo_guest_consumer(struct xen_vm *x, unsigned int vcpu);

/*
 * ... and one to be in its place, while it does not run.  It has a table of all
 * ports for itself, which ends with the process.
 */
void xen_fifo_host_consumer(struct xen_vm *x, unsigned int vcpu, struct xen_fifo_consumer *c);

/* Host: the calls, ordered from vCPU 0, which runs xen_guest_obey(). */
int64_t xen_order_init_control(struct xen_vm *x, bool wide, uint32_t vcpu, uint64_t gfn,
			       uint32_t offset);
int64_t xen_order_expand_array(struct xen_vm *x, bool wide, uint64_t gfn);
int64_t xen_order_set_priority(struct xen_vm *x, bool wide, uint32_t port, uint32_t priority);
int64_t xen_order_unmask(struct xen_vm *x, bool wide, uint32_t port);
void xen_order_fifo(struct xen_vm *x, unsigned int pages);

/* Host: sending with a priority; 0 or a negative errno. */
int xen_send_prio(struct xen_vm *x, uint32_t port, uint32_t vcpu, uint32_t priority);
int xen_evtchn_prio(struct xen_vm *x, uint32_t flags, uint32_t port, uint32_t vcpu,
		    uint32_t priority);

/*
 * Host: a VM of two vCPUs that obeys orders and is at FIFO, with module parameter
 * xen_fifo and configuration so, and the host as who handles the events of both.
 */
struct xen_vm *xen_fifo_vm_obeying(const char *parameter, uint32_t flags,
				   struct xen_fifo_consumer c[2]);

/* Host: the state; 0 or a negative errno. */
struct xen_array {
	uint32_t active;
	uint32_t nr;
	uint64_t gfns[XEN_FIFO_NR_PAGES];
};

struct xen_control {
	uint64_t gfn;
	uint32_t offset;
	uint32_t tails[XEN_FIFO_NR_QUEUES];
};

int xen_get_limit(struct xen_vm *x, uint32_t *max_port);
int xen_set_limit(struct xen_vm *x, uint32_t max_port);
int xen_get_array(struct xen_vm *x, struct xen_array *array);
int xen_set_array(struct xen_vm *x, const struct xen_array *array);
int xen_get_control(struct kvm_vcpu *vcpu, struct xen_control *control);
int xen_set_control(struct kvm_vcpu *vcpu, const struct xen_control *control);

/* Host: @nr entries at most; returns how many there were, or a negative errno. */
int xen_get_fifo_ports(struct xen_vm *x, uint32_t first, uint32_t nr,
		       struct kvm_xen_evtchn_fifo_port *entries);
int xen_set_fifo_ports(struct xen_vm *x, uint32_t nr,
		       const struct kvm_xen_evtchn_fifo_port *entries);
int xen_get_ports(struct xen_vm *x, uint32_t first, uint32_t nr,
		  struct kvm_xen_evtchn_entry *entries);

/*
 * Host: a thread that sends on each port whose last event was handled, over and
 * over: by ioctl, or by irqfds that it makes.  Events of a port go to the vCPU
 * that its number is modulo their number.  It floods where it does not wait for
 * what was sent to be handled.
 */
enum xen_traffic_kind {
	XEN_BY_IOCTL,
	XEN_BY_IRQFD,
};

#define XEN_TRAFFIC_PORTS	32u

struct xen_traffic {
	struct xen_vm *x;
	enum xen_traffic_kind kind;
	uint32_t first;
	unsigned int nr;
	unsigned int pause_us;		/* between rounds */
	int vcpu;			/* all to this one, where it is not negative */
	bool wanders;			/* to another vCPU and priority each time */
	bool floods;			/* so that events may be one */
	bool with_lines;		/* whose routes its own stand beside */
	bool ordered;			/* to few queues that no other traffic uses */
	uint32_t turn[XEN_MAX_VCPUS][XEN_FIFO_NR_QUEUES];
	unsigned int seed;
	int fds[XEN_TRAFFIC_PORTS];
	uint64_t nr_sent;
	uint64_t nr_failed;
	struct xen_thread thread;
};

void xen_traffic_init(struct xen_traffic *t, struct xen_vm *x, enum xen_traffic_kind kind,
		      uint32_t first, unsigned int nr);
/* Take irqfds away, after the last event of theirs, and make them again. */
void xen_traffic_detach(struct xen_traffic *t);
void xen_traffic_attach(struct xen_traffic *t);

void xen_traffic_start(struct xen_traffic *t);
void xen_traffic_stop(struct xen_traffic *t);

/* Route the irqfds to vCPUs and priorities, by chance where the traffic wanders. */
void xen_traffic_route(struct xen_traffic *t);

/* True once the VM's own consumers have handled @nr events more, however long. */
bool xen_fifo_handles(struct xen_vm *x, uint64_t nr);
uint64_t xen_fifo_nr_handled(struct xen_vm *x);

/* True once all that was sent on ports below @end is handled, as often as sent. */
bool xen_fifo_drains(struct xen_vm *x, uint32_t end);

/* True once the ports below @end were handled after all that was sent on them. */
bool xen_fifo_catches_up(struct xen_vm *x, uint32_t end);

/*
 * Host: all that a VMM takes along of a VM whose vCPUs are stopped and for which
 * nobody raises events; the memory stays where it is.
 */
#define XEN_SAVE_PORTS		1024u

struct xen_save {
	struct xen_vcpu_save vcpu[XEN_MAX_VCPUS];
	struct xen_control control[XEN_MAX_VCPUS];
	uint8_t vm_vector;
	uint32_t limit;
	struct xen_array array;
	uint32_t nr_fifo_ports;
	struct kvm_xen_evtchn_fifo_port fifo_ports[XEN_SAVE_PORTS];
	uint32_t nr_ports;
	struct kvm_xen_evtchn_entry ports[XEN_SAVE_PORTS];
};

void xen_fifo_save(struct xen_vm *x, struct xen_save *save);

/* What concerns FIFO, set in a VM that is there; 0 or a negative errno. */
int xen_fifo_set_saved(struct xen_vm *x, const struct xen_save *save);

/* End the VM, and go on in a new one. */
void xen_fifo_restore(struct xen_vm *x, struct xen_save *save);

/* Whether the VM is at FIFO. */
bool xen_is_fifo(struct xen_vm *x);

#endif /* SELFTEST_KVM_XEN_FIFO_H */
