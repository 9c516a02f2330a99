"""Where a function may write to what outlives its call, as far as its text shows.

Promises: pure; a function that may change what is in no file of the tree writes to WORLD. What is handed to
it is taken for its caller's own: objects that are passed around and changed are found by running the tests
(`inject/states.py`), not here.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from assay.gates.testing.names import defined, dotted, imported, stored
from assay.gates.testing.units import Function, Outline

WORLD = "*"
OWN = "."
"""Stands for the file that the function is in."""

_CHANGERS = frozenset(
    {
        "add", "append", "appendleft", "cache_clear", "clear", "discard", "extend", "extendleft", "insert",
        "intersection_update", "move_to_end", "pop", "popitem", "popleft", "put", "register", "remove",
        "reset", "reverse", "rotate", "set", "setdefault", "sort", "subtract", "symmetric_difference_update",
        "unregister", "update",
    }
)  # fmt: skip
"""Methods that change what they are called on."""

_WORLDLY = frozenset(
    {
        "decimal.setcontext", "gc.disable", "gc.enable", "gc.freeze", "locale.setlocale",
        "logging.addLevelName", "logging.basicConfig", "logging.disable", "logging.setLoggerClass",
        "os.chdir", "os.putenv", "os.umask", "os.unsetenv", "random.seed", "random.setstate",
        "signal.setitimer", "signal.signal", "socket.setdefaulttimeout", "sys.setrecursionlimit",
        "sys.setswitchinterval", "time.tzset", "warnings.resetwarnings", "importlib.reload",
    }
)  # fmt: skip

_CLASS = frozenset({"cls", "mcs", "metacls", "klass"})
_LASTING = ast.List | ast.Dict | ast.Set | ast.Call | ast.ListComp | ast.DictComp | ast.SetComp
_NAMING = Function | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar
_OF_CLASS = frozenset({"__class__", "__dict__", "__globals__", "__func__", "__wrapped__"})
_HARMLESS = frozenset(vars(builtins)) - {"globals", "setattr", "delattr", "type", "vars"}


class Writes:
    """Where the functions of one file may write to what outlives their calls."""

    def __init__(self, outline: Outline) -> None:
        self._names = defined(outline)
        self._modules = imported(outline.module)
        self._shared = _shared(outline)

    def of(self, node: Function) -> frozenset[str]:
        """OWN, what the file imports (`module name`, dots of a relative import first), or WORLD."""
        found = set()
        for root in _roots(node, self._shared):
            if root in (OWN, WORLD):
                found.add(root)
            elif root in self._modules:
                found.add(" ".join(self._modules[root]))
            else:
                found.add(OWN if root in self._names else WORLD)
        return frozenset(found)


def changes_itself(node: Function) -> bool:
    """Whether a method may write to the object that it is called on."""
    first = [*node.args.posonlyargs, *node.args.args][:1]
    local = _locals(node) - {arg.arg for arg in first}
    found: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute | ast.Subscript) and stored(each):
            found.update(_escaping(each.value, local, set()))
        elif isinstance(each, ast.Call):
            found.update(_called(each, local, set()))
    return any(arg.arg in found for arg in first)


def _roots(node: Function, shared: set[str]) -> Iterator[str]:
    """The names from which the function gets to what it writes. `shared` are attributes that all objects of a
    class have in common."""
    everywhere = {name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names}
    if everywhere:
        yield OWN
    local = _locals(node) - everywhere
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute | ast.Subscript) and stored(each):
            yield from _escaping(each.value, local, shared)
        elif isinstance(each, ast.Call):
            yield from _called(each, local, shared)


def _called(call: ast.Call, local: set[str], shared: set[str]) -> Iterator[str]:
    if dotted(call.func) in _WORLDLY:
        yield WORLD
    elif isinstance(call.func, ast.Attribute) and call.func.attr in _CHANGERS:
        yield from _escaping(call.func.value, local, shared)
    elif isinstance(call.func, ast.Name) and call.func.id in ("setattr", "delattr") and call.args:
        yield from _escaping(call.args[0], local, shared)


def _escaping(node: ast.expr, local: set[str], shared: set[str]) -> Iterator[str]:
    """The root of a chain of attributes, items and calls, if it is not the function's own."""
    of_class = False
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            of_class = of_class or node.attr in _OF_CLASS or node.attr in shared
            node = node.value
        elif isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return  # a literal, an operation: something new
    if node.id in _CLASS or node.id in ("type", "globals", "vars") or (of_class and node.id in local):
        yield OWN
    elif node.id not in local and node.id not in _HARMLESS:
        yield node.id


def _shared(outline: Outline) -> set[str]:
    """Attributes of classes that hold something which can be changed in its place."""
    return {
        name.id
        for form in outline.forms
        if form.owner and isinstance(form.node, ast.Assign | ast.AnnAssign)
        if isinstance(form.node.value, _LASTING)
        for name in ast.walk(form.node)
        if isinstance(name, ast.Name) and stored(name)
    }


def _locals(node: Function) -> set[str]:
    """Names bound in the function and what is nested in it; not those of parameters whose defaults last."""
    found: set[str] = set()
    lasting: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and stored(each):
            found.add(each.id)
        elif isinstance(each, ast.arguments):
            found |= {arg.arg for arg in ast.walk(each) if isinstance(arg, ast.arg)}
            lasting |= set(_with_lasting_defaults(each))
        elif isinstance(each, _NAMING) and each is not node and each.name:
            found.add(each.name)
    return found - lasting


def _with_lasting_defaults(arguments: ast.arguments) -> Iterator[str]:
    places = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(places) - len(arguments.defaults)) + list(arguments.defaults)
    for arg, default in [
        *zip(places, defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]:
        if isinstance(default, _LASTING):
            yield arg.arg
