// SPDX-License-Identifier: GPL-2.0
/*
 * A device that is called by dynamic hypercalls, from end to end: the VMM offers
 * the leaf of CPUID and a PCI device whose capabilities hold its tokens; the guest
 * finds and calls it by what is in <asm/kvm_dynhc.h>.
 *
 * If this fails, drivers that follow the header do not find their device, or
 * take another's capability for a token.
 */
#include <asm/kvm_dynhc.h>

#include "xen_dynhc_driver.h"
#include "xen_harness.h"
#include "xen_dynhc.h"

#define SLOT		7u
#define PORT		33u
#define NR_QUEUES	2u
#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc

/* What the guest and its host share. */
struct desk {
	struct toy_driver driver;
	int probed;
	enum toy_call call;
	unsigned long arg[4];
	long result;
};

#define DESK	((volatile struct desk *)XEN_SPARE_GPA(0))

static void guest_code(void)
{
	struct desk *desk = (struct desk *)DESK;

	desk->probed = toy_probe(&desk->driver);
	for (;;) {
		GUEST_SYNC(0);
		desk->result = toy_call(&desk->driver, desk->call, desk->arg[0], desk->arg[1],
					desk->arg[2], desk->arg[3]);
	}
}

struct device {
	struct xen_vm *x;
	struct desk *desk;
	uint8_t config[256];
	uint32_t address;
	unsigned int end;		/* of the capabilities there are */
	uint8_t *last_next;		/* what leads to the next one */
	int queue[NR_QUEUES];
	int token[TOY_NR_CALLS];
};

/* Add a capability, with the bytes that come after the pointer to the next one. */
static uint8_t *add_cap(struct device *d, uint8_t id, uint8_t len, uint8_t type,
			uint32_t signature)
{
	uint8_t *cap = &d->config[d->end];

	*d->last_next = d->end;
	d->last_next = &cap[1];
	memcpy(cap, &(struct dynhc_pci_cap) {
		.cap_id = id,
		.len = len,
		.type = type,
		.signature = signature,
		.index = TOY_EXTRA,
		.token = 77,
	}, sizeof(struct dynhc_pci_cap));
	d->end += len > sizeof(struct dynhc_pci_cap) ? len : sizeof(struct dynhc_pci_cap);
	TEST_ASSERT(d->end <= sizeof(d->config), "No room for capabilities");
	return cap;
}

static void add_token(struct device *d, uint8_t len, uint16_t index, uint32_t token)
{
	struct dynhc_pci_cap *cap = (void *)add_cap(d, DYNHC_PCI_CAP_ID, len,
						    DYNHC_PCI_CAP_TYPE, DYNHC_PCI_SIGNATURE);

	cap->index = index;
	cap->reserved = 0xffff;		/* not looked at */
	cap->token = token;
}

/* Tokens in no order, among capabilities that differ from one in one field each. */
static void fill_config(struct device *d)
{
	*(uint32_t *)d->config = TOY_PCI_ID;
	d->config[6] = 0x10;		/* there are capabilities */
	d->last_next = &d->config[0x34];
	d->end = 0x40;

	add_cap(d, 0x05, 0, 0, 0);					/* MSI */
	add_cap(d, DYNHC_PCI_CAP_ID, 16, 1, 4);				/* as virtio has */
	add_token(d, DYNHC_PCI_CAP_LEN, TOY_SUM, d->token[TOY_SUM]);
	add_cap(d, DYNHC_PCI_CAP_ID, 16, 2, DYNHC_PCI_SIGNATURE);
	add_cap(d, DYNHC_PCI_CAP_ID, 16, DYNHC_PCI_CAP_TYPE, ~DYNHC_PCI_SIGNATURE);
	add_cap(d, DYNHC_PCI_CAP_ID, 15, DYNHC_PCI_CAP_TYPE, DYNHC_PCI_SIGNATURE);
	add_cap(d, 0x11, 16, DYNHC_PCI_CAP_TYPE, DYNHC_PCI_SIGNATURE);
	add_token(d, 24, TOY_DOORBELL, d->token[TOY_DOORBELL]);		/* a later version */
}

#define NR_OTHERS	6

static uint32_t read_config(struct device *d, unsigned int byte)
{
	if ((d->address & ~0xfcu) != (1u << 31 | SLOT << 11))
		return ~0u;
	return *(uint32_t *)&d->config[(d->address & 0xfc) + byte];
}

