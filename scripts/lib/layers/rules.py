# SPDX-License-Identifier: GPL-2.0
"""What is asked of a tree: each rule yields, for each thing it looks at, a list of complaints."""

import concurrent.futures
import os
import re

import drawing
from graph import listing
from tree import KVM, TABLE


def short(unit):
    return unit.removeprefix("xen/")


def above(folder):
    return f"{folder}/ is above"


def folders(tree, _graph):
    """Each file belongs to a folder or stands outside; what the table names is there."""
    for file in tree.files:
        known = tree.folder(file) or file in tree.table.outside
        yield [] if known else [f"{file} is in no folder that {TABLE} has"]
    used = {tree.folder(file) for file in tree.files}
    for folder in tree.table.folders:
        yield [] if folder in used else [f"{TABLE} has the folder {folder}, which is empty"]
    for file in (*tree.table.outside, tree.table.seam):
        yield [] if file in tree.files else [f"{TABLE} has {file}, which is not there"]


def may_include(tree, file, target):
    """Whether the order lets one file of this project include another."""
    table, folder, lower = tree.table, tree.folder(file), tree.folder(target)
    if folder is None:
        if file not in table.outside:
            return True
        return target in table.outside[:table.outside.index(file)] or \
            (file == table.hooks and lower is not None and lower == tree.pure)
    if lower is None:
        return folder != tree.pure and target in table.outside
    return table.rank(lower) <= table.rank(folder)


def spelled_well(tree, file, include, target):
    """In the pure folder an include is a bare name, elsewhere the path from arch/x86/kvm."""
    if tree.path(target) != tree.root / KVM / target:
        return True
    wanted = target.rpartition("/")[2] if tree.folder(file) == tree.pure else target
    return include.quoted and include.name == wanted


def include_complaint(tree, file, include):
    target = tree.resolve(file, include)
    pure = tree.folder(file) == tree.pure
    if not target:
        if include.quoted and include.name.startswith("xen/"):
            return f"{file} includes {include}, which is not there"
        if pure and file != tree.table.seam:
            return f"{file} includes the kernel's {include}, which only {tree.table.seam} may"
    elif not may_include(tree, file, target):
        where = tree.folder(target)
        why = above(where) if where and tree.folder(file) else "it may not"
        return f"{file} includes {target}: {why}"
    elif not spelled_well(tree, file, include, target):
        wanted = "its bare name" if pure else f'"{target}"'
        return f"{file} includes {include}: write {wanted}"
    return None


def includes(tree, _graph):
    for file, source in tree.files.items():
        found = (include_complaint(tree, file, include) for include in source.includes)
        yield list(filter(None, dict.fromkeys(found)))


VERSION = re.compile(r"\b(?:LINUX_VERSION_\w+|KERNEL_VERSION)\b|<linux/version\.h>")


def versions(tree, _graph):
    """One file knows how lines of Linux differ."""
    for file, source in {**tree.files, **tree.samples}.items():
        asks = VERSION.search(source.text) and file != tree.table.compat
        yield [f"{file} asks for a version of Linux, which only {tree.table.compat} may"] \
            if asks else []


def objects(tree, graph):
    """Objects and sources are the same list, and the objects are of these sources."""
    listed = set(tree.listed)
    sources = {file[:-1] + "o" for file in tree.files if file.endswith(".c")}
    for name in sorted(listed | sources):
        if name not in sources:
            yield [f"Makefile.objs lists {name}, which has no source"]
        elif name not in listed:
            yield [f"{name[:-1]}c is in no list of Makefile.objs"]
        else:
            built = graph.objects.path(name).exists()
            yield [] if built else [f"{name} is not built: make modules"]
    stale = [file for file in tree.files if tree.folder(file) and graph.objects.stale(file)]
    yield [f"the objects are not those of {listing(stale)}: make modules"] if stale else []


def explained(tree, graph, file, symbol, owner):
    """Whether a file includes the header of the symbol's unit, or another that declares it."""
    event = graph.objects.defined.get(symbol) != owner
    headers = set().union(*map(tree.reached, tree.units[tree.unit(file)])) \
        if file.endswith(".c") else tree.reached(file)
    return any(tree.unit(header) == owner or (not event and symbol in tree.files[header].declared)
               for header in headers if header.endswith(".h"))


