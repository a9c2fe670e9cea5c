// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt lines that are asserted while a vCPU's evtchn_upcall_pending is set.
 *
 * level.c decides when a line has to change.  This file reports when the guest may have
 * cleared the flag, and asserts and deasserts the line.  For a line of KVM's irqchips,
 * KVM calls this file at each EOI, whichever irqchip and trigger mode; before the guest
 * writes to an irqchip, so that unmasking a pin does not deliver an interrupt whose flag
 * is clear; and when a pin was unmasked, because irqchips do not keep an edge for a
 * masked pin.  A VMM that owns the line reports EOIs by an eventfd.
 *
 * Once a line is started, only ->level changes.  ->lock is held by the driver of the
 * line, so that when xen_line_post() returns in task context, the event has been handled:
 * if the guest ended an interrupt with the flag clear, the line is down.  Interrupt
 * context and the wakeup of an eventfd may not touch irqchips or signal another eventfd:
 * there a work item becomes the driver.
 */
#include "xen/base/deferred.h"
#include "xen/base/trace.h"
#include "xen/upcall/line.h"
#include "xen/upcall/vcpu_info.h"

#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/workqueue.h>

#include "ioapic.h"
#include "irq.h"

struct xen_line {
	struct xen_level level;
	struct kvm *kvm;
	struct kvm_vcpu *vcpu;		/* vCPU with the flag; NULL: Xen vCPU 0 */
	struct kvm_xen_callback callback;
	bool restored;			/* asserted before vcpu_info was registered */
	struct mutex lock;
	struct task_struct *driver;	/* holder of ->lock, to detect recursion */
	struct delayed_work work;

	/* The vCPU and its exits when the line was last raised: see resampled(). */
	struct kvm_vcpu *raised_for;
	unsigned long raised_exits;

	/* Lines of KVM's irqchips. */
	struct kvm_irq_ack_notifier ack;
#ifdef CONFIG_KVM_IOAPIC
	struct kvm_irq_mask_notifier mask;
#endif

	/* Lines owned by the VMM. */
	struct eventfd_ctx *assert;	/* NULL: a line of KVM's irqchips */
	struct eventfd_ctx *resample;
	struct file *resample_file;	/* until it is polled */
	wait_queue_entry_t wait;
	poll_table poll;
};

/*
 * The IRQ source of a line at the pins of KVM's irqchips, which combine those that assert
 * them.  KVM numbers its own from 0.  A VM has one such line: a new one is started when
 * the old one was destroyed.
 */
#define LINE_SOURCE	(BITS_PER_LONG - 1)

/* The most rounds of a driver: if the guest keeps causing events, a worker continues. */
#define MAX_ROUNDS	8

/* Delay in jiffies for an EOI that can hardly be the guest's: see resampled(). */
#define RESAMPLE_DELAY	(HZ / 50)

static struct kvm_vcpu *vcpu_of(struct xen_line *line)
{
	return line->vcpu ?: xen_find_vcpu(line->kvm, 0);
}

/* False if another method has precedence for the vCPU, or the line was removed. */
static bool is_notified_by(struct kvm_vcpu *vcpu, const struct xen_line *line)
{
	return kvm_xen_upcall_method(vcpu) ==
	       (line->vcpu ? XEN_UPCALL_OWN_LINE : XEN_UPCALL_VM_LINE);
}

/*
 * Returns the level that the line should have, or -EAGAIN if vcpu_info has to be mapped
 * first.
 */
static int look(struct xen_line *line, struct kvm_vcpu *vcpu)
{
	int up;

	if (!vcpu || !READ_ONCE(vcpu->arch.xen.vcpu_info_cache.active))
		return line->restored ? -EAGAIN : 0;

	up = is_notified_by(vcpu, line) ? xen_vcpu_info_flag(vcpu) : 0;
	if (up >= 0)
		line->restored = false;
	return up;
}

/* Called before the line is raised, as the guest may end the interrupt at once. */
static void record_exits(struct xen_line *line, struct kvm_vcpu *vcpu)
{
	if (!vcpu)
		return;

	WRITE_ONCE(line->raised_exits, vcpu->stat.exits);
	WRITE_ONCE(line->raised_for, vcpu);
}

