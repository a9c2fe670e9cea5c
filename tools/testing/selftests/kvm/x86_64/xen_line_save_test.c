// SPDX-License-Identifier: GPL-2.0
/*
 * A VM that is saved while its guest is being notified of an event.
 *
 * If this fails, a guest that was migrated misses the interrupt of an event
 * that was under way, or gets it twice, or gets an endless stream of interrupts from a line
 * that is never lowered.  Each test saves at one moment, restores to a new VM, and
 * counts the interrupts that the guest took in both: one for each event.  Stock
 * 6.12 has no such callback.
 */
#include <string.h>

#include "xen_harness.h"
#include "xen_method.h"

#define PORT		70
/* Longer than KVM's deferred work takes; where it is too short, the test is only laxer. */
#define LATE_US	20000

/* The order of the two; the LAPIC comes behind both, and vcpu_info last. */
enum order {
	CALLBACK_FIRST,
	IRQCHIPS_FIRST,
};

struct saved {
	struct xen_vcpu_save vcpu;
	struct kvm_irqchip chips[3];
	struct kvm_xen_callback callback;
	struct kvm_xen_callback vcpu_callback;
};

FIXTURE(moved) {
	struct xen_vm *x;
	struct xen_line_cpu *cpu;
	struct xen_via via;
	struct saved saved;
};

FIXTURE_VARIANT(moved) {
	enum xen_method_id method;
	enum order order;
};

#define MOVED(name, id, order_of)					\
	FIXTURE_VARIANT_ADD(moved, name) { .method = id, .order = order_of }

MOVED(ioapic_edge_callback_first, XEN_VIA_IOAPIC_EDGE, CALLBACK_FIRST);
MOVED(ioapic_edge_irqchips_first, XEN_VIA_IOAPIC_EDGE, IRQCHIPS_FIRST);
MOVED(ioapic_level_callback_first, XEN_VIA_IOAPIC_LEVEL, CALLBACK_FIRST);
MOVED(ioapic_level_irqchips_first, XEN_VIA_IOAPIC_LEVEL, IRQCHIPS_FIRST);
MOVED(pic_callback_first, XEN_VIA_PIC, CALLBACK_FIRST);
MOVED(pic_irqchips_first, XEN_VIA_PIC, IRQCHIPS_FIRST);
MOVED(eventfd_msi_callback_first, XEN_VIA_MSI, CALLBACK_FIRST);
MOVED(eventfd_msi_irqchips_first, XEN_VIA_MSI, IRQCHIPS_FIRST);
MOVED(eventfd_pin_callback_first, XEN_VIA_PIN, CALLBACK_FIRST);
MOVED(eventfd_pin_irqchips_first, XEN_VIA_PIN, IRQCHIPS_FIRST);
MOVED(vcpu_eventfd_msi_callback_first, XEN_VIA_VCPU_MSI, CALLBACK_FIRST);
MOVED(vcpu_eventfd_msi_irqchips_first, XEN_VIA_VCPU_MSI, IRQCHIPS_FIRST);
MOVED(vcpu_eventfd_pin_callback_first, XEN_VIA_VCPU_PIN, CALLBACK_FIRST);
MOVED(vcpu_eventfd_pin_irqchips_first, XEN_VIA_VCPU_PIN, IRQCHIPS_FIRST);
MOVED(vm_vector_callback_first, XEN_VIA_VM_VECTOR, CALLBACK_FIRST);
MOVED(vm_vector_irqchips_first, XEN_VIA_VM_VECTOR, IRQCHIPS_FIRST);
MOVED(vcpu_vector_callback_first, XEN_VIA_VCPU_VECTOR, CALLBACK_FIRST);
MOVED(vcpu_vector_irqchips_first, XEN_VIA_VCPU_VECTOR, IRQCHIPS_FIRST);

FIXTURE_SETUP(moved)
{
	self->x = xen_line_vm_create(1);
	self->cpu = xen_line_cpu(self->x, 0);
	xen_via_begin(&self->via, self->x, variant->method);
}

FIXTURE_TEARDOWN(moved)
{
	xen_vm_free(self->x);
	xen_via_end(&self->via);
}

