// SPDX-License-Identifier: GPL-2.0
/* What of the shim is not inline. */
#include <sched.h>

seam_hook_t seam_hook;
void (*seam_lock_hook)(struct seam_lock *lock);

void *seam_copy(void *to, const void *from, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		seam_report((u8 *)to + i, 1, SEAM_COPY);
		((u8 *)to)[i] = ((const u8 *)from)[i];
	}

	return to;
}

void seam_lock_init(struct seam_lock *lock)
{
	lock->held = 0;
}

static void take(struct seam_lock *lock)
{
	if (seam_lock_hook)
		seam_lock_hook(lock);
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void release(struct seam_lock *lock)
{
	u32 held = __atomic_exchange_n(&lock->held, 0, __ATOMIC_RELEASE);

	assert(held);
	(void)held;
}

void seam_lock_pair(struct seam_lock *a, struct seam_lock *b)
{
	take(a < b ? a : b);
	if (a != b)
		take(a < b ? b : a);
}

void seam_unlock_pair(struct seam_lock *a, struct seam_lock *b)
{
	release(a);
	if (a != b)
		release(b);
}
