# SPDX-License-Identifier: GPL-2.0
"""One boot: follows the host's channels and turns them into one result a test.

The verdict channel carries lines: UP, READY, START name, PASS name, SKIP name,
FAIL name status, SPLAT name text, BROKEN text, DONE.  The console carries all
output, with "@@ start name" and "@@ end name" around each test.  A test that
was started and has no word of its own when the machine ends has failed.
"""

import contextlib
import dataclasses
import os
import re
import selectors
import sys

from common import ROOT, scaled

# How a test can fail.
KINDS = {
    "exit": "its exit status says so",
    "splat": "the kernel log has what must not be there",
    "panic": "the kernel died",
    "hang": "it was ended after its time limit, by a host that was alive",
    "timeout": "neither the test nor the host gave a word",
    "end": "the machine ended",
    "boot": "the host did not come up",
    "missing": "a file or program is not there",
}
UNLOAD = "modules-unload"
BOOT_LIMIT = 240
UNLOAD_LIMIT = 300      # kmemleak, where it is, reads all memory twice
MARK_LIMIT = 20
GRACE = 60      # for the host to end a test that is over its time limit
PANIC = re.compile(r"Kernel panic - not syncing: .*|BUG: .*|Oops: .*|watchdog: BUG.*")
NOISE = re.compile(r"pid=|sh: |[0-9]+ 0x|\(stack trace|@@ |\[ *[0-9]+\.")
CHATTER = re.compile(r"^\s*(\[ *[0-9.]+\]|@@ |#|ok |1\.\.|$)")


@dataclasses.dataclass
class Result:
    """What became of one test."""

    name: str
    verdict: str            # pass, fail or skip
    kind: str = ""          # of a failure: see KINDS
    reason: str = ""
    seconds: float = 0.0
    metrics: dict = dataclasses.field(default_factory=dict)
    log: str = ""           # of a failure


class Log:
    """The console: kept whole, cut into one log a test, shown live if asked."""

    def __init__(self, directory, verbose, console="console.log"):
        self.directory = directory
        self.verbose = verbose
        self.rest = b""
        self.name = ""          # of the running test, none before the first
        self.lines = {"": []}   # by test
        self.ended = set()
        directory.mkdir(parents=True, exist_ok=True)
        self.whole = open(directory / console, "a", encoding="utf-8")
        self.file = None

    def feed(self, data):
        if self.verbose:
            sys.stdout.write(data.decode(errors="replace").replace("\r\n", "\n"))
            sys.stdout.flush()
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.line(line.decode(errors="replace").rstrip("\r"))

    def line(self, text):
        word = text.split()
        if word[:2] == ["@@", "start"]:
            self.open(word[2])
        self.lines[self.name].append(text)
        for file in filter(None, (self.whole, self.file)):
            file.write(text + "\n")
            file.flush()
        if word[:2] == ["@@", "end"]:
            self.ended.add(word[2])

    def open(self, name):
        self.close()
        self.name = name
        self.lines[name] = []
        self.file = open(self.directory / f"{name}.log", "w", encoding="utf-8")

    def close(self):
        if self.file:
            self.file.close()
        self.file = None

    def finish(self):
        self.close()
        self.whole.close()

    def of(self, name):
        """The lines of a test; until it has any, those of the boot."""
        return self.lines.get(name) or self.lines[""]


def find(lines, pattern):
    """The first line that the pattern is found in, as a match."""
    return next((m for m in map(re.compile(pattern).search, lines) if m), None)


def skip_reason(lines):
    match = find(lines, r"# SKIP[ :-]*(.*)")
    return match[1].strip() if match else ""


def metrics(lines):
    """Figures that a test prints as "# metric name value"."""
    found = (re.match(r"# metric (\S+) (-?[0-9.]+)", line) for line in lines)
    return {m[1]: float(m[2]) for m in found if m}


def assertion(lines):
    """Where the selftest library's report starts: the place, and what it says."""
    said = [" ".join(line.split()) for line in lines if line.strip()]
    said = [line for line in said if not NOISE.match(line)]
    return ": ".join([said[0].rpartition("/")[2], *said[1:2]]) if said else ""


def failure(lines):
    """The line that says most about why a test failed."""
    match = find(lines, r"Test Assertion Failure")
    if match:
        return assertion(lines[lines.index(match.string) + 1:])
    match = find(lines, r"^\s*(?:not ok .*|FAIL\b.*|Bail out!.*)")
    match = match or find(lines, r"^a vCPU does not take its upcall: .*")
    if match:
        return match[0].strip()
    said = [line for line in lines if not CHATTER.match(line)]
    return said[-1].strip() if said else ""


def tail(lines, count=12):
    return [line for line in lines if line.strip()][-count:]


