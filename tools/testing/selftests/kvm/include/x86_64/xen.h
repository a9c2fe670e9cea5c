/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Xen's guest ABI, and what a test of KVM's Xen support needs around it.
 *
 * Owns the numbers and layouts that guests and KVM share, in both widths, and
 * the declarations of lib/xen.c, xen_guest.c and xen_runner.c.  "Wide" stands
 * for 64-bit, "narrow" for 32-bit; the width of the shared pages belongs to the
 * VM, the width of a hypercall to the code segment that makes it.
 *
 * Functions named xen_guest_*() run in the guest, accessors of guest memory
 * run on both sides, all others on the host.
 */
#ifndef SELFTEST_KVM_XEN_H
#define SELFTEST_KVM_XEN_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <linux/kvm_xen.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_compat.h"
#include "xen_thread.h"

/* Hypercalls. */
#define __HYPERVISOR_memory_op			12
#define __HYPERVISOR_multicall			13
#define __HYPERVISOR_set_timer_op		15
#define __HYPERVISOR_xen_version		17
#define __HYPERVISOR_console_io			18
#define __HYPERVISOR_grant_table_op		20
#define __HYPERVISOR_vcpu_op			24
#define __HYPERVISOR_sched_op			29
#define __HYPERVISOR_event_channel_op		32
#define __HYPERVISOR_physdev_op			33
#define __HYPERVISOR_hvm_op			34

#define XENVER_version				0
#define XENVER_extraversion			1
#define XENVER_get_features			6

#define SCHEDOP_yield				0
#define SCHEDOP_block				1
#define SCHEDOP_shutdown			2
#define SCHEDOP_poll				3

#define EVTCHNOP_bind_interdomain		0
#define EVTCHNOP_close				3
#define EVTCHNOP_send				4
#define EVTCHNOP_status				5
#define EVTCHNOP_unmask				9
#define EVTCHNOP_init_control			11

#define VCPUOP_is_up				3
#define VCPUOP_stop_periodic_timer		7
#define VCPUOP_set_singleshot_timer		8
#define VCPUOP_stop_singleshot_timer		9
#define VCPUOP_register_vcpu_info		10

#define VCPU_SSHOTTMR_future			(1u << 0)

#define EVTCHNSTAT_closed			0
#define EVTCHNSTAT_unbound			1
#define EVTCHNSTAT_interdomain			2
#define EVTCHNSTAT_pirq				3
#define EVTCHNSTAT_virq				4
#define EVTCHNSTAT_ipi				5

#define RUNSTATE_running			0
#define RUNSTATE_runnable			1
#define RUNSTATE_blocked			2
#define RUNSTATE_offline			3
#define XEN_RUNSTATE_UPDATE			(1ull << 63)

/* Xen's own errno values; those a guest can meet here. */
#define XEN_EPERM				1
#define XEN_ENOENT				2
#define XEN_EFAULT				14
#define XEN_EINVAL				22
#define XEN_ENOSYS				38
#define XEN_ETIME				62

#define XEN_CPUID_BASE				0x40000000u
#define XEN_HYPERCALL_MSR			0x40000000u

#define XEN_NR_PORTS_NARROW			1024u
#define XEN_NR_PORTS_WIDE			4096u
#define XEN_MAX_POLL_PORTS			128u
#define XEN_LEGACY_VCPUS			32
#define XEN_PRIO_2LEVEL				KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL

struct xen_time_info {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags;
	uint8_t pad[2];
};
static_assert(sizeof(struct xen_time_info) == 32, "time info");

struct xen_wall_clock {
	uint32_t version;
	uint32_t sec;
	uint32_t nsec;
};
static_assert(sizeof(struct xen_wall_clock) == 12, "wall clock");

struct xen_vcpu_info32 {
	uint8_t evtchn_upcall_pending;
	uint8_t evtchn_upcall_mask;
	uint32_t evtchn_pending_sel;
	uint32_t cr2;
	uint32_t arch_pad[5];
	struct xen_time_info time;
};
static_assert(sizeof(struct xen_vcpu_info32) == 64, "vcpu_info32");
static_assert(offsetof(struct xen_vcpu_info32, evtchn_pending_sel) == 4, "sel32");
static_assert(offsetof(struct xen_vcpu_info32, time) == 32, "time32");

