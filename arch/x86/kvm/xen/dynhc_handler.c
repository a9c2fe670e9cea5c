// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers of dynamic hypercalls that other modules registered, and the tokens
 * that are bound to them.
 *
 * Owns the list of handlers and, in each, that of its uses; registry_lock guards
 * both, and is held over a handler's bind() and unbind().  A call reads use->handler
 * in the vCPU's read section of kvm->srcu: whoever takes a handler away clears
 * that, and waits for the readers of each VM that used it.  No reader may wait for
 * registry_lock, nor for a lock that is held around it.
 */
#include "dynhc.h"

#include <linux/module.h>

struct xen_dynhc_use {
	struct list_head list;		/* of the handler */
	struct kvm_xen_dynhc_handler __rcu *handler;	/* NULL: it went away */
	void *ctx;			/* the handler's own */
	struct kvm *kvm;
	u64 data;
	char name[KVM_XEN_DYNHC_NAME_LEN];
};

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry);

static struct kvm_xen_dynhc_handler *find_handler(const char *name)
{
	struct kvm_xen_dynhc_handler *handler;

	lockdep_assert_held(&registry_lock);

	list_for_each_entry(handler, &registry, list) {
		if (!strcmp(handler->name, name))
			return handler;
	}

	return NULL;
}

int kvm_xen_dynhc_register(struct kvm_xen_dynhc_handler *handler)
{
	if (!handler->call || !handler->name || !*handler->name ||
	    strlen(handler->name) >= KVM_XEN_DYNHC_NAME_LEN)
		return -EINVAL;

	guard(mutex)(&registry_lock);

	if (find_handler(handler->name))
		return -EEXIST;

	INIT_LIST_HEAD(&handler->bindings);
	list_add(&handler->list, &registry);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_xen_dynhc_register);

/* Under registry_lock, which a VM that goes waits for: so no use->kvm is gone. */
static void wait_for_calls(struct kvm_xen_dynhc_handler *handler)
{
	struct xen_dynhc_use *use;
	struct kvm *last = NULL;

	list_for_each_entry(use, &handler->bindings, list) {
		if (use->kvm != last)
			synchronize_srcu(&use->kvm->srcu);
		last = use->kvm;
	}
}

/* Calls are over: the module hears of the end, and may go itself. */
static void end_use(struct xen_dynhc_use *use,
		    struct kvm_xen_dynhc_handler *handler)
{
	struct module *owner = handler->owner;

	lockdep_assert_held(&registry_lock);

	list_del(&use->list);
	if (handler->unbind)
		handler->unbind(use->ctx);
	module_put(owner);
}

void kvm_xen_dynhc_unregister(struct kvm_xen_dynhc_handler *handler)
{
	struct xen_dynhc_use *use, *next;

	guard(mutex)(&registry_lock);

	list_del(&handler->list);
	list_for_each_entry(use, &handler->bindings, list)
		RCU_INIT_POINTER(use->handler, NULL);

	wait_for_calls(handler);
	list_for_each_entry_safe(use, next, &handler->bindings, list)
		end_use(use, handler);
}
EXPORT_SYMBOL_GPL(kvm_xen_dynhc_unregister);

/* Returns 0, or -errno and nothing is held. */
static int begin_use(struct xen_dynhc_use *use, u32 token)
{
	struct kvm_xen_dynhc_handler *handler;
	int r = 0;

	guard(mutex)(&registry_lock);

	handler = find_handler(use->name);
	if (!handler || !try_module_get(handler->owner))
		return -ENXIO;

	if (handler->bind)
		r = handler->bind(use->kvm, token, use->data, &use->ctx);
	if (r) {
		module_put(handler->owner);
		return r;
	}

	RCU_INIT_POINTER(use->handler, handler);
	list_add(&use->list, &handler->bindings);
	return 0;
}

struct xen_dynhc_use *xen_dynhc_use(struct kvm *kvm, u32 token,
				    const char *name, u64 data)
{
	struct xen_dynhc_use *use;
	int r;

	use = kzalloc(sizeof(*use), GFP_KERNEL_ACCOUNT);
	if (!use)
		return ERR_PTR(-ENOMEM);

	use->kvm = kvm;
	use->data = data;
	strscpy_pad(use->name, name);
	r = begin_use(use, token);
	if (!r)
		return use;

	kfree(use);
	return ERR_PTR(r);
}

void xen_dynhc_unuse(struct xen_dynhc_use *use)
{
	struct kvm_xen_dynhc_handler *handler;

	scoped_guard(mutex, &registry_lock) {
		handler = rcu_dereference_protected(use->handler,
						    lockdep_is_held(&registry_lock));
		if (handler)
			end_use(use, handler);
	}

	kfree(use);
}

const char *xen_dynhc_use_name(const struct xen_dynhc_use *use)
{
	return use->name;
}

u64 xen_dynhc_use_data(const struct xen_dynhc_use *use)
{
	return use->data;
}

s64 xen_dynhc_use_call(struct kvm_vcpu *vcpu, struct xen_dynhc_use *use,
		       const struct kvm_xen_hcall *hcall)
{
	struct kvm_xen_dynhc_handler *handler;
	struct kvm_xen_dynhc_call call = {
		.token = hcall->params[0],
		.cpl = hcall->cpl,
		.longmode = hcall->longmode,
	};

	handler = srcu_dereference(use->handler, &use->kvm->srcu);
	if (!handler)
		return -ENODEV;

	memcpy(call.args, &hcall->params[1], sizeof(call.args));
	return handler->call(vcpu, use->ctx, &call);
}
