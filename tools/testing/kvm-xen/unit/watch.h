/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watches what a pure unit does to guest memory: each access must lie in a
 * field that was declared, be as wide as that field's operations are, and be
 * aligned to its width.  What lies outside of fields must keep its pattern.
 */
#ifndef _KVM_XEN_WATCH_H
#define _KVM_XEN_WATCH_H

#define WATCH_LOG	128

struct watch_field {
	u16 offset;
	u16 len;
	u8 width;		/* of each access, in bytes */
};

struct watch_access {
	enum seam_access how;
	u16 offset;
	u8 len;
	u8 region;
};

/* What was done since watch_start(). */
extern struct watch_access watch_log[WATCH_LOG];
extern unsigned int watch_nr;

/* Forget all regions and watch from now on. */
void watch_start(void);

/* Declare a region; regions are numbered from 0 as they are added. */
void watch_region(void *base, size_t len, const struct watch_field *fields,
		  size_t nr);

/* Forget the log but not the regions. */
void watch_clear(void);
void watch_stop(void);

/* Check that the @nr-th access was this one. */
void watch_expect(unsigned int nr, enum seam_access how, u8 region, u16 offset,
		  u8 len);

/* The pattern's byte at @offset, and all bytes of @base with it. */
u8 watch_pattern(size_t offset);
void watch_fill(void *base, size_t len);

#endif /* _KVM_XEN_WATCH_H */
