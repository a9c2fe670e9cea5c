// SPDX-License-Identifier: GPL-2.0
/*
 * One guest that tries the methods of notification in the order in which FreeBSD does,
 * from boot to its last event, under one VMM that offers it some of them: the first
 * method that is offered has to work, and no other may be used.
 *
 * The guest looks for Xen in CPUID, asks for the hypercall page, registers its
 * pages, and asks for a vector for each vCPU; if that is refused a vector for all,
 * and at last the interrupt of its platform device: a GSI, or a pin that its
 * bridge routes.  The VMM answers its calls by setting attributes.  If this
 * fails, a VMM that does what the documentation says has guests that wait for
 * their events for ever.  Stock 6.12 has no such callback.
 */
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "apic.h"
#include "xen_harness.h"
#include "xen_line.h"

#define NR_VCPUS		2
#define EVENTS			300
#define FIRST_PORT		8
#define HYPERCALL_PAGE		XEN_SPARE_GPA(2)
#define IOAPIC_GPA		0xfec00000ull
#define IOAPIC_SELECT		0x00
#define IOAPIC_WINDOW		0x10

#define XENMEM_add_to_physmap	7
#define XENMAPSPACE_shared_info	0
#define EVTCHNOP_bind_ipi	7
#define HVMOP_set_param		0
#define HVMOP_set_evtchn_upcall_vector 23
#define HVM_PARAM_CALLBACK_IRQ	0
#define DOMID_SELF		0x7ff0
#define VIA_PCI_INTX		(1ull << 56)
#define VIA_VECTOR		(2ull << 56)
#define VIA_TYPE(value)		((value) >> 56)
#define PLATFORM_INTX		(3u << 11)	/* device 3, pin A */

/* The arguments of calls. */
struct add_to_physmap {
	uint16_t domid;
	uint16_t size;
	uint32_t space;
	uint64_t idx;
	uint64_t gpfn;
};

struct register_vcpu_info {
	uint64_t mfn;
	uint32_t offset;
	uint32_t rsvd;
};

struct bind_ipi {
	uint32_t vcpu;
	uint32_t port;
};

struct set_param {
	uint16_t domid;
	uint16_t pad;
	uint32_t index;
	uint64_t value;
};

struct upcall_vector {
	uint32_t vcpu;
	uint8_t vector;
};

enum method { BY_NOTHING, BY_VCPU_VECTOR, BY_VM_VECTOR, BY_GSI, BY_INTX, NR_METHODS };

/* Shared by guest and host; a guest finds the interrupt in ACPI. */
struct shared {
	uint32_t platform_irq;
	uint32_t method;			/* that the guest chose */
	uint32_t nr_refused;		/* before that */
	uint32_t nr_ready;		/* vCPUs */
	uint32_t nr_done;
	uint32_t port[NR_VCPUS];	/* that a vCPU sends on */
	uint32_t handled[NR_VCPUS];	/* of these */
	uint32_t nr_upcalls[NR_METHODS][NR_VCPUS];
};

#define SHARED		((volatile struct shared *)XEN_SPARE_GPA(1))

/* Guest */

static int64_t page_call(uint64_t nr, uint64_t op, const void *arg)
{
	uint64_t rsi = (uintptr_t)arg, rdx = 0;
	int64_t rax = HYPERCALL_PAGE + 32 * nr;

	asm volatile("call *%%rax" : "+a"(rax), "+D"(op), "+S"(rsi), "+d"(rdx) : : "memory");
	return rax;
}

static int64_t vcpu_call(uint64_t op, uint64_t vcpu, const void *arg)
{
	uint64_t rdx = (uintptr_t)arg;
	int64_t rax = HYPERCALL_PAGE + 32 * __HYPERVISOR_vcpu_op;

	asm volatile("call *%%rax" : "+a"(rax), "+D"(op), "+S"(vcpu), "+d"(rdx) : : "memory");
	return rax;
}

static uint32_t find_xen(void)
{
	uint32_t base, eax, ebx, ecx, edx;

	for (base = 0x40000000; base < 0x40010000; base += 0x100) {
		cpuid(base, &eax, &ebx, &ecx, &edx);
		/* XenV MMXe nVMM */
		if (ebx == 0x566e6558 && ecx == 0x65584d4d && edx == 0x4d4d566e && eax >= base + 2)
			return base;
	}
	GUEST_FAIL("No Xen in CPUID");
	return 0;
}

