/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that the pure units need of the kernel.
 *
 * The units that include nothing but this, abi.h and their own header compute
 * on plain pointers and compile in user space as they are: the shim in
 * tools/testing/kvm-xen/shim/ carries the same include guard and stands in for
 * this file there.
 *
 * Guest-shared words are changed through the helpers below only.  Each is
 * one locked instruction, so that no guest can make it loop, and each is as
 * wide as stated, because a 32-bit guest owns the bytes behind its word.
 */
#ifndef _KVM_XEN_SEAM_H
#define _KVM_XEN_SEAM_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/types.h>

#include <asm/barrier.h>

/*
 * Set bit @bit (0 to 31) of the aligned guest word @word with a full barrier.
 * Returns true where it was set before.
 */
static __always_inline bool guest_test_and_set_bit(unsigned int bit, u32 *word)
{
	bool old;

	asm volatile(LOCK_PREFIX "btsl %2, %1"
		     : "=@ccc" (old), "+m" (*word)
		     : "Ir" (bit)
		     : "memory");
	return old;
}

/* Set the bits @mask of the aligned guest word @word with a full barrier. */
static __always_inline void guest_set_mask(u32 mask, u32 *word)
{
	asm volatile(LOCK_PREFIX "orl %1, %0"
		     : "+m" (*word)
		     : "ri" (mask)
		     : "memory");
}

/* Clear the bits @mask of the aligned guest word @word with a full barrier. */
static __always_inline void guest_clear_mask(u32 mask, u32 *word)
{
	asm volatile(LOCK_PREFIX "andl %1, %0"
		     : "+m" (*word)
		     : "ri" (~mask)
		     : "memory");
}

/*
 * Replace *@old by @new in the aligned guest word @word with a full barrier.
 * Returns false, with what is there in *@old, where it was something else.
 */
static __always_inline bool guest_try_cmpxchg(u32 *word, u32 *old, u32 new)
{
	return try_cmpxchg(word, old, new);
}

/* Store 1 in the guest byte @flag with a full barrier; returns what was there. */
static __always_inline u8 guest_raise_flag(u8 *flag)
{
	return xchg(flag, (u8)1);
}

/* A byte that only the kernel shares, among its CPUs; with a full barrier. */
static __always_inline u8 kernel_xchg(u8 *byte, u8 new)
{
	return xchg(byte, new);
}

/* guest_try_cmpxchg() for a word that only the kernel shares. */
static __always_inline bool kernel_try_cmpxchg(u32 *word, u32 *old, u32 new)
{
	return try_cmpxchg(word, old, new);
}

/*
 * A lock of the units themselves.  Interrupt handlers take it as well, so whoever takes
 * it has interrupts off; but on PREEMPT_RT, where it sleeps, and none of them does.
 */
struct seam_lock {
	spinlock_t spin;	/* interrupts are off while it is held, as said above */
};

#define seam_lock_init(lock)	spin_lock_init(&(lock)->spin)

/* Take @a and @b, which may be one, the lower address first. */
static __always_inline void seam_lock_pair(struct seam_lock *a, struct seam_lock *b)
{
	if (likely(a == b)) {
		spin_lock(&a->spin);
		return;
	}

	spin_lock(a < b ? &a->spin : &b->spin);
	spin_lock_nested(a < b ? &b->spin : &a->spin, SINGLE_DEPTH_NESTING);
}

static __always_inline void seam_unlock_pair(struct seam_lock *a, struct seam_lock *b)
{
	if (unlikely(a != b))
		spin_unlock(&b->spin);
	spin_unlock(&a->spin);
}

#endif /* _KVM_XEN_SEAM_H */
