# SPDX-License-Identifier: GPL-2.0
"""The kernels that can be booted: their images, their modules, where ours and samples are."""

import pathlib

from common import BUILD, CACHE, Error

DEBUG = CACHE / "debug-kernel/current"
KINDS = ("", "debug")
SLOWER = 4      # what the checkers of the debug kernel cost, for time limits


class Kernel:
    """Debian's kernel, or the debug kernel, and the modules that belong to it."""

    def __init__(self, kind=""):
        self.image, self.modules = debug() if kind == "debug" else packaged()
        self.release = self.modules.name
        suffix = f"-{self.release}" if kind else ""
        self.ours = BUILD / f"modules{suffix}"
        self.samples = BUILD / f"samples{suffix}"
        self.target = "make debug-modules" if kind else "make modules"
        self.samples_target = "make debug-samples" if kind else "make samples"
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


def packaged():
    """Debian's: the image and the directory of its modules."""
    images = sorted(pathlib.Path("/boot").glob("vmlinuz-*"))
    if not images:
        raise Error("no /boot/vmlinuz-*: run this in the testbed (scripts/testbed run)")
    return images[-1], pathlib.Path("/lib/modules") / images[-1].name.removeprefix("vmlinuz-")


def debug():
    """The same of the debug kernel."""
    modules = sorted(DEBUG.glob("lib/modules/*"))
    if not modules:
        raise Error("there is no debug kernel: scripts/debug-kernel ensure")
    return DEBUG / "bzImage", modules[-1]


def module_name(path):
    """kernel/arch/x86/kvm/kvm-amd.ko.xz is called kvm_amd."""
    return pathlib.PurePath(path).name.split(".ko")[0].replace("-", "_")
