// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes by which a VMM selects how its guest is notified of events,
 * KVM_XEN_ATTR_TYPE_CALLBACK and KVM_XEN_VCPU_ATTR_TYPE_CALLBACK: what they accept, what
 * they read as, and the error of everything else.
 *
 * If this fails, a wrong value gets no error or removes the callback that was set
 * before; or what was saved is not what is restored.  Stock 6.12 has no such attributes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "xen_harness.h"
#include "xen_line.h"

#define BASE	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
/* Longer than KVM's deferred work takes; where it is too short, the test is only laxer. */
#define LATE_US	50000

static const struct kvm_xen_callback none = { .type = KVM_XEN_CALLBACK_NONE };

static const struct kvm_xen_callback line = {
	.type = KVM_XEN_CALLBACK_GSI,
	.gsi = XEN_LINE_PIN,
};

static const struct kvm_xen_callback intx = {
	.type = KVM_XEN_CALLBACK_PCI_INTX,
	.gsi = XEN_LINE_PIN2,
};

static const struct kvm_xen_callback vector = {
	.type = KVM_XEN_CALLBACK_VECTOR,
	.vector = XEN_VM_VECTOR,
};

static bool are_equal(const struct kvm_xen_callback *a, const struct kvm_xen_callback *b)
{
	return !memcmp(a, b, sizeof(*a));
}

FIXTURE(callback) {
	struct xen_vm *x;
	struct kvm_vcpu *vcpu;
	struct kvm_xen_callback pair;
	int fds[2];
};

FIXTURE_SETUP(callback)
{
	self->x = xen_line_vm_create(2);
	self->vcpu = self->x->vcpu[0];
	self->fds[0] = xen_eventfd();
	self->fds[1] = xen_eventfd();
	self->pair = (struct kvm_xen_callback) {
		.type = KVM_XEN_CALLBACK_GSI,
		.flags = KVM_XEN_CALLBACK_EVENTFD,
		.gsi = 7,
		.assert_fd = self->fds[0],
		.resample_fd = self->fds[1],
	};
}

FIXTURE_TEARDOWN(callback)
{
	xen_vm_free(self->x);
	close(self->fds[0]);
	close(self->fds[1]);
}

/* What is set is what is read; @shown is what it should be. */
static bool reads(struct xen_vm *x, const struct kvm_xen_callback *shown)
{
	struct kvm_xen_callback got;

	return !xen_get_callback(x, &got) && are_equal(&got, shown);
}

static bool reads_vcpu(struct kvm_vcpu *vcpu, const struct kvm_xen_callback *shown)
{
	struct kvm_xen_callback got;

	return !xen_get_vcpu_callback(vcpu, &got) && are_equal(&got, shown);
}

/* An event raises the line, and clearing the flag lowers it. */
static bool line_works(struct xen_vm *x, unsigned int pin)
{
	bool is_up;

	xen_line_call(x, 0, xen_guest_clear_quietly, 0, 0);
	xen_line_call(x, 0, xen_guest_touch_ioapic, 0, 0);
	if (xen_ioapic_irr(x, pin) || xen_send(x, 1, 0))
		return false;
	is_up = xen_ioapic_irr(x, pin);
	xen_line_call(x, 0, xen_guest_clear_quietly, 0, 0);
	xen_line_call(x, 0, xen_guest_touch_ioapic, 0, 0);
	return is_up;
}

static bool pair_works(FIXTURE_DATA(callback) *self)
{
	xen_eventfd_take(self->fds[0]);
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	if (xen_send(self->x, 1, 0))
		return false;
	return xen_wait_for(xen_eventfd_take(self->fds[0]) == 1);
}

TEST_F(callback, is_unknown_until_the_flag_is_set)
{
	struct kvm_xen_callback got;
	int turn;

	EXPECT_TRUE(xen_caps() & KVM_XEN_HVM_CONFIG_CALLBACK);
	for (turn = 0; turn < 2; turn++) {
		ASSERT_EQ(0, xen_config(self->x, BASE));
		EXPECT_EQ(-ENOENT, xen_set_callback(self->x, &line));
		EXPECT_EQ(-ENOENT, xen_set_callback(self->x, &none));
		EXPECT_EQ(-ENOENT, xen_get_callback(self->x, &got));
		EXPECT_EQ(-ENOENT, xen_set_vcpu_callback(self->vcpu, &self->pair));
		EXPECT_EQ(-ENOENT, xen_set_vcpu_callback(self->vcpu, &none));
		EXPECT_EQ(-ENOENT, xen_get_vcpu_callback(self->vcpu, &got));
		ASSERT_EQ(0, xen_line_config(self->x));
		EXPECT_EQ(0, xen_get_callback(self->x, &got));
		EXPECT_EQ(0, xen_get_vcpu_callback(self->vcpu, &got));
	}
}

