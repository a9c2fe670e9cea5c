// SPDX-License-Identifier: GPL-2.0
/*
 * When a module that answers dynamic hypercalls can be unloaded, and what is left
 * of its bindings then.
 *
 * If this fails, code is unloaded that a guest's call can still reach, a module
 * can never be unloaded again, or the VMM loses track of its table.  Stock 6.12 has
 * no such calls.
 */
#include <signal.h>
#include <string.h>

#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_adder.h"

#define TOKEN		7u
#define OTHER_TOKEN	8u
#define NAP_MS		1000
#define LONG_NAP_MS	ADDER_MAX_NAP

static int64_t add(struct xen_stub *stub, uint32_t token)
{
	return xen_adder_call(stub, token, ADDER_ADD, 1, 2, 3);
}

/* A VM and its one vCPU. */
struct caller {
	struct xen_vm *x;
	struct xen_stub stub;
};

static void begin(struct caller *c)
{
	c->x = xen_dynhc_vm_create(1, NULL);
	xen_stub_init(&c->stub, c->x->vcpu[0]);
}

static int end(struct caller *c)
{
	xen_vm_free(c->x);
	c->x = NULL;
	return 0;
}

static int deassign(struct caller *c)
{
	return xen_dynhc_deassign(c->x, TOKEN);
}

static int reset(struct caller *c)
{
	return xen_dynhc_reset(c->x);
}

static void end_all(struct caller *c, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (c[i].x)
			end(&c[i]);
}

/* A module that is pinned, and all that ends a binding. */
FIXTURE(pinned) {
	struct caller c[2];
};

FIXTURE_VARIANT(pinned) {
	int (*let_go)(struct caller *c);
};

FIXTURE_VARIANT_ADD(pinned, until_deassigned) { .let_go = deassign };
FIXTURE_VARIANT_ADD(pinned, until_reset) { .let_go = reset };
FIXTURE_VARIANT_ADD(pinned, until_the_vm_ends) { .let_go = end };

FIXTURE_SETUP(pinned)
{
	ASSERT_EQ(0, xen_adder_load_anew(""));
	begin(&self->c[0]);
	begin(&self->c[1]);
}

FIXTURE_TEARDOWN(pinned)
{
	end_all(self->c, 2);
	EXPECT_TRUE(xen_adder_ends_well());
}

TEST_F(pinned, module_cannot_be_unloaded_while_a_token_is_bound)
{
	ASSERT_EQ(0, xen_adder_bind(self->c[0].x, TOKEN, 0));
	EXPECT_EQ(1, xen_adder_refs());
	EXPECT_EQ(-EWOULDBLOCK, xen_adder_unload());
	EXPECT_EQ(6, add(&self->c[0].stub, TOKEN));

	ASSERT_EQ(0, variant->let_go(&self->c[0]));
	EXPECT_TRUE(xen_wait_for(!xen_adder_refs()));
	EXPECT_EQ(0, xen_adder_bindings());
	EXPECT_EQ(0, xen_adder_unload());
}

TEST_F(pinned, module_is_held_by_each_vm_that_uses_it)
{
	ASSERT_EQ(0, xen_adder_bind(self->c[0].x, TOKEN, 10));
	ASSERT_EQ(0, xen_adder_bind(self->c[1].x, TOKEN, 20));
	EXPECT_EQ(2, xen_adder_bindings());
	EXPECT_EQ(2, xen_adder_refs());
	EXPECT_EQ(16, add(&self->c[0].stub, TOKEN));
	EXPECT_EQ(26, add(&self->c[1].stub, TOKEN));

	ASSERT_EQ(0, variant->let_go(&self->c[0]));
	EXPECT_TRUE(xen_wait_for(xen_adder_refs() == 1));
	EXPECT_EQ(-EWOULDBLOCK, xen_adder_unload());
	EXPECT_EQ(26, add(&self->c[1].stub, TOKEN));

	ASSERT_EQ(0, variant->let_go(&self->c[1]));
	EXPECT_TRUE(xen_wait_for(!xen_adder_refs()));
	EXPECT_EQ(0, xen_adder_unload());
}

/* A module that may go at any time, from under its guests. */
FIXTURE(unpinned) {
	struct caller c[2];
};

FIXTURE_SETUP(unpinned)
{
	ASSERT_EQ(0, xen_adder_load_anew(XEN_ADDER_NO_PIN));
	begin(&self->c[0]);
	begin(&self->c[1]);
}

