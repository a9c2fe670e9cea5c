// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_XEN_ATTR_TYPE_DYNHC: how the table of dynamic hypercalls changes, and
 * each error that it has, beside what works.
 *
 * If this fails, a VMM gets an error for what is right, or none for what is
 * wrong and then another table than it believes in.
 */
#include <fcntl.h>
#include <asm/kvm_dynhc.h>

#include "xen_harness.h"
#include "xen_dynhc.h"

#define TOKEN	5u
#define PORT	7u
#define FLAGS	(KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND)

static int event;

FIXTURE(table) {
	struct xen_vm *x;
};

FIXTURE_SETUP(table)
{
	event = xen_eventfd();
	self->x = xen_dynhc_vm_create(1, NULL);
}

FIXTURE_TEARDOWN(table)
{
	xen_vm_free(self->x);
	close(event);
}

/* One binding of each kind of target, but handlers, which a module has to register. */
static struct kvm_xen_dynhc to_eventfd(void)
{
	return (struct kvm_xen_dynhc) {
		.token = TOKEN,
		.target = KVM_XEN_DYNHC_EVENTFD,
		.u.fd = event,
	};
}

static struct kvm_xen_dynhc to_eventfd_on(uint64_t match)
{
	struct kvm_xen_dynhc binding = to_eventfd();

	binding.flags = KVM_XEN_DYNHC_MATCH;
	binding.match = match;
	return binding;
}

static struct kvm_xen_dynhc to_port(void)
{
	return (struct kvm_xen_dynhc) {
		.token = TOKEN,
		.target = KVM_XEN_DYNHC_EVTCHN,
		.u.evtchn = { .port = PORT, .priority = XEN_PRIO_2LEVEL },
	};
}

static struct kvm_xen_dynhc to_vmm(void)
{
	return (struct kvm_xen_dynhc) { .token = TOKEN, .target = KVM_XEN_DYNHC_VMM };
}

static struct kvm_xen_dynhc to_handler(void)
{
	return (struct kvm_xen_dynhc) {
		.token = TOKEN,
		.target = KVM_XEN_DYNHC_HANDLER,
		.u.handler.name = "nobody has this name",
	};
}

static struct kvm_xen_dynhc deassign(void)
{
	return (struct kvm_xen_dynhc) { .token = TOKEN, .op = KVM_XEN_DYNHC_DEASSIGN };
}

static struct kvm_xen_dynhc reset(void)
{
	return (struct kvm_xen_dynhc) { .op = KVM_XEN_DYNHC_RESET };
}

/* Assign and take away again: each test of an error ends with what works. */
static int works(struct xen_vm *x, struct kvm_xen_dynhc binding)
{
	int r = xen_dynhc_assign(x, binding);

	return r ? r : xen_dynhc_reset(x);
}

TEST_F(table, is_there_once_the_flag_is_set)
{
	uint32_t nr = 0;

	EXPECT_EQ(0, works(self->x, to_vmm()));
	ASSERT_EQ(0, xen_config(self->x, FLAGS));
	EXPECT_EQ(-ENOENT, xen_dynhc_assign(self->x, to_vmm()));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign(self->x, TOKEN));
	EXPECT_EQ(-ENOENT, xen_dynhc_reset(self->x));
	EXPECT_EQ(-ENOENT, xen_dynhc_enum(self->x, NULL, &nr));
	ASSERT_EQ(0, xen_config(self->x, FLAGS | KVM_XEN_HVM_CONFIG_DYNHC));
	EXPECT_EQ(0, works(self->x, to_vmm()));
}

TEST_F(table, is_not_read_by_the_attribute_that_changes_it)
{
	struct kvm_xen_hvm_attr attr = { .type = KVM_XEN_ATTR_TYPE_DYNHC };

	EXPECT_EQ(-ENOENT, xen_vm_get(self->x, &attr));
}

TEST_F(table, takes_each_target)
{
	EXPECT_EQ(0, works(self->x, to_eventfd()));
	EXPECT_EQ(0, works(self->x, to_eventfd_on(0)));
	EXPECT_EQ(0, works(self->x, to_port()));
	EXPECT_EQ(0, works(self->x, to_vmm()));
	EXPECT_EQ(-ENXIO, works(self->x, to_handler()));
}

