// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic hypercalls: the tokens that a VMM bound.
 *
 * Owns kvm->arch.xen.state.dynhc.  Changes are made under dynhc_lock.  Calls look up
 * tokens in the read section of kvm->srcu that their vCPU is in, and what was removed is
 * freed after a grace period, before the VMM's ioctl returns.  dynhc_lock is taken
 * outside of any read section of kvm->srcu, so that grace periods may be waited for under
 * it.
 */
#include "xen/dynhc/dynhc.h"
#include "xen/dynhc/targets.h"

#include <linux/random.h>

/* The token @nr, for callers that hold dynhc_lock.  The table must exist. */
static struct xen_token *held_token(struct kvm *kvm, u32 nr)
{
	void __rcu **slot = xen_slot(&xen_dynhc_table(kvm)->tokens, XEN_NR_TOKENS, nr);

	return slot ? rcu_dereference_protected(*slot, xen_dynhc_held(kvm)) : NULL;
}

static struct xen_token *new_token(u32 nr, const struct kvm_xen_dynhc *arg)
{
	struct xen_token *token = kzalloc_obj(*token, GFP_KERNEL_ACCOUNT);

	if (!token)
		return NULL;

	token->nr = nr;
	token->target = arg->target;
	token->user = arg->flags & KVM_XEN_DYNHC_USER;
	INIT_LIST_HEAD(&token->bindings);
	return token;
}

/* Free a token that no call can be using. */
static void free_token(struct xen_token *token)
{
	const struct xen_token_target *target = &xen_token_targets[token->target];

	if (target->unbind)
		target->unbind(token);
	kfree(token);
}

static u32 nr_bindings(struct xen_token *token)
{
	return token->target == KVM_XEN_DYNHC_EVENTFD ?
	       list_count_nodes(&token->bindings) : 1;
}

/*
 * Remove @token from the table: new calls do not find it, earlier ones may still use it.
 */
static void remove_from_table(struct kvm *kvm, struct xen_token *token)
{
	struct xen_dynhc *dynhc = xen_dynhc_table(kvm);
	void __rcu **slot = xen_slot(&dynhc->tokens, XEN_NR_TOKENS, token->nr);

	RCU_INIT_POINTER(*slot, NULL);
	dynhc->nr_bindings -= nr_bindings(token);
	xen_eventfd_bindings_remove(token);
}

static struct xen_dynhc *make_table(struct kvm *kvm)
{
	struct xen_dynhc *dynhc = xen_dynhc_table(kvm);

	if (dynhc)
		return dynhc;

	dynhc = kzalloc_obj(*dynhc, GFP_KERNEL_ACCOUNT);
	if (!dynhc)
		return NULL;

	dynhc->value_key = get_random_u64() | 1;
	dynhc->token_key = get_random_u64() | 1;

	/* Pairs with the acquire in find_token(). */
	smp_store_release(&kvm->arch.xen.state.dynhc, dynhc);
	return dynhc;
}

/*
 * Pick the next free token, cyclically, so that a late call of a removed token finds
 * nothing.
 */
static u32 pick_token(struct kvm *kvm)
{
	u32 last = xen_dynhc_table(kvm)->last_picked;
	u32 i, nr;

	for (i = 1; i <= DYNHC_MAX_TOKEN; i++) {
		nr = (last + i - 1) % DYNHC_MAX_TOKEN + 1;
		if (!held_token(kvm, nr))
			return nr;
	}

	return DYNHC_NO_TOKEN;
}

/* Write the token number to the VMM before a guest can use it. */
static int report_token(const struct kvm_xen_dynhc *arg, u32 nr)
{
	u32 __user *to = u64_to_user_ptr(arg->token_addr);

	return to && put_user(nr, to) ? -EFAULT : 0;
}

