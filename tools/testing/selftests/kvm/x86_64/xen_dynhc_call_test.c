// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic hypercalls as a guest makes them: what each target does, what comes
 * back, in all modes of the CPU and by either vendor's instruction, with and
 * without the rest of Xen.
 *
 * If this fails, a driver rings another doorbell than its own, or none, or finds
 * its registers changed.
 */
#include <asm/kvm_dynhc.h>

#include "apic.h"
#include "xen_harness.h"
#include "xen_dynhc.h"
#include "xen_line.h"
#include "xen_stub.h"

#define TOKEN		5u
#define PORT		900u
#define ALONE		KVM_XEN_HVM_CONFIG_DYNHC
#define BESIDE		(ALONE | KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | \
			 KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
#define KVM_NO_SUCH	(-1000)		/* of KVM's own hypercalls */

FIXTURE(call) {
	struct xen_vm *x;
	struct xen_stub stub;
	const uint8_t *insn;
	int event, other;
};

FIXTURE_VARIANT(call) {
	enum xen_stub_mode mode;
	const uint8_t *insn;
	uint32_t config;
};

FIXTURE_VARIANT_ADD(call, wide_vmcall) { XEN_STUB_64, xen_stub_vmcall, ALONE };
FIXTURE_VARIANT_ADD(call, wide_vmmcall) { XEN_STUB_64, xen_stub_vmmcall, ALONE };
FIXTURE_VARIANT_ADD(call, compat_vmcall) { XEN_STUB_COMPAT, xen_stub_vmcall, ALONE };
FIXTURE_VARIANT_ADD(call, compat_vmmcall) { XEN_STUB_COMPAT, xen_stub_vmmcall, ALONE };
FIXTURE_VARIANT_ADD(call, narrow_vmcall) { XEN_STUB_32, xen_stub_vmcall, ALONE };
FIXTURE_VARIANT_ADD(call, narrow_vmmcall) { XEN_STUB_32, xen_stub_vmmcall, ALONE };

FIXTURE_VARIANT_ADD(call, wide_vmcall_and_xen) { XEN_STUB_64, xen_stub_vmcall, BESIDE };
FIXTURE_VARIANT_ADD(call, wide_vmmcall_and_xen) { XEN_STUB_64, xen_stub_vmmcall, BESIDE };
FIXTURE_VARIANT_ADD(call, compat_vmcall_and_xen) { XEN_STUB_COMPAT, xen_stub_vmcall, BESIDE };
FIXTURE_VARIANT_ADD(call, compat_vmmcall_and_xen) { XEN_STUB_COMPAT, xen_stub_vmmcall, BESIDE };
FIXTURE_VARIANT_ADD(call, narrow_vmcall_and_xen) { XEN_STUB_32, xen_stub_vmcall, BESIDE };
FIXTURE_VARIANT_ADD(call, narrow_vmmcall_and_xen) { XEN_STUB_32, xen_stub_vmmcall, BESIDE };

static struct xen_vm *create(uint32_t config, bool wide, void *guest_code)
{
	struct xen_vm *x = xen_dynhc_vm_create(1, guest_code);

	if (config != ALONE)
		TEST_ASSERT_EQ(xen_config(x, config), 0);
	x->wide = wide;
	TEST_ASSERT_EQ(xen_set_long_mode(x, wide), 0);
	xen_register_pages(x);
	return x;
}

FIXTURE_SETUP(call)
{
	self->x = create(variant->config, variant->mode == XEN_STUB_64, NULL);
	xen_stub_init(&self->stub, self->x->vcpu[0]);
	xen_stub_set_mode(&self->stub, variant->mode, 0);
	self->insn = variant->insn;
	self->event = xen_eventfd();
	self->other = xen_eventfd();
}

FIXTURE_TEARDOWN(call)
{
	xen_vm_free(self->x);
}

