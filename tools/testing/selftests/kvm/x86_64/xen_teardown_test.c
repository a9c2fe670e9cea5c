// SPDX-License-Identifier: GPL-2.0
/*
 * VMs and vCPUs that begin and end in any state of their Xen support.
 *
 * If this fails, destroying a VM leaks or frees twice what the VMM set up in
 * it, or VMs see each other: the kernel's log shows it, or the modules cannot be
 * removed any more.
 */
#include <sys/eventfd.h>

#include "kvm_util.h"
#include "processor.h"
#include "xen_harness.h"
#include "xen.h"
#include "xen_stub.h"

#define PORT		5
#define NR_MANY		16
#define KVM_SAYS_ENOSYS	(-1000)

/* A VM without guest code: cheap enough to make hundreds of it. */
static struct xen_vm *new_vm(void)
{
	struct xen_vm *x = calloc(1, sizeof(*x));

	x->vm = vm_create_barebones();
	x->wide = true;
	vm_create_irqchip(x->vm);
	vm_userspace_mem_region_add(x->vm, VM_MEM_SRC_ANONYMOUS, XEN_PAGES_GPA,
				    XEN_PAGES_SLOT, XEN_NR_PAGES, 0);
	x->shinfo = xen_hva(x, XEN_SHINFO_GPA);
	return x;
}

static void add_vcpu(struct xen_vm *x, uint32_t id)
{
	x->vcpu[x->nr_vcpus++] = __vm_vcpu_add(x->vm, id);
}

/* The steps of a VMM's set-up; each works without the others. */
static int configure(struct xen_vm *x)
{
	return xen_config(x, KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND);
}

static int set_shinfo(struct xen_vm *x)
{
	return xen_set_shared_info(x, XEN_SHINFO_GPA / PAGE_SIZE);
}

static int set_vcpu_info(struct xen_vm *x)
{
	return xen_set_vcpu_info(x->vcpu[0], XEN_VCPU_INFO_GPA(0));
}

static int set_area(struct kvm_vcpu *vcpu, uint16_t type, uint64_t gpa)
{
	struct kvm_xen_vcpu_attr attr = { .type = type, .u.gpa = gpa };

	return xen_vcpu_set(vcpu, &attr);
}

/* All that lies in guest memory for a vCPU; the runstate area on two pages. */
static int set_areas(struct xen_vm *x)
{
	return set_vcpu_info(x) ?:
	       set_area(x->vcpu[0], KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO, XEN_SPARE_GPA(0)) ?:
	       set_area(x->vcpu[0], KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
			XEN_SPARE_GPA(2) - 20);
}

static int arm_timer(struct xen_vm *x)
{
	return xen_set_timer(x->vcpu[0], PORT, xen_vm_now(x) + 2 * 1000 * 1000);
}

static int bind_ports(struct xen_vm *x)
{
	int fd = eventfd(0, 0);
	int r = xen_bind_ipi(x, PORT, 0) ?: xen_bind_eventfd(x, PORT + 1, fd);

	close(fd);
	return r;
}

static int route(struct xen_vm *x)
{
	struct xen_routes routes = {};

	xen_route_add(&routes, 24, PORT, 0);
	close(xen_irqfd(x, 24));
	return xen_route_write(x, &routes);
}

typedef int (*step_fn)(struct xen_vm *x);

static const step_fn steps[] = {
	configure, set_shinfo, set_areas, arm_timer, bind_ports, route,
};

TEST(a_vm_may_end_after_any_part_of_its_setup)
{
	unsigned int set, i;

	for (set = 0; set < 1u << ARRAY_SIZE(steps); set++) {
		struct xen_vm *x = new_vm();

		add_vcpu(x, 0);
		for (i = 0; i < ARRAY_SIZE(steps); i++) {
			if (!(set & 1u << i))
				continue;
			EXPECT_EQ(0, steps[i](x)) {
				TH_LOG("step %u of set %#x", i, set);
			}
		}
		xen_vm_free(x);
	}
}

TEST(the_steps_of_a_setup_may_come_in_reverse)
{
	struct xen_vm *x = new_vm();
	int i;

	add_vcpu(x, 0);
	for (i = ARRAY_SIZE(steps) - 1; i >= 0; i--)
		EXPECT_EQ(0, steps[i](x));
	for (i = ARRAY_SIZE(steps) - 1; i >= 0; i--) {
		int r = steps[i](x);

		EXPECT_TRUE(r == 0 || (steps[i] == bind_ports && r == -EEXIST));
	}
	xen_vm_free(x);
}

TEST(memory_may_go_before_the_vm)
{
	struct xen_vm *x = new_vm();
	unsigned int i;

	add_vcpu(x, 0);
	for (i = 0; i < ARRAY_SIZE(steps); i++)
		ASSERT_EQ(0, steps[i](x));
	EXPECT_EQ(0, xen_send(x, PORT, 0));
	vm_mem_region_delete(x->vm, XEN_PAGES_SLOT);
	EXPECT_NE(0, xen_send(x, PORT, 0));
	xen_vm_free(x);
}

TEST(mapped_memory_of_the_vmm_may_go_before_the_vm)
{
	void *pages = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct xen_vm *x = new_vm();

	add_vcpu(x, 0);
	ASSERT_EQ(0, configure(x));
	ASSERT_EQ(0, xen_set_shared_info_hva(x, pages));
	ASSERT_EQ(0, xen_set_vcpu_info_hva(x->vcpu[0], pages + PAGE_SIZE));
	EXPECT_EQ(0, xen_send(x, PORT, 0));
	EXPECT_TRUE(xen_clear_pending(pages, PORT));
	munmap(pages, 2 * PAGE_SIZE);
	EXPECT_EQ(-EFAULT, xen_send(x, PORT, 0));
	xen_vm_free(x);
}

