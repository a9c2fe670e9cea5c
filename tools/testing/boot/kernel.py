# SPDX-License-Identifier: GPL-2.0
"""The kernels that can be booted: their images, their modules, where ours and samples are."""

import os
import pathlib

from common import BUILD, CACHE, LINE, Error

# Where the testbed says which kernel of Debian's is which flavour.
FLAVOURS = {"": "KERNEL_RELEASE", "rt": "RT_RELEASE", "cloud": "CLOUD_RELEASE"}
KINDS = (*FLAVOURS, "debug")
# What the checkers of the debug kernel cost, and threads for interrupts, for time limits.
SLOWER = {"": 1, "debug": 4, "rt": 2, "cloud": 1}


class Kernel:
    """A flavour of Debian's kernel or the debug kernel, and the modules for it."""

    def __init__(self, kind=""):
        self.image, self.modules = debug() if kind == "debug" else packaged(kind)
        self.release = self.modules.name
        suffix = f"-{self.release}" if kind else ""
        self.ours = BUILD / f"modules{suffix}"
        self.samples = BUILD / f"samples{suffix}"
        prefix = f"{kind}-" if kind else ""
        self.target = f"make {prefix}modules"
        self.samples_target = f"make {prefix}samples"
        # One report of KASAN must not be the last.
        self.append = "kasan_multi_shot" if kind == "debug" else ""
        self.deps = dict(self.read_deps())

    def read_deps(self):
        for line in (self.modules / "modules.dep").read_text().splitlines():
            path, _, deps = line.partition(":")
            yield module_name(path), [path, *deps.split()]

    def chain(self, name):
        """The files of a module and of all it needs, in the order to load."""
        files = self.deps.get(name.replace("-", "_"))
        if files is None:
            return []
        return [self.modules / path for path in reversed(files)]


def packaged(kind):
    """Debian's: the image and the directory of its modules."""
    release = os.environ.get(FLAVOURS[kind])
    if not release:
        raise Error("the kernel has no name: run this in the testbed (scripts/testbed run)")
    return pathlib.Path(f"/boot/vmlinuz-{release}"), pathlib.Path("/lib/modules") / release


def debug():
    """The same of the debug kernel."""
    place = CACHE / "debug-kernel" / LINE
    modules = sorted(place.glob("lib/modules/*"))
    if not modules:
        raise Error("there is no debug kernel: scripts/debug-kernel ensure")
    return place / "bzImage", modules[-1]


def module_name(path):
    """kernel/arch/x86/kvm/kvm-amd.ko.xz is called kvm_amd."""
    return pathlib.PurePath(path).name.split(".ko")[0].replace("-", "_")