struct xen_vcpu_info64 {
	uint8_t evtchn_upcall_pending;
	uint8_t evtchn_upcall_mask;
	uint64_t evtchn_pending_sel;
	uint64_t cr2;
	uint64_t arch_pad;
	struct xen_time_info time;
};
static_assert(sizeof(struct xen_vcpu_info64) == 64, "vcpu_info64");
static_assert(offsetof(struct xen_vcpu_info64, evtchn_pending_sel) == 8, "sel64");
static_assert(offsetof(struct xen_vcpu_info64, time) == 32, "time64");

struct xen_shared_info32 {
	struct xen_vcpu_info32 vcpu_info[XEN_LEGACY_VCPUS];
	uint32_t evtchn_pending[32];
	uint32_t evtchn_mask[32];
	struct xen_wall_clock wc;
	uint32_t arch[6];
	uint32_t wc_sec_hi;
};
static_assert(offsetof(struct xen_shared_info32, evtchn_pending) == 0x800, "pending32");
static_assert(offsetof(struct xen_shared_info32, evtchn_mask) == 0x880, "mask32");
static_assert(offsetof(struct xen_shared_info32, wc) == 0x900, "wc32");
static_assert(offsetof(struct xen_shared_info32, wc_sec_hi) == 0x924, "wc_sec_hi32");

struct xen_shared_info64 {
	struct xen_vcpu_info64 vcpu_info[XEN_LEGACY_VCPUS];
	uint64_t evtchn_pending[64];
	uint64_t evtchn_mask[64];
	struct xen_wall_clock wc;
	uint32_t wc_sec_hi;
	uint64_t arch[6];
};
static_assert(offsetof(struct xen_shared_info64, evtchn_pending) == 0x800, "pending64");
static_assert(offsetof(struct xen_shared_info64, evtchn_mask) == 0xa00, "mask64");
static_assert(offsetof(struct xen_shared_info64, wc) == 0xc00, "wc64");
static_assert(offsetof(struct xen_shared_info64, wc_sec_hi) == 0xc0c, "wc_sec_hi64");

struct xen_runstate32 {
	uint32_t state;
	uint64_t state_entry_time;
	uint64_t time[4];
} __packed;
static_assert(sizeof(struct xen_runstate32) == 44, "runstate32");

struct xen_runstate64 {
	uint32_t state;
	uint32_t pad;
	uint64_t state_entry_time;
	uint64_t time[4];
};
static_assert(sizeof(struct xen_runstate64) == 48, "runstate64");

struct xen_sched_poll32 {
	uint32_t ports;
	uint32_t nr_ports;
	uint64_t timeout;
};
static_assert(sizeof(struct xen_sched_poll32) == 16, "poll32");

struct xen_sched_poll64 {
	uint64_t ports;
	uint32_t nr_ports;
	uint32_t pad;
	uint64_t timeout;
};
static_assert(sizeof(struct xen_sched_poll64) == 24, "poll64");

/* A narrow caller's structure ends after flags. */
struct xen_singleshot_timer {
	uint64_t timeout_abs_ns;
	uint32_t flags;
	uint32_t pad;
};
static_assert(offsetof(struct xen_singleshot_timer, pad) == 12, "singleshot");

/*
 * The pages a test VM shares with KVM, mapped at the same guest virtual
 * address: shared_info, then one page for each vCPU, whose vcpu_info lies at
 * the start of it, then spare ones.
 */
#define XEN_PAGES_GPA		0xc0000000ull
#define XEN_PAGES_SLOT		10
#define XEN_NR_PAGES		16
#define XEN_MAX_VCPUS		4
#define XEN_SHINFO_GPA		XEN_PAGES_GPA
#define XEN_VCPU_INFO_GPA(i)	(XEN_PAGES_GPA + (1 + (uint64_t)(i)) * 0x1000)
#define XEN_SPARE_GPA(i)	(XEN_PAGES_GPA + (1 + XEN_MAX_VCPUS + (uint64_t)(i)) * 0x1000)
#define XEN_NR_SPARE		(XEN_NR_PAGES - 1 - XEN_MAX_VCPUS)

