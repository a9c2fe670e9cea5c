# SPDX-License-Identifier: GPL-2.0
"""What a person sees: one line a test, signs of life, totals; and the JSON."""

import dataclasses
import json
import sys
import threading
import time

from common import BUILD

QUIET = 10      # seconds without a line before the first sign of life
SLOW = 30       # and between them after the first minute


class Report:
    """Collects results and prints them as they come, from several boots at a time if need be."""

    def __init__(self, verbose=False):
        self.verbose = verbose
        self.lock = threading.RLock()
        self.results = []
        self.shown = time.monotonic()

    def note(self, text):
        with self.lock:
            print(text, flush=True)
            self.shown = time.monotonic()

    def progress(self, what, elapsed):
        """Prints a sign of life, but only after some seconds of silence."""
        quiet = QUIET if elapsed < 60 else SLOW
        with self.lock:
            if not self.verbose and time.monotonic() - self.shown >= quiet:
                self.note(f"  ... {what}, {elapsed:.0f} s")

    def result(self, result, tail=()):
        with self.lock:
            self.results.append(result)
            self.show(result, tail)

    def show(self, result, tail):
        line = {"pass": f"ok  {result.name}  ({result.seconds:.0f} s)",
                "fail": f"FAIL {result.name}: {result.reason}",
                "skip": f"skip {result.name}: {result.reason}"}[result.verdict]
        self.note(line)
        for name, value in result.metrics.items():
            self.note(f"     {name} {value:g}")
        for text in tail:
            self.note(f"     | {text}")
        if result.log:
            self.note(f"     see {result.log}")

    def count(self, verdict):
        return sum(r.verdict == verdict for r in self.results)

    def write_json(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [dataclasses.asdict(result) for result in self.results]
        path.write_text(json.dumps(rows, indent=1) + "\n")

    def finish(self):
        """Prints the totals; returns the exit status."""
        passed, failed, skipped = map(self.count, ("pass", "fail", "skip"))
        sys.stdout.flush()
        print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
        return 0 if passed and not failed else 1


def results_path(group, which, cpu="amd"):
    """Where results of a group go; those of our modules on the usual host have its bare name."""
    parts = ["" if cpu == "amd" else cpu, "" if which == "ours" else which, group]
    return BUILD / "results" / ("-".join(filter(None, parts)) + ".json")
