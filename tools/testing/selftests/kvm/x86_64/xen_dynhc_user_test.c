// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic hypercalls of programs: refused unless the token is for them.
 *
 * If this fails, any program in a guest can use the kernel's devices, or one
 * that has a device of its own cannot.
 */
#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_dynhc.h"
#include "xen_stub.h"

#define TOKEN	5u
#define PORT	9u
#define ALONE	KVM_XEN_HVM_CONFIG_DYNHC
#define BESIDE	(ALONE | KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)

FIXTURE(program) {
	struct xen_vm *x;
	struct xen_stub stub;
	int event;
};

FIXTURE_VARIANT(program) {
	enum xen_stub_mode mode;
	unsigned int cpl;
	uint32_t config;
};

FIXTURE_VARIANT_ADD(program, wide_level_1) { XEN_STUB_64, 1, ALONE };
FIXTURE_VARIANT_ADD(program, wide_level_1_and_xen) { XEN_STUB_64, 1, BESIDE };
FIXTURE_VARIANT_ADD(program, wide_level_3) { XEN_STUB_64, 3, ALONE };
FIXTURE_VARIANT_ADD(program, wide_level_3_and_xen) { XEN_STUB_64, 3, BESIDE };
FIXTURE_VARIANT_ADD(program, compat_level_3) { XEN_STUB_COMPAT, 3, ALONE };
FIXTURE_VARIANT_ADD(program, compat_level_3_and_xen) { XEN_STUB_COMPAT, 3, BESIDE };
FIXTURE_VARIANT_ADD(program, narrow_level_1) { XEN_STUB_32, 1, ALONE };
FIXTURE_VARIANT_ADD(program, narrow_level_1_and_xen) { XEN_STUB_32, 1, BESIDE };
FIXTURE_VARIANT_ADD(program, narrow_level_3) { XEN_STUB_32, 3, ALONE };
FIXTURE_VARIANT_ADD(program, narrow_level_3_and_xen) { XEN_STUB_32, 3, BESIDE };

FIXTURE_SETUP(program)
{
	self->x = xen_dynhc_vm_create(1, NULL);
	xen_register_pages(self->x);
	ASSERT_EQ(0, xen_config(self->x, variant->config));
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	xen_stub_set_mode(&self->stub, variant->mode, variant->cpl);
	self->event = xen_eventfd();
}

FIXTURE_TEARDOWN(program)
{
	xen_vm_free(self->x);
}

/* The other vendor's instruction is emulated for kernels only. */
static int64_t call(FIXTURE_DATA(program) *self, uint64_t token, uint64_t arg)
{
	struct xen_hcall call = { DYNHC_HYPERCALL, { token, arg } };

	xen_stub_hypercall(&self->stub, xen_stub_native(), &call);
	return xen_stub_result(&self->stub);
}

/* One binding of each target, with @flags, from TOKEN on. */
static void bind_all(FIXTURE_DATA(program) *self, uint16_t flags)
{
	const struct kvm_xen_dynhc all[] = {
		{ .target = KVM_XEN_DYNHC_EVENTFD, .u.fd = self->event },
		{ .target = KVM_XEN_DYNHC_EVENTFD, .flags = KVM_XEN_DYNHC_MATCH, .match = 3,
		  .u.fd = self->event },
		{ .target = KVM_XEN_DYNHC_EVTCHN,
		  .u.evtchn = { .port = PORT, .priority = XEN_PRIO_2LEVEL } },
		{ .target = KVM_XEN_DYNHC_VMM },
	};
	struct kvm_xen_dynhc binding;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		binding = all[i];
		binding.token = TOKEN + i;
		binding.flags |= flags;
		TEST_ASSERT_EQ(xen_dynhc_assign(self->x, binding), 0);
	}
}

TEST_F(program, may_not_call_what_is_the_kernels)
{
	unsigned int i;

	bind_all(self, 0);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(-DYNHC_EPERM, call(self, TOKEN + i, 3));
	EXPECT_EQ(0, xen_eventfd_take(self->event));
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT));

	/* The kernel may. */
	xen_stub_set_mode(&self->stub, variant->mode, 0);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, call(self, TOKEN + i, 3));
	EXPECT_EQ(2, xen_eventfd_take(self->event));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
}

TEST_F(program, may_call_what_is_for_programs)
{
	unsigned int i;

	bind_all(self, KVM_XEN_DYNHC_USER);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, call(self, TOKEN + i, 3));
	EXPECT_EQ(2, xen_eventfd_take(self->event));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
	EXPECT_EQ(-DYNHC_EINVAL, call(self, TOKEN + 1, 4));
	EXPECT_EQ(-DYNHC_ENOENT, call(self, TOKEN + 4, 3));
}

TEST_F(program, is_known_as_one_to_the_vmm)
{
	const struct kvm_xen_exit *xen = &self->stub.vcpu->run->xen;

	bind_all(self, KVM_XEN_DYNHC_USER);
	EXPECT_EQ(XEN_STUB_NO_RESULT, call(self, TOKEN + 3, 0x77));
	ASSERT_EQ(KVM_EXIT_XEN, self->stub.exit_reason);
	EXPECT_EQ(variant->cpl, xen->u.hcall.cpl);
	EXPECT_EQ(DYNHC_HYPERCALL, xen->u.hcall.input);
	EXPECT_EQ(TOKEN + 3, xen->u.hcall.params[0]);
	EXPECT_EQ(0x77, xen->u.hcall.params[1]);
	self->stub.vcpu->run->xen.u.hcall.result = 0x1234;
	xen_stub_resume(&self->stub);
	EXPECT_EQ(0x1234, xen_stub_result(&self->stub));
}

/* A kernel can call what is for programs. */
TEST_F(program, shares_its_calls_with_the_kernel)
{
	bind_all(self, KVM_XEN_DYNHC_USER);
	xen_stub_set_mode(&self->stub, variant->mode, 0);
	EXPECT_EQ(0, call(self, TOKEN, 3));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
