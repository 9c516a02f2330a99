"""A Python source as units: the parts of which a test run can tell whether they were executed.

One unit is the body of an outermost function or method, with all that is defined in it; its name is
qualified (`C.f`, and `C.f#1` for the second of that name). The unit `<module>` is all the rest: statements of
module and classes, and of each function its decorators, signature, defaults, annotations and docstring.

Promises: pure; raises nothing for what a source holds; where code stands in the text, comments and layout
make no difference. Equal units compile to code that differs at most in line numbers.
"""

from __future__ import annotations

import ast
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

from assay.gates.testing.definitions import MAX_BYTES, digest
from assay.model.candidate import Record

MODULE = "<module>"

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_MAX_BRACES = 3_000_000_000
"""Braces times bytes: an f-string of many fields costs `ast` so much memory."""


class Unit(Record, frozen=True, kw_only=True):
    """One function's body, and the lines of the whole definition, decorators included (from 1)."""

    name: str
    digest: str
    start: int
    end: int
    node: Function


class Form(Record, frozen=True, kw_only=True):
    """One statement of module or class level: its digest with that of all around it, the node (of a compound
    statement only the head is meant), and the qualified name of the class it is in."""

    text: str
    node: ast.AST
    owner: str = ""


class Outline(Record, frozen=True, kw_only=True):
    """A parsed source: its functions in the order of the text, its other statements, what it takes from
    `__future__` (which changes how all of it is compiled), and the tree itself."""

    units: tuple[Unit, ...]
    forms: tuple[Form, ...]
    future: tuple[str, ...]
    module: ast.Module

    def at(self, line: int) -> str:
        """The name of the unit that a code object beginning at this line belongs to."""
        index = bisect_right(self.units, line, key=lambda unit: unit.start) - 1
        return self.units[index].name if index >= 0 and line <= self.units[index].end else MODULE


class _Block(Record, frozen=True, kw_only=True):
    """Statements still to be looked at, the class they are in, and the digest of what is around them."""

    statements: Sequence[ast.AST]
    owner: str = ""
    guard: str = ""


def changed(old: bytes, new: bytes) -> frozenset[str] | None:
    """The names of the units that differ, also those only one side has; None where that cannot be told."""
    before, after = outline(old), outline(new)
    if before is None or after is None:
        return None
    first = {unit.name: unit.digest for unit in before.units}
    second = {unit.name: unit.digest for unit in after.units}
    names = {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
    if before.future != after.future:
        return frozenset({*first, *second, MODULE})
    if [form.text for form in before.forms] != [form.text for form in after.forms]:
        names.add(MODULE)
    return frozenset(names)


@lru_cache(maxsize=64)
def outline(source: bytes) -> Outline | None:
    """The parts of a source, or None if it cannot be parsed (by this interpreter, or at a bearable cost)."""
    if len(source) > MAX_BYTES or source.count(b"{") * len(source) > _MAX_BRACES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(source)
        return _taken_apart(module)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=64)
def complaints(source: bytes) -> frozenset[str]:
    """What a compiler has to say of a source that it takes: each text once. Empty for what has no outline."""
    if outline(source) is None:
        return frozenset()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            compile(source, "<source>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return frozenset({str(error)})
    return frozenset(str(each.message) for each in heard)


def head(node: Function | ast.ClassDef) -> list[object]:
    """What a definition runs or shows outside of its body, its docstring included."""
    outside = (getattr(node, field) for field in node._fields if field != "body")
    text = node.body[0] if node.body and _is_text(node.body[0]) else None
    return [type(node).__name__, *chain.from_iterable(map(_listed, outside)), text]


def _taken_apart(module: ast.Module) -> Outline:
    units: list[Unit] = []
    forms: list[Form] = []
    names: Counter[str] = Counter()
    future: list[str] = []
    todo = [_Block(statements=module.body)]
    while todo:
        block = todo.pop()
        if not block.statements:
            continue
        statement, rest = block.statements[0], block.statements[1:]
        todo.append(_Block(statements=rest, owner=block.owner, guard=block.guard))
        if isinstance(statement, Function):
            name = f"{block.owner}.{statement.name}" if block.owner else statement.name
            units.append(_unit(statement, name, names[name]))
            names[name] += 1
        elif isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            future += [alias.name for alias in statement.names]
        forms.append(_form(statement, block))
        todo.extend(reversed(list(_inside(statement, block, forms[-1].text))))
    units.sort(key=lambda unit: unit.start)
    return Outline(units=tuple(units), forms=tuple(forms), future=tuple(sorted(future)), module=module)


def _unit(node: Function, name: str, index: int) -> Unit:
    body = node.body[1:] if _is_text(node.body[0]) else node.body
    return Unit(
        name=f"{name}#{index}" if index else name,
        digest=digest(type(node).__name__, *body),
        start=min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]),
        end=node.end_lineno or node.lineno,
        node=node,
    )


def _form(statement: ast.AST, block: _Block) -> Form:
    if isinstance(statement, Function | ast.ClassDef):
        own = digest(*head(statement))
    else:
        fields = (getattr(statement, field) for field in statement._fields if field not in _BLOCKS)
        own = digest(type(statement).__name__, *chain.from_iterable(map(_listed, fields)))
    return Form(text=f"{block.guard}{own}", node=statement, owner=block.owner)


def _inside(statement: ast.AST, block: _Block, text: str) -> Iterator[_Block]:
    """The blocks of a compound statement, in the order of the text; a function's body is no part of them."""
    if isinstance(statement, Function):
        return
    owner = block.owner
    if isinstance(statement, ast.ClassDef):
        owner = f"{owner}.{statement.name}" if owner else statement.name
    for field in _BLOCKS:
        inner = getattr(statement, field, None)
        if isinstance(inner, list) and inner:
            yield _Block(statements=inner, owner=owner, guard=digest(text, field) + "/")


def _is_text(statement: ast.AST) -> bool:
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
        return False
    return isinstance(statement.value.value, str)


def _listed(value: object) -> list[object]:
    return ["[", *value, "]"] if isinstance(value, list) else [value]
