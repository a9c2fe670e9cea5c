// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls that KVM leaves to the VMM: KVM_EXIT_XEN.
 *
 * If this fails, the VMM sees another hypercall than the guest made, or the
 * guest does not get the VMM's answer: every hypercall that is not handled in
 * the kernel depends on it, in all modes of the CPU that guests use.
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"
#include "xen_stub.h"

#define NR_HYPERCALLS	64

FIXTURE(exit) {
	struct xen_vm *x;
	struct xen_stub stub;
};

FIXTURE_VARIANT(exit) {
	enum xen_stub_mode mode;
	const uint8_t *insn;
};

FIXTURE_VARIANT_ADD(exit, wide_vmcall) {
	.mode = XEN_STUB_64,
	.insn = xen_stub_vmcall,
};

FIXTURE_VARIANT_ADD(exit, wide_vmmcall) {
	.mode = XEN_STUB_64,
	.insn = xen_stub_vmmcall,
};

FIXTURE_VARIANT_ADD(exit, compat_vmcall) {
	.mode = XEN_STUB_COMPAT,
	.insn = xen_stub_vmcall,
};

FIXTURE_VARIANT_ADD(exit, compat_vmmcall) {
	.mode = XEN_STUB_COMPAT,
	.insn = xen_stub_vmmcall,
};

FIXTURE_VARIANT_ADD(exit, narrow_vmcall) {
	.mode = XEN_STUB_32,
	.insn = xen_stub_vmcall,
};

FIXTURE_VARIANT_ADD(exit, narrow_vmmcall) {
	.mode = XEN_STUB_32,
	.insn = xen_stub_vmmcall,
};

FIXTURE_SETUP(exit)
{
	self->x = xen_vm_create_bare(1, true, NULL);
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	xen_stub_set_mode(&self->stub, variant->mode, 0);
}

FIXTURE_TEARDOWN(exit)
{
	xen_vm_free(self->x);
}

static struct xen_hcall distinct(uint64_t nr)
{
	struct xen_hcall call = { .nr = nr };
	int i;

	for (i = 0; i < 6; i++)
		call.arg[i] = 0xa5a5000080001000ull * (i + 1) + nr;
	return call;
}

static void expect_exit(struct __test_metadata *_metadata, struct xen_stub *stub,
			const struct xen_hcall *call)
{
	const struct kvm_xen_exit *xen = &stub->vcpu->run->xen;
	int i;

	ASSERT_EQ(KVM_EXIT_XEN, stub->exit_reason) {
		TH_LOG("hypercall %#lx", call->nr);
	}
	EXPECT_EQ(KVM_EXIT_XEN_HCALL, xen->type);
	EXPECT_EQ(stub->mode == XEN_STUB_64, xen->u.hcall.longmode);
	EXPECT_EQ(stub->cpl, xen->u.hcall.cpl);
	EXPECT_EQ(xen_stub_value(stub, call->nr), xen->u.hcall.input);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(xen_stub_value(stub, call->arg[i]), xen->u.hcall.params[i]);
}

/* Answer the exit and let the guest go on. */
static void answer(struct xen_stub *stub, uint64_t result)
{
	stub->vcpu->run->xen.u.hcall.result = result;
	xen_stub_resume(stub);
}

/* Calls that KVM may answer itself are tests of their own. */
static bool is_left_to_the_vmm(uint64_t nr)
{
	return nr != __HYPERVISOR_sched_op;
}

TEST_F(exit, every_hypercall_reaches_the_vmm_with_its_arguments)
{
	uint64_t nr;

	for (nr = 0; nr < NR_HYPERCALLS; nr++) {
		struct xen_hcall call = distinct(nr);

		if (!is_left_to_the_vmm(nr))
			continue;
		xen_stub_hypercall(&self->stub, variant->insn, &call);
		expect_exit(_metadata, &self->stub, &call);
		answer(&self->stub, 0);
		EXPECT_TRUE(xen_stub_passed(&self->stub, 3));
	}
}

TEST_F(exit, numbers_that_no_hypercall_has_reach_the_vmm)
{
	const uint64_t odd[] = {
		0x7fffffff, 0x80000000, 0x80000011, 0xffffffff,
		0x100000000ull + __HYPERVISOR_memory_op, ~0ull,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		struct xen_hcall call = distinct(odd[i]);

		xen_stub_hypercall(&self->stub, variant->insn, &call);
		expect_exit(_metadata, &self->stub, &call);
		answer(&self->stub, 0);
		EXPECT_TRUE(xen_stub_passed(&self->stub, 3));
	}
}

TEST_F(exit, the_answer_arrives_in_the_accumulator)
{
	const uint64_t results[] = {
		0, 1, 0x7fffffff, -1ull, -38ull, 0x123456789abcdef0ull,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(results); i++) {
		struct xen_hcall call = distinct(__HYPERVISOR_memory_op);

		xen_stub_hypercall(&self->stub, variant->insn, &call);
		ASSERT_EQ(KVM_EXIT_XEN, self->stub.exit_reason);
		answer(&self->stub, results[i]);
		EXPECT_TRUE(xen_stub_passed(&self->stub, 3));
		EXPECT_EQ(xen_stub_value(&self->stub, results[i]),
			  xen_stub_value(&self->stub, self->stub.regs.rax));
	}
}

