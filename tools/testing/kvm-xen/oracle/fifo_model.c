// SPDX-License-Identifier: GPL-2.0
/* The model that the FIFO unit is compared with. */
#include "fifo_model.h"

struct model model;

void model_reset(void)
{
	u32 i;

	memset(&model, 0, sizeof(model));
	for (i = 0; i < MODEL_PORTS; i++)
		model.ports[i].priority = 7;
}

static bool has_page(u32 port)
{
	return port / MODEL_PAGE < model.nr_pages;
}

static enum xen_evtchn_verdict append(u32 port)
{
	struct model_port *p = &model.ports[port];
	struct model_queue *queue = &model.queues[p->vcpu][p->priority];

	p->on = queue;
	queue->ports[queue->nr++] = port;
	if (queue->nr > 1 || queue->ready)
		return XEN_EVTCHN_QUEUED;

	queue->ready = true;
	return XEN_EVTCHN_RAISED;
}

static u8 vcpu_of(const struct model_queue *queue)
{
	return (queue - model.queues[0]) / MODEL_QUEUES;
}

enum xen_evtchn_verdict model_send(u32 port)
{
	struct model_port *p = &model.ports[port];
	bool was = p->pending;

	if (!has_page(port)) {
		p->saved = true;
		return XEN_EVTCHN_SAVED;
	}

	/* The vCPU that takes the port off is not the one that the event is for. */
	if (p->on && !was && vcpu_of(p->on) != p->vcpu) {
		p->saved = true;
		return XEN_EVTCHN_SAVED;
	}

	p->pending = true;
	if (p->masked)
		return was ? XEN_EVTCHN_COALESCED : XEN_EVTCHN_MASKED;
	if (p->on)
		return was ? XEN_EVTCHN_COALESCED : XEN_EVTCHN_QUEUED;
	return append(port);
}

enum xen_evtchn_verdict model_unmask(u32 port)
{
	model.ports[port].masked = false;
	if (!model.ports[port].pending)
		return XEN_EVTCHN_COALESCED;
	return model_send(port);
}

bool model_is_pending(u32 port)
{
	return model.ports[port].pending;
}

void model_add_page(void)
{
	u32 port, first = model.nr_pages++ * MODEL_PAGE;

	for (port = first; port < first + MODEL_PAGE; port++)
		model_retry(port);
}

void model_look(u8 vcpu)
{
	u32 i;

	for (i = 0; i < MODEL_QUEUES; i++) {
		struct model_queue *queue = &model.queues[vcpu][i];

		queue->known |= queue->ready;
		queue->ready = false;
	}
}

void model_retry(u32 port)
{
	if (!model.ports[port].saved || !has_page(port))
		return;
	model.ports[port].saved = false;
	model_send(port);
}

static u32 remove_first(struct model_queue *queue)
{
	u32 port = queue->ports[0];

	memmove(queue->ports, queue->ports + 1,
		--queue->nr * sizeof(queue->ports[0]));
	queue->known = queue->nr;
	model.ports[port].on = NULL;
	return port;
}

u32 model_take(u8 vcpu)
{
	u32 i;

	for (i = 0; i < MODEL_QUEUES; i++) {
		if (model.queues[vcpu][i].known)
			return remove_first(&model.queues[vcpu][i]);
	}

	return 0;
}

bool model_handle(u32 port)
{
	struct model_port *p = &model.ports[port];

	if (!p->pending || p->masked)
		return false;
	p->pending = false;
	return true;
}
