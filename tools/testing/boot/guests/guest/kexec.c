// SPDX-License-Identifier: GPL-2.0
/*
 * kexec KERNEL INITRAMFS: the running kernel starts another one in its place,
 * with the same command line. In a Xen guest that is a soft reset, by which
 * the platform forgets all it was told by the first kernel.
 */
#include <err.h>
#include <fcntl.h>
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

int main(int argc, char **argv)
{
	char line[4096];

	if (argc != 3)
		errx(2, "usage: kexec KERNEL INITRAMFS");

	read_command_line(line, sizeof(line));
	if (syscall(SYS_kexec_file_load, open_file(argv[1]), open_file(argv[2]),
		    strlen(line) + 1, line, 0UL))
		err(1, "kexec_file_load");
	sync();
	reboot(LINUX_REBOOT_CMD_KEXEC);
	err(1, "reboot");
}
