"""Whether two functions differ in the names of local variables only.

Promises: pure, and careful: only names that one scope alone binds are taken for local, and a function that
can see its own variables by name (`locals`, `eval`) is never equal to another by this rule. Parameters keep
their names, since callers use them. May raise RecursionError or ValueError, which the caller expects.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from assay.delta.ast_parts import normal, split_docs
from assay.gates.syntax import Function

_SEES_NAMES = frozenset({"locals", "vars", "eval", "exec", "dir", "globals"})
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Scopes = (
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.Lambda,
    ast.NamedExpr,
)
"""What binds names of its own, or elsewhere, inside a comprehension."""


def same_but_for_locals(one: Function, other: Function) -> bool:
    """Whether the bodies mean the same once local variables are numbered in order of appearance."""
    form = _form(one)
    return form is not None and form == _form(other)


def _form(function: Function) -> str | None:
    """The body in normal form, documentation left out; None where names cannot be told to be local."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    if any(name.id in _SEES_NAMES for name in names):
        return None
    local = _Names(function).local()
    numbers: dict[str, str] = {}
    for name in _in_order(function.body):
        if name in local:
            numbers.setdefault(name, f"${len(numbers)}")
    handlers = [node for node in nodes if isinstance(node, ast.ExceptHandler) and node.name in numbers]
    renamed: list[tuple[ast.AST, str, str]] = [(node, "id", node.id) for node in names if node.id in numbers]
    renamed += [(node, "name", node.name or "") for node in handlers]
    # In place, and back again: a copy of the tree costs more than all the rest.
    try:
        for node, field, name in renamed:
            setattr(node, field, numbers[name])
        return "\n".join(map(normal, split_docs(function.body)[1]))
    finally:
        for node, field, name in renamed:
            setattr(node, field, name)


def _in_order(body: Iterable[ast.AST]) -> Iterator[str]:
    todo = list(body)[::-1]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
        todo += list(ast.iter_child_nodes(node))[::-1]


class _Names:
    """The names that a function binds itself, and in which of its scopes."""

    def __init__(self, function: Function) -> None:
        self._own: set[str] = set()
        self._comprehended: set[str] = set()
        self._plain: set[str] = set()
        """Used outside of all comprehensions."""
        self._other: set[str] = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}
        """Parameters, and names that a deeper scope or another kind of statement binds."""
        for statement in function.body:
            self._see(statement)

    def local(self) -> set[str]:
        own = self._own - self._comprehended
        inner = self._comprehended - self._own - self._plain
        return (own | inner) - self._other

    def _see(self, first: ast.AST) -> None:
        todo = [first]
        while todo:
            node = todo.pop()
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                    self._deeper(node)
                case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                    self._comprehension(node)
                    # The first iterable is looked up outside, before any of its names is bound.
                    todo.append(node.generators[0].iter)
                    continue
                case ast.Name(id=name, ctx=ctx):
                    self._plain.add(name)
                    if not isinstance(ctx, ast.Load):
                        self._own.add(name)
                case ast.ExceptHandler(name=str(name)):
                    self._own.add(name)
                case _:
                    self._other |= set(_bound_otherwise(node))
            todo += ast.iter_child_nodes(node)

    def _comprehension(self, node: _Comprehension) -> None:
        """What one comprehension binds; what others inside it bind is left alone."""
        outside = {id(inner) for inner in ast.walk(node.generators[0].iter)}
        names = [
            inner for inner in ast.walk(node) if isinstance(inner, ast.Name) and id(inner) not in outside
        ]
        bound = {name.id for name in names if not isinstance(name.ctx, ast.Load)}
        self._comprehended |= bound
        self._plain |= {name.id for name in names} - bound
        for inner in ast.walk(node):
            if inner is not node and isinstance(inner, _Scopes):
                self._deeper(inner)

    def _deeper(self, node: ast.AST) -> None:
        """Whatever a scope inside binds is left alone, and so is the name that it has."""
        self._other |= {getattr(node, "name", "")}
        for inner in ast.walk(node):
            match inner:
                case ast.arg(arg=name):
                    self._other.add(name)
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                    self._other.add(name)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    self._other.add(name)


def _bound_otherwise(node: ast.AST) -> Iterator[str]:
    """Names bound by what is no assignment."""
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.split(".")[0] for alias in names)
        case ast.Global(names=declared) | ast.Nonlocal(names=declared):
            yield from declared
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
