# SPDX-License-Identifier: GPL-2.0
"""The files of a checkout, their units and folders, and what scripts/layers.table says of them.

A file is named as an include names it: from arch/x86/kvm, or from the checkout where it is
not in there. A unit is X.c and X.h together, and called by that path without the ending.
"""

import functools
import pathlib
import posixpath
import re

from source import source

KVM = "arch/x86/kvm/"
TABLE = "scripts/layers.table"
PLACES = ("include/uapi/", "include/", "arch/x86/include/uapi/", "arch/x86/include/")


class Error(Exception):
    """Something that a person has to put right; printed as one line."""


class Table:
    """The order that is declared."""

    def __init__(self, path):
        self.folders, self.outside, self.callbacks = [], [], {}
        self.seam = self.hooks = self.compat = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            words = line.partition("#")[0].split()
            if words and not self.add(*words):
                raise Error(f"{TABLE}:{number} is not understood: {line}")
        if not self.folders or not self.seam:
            raise Error(f"{TABLE} has no line for folders or for seam")

    def add(self, kind, *words):
        if kind == "folders" and words:
            self.folders += words
        elif kind == "callback" and len(words) > 2:
            self.callbacks[words[:2]] = " ".join(words[2:])
        elif kind in ("outside", "hooks", "compat") and len(words) == 1:
            self.outside.append(words[0])
            if kind != "outside":
                setattr(self, kind, words[0])
        elif kind == "seam" and len(words) == 1:
            self.seam = words[0]
        else:
            return False
        return True

    def rank(self, folder):
        return self.folders.index(folder)


class Tree:
    """A checkout."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.table = Table(self.root / TABLE)
        paths = sorted(path for top in ("arch", "include")
                       for path in (self.root / top).rglob("*.[ch]"))
        self.files = {self.name(path): source(path.read_text()) for path in paths}
        self.samples = {self.name(path): source(path.read_text())
                        for path in sorted((self.root / "samples").rglob("*.[ch]"))}

    def name(self, path):
        return path.relative_to(self.root).as_posix().removeprefix(KVM)

    def path(self, file):
        return self.root / (file if file.startswith(("arch/", "include/")) else KVM + file)

    def place(self, file):
        """The folder that a path leads to, declared or not; None outside of the core."""
        if file in ("xen.c", "xen.o"):
            return "."
        parts = file.split("/")
        return "/".join(parts[1:-1]) or "." if parts[0] == "xen" and len(parts) > 1 else None

    def folder(self, file):
        """The declared folder of a file; None for one that stands outside, or in none."""
        place = None if file in self.table.outside else self.place(file)
        return place if place in self.table.folders else None

    @property
    def pure(self):
        """The folder without the kernel."""
        return self.folder(self.table.seam)

    def unit(self, file):
        return re.sub(r"\.[cho]$", "", file) if self.folder(file) else file

    def unit_folder(self, unit):
        """The same folder as its files'."""
        return None if unit in self.table.outside else self.folder(unit + ".c")

    @functools.cached_property
    def units(self):
        """The units of all folders, with their files."""
        units = {}
        for file in self.files:
            if self.folder(file):
                units.setdefault(self.unit(file), []).append(file)
        return units

    def headers(self):
        """Those of the folders."""
        return [file for file in self.files if file.endswith(".h") and self.folder(file)]

    def resolve(self, file, include):
        """The file that an include means, where it is one of this project's."""
        names = [place + include.name for place in PLACES]
        if include.quoted:
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(file), include.name))
            names = [beside, include.name] + names
        elif self.folder(include.name) not in (None, "."):
            names.append(include.name)
        return next((name for name in names if name in self.files), None)

    def includes(self, file):
        """This project's files that a file includes itself."""
        targets = (self.resolve(file, include) for include in self.files[file].includes)
        return [target for target in targets if target]

    @functools.cache
    def reached(self, file):
        """The file, and those that it includes directly or through others."""
        reached, pending = set(), [file]
        while pending:
            name = pending.pop()
            if name not in reached:
                reached.add(name)
                pending += self.includes(name)
        return reached

    @functools.cached_property
    def listed(self):
        """The objects of Makefile.objs, in whichever of its lists."""
        text = (self.root / KVM / "xen/Makefile.objs").read_text()
        return re.findall(r"[\w./-]+\.o\b", re.sub(r"#.*", "", text))
