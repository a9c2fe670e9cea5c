// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's driver of a toy device: see xen_dynhc_driver.h.
 */
#include "xen_dynhc_driver.h"

#define NR_SLOTS	32u
#define MAX_CAPS	48u		/* that there is room for */

#define PCI_ID		0x00u
#define PCI_STATUS	0x04u		/* in the upper half */
#define PCI_CAPS	0x34u
#define HAS_CAPS	(0x10u << 16)

/* Configuration mechanism #1, on bus 0. */
static unsigned int pci_read(unsigned int slot, unsigned int at)
{
	unsigned int value;

	__asm__ __volatile__("outl %0, %1"
			     : : "a"(0x80000000u | slot << 11 | (at & 0xfc)),
				 "d"((unsigned short)0xcf8));
	__asm__ __volatile__("inl %1, %0" : "=a"(value) : "d"((unsigned short)0xcfc));
	return value;
}

static int find_slot(unsigned int *slot)
{
	for (*slot = 0; *slot < NR_SLOTS; ++*slot)
		if (pci_read(*slot, PCI_ID) == TOY_PCI_ID)
			return 1;
	return 0;
}

static struct dynhc_pci_cap read_cap(unsigned int slot, unsigned int at)
{
	union {
		struct dynhc_pci_cap cap;
		unsigned int words[4];
	} copy;
	unsigned int i;

	for (i = 0; i < 4; i++)
		copy.words[i] = pci_read(slot, at + 4 * i);
	return copy.cap;
}

static void take_token(struct toy_driver *toy, const struct dynhc_pci_cap *cap)
{
	unsigned int token = dynhc_pci_token(cap);

	if (token != DYNHC_NO_TOKEN && cap->index < TOY_NR_CALLS)
		toy->token[cap->index] = token;
}

static void walk_caps(struct toy_driver *toy)
{
	unsigned int at = pci_read(toy->slot, PCI_CAPS) & 0xfc;
	struct dynhc_pci_cap cap;

	if (!(pci_read(toy->slot, PCI_STATUS) & HAS_CAPS))
		return;

	for (; at && toy->nr_caps < MAX_CAPS; at = cap.next & 0xfc) {
		cap = read_cap(toy->slot, at);
		take_token(toy, &cap);
		toy->nr_caps++;
	}
}

int toy_probe(struct toy_driver *toy)
{
	unsigned int i;

	toy->nr_caps = 0;
	for (i = 0; i < TOY_NR_CALLS; i++)
		toy->token[i] = DYNHC_NO_TOKEN;

	if (dynhc_find(&toy->hc))
		return TOY_NO_CALLS;
	if (!find_slot(&toy->slot))
		return TOY_NO_DEVICE;
	walk_caps(toy);
	return TOY_READY;
}

long toy_call(const struct toy_driver *toy, enum toy_call call, unsigned long arg0,
	      unsigned long arg1, unsigned long arg2, unsigned long arg3)
{
	return dynhc_call(&toy->hc, toy->token[call], arg0, arg1, arg2, arg3);
}