/* The library's code segment, and the 32-bit one that is added to its GDT. */
#define XEN_CS64		0x08
#define XEN_CS32		0x40

/* Pins of an IOAPIC, in KVM or out of it. */
#define XEN_NR_PINS		24u

/* Vectors for upcalls, above the exceptions and of different priority. */
#define XEN_VM_VECTOR		0x50
#define XEN_VCPU_VECTOR		0x61

/* The harness's guard against hangs, for machines that emulate and are busy. */
#ifdef TEST_TIMEOUT_DEFAULT
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	240
#endif

/* How long a test waits for what must happen before it calls that a failure. */
#define XEN_PATIENCE_MS		10000

struct xen_vm {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu[XEN_MAX_VCPUS];
	unsigned int nr_vcpus;
	bool wide;
	uint8_t *shinfo;		/* XEN_SHINFO_GPA, as the host sees it */
};

/* Accessors of shared_info and vcpu_info, by byte offset and width. */
static inline unsigned int xen_nr_ports(bool wide)
{
	return wide ? XEN_NR_PORTS_WIDE : XEN_NR_PORTS_NARROW;
}

/* x86 numbers bits alike in words of either size: 32-bit words fit both. */
static inline uint32_t *xen_pending_word(void *shinfo, uint32_t port)
{
	return (uint32_t *)((uint8_t *)shinfo + 0x800) + port / 32;
}

static inline uint32_t *xen_mask_word(void *shinfo, bool wide, uint32_t port)
{
	return (uint32_t *)((uint8_t *)shinfo + (wide ? 0xa00 : 0x880)) + port / 32;
}

static inline bool xen_is_pending(void *shinfo, uint32_t port)
{
	return READ_ONCE(*xen_pending_word(shinfo, port)) & (1u << port % 32);
}

static inline bool xen_clear_pending(void *shinfo, uint32_t port)
{
	uint32_t bit = 1u << port % 32;

	return __atomic_fetch_and(xen_pending_word(shinfo, port), ~bit, __ATOMIC_SEQ_CST) & bit;
}

static inline void xen_mask(void *shinfo, bool wide, uint32_t port)
{
	__atomic_fetch_or(xen_mask_word(shinfo, wide, port), 1u << port % 32, __ATOMIC_SEQ_CST);
}

static inline void xen_unmask(void *shinfo, bool wide, uint32_t port)
{
	__atomic_fetch_and(xen_mask_word(shinfo, wide, port), ~(1u << port % 32),
			   __ATOMIC_SEQ_CST);
}

static inline uint64_t xen_sel(void *vcpu_info, bool wide)
{
	struct xen_vcpu_info64 *vi64 = vcpu_info;
	struct xen_vcpu_info32 *vi32 = vcpu_info;

	return wide ? READ_ONCE(vi64->evtchn_pending_sel) : READ_ONCE(vi32->evtchn_pending_sel);
}

