// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic hypercalls beside what shares their instruction: KVM's own hypercalls
 * and Hyper-V's, which answer as they do in a VM without.
 *
 * If this fails, a VMM that offers dynamic hypercalls takes a hypervisor away
 * from its guests: PV spinlocks and IPIs of Linux, enlightenments of Windows.
 */
#include <asm/kvm_dynhc.h>

#include "hyperv.h"
#include "xen_harness.h"
#include "xen_dynhc.h"
#include "xen_hyperv.h"

#define TOKEN		5u
#define XEN		KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL

/* KVM's own, by number, and what they return in a guest without features. */
#define VAPIC_POLL_IRQ	1
#define MMU_OP		2
#define NO_SUCH		(-1000)
#define NOT_PERMITTED	(-1)

static struct xen_vm *create(uint32_t flags, void *guest_code)
{
	struct kvm_xen_hvm_config config = { .flags = flags };
	struct xen_vm *x = xen_dynhc_vm_create(1, guest_code);

	if (flags & XEN)
		config.msr = XEN_HYPERV_OTHER_MSR;
	vm_ioctl(x->vm, KVM_XEN_HVM_CONFIG, &config);
	return x;
}

FIXTURE(kvm) {
	struct xen_vm *x;
	struct xen_stub stub;
	int event;
};

FIXTURE_VARIANT(kvm) {
	enum xen_stub_mode mode;
	uint32_t config;
};

/* Without the flag, to show that the answers do not depend on it. */
FIXTURE_VARIANT_ADD(kvm, wide_without) { XEN_STUB_64, 0 };
FIXTURE_VARIANT_ADD(kvm, wide) { XEN_STUB_64, KVM_XEN_HVM_CONFIG_DYNHC };
FIXTURE_VARIANT_ADD(kvm, compat) { XEN_STUB_COMPAT, KVM_XEN_HVM_CONFIG_DYNHC };
FIXTURE_VARIANT_ADD(kvm, narrow_without) { XEN_STUB_32, 0 };
FIXTURE_VARIANT_ADD(kvm, narrow) { XEN_STUB_32, KVM_XEN_HVM_CONFIG_DYNHC };

FIXTURE_SETUP(kvm)
{
	self->x = create(KVM_XEN_HVM_CONFIG_DYNHC, NULL);
	self->event = xen_eventfd();
	if (variant->config & KVM_XEN_HVM_CONFIG_DYNHC)
		ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->event));
	ASSERT_EQ(0, xen_config(self->x, variant->config));
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	xen_stub_set_mode(&self->stub, variant->mode, 0);
}

FIXTURE_TEARDOWN(kvm)
{
	EXPECT_EQ(0, xen_eventfd_take(self->event));
	xen_vm_free(self->x);
}

/* RDI and RBX, which hold the token of a dynamic hypercall in the two widths, hold one. */
static int64_t call(struct xen_stub *stub, uint64_t nr)
{
	struct xen_hcall call = { nr, { TOKEN, TOKEN, TOKEN, TOKEN, TOKEN } };

	xen_stub_hypercall(stub, xen_stub_native(), &call);
	return xen_stub_result(stub);
}

TEST_F(kvm, answers_its_own_hypercalls)
{
	EXPECT_EQ(0, call(&self->stub, VAPIC_POLL_IRQ));
	EXPECT_EQ(NO_SUCH, call(&self->stub, MMU_OP));
	EXPECT_EQ(0, call(&self->stub, VAPIC_POLL_IRQ));
}

