# SPDX-License-Identifier: GPL-2.0
"""Shows on the distribution's stock modules what the manifest says of them."""

import dataclasses

from common import Error
from report import Report, results_path
from runner import HOSTS, Runner
from session import UNLOAD, Result

# A failure of these kinds is the modules' own doing; others are the harness's.
# A hang proves something only where the manifest says that it will be one.
PROVEN = {"fail": ("exit", "splat", "panic"), "hang": ("hang",)}
HANG_LIMIT = 60


class Expectation(Report):
    """Turns each result on stock modules into one about the manifest's word."""

    def __init__(self, tests, quiet=False):
        super().__init__()
        self.quiet = quiet
        self.expected = {test.name: test.stock_verdict() for test in tests}
        self.why = {test.name: test.stock.partition(":")[2].strip() for test in tests}

    def result(self, result, tail=()):
        if result.name == UNLOAD:
            return
        with self.lock:
            super().result(self.compare(result), tail)

    def compare(self, result):
        name, seconds = result.name, result.seconds
        if self.expected[name] == "pass":
            if result.verdict == "pass":
                return Result(f"{name} (passes on stock)", "pass", seconds=seconds)
            return Result(name, "fail", result.kind,
                          f"passes on stock, says the manifest, but: {result.reason}")
        if result.verdict == "fail" and result.kind in PROVEN[self.expected[name]]:
            if not self.quiet:
                self.note(f"    stock: {result.reason}")
            return Result(f"{name} ({self.expected[name]}s on stock: {self.why[name]})", "pass",
                          seconds=seconds)
        word = {"pass": "it passes", "skip": f"it is skipped: {result.reason}"}
        said = f"{self.expected[name]}s on stock, says the manifest, but "
        return Result(name, "fail", result.kind, said
                      + word.get(result.verdict, f"{result.kind}: {result.reason}"))


def limited(test):
    """Nobody waits longer than needed for a hang that is known to come."""
    if test.stock_verdict() != "hang":
        return test
    return dataclasses.replace(test, timeout=min(test.timeout, HANG_LIMIT))


def possible(tests, host):
    """The tests that this host runs; the others are named."""
    for test in map(host.fitted, tests):
        reason = host.refusal(test)
        if reason:
            print(f"{test.name} is left out: {reason}", flush=True)
        else:
            yield test


def main(tests, cpu="amd", jobs=1):
    tests = [limited(test) for test in (test.known_of(cpu) for test in tests)
             if test.stock_verdict()]
    tests = list(possible(tests, HOSTS[cpu]))
    if not tests:
        raise Error("no selected test says what it does on stock modules")
    report = Expectation(tests)
    Runner(report, "stock", cpu=cpu, jobs=jobs).run(tests)
    report.write_json(results_path("proof", "stock", cpu))
    return report.finish()
