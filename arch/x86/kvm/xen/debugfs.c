// SPDX-License-Identifier: GPL-2.0
/*
 * The file "xen" of a vCPU in debugfs, to find out why a guest does not receive an event.
 *
 * Owns nothing.  The values may change while they are read.  It takes no lock for which
 * others wait: it has to work on a host in which something hangs.
 */
#include "xen/event/fifo.h"
#include "xen/upcall/vcpu_info.h"
#include "lapic.h"

#include <linux/debugfs.h>
#include <linux/seq_file.h>

static const struct {
	enum xen_upcall_method method;
	const char *name;
} method_names[] = { XEN_UPCALL_METHOD_NAMES };
static_assert(ARRAY_SIZE(method_names) == XEN_UPCALL_NR_METHODS);

static const char *method_name(enum xen_upcall_method method)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(method_names); i++) {
		if (method_names[i].method == method)
			return method_names[i].name;
	}

	return "unknown";
}

/* Each of the eight registers of IRR or ISR holds 32 of 256 bits. */
static void show_vectors(struct seq_file *m, const char *name,
			 struct kvm_lapic *apic, int reg)
{
	unsigned long word;
	unsigned int i, bit;

	seq_printf(m, "%s", name);
	for (i = 0; i < 8; i++) {
		word = kvm_lapic_get_reg(apic, reg + 0x10 * i);
		for_each_set_bit(bit, &word, 32)
			seq_printf(m, " %#x", 32 * i + bit);
	}
	seq_putc(m, '\n');
}

/* Posted interrupts of APICv are not in IRR until the vCPU's thread moves them there. */
static void show_lapic(struct seq_file *m, struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	show_vectors(m, "irr", apic, APIC_IRR);
	show_vectors(m, "isr", apic, APIC_ISR);
	seq_printf(m, "tpr %#x\n", kvm_lapic_get_reg(apic, APIC_TASKPRI));
	seq_printf(m, "ppr %#x\n", kvm_lapic_get_reg(apic, APIC_PROCPRI));
	seq_printf(m, "posted %d\n",
		   kvm_x86_call(dy_apicv_has_pending_interrupt)(vcpu));
}

static void show_upcall(struct seq_file *m, struct kvm_vcpu *vcpu)
{
	seq_printf(m, "method %s\n", method_name(kvm_xen_upcall_method(vcpu)));
	seq_printf(m, "vector %#x\n", vcpu->arch.xen.upcall_vector);

	/* -EAGAIN: vcpu_info is not mapped. */
	seq_printf(m, "flag %d\n", xen_vcpu_info_flag(vcpu));
	seq_printf(m, "injected %llu\n", vcpu->stat.irq_injections);
}

static void show_deferred(struct seq_file *m, struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_xen *xen = &vcpu->arch.xen;
	struct xen_fifo_vcpu *fifo = READ_ONCE(xen->state.fifo);

	seq_printf(m, "deferred %#llx %#llx\n",
		   (u64)atomic64_read(&xen->state.deferred[XEN_NARROW]),
		   (u64)atomic64_read(&xen->state.deferred[XEN_WIDE]));
	seq_printf(m, "held %d\n", fifo && READ_ONCE(fifo->holds));
	seq_printf(m, "poll-port %u\n", READ_ONCE(xen->state.poll_port));
	seq_printf(m, "timer %llu pending %d\n", READ_ONCE(xen->timer_expires),
		   atomic_read(&xen->timer_pending));
}

static int kvm_xen_vcpu_show(struct seq_file *m, void *unused)
{
	struct kvm_vcpu *vcpu = m->private;

	guard(srcu)(&vcpu->kvm->srcu);

	show_upcall(m, vcpu);
	seq_printf(m, "mode %d\n", READ_ONCE(vcpu->mode));
	seq_printf(m, "requests %#llx\n", READ_ONCE(vcpu->requests));
	show_deferred(m, vcpu);
	if (lapic_in_kernel(vcpu))
		show_lapic(m, vcpu);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(kvm_xen_vcpu);

/* KVM removes the directory, and waits for its readers, before it frees the vCPU. */
void kvm_xen_create_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir)
{
	debugfs_create_file("xen", 0444, dir, vcpu, &kvm_xen_vcpu_fops);
}
