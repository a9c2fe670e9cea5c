// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers for the tests of KVM's Xen support: VMs with Xen's pages mapped,
 * hypercalls out of 64-bit and 32-bit code, ports, attributes, vCPU threads.
 *
 * Attribute helpers report errors as negative errno values, so that a test
 * can judge them; what only prepares a test fails it on the spot.
 */
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "test_util.h"
#include "xen.h"

/* The code segment of the library, and the 32-bit one that is added to its GDT. */
#define XEN_CS64	0x08
#define XEN_CS32	0x40

static int64_t hcall64(const struct xen_hcall *call)
{
	register uint64_t r10 asm("r10") = call->arg[3];
	register uint64_t r8 asm("r8") = call->arg[4];
	register uint64_t r9 asm("r9") = call->arg[5];
	uint64_t rdi = call->arg[0], rsi = call->arg[1], rdx = call->arg[2];
	int64_t rax = call->nr;

	if (host_cpu_is_amd)
		asm volatile("vmmcall" : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx),
			     "+r"(r10), "+r"(r8), "+r"(r9) : : "memory");
	else
		asm volatile("vmcall" : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx),
			     "+r"(r10), "+r"(r8), "+r"(r9) : : "memory");
	return rax;
}

/*
 * hcall32(call, use_vmmcall): load the six registers of Xen's 32-bit ABI, go
 * through the 32-bit code segment for the one instruction and come back.  The
 * stack is not touched there, and interrupts are off, as the stack segment of
 * a selftest's guest cannot be returned to from 64-bit handlers.
 */
asm(".text\n"
	"hcall32:\n"
	"	pushq	%rbx\n"
	"	pushq	%rbp\n"
	"	pushq	%r12\n"
	"	pushq	%r13\n"
	"	pushq	%r14\n"
	"	pushq	%r15\n"
	"	pushfq\n"
	"	cli\n"
	"	leaq	hcall32_vmcall(%rip), %rdx\n"
	"	leaq	hcall32_vmmcall(%rip), %rcx\n"
	"	testl	%esi, %esi\n"
	"	cmovnz	%rcx, %rdx\n"
	"	pushq	$" __stringify(XEN_CS32) "\n"
	"	pushq	%rdx\n"
	"	movl	(%rdi), %eax\n"
	"	movl	8(%rdi), %ebx\n"
	"	movl	16(%rdi), %ecx\n"
	"	movl	24(%rdi), %edx\n"
	"	movl	32(%rdi), %esi\n"
	"	movl	48(%rdi), %ebp\n"
	"	movl	40(%rdi), %edi\n"
	"	lretq\n"
	".code32\n"
	"hcall32_vmcall:\n"
	"	vmcall\n"
	"	ljmp	$" __stringify(XEN_CS64) ", $hcall32_out\n"
	"hcall32_vmmcall:\n"
	"	vmmcall\n"
	"	ljmp	$" __stringify(XEN_CS64) ", $hcall32_out\n"
	".code64\n"
	"hcall32_out:\n"
	"	popfq\n"
	"	popq	%r15\n"
	"	popq	%r14\n"
	"	popq	%r13\n"
	"	popq	%r12\n"
	"	popq	%rbp\n"
	"	popq	%rbx\n"
	"	movslq	%eax, %rax\n"
	"	ret\n");

int64_t hcall32(const struct xen_hcall *call, int use_vmmcall);

int64_t xen_guest_hcall(bool wide, const struct xen_hcall *call)
{
	return wide ? hcall64(call) : hcall32(call, host_cpu_is_amd);
}

int64_t xen_guest_call(bool wide, uint64_t nr, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	struct xen_hcall call = { .nr = nr, .arg = { arg1, arg2, arg3 } };

	return xen_guest_hcall(wide, &call);
}

int64_t xen_guest_send(bool wide, uint32_t port)
{
	volatile uint32_t send = port;

	return xen_guest_call(wide, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
			      (uint64_t)&send, 0);
}

int64_t xen_guest_poll(bool wide, const uint32_t *ports, uint32_t nr_ports, uint64_t timeout)
{
	struct xen_sched_poll32 poll32 = { (uintptr_t)ports, nr_ports, timeout };
	struct xen_sched_poll64 poll64 = { (uintptr_t)ports, nr_ports, 0, timeout };
	void *poll = wide ? (void *)&poll64 : (void *)&poll32;

	asm volatile("" : : "r"(poll) : "memory");
	return xen_guest_call(wide, __HYPERVISOR_sched_op, SCHEDOP_poll, (uintptr_t)poll, 0);
}