TEST_F(callback, is_none_in_a_new_vm)
{
	EXPECT_TRUE(reads(self->x, &none));
	EXPECT_TRUE(reads_vcpu(self->vcpu, &none));
}

TEST_F(callback, reads_as_it_was_set)
{
	struct kvm_xen_callback half = self->pair, far = line, low = vector, high = vector;
	const struct kvm_xen_callback *all[] = {
		&line, &intx, &vector, &self->pair, &half, &far, &low, &high, &none, &line, &none,
	};
	unsigned int i;

	half.type = KVM_XEN_CALLBACK_PCI_INTX;
	half.resample_fd = -1;
	far.gsi = 4095;
	low.vector = 0x10;
	high.vector = 0xff;
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		EXPECT_EQ(0, xen_set_callback(self->x, all[i])) {
			TH_LOG("%u", i);
		}
		EXPECT_TRUE(reads(self->x, all[i]));
		EXPECT_EQ(0, xen_set_callback(self->x, all[i]));
		EXPECT_TRUE(reads(self->x, all[i]));
	}
}

TEST_F(callback, of_a_vcpu_reads_as_it_was_set)
{
	struct kvm_xen_callback half = self->pair;

	half.resample_fd = -1;
	half.gsi = 4095;
	ASSERT_EQ(0, xen_set_vcpu_callback(self->vcpu, &self->pair));
	EXPECT_TRUE(reads_vcpu(self->vcpu, &self->pair));
	EXPECT_TRUE(reads_vcpu(self->x->vcpu[1], &none));
	EXPECT_TRUE(reads(self->x, &none));
	ASSERT_EQ(0, xen_set_vcpu_callback(self->vcpu, &half));
	EXPECT_TRUE(reads_vcpu(self->vcpu, &half));
	ASSERT_EQ(0, xen_set_vcpu_callback(self->vcpu, &none));
	EXPECT_TRUE(reads_vcpu(self->vcpu, &none));
}

static uint8_t vm_vector(struct xen_vm *x)
{
	return xen_vm_value(x, KVM_XEN_ATTR_TYPE_UPCALL_VECTOR);
}

TEST_F(callback, and_the_older_attribute_have_one_vector)
{
	struct kvm_xen_callback other = vector;

	other.vector = 0x33;
	ASSERT_EQ(0, xen_set_callback(self->x, &vector));
	EXPECT_EQ(XEN_VM_VECTOR, vm_vector(self->x));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, 0x33));
	EXPECT_TRUE(reads(self->x, &other));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, 0));
	EXPECT_TRUE(reads(self->x, &none));

	ASSERT_EQ(0, xen_set_callback(self->x, &line));
	EXPECT_EQ(0, vm_vector(self->x));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, 0x33));
	EXPECT_TRUE(reads(self->x, &other));
	EXPECT_EQ(-EINVAL, xen_set_vm_vector(self->x, 0xf));
	EXPECT_TRUE(reads(self->x, &other));
}

TEST_F(callback, that_is_a_line_is_left_alone_by_a_vector_of_0)
{
	ASSERT_EQ(0, xen_set_callback(self->x, &line));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, 0));
	EXPECT_TRUE(reads(self->x, &line));
	EXPECT_TRUE(line_works(self->x, XEN_LINE_PIN));
	ASSERT_EQ(0, xen_set_callback(self->x, &self->pair));
	ASSERT_EQ(0, xen_set_vm_vector(self->x, 0));
	EXPECT_TRUE(reads(self->x, &self->pair));
	EXPECT_TRUE(pair_works(self));
}

TEST_F(callback, reports_that_the_line_is_up)
{
	struct kvm_xen_callback up = line;

	up.flags |= KVM_XEN_CALLBACK_ASSERTED;
	ASSERT_EQ(0, xen_set_callback(self->x, &line));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_TRUE(reads(self->x, &up));
	EXPECT_TRUE(reads(self->x, &up));
	xen_line_call(self->x, 0, xen_guest_clear_quietly, 0, 0);
	xen_line_call(self->x, 0, xen_guest_touch_ioapic, 0, 0);
	EXPECT_TRUE(reads(self->x, &line));
}

