// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of a VMM whose eventfds form a ring: what one of them signals ends the
 * interrupt of the next.
 *
 * If this fails, two vCPUs with their flags up have workers of the kernel signal
 * eventfds as fast as they can, for as long as the VM lives and in no cgroup; or what
 * prevents that is in the way of a guest that ends its interrupts early.  Stock 6.12
 * has no such callback.
 */
#include <stdio.h>
#include <string.h>

#include "xen_harness.h"
#include "xen_line.h"
#include "xen_trace.h"

#define MAX_PER_SECOND	100
#define WATCH_MS	2000
#define MANY		100

static unsigned int nr_lines_with(FILE *trace, const char *text)
{
	char line[400];
	unsigned int nr = 0;

	while (fgets(line, sizeof(line), trace))
		nr += line[0] != '#' && strstr(line, text);
	fclose(trace);
	return nr;
}

/* A guest that leaves guest mode all the time and takes no interrupt. */
static int64_t guest_exits(uint64_t arg1, uint64_t arg2)
{
	uint32_t eax, ebx, ecx, edx;

	while (!READ_ONCE(xen_guest_line_cpu()->stop))
		cpuid(0, &eax, &ebx, &ecx, &edx);
	return 0;
}

FIXTURE(ring) {
	struct xen_vm *x[2];
	struct kvm_vcpu *vcpu[2];
	struct xen_runner r[2];
	int fds[2];
};

FIXTURE_VARIANT(ring) {
	bool two_vms;
	bool runs;
};

FIXTURE_VARIANT_ADD(ring, of_two_vcpus) {};
FIXTURE_VARIANT_ADD(ring, of_two_vms) { .two_vms = true };
FIXTURE_VARIANT_ADD(ring, of_two_vcpus_that_run) { .runs = true };

FIXTURE_SETUP(ring)
{
	int i;

	self->x[0] = xen_line_vm_create_split(2);
	if (variant->two_vms)
		self->x[1] = xen_line_vm_create_split(2);
	for (i = 0; i < 2; i++) {
		self->fds[i] = xen_eventfd();
		self->vcpu[i] = self->x[i && variant->two_vms]->vcpu[i];
	}
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, xen_set_vcpu_eventfds(self->vcpu[i], self->fds[i], self->fds[!i]));
	for (i = 0; i < 2 && variant->runs; i++) {
		xen_line_order(self->x[0], i, guest_exits, 0, 0);
		xen_runner_start(&self->r[i], self->vcpu[i]);
	}
}

FIXTURE_TEARDOWN(ring)
{
	int i;

	for (i = 0; i < 2 && variant->runs; i++)
		xen_runner_stop(&self->r[i]);
	for (i = 0; i < 2; i++) {
		if (self->x[i])
			xen_vm_free(self->x[i]);
		close(self->fds[i]);
	}
}

TEST_F(ring, does_not_turn_by_itself)
{
	uint64_t begin, ms;
	unsigned int nr;
	FILE *trace;
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, xen_send(self->x[i && variant->two_vms], 1 + i, i));
	xen_trace_begin("kvm_xen/kvm_xen_line");
	begin = xen_ms();
	xen_eventfd_signal(self->fds[0]);
	usleep(WATCH_MS * 1000);
	trace = xen_trace_end("kvm_xen/kvm_xen_line");
	ms = xen_ms() - begin;
	nr = nr_lines_with(trace, "raise");
	EXPECT_LT(nr, MAX_PER_SECOND * ms / 1000) {
		TH_LOG("Lines were raised %u times", nr);
	}

	/* The ring did turn, by deferred work: the end of an interrupt is never lost. */
	EXPECT_LT(1, nr);
}

/* KVM's own resampling: a guest that ends its interrupts while its flag is up. */
TEST(a_guest_that_ends_interrupts_early_does_not_wait)
{
	int assert_fd = xen_eventfd(), resample_fd = xen_eventfd();
	struct xen_vm *x = xen_line_vm_create(2);
	unsigned int nr;

	ASSERT_EQ(0, xen_set_eventfds(x, assert_fd, resample_fd));
	ASSERT_EQ(0, xen_line_irqfd(x, XEN_LINE_PIN, assert_fd, resample_fd));
	xen_line_call(x, 0, xen_guest_write_pin, XEN_LINE_PIN,
		      XEN_LINE_VECTOR | XEN_IOAPIC_LEVEL);
	xen_line_habit(x, 0, "ECS");
	ASSERT_EQ(0, xen_bind_ipi(x, 7, 0));
	xen_trace_begin("kvm_xen/kvm_xen_line");
	xen_trace_begin("kvm_xen/kvm_xen_line_delay");
	EXPECT_EQ(MANY, xen_line_call(x, 0, xen_guest_ping, 7, MANY));
	fclose(xen_trace_end("kvm_xen/kvm_xen_line"));
	nr = nr_lines_with(xen_trace_end("kvm_xen/kvm_xen_line_delay"), "raise");
	EXPECT_LT(MANY, nr);
	EXPECT_EQ(0, nr_lines_with(xen_trace_open(), "kvm_xen_line_delay:"));
	xen_vm_free(x);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
