"""The functions of sources by qualified name: all of one, the one around a use, those that an edit changes.

Promises: pure.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.gates.syntax import Function
from assay.patchset.facts.library import Lines
from assay.patchset.facts.records import Use
from assay.patchset.touch import FileTouch, Touch, written

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_COMPOUND = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
    ast.ExceptHandler,
    ast.match_case,
)


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """The functions of a source by qualified name, those in functions as well."""
    todo: list[tuple[str, ast.AST]] = [("", tree)]
    while todo:
        around, node = todo.pop()
        for child in _statements(node):
            name = around
            if isinstance(child, Function | ast.ClassDef):
                name = f"{around}.{child.name}".lstrip(".")
                if isinstance(child, Function):
                    yield name, child
            todo.append((name, child))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements right in a node, its handlers and cases: nothing else has functions in it."""
    for block in _BLOCKS:
        yield from (child for child in getattr(node, block, ()) if isinstance(child, _COMPOUND))


def holder(tree: ast.Module | None, use: Use) -> Function | None:
    """The function in which a use stands, the innermost; None where it stands in none."""
    named = (each for name, each in functions(tree) if name == use.scope) if tree and use.scope else ()
    inside = [each for each in named if each.lineno <= use.line <= (each.end_lineno or each.lineno)]
    return inside[-1] if inside else None


def changed(touch: Touch, file: FileTouch) -> Iterator[tuple[str, Function, Function]]:
    """(qualified name, before, after) of each function of a file that the candidate edits."""
    library = touch.view.library
    old, new = library.tree(file.old_blob), library.tree(touch.view.blob(file.path))
    if old is None or new is None:
        return
    before, lines = dict(functions(old)), Lines(written(file.hunks))
    for name, after in functions(new):
        if name in before and lines.meets(after.lineno, after.end_lineno or after.lineno):
            yield name, before[name], after
