# SPDX-License-Identifier: GPL-2.0
"""The order as a drawing, and its place in the document."""

from tree import Error

DOCUMENT = "Documentation/virt/kvm/x86/xen-internals.rst"
BEGIN = ".. Drawn by scripts/layers --draw --write, up to the next comment.\n"
END = ".. The end of what is drawn.\n"
WIDTH = 72


def arrows(name, targets):
    return f"{name:20} -> {' '.join(targets)}" if targets else name


def draw_folder(tree, graph, folder):
    """The name of a folder and what it stands on, and below it its units from above."""
    units = sorted(unit for unit in tree.units if tree.unit_folder(unit) == folder)
    lower = {tree.unit_folder(other) for (unit, other) in graph.edges if unit in units}
    folders = [name for name in reversed(tree.table.folders) if name in lower and name != folder]
    yield arrows(folder if folder == "." else folder + "/", folders)
    levels = graph.levels(units)
    for unit in sorted(units, key=lambda unit: (-levels[unit], unit)):
        short = [other.rpartition("/")[2] for other in graph.nearest(unit, units)]
        yield "  " + arrows(unit.rpartition("/")[2], short)


def draw(tree, graph):
    """All folders, the highest first."""
    parts = ("\n".join(draw_folder(tree, graph, folder)) for folder in reversed(tree.table.folders))
    return ("\n" + "-" * WIDTH + "\n").join(parts) + "\n"


def block(drawing):
    """The drawing as the document has it."""
    lines = "".join(f"    {line}\n" for line in drawing.splitlines())
    return f"\n::\n\n{lines}\n"


def split(tree):
    """The document: what is before the drawing, the drawing, what is behind it."""
    text = (tree.root / DOCUMENT).read_text()
    before, begin, rest = text.partition(BEGIN)
    drawn, end, after = rest.partition(END)
    if not begin or not end:
        raise Error(f"{DOCUMENT} has no two comments with a drawing between them")
    return before + begin, drawn, end + after


def write(tree, drawing):
    before, _, after = split(tree)
    (tree.root / DOCUMENT).write_text(before + block(drawing) + after)


def complaint(tree, drawing):
    if split(tree)[1] != block(drawing):
        return f"{DOCUMENT}: the drawing is not that of the tree; scripts/layers --draw --write"
    return None
