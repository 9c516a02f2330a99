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
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

from assay.gates.syntax import coding, first_line
from assay.gates.testing.definitions import MAX_BYTES, digest
from assay.model.candidate import Record

MODULE = "<module>"

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_MAX_BRACES = 3_000_000_000
"""Braces times bytes: an f-string of many fields costs `ast` so much memory."""


class Unit(Record, frozen=True, kw_only=True):
    """One function: the digests of its body and of the rest of it (`head`), and the lines of the whole
    definition, decorators included (from 1)."""

    name: str
    digest: str
    head: str
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
    `__future__` (which changes how all of it is compiled), the tree itself, and what the parser `said` of
    it."""

    units: tuple[Unit, ...]
    forms: tuple[Form, ...]
    future: tuple[str, ...]
    module: ast.Module
    said: frozenset[str] = frozenset()

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
    before, after = outline(old), outline(new, old)
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


def outline(source: bytes, like: bytes = b"") -> Outline | None:
    """The parts of a source, or None if it cannot be parsed (by this interpreter, or at a bearable cost).
    What has the same text in `like` is not digested again, which is most of the work."""
    return _outline(source, like)


@lru_cache(maxsize=64)
def _outline(source: bytes, like: bytes) -> Outline | None:
    if len(source) > MAX_BYTES or source.count(b"{") * len(source) > _MAX_BRACES:
        return None
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            module = ast.parse(source)
        said = frozenset(str(each.message) for each in heard)
        return _taken_apart(module, _Digests(source, like), said)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def complaints(new: bytes, old: bytes) -> frozenset[str]:
    """What a compiler has to say of a source and not of another, each text once. Both need an outline."""
    after, before = outline(new, old), outline(old)
    if after is None or before is None:
        return frozenset()
    mine, theirs = (_statements(*side) for side in ((after.module, new), (before.module, old)))
    if coding(new) != coding(old):
        return (after.said | _said(mine.values())) - (before.said | _said(theirs.values()))
    alone = [statement for text, statement in mine.items() if text not in theirs]
    gone = [statement for text, statement in theirs.items() if text not in mine]
    return (after.said | _said(alone)) - (before.said | _said(gone))


def _statements(module: ast.Module, source: bytes) -> dict[bytes, ast.stmt]:
    """The statements at the top, by whole lines: those of one line mean the same wherever it is."""
    lines, found = source.splitlines(keepends=True), {}
    for statement in module.body:
        text = lines[first_line(statement) - 1 : statement.end_lineno]
        found[b"".join([b"%d " % statement.col_offset, *text])] = statement
    return found


def _said(statements: Iterable[ast.stmt]) -> frozenset[str]:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            module = ast.Module(body=list(statements), type_ignores=[])
            compile(module, "<source>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return frozenset({str(error)})
    return frozenset(str(each.message) for each in heard)


def head(node: Function | ast.ClassDef) -> list[object]:
    """What a definition runs or shows outside of its body, its docstring included."""
    outside = (getattr(node, field) for field in node._fields if field != "body")
    text = node.body[0] if node.body and _is_text(node.body[0]) else None
    return [type(node).__name__, *chain.from_iterable(map(_listed, outside)), text]


class _Digests:
    """Digests of functions: by their text, as far as another source has the same."""

    def __init__(self, source: bytes, like: bytes) -> None:
        self._lines = source.splitlines(keepends=True)
        self._known: dict[bytes, tuple[str, str]] = {}
        if like and coding(source) == coding(like) and (other := outline(like)) is not None:
            lines = like.splitlines(keepends=True)
            for unit in other.units:
                self._known[b"".join(lines[unit.start - 1 : unit.end])] = unit.digest, unit.head

    def of(self, node: Function, start: int, end: int) -> tuple[str, str]:
        """Those of the body and of the head."""
        found = self._known.get(b"".join(self._lines[start - 1 : end]))
        if found is not None:
            return found
        body = node.body[1:] if _is_text(node.body[0]) else node.body
        return digest(type(node).__name__, *body), digest(*head(node))


def _taken_apart(module: ast.Module, digests: _Digests, said: frozenset[str]) -> Outline:
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
            unit = _unit(statement, name, names[name], digests)
            units.append(unit)
            names[name] += 1
            forms.append(Form(text=f"{block.guard}{unit.head}", node=statement, owner=block.owner))
            continue
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            future += [alias.name for alias in statement.names]
        forms.append(_form(statement, block))
        todo.extend(reversed(list(_inside(statement, block, forms[-1].text))))
    units.sort(key=lambda unit: unit.start)
    return Outline(
        units=tuple(units),
        forms=tuple(forms),
        future=tuple(sorted(future)),
        module=module,
        said=said,
    )


def _unit(node: Function, name: str, index: int, digests: _Digests) -> Unit:
    start = first_line(node)
    end = node.end_lineno or node.lineno
    body, outside = digests.of(node, start, end)
    full = f"{name}#{index}" if index else name
    return Unit(name=full, digest=body, head=outside, start=start, end=end, node=node)


def _form(statement: ast.AST, block: _Block) -> Form:
    if isinstance(statement, ast.ClassDef):
        own = digest(*head(statement))
    else:
        fields = (getattr(statement, field) for field in statement._fields if field not in _BLOCKS)
        own = digest(type(statement).__name__, *chain.from_iterable(map(_listed, fields)))
    return Form(text=f"{block.guard}{own}", node=statement, owner=block.owner)


def _inside(statement: ast.AST, block: _Block, text: str) -> Iterator[_Block]:
    """The blocks of a compound statement that is no function, in the order of the text."""
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
