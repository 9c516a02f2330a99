"""What probes may call: public functions and methods that a change touches, or that reach what it touches.

Promises: pure; reads syntax trees and follows bare names, so that it may find more than is reached, and
orders what it finds: what changed first, then what gets there in one step, and so on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from assay.gates.syntax import Function, last_name
from assay.model.candidate import Record

STEPS = 3
"""So many calls away from a change at most."""
_OPAQUE = frozenset(
    {"property", "cached_property", "setter", "deleter", "getter", "abstractmethod", "overload"}
)
_UNBOUND = frozenset({"staticmethod", "classmethod"})


class Target(Record, frozen=True, kw_only=True):
    """One callable: `symbol` is `f` or `C.m` in the module `module`, found below the directory `root`.
    `receiver`: an instance of its class has to be made first."""

    path: str
    root: str
    module: str
    symbol: str
    receiver: bool = False

    @property
    def name(self) -> str:
        """The bare name that calls of it use."""
        return self.symbol.rsplit(".", 1)[-1]


def definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    """By symbol: functions, methods (`C.m`), classes, and statements that bind names, of the module level.
    Of several that bind one name the last counts."""
    found: dict[str, ast.stmt] = {}
    for statement in tree.body:
        if isinstance(statement, Function):
            found[statement.name] = statement
        elif isinstance(statement, ast.ClassDef):
            found[statement.name] = statement
            methods = (inner for inner in statement.body if isinstance(inner, Function))
            found |= {f"{statement.name}.{method.name}": method for method in methods}
        elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
            stored = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
            found |= {n.id: statement for n in stored if isinstance(n.ctx, ast.Store)}
    return found


def changed(old: ast.Module | None, new: ast.Module | None) -> frozenset[str]:
    """The symbols that are not the same in two versions of a file. A class counts for what is no method."""
    before, after = (_dumps(tree) if tree is not None else {} for tree in (old, new))
    return frozenset(s for s in before.keys() | after.keys() if before.get(s) != after.get(s))


def reaching(trees: Mapping[str, ast.Module], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(path, symbol) of every definition that is one of `names` (bare), or mentions one, or mentions one that
    does, and so on, nearest first."""
    every = {
        (path, symbol): node for path, tree in trees.items() for symbol, node in definitions(tree).items()
    }
    spoken = {key: mentions(node) for key, node in every.items()}
    known = set(names)
    found = {key for key in every if bare(key[1]) in known}
    yield from sorted(found)
    for _ in range(STEPS):
        nearer = sorted(key for key in every if key not in found and spoken[key] & known)
        yield from nearer
        found |= set(nearer)
        known |= {bare(symbol) for _, symbol in nearer}


def target(path: str, symbol: str, node: ast.stmt, packages: frozenset[str]) -> Target | None:
    """The target of a definition; None for what is private, no function, or not simply called.
    `packages` are the directories that have an `__init__.py`."""
    if not isinstance(node, ast.FunctionDef) or not _is_public(symbol):
        return None
    decorators = {last_name(decorator) for decorator in node.decorator_list}
    if decorators & _OPAQUE:
        return None
    place = PurePosixPath(path).with_suffix("")
    root = place.parent
    while str(root) in packages:
        root = root.parent
    parts = place.relative_to(root).parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    if not parts or not all(part.isidentifier() and _is_public(part) for part in parts):
        return None
    receiver = "." in symbol and not decorators & _UNBOUND
    return Target(path=path, root=str(root), module=".".join(parts), symbol=symbol, receiver=receiver)


def _is_public(symbol: str) -> bool:
    return not any(part.startswith("_") for part in symbol.split("."))


def bare(symbol: str) -> str:
    """The last name of a symbol."""
    return symbol.rsplit(".", 1)[-1]


def _dumps(tree: ast.Module) -> dict[str, str]:
    found = {}
    for symbol, node in definitions(tree).items():
        if isinstance(node, ast.ClassDef):
            rest = [ast.dump(inner) for inner in node.body if not isinstance(inner, Function)]
            found[symbol] = "\n".join([*map(ast.dump, [*node.bases, *node.decorator_list]), *rest])
        else:
            found[symbol] = ast.dump(node)
    return found


def mentions(node: ast.stmt) -> set[str]:
    """The bare names in a definition."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            found.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            found.add(inner.attr)
    return found
