// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of the emulator (qemu-plugin.h) that writes the addresses of all
 * instructions that ran in modules of the kernel, one a line, to the end of the
 * file given by out=.
 *
 * A block is written when it runs for the first time, and at once, as the machine
 * may end in any way.  It has no branch but at its end, so that all of it runs,
 * but for what an exception leaves out.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* Behind the image of a kernel that nokaslr keeps in its place. */
#define MODULES_BEGIN	0xffffffffa0000000ull

struct block {
	bool written;
	size_t nr;
	uint64_t pc[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *out;

static void write_block(const struct block *block)
{
	size_t i;

	for (i = 0; i < block->nr; i++)
		fprintf(out, "%llx\n", (unsigned long long)block->pc[i]);
	fflush(out);
}

static void on_block(unsigned int cpu, void *arg)
{
	struct block *block = arg;

	if (__atomic_load_n(&block->written, __ATOMIC_RELAXED))
		return;

	pthread_mutex_lock(&lock);
	if (!block->written)
		write_block(block);
	__atomic_store_n(&block->written, true, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
}

/* The emulator keeps no more than a pointer, for as long as it runs. */
static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, nr = qemu_plugin_tb_n_insns(tb);
	struct block *block;

	if (qemu_plugin_tb_vaddr(tb) < MODULES_BEGIN)
		return;

	block = calloc(1, sizeof(*block) + nr * sizeof(block->pc[0]));
	if (!block)
		abort();
	block->nr = nr;
	for (i = 0; i < nr; i++)
		block->pc[i] = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i));
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, block);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	if (argc == 1 && !strncmp(argv[0], "out=", 4))
		out = fopen(argv[0] + 4, "a");
	if (!out) {
		fprintf(stderr, "coverage_plugin: out=FILE is missing, or cannot be written\n");
		return -1;
	}

	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