/* An access of configuration mechanism #1. */
static void config_io(struct device *d)
{
	struct kvm_run *run = d->x->vcpu[0]->run;
	uint32_t *data = (void *)run + run->io.data_offset;
	uint32_t value;

	TEST_ASSERT_EQ(run->io.count, 1);
	if (run->io.port == CONFIG_ADDRESS) {
		TEST_ASSERT_EQ(run->io.direction, KVM_EXIT_IO_OUT);
		TEST_ASSERT_EQ(run->io.size, 4);
		d->address = *data;
		return;
	}
	TEST_ASSERT_EQ(run->io.direction, KVM_EXIT_IO_IN);
	value = read_config(d, run->io.port - CONFIG_DATA);
	memcpy(data, &value, run->io.size);
}

static bool is_config_io(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_IO && run->io.port >= CONFIG_ADDRESS &&
	       run->io.port < CONFIG_DATA + 4;
}

/* What the VMM has to answer itself. */
static void answer_sum(struct kvm_run *run)
{
	const __u64 *params = run->xen.u.hcall.params;
	unsigned int i;

	TEST_ASSERT_EQ(run->xen.u.hcall.input, DYNHC_HYPERCALL);
	run->xen.u.hcall.result = 0;
	for (i = 1; i <= 4; i++)
		run->xen.u.hcall.result += i * params[i];
}

/* Run the guest to its next UCALL, and emulate the device meanwhile. */
static void run_driver(struct device *d)
{
	struct kvm_run *run = d->x->vcpu[0]->run;
	struct ucall uc;

	for (;;) {
		vcpu_run(d->x->vcpu[0]);
		if (is_config_io(run))
			config_io(d);
		else if (run->exit_reason == KVM_EXIT_XEN)
			answer_sum(run);
		else
			break;
	}
	TEST_ASSERT_KVM_EXIT_REASON(d->x->vcpu[0], KVM_EXIT_IO);
	TEST_ASSERT_EQ(get_ucall(d->x->vcpu[0], &uc), UCALL_SYNC);
}

static int probe(struct device *d)
{
	run_driver(d);
	return d->desk->probed;
}

static long call4(struct device *d, enum toy_call call, unsigned long arg0, unsigned long arg1,
		  unsigned long arg2, unsigned long arg3)
{
	d->desk->call = call;
	d->desk->arg[0] = arg0;
	d->desk->arg[1] = arg1;
	d->desk->arg[2] = arg2;
	d->desk->arg[3] = arg3;
	run_driver(d);
	return d->desk->result;
}

static long call(struct device *d, enum toy_call call, unsigned long arg0)
{
	return call4(d, call, arg0, 0, 0, 0);
}

/* Hypervisor leaves of CPUID, by the first of each range. */
struct range {
	uint32_t first, last;
	char signature[13];
	uint32_t eax, ebx, ecx;		/* of the second leaf */
};

#define KVM(at)		{ at, (at) + 1, "KVMKVMKVM" }
#define XEN(at)		{ at, (at) + 2, "XenVMMXenVMM", 0x40011 }
#define DYNHC(at)	{ at, (at) + 1, "DynHypercall", 1, DYNHC_HYPERCALL, DYNHC_MAX_TOKEN }
#define NR_RANGES	3

static void add_leaf(struct kvm_cpuid2 *cpuid, struct kvm_cpuid_entry2 leaf)
{
	cpuid->entries[cpuid->nent++] = leaf;
}

static void add_range(struct kvm_cpuid2 *cpuid, const struct range *range)
{
	uint32_t name[3];

	memcpy(name, range->signature, sizeof(name));
	add_leaf(cpuid, (struct kvm_cpuid_entry2) {
		.function = range->first, .eax = range->last,
		.ebx = name[0], .ecx = name[1], .edx = name[2],
	});
	add_leaf(cpuid, (struct kvm_cpuid_entry2) {
		.function = range->first + 1,
		.eax = range->eax, .ebx = range->ebx, .ecx = range->ecx,
	});
}

/* The host's CPUID, with these hypervisor leaves and no others. */
static void offer(struct xen_vm *x, const struct range ranges[NR_RANGES], bool hypervisor)
{
	const struct kvm_cpuid2 *host = kvm_get_supported_cpuid();
	struct kvm_cpuid2 *cpuid = allocate_kvm_cpuid2(host->nent + 2 * NR_RANGES);
	unsigned int i;

	cpuid->nent = 0;
	for (i = 0; i < host->nent; i++)
		if (host->entries[i].function >> 16 != 0x4000)
			add_leaf(cpuid, host->entries[i]);
	for (i = 0; i < NR_RANGES; i++)
		if (ranges[i].first)
			add_range(cpuid, &ranges[i]);
	vcpu_init_cpuid(x->vcpu[0], cpuid);
	free(cpuid);
	vcpu_set_or_clear_cpuid_feature(x->vcpu[0], X86_FEATURE_HYPERVISOR, hypervisor);
}

