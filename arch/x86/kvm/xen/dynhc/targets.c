// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic hypercalls: the kinds of targets of a token, and calls of a token.
 *
 * Owns the bindings of eventfds: a token has one binding for any first argument, or any
 * number of bindings for one value each, found by hash, or both.  Changes are made under
 * dynhc_lock; calls are in a read section of kvm->srcu.
 */
#include "xen/dynhc/handler.h"
#include "xen/dynhc/targets.h"
#include "xen/event/fifo.h"
#include "xen/event/ports.h"

#include <linux/eventfd.h>
#include <linux/rculist.h>

#define MATCH_BITS	10

/*
 * How many bindings of a hash chain a call searches with interrupts off.  With the
 * maximum number of bindings, chains are 8 long on average.
 */
#define MATCH_FEW	24

/* Bindings of eventfds */

/*
 * Neither the VMM nor the guest can construct collisions, since the multipliers are
 * random, odd and different per VM.  Multiplicative hashing uses the highest bits of the
 * result.
 */
static struct hlist_head *match_head(struct xen_dynhc *dynhc, u32 token, u64 value)
{
	u64 hash = value * dynhc->value_key + token * dynhc->token_key;

	return &dynhc->matches[hash >> (64 - MATCH_BITS)];
}

/*
 * The binding of @token for @value; NULL if there is none; ERR_PTR(-EWOULDBLOCK) if it is
 * not among the first @most of its chain.
 */
static struct xen_eventfd_binding *
find_match(struct kvm *kvm, struct xen_dynhc *dynhc, u32 token, u64 value, u32 most)
{
	struct xen_eventfd_binding *binding;

	hlist_for_each_entry_srcu(binding, match_head(dynhc, token, value), node,
				  srcu_read_lock_held(&kvm->srcu) ||
				  xen_dynhc_held(kvm)) {
		if (binding->value == value && binding->token == token)
			return binding;
		if (!most--)
			return ERR_PTR(-EWOULDBLOCK);
	}

	return NULL;
}

/* The binding of @token that @arg describes, for callers that hold dynhc_lock. */
struct xen_eventfd_binding *xen_eventfd_binding_held(struct kvm *kvm, struct xen_token *token,
						     const struct kvm_xen_dynhc *arg)
{
	struct xen_dynhc *dynhc = xen_dynhc_table(kvm);

	if (!(arg->flags & KVM_XEN_DYNHC_MATCH))
		return rcu_dereference_protected(token->any, xen_dynhc_held(kvm));
	if (!dynhc->matches)
		return NULL;

	return find_match(kvm, dynhc, token->nr, arg->match, U32_MAX);
}

/*
 * The binding that a call signals.  If @nr_matches is not 0, dynhc->matches is set.
 * Returns as find_match(), or the binding for any value.
 */
static struct xen_eventfd_binding *called_binding(struct kvm *kvm, struct xen_token *token,
						  const struct kvm_xen_hcall *hcall)
{
	struct xen_eventfd_binding *binding = NULL;

	/* Pairs with the release in add_binding(). */
	if (unlikely(smp_load_acquire(&token->nr_matches)))
		binding = find_match(kvm, kvm->arch.xen.state.dynhc, token->nr,
				     hcall->params[1], hcall->atomic ? MATCH_FEW : U32_MAX);

	return binding ?: srcu_dereference(token->any, &kvm->srcu);
}

static __always_inline s64 call_eventfd(struct kvm_vcpu *vcpu,
					struct xen_token *token,
					const struct kvm_xen_hcall *hcall)
{
	struct xen_eventfd_binding *binding = called_binding(vcpu->kvm, token, hcall);

	if (IS_ERR_OR_NULL(binding))
		return binding ? XEN_HCALL_SLOW : -EINVAL;

	eventfd_signal(srcu_dereference(binding->eventfd, &vcpu->kvm->srcu));
	return 0;
}

static int make_heads(struct xen_dynhc *dynhc)
{
	if (dynhc->matches)
		return 0;

	/* An all-zero hlist_head is empty. */
	dynhc->matches = kzalloc_objs(*dynhc->matches, 1 << MATCH_BITS,
				      GFP_KERNEL_ACCOUNT);
	return dynhc->matches ? 0 : -ENOMEM;
}

static struct xen_eventfd_binding *new_binding(const struct kvm_xen_dynhc *arg, u32 token)
{
	struct eventfd_ctx *eventfd;
	struct xen_eventfd_binding *binding;

	eventfd = eventfd_ctx_fdget(arg->u.fd);
	if (IS_ERR(eventfd))
		return ERR_CAST(eventfd);

	binding = kzalloc_obj(*binding, GFP_KERNEL_ACCOUNT);
	if (!binding) {
		eventfd_ctx_put(eventfd);
		return ERR_PTR(-ENOMEM);
	}

	*binding = (struct xen_eventfd_binding) {
		.value = arg->match,
		.token = token,
		.any = !(arg->flags & KVM_XEN_DYNHC_MATCH),
		.fd = arg->u.fd,
		.eventfd = RCU_INITIALIZER(eventfd),
	};
	return binding;
}

