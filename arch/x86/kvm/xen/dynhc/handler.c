// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers of dynamic hypercalls that other modules registered, and the tokens bound to
 * them.
 *
 * Owns the list of handlers and, in each handler, the list of its uses and the count of
 * its users, all guarded by registry_lock.  This lock is shared by all VMs, so under it
 * nothing is waited for that a guest, a VMM or a handler could prolong.  A call reads
 * use->handler in its vCPU's read section of kvm->srcu.
 *
 * To end a use, first new calls are kept from finding the handler, then a grace period of
 * the VM's srcu passes, then the VM or the module, whichever takes the use off the list,
 * calls unbind().
 */
#include "xen/base/base.h"
#include "xen/dynhc/handler.h"

#include <linux/completion.h>
#include <linux/module.h>

struct xen_dynhc_use {
	struct list_head list;		/* in the handler; empty: the use is being ended */
	struct kvm_xen_dynhc_handler __rcu *handler;	/* NULL: unregistered */
	struct kvm_xen_dynhc_handler *bound_to;		/* while on its list */
	unsigned long calls;		/* SRCU cookie taken when @handler became NULL */
	struct completion ended;
	void *ctx;			/* owned by the handler */
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
	init_completion(&handler->unused);
	handler->users = 1;
	list_add(&handler->list, &registry);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_xen_dynhc_register);

/*
 * Drop a reference; without others, kvm_xen_dynhc_unregister() returns and may free the
 * handler.
 */
static void put_handler(struct kvm_xen_dynhc_handler *handler)
{
	lockdep_assert_held(&registry_lock);

	if (!--handler->users)
		complete(&handler->unused);
}

/*
 * End a use that no call can be in: call the module's unbind(), and drop its references.
 */
static void unbind(struct kvm_xen_dynhc_handler *handler, void *ctx)
{
	struct module *owner = handler->owner;

	if (handler->unbind)
		handler->unbind(ctx);

	scoped_guard(mutex, &registry_lock)
		put_handler(handler);
	module_put(owner);
}

/* Hide a handler from new calls; earlier ones may still use it. */
static void hide_handler(struct kvm_xen_dynhc_handler *handler)
{
	struct xen_dynhc_use *use;

	guard(mutex)(&registry_lock);

	list_del_init(&handler->list);
	list_for_each_entry(use, &handler->bindings, list) {
		RCU_INIT_POINTER(use->handler, NULL);
		use->calls = start_poll_synchronize_srcu(&use->kvm->srcu);
	}
}

/*
 * Take a use that no call is in off the list, in order to end it.  Otherwise return NULL
 * and set *@busy to a referenced VM to wait for, or to NULL if no use is left.  A VM that
 * is being destroyed makes no calls; before it is freed it waits for registry_lock or for
 * the end of the use.
 */
static struct xen_dynhc_use *take_idle_use(struct kvm_xen_dynhc_handler *handler,
					   struct kvm **busy)
{
	struct xen_dynhc_use *use;

	guard(mutex)(&registry_lock);

	*busy = NULL;
	use = list_first_entry_or_null(&handler->bindings, struct xen_dynhc_use, list);
	if (!use)
		return NULL;

	if (!poll_state_synchronize_srcu(&use->kvm->srcu, use->calls) &&
	    kvm_get_kvm_safe(use->kvm)) {
		*busy = use->kvm;
		return NULL;
	}

	list_del_init(&use->list);
	return use;
}

void kvm_xen_dynhc_unregister(struct kvm_xen_dynhc_handler *handler)
{
	struct xen_dynhc_use *use;
	struct kvm *busy;

	hide_handler(handler);

	while ((use = take_idle_use(handler, &busy)) || busy) {
		if (use) {
			unbind(handler, use->ctx);
			complete(&use->ended);
		} else {
			synchronize_srcu(&busy->srcu);
			kvm_put_kvm(busy);
		}
	}

	scoped_guard(mutex, &registry_lock)
		put_handler(handler);
	wait_for_completion(&handler->unused);
}
EXPORT_SYMBOL_GPL(kvm_xen_dynhc_unregister);

/* Returns NULL if there is no handler of that name, or its module is being removed. */
static struct kvm_xen_dynhc_handler *get_handler(const char *name)
{
	struct kvm_xen_dynhc_handler *handler;

	guard(mutex)(&registry_lock);

	handler = find_handler(name);
	if (!handler || !try_module_get(handler->owner))
		return NULL;

	handler->users++;
	return handler;
}

/* Make @handler visible to calls; returns false if it was unregistered meanwhile. */
static bool begin_use(struct xen_dynhc_use *use,
		      struct kvm_xen_dynhc_handler *handler)
{
	guard(mutex)(&registry_lock);

	if (list_empty(&handler->list))
		return false;

	use->bound_to = handler;
	RCU_INIT_POINTER(use->handler, handler);
	list_add(&use->list, &handler->bindings);
	return true;
}

/* Returns 0, or -errno with nothing held. */
static int bind(struct xen_dynhc_use *use, u32 token)
{
	struct kvm_xen_dynhc_handler *handler = get_handler(use->name);
	struct module *owner;
	int r = 0;

	if (!handler)
		return -ENXIO;

	owner = handler->owner;
	if (handler->bind)
		r = handler->bind(use->kvm, token, use->data, &use->ctx);
	if (!r) {
		if (begin_use(use, handler))
			return 0;

		unbind(handler, use->ctx);
		return -ENXIO;
	}

	scoped_guard(mutex, &registry_lock)
		put_handler(handler);
	module_put(owner);
	return r;
}

struct xen_dynhc_use *xen_dynhc_use(struct kvm *kvm, u32 token,
				    const char *name, u64 data)
{
	struct xen_dynhc_use *use;
	int r;

	use = kzalloc_obj(*use, GFP_KERNEL_ACCOUNT);
	if (!use)
		return ERR_PTR(-ENOMEM);

	use->kvm = kvm;
	use->data = data;
	INIT_LIST_HEAD(&use->list);
	init_completion(&use->ended);
	strscpy_pad(use->name, name);
	r = bind(use, token);
	if (!r)
		return use;

	kfree(use);
	return ERR_PTR(r);
}

/* Returns the handler to unbind from, or NULL if the module is ending the use. */
static struct kvm_xen_dynhc_handler *take_use(struct xen_dynhc_use *use)
{
	guard(mutex)(&registry_lock);

	if (list_empty(&use->list))
		return NULL;

	list_del_init(&use->list);
	return use->bound_to;
}

void xen_dynhc_unuse(struct xen_dynhc_use *use)
{
	struct kvm_xen_dynhc_handler *handler = take_use(use);

	if (handler)
		unbind(handler, use->ctx);
	else
		wait_for_completion(&use->ended);

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
