// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's part of FIFO ports, in leaves that are allocated when one of their ports is used.
 *
 * Owns fifo->leaves: a leaf is published by cmpxchg() and freed with the VM's FIFO state.
 */
#include "xen/event/fifo_port.h"

struct evtchn_fifo_port *xen_fifo_make_port(struct xen_fifo *fifo, u32 nr,
					    gfp_t gfp)
{
	struct evtchn_fifo_port **slot = &fifo->leaves[nr / XEN_FIFO_LEAF_PORTS];
	struct evtchn_fifo_port *leaf = NULL;
	unsigned int i;

	if (!xen_fifo_find_port(fifo, nr))
		leaf = kzalloc_objs(*leaf, XEN_FIFO_LEAF_PORTS, gfp);
	if (leaf) {
		for (i = 0; i < XEN_FIFO_LEAF_PORTS; i++)
			evtchn_fifo_port_init(&leaf[i], &fifo->nowhere);

		/* A full barrier, which pairs with the acquire in xen_fifo_leaf(). */
		if (cmpxchg(slot, NULL, leaf))
			kfree(leaf);
	}

	return xen_fifo_find_port(fifo, nr);
}