int64_t xen_guest_set_timer(bool wide, uint64_t timeout)
{
	if (wide)
		return xen_guest_call(true, __HYPERVISOR_set_timer_op, timeout, 0, 0);
	return xen_guest_call(false, __HYPERVISOR_set_timer_op, (uint32_t)timeout,
			      timeout >> 32, 0);
}

int64_t xen_guest_set_singleshot(bool wide, uint32_t vcpu, uint64_t timeout, uint32_t flags)
{
	struct xen_singleshot_timer timer = { .timeout_abs_ns = timeout, .flags = flags };

	asm volatile("" : : "r"(&timer) : "memory");
	return xen_guest_call(wide, __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, vcpu,
			      (uintptr_t)&timer);
}

int64_t xen_guest_stop_singleshot(bool wide, uint32_t vcpu)
{
	return xen_guest_call(wide, __HYPERVISOR_vcpu_op, VCPUOP_stop_singleshot_timer, vcpu, 0);
}

int64_t xen_guest_yield(void)
{
	return xen_guest_call(true, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
}

static uint64_t scale_tsc(uint64_t ticks, uint32_t mul, int8_t shift)
{
	if (shift < 0)
		ticks >>= -shift;
	else
		ticks <<= shift;
	return (ticks >> 32) * mul + ((ticks & UINT32_MAX) * mul >> 32);
}

uint64_t xen_guest_now(const volatile struct xen_time_info *time)
{
	uint32_t version;
	uint64_t now;

	do {
		version = time->version;
		asm volatile("lfence" : : : "memory");
		now = time->system_time + scale_tsc(rdtsc() - time->tsc_timestamp,
						    time->tsc_to_system_mul, time->tsc_shift);
		asm volatile("lfence" : : : "memory");
	} while (version & 1 || version != time->version);

	return now;
}

/* A flat 32-bit code segment at CPL 0. */
static void add_cs32(struct kvm_vm *vm)
{
	uint64_t *gdt = addr_gva2hva(vm, vm->arch.gdt);

	gdt[XEN_CS32 / 8] = 0x00cf9b000000ffffull;
}

static void map_pages(struct xen_vm *x)
{
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, XEN_PAGES_GPA,
				    XEN_PAGES_SLOT, XEN_NR_PAGES, 0);
	virt_map(x->vm, XEN_PAGES_GPA, XEN_PAGES_GPA, XEN_NR_PAGES);
	x->shinfo = xen_hva(x, XEN_SHINFO_GPA);
}

unsigned int xen_caps(void)
{
	return kvm_check_cap(KVM_CAP_XEN_HVM);
}

int xen_config(struct xen_vm *x, uint32_t flags)
{
	struct kvm_xen_hvm_config config = {
		.flags = flags,
		.msr = XEN_HYPERCALL_MSR,
	};

	return __vm_ioctl(x->vm, KVM_XEN_HVM_CONFIG, &config) ? -errno : 0;
}

struct xen_vm *xen_vm_create_bare(unsigned int nr_vcpus, bool wide, void *guest_code)
{
	struct xen_vm *x = calloc(1, sizeof(*x));

	TEST_ASSERT(x && nr_vcpus <= XEN_MAX_VCPUS, "Cannot have %u vCPUs", nr_vcpus);
	x->nr_vcpus = nr_vcpus;
	x->wide = wide;
	x->vm = vm_create_with_vcpus(nr_vcpus, guest_code, x->vcpu);
	add_cs32(x->vm);
	map_pages(x);
	TEST_ASSERT_EQ(xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL |
				     KVM_XEN_HVM_CONFIG_EVTCHN_SEND), 0);
	TEST_ASSERT_EQ(xen_set_long_mode(x, wide), 0);
	return x;
}

struct xen_vm *xen_vm_create(unsigned int nr_vcpus, bool wide, void *guest_code)
{
	struct xen_vm *x = xen_vm_create_bare(nr_vcpus, wide, guest_code);
	unsigned int i;

	TEST_ASSERT_EQ(xen_set_shared_info(x, XEN_SHINFO_GPA >> PAGE_SHIFT), 0);
	for (i = 0; i < nr_vcpus; i++)
		TEST_ASSERT_EQ(xen_set_vcpu_info(x->vcpu[i], XEN_VCPU_INFO_GPA(i)), 0);
	return x;
}

void xen_vm_free(struct xen_vm *x)
{
	kvm_vm_free(x->vm);
	free(x);
}

void *xen_hva(struct xen_vm *x, uint64_t gpa)
{
	return addr_gpa2hva(x->vm, gpa);
}

