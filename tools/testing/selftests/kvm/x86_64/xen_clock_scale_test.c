// SPDX-License-Identifier: GPL-2.0
/*
 * One clock for KVM and its guest where the guest's TSC is scaled.
 *
 * The guest computes its system time from its own TSC, KVM computes it from the host's.
 * If this fails, the two drift apart: a runstate is entered in the guest's past, lasts
 * longer than the guest itself was in it, and the wall clock is off.  Stock 6.12 computes
 * with the host's rate, the guest with the scaled one in whole kHz.
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"
#include "xen_runstate.h"

#define NR_VCPUS	2
#define MS		1000000ull

static void guest_code(unsigned int vcpu)
{
	for (;;)
		GUEST_SYNC(xen_guest_now((void *)(XEN_VCPU_INFO_GPA(vcpu) + 32)));
}

FIXTURE(rate) {
	struct xen_vm *x;
	uint64_t host_khz;
};

/*
 * The slower the guest's TSC, the more is lost by rounding to kHz: a tenth at 10, and
 * all of it at 1.
 */
FIXTURE_VARIANT(rate) {
	uint64_t khz;
	uint64_t percent;		/* of the host's */
};

FIXTURE_VARIANT_ADD(rate, below) { .percent = 60 };
FIXTURE_VARIANT_ADD(rate, above) { .percent = 170 };
FIXTURE_VARIANT_ADD(rate, far_below) { .khz = 10 };
FIXTURE_VARIANT_ADD(rate, slowest) { .khz = 1 };

static void set_rate(struct xen_vm *x, uint64_t khz)
{
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		vcpu_ioctl(x->vcpu[i], KVM_SET_TSC_KHZ, (void *)khz);
}

static uint64_t rate(struct xen_vm *x)
{
	return __vcpu_ioctl(x->vcpu[0], KVM_GET_TSC_KHZ, NULL);
}

/* One turn makes the guest's clock, the next what the first asked for. */
static void renew(struct xen_vm *x)
{
	unsigned int turn;

	for (turn = 0; turn < 2 * NR_VCPUS; turn++)
		xen_step(x->vcpu[turn % NR_VCPUS]);
}

static const struct xen_time_info *time_info(struct xen_vm *x, unsigned int vcpu)
{
	struct xen_vcpu_info64 *info = xen_vcpu_info(x, vcpu);

	return &info->time;
}

static struct kvm_clock_data get_clock(struct xen_vm *x)
{
	struct kvm_clock_data clock;

	vm_ioctl(x->vm, KVM_GET_CLOCK, &clock);
	return clock;
}

FIXTURE_SETUP(rate)
{
	const uint32_t needed = KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;
	unsigned int i;

	self->x = xen_vm_create(NR_VCPUS, true, guest_code);
	for (i = 0; i < NR_VCPUS; i++)
		vcpu_args_set(self->x->vcpu[i], 1, i);
	self->host_khz = rate(self->x);
	set_rate(self->x, variant->khz ?: self->host_khz * variant->percent / 100);
	renew(self->x);
	if ((get_clock(self->x).flags & needed) != needed)
		SKIP(return, "the host does not keep time by the TSC");
	/* Without a scale for this rate, Linux 6.12 hangs on the way back to it. */
	ASSERT_NE(0, time_info(self->x, 0)->tsc_to_system_mul);
}

FIXTURE_TEARDOWN(rate)
{
	xen_vm_free(self->x);
}

/* What @vcpu would read at the moment when the host's TSC is @host_tsc. */
static uint64_t guest_clock_at(FIXTURE_DATA(rate) *self, unsigned int vcpu, uint64_t host_tsc)
{
	const struct xen_time_info *time = time_info(self->x, vcpu);
	unsigned int fraction = host_cpu_is_intel ? 48 : 32;
	__uint128_t ratio = ((__uint128_t)rate(self->x) << fraction) / self->host_khz;
	uint64_t offset, delta;

	kvm_device_attr_get(self->x->vcpu[vcpu]->fd, KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET,
			    &offset);
	delta = (uint64_t)(host_tsc * ratio >> fraction) + offset - time->tsc_timestamp;
	if (time->tsc_shift < 0)
		delta >>= -time->tsc_shift;
	else
		delta <<= time->tsc_shift;
	return time->system_time + (uint64_t)((__uint128_t)delta * time->tsc_to_system_mul >> 32);
}