void xen_eventfd_binding_free(struct xen_eventfd_binding *binding)
{
	eventfd_ctx_put(rcu_access_pointer(binding->eventfd));
	kfree(binding);
}

/* Make @binding visible to calls of @token. */
static void add_binding(struct kvm *kvm, struct xen_token *token,
			struct xen_eventfd_binding *binding)
{
	struct xen_dynhc *dynhc = xen_dynhc_table(kvm);

	if (binding->any) {
		list_add(&binding->list, &token->bindings);
		rcu_assign_pointer(token->any, binding);
		return;
	}

	list_add_tail(&binding->list, &token->bindings);
	hlist_add_head_rcu(&binding->node,
			   match_head(dynhc, token->nr, binding->value));

	/* Pairs with the acquire in called_binding(). */
	smp_store_release(&token->nr_matches, token->nr_matches + 1);
}

/* Hide @binding from new calls; earlier ones may still use it. */
void xen_eventfd_binding_remove(struct kvm *kvm, struct xen_token *token,
				struct xen_eventfd_binding *binding)
{
	lockdep_assert_held(&kvm->arch.xen.state.dynhc_lock);

	list_del(&binding->list);
	if (binding->any) {
		RCU_INIT_POINTER(token->any, NULL);
		return;
	}

	hlist_del_rcu(&binding->node);
	WRITE_ONCE(token->nr_matches, token->nr_matches - 1);
}

void xen_eventfd_bindings_remove(struct xen_token *token)
{
	struct xen_eventfd_binding *binding;

	list_for_each_entry(binding, &token->bindings, list) {
		if (!binding->any)
			hlist_del_rcu(&binding->node);
	}
}

static int bind_eventfd(struct kvm *kvm, struct xen_token *token,
			const struct kvm_xen_dynhc *arg)
{
	struct xen_eventfd_binding *binding;

	if ((arg->flags & KVM_XEN_DYNHC_MATCH) && make_heads(xen_dynhc_table(kvm)))
		return -ENOMEM;

	binding = new_binding(arg, token->nr);
	if (IS_ERR(binding))
		return PTR_ERR(binding);

	add_binding(kvm, token, binding);
	return 0;
}

/*
 * Replace the eventfd of a binding.  Concurrent calls signal the old one or the new one;
 * calls after the return only the new one.
 */
static int update_eventfd(struct kvm *kvm, struct xen_token *token,
			  const struct kvm_xen_dynhc *arg)
{
	struct xen_eventfd_binding *binding = xen_eventfd_binding_held(kvm, token, arg);
	struct eventfd_ctx *eventfd;

	if (!binding)
		return -ENOENT;

	eventfd = eventfd_ctx_fdget(arg->u.fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);

	binding->fd = arg->u.fd;
	eventfd = rcu_replace_pointer(binding->eventfd, eventfd, xen_dynhc_held(kvm));
	synchronize_srcu(&kvm->srcu);
	eventfd_ctx_put(eventfd);
	return 0;
}

static void unbind_eventfd(struct xen_token *token)
{
	struct xen_eventfd_binding *binding, *next;

	list_for_each_entry_safe(binding, next, &token->bindings, list)
		xen_eventfd_binding_free(binding);
}

/* Event channel ports */

static int bind_evtchn(struct kvm *kvm, struct xen_token *token,
		       const struct kvm_xen_dynhc *arg)
{
	u32 port = arg->u.evtchn.port;
	int r;

	r = port ? xen_port_check(kvm, port) : -EINVAL;
	if (r)
		return r;
	if (!xen_is_priority(kvm, arg->u.evtchn.priority))
		return -EINVAL;

	token->evtchn.port = port;
	xen_target_set(kvm, &token->evtchn.target, arg->u.evtchn.vcpu,
		       arg->u.evtchn.priority);
	return 0;
}

/* As with KVM_XEN_EVTCHN_UPDATE, the destination may change, but not the port. */
static int update_evtchn(struct kvm *kvm, struct xen_token *token,
			 const struct kvm_xen_dynhc *arg)
{
	if (arg->u.evtchn.port != token->evtchn.port ||
	    !xen_is_priority(kvm, arg->u.evtchn.priority))
		return -EINVAL;

	xen_target_move(kvm, &token->evtchn.target, token->evtchn.port,
			arg->u.evtchn.vcpu, arg->u.evtchn.priority);
	return 0;
}

static s64 call_evtchn(struct kvm_vcpu *vcpu, struct xen_token *token,
		       const struct kvm_xen_hcall *hcall)
{
	int r = xen_target_raise(vcpu->kvm, &token->evtchn.target,
				 token->evtchn.port, hcall->atomic);

	if (hcall->atomic && r == -EWOULDBLOCK)
		return XEN_HCALL_SLOW;
	return min(r, 0);
}

