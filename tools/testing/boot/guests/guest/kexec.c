// SPDX-License-Identifier: GPL-2.0
/*
 * kexec KERNEL INITRAMFS: the running kernel starts another one in its place,
 * with the same command line. In a Xen guest that is a soft reset, by which
 * the platform forgets all that the first kernel set up.
 *
 * kexec -p KERNEL INITRAMFS WORDS: load it as what is started when the running one
 * crashes, with WORDS behind the command line.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void read_command_line(char *line, int size)
{
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file || !fgets(line, size, file))
		err(1, "/proc/cmdline");
	line[strcspn(line, "\n")] = '\0';
}

static void load(const char *kernel, const char *initramfs, const char *words,
		 unsigned long flags)
{
	char line[4096];

	read_command_line(line, sizeof(line) / 2);
	strcat(line, " ");
	strncat(line, words, sizeof(line) / 2 - 2);
	if (syscall(SYS_kexec_file_load, open_file(kernel), open_file(initramfs),
		    strlen(line) + 1, line, flags))
		err(1, "kexec_file_load");
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "-p")) {
		load(argv[2], argv[3], argv[4], KEXEC_FILE_ON_CRASH);
		return 0;
	}
	if (argc != 3)
		errx(2, "usage: kexec [-p] KERNEL INITRAMFS [WORDS]");

	load(argv[1], argv[2], "", 0);
	sync();
	reboot(LINUX_REBOOT_CMD_KEXEC);
	err(1, "reboot");
}
