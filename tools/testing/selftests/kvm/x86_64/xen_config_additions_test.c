// SPDX-License-Identifier: GPL-2.0
/*
 * The additions of <linux/kvm_xen.h>: which there are, and that each is
 * refused until the VMM asked for it.
 *
 * If this fails, a VMM cannot find out whether KVM has the additions, or
 * meets one that it did not ask for.
 */
#include <errno.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"

#define FIRST_ADDITION	16
#define INDEPENDENT	(KVM_XEN_HVM_CONFIG_EVTCHN_ENUM | KVM_XEN_HVM_CONFIG_EVTCHN_FIFO | \
			 KVM_XEN_HVM_CONFIG_CALLBACK | KVM_XEN_HVM_CONFIG_DYNHC)
#define CALLS		(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)

/* The last one needs the calls, and cannot be cleared. */
#define ADDITIONS	(INDEPENDENT | KVM_XEN_HVM_CONFIG_EVTCHN_PORTS)

/* Tables that can be read, and what has to be asked for. */
static const struct {
	uint32_t flag;
	uint16_t type;
} tables[] = {
	{ KVM_XEN_HVM_CONFIG_EVTCHN_ENUM, KVM_XEN_ATTR_TYPE_EVTCHN_ENUM },
	{ KVM_XEN_HVM_CONFIG_DYNHC, KVM_XEN_ATTR_TYPE_DYNHC_ENUM },
};

/* Where an argument has its padding, and what the answer is to setting it without. */
static const struct padded {
	uint16_t type;
	bool of_vcpu;
	uint32_t begin;
	int when_set;
} padded[] = {
#define PAD(arg, field)	offsetof(struct arg, field)
	{ KVM_XEN_ATTR_TYPE_EVTCHN_ENUM, false, PAD(kvm_xen_evtchn_enum, pad), -ENOENT },
	{ KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT, false, PAD(kvm_xen_evtchn_limit, pad0), 0 },
	{ KVM_XEN_ATTR_TYPE_EVTCHN_ARRAY, false, PAD(kvm_xen_evtchn_array, pad), 0 },
	{ KVM_XEN_ATTR_TYPE_EVTCHN_FIFO_PORTS, false, PAD(kvm_xen_evtchn_enum, pad), -EOPNOTSUPP },
	{ KVM_XEN_ATTR_TYPE_CALLBACK, false, PAD(kvm_xen_callback, pad), 0 },
	{ KVM_XEN_ATTR_TYPE_DYNHC_ENUM, false, PAD(kvm_xen_dynhc_enum, pad0), -ENOENT },
	{ KVM_XEN_ATTR_TYPE_ADDITIONS, false, PAD(kvm_xen_additions, pad0), -ENOENT },
	{ KVM_XEN_VCPU_ATTR_TYPE_EVTCHN_CONTROL, true, PAD(kvm_xen_evtchn_control, pad1),
	  -EOPNOTSUPP },
	{ KVM_XEN_VCPU_ATTR_TYPE_CALLBACK, true, PAD(kvm_xen_callback, pad), 0 },
}, padded_of_ports[] = {
	{ KVM_XEN_ATTR_TYPE_EVTCHN_DOMAIN, false, PAD(kvm_xen_evtchn_domain, pad), -EINVAL },
	{ KVM_XEN_ATTR_TYPE_EVTCHN_PORTS, false, PAD(kvm_xen_evtchn_ports, pad0), -ENOENT },
};

#define ARG_SIZE	sizeof(((struct kvm_xen_hvm_attr *)NULL)->u)

FIXTURE(additions) {
	struct kvm_vm *vm;
};

FIXTURE_SETUP(additions)
{
	self->vm = vm_create(1);
}

FIXTURE_TEARDOWN(additions)
{
	kvm_vm_free(self->vm);
}

static int set_flags(struct kvm_vm *vm, uint32_t flags)
{
	struct kvm_xen_hvm_config config = {
		.flags = flags,
		.msr = XEN_HYPERCALL_MSR,
	};

	return __vm_ioctl(vm, KVM_XEN_HVM_CONFIG, &config) ? -errno : 0;
}

static int get_attr(struct kvm_vm *vm, uint16_t type)
{
	struct kvm_xen_hvm_attr attr = { .type = type };

	return __vm_ioctl(vm, KVM_XEN_HVM_GET_ATTR, &attr) ? -errno : 0;
}

TEST_F(additions, the_capability_reports_those_of_the_header_and_no_more)
{
	uint32_t above = ~((1u << FIRST_ADDITION) - 1);

	EXPECT_EQ(ADDITIONS, kvm_check_cap(KVM_CAP_XEN_HVM) & above);
}

TEST_F(additions, their_flags_are_accepted)
{
	uint32_t flag;

	for (flag = 1u << FIRST_ADDITION; flag; flag <<= 1) {
		if (!(flag & INDEPENDENT))
			continue;
		EXPECT_EQ(0, set_flags(self->vm, flag));
		EXPECT_EQ(0, set_flags(self->vm, flag | CALLS));
	}
	EXPECT_EQ(0, set_flags(self->vm, ADDITIONS | CALLS));
}

TEST_F(additions, the_flags_of_unknown_additions_are_refused)
{
	int bit;

	for (bit = FIRST_ADDITION; bit < 32; bit++) {
		if (1u << bit & ADDITIONS)
			continue;
		EXPECT_EQ(-EINVAL, set_flags(self->vm, 1u << bit)) {
			TH_LOG("bit %d", bit);
		}
	}
}