/* Bind a free token. */
static int assign_token(struct kvm *kvm, u32 nr,
			const struct kvm_xen_dynhc *arg)
{
	u32 kind = array_index_nospec(arg->target, XEN_NR_TOKEN_TARGETS);
	const struct xen_token_target *target = &xen_token_targets[kind];
	struct xen_token *token;
	void __rcu **slot;
	int r;

	slot = xen_make_slot(&xen_dynhc_table(kvm)->tokens, XEN_NR_TOKENS, nr);
	token = slot ? new_token(nr, arg) : NULL;
	if (!token)
		return -ENOMEM;

	r = report_token(arg, nr);
	if (!r && target->bind)
		r = target->bind(kvm, token, arg);
	if (r) {
		kfree(token);
		return r;
	}

	rcu_assign_pointer(*slot, token);
	return 0;
}

/* Add another binding to a token that is bound. */
static int join_token(struct kvm *kvm, struct xen_token *token,
		      const struct kvm_xen_dynhc *arg)
{
	int r;

	if (token->target != KVM_XEN_DYNHC_EVENTFD ||
	    arg->target != KVM_XEN_DYNHC_EVENTFD || xen_eventfd_binding_held(kvm, token, arg))
		return -EEXIST;
	if (token->user != !!(arg->flags & KVM_XEN_DYNHC_USER))
		return -EINVAL;

	r = report_token(arg, token->nr);
	return r ?: xen_token_targets[KVM_XEN_DYNHC_EVENTFD].bind(kvm, token, arg);
}

static int assign_nr(struct kvm *kvm, u32 nr, const struct kvm_xen_dynhc *arg)
{
	struct xen_dynhc *dynhc = xen_dynhc_table(kvm);
	struct xen_token *token = held_token(kvm, nr);
	int r;

	r = token ? join_token(kvm, token, arg) : assign_token(kvm, nr, arg);
	if (!r)
		dynhc->nr_bindings++;
	return r;
}

static int assign(struct kvm *kvm, const struct kvm_xen_dynhc *arg)
{
	struct xen_dynhc *dynhc = make_table(kvm);
	u32 nr = arg->token;
	int r;

	if (!dynhc)
		return -ENOMEM;
	if (dynhc->nr_bindings >= KVM_XEN_DYNHC_MAX_BINDINGS)
		return -ENOSPC;
	if (nr != KVM_XEN_DYNHC_ANY_TOKEN)
		return assign_nr(kvm, nr, arg);

	nr = pick_token(kvm);
	if (nr == DYNHC_NO_TOKEN)
		return -ENOSPC;

	r = assign_nr(kvm, nr, arg);
	if (!r)
		dynhc->last_picked = nr;
	return r;
}

/* Remove a token.  Returns after the last call that uses it. */
static void remove_token(struct kvm *kvm, struct xen_token *token)
{
	remove_from_table(kvm, token);
	synchronize_srcu(&kvm->srcu);
	free_token(token);
}

static void remove_binding(struct kvm *kvm, struct xen_token *token,
			   struct xen_eventfd_binding *binding)
{
	xen_eventfd_binding_remove(kvm, token, binding);
	xen_dynhc_table(kvm)->nr_bindings--;
	synchronize_srcu(&kvm->srcu);
	xen_eventfd_binding_free(binding);
}

static int update(struct kvm *kvm, const struct kvm_xen_dynhc *arg)
{
	const struct xen_token_target *target;
	struct xen_token *token;

	token = xen_dynhc_table(kvm) ? held_token(kvm, arg->token) : NULL;
	if (!token)
		return -ENOENT;

	target = &xen_token_targets[token->target];
	if (!target->update || token->target != arg->target ||
	    token->user != !!(arg->flags & KVM_XEN_DYNHC_USER))
		return -EINVAL;

	return target->update(kvm, token, arg);
}

static int deassign(struct kvm *kvm, const struct kvm_xen_dynhc *arg)
{
	struct xen_token *token;
	struct xen_eventfd_binding *binding;

	token = xen_dynhc_table(kvm) ? held_token(kvm, arg->token) : NULL;
	if (!token)
		return -ENOENT;

	if (token->target != KVM_XEN_DYNHC_EVENTFD) {
		if (arg->flags & KVM_XEN_DYNHC_MATCH)
			return -ENOENT;
		remove_token(kvm, token);
		return 0;
	}

	binding = xen_eventfd_binding_held(kvm, token, arg);
	if (!binding)
		return -ENOENT;

	if (list_is_singular(&token->bindings))
		remove_token(kvm, token);
	else
		remove_binding(kvm, token, binding);
	return 0;
}

