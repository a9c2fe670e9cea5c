# SPDX-License-Identifier: GPL-2.0
"""The list of tests: reads manifest.toml into Test values and selects from them."""

import dataclasses
import pathlib
import re
import tomllib

from common import LINE, ROOT, Error, lines
from kernel import KINDS, SLOWER

DEFAULT = pathlib.Path(__file__).with_name("manifest.toml")
GUESTS = DEFAULT.with_name("guests") / "manifest.toml"
SELFTESTS = ROOT / "build/selftests"
SOURCES = ROOT / "tools/testing/selftests/kvm/x86_64"
GROUPS = ("selftest", "kernel", "guest", "bench", "proof", "harness", "debug")


@dataclasses.dataclass
class Test:
    """One row: what to run in the booted host, and how that host is made."""

    name: str
    run: str = ""
    group: str = "selftest"
    smp: int = 2
    memory: int = 2048
    timeout: int = 300
    root: str = "initramfs"
    append: str = ""
    kernel: str = ""
    modparams: dict = dataclasses.field(default_factory=dict)
    stock: str = ""
    stock_intel: str = ""
    stock_on: dict = dataclasses.field(default_factory=dict)
    icount: bool = False
    plugin: str = ""
    cpu: str = ""
    intel: dict = dataclasses.field(default_factory=dict)
    needs: list = dataclasses.field(default_factory=list)
    samples: list = dataclasses.field(default_factory=list)
    pack: list = dataclasses.field(default_factory=list)

    def __post_init__(self):
        if not self.run:
            self.run = self.name
            self.needs = list(dict.fromkeys([f"build/selftests/{self.name}", *self.needs]))
        check(self)

    def machine(self):
        """Tests with the same value share one boot."""
        params = tuple(sorted(self.modparams.items()))
        return (self.root, self.smp, self.memory, self.append, self.icount, self.plugin, self.cpu,
                params, self.kernel, tuple(sorted(self.intel.items())))

    def fits(self, kernel):
        """The debug kernel has no disk to run from, and only Debian's a use for icount."""
        return (kernel != "debug" or self.root == "initramfs") and not (kernel and self.icount)

    def on(self, kernel):
        """The same test on another kernel than Debian's, which takes its time."""
        if self.kernel == kernel:
            return self
        return dataclasses.replace(self, kernel=kernel, timeout=self.timeout * SLOWER[kernel])

    def known_of(self, cpu, line=LINE):
        """The same test, with what is known of that line's stock modules on a host with that CPU."""
        intel = self.stock_intel if cpu == "intel" else ""
        return dataclasses.replace(self, stock=self.stock_on.get(line, intel or self.stock))

    def given(self, params):
        """The same test with parameters more for modules, written MODULE.NAME=VALUE."""
        modparams = dict(self.modparams)
        for param in params:
            module, dot, setting = param.partition(".")
            if not dot or "=" not in setting:
                raise Error(f"{param}: a parameter is written MODULE.NAME=VALUE")
            modparams[module] = f"{modparams.get(module, '')} {setting}".strip()
        return dataclasses.replace(self, modparams=modparams)

    def without_apicv(self):
        """The same test, on an Intel host whose KVM does without APICv."""
        test = self.given(["kvm_intel.enable_apicv=0"])
        return dataclasses.replace(test, name=f"{self.name}:apicv=0")

    def missing(self):
        """The first needed file that is not there, or None."""
        return next((n for n in self.needs if not (ROOT / n).exists()), None)

    def stock_verdict(self):
        """What stock modules are known to do: "pass", "fail", "hang" or ""."""
        return self.stock.partition(":")[0].strip()


def is_module(name):
    return isinstance(name, str) and re.fullmatch(r"\w+", name) is not None


def check_stock(where, key, said):
    """Refuses a word about stock modules that cannot be proved."""
    verdict, _, reason = map(str.strip, said.partition(":"))
    if verdict not in ("", "pass", "fail", "hang"):
        raise Error(f"{where}: {key} is \"pass\", \"fail: the reason\" or \"hang: the reason\"")
    if verdict in ("fail", "hang") and not reason:
        raise Error(f"{where}: {key} = \"{said}\" needs a colon and its reason")


def check_stocks(where, test):
    """The same of all that a row says about them."""
    check_stock(where, "stock", test.stock)
    check_stock(where, "stock_intel", test.stock_intel)
    if not isinstance(test.stock_on, dict) or not set(test.stock_on) <= set(lines()):
        raise Error(f"{where}: stock_on is a table with kernel lines of scripts/lines.table for keys")
    for said in test.stock_on.values():
        check_stock(where, "stock_on", said)


