// SPDX-License-Identifier: GPL-2.0
/*
 * VMMs bind dynamic hypercalls to a module that comes and goes.
 *
 * If this fails, a VMM gets hold of a handler that goes away, a module cannot be
 * unloaded though nobody uses it, or the two wait for each other.  Stock 6.12 has
 * no such calls.
 */
#include <stdlib.h>

#include "xen_harness.h"
#include "xen_adder.h"

#define NR_BINDERS	2
#define TOKEN		7u
#define ROUNDS		50

/* A VMM of its own. */
struct binder {
	struct xen_vm *x;
	struct xen_thread thread;
	unsigned int seed;
	uint64_t nr_bound;
	uint64_t nr_enxio;
	int bad;			/* any other error */
};

static int bind_and_let_go(struct xen_vm *x, struct binder *b)
{
	int r = xen_adder_bind(x, TOKEN, 0);

	if (r == -ENXIO) {
		WRITE_ONCE(b->nr_enxio, b->nr_enxio + 1);
		return 0;
	}

	r = r ?: xen_dynhc_deassign(x, TOKEN);
	WRITE_ONCE(b->nr_bound, b->nr_bound + 1);
	return r;
}

static void bind_and_pause(void *arg)
{
	struct binder *b = arg;

	if (!b->bad)
		b->bad = bind_and_let_go(b->x, b);
	usleep(rand_r(&b->seed) % 1000);
}

FIXTURE(binders) {
	struct binder b[NR_BINDERS];
};

FIXTURE_VARIANT(binders) {
	const char *params;
};

FIXTURE_VARIANT_ADD(binders, of_a_pinned_module) { .params = "" };
FIXTURE_VARIANT_ADD(binders, of_an_unpinned_module) { .params = XEN_ADDER_NO_PIN };

FIXTURE_SETUP(binders)
{
	int i;

	ASSERT_EQ(0, xen_adder_load_anew(variant->params));
	ASSERT_EQ(0, xen_adder_unload());
	for (i = 0; i < NR_BINDERS; i++) {
		/* Not by its thread: the library's memory of CPUID has no lock. */
		self->b[i].x = xen_dynhc_vm_create(1, NULL);
		self->b[i].seed = i;
		xen_thread_start(&self->b[i].thread, bind_and_pause, &self->b[i]);
	}
}

FIXTURE_TEARDOWN(binders)
{
	int i;

	for (i = 0; i < NR_BINDERS; i++) {
		xen_thread_stop(&self->b[i].thread);
		EXPECT_EQ(0, self->b[i].bad);
		xen_vm_free(self->b[i].x);
	}
	EXPECT_TRUE(xen_adder_ends_well());
}

static bool binds_again(struct binder *b)
{
	uint64_t before = READ_ONCE(b->nr_bound);

	return xen_wait_for(READ_ONCE(b->nr_bound) - before >= 2 || READ_ONCE(b->bad));
}

static bool misses_it(struct binder *b)
{
	uint64_t before = READ_ONCE(b->nr_enxio);

	return xen_wait_for(READ_ONCE(b->nr_enxio) - before >= 2 || READ_ONCE(b->bad));
}

TEST_F(binders, find_the_module_or_do_not)
{
	int i, j;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, xen_adder_load(variant->params));
		for (j = 0; j < NR_BINDERS; j++)
			ASSERT_TRUE(binds_again(&self->b[j]));
		ASSERT_TRUE(xen_wait_for(!xen_adder_unload()));
		for (j = 0; j < NR_BINDERS; j++)
			ASSERT_TRUE(misses_it(&self->b[j]));
	}
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