#define CALL(_token, ...)						\
	((struct xen_hcall) { DYNHC_HYPERCALL, { (_token), ##__VA_ARGS__ } })

/* Its result, or XEN_STUB_NO_RESULT where the guest exits first. */
static int64_t call(FIXTURE_DATA(call) *self, struct xen_hcall call)
{
	xen_stub_hypercall(&self->stub, self->insn, &call);
	return xen_stub_result(&self->stub);
}

/* For a call that fails in KVM: the kernel must not warn of it. */
static int64_t call_quietly(struct __test_metadata *_metadata, FIXTURE_DATA(call) *self)
{
	int klog = xen_klog_open();
	int64_t result = call(self, CALL(TOKEN));

	EXPECT_LE(0, klog);
	EXPECT_FALSE(xen_klog_has_splat(klog));
	close(klog);
	return result;
}

TEST_F(call, adds_1_to_the_eventfd_of_its_token)
{
	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->event));
	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN + 1, self->other));
	EXPECT_EQ(0, call(self, CALL(TOKEN)));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
	EXPECT_EQ(0, call(self, CALL(TOKEN, ~0ull, ~0ull, ~0ull, ~0ull)));
	EXPECT_EQ(0, call(self, CALL(TOKEN, 1)));
	EXPECT_EQ(2, xen_eventfd_take(self->event));
	EXPECT_EQ(0, xen_eventfd_take(self->other));
	EXPECT_EQ(0, call(self, CALL(TOKEN + 1)));
	EXPECT_EQ(1, xen_eventfd_take(self->other));
	EXPECT_EQ(0, xen_eventfd_take(self->event));
}

TEST_F(call, goes_by_the_lowest_and_by_the_highest_token)
{
	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, 1, self->event));
	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, DYNHC_MAX_TOKEN, self->other));
	EXPECT_EQ(0, call(self, CALL(DYNHC_MAX_TOKEN)));
	EXPECT_EQ(1, xen_eventfd_take(self->other));
	EXPECT_EQ(0, call(self, CALL(1)));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
	EXPECT_EQ(0, xen_eventfd_take(self->other));
}

TEST_F(call, reaches_an_eventfd_that_the_vmm_closed)
{
	int kept = dup(self->event);

	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->event));
	close(self->event);
	EXPECT_EQ(0, call(self, CALL(TOKEN)));
	EXPECT_EQ(1, xen_eventfd_take(kept));
}

TEST_F(call, finds_the_eventfd_of_its_first_argument)
{
	ASSERT_EQ(0, xen_dynhc_match(self->x, TOKEN, 3, self->event));
	EXPECT_EQ(0, call(self, CALL(TOKEN, 3)));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
	EXPECT_EQ(-DYNHC_EINVAL, call(self, CALL(TOKEN, 4, 3, 3, 3)));
	EXPECT_EQ(-DYNHC_EINVAL, call(self, CALL(TOKEN, 0)));
	EXPECT_EQ(0, xen_eventfd_take(self->event));

	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->other));
	EXPECT_EQ(0, call(self, CALL(TOKEN, 3)));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
	EXPECT_EQ(0, xen_eventfd_take(self->other));
	EXPECT_EQ(0, call(self, CALL(TOKEN, 4)));
	EXPECT_EQ(1, xen_eventfd_take(self->other));

	ASSERT_EQ(0, xen_dynhc_deassign_match(self->x, TOKEN, 3));
	EXPECT_EQ(0, call(self, CALL(TOKEN, 3)));
	EXPECT_EQ(1, xen_eventfd_take(self->other));
	EXPECT_EQ(0, xen_eventfd_take(self->event));
}

TEST_F(call, finds_one_of_many_eventfds)
{
	int fds[40];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = xen_eventfd();
		ASSERT_EQ(0, xen_dynhc_match(self->x, TOKEN, i * 256, fds[i]));
	}
	for (i = 0; i < ARRAY_SIZE(fds); i += 7)
		EXPECT_EQ(0, call(self, CALL(TOKEN, i * 256)));
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		EXPECT_EQ(i % 7 == 0, xen_eventfd_take(fds[i]));
	EXPECT_EQ(-DYNHC_EINVAL, call(self, CALL(TOKEN, 1)));
}

