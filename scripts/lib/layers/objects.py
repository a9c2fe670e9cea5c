# SPDX-License-Identifier: GPL-2.0
"""What the compiler made of a tree: symbols of its objects, and whether a header compiles alone."""

import filecmp
import functools
import os
import re
import shlex
import subprocess
import tempfile

from tree import KVM, PLACES, Error

TRACE = re.compile(r"__(?:tracepoint|traceiter|SC[TK]__tp_func)_(\w+)")
COMMAND = re.compile(r"^savedcmd_\S+ := (.*)", re.MULTILINE)


class Objects:
    """The objects that Makefile.objs lists; others in the directory are of older lists."""

    def __init__(self, tree, build):
        self.tree, self.build = tree, build
        self.names = [name for name in dict.fromkeys(tree.listed) if self.path(name).exists()]
        self.defined, self.undefined = {}, {}
        for file, symbol, kind in self.symbols():
            unit = tree.unit(file)
            if kind in "Uwv":
                self.undefined.setdefault(unit, set()).add(symbol)
            elif kind.isupper():
                self.defined[symbol] = unit

    def path(self, name):
        return self.build / KVM / name

    def symbols(self):
        """Triples of object, name and type, as nm gives them."""
        if not self.names:
            return
        out = subprocess.run(["nm", "-A", "-P", *self.names], cwd=self.build / KVM,
                             capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            file, symbol, kind = line.split()[:3]
            yield file.removesuffix(":"), symbol, kind

    @functools.cached_property
    def events(self):
        """The header of each tracepoint: the symbols of these are made elsewhere."""
        return {event: file for file in self.tree.headers()
                for event in self.tree.files[file].events}

    def owner(self, symbol):
        """The unit that a symbol belongs to, None where it is the kernel's."""
        event = TRACE.fullmatch(symbol)
        if event and event[1] in self.events:
            return self.tree.unit(self.events[event[1]])
        return self.defined.get(symbol)

    def stale(self, file):
        """Whether the build directory has another version of the file, or no object of it yet."""
        path, copy = self.tree.path(file), self.path(file)
        if not copy.exists() or not filecmp.cmp(path, copy, shallow=False):
            return True
        made = self.path(file.removesuffix(".c") + ".o")
        return made != copy and made.exists() and made.stat().st_mtime < copy.stat().st_mtime


class Compiler:
    """Kbuild's own way of compiling, for something else."""

    def __init__(self, build):
        self.build = build
        saved = sorted((build / KVM / "xen").glob("*/.*.o.cmd"))
        kernel = build / "kernel"
        self.missing = None
        if not saved or not kernel.exists():
            self.missing = f"there is no saved command of kbuild in {build}"
            return
        self.directory = kernel.read_text().split()[2]
        self.flags = list(self.flags_of(saved[0].read_text()))

    def flags_of(self, text):
        """The command without its source, its output and what runs after it."""
        command = COMMAND.search(text)
        if not command:
            raise Error("a saved command of kbuild is not understood")
        words = iter(shlex.split(command[1].partition(" ; ")[0]))
        for word in words:
            if word == "-o":
                next(words)
            elif word != "-c" and not word.startswith("-Wp,") and not word.endswith((".c", ".o")):
                yield word

    def complaint(self, tree, header):
        """What the compiler says first of a file that includes only this header, or None."""
        first, *flags = self.flags
        own = [f"-I{tree.root / place}" for place in (KVM, *PLACES)]
        with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
            source.write(f'#include "{tree.path(header)}"\n')
            source.flush()
            run = subprocess.run([first, *own, *flags, "-Wno-unused", "-fsyntax-only", source.name],
                                 cwd=self.directory, capture_output=True, text=True,
                                 env={**os.environ, "LC_ALL": "C"}, check=False)
        error = re.search(r"([^/\n]*):\d+: (?:fatal )?error: (.*)", run.stderr)
        said = f"{error[2]} ({error[1]})" if error else f"status {run.returncode}"
        return said if run.returncode else None
