# SPDX-License-Identifier: GPL-2.0
"""Who stands on whom: the edges between units, circles, and the order from above."""

import functools

SHOWN = 3       # symbols of one edge


def listing(names):
    """The first of the names, and how many more there are."""
    names = sorted(names)
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


class Edge:
    """Why one unit stands on another."""

    def __init__(self):
        self.includes = set()
        self.symbols = {}       # of each, the files that use it: headers, or the object

    def __str__(self):
        whys = [f"includes {listing(self.includes)}"] if self.includes else []
        return " and ".join(whys + ([f"uses {listing(self.symbols)}"] if self.symbols else []))


class Graph:
    """The edges of a tree; those of symbols belong to the unit whose files name them."""

    def __init__(self, tree, objects):
        self.tree, self.objects = tree, objects
        self.edges = {}
        for unit, files in tree.units.items():
            for file in files:
                self.add_file(unit, file)
            for symbol in objects.undefined.get(unit, ()):
                self.add_undefined(unit, symbol)

    def edge(self, unit, other):
        return self.edges.setdefault((unit, other), Edge())

    def add_file(self, unit, file):
        for target in self.tree.includes(file):
            if self.tree.unit(target) != unit:
                self.edge(unit, self.tree.unit(target)).includes.add(target)
        if file.endswith(".h"):
            for symbol in self.tree.files[file].used & self.objects.defined.keys():
                self.add_symbol(unit, symbol, file)

    def add_undefined(self, unit, symbol):
        """A symbol that comes with an inline function of another folder's header is that one's."""
        if self.objects.owner(symbol) and not self.inherited(unit, symbol):
            self.add_symbol(unit, symbol, unit + ".c")

    def inherited(self, unit, symbol):
        files = self.tree.units[unit]
        if any(symbol in self.tree.files[file].words for file in files):
            return False
        headers = set().union(*map(self.tree.reached, files)) - set(files)
        return any(self.tree.folder(header) and symbol in self.tree.files[header].used
                   for header in headers)

    def add_symbol(self, unit, symbol, file):
        owner = self.objects.owner(symbol)
        if owner != unit:
            self.edge(unit, owner).symbols.setdefault(symbol, set()).add(file)

    def below(self, unit, units):
        """Those of the units that it stands on directly."""
        return [other for other in units if (unit, other) in self.edges and other != unit]

    def closure(self, units):
        """For each unit, those it stands on directly or through others of the units."""
        @functools.cache
        def direct(unit):
            return self.below(unit, units)

        closed = {}
        for unit in units:
            pending, closed[unit] = list(direct(unit)), set()
            while pending:
                other = pending.pop()
                if other not in closed[unit]:
                    closed[unit].add(other)
                    pending += direct(other)
        return closed

    def shortest_circle(self, start, units):
        """The shortest way from a unit back to it; it is the first of it and the last."""
        ways, seen = [[start]], set()
        while ways:
            way = ways.pop(0)
            for other in self.below(way[-1], units):
                if other == start:
                    return way + [start]
                if other not in seen:
                    seen.add(other)
                    ways.append(way + [other])
        return None

    def circles(self, units):
        """The shortest circle of each set of units that all stand on each other."""
        closed, done = self.closure(units), set()
        for unit in units:
            if unit in closed[unit] and unit not in done:
                tied = [other for other in units if other in closed[unit] and unit in closed[other]]
                done.update(tied)
                yield min((self.shortest_circle(start, tied) for start in tied), key=len), tied

    def levels(self, units):
        """How many of the units are below each, one upon the other; circles count as one."""
        closed = self.closure(units)

        @functools.cache
        def level(unit):
            lower = [other for other in closed[unit] if unit not in closed[other]]
            return 1 + max(map(level, lower), default=-1)

        return {unit: level(unit) for unit in units}

    def nearest(self, unit, units):
        """Those it stands on directly and through no other of the units."""
        closed, direct = self.closure(units), self.below(unit, units)
        return [other for other in direct
                if not any(other in closed[between] and unit not in closed[between]
                           for between in direct if between != other)]