TEST_F(callback, of_a_vcpu_reports_that_the_line_is_up)
{
	struct kvm_xen_callback up = self->pair;

	up.flags |= KVM_XEN_CALLBACK_ASSERTED;
	ASSERT_EQ(0, xen_set_vcpu_callback(self->vcpu, &self->pair));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	EXPECT_TRUE(xen_wait_for(reads_vcpu(self->vcpu, &up)));
	EXPECT_EQ(1, xen_eventfd_take(self->fds[0]));
	ASSERT_EQ(0, xen_set_vcpu_callback(self->vcpu, &none));
	ASSERT_EQ(0, xen_set_vcpu_callback(self->vcpu, &up));
	EXPECT_TRUE(reads_vcpu(self->vcpu, &up));
	usleep(LATE_US);
	EXPECT_EQ(0, xen_eventfd_take(self->fds[0]));
}

/* An invalid callback: one field, or a few, of a valid one is changed. */
enum base { NONE, LINE, INTX, VECTOR, PAIR };

struct mistake {
	enum base base;
	uint32_t type, flags, gsi;		/* added */
	int64_t vector, assert_fd, resample_fd;
	int errno_;
};

#define NO_FD	1000000

static const struct mistake mistakes[] = {
	{ NONE, .type = 4, .errno_ = EINVAL },
	{ LINE, .type = UINT32_MAX - 1, .errno_ = EINVAL },
	{ NONE, .flags = KVM_XEN_CALLBACK_EVENTFD, .errno_ = EINVAL },
	{ NONE, .flags = KVM_XEN_CALLBACK_ASSERTED, .errno_ = EINVAL },
	{ VECTOR, .flags = KVM_XEN_CALLBACK_EVENTFD, .errno_ = EINVAL },
	{ VECTOR, .flags = KVM_XEN_CALLBACK_ASSERTED, .errno_ = EINVAL },
	{ NONE, .gsi = 1, .errno_ = EINVAL },
	{ NONE, .vector = XEN_VM_VECTOR, .errno_ = EINVAL },
	{ NONE, .assert_fd = 1, .errno_ = EINVAL },
	{ NONE, .resample_fd = 1, .errno_ = EINVAL },
	{ NONE, .resample_fd = -1, .errno_ = EINVAL },
	{ LINE, .vector = XEN_VM_VECTOR, .errno_ = EINVAL },
	{ LINE, .assert_fd = 1, .errno_ = EINVAL },
	{ LINE, .resample_fd = 1, .errno_ = EINVAL },
	{ LINE, .resample_fd = -1, .errno_ = EINVAL },
	{ INTX, .vector = XEN_VM_VECTOR, .errno_ = EINVAL },
	{ INTX, .assert_fd = -1, .errno_ = EINVAL },
	{ PAIR, .vector = 1, .errno_ = EINVAL },
	{ VECTOR, .gsi = 1, .errno_ = EINVAL },
	{ VECTOR, .assert_fd = 1, .errno_ = EINVAL },
	{ VECTOR, .resample_fd = -1, .errno_ = EINVAL },
	{ VECTOR, .vector = -XEN_VM_VECTOR, .errno_ = EINVAL },
	{ VECTOR, .vector = 1 - XEN_VM_VECTOR, .errno_ = EINVAL },
	{ VECTOR, .vector = 0xf - XEN_VM_VECTOR, .errno_ = EINVAL },
	{ VECTOR, .vector = 0x100 - XEN_VM_VECTOR, .errno_ = EINVAL },
	{ VECTOR, .vector = 0x100, .errno_ = EINVAL },
	{ LINE, .gsi = 4096 - XEN_LINE_PIN, .errno_ = EINVAL },
	{ INTX, .gsi = 4096 - XEN_LINE_PIN2, .errno_ = EINVAL },
	{ PAIR, .gsi = 4096 - 7, .errno_ = EINVAL },
	{ PAIR, .gsi = UINT32_MAX - 7, .errno_ = EINVAL },
	{ PAIR, .assert_fd = NO_FD, .errno_ = EBADF },
	{ PAIR, .resample_fd = NO_FD, .errno_ = EBADF },
	{ PAIR, .assert_fd = -NO_FD, .errno_ = EBADF },
	{ PAIR, .resample_fd = -NO_FD, .errno_ = EBADF },
};

static struct kvm_xen_callback make(const FIXTURE_DATA(callback) *self, const struct mistake *m)
{
	const struct kvm_xen_callback *bases[] = { &none, &line, &intx, &vector, &self->pair };
	struct kvm_xen_callback callback = *bases[m->base];

