# SPDX-License-Identifier: GPL-2.0
"""Distributes tests over boots: equal machines share one, a casualty ends one."""

import os
import pathlib
import queue
import tempfile
import threading

import bochs
import initramfs
import machine
from common import BUILD, scaled
from kernel import Kernel
from session import Log, Result, Session, tail


# How often a host is booted that dies before it got to load any module: then
# it is the emulator that failed, and nothing that is under test.
BOOTS = 3

# A boot more, in an emulator beside, is worth it for so many tests.
SHARE = 8

# What boots a host with a CPU of that vendor, or one like it where KVM can nest.
HOSTS = {"amd": machine, "intel": bochs}


class Runner:
    """Runs tests on one choice of modules and of the host's CPU and reports each.

    As many emulators as there are jobs run side by side.
    """

    def __init__(self, report, which, verbose=False, loglevel=7, cpu="amd", jobs=1):
        self.report = report
        self.which = which
        self.verbose = verbose
        self.loglevel = loglevel
        self.cpu = cpu
        self.host = HOSTS[cpu]
        self.jobs = jobs
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
            for console in directory.glob("console*.log"):
                console.unlink()
        side_by_side(self.jobs, self.run_batch,
                     shares(batches(self.present(self.possible(tests))), self.jobs))

    def run_batch(self, job, batch):
        """Boots as often as it takes until every test has its result."""
        while batch:
            results = self.boot(job, batch)
            seen = {result.name for result in results}
            batch = [test for test in batch if test.name not in seen]

    def possible(self, tests):
        """The tests that this host can run; the others are skipped."""
        for test in map(self.host.fitted, tests):
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

    def boot(self, job, tests):
        """One boot; returns the results that it brought, at least one."""
        first = tests[0]
        with tempfile.TemporaryDirectory(prefix="boot-") as scratch:
            initrd = pathlib.Path(scratch) / "initramfs"
            self.pack(initrd, tests)
            for attempt in range(1, BOOTS + 1):
                session, log, results = self.session(job, initrd, tests)
                if session.up or attempt == BOOTS:
                    break
                self.report.note(f"the host died before it loaded a module ({session.broken}): "
                                 f"booting it again, {attempt + 1} of {BOOTS}")
        if session.ready:
            return results or [self.fail(first, "boot", "the host ended before the test began")]
        return [self.fail(test, "boot", f"the host is not usable: {session.broken}",
                          tail(log.of("")) if test is first else ()) for test in tests]

    def session(self, job, initrd, tests):
        """Boots the machine once, to its end."""
        log = Log(self.logs(tests[0]), self.verbose, console_log(job))
        started = self.host.start(self.kernel(tests[0]), initrd, tests[0])
        session = Session(started, tests, log, self.report)
        results = session.run()
        log.finish()
        return session, log, results

    def pack(self, initrd, tests, mode="run"):
        first = tests[0]
        conf = {"mode": mode, "loglevel": self.loglevel, "term": os.environ.get("TERM", "linux"),
                "KVM_XEN_TIMEOUT_SCALE": scaled(1)}
        initramfs.make(initrd, self.kernel(first), self.which, tests, first.root, first.modparams,
                       conf)

    def shell(self, test):
        """A person's shell in the machine of test."""
        with tempfile.TemporaryDirectory(prefix="boot-") as scratch:
            initrd = pathlib.Path(scratch) / "initramfs"
            self.pack(initrd, [test], "shell")
            return self.host.interactive(self.kernel(test), initrd, test)


def console_log(job):
    """Where the console of an emulator goes, of which there is one for each job."""
    return f"console-{job + 1}.log" if job else "console.log"


def shares(whole, jobs):
    """Splits batches that are worth it among the jobs; the long ones go first."""
    parts = []
    for batch in whole:
        count = max(1, min(jobs, len(batch) // SHARE))
        parts += [batch[first::count] for first in range(count)]
    return parts if jobs == 1 else sorted(parts, key=len, reverse=True)


def side_by_side(jobs, function, items):
    """Calls a function with the number of a job and an item, for each item that there is.

    What it raises ends its job; the first of these is raised when all have ended.
    """
    todo = queue.SimpleQueue()
    raised = []
    jobs = max(1, min(jobs, len(items)))
    for item in [*items, *[None] * jobs]:
        todo.put(item)

    def work(job):
        try:
            for item in iter(todo.get, None):
                function(job, item)
        except Exception as err:
            raised.append(err)

    # These end with the main thread when that is interrupted.
    threads = [threading.Thread(target=work, args=(job,), daemon=True) for job in range(1, jobs)]
    for thread in threads:
        thread.start()
    work(0)
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def batches(tests):
    """Groups tests of one group and one machine, in their order."""
    groups = {}
    for test in tests:
        groups.setdefault((test.group, test.machine()), []).append(test)
    return list(groups.values())
