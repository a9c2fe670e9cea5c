/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers of dynamic hypercalls in other kernel modules.
 *
 * A module registers a handler by name.  A VMM binds tokens of its VM to that name
 * (KVM_XEN_ATTR_TYPE_DYNHC in <linux/kvm_xen.h>).  KVM then passes the guest's calls of
 * such a token to the handler.  kvm.ko exports both functions, GPL only.
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

/* A call.  In a guest that is not 64 bits wide, arguments are below 2^32. */
struct kvm_xen_dynhc_call {
	u64 args[4];
	u32 token;
	u8 cpl;			/* above 0 only with KVM_XEN_DYNHC_USER */
	bool longmode;		/* the call was made with 64-bit registers */
};

/* Special return values of call(), lower than any result for the guest. */
#define KVM_XEN_DYNHC_TO_VMM	S64_MIN		/* exit to the VMM, which answers the call */
#define KVM_XEN_DYNHC_AGAIN	(S64_MIN + 1)	/* execute the call again */

/**
 * struct kvm_xen_dynhc_handler - a handler of calls, in memory of the module
 * @name: the name that VMMs use, shorter than KVM_XEN_DYNHC_NAME_LEN
 * @owner: THIS_MODULE, which then cannot be unloaded while a token is bound; or
 *	NULL if the module may be removed at any time, and unregisters first
 * @bind: a VMM binds @token of @kvm, with @data.  What bind() stores in @ctx is
 *	passed to each call.  Returns 0 or the error for the VMM, which may be any
 *	process that can open /dev/kvm: check what @data gives access to.  May be NULL.
 * @unbind: the binding ends; no call is in progress.  May be NULL.
 * @call: the guest makes a call.  Returns its result, or a special value as above.
 * @list: private to KVM
 * @bindings: private to KVM
 * @unused: private to KVM
 * @users: private to KVM
 *
 * bind() and unbind() run in process context, possibly several at a time, and may sleep:
 * KVM holds only locks that belong to one VM.  call() runs in the thread of @vcpu,
 * possibly on several vCPUs at a time, in a read section of kvm->srcu: it may sleep, but
 * meanwhile memslots cannot change, the binding cannot be removed, and the handler cannot
 * be unregistered.  None of them may call the two functions below.
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
 * kvm_xen_dynhc_register() - make a handler available to VMMs
 * @handler: memory of the caller, who must not change it until it is unregistered
 *
 * Context: process, sleeps.
 * Return: 0; -EINVAL without @call or a name of valid length; -EEXIST if the name is
 * in use.
 */
int kvm_xen_dynhc_register(struct kvm_xen_dynhc_handler *handler);

/**
 * kvm_xen_dynhc_unregister() - remove a handler
 * @handler: a registered handler
 *
 * Returns after the last call, and after unbind() of each binding.  Guests and VMMs can
 * delay that by a call that takes long, but no VM has to wait for another meanwhile.
 * Tokens stay bound, and their calls get -DYNHC_ENODEV, until the VMM removes them.
 *
 * Context: process, sleeps; the caller holds no lock that call() or unbind() take.
 */
void kvm_xen_dynhc_unregister(struct kvm_xen_dynhc_handler *handler);

#endif /* _LINUX_KVM_XEN_DYNHC_H */
