# SPDX-License-Identifier: GPL-2.0
"""The Bochs that boots an Intel host: how it is configured, its medium, its channels.

What it offers is what machine.py offers for QEMU: fitted(), refusal(), start(), interactive().
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import string
import subprocess
import sys
import tempfile
import termios
import time

from common import CACHE, Error
from machine import ARGUMENTS

HERE = pathlib.Path(__file__).parent
HOME = CACHE / "intel-emulator"
TARGET = "make intel-emulator"

# A machine's second has this many instructions of each CPU. Waiting takes no time,
# so that few make long waits short.
MODEL, IPS = "corei7_skylake_x", 50_000_000
# With icount they are one in a nanosecond, as with QEMU's. Bochs counts them anyway.
IPS_ICOUNT = 1_000_000_000
# Instructions that Bochs executes in a second of its own at least.
SPEED = 40_000_000
# Bochs never waits; one that gets no CPU at all is stuck, and has to end all the same.
STUCK = 20
# MiB of the guest's memory that it keeps in its own at most; what is more goes to a file.
ALLOCATED = 2048

POWER_OFF = "soft power off"

# The speed of the serial port is emulated. Skylake is known for what the kernel warns of.
APPEND = "console=ttyS0,115200 mitigations=off"

# What a row may ask for and this machine does not have: key, what is there, why not.
LACKS = (
    ("root", "initramfs", "an Intel host has no 9p to take the testbed's root from"),
    ("plugin", "", "plugins are QEMU's"),
    ("cpu", "", "it asks for CPU features by QEMU's names"),
    ("kernel", "", "an Intel host boots Debian's kernel alone"),
)

# Features that a row may ask for, by QEMU's names, which this machine's CPU has anyway.
FEATURES = ("tsc-scale",)


def unavailable():
    """Why there can be no emulator, as scripts/intel-emulator has found, or ""."""
    reason = HOME / "unavailable"
    return reason.read_text().strip() if reason.exists() else ""


def emulator():
    binary = HOME / "current/bin/bochs"
    if not binary.exists():
        raise Error(unavailable() or f"the emulator of an Intel host is not built: {TARGET}")
    return binary


def fitted(test):
    """The test as this machine runs it.

    What the CPU has need not be asked for, and what is packed needs no testbed.
    """
    asked = [feature for feature in test.cpu.split() if feature not in FEATURES]
    root = "initramfs" if test.pack else test.root
    return dataclasses.replace(test, cpu=" ".join(asked), root=root)


def refusal(test):
    """Why a test cannot run on this machine, or ""."""
    return next((why for key, there, why in LACKS if getattr(test, key) != there), "")


def ips(test):
    return test.intel.get("ips", IPS_ICOUNT if test.icount else IPS)


def pace(test):
    """Seconds that the emulator needs, at most, for one of a busy machine."""
    return max(1, test.smp * ips(test) / SPEED)


def configuration(test, scratch, console, verdict):
    """The text of a bochsrc; console and verdict are the modes of the serial ports."""
    template = string.Template((HERE / "bochsrc.template").read_text())
    values = {"model": MODEL, **test.intel, "ips": ips(test)}
    return template.substitute(values, smp=test.smp, memory=test.memory,
                               allocated=min(test.memory, ALLOCATED), console=console,
                               verdict=verdict, medium=f"{scratch}/medium", log=f"{scratch}/log")


def boot_menu(kernel, test):
    """The text of a grub.cfg."""
    words = " ".join(filter(None, [ARGUMENTS, APPEND, kernel.append, test.append]))
    return f"linux /vmlinuz {words}\ninitrd /initramfs\nboot\n"


def make_medium(kernel, initrd, test, scratch):
    """Packs the kernel and its initramfs into the CD-ROM that the firmware boots."""
    tree = scratch / "tree"
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/grub/grub.cfg").write_text(boot_menu(kernel, test))
    shutil.copy(kernel.image, tree / "vmlinuz")
    shutil.copy(initrd, tree / "initramfs")
    made = subprocess.run(["grub-mkrescue", "--locales=", "--fonts=", "--themes=", "-o",
                           scratch / "medium", tree], capture_output=True, text=True, check=False)
    shutil.rmtree(tree)
    if made.returncode:
        raise Error(f"grub-mkrescue: {' '.join(made.stderr.splitlines()[-1:])}")


def command(kernel, initrd, test, scratch, console, verdict):
    """Bochs's command line; what it reads is made in scratch."""
    binary = emulator()
    make_medium(kernel, initrd, test, scratch)
    (scratch / "bochsrc").write_text(configuration(test, scratch, console, verdict))
    return [binary, "-q", "-f", scratch / "bochsrc"]


def last_words(complaints):
    """Why Bochs has ended by itself, for which it has but one exit status."""
    complaints.seek(0)
    said = re.search(r"exiting with the following message:\n(.*)",
                     complaints.read().decode(errors="replace"))
    return said[1].strip() if said else ""


def how_it_ended(status):
    """The same of one that has said nothing; None is one that runs."""
    if not status:
        return ""
    return f"Bochs ended by signal {-status}" if status < 0 else f"Bochs ended with status {status}"


def cpu_seconds(pid):
    """What a process, which may have ended but was not waited for, has used of CPUs."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Machine:
    """A running Bochs with two channels, console and verdicts, which are its serial ports."""

    def __init__(self, kernel, initrd, test):
        self.scratch = tempfile.TemporaryDirectory(prefix="bochs-")
        self.pace = pace(test)
        self.began, self.used = time.monotonic(), 0
        pipes = {name: os.pipe() for name in ("console", "verdict")}
        ports = [f"mode=file, dev=/dev/fd/{theirs}" for _, theirs in pipes.values()]
        self.complaints = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command(kernel, initrd, test, pathlib.Path(self.scratch.name), *ports),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.complaints,
            pass_fds=[theirs for _, theirs in pipes.values()])
        for name, (mine, theirs) in pipes.items():
            os.close(theirs)
            setattr(self, name, open(mine, "rb", buffering=0))

    def clock(self):
        """The emulator's own CPU time, which a busy machine does not prolong."""
        with contextlib.suppress(OSError):
            self.used = cpu_seconds(self.process.pid)
        return max(self.used, (time.monotonic() - self.began) / STUCK)

    def interrogate(self):
        """Nothing: SysRq over the serial port takes a break, which Bochs cannot send."""
        return ()

    def stop(self):
        """Ends Bochs; returns what it had to complain about."""
        status = self.process.poll()
        if status is None:
            self.process.kill()
        self.process.wait()
        complaint = last_words(self.complaints) or how_it_ended(status)
        for channel in (self.console, self.verdict, self.complaints):
            channel.close()
        self.scratch.cleanup()
        return complaint


def start(kernel, initrd, test):
    return Machine(kernel, initrd, test)


def interactive(kernel, initrd, test):
    """Runs Bochs with its first serial port on this terminal; returns an exit status."""
    if not sys.stdin.isatty():
        raise Error("the shell of an Intel host needs a terminal")
    modes = termios.tcgetattr(sys.stdin)
    with (tempfile.TemporaryDirectory(prefix="bochs-") as scratch,
          tempfile.TemporaryFile() as complaints):
        args = command(kernel, initrd, test, pathlib.Path(scratch),
                       f"mode=term, dev={os.ttyname(sys.stdin.fileno())}", "mode=null")
        sys.stdout.flush()
        try:
            subprocess.call(args, stdout=subprocess.DEVNULL, stderr=complaints)
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSANOW, modes)
        said = last_words(complaints)
    if POWER_OFF not in said:
        raise Error(said or "Bochs ended without a word")
    return 0