TEST(a_timer_may_fire_while_its_vm_ends)
{
	int turn;

	for (turn = 0; turn < 20; turn++) {
		struct xen_vm *x = new_vm();

		add_vcpu(x, 0);
		ASSERT_EQ(0, configure(x));
		ASSERT_EQ(0, set_shinfo(x));
		ASSERT_EQ(0, set_vcpu_info(x));
		ASSERT_EQ(0, xen_set_timer(x->vcpu[0], PORT, xen_vm_now(x) + turn * 50 * 1000));
		xen_vm_free(x);
	}
}

TEST(the_vm_may_be_set_up_before_it_has_vcpus)
{
	struct xen_vm *x = new_vm();
	struct xen_routes routes = {};
	int fd;

	ASSERT_EQ(0, configure(x));
	ASSERT_EQ(0, xen_set_long_mode(x, true));
	ASSERT_EQ(0, set_shinfo(x));
	ASSERT_EQ(0, xen_set_vm_vector(x, XEN_VM_VECTOR));
	ASSERT_EQ(0, xen_bind_ipi(x, PORT, 1));
	xen_route_add(&routes, 24, PORT + 1, 1);
	ASSERT_EQ(0, xen_route_write(x, &routes));
	fd = xen_irqfd(x, 24);

	EXPECT_EQ(-EINVAL, xen_send(x, PORT, 1));
	EXPECT_FALSE(xen_is_pending(x->shinfo, PORT));

	add_vcpu(x, 0);
	add_vcpu(x, 1);
	ASSERT_EQ(0, xen_set_vcpu_info(x->vcpu[1], XEN_VCPU_INFO_GPA(1)));
	EXPECT_EQ(0, xen_send(x, PORT, 1));
	EXPECT_TRUE(xen_is_pending(x->shinfo, PORT));
	eventfd_write(fd, 1);
	EXPECT_TRUE(xen_wait_for(xen_is_pending(x->shinfo, PORT + 1)));
	EXPECT_NE(0, *xen_upcall_pending(xen_vcpu_info(x, 1)));
	EXPECT_EQ(0, *xen_upcall_pending(xen_vcpu_info(x, 0)));
	close(fd);
	xen_vm_free(x);
}

TEST(many_vms_live_side_by_side)
{
	struct xen_vm *x[NR_MANY];
	unsigned int i;

	for (i = 0; i < NR_MANY; i++) {
		x[i] = new_vm();
		add_vcpu(x[i], 0);
		ASSERT_EQ(0, configure(x[i]));
		ASSERT_EQ(0, set_shinfo(x[i]));
		ASSERT_EQ(0, set_vcpu_info(x[i]));
	}
	for (i = 0; i < NR_MANY; i++)
		EXPECT_EQ(0, xen_send(x[i], PORT + i, 0));
	for (i = 0; i < NR_MANY; i++) {
		unsigned int port;

		for (port = PORT; port < PORT + NR_MANY; port++)
			EXPECT_EQ(port == PORT + i, xen_is_pending(x[i]->shinfo, port));
	}
	for (i = 0; i < NR_MANY; i += 2)
		xen_vm_free(x[i]);
	for (i = 1; i < NR_MANY; i += 2) {
		EXPECT_EQ(0, xen_send(x[i], PORT, 0));
		xen_vm_free(x[i]);
	}
}

/* What a hypercall of a VM without Xen comes to: nothing of Xen. */
static int64_t plain_hypercall(void)
{
	struct xen_hcall call = { __HYPERVISOR_memory_op };
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, NULL);
	struct xen_stub stub;
	int64_t result;

	xen_stub_init(&stub, vcpu);
	xen_stub_hypercall(&stub, xen_stub_native(), &call);
	result = xen_stub_passed(&stub, 3) ? (int64_t)stub.regs.rax : INT64_MAX;
	kvm_vm_free(vm);
	return result;
}

TEST(vms_without_xen_keep_kvms_hypercalls)
{
	struct xen_vm *x;

	EXPECT_EQ(KVM_SAYS_ENOSYS, plain_hypercall());
	x = new_vm();
	add_vcpu(x, 0);
	ASSERT_EQ(0, configure(x));
	EXPECT_EQ(KVM_SAYS_ENOSYS, plain_hypercall());
	xen_vm_free(x);
	EXPECT_EQ(KVM_SAYS_ENOSYS, plain_hypercall());
}

TEST(the_end_of_one_vm_leaves_the_hypercalls_of_another)
{
	struct xen_vm *x = xen_vm_create(1, true, NULL), *other;
	struct xen_hcall call = { __HYPERVISOR_memory_op };
	struct xen_stub stub;
	int turn;

	xen_stub_init(&stub, x->vcpu[0]);
	for (turn = 0; turn < 3; turn++) {
		other = new_vm();
		ASSERT_EQ(0, configure(other));
		ASSERT_EQ(0, configure(other));
		ASSERT_EQ(0, xen_config(other, 0));
		xen_vm_free(other);
		EXPECT_EQ(KVM_EXIT_XEN, xen_stub_hypercall(&stub, xen_stub_native(), &call));
		xen_stub_resume(&stub);
	}
	xen_vm_free(x);
}

XEN_TEST_MAIN(KVM_XEN_HVM_CONFIG_SHARED_INFO | KVM_XEN_HVM_CONFIG_RUNSTATE |
	      KVM_XEN_HVM_CONFIG_EVTCHN_SEND | KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA)
