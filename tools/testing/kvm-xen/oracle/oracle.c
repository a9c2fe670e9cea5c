// SPDX-License-Identifier: GPL-2.0
/* The model that the 2-level unit is compared with. */
#include <pthread.h>

#include "oracle.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool pending[ORACLE_PORTS], masked[ORACLE_PORTS];
static bool selected[ORACLE_WORDS];
static bool flag;
static unsigned int nr_ports, per_word;

/* Run one statement under the lock. */
#define LOCKED(statement) do {						\
	pthread_mutex_lock(&lock);					\
	statement;							\
	pthread_mutex_unlock(&lock);					\
} while (0)

static bool set(bool *what)
{
	bool was = *what;

	*what = true;
	return was;
}

void oracle_reset(unsigned int ports, unsigned int ports_per_word)
{
	memset(pending, 0, sizeof(pending));
	memset(masked, 0, sizeof(masked));
	memset(selected, 0, sizeof(selected));
	flag = false;
	nr_ports = ports;
	per_word = ports_per_word;
}

static enum xen_evtchn_verdict mark(u32 port)
{
	if (set(&pending[port]))
		return XEN_EVTCHN_COALESCED;
	return masked[port] ? XEN_EVTCHN_MASKED : XEN_EVTCHN_RAISED;
}

enum xen_evtchn_verdict oracle_mark(u32 port)
{
	enum xen_evtchn_verdict verdict;

	LOCKED(verdict = mark(port));
	return verdict;
}

static bool point_at(u32 word)
{
	return !set(&selected[word]) && !set(&flag);
}

bool oracle_select(u32 port)
{
	bool due;

	LOCKED(due = point_at(port / per_word));
	return due;
}

static bool replay(u64 sel)
{
	unsigned int word;

	for (word = 0; word < nr_ports / per_word; word++) {
		if (sel >> word & 1)
			selected[word] = true;
	}

	return !set(&flag);
}

bool oracle_replay(u64 sel)
{
	bool due;

	LOCKED(due = replay(sel));
	return due;
}

u64 oracle_selector(u32 port)
{
	return 1ull << port / per_word;
}

bool oracle_is_pending(u32 port)
{
	bool is;

	LOCKED(is = pending[port]);
	return is;
}

void oracle_mask(u32 port)
{
	LOCKED(masked[port] = true);
}

static bool unmask(u32 port)
{
	masked[port] = false;
	return pending[port] && point_at(port / per_word);
}

bool oracle_unmask(u32 port)
{
	bool due;

	LOCKED(due = unmask(port));
	return due;
}

static void upcall(u32 *handled)
{
	u32 port;

	flag = false;
	for (port = 0; port < nr_ports; port++) {
		if (!selected[port / per_word] || !pending[port] || masked[port])
			continue;
		pending[port] = false;
		handled[port]++;
	}
	memset(selected, 0, sizeof(selected));
}

void oracle_upcall(u32 *handled)
{
	LOCKED(upcall(handled));
}

bool oracle_is_masked(u32 port)
{
	return masked[port];
}

bool oracle_is_selected(u32 word)
{
	return selected[word];
}

bool oracle_flag(void)
{
	return flag;
}
