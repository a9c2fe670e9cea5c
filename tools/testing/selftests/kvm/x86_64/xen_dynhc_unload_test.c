// SPDX-License-Identifier: GPL-2.0
/*
 * A module that answers dynamic hypercalls comes and goes under guests that call.
 *
 * If this fails, a call runs in code that is unloaded or with a context that is
 * freed, which the kernel's log shows, or is answered twice, not at all, or by
 * what is gone.  Stock 6.12 has no such calls.
 *
 * All vCPUs but one draw tickets, numbers that the module gives each once.  All
 * that were drawn from one binding must add up, whichever vCPU drew them.  The other one
 * sleeps in the module, so that it is never without a call for long.
 */
#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_adder.h"

#define NR_VCPUS	3
#define NAPPER		2	/* the last one */
#define TOKEN		7u
#define ROUNDS		50
#define CALLS		20	/* at least, of each vCPU that draws, in each round */
#define NAP_MS		1

/* What one vCPU got, in its own page. */
struct tally {
	uint64_t nr_answered;		/* by the module */
	uint64_t sum;			/* of tickets */
	uint64_t nr_enoent;
	uint64_t nr_enodev;
	uint64_t nr_bad;
	int64_t bad;			/* the last of those */
};

#define TALLY(vcpu)	((volatile struct tally *)XEN_SPARE_GPA(vcpu))

static void guest_notes(volatile struct tally *t, int64_t result, bool answered)
{
	if (answered) {
		t->sum += result;
		t->nr_answered++;
	} else if (result == -DYNHC_ENOENT) {
		t->nr_enoent++;
	} else if (result == -DYNHC_ENODEV) {
		t->nr_enodev++;
	} else {
		t->bad = result;
		t->nr_bad++;
	}
}

/* Odd vCPUs call out of 32-bit code. */
static void guest_draws(uint64_t vcpu)
{
	const struct xen_hcall call = { DYNHC_HYPERCALL, { TOKEN, ADDER_TICKET } };
	int64_t result;

	for (;;) {
		result = xen_guest_hcall(vcpu % 2 == 0, &call);
		guest_notes(TALLY(vcpu), result, result > 0);
	}
}

static void guest_naps(uint64_t vcpu)
{
	const struct xen_hcall call = { DYNHC_HYPERCALL, { TOKEN, ADDER_NAP, NAP_MS } };
	int64_t result;

	for (;;) {
		result = xen_guest_hcall(true, &call);
		guest_notes(TALLY(vcpu), result, result == 0);
	}
}

struct fire {
	struct xen_vm *x;
	struct xen_runner r[NR_VCPUS];
	struct tally before[NR_VCPUS];	/* this round */
};

static volatile struct tally *tally(struct fire *f, int vcpu)
{
	return xen_hva(f->x, XEN_SPARE_GPA(vcpu));
}

static void note_tallies(struct fire *f)
{
	int i;

	for (i = 0; i < NR_VCPUS; i++)
		f->before[i] = *tally(f, i);
}

static bool got(struct fire *f, int vcpu, size_t offset, uint64_t nr)
{
	volatile char *t = (volatile char *)tally(f, vcpu);
	volatile uint64_t *now = (volatile uint64_t *)(t + offset);
	uint64_t before = *now;

	return xen_wait_for(*now - before >= nr);
}

/* vCPUs get @nr results more, one for the napper, of what is counted at @offset. */
static bool all_got(struct fire *f, size_t offset, uint64_t nr)
{
	int i;

	for (i = 0; i < NR_VCPUS; i++)
		if (!got(f, i, offset, i == NAPPER ? 1 : nr))
			return false;

	return true;
}

#define ALL_GOT(f, kind, nr)	all_got(f, offsetof(struct tally, kind), nr)

/* Ask these two once no call can be under way any more. */
static uint64_t nr_answered(struct fire *f, int nr_vcpus)
{
	uint64_t nr = 0;
	int i;

	for (i = 0; i < nr_vcpus; i++)
		nr += tally(f, i)->nr_answered - f->before[i].nr_answered;
	return nr;
}

