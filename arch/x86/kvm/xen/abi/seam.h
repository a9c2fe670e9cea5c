/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that the pure units need from the kernel.
 *
 * A pure unit includes only this file, layout.h and its own header, works on plain
 * pointers, and compiles unchanged in user space: there, the shim in
 * tools/testing/kvm-xen/shim/, which has the same include guard, replaces this file.
 *
 * Words shared with the guest are changed only by the helpers below.  Each is one locked
 * instruction, so a guest cannot make KVM loop, and each accesses exactly the stated
 * width, because the bytes behind a word belong to a 32-bit guest.
 */
#ifndef _KVM_XEN_SEAM_H
#define _KVM_XEN_SEAM_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/types.h>

#include <asm/barrier.h>

/*
 * Set bit @bit (0 to 31) of the aligned guest word @word with a full barrier.  Returns
 * the old value of the bit.
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
 * Replace *@old by @new in the aligned guest word @word with a full barrier.  If the word
 * had another value, returns false with that value in *@old.
 */
static __always_inline bool guest_try_cmpxchg(u32 *word, u32 *old, u32 new)
{
	return try_cmpxchg(word, old, new);
}

/* Store 1 in the guest byte @flag with a full barrier; returns the old value. */
static __always_inline u8 guest_raise_flag(u8 *flag)
{
	return xchg(flag, (u8)1);
}

/* Exchange a byte that the guest cannot access, with a full barrier. */
static __always_inline u8 kernel_xchg(u8 *byte, u8 new)
{
	return xchg(byte, new);
}

/* guest_try_cmpxchg() for a word that the guest cannot access. */
static __always_inline bool kernel_try_cmpxchg(u32 *word, u32 *old, u32 new)
{
	return try_cmpxchg(word, old, new);
}

/*
 * A lock of the pure units.  It is also taken in interrupt handlers, so callers have
 * interrupts off.  On PREEMPT_RT it sleeps: interrupt handlers do not take it there, and
 * interrupts stay on.
 */
struct seam_lock {
	spinlock_t spin;	/* held with interrupts off, except on PREEMPT_RT */
};

#define seam_lock_init(lock)	spin_lock_init(&(lock)->spin)

/* Take @a and @b, the lower address first; they may be the same lock. */
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