static inline uint64_t xen_take_sel(void *vcpu_info, bool wide)
{
	struct xen_vcpu_info64 *vi64 = vcpu_info;
	struct xen_vcpu_info32 *vi32 = vcpu_info;

	if (wide)
		return __atomic_exchange_n(&vi64->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	return __atomic_exchange_n(&vi32->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
}

static inline uint64_t xen_sel_bit(bool wide, uint32_t port)
{
	return 1ull << port / (wide ? 64 : 32);
}

/* The flag has the same place in both widths. */
static inline uint8_t *xen_upcall_pending(void *vcpu_info)
{
	return vcpu_info;
}

/* Guest: hypercalls.  Results are sign-extended to 64 bits in either width. */
struct xen_hcall {
	uint64_t nr;
	uint64_t arg[6];
};

int64_t xen_guest_hcall(bool wide, const struct xen_hcall *call);
int64_t xen_guest_call(bool wide, uint64_t nr, uint64_t arg1, uint64_t arg2, uint64_t arg3);
int64_t xen_guest_send(bool wide, uint32_t port);
int64_t xen_guest_poll(bool wide, const uint32_t *ports, uint32_t nr_ports, uint64_t timeout);
int64_t xen_guest_set_timer(bool wide, uint64_t timeout);
int64_t xen_guest_set_singleshot(bool wide, uint32_t vcpu, uint64_t timeout, uint32_t flags);
int64_t xen_guest_stop_singleshot(bool wide, uint32_t vcpu);
int64_t xen_guest_yield(void);

/* Guest: take the interrupts that are due, and no others. */
static inline void xen_guest_irq_window(void)
{
	asm volatile("sti; nop; nop; cli" : : : "memory");
}

/* Guest: sleep until an interrupt comes, and return with interrupts off. */
static inline void xen_guest_halt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

/* Guest: the next number of 24 bits of a linear congruential generator. */
static inline uint32_t xen_guest_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Guest: the system time that its own vcpu_info or time area gives. */
uint64_t xen_guest_now(const volatile struct xen_time_info *time);

/*
 * Host: a VM that intercepts hypercalls, with EVTCHN_SEND set.  The first has
 * shared_info and every vcpu_info registered by GFN and GPA, the others none;
 * the third has LAPICs but no PIC and no IOAPIC, the fourth has none of them, and the
 * last has only the memory for Xen's pages, and nothing of Xen in KVM.
 */
struct xen_vm *xen_vm_create(unsigned int nr_vcpus, bool wide, void *guest_code);
struct xen_vm *xen_vm_create_bare(unsigned int nr_vcpus, bool wide, void *guest_code);
struct xen_vm *xen_vm_create_split(unsigned int nr_vcpus, bool wide, void *guest_code);
struct xen_vm *xen_vm_create_no_irqchip(unsigned int nr_vcpus, bool wide, void *guest_code);
struct xen_vm *xen_vm_create_plain(unsigned int nr_vcpus, bool wide, void *guest_code);
void xen_register_pages(struct xen_vm *x);
void xen_vm_free(struct xen_vm *x);
void *xen_hva(struct xen_vm *x, uint64_t gpa);
void *xen_vcpu_info(struct xen_vm *x, unsigned int vcpu);
int xen_config(struct xen_vm *x, uint32_t flags);

/* Host: move KVM's memslot to @gpa, or delete it; the library's records do not change. */
void xen_place_memslot(struct xen_vm *x, uint32_t slot, uint64_t gpa, bool there);

unsigned int xen_caps(void);

/* Host: attributes.  All return 0 or a negative errno. */
int xen_vm_set(struct xen_vm *x, struct kvm_xen_hvm_attr *attr);
int xen_vm_get(struct xen_vm *x, struct kvm_xen_hvm_attr *attr);
int xen_vcpu_set(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *attr);
int xen_vcpu_get(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *attr);

/* The same for an attribute that is one integer or address; *_value() must not fail. */
int xen_vm_set_value(struct xen_vm *x, uint16_t type, uint64_t value);
int xen_vm_get_value(struct xen_vm *x, uint16_t type, uint64_t *value);
uint64_t xen_vm_value(struct xen_vm *x, uint16_t type);
int xen_vcpu_set_value(struct kvm_vcpu *vcpu, uint16_t type, uint64_t value);
int xen_vcpu_get_value(struct kvm_vcpu *vcpu, uint16_t type, uint64_t *value);
uint64_t xen_vcpu_value(struct kvm_vcpu *vcpu, uint16_t type);

/* The same for one of <linux/kvm_xen.h>, whose argument is @arg, also after an error. */
int xen_vm_arg(struct xen_vm *x, bool set, uint16_t type, void *arg);
int xen_vcpu_arg(struct kvm_vcpu *vcpu, bool set, uint16_t type, void *arg);

int xen_set_long_mode(struct xen_vm *x, bool wide);
int xen_set_shared_info(struct xen_vm *x, uint64_t gfn);
int xen_set_shared_info_hva(struct xen_vm *x, void *hva);
int xen_set_vm_vector(struct xen_vm *x, uint8_t vector);
int xen_set_vcpu_vector(struct kvm_vcpu *vcpu, uint8_t vector);
int xen_set_vcpu_info(struct kvm_vcpu *vcpu, uint64_t gpa);
int xen_set_vcpu_info_hva(struct kvm_vcpu *vcpu, void *hva);
int xen_set_vcpu_id(struct kvm_vcpu *vcpu, uint32_t id);
int xen_set_timer(struct kvm_vcpu *vcpu, uint32_t port, uint64_t expires_ns);
uint64_t xen_timer_expires(struct kvm_vcpu *vcpu);

/* Host: ports.  All return 0 or a negative errno. */
int xen_evtchn(struct xen_vm *x, uint32_t flags, uint32_t send_port, uint32_t type,
	       uint32_t port, uint32_t vcpu);
int xen_bind_ipi(struct xen_vm *x, uint32_t port, uint32_t vcpu);
int xen_bind_loopback(struct xen_vm *x, uint32_t send_port, uint32_t port, uint32_t vcpu);
int xen_bind_eventfd(struct xen_vm *x, uint32_t send_port, int fd);
int xen_update_port(struct xen_vm *x, uint32_t port, uint32_t vcpu);
int xen_unbind(struct xen_vm *x, uint32_t send_port);
int xen_reset_ports(struct xen_vm *x);
int xen_send(struct xen_vm *x, uint32_t port, uint32_t vcpu);

/* Host: make @gsi send @port; the table holds only what was added here. */
struct xen_routes {
	struct kvm_irq_routing *table;
};

void xen_route_add(struct xen_routes *routes, uint32_t gsi, uint32_t port, uint32_t vcpu);
int xen_route_write(struct xen_vm *x, struct xen_routes *routes);
int xen_irqfd(struct xen_vm *x, uint32_t gsi);

/* Host: an eventfd that does not block; its count, which that sets to 0. */
int xen_eventfd(void);
uint64_t xen_eventfd_take(int fd);
void xen_eventfd_signal(int fd);

/* Whether the host's kernel has PREEMPT_RT. */
bool xen_host_is_rt(void);

/* Host: parameters of kvm.ko; empty where there is none of that name. */
#define XEN_PARAMETER_SIZE	16

/* Whether kvm.ko has the parameter @name. */
bool xen_has_parameter(const char *name);

int xen_write_parameter(const char *name, const char *value);
void xen_read_parameter(const char *name, char value[XEN_PARAMETER_SIZE]);

/* Host: whether CPUs deliver and end the interrupts of LAPICs themselves (APICv, AVIC). */
bool xen_has_apicv(void);

/* Host: KVM's clock, which is the guest's system time, in nanoseconds. */
uint64_t xen_vm_now(struct xen_vm *x);

/*
 * Host: one value of a vCPU's binary statistics.  The descriptor comes from
 * vcpu_get_stats_fd(), which waits while the vCPU runs; the value does not.
 */
uint64_t xen_stat(int stats, const char *name);

/*
 * Host: a vCPU run by a thread of its own until the guest is done or the test
 * stops it.  An UCALL_SYNC of the guest is recorded and the guest goes on;
 * hypercalls that come to the VMM fail with ENOSYS.
 */
struct xen_runner;

/* Returns true where it handled the exit, after which the guest goes on. */
typedef bool (*xen_exit_fn)(struct xen_runner *r, void *arg);

struct xen_runner {
	struct kvm_vcpu *vcpu;
	xen_exit_fn handle_exit;	/* asked first; may be NULL */
	void *arg;
	pthread_t thread;
	int stats;			/* file descriptor */
	uint64_t stage;			/* argument of the last UCALL_SYNC */
	bool stop;
	bool done;			/* UCALL_DONE, or a failure */
	char failure[200];		/* text of a failed guest assertion */
};

void xen_runner_start(struct xen_runner *r, struct kvm_vcpu *vcpu);
/*
 * With @parameter of the debug kernel set to @delay_ms, by which the vCPU's CPU is delayed
 * with interrupts off: return within the delay that follows after the guest has set @begun.
 * The vCPU has CPU 1, and the calling thread CPU 0.
 */
void xen_runner_start_delayed(struct xen_runner *r, struct kvm_vcpu *vcpu, const char *parameter,
			      const char *delay_ms, volatile uint32_t *begun);
void xen_runner_start_with(struct xen_runner *r, struct kvm_vcpu *vcpu, xen_exit_fn handle_exit,
			   void *arg);
void xen_runner_kick(struct xen_runner *r);
void xen_runner_stop(struct xen_runner *r);
bool xen_runner_reaches(struct xen_runner *r, uint64_t stage);
bool xen_runner_blocks(struct xen_runner *r);

/*
 * Host: a VM that goes on in another one, in three steps: what there is of a
 * vCPU is saved; the VM ends and a new one has its memory and vCPUs, and nothing
 * of Xen; what was saved is set, which spends it.
 */
struct xen_vcpu_save {
	struct kvm_x86_state *state;
	struct kvm_lapic_state lapic;
	uint8_t vector;
};

void xen_vcpu_save(struct kvm_vcpu *vcpu, struct xen_vcpu_save *save);
void xen_vm_begin_anew(struct xen_vm *x);
void xen_vcpu_restore(struct kvm_vcpu *vcpu, struct xen_vcpu_save *save);

/*
 * Host: let @vcpu go on at @guest_code, wherever its guest was stopped.  The library's
 * vcpu_arch_set_entry_point() leaves the stack pointer as it is, which between any two
 * instructions need not have the alignment that compiled functions count on.
 */
void xen_set_entry_point(struct kvm_vcpu *vcpu, void *guest_code);

/*
 * Host: run @vcpu to its next UCALL_SYNC and return its argument.  A failed
 * guest assertion fails the test.
 */
uint64_t xen_step(struct kvm_vcpu *vcpu);

/* The same, where the hypercalls that come to the VMM meanwhile are @answer's. */
typedef int64_t (*xen_answer_fn)(const struct kvm_xen_exit *exit, void *arg);

uint64_t xen_step_with(struct kvm_vcpu *vcpu, xen_answer_fn answer, void *arg);

/*
 * Host: have the guest run @handler for upcalls by XEN_VM_VECTOR, and by
 * XEN_VCPU_VECTOR once that interrupt was ended in an x2APIC.
 */
void xen_install_upcalls(struct kvm_vm *vm, void (*handler)(void));

/*
 * A guest that makes the hypercalls its host orders, one for each step.  The
 * order and its data lie in the first spare page, where both see them.
 */
struct xen_order {
	struct xen_hcall call;
	bool wide;
	int64_t result;
	uint64_t turns;
	uint64_t data[64];
};

#define XEN_ORDER	((volatile struct xen_order *)XEN_SPARE_GPA(0))
#define XEN_ORDER_DATA	((uintptr_t)XEN_ORDER->data)

void xen_guest_obey(void);

/* Host: the order page, then orders to vCPU 0 whose result they return. */
struct xen_order *xen_get_order(struct xen_vm *x);
int64_t xen_order(struct xen_vm *x, bool wide, uint64_t nr, uint64_t arg1, uint64_t arg2,
		  uint64_t arg3);
int64_t xen_order_send(struct xen_vm *x, bool wide, uint32_t port);

/* Host: whether the order exits to the VMM, which then answers @answer. */
bool xen_order_exits(struct xen_vm *x, bool wide, uint64_t nr, uint64_t arg1, uint64_t arg2,
		     uint64_t answer);

/* Host: milliseconds of the monotonic clock. */
uint64_t xen_ms(void);

/* Host: wait until @cond holds; false if it does not in XEN_PATIENCE_MS. */
#define xen_wait_for(cond)						\
({									\
	uint64_t __end = xen_ms() + XEN_PATIENCE_MS;			\
	bool __met;							\
									\
	while (!(__met = (cond)) && xen_ms() < __end)			\
		usleep(1000);						\
	__met;								\
})

#endif /* SELFTEST_KVM_XEN_H */
