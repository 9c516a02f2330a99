"""How a function goes about its work: conditions, loops, returns, exceptions, the state it writes.

Promises: pure; in the order of the source. Texts are shortened, and hold no line ends. May raise
RecursionError or ValueError on trees that are built to be costly, which the caller expects.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from assay.delta.ast_parts import blocks, split_docs
from assay.delta.outline import Conduct, Handler, Said
from assay.delta.short import cut
from assay.gates.syntax import Function, dotted, last_name

_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Delete, ast.Import, ast.ImportFrom)
_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


def conduct(function: Function) -> Conduct:
    """The conduct of `function`."""
    walk = _Walk()
    for node, own in _nodes(function.body, own=True):
        walk.see(node, own=own)
    last = function.body[-1]
    return Conduct(
        conditions=tuple(walk.conditions),
        loops=tuple(walk.loops),
        returns=tuple(walk.returns),
        last_return=last.lineno if isinstance(last, ast.Return) else 0,
        raises=tuple(walk.raises),
        handlers=tuple(walk.handlers),
        warns=tuple(walk.warns),
        state=tuple(walk.state),
        arity=walk.arities.pop() if len(walk.arities) == 1 else 0,
        generator=walk.generator,
    )


class Statement:
    """A statement that neither branches, loops, returns nor raises. `source` is how it is written, on one
    line; `text` what it says, without annotations of local variables, which nothing evaluates."""

    def __init__(self, node: ast.stmt, lines: list[bytes], first: int) -> None:
        self.line = node.lineno
        self._node = node
        rows = lines[node.lineno - first : (node.end_lineno or node.lineno) - first + 1]
        if rows:
            rows[-1] = rows[-1][: node.end_col_offset]
            rows[0] = rows[0][node.col_offset :]
        self.source = b" ".join(b" ".join(rows).split())

    @cached_property
    def text(self) -> str:
        node = self._node
        if isinstance(node, ast.AnnAssign):
            if node.value is None:
                return ""
            node = ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)
        return ast.unparse(node)


def statements(function: Function, text: str, first: int) -> list[Statement]:
    """The statements of such kinds, in order. `text` is the source from line `first` on, whole lines."""
    lines = text.encode("utf-8", "replace").split(b"\n")
    todo = split_docs(function.body)[1][::-1]
    found: list[Statement] = []
    while todo:
        node = todo.pop()
        if isinstance(node, _SIMPLE):
            found.append(Statement(node, lines, first))
        todo += [inner for block in list(blocks(node))[::-1] for inner in block[::-1]]
    return found


def said(node: ast.AST | None) -> str:
    """A node as one short line; nothing for none."""
    if node is None:
        return ""
    return cut(ast.unparse(node))


def _nodes(body: list[ast.stmt], *, own: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node in the order of the source, and whether it is in no function or class inside this one."""
    todo: list[tuple[ast.AST, bool]] = [(statement, own) for statement in reversed(body)]
    while todo:
        node, own = todo.pop()
        yield node, own
        inside = own and not isinstance(node, _Scope)
        todo += [(child, inside) for child in reversed(list(ast.iter_child_nodes(node)))]


class _Walk:
    """Collects what is seen of one function."""

    def __init__(self) -> None:
        self.conditions: list[Said] = []
        self.loops: list[Said] = []
        self.returns: list[Said] = []
        self.raises: list[Said] = []
        self.handlers: list[Handler] = []
        self.warns: list[Said] = []
        self.state: list[Said] = []
        self.arities: set[int] = set()
        self.generator = False

    def see(self, node: ast.AST, *, own: bool) -> None:
        match node:
            case ast.If(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
                self.conditions.append(Said(text=said(test), line=test.lineno))
            case ast.comprehension(ifs=tests):
                self.conditions += [Said(text=said(test), line=test.lineno) for test in tests]
            case ast.match_case(guard=ast.expr() as guard):
                self.conditions.append(Said(text=said(guard), line=guard.lineno))
            case ast.While(test=test, lineno=line):
                self.loops.append(Said(text=f"while {said(test)}", line=line))
            case (
                ast.For(target=target, iter=of, lineno=line)
                | ast.AsyncFor(target=target, iter=of, lineno=line)
            ):
                self.loops.append(Said(text=f"for {said(target)} in {said(of)}", line=line))
            case ast.Raise(exc=exception, lineno=line):
                self.raises.append(Said(text=_raised(exception), line=line))
            case ast.ExceptHandler(type=caught, body=body, lineno=line):
                self.handlers.append(Handler(caught=_caught(caught), silent=_silent(body), line=line))
            case ast.Call(func=called, lineno=line) if last_name(called) == "warn":
                self.warns.append(Said(text=_category(node), line=line))
            case ast.With(items=items) | ast.AsyncWith(items=items):
                self.handlers += _suppressed(items)
            case ast.Global(names=names, lineno=line) | ast.Nonlocal(names=names, lineno=line):
                self.state += [Said(text=name, line=line) for name in names]
            case ast.Return(value=value, lineno=line) if own:
                self.returns.append(Said(text=said(value), line=line))
                self.arities.add(len(value.elts) if isinstance(value, ast.Tuple) else 0)
            case ast.Yield() | ast.YieldFrom() if own:
                self.generator = True


def _raised(exception: ast.expr | None) -> str:
    """The name of an exception's class; a variable is passed on, whatever it holds."""
    called = exception.func if isinstance(exception, ast.Call) else exception
    name = dotted(called).removesuffix(".with_traceback")
    return name if any(char.isupper() for char in name.rpartition(".")[2]) else ""


def _category(call: ast.Call) -> str:
    """What kind of warning a `warnings.warn(...)` gives."""
    named = [word.value for word in call.keywords if word.arg == "category"]
    given = [*named, *call.args[1:2]]
    return said(given[0]) if given else "UserWarning"


def _caught(types: ast.expr | None) -> tuple[str, ...]:
    listed = types.elts if isinstance(types, ast.Tuple) else [types] if types is not None else []
    return tuple(map(said, listed))


def _silent(body: list[ast.stmt]) -> bool:
    """Whether a handler does nothing about what it caught."""
    return all(
        isinstance(statement, ast.Pass | ast.Continue)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in body
    )


def _suppressed(items: list[ast.withitem]) -> Iterator[Handler]:
    for item in items:
        called = item.context_expr
        if isinstance(called, ast.Call) and last_name(called) == "suppress":
            yield Handler(caught=tuple(map(said, called.args)), silent=True, line=called.lineno)
