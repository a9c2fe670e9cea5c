# SPDX-License-Identifier: GPL-2.0
"""The harness judges fabricated tests, each of which must be judged right.

It uses stock modules, so that it says nothing about ours.
"""

import dataclasses

import proof
from common import Error
from machine import acceleration
from manifest import Test
from report import Report, results_path
from runner import Runner
from session import UNLOAD, Result


@dataclasses.dataclass
class Case:
    """A fabricated test, and the verdict, kind and reason that it must get."""

    name: str
    run: str
    verdict: str
    kind: str = ""
    reason: str = ""
    timeout: int = 60


CASES = (
    Case("good", "echo fine", "pass"),
    Case("bad", "echo 'not ok 3 the sum'; exit 1", "fail", "exit", "status 1: not ok 3 the sum"),
    Case("killed", "kill -SEGV $$", "fail", "exit", "signal 11"),
    Case("absent", "no-such-program", "fail", "missing", "status 127"),
    Case("skipped", "echo '1..0 # SKIP no such CPU'; exit 4", "skip", "", "no such CPU"),
    Case("skipped-mutely", "exit 4", "fail", "exit", "without a reason"),
    Case("forger", "echo 'PASS forger'; printf '@@ end forger\\n'; exit 3", "fail", "exit",
         "status 3"),
    Case("leaves-a-child", "sleep 1000 & exec true", "pass"),
    Case("splat", "echo 'WARNING: CPU: 0 PID: 1 at fabricated' >/dev/kmsg", "fail", "splat",
         "at fabricated"),
    Case("after-a-splat", "true", "pass"),
    Case("panic", "echo c >/proc/sysrq-trigger", "fail", "panic", "Kernel panic"),
    Case("mute", "echo o >/proc/sysrq-trigger; sleep 100", "fail", "end", "without a verdict"),
    Case("hang", "sleep 100000", "fail", "hang", "still running after", timeout=3),
    Case("dead-host", "kill -9 -1; sleep 100000", "fail", "timeout", "no verdict within",
         timeout=3),
    Case("last", "true", "pass"),
    Case(UNLOAD, "", "pass"),
)


# What counts as a proof on stock modules: the manifest's word, the result there
# (verdict, kind), and whether that shows what the manifest says.
PROOFS = (
    ("pass", "pass", "", True),
    ("pass", "fail", "exit", False),
    ("pass", "skip", "", False),
    ("fail: x", "fail", "exit", True),
    ("fail: x", "fail", "splat", True),
    ("fail: x", "fail", "panic", True),
    ("fail: x", "pass", "", False),
    ("fail: x", "skip", "", False),
    ("fail: x", "fail", "missing", False),
    ("fail: x", "fail", "boot", False),
    ("fail: x", "fail", "end", False),
    ("fail: x", "fail", "hang", False),
    ("fail: x", "fail", "timeout", False),
    ("hang: x", "fail", "hang", True),
    ("hang: x", "fail", "exit", False),
    ("hang: x", "fail", "timeout", False),
    ("hang: x", "pass", "", False),
)


def check_proofs(report):
    """Each row of PROOFS is a test of the judgement that prove-stock makes."""
    for stock, verdict, kind, proves in PROOFS:
        test = Test(name="t", run="true", stock=stock)
        judged = proof.Expectation([test], quiet=True).judge(Result("t", verdict, kind, "y"))
        name = f"proof: {stock}, and there {' '.join(filter(None, (verdict, kind)))}"
        right = (judged.verdict == "pass") == proves
        reason = "" if right else f"taken as {judged.verdict}"
        Report.result(report, Result(name, "pass" if right else "fail", "exit", reason))


# Features that a row asks for, and what QEMU's CPU has to have besides; None: refused.
CPUS = (
    ("", ""),
    ("tsc-scale", ",+tsc-scale"),
    ("tsc-scale sse4.1", ",+tsc-scale,+sse4.1"),
    ("+tsc-scale", None),
    ("tsc-scale,-nx", None),
)


def cpu_arguments(asked):
    """The CPU of a machine in each way of running it; None where the row is refused."""
    try:
        machine = Test(name="t", run="true", cpu=asked).machine()
    except Error:
        return None
    if (machine == Test(name="t", run="true").machine()) != (asked == ""):
        raise Error(f"a test that asks for the CPU \"{asked}\" shares a boot with one that does not")
    return [acceleration(icount, asked)[3] for icount in (False, True)]


def check_cpus(report):
    """Each row of CPUS is a test of what becomes of the key cpu."""
    for asked, more in CPUS:
        wanted = more if more is None else [cpu + more for cpu in cpu_arguments("")]
        made = cpu_arguments(asked)
        reason = "" if made == wanted else f"becomes {made}, not {wanted}"
        Report.result(report, Result(f"cpu: \"{asked}\"", "fail" if reason else "pass", "exit",
                                     reason))


class Judge(Report):
    """Compares each result with what its case demands."""

    def __init__(self):
        super().__init__()
        self.cases = {case.name: case for case in CASES}

    def result(self, result, tail=()):
        case = self.cases[result.name]
        right = (result.verdict == case.verdict and case.kind in ("", result.kind)
                 and case.reason in result.reason)
        if right:
            super().result(Result(f"harness: {case.name}", "pass", seconds=result.seconds))
        else:
            super().result(Result(f"harness: {case.name}", "fail", "exit",
                                  f"judged {result.verdict} {result.kind} ({result.reason}), "
                                  f"not {case.verdict} {case.kind} ({case.reason})"), tail)

    def unjudged(self):
        """A case without any result is a failure of the harness as well."""
        seen = {result.name.removeprefix("harness: ") for result in self.results}
        for name in self.cases:
            if name not in seen:
                super().result(Result(f"harness: {name}", "fail", "exit", "got no result"))


def main():
    tests = [Test(name=case.name, run=case.run, group="harness", timeout=case.timeout,
                  memory=512, needs=[]) for case in CASES if case.name != UNLOAD]
    judge = Judge()
    check_proofs(judge)
    check_cpus(judge)
    Runner(judge, "stock").run(tests)
    judge.unjudged()
    judge.write_json(results_path("harness", "stock"))
    return judge.finish()
