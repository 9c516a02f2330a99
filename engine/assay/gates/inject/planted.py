"""Marks in the syntax tree of a changed file of the product, from which it can be told which of its changed
lines ran. Injected: see `boot.py`.

Promises: no line number changes and no name is bound; a mark has no effect but to note its number. A
statement counts once, however many lines it has, and what is inside a compound one counts for itself. Marks
stand only where something changed, so that what they cost follows the change and not the file.

A `def` line counts as run when its function is called, the head of an exception handler or of a case when
what follows it is entered: that they were come past says nothing of them."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Any, List, NamedTuple  # noqa: UP035 Python 3.8

from assay.gates.inject.marks import calling, is_docstring, put_at

RAN = "assay.ran"
"""What a mark says, and the vault hears."""
LINE, TRUE, FALSE, LOOPS, ENDS = "line", "true", "false", "loops", "ends"
"""What a mark stands for: that a statement ran, or a way out of one: its condition was true or false, the
loop had a turn, or came to its end by itself."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.For, ast.AsyncFor)
_TRIES = tuple(getattr(ast, kind) for kind in ("Try", "TryStar") if hasattr(ast, kind))
_SILENT = (ast.Global, ast.Nonlocal, *_TRIES)
_NO_CHECK = "TYPE_CHECKING"
_Body = List[Any]  # noqa: UP006 Python 3.8


class Place(NamedTuple):
    """What one mark stands for: `kind` as above; the statement's lines `first` to `last`, without what is
    inside it; `line` the first of them that changed; `target` where a way leads (0: out of the function)."""

    kind: str
    first: int
    last: int
    line: int
    target: int


def plant(tree: Any, changed: Collection[int], name: str, start: int) -> list[Place]:
    """Mark `tree` in place; `name` stands for what is called with `RAN` and a number, counted from `start`.
    What the marks stand for, in the order of their numbers."""
    planting = _Planting(frozenset(changed), name, start)
    tree.body = planting.block(tree.body, 0)
    return planting.places


class _Planting:
    def __init__(self, changed: frozenset[int], name: str, start: int) -> None:
        self.places: list[Place] = []
        self._changed = changed
        self._name = name
        self._start = start

    def block(self, body: _Body, after: int) -> _Body:
        """The statements with marks; `after` is the line behind them."""
        found: _Body = []
        for position, statement in enumerate(body):
            following = _first_line(body[position + 1]) if position + 1 < len(body) else after
            found += self._marked(statement, following)
        return found

    def _marked(self, statement: Any, after: int) -> _Body:
        head = _head(statement)
        line = self._line(head)
        entered = isinstance(statement, _FUNCTIONS) and _says_something(statement.body)
        self._inside(statement, after)
        if not line or not _runs(statement):
            return [statement]
        if entered:
            docs = statement.body[:1] if is_docstring(statement.body[0]) else []
            mark = self._mark(LINE, head, line, 0, statement.body[len(docs)])
            statement.body = [*docs, mark, *statement.body[len(docs) :]]
            return [statement]
        mark = self._mark(LINE, head, line, 0, statement)
        self._ways(statement, head, line, after)
        return [mark, statement]

    def _ways(self, statement: Any, head: tuple[int, int], line: int, after: int) -> None:
        if isinstance(statement, (ast.If, ast.While)):
            if isinstance(statement.test, ast.Constant):
                return
            kinds = (TRUE, FALSE)
        elif isinstance(statement, _LOOPS):
            kinds = (LOOPS, ENDS)
        else:
            return
        first, other = _first_line(statement.body[0]), statement.orelse
        target = _first_line(other[0]) if other else after
        statement.body = [self._mark(kinds[0], head, line, first, statement.body[0]), *statement.body]
        statement.orelse = [
            self._mark(kinds[1], head, line, target, other[0] if other else statement),
            *other,
        ]

    def _inside(self, statement: Any, after: int) -> None:
        """Mark what is inside of a compound statement."""
        if isinstance(statement, ast.If) and _NO_CHECK in _names(statement.test):
            return
        inner = _after_inside(statement, after)
        for field in ("body", "orelse", "finalbody"):
            body = getattr(statement, field, None)
            if isinstance(body, list) and body:
                setattr(statement, field, self.block(body, after if field != "body" else inner))
        for part in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
            part.body = self.block(part.body, after)
            head = _head(part)
            line = self._line(head)
            if line:
                part.body = [self._mark(LINE, head, line, 0, part.body[0]), *part.body]

    def _line(self, head: tuple[int, int]) -> int:
        return next((line for line in range(head[0], head[1] + 1) if line in self._changed), 0)

    def _mark(self, kind: str, head: tuple[int, int], line: int, target: int, where: Any) -> Any:
        number = self._start + len(self.places)
        self.places.append(Place(kind, *head, line, target))
        arguments: list[Any] = [ast.Constant(value=RAN), ast.Constant(value=number)]
        return put_at(ast.Expr(value=calling(self._name, arguments)), where)


def _after_inside(statement: Any, after: int) -> int:
    """The line that comes behind the body of a statement."""
    if isinstance(statement, _FUNCTIONS):
        return 0
    if isinstance(statement, (*_LOOPS, ast.While)):
        return int(statement.lineno)
    return after


def _runs(statement: Any) -> bool:
    """Whether there is anything of a statement itself that runs."""
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.AnnAssign):
        return statement.value is not None
    if isinstance(statement, ast.ImportFrom):
        return statement.module != "__future__"
    return not isinstance(statement, _SILENT)


def _says_something(body: _Body) -> bool:
    """Whether a function does anything that a test could come past: no stub, and no overload."""
    return any(_runs(statement) and not isinstance(statement, ast.Pass) for statement in body)


def _first_line(statement: Any) -> int:
    """Of a statement, with its decorators, or of a part of one that has a place."""
    lines = [statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))]
    return int(min(lines))


def _head(node: Any) -> tuple[int, int]:
    """The first and the last line of a statement, a handler or a case, without the statements inside."""
    own = [each for each in ast.iter_child_nodes(node) if not _is_block(each)]
    ends = [int(end) for end in map(_end, own) if end]
    begin = _first_line(node) if hasattr(node, "lineno") else min(map(_first_line, own))
    if not _has_block(node):
        ends.append(int(node.end_lineno))
    return begin, max([begin, int(getattr(node, "lineno", begin)), *ends])


def _end(node: Any) -> int:
    """The last line of a part of a statement; of what has no place of its own, that of its parts."""
    end = getattr(node, "end_lineno", None)
    return int(end) if end else max(map(_end, ast.iter_child_nodes(node)), default=0)


def _is_block(node: Any) -> bool:
    return isinstance(node, (ast.stmt, ast.ExceptHandler)) or type(node).__name__ == "match_case"


def _has_block(node: Any) -> bool:
    return any(map(_is_block, ast.iter_child_nodes(node)))


def _names(node: Any) -> set[str]:
    found = (getattr(each, "id", getattr(each, "attr", "")) for each in ast.walk(node))
    return {str(name) for name in found}
