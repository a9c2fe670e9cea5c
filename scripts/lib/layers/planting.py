# SPDX-License-Identifier: GPL-2.0
"""The self-test: violations planted in copies, each of which has to be the only new complaint."""

import contextlib
import dataclasses
import pathlib
import shutil
import subprocess
import tempfile

import drawing
import rules
from graph import Graph
from objects import Objects
from tree import KVM, TABLE, Tree

LIST = KVM + "xen/Makefile.objs"

LOW = "void planted_low(void);\n"
HIGH = "void planted_high(void);\n"
GUARDED = "#ifndef _{0}\n#define _{0}\n{1}\n#endif\n"


def include(file):
    return f'#include "{file}"\n'


def function(name, body=""):
    return f"void {name}(void)\n{{\n{body}}}\n"


@dataclasses.dataclass(frozen=True)
class Plant:
    """What is put into a copy, and how each new complaint begins."""
    what: str
    expected: tuple
    files: dict                 # written, and their objects compiled and listed
    added: dict = dataclasses.field(default_factory=dict)       # to files that are there
    without: tuple = ()         # what is left out: "list", "object", "copy" or "drawing"


FOLDERS = (
    Plant("an include of a higher folder",
          ("xen/base/planted.h includes xen/time/planted.h: time/ is above",),
          {"xen/base/planted.h": include("xen/time/planted.h"), "xen/time/planted.h": ""}),
    Plant("an include of what lies beside the folders",
          ("xen/time/planted.h includes xen/planted.h: ./ is above",),
          {"xen/time/planted.h": include("xen/planted.h"), "xen/planted.h": ""}),
    Plant("an include of a core header in the hooks",
          ("xen.h includes xen/base/planted.h: it may not",),
          {"xen/base/planted.h": ""}, {KVM + "xen.h": include("xen/base/planted.h")}),
    Plant("headers of the kernel and of KVM in abi/",
          ("xen/abi/planted.h includes the kernel's <linux/slab.h>, which only",
           'xen/abi/planted.h includes the kernel\'s "x86.h", which only'),
          {"xen/abi/planted.h": include("x86.h") + "#include <linux/slab.h>\n"}),
    Plant("an interface to VMMs in abi/",
          ("xen/abi/planted.h includes include/uapi/linux/kvm_xen.h: it may not",),
          {"xen/abi/planted.h": "#include <linux/kvm_xen.h>\n"}),
    Plant("versions of Linux, in the core and in a sample",
          ("xen/base/planted.h asks for a version of Linux, which only xen/compat.h may",
           "samples/planted.h asks for a version of Linux, which only xen/compat.h may"),
          {"xen/base/planted.h": "#define PLANTED LINUX_VERSION_CODE\n",
           "../../../samples/planted.h": "#include <linux/version.h>\n"}),
    Plant("names of includes that are not those of their folder",
          ('xen/event/planted.h includes "planted_low.h": write "xen/event/planted_low.h"',
           'xen/abi/planted.h includes "xen/abi/seam.h": write its bare name'),
          {"xen/event/planted.h": include("planted_low.h"), "xen/event/planted_low.h": "",
           "xen/abi/planted.h": include("xen/abi/seam.h")}),
    Plant("an include of nothing",
          ('xen/base/planted.h includes "xen/base/none.h", which is not there',
           "xen/base/planted.h does not compile alone: xen/base/none.h"),
          {"xen/base/planted.h": include("xen/base/none.h")}),
    Plant("files in no folder",
          ("xen/stray/planted.h is in no folder", "xen/base/deep/planted.h is in no folder",
           "include/linux/planted.h is in no folder"),
          {"xen/stray/planted.h": "", "xen/base/deep/planted.h": "",
           "../../../include/linux/planted.h": ""}),
    Plant("a folder that is empty", (f"{TABLE} has the folder planted, which is empty",),
          {}, {TABLE: "folders planted\n"}),
)