void *xen_vcpu_info(struct xen_vm *x, unsigned int vcpu)
{
	return xen_hva(x, XEN_VCPU_INFO_GPA(vcpu));
}

int xen_vm_set(struct xen_vm *x, struct kvm_xen_hvm_attr *attr)
{
	return __vm_ioctl(x->vm, KVM_XEN_HVM_SET_ATTR, attr) ? -errno : 0;
}

int xen_vm_get(struct xen_vm *x, struct kvm_xen_hvm_attr *attr)
{
	return __vm_ioctl(x->vm, KVM_XEN_HVM_GET_ATTR, attr) ? -errno : 0;
}

int xen_vcpu_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *attr)
{
	return __vcpu_ioctl(vcpu, KVM_XEN_VCPU_SET_ATTR, attr) ? -errno : 0;
}

int xen_vcpu_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *attr)
{
	return __vcpu_ioctl(vcpu, KVM_XEN_VCPU_GET_ATTR, attr) ? -errno : 0;
}

int xen_set_long_mode(struct xen_vm *x, bool wide)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_LONG_MODE,
		.u.long_mode = wide,
	};

	return xen_vm_set(x, &attr);
}

int xen_set_shared_info(struct xen_vm *x, uint64_t gfn)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO,
		.u.shared_info.gfn = gfn,
	};

	return xen_vm_set(x, &attr);
}

int xen_set_shared_info_hva(struct xen_vm *x, void *hva)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA,
		.u.shared_info.hva = (uintptr_t)hva,
	};

	return xen_vm_set(x, &attr);
}

int xen_set_vm_vector(struct xen_vm *x, uint8_t vector)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_UPCALL_VECTOR,
		.u.vector = vector,
	};

	return xen_vm_set(x, &attr);
}

int xen_set_vcpu_vector(struct kvm_vcpu *vcpu, uint8_t vector)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR,
		.u.vector = vector,
	};

	return xen_vcpu_set(vcpu, &attr);
}

int xen_set_vcpu_info(struct kvm_vcpu *vcpu, uint64_t gpa)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
		.u.gpa = gpa,
	};

	return xen_vcpu_set(vcpu, &attr);
}

int xen_set_vcpu_info_hva(struct kvm_vcpu *vcpu, void *hva)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA,
		.u.hva = (uintptr_t)hva,
	};

	return xen_vcpu_set(vcpu, &attr);
}

int xen_set_vcpu_id(struct kvm_vcpu *vcpu, uint32_t id)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID,
		.u.vcpu_id = id,
	};

	return xen_vcpu_set(vcpu, &attr);
}

int xen_set_timer(struct kvm_vcpu *vcpu, uint32_t port, uint64_t expires_ns)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER,
		.u.timer.port = port,
		.u.timer.priority = XEN_PRIO_2LEVEL,
		.u.timer.expires_ns = expires_ns,
	};

	return xen_vcpu_set(vcpu, &attr);
}

uint64_t xen_timer_expires(struct kvm_vcpu *vcpu)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER,
	};

	TEST_ASSERT_EQ(xen_vcpu_get(vcpu, &attr), 0);
	return attr.u.timer.expires_ns;
}

int xen_evtchn(struct xen_vm *x, uint32_t flags, uint32_t send_port, uint32_t type,
	       uint32_t port, uint32_t vcpu)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.send_port = send_port,
			.type = type,
			.flags = flags,
			.deliver.port = { port, vcpu, XEN_PRIO_2LEVEL },
		},
	};

	return xen_vm_set(x, &attr);
}

int xen_bind_ipi(struct xen_vm *x, uint32_t port, uint32_t vcpu)
{
	return xen_evtchn(x, 0, port, EVTCHNSTAT_ipi, port, vcpu);
}

int xen_bind_loopback(struct xen_vm *x, uint32_t send_port, uint32_t port, uint32_t vcpu)
{
	return xen_evtchn(x, 0, send_port, EVTCHNSTAT_interdomain, port, vcpu);
}

int xen_bind_eventfd(struct xen_vm *x, uint32_t send_port, int fd)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_EVTCHN,
		.u.evtchn = {
			.send_port = send_port,
			.type = EVTCHNSTAT_interdomain,
			.deliver.eventfd = { .port = 0, .fd = fd },
		},
	};

	return xen_vm_set(x, &attr);
}

int xen_update_port(struct xen_vm *x, uint32_t port, uint32_t vcpu)
{
	return xen_evtchn(x, KVM_XEN_EVTCHN_UPDATE, port, EVTCHNSTAT_ipi, port, vcpu);
}

