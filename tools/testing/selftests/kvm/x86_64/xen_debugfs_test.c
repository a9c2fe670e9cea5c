// SPDX-License-Identifier: GPL-2.0
/*
 * The file "xen" of a vCPU in debugfs, by which a silent guest is looked at from outside:
 * an event whose upcall waits for the guest's interrupts, by each kind of vector, and
 * what is left of it once it was taken.
 *
 * If this fails, the file says of a vCPU what is not so.  Stock has no such file.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apic.h"
#include "xen_harness.h"
#include "xen.h"

#define PORT	40

/* What the guest says to the VMM before it goes on. */
enum stage {
	READY = 1,	/* with interrupts off */
	TAKEN,
};

static volatile uint32_t upcalls;

static void upcall(void)
{
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(0);

	upcalls++;
	*xen_upcall_pending(vcpu_info) = 0;
	xen_take_sel(vcpu_info, true);
	GUEST_ASSERT(xen_clear_pending((void *)XEN_SHINFO_GPA, PORT));
}

static void guest_code(void)
{
	x2apic_enable();
	GUEST_SYNC(READY);
	xen_guest_irq_window();
	GUEST_ASSERT_EQ(upcalls, 1);
	GUEST_SYNC(TAKEN);
}

FIXTURE(debugfs) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	char text[1000];
};

FIXTURE_VARIANT(debugfs) {
	int (*set_vector)(struct xen_vm *x);
	const char *method;
	bool by_lapic;
};

static int set_own_vector(struct xen_vm *x)
{
	return xen_set_vcpu_vector(x->vcpu[0], XEN_VCPU_VECTOR);
}

static int set_vm_vector(struct xen_vm *x)
{
	return xen_set_vm_vector(x, XEN_VM_VECTOR);
}

FIXTURE_VARIANT_ADD(debugfs, lapic) {
	.set_vector = set_own_vector,
	.method = "method lapic\n",
	.by_lapic = true,
};

FIXTURE_VARIANT_ADD(debugfs, vm_vector) {
	.set_vector = set_vm_vector,
	.method = "method vm-vector\n",
};

FIXTURE_SETUP(debugfs)
{
	self->x = xen_vm_create(1, true, guest_code);
	self->vcpu = self->x->vcpu[0];
	xen_install_upcalls(self->x->vm, upcall);
	ASSERT_EQ(0, variant->set_vector(self->x));
	ASSERT_EQ(READY, xen_step(self->vcpu));
}

FIXTURE_TEARDOWN(debugfs)
{
	xen_vm_free(self->x);
}

static const char *read_file(FIXTURE_DATA(debugfs) *self)
{
	char path[100];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/vcpu0/xen", getpid(),
		 self->x->vm->fd);
	file = fopen(path, "r");
	self->text[file ? fread(self->text, 1, sizeof(self->text) - 1, file) : 0] = '\0';
	if (file)
		fclose(file);
	return self->text;
}

/* Whether the LAPIC has the vector, or with APICv the CPU was given it. */
static bool has_vector(const char *text)
{
	char irr[20];

	snprintf(irr, sizeof(irr), "irr %#x\n", XEN_VCPU_VECTOR);
	return strstr(text, irr) || strstr(text, "posted 1\n");
}

TEST_F(debugfs, shows_what_waits)
{
	const char *text;

	text = read_file(self);
	EXPECT_TRUE(strstr(text, variant->method)) TH_LOG("%s", text);
	EXPECT_TRUE(strstr(text, "flag 0\n"));
	EXPECT_FALSE(has_vector(text));

	ASSERT_EQ(0, xen_send(self->x, PORT, 0));
	text = read_file(self);
	EXPECT_TRUE(strstr(text, "flag 1\n")) TH_LOG("%s", text);
	EXPECT_EQ(variant->by_lapic, has_vector(text));

	ASSERT_EQ(TAKEN, xen_step(self->vcpu));
	text = read_file(self);
	EXPECT_TRUE(strstr(text, "flag 0\n")) TH_LOG("%s", text);
	EXPECT_TRUE(strstr(text, "deferred 0x0 0x0\n"));
	EXPECT_FALSE(has_vector(text));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