static void ask_for_hypercall_page(void)
{
	uint32_t eax, ebx, ecx, edx;

	cpuid(find_xen() + 2, &eax, &ebx, &ecx, &edx);
	GUEST_ASSERT_EQ(eax, 1);
	wrmsr(ebx, HYPERCALL_PAGE);
}

static void register_shared_info(void)
{
	struct add_to_physmap add = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
		.gpfn = XEN_SHINFO_GPA >> 12,
	};

	GUEST_ASSERT_EQ(page_call(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add), 0);
}

static void register_vcpu_info(uint32_t vcpu)
{
	struct register_vcpu_info info = { .mfn = XEN_VCPU_INFO_GPA(vcpu) >> 12 };

	GUEST_ASSERT_EQ(vcpu_call(VCPUOP_register_vcpu_info, vcpu, &info), 0);
}

static int64_t set_vcpu_vector(uint32_t vcpu)
{
	struct upcall_vector arg = { .vcpu = vcpu, .vector = XEN_VCPU_VECTOR };

	return page_call(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, &arg);
}

static int64_t set_callback_irq(uint64_t value)
{
	struct set_param param = {
		.domid = DOMID_SELF,
		.index = HVM_PARAM_CALLBACK_IRQ,
		.value = value,
	};

	return page_call(__HYPERVISOR_hvm_op, HVMOP_set_param, &param);
}

static void write_ioapic(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(IOAPIC_GPA + IOAPIC_SELECT) = reg;
	*(volatile uint32_t *)(IOAPIC_GPA + IOAPIC_WINDOW) = value;
}

/* An ISA interrupt is one of the PIC, too, whose vectors are those of exceptions. */
static void mask_pic(void)
{
	xen_guest_out(0x21, 0xff);
	xen_guest_out(0xa1, 0xff);
}

/* ISA interrupts are edge triggered, those of PCI are not. */
static enum method set_platform_irq(void)
{
	uint32_t irq = SHARED->platform_irq;
	bool is_isa = irq < 16;

	mask_pic();
	write_ioapic(0x11 + 2 * irq, 0);
	write_ioapic(0x10 + 2 * irq, XEN_LINE_VECTOR | (is_isa ? 0 : XEN_IOAPIC_LEVEL));
	GUEST_ASSERT_EQ(set_callback_irq(is_isa ? irq : VIA_PCI_INTX | PLATFORM_INTX), 0);
	return is_isa ? BY_GSI : BY_INTX;
}

static enum method choose_method(void)
{
	if (!set_vcpu_vector(0))
		return BY_VCPU_VECTOR;
	SHARED->nr_refused++;
	if (!set_callback_irq(VIA_VECTOR | XEN_VM_VECTOR))
		return BY_VM_VECTOR;
	SHARED->nr_refused++;
	return set_platform_irq();
}

/* A line notifies of events of vCPU 0: all ports are bound to that. */
static void bind_port(uint32_t vcpu)
{
	bool by_line = SHARED->method == BY_GSI || SHARED->method == BY_INTX;
	struct bind_ipi bind = { .vcpu = by_line ? 0 : !vcpu };

	GUEST_ASSERT_EQ(page_call(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &bind), 0);
	SHARED->port[vcpu] = bind.port;
}

static void send_all(uint32_t vcpu)
{
	uint32_t port = SHARED->port[vcpu], i;

	for (i = 1; i <= EVENTS; i++) {
		GUEST_ASSERT_EQ(page_call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &port), 0);
		while (SHARED->handled[vcpu] != i)
			xen_guest_irq_window();
	}
}

static void wait_until(volatile uint32_t *value, uint32_t is)
{
	while (*value < is)
		xen_guest_irq_window();
}

static void guest_code(uint64_t vcpu)
{
	x2apic_enable();
	if (!vcpu) {
		ask_for_hypercall_page();
		register_shared_info();
		register_vcpu_info(0);
		SHARED->method = choose_method();
	} else {
		wait_until(&SHARED->method, BY_NOTHING + 1);
		register_vcpu_info(vcpu);
		if (SHARED->method == BY_VCPU_VECTOR)
			GUEST_ASSERT_EQ(set_vcpu_vector(vcpu), 0);
	}

	bind_port(vcpu);
	__atomic_fetch_add(&SHARED->nr_ready, 1, __ATOMIC_SEQ_CST);
	wait_until(&SHARED->nr_ready, NR_VCPUS);
	send_all(vcpu);
	__atomic_fetch_add(&SHARED->nr_done, 1, __ATOMIC_SEQ_CST);
	wait_until(&SHARED->nr_done, NR_VCPUS);
	GUEST_DONE();
}

