# SPDX-License-Identifier: GPL-2.0
"""Plugins of the emulator: built against its header."""

import pathlib
import subprocess

HEADERS = "/cache/emulator/current/include"


def build(source, to):
    """Compiles a plugin; returns where it is."""
    source, to = pathlib.Path(source), pathlib.Path(to)
    flags = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], check=True,
                           capture_output=True, text=True).stdout.split()
    to.mkdir(parents=True, exist_ok=True)
    path = to / source.with_suffix(".so").name
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter",
                    f"-I{HEADERS}", *flags, "-o", path, source], check=True)
    return path