static void act(struct xen_line *line, u32 actions)
{
	u32 gsi = line->callback.gsi;

	if (line->assert) {
		if (actions & XEN_LEVEL_RAISE)
			eventfd_signal(line->assert);
		return;
	}

	if (actions & XEN_LEVEL_LOWER)
		kvm_set_irq(line->kvm, LINE_SOURCE, gsi, 0, false);
	if (actions & XEN_LEVEL_RAISE)
		kvm_set_irq(line->kvm, LINE_SOURCE, gsi, 1, false);
}

/* Returns false if the caller is no longer the driver. */
static bool drive_once(struct xen_line *line)
{
	u32 events = xen_level_take(&line->level);
	struct kvm_vcpu *vcpu;
	u32 actions;
	int up;

	if (!events)
		return false;

	vcpu = vcpu_of(line);
	up = look(line, vcpu);
	if (unlikely(up < 0)) {
		xen_level_give_up(&line->level, events);
		if (vcpu) {
			xen_defer_work(vcpu, XEN_DEFERRED_LINE);
			xen_vcpu_info_retry(vcpu);
		}
		return false;
	}

	actions = xen_level_step(&line->level, events, up);
	trace_kvm_xen_line(line->callback.gsi, !!line->assert, up, actions);
	if (actions & XEN_LEVEL_RAISE)
		record_exits(line, vcpu);
	act(line, actions);
	return true;
}

/* Run the work now, even if it was queued with a delay. */
static void work_now(struct xen_line *line)
{
	mod_delayed_work(system_percpu_wq, &line->work, 0);
}

static void drive(struct xen_line *line)
{
	int i;

	for (i = 0; i < MAX_ROUNDS; i++)
		if (!drive_once(line))
			return;

	xen_level_give_up(&line->level, 0);
	work_now(line);
}

static void post_and_drive(struct xen_line *line, u32 events)
{
	guard(mutex)(&line->lock);

	WRITE_ONCE(line->driver, current);
	if (xen_level_post(&line->level, events))
		drive(line);
	WRITE_ONCE(line->driver, NULL);
}

static void work_fn(struct work_struct *work)
{
	post_and_drive(container_of(work, struct xen_line, work.work),
		       XEN_LEVEL_LOOK);
}

/* For callers that must not sleep, or hold locks of an irqchip or an eventfd. */
static void post_later(struct xen_line *line, u32 events)
{
	xen_level_leave(&line->level, events);
	work_now(line);
}

void xen_line_post(struct xen_line *line, u32 events)
{
	if (!in_task() || irqs_disabled() || !eventfd_signal_allowed())
		post_later(line, events);
	else if (READ_ONCE(line->driver) == current)
		xen_level_post(&line->level, events);
	else
		post_and_drive(line, events);
}

/* KVM calls this at each EOI for this GSI, without locks of the irqchip. */
static void acked(struct kvm_irq_ack_notifier *ack)
{
	xen_line_post(container_of(ack, struct xen_line, ack), XEN_LEVEL_ACKED);
}

/* Whether the current thread is a worker of a line, which is signalling an eventfd. */
static bool is_signalled_by_line(void)
{
	struct work_struct *work = current_work();

	return work && work->func == work_fn;
}

static bool has_exited(struct xen_line *line)
{
	struct kvm_vcpu *vcpu = READ_ONCE(line->raised_for);

	return !vcpu || READ_ONCE(line->raised_exits) != (unsigned long)vcpu->stat.exits;
}

/*
 * The VMM has written to @resample, whose wait queue is locked.
 *
 * For a guest to end an interrupt, its vCPU has to exit.  If it did not, or if another
 * line signals this eventfd, eventfds may form a ring in which lines with set flags
 * assert each other forever, in workers that no cgroup limits.  Such an EOI is handled
 * with a delay, at most 50 times a second.
 */
