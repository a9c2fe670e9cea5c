/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between lines of Linux.
 *
 * All other files are written for the newest line, 7.3, in its names and forms.  This one
 * has them for older lines, and is the only one that asks for a version.
 */
#ifndef _KVM_XEN_COMPAT_H
#define _KVM_XEN_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/kvm_host.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)

#include "regs.h"

#define xen_config(kvm)		(&(kvm)->arch.xen.hvm_config)

#else /* 6.12 */

#include "kvm_cache_regs.h"

#define xen_config(kvm)		(&(kvm)->arch.xen_hvm_config)

/* The IOAPIC and the PIC are no option. */
#define CONFIG_KVM_IOAPIC	1
#define irqchip_full		irqchip_kernel

#define apic_clear_vector	kvm_lapic_clear_vector
#define system_percpu_wq	system_wq

/* Members of struct kvm_vcpu_arch. */
#define pvclock_tsc_mul		hv_clock.tsc_to_system_mul
#define pvclock_tsc_shift	hv_clock.tsc_shift

/* All of a register, or its lower half. */
#define kvm_rax_read_raw	kvm_rax_read
#define kvm_rdx_read_raw	kvm_rdx_read
#define kvm_rsi_read_raw	kvm_rsi_read
#define kvm_rdi_read_raw	kvm_rdi_read
#define kvm_r8_read_raw		kvm_r8_read
#define kvm_r9_read_raw		kvm_r9_read
#define kvm_r10_read_raw	kvm_r10_read
#define kvm_rax_write_raw	kvm_rax_write

#define kvm_eax_read(vcpu)	((u32)kvm_rax_read(vcpu))
#define kvm_ebx_read(vcpu)	((u32)kvm_rbx_read(vcpu))
#define kvm_ecx_read(vcpu)	((u32)kvm_rcx_read(vcpu))
#define kvm_edx_read(vcpu)	((u32)kvm_rdx_read(vcpu))
#define kvm_esi_read(vcpu)	((u32)kvm_rsi_read(vcpu))
#define kvm_edi_read(vcpu)	((u32)kvm_rdi_read(vcpu))
#define kvm_ebp_read(vcpu)	((u32)kvm_rbp_read(vcpu))

/* Later point releases have these. */
#ifndef kzalloc_obj
#define kzalloc_obj(obj, gfp)			kzalloc(sizeof(obj), gfp)
#define kzalloc_objs(obj, count, gfp)		kcalloc(count, sizeof(obj), gfp)
#define kzalloc_flex(obj, array, count, gfp)	\
	kzalloc(struct_size_t(typeof(obj), array, count), gfp)
#endif

#define hrtimer_setup(timer, fn, clock, mode)		\
	do {						\
		hrtimer_init(timer, clock, mode);	\
		(timer)->function = fn;			\
	} while (0)

static inline void kvm_set_mp_state(struct kvm_vcpu *vcpu, int mp_state)
{
	vcpu->arch.mp_state = mp_state;
	if (mp_state == KVM_MP_STATE_RUNNABLE)
		vcpu->arch.pv.pv_unhalted = false;
}

#endif

/*
 * Whether the Xen vCPU id that a vCPU has by default is as good as one of the VMM's: a VMM
 * of older lines may have relied on it.
 */
#define XEN_HAS_DEFAULT_VCPU_ID	(LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0))

#endif /* _KVM_XEN_COMPAT_H */
