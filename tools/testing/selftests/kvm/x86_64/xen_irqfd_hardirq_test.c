// SPDX-License-Identifier: GPL-2.0
/*
 * Events of irqfds that are signalled in hard interrupt context, by each method
 * of upcalls.
 *
 * Where else they are signalled the kernel may take locks that it must not take
 * there.  Needs null_blk with irqmode=2, whose requests end in a timer's
 * interrupt: an asynchronous read is submitted with the eventfd of an irqfd, and
 * the trace has to say that the event was raised in an interrupt.
 *
 * If this fails, a host with passed-through devices locks up, or loses
 * interrupts of its guests.  Stock 6.12 raises such events, and has no lines.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "kvm_test_harness.h"
#include "xen_line.h"
#include "xen_trace.h"

#define DEVICE		"/dev/nullb0"
#define EVENT		"kvm_xen/kvm_xen_raise"
#define PORT		1u
#define NR_EVENTS	100u

static char block[4096] __attribute__((aligned(4096)));

/*
 * How many lines of the trace are of an event that was raised in a hard
 * interrupt: "COMM-PID [CPU] flags TIME: kvm_xen_raise: ...", where the third of
 * the flags is an h, or an H where a soft one was interrupted.
 */
static unsigned int nr_raised_in_hardirq(void)
{
	FILE *trace = xen_trace_end(EVENT);
	char line[512], *flags;
	unsigned int nr = 0;

	while (fgets(line, sizeof(line), trace)) {
		flags = strchr(line, ']');
		if (line[0] != '#' && flags && strstr(line, "kvm_xen_raise:") &&
		    strlen(flags) > 5 && (flags[4] == 'h' || flags[4] == 'H'))
			nr++;
	}
	fclose(trace);
	return nr;
}

struct signaller {
	aio_context_t aio;
	int device;
	int fd;				/* signalled as a read ends */
};

static void signaller_start(struct signaller *s)
{
	s->aio = 0;
	s->fd = xen_eventfd();
	s->device = open(DEVICE, O_RDONLY | O_DIRECT);
	TEST_ASSERT(s->device >= 0, DEVICE ": %d", errno);
	TEST_ASSERT(!syscall(__NR_io_setup, 1, &s->aio), "io_setup: %d", errno);
}

static void signaller_stop(struct signaller *s)
{
	syscall(__NR_io_destroy, s->aio);
	close(s->device);
	close(s->fd);
}

/* Read a block, and take note of that it was read. */
static void signal_from_interrupt(struct signaller *s)
{
	struct iocb read = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = s->device,
		.aio_buf = (uintptr_t)block,
		.aio_nbytes = sizeof(block),
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = s->fd,
	};
	struct iocb *reads[] = { &read };
	struct io_event end;

	TEST_ASSERT_EQ(syscall(__NR_io_submit, s->aio, 1, reads), 1);
	TEST_ASSERT_EQ(syscall(__NR_io_getevents, s->aio, 1, 1, &end, NULL), 1);
	TEST_ASSERT_EQ(end.res, sizeof(block));
}

static int own_vector(struct xen_vm *x)
{
	return xen_set_vcpu_vector(x->vcpu[0], XEN_VCPU_VECTOR);
}

static int vm_vector(struct xen_vm *x)
{
	return xen_set_vm_vector(x, XEN_VM_VECTOR);
}

static int line(struct xen_vm *x)
{
	return xen_set_line(x, XEN_LINE_PIN);
}

/* The VMM's line, which goes back into the kernel by an irqfd. */
static int eventfds(struct xen_vm *x)
{
	int assert_fd = xen_eventfd(), resample_fd = xen_eventfd();

	return xen_set_eventfds(x, assert_fd, resample_fd) ?:
	       xen_line_irqfd(x, XEN_LINE_PIN, assert_fd, resample_fd);
}

static int own_eventfds(struct xen_vm *x)
{
	int assert_fd = xen_eventfd(), resample_fd = xen_eventfd();

	return xen_set_vcpu_eventfds(x->vcpu[0], assert_fd, resample_fd) ?:
	       xen_line_irqfd(x, XEN_LINE_PIN, assert_fd, resample_fd);
}

FIXTURE(hardirq) {
	struct xen_vm *x;
	struct signaller s;
	struct xen_runner runner;
};

FIXTURE_VARIANT(hardirq) {
	int (*choose)(struct xen_vm *x);
};

FIXTURE_VARIANT_ADD(hardirq, own_vector) { .choose = own_vector };
FIXTURE_VARIANT_ADD(hardirq, vm_vector) { .choose = vm_vector };
FIXTURE_VARIANT_ADD(hardirq, line) { .choose = line };
FIXTURE_VARIANT_ADD(hardirq, eventfds) { .choose = eventfds };
FIXTURE_VARIANT_ADD(hardirq, own_eventfds) { .choose = own_eventfds };

FIXTURE_SETUP(hardirq)
{
	self->x = xen_line_vm_create(1);
	signaller_start(&self->s);
	ASSERT_EQ(0, xen_line_irqfd(self->x, XEN_LINE_EVENT_GSI, self->s.fd, -1));
	xen_line_call(self->x, 0, xen_guest_write_pin, XEN_LINE_PIN,
		      XEN_LINE_VECTOR | XEN_IOAPIC_LEVEL);
	ASSERT_EQ(0, variant->choose(self->x));
}

FIXTURE_TEARDOWN(hardirq)
{
	xen_vm_free(self->x);
	signaller_stop(&self->s);
}

TEST_F(hardirq, every_event_is_handled)
{
	struct xen_line_cpu *cpu = xen_line_cpu(self->x, 0);
	unsigned int i;

	xen_line_order(self->x, 0, xen_guest_serve, 0, 0);
	xen_runner_start(&self->runner, self->x->vcpu[0]);

	xen_trace_begin(EVENT);
	for (i = 1; i <= NR_EVENTS; i++) {
		signal_from_interrupt(&self->s);
		if (!xen_wait_for(READ_ONCE(cpu->nr_events) >= i))
			break;
	}

	EXPECT_EQ(NR_EVENTS, READ_ONCE(cpu->nr_events));

	/*
	 * A few reads end so soon that the task that submits them signals the eventfd.  On
	 * PREEMPT_RT no eventfd is signalled in an interrupt, as its lock sleeps.
	 */
	if (!xen_host_is_rt())
		EXPECT_LE(NR_EVENTS / 2, nr_raised_in_hardirq());
	xen_runner_stop(&self->runner);
	EXPECT_STREQ("", self->runner.failure);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(!access(DEVICE, R_OK));

	return test_harness_run(argc, argv);
}
