"""Python text as a syntax tree, for the rules that read trees in Assay's own process.

Promises: never runs or compiles what a candidate wrote, and never raises for it: what is no Python that this
interpreter knows, is too big, or is built to cost more than it is worth gives None. Only `ast` is used, which
turns hostile nesting into exceptions (ADR 0007).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping

from assay.gates import parsing

Function = ast.FunctionDef | ast.AsyncFunctionDef

MAX_BYTES = 512 * 1024
"""Larger sources are generated, and would hold up everything else that waits."""

_MAX_BRACES = 500_000_000
"""Braces times bytes: `ast` takes time in proportion to it for an f-string of many fields."""

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LEAVES = (ast.Name, ast.Constant)
_PLAIN = frozenset({"ctx", "id", "attr", "arg", "asname", "module", "kind", "level", "simple", "is_async"})
"""Fields that hold words and numbers, or how a name is used, whatever the node."""

REFUSED = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What reading a hostile source may raise, here or in a walk over its tree."""


def parse(source: bytes) -> ast.Module | None:
    """The tree of a source, or None. Others have the same tree, and of its versions the same statements."""
    if len(source) > MAX_BYTES or source.count(b"{") * len(source) > _MAX_BRACES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parsing.parse(source)
    except REFUSED:
        return None


def coding(source: bytes) -> list[bytes]:
    """The lines that may say how all bytes are meant: texts of two sources can be compared if these agree."""
    return [line for line in source.splitlines()[:2] if b"coding" in line or not line.isascii()]


def first_line(statement: ast.stmt) -> int:
    """Where a statement begins, its decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def dotted(node: ast.AST | None, names: Mapping[str, str] | None = None) -> str:
    """`a.b.c` of a chain of attributes, its root as `names` says it was imported; '' for all else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    root = names.get(node.id, node.id) if names is not None else node.id
    return ".".join([root, *reversed(parts)])


def last_name(node: ast.AST | None) -> str:
    """The last name of what is called or decorates: `raises` of `pytest.raises(X)`."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """Every node of a function's body that is not in a function or class inside it."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, _SCOPES):
            todo += children(node)


def nodes_in(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These nodes and every one below, in no order that means anything."""
    return (node for node, _ in families(nodes))


def families(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.AST, list[ast.AST]]]:
    """The same, each with its children."""
    # Half of what it takes to know a source is going through its nodes: `ast.walk` takes three times as long.
    todo = list(nodes)
    while todo:
        node = todo.pop()
        below = children(node)
        yield node, below
        todo += below


def children(node: ast.AST) -> list[ast.AST]:
    """The children of a node, in order, but for the word that says how a name is used."""
    found: list[ast.AST] = []
    kind = type(node)
    fields = _below.get(kind)
    if fields is None:
        fields = _below[kind] = _fields(kind)
    for field in fields:
        value = getattr(node, field, None)
        if isinstance(value, ast.AST):
            found.append(value)
        elif isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
    return found


_below: dict[type[ast.AST], tuple[str, ...]] = {}
"""Where nodes of each kind may have children."""


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    if issubclass(kind, _LEAVES):
        return ()
    return tuple(field for field in kind._fields if field not in _PLAIN)


def is_words(statement: ast.stmt) -> bool:
    """Whether a statement does nothing: a docstring, an ellipsis, `pass`."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def truth(node: ast.expr | None) -> bool | None:
    """What a constant, or a display that is never empty, is taken for; None where only a run can tell."""
    match node:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            spread = bool(items) and all(isinstance(item, ast.Starred) for item in items)
            return None if spread else bool(items)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = truth(operand)
            return None if inner is None else not inner
        case ast.BoolOp():
            return _joined(node)
    return True if isinstance(node, ast.Lambda) else None


def _joined(node: ast.BoolOp) -> bool | None:
    decisive = isinstance(node.op, ast.Or)
    known = [truth(value) for value in node.values]
    if decisive in known:
        return decisive
    return None if None in known else not decisive
