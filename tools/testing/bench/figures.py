# SPDX-License-Identifier: GPL-2.0
"""The figures of a run: out of the logs of benchmarks, and as JSON.

A benchmark prints lines "KIND NAME FIGURE ...": "bench" has the median and the
minimum of the instructions that an operation took, "bytes" the memory that
something takes, "exits" how often a hundred events left guest mode.
"""

import dataclasses
import json
import pathlib

UNITS = {"bench": "instructions", "bytes": "bytes", "exits": "exits in 100 events"}
MODULES = ("stock", "ours")


@dataclasses.dataclass(frozen=True)
class Figure:
    """One operation: its figure on each choice of modules that has it."""

    name: str
    program: str
    unit: str
    stock: int | None = None
    ours: int | None = None

    def ratio(self):
        """Ours to stock's, or None where one has not got the operation."""
        return self.ours / self.stock if self.stock and self.ours else None


def is_intel(path):
    """Whether logs are those of an Intel host."""
    return "intel" in pathlib.Path(path).parts


def parse(path):
    """
    (kind, name) and (program, figure) of each line in the logs of one run, which are in
    DIRECTORY, or DIRECTORY:SETTING for those of tests that are called NAME:SETTING.
    """
    directory, colon, setting = str(path).partition(":")
    found = {}
    for log in sorted(pathlib.Path(directory).glob(f"*_bench{colon}{setting}.log")):
        for line in log.read_text().splitlines():
            words = line.split()
            if len(words) >= 3 and words[0] in UNITS:
                found[words[0], words[1]] = (log.stem.partition(":")[0], int(words[2]))
    return found


def collect(stock_logs, our_logs):
    """All figures of two runs, in the order of ours."""
    stock, ours = parse(stock_logs), parse(our_logs)
    if not stock or not ours:
        raise SystemExit(f"there are no figures in {our_logs if stock else stock_logs}")
    return [Figure(name, (ours.get((kind, name)) or stock[kind, name])[0], UNITS[kind],
                   *(run.get((kind, name), (None, None))[1] for run in (stock, ours)))
            for kind, name in dict.fromkeys([*ours, *stock])]


def write(path, made, figures):
    """Writes them as JSON, with @made, a dictionary that says how they came to be."""
    rows = ",\n".join(json.dumps(dataclasses.asdict(figure)) for figure in figures)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"made": {json.dumps(made, indent=1)},\n"figures": [\n{rows}\n]}}\n')


def read(path):
    """What write() wrote: how they came to be, and the figures."""
    data = json.loads(pathlib.Path(path).read_text())
    return data["made"], [Figure(**row) for row in data["figures"]]