/* As wide as the guest: zero-extended, not sign-extended. */
TEST_F(call, compares_its_first_argument_in_full)
{
	const uint64_t high = 1ull << 32, low = 0x80000001;
	bool wide = variant->mode == XEN_STUB_64;

	ASSERT_EQ(0, xen_dynhc_match(self->x, TOKEN, low, self->event));
	ASSERT_EQ(0, xen_dynhc_match(self->x, TOKEN, high | low, self->other));
	EXPECT_EQ(0, call(self, CALL(TOKEN, low)));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
	EXPECT_EQ(0, call(self, CALL(TOKEN, high | low)));
	EXPECT_EQ(!wide, xen_eventfd_take(self->event));
	EXPECT_EQ(wide, xen_eventfd_take(self->other));
	EXPECT_EQ(wide ? -DYNHC_EINVAL : 0, call(self, CALL(TOKEN, low | ~0ull << 32)));
}

TEST_F(call, raises_the_port_of_its_token)
{
	ASSERT_EQ(0, xen_dynhc_evtchn(self->x, TOKEN, PORT, 0));
	EXPECT_EQ(0, call(self, CALL(TOKEN, PORT + 1)));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT + 1));
	EXPECT_EQ(xen_sel_bit(self->x->wide, PORT),
		  xen_sel(xen_vcpu_info(self->x, 0), self->x->wide));
	EXPECT_EQ(1, *xen_upcall_pending(xen_vcpu_info(self->x, 0)));
	EXPECT_EQ(0, call(self, CALL(TOKEN)));
}

TEST_F(call, raises_a_port_that_is_masked)
{
	ASSERT_EQ(0, xen_dynhc_evtchn(self->x, TOKEN, PORT, 0));
	xen_mask(self->x->shinfo, self->x->wide, PORT);
	EXPECT_EQ(0, call(self, CALL(TOKEN)));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
	EXPECT_EQ(0, *xen_upcall_pending(xen_vcpu_info(self->x, 0)));
}

TEST_F(call, of_a_port_fails_without_shared_info)
{
	ASSERT_EQ(0, xen_dynhc_evtchn(self->x, TOKEN, PORT, 0));
	ASSERT_EQ(0, xen_set_shared_info(self->x, KVM_XEN_INVALID_GFN));
	EXPECT_GT(0, call_quietly(_metadata, self));
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA >> PAGE_SHIFT));
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT));
	EXPECT_EQ(0, call_quietly(_metadata, self));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, PORT));
}

TEST_F(call, of_a_port_fails_without_its_vcpu)
{
	ASSERT_EQ(0, xen_dynhc_evtchn(self->x, TOKEN, PORT, 77));
	EXPECT_GT(0, call_quietly(_metadata, self));
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT));
}

static const struct xen_hcall to_vmm = CALL(TOKEN, 0xa5a5000080001001, 0xa5a5000180001002,
					    0xa5a5000280001003, 0xa5a5000380001004);

static void expect_exit(struct __test_metadata *_metadata, struct xen_stub *stub)
{
	const struct kvm_xen_exit *xen = &stub->vcpu->run->xen;
	int i;

	ASSERT_EQ(KVM_EXIT_XEN, stub->exit_reason);
	EXPECT_EQ(KVM_EXIT_XEN_HCALL, xen->type);
	EXPECT_EQ(stub->mode == XEN_STUB_64, xen->u.hcall.longmode);
	EXPECT_EQ(stub->cpl, xen->u.hcall.cpl);
	EXPECT_EQ(DYNHC_HYPERCALL, xen->u.hcall.input);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(xen_stub_value(stub, to_vmm.arg[i]), xen->u.hcall.params[i]);
}

/* Answer the exit and let the guest go on. */
static void answer(struct xen_stub *stub, uint64_t result)
{
	stub->vcpu->run->xen.u.hcall.result = result;
	xen_stub_resume(stub);
}

