/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers used by all units: configuration, width and ids of a VM and its vCPUs, and the
 * context in which a thread runs.  Owns nothing but kvm_xen_enabled.
 */
#ifndef _KVM_XEN_BASE_BASE_H
#define _KVM_XEN_BASE_BASE_H

#include <linux/kvm_host.h>
#include <linux/sched/signal.h>

#include "x86.h"
#include "xen.h"

static_assert((int)XEN_NR_WIDTHS == KVM_XEN_NR_WIDTHS);

/*
 * Whether the VMM has set @flag.  An attribute that creates an object takes the lock of
 * its unit and checks the flag under it: the VMM cannot clear the flag while objects
 * exist.
 */
static inline bool xen_has_flag(struct kvm *kvm, u32 flag)
{
	return (xen_config(kvm)->flags & flag) == flag;
}

/* Whether KVM keeps the ports, not the VMM: see event/domain.c. */
static inline bool xen_keeps_ports(struct kvm *kvm)
{
	return READ_ONCE(kvm->arch.xen.state.domains);
}

/* Names of enum xen_upcall_method, for its tracepoint and debugfs. */
#define XEN_UPCALL_METHOD_NAMES						\
	{ XEN_UPCALL_UNDECIDED,		"undecided" },			\
	{ XEN_UPCALL_LAPIC_VECTOR,	"lapic" },			\
	{ XEN_UPCALL_OWN_LINE,		"own-line" },			\
	{ XEN_UPCALL_VM_VECTOR,		"vm-vector" },			\
	{ XEN_UPCALL_VM_LINE,		"vm-line" },			\
	{ XEN_UPCALL_NONE,		"none" }

/*
 * Make the vCPU exit from the guest, or wake from its sleep, and check its events.  Any
 * context.
 */
static inline void xen_kick(struct kvm_vcpu *vcpu)
{
	kvm_make_request(KVM_REQ_UNBLOCK, vcpu);
	kvm_vcpu_kick(vcpu);
}

/* The layout of the guest's width, to be read once per operation and passed down. */
static inline const struct xen_layout *xen_layout(struct kvm *kvm)
{
	return &xen_layouts[IS_ENABLED(CONFIG_64BIT) &&
			    READ_ONCE(kvm->arch.xen.long_mode)];
}

/*
 * The Xen vCPU id: the vCPU's index, unless the VMM has set another.  The index is not
 * yet known when the vCPU is initialised.
 */
#define XEN_VCPU_ID_DEFAULT	(~0u)

static inline u32 xen_vcpu_id(struct kvm_vcpu *vcpu)
{
	u32 id = vcpu->arch.xen.vcpu_id;

	return id == XEN_VCPU_ID_DEFAULT ? vcpu->vcpu_idx : id;
}

/*
 * Whether a guest may name the vCPU by its id in a call about timers.  If not, such calls
 * are the VMM's.
 */
static inline bool xen_has_vcpu_id(struct kvm_vcpu *vcpu)
{
	return XEN_HAS_DEFAULT_VCPU_ID || xen_keeps_ports(vcpu->kvm) ||
	       vcpu->arch.xen.vcpu_id != XEN_VCPU_ID_DEFAULT;
}

/* The vCPU with the Xen vCPU id @id if that is its index, as it usually is, else NULL. */
static inline struct kvm_vcpu *xen_vcpu_by_index(struct kvm *kvm, u32 id)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu(kvm, id);

	return vcpu && xen_vcpu_id(vcpu) == id ? vcpu : NULL;
}

/* The vCPU with the Xen vCPU id @id, or NULL. */
struct kvm_vcpu *xen_find_vcpu(struct kvm *kvm, u32 id);

/*
 * To be called in each iteration of a loop whose length the VMM controls.  May sleep.
 * Returns -EINTR if the calling task is being killed, and the loop has to end.
 */
static inline int xen_loop_turn(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/*
 * Whether the caller must not take an rwlock_t or spinlock_t: on PREEMPT_RT these sleep,
 * and only a preemptible caller may sleep.
 */
static inline bool xen_must_not_lock(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible();
}

/*
 * Whether the vCPU's thread may sleep here.  It must not in the exit fast path, nor after
 * it has prepared to sleep.  Without CONFIG_PREEMPT_COUNT, in_atomic() does not detect
 * the fast path, but there interrupts are off.
 */
static inline bool xen_may_sleep(void)
{
	return !in_atomic() && !irqs_disabled() && task_is_running(current);
}

/*
 * might_sleep() for functions that are called often and sleep rarely.  Limited to debug
 * kernels: elsewhere might_sleep() may be a point to reschedule, which costs time.
 */
static inline void xen_might_sleep(void)
{
	might_sleep_if(IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP));
}

/*
 * Disable interrupts like read_lock_irqsave(), for locks without an irqsave function
 * (trylock) or when several locks are held.  On PREEMPT_RT rwlock_t sleeps and the
 * irqsave functions leave interrupts on, so do nothing there.
 */
static inline unsigned long xen_irqs_off(void)
{
	unsigned long flags = 0;

	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_save(flags);
	return flags;
}

static inline void xen_irqs_restore(unsigned long flags)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_restore(flags);
}

#endif /* _KVM_XEN_BASE_BASE_H */
