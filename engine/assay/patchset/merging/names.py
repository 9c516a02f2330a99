"""Names of a Python module: which are bound where, which are used and bound nowhere.

Promises: pure; raises `Clash` where the compiler's own tables cannot be made (a `return` outside of functions
is not their business, a late `__future__` import is). Names that a star import may bring count as bound
nowhere, in every version alike.
"""

from __future__ import annotations

import ast
import builtins
import symtable
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from assay.model.candidate import Record
from assay.patchset.merging.reasons import Clash, Reason
from assay.patchset.merging.statements import REFUSED, parse

_BUILTIN = frozenset(dir(builtins)) | {
    "__file__",
    "__name__",
    "__doc__",
    "__path__",
    "__spec__",
    "__loader__",
}
_GREATEST = 2**100
_WIDEST = 100
"""Numbers and shifts beyond these are nobody's keys."""
_SUITES = ("body", "orelse", "finalbody", "handlers", "cases")


class Names(Record, frozen=True, kw_only=True):
    """`bound` at the top of the module; `outer`, read from there or from the builtins somewhere in it; and
    how often each scope defines a name, imports it, gives a key in a literal or a value in an enumeration."""

    bound: frozenset[str]
    outer: frozenset[str]
    counts: dict[tuple[str, str, str], int]

    @property
    def unbound(self) -> frozenset[str]:
        """Used and bound nowhere."""
        return self.outer - self.bound - _BUILTIN


@lru_cache(maxsize=32)
def names(source: str) -> Names:
    """The names of a module. Raises `Clash`."""
    module = parse(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            top = symtable.symtable(source, "<merged>", "exec")
        bound = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
        outer: set[str] = set()
        for table in _tables(top):
            for symbol in table.get_symbols():
                at_top = table is top or symbol.is_global()
                if at_top and symbol.is_referenced():
                    outer.add(symbol.get_name())
                if table is not top and symbol.is_declared_global() and symbol.is_assigned():
                    bound.add(symbol.get_name())
        counts = Counter(_counted(module.body, ""))
    except REFUSED as error:
        raise Clash(Reason.BROKEN, "", "it would not compile") from error
    return Names(bound=frozenset(bound), outer=frozenset(outer), counts=dict(counts))


def _tables(top: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    todo = [top]
    while todo:
        table = todo.pop()
        yield table
        todo += table.get_children()


def _counted(statements: list[ast.stmt], scope: str) -> Iterator[tuple[str, str, str]]:
    """(scope, what, name), once for every time that a scope gives a name."""
    for statement in statements:
        yield from _given(statement, scope)
        inner = scope
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{scope}.{statement.name}"
        for field in _SUITES:
            for part in getattr(statement, field, ()):
                if isinstance(part, ast.stmt):
                    yield from _counted([part], inner)
                elif isinstance(part, ast.ExceptHandler | ast.match_case):
                    yield from _counted(part.body, inner)


def _given(statement: ast.stmt, scope: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        accessor = " ".join(map(ast.unparse, statement.decorator_list)) if statement.decorator_list else ""
        yield scope, "name", statement.name
        yield scope, "definition", f"{statement.name} {accessor}".strip()
        if isinstance(statement, ast.ClassDef) and any(_is_enum(base) for base in statement.bases):
            yield from _members(statement, f"{scope}.{statement.name}")
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield scope, "import", f"{alias.asname or alias.name}"
            if alias.asname or isinstance(statement, ast.ImportFrom):
                yield scope, "name", alias.asname or alias.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
            if isinstance(target, ast.Name):
                yield scope, "name", target.id
    yield from _keys(statement, scope)


def _members(statement: ast.ClassDef, scope: str) -> Iterator[tuple[str, str, str]]:
    for member in statement.body:
        if isinstance(member, ast.Assign) and (said := _value(member.value)):
            yield scope, "value", said


def _value(node: ast.expr) -> str:
    """What an expression of constants is, equal for what is equal as a key; empty for all else."""
    if isinstance(node, ast.Tuple):
        inner = [_value(item) for item in node.elts]
        return f"({', '.join(inner)})" if all(inner) else ""
    found = _number(node)
    if found is not None:
        return repr(int(found)) if found == found // 1 else repr(found)
    return repr(node.value) if isinstance(node, ast.Constant) else ""


def _number(node: ast.expr) -> int | float | None:
    """The number that a constant is, one with a sign, or a shifted one, as flags are written."""
    match node:
        case ast.Constant(value=bool() | int() | float() as value):
            return value if abs(value) < _GREATEST else None
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            found = _number(inner)
            return None if found is None else -found
        case ast.BinOp(left=left, op=ast.LShift(), right=right):
            what, by = _number(left), _number(right)
            if isinstance(what, int) and isinstance(by, int) and 0 <= by < _WIDEST:
                return what << by
    return None


def _is_enum(base: ast.expr) -> bool:
    name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    return name.endswith(("Enum", "Flag", "Choices"))


def _keys(statement: ast.stmt, scope: str) -> Iterator[tuple[str, str, str]]:
    """The keys of every dictionary in a simple statement that gives one twice, and of those alone."""
    if any(hasattr(statement, field) for field in _SUITES):
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Dict):
            keys = Counter(said for key in node.keys if key is not None and (said := _value(key)))
            yield from ((scope, "key", key) for key, count in keys.items() for _ in range(count - 1))
        elif isinstance(node, ast.Set):
            seen = Counter(said for item in node.elts if (said := _value(item)))
            yield from ((scope, "key", key) for key, count in seen.items() for _ in range(count - 1))
