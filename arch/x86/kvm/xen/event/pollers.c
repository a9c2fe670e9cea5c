// SPDX-License-Identifier: GPL-2.0
/*
 * vCPUs that poll for ports (SCHEDOP_poll), and waking them.
 *
 * Owns poll_mask, poll_rest and nr_pollers of the VM, and poll_port of a vCPU; all are
 * atomic.  A poller announces itself, then reads the pending bits; a sender sets the
 * pending bit, then reads the mask of pollers.  Full barriers on both sides ensure that
 * at least one sees the other.  A sender, which may have interrupts off, checks only a
 * few of what may be a thousand pollers, and leaves the others to one of them
 * (poll_rest).
 */
#include "xen/event/pollers.h"

void xen_poll_announce(struct kvm_vcpu *vcpu, u32 port)
{
	struct kvm_xen *xen = &vcpu->kvm->arch.xen;

	WRITE_ONCE(vcpu->arch.xen.state.poll_port, port);
	set_bit(vcpu->vcpu_idx, xen->poll_mask);
	atomic_inc(&xen->state.nr_pollers);

	/*
	 * Pairs with evtchn_2l_mark() and evtchn_fifo_mark(), before the sender wakes
	 * pollers.
	 */
	smp_mb__after_atomic();
}

static void wake(struct kvm_vcpu *vcpu, u32 port)
{
	u32 wanted = READ_ONCE(vcpu->arch.xen.state.poll_port);

	if (port == XEN_POLL_ANY || wanted == port || wanted == XEN_POLL_ANY)
		xen_kick(vcpu);
}

/* How many pollers a sender checks; it may have interrupts off. */
#define WAKE_FEW	16

/*
 * Leave the pollers from index @i on to one of them.  If that one stops polling instead,
 * it either sees poll_rest in xen_poll_withdraw(), or is no longer in the mask here.
 */
static void leave_rest(struct kvm *kvm, u32 port, unsigned int i)
{
	unsigned int nr = atomic_read(&kvm->online_vcpus);
	u32 *rest = &kvm->arch.xen.state.poll_rest;
	u32 old = cmpxchg(rest, XEN_POLL_NONE, port);

	if (old != XEN_POLL_NONE && old != port)
		xchg(rest, XEN_POLL_ANY);

	i = find_next_bit(kvm->arch.xen.poll_mask, nr, i);
	if (i < nr)
		xen_kick(kvm_get_vcpu(kvm, i));
}

void __xen_poll_wake(struct kvm *kvm, u32 port)
{
	unsigned int nr = atomic_read(&kvm->online_vcpus);
	unsigned int i, few = WAKE_FEW;

	for_each_set_bit(i, kvm->arch.xen.poll_mask, nr) {
		if (!few--) {
			leave_rest(kvm, port, i);
			return;
		}
		wake(kvm_get_vcpu(kvm, i), port);
	}
}

void xen_poll_wake_rest(struct kvm *kvm)
{
	unsigned int nr = atomic_read(&kvm->online_vcpus);
	u32 *rest = &kvm->arch.xen.state.poll_rest;
	unsigned int i;
	u32 port;

	port = READ_ONCE(*rest) == XEN_POLL_NONE ? XEN_POLL_NONE : xchg(rest, XEN_POLL_NONE);
	if (port == XEN_POLL_NONE)
		return;

	for_each_set_bit(i, kvm->arch.xen.poll_mask, nr) {
		wake(kvm_get_vcpu(kvm, i), port);
		cond_resched();
	}
}

void xen_poll_withdraw(struct kvm_vcpu *vcpu)
{
	struct kvm_xen *xen = &vcpu->kvm->arch.xen;

	atomic_dec(&xen->state.nr_pollers);
	clear_bit(vcpu->vcpu_idx, xen->poll_mask);
	WRITE_ONCE(vcpu->arch.xen.state.poll_port, XEN_POLL_NONE);

	/* Pairs with the atomic operations in leave_rest(), before it reads the mask. */
	smp_mb();
	xen_poll_wake_rest(vcpu->kvm);
}
