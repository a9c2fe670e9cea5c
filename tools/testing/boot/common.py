# SPDX-License-Identifier: GPL-2.0
"""What all parts of the boot harness share: paths, the error type, time scale."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / "build"
CACHE = pathlib.Path("/cache")     # where the testbed mounts it
LINE = os.environ.get("LINE", "")   # the kernel line of the testbed


class Error(Exception):
    """Something that a person has to put right; printed as one line."""


def lines():
    """The kernel lines that there are."""
    rows = (ROOT / "scripts/lines.table").read_text().splitlines()
    return [row.split()[0] for row in rows if row.strip() and not row.startswith("#")]


def scaled(seconds):
    """A time limit, stretched for slow machines by KVM_XEN_TIMEOUT_SCALE."""
    return seconds * float(os.environ.get("KVM_XEN_TIMEOUT_SCALE", "1"))
