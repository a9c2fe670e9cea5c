# SPDX-License-Identifier: GPL-2.0
"""The QEMU that boots the host kernel: which one, how it is called, its channels.

What the runner takes from here, and from bochs.py for an Intel host, is fitted(), refusal(),
start() and interactive().
"""

import dataclasses
import fcntl
import functools
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

from common import CACHE

KVM_CREATE_VM = 0xAE01

# A busy machine is no bug: the kernel's own watchdogs get long limits, and the
# TSC stays the clock, which it does not where its readings come late. There is no
# PIT: against one that is read late the kernel takes the TSC for
# slow, up to ten times, and believes it before the HPET.
ARGUMENTS = ("loglevel=7 panic=-1 nokaslr log_buf_len=4M sysrq_always_enabled "
             "printk.devkmsg=on random.trust_cpu=on no_timer_check tsc=reliable "
             "rcupdate.rcu_cpu_stall_timeout=120 watchdog_thresh=60")


def warn(text):
    print(f"boot: WARNING: {text}", flush=True)


@functools.cache
def emulator():
    """The corrected QEMU where it is built, else the packaged one."""
    ours = CACHE / "emulator/current/bin/qemu-system-x86_64"
    if ours.exists():
        return (str(ours), *data_dirs(ours))
    warn("the corrected QEMU is not built (scripts/emulator ensure); the packaged one "
         "runs nested guests wrongly now and then")
    return ("qemu-system-x86_64",)


def data_dirs(binary):
    """Debian's firmware, where the built QEMU has none installed beside it."""
    if (binary.resolve().parents[1] / "share/qemu/bios-256k.bin").exists():
        return []
    return ["-L", "/usr/share/qemu", "-L", "/usr/share/seabios"]


def nested_kvm():
    """True where this machine has KVM, and KVM lets its guests use it again."""
    nested = any(pathlib.Path(f"/sys/module/{name}/parameters/nested").is_file()
                 and pathlib.Path(f"/sys/module/{name}/parameters/nested").read_text()[0] in "Y1"
                 for name in ("kvm_amd", "kvm_intel"))
    if not nested:
        return False
    try:
        with open("/dev/kvm", "rb+", buffering=0) as kvm:
            os.close(fcntl.ioctl(kvm, KVM_CREATE_VM, 0))
    except OSError:
        return False
    return True


# TCG's TSC never changes its rate. A host that does not know takes paths in KVM that
# no CPU of today needs; the packaged QEMU cannot say so, and warns.
TCG_CPU = "max,+invtsc"


def acceleration(icount, features=""):
    """The arguments that choose who runs the host kernel's instructions."""
    more = "".join(f",+{feature}" for feature in features.split())
    if icount:
        return ["-accel", "tcg", "-cpu", TCG_CPU + more, "-icount", "shift=0,sleep=off"]
    if nested_kvm() and not os.environ.get("KVM_XEN_TCG"):
        return ["-accel", "kvm", "-cpu", "host" + more]
    return ["-accel", "tcg,thread=multi", "-cpu", TCG_CPU + more]


def command(kernel, initrd, machine):
    """QEMU's command line for the machine of a test, without its channels."""
    root, smp, memory, append, icount, plugin, cpu, *_ = machine
    args = [*emulator(), "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            "-machine", "q35,pit=off", *acceleration(icount, cpu),
            "-smp", str(smp), "-m", str(memory),
            "-kernel", str(kernel.image), "-initrd", str(initrd),
            "-append", " ".join(["console=ttyS0", ARGUMENTS, kernel.append, append]).strip()]
    if plugin:
        args += ["-plugin", plugin]
    if root == "testbed":
        args += ["-virtfs", "local,path=/,mount_tag=testbed,security_model=none,"
                            "readonly=on,multidevs=remap"]
    return args


class Machine:
    """A running QEMU with three channels: console, verdicts, control."""

    pace = 1        # seconds of ours that one of its own takes

    def __init__(self, args):
        ends = {name: socket.socketpair() for name in ("console", "verdict", "control")}
        for name, (_, theirs) in ends.items():
            args = [*args, "-chardev", f"socket,id={name},fd={theirs.fileno()}"]
        args += ["-serial", "chardev:console", "-serial", "chardev:verdict",
                 "-mon", "chardev=control,mode=control"]
        self.complaints = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.complaints,
            pass_fds=[theirs.fileno() for _, theirs in ends.values()])
        for name, (mine, theirs) in ends.items():
            theirs.close()
            setattr(self, name, mine)

    def clock(self):
        """What time limits are measured by."""
        return time.monotonic()

    def interrogate(self):
        """Makes the kernel print what its CPUs and blocked tasks do (SysRq); yields that."""
        self.order("qmp_capabilities")
        for key in b"lw":
            self.order("chardev-send-break", {"id": "console"})
            time.sleep(0.5)
            self.console.send(bytes([key]))
            time.sleep(0.5)
        self.console.settimeout(3)
        while data := self.console.recv(65536):
            yield data

    def order(self, name, arguments=None):
        message = {"execute": name, "arguments": arguments or {}}
        self.control.send(json.dumps(message).encode() + b"\n")

    def stop(self):
        """Ends QEMU; returns what it had to complain about."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.complaints.seek(0)
        complaint = self.complaints.read().decode(errors="replace").strip()
        for channel in (self.console, self.verdict, self.control):
            channel.close()
        return complaint


def fitted(test):
    """The test as this machine runs it: what is asked of an Intel host makes no other boot."""
    return dataclasses.replace(test, intel={})


def refusal(test):
    """Why a test cannot run on this machine: all can."""
    return ""


def start(kernel, initrd, test):
    return Machine(command(kernel, initrd, test.machine()))


def interactive(kernel, initrd, test):
    """Runs QEMU on this terminal; returns its exit status."""
    args = [*command(kernel, initrd, test.machine()),
            "-chardev", "stdio,id=console,mux=on,signal=off",
            "-serial", "chardev:console", "-serial", "null", "-mon", "chardev=console"]
    sys.stdout.flush()
    return subprocess.call(args)