TEST_F(table, takes_tokens_from_1_to_the_highest)
{
	const uint32_t good[] = { 1, 2, DYNHC_MAX_TOKEN };
	const uint32_t bad[] = {
		0, DYNHC_MAX_TOKEN + 1, 0x10000 + TOKEN, 0x80000000, ~0u - 1,
	};
	struct kvm_xen_dynhc binding = to_vmm();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		binding.token = good[i];
		EXPECT_EQ(0, works(self->x, binding));
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		binding.token = bad[i];
		EXPECT_EQ(-EINVAL, xen_dynhc_assign(self->x, binding));
		EXPECT_GT(0, xen_dynhc_deassign(self->x, bad[i]));
	}
	EXPECT_EQ(0, xen_dynhc_nr(self->x));
}

TEST_F(table, has_no_other_operations_and_targets)
{
	struct kvm_xen_dynhc binding = to_vmm();
	int value;

	for (value = KVM_XEN_DYNHC_UPDATE + 1; value < 256; value++) {
		binding.op = value;
		ASSERT_EQ(-EINVAL, xen_dynhc_assign(self->x, binding));
	}
	binding.op = KVM_XEN_DYNHC_ASSIGN;
	for (value = 0; value < 256; value++) {
		if (value >= KVM_XEN_DYNHC_EVENTFD && value <= KVM_XEN_DYNHC_HANDLER)
			continue;
		binding.target = value;
		ASSERT_EQ(-EINVAL, xen_dynhc_assign(self->x, binding));
	}
	EXPECT_EQ(0, xen_dynhc_nr(self->x));
}

/* Which flags each operation has. */
TEST_F(table, has_no_other_flags)
{
	const struct {
		struct kvm_xen_dynhc binding;
		uint16_t flags;
		int result;
	} rows[] = {
		{ to_eventfd(), KVM_XEN_DYNHC_MATCH | KVM_XEN_DYNHC_USER, 0 },
		{ to_port(), KVM_XEN_DYNHC_USER, 0 },
		{ to_vmm(), KVM_XEN_DYNHC_USER, 0 },
		{ to_handler(), KVM_XEN_DYNHC_USER, -ENXIO },
		{ deassign(), KVM_XEN_DYNHC_MATCH, -ENOENT },
		{ reset(), 0, 0 },
	};
	unsigned int i, flag;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (flag = 1; flag < 1u << 16; flag <<= 1) {
			struct kvm_xen_dynhc binding = rows[i].binding;

			binding.flags = flag;
			EXPECT_EQ(flag & rows[i].flags ? rows[i].result : -EINVAL,
				  works(self->x, binding)) {
				TH_LOG("row %u, flag %#x", i, flag);
			}
		}
	}
	EXPECT_EQ(0, xen_dynhc_nr(self->x));
}

#define UNION		BEGIN(u)
#define END		sizeof(struct kvm_xen_dynhc)
#define BEGIN(f)	offsetof(struct kvm_xen_dynhc, f)
#define FIELD(f)	BEGIN(f), BEGIN(f) + sizeof(((struct kvm_xen_dynhc *)0)->f)
#define NR_UNUSED	4

/* What an operation leaves unused, from byte to byte. */
struct unused {
	const char *name;
	struct kvm_xen_dynhc binding;
	int result;
	struct {
		size_t begin, end;
	} bytes[NR_UNUSED];
};

static bool all_are_looked_at(struct __test_metadata *_metadata, struct xen_vm *x,
			      const struct unused *row)
{
	unsigned int i, byte;
	int r;

	for (i = 0; i < NR_UNUSED; i++)
		for (byte = row->bytes[i].begin; byte < row->bytes[i].end; byte++) {
			struct kvm_xen_dynhc binding = row->binding;

			((uint8_t *)&binding)[byte] = 1;
			r = xen_dynhc_assign(x, binding);
			if (r == -EINVAL)
				continue;
			TH_LOG("%s, byte %u: %d", row->name, byte, r);
			return false;
		}
	return true;
}

