// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers of dynamic hypercalls in another kernel module: the contract of
 * include/linux/kvm_xen_dynhc.h, seen through samples/kvm-xen-dynhc.
 *
 * If this fails, a module gets other arguments than the guest passed or the guest
 * another result, a module is unloaded while it is in use or never again, or keeps
 * what belongs to a binding that is gone.  Stock 6.12 has no such calls.
 */
#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_adder.h"

#define TOKEN		7u
#define OTHER_TOKEN	4095u
#define NOWHERE		0x1000ull	/* of the VMM: nothing is mapped there */

/* A call of no other arguments than small ones. */
static int64_t call(struct xen_stub *stub, uint32_t token, uint64_t op, uint64_t arg1)
{
	return xen_adder_call(stub, token, op, arg1, 2, 3);
}

/* Calls, for guests of each width. */
FIXTURE(adder) {
	struct xen_vm *x;
	struct xen_stub stub;
};

FIXTURE_VARIANT(adder) {
	enum xen_stub_mode mode;
};

FIXTURE_VARIANT_ADD(adder, wide) { .mode = XEN_STUB_64 };
FIXTURE_VARIANT_ADD(adder, compat) { .mode = XEN_STUB_COMPAT };
FIXTURE_VARIANT_ADD(adder, narrow) { .mode = XEN_STUB_32 };

FIXTURE_SETUP(adder)
{
	ASSERT_EQ(0, xen_adder_load_anew(""));
	self->x = xen_dynhc_vm_create(1, NULL);
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	xen_stub_set_mode(&self->stub, variant->mode, 0);
}

FIXTURE_TEARDOWN(adder)
{
	xen_vm_free(self->x);
	EXPECT_TRUE(xen_adder_ends_well());
}

/* What the sum is to the guest: 32-bit registers are not extended by their sign. */
static int64_t expected_sum(struct xen_stub *stub, const uint64_t *args, uint64_t bias)
{
	int64_t sum = xen_stub_value(stub, args[0]) + xen_stub_value(stub, args[1]) +
		      xen_stub_value(stub, args[2]) + bias;

	if (sum < ADDER_MIN_SUM)
		sum = ADDER_MIN_SUM;
	return stub->mode == XEN_STUB_64 ? sum : (int32_t)sum;
}

TEST_F(adder, arguments_and_results_have_all_their_bits)
{
	const uint64_t sums[][3] = {
		{ 0, 0, 0 }, { 1, 20, 300 }, { 0xffffffff, 1, 0 },
		{ 0x123456789abcdef0, 0x1111111122222222, 0x3333333344444444 },
		{ -1ull, 0, 0 }, { 0, -2ull, 0 }, { 0, 0, -3ull },
		{ 1ull << 63, 0, 0 }, { 0, 1ull << 63, 0 }, { 0, 0, 1ull << 63 },
		{ 1ull << 63, 1, 0 }, { 1ull << 63, 1, 1 }, { 0, 1ull << 63, 3 },
	};
	const uint64_t biases[] = { 0, 1000, ADDER_MAX_BIAS };
	unsigned int i, j;

	for (j = 0; j < ARRAY_SIZE(biases); j++) {
		ASSERT_EQ(0, xen_adder_bind(self->x, 1 + j, biases[j]));
		for (i = 0; i < ARRAY_SIZE(sums); i++) {
			const uint64_t *s = sums[i];

			EXPECT_EQ(expected_sum(&self->stub, s, biases[j]),
				  xen_adder_call(&self->stub, 1 + j, ADDER_ADD, s[0], s[1],
						 s[2])) {
				TH_LOG("sum %u, bias %#lx", i, biases[j]);
			}
		}
	}
}

TEST_F(adder, the_first_argument_is_as_wide_as_the_guest)
{
	const uint64_t high = 5ull << 32;
	bool wide = variant->mode == XEN_STUB_64;

	ASSERT_EQ(0, xen_adder_bind(self->x, TOKEN, 0));
	EXPECT_EQ(6, call(&self->stub, TOKEN, ADDER_ADD, 1));
	EXPECT_EQ(-DYNHC_EINVAL, call(&self->stub, TOKEN, ADDER_ASK_VMM + 1, 1));
	EXPECT_EQ(-DYNHC_EINVAL, call(&self->stub, TOKEN, 0xffffffff, 1));
	EXPECT_EQ(wide ? -DYNHC_EINVAL : 6, call(&self->stub, TOKEN, high | ADDER_ADD, 1));
}

