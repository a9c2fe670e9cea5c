/* SPDX-License-Identifier: GPL-2.0 */
/* The tokens of a VM and their targets; dynhc.c and targets.c say what guards them. */
#ifndef _KVM_XEN_DYNHC_TOKEN_H
#define _KVM_XEN_DYNHC_TOKEN_H

#include <asm/kvm_dynhc.h>
#include <linux/kvm_xen.h>

#include "xen/base/slots.h"
#include "xen/event/evtchn.h"

#define XEN_NR_TOKENS	(DYNHC_MAX_TOKEN + 1)

/* Token 0 is invalid, and its slot stays empty. */
static_assert(DYNHC_NO_TOKEN == 0);

/* An eventfd that calls signal. */
struct xen_eventfd_binding {
	struct hlist_node node;		/* by token and value, unless @any */
	struct list_head list;		/* bindings of the token, @any first */
	u64 value;
	u32 token;
	bool any;
	int fd;				/* the VMM's file descriptor */
	struct eventfd_ctx __rcu *eventfd;
};

/* A token, bound to one target. */
struct xen_token {
	u32 nr;
	u8 target;			/* KVM_XEN_DYNHC_EVENTFD and so on */
	bool user;			/* may be called at any CPL */
	u32 nr_matches;			/* number of bindings for one value */
	struct xen_eventfd_binding __rcu *any;
	struct list_head bindings;
	union {
		struct {
			struct xen_target target;
			u32 port;
		} evtchn;
		struct xen_dynhc_use *use;
	};
	struct xen_token *next;		/* used while removing */
};

/* The table of a VM. */
struct xen_dynhc {
	struct xen_slots *tokens;
	struct hlist_head *matches;	/* by hash; NULL: none was ever bound */
	u64 value_key;			/* multipliers of the hash, odd */
	u64 token_key;
	u32 nr_bindings;
	u32 last_picked;
};

#define xen_dynhc_held(kvm)	lockdep_is_held(&(kvm)->arch.xen.state.dynhc_lock)

/* The table, for callers that hold dynhc_lock; NULL if no token was ever bound. */
static inline struct xen_dynhc *xen_dynhc_table(struct kvm *kvm)
{
	lockdep_assert_held(&kvm->arch.xen.state.dynhc_lock);

	return kvm->arch.xen.state.dynhc;
}

#endif /* _KVM_XEN_DYNHC_TOKEN_H */