SYMBOLS = (
    Plant("a call of a higher folder that no include shows",
          ("xen/base/planted.c uses planted_high of time/planted: time/ is above",),
          {"xen/base/planted.c": HIGH + function("planted_low", "\tplanted_high();\n"),
           "xen/time/planted.c": function("planted_high")}),
    Plant("the address of a function of a higher folder",
          ("xen/base/planted.c uses planted_high of time/planted: time/ is above",),
          {"xen/base/planted.c": HIGH + "void *planted_low = planted_high;\n",
           "xen/time/planted.c": function("planted_high")}),
    Plant("a call of a higher folder in an inline function, which others use",
          ("xen/base/planted.h uses planted_high of time/planted: time/ is above",
           "xen/base/planted.h declares planted_high, which xen/time/planted.c defines"),
          {"xen/base/planted.h": HIGH + "static inline " + function("low", "\tplanted_high();\n"),
           "xen/upcall/planted.c": include("xen/base/planted.h")
           + function("planted_user", "\tlow();\n"),
           "xen/time/planted.c": function("planted_high")}),
    Plant("a call of a higher folder in a macro",
          ("xen/base/planted.h uses planted_high of time/planted: time/ is above",),
          {"xen/base/planted.h": "#define planted() \\\n\tplanted_high()\n",
           "xen/time/planted.c": function("planted_high")}),
    Plant("a prototype repeated by hand",
          ("time/planted uses planted_low of base/planted, and includes no header of it",),
          {"xen/base/planted.c": function("planted_low"), "xen/base/planted.h": LOW,
           "xen/time/planted.c": LOW + function("planted_high", "\tplanted_low();\n")}),
    Plant("a prototype in the header of another unit",
          ("xen/base/planted_other.h declares planted_low, which xen/base/planted.c defines",),
          {"xen/base/planted.c": function("planted_low"), "xen/base/planted.h": LOW,
           "xen/base/planted_other.h": LOW}),
)

CIRCLES = (
    Plant("a circle of two files in a folder",
          ("event/planted_a -> event/planted_b -> event/planted_a is a circle: event/planted_a "
           "includes xen/event/planted_b.h; event/planted_b includes xen/event/planted_a.h",),
          {"xen/event/planted_a.h": GUARDED.format("A", include("xen/event/planted_b.h")),
           "xen/event/planted_b.h": GUARDED.format("B", include("xen/event/planted_a.h"))}),
    Plant("a circle of a call and an include",
          ("event/planted_a -> event/planted_b -> event/planted_a is a circle: event/planted_a "
           "uses planted_low; event/planted_b includes xen/event/planted_a.h",),
          {"xen/event/planted_a.h": LOW, "xen/event/planted_b.c": include("xen/event/planted_a.h")
           + function("planted_low"), "xen/event/planted_a.c": include("xen/event/planted_a.h")
           + function("planted_high", "\tplanted_low();\n")}),
    Plant("a circle of three, through a shorter one",
          ("event/planted_b -> event/planted_c -> event/planted_b is a circle: ",),
          {"xen/event/planted_a.h": GUARDED.format("A", include("xen/event/planted_b.h")),
           "xen/event/planted_b.h": GUARDED.format("B", include("xen/event/planted_c.h")),
           "xen/event/planted_c.h": GUARDED.format("C", include("xen/event/planted_a.h")
                                                   + include("xen/event/planted_b.h"))}),
)

CALLBACKS = (
    Plant("tables of callbacks that are not listed",
          tuple(f"xen/base/planted.h: the callbacks of planted_{name} are not in {TABLE}"
                for name in ("ops", "type", "pointer", "call", "hook")),
          {"xen/base/planted.h": "struct planted_ops {\n\tint x;\n\tint *(*get)(int x);\n} __packed;\n"
           "typedef int planted_type(int x);\ntypedef int (*planted_pointer)(int x);\n"
           "int planted_call(int (*get)(int x));\nextern int (*planted_hook)(int x);\n"}),
    Plant("a table of callbacks that is gone",
          (f"{TABLE} has the callbacks of planted_ops in xen/base/none.h, which are not there",),
          {}, {TABLE: "callback xen/base/none.h planted_ops for nothing\n"}),
)

OBJECTS = (
    Plant("a source that no list has", ("xen/base/planted.c is in no list of Makefile.objs",),
          {"xen/base/planted.c": function("planted_low")}, without=("list",)),
    Plant("an object without a source",
          ("Makefile.objs lists xen/base/planted.o, which has no source",),
          {}, {LIST: "kvm-xen-amd-objs := xen/base/planted.o\n"}),
    Plant("a source that is not compiled", ("xen/base/planted.o is not built: make modules",),
          {"xen/base/planted.c": function("planted_low")}, without=("object",)),
    Plant("objects of other sources", ("the objects are not those of xen/base/planted.h",),
          {"xen/base/planted.h": ""}, without=("copy",)),
)

