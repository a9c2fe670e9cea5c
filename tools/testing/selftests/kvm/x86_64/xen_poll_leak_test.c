// SPDX-License-Identifier: GPL-2.0
/*
 * A poll of ports that cannot be read costs the host no memory.
 *
 * If this fails, a guest's kernel can use up the memory of the host
 * (CVE-2025-38469).
 */
#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"

#define NR_POLLS	50000		/* in each width */
#define UNMAPPED	0xe0000000u

/*
 * Room for NR_POLLS arrays of 2 to 128 ports of 4 bytes is over 13 MB; the
 * kernel's own ups and downs stay far below a third of that.
 */
#define LEAK_KB		4096

FIXTURE(leak) {
	struct xen_vm *x;
};

FIXTURE_VARIANT(leak) {
	bool wide;
};

FIXTURE_VARIANT_ADD(leak, narrow) { .wide = false };
FIXTURE_VARIANT_ADD(leak, wide) { .wide = true };

static void poll_in_vain(bool wide, uint32_t nr_polls)
{
	uint32_t turn, nr_ports;

	for (turn = 0; turn < nr_polls; turn++) {
		nr_ports = 2 + turn % (XEN_MAX_POLL_PORTS - 1);
		GUEST_ASSERT_EQ(xen_guest_poll(wide, (void *)UNMAPPED, nr_ports, 0),
				-XEN_EFAULT);
	}
	GUEST_SYNC(nr_polls);
}

FIXTURE_SETUP(leak)
{
	self->x = xen_vm_create(1, variant->wide, poll_in_vain);
}

FIXTURE_TEARDOWN(leak)
{
	xen_vm_free(self->x);
}

/* What the kernel's allocators hold and cannot give back, in kB. */
static long unreclaimable(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	TEST_ASSERT(f, "/proc/meminfo cannot be read");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "SUnreclaim: %ld", &kb) == 1)
			break;
	fclose(f);
	TEST_ASSERT(kb > 0, "/proc/meminfo has no SUnreclaim");
	return kb;
}

static void poll_often(struct xen_vm *x, uint32_t nr_polls)
{
	vcpu_args_set(x->vcpu[0], 2, x->wide, nr_polls);
	xen_set_entry_point(x->vcpu[0], poll_in_vain);
	TEST_ASSERT_EQ(xen_step(x->vcpu[0]), nr_polls);
}

TEST_F(leak, polls_of_unreadable_ports_leave_nothing_behind)
{
	long before;

	poll_often(self->x, 1000);		/* whatever is allocated but once */
	before = unreclaimable();
	poll_often(self->x, NR_POLLS);
	EXPECT_GT(before + LEAK_KB, unreclaimable());
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
