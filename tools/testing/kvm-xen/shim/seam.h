/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure units need of the kernel, in user space.
 *
 * Carries the include guard of arch/x86/kvm/xen/abi/seam.h and is included before
 * all else (-include), so that the units compile as they are.  Every access to
 * guest memory reports itself to seam_hook before it is made: tests check its
 * width and place there, and the explorer switches to another actor.
 */
#ifndef _KVM_XEN_SEAM_H
#define _KVM_XEN_SEAM_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int8_t s8;
typedef int32_t s32;
typedef int64_t s64;
#if __SIZEOF_POINTER__ == 4
/* In structs aligned as the 64-bit kernel does it, also with -m32. */
typedef uint64_t u64 __attribute__((aligned(8)));
#else
typedef uint64_t u64;
#endif

#define __packed		__attribute__((packed))
#define __aligned(bytes)	__attribute__((__aligned__(bytes)))
#define sizeof_field(t, m)	sizeof(((t *)0)->m)

#define NSEC_PER_MSEC		1000000L
#define NSEC_PER_SEC		1000000000L

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

#define min_t(type, a, b) ({						\
	type __a = (a), __b = (b);					\
	__a < __b ? __a : __b;						\
})

#define min(a, b)		min_t(__typeof__(a), a, b)

enum seam_access {
	SEAM_READ,
	SEAM_WRITE,
	SEAM_RMW,		/* one atomic instruction */
	SEAM_LOOP,		/* the same, in a loop from a read to its success */
	SEAM_COPY,		/* one byte of a memcpy() */
	SEAM_GUEST,		/* by the guest's or the VMM's side of a test */
};

typedef void (*seam_hook_t)(const volatile void *addr, size_t len,
			    enum seam_access how);

/* Called for each access to guest memory, unless NULL. */
extern seam_hook_t seam_hook;

static inline void seam_report(const volatile void *addr, size_t len,
			       enum seam_access how)
{
	if (seam_hook)
		seam_hook(addr, len, how);
}

/*
 * A lock of the units.  Where several actors share one thread, seam_lock_hook
 * yields to them until the lock is free; NULL: wait for another thread.
 */
struct seam_lock {
	u32 held;
};

extern void (*seam_lock_hook)(struct seam_lock *lock);

void seam_lock_init(struct seam_lock *lock);
void seam_lock_pair(struct seam_lock *a, struct seam_lock *b);
void seam_unlock_pair(struct seam_lock *a, struct seam_lock *b);

/* memcpy() by the byte, each of them reported. */
void *seam_copy(void *to, const void *from, size_t len);

#define READ_ONCE(x) ({							\
	seam_report(&(x), sizeof(x), SEAM_READ);			\
	__atomic_load_n(&(x), __ATOMIC_RELAXED);			\
})

#define WRITE_ONCE(x, val) do {						\
	__typeof__(x) __val = (val);					\
	seam_report(&(x), sizeof(x), SEAM_WRITE);			\
	__atomic_store_n(&(x), __val, __ATOMIC_RELAXED);		\
} while (0)

#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)

static inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static inline bool guest_test_and_set_bit(unsigned int bit, u32 *word)
{
	u32 mask = 1u << bit;

	seam_report(word, sizeof(*word), SEAM_RMW);
	return __atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST) & mask;
}

static inline void guest_set_mask(u32 mask, u32 *word)
{
	seam_report(word, sizeof(*word), SEAM_RMW);
	__atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST);
}

static inline void guest_clear_mask(u32 mask, u32 *word)
{
	seam_report(word, sizeof(*word), SEAM_RMW);
	__atomic_fetch_and(word, ~mask, __ATOMIC_SEQ_CST);
}

static inline bool guest_try_cmpxchg(u32 *word, u32 *old, u32 new)
{
	seam_report(word, sizeof(*word), SEAM_RMW);
	return __atomic_compare_exchange_n(word, old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Only for loops that go on until it succeeds, and use no value but @old. */
static inline bool kernel_try_cmpxchg(u32 *word, u32 *old, u32 new)
{
	seam_report(word, sizeof(*word), SEAM_LOOP);
	return __atomic_compare_exchange_n(word, old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline u8 kernel_xchg(u8 *byte, u8 new)
{
	seam_report(byte, sizeof(*byte), SEAM_RMW);
	return __atomic_exchange_n(byte, new, __ATOMIC_SEQ_CST);
}

static inline u8 guest_raise_flag(u8 *flag)
{
	seam_report(flag, sizeof(*flag), SEAM_RMW);
	return __atomic_exchange_n(flag, 1, __ATOMIC_SEQ_CST);
}

#endif /* _KVM_XEN_SEAM_H */