/* The same moment, the same arithmetic: there is nothing to round differently. */
static void expect_one_clock(struct __test_metadata *_metadata, FIXTURE_DATA(rate) *self)
{
	struct kvm_clock_data clock;
	unsigned int i;

	usleep(200000);
	clock = get_clock(self->x);
	for (i = 0; i < NR_VCPUS; i++) {
		EXPECT_EQ(guest_clock_at(self, i, clock.host_tsc), clock.clock) {
			TH_LOG("vCPU %u, %lu kHz of %lu", i, rate(self->x), self->host_khz);
		}
	}
}

TEST_F(rate, kvms_clock_is_the_guests)
{
	expect_one_clock(_metadata, self);
}

TEST_F(rate, kvms_clock_is_the_guests_where_it_is_set)
{
	struct kvm_clock_data clock = { .clock = 1000000 * MS };

	vm_ioctl(self->x->vm, KVM_SET_CLOCK, &clock);
	renew(self->x);
	expect_one_clock(_metadata, self);
}

TEST_F(rate, kvms_clock_is_the_guests_at_another_rate)
{
	const uint64_t rates[] = { rate(self->x) * 2, self->host_khz, rate(self->x) };
	struct kvm_clock_data clock = { .clock = 1000000 * MS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		set_rate(self->x, rates[i]);
		vm_ioctl(self->x->vm, KVM_SET_CLOCK, &clock);
		renew(self->x);
		expect_one_clock(_metadata, self);
	}
}

/* By the order in which they happen, and however long the host takes in between. */
TEST_F(rate, a_state_is_entered_between_two_readings_of_the_guest)
{
	struct kvm_vcpu *vcpu = self->x->vcpu[0];
	uint64_t before, entered, after;
	unsigned int turn;

	for (turn = 0; turn < 20; turn++) {
		usleep(20000);
		before = xen_step(vcpu);
		ASSERT_EQ(0, xen_enter_runstate(vcpu, RUNSTATE_runnable));
		entered = xen_get_accounts(vcpu).entry_time;
		after = xen_step(vcpu);
		ASSERT_LE(before, entered) {
			TH_LOG("turn %u, %ld ns", turn, (long)(before - entered));
		}
		ASSERT_LE(entered, after) {
			TH_LOG("turn %u, %ld ns", turn, (long)(entered - after));
		}
	}
}

/* When the guest's clock was 0, by the host's and the guest's clock at one moment. */
static int64_t epoch(FIXTURE_DATA(rate) *self)
{
	struct kvm_clock_data clock = get_clock(self->x);

	return clock.realtime - guest_clock_at(self, 0, clock.host_tsc);
}

static int64_t wall_clock(struct xen_vm *x)
{
	struct xen_shared_info64 *shinfo = (void *)x->shinfo;
	uint64_t sec = shinfo->wc.sec | (uint64_t)shinfo->wc_sec_hi << 32;

	return sec * 1000 * MS + shinfo->wc.nsec;
}

/*
 * The epoch moves as the two clocks drift, so the one that KVM computed meanwhile lies
 * between two.  The guest's clock stands still within a tick of its TSC, which the rounded
 * rate makes longer, by up to a factor of 2; what is left is for rounding to ns.
 */
TEST_F(rate, the_wall_clock_is_the_epoch_of_the_guests)
{
	int64_t tolerance = 2 * MS / rate(self->x) + 2;
	int64_t before, after;

	usleep(500000);
	before = epoch(self);
	ASSERT_EQ(0, xen_set_shared_info(self->x, XEN_SHINFO_GPA / PAGE_SIZE));
	after = epoch(self);
	EXPECT_LE(wall_clock(self->x), max(before, after) + tolerance);
	EXPECT_GE(wall_clock(self->x), min(before, after) - tolerance);
}

int main(int argc, char **argv)
{
	xen_require_caps(KVM_XEN_HVM_CONFIG_RUNSTATE | KVM_XEN_HVM_CONFIG_SHARED_INFO);
	if (!kvm_has_cap(KVM_CAP_TSC_CONTROL))
		ksft_exit_skip("the CPU does not scale the TSC of guests\n");
	return test_harness_run(argc, argv);
}
