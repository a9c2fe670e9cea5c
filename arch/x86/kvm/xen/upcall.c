// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls: how a vCPU comes to hear of its events.
 *
 * An upcall is due when evtchn_upcall_pending in vcpu_info goes from 0 to 1.
 * A vCPU with a vector of its own gets it once, as an interrupt of its LAPIC;
 * otherwise the VM-wide vector is injected at entry for as long as the flag
 * is up, see kvm_xen_has_interrupt().  evtchn_upcall_mask plays no part: for
 * guests that are not PV, Xen does not look at it either.
 */
#include "internal.h"
#include "../lapic.h"
#include "trace.h"

static void inject_lapic_vector(struct kvm_vcpu *vcpu, u8 vector)
{
	struct kvm_lapic_irq irq = {
		.vector = vector,
		.delivery_mode = APIC_DM_FIXED,
		.dest_mode = APIC_DEST_PHYSICAL,
		.shorthand = APIC_DEST_NOSHORT,
		.level = 1,
	};

	if (lapic_in_kernel(vcpu))
		kvm_apic_set_irq(vcpu, &irq, NULL);
}

/* Tell @vcpu that its evtchn_upcall_pending went up.  Any context. */
void xen_upcall_raise(struct kvm_vcpu *vcpu)
{
	u8 vector = READ_ONCE(vcpu->arch.xen.upcall_vector);

	++vcpu->stat.xen_upcalls;
	trace_kvm_xen_upcall(vcpu->vcpu_id, vector,
			     vcpu->kvm->arch.xen.upcall_vector);

	if (vector)
		inject_lapic_vector(vcpu, vector);
	else
		xen_kick(vcpu);
}

/* Point @vcpu at @port, which was marked by @ops and @layout.  Any context. */
void xen_upcall_select(struct kvm_vcpu *vcpu, const struct xen_evtchn_ops *ops,
		       const struct xen_layout *layout, u32 port)
{
	if (xen_vcpu_info_select(vcpu, ops, layout, port))
		xen_upcall_raise(vcpu);
}

/* Replay what was parked; may sleep, in the vCPU's thread. */
void xen_upcall_replay(struct kvm_vcpu *vcpu)
{
	if (xen_vcpu_info_replay(vcpu))
		xen_upcall_raise(vcpu);
}

/*
 * Deliver what was raised while the vCPU could not hear it: after its
 * vcpu_info was registered or a vector was set.  May sleep, as above.
 */
void xen_upcall_reevaluate(struct kvm_vcpu *vcpu)
{
	if (xen_vcpu_info_placed(vcpu))
		xen_upcall_raise(vcpu);
}

void __kvm_xen_sw_enable_lapic(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.xen.vcpu_info_cache.active &&
	    __kvm_xen_has_interrupt(vcpu))
		xen_upcall_raise(vcpu);
}
