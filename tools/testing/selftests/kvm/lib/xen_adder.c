// SPDX-License-Identifier: GPL-2.0
/* The sample handler of dynamic hypercalls, under test. */
#include <asm/kvm_dynhc.h>

#include "test_util.h"
#include "xen_adder.h"
#include "xen_module.h"

int xen_adder_load(const char *params)
{
	return xen_module_load(ADDER_NAME, params);
}

int xen_adder_unload(void)
{
	return xen_module_unload(ADDER_NAME);
}

int xen_adder_load_anew(const char *params)
{
	if (xen_adder_refs() >= 0 && !xen_wait_for(!xen_adder_unload()))
		return -EBUSY;

	return xen_adder_load(params);
}

int64_t xen_adder_bindings(void)
{
	return xen_module_counter(ADDER_NAME, "bindings");
}

int64_t xen_adder_under_way(void)
{
	return xen_module_counter(ADDER_NAME, "under_way");
}

int64_t xen_adder_calls(void)
{
	return xen_module_counter(ADDER_NAME, "calls");
}

int64_t xen_adder_refs(void)
{
	return xen_module_refs(ADDER_NAME);
}

/* The last reference to a VM may go a moment after its descriptors. */
bool xen_adder_ends_well(void)
{
	if (xen_adder_refs() < 0)
		return true;

	return xen_wait_for(!xen_adder_bindings()) && !xen_adder_under_way() &&
	       xen_wait_for(!xen_adder_refs()) && !xen_adder_unload();
}

int xen_adder_bind(struct xen_vm *x, uint32_t token, uint64_t bias)
{
	return xen_dynhc_handler(x, token, ADDER_NAME, bias);
}

int xen_adder_bind_any(struct xen_vm *x, uint32_t *token, uint64_t bias)
{
	return xen_dynhc_assign(x, (struct kvm_xen_dynhc) {
		.token = KVM_XEN_DYNHC_ANY_TOKEN,
		.target = KVM_XEN_DYNHC_HANDLER,
		.token_addr = (uintptr_t)token,
		.u.handler = { .data = bias, .name = ADDER_NAME },
	});
}

int64_t xen_adder_call(struct xen_stub *stub, uint32_t token, uint64_t op, uint64_t arg1,
		       uint64_t arg2, uint64_t arg3)
{
	const struct xen_hcall hcall = {
		.nr = DYNHC_HYPERCALL,
		.arg = { token, op, arg1, arg2, arg3 },
	};

	xen_stub_hypercall(stub, xen_stub_native(), &hcall);
	TEST_ASSERT(xen_stub_passed(stub, 3), "The call exited: %s",
		    exit_reason_str(stub->exit_reason));
	if (stub->mode == XEN_STUB_64)
		return stub->regs.rax;
	return (int32_t)stub->regs.rax;
}