int xen_unbind(struct xen_vm *x, uint32_t send_port)
{
	return xen_evtchn(x, KVM_XEN_EVTCHN_DEASSIGN, send_port, 0, 0, 0);
}

int xen_reset_ports(struct xen_vm *x)
{
	return xen_evtchn(x, KVM_XEN_EVTCHN_RESET, 0, 0, 0, 0);
}

int xen_send(struct xen_vm *x, uint32_t port, uint32_t vcpu)
{
	struct kvm_irq_routing_xen_evtchn event = { port, vcpu, XEN_PRIO_2LEVEL };

	return __vm_ioctl(x->vm, KVM_XEN_HVM_EVTCHN_SEND, &event) ? -errno : 0;
}

void xen_route_add(struct xen_routes *routes, uint32_t gsi, uint32_t port, uint32_t vcpu)
{
	struct kvm_irq_routing_entry *entry;

	if (!routes->table)
		routes->table = kvm_gsi_routing_create();
	TEST_ASSERT(routes->table->nr < KVM_MAX_IRQ_ROUTES, "Too many routes");

	entry = &routes->table->entries[routes->table->nr++];
	entry->gsi = gsi;
	entry->type = KVM_IRQ_ROUTING_XEN_EVTCHN;
	entry->u.xen_evtchn.port = port;
	entry->u.xen_evtchn.vcpu = vcpu;
	entry->u.xen_evtchn.priority = XEN_PRIO_2LEVEL;
}

/* The table is spent: the library's writer frees it. */
int xen_route_write(struct xen_vm *x, struct xen_routes *routes)
{
	int rc = _kvm_gsi_routing_write(x->vm, routes->table) ? -errno : 0;

	routes->table = NULL;
	return rc;
}

int xen_irqfd(struct xen_vm *x, uint32_t gsi)
{
	struct kvm_irqfd irqfd = { .gsi = gsi };
	int fd = eventfd(0, 0);

	TEST_ASSERT(fd >= 0, "eventfd() failed, errno %d", errno);
	irqfd.fd = fd;
	vm_ioctl(x->vm, KVM_IRQFD, &irqfd);
	return fd;
}

uint64_t xen_vm_now(struct xen_vm *x)
{
	struct kvm_clock_data data = {};

	vm_ioctl(x->vm, KVM_GET_CLOCK, &data);
	return data.clock;
}

static struct kvm_stats_desc *find_stat(struct kvm_stats_header *header,
					struct kvm_stats_desc *descs, const char *name)
{
	struct kvm_stats_desc *desc;
	uint32_t i;

	for (i = 0; i < header->num_desc; i++) {
		desc = get_stats_descriptor(descs, i, header);
		if (!strcmp(desc->name, name))
			return desc;
	}
	TEST_FAIL("No statistic is named %s", name);
	return NULL;
}

uint64_t xen_stat(int stats, const char *name)
{
	struct kvm_stats_header header;
	struct kvm_stats_desc *descs;
	uint64_t value = 0;

	read_stats_header(stats, &header);
	descs = read_stats_descriptors(stats, &header);
	read_stat_data(stats, &header, find_stat(&header, descs, name), &value, 1);
	free(descs);
	return value;
}

uint64_t xen_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

uint64_t xen_step(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_IO);
	switch (get_ucall(vcpu, &uc)) {
	case UCALL_SYNC:
		return uc.args[1];
	case UCALL_ABORT:
		REPORT_GUEST_ASSERT(uc);
		break;
	default:
		TEST_FAIL("Unexpected end of the guest, ucall %lu", uc.cmd);
	}
	return 0;
}

void xen_guest_obey(void)
{
	struct xen_hcall call;

	for (;;) {
		call = XEN_ORDER->call;
		XEN_ORDER->result = xen_guest_hcall(XEN_ORDER->wide, &call);
		XEN_ORDER->turns++;
		GUEST_SYNC(XEN_ORDER->turns);
	}
}

struct xen_order *xen_get_order(struct xen_vm *x)
{
	return xen_hva(x, XEN_SPARE_GPA(0));
}

static struct xen_order *give_order(struct xen_vm *x, bool wide, uint64_t nr, uint64_t arg1,
				    uint64_t arg2, uint64_t arg3)
{
	struct xen_order *order = xen_get_order(x);

	order->wide = wide;
	order->call = (struct xen_hcall) { .nr = nr, .arg = { arg1, arg2, arg3 } };
	return order;
}

