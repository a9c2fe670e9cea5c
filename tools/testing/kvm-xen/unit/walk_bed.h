/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables to walk, and a walk that is slow and plain, to compare with.
 *
 * Owns a memory whose reads are logged and can fail, and the model: written from
 * the CPU's manual, bit by bit, with no more in common with walk.h than that.
 */
#ifndef _KVM_XEN_WALK_BED_H
#define _KVM_XEN_WALK_BED_H

#include "walk_unit.h"

#define WALK_MAX_READS	8
#define WALK_NEVER	~0u

/* What is read, and how often; the nth read, from 0 on, fails. */
struct walk_memory {
	bool (*entry_at)(struct walk_memory *memory, u64 gpa, u64 *entry);
	u32 fails_at;
	u32 nr_reads;
	u64 read[WALK_MAX_READS];	/* addresses, in order */
};

/* A walk by whichever means, and what came of it. */
struct walk_request {
	u32 levels;
	u64 root;
	u64 reserved;
	u64 gva;
};

struct walk_outcome {
	bool done;
	u64 gpa;			/* if so */
	u32 nr_reads;
	u64 read[WALK_MAX_READS];
};

struct walk_outcome walk_by_unit(const struct walk_request *request,
				 struct walk_memory *memory);
struct walk_outcome walk_by_model(const struct walk_request *request,
				  struct walk_memory *memory);

/* Check that both are the same. */
void walk_compare(const struct walk_outcome *unit, const struct walk_outcome *model);

#endif /* _KVM_XEN_WALK_BED_H */
