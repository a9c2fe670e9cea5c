// SPDX-License-Identifier: GPL-2.0
/*
 * What a doorbell by its first argument costs does not depend on how a VMM chose the
 * values that others are bound by.
 *
 * If this fails, a VMM and its guest make the kernel walk thousands of bindings with
 * interrupts off, or a binding is not found where many are.  Stock 6.12 has no such
 * calls.
 *
 * The clock of this host counts instructions.
 */
#include <sys/eventfd.h>

#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_dynhc.h"

#define TOKEN		7u
#define PLAIN_TOKEN	4000u
#define NR_BINDINGS	3000u
#define SAMPLES		16
#define MORE		400		/* instructions, beyond a token with one binding */

/* Of the kernel's hash_64(): the highest bits of a product. */
#define OLD_MULTIPLIER	0x61c8864680b583ebull

/* The number by which that multiplies to 1. */
static uint64_t inverse(uint64_t odd)
{
	uint64_t x = odd;
	int i;

	for (i = 0; i < 6; i++)
		x *= 2 - odd * x;
	return x;
}

/* What the guest is to call, and how long it took at least. */
struct order {
	uint64_t token;
	uint64_t value;
	int64_t result;
	uint64_t cost;
};

#define ORDER	((volatile struct order *)XEN_SPARE_GPA(0))

static void guest_rings(void)
{
	volatile struct order *o = ORDER;
	uint64_t begin, cost;
	int i;

	for (;;) {
		o->cost = UINT64_MAX;
		for (i = 0; i < SAMPLES; i++) {
			const struct xen_hcall call = { DYNHC_HYPERCALL, { o->token, o->value } };

			begin = rdtsc();
			o->result = xen_guest_hcall(true, &call);
			cost = rdtsc() - begin;
			if (cost < o->cost)
				o->cost = cost;
		}
		GUEST_SYNC(1);
	}
}

FIXTURE(values) {
	struct xen_vm *x;
	volatile struct order *o;
	int fd;
	uint64_t plain;
};

FIXTURE_VARIANT(values) {
	/* The binding of number @i, from 0. */
	void (*choose)(uint32_t i, uint32_t *token, uint64_t *value);
};

static void one_product(uint32_t i, uint32_t *token, uint64_t *value)
{
	*token = TOKEN;
	*value = inverse(OLD_MULTIPLIER) * i ^ (uint64_t)TOKEN << 32;
}

static void one_sum(uint32_t i, uint32_t *token, uint64_t *value)
{
	*token = 1 + i;
	*value = (uint64_t)*token << 32;
}

static void rising(uint32_t i, uint32_t *token, uint64_t *value)
{
	*token = TOKEN;
	*value = i;
}

FIXTURE_VARIANT_ADD(values, that_one_product_meets) { .choose = one_product };
FIXTURE_VARIANT_ADD(values, that_one_sum_meets) { .choose = one_sum };
FIXTURE_VARIANT_ADD(values, that_rise) { .choose = rising };

static uint64_t cost(FIXTURE_DATA(values) *self, uint32_t token, uint64_t value)
{
	self->o->token = token;
	self->o->value = value;
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), 1);
	TEST_ASSERT_EQ(self->o->result, 0);
	return self->o->cost;
}

FIXTURE_SETUP(values)
{
	uint64_t value;
	uint32_t i, token;

	self->x = xen_dynhc_vm_create(1, guest_rings);
	self->o = xen_hva(self->x, XEN_SPARE_GPA(0));
	self->fd = eventfd(0, EFD_NONBLOCK);
	ASSERT_EQ(0, xen_dynhc_match(self->x, PLAIN_TOKEN, 1, self->fd));
	self->plain = cost(self, PLAIN_TOKEN, 1);
	for (i = 0; i < NR_BINDINGS; i++) {
		variant->choose(i, &token, &value);
		ASSERT_EQ(0, xen_dynhc_match(self->x, token, value, self->fd));
	}
}

FIXTURE_TEARDOWN(values)
{
	xen_vm_free(self->x);
	close(self->fd);
}

TEST_F(values, are_found_by_few_instructions)
{
	uint64_t value, this, most = 0;
	uint32_t i, token;

	/* The first that were bound, and the last. */
	for (i = 0; i < NR_BINDINGS; i += i == 20 ? NR_BINDINGS - 40 : 1) {
		variant->choose(i, &token, &value);
		this = cost(self, token, value);
		if (this > most)
			most = this;
	}
	EXPECT_LE(most, self->plain + MORE);
	printf("# metric dynhc_match_instructions %lu\n# metric dynhc_match_most %lu\n",
	       self->plain, most);
}

TEST_F(values, are_found_all)
{
	uint64_t value, count = 0;
	uint32_t i, token;

	xen_eventfd_take(self->fd);
	for (i = 0; i < NR_BINDINGS; i++) {
		variant->choose(i, &token, &value);
		cost(self, token, value);
	}
	ASSERT_EQ(sizeof(count), read(self->fd, &count, sizeof(count)));
	EXPECT_EQ(NR_BINDINGS * SAMPLES, count);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