TEST_F(kvm, refuses_numbers_that_it_does_not_know)
{
	const uint64_t unknown[] = {
		0, 54, 56, 1234, 0x7fffffff, 0x80000000u | 55, 0xffffffff,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		EXPECT_EQ(NO_SUCH, call(&self->stub, unknown[i]));
}

TEST_F(kvm, refuses_programs)
{
	xen_stub_set_mode(&self->stub, variant->mode, 3);
	EXPECT_EQ(NOT_PERMITTED, call(&self->stub, VAPIC_POLL_IRQ));
	EXPECT_EQ(NOT_PERMITTED, call(&self->stub, 1234));
	xen_stub_set_mode(&self->stub, variant->mode, 0);
	EXPECT_EQ(0, call(&self->stub, VAPIC_POLL_IRQ));
}

FIXTURE(hyperv) {
	struct xen_vm *x;
	struct xen_stub stub;
	uint8_t *page;
	int event;
};

FIXTURE_VARIANT(hyperv) {
	enum xen_stub_mode mode;
	uint32_t config;
};

FIXTURE_VARIANT_ADD(hyperv, wide_without) { XEN_STUB_64, 0 };
FIXTURE_VARIANT_ADD(hyperv, wide) { XEN_STUB_64, KVM_XEN_HVM_CONFIG_DYNHC };
FIXTURE_VARIANT_ADD(hyperv, wide_and_xen) { XEN_STUB_64, KVM_XEN_HVM_CONFIG_DYNHC | XEN };
FIXTURE_VARIANT_ADD(hyperv, compat) { XEN_STUB_COMPAT, KVM_XEN_HVM_CONFIG_DYNHC };
FIXTURE_VARIANT_ADD(hyperv, narrow_without) { XEN_STUB_32, 0 };
FIXTURE_VARIANT_ADD(hyperv, narrow) { XEN_STUB_32, KVM_XEN_HVM_CONFIG_DYNHC };
FIXTURE_VARIANT_ADD(hyperv, narrow_and_xen) { XEN_STUB_32, KVM_XEN_HVM_CONFIG_DYNHC | XEN };

FIXTURE_SETUP(hyperv)
{
	self->x = create(KVM_XEN_HVM_CONFIG_DYNHC, NULL);
	self->event = xen_eventfd();
	if (variant->config & KVM_XEN_HVM_CONFIG_DYNHC)
		ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->event));
	vm_ioctl(self->x->vm, KVM_XEN_HVM_CONFIG, (&(struct kvm_xen_hvm_config) {
		.flags = variant->config,
		.msr = variant->config & XEN ? XEN_HYPERV_OTHER_MSR : 0,
	}));
	vcpu_set_hv_cpuid(self->x->vcpu[0]);
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	xen_stub_set_mode(&self->stub, variant->mode, 0);
	self->page = xen_hva(self->x, XEN_HYPERV_PAGE_GPA);
	ASSERT_TRUE(xen_hyperv_name_guest(&self->stub));
	ASSERT_TRUE(xen_hyperv_enable_page(&self->stub));
}

FIXTURE_TEARDOWN(hyperv)
{
	xen_vm_free(self->x);
}

