"""What is known to have an order, and what is known to have none, by its name.

Promises: pure. A list is taken for its elements unless its name says that their order is used: things that
are tried, asked, applied or put out one after the other. For calls it is the other way round: they are in a
row because one comes after the other, unless they are known to do no more than register something.
"""

from __future__ import annotations

import ast
import re

from assay.gates.syntax import dotted, last_name, nodes_in
from assay.patchset.merging.fold import value_of

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_POSITIONAL = frozenset({"_fields", "_fields_", "__match_args__", "__bases__", "__mro__", "__path__"})
"""Names of lists whose elements are told by their places."""

_ORDERED = frozenset(
    {
        # tried until one fits, or with the last or first that fits decisive
        *("backends", "fallback", "fallbacks", "filter", "filters", "filterwarnings", "finders", "grammar"),
        *("handlers", "loaders", "path", "pathes", "paths", "pattern", "patterns", "precedence", "preferred"),
        *("presets", "priorities", "priority", "pythonpath", "regex", "regexes", "resolvers", "route"),
        *(
            "router",
            "routers",
            "routes",
            "rule",
            "rules",
            "source",
            "sources",
            "syspath",
            "urlpatterns",
            "extends",
        ),
        *("index", "lexer", "lexers", "redirects", "rewrites", "tokens"),
        # applied one after the other
        *("callbacks", "chain", "hooks", "interceptors", "layers", "middleware", "middlewares", "migrations"),
        *("operations", "phases", "pipeline", "pipelines", "postprocessors", "preprocessors", "processors"),
        *("passes", "queue", "stack", "stages", "steps", "transformers", "transforms"),
        # given by position, or put out as they stand
        *(
            "addopts",
            "argv",
            "args",
            "bases",
            "chunks",
            "cmd",
            "columns",
            "command",
            "commands",
            "coordinates",
        ),
        *("fieldnames", "fragments", "header", "headers", "lines", "mro", "order", "ordered", "ordering"),
        *("paragraphs", "parts", "points", "rows", "schedule", "sections", "segments", "sequence", "shape"),
        *("matrix", "vector", "weights"),
    }
)
"""Words of names whose elements have an order."""

_REGISTERING = frozenset({"add_command", "add_parser", "include", "register", "subscribe"})
"""What only makes known what it is given, under a name of its own."""
_IN_TURN = frozenset({"atexit", "codecs"})
"""Whose registrations are asked in turn."""

_FIELDS = frozenset({"attr.ib", "attr.field", "attrib", "attrs.field", "field", "ib", "dataclasses.field"})
"""Calls that make a field of a class, whose place is that of a parameter."""

_TURNS = frozenset({"after_request", "before_request", "interceptor", "middleware", "teardown_request"})
"""Decorators whose functions are called in the order in which they were given."""

_TAKING = frozenset(
    {"input", "next", "pop", "popitem", "popleft", "read", "readline", "recv", "recvfrom", "get_nowait"}
)

_PATTERN = re.compile(r"""\b(?:[rR][bB]?|[bB][rR])['"]|\b(?:re\.)?compile\(""")


def keeps_order(name: str) -> bool:
    """Whether the name of a list (the last of several with dots between) says that its order is used."""
    last = name.rpartition(".")[2]
    return last in _POSITIONAL or not _ORDERED.isdisjoint(_words(last))


def is_pattern(text: str) -> bool:
    """Whether an element of a list has to do with regular expressions, which are tried in turn."""
    return _PATTERN.search(text) is not None


def registered(call: ast.Call) -> str:
    """What a call registers, if it does no more: a text that is the same for two calls of which one would
    replace the other. Empty for all other calls."""
    callee = dotted(call.func)
    if last_name(call) not in _REGISTERING or not callee or not call.args:
        return ""
    if callee.partition(".")[0] in _IN_TURN or any(map(keeps_order, callee.split("."))):
        return ""
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return ""
    first = call.args[0]
    return f"{callee}({value_of(first) or ast.unparse(first)})"


def asserts(call: ast.Call) -> bool:
    """Whether a call changes nothing, and only may fail: if all of a row hold, they do in any order."""
    return last_name(call).startswith("assert") and not takes(call)


def takes(value: ast.expr | None) -> bool:
    """Whether a value is taken from something that then has it no more, so that who comes first gets another
    one."""
    inside = nodes_in([value] if value is not None else [])
    return any(isinstance(node, ast.Call) and last_name(node) in _TAKING for node in inside)


def is_field(value: ast.expr | None) -> bool:
    """Whether a class that is given it as an attribute takes it for a parameter."""
    return isinstance(value, ast.Call) and dotted(value.func) in _FIELDS


def acts_in_turn(decorators: list[ast.expr]) -> bool:
    """Whether a decorator puts its function into a row that is gone through in order."""
    return any(last_name(each) in _TURNS for each in decorators)


def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(name))
