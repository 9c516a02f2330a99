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
from assay.patchset.merging.facts import is_enumeration
from assay.patchset.merging.fold import value_of, whole_number
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
        if isinstance(statement, ast.ClassDef) and is_enumeration(statement):
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
    """The values of an enumeration's members; of several that make one up, the first by itself as well, if it
    is a number."""
    todo: list[ast.stmt] = list(statement.body)
    while todo:
        member = todo.pop()
        if isinstance(member, ast.If):
            todo += [*member.body, *member.orelse]
        elif (
            isinstance(member, ast.Assign | ast.AnnAssign)
            and member.value
            and (said := value_of(member.value))
        ):
            yield scope, "value", said
            first = (
                member.value.elts[0] if isinstance(member.value, ast.Tuple) and member.value.elts else None
            )
            if first is not None and whole_number(first) is not None:
                yield scope, "first value", value_of(first)


def _keys(statement: ast.stmt, scope: str) -> Iterator[tuple[str, str, str]]:
    """The keys of every dictionary that gives one twice, and of those alone; also in decorators, but else not
    in statements that hold others."""
    roots: list[ast.AST] = [statement]
    if any(hasattr(statement, field) for field in _SUITES):
        roots = list(getattr(statement, "decorator_list", ()))
    for node in (node for root in roots for node in ast.walk(root)):
        given = node.keys if isinstance(node, ast.Dict) else node.elts if isinstance(node, ast.Set) else ()
        keys = Counter(value for key in given if key is not None and (value := value_of(key)))
        yield from ((scope, "key", key) for key, count in keys.items() for _ in range(count - 1))