TEST_F(additions, tables_are_unknown_until_they_were_asked_for)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		ASSERT_EQ(0, set_flags(self->vm, 0));
		EXPECT_EQ(-ENOENT, get_attr(self->vm, tables[i].type));
		ASSERT_EQ(0, set_flags(self->vm, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
						 (INDEPENDENT & ~tables[i].flag)));
		EXPECT_EQ(-ENOENT, get_attr(self->vm, tables[i].type));
		ASSERT_EQ(0, set_flags(self->vm, tables[i].flag));
		EXPECT_EQ(0, get_attr(self->vm, tables[i].type));
		ASSERT_EQ(0, set_flags(self->vm, 0));
		EXPECT_EQ(-ENOENT, get_attr(self->vm, tables[i].type));
	}
}

TEST_F(additions, tables_are_never_set_by_the_attributes_that_read_them)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		struct kvm_xen_hvm_attr attr = { .type = tables[i].type };

		ASSERT_EQ(0, set_flags(self->vm, tables[i].flag));
		EXPECT_EQ(-1, __vm_ioctl(self->vm, KVM_XEN_HVM_SET_ATTR, &attr));
		EXPECT_EQ(ENOENT, errno);
	}
}

TEST_F(additions, the_table_of_calls_is_not_changed_until_it_was_asked_for)
{
	const struct kvm_xen_dynhc empty = { .op = KVM_XEN_DYNHC_RESET };
	struct kvm_xen_hvm_attr attr = { .type = KVM_XEN_ATTR_TYPE_DYNHC };

	kvm_xen_hvm_attr_put(&attr, &empty);
	EXPECT_EQ(-1, __vm_ioctl(self->vm, KVM_XEN_HVM_SET_ATTR, &attr));
	EXPECT_EQ(ENOENT, errno);
	ASSERT_EQ(0, set_flags(self->vm, KVM_XEN_HVM_CONFIG_DYNHC));
	EXPECT_EQ(0, __vm_ioctl(self->vm, KVM_XEN_HVM_SET_ATTR, &attr));
	EXPECT_EQ(-ENOENT, get_attr(self->vm, KVM_XEN_ATTR_TYPE_DYNHC));
}

static struct kvm_xen_additions about(struct kvm_vm *vm)
{
	struct kvm_xen_hvm_attr attr = { .type = KVM_XEN_ATTR_TYPE_ADDITIONS };
	struct kvm_xen_additions about = {};

	TEST_ASSERT_EQ(__vm_ioctl(vm, KVM_XEN_HVM_GET_ATTR, &attr), 0);
	kvm_xen_hvm_attr_take(&attr, &about);
	return about;
}

TEST_F(additions, are_those_of_this_header_with_and_without_a_configuration)
{
	struct kvm_xen_additions first = about(self->vm), then;

	EXPECT_EQ(KVM_XEN_ADDITIONS_MAGIC, first.magic);
	EXPECT_EQ(KVM_XEN_ADDITIONS_VERSION, first.version);
	EXPECT_EQ(ADDITIONS, first.config_flags);
	EXPECT_EQ(first.config_flags, kvm_check_cap(KVM_CAP_XEN_HVM) & ADDITIONS);

	ASSERT_EQ(0, set_flags(self->vm, ADDITIONS | CALLS));
	then = about(self->vm);
	EXPECT_EQ(0, memcmp(&first, &then, sizeof(first)));
}

/* All zero but for @byte, and for a limit, which is not 0. */
static int access_padded(struct xen_vm *x, const struct padded *row, bool set, uint32_t byte)
{
	uint8_t arg[ARG_SIZE] = {};

	arg[0] = !row->of_vcpu && row->type == KVM_XEN_ATTR_TYPE_EVTCHN_LIMIT;
	if (byte)
		arg[byte] = 1;
	return row->of_vcpu ? xen_vcpu_arg(x->vcpu[0], set, row->type, arg) :
			      xen_vm_arg(x, set, row->type, arg);
}

static void look_at_padding(struct __test_metadata *_metadata, uint32_t flags,
			    const struct padded *rows, unsigned int nr)
{
	struct xen_vm *x = xen_vm_create(1, true, xen_guest_obey);
	const struct padded *row;
	uint32_t byte;

	ASSERT_EQ(0, xen_config(x, flags));
	for (row = rows; row < rows + nr; row++) {
		TH_LOG("type %#x of %s", row->type, row->of_vcpu ? "a vCPU" : "the VM");
		EXPECT_EQ(0, access_padded(x, row, false, 0));
		EXPECT_EQ(row->when_set, access_padded(x, row, true, 0));
		for (byte = row->begin; byte < ARG_SIZE; byte++) {
			ASSERT_EQ(-EINVAL, access_padded(x, row, false, byte));
			ASSERT_EQ(row->when_set == -ENOENT ? -ENOENT : -EINVAL,
				  access_padded(x, row, true, byte));
		}
	}
	xen_vm_free(x);
}

TEST_F(additions, have_their_padding_looked_at_when_read_and_when_set)
{
	look_at_padding(_metadata, INDEPENDENT, padded, ARRAY_SIZE(padded));
	look_at_padding(_metadata, ADDITIONS | CALLS, padded_of_ports,
			ARRAY_SIZE(padded_of_ports));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_HYPERCALL_MSR)