FIXTURE_TEARDOWN(unpinned)
{
	end_all(self->c, 2);
	EXPECT_TRUE(xen_adder_ends_well());
}

TEST_F(unpinned, module_is_not_held_by_its_bindings)
{
	ASSERT_EQ(0, xen_adder_bind(self->c[0].x, TOKEN, 0));
	EXPECT_EQ(1, xen_adder_bindings());
	EXPECT_EQ(0, xen_adder_refs());
	EXPECT_EQ(6, add(&self->c[0].stub, TOKEN));
	EXPECT_EQ(0, xen_adder_unload());
}

TEST_F(unpinned, module_leaves_tokens_that_answer_enodev)
{
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, xen_adder_bind(self->c[i].x, TOKEN, 0));
	ASSERT_EQ(0, xen_adder_unload());
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-DYNHC_ENODEV, add(&self->c[i].stub, TOKEN));
		EXPECT_EQ(-DYNHC_ENODEV, xen_adder_call(&self->c[i].stub, TOKEN, ADDER_ASK_VMM,
							0, 0, 0));
		EXPECT_EQ(-DYNHC_ENOENT, add(&self->c[i].stub, OTHER_TOKEN));
	}
}

TEST_F(unpinned, module_leaves_the_table_as_it_was)
{
	struct kvm_xen_dynhc before[2], after[2];
	uint32_t nr = 2;

	memset(before, 0, sizeof(before));
	memset(after, 0, sizeof(after));
	ASSERT_EQ(0, xen_adder_bind(self->c[0].x, TOKEN, 5));
	ASSERT_EQ(0, xen_dynhc_vmm(self->c[0].x, OTHER_TOKEN));
	ASSERT_EQ(0, xen_dynhc_enum(self->c[0].x, before, &nr));
	ASSERT_EQ(2, nr);
	ASSERT_EQ(0, xen_adder_unload());
	ASSERT_EQ(0, xen_dynhc_enum(self->c[0].x, after, &nr));
	EXPECT_EQ(2, nr);
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	EXPECT_EQ(0, strcmp(ADDER_NAME, after[0].u.handler.name));
	EXPECT_EQ(5, after[0].u.handler.data);
}

TEST_F(unpinned, module_that_is_back_is_bound_anew)
{
	struct xen_stub *stub = &self->c[0].stub;
	struct xen_vm *x = self->c[0].x;

	ASSERT_EQ(0, xen_adder_bind(x, TOKEN, 0));
	ASSERT_EQ(0, xen_adder_unload());
	ASSERT_EQ(0, xen_adder_load(XEN_ADDER_NO_PIN));
	EXPECT_EQ(-DYNHC_ENODEV, add(stub, TOKEN));
	EXPECT_EQ(-EEXIST, xen_adder_bind(x, TOKEN, 0));
	EXPECT_EQ(0, xen_adder_bindings());
	ASSERT_EQ(0, xen_adder_bind(x, OTHER_TOKEN, 10));
	EXPECT_EQ(16, add(stub, OTHER_TOKEN));

	ASSERT_EQ(0, xen_dynhc_deassign(x, TOKEN));
	EXPECT_EQ(-DYNHC_ENOENT, add(stub, TOKEN));
	EXPECT_EQ(1, xen_adder_bindings());
	ASSERT_EQ(0, xen_adder_bind(x, TOKEN, 20));
	EXPECT_EQ(26, add(stub, TOKEN));
	EXPECT_EQ(2, xen_adder_bindings());
}

TEST_F(unpinned, module_that_is_back_has_nothing_of_what_a_reset_takes_away)
{
	ASSERT_EQ(0, xen_adder_bind(self->c[0].x, TOKEN, 0));
	ASSERT_EQ(0, xen_adder_bind(self->c[1].x, TOKEN, 0));
	ASSERT_EQ(0, xen_adder_unload());
	ASSERT_EQ(0, xen_adder_load(XEN_ADDER_NO_PIN));
	ASSERT_EQ(0, xen_adder_bind(self->c[0].x, OTHER_TOKEN, 0));
	ASSERT_EQ(0, xen_adder_bind(self->c[1].x, OTHER_TOKEN, 0));

	EXPECT_EQ(0, xen_dynhc_reset(self->c[0].x));
	EXPECT_EQ(1, xen_adder_bindings());
	EXPECT_EQ(-DYNHC_ENOENT, add(&self->c[0].stub, TOKEN));
	EXPECT_EQ(-DYNHC_ENODEV, add(&self->c[1].stub, TOKEN));
	EXPECT_EQ(6, add(&self->c[1].stub, OTHER_TOKEN));
	end(&self->c[1]);
	EXPECT_TRUE(xen_wait_for(!xen_adder_bindings()));
}

