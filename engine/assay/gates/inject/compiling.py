"""Code of the project's files: compiled when it is loaded, or ahead of time. Injected: see `boot.py`.

Promises: code made ahead of time is what the same bytes come to under the same path when they are loaded, and
is found by their digest alone. It is used once in a run: a file that is loaded a second time, under another
name, has marks of its own.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from marshal import dumps, loads
from typing import Any

from assay.gates.inject.marks import Marked, compared, mark, paired, spelled

PARSE = ast.PyCF_ONLY_AST
STEM = "@assay:"
"""Begins the constants that stand for what marked code calls, in code made ahead of time."""
TRUSTED, REWRITTEN, PRODUCT = "trusted", "rewritten", "product"
"""A trusted file as Python loads it, one whose assertions pytest rewrites, and any other file."""


def names(stem: str) -> tuple[str, str, str]:
    """The constants that stand for what hears of marks, of comparisons, and of unittest's equalities."""
    return stem + "n", stem + "c", stem + "p"


def wanting(patterns: Any) -> Callable[[str], bool]:
    """Whether a function's name is that of a test: pytest's `python_functions`, besides `test`."""
    prefixes = ("test", *[str(pattern) for pattern in patterns if str(pattern).isidentifier()])
    return lambda name: name.startswith(prefixes)


def marked(
    data: bytes, path: str, stem: str, wanted: Callable[[str], bool], number: int, rewriting: Any
) -> tuple[Any, dict[tuple[str, int], Marked], int]:
    """The code of a module's bytes, with marks numbered from `number` on, its assertions rewritten by
    `rewriting(tree, data, path)` (or not, if None); the marked functions; and the next free number."""
    note, both, pair = names(stem)
    tree = compile(data, path, "exec", PARSE, dont_inherit=True)
    found, number = mark(tree, note, wanted, number)
    if b"Equal" in data:
        paired(tree, pair)
    if rewriting is not None:
        rewriting(tree, data, path)
        compared(tree, both)
    elif not sys.flags.optimize:
        spelled(tree, both)
    return compile(tree, path, "exec", dont_inherit=True), found, number


def packed(code: Any, found: dict[tuple[str, int], Marked]) -> bytes:
    """Code with its marks, for another interpreter of this version."""
    return dumps((code, [(*place, marks.__dict__) for place, marks in found.items()]))


def speaks_of(data: bytes, stem: str) -> bool:
    """Whether a constant of the source could be taken for one of ours."""
    tree = compile(data, "", "exec", PARSE, dont_inherit=True)
    values = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return any(isinstance(value, str) and value.startswith(stem) for value in values)


class Ahead:
    """Code made ahead of time. `files` maps (path, one of the kinds above) to the git blob that it was made
    of, and the code. `patterns` are the names of tests that it was made with."""

    def __init__(self, files: dict[tuple[str, str], tuple[str, bytes]], patterns: Any) -> None:
        self._files = dict(files) if not sys.flags.optimize else {}
        self._patterns = list(patterns)

    def known(self, path: str, kind: str) -> str:
        """The blob of which there is code, not yet taken; empty if there is none."""
        return self._files.get((path, kind), ("", b""))[0]

    def code(self, path: str) -> Any:
        """The code of a file that is not trusted."""
        return loads(self._files.pop((path, PRODUCT))[1])  # noqa: S302 the engine's own

    def marked(self, path: str, kind: str, patterns: Any) -> tuple[Any, dict[tuple[str, int], Marked]] | None:
        """The code of a trusted file, and its marked functions; None if it was made for other tests."""
        if list(patterns) != self._patterns:
            return None
        code, places = loads(self._files.pop((path, kind))[1])  # noqa: S302 the engine's own
        found = {}
        for qualname, line, state in places:
            marks = found[qualname, line] = Marked(state["first"])
            marks.__dict__.update(state)
        return code, found