class Session:
    """Runs tests in one boot; results() yields a Result for each it got to."""

    def __init__(self, machine, tests, log, report):
        self.machine = machine
        self.tests = {test.name: test for test in tests}
        self.log = log
        self.report = report
        self.up = False         # the host got as far as to load modules
        self.ready = False
        self.done = False
        self.broken = ""
        self.running = None
        self.began = machine.clock()
        self.splats = []
        self.word = None
        self.rest = b""
        self.results = []

    def limit(self):
        """How long the present step may take until the host counts as dead."""
        if self.running is None:
            return scaled(BOOT_LIMIT)
        if self.running not in self.tests:
            return scaled(UNLOAD_LIMIT)
        timeout = self.tests[self.running].timeout
        return scaled(timeout * self.machine.pace + min(timeout, GRACE))

    def run(self):
        """Follows the machine to its end; returns the results in order."""
        complaint = ""
        try:
            reason = self.follow()
        finally:
            complaint = self.machine.stop()
        if self.word:
            self.conclude()
        if self.running is not None:
            self.lost(reason, complaint)
        if not self.ready and not self.broken:
            self.broken = complaint or f"the host did not come up ({reason})"
        return self.results

    def follow(self):
        """Reads both channels until the machine ends; returns why it did."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.machine.console, selectors.EVENT_READ, self.log.feed)
            selector.register(self.machine.verdict, selectors.EVENT_READ, self.feed)
            while True:
                if not self.pump(selector):
                    return "end"
                if self.word and self.word[1] in self.log.ended:
                    self.conclude()
                if self.done and self.running is None:
                    return "done"
                if self.overdue():
                    return "timeout"
                self.report.progress(self.running or "booting the host", self.elapsed())

    def elapsed(self):
        """How long the present step has taken."""
        return self.machine.clock() - self.began

    def pump(self, selector):
        """Passes on what came within a second; False at the machine's end."""
        for key, _ in selector.select(1):
            try:
                data = os.read(key.fd, 65536)
            except ConnectionResetError:
                data = b""
            if data:
                key.data(data)
            else:
                selector.unregister(key.fileobj)
        return bool(selector.get_map())

    def overdue(self):
        now = self.machine.clock()
        if self.word and now > self.word_time + scaled(MARK_LIMIT):
            self.conclude()
            return False
        if now - self.began < self.limit():
            return False
        self.report.note(f"{self.running or 'the boot'} is over its time limit")
        self.interrogate()
        return True

    def interrogate(self):
        """Lets the kernel print its state into the log before it is ended, where it can."""
        with contextlib.suppress(OSError):
            for data in self.machine.interrogate():
                self.log.feed(data)

    def feed(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.verdict(line.decode(errors="replace").strip("\r\0 "))

    def verdict(self, line):
        word, _, rest = line.partition(" ")
        name, _, detail = rest.partition(" ")
        if word == "UP":
            self.up = True
        elif word == "READY":
            self.ready = True
        elif word == "DONE":
            self.done = True
        elif word == "BROKEN":
            self.broken = rest
            self.done = True
        elif word == "START":
            self.start(name)
        elif word == "SPLAT":
            self.splats.append(detail)
        elif word in ("PASS", "FAIL", "SKIP") and name == self.running:
            self.word = (word, name, detail)
            self.word_time = self.machine.clock()

    def start(self, name):
        if self.word:
            self.conclude()
        self.running = name
        self.began = self.machine.clock()
        self.splats = []

    def conclude(self):
        """Makes a result of the word that came."""
        word, name, detail = self.word
        self.word = None
        result = Result(name, {"PASS": "pass", "SKIP": "skip"}.get(word, "fail"))
        if word == "SKIP":
            result.reason = skip_reason(self.log.of(name))
            if not result.reason:
                result.verdict, result.kind = "fail", "exit"
                result.reason = "skipped without a reason (# SKIP ...)"
        elif word == "FAIL":
            result.kind, result.reason = self.explain(name, detail)
        self.record(result)

    def explain(self, name, detail):
        if detail == "splat":
            return "splat", "the kernel log has: " + " | ".join(self.splats[:3])
        if detail == "overdue":
            return "hang", f"still running after {scaled(self.tests[name].timeout):.0f} s"
        status = f"status {detail}"
        if detail.isdigit() and 128 < int(detail) < 193:
            status = f"signal {int(detail) - 128}"
        kind = "missing" if detail in ("126", "127") else "exit"
        return kind, ": ".join(filter(None, (status, failure(self.log.of(name)))))

    def lost(self, why, complaint):
        """The machine ended, or was ended, under the running test."""
        lines = self.log.of(self.running)
        panic = find(lines, PANIC)
        if why == "timeout":
            reason = f"no verdict within {self.limit():.0f} s, the host is dead"
            lines = []
        elif panic:
            why, reason = "panic", panic[0]
        else:
            reason = " ".join(["the host ended without a verdict", *complaint.splitlines()[-1:]])
        self.record(Result(self.running, "fail", why, reason), tail(lines))

    def record(self, result, tail=()):
        result.seconds = self.elapsed()
        result.metrics = metrics(self.log.of(result.name))
        if result.verdict == "fail":
            result.log = str((self.log.directory / f"{result.name}.log").relative_to(ROOT))
        self.running = None
        self.began = self.machine.clock()
        self.results.append(result)
        self.report.result(result, tail)
