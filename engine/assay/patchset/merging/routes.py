"""Whether two functions that are put into a table by their decorators get into each other's way.

Promises: pure. Tables of routes are gone through in order, and one that takes anything (`/users/{name}`)
hides what follows it (`/users/me`); of two under one name the last holds, or the first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from assay.gates.syntax import dotted, last_name
from assay.patchset.merging.fold import value_of

_ROUTES = frozenset(
    {"api_route", "delete", "get", "head", "options", "patch", "post", "put", "route", "websocket"}
)
_NAMED = frozenset({"command", "errorhandler", "exception_handler", "register"})
_VARIABLE = re.compile(r"[{<*:(\[?]")
_REST = re.compile(r"path|\*|\.[*+]")
"""In a variable segment: it takes any number of them."""


def entries(decorators: Sequence[ast.expr]) -> tuple[str, ...]:
    """What a function is entered as: `app.get /users/{name}`, `app.errorhandler 404`."""
    found: list[str] = []
    for call in (each for each in decorators if isinstance(each, ast.Call) and each.args):
        first = call.args[0]
        path = first.value if isinstance(first, ast.Constant) else None
        if last_name(call) in _NAMED:
            found.append(f"{dotted(call.func)} {value_of(first) or ast.unparse(first)}")
        elif last_name(call) in _ROUTES and isinstance(path, str) and path[:1] in ("", "/"):
            found.append(f"{dotted(call.func)} {path}")
    return tuple(found)


def meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether an entry of one may be taken for one of the other."""
    return any(_meets(*a.split(" ", 1), *b.split(" ", 1)) for a in one for b in other)


def _meets(table: str, one: str, other_table: str, other: str) -> bool:
    if table != other_table:
        return False
    if table.rpartition(".")[2] not in _ROUTES:
        return one == other
    mine, yours = one.strip("/").split("/"), other.strip("/").split("/")
    for a, b in zip(mine, yours, strict=False):
        variable = [part for part in (a, b) if _VARIABLE.search(part)]
        if any(map(_REST.search, variable)):
            return True
        if a != b and not variable:
            return False
    return len(mine) == len(yours)