TEST_F(adder, every_token_has_a_context_of_its_own)
{
	ASSERT_EQ(0, xen_adder_bind(self->x, TOKEN, 10));
	ASSERT_EQ(0, xen_adder_bind(self->x, OTHER_TOKEN, 20));
	EXPECT_EQ(1, call(&self->stub, TOKEN, ADDER_TICKET, 0));
	EXPECT_EQ(2, call(&self->stub, TOKEN, ADDER_TICKET, 0));
	EXPECT_EQ(1, call(&self->stub, OTHER_TOKEN, ADDER_TICKET, 0));
	EXPECT_EQ(3, call(&self->stub, TOKEN, ADDER_TICKET, 0));
	EXPECT_EQ(16, call(&self->stub, TOKEN, ADDER_ADD, 1));
	EXPECT_EQ(26, call(&self->stub, OTHER_TOKEN, ADDER_ADD, 1));
}

TEST_F(adder, a_token_bound_again_has_a_new_context)
{
	ASSERT_EQ(0, xen_adder_bind(self->x, TOKEN, 0));
	EXPECT_EQ(1, call(&self->stub, TOKEN, ADDER_TICKET, 0));
	ASSERT_EQ(0, xen_dynhc_deassign(self->x, TOKEN));
	EXPECT_EQ(-DYNHC_ENOENT, call(&self->stub, TOKEN, ADDER_TICKET, 0));
	ASSERT_EQ(0, xen_adder_bind(self->x, TOKEN, 30));
	EXPECT_EQ(1, call(&self->stub, TOKEN, ADDER_TICKET, 0));
	EXPECT_EQ(36, call(&self->stub, TOKEN, ADDER_ADD, 1));
}

TEST_F(adder, a_call_left_to_the_vmm_has_its_arguments_and_gets_its_answer)
{
	const uint64_t args[] = {
		TOKEN, ADDER_ASK_VMM, 0x123456789abcdef0, 0x8765432112345678, ~0x5555ull,
	};
	const uint64_t answers[] = { 0, -5ull, 0x8123456789abcdef };
	struct xen_hcall hcall = { DYNHC_HYPERCALL };
	const struct kvm_xen_exit *xen = &self->x->vcpu[0]->run->xen;
	unsigned int i, j;

	ASSERT_EQ(0, xen_adder_bind(self->x, TOKEN, 0));
	memcpy(hcall.arg, args, sizeof(args));
	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		xen_stub_hypercall(&self->stub, xen_stub_native(), &hcall);
		ASSERT_EQ(KVM_EXIT_XEN, self->stub.exit_reason);
		EXPECT_EQ(KVM_EXIT_XEN_HCALL, xen->type);
		EXPECT_EQ(DYNHC_HYPERCALL, xen->u.hcall.input);
		EXPECT_EQ(variant->mode == XEN_STUB_64, xen->u.hcall.longmode);
		EXPECT_EQ(0, xen->u.hcall.cpl);
		for (j = 0; j < ARRAY_SIZE(args); j++)
			EXPECT_EQ(xen_stub_value(&self->stub, args[j]), xen->u.hcall.params[j]);
		self->x->vcpu[0]->run->xen.u.hcall.result = answers[i];
		xen_stub_resume(&self->stub);
		EXPECT_TRUE(xen_stub_passed(&self->stub, 3));
		EXPECT_EQ(xen_stub_value(&self->stub, answers[i]),
			  xen_stub_value(&self->stub, self->stub.regs.rax));
	}
	EXPECT_EQ(3, xen_adder_calls());
}

/* The table and the handler. */
FIXTURE(table) {
	struct xen_vm *x;
	struct xen_stub stub;
};

FIXTURE_SETUP(table)
{
	ASSERT_EQ(0, xen_adder_load_anew(""));
	self->x = xen_dynhc_vm_create(1, NULL);
	xen_stub_init(&self->stub, self->x->vcpu[0]);
}

FIXTURE_TEARDOWN(table)
{
	xen_vm_free(self->x);
	EXPECT_TRUE(xen_adder_ends_well());
}

/* How many bindings there are; the first is stored. */
static int64_t table_size(struct xen_vm *x, struct kvm_xen_dynhc *first)
{
	uint32_t nr = 1;
	int r = xen_dynhc_enum(x, first, &nr);

	return r ?: nr;
}

TEST_F(table, a_name_is_known_while_a_module_offers_it)
{
	ASSERT_EQ(0, xen_adder_unload());
	EXPECT_EQ(-ENXIO, xen_adder_bind(self->x, TOKEN, 0));
	ASSERT_EQ(0, xen_adder_load(""));
	EXPECT_EQ(-ENXIO, xen_dynhc_handler(self->x, TOKEN, "dynhc_adde", 0));
	EXPECT_EQ(-ENXIO, xen_dynhc_handler(self->x, TOKEN, "dynhc_adder2", 0));
	EXPECT_EQ(0, xen_adder_bind(self->x, TOKEN, 0));
	EXPECT_EQ(0, xen_dynhc_deassign(self->x, TOKEN));
	ASSERT_EQ(0, xen_adder_unload());
	EXPECT_EQ(-ENXIO, xen_adder_bind(self->x, TOKEN, 0));
}