TEST_F(call, exits_to_the_vmm_with_its_arguments)
{
	ASSERT_EQ(0, xen_dynhc_vmm(self->x, TOKEN));
	xen_stub_hypercall(&self->stub, self->insn, &to_vmm);
	expect_exit(_metadata, &self->stub);
}

TEST_F(call, gets_the_vmms_answer_in_full)
{
	const uint64_t results[] = { 0, 1, 0x80000000, -1ull, -22ull, 0x123456789abcdef0 };
	unsigned int i;

	ASSERT_EQ(0, xen_dynhc_vmm(self->x, TOKEN));
	for (i = 0; i < ARRAY_SIZE(results); i++) {
		xen_stub_hypercall(&self->stub, self->insn, &to_vmm);
		ASSERT_EQ(KVM_EXIT_XEN, self->stub.exit_reason);
		answer(&self->stub, results[i]);
		EXPECT_TRUE(xen_stub_passed(&self->stub, 3));
		EXPECT_EQ(xen_stub_value(&self->stub, results[i]),
			  xen_stub_value(&self->stub, self->stub.regs.rax));
	}
}

TEST_F(call, gets_no_answer_where_the_vmm_moved_the_guest)
{
	ASSERT_EQ(0, xen_dynhc_vmm(self->x, TOKEN));
	memcpy(self->stub.code + 0x100, (uint8_t[]) { 0xe6, XEN_STUB_PORT }, 2);
	xen_stub_hypercall(&self->stub, self->insn, &to_vmm);
	ASSERT_EQ(KVM_EXIT_XEN, self->stub.exit_reason);
	self->stub.vcpu->run->xen.u.hcall.result = 0x5a5a;
	self->stub.regs.rip = XEN_STUB_GPA + 0x100;
	vcpu_regs_set(self->stub.vcpu, &self->stub.regs);
	ASSERT_EQ(KVM_EXIT_IO, xen_stub_resume(&self->stub));
	EXPECT_EQ(XEN_STUB_GPA + 0x102, self->stub.regs.rip);
	EXPECT_EQ(DYNHC_HYPERCALL, self->stub.regs.rax);
}

TEST_F(call, by_a_token_that_is_not_bound_finds_nothing)
{
	const uint32_t tokens[] = {
		0, 1, TOKEN - 1, TOKEN + 1, DYNHC_MAX_TOKEN, DYNHC_MAX_TOKEN + 1,
		DYNHC_MAX_TOKEN + 1 + TOKEN, 0x10000 + TOKEN, 0x80000000, 0x80000000 + TOKEN, ~0u,
	};
	unsigned int i;

	EXPECT_EQ(-DYNHC_ENOENT, call(self, CALL(TOKEN)));
	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->event));
	for (i = 0; i < ARRAY_SIZE(tokens); i++) {
		EXPECT_EQ(-DYNHC_ENOENT, call(self, CALL(tokens[i]))) {
			TH_LOG("token %#x", tokens[i]);
		}
	}
	EXPECT_EQ(0, xen_eventfd_take(self->event));
	EXPECT_EQ(0, call(self, CALL(TOKEN)));

	ASSERT_EQ(0, xen_dynhc_deassign(self->x, TOKEN));
	EXPECT_EQ(-DYNHC_ENOENT, call(self, CALL(TOKEN)));
	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->event));
	ASSERT_EQ(0, xen_dynhc_reset(self->x));
	EXPECT_EQ(-DYNHC_ENOENT, call(self, CALL(TOKEN)));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
}

TEST_F(call, looks_at_its_token_in_full)
{
	bool wide = variant->mode == XEN_STUB_64;
	int bit;

	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->event));
	for (bit = 32; bit < 64; bit++)
		EXPECT_EQ(wide ? -DYNHC_ENOENT : 0, call(self, CALL(1ull << bit | TOKEN)));
	EXPECT_EQ(wide ? 0 : 32, xen_eventfd_take(self->event));
}

