# SPDX-License-Identifier: GPL-2.0
"""What one C file says: its includes, what it declares and uses, its function pointers."""

import dataclasses
import functools
import re

TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\.|[^\\\n])*", re.MULTILINE | re.DOTALL)
DEFINE = re.compile(r"\s*#\s*define\s+\w+(?:\([^)]*\))?(.*)", re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]*)"|<([^>\n]*)>)', re.MULTILINE)
EVENT = re.compile(r"\b(?:TRACE|DEFINE)_EVENT\w*\s*\(\s*"
                   r"(?:\w+\s*,\s*(?=\w+\s*,\s*TP_PROTO))?(\w+)")
POINTER = re.compile(r"\(\s*\*\s*(?:const\s+)?(\w+)\s*(?:\[[^\]]*\])?\s*\)\s*\(")
FUNCTION_TYPE = re.compile(r"\btypedef\b[\w\s*]*?\b(?!__)(\w+)\s*\([^*]")
WORD = re.compile(r"[A-Za-z_]\w*")
STRUCT = re.compile(r"\b(?:struct|union)\s+(\w+)")
TAG = re.compile(r"\b(?:struct|union|enum)\s+\w+")


def words(code):
    """The words of code that may be names of functions and variables."""
    return WORD.findall(TAG.sub(" ", code))


@dataclasses.dataclass(frozen=True)
class Include:
    """One #include: quoted, or in angle brackets."""
    name: str
    quoted: bool

    def __str__(self):
        return f'"{self.name}"' if self.quoted else f"<{self.name}>"


@dataclasses.dataclass(frozen=True)
class Item:
    """A declaration or a definition of a file: what stands outside its braces, and inside."""
    head: str
    body: str | None

    def is_function(self):
        return self.body is not None and self.head.rstrip().endswith(")")

    def declared(self):
        """The words that may be names of something declared here."""
        declared = words(self.head.partition("=")[0])
        if self.body is not None and not self.is_function() and "=" not in self.head:
            declared += words(self.body)
        return declared

    def used(self):
        """The words of a function's body, or of an initializer."""
        used = words(self.head.partition("=")[2])
        if self.is_function() or "=" in self.head:
            used += words(self.body or "")
        return used

    def callback(self):
        """The struct or typedef by which others are called, or the function that is given one."""
        if re.search(r"\btypedef\b", self.head):
            return self.callback_type()
        match = POINTER.search(self.head)
        if match:
            function = re.search(r"(\w+)\s*\(", self.head[:match.start()])
            return (function or match)[1]
        if self.body is None or self.is_function() or not POINTER.search(self.body):
            return None
        return (STRUCT.search(self.head) or POINTER.search(self.body))[1]

    def callback_type(self):
        match = POINTER.search(self.head) or FUNCTION_TYPE.search(self.head)
        if match:
            return match[1]
        return WORD.findall(self.head)[-1] if POINTER.search(self.body or "") else None


def without_comments(text):
    """The text with comments blank, and strings of several lines empty."""
    def replace(match):
        token = match[0]
        if token[0] == "/":
            return " " + "\n" * token.count("\n")
        return '""' if "\n" in token else token
    return TOKEN.sub(replace, text)


def items(code):
    """Splits code without directives into items."""
    head, body, depth, parentheses = "", None, 0, 0
    for char in re.findall(r"[{}();]|[^{}();]+", code):
        inside = depth - (char == "}") > 0
        depth += (char == "{") - (char == "}")
        if not inside:
            parentheses += (char == "(") - (char == ")")
        if inside:
            body += char
        elif char == "{":
            body = body or ""
        elif char != "}":
            head += char
        done = char == ";" or (char == "}" and Item(head, body).is_function())
        if done and not depth and not parentheses:
            yield Item(head.rstrip("; \t\n"), body)
            head, body = "", None


class Source:
    """The text of a file, without comments and strings."""

    def __init__(self, text):
        self.text = without_comments(text)

    @functools.cached_property
    def includes(self):
        return [Include(quoted or angle, bool(quoted))
                for quoted, angle in INCLUDE.findall(self.text)]

    @functools.cached_property
    def code(self):
        return TOKEN.sub('""', self.text)

    @functools.cached_property
    def words(self):
        return set(words(self.code))

    @functools.cached_property
    def items(self):
        return list(items(DIRECTIVE.sub("", self.code)))

    @functools.cached_property
    def declared(self):
        return {word for item in self.items for word in item.declared()}

    @functools.cached_property
    def used(self):
        """What inline functions, initializers and macros use."""
        macros = (DEFINE.match(line) for line in DIRECTIVE.findall(self.code))
        used = {word for macro in macros if macro for word in words(macro[1])}
        return used.union(word for item in self.items for word in item.used())

    @functools.cached_property
    def callbacks(self):
        return {name for item in self.items if (name := item.callback())}

    @functools.cached_property
    def events(self):
        """Its tracepoints."""
        return set(EVENT.findall(self.code))


@functools.cache
def source(text):
    """The same for the same text, which copies of a tree have."""
    return Source(text)