static void handle_port(uint32_t port)
{
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		if (SHARED->port[i] == port)
			SHARED->handled[i]++;
}

static void upcall(enum method method)
{
	uint32_t vcpu = x2apic_read_reg(APIC_ID);
	void *vcpu_info = (void *)XEN_VCPU_INFO_GPA(vcpu);
	uint32_t port;
	uint64_t sel;

	SHARED->nr_upcalls[method][vcpu]++;
	__atomic_store_n(xen_upcall_pending(vcpu_info), 0, __ATOMIC_SEQ_CST);
	sel = xen_take_sel(vcpu_info, true);
	for (port = FIRST_PORT; port < FIRST_PORT + 64 * NR_VCPUS; port += 64)
		if ((sel & xen_sel_bit(true, port)) &&
		    xen_clear_pending((void *)XEN_SHINFO_GPA, port))
			handle_port(port);
}

static void vcpu_upcall(struct ex_regs *regs)
{
	x2apic_write_reg(APIC_EOI, 0);
	upcall(BY_VCPU_VECTOR);
}

static void vm_upcall(struct ex_regs *regs)
{
	upcall(BY_VM_VECTOR);
}

static void line_upcall(struct ex_regs *regs)
{
	upcall(SHARED->platform_irq < 16 ? BY_GSI : BY_INTX);
	x2apic_write_reg(APIC_EOI, 0);
}

/* The VMM */

struct vmm {
	struct xen_vm *x;
	bool vcpu_vectors;		/* what it offers */
	bool vm_vector;
	uint32_t platform_gsi;

	/* Its own IOAPIC, where KVM has none. */
	bool split;
	pthread_mutex_t lock;
	uint32_t select;
	uint64_t entry;			/* of platform_gsi; other pins are not there */
	bool high;
	int assert_fd;
	int resample_fd;
	int stop_fd;
	pthread_t line_thread;
	unsigned int nr_eois;
};

static void *guest_arg(struct vmm *vmm, uint64_t gva)
{
	return addr_gva2hva(vmm->x->vm, gva);
}

/* The pin's interrupt, if it is to make one now. */
static void drive_pin(struct vmm *vmm)
{
	struct kvm_msi msi = {
		.address_lo = APIC_DEFAULT_GPA,
		.data = vmm->entry & (0xff | XEN_IOAPIC_LEVEL),
	};

	if (!vmm->high || (vmm->entry & XEN_IOAPIC_MASKED))
		return;
	TEST_ASSERT(__vm_ioctl(vmm->x->vm, KVM_SIGNAL_MSI, &msi) >= 0, "No MSI");
	if (!(vmm->entry & XEN_IOAPIC_LEVEL))
		vmm->high = false;
}

/* Have KVM exit at the EOI of the pin's vector. */
static void route_pin(struct vmm *vmm)
{
	struct kvm_irq_routing *routing = kvm_gsi_routing_create();

	routing->nr = 1;
	routing->entries[0] = (struct kvm_irq_routing_entry) {
		.gsi = vmm->platform_gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi.address_lo = APIC_DEFAULT_GPA,
		.u.msi.data = vmm->entry & (0xff | XEN_IOAPIC_LEVEL),
	};
	kvm_gsi_routing_write(vmm->x->vm, routing);
}

static void write_window(struct vmm *vmm, uint32_t value)
{
	if (vmm->select != 0x10 + 2 * vmm->platform_gsi)
		return;
	vmm->entry = value;
	route_pin(vmm);
	drive_pin(vmm);
}

static bool handle_mmio(struct vmm *vmm, struct kvm_run *run)
{
	uint64_t offset = run->mmio.phys_addr - IOAPIC_GPA;
	uint32_t value;

	if (!vmm->split || !run->mmio.is_write || run->mmio.len != sizeof(value))
		return false;

	memcpy(&value, run->mmio.data, sizeof(value));
	pthread_mutex_lock(&vmm->lock);
	if (offset == IOAPIC_SELECT)
		vmm->select = value;
	else
		write_window(vmm, value);
	pthread_mutex_unlock(&vmm->lock);
	return true;
}

/* There is no PIC in a split irqchip; to mask it does nothing. */
static bool handle_io(struct vmm *vmm, struct kvm_run *run)
{
	return vmm->split && (run->io.port == 0x21 || run->io.port == 0xa1);
}

