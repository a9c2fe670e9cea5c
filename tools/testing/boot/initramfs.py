# SPDX-License-Identifier: GPL-2.0
"""Makes the initramfs of the booted host: busybox, modules, tests, the job."""

import lzma
import os
import pathlib
import re
import shlex
import subprocess

from common import BUILD, ROOT, Error, scaled
from kernel import module_name

HERE = pathlib.Path(__file__).parent
BUSYBOX = pathlib.Path("/bin/busybox")
KVM_NAMES = ("kvm", "kvm-amd", "kvm-intel")
TESTBED_MODULES = ("9pnet_virtio", "9p", "overlay")

# Lines of the kernel log that fail the test during which they appear.
SPLATS = (
    r"\bBUG\b",
    r"\bWARNING: ",
    r"\bKASAN\b",
    r"\bKCSAN\b",
    r"\bKMSAN\b",
    r"\bUBSAN\b",
    r"\bkmemleak: .*suspected",
    r"possible (recursive|circular|irq lock inversion|irq lock)",
    r"inconsistent lock state",
    r"suspicious RCU",
    r"Invalid wait context",
    r"bad unlock balance",
    r"held lock freed",
    r"lock held when returning",
    r"sleeping function called",
    r"scheduling while atomic",
    r"voluntary context switch within RCU",
    r"(rcu|RCU).*(detected|expedited) .*stall",
    r"rcu.*kthread.*starved",
    r"soft lockup",
    r"hard LOCKUP",
    r"blocked for more than [0-9]+ seconds",
    r"Oops",
    r"general protection",
    r"[Uu]nable to handle",
    r"invalid opcode: ",
    r"divide error",
    r"refcount_t",
    r"list_(add|del) corruption",
    r"Bad page state",
    r"Kernel panic",
    r"ODEBUG",
    r"unchecked MSR access",
    r"split lock detected",
    r"Call Trace:",
)

# Of our modules we know what they take; stock ones may know less.
OUR_SPLATS = (r"unknown parameter '\w+' ignored",)


class Archive:
    """A cpio archive in the "newc" format, which the kernel unpacks."""

    def __init__(self):
        self.parts = []
        self.inode = 0
        self.dirs = set()

    def entry(self, name, mode, data=b""):
        self.inode += 1
        raw = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + raw
        self.parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def directory(self, path):
        for parent in reversed(pathlib.PurePosixPath(path).parents):
            if str(parent) not in (".", "/"):
                self.directory(str(parent))
        if path not in self.dirs:
            self.dirs.add(path)
            self.entry(path, 0o040755)

    def file(self, path, data, mode=0o644):
        self.directory(str(pathlib.PurePosixPath(path).parent))
        if isinstance(data, str):
            data = data.encode()
        self.entry(path, 0o100000 | mode, data)

    def write(self, path):
        self.entry("TRAILER!!!", 0)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            file.writelines(self.parts)


def module_data(path):
    """A module's bytes, unpacked."""
    data = pathlib.Path(path).read_bytes()
    return lzma.decompress(data) if str(path).endswith(".xz") else data


def built_module(path, kernel, target):
    """The file of a module made by that target, which must be for this kernel."""
    if not path.exists():
        raise Error(f"{path.relative_to(ROOT)} is missing: {target}")
    magic = subprocess.run(["modinfo", "-F", "vermagic", path],
                           capture_output=True, text=True, check=False).stdout.split()
    if magic[:1] != [kernel.release]:
        raise Error(f"{path.relative_to(ROOT)} is for kernel {magic[:1]}, "
                    f"not {kernel.release}: {target}")
    return path


def our_modules(kernel):
    """The files of our three modules."""
    return {name: built_module(kernel.ours / f"{name}.ko", kernel, kernel.target)
            for name in KVM_NAMES}


