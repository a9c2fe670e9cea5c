// SPDX-License-Identifier: GPL-2.0
/* The model that the table of event channels is compared with. */
#include "table_model.h"

struct table_model model;

void model_reset(u32 nr_ports, u32 nr_vcpus)
{
	u32 i;

	memset(&model, 0, sizeof(model));
	model.nr_vcpus = nr_vcpus;
	for (i = 0; i < MODEL_DOMAINS; i++)
		model.domains[i].nr_ports = nr_ports;
}

static struct model_channel *channel_at(u32 domain, u32 port)
{
	u32 i;

	for (i = 0; i < model.nr_channels; i++) {
		struct model_channel *c = &model.channels[i];

		if (c->domain == domain && c->port == port)
			return c;
	}

	return NULL;
}

struct model_channel model_status(u32 domain, u32 port)
{
	struct model_channel *c = channel_at(domain, port);

	return c ? *c : (struct model_channel) { .domain = domain, .port = port };
}

/* Those that Xen's header marks with V. */
static bool each_vcpu_has(u32 virq)
{
	switch (virq) {
	case 0:		/* timer */
	case 1:		/* debug */
	case 7:		/* xenoprof */
	case 13:	/* xenpmu */
		return true;
	default:
		return false;
	}
}

u32 model_virq(u32 domain, u32 virq, u32 vcpu)
{
	u32 i;

	for (i = 0; i < model.nr_channels; i++) {
		const struct model_channel *c = &model.channels[i];

		if (c->domain != domain || c->kind != MODEL_VIRQ || c->number != virq)
			continue;
		if (c->vcpu == vcpu || !each_vcpu_has(virq))
			return c->port;
	}

	return 0;
}

/* The lowest port that is neither open nor busy; it has memory then. */
static int free_port(u32 domain)
{
	struct model_domain *d = &model.domains[domain];
	u32 port;

	for (port = 1; port < d->nr_ports; port++) {
		if (channel_at(domain, port) || d->busy[port])
			continue;
		if (!d->has_memory[port] && d->no_memory)
			return -ENOMEM;
		d->has_memory[port] = true;
		return port;
	}

	return -ENOSPC;
}

static int add(struct model_channel c)
{
	int port = free_port(c.domain);

	if (port < 0)
		return port;
	c.port = port;
	model.channels[model.nr_channels++] = c;
	return port;
}

int model_alloc_unbound(u32 domain, u32 remote)
{
	return add((struct model_channel) {
		.domain = domain, .kind = MODEL_UNBOUND, .remote = remote,
	});
}

int model_bind_interdomain(u32 domain, u32 remote, u32 port)
{
	struct model_channel *c;
	int result = free_port(domain);

	if (result < 0)
		return result;

	c = channel_at(remote, port);
	if (!c || c->kind != MODEL_UNBOUND || c->remote != domain)
		return -EINVAL;

	c->kind = MODEL_INTERDOMAIN;
	c->number = result;
	return add((struct model_channel) {
		.domain = domain, .kind = MODEL_INTERDOMAIN,
		.remote = remote, .number = port,
	});
}

int model_bind_virq(u32 domain, u32 virq, u32 vcpu)
{
	if (virq >= 24)
		return -EINVAL;
	if (vcpu != 0 && !each_vcpu_has(virq))
		return -EINVAL;
	if (vcpu >= model.nr_vcpus)
		return -ENOENT;
	if (model_virq(domain, virq, vcpu))
		return -EEXIST;

	return add((struct model_channel) {
		.domain = domain, .kind = MODEL_VIRQ, .number = virq, .vcpu = vcpu,
	});
}

int model_bind_ipi(u32 domain, u32 vcpu)
{
	if (vcpu >= model.nr_vcpus)
		return -ENOENT;

	return add((struct model_channel) {
		.domain = domain, .kind = MODEL_IPI, .vcpu = vcpu,
	});
}

int model_bind_pirq(u32 domain, u32 pirq)
{
	return add((struct model_channel) {
		.domain = domain, .kind = MODEL_PIRQ, .number = pirq,
	});
}

/* Take it off the list by moving all behind it. */
static void remove_channel(struct model_channel *c)
{
	u32 behind = &model.channels[--model.nr_channels] - c;

	memmove(c, c + 1, behind * sizeof(*c));
}

int model_close(u32 domain, u32 port)
{
	struct model_channel *c = channel_at(domain, port), *end;

	if (!c)
		return -EINVAL;

	if (c->kind == MODEL_INTERDOMAIN) {
		end = channel_at(c->remote, c->number);
		end->kind = MODEL_UNBOUND;
		end->remote = domain;
		end->number = 0;
	}

	remove_channel(c);
	return 0;
}

int model_bind_vcpu(u32 domain, u32 port, u32 vcpu)
{
	struct model_channel *c = channel_at(domain, port);

	if (vcpu >= model.nr_vcpus)
		return -ENOENT;
	if (!c || c->kind == MODEL_IPI)
		return -EINVAL;
	if (c->kind == MODEL_VIRQ && each_vcpu_has(c->number))
		return -EINVAL;

	c->vcpu = vcpu;
	return 0;
}

int model_send(u32 domain, u32 port)
{
	switch (model_status(domain, port).kind) {
	case MODEL_INTERDOMAIN:
	case MODEL_IPI:
		return 1;
	case MODEL_UNBOUND:
		return 0;
	default:
		return -EINVAL;
	}
}