TEST_F(table, takes_no_field_that_is_not_used)
{
	const struct unused rows[] = {
		{ "eventfd", to_eventfd(), 0, { { FIELD(match) }, { UNION + 4, END } } },
		{ "match", to_eventfd_on(0), 0, { { UNION + 4, END } } },
		{ "port", to_port(), 0, { { FIELD(match) }, { UNION + 12, END } } },
		{ "VMM", to_vmm(), 0, { { FIELD(match) }, { UNION, END } } },
		{ "handler", to_handler(), -ENXIO, { { FIELD(match) }, { UNION + 32, END } } },
		{ "deassign", deassign(), -ENOENT,
		  { { FIELD(target) }, { FIELD(match) }, { FIELD(token_addr) }, { UNION, END } } },
		{ "reset", reset(), 0,
		  { { FIELD(token) }, { FIELD(target) }, { FIELD(flags) },
		    { BEGIN(match), END } } },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_TRUE(all_are_looked_at(_metadata, self->x, &rows[i]));
		EXPECT_EQ(0, xen_dynhc_nr(self->x));
		EXPECT_EQ(rows[i].result, works(self->x, rows[i].binding));
	}
}

TEST_F(table, matches_for_eventfds_alone)
{
	struct kvm_xen_dynhc others[] = { to_port(), to_vmm(), to_handler() };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		others[i].flags = KVM_XEN_DYNHC_MATCH;
		EXPECT_EQ(-EINVAL, xen_dynhc_assign(self->x, others[i]));
	}
	EXPECT_EQ(0, works(self->x, to_eventfd_on(~0ull)));
}

TEST_F(table, takes_file_descriptors_of_eventfds_alone)
{
	int null = open("/dev/null", O_RDWR);
	int gone = dup(event);

	close(gone);
	ASSERT_LE(0, null);
	EXPECT_EQ(-EBADF, xen_dynhc_eventfd(self->x, TOKEN, -1));
	EXPECT_EQ(-EBADF, xen_dynhc_eventfd(self->x, TOKEN, gone));
	EXPECT_EQ(-EBADF, xen_dynhc_match(self->x, TOKEN, 1, gone));
	EXPECT_EQ(-EINVAL, xen_dynhc_eventfd(self->x, TOKEN, null));
	EXPECT_EQ(-EINVAL, xen_dynhc_eventfd(self->x, TOKEN, self->x->vm->fd));
	EXPECT_EQ(0, xen_dynhc_nr(self->x));
	EXPECT_EQ(0, xen_dynhc_eventfd(self->x, TOKEN, event));
	close(null);
}

/* The rules of KVM_XEN_ATTR_TYPE_EVTCHN. */
TEST_F(table, takes_ports_and_priorities_that_there_are)
{
	const uint32_t bad_ports[] = { 0, XEN_NR_PORTS_WIDE, ~0u };
	struct kvm_xen_dynhc binding = to_port();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_ports); i++) {
		binding.u.evtchn.port = bad_ports[i];
		EXPECT_EQ(-EINVAL, xen_dynhc_assign(self->x, binding));
	}
	binding.u.evtchn.port = XEN_NR_PORTS_WIDE - 1;
	EXPECT_EQ(0, works(self->x, binding));

	binding.u.evtchn.priority = 3;
	EXPECT_EQ(-EINVAL, xen_dynhc_assign(self->x, binding));
	ASSERT_EQ(0, xen_config(self->x, KVM_XEN_HVM_CONFIG_DYNHC |
					 KVM_XEN_HVM_CONFIG_EVTCHN_FIFO));
	EXPECT_EQ(0, works(self->x, binding));
	binding.u.evtchn.priority = 16;
	EXPECT_EQ(-EINVAL, xen_dynhc_assign(self->x, binding));
	EXPECT_EQ(0, xen_dynhc_nr(self->x));
}

TEST_F(table, knows_fewer_ports_of_a_narrow_guest)
{
	ASSERT_EQ(0, xen_set_long_mode(self->x, false));
	EXPECT_EQ(-EINVAL, xen_dynhc_evtchn(self->x, TOKEN, XEN_NR_PORTS_NARROW, 0));
	EXPECT_EQ(0, xen_dynhc_evtchn(self->x, TOKEN, XEN_NR_PORTS_NARROW - 1, 0));
}