/* The line goes down, and up again if the kernel still wants it. */
static bool handle_eoi(struct vmm *vmm, struct kvm_run *run)
{
	if (run->eoi.vector != XEN_LINE_VECTOR)
		return false;

	pthread_mutex_lock(&vmm->lock);
	vmm->high = false;
	vmm->nr_eois++;
	pthread_mutex_unlock(&vmm->lock);
	xen_eventfd_signal(vmm->resample_fd);
	return true;
}

static void *line_thread(void *arg)
{
	struct vmm *vmm = arg;
	struct pollfd fds[] = {
		{ .fd = vmm->assert_fd, .events = POLLIN },
		{ .fd = vmm->stop_fd, .events = POLLIN },
	};

	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		if (!xen_eventfd_take(vmm->assert_fd))
			continue;
		pthread_mutex_lock(&vmm->lock);
		vmm->high = true;
		drive_pin(vmm);
		pthread_mutex_unlock(&vmm->lock);
	}
	return NULL;
}

static int set_line(struct vmm *vmm, uint32_t type)
{
	struct kvm_xen_callback callback = { .type = type, .gsi = vmm->platform_gsi };

	if (vmm->split) {
		callback.flags = KVM_XEN_CALLBACK_EVENTFD;
		callback.assert_fd = vmm->assert_fd;
		callback.resample_fd = vmm->resample_fd;
	}
	return xen_set_callback(vmm->x, &callback);
}

/* A pin of the bridge is routed to the GSI of the platform device. */
static int64_t do_set_param(struct vmm *vmm, struct kvm_vcpu *vcpu, __u64 *params)
{
	struct set_param *param = guest_arg(vmm, params[1]);

	if (param->domid != DOMID_SELF || param->index != HVM_PARAM_CALLBACK_IRQ)
		return -XEN_EINVAL;

	switch (VIA_TYPE(param->value)) {
	case 0:
		return param->value == vmm->platform_gsi ?
		       set_line(vmm, KVM_XEN_CALLBACK_GSI) : -XEN_EINVAL;
	case 1:
		return param->value == (VIA_PCI_INTX | PLATFORM_INTX) ?
		       set_line(vmm, KVM_XEN_CALLBACK_PCI_INTX) : -XEN_EINVAL;
	case 2:
		return vmm->vm_vector ? xen_set_callback(vmm->x, &(struct kvm_xen_callback) {
			.type = KVM_XEN_CALLBACK_VECTOR,
			.vector = (uint8_t)param->value,
		}) : -XEN_EINVAL;
	default:
		return -XEN_EINVAL;
	}
}

static int64_t do_upcall_vector(struct vmm *vmm, struct kvm_vcpu *vcpu, __u64 *params)
{
	struct upcall_vector *arg = guest_arg(vmm, params[1]);

	if (!vmm->vcpu_vectors)
		return -XEN_ENOSYS;
	if (arg->vcpu != vcpu->id)
		return -XEN_ENOENT;
	return xen_set_vcpu_vector(vcpu, arg->vector);
}

static int64_t do_add_to_physmap(struct vmm *vmm, struct kvm_vcpu *vcpu, __u64 *params)
{
	struct add_to_physmap *add = guest_arg(vmm, params[1]);

	if (add->domid != DOMID_SELF || add->space != XENMAPSPACE_shared_info || add->idx)
		return -XEN_EINVAL;
	return xen_set_shared_info(vmm->x, add->gpfn);
}

static int64_t do_register_vcpu_info(struct vmm *vmm, struct kvm_vcpu *vcpu, __u64 *params)
{
	struct register_vcpu_info *info = guest_arg(vmm, params[2]);

	if (params[1] != vcpu->id)
		return -XEN_ENOENT;
	return xen_set_vcpu_info(vcpu, (info->mfn << 12) + info->offset);
}

/* Ports behind a selector bit each, for vCPU 0's and vCPU 1's sends. */
static int64_t do_bind_ipi(struct vmm *vmm, struct kvm_vcpu *vcpu, __u64 *params)
{
	struct bind_ipi *bind = guest_arg(vmm, params[1]);

	if (bind->vcpu >= NR_VCPUS)
		return -XEN_ENOENT;
	bind->port = FIRST_PORT + 64 * vcpu->id;
	return xen_bind_ipi(vmm->x, bind->port, bind->vcpu);
}