int64_t xen_order(struct xen_vm *x, bool wide, uint64_t nr, uint64_t arg1, uint64_t arg2,
		  uint64_t arg3)
{
	struct xen_order *order = give_order(x, wide, nr, arg1, arg2, arg3);

	xen_step(x->vcpu[0]);
	return order->result;
}

int64_t xen_order_send(struct xen_vm *x, bool wide, uint32_t port)
{
	*(uint32_t *)xen_get_order(x)->data = port;
	return xen_order(x, wide, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
			 XEN_ORDER_DATA, 0);
}

bool xen_order_exits(struct xen_vm *x, bool wide, uint64_t nr, uint64_t arg1, uint64_t arg2,
		     uint64_t answer)
{
	struct xen_order *order = give_order(x, wide, nr, arg1, arg2, 0);
	struct kvm_run *run = x->vcpu[0]->run;
	struct ucall uc;

	vcpu_run(x->vcpu[0]);
	if (run->exit_reason != KVM_EXIT_XEN) {
		get_ucall(x->vcpu[0], &uc);
		return false;
	}

	TEST_ASSERT_EQ(run->xen.type, KVM_EXIT_XEN_HCALL);
	TEST_ASSERT_EQ(run->xen.u.hcall.input, nr);
	TEST_ASSERT_EQ(run->xen.u.hcall.longmode, wide);
	TEST_ASSERT_EQ(run->xen.u.hcall.cpl, 0);
	TEST_ASSERT_EQ(run->xen.u.hcall.params[0], arg1);
	TEST_ASSERT_EQ(run->xen.u.hcall.params[1], arg2);
	run->xen.u.hcall.result = answer;
	xen_step(x->vcpu[0]);
	TEST_ASSERT_EQ(order->result, answer);
	return true;
}

static void kick_handler(int sig)
{
}

static void runner_fails(struct xen_runner *r, const char *text)
{
	snprintf(r->failure, sizeof(r->failure), "%.*s", (int)sizeof(r->failure) - 1, text);
	WRITE_ONCE(r->done, true);
}

/* False: the guest will not be run again. */
static bool runner_handles_exit(struct xen_runner *r)
{
	struct ucall uc;

	if (r->vcpu->run->exit_reason == KVM_EXIT_XEN) {
		r->vcpu->run->xen.u.hcall.result = -XEN_ENOSYS;
		return true;
	}
	if (r->vcpu->run->exit_reason != KVM_EXIT_IO) {
		runner_fails(r, exit_reason_str(r->vcpu->run->exit_reason));
		return false;
	}

	switch (get_ucall(r->vcpu, &uc)) {
	case UCALL_SYNC:
		WRITE_ONCE(r->stage, uc.args[1]);
		return true;
	case UCALL_DONE:
		WRITE_ONCE(r->done, true);
		return false;
	default:
		runner_fails(r, uc.buffer);
		return false;
	}
}

static void *runner_thread(void *arg)
{
	struct xen_runner *r = arg;

	while (!READ_ONCE(r->stop)) {
		if (__vcpu_run(r->vcpu)) {
			if (errno == EINTR)
				continue;
			runner_fails(r, strerror(errno));
			break;
		}
		if (!runner_handles_exit(r))
			break;
	}
	return NULL;
}

void xen_runner_start(struct xen_runner *r, struct kvm_vcpu *vcpu)
{
	struct sigaction action = { .sa_handler = kick_handler };

	memset(r, 0, sizeof(*r));
	r->vcpu = vcpu;
	r->stats = vcpu_get_stats_fd(vcpu);
	vcpu->run->immediate_exit = 0;
	sigaction(SIGUSR1, &action, NULL);
	TEST_ASSERT(!pthread_create(&r->thread, NULL, runner_thread, r), "No thread");
}

/* Make KVM_RUN return -EINTR once; the thread enters the guest again. */
void xen_runner_kick(struct xen_runner *r)
{
	pthread_kill(r->thread, SIGUSR1);
}

void xen_runner_stop(struct xen_runner *r)
{
	WRITE_ONCE(r->stop, true);
	WRITE_ONCE(r->vcpu->run->immediate_exit, 1);
	pthread_kill(r->thread, SIGUSR1);
	pthread_join(r->thread, NULL);
	close(r->stats);
	r->vcpu->run->immediate_exit = 0;
}

bool xen_runner_reaches(struct xen_runner *r, uint64_t stage)
{
	return xen_wait_for(READ_ONCE(r->stage) >= stage || READ_ONCE(r->done)) &&
	       READ_ONCE(r->stage) >= stage;
}

bool xen_runner_blocks(struct xen_runner *r)
{
	return xen_wait_for(xen_stat(r->stats, "blocking"));
}
