// SPDX-License-Identifier: GPL-2.0
/* The guest and the queues that tests of the FIFO unit work on. */
#include <stdlib.h>

#include "fifo_bed.h"
#include "test.h"

struct bed bed;

#define CONTROL_SIZE	72

static struct watch_field word_fields[2];
static struct watch_field control_fields[2];
static const struct watch_field port_fields[] = {
	{ offsetof(struct evtchn_fifo_port, last), sizeof(void *),
	  sizeof(void *) },
	{ offsetof(struct evtchn_fifo_port, saved), 1, 1 },
};

static void start_vcpu(u8 vcpu)
{
	u8 q;

	bed.control[vcpu] = calloc(1, CONTROL_SIZE);
	memset(bed.control[vcpu] + 4, 0xa5, 4);
	for (q = 0; q < BED_QUEUES; q++)
		evtchn_fifo_queue_init(&bed.queues[vcpu][q], vcpu, q);
}

void bed_start(void)
{
	u32 i;

	memset(&bed, 0xa5, sizeof(bed));
	bed.words = calloc(BED_PORTS, sizeof(u32));
	for (i = 0; i < BED_VCPUS; i++)
		start_vcpu(i);
	evtchn_fifo_queue_init(&bed.nowhere, EVTCHN_FIFO_NOWHERE, 0);
	for (i = 0; i < BED_PORTS; i++)
		evtchn_fifo_port_init(&bed.ports[i], &bed.nowhere);
}

void bed_stop(void)
{
	u32 i;

	seam_hook = NULL;
	seam_lock_hook = NULL;
	free(bed.words);
	for (i = 0; i < BED_VCPUS; i++)
		free(bed.control[i]);
}

void bed_watch(u32 nr, u32 tail, u8 priority)
{
	word_fields[0] = (struct watch_field) { nr * 4, 4, 4 };
	word_fields[1] = (struct watch_field) { tail * 4, 4, 4 };
	control_fields[0] = (struct watch_field) { 0, 4, 4 };
	control_fields[1] = (struct watch_field) { 8 + priority * 4, 4, 4 };

	watch_start();
	watch_region(bed.words, BED_PORTS * sizeof(u32), word_fields,
		     tail ? 2 : 1);
	watch_region(bed.control[0], CONTROL_SIZE, control_fields, 2);
	watch_region(&bed.ports[nr], sizeof(bed.ports[nr]), port_fields,
		     ARRAY_SIZE(port_fields));
}

static u32 peek(const u8 *control, u16 offset)
{
	u32 value;

	memcpy(&value, control + offset, sizeof(value));
	return value;
}

u32 bed_ready(u8 vcpu)
{
	return peek(bed.control[vcpu], 0);
}

u32 bed_head(u8 vcpu, u8 priority)
{
	return peek(bed.control[vcpu], 8 + priority * 4);
}

void bed_set_ready(u8 vcpu, u32 ready)
{
	memcpy(bed.control[vcpu], &ready, sizeof(ready));
}

void bed_set_head(u8 vcpu, u8 priority, u32 head)
{
	memcpy(bed.control[vcpu] + 8 + priority * 4, &head, sizeof(head));
}

void bed_expect_rest(u32 nr, u32 tail)
{
	u32 i;

	for (i = 0; i < BED_PORTS; i++) {
		if (i != nr && i != tail)
			CHECK_EQ(bed.words[i], 0);
	}

	CHECK_EQ(peek(bed.control[0], 4), 0xa5a5a5a5);
	CHECK_EQ(peek(bed.control[1], 4), 0xa5a5a5a5);
	CHECK_EQ(bed_ready(1), 0);
	for (i = 0; i < BED_QUEUES; i++)
		CHECK_EQ(bed_head(1, i), 0);
}

struct evtchn_fifo_event bed_event(u32 nr, u8 vcpu, u8 priority)
{
	return (struct evtchn_fifo_event) {
		.port = &bed.ports[nr],
		.nr = nr,
		.to = &bed.queues[vcpu][priority],
	};
}

static enum xen_evtchn_verdict queue(u32 nr, u8 vcpu, u8 priority,
				     typeof(evtchn_fifo_mark) *fn)
{
	struct evtchn_fifo_event event = bed_event(nr, vcpu, priority);
	enum xen_evtchn_verdict verdict;
	u32 tail;

	if (!evtchn_fifo_lock(&event))
		return XEN_EVTCHN_COALESCED;

	tail = evtchn_fifo_tail(&event);
	verdict = fn(&event, &bed.words[nr], tail ? &bed.words[tail] : NULL,
		     (void *)bed.control[vcpu]);
	evtchn_fifo_unlock(&event);
	return verdict;
}

enum xen_evtchn_verdict bed_send(u32 nr, u8 vcpu, u8 priority)
{
	return queue(nr, vcpu, priority, evtchn_fifo_mark);
}

enum xen_evtchn_verdict bed_unmask(u32 nr, u8 vcpu, u8 priority)
{
	return queue(nr, vcpu, priority, evtchn_fifo_unmask);
}

u32 bed_take(u32 nr)
{
	u32 link = bed.words[nr] & 0x1ffff;

	CHECK(bed.words[nr] & L);
	bed.words[nr] &= ~(L | 0x1ffff);
	return link;
}

static unsigned int accesses, interfere_at;
static void (*interfere)(const volatile void *addr);

static void hook(const volatile void *addr, size_t len, enum seam_access how)
{
	(void)len;
	(void)how;
	accesses++;
	if (!interfere_at || accesses == interfere_at)
		interfere(addr);
}

void bed_interfere(unsigned int nr, void (*guest)(const volatile void *addr))
{
	accesses = 0;
	interfere_at = nr;
	interfere = guest;
	seam_hook = hook;
}

unsigned int bed_accesses(void)
{
	return accesses;
}
