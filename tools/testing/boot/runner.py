# SPDX-License-Identifier: GPL-2.0
"""Distributes tests over boots: equal machines share one, a casualty ends one."""

import os
import pathlib
import tempfile

import bochs
import initramfs
import machine
from common import BUILD
from kernel import Kernel
from session import Log, Result, Session, tail


# How often a host is booted that dies before it got to load any module: then
# it is the emulator that failed, and nothing that is under test.
BOOTS = 3

# What boots a host with a CPU of that vendor, or one like it where KVM can nest.
HOSTS = {"amd": machine, "intel": bochs}


class Runner:
    """Runs tests on one choice of modules and of the host's CPU and reports each."""

    def __init__(self, report, which, verbose=False, loglevel=7, cpu="amd"):
        self.report = report
        self.which = which
        self.verbose = verbose
        self.loglevel = loglevel
        self.cpu = cpu
        self.host = HOSTS[cpu]
        self.kernels = {}

    def kernel(self, test):
        """The kernel that a test is to be booted with."""
        if test.kernel not in self.kernels:
            self.kernels[test.kernel] = Kernel(test.kernel)
        return self.kernels[test.kernel]

    def logs(self, test):
        cpu = "" if self.cpu == "amd" else self.cpu
        stock = "" if self.which == "ours" else self.which
        return BUILD / "logs" / cpu / stock / test.kernel / test.group

    def run(self, tests):
        """Runs all tests; every one of them gets a result."""
        for directory in dict.fromkeys(map(self.logs, tests)):
            (directory / "console.log").unlink(missing_ok=True)
        for batch in batches(self.present(self.possible(tests))):
            while batch:
                results = self.boot(batch)
                seen = {result.name for result in results}
                batch = [test for test in batch if test.name not in seen]

    def possible(self, tests):
        """The tests that this host can run; the others are skipped."""
        for test in tests:
            reason = self.host.refusal(test)
            if reason:
                self.report.result(Result(test.name, "skip", reason=reason))
            else:
                yield test

    def present(self, tests):
        """The tests whose files are there; the others fail at once."""
        for test in tests:
            missing = test.missing()
            if missing:
                self.fail(test, "missing", f"{missing} is missing")
            else:
                yield test

    def fail(self, test, kind, reason, last=()):
        result = Result(test.name, "fail", kind, reason)
        self.report.result(result, last)
        return result

    def boot(self, tests):
        """One boot; returns the results that it brought, at least one."""
        first = tests[0]
        with tempfile.TemporaryDirectory(prefix="boot-") as scratch:
            initrd = pathlib.Path(scratch) / "initramfs"
            self.pack(initrd, tests)
            for attempt in range(1, BOOTS + 1):
                session, log, results = self.session(initrd, tests)
                if session.up or attempt == BOOTS:
                    break
                self.report.note(f"the host died before it loaded a module ({session.broken}): "
                                 f"booting it again, {attempt + 1} of {BOOTS}")
        if session.ready:
            return results or [self.fail(first, "boot", "the host ended before the test began")]
        return [self.fail(test, "boot", f"the host is not usable: {session.broken}",
                          tail(log.of("")) if test is first else ()) for test in tests]

    def session(self, initrd, tests):
        """Boots the machine once, to its end."""
        log = Log(self.logs(tests[0]), self.verbose)
        started = self.host.start(self.kernel(tests[0]), initrd, tests[0])
        session = Session(started, tests, log, self.report)
        results = session.run()
        log.finish()
        return session, log, results

    def pack(self, initrd, tests, mode="run"):
        first = tests[0]
        conf = {"mode": mode, "loglevel": self.loglevel, "term": os.environ.get("TERM", "linux")}
        initramfs.make(initrd, self.kernel(first), self.which, tests, first.root, first.modparams,
                       conf)

    def shell(self, test):
        """A person's shell in the machine of test."""
        with tempfile.TemporaryDirectory(prefix="boot-") as scratch:
            initrd = pathlib.Path(scratch) / "initramfs"
            self.pack(initrd, [test], "shell")
            return self.host.interactive(self.kernel(test), initrd, test)


def batches(tests):
    """Groups tests of one group and one machine, in their order."""
    groups = {}
    for test in tests:
        groups.setdefault((test.group, test.machine()), []).append(test)
    return list(groups.values())