TEST_F(table, names_the_handler_and_its_data)
{
	struct kvm_xen_dynhc entry, again;

	ASSERT_EQ(0, xen_adder_bind(self->x, TOKEN, 12345));
	ASSERT_EQ(1, table_size(self->x, &entry));
	EXPECT_EQ(TOKEN, entry.token);
	EXPECT_EQ(KVM_XEN_DYNHC_HANDLER, entry.target);
	EXPECT_EQ(0, strcmp(ADDER_NAME, entry.u.handler.name));
	EXPECT_EQ(12345, entry.u.handler.data);

	ASSERT_EQ(0, xen_dynhc_reset(self->x));
	ASSERT_EQ(0, xen_dynhc_assign(self->x, entry));
	ASSERT_EQ(1, table_size(self->x, &again));
	EXPECT_EQ(0, memcmp(&entry, &again, sizeof(entry)));
	EXPECT_EQ(12351, call(&self->stub, TOKEN, ADDER_ADD, 1));
}

TEST_F(table, does_not_have_what_bind_refused)
{
	struct kvm_xen_dynhc entry;
	uint32_t token;

	EXPECT_EQ(-ERANGE, xen_adder_bind(self->x, TOKEN, ADDER_MAX_BIAS + 1));
	EXPECT_EQ(-ERANGE, xen_adder_bind_any(self->x, &token, -1ull));
	EXPECT_EQ(0, table_size(self->x, &entry));
	EXPECT_EQ(-DYNHC_ENOENT, call(&self->stub, TOKEN, ADDER_ADD, 1));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign(self->x, TOKEN));
	EXPECT_EQ(0, xen_adder_bindings());
	EXPECT_EQ(0, xen_adder_refs());

	EXPECT_EQ(0, xen_adder_bind(self->x, TOKEN, ADDER_MAX_BIAS));
	EXPECT_EQ(ADDER_MAX_BIAS, xen_adder_call(&self->stub, TOKEN, ADDER_ADD, 0, 0, 0));
	EXPECT_EQ(1, xen_adder_bindings());
}

static struct kvm_xen_dynhc by_name(uint32_t token)
{
	return (struct kvm_xen_dynhc) {
		.token = token,
		.target = KVM_XEN_DYNHC_HANDLER,
		.u.handler.name = ADDER_NAME,
	};
}

TEST_F(table, leaves_the_handler_nothing_of_an_assignment_that_fails)
{
	struct kvm_xen_dynhc bad;

	ASSERT_EQ(0, xen_adder_bind(self->x, TOKEN, 1));
	EXPECT_EQ(-EEXIST, xen_adder_bind(self->x, TOKEN, 2));

	bad = by_name(KVM_XEN_DYNHC_ANY_TOKEN);
	bad.token_addr = NOWHERE;
	EXPECT_EQ(-EFAULT, xen_dynhc_assign(self->x, bad));
	bad.token = OTHER_TOKEN;
	EXPECT_EQ(-EFAULT, xen_dynhc_assign(self->x, bad));

	bad = by_name(OTHER_TOKEN);
	bad.flags = KVM_XEN_DYNHC_MATCH;
	EXPECT_EQ(-EINVAL, xen_dynhc_assign(self->x, bad));
	EXPECT_EQ(-EINVAL, xen_adder_bind(self->x, DYNHC_NO_TOKEN, 0));
	EXPECT_EQ(-EINVAL, xen_adder_bind(self->x, DYNHC_MAX_TOKEN + 1, 0));

	EXPECT_EQ(1, xen_adder_bindings());
	EXPECT_EQ(1, xen_adder_refs());
	EXPECT_EQ(1, table_size(self->x, &bad));
	EXPECT_EQ(7, call(&self->stub, TOKEN, ADDER_ADD, 1));
	EXPECT_EQ(-DYNHC_ENOENT, call(&self->stub, OTHER_TOKEN, ADDER_ADD, 1));
}

TEST_F(table, can_be_full_of_handlers_and_reset)
{
	unsigned int i;
	uint32_t token;

	for (i = 0; i < DYNHC_MAX_TOKEN; i++)
		ASSERT_EQ(0, xen_adder_bind_any(self->x, &token, i));
	EXPECT_EQ(i - 1 + 6, call(&self->stub, token, ADDER_ADD, 1));
	EXPECT_EQ(-ENOSPC, xen_adder_bind_any(self->x, &token, 0));
	EXPECT_EQ(DYNHC_MAX_TOKEN, xen_adder_bindings());
	EXPECT_EQ(DYNHC_MAX_TOKEN, xen_adder_refs());
	EXPECT_EQ(0, xen_dynhc_reset(self->x));
	EXPECT_EQ(0, xen_adder_bindings());
	EXPECT_EQ(0, xen_adder_refs());
	EXPECT_EQ(0, xen_adder_bind(self->x, TOKEN, 0));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