static void device_init(struct device *d)
{
	unsigned int i;

	memset(d, 0, sizeof(*d));
	d->x = xen_dynhc_vm_create(1, guest_code);
	xen_register_pages(d->x);
	d->desk = xen_hva(d->x, XEN_SPARE_GPA(0));
	for (i = 0; i < NR_QUEUES; i++)
		d->queue[i] = xen_eventfd();
}

/* The first queue's eventfd picks the token, which the others join. */
static void bind_calls(struct device *d)
{
	unsigned int i;

	d->token[TOY_DOORBELL] = xen_dynhc_pick(d->x, (struct kvm_xen_dynhc) {
		.target = KVM_XEN_DYNHC_EVENTFD, .flags = KVM_XEN_DYNHC_MATCH,
		.u.fd = d->queue[0],
	});
	for (i = 1; i < NR_QUEUES; i++)
		TEST_ASSERT_EQ(xen_dynhc_match(d->x, d->token[TOY_DOORBELL], i, d->queue[i]), 0);
	d->token[TOY_SUM] = xen_dynhc_pick(d->x, (struct kvm_xen_dynhc) {
		.target = KVM_XEN_DYNHC_VMM,
	});
	d->token[TOY_EVENT] = xen_dynhc_pick(d->x, (struct kvm_xen_dynhc) {
		.target = KVM_XEN_DYNHC_EVTCHN,
		.u.evtchn = { .port = PORT, .priority = XEN_PRIO_2LEVEL },
	});
	for (i = 0; i < TOY_EXTRA; i++)
		TEST_ASSERT(d->token[i] > 0, "No token for call %u", i);
}

FIXTURE(device) {
	struct device d;
};

FIXTURE_VARIANT(device) {
	struct range ranges[NR_RANGES];
};

FIXTURE_VARIANT_ADD(device, after_kvm) {
	.ranges = { KVM(0x40000000), DYNHC(0x40000100) },
};

FIXTURE_VARIANT_ADD(device, after_xen) {
	.ranges = { XEN(0x40000000), DYNHC(0x40000100) },
};

FIXTURE_VARIANT_ADD(device, after_xen_and_kvm) {
	.ranges = { XEN(0x40000000), KVM(0x40000100), DYNHC(0x40000200) },
};

FIXTURE_VARIANT_ADD(device, alone) {
	.ranges = { DYNHC(0x40000000) },
};

FIXTURE_VARIANT_ADD(device, last) {
	.ranges = { KVM(0x40000000), DYNHC(0x4000ff00) },
};

FIXTURE_SETUP(device)
{
	struct device *d = &self->d;

	device_init(d);
	bind_calls(d);
	fill_config(d);
	add_token(d, DYNHC_PCI_CAP_LEN, TOY_EVENT, d->token[TOY_EVENT]);
	offer(d->x, variant->ranges, true);
	ASSERT_EQ(TOY_READY, probe(d));
}

FIXTURE_TEARDOWN(device)
{
	xen_vm_free(self->d.x);
}

TEST_F(device, is_found_with_its_tokens)
{
	const struct toy_driver *driver = &self->d.desk->driver;
	unsigned int i;

	EXPECT_EQ(DYNHC_HYPERCALL, driver->hc.nr);
	EXPECT_EQ(DYNHC_MAX_TOKEN, driver->hc.max_token);
	EXPECT_EQ(1, driver->hc.version);
	EXPECT_EQ(host_cpu_is_amd, driver->hc.by_vmmcall);
	EXPECT_EQ(SLOT, driver->slot);
	EXPECT_EQ(NR_OTHERS + 3, driver->nr_caps);
	for (i = 0; i < TOY_EXTRA; i++)
		EXPECT_EQ(self->d.token[i], driver->token[i]);
	EXPECT_EQ(DYNHC_NO_TOKEN, driver->token[TOY_EXTRA]);
}

TEST_F(device, gets_its_doorbell)
{
	EXPECT_EQ(0, call(&self->d, TOY_DOORBELL, 1));
	EXPECT_EQ(0, xen_eventfd_take(self->d.queue[0]));
	EXPECT_EQ(1, xen_eventfd_take(self->d.queue[1]));
	EXPECT_EQ(0, call(&self->d, TOY_DOORBELL, 0));
	EXPECT_EQ(1, xen_eventfd_take(self->d.queue[0]));
	EXPECT_EQ(-DYNHC_EINVAL, call(&self->d, TOY_DOORBELL, NR_QUEUES));
	EXPECT_EQ(0, xen_eventfd_take(self->d.queue[0]) + xen_eventfd_take(self->d.queue[1]));
}