static const struct {
	uint64_t nr;
	uint64_t op;
	int64_t (*answer)(struct vmm *vmm, struct kvm_vcpu *vcpu, __u64 *params);
} calls[] = {
	{ __HYPERVISOR_memory_op, XENMEM_add_to_physmap, do_add_to_physmap },
	{ __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, do_register_vcpu_info },
	{ __HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, do_bind_ipi },
	{ __HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, do_upcall_vector },
	{ __HYPERVISOR_hvm_op, HVMOP_set_param, do_set_param },
};

static bool handle_hypercall(struct vmm *vmm, struct kvm_vcpu *vcpu)
{
	struct kvm_xen_exit *xen = &vcpu->run->xen;
	unsigned int i;

	xen->u.hcall.result = -XEN_ENOSYS;
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].nr == xen->u.hcall.input && calls[i].op == xen->u.hcall.params[0])
			xen->u.hcall.result = calls[i].answer(vmm, vcpu, xen->u.hcall.params);
	return true;
}

static bool handle_exit(struct xen_runner *r, void *arg)
{
	struct kvm_run *run = r->vcpu->run;
	struct vmm *vmm = arg;

	switch (run->exit_reason) {
	case KVM_EXIT_XEN:
		return handle_hypercall(vmm, r->vcpu);
	case KVM_EXIT_MMIO:
		return handle_mmio(vmm, run);
	case KVM_EXIT_IOAPIC_EOI:
		return handle_eoi(vmm, run);
	case KVM_EXIT_IO:
		return handle_io(vmm, run);
	default:
		return false;
	}
}

FIXTURE(guest) {
	struct vmm vmm;
	struct xen_runner r[NR_VCPUS];
	struct shared *shared;
};

FIXTURE_VARIANT(guest) {
	bool vcpu_vectors;
	bool vm_vector;
	bool split;
	uint32_t platform_gsi;
	enum method method;
	uint32_t nr_refused;
};

FIXTURE_VARIANT_ADD(guest, is_offered_all) {
	.vcpu_vectors = true, .vm_vector = true, .platform_gsi = 20, .method = BY_VCPU_VECTOR,
};

FIXTURE_VARIANT_ADD(guest, is_offered_a_vector_for_all) {
	.vm_vector = true, .platform_gsi = 20, .method = BY_VM_VECTOR, .nr_refused = 1,
};

FIXTURE_VARIANT_ADD(guest, is_offered_a_gsi) {
	.platform_gsi = 9, .method = BY_GSI, .nr_refused = 2,
};

FIXTURE_VARIANT_ADD(guest, is_offered_a_pci_pin) {
	.platform_gsi = 20, .method = BY_INTX, .nr_refused = 2,
};

FIXTURE_VARIANT_ADD(guest, of_a_split_irqchip_is_offered_all) {
	.vcpu_vectors = true, .vm_vector = true, .split = true, .platform_gsi = 20,
	.method = BY_VCPU_VECTOR,
};

FIXTURE_VARIANT_ADD(guest, of_a_split_irqchip_is_offered_a_gsi) {
	.split = true, .platform_gsi = 9, .method = BY_GSI, .nr_refused = 2,
};

FIXTURE_VARIANT_ADD(guest, of_a_split_irqchip_is_offered_a_pci_pin) {
	.split = true, .platform_gsi = 20, .method = BY_INTX, .nr_refused = 2,
};

/* CPUID as Xen's guests see it: its leaves alone, where KVM's would be. */
static void set_cpuid(struct kvm_vcpu *vcpu)
{
	const struct kvm_cpuid2 *host = kvm_get_supported_cpuid();
	struct kvm_cpuid2 *cpuid = allocate_kvm_cpuid2(host->nent + 3);
	uint32_t base = XEN_CPUID_BASE + 0x100;
	struct kvm_cpuid_entry2 *xen;
	unsigned int i;

	cpuid->nent = 0;
	for (i = 0; i < host->nent; i++)
		if (host->entries[i].function >> 16 != 0x4000)
			cpuid->entries[cpuid->nent++] = host->entries[i];
	xen = &cpuid->entries[cpuid->nent];
	cpuid->nent += 3;
	xen[0] = (struct kvm_cpuid_entry2) { .function = base, .eax = base + 2 };
	memcpy(&xen[0].ebx, "XenVMMXenVMM", 12);
	xen[1] = (struct kvm_cpuid_entry2) { .function = base + 1, .eax = 4 << 16 | 17 };
	xen[2] = (struct kvm_cpuid_entry2) {
		.function = base + 2,
		.eax = 1,
		.ebx = XEN_HYPERCALL_MSR,
	};
	vcpu_init_cpuid(vcpu, cpuid);
	free(cpuid);
}