static void describe_evtchn(const struct xen_token *token,
			    struct kvm_xen_dynhc *arg)
{
	union xen_dest dest = xen_target_read(&token->evtchn.target);

	arg->u.evtchn.port = token->evtchn.port;
	arg->u.evtchn.vcpu = dest.vcpu_id;
	arg->u.evtchn.priority = dest.priority;
}

/* The VMM */

static s64 call_vmm(struct kvm_vcpu *vcpu, struct xen_token *token,
		    const struct kvm_xen_hcall *hcall)
{
	return XEN_HCALL_TO_VMM;
}

/* Handlers of other modules */

static int bind_handler(struct kvm *kvm, struct xen_token *token,
			const struct kvm_xen_dynhc *arg)
{
	const char *name = arg->u.handler.name;

	if (strnlen(name, KVM_XEN_DYNHC_NAME_LEN) == KVM_XEN_DYNHC_NAME_LEN)
		return -EINVAL;

	token->use = xen_dynhc_use(kvm, token->nr, name, arg->u.handler.data);
	return PTR_ERR_OR_ZERO(token->use);
}

static void unbind_handler(struct xen_token *token)
{
	xen_dynhc_unuse(token->use);
}

static s64 call_handler(struct kvm_vcpu *vcpu, struct xen_token *token,
			const struct kvm_xen_hcall *hcall)
{
	/* The handler may sleep. */
	if (hcall->atomic)
		return XEN_HCALL_SLOW;

	xen_might_sleep();

	return xen_dynhc_use_call(vcpu, token->use, hcall);
}

static void describe_handler(const struct xen_token *token,
			     struct kvm_xen_dynhc *arg)
{
	arg->u.handler.data = xen_dynhc_use_data(token->use);
	memcpy(arg->u.handler.name, xen_dynhc_use_name(token->use),
	       KVM_XEN_DYNHC_NAME_LEN);
}

/* Tokens */

#define ARG_SIZE(field)	sizeof_field(struct kvm_xen_dynhc, u.field)

const struct xen_token_target xen_token_targets[XEN_NR_TOKEN_TARGETS] = {
	[KVM_XEN_DYNHC_EVENTFD] = {
		.bind = bind_eventfd,
		.update = update_eventfd,
		.unbind = unbind_eventfd,
		.call = call_eventfd,
		.arg_size = ARG_SIZE(fd),
		.flags = KVM_XEN_DYNHC_MATCH | KVM_XEN_DYNHC_USER,
	},
	[KVM_XEN_DYNHC_EVTCHN] = {
		.bind = bind_evtchn,
		.update = update_evtchn,
		.call = call_evtchn,
		.describe = describe_evtchn,
		.arg_size = ARG_SIZE(evtchn),
		.flags = KVM_XEN_DYNHC_USER,
	},
	[KVM_XEN_DYNHC_VMM] = {
		.call = call_vmm,
		.flags = KVM_XEN_DYNHC_USER,
	},
	[KVM_XEN_DYNHC_HANDLER] = {
		.bind = bind_handler,
		.unbind = unbind_handler,
		.call = call_handler,
		.describe = describe_handler,
		.arg_size = ARG_SIZE(handler),
		.flags = KVM_XEN_DYNHC_USER,
	},
};

/* Most calls are doorbells, which signal an eventfd. */
static __always_inline s64 call(struct kvm_vcpu *vcpu, struct xen_token *token,
				const struct kvm_xen_hcall *hcall)
{
	if (likely(token->target == KVM_XEN_DYNHC_EVENTFD))
		return call_eventfd(vcpu, token, hcall);

	return xen_token_targets[token->target].call(vcpu, token, hcall);
}

static __always_inline struct xen_token *find_token(struct kvm *kvm, u64 nr)
{
	/* Pairs with the release in make_table(). */
	struct xen_dynhc *dynhc = smp_load_acquire(&kvm->arch.xen.state.dynhc);
	void __rcu **leaf;

	if (unlikely(!dynhc || nr >= XEN_NR_TOKENS))
		return NULL;

	leaf = xen_slot_leaf(&dynhc->tokens, XEN_NR_TOKENS, nr);
	return leaf ? srcu_dereference(leaf[nr % XEN_LEAF_SLOTS], &kvm->srcu) : NULL;
}

/* The handler of hypercall DYNHC_HYPERCALL. */
s64 xen_hcall_dynhc(struct kvm_vcpu *vcpu, const struct kvm_xen_hcall *hcall)
{
	struct xen_token *token;
	s64 r;

	if (unlikely(!xen_has_flag(vcpu->kvm, KVM_XEN_HVM_CONFIG_DYNHC)))
		return XEN_HCALL_TO_VMM;

	token = find_token(vcpu->kvm, hcall->params[0]);
	if (unlikely(!token))
		return -ENOENT;
	if (unlikely(hcall->cpl && !token->user))
		return -EPERM;

	r = call(vcpu, token, hcall);
	vcpu->stat.xen_dynhcs += !(hcall->atomic && xen_hcall_is_left(r));
	return r;
}
