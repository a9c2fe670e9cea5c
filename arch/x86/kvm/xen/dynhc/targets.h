/* SPDX-License-Identifier: GPL-2.0 */
/* The kinds of targets of a token, and calls of a token. */
#ifndef _KVM_XEN_DYNHC_TARGETS_H
#define _KVM_XEN_DYNHC_TARGETS_H

#include "xen/base/hcall.h"
#include "xen/dynhc/token.h"

/* A kind of target.  All but call() run under dynhc_lock. */
struct xen_token_target {
	/* Set up @token from @arg.  Returns 0, or -errno with nothing held. */
	int (*bind)(struct kvm *kvm, struct xen_token *token,
		    const struct kvm_xen_dynhc *arg);
	/* Change a token that may be in use from @arg.  Returns 0 or -errno. */
	int (*update)(struct kvm *kvm, struct xen_token *token,
		      const struct kvm_xen_dynhc *arg);
	/* No call can be using @token.  NULL: nothing to undo. */
	void (*unbind)(struct xen_token *token);
	s64 (*call)(struct kvm_vcpu *vcpu, struct xen_token *token,
		    const struct kvm_xen_hcall *hcall);
	/* Fill the union of @arg with what would bind the same target again. */
	void (*describe)(const struct xen_token *token, struct kvm_xen_dynhc *arg);
	u32 arg_size;			/* used bytes of the union */
	u16 flags;			/* allowed flags */
};

#define XEN_NR_TOKEN_TARGETS	(KVM_XEN_DYNHC_HANDLER + 1)

/* Indexed by KVM_XEN_DYNHC_EVENTFD and so on; 0 is none. */
extern const struct xen_token_target xen_token_targets[XEN_NR_TOKEN_TARGETS];

/*
 * The binding of @token that @arg describes, with or without a value, or NULL.  Under
 * dynhc_lock.
 */
struct xen_eventfd_binding *xen_eventfd_binding_held(struct kvm *kvm, struct xen_token *token,
						     const struct kvm_xen_dynhc *arg);

/* Hide @binding from new calls; earlier ones may still use it.  Under dynhc_lock. */
void xen_eventfd_binding_remove(struct kvm *kvm, struct xen_token *token,
				struct xen_eventfd_binding *binding);

/*
 * Hide all bindings of a token that was removed.  They stay on its list, by which they
 * are freed.
 */
void xen_eventfd_bindings_remove(struct xen_token *token);

/* Free @binding, which no call can be using. */
void xen_eventfd_binding_free(struct xen_eventfd_binding *binding);

/*
 * The handler of hypercall DYNHC_HYPERCALL.  Any context if @hcall->atomic, else may
 * sleep.
 */
s64 xen_hcall_dynhc(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall);

#endif /* _KVM_XEN_DYNHC_TARGETS_H */