TEST_F(table, takes_names_that_end)
{
	struct kvm_xen_dynhc binding = to_handler();

	EXPECT_EQ(-ENXIO, xen_dynhc_assign(self->x, binding));
	memset(binding.u.handler.name, 'x', KVM_XEN_DYNHC_NAME_LEN);
	EXPECT_EQ(-EINVAL, xen_dynhc_assign(self->x, binding));
	binding.u.handler.name[KVM_XEN_DYNHC_NAME_LEN - 1] = 0;
	EXPECT_EQ(-ENXIO, xen_dynhc_assign(self->x, binding));
	EXPECT_EQ(0, xen_dynhc_nr(self->x));
}

TEST_F(table, has_one_binding_of_a_token)
{
	struct kvm_xen_dynhc all[] = { to_eventfd(), to_port(), to_vmm() };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		ASSERT_EQ(0, xen_dynhc_assign(self->x, all[i]));
		for (j = 0; j < ARRAY_SIZE(all); j++) {
			EXPECT_EQ(-EEXIST, xen_dynhc_assign(self->x, all[j])) {
				TH_LOG("%u after %u", j, i);
			}
		}
		EXPECT_EQ(1, xen_dynhc_nr(self->x));
		EXPECT_EQ(0, xen_dynhc_vmm(self->x, TOKEN + 1));
		ASSERT_EQ(0, xen_dynhc_deassign(self->x, TOKEN));
		ASSERT_EQ(0, xen_dynhc_deassign(self->x, TOKEN + 1));
	}
}

TEST_F(table, has_one_eventfd_for_each_value)
{
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(0)));
	EXPECT_EQ(-EEXIST, xen_dynhc_assign(self->x, to_eventfd_on(0)));
	EXPECT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(1)));
	EXPECT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(1ull << 32)));
	EXPECT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(~0ull)));
	EXPECT_EQ(0, xen_dynhc_assign(self->x, to_eventfd()));
	EXPECT_EQ(-EEXIST, xen_dynhc_assign(self->x, to_eventfd()));
	EXPECT_EQ(-EEXIST, xen_dynhc_assign(self->x, to_eventfd_on(1ull << 32)));
	EXPECT_EQ(5, xen_dynhc_nr(self->x));
}

TEST_F(table, keeps_a_token_of_eventfds_from_other_targets)
{
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(3)));
	EXPECT_EQ(-EEXIST, xen_dynhc_assign(self->x, to_vmm()));
	EXPECT_EQ(-EEXIST, xen_dynhc_assign(self->x, to_port()));
	ASSERT_EQ(0, xen_dynhc_deassign_match(self->x, TOKEN, 3));

	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_vmm()));
	EXPECT_EQ(-EEXIST, xen_dynhc_assign(self->x, to_eventfd_on(3)));
	EXPECT_EQ(1, xen_dynhc_nr(self->x));
}

/* All of a token's eventfds are for programs, or none is. */
TEST_F(table, keeps_a_token_of_programs_from_eventfds_that_are_not)
{
	struct kvm_xen_dynhc binding = to_eventfd_on(3);

	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd()));
	binding.flags |= KVM_XEN_DYNHC_USER;
	EXPECT_EQ(-EINVAL, xen_dynhc_assign(self->x, binding));
	ASSERT_EQ(0, xen_dynhc_deassign(self->x, TOKEN));

	ASSERT_EQ(0, xen_dynhc_assign(self->x, binding));
	EXPECT_EQ(-EINVAL, xen_dynhc_assign(self->x, to_eventfd()));
	EXPECT_EQ(-EINVAL, xen_dynhc_assign(self->x, to_eventfd_on(4)));
	binding.match = 4;
	EXPECT_EQ(0, xen_dynhc_assign(self->x, binding));
}

TEST_F(table, loses_what_is_taken_away_and_no_more)
{
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign(self->x, TOKEN));
	ASSERT_EQ(0, xen_dynhc_vmm(self->x, TOKEN));
	ASSERT_EQ(0, xen_dynhc_vmm(self->x, TOKEN + 1));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign(self->x, TOKEN + 2));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign_match(self->x, TOKEN, 0));
	EXPECT_EQ(2, xen_dynhc_nr(self->x));
	EXPECT_EQ(0, xen_dynhc_deassign(self->x, TOKEN));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign(self->x, TOKEN));
	EXPECT_EQ(-EEXIST, xen_dynhc_vmm(self->x, TOKEN + 1));
	EXPECT_EQ(0, xen_dynhc_vmm(self->x, TOKEN));
}

