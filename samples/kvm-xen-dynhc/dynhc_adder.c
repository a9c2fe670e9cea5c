// SPDX-License-Identifier: GPL-2.0
/*
 * A sample handler of dynamic hypercalls, which adds numbers for guests.
 *
 * A guest could do that by itself, but the sample shows all that a handler has to do:
 * check who binds, keep data for each binding, distrust a guest's arguments, leave a call
 * to the VMM, wait in a call, and unregister.  Copy it and replace the sum by a device.
 *
 * To try it, load it, and have a VMM bind a token by KVM_XEN_ATTR_TYPE_DYNHC:
 *
 *	.op = KVM_XEN_DYNHC_ASSIGN, .target = KVM_XEN_DYNHC_HANDLER,
 *	.token = 7, .u.handler = { .name = ADDER_NAME, .data = 1000 },
 *
 * Then dynhc_call(&hc, 7, ADDER_ADD, 1, 2, 3) returns 1006 in the guest, without an exit
 * to the VMM. /sys/kernel/debug/dynhc_adder/ shows the counters of the module.
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

/* The data of a bound token. */
struct adder {
	u64 bias;
	atomic64_t nr_tickets;
};

static struct dentry *adder_dir;
static atomic_t nr_bindings;	/* at present */
static atomic_t nr_under_way;	/* calls in progress */
static atomic_t nr_calls;	/* total */

/*
 * The guest chooses the numbers, and could choose them such that the sum is
 * KVM_XEN_DYNHC_AGAIN.  Keep a result that can take any value above the two special ones.
 */
static s64 adder_add(struct adder *adder, const u64 *args)
{
	s64 sum = args[1] + args[2] + args[3] + adder->bias;

	return max(sum, ADDER_MIN_SUM);
}

/*
 * Other vCPUs call concurrently, without any common lock: data that a call changes is
 * atomic, or guarded by a lock of the handler.
 */
static s64 adder_ticket(struct adder *adder, const u64 *args)
{
	return atomic64_inc_return(&adder->nr_tickets);
}

/*
 * A call may sleep, but not for as long as a guest likes: meanwhile memslots cannot
 * change, nor can the binding be removed.  It must not ignore signals either, by which
 * the VMM gets its thread back: the guest repeats the call when it runs next.
 */
static s64 adder_nap(struct adder *adder, const u64 *args)
{
	if (msleep_interruptible(min(args[1], ADDER_MAX_NAP)))
		return KVM_XEN_DYNHC_AGAIN;

	return 0;
}

/*
 * Leave calls to the VMM that are rare, slow or need its state: the VMM gets the same
 * arguments, and its result goes to the guest.
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

/* The guest chooses all arguments: check an index, also against speculation. */
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
 * This runs in the VMM's process, so that objects named by @data can be looked up there.
 * A file descriptor is best, as it proves that the VMM may use the object behind it.
 * With a plain number, any process that can open /dev/kvm gets access.
 *
 * The memory is charged to the VMM, which could have thousands of bindings.  @kvm may be
 * used until unbind() without a reference: a VM is destroyed after that.
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

/* No call uses @ctx now or later: there is nothing to wait for. */
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
 * With an owner, the module cannot be unloaded while a token is bound, which suits most
 * handlers.  Without, it can be removed while guests use it: for a device that can be
 * unplugged.
 */
static bool pin = true;
module_param(pin, bool, 0444);
MODULE_PARM_DESC(pin, "stay loaded while tokens are bound (default: Y)");

/* Do this last: calls may arrive before the registration returns. */
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

/* Unregister before destroying anything that calls or unbind() could use. */
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
