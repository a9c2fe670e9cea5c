// SPDX-License-Identifier: GPL-2.0
/*
 * Xen guests on KVM: creation and destruction of VMs and vCPUs.  Start reading here.
 *
 * The code is in xen/, in folders that use only those above them in this list:
 *
 *   abi/		pure units: guest structures and algorithms of Xen's ABI, on plain
 *		pointers, without KVM; abi/seam.h is all they use of the kernel
 *   base/		what all others share: mapping guest pages, dirty logging, tables
 *		of operations, tracepoints
 *   upcall/	notifying a vCPU: vcpu_info, and the methods of upcalls
 *   event/	raising events: ports, both event channel ABIs, pollers
 *   time/		clocks, the singleshot timer, runstates
 *   dynhc/	dynamic hypercalls: tokens and their targets
 *   hypercall/	hypercalls, in the exit loop and in the exit fast path
 *
 * Above these, in xen/ itself, are config.c (KVM_XEN_HVM_CONFIG), attr.c (the attributes of
 * VMs and vCPUs) and debugfs.c.  xen.h has the hooks that KVM calls.
 *
 * To follow an event, read event/port.c (a guest's send) or event/routing.c (the VMM,
 * irqfds), then event/evtchn.c, base/evtchn_ops.h with event/events_2l.c or
 * event/events_fifo.c, then upcall/vcpu_info.c and upcall/upcall.c.  To follow a
 * hypercall, start at hypercall/hypercall.c; for an attribute, at attr.c.  For more, see
 * Documentation/virt/kvm/x86/xen-internals.rst.
 *
 * Locks; each is taken inside those under which it is indented:
 *
 *   vcpu->mutex		data of a vCPU's thread: timer, runstate, poll
 *     domains->lock		operations on ports that KVM keeps
 *       state.fifo_lock	as below
 *       kvm->arch.xen.xen_lock	as below
 *     state.fifo_lock		pages, control blocks, the ABI in use
 *       kvm->srcu (read)	as below
 *     state.callback_lock	the methods of upcalls of the VM and its vCPUs
 *       kvm->arch.xen.xen_lock	as below
 *     state.dynhc_lock		the table of dynamic hypercalls
 *       kvm->srcu (read)	as below
 *       registry_lock		handlers of other modules, and all their uses; shared
 *				by all VMs, so nothing is waited for under it
 *     kvm->srcu (read)		memslots, and data used to raise events
 *     kvm->arch.xen.xen_lock	configuration, attributes, changes of ports
 *       kvm->srcu (read)	to map a page under xen_lock
 *         gpc->refresh_lock	refreshing a mapping; sleeps
 *         gpc->lock (read)	a page of the event array; interrupts off
 *           gpc->lock (read)	a control block
 *             evtchn_fifo_queue.lock  two, in the order of their addresses
 *               gpc->lock (try)	another page of the event array
 *         gpc->lock (read)	any other mapping; interrupts off
 *           gpc->lock (read)	only the second page of a runstate area
 *
 * vCPUs take xen_lock in a read section of kvm->srcu when they write the hypercall MSR,
 * so synchronize_srcu() must not be called under it.  It is called under domains->lock,
 * fifo_lock, callback_lock and dynhc_lock, which are taken outside of read sections of
 * kvm->srcu.
 *
 * The driver of a line, see upcall/line.c, takes locks of KVM's irqchips under the line's
 * own mutex, which is the innermost of the locks that are above gpc->lock in this list.
 *
 * Not guarded by locks: shared_info, vcpu_info and the event array, which KVM and the
 * guest change by locked instructions; long_mode, the vectors, the method of upcalls, and
 * a port's destination, each one word that is read once per operation; deferred work,
 * atomic, see upcall/vcpu_info.c and base/deferred.h; poll_mask and nr_pollers, see
 * event/pollers.c; timer_pending, see time/timer.c.
 *
 * Two kinds of code run in hard interrupt context: hrtimer callbacks, which access no
 * guest page, and events of irqfds, which take gpc->lock unless it can sleep
 * (PREEMPT_RT): then a worker raises them.
 */
#include "xen/base/base.h"
#include "xen/config.h"
#include "xen/dynhc/dynhc.h"
#include "xen/event/domain.h"
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
	hrtimer_setup(&xen->timer, xen_timer_fire, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_HARD);
	hrtimer_setup(&xen->state.poll_timer, xen_poll_timeout, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_HARD);

	kvm_gpc_init(&xen->vcpu_info_cache, vcpu->kvm);
	kvm_gpc_init(&xen->vcpu_time_info_cache, vcpu->kvm);
	kvm_gpc_init(&xen->runstate_cache, vcpu->kvm);
	kvm_gpc_init(&xen->runstate2_cache, vcpu->kvm);
}

void kvm_xen_destroy_vcpu(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;

	/*
	 * Wait for handlers of expired timers as well: they may be about to kick the
	 * vCPU.
	 */
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
	xen_domains_destroy(kvm->arch.xen.state.domains);
	xen_ports_destroy(kvm);
	xen_dynhc_destroy(kvm);
	xen_fifo_destroy(kvm);
	xen_config_destroy(kvm);
}