/* The first token from @from on, or NULL. */
static struct xen_token *next_token(struct kvm *kvm, u32 from)
{
	struct xen_dynhc *dynhc = xen_dynhc_table(kvm);

	if (!dynhc)
		return NULL;

	return held_token(kvm, xen_next_slot(&dynhc->tokens, XEN_NR_TOKENS, from));
}

static struct xen_token *remove_all_from_table(struct kvm *kvm)
{
	struct xen_token *token, *list = NULL;

	while ((token = next_token(kvm, list ? list->nr : 0))) {
		remove_from_table(kvm, token);
		token->next = list;
		list = token;
	}

	return list;
}

static void free_all(struct xen_token *list)
{
	struct xen_token *token;

	while ((token = list)) {
		list = token->next;
		free_token(token);
		cond_resched();
	}
}

static int reset(struct kvm *kvm, const struct kvm_xen_dynhc *arg)
{
	struct xen_token *list = remove_all_from_table(kvm);

	if (list)
		synchronize_srcu(&kvm->srcu);
	free_all(list);
	return 0;
}

/* The operations, and the fields that each uses. */
static const struct op {
	int (*run)(struct kvm *kvm, const struct kvm_xen_dynhc *arg);
	bool has_token;
	bool picks;		/* accepts KVM_XEN_DYNHC_ANY_TOKEN */
	bool has_target;
	u16 flags;
} ops[] = {
	[KVM_XEN_DYNHC_ASSIGN] = {
		.run = assign,
		.has_token = true,
		.picks = true,
		.has_target = true,
	},
	[KVM_XEN_DYNHC_DEASSIGN] = {
		.run = deassign,
		.has_token = true,
		.flags = KVM_XEN_DYNHC_MATCH,
	},
	[KVM_XEN_DYNHC_RESET] = {
		.run = reset,
	},
	[KVM_XEN_DYNHC_UPDATE] = {
		.run = update,
		.has_token = true,
		.has_target = true,
	},
};

static bool is_token(const struct op *op, const struct kvm_xen_dynhc *arg)
{
	if (arg->token_addr && !op->picks)
		return false;
	if (!op->has_token)
		return !arg->token;
	if (op->picks && arg->token == KVM_XEN_DYNHC_ANY_TOKEN)
		return arg->token_addr;

	return arg->token && arg->token <= DYNHC_MAX_TOKEN;
}

/* The kind of target in @arg; an empty one if @op takes none; NULL if @arg is invalid. */
static const struct xen_token_target *find_target(const struct op *op,
						  const struct kvm_xen_dynhc *arg)
{
	static const struct xen_token_target none;

	if (!op->has_target)
		return arg->target ? NULL : &none;
	if (!arg->target || arg->target >= XEN_NR_TOKEN_TARGETS)
		return NULL;

	return &xen_token_targets[array_index_nospec(arg->target, XEN_NR_TOKEN_TARGETS)];
}

static bool is_proper(const struct op *op, const struct kvm_xen_dynhc *arg)
{
	const struct xen_token_target *target = find_target(op, arg);

	if (!target || !is_token(op, arg))
		return false;
	if (arg->flags & ~(op->flags | target->flags))
		return false;
	if (arg->match && !(arg->flags & KVM_XEN_DYNHC_MATCH))
		return false;

	return !memchr_inv((u8 *)&arg->u + target->arg_size, 0,
			   sizeof(arg->u) - target->arg_size);
}

