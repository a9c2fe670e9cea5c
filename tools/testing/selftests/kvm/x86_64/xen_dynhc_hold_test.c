// SPDX-License-Identifier: GPL-2.0
/*
 * A module takes its handler away while one VM's vCPU is held in a call of its own.
 *
 * If this fails, a VMM that withholds a page from one vCPU stops all VMs of the host
 * from binding dynamic hypercalls, taking them away and ending; or a module waits for
 * each binding where it could wait for each VM.  Stock 6.12 has no such calls.
 */
#include <asm/kvm_dynhc.h>
#include <stdio.h>
#include <string.h>

#include "xen_harness.h"
#include "xen_adder.h"
#include "xen_hold.h"
#include "xen_trace.h"

#define TOKEN		7u
#define NR_TOKENS	100

#define CONFIG	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |			\
		 KVM_XEN_HVM_CONFIG_EVTCHN_SEND | KVM_XEN_HVM_CONFIG_DYNHC)

struct caller {
	struct xen_vm *x;
	struct xen_stub stub;
};

static void begin(struct caller *c)
{
	c->x = xen_vm_create_bare(1, true, NULL);
	TEST_ASSERT_EQ(xen_config(c->x, CONFIG), 0);
	xen_stub_init(&c->stub, c->x->vcpu[0]);
}

static void end(struct caller *c)
{
	if (c->x)
		xen_vm_free(c->x);
	c->x = NULL;
}

static void *unload(void *arg)
{
	int *result = arg;

	WRITE_ONCE(*result, xen_adder_unload());
	return NULL;
}

/* What the other VM does meanwhile, by a thread that the test need not wait for. */
struct bystander {
	struct caller *c;
	pthread_t thread;
	int bind, deassign, evtchn;
	int step;
};

static void *go_on(void *arg)
{
	struct bystander *b = arg;

	b->bind = xen_adder_bind(b->c->x, TOKEN + 2, 0);
	WRITE_ONCE(b->step, 1);
	b->deassign = xen_dynhc_deassign(b->c->x, TOKEN);
	WRITE_ONCE(b->step, 2);
	b->evtchn = xen_dynhc_vmm(b->c->x, TOKEN);
	WRITE_ONCE(b->step, 3);
	end(b->c);
	WRITE_ONCE(b->step, 4);
	return NULL;
}

#define UNDER_WAY	1

FIXTURE(held) {
	struct caller victim, other;
	struct xen_hold hold;
	pthread_t unloader;
	int unloaded;
	struct bystander b;
};

FIXTURE_VARIANT(held) {
	bool binds_last;		/* the vCPU that is held */
};

FIXTURE_VARIANT_ADD(held, bound_first) {};
FIXTURE_VARIANT_ADD(held, bound_last) { .binds_last = true };

FIXTURE_SETUP(held)
{
	if (!xen_hold_is_possible())
		SKIP(return, "no userfaultfd");

	ASSERT_EQ(0, xen_adder_load_anew(XEN_ADDER_NO_PIN));
	begin(&self->victim);
	begin(&self->other);
	if (!variant->binds_last)
		ASSERT_EQ(0, xen_adder_bind(self->victim.x, TOKEN, 0));
	ASSERT_EQ(0, xen_adder_bind(self->other.x, TOKEN, 0));
	ASSERT_EQ(0, xen_adder_bind(self->other.x, TOKEN + 1, 0));
	if (variant->binds_last)
		ASSERT_EQ(0, xen_adder_bind(self->victim.x, TOKEN, 0));
	self->unloaded = UNDER_WAY;
	self->b.c = &self->other;
}

FIXTURE_TEARDOWN(held)
{
	if (!self->victim.x)
		return;

	xen_hold_end(&self->hold);
	if (self->unloader)
		pthread_join(self->unloader, NULL);
	if (self->b.thread)
		pthread_join(self->b.thread, NULL);
	end(&self->victim);
	end(&self->other);
	EXPECT_TRUE(xen_adder_ends_well());
}

static int64_t call_of_other(struct caller *c)
{
	return xen_adder_call(&c->stub, TOKEN, ADDER_ADD, 1, 2, 3);
}

TEST_F(held, vcpu_of_one_vm_does_not_stop_others)
{
	ASSERT_TRUE(xen_hold_begin(&self->hold, &self->victim.stub));
	ASSERT_EQ(0, pthread_create(&self->unloader, NULL, unload, &self->unloaded));
	ASSERT_TRUE(xen_wait_for(call_of_other(&self->other) == -DYNHC_ENODEV));

	ASSERT_EQ(0, pthread_create(&self->b.thread, NULL, go_on, &self->b));
	EXPECT_TRUE(xen_wait_for(READ_ONCE(self->b.step) == 4)) {
		TH_LOG("The other VM came to step %d", self->b.step);
	}

	/* The module waits for the call all the same. */
	EXPECT_EQ(UNDER_WAY, READ_ONCE(self->unloaded));
	xen_hold_end(&self->hold);
	ASSERT_EQ(0, pthread_join(self->unloader, NULL));
	self->unloader = 0;
	EXPECT_EQ(0, self->unloaded);

	ASSERT_EQ(0, pthread_join(self->b.thread, NULL));
	self->b.thread = 0;
	EXPECT_EQ(-ENXIO, self->b.bind);
	EXPECT_EQ(0, self->b.deassign);
	EXPECT_EQ(0, self->b.evtchn);
}

/* How often a grace period of SRCU was waited for. */
static int nr_waits(void)
{
	FILE *trace = xen_trace_open();
	char line[400];
	int nr = 0;

	while (fgets(line, sizeof(line), trace))
		nr += line[0] != '#' && strstr(line, "xen_waits:");
	fclose(trace);
	return nr;
}

TEST(a_module_waits_for_each_vm_and_not_for_each_binding)
{
	struct caller c[2] = {};
	int i;

	/* That mounts it. */
	xen_trace_write("trace", "\n");
	if (access("/sys/kernel/tracing/kprobe_events", F_OK))
		SKIP(return, "no kprobes");

	ASSERT_EQ(0, xen_adder_load_anew(XEN_ADDER_NO_PIN));
	begin(&c[0]);
	begin(&c[1]);
	for (i = 0; i < NR_TOKENS; i++)
		ASSERT_EQ(0, xen_adder_bind(c[i % 2].x, 1 + i, 0));

	xen_trace_write("kprobe_events", "p:kprobes/xen_waits synchronize_srcu");
	xen_trace_begin("kprobes/xen_waits");
	EXPECT_EQ(0, xen_adder_unload());
	fclose(xen_trace_end("kprobes/xen_waits"));
	EXPECT_LE(nr_waits(), 2);
	xen_trace_write("kprobe_events", "\n");

	end(&c[0]);
	end(&c[1]);
	EXPECT_TRUE(xen_adder_ends_well());
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