static uint32_t nr_taken(FIXTURE_DATA(moved) *self)
{
	return xen_via_nr_taken(&self->via);
}

static void save(FIXTURE_DATA(moved) *self)
{
	unsigned int i;

	/* Let deferred work of the old VM end. */
	usleep(LATE_US);
	xen_vcpu_save(self->x->vcpu[0], &self->saved.vcpu);
	for (i = 0; i < ARRAY_SIZE(self->saved.chips); i++) {
		self->saved.chips[i].chip_id = i;
		vm_ioctl(self->x->vm, KVM_GET_IRQCHIP, &self->saved.chips[i]);
	}
	TEST_ASSERT_EQ(xen_get_callback(self->x, &self->saved.callback), 0);
	TEST_ASSERT_EQ(xen_get_vcpu_callback(self->x->vcpu[0], &self->saved.vcpu_callback), 0);
}

static void restore_irqchips(FIXTURE_DATA(moved) *self)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(self->saved.chips); i++)
		vm_ioctl(self->x->vm, KVM_SET_IRQCHIP, &self->saved.chips[i]);
}

static void restore(FIXTURE_DATA(moved) *self, enum order order)
{
	struct xen_vm *x = self->x;

	xen_vm_begin_anew(x);
	TEST_ASSERT_EQ(xen_line_config(x), 0);
	TEST_ASSERT_EQ(xen_set_long_mode(x, true), 0);
	xen_line_route(x);
	xen_via_make_line(&self->via);
	if (order == IRQCHIPS_FIRST)
		restore_irqchips(self);
	TEST_ASSERT_EQ(xen_set_callback(x, &self->saved.callback), 0);
	TEST_ASSERT_EQ(xen_set_vcpu_callback(x->vcpu[0], &self->saved.vcpu_callback), 0);
	if (order == CALLBACK_FIRST)
		restore_irqchips(self);
	xen_vcpu_restore(x->vcpu[0], &self->saved.vcpu);
	xen_register_pages(x);
}

static void move(FIXTURE_DATA(moved) *self, const FIXTURE_VARIANT(moved) *variant)
{
	save(self);
	restore(self, variant->order);
}

static bool was_asserted(FIXTURE_DATA(moved) *self)
{
	return (self->saved.callback.flags | self->saved.vcpu_callback.flags) &
	       KVM_XEN_CALLBACK_ASSERTED;
}

static void take_irqs(FIXTURE_DATA(moved) *self)
{
	xen_line_call(self->x, 0, xen_guest_take_irqs, 0, 0);
}

/* The guest ends in its handler, before what follows in @habit. */
static void stop_in_handler(FIXTURE_DATA(moved) *self, const char *habit)
{
	xen_line_first(self->x, 0, 1, habit);
	TEST_ASSERT_EQ(xen_line_send(self->x, PORT), 0);
	usleep(LATE_US);
	xen_line_order(self->x, 0, xen_guest_take_irqs, 0, 0);
	TEST_ASSERT_EQ(xen_step(self->x->vcpu[0]), XEN_LINE_AT_HOST);
	TEST_ASSERT_EQ(nr_taken(self), 1);
}

static void leave_handler(FIXTURE_DATA(moved) *self)
{
	xen_step(self->x->vcpu[0]);
}

/*
 * No more comes of the first event than @extra, and one interrupt of each that
 * follows.
 */
static void expect_one_for_each(struct __test_metadata *_metadata, FIXTURE_DATA(moved) *self,
				uint32_t extra)
{
	uint32_t turn;

	for (turn = 1; turn < 4; turn++) {
		take_irqs(self);
		usleep(LATE_US);
		take_irqs(self);
		ASSERT_EQ(turn + extra, nr_taken(self));
		ASSERT_EQ(turn, self->cpu->nr_events);
		ASSERT_TRUE(xen_line_is_handled(self->x, PORT));
		ASSERT_EQ(0, xen_line_send(self->x, PORT));
		usleep(LATE_US);
	}
}

TEST_F(moved, with_the_line_asserted_and_not_taken_the_guest_takes_it_there)
{
	ASSERT_EQ(0, xen_line_send(self->x, PORT));
	move(self, variant);
	EXPECT_EQ(xen_method_is_line(self->via.method), was_asserted(self));
	expect_one_for_each(_metadata, self, 0);
}