TEST_F(device, answers_at_once)
{
	EXPECT_EQ(1 * 7 + 2 * 70 + 3 * 700 + 4 * 7000, call4(&self->d, TOY_SUM, 7, 70, 700, 7000));
	EXPECT_EQ(-1, call4(&self->d, TOY_SUM, -1, 0, 0, 0));
	EXPECT_EQ(1l << 62, call4(&self->d, TOY_SUM, 0, 0, 0, 1ul << 60));
}

TEST_F(device, sends_an_event)
{
	EXPECT_EQ(0, call(&self->d, TOY_EVENT, 0));
	EXPECT_TRUE(xen_is_pending(self->d.x->shinfo, PORT));
}

TEST_F(device, is_gone_once_it_was_unplugged)
{
	EXPECT_EQ(0, call(&self->d, TOY_DOORBELL, 0));
	ASSERT_EQ(0, xen_dynhc_reset(self->d.x));
	EXPECT_EQ(-DYNHC_ENOENT, call(&self->d, TOY_DOORBELL, 0));
	EXPECT_EQ(-DYNHC_ENOENT, call(&self->d, TOY_SUM, 0));
	EXPECT_EQ(-DYNHC_ENOENT, call(&self->d, TOY_EVENT, 0));
	EXPECT_EQ(1, xen_eventfd_take(self->d.queue[0]));
}

TEST_F(device, has_no_call_that_it_left_out)
{
	EXPECT_EQ(-DYNHC_ENOENT, call(&self->d, TOY_EXTRA, 0));
}

/* A guest that looks for the device in different sets of CPUID leaves. */
FIXTURE(guest) {
	struct device d;
};

FIXTURE_SETUP(guest)
{
	device_init(&self->d);
}

FIXTURE_TEARDOWN(guest)
{
	xen_vm_free(self->d.x);
}

static int probe_with(struct device *d, struct range calls, bool hypervisor)
{
	const struct range ranges[NR_RANGES] = { KVM(0x40000000), calls };

	offer(d->x, ranges, hypervisor);
	return probe(d);
}

TEST_F(guest, finds_no_calls_where_there_are_none)
{
	EXPECT_EQ(TOY_NO_CALLS, probe_with(&self->d, (struct range) {}, true));
}

TEST_F(guest, looks_for_no_leaves_without_a_hypervisor)
{
	EXPECT_EQ(TOY_NO_CALLS, probe_with(&self->d, (struct range)DYNHC(0x40000100), false));
}

TEST_F(guest, finds_no_calls_by_an_old_version)
{
	struct range calls = DYNHC(0x40000100);

	calls.eax = DYNHC_VERSION - 1;
	EXPECT_EQ(TOY_NO_CALLS, probe_with(&self->d, calls, true));
}

TEST_F(guest, finds_no_calls_without_a_number)
{
	struct range calls = DYNHC(0x40000100);

	calls.ebx = 0;
	EXPECT_EQ(TOY_NO_CALLS, probe_with(&self->d, calls, true));
}

TEST_F(guest, finds_no_calls_in_a_range_of_one_leaf)
{
	struct range calls = DYNHC(0x40000100);

	calls.last = calls.first;
	EXPECT_EQ(TOY_NO_CALLS, probe_with(&self->d, calls, true));
}

TEST_F(guest, finds_calls_by_another_number_and_a_later_version)
{
	struct range calls = DYNHC(0x40000300);

	calls.last = calls.first + 9;
	calls.eax = DYNHC_VERSION + 1;
	calls.ebx = 1234;
	EXPECT_EQ(TOY_NO_DEVICE, probe_with(&self->d, calls, true));
	EXPECT_EQ(1234, self->d.desk->driver.hc.nr);
	EXPECT_EQ(DYNHC_VERSION + 1, self->d.desk->driver.hc.version);
}

TEST_F(guest, takes_no_token_of_a_device_without_capabilities)
{
	fill_config(&self->d);
	self->d.config[6] = 0;
	EXPECT_EQ(TOY_READY, probe_with(&self->d, (struct range)DYNHC(0x40000100), true));
	EXPECT_EQ(0, self->d.desk->driver.nr_caps);
	EXPECT_EQ(-DYNHC_ENOENT, call(&self->d, TOY_DOORBELL, 0));
}

TEST_F(guest, takes_a_token_that_is_not_bound_for_none)
{
	fill_config(&self->d);		/* all of them are DYNHC_NO_TOKEN */
	EXPECT_EQ(TOY_READY, probe_with(&self->d, (struct range)DYNHC(0x40000100), true));
	EXPECT_EQ(NR_OTHERS + 2, self->d.desk->driver.nr_caps);
	EXPECT_EQ(DYNHC_NO_TOKEN, self->d.desk->driver.token[TOY_DOORBELL]);
	EXPECT_EQ(DYNHC_NO_TOKEN, self->d.desk->driver.token[TOY_SUM]);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