def through(tree, file, symbols):
    """Names the header outside of the folders that brings a file one of the symbols."""
    foreign = set(symbols) - tree.files[file].words
    for header in tree.table.outside:
        if foreign & tree.files[header].used and header in tree.reached(file):
            return f", through {header}"
    return ""


def symbol_complaints(tree, graph, unit, other):
    """Symbols of a higher folder, and those of no included header."""
    symbols, folder = graph.edges[unit, other].symbols, tree.unit_folder(other)
    if tree.table.rank(folder) > tree.table.rank(tree.unit_folder(unit)):
        for file in sorted(set().union(*symbols.values())):
            used = [symbol for symbol in symbols if file in symbols[symbol]]
            yield (f"{file} uses {listing(used)} of {short(other)}{through(tree, file, used)}: "
                   f"{above(folder)}")
        return
    unknown = {symbol for symbol, files in symbols.items()
               if not all(explained(tree, graph, file, symbol, other) for file in files)}
    if unknown:
        yield (f"{short(unit)} uses {listing(unknown)} of {short(other)}, "
               "and includes no header of it")


def symbols(tree, graph):
    """Uses go to lower folders or stay, and an include shows them."""
    for unit in tree.units:
        found = []
        for other in sorted(used for (user, used), edge in graph.edges.items()
                            if user == unit and edge.symbols):
            found += symbol_complaints(tree, graph, unit, other)
        yield found


def declarations(tree, graph):
    """A header declares what its own unit defines, or a unit of its folder without a header."""
    for header in tree.headers():
        foreign = {}
        for symbol in tree.files[header].declared & graph.objects.defined.keys():
            owner = graph.objects.defined[symbol]
            beside = tree.unit_folder(owner) == tree.folder(header)
            if owner != tree.unit(header) and not (beside and owner + ".h" not in tree.files):
                foreign.setdefault(owner, []).append(symbol)
        yield [f"{header} declares {listing(foreign[owner])}, which {owner}.c defines"
               for owner in sorted(foreign)]


def circle_text(graph, circle, tied):
    steps = "; ".join(f"{short(unit)} {graph.edges[unit, other]}"
                      for unit, other in zip(circle, circle[1:]))
    others = [short(unit) for unit in tied if unit not in circle]
    return " -> ".join(map(short, circle)) + f" is a circle: {steps}" + \
        (f"; longer ones have {listing(others)} in them" if others else "")


def circles(tree, graph):
    """Within a folder the units have an order too."""
    for folder in tree.table.folders:
        units = [unit for unit in tree.units if tree.unit_folder(unit) == folder]
        yield [circle_text(graph, circle, tied) for circle, tied in graph.circles(units)]


def callbacks(tree, _graph):
    """Function pointers in headers are those that the table lists."""
    found = {(file, name) for file, source in tree.files.items() for name in source.callbacks
             if file.endswith(".h")}
    for file, name in sorted(found | tree.table.callbacks.keys()):
        if (file, name) not in found:
            yield [f"{TABLE} has the callbacks of {name} in {file}, which are not there"]
        else:
            listed = (file, name) in tree.table.callbacks
            yield [] if listed else [f"{file}: the callbacks of {name} are not in {TABLE}"]


def drawn(tree, graph):
    complaint = drawing.complaint(tree, drawing.draw(tree, graph))
    yield [complaint] if complaint else []


RULES = (folders, includes, versions, objects, symbols, declarations, circles, callbacks, drawn)


def alone(tree, compiler, headers):
    """Each of the headers compiles without any other before it."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(lambda header: compiler.complaint(tree, header), headers)
        for header, complaint in zip(headers, said):
            yield [f"{header} does not compile alone: {complaint}"] if complaint else []


def check(tree, graph, compiler, headers):
    """All complaints, one list for each thing looked at."""
    for rule in RULES:
        yield from rule(tree, graph)
    if not compiler.missing:
        yield from alone(tree, compiler, headers)
