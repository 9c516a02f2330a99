"""How a function goes about its work: conditions, loops, returns, exceptions, the state it writes.

Promises: pure; in the order of the source. Texts are shortened, and hold no line ends. May raise
RecursionError or ValueError on trees that are built to be costly, which the caller expects.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.delta.outline import Conduct, Handler, Said
from assay.gates.syntax import Function, dotted, last_name

_MOST = 90
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
        state=tuple(walk.state),
        arity=walk.arities.pop() if len(walk.arities) == 1 else 0,
        generator=walk.generator,
    )


def said(node: ast.AST | None) -> str:
    """A node as one short line; nothing for none."""
    if node is None:
        return ""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


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
    called = exception.func if isinstance(exception, ast.Call) else exception
    return dotted(called) or said(called)


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