	callback.type += m->type;
	callback.flags |= m->flags;
	callback.gsi += m->gsi;
	callback.vector += m->vector;
	callback.assert_fd += m->assert_fd;
	callback.resample_fd += m->resample_fd;
	return callback;
}

/* Try all mistakes; returns how many were not found. */
static unsigned int nr_missed(FIXTURE_DATA(callback) *self, const struct kvm_xen_callback *before)
{
	struct kvm_xen_callback callback;
	unsigned int i, missed = 0;
	int r;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		callback = make(self, &mistakes[i]);
		r = xen_set_callback(self->x, &callback);
		if (r == -mistakes[i].errno_ && reads(self->x, before))
			continue;
		printf("# Mistake %u: %d instead of %d\n", i, r, -mistakes[i].errno_);
		missed++;
		xen_set_callback(self->x, before);
	}
	return missed;
}

TEST_F(callback, is_what_it_was_after_a_mistake)
{
	EXPECT_EQ(0, nr_missed(self, &none));
	ASSERT_EQ(0, xen_set_callback(self->x, &line));
	EXPECT_EQ(0, nr_missed(self, &line));
	EXPECT_TRUE(line_works(self->x, XEN_LINE_PIN));
	ASSERT_EQ(0, xen_set_callback(self->x, &vector));
	EXPECT_EQ(0, nr_missed(self, &vector));
	ASSERT_EQ(0, xen_send(self->x, 2, 0));
	xen_line_call(self->x, 0, xen_guest_take_irqs, 0, 0);
	EXPECT_EQ(1, xen_line_cpu(self->x, 0)->nr_vector);
	ASSERT_EQ(0, xen_set_callback(self->x, &self->pair));
	EXPECT_EQ(0, nr_missed(self, &self->pair));
	EXPECT_TRUE(pair_works(self));
}

TEST_F(callback, has_no_other_flags_and_no_padding)
{
	const struct kvm_xen_callback *bases[] = { &none, &line, &intx, &vector, &self->pair };
	struct kvm_xen_callback callback;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		for (k = 2; k < 32; k++) {
			callback = *bases[i];
			callback.flags |= 1u << k;
			EXPECT_EQ(-EINVAL, xen_set_callback(self->x, &callback));
			EXPECT_EQ(-EINVAL, xen_set_vcpu_callback(self->vcpu, &callback));
		}
		for (k = 0; k < ARRAY_SIZE(callback.pad); k++) {
			callback = *bases[i];
			callback.pad[k] = 1ull << 63;
			EXPECT_EQ(-EINVAL, xen_set_callback(self->x, &callback));
			EXPECT_EQ(-EINVAL, xen_set_vcpu_callback(self->vcpu, &callback));
		}
	}
	EXPECT_TRUE(reads(self->x, &none));
	EXPECT_TRUE(reads_vcpu(self->vcpu, &none));
}

TEST_F(callback, of_a_vcpu_is_what_it_was_after_a_mistake)
{
	struct kvm_xen_callback callback;
	unsigned int i;

	ASSERT_EQ(0, xen_set_vcpu_callback(self->vcpu, &self->pair));
	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		callback = make(self, &mistakes[i]);
		EXPECT_EQ(-mistakes[i].errno_, xen_set_vcpu_callback(self->vcpu, &callback)) {
			TH_LOG("mistake %u", i);
		}
	}
	EXPECT_EQ(-EINVAL, xen_set_vcpu_callback(self->vcpu, &line));
	EXPECT_EQ(-EINVAL, xen_set_vcpu_callback(self->vcpu, &intx));
	EXPECT_EQ(-EINVAL, xen_set_vcpu_callback(self->vcpu, &vector));
	callback = self->pair;
	callback.type = KVM_XEN_CALLBACK_PCI_INTX;
	EXPECT_EQ(-EINVAL, xen_set_vcpu_callback(self->vcpu, &callback));
	EXPECT_TRUE(reads_vcpu(self->vcpu, &self->pair));
	EXPECT_TRUE(pair_works(self));
}

