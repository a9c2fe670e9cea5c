// SPDX-License-Identifier: GPL-2.0
/*
 * A handler of dynamic hypercalls: guests have numbers added.
 *
 * It does nothing that a guest could not do itself, and all that a handler has to:
 * check who binds, keep something for each binding, take a guest's arguments for
 * what they are, leave a call to the VMM, wait in one, and go away.  Copy it and
 * put a device in the place of the sum.
 *
 * To try it, load it, and have a VMM bind a token by KVM_XEN_ATTR_TYPE_DYNHC:
 *
 *	.op = KVM_XEN_DYNHC_ASSIGN, .target = KVM_XEN_DYNHC_HANDLER,
 *	.token = 7, .u.handler = { .name = ADDER_NAME, .data = 1000 },
 *
 * Then dynhc_call(&hc, 7, ADDER_ADD, 1, 2, 3) is 1006 in the guest, and no exit to
 * the VMM.  /sys/kernel/debug/dynhc_adder/ tells what the module has in hand.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <asm/kvm_dynhc.h>
#include <linux/kvm_xen_dynhc.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "dynhc_adder.h"

static_assert(ADDER_MIN_SUM > KVM_XEN_DYNHC_AGAIN);

/* One for each token that is bound. */
struct adder {
	u64 bias;
	atomic64_t nr_tickets;
};

static struct dentry *adder_dir;
static atomic_t nr_bindings;	/* that there are now */
static atomic_t nr_under_way;	/* calls, now */
static atomic_t nr_calls;	/* in all */

/*
 * A guest chooses what is added, and would choose KVM_XEN_DYNHC_AGAIN if it did
 * any harm: whatever can take any value is kept above the two that are no results.
 */
static s64 adder_add(struct adder *adder, const u64 *args)
{
	s64 sum = args[1] + args[2] + args[3] + adder->bias;

	return max(sum, ADDER_MIN_SUM);
}

/*
 * Other vCPUs call at the same time, and no lock is held for any of them: what a
 * call changes is atomic or behind a lock of the handler's own.
 */
static s64 adder_ticket(struct adder *adder, const u64 *args)
{
	return atomic64_inc_return(&adder->nr_tickets);
}

/*
 * A call may sleep, but not for as long as a guest likes: memslots cannot change
 * meanwhile, nor the binding go.  Nor may it sleep through a signal, by which
 * the VMM wants its thread back: the guest makes the call again when it runs next.
 */
static s64 adder_nap(struct adder *adder, const u64 *args)
{
	if (msleep_interruptible(min(args[1], ADDER_MAX_NAP)))
		return KVM_XEN_DYNHC_AGAIN;

	return 0;
}

/*
 * What is rare, slow or needs the VMM's state is better left to it: the VMM gets
 * the same arguments, and answers the guest.
 */
static s64 adder_ask_vmm(struct adder *adder, const u64 *args)
{
	return KVM_XEN_DYNHC_TO_VMM;
}

static s64 (* const adder_ops[])(struct adder *adder, const u64 *args) = {
	[ADDER_ADD]	= adder_add,
	[ADDER_TICKET]	= adder_ticket,
	[ADDER_NAP]	= adder_nap,
	[ADDER_ASK_VMM]	= adder_ask_vmm,
};

/* All arguments are a guest's: an index is checked, in speculation, too. */
static s64 adder_do(struct adder *adder, const u64 *args)
{
	if (args[0] >= ARRAY_SIZE(adder_ops))
		return -DYNHC_EINVAL;

	return adder_ops[array_index_nospec(args[0], ARRAY_SIZE(adder_ops))](adder, args);
}

static s64 adder_call(struct kvm_vcpu *vcpu, void *ctx,
		      const struct kvm_xen_dynhc_call *call)
{
	s64 result;

	atomic_inc(&nr_calls);
	atomic_inc(&nr_under_way);
	result = adder_do(ctx, call->args);
	atomic_dec(&nr_under_way);
	return result;
}

/*
 * This runs in the VMM's process, so that what @data names may be looked up there:
 * a file descriptor is the best of names, as it shows that the VMM may use what is
 * behind it.  A mere number gives access to whoever can open /dev/kvm.
 *
 * The memory is charged to the VMM, who could have thousands of bindings.  @kvm may
 * be kept until unbind(), without a reference to it: a VM ends after that.
 */
static int adder_bind(struct kvm *kvm, u32 token, u64 data, void **ctx)
{
	struct adder *adder;

	if (data > ADDER_MAX_BIAS)
		return -ERANGE;

	adder = kzalloc(sizeof(*adder), GFP_KERNEL_ACCOUNT);
	if (!adder)
		return -ENOMEM;

	adder->bias = data;
	atomic_inc(&nr_bindings);
	*ctx = adder;
	return 0;
}

/* No call uses @ctx any more, nor will one: there is nothing to wait for. */
static void adder_unbind(void *ctx)
{
	atomic_dec(&nr_bindings);
	kfree(ctx);
}

static struct kvm_xen_dynhc_handler adder_handler = {
	.name	= ADDER_NAME,
	.owner	= THIS_MODULE,
	.bind	= adder_bind,
	.unbind	= adder_unbind,
	.call	= adder_call,
};

/*
 * With its owner named, the module stays as long as a token is bound, which is what
 * most handlers want.  Without, it can be removed from under its guests: for a
 * device that can be unplugged.
 */
static bool pin = true;
module_param(pin, bool, 0444);
MODULE_PARM_DESC(pin, "stay loaded while tokens are bound (default: Y)");

/* Calls may come before the registration returns: all else is done by then. */
static int __init adder_init(void)
{
	int r;

	if (!pin)
		adder_handler.owner = NULL;

	adder_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_atomic_t("bindings", 0444, adder_dir, &nr_bindings);
	debugfs_create_atomic_t("under_way", 0444, adder_dir, &nr_under_way);
	debugfs_create_atomic_t("calls", 0444, adder_dir, &nr_calls);

	r = kvm_xen_dynhc_register(&adder_handler);
	if (r)
		debugfs_remove(adder_dir);
	return r;
}

/* Unregister before anything is taken down that calls or unbind() could use. */
static void __exit adder_exit(void)
{
	kvm_xen_dynhc_unregister(&adder_handler);
	debugfs_remove(adder_dir);
	WARN_ON(atomic_read(&nr_bindings) || atomic_read(&nr_under_way));
}

module_init(adder_init);
module_exit(adder_exit);

MODULE_DESCRIPTION("Sample handler of dynamic hypercalls");
MODULE_LICENSE("GPL");
