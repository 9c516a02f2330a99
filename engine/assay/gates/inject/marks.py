"""Marks in the syntax tree of a test file, from which it can be told what of a test's body ran. Injected: see
`boot.py`.

Promises: no line number changes and no name of the tests does; a mark has no effect but to note its number.
In each function that may be a test there is a mark at the beginning, one behind every statement of the
outermost level, and one at each return; a body that was left half-way, jumped through, or never entered
lacks some. What is called is a constant of the code, put in its place by `constants.embed`: no global of a
test module leads to it, and none can be changed so that it is not called.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from typing import Any, Dict  # noqa: UP035 Python 3.8

NOTE = "assay.note"
"""What a mark says, and the vault hears."""
STRIDE = 100_000
RETURNS = 50_000
BLOCKS = 70_000
"""A function's numbers: its first, then one more for each outermost statement; the returns from here on, then
the beginnings and the ends of the blocks that a context manager could leave early."""

_KINDS = ("", "Almost", "List", "Dict", "Tuple", "Sequence", "Count", "MultiLine")
EQUALITIES = frozenset([f"assert{kind}Equal" for kind in _KINDS] + ["assertEquals"])
"""unittest's assertions whose first two arguments are to be equal."""
COMPARED = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In)
_ENDS = (ast.Return, ast.Break, ast.Continue, ast.Raise, ast.Yield, ast.YieldFrom)
_TRIES = tuple(getattr(ast, kind) for kind in ("Try", "TryStar") if hasattr(ast, kind))
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Trail(Dict[int, int]):  # noqa: UP006 Python 3.8
    """How often each number was noted: bounded by the marks that there are, however long a test loops."""

    def append(self, number: int) -> None:
        self[number] = self.get(number, 0) + 1


class Marked:
    """The marks of one function: `first` its entry, `ticks` how many follow; `returns` maps a return's number
    to how many of the ticks come before it; `blocks` is how many blocks of `with` have marks."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.ticks = 0
        self.falls = True
        self.returns: dict[int, int] = {}
        self.blocks = 0

    def state(self, trail: Trail) -> str:
        """`none`, `entered`, `cut` (left, but a context manager swallowed what ended a block of it) or `left`
        (normally), by the numbers that were noted."""
        first = self.first
        seen = {number - first for number in trail if first <= number < first + STRIDE}
        if not seen:
            return "none"
        left = self.falls and self.ticks in seen and _whole(seen, self.ticks)
        if left or any(number in seen and _whole(seen, before) for number, before in self.returns.items()):
            return "cut" if self._cut(trail) else "left"
        return "entered"

    def _cut(self, trail: Trail) -> bool:
        begins = range(self.first + BLOCKS, self.first + BLOCKS + 2 * self.blocks, 2)
        return any(trail.get(begin, 0) > trail.get(begin + 1, 0) for begin in begins)


def _whole(seen: set[int], ticks: int) -> bool:
    return all(number in seen for number in range(ticks + 1))


def mark(
    tree: Any, name: str, wanted: Callable[[str], bool], number: int
) -> tuple[dict[tuple[str, int], Marked], int]:
    """Mark `tree` in place; `name` stands for what is called with `NOTE` and a number. Returns the marked
    functions by qualified name and first line (as code objects have it), and the next free number."""
    found: dict[tuple[str, int], Marked] = {}
    for qualname, function in list(_functions(tree.body, "")):
        if wanted(function.name):
            marked = Marked(number)
            number += STRIDE
            _mark_function(function, name, marked)
            line = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
            found[qualname, line] = marked
    return found, number


def codes(code: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The code objects of a module's or class's functions and classes, with qualified names; not of what is
    inside a function, which may be any test's wrapper."""
    for const in code.co_consts:
        if isinstance(const, type(code)):
            if const.co_name.startswith("<generic parameters"):
                yield from codes(const, prefix)
            elif not const.co_name.startswith("<"):
                yield prefix + const.co_name, const
                if not const.co_flags & inspect.CO_OPTIMIZED:
                    yield from codes(const, prefix + const.co_name + ".")


def compared(tree: Any, name: str) -> None:
    """Behind each comparison that a rewritten assert decided by, call what `name` stands for with both sides,
    the result, and what was compared if not equality."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        for field in _BLOCKS:
            statements = getattr(node, field, None)
            # Statements only: an assert's message is most of a rewritten tree.
            if isinstance(statements, list):
                waiting += statements
                statements[:] = [new for old in statements for new in _with_comparison(old, name)]


def spelled(tree: Any, name: str) -> None:
    """Do the same for asserts that pytest does not rewrite, those of helper modules: an assert inside a
    function that compares two things keeps them until it is decided."""
    waiting = [(tree, False)]
    while waiting:
        node, inside = waiting.pop()
        inside = isinstance(node, _FUNCTIONS) or (inside and not isinstance(node, ast.ClassDef))
        for field in _BLOCKS:
            statements = getattr(node, field, None)
            if isinstance(statements, list):
                waiting += [(statement, inside) for statement in statements]
                if inside:
                    statements[:] = [new for old in statements for new in _spelled(old, name)]


def _spelled(statement: Any, name: str) -> list[Any]:
    test = getattr(statement, "test", None)
    if not (
        isinstance(statement, ast.Assert)
        and isinstance(test, ast.Compare)
        and len(test.ops) == 1
        and isinstance(test.ops[0], COMPARED)
    ):
        return [statement]
    sides: list[Any] = [test.left, test.comparators[0]]
    names = ["@py_left", "@py_right", "@py_result"]
    left, right, result = (ast.Name(id=kept, ctx=ast.Load()) for kept in names)
    test.left, test.comparators = left, [right]
    found = calling(name, [left, right, result])
    kind = type(test.ops[0]).__name__
    if kind != "Eq":
        found.args.append(ast.Constant(value=kind))
    new = [_kept(names[0], sides[0]), _kept(names[1], sides[1]), _kept(names[2], test)]
    statement.test = result
    # Let go before it is decided: what they are is held by nobody longer than it was.
    gone = [_kept(kept, ast.Constant(value=None)) for kept in names[:2]]
    new = [*new, ast.Expr(value=found), *gone, statement]
    return [put_at(node, statement) for node in new]


def _kept(name: str, value: Any) -> Any:
    return ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value)


def paired(tree: Any, name: str) -> None:
    """Pass both sides of each of unittest's equality assertions through what `name` stands for."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in EQUALITIES
            and len(node.args) >= 2
            and not any(isinstance(argument, ast.Starred) for argument in node.args)
        ):
            first, second, *rest = node.args
            both = ast.Starred(value=calling(name, [first, second]), ctx=ast.Load())
            node.args = [put_at(both, first), *rest]