TEST_F(callback, needs_eventfds_that_are_eventfds_and_two)
{
	int file = open("/dev/null", O_RDWR), again = dup(self->fds[0]);
	const struct { int fds[2], r; } sets[] = {
		{ { file, self->fds[1] }, -EINVAL },
		{ { self->fds[0], file }, -EINVAL },
		{ { self->fds[0], self->x->vm->fd }, -EINVAL },
		{ { self->fds[0], self->fds[0] }, -EINVAL },
		{ { self->fds[0], again }, -EINVAL },
		{ { -1, self->fds[1] }, -EBADF },
		{ { self->fds[0], -2 }, -EBADF },
		{ { self->fds[0], self->fds[1] }, 0 },
		{ { self->fds[0], -1 }, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		EXPECT_EQ(sets[i].r, xen_set_eventfds(self->x, sets[i].fds[0], sets[i].fds[1])) {
			TH_LOG("pair %u", i);
		}
		EXPECT_EQ(sets[i].r, xen_set_vcpu_eventfds(self->vcpu, sets[i].fds[0],
							   sets[i].fds[1])) {
			TH_LOG("pair %u of a vCPU", i);
		}
		ASSERT_EQ(0, xen_set_no_callback(self->x));
		ASSERT_EQ(0, xen_set_vcpu_callback(self->vcpu, &none));
	}
}

TEST_F(callback, cannot_be_read_from_or_written_to_nowhere)
{
	EXPECT_EQ(-EFAULT, xen_vm_set(self->x, (void *)8));
	EXPECT_EQ(-EFAULT, xen_vm_get(self->x, (void *)8));
	EXPECT_EQ(-EFAULT, xen_vcpu_set(self->vcpu, (void *)8));
	EXPECT_EQ(-EFAULT, xen_vcpu_get(self->vcpu, (void *)8));
}

TEST(a_line_without_irqchip_and_eventfds_is_an_error)
{
	struct xen_vm *x = xen_line_vm_create_split(1);
	int fd = xen_eventfd();

	EXPECT_EQ(-ENXIO, xen_set_callback(x, &line));
	EXPECT_EQ(-ENXIO, xen_set_callback(x, &intx));
	EXPECT_TRUE(reads(x, &none));
	ASSERT_EQ(0, xen_set_callback(x, &vector));
	EXPECT_EQ(-ENXIO, xen_set_callback(x, &line));
	EXPECT_TRUE(reads(x, &vector));
	EXPECT_EQ(0, xen_set_eventfds(x, fd, -1));
	xen_vm_free(x);
}

/* A pending event is notified by the new method; the old line is lowered. */
TEST_F(callback, changes_while_an_event_is_pending)
{
	struct xen_line_cpu *cpu = xen_line_cpu(self->x, 0);
	struct kvm_xen_callback up = intx;

	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	ASSERT_EQ(0, xen_set_callback(self->x, &line));
	EXPECT_TRUE(xen_ioapic_irr(self->x, XEN_LINE_PIN));

	ASSERT_EQ(0, xen_set_callback(self->x, &intx));
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	EXPECT_TRUE(xen_ioapic_irr(self->x, XEN_LINE_PIN2));
	up.flags |= KVM_XEN_CALLBACK_ASSERTED;
	EXPECT_TRUE(reads(self->x, &up));

	ASSERT_EQ(0, xen_set_callback(self->x, &self->pair));
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN2));
	EXPECT_EQ(1, xen_eventfd_take(self->fds[0]));

	ASSERT_EQ(0, xen_set_callback(self->x, &line));
	EXPECT_TRUE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	ASSERT_EQ(0, xen_set_callback(self->x, &none));
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	EXPECT_EQ(0, xen_line_call(self->x, 0, xen_guest_take_irqs, 0, 0));

	ASSERT_EQ(0, xen_set_callback(self->x, &line));
	ASSERT_EQ(0, xen_set_callback(self->x, &vector));
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	EXPECT_EQ(0, cpu->nr_events);
	xen_line_call(self->x, 0, xen_guest_take_irqs, 0, 0);
	EXPECT_EQ(1, cpu->nr_vector);
	EXPECT_EQ(1, cpu->nr_events);
}

TEST_F(callback, is_not_used_while_a_vcpu_has_one_of_its_own)
{
	ASSERT_EQ(0, xen_set_callback(self->x, &line));
	ASSERT_EQ(0, xen_send(self->x, 1, 0));
	ASSERT_EQ(0, xen_set_vcpu_callback(self->vcpu, &self->pair));
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	EXPECT_EQ(1, xen_eventfd_take(self->fds[0]));
	ASSERT_EQ(0, xen_set_vcpu_callback(self->vcpu, &none));
	EXPECT_TRUE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, XEN_VCPU_VECTOR));
	EXPECT_FALSE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
	ASSERT_EQ(0, xen_set_vcpu_vector(self->vcpu, 0));
	EXPECT_TRUE(xen_ioapic_irr(self->x, XEN_LINE_PIN));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
