/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every unit asks of a VM, of a vCPU and of the thread that it runs in.
 */
#ifndef _KVM_XEN_BASE_BASE_H
#define _KVM_XEN_BASE_BASE_H

#include <linux/kvm_host.h>
#include <linux/sched/signal.h>

#include "x86.h"
#include "xen.h"

static_assert((int)XEN_NR_WIDTHS == KVM_XEN_NR_WIDTHS);

/*
 * Whether the VMM set @flag.  What is made by an attribute is made under a lock of its
 * unit, and the flag looked at there: it is not taken away while there is any.
 */
static inline bool xen_has_flag(struct kvm *kvm, u32 flag)
{
	return (kvm->arch.xen_hvm_config.flags & flag) == flag;
}

/* By enum xen_upcall_method: what its tracepoint and debugfs show. */
#define XEN_UPCALL_METHOD_NAMES						\
	{ XEN_UPCALL_UNDECIDED,		"undecided" },			\
	{ XEN_UPCALL_LAPIC_VECTOR,	"lapic" },			\
	{ XEN_UPCALL_OWN_LINE,		"own-line" },			\
	{ XEN_UPCALL_VM_VECTOR,		"vm-vector" },			\
	{ XEN_UPCALL_VM_LINE,		"vm-line" },			\
	{ XEN_UPCALL_NONE,		"none" }

/* Make the vCPU leave the guest, or its sleep, and look around.  Any context. */
static inline void xen_kick(struct kvm_vcpu *vcpu)
{
	kvm_make_request(KVM_REQ_UNBLOCK, vcpu);
	kvm_vcpu_kick(vcpu);
}

/* The guest's width, to be read once per operation and passed down. */
static inline const struct xen_layout *xen_layout(struct kvm *kvm)
{
	return &xen_layouts[IS_ENABLED(CONFIG_64BIT) &&
			    READ_ONCE(kvm->arch.xen.long_mode)];
}

/*
 * The vCPU's number as the guest knows it: its index unless the VMM gave it
 * another.  The index is not known yet when the vCPU is initialised.
 */
#define XEN_VCPU_ID_DEFAULT	(~0u)

static inline u32 xen_vcpu_id(struct kvm_vcpu *vcpu)
{
	u32 id = vcpu->arch.xen.vcpu_id;

	return id == XEN_VCPU_ID_DEFAULT ? vcpu->vcpu_idx : id;
}

/* The vCPU that the guest knows as @id; NULL where there is none. */
struct kvm_vcpu *xen_find_vcpu(struct kvm *kvm, u32 id);

/*
 * Called in each turn of a loop that is as long as the VMM says, where that may sleep.
 * Returns -EINTR where the caller was killed, and the loop has to end.
 */
static inline int xen_loop_turn(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/*
 * Where a sleeping lock would be taken in a context that must not, on
 * PREEMPT_RT: there rwlock_t sleeps, and only a preemptible caller may wait.
 */
static inline bool xen_must_not_lock(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible();
}

/*
 * Whether the vCPU's own thread may sleep here.  In its fast path, and where it
 * prepares to sleep, it must not.  Without CONFIG_PREEMPT_COUNT interrupts that are off
 * are all that in_atomic() does not see of the former.
 */
static inline bool xen_may_sleep(void)
{
	return !in_atomic() && !irqs_disabled() && task_is_running(current);
}

/*
 * might_sleep() for what is called often and sleeps seldom: on a debug kernel alone, as
 * on others it may be a point to reschedule.
 */
static inline void xen_might_sleep(void)
{
	might_sleep_if(IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP));
}

/*
 * What read_lock_irqsave() and its like do to interrupts, around locks that have no such
 * function, or more than one of which is held.  On PREEMPT_RT, where they sleep, they do
 * nothing: what turned interrupts off there would leave them off.
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
