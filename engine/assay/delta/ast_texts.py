"""The text of each definition of a module, so that those that are the same on both sides are known unread.

Promises: pure; time in proportion to the source, times the depth of classes in classes.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from assay.delta.ast_parts import assigned, blocks
from assay.gates.syntax import Function, first_line


def lines_of(source: bytes) -> list[bytes]:
    """Lines as the parser counts them: only these ends of lines end one."""
    return source.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


Texts = Iterator[tuple[str, tuple[bytes, ast.stmt]]]


def texts_of(body: list[ast.stmt], lines: list[bytes], prefix: str = "") -> Texts:
    """The definitions of a block, and of classes in it, that share their name with nothing else there: whole
    lines, and the statement."""
    names = Counter(name for statement in body for name in _bound(statement))
    for statement in body:
        if isinstance(statement, Function | ast.ClassDef) and names[statement.name] == 1:
            text = b"\n".join(lines[first_line(statement) - 1 : statement.end_lineno])
            yield prefix + statement.name, (text, statement)
            if isinstance(statement, ast.ClassDef):
                yield from texts_of(statement.body, lines, f"{prefix}{statement.name}.")


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that an outline may list for a statement of a block."""
    if isinstance(statement, Function | ast.ClassDef):
        yield statement.name
    else:
        yield from assigned(statement)
        for block in blocks(statement):
            for inner in block:
                yield from _bound(inner)