/*
 * Registering vcpu_info with the flag up raises an upcall, and the state of the LAPIC does
 * not show whether the vCPU has taken one before.
 */
static bool is_notified_again(FIXTURE_DATA(moved) *self)
{
	return self->via.method->vcpu_vector;
}

TEST_F(moved, in_the_handler_the_guest_goes_on_there)
{
	stop_in_handler(self, "HCSE");
	move(self, variant);
	EXPECT_EQ(xen_method_is_line(self->via.method), was_asserted(self));
	leave_handler(self);
	expect_one_for_each(_metadata, self, is_notified_again(self));
}

TEST_F(moved, with_the_flag_down_and_the_interrupt_not_ended_the_guest_ends_it_there)
{
	stop_in_handler(self, "CSHE");
	move(self, variant);
	leave_handler(self);
	expect_one_for_each(_metadata, self, 0);
}

/* As guests with edges do: what comes after is the next event's. */
TEST_F(moved, with_the_interrupt_ended_and_the_flag_up_the_guest_clears_it_there)
{
	if (self->via.method->entry & XEN_IOAPIC_LEVEL)
		SKIP(return, "A level that was ended while it is up interrupts again");
	stop_in_handler(self, "EHCS");
	move(self, variant);
	leave_handler(self);
	expect_one_for_each(_metadata, self, is_notified_again(self));
}

TEST_F(moved, with_the_pin_masked_the_guest_takes_it_when_it_unmasks)
{
	if (!xen_method_has_pin(self->via.method))
		SKIP(return, "No pin");
	xen_via_mask(&self->via, true);
	ASSERT_EQ(0, xen_line_send(self->x, PORT));
	move(self, variant);
	EXPECT_TRUE(was_asserted(self));
	take_irqs(self);
	EXPECT_EQ(0, nr_taken(self));
	xen_via_mask(&self->via, false);
	usleep(LATE_US);
	expect_one_for_each(_metadata, self, 0);
}

/* The callbacks read as they were saved, but that nothing is asserted any more. */
static bool reads_as_saved(FIXTURE_DATA(moved) *self)
{
	struct kvm_xen_callback vm, vcpu;

	TEST_ASSERT_EQ(xen_get_callback(self->x, &vm), 0);
	TEST_ASSERT_EQ(xen_get_vcpu_callback(self->x->vcpu[0], &vcpu), 0);
	vm.flags |= self->saved.callback.flags & KVM_XEN_CALLBACK_ASSERTED;
	vcpu.flags |= self->saved.vcpu_callback.flags & KVM_XEN_CALLBACK_ASSERTED;
	return !memcmp(&vm, &self->saved.callback, sizeof(vm)) &&
	       !memcmp(&vcpu, &self->saved.vcpu_callback, sizeof(vcpu));
}

/* Between two events no line is asserted but an MSI, which has no EOI. */
TEST_F(moved, at_rest_the_guest_is_notified_only_of_later_events)
{
	ASSERT_EQ(0, xen_line_send(self->x, PORT));
	usleep(LATE_US);
	take_irqs(self);
	move(self, variant);
	EXPECT_EQ(self->via.method->irqfd_gsi == XEN_LINE_MSI_GSI, was_asserted(self));
	EXPECT_TRUE(reads_as_saved(self));
	expect_one_for_each(_metadata, self, 0);
}

/* It becomes pending in the saved memory, with the line down. */
TEST_F(moved, with_an_event_that_was_not_notified_the_guest_is_notified_there)
{
	save(self);
	xen_line_port(self->x, PORT)->sent++;
	__atomic_fetch_or(xen_pending_word(self->x->shinfo, PORT), 1u << PORT % 32,
			  __ATOMIC_SEQ_CST);
	*(uint64_t *)((uint8_t *)xen_vcpu_info(self->x, 0) + 8) = xen_sel_bit(true, PORT);
	*xen_upcall_pending(xen_vcpu_info(self->x, 0)) = 1;
	restore(self, variant->order);
	usleep(LATE_US);
	expect_one_for_each(_metadata, self, 0);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
