/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a token can stand for, and the call of one.
 */
#ifndef _KVM_XEN_DYNHC_TARGETS_H
#define _KVM_XEN_DYNHC_TARGETS_H

#include "xen/base/hcall.h"
#include "xen/dynhc/token.h"

/* What kinds of targets there are. */
struct xen_token_target {
	/* Take over what @arg says.  Returns 0 or -errno, holding nothing. */
	int (*bind)(struct kvm *kvm, struct xen_token *token,
		    const struct kvm_xen_dynhc *arg);
	/* Take over what may change of a token that is called; returns 0 or -errno. */
	int (*update)(struct kvm *kvm, struct xen_token *token,
		      const struct kvm_xen_dynhc *arg);
	/* No call can be under way any more. */
	void (*unbind)(struct xen_token *token);
	s64 (*call)(struct kvm_vcpu *vcpu, struct xen_token *token,
		    const struct kvm_xen_hcall *hcall);
	/* The union of what would bind the same again. */
	void (*describe)(const struct xen_token *token, struct kvm_xen_dynhc *arg);
	u32 arg_size;			/* of the union, what is used */
	u16 flags;			/* that it takes */
};

#define XEN_NR_TOKEN_TARGETS	(KVM_XEN_DYNHC_HANDLER + 1)

/* By KVM_XEN_DYNHC_EVENTFD and so on, 0 is none. */
extern const struct xen_token_target xen_token_targets[XEN_NR_TOKEN_TARGETS];

/* The binding of @token that @arg names, with or without a value; NULL: none. */
struct xen_eventfd_binding *xen_eventfd_binding_held(struct kvm *kvm, struct xen_token *token,
			       const struct kvm_xen_dynhc *arg);

/* Let no more calls find @binding; some may have. */
void xen_eventfd_binding_remove(struct kvm *kvm, struct xen_token *token,
		       struct xen_eventfd_binding *binding);

/* The same with all of a token that is taken out: in its list, to be freed by, they stay. */
void xen_eventfd_bindings_remove(struct xen_token *token);

/* No call can be under way any more. */
void xen_eventfd_binding_free(struct xen_eventfd_binding *binding);

/* The answer to hypercall DYNHC_HYPERCALL.  Any context, by @hcall->atomic. */
s64 xen_hcall_dynhc(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall);

#endif /* _KVM_XEN_DYNHC_TARGETS_H */