/* The call that was made is the VMM's, or an unknown one of KVM. */
static void expect_other_answer(struct __test_metadata *_metadata, struct xen_stub *stub,
				uint32_t config)
{
	if (config == ALONE) {
		EXPECT_EQ(KVM_NO_SUCH, xen_stub_result(stub));
		return;
	}
	EXPECT_EQ(KVM_EXIT_XEN, stub->exit_reason);
	answer(stub, 0x77);
	EXPECT_EQ(0x77, xen_stub_result(stub));
}

TEST_F(call, looks_at_its_number_in_full)
{
	struct xen_hcall odd = CALL(TOKEN);

	odd.nr |= 1ull << 32;
	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->event));
	xen_stub_hypercall(&self->stub, self->insn, &odd);
	if (variant->mode == XEN_STUB_64) {
		expect_other_answer(_metadata, &self->stub, variant->config);
		EXPECT_EQ(0, xen_eventfd_take(self->event));
		return;
	}
	EXPECT_EQ(0, xen_stub_result(&self->stub));
	EXPECT_EQ(1, xen_eventfd_take(self->event));
}

static void fill_registers(struct xen_stub *stub)
{
	__u64 *regs = &stub->regs.rax;	/* the first of 16 */
	unsigned int i;

	for (i = 0; i < 16; i++)
		regs[i] = i < 8 ? xen_stub_value(stub, 0x1234567890ull * (i + 1)) :
				  0x987654321ull * (i + 1);
}

TEST_F(call, keeps_all_registers_but_that_of_its_result)
{
	const uint32_t tokens[] = { TOKEN, TOKEN + 1, TOKEN + 2, TOKEN + 3 };
	struct kvm_regs before;
	unsigned int i;

	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, tokens[0], self->event));
	ASSERT_EQ(0, xen_dynhc_evtchn(self->x, tokens[1], PORT, 0));
	ASSERT_EQ(0, xen_dynhc_match(self->x, tokens[2], 3, self->event));
	for (i = 0; i < ARRAY_SIZE(tokens); i++) {
		fill_registers(&self->stub);
		if (variant->mode == XEN_STUB_64)
			self->stub.regs.rdi = tokens[i];
		else
			self->stub.regs.rbx = tokens[i];
		self->stub.regs.rax = DYNHC_HYPERCALL;
		before = self->stub.regs;
		xen_stub_run(&self->stub, self->insn, 3);
		ASSERT_TRUE(xen_stub_passed(&self->stub, 3));
		before.rax = self->stub.regs.rax;
		before.rip = self->stub.regs.rip;
		before.rflags = 2 | 3 << 12;	/* as xen_stub_run() has them */
		EXPECT_EQ(0, memcmp(&before, &self->stub.regs, sizeof(before))) {
			TH_LOG("token %u", tokens[i]);
		}
	}
}

TEST_F(call, is_whose_it_was_without_the_flag)
{
	struct xen_hcall dynamic = CALL(TOKEN);

	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->event));
	EXPECT_EQ(0, call(self, dynamic));
	ASSERT_EQ(0, xen_dynhc_reset(self->x));
	ASSERT_EQ(0, xen_config(self->x, variant->config & ~KVM_XEN_HVM_CONFIG_DYNHC));
	xen_stub_hypercall(&self->stub, self->insn, &dynamic);
	expect_other_answer(_metadata, &self->stub, variant->config);
	EXPECT_EQ(1, xen_eventfd_take(self->event));
}

/* All of Xen's hypercalls around it stay the VMM's. */
TEST_F(call, is_the_only_one_that_the_flag_changes)
{
	struct xen_hcall around = CALL(TOKEN);
	int64_t nr;

	ASSERT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, self->event));
	for (nr = DYNHC_HYPERCALL - 7; nr <= DYNHC_HYPERCALL + 8; nr++) {
		if (nr == DYNHC_HYPERCALL)
			continue;
		around.nr = nr;
		xen_stub_hypercall(&self->stub, self->insn, &around);
		expect_other_answer(_metadata, &self->stub, variant->config);
	}
	EXPECT_EQ(0, xen_eventfd_take(self->event));
}

