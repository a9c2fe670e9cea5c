// SPDX-License-Identifier: GPL-2.0
/*
 * A configuration cannot take away what the VM uses of it.
 *
 * If this fails, a line, a token or FIFO event channels go on in a VM whose VMM can
 * neither read nor end them any more.  Stock 6.12 has none of these.
 */
#include "xen_harness.h"
#include "xen_dynhc.h"
#include "xen_fifo.h"
#include "xen_line.h"

#define BASE	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
#define ALL	(BASE | KVM_XEN_HVM_CONFIG_CALLBACK | KVM_XEN_HVM_CONFIG_DYNHC | \
		 KVM_XEN_HVM_CONFIG_EVTCHN_FIFO)
#define TOKEN	7u

static int line_begin(struct xen_vm *x)
{
	return xen_set_line(x, XEN_LINE_PIN);
}

static int line_end(struct xen_vm *x)
{
	return xen_set_no_callback(x);
}

static int own_line_begin(struct xen_vm *x)
{
	return xen_set_vcpu_eventfds(x->vcpu[1], xen_eventfd(), -1);
}

static int own_line_end(struct xen_vm *x)
{
	return xen_set_vcpu_callback(x->vcpu[1], &(struct kvm_xen_callback) {});
}

static int token_begin(struct xen_vm *x)
{
	return xen_dynhc_vmm(x, TOKEN);
}

static int token_end(struct xen_vm *x)
{
	return xen_dynhc_deassign(x, TOKEN);
}

static int fifo_begin(struct xen_vm *x)
{
	return xen_set_array(x, &(struct xen_array) { .active = 1 });
}

static int fifo_end(struct xen_vm *x)
{
	return xen_reset_ports(x);
}

FIXTURE(use) {
	struct xen_vm *x;
};

FIXTURE_VARIANT(use) {
	int (*begin)(struct xen_vm *x);
	int (*end)(struct xen_vm *x);
	uint32_t flags[3];		/* of which none can be taken away */
};

FIXTURE_VARIANT_ADD(use, of_a_line) {
	line_begin, line_end, { KVM_XEN_HVM_CONFIG_CALLBACK },
};

FIXTURE_VARIANT_ADD(use, of_a_line_of_a_vcpu) {
	own_line_begin, own_line_end, { KVM_XEN_HVM_CONFIG_CALLBACK },
};

FIXTURE_VARIANT_ADD(use, of_a_token) {
	token_begin, token_end, { KVM_XEN_HVM_CONFIG_DYNHC },
};

FIXTURE_VARIANT_ADD(use, of_fifo) {
	fifo_begin, fifo_end, { KVM_XEN_HVM_CONFIG_EVTCHN_FIFO, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
				KVM_XEN_HVM_CONFIG_EVTCHN_SEND },
};

FIXTURE_SETUP(use)
{
	self->x = xen_vm_create_bare(2, true, NULL);
	ASSERT_EQ(0, xen_config(self->x, ALL));
}

FIXTURE_TEARDOWN(use)
{
	xen_vm_free(self->x);
}

TEST_F(use, keeps_its_flags)
{
	int i;

	ASSERT_EQ(0, variant->begin(self->x));
	for (i = 0; i < 3 && variant->flags[i]; i++)
		EXPECT_EQ(-EBUSY, xen_config(self->x, ALL & ~variant->flags[i]));
	EXPECT_EQ(-EBUSY, xen_config(self->x, 0));

	/* It is what it was: the same again is no change, and the use can end. */
	EXPECT_EQ(0, xen_config(self->x, ALL));
	ASSERT_EQ(0, variant->end(self->x));
	for (i = 0; i < 3 && variant->flags[i]; i++) {
		EXPECT_EQ(0, xen_config(self->x, ALL & ~variant->flags[i]));
		EXPECT_EQ(0, xen_config(self->x, ALL));
	}
	EXPECT_EQ(0, xen_config(self->x, 0));
}

TEST_F(use, leaves_other_flags_alone)
{
	uint32_t kept = 0;
	int i;

	for (i = 0; i < 3; i++)
		kept |= variant->flags[i];
	ASSERT_EQ(0, variant->begin(self->x));
	EXPECT_EQ(0, xen_config(self->x, kept));
	EXPECT_EQ(0, variant->end(self->x));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
