# SPDX-License-Identifier: GPL-2.0
"""The harness runs fabricated tests, each of which must get the right verdict.

It uses stock modules, so that it says nothing about ours.
"""

import dataclasses
import os
import pathlib
import tempfile
import time

import bochs
import manifest
import proof
from common import Error, lines
from machine import acceleration
from manifest import Test
from report import Report, results_path
from runner import SHARE, Runner, shares, side_by_side
from session import UNLOAD, Result


# A directory that looks like that of a VM, with a vCPU whose flag stays up.
SILENT_VCPU = """
mount -t tmpfs vm /sys/kernel/debug/kvm && mkdir -p /sys/kernel/debug/kvm/1-2/vcpu0 &&
cd /sys/kernel/debug/kvm/1-2/vcpu0 && echo 1 >pid && printf 'flag 1\\ninjected 7\\n' >xen
sleep 22
cd / && umount /sys/kernel/debug/kvm
exit 1
"""


@dataclasses.dataclass
class Case:
    """A fabricated test, and the verdict, kind and reason that it must get."""

    name: str
    run: str
    verdict: str
    kind: str = ""
    reason: str = ""
    timeout: int = 60
    memory: int = 512


CASES = (
    Case("good", "echo fine", "pass"),
    Case("bad", "echo 'not ok 3 the sum'; exit 1", "fail", "exit", "status 1: not ok 3 the sum"),
    Case("killed", "kill -SEGV $$", "fail", "exit", "signal 11"),
    Case("absent", "no-such-program", "fail", "missing", "status 127"),
    Case("skipped", "echo '1..0 # SKIP no such CPU'; exit 4", "skip", "", "no such CPU"),
    Case("skipped-mutely", "exit 4", "fail", "exit", "without a reason"),
    Case("forger", "echo 'PASS forger'; printf '@@ end forger\\n'; exit 3", "fail", "exit",
         "status 3"),
    Case("silent-vcpu", SILENT_VCPU, "fail", "exit", "a vCPU does not take its upcall"),
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
    # Another machine, in an emulator beside that of the others.
    Case("beside-good", "true", "pass", memory=640),
    Case("beside-bad", "exit 5", "fail", "exit", "status 5", memory=640),
    Case("beside-panic", "echo c >/proc/sysrq-trigger", "fail", "panic", "Kernel panic",
         memory=640),
    Case("beside-last", "true", "pass", memory=640),
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
    """Each row of PROOFS is a test of the verdict of prove-stock."""
    for stock, verdict, kind, proves in PROOFS:
        test = Test(name="t", run="true", stock=stock)
        got = proof.Expectation([test], quiet=True).compare(Result("t", verdict, kind, "y"))
        name = f"proof: {stock}, and there {' '.join(filter(None, (verdict, kind)))}"
        right = (got.verdict == "pass") == proves
        reason = "" if right else f"taken as {got.verdict}"
        Report.result(report, Result(name, "pass" if right else "fail", "exit", reason))


# What a row says of stock modules: on any host, on Intel's, and on one of the kernel lines;
# and what counts on a host with that CPU, and that line where it is True.
STOCKS = (
    ("pass", "", None, "amd", False, "pass"),
    ("pass", "fail: x", None, "amd", False, "pass"),
    ("pass", "", None, "intel", False, "pass"),
    ("pass", "fail: x", None, "intel", False, "fail: x"),
    ("pass", "", "fail: x", "amd", False, "pass"),
    ("pass", "", "fail: x", "amd", True, "fail: x"),
    ("fail: x", "fail: y", "pass", "intel", True, "pass"),
    ("fail: x", "fail: y", None, "intel", True, "fail: y"),
    ("fail: x", "fail: y", "", "intel", True, ""),
    ("pass", "fail:", None, "intel", False,
     "refused: manifest.toml: t: stock_intel = \"fail:\" needs a colon and its reason"),
    ("pass", "", "fail", "amd", True,
     "refused: manifest.toml: t: stock_on = \"fail\" needs a colon and its reason"),
)


def check_stocks(report):
    """Each row of STOCKS is a test of what prove-stock expects."""
    first, *_, last = lines()
    for stock, intel, on_last, cpu, is_last, wanted in STOCKS:
        row = {"stock": stock, "stock_intel": intel,
               "stock_on": {} if on_last is None else {last: on_last}}
        made = attempt(lambda: Test(name="t", run="true", **row)
                       .known_of(cpu, last if is_last else first).stock)
        verdict(report, f"proof: \"{stock}\", \"{intel}\" and \"{on_last}\" on {cpu}, "
                f"line {last if is_last else first}", made, wanted)
    verdict(report, "proof: of a line that is none",
            attempt(lambda: Test(name="t", run="true", stock_on={f"{last}.1": "pass"})),
            "refused: manifest.toml: t: stock_on is a table with kernel lines of"
            " scripts/lines.table for keys")


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


def verdict(report, name, made, wanted):
    """One result about a value that is made without booting anything."""
    reason = "" if made == wanted else f"becomes {made}, not {wanted}"
    Report.result(report, Result(name, "fail" if reason else "pass", "exit", reason))


def attempt(function, *args):
    """What a function returns, or how it refuses."""
    try:
        return function(*args)
    except Error as err:
        return f"refused: {err}"


# What a row of the manifest asks for, and a line that the configuration of an Intel host
# then has.
BOCHSRCS = (
    ({}, "cpu: model=corei7_skylake_x, count=2, ips=50000000, quantum=16,"
         " reset_on_triple_fault=0, ignore_bad_msrs=1, mwait_is_nop=0"),
    ({"smp": 4, "intel": {"model": "tigerlake", "ips": 1000000000}},
     "cpu: model=tigerlake, count=4, ips=1000000000, quantum=16,"
     " reset_on_triple_fault=0, ignore_bad_msrs=1, mwait_is_nop=0"),
    ({"smp": 1, "icount": True}, "cpu: model=corei7_skylake_x, count=1, ips=1000000000, quantum=16,"
         " reset_on_triple_fault=0, ignore_bad_msrs=1, mwait_is_nop=0"),
    ({"memory": 512}, "memory: guest=512, host=512"),
    ({"memory": 4096}, "memory: guest=4096, host=2048"),
    ({}, "com1: enabled=1, mode=file, dev=/dev/fd/5"),
    ({}, "com2: enabled=1, mode=null"),
    ({}, "ata0-master: type=cdrom, path=/scratch/medium, status=inserted"),
    ({}, "log: /scratch/log"),
)


# Bochs's exit status, of which None says that it runs, and what is said if Bochs said nothing.
ENDS = ((None, ""), (0, ""), (1, "Bochs ended with status 1"), (-11, "Bochs ended by signal 11"))


def bochsrc_lines(row):
    return bochs.configuration(Test(name="t", run="true", **row), "/scratch",
                               "mode=file, dev=/dev/fd/5", "mode=null").splitlines()


# Rows that an Intel host cannot run, and a word of why; the last ones it can.
REFUSALS = (
    ({"root": "testbed"}, "9p"),
    ({"plugin": "x.so"}, "plugins"),
    ({"cpu": "svm"}, "CPU features"),
    ({"cpu": "tsc-scale svm"}, "CPU features"),
    ({"kernel": "debug"}, "kernel"),
    ({"kernel": "rt"}, "kernel"),
    ({"cpu": "tsc-scale"}, ""),
    ({"append": "preempt=none", "smp": 4, "samples": ["dynhc_adder"]}, ""),
    ({"modparams": {"kvm_intel": "enable_apicv=0"}, "icount": True, "smp": 1}, ""),
)

# CPUs and instructions per second, and the emulator's seconds for one of a busy machine.
PACES = ((1, 1000000, 1), (1, 80000000, 2), (2, 80000000, 4))

# Parameters of the command line, and what the row's "nested=0" becomes with them.
PARAMS = (
    ([], {"kvm_intel": "nested=0"}),
    (["kvm_intel.enable_apicv=0"], {"kvm_intel": "nested=0 enable_apicv=0"}),
    (["kvm.halt_poll_ns=0", "kvm.nx_huge_pages=never"],
     {"kvm_intel": "nested=0", "kvm": "halt_poll_ns=0 nx_huge_pages=never"}),
    (["enable_apicv=0"], "refused: enable_apicv=0: a parameter is written MODULE.NAME=VALUE"),
    (["kvm_intel.enable_apicv"],
     "refused: kvm_intel.enable_apicv: a parameter is written MODULE.NAME=VALUE"),
)


def check_intel(report):
    """What is computed for an Intel host, which this does not boot."""
    for row, line in BOCHSRCS:
        verdict(report, f"intel: {row} has {line.split(',')[0]}", line in bochsrc_lines(row), True)
    for row, word in REFUSALS:
        said = bochs.refusal(bochs.fitted(Test(name="t", run="true", **row)))
        verdict(report, f"intel: {row} is {'refused' if word else 'run'}",
                word in said and bool(said) == bool(word), True)
    for status, wanted in ENDS:
        verdict(report, f"intel: exit status {status}", bochs.how_it_ended(status), wanted)
    for smp, ips, pace in PACES:
        test = Test(name="t", run="true", smp=smp, intel={"ips": ips})
        verdict(report, f"intel: {smp} CPUs, {ips} ips", bochs.pace(test), pace)
    for params, wanted in PARAMS:
        test = Test(name="t", run="true", modparams={"kvm_intel": "nested=0"})
        verdict(report, f"params: {params}", attempt(lambda: test.given(params).modparams), wanted)
    verdict(report, "intel: an unknown key",
            attempt(lambda: Test(name="t", run="true", intel={"mips": 1})),
            "refused: manifest.toml: t: intel is a table with model, ips or both")


def cpu_time_of(action):
    """The CPU time of this process that an action takes, as limits of an Intel host see it."""
    before = bochs.cpu_seconds(os.getpid())
    action()
    return bochs.cpu_seconds(os.getpid()) - before


def spin():
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass


def check_clock(report):
    """Time limits of an Intel host count work, and not how long it took to be done."""
    verdict(report, "intel: work takes time", 0.2 <= cpu_time_of(spin) <= 0.5, True)
    verdict(report, "intel: sleep takes none", cpu_time_of(lambda: time.sleep(0.3)) < 0.1, True)


def check_unavailable(report):
    """An emulator that is not there, and one that cannot be had."""
    home = bochs.HOME
    with tempfile.TemporaryDirectory() as empty:
        bochs.HOME = pathlib.Path(empty)
        verdict(report, "intel: not built", attempt(bochs.emulator),
                "refused: the emulator of an Intel host is not built: make intel-emulator")
        verdict(report, "intel: no reason", bochs.unavailable(), "")
        (bochs.HOME / "unavailable").write_text("it is not served\n")
        verdict(report, "intel: not to be had", attempt(bochs.emulator),
                "refused: it is not served")
        verdict(report, "intel: the reason", bochs.unavailable(), "it is not served")
    bochs.HOME = home


# Sizes of batches and a number of emulators, and which tests are to share a boot, longest first.
SHARES = (
    ([3], 1, ["012"]),
    ([2, 3], 1, ["01", "012"]),
    ([2, 3], 2, ["012", "01"]),
    ([2 * SHARE - 1], 2, ["0123456789abcde"]),
    ([2, 2 * SHARE], 2, ["02468ace", "13579bdf", "01"]),
    ([], 2, []),
)


def check_jobs(report):
    """How tests are distributed over emulators side by side, and what becomes of an error there."""
    for sizes, jobs, wanted in SHARES:
        whole = ["0123456789abcdef"[:size] for size in sizes]
        verdict(report, f"jobs: {sizes} tests, {jobs} emulators", shares(whole, jobs), wanted)
    done = []

    def run(job, item):
        if item == "broken":
            raise Error(item)
        done.append(item)

    verdict(report, "jobs: an error in one of two",
            attempt(side_by_side, 2, run, ["broken", "a", "b"]), "refused: broken")
    verdict(report, "jobs: beside the error", sorted(done), ["a", "b"])


# Rows of a manifest, the lists of check-intel, and the tests that it makes of them.
CHECKED = (
    ("xen_?_test", "k", False, ["xen_a_test", "xen_b_test", "k", "xen_a_test:apicv=0",
                                "xen_b_test:apicv=0"]),
    ("xen_a_test", "k", True, ["k"]),
    ("xen_a_test", "xen_?_test", True, ["xen_a_test", "xen_b_test", "xen_a_test:apicv=0"]),
    ("xen_c_test", "k", True, "refused: no test is called xen_c_test: see boot list"),
    ("k", "bench", True, "refused: no test is called bench: see boot list"),
)


def check_lists(report):
    """Each row of CHECKED is a test of what make check-intel runs."""
    tests = [Test(name="xen_a_test", run="true"), Test(name="xen_b_test", run="true"),
             Test(name="bench", run="true", group="bench"),
             Test(name="k", run="true", group="kernel")]
    for twice, named, some, wanted in CHECKED:
        lists = {"without_apicv": [twice], "some": [named]}
        made = attempt(manifest.check_intel, tests, lists, some)
        if isinstance(made, list):
            made = [test.name for test in made]
        verdict(report, f"check-intel: {twice} twice, {named if some else 'all'}", made, wanted)
    for named, wanted in (("xen_b_test", ["xen_b_test", "k"]),
                          ("bench", "refused: no test is called bench: see boot list")):
        made = attempt(manifest.check_line, tests, {"some": ["k", named]})
        if isinstance(made, list):
            made = [test.name for test in made if test.group == "selftest"]
        verdict(report, f"check-line: k and {named}", made, wanted)


def check_without_apicv(report):
    test = Test(name="t", run="true", modparams={"kvm_intel": "nested=0"}).without_apicv()
    verdict(report, "check-intel: without APICv", (test.name, test.modparams),
            ("t:apicv=0", {"kvm_intel": "nested=0 enable_apicv=0"}))


class Comparison(Report):
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
                                  f"got {result.verdict} {result.kind} ({result.reason}), "
                                  f"not {case.verdict} {case.kind} ({case.reason})"), tail)

    def report_missing(self):
        """A case without any result is a failure of the harness as well."""
        seen = {result.name.removeprefix("harness: ") for result in self.results}
        for name in self.cases:
            if name not in seen:
                super().result(Result(f"harness: {name}", "fail", "exit", "got no result"))


def main(cpu):
    tests = [Test(name=case.name, run=case.run, group="harness", timeout=case.timeout,
                  memory=case.memory, needs=[]) for case in CASES if case.name != UNLOAD]
    report = Comparison()
    check_proofs(report)
    check_stocks(report)
    check_cpus(report)
    check_intel(report)
    check_clock(report)
    check_unavailable(report)
    check_jobs(report)
    check_lists(report)
    check_without_apicv(report)
    Runner(report, "stock", cpu=cpu, jobs=2).run(tests)
    report.report_missing()
    report.write_json(results_path("harness", "stock", cpu))
    return report.finish()
