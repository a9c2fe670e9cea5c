// SPDX-License-Identifier: GPL-2.0
/*
 * A million dynamic hypercalls, while what they are bound to changes without pause.
 *
 * Guests count what their calls returned and the host counts what its eventfds
 * got: a call that returned 0 was counted exactly once.  An eventfd that was
 * taken away is not signalled afterwards.
 *
 * If this fails, a doorbell is lost, or signals a device that it was taken away from.
 */
#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_dynhc.h"

#define NR_VCPUS	4
#define NR_CALLS	250000u		/* of each of them */
#define NR_ARGS		4u

/* Tokens, in this order: those for any argument, those by argument, and the others. */
#define FIRST_WILD	1u
#define FIRST_MATCHED	5u
#define PORT_TOKEN	9u
#define UNKNOWN_TOKEN	10u
#define NR_TOKENS	11u

#define PORT		40u
#define SLOTS_OF_MATCHED 3u		/* two arguments, and all others */
#define NR_SLOTS	(4 + 4 * SLOTS_OF_MATCHED + 1)

/* What a vCPU made of its calls, in a page of its own. */
struct tally {
	uint64_t calls;
	uint64_t done[NR_TOKENS];
	uint64_t absent[NR_TOKENS];	/* -DYNHC_ENOENT */
	uint64_t refused[NR_TOKENS];	/* -DYNHC_EINVAL */
	uint64_t odd;			/* anything else */
};
static_assert(sizeof(struct tally) <= PAGE_SIZE, "one page");

static void count(volatile struct tally *tally, uint32_t token, int64_t result)
{
	if (result == 0)
		tally->done[token]++;
	else if (result == -(int64_t)DYNHC_ENOENT)
		tally->absent[token]++;
	else if (result == -(int64_t)DYNHC_EINVAL)
		tally->refused[token]++;
	else
		tally->odd++;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

static void guest_code(uint32_t vcpu)
{
	volatile struct tally *tally = (void *)XEN_SPARE_GPA(vcpu);
	uint32_t random = vcpu * 7919 + 1, i, token;

	for (i = 0; i < NR_CALLS; i++) {
		token = 1 + next_random(&random) % (NR_TOKENS - 1);
		count(tally, token, xen_guest_call(true, DYNHC_HYPERCALL, token,
						   next_random(&random) % NR_ARGS, 0));
		tally->calls++;
	}
	GUEST_DONE();
}

/* One binding that comes and goes. */
struct slot {
	struct kvm_xen_dynhc binding;
	bool bound;
	int fd;				/* -1: not to an eventfd */
	uint64_t got;
};

FIXTURE(churn) {
	struct xen_vm *x;
	struct xen_runner runner[NR_VCPUS];
	struct tally *tally[NR_VCPUS];
	struct slot slot[NR_SLOTS];
	uint32_t random;
	unsigned int nr_bound;
	uint64_t exits;
	uint64_t rounds;
	uint64_t listened;		/* how often an eventfd had to be silent */
	uint64_t late;			/* what it got nevertheless */
};

static void init_slot(struct slot *slot, uint32_t token, int match)
{
	slot->fd = xen_eventfd();
	slot->binding = (struct kvm_xen_dynhc) {
		.token = token,
		.target = KVM_XEN_DYNHC_EVENTFD,
		.flags = match < 0 ? 0 : KVM_XEN_DYNHC_MATCH,
		.match = match < 0 ? 0 : match,
		.u.fd = slot->fd,
	};
}

static void init_slots(struct slot *slot)
{
	uint32_t token;
	int match;

	for (token = FIRST_WILD; token < FIRST_MATCHED; token++)
		init_slot(slot++, token, -1);
	for (token = FIRST_MATCHED; token < PORT_TOKEN; token++)
		for (match = -1; match < (int)SLOTS_OF_MATCHED - 1; match++)
			init_slot(slot++, token, match);
	slot->fd = -1;
	slot->binding = (struct kvm_xen_dynhc) {
		.token = PORT_TOKEN,
		.target = KVM_XEN_DYNHC_EVTCHN,
		.u.evtchn = { .port = PORT, .priority = XEN_PRIO_2LEVEL },
	};
}

FIXTURE_SETUP(churn)
{
	unsigned int i;

	self->x = xen_dynhc_vm_create(NR_VCPUS, guest_code);
	xen_register_pages(self->x);
	init_slots(self->slot);
	for (i = 0; i < NR_VCPUS; i++) {
		vcpu_args_set(self->x->vcpu[i], 1, i);
		self->tally[i] = xen_hva(self->x, XEN_SPARE_GPA(i));
	}
}

FIXTURE_TEARDOWN(churn)
{
	xen_vm_free(self->x);
}

static uint64_t nr_calls(FIXTURE_DATA(churn) *self)
{
	uint64_t calls = 0;
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		calls += READ_ONCE(self->tally[i]->calls);
	return calls;
}

static bool all_are_done(FIXTURE_DATA(churn) *self)
{
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		if (!READ_ONCE(self->runner[i].done))
			return false;
	return true;
}

/* A call of each vCPU that was under way may have to end, and others to be made. */
static void wait_for_calls(FIXTURE_DATA(churn) *self)
{
	uint64_t end = nr_calls(self) + 20 * NR_VCPUS;

	while (nr_calls(self) < end && !all_are_done(self))
		sched_yield();
}

/* What a slot got while it was bound; what it got since is late. */
static void take_count(struct slot *slot)
{
	if (slot->fd >= 0)
		slot->got += xen_eventfd_take(slot->fd);
}

static void expect_silence(FIXTURE_DATA(churn) *self, struct slot *slot)
{
	uint64_t before = slot->got;

	take_count(slot);
	self->late += slot->got - before;
	self->listened++;
}

static int bind(FIXTURE_DATA(churn) *self, struct slot *slot)
{
	expect_silence(self, slot);
	slot->bound = true;
	self->nr_bound++;
	return xen_dynhc_assign(self->x, slot->binding);
}

static int unbind(FIXTURE_DATA(churn) *self, struct slot *slot)
{
	int r = xen_dynhc_assign(self->x, (struct kvm_xen_dynhc) {
		.token = slot->binding.token,
		.op = KVM_XEN_DYNHC_DEASSIGN,
		.flags = slot->binding.flags,
		.match = slot->binding.match,
	});

	take_count(slot);
	slot->bound = false;
	self->nr_bound--;
	return r;
}

static int reset(FIXTURE_DATA(churn) *self)
{
	int r = xen_dynhc_reset(self->x);
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++) {
		if (self->slot[i].bound)
			take_count(&self->slot[i]);
		self->slot[i].bound = false;
	}
	self->nr_bound = 0;
	return r;
}