static int resampled(wait_queue_entry_t *wait, unsigned int mode, int sync,
		     void *key)
{
	struct xen_line *line = container_of(wait, struct xen_line, wait);
	u64 count;

	if (!(key_to_poll(key) & EPOLLIN))
		return 0;

	eventfd_ctx_do_read(line->resample, &count);
	if (has_exited(line) && !is_signalled_by_line()) {
		post_later(line, XEN_LEVEL_ACKED);
		return 0;
	}

	trace_kvm_xen_line_delay(line->callback.gsi);
	xen_level_leave(&line->level, XEN_LEVEL_ACKED);
	queue_delayed_work(system_percpu_wq, &line->work, RESAMPLE_DELAY);
	return 0;
}

static void listen(struct file *file, wait_queue_head_t *queue, poll_table *poll)
{
	struct xen_line *line = container_of(poll, struct xen_line, poll);

	add_wait_queue(queue, &line->wait);
}

static void start_listening(struct xen_line *line)
{
	init_waitqueue_func_entry(&line->wait, resampled);
	init_poll_funcptr(&line->poll, listen);

	/* A count from before polling started is handled like a later one. */
	if (vfs_poll(line->resample_file, &line->poll) & EPOLLIN)
		post_later(line, XEN_LEVEL_ACKED);

	fput(line->resample_file);
	line->resample_file = NULL;
}

#ifdef CONFIG_KVM_IOAPIC
/*
 * KVM calls this when the pin was masked or unmasked, with the irqchip's lock held.  The
 * irqchip may have dropped an assertion while the pin was masked: an edge, or a level if
 * the pin is shared with a resampling irqfd.
 */
static void mask_changed(struct kvm_irq_mask_notifier *mask, bool masked)
{
	struct xen_line *line = container_of(mask, struct xen_line, mask);

	if (!masked && READ_ONCE(line->level.asserted))
		post_later(line, XEN_LEVEL_RAISED);
}

static void watch_masks(struct xen_line *line)
{
	line->mask.func = mask_changed;
	kvm_register_irq_mask_notifier(line->kvm, line->callback.gsi,
				       &line->mask);
}

static void unwatch_masks(struct xen_line *line)
{
	kvm_unregister_irq_mask_notifier(line->kvm, line->callback.gsi,
					 &line->mask);
}

static void hold_pin(struct xen_line *line,
		     const struct kvm_kernel_irq_routing_entry *route)
{
	struct kvm_ioapic *ioapic = line->kvm->arch.vioapic;
	struct kvm_pic *pic = line->kvm->arch.vpic;
	u32 pin = route->irqchip.pin;

	if (route->type != KVM_IRQ_ROUTING_IRQCHIP)
		return;

	if (route->irqchip.irqchip == KVM_IRQCHIP_IOAPIC) {
		guard(spinlock)(&ioapic->lock);
		__set_bit(LINE_SOURCE, &ioapic->irq_states[pin]);
	} else {
		guard(spinlock)(&pic->lock);
		__set_bit(LINE_SOURCE, &pic->irq_states[pin]);
	}
}

/*
 * Restore the assertion of a line that was asserted when the guest was saved.  The saved
 * state of an irqchip contains the level of its pins, but not which sources assert them:
 * to assert the line again would cause an extra edge; without this source another device
 * on the pin could deassert it.
 */
static void hold_pins(struct xen_line *line)
{
	struct kvm_kernel_irq_routing_entry routes[KVM_NR_IRQCHIPS];
	int i, nr;

	scoped_guard(srcu, &line->kvm->irq_srcu)
		nr = kvm_irq_map_gsi(line->kvm, routes, line->callback.gsi);

	for (i = 0; i < nr; i++)
		hold_pin(line, &routes[i]);
}

/* A pin to which the GSI was routed when the line was raised may still be asserted. */
static void release_pins(struct kvm *kvm)
{
	struct kvm_ioapic *ioapic = kvm->arch.vioapic;
	struct kvm_pic *pic = kvm->arch.vpic;
	u32 pin;

	scoped_guard(spinlock, &ioapic->lock) {
		for (pin = 0; pin < ARRAY_SIZE(ioapic->irq_states); pin++)
			__clear_bit(LINE_SOURCE, &ioapic->irq_states[pin]);
	}

	scoped_guard(spinlock, &pic->lock) {
		for (pin = 0; pin < ARRAY_SIZE(pic->irq_states); pin++)
			__clear_bit(LINE_SOURCE, &pic->irq_states[pin]);
	}
}

