// SPDX-License-Identifier: GPL-2.0
/*
 * vCPUs that poll for ports, and waking them.
 *
 * Owns poll_mask, poll_rest and nr_pollers of the VM, and poll_port of a vCPU.
 * A poller announces itself, then looks at the pending bits; a sender sets the
 * bit, then looks for pollers.  Full barriers on either side make sure that
 * one sees the other.  A sender looks at few pollers, and leaves the rest to one of
 * them (poll_rest): it may have interrupts off, and there may be a thousand.
 */
#include "xen/event/pollers.h"

void xen_poll_announce(struct kvm_vcpu *vcpu, u32 port)
{
	struct kvm_xen *xen = &vcpu->kvm->arch.xen;

	WRITE_ONCE(vcpu->arch.xen.state.poll_port, port);
	set_bit(vcpu->vcpu_idx, xen->poll_mask);
	atomic_inc(&xen->state.nr_pollers);

	/* Pairs with the marking of a port, before its sender wakes pollers. */
	smp_mb__after_atomic();
}

static void wake(struct kvm_vcpu *vcpu, u32 port)
{
	u32 wanted = READ_ONCE(vcpu->arch.xen.state.poll_port);

	if (port == XEN_POLL_ANY || wanted == port || wanted == XEN_POLL_ANY)
		xen_kick(vcpu);
}

/* As many pollers are looked at by a sender, which may have interrupts off. */
#define WAKE_FEW	16

/*
 * Leave the pollers from number @i on to one of them.  If it stops polling instead, it
 * sees what is left to it in xen_poll_withdraw(), or is not seen here.
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

	/* Pairs with the exchange in leave_rest(), ahead of its look at the mask. */
	smp_mb();
	xen_poll_wake_rest(vcpu->kvm);
}
