"""The tests, fixtures and helpers of one Python file, each with its own text, as pytest would find them.

Promises: pure; None for what cannot be parsed. A test that nothing collects is none: behind a false condition
or a module's end, in a class that says `__test__ = False` or that pytest passes over, hidden by a later
definition or taken away by name.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache

from assay.gates.syntax import Function, first_line, is_words, last_name, parse, truth
from assay.gates.testing.definitions import FIXTURE, HELPER, is_test
from assay.model.candidate import Record

_KEPT = 32
_FLAG = "__test__"


class Piece(Record, frozen=True, kw_only=True):
    """One function: its source with decorators, where it begins, and the condition it is defined under."""

    text: str
    line: int
    guard: str = ""

    def function(self) -> Function | None:
        """Its tree; the text was cut out of one, but a version of Python may still refuse it alone."""
        indented = self.text[:1] in (" ", "\t")
        module = parse(("if 1:\n" * indented + self.text).encode("utf-8", "surrogatepass"))
        found = module.body[0] if module is not None and module.body else None
        if isinstance(found, ast.If):
            found = found.body[0]
        return found if isinstance(found, Function) else None


class Suite(Record, frozen=True, kw_only=True):
    """What one file defines, by qualified name: `TestX.test_y`, `fixture:name`, `helper:name`."""

    pieces: dict[str, Piece]
    actions: tuple[Piece, ...] = ()
    """Statements that do something when the file is loaded, other than define, import or assign names."""

    @property
    def tests(self) -> tuple[str, ...]:
        return tuple(name for name in self.pieces if is_test(name))


EMPTY = Suite(pieces={})


def suite_of(source: bytes) -> Suite | None:
    """The suite of a file's source, or None if it is no Python that can be read here."""
    module = parse(source)
    if module is None:
        return None
    text = source.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    reader = _Reader(_lines(text))
    try:
        reader.block(module.body, "", "", collected=_collects(module.body))
    except RecursionError:
        return None
    actions = [reader.piece(each) for each in module.body if _acts(each)]
    return Suite(pieces=reader.pieces, actions=tuple(actions))


base_suite = lru_cache(maxsize=_KEPT)(suite_of)
"""The same, kept: all candidates share their base's version. Summaries hold text, no trees."""


def _lines(text: str) -> list[str]:
    """Lines as `ast` numbers them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.pieces: dict[str, Piece] = {}
        self._lines = lines

    def piece(self, node: ast.stmt) -> Piece:
        """A statement's text and line."""
        return Piece(text="\n".join(self._lines[node.lineno - 1 : node.end_lineno]), line=node.lineno)

    def block(self, statements: Sequence[ast.stmt], prefix: str, guard: str, *, collected: bool) -> None:
        for statement in statements:
            if isinstance(statement, Function):
                self._function(statement, prefix, guard, collected)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement, prefix, guard, collected)
            elif isinstance(statement, ast.Raise) or _ends(statement):
                return
            else:
                self._rebound(statement, prefix)
                self._inner(statement, prefix, guard, collected)

    def _function(self, node: Function, prefix: str, guard: str, collected: bool) -> None:
        name = prefix + node.name
        fixture = any(last_name(each).endswith("fixture") for each in node.decorator_list)
        test = node.name.startswith("test") and collected and not fixture
        first = first_line(node)
        key = name if test else f"{FIXTURE if fixture else HELPER}{name}"
        self._forget(name)
        self.pieces[key] = Piece(
            text="\n".join(self._lines[first - 1 : node.end_lineno]), line=node.lineno, guard=guard
        )

    def _class(self, node: ast.ClassDef, prefix: str, guard: str, collected: bool) -> None:
        inner = f"{prefix}{node.name}."
        for name in [name for name in self.pieces if name.partition(":")[2].startswith(inner)]:
            del self.pieces[name]
        for name in [name for name in self.pieces if name.startswith(inner)]:
            del self.pieces[name]
        found = collected and _collects(node.body) and _is_suite(node)
        self.block(node.body, inner, guard, collected=found)

    def _inner(self, node: ast.stmt, prefix: str, guard: str, collected: bool) -> None:
        if isinstance(node, ast.If):
            known = truth(node.test)
            under = f"{guard}if {_line(node.test)}; "
            if known is not False:
                self.block(node.body, prefix, guard if known else under, collected=collected)
            if known is not True:
                otherwise = guard if known is False else f"{under}else; "
                self.block(node.orelse, prefix, otherwise, collected=collected)
            return
        under = f"{guard}{type(node).__name__.lower()}; "
        if isinstance(node, ast.With | ast.Try | ast.For | ast.While):
            self.block(node.body, prefix, under, collected=collected)
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                self.block(handler.body, prefix, under, collected=collected)
            self.block(node.orelse, prefix, under, collected=collected)
            self.block(node.finalbody, prefix, under, collected=collected)

    def _rebound(self, node: ast.stmt, prefix: str) -> None:
        """Forget what an assignment, a deletion or an import gives another meaning."""
        for target in _targets(node):
            if isinstance(target, ast.Name):
                self._forget(prefix + target.id)
            elif isinstance(target, ast.Attribute) and target.attr == _FLAG and _switched_off(node):
                name = last_name(target.value)
                self._forget(prefix + name)
                for inside in [each for each in self.pieces if each.startswith(f"{prefix}{name}.")]:
                    del self.pieces[inside]

    def _forget(self, name: str) -> None:
        for key in (name, f"{FIXTURE}{name}", f"{HELPER}{name}"):
            self.pieces.pop(key, None)


def _acts(node: ast.stmt) -> bool:
    match node:
        case ast.Expr():
            return not is_words(node)
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            return any(not isinstance(target, ast.Name | ast.Tuple) for target in _targets(node))
    return isinstance(node, ast.Delete | ast.For | ast.While | ast.With | ast.Raise | ast.Assert)


def _targets(node: ast.stmt) -> list[ast.expr]:
    match node:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            return targets
        case ast.AnnAssign(target=target, value=ast.expr()) | ast.AugAssign(target=target):
            return [target]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [ast.Name(id=alias.asname or alias.name.partition(".")[0]) for alias in names]
    return []


def _switched_off(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign | ast.AnnAssign) and truth(node.value) is False


def _collects(body: Sequence[ast.stmt]) -> bool:
    """Whether a module or class does not say `__test__ = False`."""
    return not any(
        _switched_off(statement)
        and any(isinstance(target, ast.Name) and target.id == _FLAG for target in _targets(statement))
        for statement in body
    )


def _is_suite(node: ast.ClassDef) -> bool:
    """Whether pytest or unittest finds tests in a class: its name says so and nothing has to build it, or it
    has a base that may be a TestCase."""
    if any(last_name(base) not in ("object", "ABC", "Generic", "") for base in node.bases):
        return True
    built = any(isinstance(each, Function) and each.name in ("__init__", "__new__") for each in node.body)
    return node.name.startswith("Test") and not built


def _ends(statement: ast.stmt) -> bool:
    """Whether a module's (or class's) statements behind this one are not reached."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    name = last_name(statement.value)
    if name == "skip":
        return any(word.arg == "allow_module_level" for word in statement.value.keywords)
    return name in ("exit", "_exit")


def _line(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:80]