static void expect_answers(struct __test_metadata *_metadata, struct xen_stub *stub)
{
	const struct {
		uint64_t input;
		uint32_t status;
	} rows[] = {
		{ HVCALL_NOTIFY_LONG_SPIN_WAIT, XEN_HYPERV_SUCCESS },
		{ XEN_HYPERV_UNKNOWN_CODE, XEN_HYPERV_NO_CODE },
		/* EAX is that of a dynamic hypercall. */
		{ DYNHC_HYPERCALL, XEN_HYPERV_NO_CODE },
		/* A call without repetitions, repeated. */
		{ 1ull << 32 | HVCALL_NOTIFY_LONG_SPIN_WAIT, XEN_HYPERV_BAD_INPUT },
		{ 1ull << 27 | HVCALL_NOTIFY_LONG_SPIN_WAIT, XEN_HYPERV_BAD_INPUT },
		{ 1ull << 60 | HVCALL_NOTIFY_LONG_SPIN_WAIT, XEN_HYPERV_BAD_INPUT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		stub->regs.rdi = TOKEN;
		stub->regs.rbx = TOKEN;
		EXPECT_EQ(rows[i].status, xen_hyperv_status(stub, rows[i].input)) {
			TH_LOG("input %#lx", rows[i].input);
		}
	}
}

TEST_F(hyperv, answers_what_comes_through_its_page)
{
	expect_answers(_metadata, &self->stub);
	EXPECT_EQ(0, xen_eventfd_take(self->event));
}

/* 32-bit guests that do not use the page do not set bit 31, and need not. */
TEST_F(hyperv, answers_what_comes_past_its_page)
{
	struct xen_hcall bare = { HVCALL_NOTIFY_LONG_SPIN_WAIT };

	if (variant->config & XEN)
		SKIP(return, "without bit 31 it is Xen's");
	self->stub.regs.rcx = HVCALL_NOTIFY_LONG_SPIN_WAIT;
	xen_stub_hypercall(&self->stub, xen_stub_native(), &bare);
	EXPECT_EQ(XEN_HYPERV_SUCCESS, xen_stub_result(&self->stub));
}

TEST_F(hyperv, leaves_dynamic_hypercalls_alone)
{
	if (!variant->config)
		SKIP(return, "there are none");
	EXPECT_EQ(0, call(&self->stub, DYNHC_HYPERCALL));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
	ASSERT_EQ(0, xen_dynhc_reset(self->x));
	EXPECT_EQ(-DYNHC_ENOENT, call(&self->stub, DYNHC_HYPERCALL));
	ASSERT_EQ(0, xen_dynhc_match(self->x, TOKEN, TOKEN + 1, self->event));
	EXPECT_EQ(-DYNHC_EINVAL, call(&self->stub, DYNHC_HYPERCALL));
	expect_answers(_metadata, &self->stub);
}

/* Before it names itself, a guest has no Hyper-V; dynamic hypercalls it has. */
TEST_F(hyperv, need_not_be_in_use)
{
	if (!variant->config)
		SKIP(return, "there are none");
	ASSERT_TRUE(xen_stub_write_msr(&self->stub, HV_X64_MSR_GUEST_OS_ID, 0));
	EXPECT_EQ(0, call(&self->stub, DYNHC_HYPERCALL));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
}

TEST_F(hyperv, has_a_page_that_sets_bit_31_only_beside_xen_or_dynamic_hypercalls)
{
	const uint8_t or_bit_31[] = { 0x0d, 0x00, 0x00, 0x00, 0x80 };
	unsigned int at = variant->config ? sizeof(or_bit_31) : 0;

	EXPECT_EQ(0, memcmp(self->page, or_bit_31, at));
	EXPECT_EQ(0, memcmp(self->page + at, xen_stub_native(), 3));
	EXPECT_EQ(0xc3, self->page[at + 3]);
	EXPECT_EQ(0, self->page[at + 4]);
}

#define NR_CALLS	20000

/* Tokens that no one bound, in both widths, and one that is bound. */
static void guest_calls_in_vain(void)
{
	unsigned int i;

	for (i = 0; i < NR_CALLS; i++)
		GUEST_ASSERT_EQ(xen_guest_call(i % 2, DYNHC_HYPERCALL, 6 + i, 0, 0),
				-DYNHC_ENOENT);
	GUEST_ASSERT_EQ(xen_guest_call(true, DYNHC_HYPERCALL, TOKEN, 0, 0), 0);
	GUEST_SYNC(i);
}

FIXTURE(exits) {
	struct xen_vm *x;
};

FIXTURE_VARIANT(exits) {
	uint32_t config;
};

FIXTURE_VARIANT_ADD(exits, alone) { KVM_XEN_HVM_CONFIG_DYNHC };
FIXTURE_VARIANT_ADD(exits, beside_xen) { KVM_XEN_HVM_CONFIG_DYNHC | XEN };

FIXTURE_SETUP(exits)
{
	self->x = create(variant->config, guest_calls_in_vain);
}

FIXTURE_TEARDOWN(exits)
{
	xen_vm_free(self->x);
}

/* xen_step() runs the vCPU once, to what has to be the guest's own exit. */
TEST_F(exits, are_not_made_for_calls_of_unknown_tokens)
{
	int event = xen_eventfd();

	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, event));
	EXPECT_EQ(NR_CALLS, xen_step(self->x->vcpu[0]));
	EXPECT_EQ(1, xen_eventfd_take(event));
}

int main(int argc, char **argv)
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_XEN_HVM) & KVM_XEN_HVM_CONFIG_EVTCHN_SEND);
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_HYPERV_CPUID));
	return test_harness_run(argc, argv);
}