def check(test):
    """Refuses a row that means nothing."""
    where = f"manifest.toml: {test.name}"
    if not test.name or "/" in test.name or " " in test.name:
        raise Error(f"{where}: a name is one word without a slash")
    if test.group not in GROUPS:
        raise Error(f"{where}: group is one of {', '.join(GROUPS)}")
    if test.root not in ("initramfs", "testbed"):
        raise Error(f"{where}: root is initramfs or testbed")
    check_stocks(where, test)
    if test.kernel not in KINDS:
        raise Error(f"{where}: kernel is one of {', '.join(KINDS[1:])} or left out")
    if not test.fits(test.kernel):
        raise Error(f"{where}: the debug kernel has no disk to run from, and none but Debian's has a use "
                    "for icount")
    if not isinstance(test.samples, list) or not all(map(is_module, test.samples)):
        raise Error(f"{where}: samples is a list of names of modules, without .ko")
    if test.samples and test.root != "initramfs":
        raise Error(f"{where}: samples are packed into the initramfs, root cannot be {test.root}")
    if not all(re.fullmatch(r"[a-z0-9][a-z0-9._-]*", feature) for feature in test.cpu.split()):
        raise Error(f"{where}: cpu is names of features, with blanks between them")
    if not isinstance(test.intel, dict) or not set(test.intel) <= {"model", "ips"}:
        raise Error(f"{where}: intel is a table with model, ips or both")
    if test.icount and test.smp != 1:
        raise Error(f"{where}: icount needs smp = 1")


def expand(row):
    """One Test for a row with a name, several for a row with names, each in its run."""
    row = dict(row)
    names = row.pop("names", None) or [row.pop("name", "")]
    known = {field.name for field in dataclasses.fields(Test)}
    unknown = set(row) - known
    if unknown:
        raise Error(f"manifest.toml: {names[0]}: unknown key {sorted(unknown)[0]}")
    run = row.pop("run", "")
    return [Test(name=name, run=run.replace("{name}", name), **row) for name in names]


def unlisted(tests):
    """Selftests that have a source but no row get the defaults."""
    listed = {test.name for test in tests}
    names = sorted(path.stem for path in SOURCES.glob("*_test.c"))
    return [Test(name=name) for name in names if name not in listed]


def read(path):
    """The manifest as it is written."""
    with open(path, "rb") as file:
        try:
            return tomllib.load(file)
        except tomllib.TOMLDecodeError as err:
            raise Error(f"{path.name}: {err}") from err


def load(path=None):
    """All tests of the manifest, in its order."""
    extra = unlisted if path is None else lambda tests: []
    path = pathlib.Path(path or DEFAULT)
    tests = [test for row in read(path).get("test", []) for test in expand(row)]
    seen = set()
    for test in tests:
        if test.name in seen:
            raise Error(f"{path.name}: {test.name} is listed twice")
        seen.add(test.name)
    return tests + extra(tests)


def select(tests, groups, names):
    """The tests of the groups, or the named ones; a name may be a glob."""
    chosen = [t for t in tests if not groups or t.group in groups]
    if not names:
        return [t for t in chosen if groups or t.group not in ("harness", "proof", "debug")]
    return named(chosen, names)


def named(tests, names):
    """Those with one of the names, each of which, or each glob, has to be that of a test."""
    for name in names:
        if not any(pathlib.PurePath(t.name).match(name) for t in tests):
            raise Error(f"no test is called {name}: see boot list")
    return [t for t in tests if any(pathlib.PurePath(t.name).match(n) for n in names)]


def selftests(tests):
    """Ours and the kernel's own, which share boots."""
    return [dataclasses.replace(test, group="selftest") for test in tests
            if test.group in ("kernel", "selftest")]


def check_line(tests, lists):
    """What make check runs of the tests on each other kernel line."""
    return named(selftests(tests), lists["some"])


def check_intel(tests, lists, some=False):
    """What make check-intel runs of the tests: with APICv, then those that are to run without."""
    tests = selftests(tests)
    chosen = named(tests, lists["some"]) if some else tests
    twice = {test.name for test in named(tests, lists["without_apicv"])}
    return chosen + [test.without_apicv() for test in chosen if test.name in twice]
