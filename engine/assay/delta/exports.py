"""Under which names packages offer what their modules define: `from .mod import name` in an `__init__.py`.

Promises: reads only the `__init__.py` files above changed modules, each once; never raises for what they
hold. A name that a package imports from one of its own modules without a leading underscore is public under
the package's name, whatever the module is called.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from assay.delta.ast_parts import blocks, imports
from assay.delta.outline import Import, Outline
from assay.delta.public import in_tests, is_private
from assay.gates.syntax import Function, parse
from assay.model.candidate import Record

INIT = "__init__.py"
Names = dict[tuple[str, str], tuple[str, ...]]
"""(path, top-level symbol) to the dotted names that packages give it."""


class Exports(Record, frozen=True, kw_only=True):
    """What packages re-export, before and after."""

    old: Names
    new: Names


NO_EXPORTS = Exports(old={}, new={})

Read = Callable[[str], bytes | None]
"""The content of a path in one tree."""


def reexported(paths: Iterable[str], read: Read) -> Names:
    """What the packages above these modules offer of them, in one tree."""
    wanted = {path for path in paths if PurePosixPath(path).suffix == ".py" and not in_tests(path)}
    found: dict[tuple[str, str], list[str]] = {}
    for package in sorted({above for path in wanted for above in _packages(path)}):
        source = read(f"{package}/{INIT}")
        if source is None or b"import" not in source:
            continue
        for place, name in _offered(package, source, wanted, read):
            found.setdefault(place, []).append(name)
    return {place: tuple(names) for place, names in found.items()}


def own_imports(outline: Outline) -> dict[str, Import]:
    """What a package's `__init__.py` takes from its own modules, private names left out."""
    return {
        each.name: each
        for each in outline.imports
        if each.source.startswith(".") and each.name != "*" and not is_private(each.name)
    }


def _offered(
    package: str, source: bytes, wanted: set[str], read: Read
) -> Iterator[tuple[tuple[str, str], str]]:
    module = parse(source)
    if module is None:
        return
    dotted = _dotted(package, read)
    for each in _imports(module.body):
        if not each.original or each.name == "*" or is_private(each.name):
            continue
        for path in _modules(package, dotted, each.source):
            if path in wanted:
                yield (path, each.original), f"{dotted}.{each.name}"


def _imports(body: Iterable[ast.stmt]) -> Iterator[Import]:
    for statement in body:
        if isinstance(statement, ast.ImportFrom):
            yield from imports(statement)
        elif not isinstance(statement, Function | ast.ClassDef):
            for block in blocks(statement):
                yield from _imports(block)


def _packages(path: str) -> Iterator[str]:
    """The directories above a module, nearest first, as long as they may be packages."""
    for parent in PurePosixPath(path).parents:
        if str(parent) != "." and parent.name.isidentifier():
            yield str(parent)


def _dotted(package: str, read: Read) -> str:
    """A package's dotted name: its directories as far up as each is a package."""
    parts: list[str] = []
    place = PurePosixPath(package)
    while place.name and read(f"{place}/{INIT}") is not None:
        parts.append(place.name)
        place = place.parent
    return ".".join(reversed(parts))


def _modules(package: str, dotted: str, source: str) -> Iterator[str]:
    """The paths that a `from source import` in this package may read."""
    level = len(source) - len(source.lstrip("."))
    inner = source.lstrip(".")
    if level:
        place = PurePosixPath(package)
        for _ in range(level - 1):
            place = place.parent
    elif inner == dotted or inner.startswith(f"{dotted}."):
        place, inner = PurePosixPath(package), inner[len(dotted) :].lstrip(".")
    else:
        return
    base = place / inner.replace(".", "/") if inner else place
    yield f"{base}.py"
    yield f"{base}/{INIT}"
