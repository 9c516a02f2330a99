"""What a module binds with two edits in it, without merging its text.

Promises: pure; by names alone, so that a pair costs no parsing. It is what a clean merge of the text would
bind, but where both edits change what one name stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from msgspec.structs import replace

from assay.patchset.facts.records import Definition, Fixture, Module

T = TypeVar("T")


def merged(base: Module, ours: Module, theirs: Module) -> Module:
    """The module that a clean merge makes of two edits, as far as names go: where both changed what one name
    stands for, it is ours."""
    definitions = _merged(base.definitions, ours.definitions, theirs.definitions)
    exports = theirs.exports
    if ours.exports != base.exports:
        exports = ours.exports
        if None not in (base.exports, ours.exports, theirs.exports):
            exports = tuple(_sets(base.exports or (), ours.exports or (), theirs.exports or ()))
    return Module(
        definitions=definitions,
        stars=tuple(_sets(base.stars, ours.stars, theirs.stars)),
        exports=exports,
        open=ours.open or theirs.open,
        locals=_merged(base.locals, ours.locals, theirs.locals),
        fixtures=_merged(base.fixtures, ours.fixtures, theirs.fixtures),
    )


def disputed(base: Module, ours: Module, theirs: Module) -> bool:
    """Whether both changed what one name stands for, each in another way."""
    return any(
        not (_alike(old, ours.definitions.get(name)) or _alike(old, theirs.definitions.get(name)))
        and not _alike(ours.definitions.get(name), theirs.definitions.get(name))
        for name, old in base.definitions.items()
    )


def _merged(base: dict[str, T], ours: dict[str, T], theirs: dict[str, T]) -> dict[str, T]:
    gone = base.keys() - ours.keys()
    found = {name: value for name, value in theirs.items() if name not in gone}
    found.update({name: value for name, value in ours.items() if not _alike(base.get(name), value)})
    return found


def _alike(old: object, new: object) -> bool:
    """Whether a name stands for the same as before, wherever in the file that is."""
    if old == new or old is None:
        return old == new
    match old, new:
        case Definition(), Definition():
            return replace(old, line=0, end=0) == replace(new, line=0, end=0)
        case Fixture(), Fixture():
            return replace(old, line=0) == replace(new, line=0)
    return False


def _sets(base: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...]) -> Iterator[str]:
    yield from (name for name in theirs if name in ours or name not in base)
    yield from (name for name in ours if name not in base and name not in theirs)
