/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dynamic hypercalls inside the core: dynhc.c has the table of a VM, dynhc_targets.c
 * what a token can stand for, dynhc_handler.c what other modules registered.
 */
#ifndef _KVM_XEN_DYNHC_H
#define _KVM_XEN_DYNHC_H

#include <asm/kvm_dynhc.h>
#include <linux/kvm_xen_dynhc.h>

#include "xen/base/internal.h"
#include "xen/base/slots.h"

static_assert(KVM_XEN_DYNHC_TO_VMM == XEN_HCALL_TO_VMM);
static_assert(KVM_XEN_DYNHC_AGAIN == XEN_HCALL_AGAIN);

#define XEN_NR_TOKENS	(DYNHC_MAX_TOKEN + 1)

/* Token 0 is none, and a slot that stays empty. */
static_assert(DYNHC_NO_TOKEN == 0);

/* An eventfd that calls signal. */
struct xen_bell {
	struct hlist_node node;		/* by token and value, unless @any */
	struct list_head list;		/* of the token: @any first */
	u64 value;
	u32 token;
	bool any;
	int fd;				/* as the VMM named it */
	struct eventfd_ctx __rcu *eventfd;
};

/* What a VMM bound, to one target. */
struct xen_token {
	u32 nr;
	u8 target;			/* KVM_XEN_DYNHC_EVENTFD and so on */
	bool user;			/* may be called at any CPL */
	u32 nr_matches;			/* of the bells, those of one value */
	struct xen_bell __rcu *any;
	struct list_head bells;
	union {
		struct {
			struct xen_target target;
			u32 port;
		} evtchn;
		struct xen_dynhc_use *use;
	};
	struct xen_token *next;		/* while all of them are removed */
};

/* The table of a VM. */
struct xen_dynhc {
	struct xen_slots *tokens;
	struct hlist_head *bells;	/* by hash; NULL: never a match */
	u64 value_key;			/* of the hash, odd */
	u64 token_key;
	u32 nr_bindings;
	u32 last_picked;
};

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

/* dynhc_targets.c; by KVM_XEN_DYNHC_EVENTFD and so on, 0 is none. */
extern const struct xen_token_target xen_token_targets[XEN_NR_TOKEN_TARGETS];

#define xen_dynhc_held(kvm)	lockdep_is_held(&(kvm)->arch.xen.state.dynhc_lock)

/* For whoever changes it; NULL where no token ever was. */
static inline struct xen_dynhc *xen_dynhc_table(struct kvm *kvm)
{
	lockdep_assert_held(&kvm->arch.xen.state.dynhc_lock);

	return kvm->arch.xen.state.dynhc;
}

/* The bell of @token that @arg names, with or without a value; NULL: none. */
struct xen_bell *xen_bell_held(struct kvm *kvm, struct xen_token *token,
			       const struct kvm_xen_dynhc *arg);

/* Let no more calls find @bell; some may have. */
void xen_bell_take_out(struct kvm *kvm, struct xen_token *token,
		       struct xen_bell *bell);

/* The same with all of a token that is taken out: in its list, to be freed by, they stay. */
void xen_bells_take_out(struct xen_token *token);

/* No call can be under way any more. */
void xen_bell_free(struct xen_bell *bell);

/* dynhc_handler.c: a token that is bound to a handler */
struct xen_dynhc_use;

/*
 * Bind @token to the handler called @name, and hand it @data.  Returns what
 * stands for that, or an ERR_PTR.  Sleeps, outside of read sections of kvm->srcu
 * and of xen_lock.
 */
struct xen_dynhc_use *xen_dynhc_use(struct kvm *kvm, u32 token,
				    const char *name, u64 data);

/* The end of that, when no call can be under way.  Sleeps, likewise. */
void xen_dynhc_unuse(struct xen_dynhc_use *use);

/* What it was bound with: a name of KVM_XEN_DYNHC_NAME_LEN bytes, and data. */
const char *xen_dynhc_use_name(const struct xen_dynhc_use *use);
u64 xen_dynhc_use_data(const struct xen_dynhc_use *use);

/* Make the call, as the guest of @vcpu; returns as handlers of hypercalls do. */
s64 xen_dynhc_use_call(struct kvm_vcpu *vcpu, struct xen_dynhc_use *use,
		       const struct kvm_xen_hcall *hcall);

#endif /* _KVM_XEN_DYNHC_H */