OTHERS = (
    Plant("a header that needs another before it",
          ("xen/base/planted.h does not compile alone: ",),
          {"xen/base/planted.h": "static inline int planted(struct planted *p)\n{\n"
           "\treturn p->planted;\n}\n"}),
    Plant("a drawing of another tree",
          (f"{drawing.DOCUMENT}: the drawing is not that of the tree",),
          {"xen/base/planted.h": ""}, without=("drawing",)),
    Plant("includes in comments and strings", (),
          {"xen/time/planted.h": "", "xen/base/planted.h": '/*\n#include "xen/time/planted.h"\n'
           '*/\n/* */ // #include "xen/time/planted.h"\nstatic const char planted[] = "\\\n'
           '#include <xen/time/planted.h>";\n'}),
    Plant("a tracepoint, whose symbols are made above", (),
          {"xen/base/planted.h": "#define TRACE_EVENT(name) extern int __tracepoint_##name\n"
           "TRACE_EVENT(planted);\n", "xen/planted.c": "int __tracepoint_planted;\n",
           "xen/base/planted_user.c": include("xen/base/planted.h")
           + "int *planted_user = &__tracepoint_planted;\n"}),
    Plant("a struct that is called like a function of another unit", (),
          {"xen/base/planted.h": "struct planted_high;\n"
           "static inline int planted_low(struct planted_high *p)\n{\n\treturn !p;\n}\n",
           "xen/time/planted.c": function("planted_high")}),
    Plant("a call downwards, through a header", (),
          {"xen/base/planted.c": function("planted_low"), "xen/base/planted.h": LOW,
           "xen/time/planted.c": include("xen/time/planted.h")
           + function("planted_high", "\tplanted_low();\n"),
           "xen/time/planted.h": include("xen/base/planted.h")}),
)

PLANTS = FOLDERS + SYMBOLS + CIRCLES + CALLBACKS + OBJECTS + OTHERS


class Copy:
    """A copy of the checkout with links to the objects and their sources."""

    def __init__(self, root, build, directory):
        self.root, self.build = pathlib.Path(directory, "src"), pathlib.Path(directory, "build")
        for name in ("arch", "include", "samples"):
            shutil.copytree(root / name, self.root / name)
        for name in (TABLE, drawing.DOCUMENT):
            (self.root / name).parent.mkdir(parents=True)
            shutil.copy(root / name, self.root / name)
        tree = Tree(root)
        for name in {*tree.listed, *filter(tree.folder, tree.files)}:
            link = self.build / KVM / name
            link.parent.mkdir(parents=True, exist_ok=True)
            if (build / KVM / name).exists():
                link.symlink_to(build / KVM / name)

    def plant(self, plant):
        for name, text in plant.added.items():
            with open(self.root / name, "a", encoding="ascii") as file:
                file.write(text)
        for name, text in plant.files.items():
            places = [self.root] if "copy" in plant.without else [self.root, self.build]
            for place in places:
                path = place / KVM / name
                path.resolve().parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        for name in plant.files:
            if name.endswith(".c"):
                self.plant_object(name, plant.without)

    def plant_object(self, source, without):
        made = source[:-1] + "o"
        if "list" not in without:
            with open(self.root / LIST, "a", encoding="ascii") as file:
                file.write(f"kvm-xen-objs += {made}\n")
        if not {"list", "object"} & set(without):
            subprocess.run(["gcc", "-c", "-w", "-I.", "-o", self.build / KVM / made, source],
                           cwd=self.root / KVM, check=True)

    def complaints(self, compiler, headers, draw):
        """Those of the copy as it is, where only these headers are compiled."""
        tree = Tree(self.root)
        graph = Graph(tree, Objects(tree, self.build))
        if draw:
            drawing.write(tree, drawing.draw(tree, graph))
        return {complaint for verdict in rules.check(tree, graph, compiler, headers)
                for complaint in verdict}


@contextlib.contextmanager
def copied(root, build):
    with tempfile.TemporaryDirectory(prefix="layers-") as directory:
        yield Copy(root, build, directory)


def differences(plant, before, after):
    """What a plant should have changed, and what it should not."""
    new = after - before
    for beginning in plant.expected:
        if not any(complaint.startswith(beginning) for complaint in new):
            yield f"self-test: {plant.what}: nothing says: {beginning}"
    for complaint in sorted(new):
        if not complaint.startswith(plant.expected or "\n"):
            yield f"self-test: {plant.what}: what else is said: {complaint}"
    for complaint in sorted(before - after):
        yield f"self-test: {plant.what}: what is no longer said: {complaint}"


def verdict(plant, before, places, compiler):
    with copied(*places) as copy:
        copy.plant(plant)
        headers = [name for name in plant.files if name.startswith("xen/") and name.endswith(".h")
                   and Tree(copy.root).folder(name)]
        after = copy.complaints(compiler, headers, "drawing" not in plant.without)
    return list(differences(plant, before, after))


def self_test(root, build, compiler):
    """For each plant a list of complaints; without a compiler those that need it are left out."""
    with copied(root, build) as copy:
        before = copy.complaints(compiler, (), True)
    return [verdict(plant, before, (root, build), compiler) for plant in PLANTS
            if not (compiler.missing and any("compile alone" in text for text in plant.expected))]