def pack_samples(archive, kernel, tests):
    """Packs the modules that tests load themselves."""
    for name in sorted({name for test in tests for name in test.samples}):
        path = built_module(kernel.samples / f"{name}.ko", kernel, kernel.samples_target)
        archive.file(f"samples/{path.name}", module_data(path))


def kvm_files(kernel, which):
    """The KVM modules and what they need, in the order to load."""
    ours = our_modules(kernel) if which == "ours" else {}
    files = {}
    for name in KVM_NAMES:
        for path in kernel.chain(name):
            files[module_name(path)] = path
    files.update((name.replace("-", "_"), path) for name, path in ours.items())
    order = [n for n in files if not n.startswith("kvm")]
    order += [n.replace("-", "_") for n in KVM_NAMES]
    return [(name, files[name]) for name in order]


def module_lines(archive, kernel, which, params, root):
    """Packs the modules; returns the lines for /job/modules."""
    files = []
    if root == "testbed":
        for name in TESTBED_MODULES:
            files += [(module_name(p), p) for p in kernel.chain(name)]
    files = list(dict(files).items()) + kvm_files(kernel, which)
    for name, path in files:
        base = path.name.removesuffix(".xz")
        archive.file(f"modules/{base}", module_data(path))
        yield f"/modules/{base} {params.get(name, params.get(name.replace('_', '-'), ''))}"


def shared_libraries(program):
    """The libraries of a program that is not static, and libgcc_s for it."""
    out = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    libs = re.findall(r"(/\S+) \(0x", out)
    if libs:
        libs += map(str, pathlib.Path("/lib/x86_64-linux-gnu").glob("libgcc_s.so.1"))
    return libs


def programs(tests):
    """The selftests that the commands of the tests name."""
    words = {word for test in tests for word in re.findall(r"[\w.-]+", test.run)}
    paths = (BUILD / "selftests" / word for word in sorted(words))
    return [path for path in paths if path.is_file()]


def packed_files(tests):
    """What else the tests ask for: the testbed's files by their paths, the checkout's in /src."""
    for name in sorted({name for test in tests for name in test.pack}):
        yield ROOT / name, str(pathlib.PurePosixPath("/src") / name).lstrip("/")


def pack_programs(archive, tests):
    """Packs the selftests that the tests run and the files they need, with their libraries."""
    files = [(program, f"selftests/{program.name}") for program in programs(tests)]
    libs = set()
    for path, name in [*files, *packed_files(tests)]:
        executable = os.access(path, os.X_OK)
        archive.file(name, path.read_bytes(), 0o755 if executable else 0o644)
        if executable:
            libs.update(shared_libraries(path))
    for lib in sorted(libs):
        archive.file(lib.lstrip("/"), pathlib.Path(lib).read_bytes(), 0o755)


def pack_job(archive, tests, conf, lines):
    """Packs what init.sh reads: settings, modules, tests, forbidden lines."""
    archive.file("job/conf", "".join(f"{k}={shlex.quote(str(v))}\n" for k, v in conf.items()))
    archive.file("job/modules", "".join(f"{line}\n" for line in lines))
    archive.file("job/tests", "".join(f"{t.name} {scaled(t.timeout):.0f}\n" for t in tests))
    splats = SPLATS + (OUR_SPLATS if conf["modules"] == "ours" else ())
    archive.file("job/splats", "".join(f"{s}\n" for s in splats))
    for test in tests:
        archive.file(f"job/run/{test.name}", f"{test.run}\n")


def make(path, kernel, which, tests, root, modparams, conf):
    """Writes the initramfs for one boot."""
    archive = Archive()
    archive.file("bin/busybox", BUSYBOX.read_bytes(), 0o755)
    archive.file("init", (HERE / "init.sh").read_bytes(), 0o755)
    lines = list(module_lines(archive, kernel, which, modparams, root))
    if root == "initramfs":
        pack_programs(archive, tests)
        pack_samples(archive, kernel, tests)
    pack_job(archive, tests, dict(conf, root=root, modules=which), lines)
    archive.write(path)