TEST_F(exit, the_answer_changes_no_other_register)
{
	struct xen_hcall call = distinct(__HYPERVISOR_grant_table_op);
	struct kvm_regs before;

	self->stub.regs.r12 = 0x12;
	xen_stub_hypercall(&self->stub, variant->insn, &call);
	ASSERT_EQ(KVM_EXIT_XEN, self->stub.exit_reason);
	before = self->stub.regs;
	answer(&self->stub, 5);
	before.rax = self->stub.regs.rax;
	before.rip = self->stub.regs.rip;
	EXPECT_EQ(0, memcmp(&before, &self->stub.regs, sizeof(before)));
}

TEST_F(exit, no_answer_is_written_where_the_vmm_moved_the_guest)
{
	struct xen_hcall call = distinct(__HYPERVISOR_memory_op);
	uint8_t *elsewhere = self->stub.code + 0x100;

	memcpy(elsewhere, (uint8_t[]) { 0xe6, XEN_STUB_PORT }, 2);
	xen_stub_hypercall(&self->stub, variant->insn, &call);
	ASSERT_EQ(KVM_EXIT_XEN, self->stub.exit_reason);

	self->stub.vcpu->run->xen.u.hcall.result = 0x5a5a;
	self->stub.regs.rip = XEN_STUB_GPA + 0x100;
	vcpu_regs_set(self->stub.vcpu, &self->stub.regs);
	ASSERT_EQ(KVM_EXIT_IO, xen_stub_resume(&self->stub));
	EXPECT_EQ(XEN_STUB_GPA + 0x102, self->stub.regs.rip);
	EXPECT_EQ(__HYPERVISOR_memory_op, self->stub.regs.rax);
}

/*
 * The other vendor's instruction is emulated, and at level 0 only: a program
 * gets #GP for it, Xen or no Xen.  So programs are tested with the CPU's own.
 */
FIXTURE(program) {
	struct xen_vm *x;
	struct xen_stub stub;
};

FIXTURE_VARIANT(program) {
	enum xen_stub_mode mode;
	unsigned int cpl;
};

FIXTURE_VARIANT_ADD(program, wide_level_1) {
	.mode = XEN_STUB_64,
	.cpl = 1,
};

FIXTURE_VARIANT_ADD(program, wide_level_3) {
	.mode = XEN_STUB_64,
	.cpl = 3,
};

FIXTURE_VARIANT_ADD(program, compat_level_1) {
	.mode = XEN_STUB_COMPAT,
	.cpl = 1,
};

FIXTURE_VARIANT_ADD(program, compat_level_3) {
	.mode = XEN_STUB_COMPAT,
	.cpl = 3,
};

FIXTURE_VARIANT_ADD(program, narrow_level_1) {
	.mode = XEN_STUB_32,
	.cpl = 1,
};

FIXTURE_VARIANT_ADD(program, narrow_level_3) {
	.mode = XEN_STUB_32,
	.cpl = 3,
};

FIXTURE_SETUP(program)
{
	struct kvm_xen_hvm_attr version = {
		.type = KVM_XEN_ATTR_TYPE_XEN_VERSION,
		.u.xen_version = 0x40011,
	};

	/* All that lets KVM answer calls by itself. */
	self->x = xen_vm_create(1, true, NULL);
	ASSERT_EQ(0, xen_vm_set(self->x, &version));
	ASSERT_EQ(0, xen_set_timer(self->x->vcpu[0], 1, 0));
	ASSERT_EQ(0, xen_bind_ipi(self->x, 2, 0));
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	xen_stub_set_mode(&self->stub, variant->mode, variant->cpl);
	*(uint32_t *)self->stub.data = 2;
}

FIXTURE_TEARDOWN(program)
{
	xen_vm_free(self->x);
}

TEST_F(program, calls_that_kvm_answers_for_the_kernel_reach_the_vmm)
{
	const struct xen_hcall calls[] = {
		{ __HYPERVISOR_xen_version, { XENVER_version } },
		{ __HYPERVISOR_sched_op, { SCHEDOP_yield } },
		{ __HYPERVISOR_sched_op, { SCHEDOP_poll, XEN_STUB_DATA_GPA } },
		{ __HYPERVISOR_event_channel_op, { EVTCHNOP_send, XEN_STUB_DATA_GPA } },
		{ __HYPERVISOR_set_timer_op, { 0 } },
		{ __HYPERVISOR_vcpu_op, { VCPUOP_stop_singleshot_timer, 0 } },
		{ __HYPERVISOR_memory_op, { 7 } },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		xen_stub_hypercall(&self->stub, xen_stub_native(), &calls[i]);
		expect_exit(_metadata, &self->stub, &calls[i]);
		answer(&self->stub, -1);
		EXPECT_TRUE(xen_stub_passed(&self->stub, 3));
		EXPECT_EQ((uint32_t)-1, (uint32_t)self->stub.regs.rax);
	}
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, 2));
}

TEST_F(program, the_same_calls_are_answered_at_level_0)
{
	struct xen_hcall call = { __HYPERVISOR_xen_version, { XENVER_version } };

	xen_stub_set_mode(&self->stub, variant->mode, 0);
	xen_stub_hypercall(&self->stub, xen_stub_native(), &call);
	EXPECT_TRUE(xen_stub_passed(&self->stub, 3));
	EXPECT_EQ(0x40011, self->stub.regs.rax);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL)