/* Check that the eventfds without a binding get nothing. */
static void listen(FIXTURE_DATA(churn) *self)
{
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++)
		if (!self->slot[i].bound)
			expect_silence(self, &self->slot[i]);
}

/* One change; its error, or -ERANGE where the table then has another size. */
static int change(FIXTURE_DATA(churn) *self)
{
	struct slot *slot = &self->slot[next_random(&self->random) % NR_SLOTS];
	int r;

	if (next_random(&self->random) % 24 == 0)
		r = reset(self);
	else
		r = slot->bound ? unbind(self, slot) : bind(self, slot);
	if (r)
		return r;

	if (self->rounds++ % 16 == 0) {
		wait_for_calls(self);
		listen(self);
	}
	return xen_dynhc_nr(self->x) == self->nr_bound ? 0 : -ERANGE;
}

static bool count_exit(struct xen_runner *r, void *arg)
{
	uint64_t *exits = arg;

	if (r->vcpu->run->exit_reason != KVM_EXIT_XEN)
		return false;
	__atomic_fetch_add(exits, 1, __ATOMIC_RELAXED);
	r->vcpu->run->xen.u.hcall.result = -XEN_ENOSYS;
	return true;
}

/* Of all vCPUs. */
static struct tally total(FIXTURE_DATA(churn) *self)
{
	struct tally sum = {};
	unsigned int i, word;

	for (i = 0; i < NR_VCPUS; i++)
		for (word = 0; word < sizeof(sum) / 8; word++)
			((uint64_t *)&sum)[word] += ((uint64_t *)self->tally[i])[word];
	return sum;
}

static uint64_t got_by_token(FIXTURE_DATA(churn) *self, uint32_t token)
{
	uint64_t got = 0;
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++)
		if (self->slot[i].binding.token == token)
			got += self->slot[i].got;
	return got;
}

static uint64_t sum(const uint64_t counts[NR_TOKENS])
{
	uint64_t sum = 0;
	uint32_t token;

	for (token = 0; token < NR_TOKENS; token++)
		sum += counts[token];
	return sum;
}

static void expect_plenty(struct __test_metadata *_metadata, FIXTURE_DATA(churn) *self,
			  const struct tally *all)
{
	TH_LOG("%lu calls done, %lu absent, %lu refused; %lu changes, %lu times silent",
	       sum(all->done), sum(all->absent), sum(all->refused), self->rounds,
	       self->listened);
	EXPECT_LT(NR_CALLS / 10, sum(all->done));
	EXPECT_LT(NR_CALLS / 10, sum(all->absent));
	EXPECT_LT(NR_CALLS / 100, sum(all->refused));
	EXPECT_LT(100, self->rounds);
	EXPECT_LT(100, self->listened);
}

static void expect_equal_sums(struct __test_metadata *_metadata, FIXTURE_DATA(churn) *self,
			      const struct tally *all)
{
	uint32_t token;

	for (token = FIRST_WILD; token < PORT_TOKEN; token++) {
		EXPECT_EQ(all->done[token], got_by_token(self, token)) {
			TH_LOG("token %u", token);
		}
		EXPECT_NE(0, all->done[token]);
		EXPECT_NE(0, all->absent[token]);
		EXPECT_EQ(token >= FIRST_MATCHED, !!all->refused[token]);
	}
	EXPECT_EQ(all->calls, sum(all->done) + sum(all->absent) + sum(all->refused));
	EXPECT_EQ(NR_VCPUS * NR_CALLS, all->calls);
	EXPECT_EQ(0, all->odd);
}

TEST_F_TIMEOUT(churn, loses_no_call_and_makes_up_none, 580)
{
	struct tally all;
	unsigned int i;
	int r = 0;

	for (i = 0; i < NR_VCPUS; i++)
		xen_runner_start_with(&self->runner[i], self->x->vcpu[i], count_exit,
				      &self->exits);
	while (!r && !all_are_done(self))
		r = change(self);
	EXPECT_EQ(0, r);
	for (i = 0; i < NR_VCPUS; i++) {
		xen_runner_stop(&self->runner[i]);
		EXPECT_STREQ("", self->runner[i].failure);
	}
	listen(self);
	for (i = 0; i < NR_SLOTS; i++)
		take_count(&self->slot[i]);

	all = total(self);
	expect_plenty(_metadata, self, &all);
	expect_equal_sums(_metadata, self, &all);
	EXPECT_EQ(0, self->late);
	EXPECT_EQ(0, self->exits);
	EXPECT_EQ(0, all.done[UNKNOWN_TOKEN] + all.refused[UNKNOWN_TOKEN]);
	EXPECT_EQ(0, all.refused[PORT_TOKEN]);
	EXPECT_NE(0, all.done[PORT_TOKEN]);
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