#else /* Without irqchips in the kernel all lines are the VMM's. */

static void watch_masks(struct xen_line *line)
{
}

static void unwatch_masks(struct xen_line *line)
{
}

static void hold_pins(struct xen_line *line)
{
}

static void release_pins(struct kvm *kvm)
{
}

#endif /* CONFIG_KVM_IOAPIC */

void xen_line_start(struct xen_line *line)
{
	if (line->resample)
		start_listening(line);
	if (line->assert)
		return;

	if (line->restored)
		hold_pins(line);

	line->ack.gsi = line->callback.gsi;
	line->ack.irq_acked = acked;
	kvm_register_irq_ack_notifier(line->kvm, &line->ack);
	watch_masks(line);
}

static void stop(struct xen_line *line)
{
	u64 count;

	if (line->resample)
		eventfd_ctx_remove_wait_queue(line->resample, &line->wait,
					      &count);
	if (line->assert)
		return;

	unwatch_masks(line);
	kvm_unregister_irq_ack_notifier(line->kvm, &line->ack);
}

/* Free a line that has no users. */
static void release(struct xen_line *line)
{
	if (line->resample_file)
		fput(line->resample_file);
	if (line->resample)
		eventfd_ctx_put(line->resample);
	if (line->assert)
		eventfd_ctx_put(line->assert);
	kfree(line);
}

void xen_line_destroy(struct xen_line *line)
{
	if (!line)
		return;

	stop(line);
	cancel_delayed_work_sync(&line->work);
	if (line->level.asserted)
		act(line, XEN_LEVEL_LOWER);
	if (!line->assert)
		release_pins(line->kvm);
	release(line);
}

struct kvm_xen_callback xen_line_callback(struct xen_line *line)
{
	struct kvm_xen_callback callback = line->callback;

	/* Handle pending events first, so that the returned state includes a due edge. */
	xen_line_post(line, 0);

	if (READ_ONCE(line->level.asserted))
		callback.flags |= KVM_XEN_CALLBACK_ASSERTED;
	return callback;
}

static int attach_assert(struct xen_line *line)
{
	struct eventfd_ctx *eventfd;

	eventfd = eventfd_ctx_fdget(line->callback.assert_fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);

	line->assert = eventfd;
	return 0;
}

/* One eventfd for both would end each interrupt as it is asserted, forever. */
static int attach_resample(struct xen_line *line)
{
	struct file *file = eventfd_fget(line->callback.resample_fd);
	struct eventfd_ctx *eventfd;

	if (IS_ERR(file))
		return PTR_ERR(file);

	line->resample_file = file;
	eventfd = eventfd_ctx_fileget(file);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);

	line->resample = eventfd;
	return eventfd == line->assert ? -EINVAL : 0;
}

static int attach_eventfds(struct xen_line *line)
{
	int r = attach_assert(line);

	if (r || line->callback.resample_fd == -1)
		return r;

	return attach_resample(line);
}

struct xen_line *xen_line_create(struct kvm *kvm, struct kvm_vcpu *vcpu,
				 const struct kvm_xen_callback *callback)
{
	struct xen_line *line = kzalloc_obj(*line, GFP_KERNEL_ACCOUNT);
	int r;

	if (!line)
		return ERR_PTR(-ENOMEM);

	line->kvm = kvm;
	line->vcpu = vcpu;
	line->callback = *callback;
	line->callback.flags &= ~KVM_XEN_CALLBACK_ASSERTED;
	line->restored = callback->flags & KVM_XEN_CALLBACK_ASSERTED;
	line->level.asserted = line->restored;
	mutex_init(&line->lock);
	INIT_DELAYED_WORK(&line->work, work_fn);

	if (callback->flags & KVM_XEN_CALLBACK_EVENTFD)
		r = attach_eventfds(line);
	else
		r = irqchip_full(kvm) ? 0 : -ENXIO;
	if (!r)
		return line;

	release(line);
	return ERR_PTR(r);
}
