// SPDX-License-Identifier: GPL-2.0
/*
 * Xen guests on KVM: life cycle, configuration, and where to read on.
 *
 * The units are in xen/, listed from the ground up in xen/internal.h.  An
 * event goes from a port (ports.c), the VMM or an irqfd (evtchn.c), through
 * the event channel ABI in use (events.h: events_2l.c over evtchn_2l.c, or
 * events_fifo.c over evtchn_fifo.c), to an upcall (upcall.c).  A hypercall goes
 * through hypercall.c, an attribute through attr.c.
 *
 * Locks, a lock being taken inside those it is indented under:
 *
 *   vcpu->mutex		what a vCPU's thread owns: timer, runstate, poll
 *     state.fifo_lock		pages, control blocks, the ABI in use
 *       kvm->srcu (read)	as below
 *     state.callback_lock	the method of upcalls that the VM, or a vCPU, has
 *       kvm->arch.xen.xen_lock	as below
 *     state.dynhc_lock		the table of dynamic hypercalls
 *       kvm->srcu (read)	as below
 *       registry_lock		handlers of other modules, and all their uses: of
 *				all VMs, so nothing is waited for under it
 *     kvm->srcu (read)		memslots, and what events are raised through
 *     kvm->arch.xen.xen_lock	configuration, attributes, changes of ports
 *       kvm->srcu (read)	for whoever maps a page under xen_lock
 *         gpc->refresh_lock	a mapping that is made; sleeps
 *         gpc->lock (read)	a page of the event array; interrupts off
 *           gpc->lock (read)	a control block
 *             evtchn_fifo_queue.lock  two by their addresses
 *               gpc->lock (try)	another page of the array
 *         gpc->lock (read)	any other mapping; interrupts off
 *           gpc->lock (read)	the second page of a runstate area only
 *
 * xen_lock is taken by vCPUs inside a read section of kvm->srcu, when they
 * write the hypercall MSR: synchronize_srcu() must not be called under it.  It
 * is called under fifo_lock, callback_lock and dynhc_lock, which are taken outside of
 * them.
 *
 * Locks of KVM's irqchips are taken by the driver of a line, see line.c, under
 * the line's own mutex, which is taken last of all that is above gpc->lock.
 *
 * Without locks: shared_info, vcpu_info and the event array, by locked
 * operations of the guest's own kind; long_mode, the vectors, the method of
 * upcalls, a port's target and its priority, one word each, read once per
 * operation; deferred selections, atomics, see vcpu_info.c; poll_mask and its
 * counter, see poll.c; timer_pending, see timer.c.
 *
 * In hard interrupt context run hrtimer callbacks, which touch no guest page,
 * and events of irqfds, which take gpc->lock where it spins and are put off to
 * a worker where it sleeps.
 */
#include "xen/base/base.h"
#include "xen/config.h"
#include "xen/dynhc/dynhc.h"
#include "xen/event/events_2l.h"
#include "xen/event/fifo_ctl.h"
#include "xen/event/pollers.h"
#include "xen/event/ports.h"
#include "xen/hypercall/sched_op.h"
#include "xen/time/timer.h"
#include "xen/upcall/callback.h"

void kvm_xen_init_vcpu(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	xen->vcpu_id = XEN_VCPU_ID_DEFAULT;
	hrtimer_init(&xen->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	xen->timer.function = xen_timer_fire;
	hrtimer_init(&xen->state.poll_timer, CLOCK_MONOTONIC,
		     HRTIMER_MODE_ABS_HARD);
	xen->state.poll_timer.function = xen_poll_timeout;

	kvm_gpc_init(&xen->vcpu_info_cache, vcpu->kvm);
	kvm_gpc_init(&xen->vcpu_time_info_cache, vcpu->kvm);
	kvm_gpc_init(&xen->runstate_cache, vcpu->kvm);
	kvm_gpc_init(&xen->runstate2_cache, vcpu->kvm);
}

void kvm_xen_destroy_vcpu(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	/* Either may be about to kick the vCPU, also one that was delivered. */
	hrtimer_cancel(&xen->timer);
	hrtimer_cancel(&xen->state.poll_timer);
	xen_fifo_destroy_vcpu(vcpu);

	kvm_gpc_deactivate(&xen->vcpu_info_cache);
	kvm_gpc_deactivate(&xen->vcpu_time_info_cache);
	kvm_gpc_deactivate(&xen->runstate_cache);
	kvm_gpc_deactivate(&xen->runstate2_cache);
}

void kvm_xen_init_vm(struct kvm *kvm)
{
	struct kvm_xen *xen = &kvm->arch.xen;

	mutex_init(&xen->xen_lock);
	mutex_init(&xen->state.fifo_lock);
	mutex_init(&xen->state.callback_lock);
	mutex_init(&xen->state.dynhc_lock);
	xen->state.evtchn_ops = &xen_2l_ops;
	xen->state.max_port = XEN_ABI_FIFO_NR_PORTS - 1;
	xen->state.first_offset = kvm->arch.kvmclock_offset;
	kvm_gpc_init(&xen->shinfo_cache, kvm);
}

void kvm_xen_destroy_vm(struct kvm *kvm)
{
	kvm_gpc_deactivate(&kvm->arch.xen.shinfo_cache);
	xen_ports_destroy(kvm);
	xen_dynhc_destroy(kvm);
	xen_fifo_destroy(kvm);
	xen_config_destroy(kvm);
}