/* A guest with handlers, to see the upcall of a port arrive. */
static volatile uint32_t upcalls;

static void upcall(struct ex_regs *regs)
{
	upcalls++;
	x2apic_write_reg(APIC_EOI, 0);
}

/* Call, and report how many upcalls there have been; -1 if it failed. */
static void guest_calls(bool wide)
{
	x2apic_enable();
	for (;;) {
		int64_t result = xen_guest_call(wide, DYNHC_HYPERCALL, TOKEN, 0, 0);

		xen_guest_irq_window();
		GUEST_SYNC(result ? ~0ull : upcalls);
	}
}

static void guest_calls_wide(void)
{
	guest_calls(true);
}

static void guest_calls_narrow(void)
{
	guest_calls(false);
}

FIXTURE(upcall) {
	struct xen_vm *x;
};

FIXTURE_VARIANT(upcall) {
	void (*guest_code)(void);
	uint32_t config;
};

FIXTURE_VARIANT_ADD(upcall, wide) { guest_calls_wide, ALONE };
FIXTURE_VARIANT_ADD(upcall, wide_and_xen) { guest_calls_wide, BESIDE };
FIXTURE_VARIANT_ADD(upcall, narrow) { guest_calls_narrow, ALONE };
FIXTURE_VARIANT_ADD(upcall, narrow_and_xen) { guest_calls_narrow, BESIDE };

FIXTURE_SETUP(upcall)
{
	self->x = create(variant->config, variant->guest_code == guest_calls_wide,
			 variant->guest_code);
	vm_install_exception_handler(self->x->vm, XEN_VCPU_VECTOR, upcall);
	ASSERT_EQ(0, xen_set_vcpu_vector(self->x->vcpu[0], XEN_VCPU_VECTOR));
	ASSERT_EQ(0, xen_dynhc_evtchn(self->x, TOKEN, PORT, 0));
}

FIXTURE_TEARDOWN(upcall)
{
	xen_vm_free(self->x);
}

TEST_F(upcall, comes_of_a_call_once_until_it_is_handled)
{
	struct kvm_vcpu *vcpu = self->x->vcpu[0];

	EXPECT_EQ(1, xen_step(vcpu));
	EXPECT_EQ(1, xen_step(vcpu));
	*xen_upcall_pending(xen_vcpu_info(self->x, 0)) = 0;
	xen_take_sel(xen_vcpu_info(self->x, 0), self->x->wide);
	EXPECT_TRUE(xen_clear_pending(self->x->shinfo, PORT));
	EXPECT_EQ(2, xen_step(vcpu));
}

/* An eventfd that others wait for may be an interrupt of the vCPU that calls. */
static void ring_for_irqfd(struct xen_vm *x, uint32_t gsi)
{
	int event = xen_eventfd();

	xen_line_route(x);
	TEST_ASSERT_EQ(xen_line_irqfd(x, gsi, event, -1), 0);
	TEST_ASSERT_EQ(xen_dynhc_deassign(x, TOKEN), 0);
	TEST_ASSERT_EQ(xen_dynhc_eventfd(x, TOKEN, event), 0);
}

TEST_F(upcall, has_the_like_in_an_interrupt_of_the_caller)
{
	vm_install_exception_handler(self->x->vm, XEN_LINE_VECTOR, upcall);
	ring_for_irqfd(self->x, XEN_LINE_MSI_GSI);
	EXPECT_EQ(1, xen_step(self->x->vcpu[0]));
	EXPECT_EQ(2, xen_step(self->x->vcpu[0]));
}

TEST_F(upcall, comes_of_an_eventfd_that_sends_an_event_to_the_caller)
{
	ring_for_irqfd(self->x, XEN_LINE_EVENT_GSI);
	EXPECT_EQ(1, xen_step(self->x->vcpu[0]));
	EXPECT_TRUE(xen_is_pending(self->x->shinfo, 1));
	EXPECT_FALSE(xen_is_pending(self->x->shinfo, PORT));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
