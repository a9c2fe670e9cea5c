/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers of dynamic hypercalls in other kernel modules.
 *
 * A module registers a handler by name; a VMM binds tokens of its VM to that
 * name (KVM_XEN_ATTR_TYPE_DYNHC in <linux/kvm_xen.h>); the guest's calls of such a
 * token come here.  kvm.ko exports both functions, GPL only.
 */
#ifndef _LINUX_KVM_XEN_DYNHC_H
#define _LINUX_KVM_XEN_DYNHC_H

#include <linux/completion.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/types.h>

struct kvm;
struct kvm_vcpu;
struct module;

/* One call.  In a guest that is not 64 bits wide arguments are below 2^32. */
struct kvm_xen_dynhc_call {
	u64 args[4];
	u32 token;
	u8 cpl;			/* above 0 with KVM_XEN_DYNHC_USER only */
	bool longmode;		/* the call was made with 64-bit registers */
};

/* What call() may return if not a result for the guest, which is never so low. */
#define KVM_XEN_DYNHC_TO_VMM	S64_MIN		/* exit, let the VMM answer */
#define KVM_XEN_DYNHC_AGAIN	(S64_MIN + 1)	/* have the guest call again */

/**
 * struct kvm_xen_dynhc_handler - what answers calls, the module's own memory
 * @name: by which VMMs ask for it, shorter than KVM_XEN_DYNHC_NAME_LEN
 * @owner: THIS_MODULE, which then cannot be unloaded while a token is bound; or
 *	NULL where the module may go at any time, and unregisters first
 * @bind: a VMM bound @token of @kvm, and said @data.  What it stores in @ctx comes
 *	back with each call.  Returns 0 or the error for the VMM, which may be anybody
 *	who can open /dev/kvm: check what @data gives access to.  May be NULL.
 * @unbind: the end of that, no call is under way.  May be NULL.
 * @call: the guest called.  Returns its result, or one of the two above.
 * @list: KVM's
 * @bindings: KVM's
 * @unused: KVM's
 * @users: KVM's
 *
 * bind() and unbind() run in process context, several at a time, and may sleep: no lock
 * of KVM's is held but such as one VM has.  call() runs in the thread of @vcpu, on
 * several at a time, in a read section of kvm->srcu: it may sleep, but as long as it does
 * memslots cannot change, the binding not be taken away, nor the handler unregistered.
 * None of them may call the two functions below.
 */
struct kvm_xen_dynhc_handler {
	const char *name;
	struct module *owner;
	int (*bind)(struct kvm *kvm, u32 token, u64 data, void **ctx);
	void (*unbind)(void *ctx);
	s64 (*call)(struct kvm_vcpu *vcpu, void *ctx,
		    const struct kvm_xen_dynhc_call *call);
	struct list_head list;
	struct list_head bindings;
	struct completion unused;
	unsigned int users;
};

/**
 * kvm_xen_dynhc_register() - offer a handler to VMMs
 * @handler: stays the caller's, who leaves it alone until it is unregistered
 *
 * Context: process, sleeps.
 * Return: 0; -EINVAL without a name that fits, or without @call; -EEXIST where the
 * name is taken.
 */
int kvm_xen_dynhc_register(struct kvm_xen_dynhc_handler *handler);

/**
 * kvm_xen_dynhc_unregister() - take a handler away
 * @handler: one that was registered
 *
 * Returns after the last call, and after unbind() of each binding: guests and VMMs can
 * make that late, by a call that takes long, but no VM has to wait for another meanwhile.
 * Tokens that were bound stay so, and answer -DYNHC_ENODEV, until the VMM takes them away.
 *
 * Context: process, sleeps; holds no lock that call() or unbind() take.
 */
void kvm_xen_dynhc_unregister(struct kvm_xen_dynhc_handler *handler);

#endif /* _LINUX_KVM_XEN_DYNHC_H */