/* They were drawn from 1 on. */
static bool tickets_add_up(struct fire *f)
{
	uint64_t nr = nr_answered(f, NAPPER);
	uint64_t sum = 0;
	int i;

	for (i = 0; i < NAPPER; i++)
		sum += tally(f, i)->sum - f->before[i].sum;
	return sum == nr * (nr + 1) / 2;
}

/* The module is in use as long as the token is bound. */
static void pinned_round(struct __test_metadata *_metadata, struct fire *f)
{
	ASSERT_EQ(0, xen_adder_load(""));
	ASSERT_EQ(0, xen_adder_bind(f->x, TOKEN, 0));
	ASSERT_TRUE(ALL_GOT(f, nr_answered, CALLS));
	ASSERT_EQ(-EWOULDBLOCK, xen_adder_unload());
	ASSERT_EQ(0, xen_dynhc_deassign(f->x, TOKEN));
	ASSERT_EQ(0, xen_adder_under_way());
	ASSERT_EQ(0, xen_adder_bindings());
	ASSERT_TRUE(ALL_GOT(f, nr_enoent, 1));
	ASSERT_TRUE(tickets_add_up(f));
	ASSERT_EQ(xen_adder_calls(), nr_answered(f, NR_VCPUS));
	ASSERT_EQ(0, xen_adder_unload());
}

/* The module goes under fire, and the binding stays. */
static void unpinned_round(struct __test_metadata *_metadata, struct fire *f)
{
	ASSERT_EQ(0, xen_adder_load(XEN_ADDER_NO_PIN));
	ASSERT_EQ(0, xen_adder_bind(f->x, TOKEN, 0));
	ASSERT_TRUE(ALL_GOT(f, nr_answered, CALLS));
	ASSERT_EQ(0, xen_adder_unload());
	ASSERT_TRUE(ALL_GOT(f, nr_enodev, 1));
	ASSERT_TRUE(tickets_add_up(f));
	ASSERT_EQ(0, xen_dynhc_deassign(f->x, TOKEN));
	ASSERT_TRUE(ALL_GOT(f, nr_enoent, 1));
}

FIXTURE(unload) {
	struct fire f;
};

FIXTURE_VARIANT(unload) {
	void (*round)(struct __test_metadata *_metadata, struct fire *f);
	bool leaves_tokens;
};

FIXTURE_VARIANT_ADD(unload, pinned) { .round = pinned_round };
FIXTURE_VARIANT_ADD(unload, unpinned) { .round = unpinned_round, .leaves_tokens = true };

FIXTURE_SETUP(unload)
{
	struct fire *f = &self->f;
	int i;

	ASSERT_EQ(0, xen_adder_load_anew(""));
	ASSERT_EQ(0, xen_adder_unload());
	f->x = xen_dynhc_vm_create(NR_VCPUS, guest_draws);
	xen_set_entry_point(f->x->vcpu[NAPPER], guest_naps);
	for (i = 0; i < NR_VCPUS; i++) {
		vcpu_args_set(f->x->vcpu[i], 1, (uint64_t)i);
		xen_runner_start(&f->r[i], f->x->vcpu[i]);
	}
}

FIXTURE_TEARDOWN(unload)
{
	struct fire *f = &self->f;
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		xen_runner_stop(&f->r[i]);
		EXPECT_FALSE(f->r[i].done) {
			TH_LOG("vCPU %d: %s", i, f->r[i].failure);
		}
	}
	xen_vm_free(f->x);
	EXPECT_TRUE(xen_adder_ends_well());
}

TEST_F(unload, neither_loses_nor_repeats_nor_misleads_a_call)
{
	struct fire *f = &self->f;
	volatile struct tally *t;
	int i;

	ASSERT_TRUE(ALL_GOT(f, nr_enoent, 1));
	for (i = 0; i < ROUNDS; i++) {
		note_tallies(f);
		variant->round(_metadata, f);
	}
	for (i = 0; i < NR_VCPUS; i++) {
		t = tally(f, i);
		EXPECT_EQ(0, t->nr_bad) {
			TH_LOG("vCPU %d got %ld", i, t->bad);
		}
		EXPECT_LE(ROUNDS * (i == NAPPER ? 1 : CALLS), t->nr_answered);
		EXPECT_EQ(variant->leaves_tokens, !!t->nr_enodev);
	}
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