static void make_guest(struct vmm *vmm)
{
	struct kvm_vm *vm = vmm->x->vm;
	uint64_t i;

	virt_map(vm, IOAPIC_GPA, IOAPIC_GPA, 1);
	vm_install_exception_handler(vm, XEN_VCPU_VECTOR, vcpu_upcall);
	vm_install_exception_handler(vm, XEN_VM_VECTOR, vm_upcall);
	vm_install_exception_handler(vm, XEN_LINE_VECTOR, line_upcall);
	for (i = 0; i < NR_VCPUS; i++) {
		set_cpuid(vmm->x->vcpu[i]);
		vcpu_args_set(vmm->x->vcpu[i], 1, i);
	}
}

FIXTURE_SETUP(guest)
{
	struct vmm *vmm = &self->vmm;

	*vmm = (struct vmm) {
		.x = variant->split ? xen_vm_create_split(NR_VCPUS, true, guest_code) :
				      xen_vm_create_bare(NR_VCPUS, true, guest_code),
		.vcpu_vectors = variant->vcpu_vectors,
		.vm_vector = variant->vm_vector,
		.platform_gsi = variant->platform_gsi,
		.split = variant->split,
		.entry = XEN_IOAPIC_MASKED,
		.assert_fd = xen_eventfd(),
		.resample_fd = xen_eventfd(),
		.stop_fd = xen_eventfd(),
	};
	pthread_mutex_init(&vmm->lock, NULL);
	ASSERT_EQ(0, xen_line_config(vmm->x));
	make_guest(vmm);
	self->shared = xen_hva(vmm->x, XEN_SPARE_GPA(1));
	self->shared->platform_irq = variant->platform_gsi;
	ASSERT_EQ(0, pthread_create(&vmm->line_thread, NULL, line_thread, vmm));
}

FIXTURE_TEARDOWN(guest)
{
	struct vmm *vmm = &self->vmm;

	xen_eventfd_signal(vmm->stop_fd);
	pthread_join(vmm->line_thread, NULL);
	xen_vm_free(vmm->x);
	close(vmm->assert_fd);
	close(vmm->resample_fd);
	close(vmm->stop_fd);
}

static uint32_t nr_handled(FIXTURE_DATA(guest) *self)
{
	return READ_ONCE(self->shared->handled[0]) + READ_ONCE(self->shared->handled[1]);
}

static bool is_over(FIXTURE_DATA(guest) *self)
{
	return READ_ONCE(self->r[0].done) && READ_ONCE(self->r[1].done);
}

/* Both vCPUs, to the end of the guest, or until it makes no progress. */
static bool run_to_its_end(FIXTURE_DATA(guest) *self)
{
	uint32_t handled;
	bool over;
	int i;

	for (i = 0; i < NR_VCPUS; i++)
		xen_runner_start_with(&self->r[i], self->vmm.x->vcpu[i], handle_exit, &self->vmm);
	do {
		handled = nr_handled(self);
		over = xen_wait_for(is_over(self) || nr_handled(self) > handled);
	} while (over && !is_over(self));
	for (i = 0; i < NR_VCPUS; i++)
		xen_runner_stop(&self->r[i]);
	return over;
}

static uint32_t count_upcalls(FIXTURE_DATA(guest) *self, enum method method)
{
	return self->shared->nr_upcalls[method][0] + self->shared->nr_upcalls[method][1];
}

TEST_F(guest, is_notified_by_the_first_method_that_it_is_offered_and_no_other)
{
	bool is_line = variant->method == BY_GSI || variant->method == BY_INTX;
	enum method method;
	int i;

	EXPECT_TRUE(run_to_its_end(self));
	for (i = 0; i < NR_VCPUS; i++)
		EXPECT_STREQ("", self->r[i].failure);
	EXPECT_EQ(variant->method, self->shared->method);
	EXPECT_EQ(variant->nr_refused, self->shared->nr_refused);
	for (i = 0; i < NR_VCPUS; i++)
		EXPECT_EQ(EVENTS, self->shared->handled[i]);
	for (method = 0; method < NR_METHODS; method++) {
		if (method != variant->method)
			EXPECT_EQ(0, count_upcalls(self, method));
	}
	EXPECT_LE(EVENTS, count_upcalls(self, variant->method));
	EXPECT_EQ(is_line, !self->shared->nr_upcalls[variant->method][1]);
	EXPECT_EQ(variant->split && variant->method == BY_INTX, self->vmm.nr_eois > 0);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_EVTCHN_SEND)