def _functions(body: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Functions of a module, of its classes, and of what only decides whether they are there."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, prefix + node.name + ".")
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            for field in ("body", "orelse", "finalbody"):
                yield from _functions(getattr(node, field, []), prefix)
            for handler in getattr(node, "handlers", []):
                yield from _functions(handler.body, prefix)


def _mark_function(function: Any, name: str, marked: Marked) -> None:
    head = function.body[:1] if is_docstring(function.body[0]) else []
    rest = function.body[len(head) :]
    body = [*head, _note(name, marked.first, (rest or head)[0])]
    for statement in rest:
        _mark_blocks(statement, name, marked)
    returns = _Returns(name, marked)
    for position, statement in enumerate(rest):
        new = returns.visit(statement)
        body += new if isinstance(new, list) else [new]
        if isinstance(statement, (ast.Return, ast.Raise)):
            marked.falls = False
            body += rest[position + 1 :]  # nothing runs there
            break
        marked.ticks += 1
        body.append(_note(name, marked.first + marked.ticks, statement))
    function.body = body


def _mark_blocks(node: Any, name: str, marked: Marked) -> None:
    """Mark where the blocks of `with` begin and end. Not those that end early by a word of their own, and not
    those inside `try`: the test itself says there what becomes of an exception."""
    if isinstance(node, (*_TRIES, *_INNER)):
        return
    if isinstance(node, (ast.With, ast.AsyncWith)) and not any(map(_ends_early, node.body)):
        number = marked.first + BLOCKS + 2 * marked.blocks
        marked.blocks += 1
        node.body = [_note(name, number, node.body[0]), *node.body, _note(name, number + 1, node.body[-1])]
    for field in ("body", "orelse"):
        for inner in getattr(node, field, []) if isinstance(node, ast.stmt) else ():
            _mark_blocks(inner, name, marked)


def _ends_early(node: Any) -> bool:
    if isinstance(node, _INNER):
        return False
    return isinstance(node, _ENDS) or any(map(_ends_early, ast.iter_child_nodes(node)))


class _Returns(ast.NodeTransformer):
    """Marks the returns of one function, not those of functions inside."""

    def __init__(self, name: str, marked: Marked) -> None:
        self._name = name
        self._marked = marked

    def visit_Return(self, node: Any) -> Any:
        number = RETURNS + len(self._marked.returns)
        self._marked.returns[number] = self._marked.ticks
        if node.value is None:
            return [_note(self._name, self._marked.first + number, node), node]
        noted = _noting(self._name, self._marked.first + number)
        both = ast.Tuple(elts=[node.value, noted], ctx=ast.Load())
        index: Any = ast.Constant(value=0)
        if not hasattr(ast, "unparse"):  # before Python 3.9
            index = ast.Index(value=index)
        node.value = put_at(ast.Subscript(value=both, slice=index, ctx=ast.Load()), node.value)
        return node

    def visit_FunctionDef(self, node: Any) -> Any:
        return node

    visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = visit_FunctionDef


def _with_comparison(statement: Any, name: str) -> list[Any]:
    if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1):
        return [statement]
    target, value = statement.targets[0], statement.value
    if (
        isinstance(target, ast.Name)
        and target.id.startswith("@py_assert")
        and isinstance(value, ast.Compare)
        and len(value.ops) == 1
        and isinstance(value.ops[0], COMPARED)
        and isinstance(value.left, (ast.Name, ast.Constant))
        and isinstance(value.comparators[0], (ast.Name, ast.Constant))
    ):
        sides = [value.left, value.comparators[0], ast.Name(id=target.id, ctx=ast.Load())]
        kind = type(value.ops[0]).__name__
        if kind != "Eq":
            sides.append(ast.Constant(value=kind))
        return [statement, put_at(ast.Expr(value=calling(name, sides)), statement)]
    return [statement]


def _note(name: str, number: int, where: Any) -> Any:
    return put_at(ast.Expr(value=_noting(name, number)), where)


def _noting(name: str, number: int) -> Any:
    return calling(name, [ast.Constant(value=NOTE), ast.Constant(value=number)])


def calling(name: str, arguments: list[Any]) -> Any:
    """A call of what the constant `name` stands for. The compiler warns of a call of a constant, not of one
    of this expression, which comes to the same code."""
    constants: list[Any] = [ast.Constant(value=name), ast.Constant(value=None)]
    return ast.Call(func=ast.BoolOp(op=ast.Or(), values=constants), args=arguments, keywords=[])


def put_at(node: Any, where: Any) -> Any:
    """`node` and what is new inside it, at the place of `where`."""
    inner: Any
    for inner in ast.walk(node):
        if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
            ast.copy_location(inner, where)
            inner.end_lineno, inner.end_col_offset = inner.lineno, inner.col_offset
    return node


def is_docstring(node: Any) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
