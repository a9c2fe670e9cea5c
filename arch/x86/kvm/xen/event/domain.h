/* SPDX-License-Identifier: GPL-2.0 */
/* The ports of a guest and of its VMM, if KVM keeps them; see domain.c. */
#ifndef _KVM_XEN_EVENT_DOMAIN_H
#define _KVM_XEN_EVENT_DOMAIN_H

#include "xen/abi/evtchn_table.h"
#include "xen/event/port.h"

#include <linux/mutex.h>

/* A domain: its ports by Xen's rules, and where they are. */
struct xen_domain {
	struct evtchn_table table;
	struct xen_domains *both;
	struct xen_slots **ports;	/* struct xen_port */

	/*
	 * Ports that were closed and wait for a grace period count as in use: the table's
	 * first free port may be above them.  @lowest is the lowest of them, if any, and
	 * @waits what one of them waits for; 0: there are none.
	 */
	u32 lowest;
	unsigned long waits;
	bool has_linked;		/* the operation met a closed port that is on a queue */
};

/* The two domains of a VM, which stay until it is destroyed. */
struct xen_domains {
	struct kvm *kvm;
	struct mutex lock;		/* serializes operations */
	struct xen_domain guest;
	struct xen_domain vmm;
	struct xen_slots *vmm_ports;

	/* Attributes of the VMM, see domain_attr.c.  The bitmaps may be read at any time. */
	u32 denied;
	u32 vmm_ops;
	int changed_fd;
	struct eventfd_ctx *changed;	/* or NULL; under kvm->srcu */
};

/* The domains of a VM whose ports KVM keeps. */
static inline struct xen_domains *xen_domains(struct kvm *kvm)
{
	/* Pairs with the release in xen_domains_publish(). */
	return smp_load_acquire(&kvm->arch.xen.state.domains);
}

/*
 * Create the domains, for a VM whose VMM asks KVM to keep the ports.  NULL without memory.
 * xen_domains_publish() puts them into use, under xen_lock.  Returns 0, or -EBUSY if a
 * port is registered.
 */
struct xen_domains *xen_domains_create(struct kvm *kvm);
int xen_domains_publish(struct kvm *kvm, struct xen_domains *domains);

/* Free domains that were not published, or whose VM is being destroyed; NULL: none. */
void xen_domains_destroy(struct xen_domains *domains);

/* What an operation needs to know besides the domains. */
struct xen_port_args {
	u16 domid;
	u32 nr;				/* a port, a VIRQ or a PIRQ */
	u32 vcpu;			/* Xen's id */
	int fd;
	struct eventfd_ctx *eventfd;	/* taken over if the operation succeeds */
};

/*
 * An operation on ports.  Runs under xen_lock, in a read section of kvm->srcu.  Returns
 * the port that it has opened, or 0, or -errno, see evtchn_table.h.
 */
typedef int (*xen_port_op)(struct xen_domains *domains, const struct xen_port_args *args);

/*
 * Run @op.  Takes the domains' lock and may wait for a grace period of kvm->srcu: the
 * caller is in no read section of it and holds no lock other than vcpu->mutex.
 */
int xen_port_do(struct xen_domains *domains, xen_port_op op, const struct xen_port_args *args);

/* Operations of the guest. */
int xen_port_alloc_unbound(struct xen_domains *domains, const struct xen_port_args *args);
int xen_port_bind_interdomain(struct xen_domains *domains, const struct xen_port_args *args);
int xen_port_bind_virq(struct xen_domains *domains, const struct xen_port_args *args);
int xen_port_bind_ipi(struct xen_domains *domains, const struct xen_port_args *args);
int xen_port_bind_pirq(struct xen_domains *domains, const struct xen_port_args *args);
int xen_port_bind_vcpu(struct xen_domains *domains, const struct xen_port_args *args);
int xen_port_close(struct xen_domains *domains, const struct xen_port_args *args);

/* Operations of the VMM on its own ports. */
int xen_port_vmm_alloc(struct xen_domains *domains, const struct xen_port_args *args);
int xen_port_vmm_bind(struct xen_domains *domains, const struct xen_port_args *args);

/*
 * Close the VMM's port @nr.  Returns after the last signal to its eventfd.  Locks as
 * xen_port_do().
 */
int xen_port_vmm_close(struct xen_domains *domains, u32 nr);

/*
 * Close all ports of the guest, and go back to 2-level.  Returns 0, or -EINTR if the
 * caller is killed.  Locks as xen_port_do().
 */
int xen_domain_reset(struct xen_domains *domains);

/*
 * What the guest's port @nr is, closed if it was never open.  Returns 0, or -EINVAL if @nr
 * is out of range.  Locks as xen_port_do().
 */
int xen_port_status(struct xen_domains *domains, u32 nr, struct evtchn_entry *entry);

/*
 * Raise @virq, of @vcpu if each vCPU has one, if it is bound.  Returns 0, or -EINVAL if
 * there is no such VIRQ.  May sleep.
 */
int xen_domain_raise_virq(struct xen_domains *domains, u32 virq, u32 vcpu);

/* Whether @vcpu_id of an event is not a vCPU, but says how to find it by the port. */
static inline bool xen_finds_vcpu(u32 vcpu_id)
{
	return vcpu_id == KVM_XEN_EVTCHN_PORTS_VCPU || vcpu_id == KVM_XEN_EVTCHN_VMM_PORT;
}

/*
 * The vCPU of an event for @port, for which xen_finds_vcpu() is true; @port becomes the
 * guest's port.  Returns NULL if the VMM's port is unbound, ERR_PTR(-EINVAL) if it is
 * closed, and if @atomic ERR_PTR(-EWOULDBLOCK) if the vCPU has to be searched for.  In a
 * read section of kvm->srcu.
 */
struct kvm_vcpu *xen_domain_find_vcpu(struct kvm *kvm, u32 vcpu_id, u32 *port, bool atomic);

/* The port of the VIRQ of @vcpu, which each vCPU has; 0: none.  Any context. */
static inline u32 xen_vcpu_virq_port(struct kvm_vcpu *vcpu, u32 virq)
{
	return READ_ONCE(vcpu->arch.xen.state.virq_ports[virq]);
}

#endif /* _KVM_XEN_EVENT_DOMAIN_H */