TEST_F(table, loses_eventfds_by_their_value)
{
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(1)));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign(self->x, TOKEN));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign_match(self->x, TOKEN, 0));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign_match(self->x, TOKEN, 1ull << 32 | 1));
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd()));
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(1ull << 32 | 1)));
	EXPECT_EQ(0, xen_dynhc_deassign_match(self->x, TOKEN, 1));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign_match(self->x, TOKEN, 1));
	EXPECT_EQ(2, xen_dynhc_nr(self->x));
	EXPECT_EQ(0, xen_dynhc_deassign(self->x, TOKEN));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign(self->x, TOKEN));
	EXPECT_EQ(0, xen_dynhc_deassign_match(self->x, TOKEN, 1ull << 32 | 1));
	EXPECT_EQ(0, xen_dynhc_vmm(self->x, TOKEN));
}

TEST_F(table, is_emptied_by_a_reset)
{
	EXPECT_EQ(0, xen_dynhc_reset(self->x));
	ASSERT_EQ(0, xen_dynhc_vmm(self->x, 1));
	ASSERT_EQ(0, xen_dynhc_evtchn(self->x, DYNHC_MAX_TOKEN, PORT, 0));
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd()));
	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(1)));
	EXPECT_EQ(4, xen_dynhc_nr(self->x));
	EXPECT_EQ(0, xen_dynhc_reset(self->x));
	EXPECT_EQ(0, xen_dynhc_nr(self->x));
	EXPECT_EQ(0, xen_dynhc_assign(self->x, to_vmm()));
}

TEST_F(table, is_left_alone_by_a_reset_of_ports)
{
	ASSERT_EQ(0, xen_dynhc_evtchn(self->x, TOKEN, PORT, 0));
	ASSERT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	EXPECT_EQ(0, xen_reset_ports(self->x));
	EXPECT_EQ(1, xen_dynhc_nr(self->x));
	EXPECT_EQ(0, xen_bind_ipi(self->x, PORT, 0));
	EXPECT_EQ(0, xen_dynhc_reset(self->x));
	EXPECT_EQ(-EEXIST, xen_bind_ipi(self->x, PORT, 0));
}

TEST_F(table, writes_the_token_to_its_address)
{
	struct kvm_xen_dynhc binding = to_vmm();
	uint32_t said[3] = { ~0u, ~0u, ~0u };

	binding.token_addr = (uintptr_t)&said[1];
	EXPECT_EQ(0, works(self->x, binding));
	EXPECT_EQ(~0u, said[0]);
	EXPECT_EQ(TOKEN, said[1]);
	EXPECT_EQ(~0u, said[2]);
}

TEST_F(table, is_unchanged_where_the_token_cannot_be_written)
{
	struct kvm_xen_dynhc all[] = { to_eventfd(), to_eventfd_on(4), to_port(), to_vmm() };
	const uint64_t bad[] = { 8, ~0ull - 3, 1ull << 47 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		for (j = 0; j < ARRAY_SIZE(bad); j++) {
			all[i].token_addr = bad[j];
			all[i].token = TOKEN;
			EXPECT_EQ(-EFAULT, xen_dynhc_assign(self->x, all[i]));
			all[i].token = KVM_XEN_DYNHC_ANY_TOKEN;
			EXPECT_EQ(-EFAULT, xen_dynhc_assign(self->x, all[i]));
		}
		EXPECT_EQ(0, xen_dynhc_nr(self->x));
		all[i].token_addr = 0;
		EXPECT_GT(0, xen_dynhc_assign(self->x, all[i]));
		all[i].token = TOKEN;
		EXPECT_EQ(0, works(self->x, all[i]));
	}
}

TEST_F(table, gets_no_other_eventfd_where_the_token_cannot_be_written)
{
	struct kvm_xen_dynhc another = to_eventfd_on(4);

	ASSERT_EQ(0, xen_dynhc_assign(self->x, to_eventfd_on(3)));
	another.token_addr = 8;
	EXPECT_EQ(-EFAULT, xen_dynhc_assign(self->x, another));
	EXPECT_EQ(1, xen_dynhc_nr(self->x));
	EXPECT_EQ(-ENOENT, xen_dynhc_deassign_match(self->x, TOKEN, 4));
	another.token_addr = 0;
	EXPECT_EQ(0, xen_dynhc_assign(self->x, another));
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