/* A call that sleeps in the module, made by a thread of its own. */
struct napper {
	struct caller *c;
	uint64_t ms;
	pthread_t thread;
	int64_t result;
};

static void *nap(void *arg)
{
	struct napper *n = arg;

	n->result = xen_adder_call(&n->c->stub, TOKEN, ADDER_NAP, n->ms, 0, 0);
	return NULL;
}

/* Returns once the call is in the module. */
static bool falls_asleep(struct napper *n)
{
	n->result = 1;
	return !pthread_create(&n->thread, NULL, nap, n) && xen_wait_for(xen_adder_under_way());
}

static int64_t wakes_with(struct napper *n)
{
	pthread_join(n->thread, NULL);
	return n->result;
}

static void interrupted(int sig)
{
}

FIXTURE(asleep) {
	struct caller c;
	struct napper n;
};

FIXTURE_SETUP(asleep)
{
	struct sigaction action = { .sa_handler = interrupted };

	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, xen_adder_load_anew(XEN_ADDER_NO_PIN));
	begin(&self->c);
	ASSERT_EQ(0, xen_adder_bind(self->c.x, TOKEN, 0));
	self->n = (struct napper) { .c = &self->c, .ms = NAP_MS };
}

FIXTURE_TEARDOWN(asleep)
{
	end(&self->c);
	EXPECT_TRUE(xen_adder_ends_well());
}

TEST_F(asleep, a_call_is_waited_for_by_deassign)
{
	ASSERT_TRUE(falls_asleep(&self->n));
	EXPECT_EQ(0, deassign(&self->c));
	EXPECT_EQ(0, xen_adder_under_way());
	EXPECT_EQ(0, xen_adder_bindings());
	EXPECT_EQ(0, wakes_with(&self->n));
	EXPECT_EQ(-DYNHC_ENOENT, add(&self->c.stub, TOKEN));
}

TEST_F(asleep, a_call_is_waited_for_by_reset)
{
	ASSERT_TRUE(falls_asleep(&self->n));
	EXPECT_EQ(0, reset(&self->c));
	EXPECT_EQ(0, xen_adder_under_way());
	EXPECT_EQ(0, xen_adder_bindings());
	EXPECT_EQ(0, wakes_with(&self->n));
	EXPECT_EQ(-DYNHC_ENOENT, add(&self->c.stub, TOKEN));
}

/* The module itself warns if it has a call under way when it goes. */
TEST_F(asleep, a_call_is_waited_for_by_the_module)
{
	ASSERT_TRUE(falls_asleep(&self->n));
	EXPECT_EQ(0, xen_adder_unload());
	EXPECT_EQ(0, wakes_with(&self->n));
	EXPECT_EQ(-DYNHC_ENODEV, add(&self->c.stub, TOKEN));
}

TEST_F(asleep, a_call_does_not_hold_up_what_binds_others)
{
	int64_t bindings, under_way;

	self->n.ms = LONG_NAP_MS;
	ASSERT_TRUE(falls_asleep(&self->n));
	EXPECT_EQ(0, xen_adder_bind(self->c.x, OTHER_TOKEN, 0));
	bindings = xen_adder_bindings();
	under_way = xen_adder_under_way();
	EXPECT_EQ(0, wakes_with(&self->n));
	EXPECT_EQ(2, bindings);
	EXPECT_EQ(1, under_way);
	EXPECT_EQ(6, add(&self->c.stub, OTHER_TOKEN));
}

TEST_F(asleep, a_call_is_made_again_after_a_signal)
{
	self->n.ms = LONG_NAP_MS;
	ASSERT_TRUE(falls_asleep(&self->n));
	EXPECT_EQ(1, xen_adder_calls());
	pthread_kill(self->n.thread, SIGUSR1);
	EXPECT_TRUE(xen_wait_for(xen_adder_calls() == 2));
	pthread_kill(self->n.thread, SIGUSR1);
	EXPECT_TRUE(xen_wait_for(xen_adder_calls() == 3));
	EXPECT_EQ(0, wakes_with(&self->n));
	EXPECT_EQ(3, xen_adder_calls());
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
