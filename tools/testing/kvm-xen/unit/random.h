/* SPDX-License-Identifier: GPL-2.0 */
/* Random numbers that a seed repeats. */
#ifndef _KVM_XEN_RANDOM_H
#define _KVM_XEN_RANDOM_H

/* Mixing of a counter: reproducible from the seed, good enough for a choice. */
static inline u32 random_below(u64 *state, u32 below)
{
	u64 x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 31) * 0xd6e8feb86659fd93ull;
	x = (x ^ x >> 29) * 0xa0761d6478bd642full;
	return (u32)(x >> 32) % below;
}

#endif /* _KVM_XEN_RANDOM_H */