/* KVM_XEN_ATTR_TYPE_DYNHC, see its description in linux/kvm_xen.h. */
static int dynhc_set(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	const struct kvm_xen_dynhc *arg = XEN_ATTR_ARG(data, *arg);
	const struct op *op;

	if (arg->op >= ARRAY_SIZE(ops))
		return -EINVAL;

	op = &ops[array_index_nospec(arg->op, ARRAY_SIZE(ops))];
	if (!is_proper(op, arg))
		return -EINVAL;

	guard(mutex)(&kvm->arch.xen.state.dynhc_lock);

	return xen_has_flag(kvm, KVM_XEN_HVM_CONFIG_DYNHC) ? op->run(kvm, arg) : -ENOENT;
}

const struct xen_vm_attr xen_dynhc_attr = {
	.set = dynhc_set,
	.config_flag = KVM_XEN_HVM_CONFIG_DYNHC,
	.locks = true,
};

bool xen_dynhc_has_tokens(struct kvm *kvm)
{
	struct xen_dynhc *dynhc = xen_dynhc_table(kvm);

	return dynhc && dynhc->nr_bindings;
}

/* Where to write entries of the table, and how many entries there are. */
struct sink {
	struct kvm_xen_dynhc __user *entries;
	u32 room;
	u32 nr;
};

static int put_entry(struct sink *sink, const struct kvm_xen_dynhc *entry)
{
	u32 i = sink->nr++;

	if (i < sink->room &&
	    copy_to_user(&sink->entries[i], entry, sizeof(*entry)))
		return -EFAULT;

	return xen_loop_turn();
}

static int put_bindings(struct sink *sink, const struct xen_token *token,
			struct kvm_xen_dynhc entry)
{
	u16 flags = entry.flags;
	struct xen_eventfd_binding *binding;
	int r;

	list_for_each_entry(binding, &token->bindings, list) {
		entry.flags = flags | (binding->any ? 0 : KVM_XEN_DYNHC_MATCH);
		entry.match = binding->value;
		entry.u.fd = binding->fd;
		r = put_entry(sink, &entry);
		if (r)
			return r;
	}

	return 0;
}

static int put_token(struct sink *sink, const struct xen_token *token)
{
	const struct xen_token_target *target = &xen_token_targets[token->target];
	struct kvm_xen_dynhc entry = {
		.token = token->nr,
		.target = token->target,
		.flags = token->user ? KVM_XEN_DYNHC_USER : 0,
	};

	if (token->target == KVM_XEN_DYNHC_EVENTFD)
		return put_bindings(sink, token, entry);

	if (target->describe)
		target->describe(token, &entry);
	return put_entry(sink, &entry);
}

/* KVM_XEN_ATTR_TYPE_DYNHC_ENUM, see its description in linux/kvm_xen.h. */
static int dynhc_enumerate(struct kvm *kvm, struct kvm_xen_hvm_attr *data)
{
	struct kvm_xen_dynhc_enum *arg = XEN_ATTR_ARG(data, *arg);
	struct sink sink = {
		.entries = u64_to_user_ptr(arg->entries),
		.room = arg->nr,
	};
	struct xen_token *token;
	int r;

	guard(mutex)(&kvm->arch.xen.state.dynhc_lock);

	for (token = next_token(kvm, 0); token;
	     token = next_token(kvm, token->nr + 1)) {
		r = put_token(&sink, token);
		if (r)
			return r;
	}

	arg->nr = sink.nr;
	return 0;
}

const struct xen_vm_attr xen_dynhc_enum_attr = {
	.get = dynhc_enumerate,
	.config_flag = KVM_XEN_HVM_CONFIG_DYNHC,
	.pad = XEN_ATTR_PAD(kvm_xen_dynhc_enum, pad0),
	.locks = true,
};

/* The VM is being destroyed: nobody makes calls or changes the table. */
void xen_dynhc_destroy(struct kvm *kvm)
{
	struct xen_dynhc *dynhc;

	scoped_guard(mutex, &kvm->arch.xen.state.dynhc_lock) {
		dynhc = xen_dynhc_table(kvm);
		free_all(remove_all_from_table(kvm));
	}

	if (!dynhc)
		return;

	xen_free_slots(dynhc->tokens, XEN_NR_TOKENS);
	kfree(dynhc->matches);
	kfree(dynhc);
}
