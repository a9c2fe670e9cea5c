// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of the emulator (qemu-plugin.h) that records which instructions one
 * operation runs, in the guest, in the hypervisor and in the VMM.
 *
 * A benchmark marks where its samples begin and end, by instructions that do
 * nothing: see bench.h.  Of all samples it is the median that is written, as
 * addresses in the order in which they ran, one a line, to the file given by
 * out=.  What the benchmark printed as the median has two or so more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

#define MAX_SAMPLES	1024
#define MARK_LEN	7

enum mark { MARK_BEGIN = 1, MARK_END, MARK_DUMP };

/* nopl 0x6b7870NN(%rax), NN the mark */
static const uint8_t mark_bytes[MARK_LEN - 1] = { 0x0f, 0x1f, 0x80, 0, 0x70, 0x78 };
static const uint8_t mark_last = 0x6b;

struct sample {
	uint64_t *pc;
	size_t nr;
	size_t room;
};

static struct sample samples[MAX_SAMPLES];
static unsigned int nr_samples;
static struct sample *current;		/* NULL outside of samples */
static const char *out;

static void on_instruction(unsigned int cpu, void *pc)
{
	struct sample *s = current;

	if (!s)
		return;
	if (s->nr == s->room) {
		s->room = s->room ? 2 * s->room : 4096;
		s->pc = realloc(s->pc, s->room * sizeof(*s->pc));
		if (!s->pc)
			abort();
	}
	s->pc[s->nr++] = (uintptr_t)pc;
}

static int by_length(const void *a, const void *b)
{
	const struct sample *one = a, *other = b;

	return (one->nr > other->nr) - (one->nr < other->nr);
}

static void dump(void)
{
	struct sample *s = &samples[nr_samples / 2];
	FILE *file = fopen(out, "w");
	size_t i;

	if (!file || !nr_samples)
		abort();
	qsort(samples, nr_samples, sizeof(*samples), by_length);
	for (i = 0; i < s->nr; i++)
		fprintf(file, "%llx\n", (unsigned long long)s->pc[i]);
	fclose(file);
}

static void on_begin(unsigned int cpu, void *unused)
{
	current = nr_samples < MAX_SAMPLES ? &samples[nr_samples++] : NULL;
}

static void on_end(unsigned int cpu, void *unused)
{
	current = NULL;
}

static void on_dump(unsigned int cpu, void *unused)
{
	dump();
}

static unsigned int mark_of(struct qemu_plugin_insn *insn)
{
	uint8_t bytes[MARK_LEN], mark;

	if (qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) != sizeof(bytes))
		return 0;
	mark = bytes[3];
	bytes[3] = 0;
	if (memcmp(bytes, mark_bytes, sizeof(mark_bytes)) || bytes[MARK_LEN - 1] != mark_last)
		return 0;
	return mark;
}

static void watch(struct qemu_plugin_insn *insn)
{
	static const qemu_plugin_vcpu_udata_cb_t on_mark[] = {
		[0] = on_instruction,
		[MARK_BEGIN] = on_begin,
		[MARK_END] = on_end,
		[MARK_DUMP] = on_dump,
	};
	void *pc = (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn);
	unsigned int mark = mark_of(insn);

	if (mark <= MARK_DUMP)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark[mark],
						       QEMU_PLUGIN_CB_NO_REGS, pc);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i;

	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
		watch(qemu_plugin_tb_get_insn(tb, i));
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "profile_plugin: out=FILE is missing\n");
		return -1;
	}

	out = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
